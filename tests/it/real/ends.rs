//! How listening ends, and that nothing of it is left over: by the call, a transfer, the phone, the limit, the end or a
//! restart of AsterFlow or Asterisk, with the link down meanwhile. Each end has its word, and the journal is closed.

use std::net::SocketAddr;
use std::time::Duration;

use asterflow::config::HostPort;
use asterflow::domain::control::{Mode, Supervision, SupervisionState};
use asterflow::store::Store;
use asterflow::tasks::control::Control;
use asterflow::tasks::live::{self, Live};
use asterflow_lab::asterisk::ASTERFLOW;
use asterflow_lab::{Behaviour, Lab};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::supervision::{ended, journal, listen, nobody_listens, running_call, tester, until_held};
use super::{LONG, alone, ami, first_picture, lab, live_link, member, no_wrap_ups, supervisor_phones, until};

async fn free_again(lab: &Lab, live: &Live) {
    lab.phone("201").wait_idle(LONG).await.expect("the phone is free again");
    nobody_listens(lab).await;
    lab.phone("101").hang_up().await.expect("hung up");
    until(live, "free", |floor| member(floor, "sales", "PJSIP/101").legs.is_empty()).await;
    lab.wait_free(LONG).await.expect("everybody is free");
}

#[test]
fn listening_ends_with_the_call_the_phone_the_limit_and_the_program_and_says_why() {
    alone(async {
        let lab = lab().await;
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("a store");
        let stop = watch::Sender::new(false);
        let live = live_link(&lab, &stop).await;
        let control = Control::new(vec![live.clone()], supervisor_phones(), store.clone());
        lab.phone("201").behave(Behaviour::answer_after_ms(100)).await.expect("a phone");
        lab.phone("108").behave(Behaviour::answer_after_ms(100)).await.expect("a phone");

        for how in ["transferred", "call-over", "call-over by the agent", "phone-hung-up"] {
            let call = running_call(&lab, &live).await;
            let held = control.start(listen("201")).await.expect("attached");
            match how {
                "transferred" => lab.phone("101").transfer("108").await.expect("transferred"),
                "call-over" => call.hang_up().await.expect("hung up"),
                "phone-hung-up" => lab.phone("201").hang_up().await.expect("hung up"),
                _ => lab.phone("101").hang_up().await.expect("hung up"),
            }
            let word = how.split(' ').next().expect("a word");
            assert_eq!(ended(&control, &held.id).await, word, "{how}");
            free_again(&lab, &live).await;
        }

        let call = running_call(&lab, &live).await;
        let phones = supervisor_phones();
        let short = Control::lasting(vec![live.clone()], phones, store.clone(), Duration::from_secs(2));
        let held = short.start(listen("201")).await.expect("attached");
        assert_eq!(ended(&short, &held.id).await, "time-limit");
        lab.phone("201").wait_idle(LONG).await.expect("the phone is free again");

        let held = control.start(listen("201")).await.expect("attached");
        control.end().await;
        assert_eq!(ended(&control, &held.id).await, "shutdown");
        lab.phone("201").wait_idle(LONG).await.expect("the phone is free again");
        assert_eq!(control.start(listen("201")).await.expect_err("it ends").kind(), "forbidden");
        call.hang_up().await.expect("hung up");
        free_again(&lab, &live).await;
        assert_eq!(store.journal_verify().await.expect("a verdict").open, 0);
        let rows = journal(&store).await;
        let told = |sentence: &str| rows.iter().any(|row| row.result.as_deref() == Some(sentence));
        assert!(
            told("It has run for 2 seconds, as long as one may.") && told("The call is over."),
            "{rows:#?}"
        );
        let _ = stop.send(true);
    });
}

/// The way to Asterisk, which can be cut.
struct Wire {
    address: SocketAddr,
    whole: watch::Sender<bool>,
}

impl Wire {
    async fn lay(to: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let whole = watch::Sender::new(true);
        let state = whole.subscribe();
        tokio::spawn(async move {
            while let Ok((mut here, _)) = listener.accept().await {
                let mut state = state.clone();
                tokio::spawn(async move {
                    let Ok(mut there) = TcpStream::connect(to).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut here, &mut there) => {}
                        _ = state.wait_for(|whole| !*whole) => {}
                    }
                });
            }
        });
        Self { address, whole }
    }
}

/// An AsterFlow that can be killed: its link over the wire, its control.
struct Run {
    live: Live,
    control: Control,
    stop: watch::Sender<bool>,
}

impl Run {
    async fn start(lab: &Lab, wire: &Wire, store: &Store) -> Self {
        let stop = watch::Sender::new(false);
        let mut user = ami(lab, &ASTERFLOW);
        let address = wire.address;
        user.hosts = vec![HostPort { host: address.ip().to_string(), port: address.port() }];
        let live = live::start("lab".into(), user, &supervisor_phones(), no_wrap_ups(), stop.subscribe());
        let control = Control::new(vec![live.clone()], supervisor_phones(), store.clone());
        control.resume().await.expect("the journal can be read");
        first_picture(&live).await;
        Self { live, control, stop }
    }

    /// Without a word to anybody.
    async fn kill(self) {
        let Self { live, control, stop } = self;
        stop.send_replace(true);
        let mut turns = live.turns.clone();
        drop((live, control));
        while turns.changed().await.is_ok() {}
    }
}

fn is(state: SupervisionState, id: &Supervision) -> impl Fn(&Supervision) -> bool {
    let id = id.id.clone();
    move |held| held.id == id && held.state == state
}

#[test]
fn listening_is_found_again_after_a_lost_link_and_a_restart_or_is_known_to_be_over() {
    alone(async {
        let mut lab = lab().await;
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("a store");
        let wire = Wire::lay(lab.asterisk.ami_address()).await;
        let run = Run::start(&lab, &wire, &store).await;
        let call = running_call(&lab, &run.live).await;
        lab.phone("201").behave(Behaviour::answer_after_ms(100)).await.expect("a phone");

        let run = over_a_lost_link(&lab, &wire, run).await;
        let run = over_a_restart_of_ours(&lab, &wire, &store, run).await;
        let run = gone_or_ringing_at_a_restart(&lab, &wire, &store, run).await;

        let held = run.control.start(listen("201")).await.expect("attached");
        lab.restart_asterisk(true).await.expect("Asterisk comes back");
        assert_eq!(ended(&run.control, &held.id).await, "pbx-restarted");
        nobody_listens(&lab).await;
        assert_eq!(store.journal_verify().await.expect("a verdict").open, 0, "{:#?}", journal(&store).await);
        drop(call);
        run.kill().await;
    });
}

async fn over_a_lost_link(lab: &Lab, wire: &Wire, run: Run) -> Run {
    let held = run.control.start(listen("201")).await.expect("attached");
    wire.whole.send_replace(false);
    until_held(&run.control, "lost", is(SupervisionState::Lost, &held)).await;
    let error = run.control.set_mode(&held.id, Mode::Barge, &tester()).await.expect_err("no link");
    assert_eq!(error.kind(), "link-down");
    assert_eq!(run.control.start(listen("202")).await.expect_err("no link").kind(), "link-down");
    wire.whole.send_replace(true);
    until_held(&run.control, "found again", is(SupervisionState::Attached, &held)).await;
    let barge = run.control.set_mode(&held.id, Mode::Barge, &tester()).await.expect("changed");
    assert_eq!(barge.mode, Some(Mode::Barge));

    wire.whole.send_replace(false);
    until_held(&run.control, "lost", is(SupervisionState::Lost, &held)).await;
    lab.phone("201").hang_up().await.expect("hung up");
    lab.phone("201").wait_idle(LONG).await.expect("idle");
    wire.whole.send_replace(true);
    assert_eq!(ended(&run.control, &held.id).await, "link-lost");

    // Who wishes the end while the link is down gets it once it is back.
    first_picture(&run.live).await;
    let held = run.control.start(listen("201")).await.expect("attached");
    wire.whole.send_replace(false);
    until_held(&run.control, "lost", is(SupervisionState::Lost, &held)).await;
    assert_eq!(run.control.stop(&held.id, &tester()).await.expect_err("no link").kind(), "link-down");
    wire.whole.send_replace(true);
    assert_eq!(ended(&run.control, &held.id).await, "by-us");
    lab.phone("201").wait_idle(LONG).await.expect("idle");
    run
}

async fn over_a_restart_of_ours(lab: &Lab, wire: &Wire, store: &Store, run: Run) -> Run {
    let held = run.control.start(listen("201")).await.expect("attached");
    run.control.set_mode(&held.id, Mode::Whisper, &tester()).await.expect("changed");
    run.kill().await;
    assert_eq!(store.journal_verify().await.expect("a verdict").open, 1);
    let run = Run::start(lab, wire, store).await;
    let again = until_held(&run.control, "found again", is(SupervisionState::Attached, &held)).await;
    assert_eq!((again.mode, again.actor.as_str(), again.foreign), (Some(Mode::Whisper), "tester", false));
    assert_eq!(run.control.list().len(), 1, "{:#?}", run.control.list());
    run.control.set_mode(&held.id, Mode::Barge, &tester()).await.expect("changed");
    run.control.stop(&held.id, &tester()).await.expect("stopped");
    assert_eq!(ended(&run.control, &held.id).await, "by-us");
    lab.phone("201").wait_idle(LONG).await.expect("idle");
    assert_eq!(store.journal_verify().await.expect("a verdict").open, 0);
    run
}

async fn gone_or_ringing_at_a_restart(lab: &Lab, wire: &Wire, store: &Store, run: Run) -> Run {
    let held = run.control.start(listen("201")).await.expect("attached");
    lab.phone("202").behave(Behaviour::Ring).await.expect("a phone");
    let control = run.control.clone();
    let rings = tokio::spawn(async move { control.start(listen("202")).await });
    lab.phone("202").wait_ringing(LONG).await.expect("it rings");
    run.control.list();
    rings.abort();
    run.kill().await;
    lab.phone("201").hang_up().await.expect("hung up");
    let run = Run::start(lab, wire, store).await;
    assert_eq!(ended(&run.control, &held.id).await, "not-running");
    lab.phone("202").wait_idle(LONG).await.expect("it rings no more");
    let of_202 = until_held(&run.control, "over", |one| one.supervisor == "202" && one.ended.is_some()).await;
    assert_eq!(of_202.ended.map(|ended| ended.reason.kind()), Some("restarted"));
    nobody_listens(lab).await;
    run
}
