//! Faults of one connection to one PBX.

use std::time::Duration;

use asterflow::domain::link::LinkState;
use asterflow::sim::ami::Fault;

use super::{AT_ONCE, Link, Process, SOON, Sim, free_port};

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_is_marked_at_once_and_comes_back() {
    let sim = Sim::start().await;
    let link = Link::up(&[sim.address]).await;
    sim.fault(Fault::Drop).await;
    link.is_marked(AT_ONCE).await;
    link.heals().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_is_said_at_once_and_the_board_comes_when_app_queue_is_there() {
    let sim = Sim::start().await;
    let link = Link::up(&[sim.address]).await;
    sim.fault(Fault::Restart).await;
    link.is_marked(AT_ONCE).await;
    let why = link.floor().ami.detail.clone().expect("a sentence");
    assert!(why.contains("shutting down"), "{why}");
    link.heals().await;
    assert!(!link.floor().queues.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pbx_that_stands_still_is_marked_and_healed_within_fifteen_seconds() {
    let mut pbx = Process::start(free_port().await.port()).await;
    let link = Link::up(&[pbx.address]).await;
    pbx.signal("STOP").await;
    link.is_marked(SOON).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(link.floor().ami.state, LinkState::Lost, "a kernel that takes connections is no PBX");
    pbx.signal("CONT").await;
    link.heals().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_byte_at_a_time_loses_nothing() {
    let sim = Sim::start().await;
    let link = Link::up(&[sim.address]).await;
    sim.fault(Fault::Trickle { seconds: 5 }).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    link.heals().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_between_events_loses_nothing() {
    let sim = Sim::start().await;
    let link = Link::up(&[sim.address]).await;
    for _ in 0..20 {
        sim.fault(Fault::Garbage).await;
    }
    link.heals().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_pbx_is_marked_at_once_and_its_successor_is_found() {
    let mut pbx = Process::start(free_port().await.port()).await;
    let link = Link::up(&[pbx.address]).await;
    pbx.signal("KILL").await;
    link.is_marked(AT_ONCE).await;
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert!(link.floor().ami.detail.as_ref().is_some_and(|why| why.contains("not reachable")));
    let _again = Process::start(pbx.address.port()).await;
    link.heals().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pbx_that_is_not_there_at_the_start_is_found_when_it_comes() {
    let address = free_port().await;
    let link = Link::to(&[address]);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let floor = link.floor();
    assert_eq!((floor.ami.state, floor.known), (LinkState::Connecting, false));
    assert!(floor.ami.detail.as_ref().is_some_and(|why| why.contains("not reachable")), "{:?}", floor.ami);
    let _sim = Sim::at(address.port(), super::SECRET, 7).await;
    link.heals().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_costs_no_memory_and_leaves_the_board_right() {
    let sim = Sim::start().await;
    let link = Link::up(&[sim.address]).await;
    let before = resident();
    sim.fault(Fault::Flood { events_per_second: 50_000, seconds: 6 }).await;
    let mut most = 0;
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        most = most.max(resident().saturating_sub(before));
    }
    link.heals().await;
    eprintln!("at most {} MB more", most >> 20);
    assert!(most < 200 << 20, "{} MB more", most >> 20);
}

/// Memory of this process with everything that runs in it, bytes.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("statm");
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("pages") * 4096
}
