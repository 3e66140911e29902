//! Listening on a real call: exactly the touched one, answered only once it is attached, and every way it can fail.

use asterflow::domain::control::{ControlError, Mode, Request, SupervisionState, Target};
use asterflow::domain::ids::{Interface, UniqueId};
use asterflow::store::Store;
use asterflow::tasks::control::Control;
use asterflow::tasks::live::Live;
use asterflow_lab::phone::Call;
use asterflow_lab::{Behaviour, Lab};
use tokio::sync::watch;

use super::{LONG, alone, lab, live_link, member, supervisor_phones, until};

fn wish(target: Target, supervisor: &str) -> Request {
    Request {
        pbx: None,
        target,
        mode: Mode::Listen,
        supervisor: supervisor.into(),
        actor: "tester".into(),
        origin: "127.0.0.1".into(),
    }
}

fn agent(interface: &str) -> Target {
    Target::Agent(Interface::new(interface))
}

/// A call from outside that 101 has answered and the board shows.
async fn running_call(lab: &Lab, live: &Live) -> Call {
    lab.phone("101").behave(Behaviour::answer_after_ms(300)).await.expect("a phone");
    let call = lab.call("5550800", "800").await.expect("a call");
    until(live, "in a call", |floor| !member(floor, "sales", "PJSIP/101").legs.is_empty()).await;
    call
}

fn kind(result: Result<asterflow::domain::control::Supervision, ControlError>) -> &'static str {
    match result {
        Ok(_) => "attached",
        Err(error) => error.kind(),
    }
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
        let call = running_call(&lab, &live).await;

        attaches_and_stops(&lab, &live, &control).await;
        fails_as_the_phone_does(&lab, &live, &control).await;

        call.hang_up().await.expect("hung up");
        until(&live, "free", |floor| member(floor, "sales", "PJSIP/101").legs.is_empty()).await;
        assert_eq!(kind(control.start(wish(agent("PJSIP/101"), "201")).await), "target-gone");

        let rows = store.journal_page(None, 100).await.expect("the journal");
        let opened = rows.iter().filter(|row| row.result.is_none()).count();
        let closed = rows.iter().filter(|row| row.refers.is_some()).count();
        assert_eq!((opened, closed), (4, 4), "{rows:#?}");
        let _ = stop.send(true);
    });
}

async fn attaches_and_stops(lab: &Lab, live: &Live, control: &Control) {
    lab.phone("201").behave(Behaviour::answer_after_ms(200)).await.expect("a phone");
    let attached = control.start(wish(agent("PJSIP/101"), "201")).await.expect("attached");
    assert_eq!(attached.state, SupervisionState::Attached);
    let floor =
        until(live, "listened to", |floor| member(floor, "sales", "PJSIP/101").listeners == ["Desk 201"])
            .await;
    assert_eq!(Some(&attached.channel), member(&floor, "sales", "PJSIP/101").channel.as_ref());
    let whisper = control.set_mode(&attached.id, Mode::Whisper).await.expect("changed");
    assert_eq!(whisper.mode, Mode::Whisper);
    let ended = control.stop(&attached.id).await.expect("stopped");
    assert_eq!(ended.state, SupervisionState::Ended, "{ended:?}");
    lab.phone("201").wait_idle(LONG).await.expect("the phone is free again");
    until(live, "alone", |floor| member(floor, "sales", "PJSIP/101").listeners.is_empty()).await;
}

async fn fails_as_the_phone_does(lab: &Lab, live: &Live, control: &Control) {
    let phone = lab.phone("201");
    phone.behave(Behaviour::Busy).await.expect("a phone");
    assert_eq!(kind(control.start(wish(agent("PJSIP/101"), "201")).await), "busy");
    phone.behave(Behaviour::Decline).await.expect("a phone");
    assert_eq!(kind(control.start(wish(agent("PJSIP/101"), "201")).await), "declined");
    phone.unregister().await.expect("away");
    assert_eq!(kind(control.start(wish(agent("PJSIP/101"), "201")).await), "unregistered");
    phone.register().await.expect("back");

    assert_eq!(kind(control.start(wish(agent("PJSIP/10"), "201")).await), "target-gone");
    assert_eq!(kind(control.start(wish(agent("PJSIP/101"), "999")).await), "forbidden");
    let gone = Target::Channel(UniqueId::new("1.1"));
    assert_eq!(kind(control.start(wish(gone, "201")).await), "target-gone");
    assert!(!member(&live.snapshot.borrow(), "sales", "PJSIP/101").legs.is_empty(), "the call goes on");
}
