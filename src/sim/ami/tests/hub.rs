//! The hub alone, with simulated time: no sockets, no waiting.

use std::sync::Arc;

use tokio::sync::mpsc::error::TryRecvError;

use super::{SECRET, Scripted, USER};
use crate::config::Secret;
use crate::domain::time::{Moment, Tick};
use crate::sim::ami::connection::{Heard, OUTBOX, Out};
use crate::sim::ami::hub::{Admitted, Hub};
use crate::sim::ami::request::{Asked, Request};
use crate::sim::ami::{Account, Settings};

fn tick(millis: i64) -> Tick {
    Tick::from_millis(millis)
}

fn hub() -> Hub {
    let settings = Settings::new(0, [Account::for_wall(USER, Secret::new(SECRET))]);
    Hub::new(Box::new(Scripted::new(0)), settings, Moment::at_millis(0))
}

fn say(hub: &mut Hub, client: &Admitted, text: &str, now: Tick) {
    hub.hear(client.id, Heard::Asked(Asked::Action(Request::of(text))), now);
}

fn log_in(hub: &mut Hub, now: Tick) -> Admitted {
    let client = hub.connect(now).expect("room");
    say(hub, &client, &format!("Action: Login\nUsername: {USER}\nSecret: {SECRET}"), now);
    client
}

/// What is in the outbox, as text.
fn read(client: &mut Admitted) -> String {
    let mut text = String::new();
    while let Ok(out) = client.outbox.try_recv() {
        if let Out::Bytes(bytes) = out {
            text.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    text
}

#[test]
fn a_client_that_does_not_read_is_cut_and_the_others_miss_nothing() {
    let mut hub = hub();
    let (mut reader, mut sleeper) = (log_in(&mut hub, tick(0)), log_in(&mut hub, tick(0)));
    read(&mut reader);
    let mut heard = 0;
    for turn in 0..=OUTBOX {
        let paused = turn % 2 == 0;
        say(
            &mut hub,
            &reader,
            &format!("Action: QueuePause\nInterface: PJSIP/102\nPaused: {paused}"),
            tick(1),
        );
        heard += read(&mut reader).matches("Event: QueueMemberPause\r\n").count();
    }
    assert_eq!(heard, OUTBOX + 1);
    assert!(sleeper.cut.try_recv().is_ok(), "it is cut");
    let mut kept = 0;
    while sleeper.outbox.try_recv().is_ok() {
        kept += 1;
    }
    assert_eq!((kept, sleeper.outbox.try_recv().err()), (OUTBOX, Some(TryRecvError::Disconnected)));
    assert!(reader.cut.try_recv().is_err());
}

#[test]
fn an_event_is_spelled_once_for_everybody() {
    let mut hub = hub();
    let (mut one, mut other) = (log_in(&mut hub, tick(0)), log_in(&mut hub, tick(0)));
    read(&mut one);
    read(&mut other);
    say(&mut hub, &one, "Action: QueuePause\nInterface: PJSIP/102\nPaused: 1", tick(1));
    let answer = one.outbox.try_recv();
    assert!(matches!(answer, Ok(Out::Bytes(bytes)) if bytes.starts_with(b"Response: Success")));
    let (Ok(Out::Bytes(first)), Ok(Out::Bytes(second))) = (one.outbox.try_recv(), other.outbox.try_recv())
    else {
        panic!("both hear it")
    };
    assert!(Arc::ptr_eq(&first, &second));
}

#[test]
fn strangers_are_few_and_do_not_stay() {
    let mut hub = hub();
    hub.turn(tick(0));
    let mut strangers: Vec<Admitted> = (0..50).filter_map(|_| hub.connect(tick(0))).collect();
    assert_eq!(strangers.len(), 50);
    assert!(hub.connect(tick(0)).is_none(), "authlimit");
    hub.hear(strangers[0].id, Heard::Closed, tick(1));
    let mut known = log_in(&mut hub, tick(1));
    assert_eq!(hub.next_timeout(tick(1)), tick(30_000));
    hub.turn(tick(29_999));
    assert!(strangers[1].cut.try_recv().is_err(), "not yet");
    hub.turn(tick(30_000));
    assert!(strangers.iter_mut().skip(1).all(|stranger| stranger.cut.try_recv().is_ok()), "authtimeout");
    assert!(known.cut.try_recv().is_err());
}

#[test]
fn the_pbx_is_moved_when_something_is_due() {
    let mut hub = hub();
    hub.turn(tick(0));
    let mut client = log_in(&mut hub, tick(0));
    say(&mut hub, &client, "Action: PlayDTMF\nChannel: 1795330864.2\nDigit: 5", tick(1_000));
    read(&mut client);
    assert_eq!(hub.next_timeout(tick(1_000)), tick(1_020));
    hub.turn(tick(1_019));
    assert_eq!(read(&mut client), "");
    hub.turn(tick(1_020));
    let text = read(&mut client);
    assert!(text.starts_with("Event: DTMFEnd\r\nPrivilege: dtmf,all\r\nTimestamp: 1.020000\r\n"), "{text}");
}
