//! The AMI session against a scripted Asterisk, with simulated time: no sockets, no waiting.

use asterflow::domain::time::Tick;
use asterflow::pbx::ami::action::{Action, challenge_key};
use asterflow::pbx::ami::session::{ActionError, CloseReason, Output, Session};

struct Talk {
    session: Session,
    now: Tick,
    sent: Vec<String>,
    said: Vec<Output>,
}

impl Talk {
    fn new() -> Self {
        let now = Tick::from_millis(0);
        Self { session: Session::new("asterflow", "secret", now), now, sent: Vec::new(), said: Vec::new() }
    }

    fn poll(&mut self) {
        while let Some(bytes) = self.session.poll_transmit() {
            self.sent.push(String::from_utf8(bytes).expect("text"));
        }
        while let Some(output) = self.session.poll_output() {
            self.said.push(output);
        }
    }

    fn hear(&mut self, text: &str) {
        self.session.receive(text.replace('\n', "\r\n").as_bytes(), self.now);
        self.poll();
    }

    fn wait(&mut self, millis: i64) {
        let until = self.now.plus_millis(millis);
        while let Some(timeout) = self.session.next_timeout().filter(|timeout| *timeout <= until) {
            self.now = timeout.max(self.now);
            self.session.handle_timeout(self.now);
            self.poll();
        }
        self.now = until;
    }

    /// The ActionID of the last action of this name.
    fn id(&self, action: &str) -> String {
        let wanted = format!("Action: {action}\r\n");
        let sent = self.sent.iter().rev().find(|text| text.starts_with(&wanted)).expect("it was sent");
        sent.lines().find_map(|line| line.strip_prefix("ActionID: ")).expect("an id").to_owned()
    }

    fn answer(&mut self, action: &str, rest: &str) {
        let id = self.id(action);
        self.hear(&format!("Response: Success\nActionID: {id}\n{rest}\n\n"));
    }

    fn log_in() -> Self {
        let mut talk = Self::new();
        talk.hear("Asterisk Call Manager/11.0.0\n");
        talk.answer("Challenge", "Challenge: 840415273");
        assert!(talk.sent.last().expect("a login").contains(&challenge_key("840415273", "secret")));
        assert!(!talk.sent.concat().contains("Secret"), "the secret itself never travels");
        talk.answer("Login", "Message: Authentication accepted");
        talk
    }

    fn boot(&mut self) {
        self.hear("Event: FullyBooted\nPrivilege: system,all\n\n");
    }

    fn complete_lists(&mut self) {
        let (channels, queues) = (self.id("CoreShowChannels"), self.id("QueueStatus"));
        self.hear(&format!("Response: Success\nActionID: {channels}\nEventList: start\n\n"));
        self.hear(&format!("Event: CoreShowChannelsComplete\nActionID: {channels}\nEventList: Complete\n\n"));
        self.hear(&format!("Response: Success\nActionID: {queues}\nEventList: start\n\n"));
        self.hear(&format!("Event: QueueParams\nQueue: sales\nActionID: {queues}\n\n"));
        self.hear(&format!("Event: QueueStatusComplete\nActionID: {queues}\nEventList: Complete\n\n"));
    }

    /// Until lists are asked for again, which is soon while not all classes of events have come.
    fn next_lists(&mut self) {
        for _ in 0..3 {
            self.wait(4_000);
            self.hear("Event: VarSet\n\n");
        }
    }

    fn events(&self) -> Vec<&Output> {
        let event = |output: &'_ Output| matches!(output, Output::Event(_));
        self.said.iter().filter(|output| event(output)).collect()
    }

    fn pictures(&self) -> usize {
        self.said.iter().filter(|output| matches!(output, Output::Picture(_))).count()
    }
}

const HANGUP: &str = "Event: Hangup\nPrivilege: call,all\nUniqueid: 1.1\nCause: 16\n\n";

#[test]
fn events_during_the_lists_follow_the_picture() {
    let mut talk = Talk::log_in();
    talk.boot();
    talk.hear(HANGUP);
    assert!(talk.events().is_empty(), "nothing is said before the picture");
    talk.complete_lists();
    let order: Vec<bool> = talk
        .said
        .iter()
        .filter(|output| matches!(output, Output::Picture(_) | Output::Event(_)))
        .map(|output| matches!(output, Output::Picture(_)))
        .collect();
    assert_eq!(order, [true, false]);
    talk.hear(HANGUP);
    assert_eq!(talk.events().len(), 2, "afterwards events pass at once");
}

#[test]
fn a_refused_login_ends_the_session_and_says_so() {
    let mut talk = Talk::new();
    talk.hear("Asterisk Call Manager/11.0.0\n");
    talk.answer("Challenge", "Challenge: 1");
    let id = talk.id("Login");
    talk.hear(&format!("Response: Error\nActionID: {id}\nMessage: Authentication failed\n\n"));
    assert_eq!(talk.said.last(), Some(&Output::Closed(CloseReason::Refused("Authentication failed".into()))));
    talk.wait(60_000);
    assert_eq!(talk.sent.len(), 2, "no second try by itself");
}

#[test]
fn silence_is_asked_after_five_seconds_and_dead_after_ten() {
    let mut talk = Talk::log_in();
    talk.boot();
    talk.complete_lists();
    talk.wait(4_999);
    assert!(!talk.sent.iter().any(|text| text.contains("Action: Ping")));
    talk.wait(1);
    talk.answer("Ping", "Ping: Pong");
    talk.wait(9_999);
    assert!(!talk.said.iter().any(|output| matches!(output, Output::Closed(_))));
    talk.wait(1);
    assert_eq!(talk.said.last(), Some(&Output::Closed(CloseReason::Silent)));
}

#[test]
fn a_starting_asterisk_that_knows_no_queues_yet_is_asked_again() {
    let mut talk = Talk::log_in();
    talk.boot();
    let id = talk.id("QueueStatus");
    talk.hear(&format!("Response: Error\nActionID: {id}\nMessage: Invalid/unknown command\n\n"));
    assert_eq!(talk.pictures(), 0);
    talk.wait(1_000);
    assert_ne!(talk.id("QueueStatus"), id);
    talk.complete_lists();
    assert_eq!(talk.pictures(), 1);
}

#[test]
fn without_fully_booted_the_picture_comes_all_the_same_and_the_right_is_named() {
    let mut talk = Talk::log_in();
    talk.wait(4_000);
    talk.hear("Event: VarSet\nPrivilege: dialplan,all\n\n");
    talk.wait(6_000);
    let warned =
        |output: &Output| matches!(output, Output::Warnings(all) if all.concat().contains("read=system"));
    assert!(talk.said.iter().any(warned), "{:?}", talk.said);
    talk.complete_lists();
    assert_eq!(talk.pictures(), 1);
}

#[test]
fn an_action_without_answer_ends_at_its_deadline_and_one_on_a_dead_link_at_once() {
    let mut talk = Talk::log_in();
    talk.boot();
    talk.complete_lists();
    let deadline = talk.now.plus_millis(3_000);
    talk.session.send(&Action::Hangup { channel: "1.1".into() }, 7, deadline);
    talk.poll();
    talk.wait(3_000);
    assert_eq!(talk.said.last(), Some(&Output::Reply { token: 7, result: Err(ActionError::Deadline) }));
    talk.session.send(&Action::Hangup { channel: "1.1".into() }, 8, talk.now.plus_millis(3_000));
    talk.hear("Event: Shutdown\nPrivilege: system,all\nShutdown: Cleanly\n\n");
    let end = &talk.said[talk.said.len() - 2..];
    assert_eq!(end[0], Output::Reply { token: 8, result: Err(ActionError::Closed) });
    assert_eq!(end[1], Output::Closed(CloseReason::ShuttingDown));
}

#[test]
fn changes_that_no_event_announced_name_the_class_that_is_not_read() {
    let mut talk = Talk::log_in();
    talk.boot();
    talk.complete_lists();
    for _ in 0..3 {
        talk.wait(4_000);
        talk.hear("Event: VarSet\nPrivilege: dialplan,all\n\n");
    }
    let (channels, queues) = (talk.id("CoreShowChannels"), talk.id("QueueStatus"));
    talk.hear(&format!("Event: CoreShowChannel\nActionID: {channels}\nUniqueid: 9.9\n\n"));
    talk.hear(&format!("Event: CoreShowChannelsComplete\nActionID: {channels}\nEventList: Complete\n\n"));
    talk.hear(&format!("Event: QueueEntry\nQueue: sales\nUniqueid: 9.9\nActionID: {queues}\n\n"));
    talk.hear(&format!("Event: QueueStatusComplete\nActionID: {queues}\nEventList: Complete\n\n"));
    let Some(Output::Warnings(all)) =
        talk.said.iter().rev().find(|output| matches!(output, Output::Warnings(_)))
    else {
        panic!("warnings: {:?}", talk.said)
    };
    assert!(all.concat().contains("read=call") && all.concat().contains("read=agent"), "{all:?}");
}

/// Answers the lists of a PBX with one member behind a hint; returns whether the hints were asked for.
fn lists_with_a_hint(talk: &mut Talk) -> bool {
    let asked = |talk: &Talk| talk.sent.iter().filter(|text| text.contains("ExtensionStateList")).count();
    let before = asked(talk);
    let (channels, queues) = (talk.id("CoreShowChannels"), talk.id("QueueStatus"));
    talk.hear(&format!("Response: Success\nActionID: {channels}\nEventList: start\n\n"));
    talk.hear(&format!("Event: CoreShowChannelsComplete\nActionID: {channels}\nEventList: Complete\n\n"));
    talk.hear(&format!("Response: Success\nActionID: {queues}\nEventList: start\n\n"));
    talk.hear(&format!("Event: QueueParams\nQueue: 400\nActionID: {queues}\n\n"));
    talk.hear(&format!(
        "Event: QueueMember\nQueue: 400\nLocation: Local/101@from-queue/n\nStateInterface: hint:101@ext-local\nActionID: {queues}\n\n"
    ));
    talk.hear(&format!("Event: QueueStatusComplete\nActionID: {queues}\nEventList: Complete\n\n"));
    asked(talk) > before
}

fn last_picture(talk: &Talk) -> &asterflow::domain::live::event::Picture {
    let picture = |output: &'_ Output| matches!(output, Output::Picture(_));
    let Some(Output::Picture(last)) = talk.said.iter().rfind(|output| picture(output)) else {
        panic!("a picture")
    };
    last
}

#[test]
fn hints_are_listed_once_where_a_member_leans_on_one() {
    let mut talk = Talk::log_in();
    talk.boot();
    assert!(lists_with_a_hint(&mut talk));
    assert_eq!(talk.pictures(), 0, "the picture waits for the hints");
    let id = talk.id("ExtensionStateList");
    talk.hear(&format!("Response: Success\nActionID: {id}\nEventList: start\n\n"));
    talk.hear(&format!(
        "Event: ExtensionStatus\nActionID: {id}\nExten: 101\nContext: ext-local\nHint: PJSIP/101&Custom:DND101\nStatus: 0\n\n"
    ));
    talk.hear(&format!("Event: ExtensionStateListComplete\nActionID: {id}\nEventList: Complete\n\n"));
    let hints = last_picture(&talk).hints.as_ref().expect("the hints");
    assert_eq!((hints.len(), hints[0].extension.as_str()), (1, "101@ext-local"));
    assert_eq!(hints[0].devices.as_str(), "PJSIP/101&Custom:DND101");

    talk.next_lists();
    assert!(!lists_with_a_hint(&mut talk), "they are known");
    assert_eq!((talk.pictures(), last_picture(&talk).hints.is_none()), (2, true));

    talk.hear("Event: Reload\nPrivilege: system,all\nModule: All\nStatus: 0\n\n");
    talk.wait(3_000);
    assert!(lists_with_a_hint(&mut talk), "the dialplan may be another");
    let id = talk.id("ExtensionStateList");
    talk.hear(&format!("Response: Error\nActionID: {id}\nMessage: Permission denied\n\n"));
    assert_eq!((talk.pictures(), last_picture(&talk).hints.is_none()), (3, true));
}

#[test]
fn later_lists_hold_nothing_up_and_hold_what_came_meanwhile() {
    let mut talk = Talk::log_in();
    talk.boot();
    talk.complete_lists();
    talk.next_lists();
    let before = talk.events().len();
    talk.hear(HANGUP);
    assert_eq!(talk.events().len(), before + 1, "it passes at once");
    talk.complete_lists();
    assert_eq!((talk.events().len(), last_picture(&talk).meanwhile.len()), (before + 1, 1));
}
