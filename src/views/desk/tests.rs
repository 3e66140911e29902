use std::sync::Arc;

use super::*;
use crate::domain::link::LinkState;
use crate::domain::live::snapshot::Partner;
use crate::views::fixture::{at, picture};

fn seat(interface: &str) -> Seat {
    Seat { pbx: String::new(), queue: "Sales".to_owned(), interface: format!("PJSIP/{interface}") }
}

/// The fixture's floor, on which Alice has these legs.
fn pictures(legs: &[&str]) -> [Picture; 1] {
    let mut picture = picture();
    let alice = &mut Arc::make_mut(&mut picture.live).queues[0].members[0];
    alice.legs = legs.iter().map(|leg| (*leg).into()).collect();
    let partner = |leg: &&str| Some(Partner { number: format!("555000{leg}"), name: String::new() });
    alice.leg_partners = legs.iter().map(partner).collect();
    [picture]
}

fn stand(interface: &str) -> Stand {
    let phone = |number: &str| Phone { extension: number.to_owned(), name: format!("Desk {number}") };
    Stand {
        phones: vec![phone("201"), phone("202")],
        phone: 0,
        seat: Some(seat(interface)),
        call: None,
        pad: None,
        lock: Lock::Locked,
        attempt: Attempt::None,
        listening: Vec::new(),
        acts: ActStand::default(),
    }
}

fn shown(legs: &[&str], stand: &Stand) -> Sheet {
    desk(&pictures(legs), stand, at(100)).sheet.expect("a sheet")
}

#[test]
fn a_sheet_tells_who_with_whom_and_in_which_queues() {
    let sheet = shown(&["1"], &stand("Carol"));
    assert_eq!((sheet.agent.as_str(), sheet.queues.as_str()), ("Carol", "Sales, Support"));
    let sheet = shown(&["1"], &stand("Alice"));
    let card = sheet.card.expect("a card");
    assert_eq!((card.since.as_str(), card.partner.as_str(), card.calls_today), ("0:40", "5550001", Some(4)));
    assert_eq!(card.listeners, "Desk 201");
    let phones: Vec<_> = sheet.phones.iter().map(|phone| (phone.name.as_str(), phone.chosen)).collect();
    assert_eq!(phones, [("Desk 201", true), ("Desk 202", false)]);
    assert!(sheet.locked && sheet.calls.is_empty());
}

#[test]
fn a_sheet_tells_who_listens_how_and_whether_that_was_begun_here() {
    let one = |channel: &str, phone: &str, actor: Option<&str>, mode| Listening {
        pbx: "pbx".into(),
        channel: channel.into(),
        phone: phone.to_owned(),
        actor: actor.map(str::to_owned),
        mode,
        attached: true,
        here: false,
    };
    let listening = vec![
        one("1", "Desk 201", Some("anna"), Some(Mode::Whisper)),
        one("1", "PJSIP/299", None, None),
        Listening { here: true, ..one("1", "Desk 204", Some("carl"), Some(Mode::Listen)) },
        one("9", "Desk 202", Some("bert"), Some(Mode::Listen)),
        Listening { attached: false, ..one("1", "Desk 203", Some("carl"), None) },
    ];
    let sheet = shown(&["1"], &Stand { listening, ..stand("Alice") });
    assert_eq!(
        sheet.card.expect("a card").listeners,
        "Desk 201 (anna whispers), PJSIP/299 (not from here), Desk 204"
    );
}

#[test]
fn dead_buttons_say_why() {
    let check = |legs: &[&str], stand: &Stand, why: Why| assert_eq!(shown(legs, stand).why, why, "{legs:?}");
    check(&["1"], &stand("Alice"), Why::Ready);
    check(&[], &stand("Alice"), Why::Free);
    check(&[], &stand("Bob"), Why::Ringing);
    check(&[], &stand("Dave"), Why::Free);
    check(&[], &stand("Nobody"), Why::Gone);
    check(&["1", "2"], &stand("Alice"), Why::Choose);
    let mut chosen = stand("Alice");
    chosen.call = Some("2".into());
    check(&["1", "2"], &chosen, Why::Ready);
    chosen.call = Some("9".into());
    check(&["1", "2"], &chosen, Why::Choose);
    let mut nothing = stand("Alice");
    nothing.phones.clear();
    check(&["1"], &nothing, Why::NoPhone);
    let mut viewer = stand("Alice");
    viewer.lock = Lock::LoggedIn { name: "vera".to_owned(), may: false };
    check(&["1"], &viewer, Why::NotAllowed);
    assert_eq!(shown(&["1"], &viewer).whom, "vera");
    let mut lost = pictures(&["1"]);
    Arc::make_mut(&mut lost[0].live).ami.enter(LinkState::Lost, None, at(90));
    let sheet = desk(&lost, &stand("Alice"), at(100)).sheet.expect("a sheet");
    assert_eq!(sheet.why, Why::LinkDown);
}

#[test]
fn two_calls_are_told_apart_by_their_other_sides() {
    let sheet = shown(&["1", "2"], &stand("Alice"));
    let calls: Vec<_> = sheet.calls.iter().map(|call| (call.key.as_str(), call.name.as_str())).collect();
    assert_eq!(calls, [("1", "5550001"), ("2", "5550002")]);
}

fn about(interface: &str) -> About {
    About {
        seat: seat(interface),
        agent: interface.to_owned(),
        channel: "1".into(),
        partner: "5550001".to_owned(),
        phone: "Desk 201".to_owned(),
        mode: Mode::Listen,
    }
}

#[test]
fn what_runs_is_in_the_bar_and_only_in_the_sheet_of_whom_it_is_about() {
    let mut stand = stand("Alice");
    stand.attempt = Attempt::Attached {
        about: about("Bob"),
        id: "x".into(),
        actor: "anna".to_owned(),
        since: at(28).tick,
        change: None,
        note: None,
    };
    let page = desk(&pictures(&["1"]), &stand, at(100));
    let bar = page.bar.expect("a bar");
    assert_eq!((bar.stage, bar.time.as_str(), bar.agent.as_str()), (Stage::Attached, "1:12", "Bob"));
    let sheet = page.sheet.expect("a sheet");
    assert_eq!((sheet.running, sheet.why, sheet.whom.as_str()), (None, Why::Elsewhere, "Bob"));
    // The same person in another queue is the same person.
    stand.seat = Some(Seat { queue: "Support".to_owned(), ..seat("Bob") });
    assert!(shown(&["1"], &stand).running.is_some());
}

#[test]
fn an_end_is_told_in_the_bar_for_a_while_unless_the_sheet_tells_it() {
    let mut stand = stand("Alice");
    stand.attempt = Attempt::Ended { about: about("Alice"), why: End::CallOver, at: at(95).tick };
    let page = desk(&pictures(&[]), &stand, at(100));
    assert!(page.bar.is_none());
    assert_eq!(page.sheet.and_then(|sheet| sheet.running).map(|end| end.ending), Some(Ending::CallOver));
    stand.seat = None;
    assert!(desk(&pictures(&[]), &stand, at(100)).bar.is_some());
    assert!(desk(&pictures(&[]), &stand, at(104)).bar.is_none());
}

#[test]
fn seconds_are_counted_up_to_the_last() {
    let mut stand = stand("Alice");
    stand.lock = Lock::Unlocked { name: "anna".to_owned(), until: Tick::from_millis(100_001) };
    let unlocked = desk(&pictures(&[]), &stand, at(100)).unlocked.expect("unlocked");
    assert_eq!((unlocked.name.as_str(), unlocked.seconds), ("anna", 1));
    let refused = Some(Refused::Wait(Tick::from_millis(107_500)));
    stand.pad = Some(Pad { digits: 0, checking: false, refused, mode: Mode::Barge });
    let pad = desk(&pictures(&[]), &stand, at(100)).pad.expect("a pad");
    assert_eq!((pad.wait_seconds, pad.wrong, pad.agent.as_str()), (8, false, "Alice"));
}
