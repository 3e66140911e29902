use super::*;
use crate::domain::account::Role;
use crate::domain::control::{Ended, Reason, Supervision, SupervisionState, Target};
use crate::domain::time::{Moment, Tick};
use crate::views::desk::{Attempt, Call, Change, End, Floor, Lock, Reach, Refused};

fn at(seconds: i64) -> Tick {
    Tick::from_millis(seconds * 1000)
}

fn person(name: &str, role: Role) -> Identity {
    Identity { name: name.to_owned(), role }
}

fn phone(number: &str) -> Phone {
    Phone { extension: number.to_owned(), name: format!("Desk {number}") }
}

fn alice() -> Seat {
    Seat { pbx: String::new(), queue: "sales".to_owned(), interface: "PJSIP/101".to_owned() }
}

fn reach(channels: &[&str]) -> Reach {
    let call = |channel: &&str| Call { channel: (*channel).into(), partner: "5550001".to_owned() };
    Reach {
        pbx: "pbx".into(),
        agent: "Alice".to_owned(),
        calls: channels.iter().map(call).collect(),
        floor: if channels.is_empty() { Floor::Free } else { Floor::Call },
    }
}

fn held(id: &str, mode: Mode, ended: Option<Reason>) -> Supervision {
    Supervision {
        id: id.into(),
        pbx: "pbx".into(),
        state: if ended.is_some() { SupervisionState::Ended } else { SupervisionState::Attached },
        foreign: false,
        channel: "1.4".into(),
        interface: "PJSIP/101".into(),
        agent: "Alice".into(),
        partner: None,
        queue: None,
        mode: Some(mode),
        supervisor: "201".to_owned(),
        actor: "anna".to_owned(),
        origin: "wall".to_owned(),
        since: Moment::at_millis(0),
        ended: ended.map(|reason| Ended { reason, at: Moment::at_millis(0) }),
    }
}

/// A wall at which Alice's sheet is open and she talks; nobody has unlocked it.
fn locked() -> DeskState {
    let mut desk = DeskState::new(vec![phone("201"), phone("202")], None, "wall".to_owned());
    assert!(desk.act(Touch::Open(alice()), None, at(0)).is_none());
    desk
}

fn act(desk: &mut DeskState, touch: Touch, now: i64) -> Option<Command> {
    desk.act(touch, Some(&reach(&["1.4"])), at(now))
}

/// Types a PIN; returns the number of its pad.
fn type_pin(desk: &mut DeskState, now: i64) -> u32 {
    for digit in "402817".chars() {
        assert!(act(desk, Touch::Digit(digit), now).is_none());
    }
    match act(desk, Touch::Enter, now) {
        Some(Command::Unlock(serial, pin)) => {
            assert_eq!(pin, "402817");
            serial
        }
        other => panic!("{other:?}"),
    }
}

/// Unlocked by anna at 1 s, the phone ringing to listen to Alice.
fn ringing() -> DeskState {
    let mut desk = locked();
    assert!(act(&mut desk, Touch::Press(Mode::Listen), 0).is_none(), "nothing without a PIN");
    let serial = type_pin(&mut desk, 1);
    let anna = Ok(person("anna", Role::Supervisor));
    match desk.answered(Answer::Unlocked(serial, anna), at(1)) {
        Some(Command::Start(request)) => {
            assert_eq!(request.target, Target::Channel("1.4".into()));
            assert_eq!((request.actor.as_str(), request.origin.as_str()), ("anna", "wall"));
            assert_eq!((request.supervisor.as_str(), request.mode), ("201", Mode::Listen));
        }
        other => panic!("the wish goes on by itself, but got {other:?}"),
    }
    desk
}

fn attached() -> DeskState {
    let mut desk = ringing();
    assert!(desk.answered(Answer::Started(Ok(held("s", Mode::Listen, None))), at(3)).is_none());
    assert!(matches!(desk.stand().attempt, Attempt::Attached { .. }));
    desk
}

fn end(desk: &DeskState) -> &End {
    match &desk.stand().attempt {
        Attempt::Ended { why, .. } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pin_unlocks_and_the_wish_goes_on_by_itself() {
    let desk = ringing();
    assert!(desk.stand().pad.is_none());
    assert!(matches!(&desk.stand().attempt, Attempt::Ringing { about, .. } if about.phone == "Desk 201"));
    assert!(matches!(&desk.stand().lock, Lock::Unlocked { name, .. } if name == "anna"));
}

#[test]
fn one_attempt_only_however_often_it_is_pressed() {
    let mut desk = ringing();
    for mode in [Mode::Listen, Mode::Listen, Mode::Barge] {
        assert!(act(&mut desk, Touch::Press(mode), 2).is_none(), "rings already");
    }
    let _ = act(&mut desk, Touch::Open(Seat { interface: "PJSIP/102".to_owned(), ..alice() }), 2);
    assert!(act(&mut desk, Touch::Press(Mode::Listen), 2).is_none(), "nor for somebody else");
    // A second PIN of the same pad comes too late, too.
    let late = desk.answered(Answer::Unlocked(1, Ok(person("bert", Role::Admin))), at(2));
    assert!(late.is_none());
}

#[test]
fn wrong_pins_are_said_and_after_too_many_the_keys_are_dead() {
    let mut desk = locked();
    let _ = act(&mut desk, Touch::Press(Mode::Whisper), 0);
    let serial = type_pin(&mut desk, 1);
    assert!(act(&mut desk, Touch::Enter, 1).is_none(), "is being checked");
    assert!(act(&mut desk, Touch::Press(Mode::Barge), 1).is_none(), "the pad covers the buttons");
    assert!(desk.stand().pad.as_ref().is_some_and(|pad| pad.checking && pad.mode == Mode::Whisper));
    assert!(desk.answered(Answer::Unlocked(serial, Err(Refused::Wrong)), at(2)).is_none());
    let pad = desk.stand().pad.clone().expect("the pad stays");
    assert_eq!((pad.refused, pad.digits, pad.checking), (Some(Refused::Wrong), 0, false));
    let serial = type_pin(&mut desk, 3);
    assert_eq!(desk.stand().pad.as_ref().and_then(|pad| pad.refused.clone()), None, "typing takes it back");
    let _ = desk.answered(Answer::Unlocked(serial, Err(Refused::Wait(at(12)))), at(4));
    let _ = act(&mut desk, Touch::Digit('4'), 5);
    assert_eq!(desk.stand().pad.as_ref().map(|pad| pad.digits), Some(0), "waits");
    assert!(act(&mut desk, Touch::Enter, 5).is_none());
    desk.tick(at(12));
    let _ = act(&mut desk, Touch::Digit('4'), 12);
    assert_eq!(desk.stand().pad.as_ref().map(|pad| pad.digits), Some(1));
    let _ = act(&mut desk, Touch::Erase, 12);
    assert_eq!(desk.stand().pad.as_ref().map(|pad| pad.digits), Some(0));
}

#[test]
fn a_pad_that_was_closed_is_unlocked_by_no_late_answer() {
    let mut desk = locked();
    let _ = act(&mut desk, Touch::Press(Mode::Listen), 0);
    let serial = type_pin(&mut desk, 1);
    let _ = act(&mut desk, Touch::Close, 2);
    assert!(desk.stand().seat.is_some(), "only the pad was closed");
    let late = || Answer::Unlocked(serial, Ok(person("anna", Role::Supervisor)));
    assert!(desk.answered(late(), at(3)).is_none());
    let _ = act(&mut desk, Touch::Press(Mode::Listen), 4);
    assert!(desk.answered(late(), at(5)).is_none(), "nor another pad");
    assert_eq!(desk.stand().lock, Lock::Locked);
}

#[test]
fn the_wall_locks_by_itself_a_minute_after_the_last_touch() {
    let mut desk = attached();
    desk.touched(at(50));
    desk.tick(at(109));
    assert!(matches!(desk.stand().lock, Lock::Unlocked { .. }), "each touch renews it");
    desk.tick(at(110));
    assert_eq!(desk.stand().lock, Lock::Locked);
    assert!(!desk.is_open(), "the sheet is closed, too");
    assert!(matches!(desk.stand().attempt, Attempt::Attached { .. }), "what runs goes on");
    // Another mode needs a PIN again; an end does not.
    let _ = act(&mut desk, Touch::OpenRunning, 111);
    assert!(act(&mut desk, Touch::Press(Mode::Barge), 111).is_none());
    assert!(desk.stand().pad.is_some());
    let _ = act(&mut desk, Touch::Close, 112);
    assert!(matches!(act(&mut desk, Touch::End, 112), Some(Command::Stop(..))));
}

#[test]
fn a_viewer_is_refused_and_a_supervisor_who_has_logged_in_needs_no_pin() {
    for (role, may) in [(Role::Viewer, false), (Role::Supervisor, true), (Role::Admin, true)] {
        let mut desk = DeskState::new(vec![phone("201")], Some(person("vera", role)), "10.0.0.9".to_owned());
        let _ = act(&mut desk, Touch::Open(alice()), 0);
        let command = act(&mut desk, Touch::Press(Mode::Listen), 0);
        assert_eq!(matches!(command, Some(Command::Start(_))), may, "{role}: {command:?}");
        assert!(desk.stand().pad.is_none());
        assert_eq!(desk.stand().lock, Lock::LoggedIn { name: "vera".to_owned(), may });
        desk.tick(at(1000));
        let _ = act(&mut desk, Touch::Lock, 1000);
        assert!(matches!(desk.stand().lock, Lock::LoggedIn { .. }), "a login is not the wall's to end");
    }
}

#[test]
fn nothing_starts_without_exactly_one_call_and_a_phone() {
    let check = |phones: Vec<Phone>, calls: &[&str], chosen: Option<&str>| {
        let mut desk = DeskState::new(phones, Some(person("anna", Role::Admin)), "wall".to_owned());
        let _ = act(&mut desk, Touch::Open(alice()), 0);
        if let Some(chosen) = chosen {
            let _ = act(&mut desk, Touch::Call(chosen.to_owned()), 0);
        }
        let _ = act(&mut desk, Touch::Phone("202".to_owned()), 0);
        match desk.act(Touch::Press(Mode::Listen), Some(&reach(calls)), at(0)) {
            Some(Command::Start(request)) => Some((request.supervisor, request.target)),
            _ => None,
        }
    };
    let phones = || vec![phone("201"), phone("202")];
    let on = |leg: &str| Some(("202".to_owned(), Target::Channel(leg.into())));
    assert_eq!(check(phones(), &["1"], None), on("1"));
    assert_eq!(check(phones(), &["1", "2"], None), None);
    assert_eq!(check(phones(), &["1", "2"], Some("2")), on("2"));
    assert_eq!(check(phones(), &["1", "2"], Some("3")), None, "that call is over");
    assert_eq!(check(phones(), &[], None), None);
    assert_eq!(check(Vec::new(), &["1"], None), None);
}

#[test]
fn the_call_that_was_touched_is_meant_whatever_happens_while_the_pin_is_typed() {
    let mut desk = locked();
    let _ = act(&mut desk, Touch::Press(Mode::Listen), 0);
    let serial = type_pin(&mut desk, 1);
    let _ = desk.act(Touch::Phone("202".to_owned()), Some(&reach(&["9.9"])), at(1));
    let command = desk.answered(Answer::Unlocked(serial, Ok(person("anna", Role::Supervisor))), at(2));
    let Some(Command::Start(request)) = command else { panic!("{command:?}") };
    assert_eq!(request.target, Target::Channel("1.4".into()));
}

#[test]
fn what_control_refuses_is_said_and_can_be_tried_again() {
    let mut desk = ringing();
    let busy = "The phone 201 is busy. Finish its call and try again.".to_owned();
    let _ = desk.answered(Answer::Started(Err(busy.clone())), at(5));
    assert_eq!(end(&desk), &End::Refused(busy));
    assert!(matches!(act(&mut desk, Touch::Press(Mode::Listen), 6), Some(Command::Start(_))));
}

#[test]
fn a_mode_is_changed_without_dialling_again_and_by_its_owner_only() {
    let mut desk = attached();
    assert!(act(&mut desk, Touch::Press(Mode::Listen), 4).is_none(), "it is so already");
    assert!(matches!(
        act(&mut desk, Touch::Press(Mode::Whisper), 4),
        Some(Command::SetMode(_, Mode::Whisper, _))
    ));
    assert!(act(&mut desk, Touch::Press(Mode::Barge), 4).is_none(), "one change at a time");
    let _ = desk.answered(Answer::Changed("s".into(), Ok(held("s", Mode::Whisper, None))), at(5));
    assert_eq!(desk.stand().attempt.about().map(|about| about.mode), Some(Mode::Whisper));
    // A key on the phone itself.
    desk.observe(Some(&held("s", Mode::Barge, None)), true, at(6));
    assert_eq!(desk.stand().attempt.about().map(|about| about.mode), Some(Mode::Barge));
    for (name, role, may) in [("bert", Role::Supervisor, false), ("chief", Role::Admin, true)] {
        let _ = act(&mut desk, Touch::Lock, 7);
        let _ = act(&mut desk, Touch::Press(Mode::Listen), 7);
        let serial = type_pin(&mut desk, 8);
        let command = desk.answered(Answer::Unlocked(serial, Ok(person(name, role))), at(8));
        assert_eq!(command.is_some(), may, "{name}: {command:?}");
    }
}

#[test]
fn an_end_has_its_reason() {
    let by = |who: &str| Reason::ByUs(who.to_owned());
    for (reason, told) in [
        (Reason::CallOver, End::CallOver),
        (Reason::Transferred, End::Transferred),
        (Reason::PhoneHungUp, End::PhoneLeft),
        (by("bert"), End::Said("Ended by bert.".to_owned())),
        (Reason::PbxRestarted, End::Said("Asterisk was restarted.".to_owned())),
    ] {
        let mut desk = attached();
        desk.observe(Some(&held("s", Mode::Listen, Some(reason))), true, at(9));
        assert_eq!(end(&desk), &told);
    }

    // Control has forgotten it; the floor may still show the call for a moment.
    let mut desk = attached();
    desk.observe(None, true, at(9));
    assert_eq!(end(&desk), &End::Unsettled);
    desk.observe(None, false, at(10));
    assert_eq!(end(&desk), &End::CallOver);
    let mut desk = attached();
    desk.observe(None, true, at(9));
    desk.observe(None, true, at(12));
    assert_eq!(end(&desk), &End::PhoneLeft);

    let mut desk = attached();
    assert!(matches!(act(&mut desk, Touch::End, 5), Some(Command::Stop(_, by)) if by.name == "anna"));
    assert!(act(&mut desk, Touch::End, 5).is_none(), "once");
    desk.observe(Some(&held("s", Mode::Listen, Some(by("anna")))), true, at(6));
    assert_eq!(end(&desk), &End::ByUs);
}

#[test]
fn while_the_link_is_down_the_phone_may_still_listen_and_that_is_said() {
    let mut desk = attached();
    let note = |desk: &DeskState| match &desk.stand().attempt {
        Attempt::Attached { note, .. } => note.clone(),
        other => panic!("{other:?}"),
    };
    let lost = Supervision { state: SupervisionState::Lost, ..held("s", Mode::Listen, None) };
    desk.observe(Some(&lost), true, at(5));
    assert!(note(&desk).is_some_and(|note| note.contains("may still listen")));
    desk.observe(Some(&held("s", Mode::Whisper, None)), true, at(6));
    assert_eq!(note(&desk), None);
}

#[test]
fn what_this_wall_began_is_taken_up_again_after_a_restart_and_what_others_began_is_only_seen() {
    let elsewhere = Supervision { origin: "10.0.0.9".to_owned(), ..held("t", Mode::Barge, None) };
    let foreign =
        Supervision { foreign: true, mode: None, supervisor: "PJSIP/299".to_owned(), ..elsewhere.clone() };
    let mut desk = locked();
    desk.see(vec![elsewhere.clone(), foreign.clone()], at(3));
    assert!(!desk.stand().attempt.is_running());
    let seen: Vec<_> =
        desk.stand().listening.iter().map(|one| (one.phone.as_str(), one.actor.as_deref())).collect();
    assert_eq!(seen, [("Desk 201", Some("anna")), ("PJSIP/299", None)]);
    desk.see(vec![elsewhere, held("s", Mode::Whisper, None), foreign], at(4));
    match &desk.stand().attempt {
        Attempt::Attached { id, about, .. } => {
            assert_eq!((id.as_str(), about.mode, about.agent.as_str()), ("s", Mode::Whisper, "Alice"));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(act(&mut desk, Touch::End, 5), Some(Command::Stop(..))));
}

#[test]
fn a_failed_end_is_said_and_can_be_tried_again() {
    let mut desk = attached();
    let _ = act(&mut desk, Touch::End, 5);
    let _ = desk.answered(Answer::Stopped("s".into(), Err("Hang up the phone.".to_owned())), at(13));
    match &desk.stand().attempt {
        Attempt::Attached { change, note, .. } => {
            assert_eq!((*change, note.as_deref()), (None::<Change>, Some("Hang up the phone.")));
        }
        other => panic!("{other:?}"),
    }
    // A late answer to an end of before ends nothing that runs now.
    let _ = desk.answered(Answer::Stopped("before".into(), Ok(())), at(13));
    assert!(matches!(act(&mut desk, Touch::End, 14), Some(Command::Stop(..))));
}

#[test]
fn ringing_can_be_given_up() {
    let mut desk = ringing();
    match act(&mut desk, Touch::End, 4) {
        Some(Command::Cancel(channel, actor, _)) => {
            assert_eq!((channel.as_str(), actor.as_str()), ("1.4", "anna"));
        }
        other => panic!("{other:?}"),
    }
    assert!(act(&mut desk, Touch::End, 4).is_none(), "once");
    let _ = desk.answered(Answer::Stopped("s".into(), Ok(())), at(5));
    let _ = desk.answered(Answer::Started(Err("The phone 201 declined the call.".to_owned())), at(5));
    assert_eq!(end(&desk), &End::ByUs, "nobody declined");
    // Picked up in the same moment: it is ended all the same.
    let mut desk = ringing();
    let _ = act(&mut desk, Touch::End, 4);
    let command = desk.answered(Answer::Started(Ok(held("s", Mode::Listen, None))), at(5));
    assert!(matches!(command, Some(Command::Stop(..))), "{command:?}");
}

#[test]
fn a_pin_is_in_no_debug_text() {
    let told = format!("{:?} {:?}", Touch::Digit('7'), Command::Unlock(3, "402817".to_owned()));
    assert!(!told.contains('7'), "{told}");
}
