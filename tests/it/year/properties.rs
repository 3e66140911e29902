//! Small worlds of any seed: what is shown adds up.

use std::collections::BTreeMap;

use asterflow::domain::history::query::{By, Filter};
use asterflow::store::{Batch, Store};
use asterflow::tasks::history::{History, Thresholds};
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::Value;

use super::arrive::batches;
use super::clock::Dice;
use super::tests::{pbx, plan};
use super::world::{Plan, World};

/// Sums by name over the buckets: everything that is a number of seconds or of calls, not a mean, a rank or a share.
fn sums(rows: &[Value], name: &str) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for row in rows {
        for (field, value) in row.as_object().expect("an object") {
            let adds = !["service_level_s", "median_wait_s", "p90_wait_s", "longest_wait_s"]
                .contains(&field.as_str());
            if let (true, Some(value)) = (adds, value.as_u64()) {
                *sums.entry(format!("{} {field}", row[name])).or_default() += value;
            }
        }
    }
    sums.retain(|_, value| *value > 0);
    sums
}

fn balance(row: &Value) -> bool {
    let get = |field: &str| row[field].as_u64().expect("a number");
    let parts = [
        "answered",
        "abandoned",
        "timed_out",
        "left_by_key",
        "left_empty",
        "withdrawn",
        "still_waiting",
        "unresolved",
    ];
    get("offered") == parts.iter().map(|field| get(field)).sum::<u64>()
}

async fn check(zone: &'static str, seed: u64) {
    let first = if zone == "Europe/Berlin" { date(2026, 10, 24) } else { date(2018, 2, 17) };
    let mut world = World::new(Plan { days: 2, calls_a_day: 150, doubles: false, ..plan(zone, first, seed) });
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("opens");
    store.register_pbx(&pbx(), zone).await.expect("registers");
    let mut dice = Dice::new(seed);
    while let Some(day) = world.next_day() {
        for rows in batches(&mut dice, day) {
            let batch = Batch { pbx: pbx(), rows, oddities: BTreeMap::new(), cursor: None };
            store.apply_batch(batch).await.expect("applies");
        }
    }
    let history = History::new(store, Thresholds::default());
    let mut all: Vec<[BTreeMap<String, u64>; 2]> = Vec::new();
    for by in [By::Hour, By::Day, By::Weekday, By::Range] {
        let filter = Filter { by, ..Filter::new(first, date(2099, 1, 1)) };
        let value = |row: serde_json::Result<Value>| row.expect("serialises");
        let queues: Vec<Value> = history
            .queues(&filter)
            .await
            .expect("answers")
            .iter()
            .map(|row| value(serde_json::to_value(row)))
            .collect();
        let agents: Vec<Value> = history
            .agents(&filter)
            .await
            .expect("answers")
            .iter()
            .map(|row| value(serde_json::to_value(row)))
            .collect();
        assert!(queues.len() > 5 && agents.len() > 50);
        for row in &queues {
            assert!(balance(row), "{row}");
        }
        if by == By::Hour {
            // Nobody in this world talks twice at once.
            for row in &agents {
                let start: jiff::Timestamp = row["bucket"].as_str().expect("a time").parse().expect("a time");
                let length = world.clock.length(start.as_second());
                for field in ["talk_s", "paused_s", "paused_all_queues_s", "logged_in_s"] {
                    let seconds = row[field].as_i64().unwrap_or(0);
                    assert!(seconds <= length, "{field} in {length} s: {row}");
                }
            }
        }
        all.push([sums(&queues, "queue"), sums(&agents, "agent")]);
    }
    for other in &all[1..] {
        assert_eq!(all[0], *other, "hours, days, weekdays and the range, seed {seed}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(6) })]

    #[test]
    fn hours_days_and_ranges_add_up(seed in 0..1_000_000_u64, berlin in any::<bool>()) {
        let zone = if berlin { "Europe/Berlin" } else { "America/Sao_Paulo" };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(check(zone, seed));
    }
}
