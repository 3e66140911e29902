//! What a client sees of each fault.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::{Bench, LONG, Raw, SECRET, USER};
use crate::clock;
use crate::config::Secret;
use crate::sim::ami::{AskError, Fault, ask_fault};

async fn strike(bench: &Bench, fault: Fault) {
    ask_fault(bench.address, USER, &Secret::new(SECRET), fault).await.expect("it begins");
}

#[tokio::test]
async fn drop_breaks_every_connection_and_new_ones_work() {
    let bench = Bench::start().await;
    let (mut one, mut other) = (Raw::log_in(&bench, "full").await, Raw::log_in(&bench, USER).await);
    other.until("Event: FullyBooted").await;
    one.until("Event: FullyBooted").await;
    strike(&bench, Fault::Drop).await;
    assert!(one.is_closed().await && other.is_closed().await);
    Raw::log_in(&bench, "full").await;
}

#[tokio::test]
async fn a_stall_keeps_connections_and_says_nothing() {
    let bench = Bench::start().await;
    let mut raw = Raw::log_in(&bench, "full").await;
    raw.until("Event: FullyBooted").await;
    let before = clock::now().tick;
    strike(&bench, Fault::Stall { seconds: 1 }).await;
    raw.send("Action: Ping\nActionID: late").await;
    let mut second = Raw::connect(&bench).await;
    assert!(clock::now().tick.since(before) >= 950, "a new client waits for its greeting");
    assert!(raw.until("Response: ").await.contains("ActionID: late\nPing: Pong"));
    assert!(second.ask("Action: Ping").await.contains("Permission denied"));
}

#[tokio::test]
async fn a_restart_is_announced_and_takes_its_time() {
    let bench = Bench::start().await;
    let mut raw = Raw::log_in(&bench, "full").await;
    raw.until("Event: FullyBooted").await;
    strike(&bench, Fault::Restart).await;
    assert!(raw.message().await.ends_with("Shutdown: Cleanly\nRestart: True"));
    assert!(raw.is_closed().await);
    let refused = ask_fault(bench.address, USER, &Secret::new(SECRET), Fault::Drop).await;
    assert!(matches!(refused, Err(AskError::Away(_))), "nobody listens: {refused:?}");
    let before = clock::now().tick;
    while tokio::net::TcpStream::connect(bench.address).await.is_err() {
        assert!(clock::now().tick.since(before) < 10_000);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(clock::now().tick.since(before) >= 1_500);
    let mut raw = Raw::log_in(&bench, "full").await;
    let early = raw.ask("Action: QueueStatus").await;
    assert!(early.contains("Message: Invalid/unknown command: QueueStatus."), "{early}");
    let booted = raw.until("Event: FullyBooted").await;
    assert!(
        booted.contains("\nTimestamp: ") && booted.contains("Status: Fully Booted\nUptime: "),
        "{booted}"
    );
    raw.list("Action: QueueStatus", "QueueStatusComplete").await;
    let channels = raw.list("Action: CoreShowChannels", "CoreShowChannelsComplete").await;
    assert_eq!(channels.len(), 2, "all calls are gone");
}

#[tokio::test]
async fn a_flood_comes_at_its_rate_and_spares_who_hears_nothing() {
    let bench = Bench::start().await;
    let mut raw = Raw::log_in(&bench, "full").await;
    raw.until("Event: FullyBooted").await;
    let mut silent = Raw::log_in(&bench, USER).await;
    silent.ask("Action: Events\nEventMask: off").await;
    let (rate, seconds) = (50_000, 2);
    strike(&bench, Fault::Flood { events_per_second: rate, seconds }).await;
    let (mut bytes, mut events, mut tail) = (vec![0_u8; 256 * 1024], 0, Vec::new());
    let before = clock::now().tick;
    while let Ok(Ok(count @ 1..)) = timeout(Duration::from_millis(700), raw.socket.read(&mut bytes)).await {
        tail.extend_from_slice(&bytes[..count]);
        events += tail.windows(4).filter(|end| end == b"\r\n\r\n").count();
        tail.drain(..tail.len().saturating_sub(3));
    }
    let expected = (rate * seconds) as usize;
    assert!((expected * 90 / 100..=expected * 102 / 100).contains(&events), "{events} of {expected}");
    assert!(clock::now().tick.since(before) < 20_000);
    assert!(silent.ask("Action: Ping\nActionID: q").await.contains("ActionID: q\nPing: Pong"));
}

#[tokio::test]
async fn a_trickle_comes_in_small_pieces_and_ends() {
    let bench = Bench::start().await;
    let mut raw = Raw::log_in(&bench, "full").await;
    raw.until("Event: FullyBooted").await;
    strike(&bench, Fault::Trickle { seconds: 2 }).await;
    raw.send("Action: QueueStatus\nActionID: t").await;
    let (mut bytes, mut text, mut reads) = (vec![0_u8; 64 * 1024], Vec::new(), 0);
    while !text.ends_with(b"ListItems: 5\r\n\r\n") {
        let count = timeout(LONG, raw.socket.read(&mut bytes)).await.expect("in time").expect("bytes");
        text.extend_from_slice(&bytes[..count]);
        reads += 1;
    }
    assert!(text.len() > 1_000 && text.len() / reads < 100, "{} bytes in {reads} reads", text.len());
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    raw.send("Action: QueueStatus\nActionID: t").await;
    let count = timeout(LONG, raw.socket.read(&mut bytes)).await.expect("in time").expect("bytes");
    assert!(count > 1_000, "whole again: {count}");
}

#[tokio::test]
async fn garbage_and_single_bytes_leave_the_stream_whole_behind_them() {
    let bench = Bench::start().await;
    let mut raw = Raw::log_in(&bench, "full").await;
    raw.until("Event: FullyBooted").await;
    strike(&bench, Fault::Trickle { seconds: 1 }).await;
    let all = raw.list("Action: QueueStatus\nActionID: t", "QueueStatusComplete").await;
    assert_eq!(all.len(), 7);
    strike(&bench, Fault::Garbage).await;
    raw.send("Action: Ping\nActionID: after").await;
    let found = timeout(LONG, async { while !raw.line().await.contains("ActionID: after") {} }).await;
    assert!(found.is_ok());
}

#[tokio::test]
async fn a_wrong_secret_brings_no_fault_about() {
    let bench = Bench::start().await;
    let refused = ask_fault(bench.address, USER, &Secret::new("wrong"), Fault::Drop).await;
    let Err(AskError::Refused(_, why)) = refused else { panic!("{refused:?}") };
    assert_eq!(why, "Authentication failed");
    let mut raw = Raw::log_in(&bench, "full").await;
    let answer = raw.ask("Action: SimFault\nFault: fire").await;
    assert!(answer.starts_with("Response: Error\nMessage: There is no fault \"fire\"."), "{answer}");
}
