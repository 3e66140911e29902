//! This project's own client against the simulated PBX: the floor, listening, and healing.

use tokio::sync::watch;
use tokio::time::timeout;

use super::{Bench, LONG, Raw, SECRET, USER, shared};
use crate::config::{Ami, HostPort, Secret, SupervisorPhone, Tls};
use crate::domain::control::{Mode, Request, SupervisionState, Target};
use crate::domain::ids::{Interface, PbxName};
use crate::domain::link::LinkState;
use crate::domain::live::snapshot::{BoardState, MemberSnapshot, Snapshot, SubState};
use crate::sim::ami::{Fault, ask_fault};
use crate::store::Store;
use crate::tasks::control::Control;
use crate::tasks::live::{self, Live};

fn phones() -> Vec<SupervisorPhone> {
    let (extension, channel, name) = ("201".into(), "PJSIP/201".into(), "Desk 201".into());
    vec![SupervisorPhone { extension, channel, name }]
}

fn connect(bench: &Bench, stop: &watch::Sender<bool>) -> Live {
    connect_as(USER, bench, stop)
}

fn connect_as(user: &str, bench: &Bench, stop: &watch::Sender<bool>) -> Live {
    let host = HostPort { host: "127.0.0.1".into(), port: bench.address.port() };
    let (tls, secret) = (Tls::Off, Secret::new(SECRET));
    let ami = Ami { hosts: vec![host], tls, username: user.into(), secret };
    live::start(PbxName::new("sim"), ami, &phones(), shared(Default::default()), stop.subscribe())
}

async fn until(live: &Live, what: &str, is_so: impl Fn(&Snapshot) -> bool) {
    let mut floor = live.snapshot.clone();
    let found = timeout(LONG * 2, floor.wait_for(|floor| is_so(floor))).await;
    assert!(found.is_ok(), "not in time: {what}: {:#?}", live.snapshot.borrow());
}

fn member(floor: &Snapshot, interface: &str) -> Option<MemberSnapshot> {
    let mut members = floor.queues.iter().flat_map(|queue| &queue.members);
    members.find(|member| member.interface == Interface::new(interface)).cloned()
}

fn is_live(floor: &Snapshot) -> bool {
    floor.ami.state == LinkState::Live
}

async fn strike(bench: &Bench, fault: Fault) {
    ask_fault(bench.address, USER, &Secret::new(SECRET), fault).await.expect("it begins");
}

/// Bob pauses, or returns: what happens after a fault has to be seen.
async fn pause_bob(bench: &Bench, paused: bool) {
    let mut raw = Raw::log_in(bench, "full").await;
    let answer = raw.ask(&format!("Action: QueuePause\nInterface: PJSIP/102\nPaused: {paused}")).await;
    assert!(answer.contains("Success"), "{answer}");
}

fn bob_is(state: BoardState) -> impl Fn(&Snapshot) -> bool {
    move |floor| is_live(floor) && member(floor, "PJSIP/102").is_some_and(|bob| bob.state == state)
}

#[tokio::test]
async fn the_floor_is_the_scripted_one() {
    let (bench, stop) = (Bench::start().await, watch::Sender::new(false));
    let live = connect(&bench, &stop);
    until(&live, "live", is_live).await;
    let floor = live.snapshot.borrow().clone();
    assert_eq!(floor.ami.detail, None, "no right is missing");
    let queue = &floor.queues[0];
    assert_eq!((floor.queues.len(), queue.name.as_str(), queue.waiting.len()), (1, "sales", 1));
    assert_eq!((queue.waiting[0].number.as_str(), queue.waiting[0].name.as_str()), ("5550002", ""));
    let alice = member(&floor, "PJSIP/101").expect("a member");
    assert_eq!((alice.state, alice.sub_state), (BoardState::Busy, SubState::Talking));
    let partner = alice.partner.expect("a partner");
    assert_eq!((partner.number.as_str(), partner.name.as_str()), ("5550001", "C \"one\""));
    assert_eq!(alice.legs.len(), 1);
    let pat = member(&floor, "PJSIP/103").expect("a member");
    assert_eq!((pat.name.as_str(), pat.state), ("Pat O'Brien", BoardState::Paused));
    pause_bob(&bench, true).await;
    until(&live, "Bob paused", bob_is(BoardState::Paused)).await;
}

#[tokio::test]
async fn a_supervisor_attaches_changes_the_mode_and_ends() {
    let (bench, stop) = (Bench::start().await, watch::Sender::new(false));
    let live = connect(&bench, &stop);
    until(&live, "live", is_live).await;
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).expect("a store");
    let control = Control::new(vec![live.clone()], phones(), store);
    let request = Request {
        pbx: None,
        target: Target::Agent(Interface::new("PJSIP/101")),
        mode: Mode::Listen,
        supervisor: "201".into(),
        actor: "tester".into(),
        origin: "wall".into(),
    };
    let started = control.start(request).await.expect("attached");
    assert_eq!((started.state, started.channel.as_str()), (SupervisionState::Attached, "1795330864.2"));
    until(&live, "a listener", |floor| {
        member(floor, "PJSIP/101").is_some_and(|alice| !alice.listeners.is_empty())
    })
    .await;
    let whispers = control.set_mode(&started.id, Mode::Whisper).await.expect("reported");
    assert_eq!(whispers.mode, Mode::Whisper);
    let ended = control.stop(&started.id).await.expect("ended");
    assert_eq!(ended.state, SupervisionState::Ended);
}

#[tokio::test]
async fn a_dropped_connection_heals() {
    let (bench, stop) = (Bench::start().await, watch::Sender::new(false));
    let live = connect(&bench, &stop);
    until(&live, "live", is_live).await;
    strike(&bench, Fault::Drop).await;
    until(&live, "lost", |floor| !is_live(floor)).await;
    pause_bob(&bench, true).await;
    until(&live, "live, and what happened meanwhile", bob_is(BoardState::Paused)).await;
}

#[tokio::test]
async fn a_restart_heals_and_all_calls_are_gone() {
    let (bench, stop) = (Bench::start().await, watch::Sender::new(false));
    let live = connect(&bench, &stop);
    until(&live, "live", is_live).await;
    strike(&bench, Fault::Restart).await;
    until(&live, "lost", |floor| !is_live(floor)).await;
    until(&live, "live without calls", |floor| {
        let alice = member(floor, "PJSIP/101");
        is_live(floor)
            && alice.is_some_and(|alice| alice.state == BoardState::Online && alice.legs.is_empty())
    })
    .await;
    assert!(live.snapshot.borrow().queues[0].waiting.is_empty());
}

#[tokio::test]
async fn a_stall_is_noticed_and_heals() {
    let (bench, stop) = (Bench::start().await, watch::Sender::new(false));
    let live = connect(&bench, &stop);
    until(&live, "live", is_live).await;
    strike(&bench, Fault::Stall { seconds: 13 }).await;
    until(&live, "lost by silence", |floor| !is_live(floor)).await;
    let why = live.snapshot.borrow().ami.detail.clone().unwrap_or_default();
    assert!(why.contains("silent"), "{why}");
    until(&live, "live again", is_live).await;
}

#[tokio::test]
async fn noise_pieces_and_a_flood_change_nothing() {
    let (bench, stop) = (Bench::start().await, watch::Sender::new(false));
    let live = connect(&bench, &stop);
    until(&live, "live", is_live).await;
    strike(&bench, Fault::Garbage).await;
    pause_bob(&bench, true).await;
    until(&live, "Bob paused after garbage", bob_is(BoardState::Paused)).await;
    strike(&bench, Fault::Trickle { seconds: 1 }).await;
    pause_bob(&bench, false).await;
    until(&live, "Bob back in single bytes", bob_is(BoardState::Online)).await;
    strike(&bench, Fault::Flood { events_per_second: 5_000, seconds: 2 }).await;
    pause_bob(&bench, true).await;
    until(&live, "Bob paused in a flood", bob_is(BoardState::Paused)).await;
    let alice = member(&live.snapshot.borrow(), "PJSIP/101").expect("a member");
    assert_eq!(alice.sub_state, SubState::Talking);
}

#[tokio::test]
async fn what_events_did_not_tell_a_picture_corrects_and_it_is_counted() {
    let (bench, stop) = (Bench::start().await, watch::Sender::new(false));
    // This login hears of calls and not of queues.
    let live = connect_as("half", &bench, &stop);
    until(&live, "live", is_live).await;
    assert_eq!(live.snapshot.borrow().corrected, 0, "the first picture corrects nothing");
    pause_bob(&bench, true).await;
    until(&live, "Bob paused by the next picture", bob_is(BoardState::Paused)).await;
    let corrected = live.snapshot.borrow().corrected;
    assert_eq!(corrected, 2, "state and paused");
}
