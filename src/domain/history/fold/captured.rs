//! The captured calls give what they are known to have been, scenario by scenario and together, in any order.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::domain::history::fixture::{Whole, captured, captured_rows, whole};
use crate::domain::history::row::LogRow;

/// What each captured scenario must give: visits as `queue outcome wait`, agents as `name field value …`.
const SCENARIOS: &[(&str, &[&str], &[&str])] = &[
    ("answered_agent_hangup", &["sales answered 1"], &["Alice Adams answered 1 talk 4"]),
    ("answered_caller_hangup", &["sales answered 1"], &["Bob Brown answered 1 talk 3"]),
    ("abandon", &["support abandoned 4"], &["Carol Clark abandoned 1"]),
    ("rna_then_next", &["support answered 1"], &["Dave Diaz answered 1 talk 3"]),
    ("linear_rna_then_next", &["vip timed_out 12"], &["Frank Fox no_answer 1 attempts 2"]),
    ("exit_timeout", &["vip timed_out 12"], &["Frank Fox no_answer 1 attempts 2"]),
    ("busy_agent", &["vip answered 1"], &["Frank Fox busy 1 attempts 1", "Grace Gray answered 1 talk 3"]),
    ("unregistered_agent", &["vip answered 1"], &["Grace Gray answered 1 talk 2"]),
    ("exit_key", &["support left_by_key 2"], &["Carol Clark left_by_key 1"]),
    (
        "over_max",
        &["vip abandoned 5", "vip abandoned 5"],
        &["Frank Fox abandoned 1", "Grace Gray abandoned 1"],
    ),
    ("pause_unpause", &[], &["Alice Adams paused 2", "Carol Clark paused 1 paused_all 1"]),
    ("dynamic_member", &[], &["PJSIP/108 logged_in 2"]),
    ("blind_transfer", &["sales answered 1"], &["Alice Adams answered 1 talk 2 blind 1"]),
    ("attended_transfer", &["sales answered 1"], &["Alice Adams answered 1 talk 5 attended 1"]),
    ("hold", &["sales answered 1"], &["Bob Brown answered 1 talk 4"]),
    (
        "spy_modes",
        &["sales answered 1", "sales answered 1", "sales answered 10"],
        &["Alice Adams answered 3 talk 17", "Bob Brown no_answer 1 attempts 1"],
    ),
    (
        "spy_target_hangup",
        &["sales answered 1", "sales answered 1", "sales answered 2"],
        &["Alice Adams answered 3 talk 13"],
    ),
    ("spy_sup_busy", &["sales answered 1"], &["Alice Adams answered 1 talk 16"]),
    ("spy_switch", &["sales answered 1"], &["Alice Adams answered 1 talk 9"]),
    ("spy_nortp", &["sales answered 1"], &["Alice Adams answered 1 talk 5"]),
    ("spy_transfer", &["sales answered 1"], &["Alice Adams answered 1 talk 3 blind 1"]),
    ("realtime_edit", &[], &[]),
];

fn agent_line(given: &Whole, name: &str) -> String {
    let figures = given.agent(name);
    let fields = [
        ("answered", figures.answered),
        ("no_answer", figures.no_answer),
        ("abandoned", figures.abandoned),
        ("busy", figures.busy),
        ("left_by_key", figures.left_by_key),
        ("attempts", figures.attempts),
        ("talk", figures.talk_s),
        ("blind", figures.transferred_blind),
        ("attended", figures.transferred_attended),
        ("paused", figures.paused_s),
        ("paused_all", figures.paused_all_queues_s),
        ("logged_in", figures.logged_in_s.unwrap_or(0)),
    ];
    let shown = fields.iter().filter(|(_, value)| *value > 0).map(|(name, value)| format!(" {name} {value}"));
    format!("{name}{}", shown.collect::<String>())
}

#[test]
fn every_captured_scenario_gives_its_figures() {
    let rows = captured();
    for (scenario, visits, agents) in SCENARIOS {
        let own: Vec<LogRow> =
            rows.iter().filter(|(name, _)| name == scenario).map(|(_, row)| row.clone()).collect();
        assert!(!own.is_empty(), "{scenario} has rows");
        let given = whole(&own);
        let mut got: Vec<String> = given
            .visits
            .iter()
            .map(|visit| format!("{} {} {}", visit.queue, visit.outcome.as_str(), visit.wait))
            .collect();
        got.sort();
        assert_eq!(got, *visits, "{scenario}");
        let names: std::collections::BTreeSet<&str> = given
            .cells
            .keys()
            .map(|(subject, _)| subject.agent.as_str())
            .filter(|name| !name.is_empty())
            .collect();
        let got: Vec<String> = names.into_iter().map(|name| agent_line(&given, name)).collect();
        assert_eq!(got, *agents, "{scenario}");
    }
    let known = SCENARIOS.iter().map(|(name, ..)| *name).collect::<Vec<_>>();
    assert!(rows.iter().all(|(name, _)| known.contains(&name.as_str())), "no scenario is left out");
}

#[test]
fn all_captured_rows_together_give_the_last_line_of_the_table() {
    let given = whole(&captured_rows());
    assert_eq!(given.visits.len(), 24);
    let percent = |value: Option<f64>| value.map(|value| (value * 1000.0).round() / 10.0);
    let sales = given.queue("sales", 20);
    assert_eq!((sales.offered, sales.answered, sales.wait_s, sales.talk_s), (15, 15, 25, 81));
    let support = given.queue("support", 10);
    assert_eq!((support.answered, support.abandoned, support.left_by_key, support.offered), (1, 1, 1, 3));
    assert_eq!(support.abandoned_short, 1);
    let vip = given.queue("vip", 5);
    assert_eq!((vip.answered, vip.abandoned, vip.timed_out, vip.offered), (2, 2, 2, 6));
    for (figures, expect) in [
        (sales, [100.0, 100.0, 100.0, 100.0]),
        (support, [50.0, 100.0, 100.0, 100.0]),
        (vip, [33.3, 100.0, 66.7, 100.0]),
    ] {
        let got = [
            figures.service_level_a,
            figures.service_level_b,
            figures.service_level_c,
            figures.service_level_d,
        ];
        assert_eq!(got.map(percent), expect.map(Some));
    }
    let expect = [
        "Alice Adams answered 13 talk 74 blind 2 attended 1 paused 2",
        "Bob Brown answered 2 no_answer 1 attempts 1 talk 7",
        "Carol Clark abandoned 1 left_by_key 1 paused 1 paused_all 1",
        "Dave Diaz answered 1 talk 3",
        "Frank Fox no_answer 2 abandoned 1 busy 1 attempts 5",
        "Grace Gray answered 2 abandoned 1 talk 5",
        "PJSIP/108 logged_in 2",
    ];
    for line in expect {
        let name = line.split(" answered").next().unwrap_or(line);
        let name = ["Carol Clark", "Frank Fox", "PJSIP/108"]
            .into_iter()
            .find(|n| line.starts_with(n))
            .unwrap_or(name);
        assert_eq!(agent_line(&given, name), line);
    }
    assert_eq!(given.agent("Alice Adams").paused_by_reason, BTreeMap::from([("Lunch".into(), 2)]));
}

#[test]
fn a_talk_lies_before_its_end_row() {
    let given = whole(&captured_rows());
    let second = |text: &str| text.parse::<jiff::Timestamp>().expect("a time").as_second();
    let talks: Vec<(i64, i64)> =
        given.visits.iter().flat_map(|visit| &visit.talks).map(|talk| (talk.start, talk.end)).collect();
    assert!(talks.contains(&(second("2026-11-22T07:01:05Z"), second("2026-11-22T07:01:09Z"))));
    assert!(talks.contains(&(second("2026-11-22T07:01:13Z"), second("2026-11-22T07:01:16Z"))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn neither_order_nor_doubles_change_the_fold(
        order in Just(captured_rows()).prop_shuffle(),
        doubled in prop::collection::vec(0_usize..90, 0..20),
    ) {
        let expect = whole(&captured_rows());
        let mut rows = order.clone();
        for at in doubled {
            let mut twin = order[at].clone();
            twin.id += 10_000;
            rows.push(twin);
        }
        let got = whole(&rows);
        prop_assert_eq!(got.visits, expect.visits);
        prop_assert_eq!(got.cells, expect.cells);
        prop_assert_eq!(got.intervals, expect.intervals);
    }
}
