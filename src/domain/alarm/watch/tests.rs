use super::*;
use crate::domain::alarm::{Limit, Limits, Number, Quiet, Span};
use crate::domain::link::LinkStatus;
use crate::domain::live::snapshot::{MemberSnapshot, SubState, WaitingCaller};

/// Monday, 2026-11-23, 09:00 UTC.
const MORNING: i64 = 1_795_424_400;

fn at(second: i64) -> Moment {
    Moment::at_millis((MORNING + second) * 1000)
}

fn caller(since: i64) -> WaitingCaller {
    let (number, name) = ("5550001".into(), String::new());
    WaitingCaller {
        position: 1,
        number,
        name,
        since: at(since),
        channel: "1.1".into(),
        channel_name: String::new(),
        priority: None,
    }
}

fn member(name: &str, state: BoardState, since: i64) -> MemberSnapshot {
    let sub_state = if state == BoardState::Busy { SubState::Talking } else { SubState::Free };
    MemberSnapshot { state, sub_state, ..MemberSnapshot::free("PJSIP/101", name, at(since)) }
}

/// A floor of one queue.
fn floor(waiting: &[i64], members: Vec<MemberSnapshot>) -> Snapshot {
    let mut ami = LinkStatus::connecting(at(0));
    ami.enter(LinkState::Live, None, at(0));
    let queue = QueueSnapshot {
        name: "Sales".into(),
        strategy: "ringall".into(),
        service_level_seconds: None,
        waiting: waiting.iter().map(|since| caller(*since)).collect(),
        members,
    };
    Snapshot { ami, known: true, queues: vec![queue], ..Snapshot::unknown("pbx".into(), at(0)) }
}

fn calm() -> Vec<MemberSnapshot> {
    vec![member("Alice", BoardState::Online, 0)]
}

fn watch(rules: Rules) -> Watch {
    Watch::new(Arc::new(Settings { all: rules, queues: Vec::new() }), TimeZone::UTC)
}

/// What is raised: kind, step, figure, since.
fn raised(alarms: &Alarms, now: Moment) -> Vec<(&'static str, &'static str, Number, i64)> {
    let queue = &alarms.queues[&QueueName::new("sales")];
    let told = |alarm: &Alarm| {
        let since = alarm.since.wall.as_second() - MORNING;
        (alarm.kind.as_str(), alarm.step.as_str(), alarm.measure.at(now), since)
    };
    queue.raised.iter().map(told).collect()
}

fn look(watch: &mut Watch, floor: &Snapshot, second: i64) -> Vec<(&'static str, &'static str, Number, i64)> {
    raised(&watch.look(floor, &Today::default(), at(second)).clone(), at(second))
}

#[test]
fn waiting_callers_raise_two_steps_each_since_its_last_caller_came() {
    let mut watch =
        watch(Rules { limits: Limits { waiting: Limit::new(2, 3), ..Limits::NONE }, ..Rules::default() });
    assert_eq!(look(&mut watch, &floor(&[0], calm()), 5), []);
    let two = [("waiting", "warning", Number::Whole(2), 7)];
    assert_eq!(look(&mut watch, &floor(&[0, 7], calm()), 8), two);
    let three = [("waiting", "critical", Number::Whole(3), 9)];
    assert_eq!(look(&mut watch, &floor(&[0, 7, 9], calm()), 9), three);
    // Back to two: after the hold the milder step is seen again, since when it began.
    look(&mut watch, &floor(&[0, 7], calm()), 20);
    assert_eq!(look(&mut watch, &floor(&[0, 7], calm()), 30), two);
}

#[test]
fn a_figure_that_hops_about_its_limit_does_not_flicker() {
    let mut watch =
        watch(Rules { limits: Limits { waiting: Limit::new(2, 9), ..Limits::NONE }, ..Rules::default() });
    for second in 1..60 {
        let floor = if second % 3 == 0 { floor(&[0], calm()) } else { floor(&[0, 1], calm()) };
        let found = look(&mut watch, &floor, second);
        assert_eq!(found.iter().map(|alarm| alarm.3).collect::<Vec<_>>(), [1], "at {second} s");
    }
    assert_eq!(look(&mut watch, &floor(&[0], calm()), 60).len(), 1);
    assert_eq!(look(&mut watch, &floor(&[0], calm()), 69).len(), 1);
    assert_eq!(look(&mut watch, &floor(&[0], calm()), 70).len(), 0, "good for ten seconds");
}

#[test]
fn the_longest_wait_is_raised_when_it_reaches_its_limit_not_when_somebody_looks() {
    let mut watch = watch(Rules {
        limits: Limits { longest_wait: Limit::new(60, 180), ..Limits::NONE },
        ..Rules::default()
    });
    assert_eq!(look(&mut watch, &floor(&[10, 50], calm()), 69), []);
    let first = [("longest_wait", "warning", Number::Whole(75), 70)];
    assert_eq!(look(&mut watch, &floor(&[10, 50], calm()), 85), first);
    assert_eq!(
        look(&mut watch, &floor(&[10], calm()), 200)[0],
        ("longest_wait", "critical", Number::Whole(190), 190)
    );
    let nobody = look(&mut watch, &floor(&[], calm()), 201);
    assert_eq!(nobody, [("longest_wait", "critical", Number::Whole(0), 190)], "held, at nothing");
    assert_eq!(look(&mut watch, &floor(&[], calm()), 211), []);
}

#[test]
fn nobody_free_counts_from_when_the_last_one_was() {
    let mut watch = watch(Rules {
        limits: Limits { no_agent_free: Limit::new(30, 120), ..Limits::NONE },
        ..Rules::default()
    });
    let busy = |since| vec![member("Alice", BoardState::Busy, since), member("Bob", BoardState::Paused, 0)];
    assert_eq!(look(&mut watch, &floor(&[], busy(10)), 12), []);
    // Alice ends and is rung at once: nobody was free in between.
    let found = look(&mut watch, &floor(&[], busy(35)), 41);
    assert_eq!(found, [("no_agent_free", "warning", Number::Whole(31), 40)]);
    assert_eq!(look(&mut watch, &floor(&[], busy(35)), 130)[0].1, "critical");
    assert_eq!(look(&mut watch, &floor(&[], Vec::new()), 140).len(), 1);
    assert_eq!(look(&mut watch, &floor(&[], Vec::new()), 150), [], "a queue without members misses nobody");
}

#[test]
fn the_service_level_counts_once_enough_visits_are_judged() {
    let mut watch = watch(Rules::default());
    let today = |answered, lost, share| {
        let figures =
            QueueFigures { answered, lost, service_level_a: Some(share), ..QueueFigures::default() };
        Today { pbx: Some("pbx".into()), queues: [("sales".into(), figures)].into(), ..Today::default() }
    };
    let floor = floor(&[], calm());
    let mut found =
        |today: &Today, second| raised(&watch.look(&floor, today, at(second)).clone(), at(second));
    assert_eq!(found(&today(5, 4, 0.4), 1), []);
    assert_eq!(found(&today(6, 4, 0.799), 2), [("service_level", "warning", Number::Share(0.799), 2)]);
    assert_eq!(found(&today(6, 4, 0.5), 3), [("service_level", "critical", Number::Share(0.5), 3)]);
    found(&today(6, 4, 0.8), 4);
    assert_eq!(found(&today(6, 4, 0.8), 14), []);
}

#[test]
fn the_worst_comes_first() {
    let mut watch = watch(Rules::default());
    let busy = vec![member("Alice", BoardState::Busy, 0)];
    let found = look(&mut watch, &floor(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0], busy), 70);
    let order: Vec<_> = found.iter().map(|alarm| (alarm.0, alarm.1)).collect();
    assert_eq!(order, [("waiting", "critical"), ("no_agent_free", "warning"), ("longest_wait", "warning")]);
}

#[test]
fn in_quiet_hours_nothing_is_raised_and_afterwards_nothing_counts_from_within() {
    let quiet = Quiet(vec![Span::parse("Mon 08:00-09:02").expect("a span")]);
    let mut watch = watch(Rules { quiet, ..Rules::default() });
    let floor = floor(&[0], calm());
    let alarms = watch.look(&floor, &Today::default(), at(100)).clone();
    let queue = &alarms.queues[&QueueName::new("sales")];
    assert!(queue.raised.is_empty());
    assert_eq!(queue.quiet_until.as_ref().map(|until| until.timestamp().as_second()), Some(MORNING + 120));
    look(&mut watch, &floor, 119);
    assert_eq!(look(&mut watch, &floor, 121), [("longest_wait", "warning", Number::Whole(121), 119)]);
    assert!(watch.last.queues[&QueueName::new("sales")].quiet_until.is_none());
}

#[test]
fn while_the_link_is_lost_nothing_is_raised_and_nothing_lowered() {
    let mut watch = watch(Rules::default());
    let mut floor = floor(&[0], calm());
    look(&mut watch, &floor, 61);
    floor.ami.enter(LinkState::Lost, None, at(62));
    assert_eq!(look(&mut watch, &floor, 1000)[0].1, "warning", "not critical by an old picture");
    floor.queues[0].waiting.clear();
    assert_eq!(look(&mut watch, &floor, 1001).len(), 1);
}

#[test]
fn a_queue_has_rules_of_its_own_and_another_pbx_has_others() {
    let rules = |limit| Rules {
        limits: Limits { waiting: Limit { warning: Some(limit), critical: None }, ..Limits::NONE },
        ..Rules::default()
    };
    let queues = vec![(None, "SALES".into(), rules(2)), (Some("south".into()), "sales".into(), rules(3))];
    let settings = Settings { all: rules(9), queues };
    let limit = |pbx: &str, queue: &str| settings.rules(&pbx.into(), &queue.into()).limits.waiting.warning;
    assert_eq!(
        [limit("pbx", "Sales"), limit("south", "Sales"), limit("pbx", "vip")],
        [Some(2), Some(3), Some(9)]
    );
}
