//! One floor for the tests of the views: two queues, four agents, two callers, some figures of today.

use std::sync::Arc;

use crate::domain::alarm::{Alarm, Alarms, Kind, Limit, Limits, Measure, QueueAlarms, Step};
use crate::domain::history::figures::{AgentFigures, QueueFigures, Today};
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::live::snapshot::{
    BoardState, MemberSnapshot, Partner, QueueSnapshot, Snapshot, SubState, WaitingCaller,
};
use crate::domain::time::Moment;

use super::Picture;

/// The moment `seconds` after the zero of both clocks.
pub(crate) fn at(seconds: i64) -> Moment {
    Moment::at_millis(seconds * 1000)
}

/// A source that is up.
pub(crate) fn live(now: Moment) -> LinkStatus {
    LinkStatus {
        state: LinkState::Live,
        since: now,
        fresh_at: Some(now),
        detail: None,
        host: None,
        note: None,
    }
}

fn member(name: &str, state: BoardState, sub_state: SubState, since: i64) -> MemberSnapshot {
    let paused = state == BoardState::Paused;
    MemberSnapshot {
        state,
        sub_state,
        paused,
        paused_reason: paused.then(|| "Lunch".to_owned()),
        ..MemberSnapshot::free(&format!("PJSIP/{name}"), name, at(since))
    }
}

fn waiting(position: u32, number: &str, since: i64) -> WaitingCaller {
    WaitingCaller {
        position,
        number: number.to_owned(),
        name: String::new(),
        since: at(since),
        channel: "1.1".into(),
        channel_name: "PJSIP/trunk-00000001".into(),
        priority: Some(0),
    }
}

/// Sales since 90 s: two wait (a warning), the first too long (an alarm), the service level is low. Support is calm.
fn alarms() -> Alarms {
    let limits = Limits { waiting: Limit::new(2, 9), longest_wait: Limit::new(20, 60), ..Limits::default() };
    let alarm = |kind, step, measure, limit| Alarm { kind, step, measure, limit, since: at(90) };
    let raised = vec![
        alarm(Kind::LongestWait, Step::Critical, Measure::From(Some(at(30))), 60),
        alarm(Kind::Waiting, Step::Warning, Measure::Count(2), 2),
        alarm(Kind::ServiceLevel, Step::Warning, Measure::Share(0.75), 80),
    ];
    let sales = QueueAlarms { limits, quiet_until: None, raised };
    let support = QueueAlarms { limits, quiet_until: None, raised: Vec::new() };
    Alarms { queues: [("Sales".into(), sales), ("Support".into(), support)].into() }
}

/// At 100 s: Alice talks since 60 s and is heard, Bob rings, Carol is paused in Sales only, Dave is free.
pub(crate) fn picture() -> Picture {
    let mut alice = member("Alice", BoardState::Busy, SubState::Talking, 60);
    alice.partner = Some(Partner { number: "5550001".to_owned(), name: String::new() });
    alice.listeners = vec!["Desk 201".to_owned()];
    let carol = member("Carol", BoardState::Paused, SubState::Free, 10);
    let mut carol_in_support = member("Carol", BoardState::Online, SubState::Free, 10);
    carol_in_support.paused = false;
    let sales = QueueSnapshot {
        name: "Sales".into(),
        strategy: "ringall".to_owned(),
        service_level_seconds: None,
        waiting: vec![waiting(1, "5550002", 30), waiting(2, "", 90)],
        members: vec![
            alice,
            member("Bob", BoardState::Busy, SubState::Ringing, 95),
            carol,
            member("Dave", BoardState::Online, SubState::Free, 0),
        ],
    };
    let support = QueueSnapshot {
        name: "Support".into(),
        strategy: "linear".to_owned(),
        service_level_seconds: Some(30),
        waiting: Vec::new(),
        members: vec![carol_in_support],
    };
    let figures = QueueFigures {
        offered: 10,
        answered: 7,
        abandoned: 2,
        service_level_s: Some(20),
        service_level_a: Some(0.75),
        average_speed_of_answer_s: Some(8.2),
        ..QueueFigures::default()
    };
    let today = Today {
        pbx: Some("pbx".into()),
        queues: [("sales".into(), figures)].into(),
        agents: [("Alice".into(), AgentFigures { answered: 4, ..AgentFigures::default() })].into(),
    };
    let snapshot = Snapshot {
        pbx: "pbx".into(),
        as_of: at(100),
        ami: live(at(0)),
        known: true,
        corrected: 0,
        queues: vec![sales, support],
        spies: Vec::new(),
        booted: None,
        lists_channels: true,
    };
    Picture {
        live: Arc::new(snapshot),
        today: Arc::new(today),
        alarms: Arc::new(alarms()),
        database: live(at(98)),
        address: "pbx.example:5039".to_owned(),
        service_level_seconds: 20,
    }
}
