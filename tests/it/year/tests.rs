//! The tests.

use std::time::Instant;

use asterflow::domain::ids::PbxName;
use asterflow::store::{Batch, Store};
use jiff::civil::date;

use super::arrive::batches;
use super::clock::Dice;
use super::world::{Plan, World};

fn pbx() -> PbxName {
    PbxName::new("pbx")
}

/// Berlin over both of its changes of the clock, in the shortest time that holds them and a week around each.
fn plans() -> Vec<Plan> {
    let plan = |zone, first, seed, rounds| Plan {
        zone,
        first,
        days: 16,
        calls_a_day: 900,
        rounds,
        disorder: rounds,
        seed,
    };
    vec![
        plan("Europe/Berlin", date(2026, 10, 17), 1, false),
        plan("Europe/Berlin", date(2026, 3, 21), 2, true),
        plan("America/Sao_Paulo", date(2018, 2, 10), 3, true),
        plan("America/Sao_Paulo", date(2018, 10, 27), 4, false),
        plan("Asia/Kathmandu", date(2026, 6, 1), 5, false),
        plan("Australia/Lord_Howe", date(2026, 3, 28), 6, false),
        plan("Australia/Lord_Howe", date(2026, 9, 26), 7, true),
    ]
}

async fn straight(plan: Plan) {
    let name = format!("{} from {}", plan.zone, plan.first);
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("opens");
    store.register_pbx(&pbx(), plan.zone).await.expect("registers");
    let mut dice = Dice::new(plan.seed + 1000);
    let mut world = World::new(plan);
    let mut rows = 0;
    let (began, mut making) = (Instant::now(), 0.0);
    loop {
        let at = Instant::now();
        let Some(day) = world.next_day() else { break };
        making += at.elapsed().as_secs_f64();
        rows += day.len();
        for rows in batches(&mut dice, day) {
            let batch = Batch { pbx: pbx(), rows, oddities: Default::default(), cursor: None };
            store.apply_batch(batch).await.expect("applies");
        }
    }
    let cells = world.finished();
    let compared = world.compare(&store, &pbx(), (0, i64::MAX), cells).await;
    eprintln!(
        "{name}: {} calls, {rows} rows, {compared:?}, {:.1} s, {making:.1} of them to invent",
        world.calls,
        began.elapsed().as_secs_f64()
    );
    if let Ok(wanted) = std::env::var("YEAR_SHOW") {
        let words: Vec<&str> = wanted.split(',').collect();
        let (from, queue): (i64, _) = (words[0].parse().expect("a second"), words[1]);
        let filter = asterflow::store::VisitFilter { from, to: from + 3600, ..Default::default() };
        for v in store.visits(&pbx(), filter).await.expect("reads") {
            if v.queue.folded() != queue {
                continue;
            }
            eprintln!(
                "--- {} {} {} {} {:?} {:?}",
                v.callid,
                v.n,
                v.entered,
                v.outcome.as_str(),
                v.statuses,
                v.marks
            );
            for row in store.rows_of_call(&pbx(), &v.callid).await.expect("reads") {
                eprintln!(
                    "   {} {} {} {} {} {} {}",
                    row.id,
                    row.local,
                    row.callid,
                    row.queue,
                    row.agent,
                    row.event,
                    row.data.join(",")
                );
            }
        }
    }
    assert!(compared.cells > 1000, "{name}: {compared:?}");
    assert_eq!(compared.differ, 0, "{name}: {compared:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_is_what_was_counted() {
    let only = std::env::var("YEAR_ONLY").ok().and_then(|text| text.parse::<usize>().ok());
    for (at, plan) in plans().into_iter().enumerate() {
        if only.is_none_or(|only| only == at) {
            straight(plan).await;
        }
    }
}
