use super::*;
use crate::domain::alarm::{Limit, Measure, QueueAlarms};
use crate::domain::history::figures::AgentFigures;
use crate::domain::ids::{AgentName, Interface, PbxName, QueueName, UniqueId};
use crate::domain::live::snapshot;

/// 2026-11-22T09:31:07Z
fn now() -> Moment {
    Moment::at_millis(1_795_339_867_000)
}

fn floor() -> Snapshot {
    let mut ami = LinkStatus::connecting(now().minus_seconds(100));
    ami.enter(LinkState::Live, None, now().minus_seconds(60));
    let member = MemberSnapshot {
        interface: Interface::new("PJSIP/101"),
        name: AgentName::new("Alice \"A\" Adams"),
        state: BoardState::Busy,
        sub_state: SubState::Talking,
        since: now().minus_seconds(30),
        paused: false,
        paused_reason: None,
        penalty: 0,
        dynamic: false,
        partner: Some(snapshot::Partner { number: "5550001".into(), name: "C".into() }),
        channel: Some(UniqueId::new("1795330864.4")),
        legs: Vec::new(),
        leg_partners: Vec::new(),
        listeners: vec!["201".into()],
        wrap_up_until: None,
        phones: Vec::new(),
    };
    let caller = WaitingCaller {
        position: 1,
        number: "5550001".into(),
        name: "C".into(),
        since: now().minus_seconds(12),
        channel: UniqueId::new("1795330864.3"),
        channel_name: "PJSIP/trunk-00000000".into(),
        priority: Some(0),
    };
    Snapshot {
        pbx: PbxName::new("pbx"),
        as_of: now(),
        ami,
        known: true,
        corrected: 0,
        spies: Vec::new(),
        booted: None,
        lists_channels: true,
        queues: vec![QueueSnapshot {
            name: QueueName::new("sales"),
            strategy: "ringall".into(),
            service_level_seconds: None,
            waiting: vec![caller],
            members: vec![member],
        }],
    }
}

fn alarms() -> Alarms {
    let limits = Limits { waiting: Limit { warning: Some(1), critical: None }, ..Limits::default() };
    let since = now().minus_seconds(12);
    let alarm = |kind, measure, limit| Alarm { kind, step: Step::Warning, measure, limit, since };
    let raised = vec![
        alarm(Kind::LongestWait, Measure::From(Some(now().minus_seconds(72))), 60),
        alarm(Kind::Waiting, Measure::Count(1), 1),
        alarm(Kind::ServiceLevel, Measure::Share(0.75), 80),
    ];
    let quiet_until = Some("2026-11-22T12:00[Europe/Berlin]".parse().expect("a time"));
    Alarms { queues: [("sales".into(), QueueAlarms { limits, quiet_until, raised })].into() }
}

fn json(today: &Today) -> serde_json::Value {
    let floor = floor();
    let database = LinkStatus {
        state: LinkState::Lost,
        since: now().minus_seconds(9),
        fresh_at: Some(now().minus_seconds(14)),
        detail: Some("Gone.".into()),
        host: None,
        note: None,
    };
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    let alarms = alarms();
    let inputs = [LiveInput {
        snapshot: &floor,
        today,
        alarms: &alarms,
        database: &database,
        zone: &zone,
        service_level_s: 20,
    }];
    serde_json::to_value(live(&inputs, now())).expect("JSON")
}

#[test]
fn the_live_document_has_the_agreed_fields_and_meanings() {
    let mut today = Today { pbx: Some(PbxName::new("pbx")), ..Today::default() };
    let figures = QueueFigures {
        offered: 10,
        answered: 7,
        abandoned: 2,
        service_level_a: Some(0.75),
        average_speed_of_answer_s: Some(7.6),
        ..QueueFigures::default()
    };
    today.queues.insert(QueueName::new("SALES"), figures);
    let alice = AgentFigures { answered: 4, ..AgentFigures::default() };
    today.agents.insert(AgentName::new("Alice \"A\" Adams"), alice);
    let live = json(&today);
    assert_eq!(live["as_of"], "2026-11-22T10:31:07+01:00");
    let pbx = &live["pbx"][0];
    assert_eq!((&pbx["ami"]["state"], &pbx["ami"]["age_s"]), (&"live".into(), &0.into()));
    assert_eq!((&pbx["database"]["state"], &pbx["database"]["age_s"]), (&"lost".into(), &14.into()));
    assert_eq!(pbx["database"]["since"], "2026-11-22T10:30:58+01:00");
    let queue = &pbx["queues"][0];
    assert_eq!(queue["service_level_s"], 20);
    assert_eq!(
        queue["waiting"][0],
        serde_json::json!({"position": 1, "caller_number": "5550001", "caller_name": "C",
            "since": "2026-11-22T10:30:55+01:00", "wait_s": 12, "channel": "1795330864.3"})
    );
    assert_eq!(queue["today"]["service_level"], serde_json::json!({"variant": "A", "value": 0.75}));
    assert_eq!(
        queue["alarms"],
        serde_json::json!([
            {"kind": "longest_wait", "step": "warning", "value": 72, "limit": 60, "since": "2026-11-22T10:30:55+01:00"},
            {"kind": "waiting", "step": "warning", "value": 1, "limit": 1, "since": "2026-11-22T10:30:55+01:00"},
            {"kind": "service_level", "step": "warning", "value": 0.75, "limit": 0.8, "since": "2026-11-22T10:30:55+01:00"}
        ])
    );
    assert_eq!(queue["quiet_until"], "2026-11-22T12:00:00+01:00");
    assert_eq!(queue["alarm_limits"]["waiting"], serde_json::json!({"warning": 1}));
    assert_eq!(queue["alarm_limits"]["service_level"]["critical"], 0.6);
    assert_eq!(queue["today"]["average_speed_of_answer_s"], 8);
    assert_eq!(
        queue["members"][0],
        serde_json::json!({"interface": "PJSIP/101", "name": "Alice \"A\" Adams", "state": "busy",
            "sub_state": "talking", "since": "2026-11-22T10:30:37+01:00", "paused": false,
            "paused_reason": null, "penalty": 0, "dynamic": false, "calls_today": 4,
            "partner": {"number": "5550001", "name": "C"}, "channel": "1795330864.4", "listeners": ["201"]})
    );
}

#[test]
fn before_the_first_synchronisation_figures_are_unknown_and_afterwards_zero() {
    let before = json(&Today::default());
    assert!(before["pbx"][0]["queues"][0]["today"].is_null());
    assert!(before["pbx"][0]["queues"][0]["members"][0]["calls_today"].is_null());
    let after = json(&Today { pbx: Some(PbxName::new("pbx")), ..Today::default() });
    let today = &after["pbx"][0]["queues"][0]["today"];
    assert_eq!((&today["offered"], &today["service_level"]["value"]), (&0.into(), &serde_json::Value::Null));
}
