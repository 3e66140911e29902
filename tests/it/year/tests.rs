//! Straight into the store: every zone, both changes of the clock, tables that cut and tables that round.

use std::collections::BTreeMap;

use asterflow::clock::now;
use asterflow::domain::history::query::By;
use asterflow::domain::ids::PbxName;
use asterflow::store::{Batch, Store};
use jiff::civil::{Date, date};

use super::arrive::batches;
use super::check::Compared;
use super::clock::Dice;
use super::kept::Kept;
use super::late::Late;
use super::tally::Cells;
use super::world::{Plan, World};

pub(super) fn pbx() -> PbxName {
    PbxName::new("pbx")
}

/// Calls a day, about 8 000 rows with those of the agents. With seven of these and what goes through MariaDB a million rows.
const CALLS_A_DAY: i64 = 900;
/// Days: over a change of the clock, with what of its week reaches there.
const DAYS: i64 = 16;
/// What `make test-full` reads: a year of calls, ten million rows.
const LONG: (i64, i64) = (365, 4_800);
/// And no fewer than these.
const LONG_ROWS: usize = 10_000_000;

pub(super) fn plan(zone: &'static str, first: Date, seed: u64) -> Plan {
    // By the seed: MySQL's rounding, and disorder around a repeated hour.
    let (rounds, disorder) = (seed % 2 == 1, seed.is_multiple_of(3));
    let (days, calls_a_day) = (DAYS, CALLS_A_DAY);
    let (files, legs, doubles, joined) = (true, true, true, false);
    Plan { zone, first, days, calls_a_day, rounds, disorder, files, joined, legs, doubles, seed }
}

pub(super) fn join(cells: &mut Cells, more: Cells) {
    more.into_iter().for_each(|(key, sums)| cells.entry(key).or_default().merge(&sums));
}

/// Invents, stores, invents once more and compares, day by day: neither holds more than some days at once.
async fn check(plan: Plan) -> usize {
    let name = format!("{} from {}", plan.zone, plan.first);
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("opens");
    store.register_pbx(&pbx(), plan.zone).await.expect("registers");
    let mut dice = Dice::new(plan.seed + 1000);
    let mut world = World::new(plan.clone());
    let (began, mut rows, mut asked) = (now(), 0, 0);
    let (mut kept, keeps_all) = (Kept::default(), plan.days <= DAYS);
    // Late is what comes long after its time; where a clock is changed that could be either of two.
    let mut late = (keeps_all && !world.clock.changes()).then(Late::default);
    while let Some(day) = world.next_day() {
        rows += day.len();
        day.iter().filter(|_| keeps_all).for_each(|row| kept.take(row));
        for rows in batches(&mut dice, day) {
            if let Some(late) = &mut late {
                late.take(&world.clock, &rows);
            }
            let cursor = late.as_ref().map(|_| 1);
            let batch = Batch { pbx: pbx(), rows, oddities: BTreeMap::new(), cursor };
            store.apply_batch(batch).await.expect("applies");
            if late.is_some() {
                store.note_synced(&pbx(), asked).await.expect("notes");
            }
        }
        asked += 86_400;
        super::legs::ask(&store, &pbx(), &world, asked).await;
        drop(world.finished());
    }
    let stored = now().tick.since(began.tick);
    let mut world = World::new(plan.clone());
    let (mut compared, mut from) = (Compared::default(), 0);
    let mut all = Cells::new();
    while world.next_day().is_some() {
        let cells = world.finished();
        if keeps_all {
            join(&mut all, cells.clone());
        }
        let part = world.compare(&store, &pbx(), (from, world.finished_until()), cells).await;
        from = world.finished_until();
        compared.cells += part.cells;
        compared.differ += part.differ;
    }
    eprintln!(
        "{name}: {} calls, {rows} rows stored in {stored} ms, all in {} ms, {compared:?}",
        world.calls,
        now().tick.since(began.tick)
    );
    assert!(compared.cells > 1000, "{name}: {compared:?}");
    assert_eq!(compared.differ, 0, "{name}: {compared:?}");
    let oddities = store.oddities(&pbx()).await.expect("reads");
    let odd = |word| oddities.get(word).copied().unwrap_or(0);
    assert_eq!(
        (odd("unknown_event"), odd("bad_number")),
        (world.tally.unknown, world.tally.bad),
        "{name}: unknown words and numbers"
    );
    if keeps_all {
        kept.check(&store, &pbx()).await;
        if let Some(late) = late {
            late.check(&store, &pbx()).await;
        }
        let range = |from, to| (plan.first.saturating_add(days(from)), plan.first.saturating_add(days(to)));
        let (bys, whole) = ([By::Day, By::Weekday, By::Range], range(0, plan.days));
        let held = world.compare_figures(&store, &all, whole, (&bys, false)).await;
        assert!(held > 1000, "{held} rows of figures");
        store.set_wrap_ups(&pbx(), world.wrap_up_times()).await.expect("notes");
        world.compare_figures(&store, &all, whole, (&bys[2..], true)).await;
        world.compare_figures(&store, &all, range(7, 7), (&bys[..1], true)).await;
        world.compare_figures(&store, &all, range(3, 9), (&bys[1..2], true)).await;
    }
    rows
}

fn days(n: i64) -> jiff::Span {
    jiff::Span::new().days(n)
}

macro_rules! weeks {
    ($($test:ident: $zone:literal, $first:expr, $seed:literal;)+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                check(plan($zone, $first, $seed)).await;
            }
        )+
    };
}

weeks! {
    berlin_in_autumn_every_cell_is_what_was_counted: "Europe/Berlin", date(2026, 10, 17), 2;
    berlin_in_spring_every_cell_is_what_was_counted: "Europe/Berlin", date(2026, 3, 21), 1;
    // Its days begin, or end, with the change.
    sao_paulo_in_february_every_cell_is_what_was_counted: "America/Sao_Paulo", date(2018, 2, 10), 3;
    sao_paulo_in_november_every_cell_is_what_was_counted: "America/Sao_Paulo", date(2018, 10, 27), 4;
    // Its hours begin at a quarter to.
    kathmandu_every_cell_is_what_was_counted: "Asia/Kathmandu", date(2026, 6, 1), 5;
    // Half an hour is repeated, or left out.
    lord_howe_in_april_every_cell_is_what_was_counted: "Australia/Lord_Howe", date(2026, 3, 28), 9;
    lord_howe_in_october_every_cell_is_what_was_counted: "Australia/Lord_Howe", date(2026, 9, 26), 8;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "ten million rows"]
async fn a_year_of_ten_million_rows_is_what_was_counted() {
    let (days, calls_a_day) = LONG;
    let rows = check(Plan { days, calls_a_day, ..plan("Europe/Berlin", date(2026, 1, 1), 10) }).await;
    assert!(rows >= LONG_ROWS, "{rows} rows");
}
