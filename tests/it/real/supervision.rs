//! Listening on a real call: exactly the touched one, answered only once it is attached, and every way it can fail.

use std::time::Duration;

use asterflow::domain::account::Actor;
use asterflow::domain::control::{ControlError, Mode, Request, Supervision, SupervisionState, Target};
use asterflow::domain::ids::{Interface, UniqueId};
use asterflow::store::{JournalRow, Store};
use asterflow::tasks::control::Control;
use asterflow::tasks::live::{self, Live};
use asterflow_lab::asterisk::CALLS_NOBODY;
use asterflow_lab::phone::Call;
use asterflow_lab::{Behaviour, Lab};
use tokio::sync::watch;

use super::{LONG, alone, ami, first_picture, lab, live_link, member, no_wrap_ups, supervisor_phones, until};

/// Who wishes it in these tests.
pub(super) fn tester() -> Actor {
    Actor { name: "tester".into(), origin: "127.0.0.1".into() }
}

pub(super) fn wish(target: Target, mode: Mode, supervisor: &str) -> Request {
    Request {
        pbx: None,
        target,
        mode,
        supervisor: supervisor.into(),
        actor: tester().name,
        origin: tester().origin,
    }
}

pub(super) fn agent(interface: &str) -> Target {
    Target::Agent(Interface::new(interface))
}

/// Listen to 101 on this phone.
pub(super) fn listen(supervisor: &str) -> Request {
    wish(agent("PJSIP/101"), Mode::Listen, supervisor)
}

/// A call from outside that 101 has answered and the board shows.
pub(super) async fn running_call(lab: &Lab, live: &Live) -> Call {
    lab.phone("101").behave(Behaviour::answer_after_ms(300)).await.expect("a phone");
    let call = lab.call("5550800", "800").await.expect("a call");
    until(live, "in a call", |floor| !member(floor, "sales", "PJSIP/101").legs.is_empty()).await;
    call
}

fn kind(result: Result<Supervision, ControlError>) -> &'static str {
    match result {
        Ok(_) => "attached",
        Err(error) => error.kind(),
    }
}

/// Waits until one of the supervisions is as wished.
pub(super) async fn until_held(
    control: &Control,
    wish: &str,
    fits: impl Fn(&Supervision) -> bool,
) -> Supervision {
    let found = tokio::time::timeout(LONG, async {
        loop {
            if let Some(held) = control.list().into_iter().find(|held| fits(held)) {
                return held;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    found.await.unwrap_or_else(|_| panic!("none was {wish}: {:#?}", control.list()))
}

/// Why this one is over, once it is.
pub(super) async fn ended(control: &Control, id: &UniqueId) -> &'static str {
    let over = until_held(control, "over", |held| held.id == *id && held.ended.is_some()).await;
    over.ended.expect("it is over").reason.kind()
}

/// Nobody listens any more, as Asterisk itself says.
pub(super) async fn nobody_listens(lab: &Lab) {
    let channels = lab.ami().list("CoreShowChannels", &[]).await.expect("a list");
    let spies: Vec<_> = channels.iter().filter(|one| one.get("Application") == "ChanSpy").collect();
    assert!(spies.is_empty(), "{spies:#?}");
}

pub(super) async fn journal(store: &Store) -> Vec<JournalRow> {
    store.journal_page(None, 200).await.expect("the journal")
}

#[test]
fn a_supervisor_listens_to_exactly_the_touched_call() {
    alone(async {
        let lab = lab().await;
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("a store");
        let stop = watch::Sender::new(false);
        let live = live_link(&lab, &stop).await;
        let control = Control::new(vec![live.clone()], supervisor_phones(), store.clone());
        control.resume().await.expect("the journal can be read");
        let call = running_call(&lab, &live).await;
        // Nobody picks up 202: that takes its time.
        lab.phone("202").behave(Behaviour::Ring).await.expect("a phone");
        let unanswered = tokio::spawn({
            let control = control.clone();
            async move { kind(control.start(listen("202")).await) }
        });

        attaches_and_stops(&lab, &live, &control).await;
        fails_as_the_phone_does(&lab, &live, &control).await;
        is_given_up_while_it_rings(&lab, &control).await;
        others_are_seen(&lab, &live, &control, &store).await;
        two_calls_are_ambiguous(&lab, &live, &control).await;
        without_the_right_it_is_forbidden(&lab, &store, &stop).await;
        assert_eq!(unanswered.await.expect("it ran"), "no-answer");

        gone_while_it_rings(&lab, &live, &control, call).await;
        assert_eq!(kind(control.start(listen("201")).await), "target-gone");
        nobody_listens(&lab).await;
        assert_eq!(store.journal_verify().await.expect("a verdict").open, 0);
        let rows = journal(&store).await;
        let mine = rows.iter().filter(|row| row.entry.actor == "tester" && row.result.is_none());
        let originates = mine.filter(|row| row.entry.action == "supervision listen").count();
        assert_eq!(originates, 8, "one row an Originate: {rows:#?}");
        let _ = stop.send(true);
    });
}

async fn attaches_and_stops(lab: &Lab, live: &Live, control: &Control) {
    lab.phone("201").behave(Behaviour::answer_after_ms(200)).await.expect("a phone");
    let attached = control.start(listen("201")).await.expect("attached");
    assert_eq!(attached.state, SupervisionState::Attached);
    assert_eq!(attached.partner.as_ref().map(|side| side.number.as_str()), Some("5550800"));
    let floor =
        until(live, "listened to", |floor| member(floor, "sales", "PJSIP/101").listeners == ["Desk 201"])
            .await;
    assert_eq!(Some(&attached.channel), member(&floor, "sales", "PJSIP/101").channel.as_ref());
    assert!(floor.spies.iter().any(|spy| spy.channel == attached.id && spy.phone == "PJSIP/201"));
    let whisper = control.set_mode(&attached.id, Mode::Whisper, &tester()).await.expect("changed");
    assert_eq!(whisper.mode, Some(Mode::Whisper));
    let over = control.stop(&attached.id, &tester()).await.expect("stopped");
    assert_eq!(over.state, SupervisionState::Ended, "{over:?}");
    assert_eq!(ended(control, &attached.id).await, "by-us");
    lab.phone("201").wait_idle(LONG).await.expect("the phone is free again");
    until(live, "alone", |floor| member(floor, "sales", "PJSIP/101").listeners.is_empty()).await;
}

async fn fails_as_the_phone_does(lab: &Lab, live: &Live, control: &Control) {
    let phone = lab.phone("201");
    phone.behave(Behaviour::Busy).await.expect("a phone");
    assert_eq!(kind(control.start(listen("201")).await), "busy");
    phone.behave(Behaviour::Decline).await.expect("a phone");
    assert_eq!(kind(control.start(listen("201")).await), "declined");
    phone.unregister().await.expect("away");
    assert_eq!(kind(control.start(listen("201")).await), "unregistered");
    phone.register().await.expect("back");
    let rings = control.list().into_iter().find(|held| held.supervisor == "202").expect("it rings");
    assert_eq!(rings.state, SupervisionState::Ringing);

    let other = |target| wish(target, Mode::Listen, "201");
    assert_eq!(kind(control.start(other(agent("PJSIP/10"))).await), "target-gone");
    assert_eq!(kind(control.start(listen("999")).await), "forbidden");
    assert_eq!(kind(control.start(other(Target::Channel(UniqueId::new("1.1")))).await), "target-gone");
    let (count, mark) = (phone.count(), lab.ami().mark());
    let leg = member(&live.snapshot.borrow(), "sales", "PJSIP/101").legs[0].to_string();
    for hostile in [
        format!("{leg},qEB"),
        format!("{leg}\r\nApplication: System"),
        format!("{leg}\r\n\r\nAction: Command\r\nCommand: core stop now"),
        "PJSIP/101".to_owned(),
        "PJSIP/1".to_owned(),
        String::new(),
    ] {
        let by_channel = control.start(other(Target::Channel(UniqueId::new(&hostile)))).await;
        assert_eq!(kind(by_channel), "target-gone", "{hostile:?}");
        if !hostile.starts_with("PJSIP/101") {
            assert_eq!(kind(control.start(other(agent(&hostile))).await), "target-gone", "{hostile:?}");
        }
        let phone = format!("201{hostile} ");
        assert_eq!(kind(control.start(listen(&phone)).await), "forbidden", "{phone:?}");
    }
    let channels = |event: &asterflow_lab::ami::Message| event.is("Newchannel");
    assert!(!lab.ami().since(mark).iter().any(channels) && phone.count() == count, "nothing was called");
    assert!(!member(&live.snapshot.borrow(), "sales", "PJSIP/101").legs.is_empty(), "the call goes on");
}

async fn is_given_up_while_it_rings(lab: &Lab, control: &Control) {
    let phone = lab.phone("201");
    phone.behave(Behaviour::Ring).await.expect("a phone");
    let count = phone.count();
    let started = tokio::spawn({
        let control = control.clone();
        async move { kind(control.start(listen("201")).await) }
    });
    let of_201 = |held: &Supervision| held.supervisor == "201" && held.state == SupervisionState::Ringing;
    let rings = until_held(control, "ringing", of_201).await;
    assert_eq!(kind(control.start(listen("201")).await), "busy", "it rings already");
    let refused = control.set_mode(&rings.id, Mode::Barge, &tester()).await;
    assert_eq!(kind(refused), "forbidden");
    let over = control.stop(&rings.id, &tester()).await.expect("given up");
    assert_eq!(over.ended.map(|ended| ended.reason.kind()), Some("by-us"));
    assert_eq!(started.await.expect("it ran"), "cancelled");
    phone.wait_idle(LONG).await.expect("it rings no more");
    assert_eq!(phone.count(), count + 1, "it rang once");
}

/// Somebody listens by the PBX's own means, by the beginning of a name.
async fn others_are_seen(lab: &Lab, live: &Live, control: &Control, store: &Store) {
    lab.phone("108").behave(Behaviour::answer_after_ms(100)).await.expect("a phone");
    let spy =
        [("Channel", "PJSIP/108"), ("Application", "ChanSpy"), ("Data", "PJSIP/101,qES"), ("Async", "true")];
    lab.ami().action("Originate", &spy).await.expect("taken");
    let seen = until_held(control, "foreign", |held| held.foreign).await;
    assert_eq!((seen.agent.as_str(), seen.supervisor.as_str()), ("Alice Adams", "PJSIP/108"));
    assert_eq!((seen.mode, seen.state), (None, SupervisionState::Attached));
    assert!(member(&live.snapshot.borrow(), "sales", "PJSIP/101").listeners.contains(&"PJSIP/108".into()));
    assert_eq!(kind(control.stop(&seen.id, &tester()).await), "forbidden");
    assert_eq!(kind(control.set_mode(&seen.id, Mode::Barge, &tester()).await), "forbidden");
    lab.phone("108").hang_up().await.expect("hung up");
    assert_eq!(ended(control, &seen.id).await, "phone-hung-up");
    let rows = journal(store).await;
    let of_it: Vec<_> = rows.iter().filter(|row| row.entry.action == "listening seen").collect();
    assert_eq!(of_it.len(), 2, "{rows:#?}");
    assert!(of_it.iter().all(|row| row.entry.actor == "unknown" && row.entry.target.contains("PJSIP/108")));
}

async fn two_calls_are_ambiguous(lab: &Lab, live: &Live, control: &Control) {
    lab.phone("102").behave(Behaviour::answer_after_ms(100)).await.expect("a phone");
    lab.phone("101").consult("102").await.expect("a second call");
    until(live, "in two calls", |floor| member(floor, "sales", "PJSIP/101").legs.len() == 2).await;
    match control.start(listen("201")).await {
        Err(ControlError::Ambiguous(calls)) => {
            let others: Vec<_> = calls.iter().filter_map(|call| call.partner.as_ref()).collect();
            assert!(others.len() == 2 && others.iter().any(|side| side.number == "5550800"), "{calls:?}");
        }
        other => panic!("{other:?}"),
    }
    lab.phone("102").hang_up().await.expect("hung up");
    lab.phone("101").hold(false).await.expect("back with the caller");
    until(live, "in one call", |floor| member(floor, "sales", "PJSIP/101").legs.len() == 1).await;
}

async fn without_the_right_it_is_forbidden(lab: &Lab, store: &Store, stop: &watch::Sender<bool>) {
    let user = ami(lab, &CALLS_NOBODY);
    let live = live::start("lab".into(), user, &supervisor_phones(), no_wrap_ups(), stop.subscribe());
    first_picture(&live).await;
    let control = Control::new(vec![live], supervisor_phones(), store.clone());
    let count = lab.phone("201").count();
    let refused = control.start(listen("201")).await.expect_err("it may not");
    assert_eq!(refused.kind(), "forbidden");
    assert!(refused.to_string().contains("write=originate"), "{refused}");
    assert_eq!(lab.phone("201").count(), count, "nothing rang");
}

/// Nobody shall pick up a phone for a call that is over.
async fn gone_while_it_rings(lab: &Lab, live: &Live, control: &Control, call: Call) {
    lab.phone("201").behave(Behaviour::Ring).await.expect("a phone");
    let started = tokio::spawn({
        let control = control.clone();
        async move { kind(control.start(listen("201")).await) }
    });
    lab.phone("201").wait_ringing(LONG).await.expect("it rings");
    call.hang_up().await.expect("hung up");
    assert_eq!(started.await.expect("it ran"), "target-gone");
    lab.phone("201").wait_idle(LONG).await.expect("it rings no more");
    until(live, "free", |floor| member(floor, "sales", "PJSIP/101").legs.is_empty()).await;
}
