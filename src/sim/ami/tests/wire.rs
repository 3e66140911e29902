//! What an AMI client reads.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use tokio::io::AsyncWriteExt;

use super::{Bench, Raw, SECRET, captures, keys};

/// The lists' items and ends have the headers of the recordings, in their order.
#[tokio::test]
async fn lists_have_the_headers_of_a_real_one() {
    let recorded = captures();
    // Where a list and an event share a name, the list has no Privilege.
    let mut first: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for message in recorded.iter().filter(|message| !message.contains("\nPrivilege: ")) {
        let head = message.lines().next().unwrap_or_default();
        let headers: Vec<&str> = keys(message).into_iter().filter(|key| *key != "ActionID").collect();
        first.entry(head).or_insert(headers);
    }
    let bench = Bench::start().await;
    let mut raw = Raw::log_in(&bench, "full").await;
    raw.until("Event: FullyBooted").await;
    let lists = [
        ("QueueStatus", "QueueStatusComplete", 6),
        ("QueueSummary", "QueueSummaryComplete", 2),
        ("CoreShowChannels", "CoreShowChannelsComplete", 4),
        ("DeviceStateList", "DeviceStateListComplete", 4),
        ("BridgeList", "BridgeListComplete", 2),
    ];
    for (action, end, count) in lists {
        let messages = raw.list(&format!("Action: {action}\nActionID: 7"), end).await;
        assert_eq!(messages.len(), count + 1, "{messages:#?}");
        assert!(messages[count].ends_with(&format!("\nListItems: {}", count - 1)));
        for message in &messages {
            assert!(message.contains("\nActionID: 7"), "{message}");
            let head = message.lines().next().unwrap_or_default();
            let ours: Vec<&str> = keys(message).into_iter().filter(|key| *key != "ActionID").collect();
            match first.get(head) {
                // The recordings hold no running bridge in a list.
                None => assert_eq!(head, "Event: BridgeListItem"),
                Some(_) if head.starts_with("Response") => {
                    assert_eq!(ours, ["Response", "EventList", "Message"]);
                }
                Some(real) => assert_eq!(&ours, real, "{message}"),
            }
        }
    }
}

#[tokio::test]
async fn a_queue_status_tells_the_floor() {
    let bench = Bench::start().await;
    let mut raw = Raw::log_in(&bench, "full").await;
    let all = raw.list("Action: QueueStatus\nActionID: 1", "QueueStatusComplete").await;
    assert!(
        all[1].contains("Calls: 1\nHoldtime: 1\nTalkTime: 4\nCompleted: 2\nAbandoned: 1\n"),
        "{}",
        all[1]
    );
    assert!(all[1].contains("ServicelevelPerf: 100.0\nServicelevelPerf2: 66.7\n"), "{}", all[1]);
    assert!(all[2].contains("Membership: static\n") && all[2].contains("InCall: 1\nStatus: 2\n"));
    assert!(all[4].contains("Name: Pat O'Brien\n") && all[4].contains("Membership: dynamic\n"));
    assert!(all[4].contains("Paused: 1\nPausedReason: Lunch\n"));
    assert!(all[5].contains("CallerIDNum: 5550002\nCallerIDName: unknown\n"), "{}", all[5]);
    assert!(all[5].contains("\nWait: 3\n"), "{}", all[5]);
    let one = "Action: QueueStatus\nQueue: SALES\nMember: PJSIP/102";
    let one = raw.list(one, "QueueStatusComplete").await;
    assert_eq!(one.len(), 5, "the queue, the member, the caller: {one:#?}");
    let none = raw.list("Action: QueueStatus\nQueue: none", "QueueStatusComplete").await;
    assert_eq!(none.len(), 2);
    let channels = raw.list("Action: CoreShowChannels", "CoreShowChannelsComplete").await;
    assert!(channels[1].contains("CallerIDName: C \\\"one\\\"\n"), "{}", channels[1]);
    assert!(channels[1].contains("Duration: 00:01:05\nBridgeId: b-1"), "{}", channels[1]);
}

#[tokio::test]
async fn only_the_right_secret_opens() {
    let bench = Bench::start().await;
    let mut raw = Raw::connect(&bench).await;
    let denied = "Response: Error\nActionID: 1\nMessage: Permission denied";
    assert_eq!(raw.ask("Action: QueueStatus\nActionID: 1").await, denied);
    let answer = raw.ask("Action: Challenge\nActionID: 2\nAuthType: MD5").await;
    let challenge = answer.strip_prefix("Response: Success\nActionID: 2\nChallenge: ").expect("a challenge");
    assert!(challenge.parse::<u32>().is_ok());
    let hash = Md5::new().chain_update(challenge).chain_update(SECRET).finalize();
    let key: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let login = format!("Action: Login\nAuthType: MD5\nUsername: asterflow\nKey: {key}\nActionID: 3");
    assert!(raw.ask(&login).await.ends_with("Message: Authentication accepted"));
    let booted = raw.message().await;
    assert_eq!(keys(&booted), ["Event", "Privilege", "Uptime", "LastReload", "Status"]);
    assert_eq!(raw.ask("Action: Logoff").await, "Response: Goodbye\nMessage: Thanks for all the fish.");
    assert!(raw.is_closed().await);

    let mut wrong = Raw::connect(&bench).await;
    let before = crate::clock::now().tick;
    let answer = wrong.ask("Action: Login\nUsername: asterflow\nSecret: wrong\nActionID: 4").await;
    assert_eq!(answer, "Response: Error\nActionID: 4\nMessage: Authentication failed");
    assert!(crate::clock::now().tick.since(before) >= 950, "guessing is slow");
    assert!(wrong.is_closed().await);
}

#[tokio::test]
async fn rights_are_those_of_the_account() {
    let bench = Bench::start().await;
    let mut deaf = Raw::log_in(&bench, "deaf").await;
    for action in ["CoreShowChannels", "Originate", "Hangup", "QueuePause", "PlayDTMF", "CoreStatus"] {
        let answer = deaf.ask(&format!("Action: {action}\nActionID: d")).await;
        assert_eq!(answer, "Response: Error\nActionID: d\nMessage: Permission denied", "{action}");
    }
    let commands = deaf.ask("Action: ListCommands").await;
    assert!(commands.contains("\nQueueStatus: ") && !commands.contains("\nOriginate: "), "{commands}");
    let mut wall = Raw::log_in(&bench, "asterflow").await;
    let commands = wall.ask("Action: ListCommands").await;
    let recorded = captures().join("\n");
    for line in commands.lines().skip(1).filter(|line| !line.starts_with("SimFault")) {
        assert!(recorded.contains(&format!("{line}\n")), "{line}");
    }
    // Read: `deaf` hears queues, but no keys and no FullyBooted.
    wall.ask("Action: PlayDTMF\nChannel: 1795330864.2\nDigit: 5\nReceive: true").await;
    assert!(wall.until("Event: DTMFEnd").await.contains("Digit: 5\n"));
    wall.ask("Action: QueuePause\nInterface: PJSIP/102\nPaused: true\nReason: Tea").await;
    let first = deaf.message().await;
    assert!(first.starts_with("Event: QueueMemberPause\nPrivilege: agent,all\nTimestamp: "), "{first}");
    assert!(first.contains("Paused: 1\nPausedReason: Tea\n"));
    // Nothing at all once it turned events off.
    assert_eq!(deaf.ask("Action: Events\nEventMask: off").await, "Response: Success\nEvents: Off");
    wall.ask("Action: QueuePause\nInterface: PJSIP/102\nPaused: false").await;
    wall.until("Event: QueueMemberPause").await;
    assert!(
        deaf.ask("Action: Ping\nActionID: p").await.starts_with("Response: Success\nActionID: p\nPing: Pong")
    );
}

#[tokio::test]
async fn commands_answer_in_asterisks_words_and_before_their_events() {
    let bench = Bench::start().await;
    let mut raw = Raw::log_in(&bench, "full").await;
    raw.until("Event: FullyBooted").await;
    let cases = [
        ("Hangup\nChannel: none", "Error", "No such channel"),
        ("Hangup", "Error", "No channel specified"),
        ("PlayDTMF\nChannel: none\nDigit: 1", "Error", "Channel not found"),
        ("QueuePause\nInterface: none\nPaused: true", "Error", "Interface not found"),
        ("QueueAdd\nQueue: sales\nInterface: PJSIP/101", "Error", "Unable to add interface: Already there"),
        ("QueueRemove\nQueue: sales\nInterface: PJSIP/101", "Error", "Member not dynamic"),
        ("Hangup\nChannel: PJSIP/trunk-00000003", "Success", "Channel Hungup"),
    ];
    for (action, word, message) in cases {
        raw.send(&format!("Action: {action}\nActionID: x")).await;
        assert_eq!(raw.message().await, format!("Response: {word}\nActionID: x\nMessage: {message}"));
    }
    assert!(raw.until("Event: Hangup\n").await.ends_with("Cause: 16\nCause-txt: Normal Clearing"));
    let unknown = raw.ask("Action: Nonsense").await;
    assert!(unknown.contains("Invalid/unknown command: Nonsense. Use Action: ListCommands"), "{unknown}");
    assert!(raw.ask("ActionID: 9").await.ends_with("Message: Missing action in request"));
    let long = format!("Action: Ping\nX: {}", "x".repeat(2000));
    assert!(raw.ask(&long).await.ends_with("Failed to parse message: line too long"));
    assert!(raw.ask("Action: Ping").await.contains("Ping: Pong"), "the session goes on");
}

#[tokio::test]
async fn whoever_says_all_and_hangs_up_still_gets_its_answers() {
    let bench = Bench::start().await;
    let mut raw = Raw::connect(&bench).await;
    // As `printf … | nc -N` does.
    let text = format!("Action: Login\nUsername: full\nSecret: {SECRET}\nEvents: off\n\nAction: Ping\n\n");
    raw.socket.write_all(text.as_bytes()).await.expect("written");
    raw.socket.shutdown().await.expect("half closed");
    assert!(raw.message().await.ends_with("Message: Authentication accepted"));
    assert!(raw.message().await.starts_with("Response: Success\nPing: Pong\nTimestamp: "));
    assert!(raw.is_closed().await);
}

#[tokio::test]
async fn a_taken_port_is_followed_by_the_next() {
    let bench = Bench::start().await;
    let port = bench.address.port();
    let settings = crate::sim::ami::Settings::new(port, []);
    let pbx = Box::new(super::Scripted::new(0));
    let stop = tokio::sync::watch::Sender::new(false);
    let second = crate::sim::ami::start(settings, pbx, stop.subscribe()).await.expect("one of 20");
    assert!(second.address.port() > port && second.address.ip().is_loopback());
    stop.send_replace(true);
    assert!(second.task.await.is_ok());
}
