//! How fast the history is taken in and answers, without a network: made-up rows into a store.
//!
//! `cargo bench --bench history` prints what the first synchronisation costs (`ASTERFLOW_BENCH_ROWS`, else a million), then
//! measures pages, polls and answers on what it made. With `ASTERFLOW_BENCH_DIR` it is made there once, and found again;
//! what it has less than the rows wanted is added.

#![allow(clippy::print_stdout, reason = "a bench tells what it measured")]

mod meter;
mod pages;
mod rows;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::PathBuf;

use asterflow::domain::history::cells::{Cell, Subject};
use asterflow::domain::history::query::{By, Filter};
use asterflow::domain::history::row::LogRow;
use asterflow::domain::ids::{AgentName, PbxName};
use asterflow::domain::time::Hour;
use asterflow::store::{Batch, CellsOf, Store, VisitFilter};
use asterflow::tasks::history::{History, Thresholds};
use criterion::{BatchSize, Criterion};
use jiff::civil::date;
use tokio::runtime::Runtime;

use meter::Meter;
use rows::{Rows, name};

/// As `tasks/sync` reads them while it is far behind.
const AT_ONCE: usize = 16_000;

fn pbx() -> PbxName {
    PbxName::new("pbx")
}

fn batch(rows: Vec<LogRow>) -> Batch {
    let cursor = rows.last().map(|row| row.id);
    Batch { pbx: pbx(), rows, oddities: BTreeMap::new(), cursor }
}

fn wanted() -> usize {
    std::env::var("ASTERFLOW_BENCH_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000)
}

/// Takes `count` of the rows in; what making them costs is measured before and left out.
fn sync(runtime: &Runtime, store: &Store, rows: &mut Rows, count: usize) {
    let meter = Meter::start();
    black_box(Rows::new().take(count).map(|row| row.id).sum::<i64>());
    let making = meter.stop();
    let meter = Meter::start();
    let mut left = count;
    while left > 0 {
        let some: Vec<LogRow> = rows.by_ref().take(left.min(AT_ONCE)).collect();
        left -= some.len();
        runtime.block_on(store.apply_batch(batch(some))).expect("applies");
    }
    runtime.block_on(store.checkpoint()).expect("writes");
    let cost = meter.stop();
    println!(
        "sync of {count} rows: {:.2} s CPU, {:.2} s wall, {:.0} MB at most",
        cost.cpu - making.cpu,
        cost.wall - making.wall,
        cost.peak_mb
    );
}

/// Keeps what agents did, as the synchronisation does when it has nothing else to do.
fn keep(runtime: &Runtime, store: &Store) {
    let meter = Meter::start();
    let history = History::new(store.clone(), Thresholds::default());
    while runtime.block_on(history.keep(&pbx())).expect("keeps") {}
    let cost = meter.stop();
    println!("agents' work kept: {:.2} s CPU, {:.2} s wall", cost.cpu, cost.wall);
}

fn polls(criterion: &mut Criterion, runtime: &Runtime, store: &Store, rows: &mut Rows) {
    for count in [10_usize, 1000] {
        criterion.bench_function(&format!("poll/{count}_new_rows"), |bencher| {
            bencher.iter_batched(
                || rows.by_ref().take(count).collect::<Vec<_>>(),
                |rows| runtime.block_on(store.apply_batch(batch(rows))).expect("applies"),
                BatchSize::PerIteration,
            );
        });
    }
    let known: Vec<LogRow> = Rows::new().take(5000).collect();
    criterion.bench_function("poll/5000_known_rows", |bencher| {
        bencher.iter_batched(
            || known.clone(),
            |rows| {
                let batch = Batch { cursor: None, ..batch(rows) };
                runtime.block_on(store.apply_batch(batch)).expect("applies")
            },
            BatchSize::PerIteration,
        );
    });
}

fn answers(criterion: &mut Criterion, runtime: &Runtime, store: &Store) {
    let clock = runtime.block_on(store.pbxs()).expect("reads")[0].log_clock;
    let day = VisitFilter { from: clock - 86_400, to: clock, ..VisitFilter::default() };
    criterion.bench_function("read/visits_of_a_day", |bencher| {
        bencher.iter(|| runtime.block_on(store.visits(&pbx(), day.clone())).expect("reads").len());
    });
    let of = CellsOf::Agents { agent: Some(name(7)), queue: None };
    criterion.bench_function("read/cells_of_an_agent_30_days", |bencher| {
        bencher.iter(|| {
            let step = |sum: &mut Cell, _: Subject, _: Hour, cell: Cell| sum.merge(&cell, 1);
            let span = (clock - 30 * 86_400, clock);
            runtime.block_on(store.fold_cells(&pbx(), span, of.clone(), step)).expect("reads")
        });
    });
    let history = History::new(store.clone(), Thresholds::default());
    let year = Filter::new(date(2025, 1, 1), date(2027, 12, 31));
    let mut agent = Filter::new(date(2025, 11, 24), date(2025, 12, 23));
    agent.agent = Some(AgentName::new(name(7)));
    agent.by = By::Day;
    criterion.bench_function("read/figures_of_an_agent_30_days", |bencher| {
        bencher.iter(|| runtime.block_on(history.agents(&agent)).expect("reads").len());
    });
    criterion.bench_function("read/figures_of_all_agents", |bencher| {
        bencher.iter(|| runtime.block_on(history.agents(&year)).expect("reads").len());
    });
    criterion.bench_function("read/figures_of_all_queues", |bencher| {
        bencher.iter(|| runtime.block_on(history.queues(&year)).expect("reads").len());
    });
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let made = tempfile::tempdir().expect("a folder");
    let dir = std::env::var_os("ASTERFLOW_BENCH_DIR").map_or_else(|| made.path().into(), PathBuf::from);
    let store = Store::open(&dir).expect("opens");
    runtime.block_on(store.register_pbx(&pbx(), "Europe/Berlin")).expect("registers");
    let known = runtime.block_on(store.cursor(&pbx(), "queue_log")).expect("reads");
    let mut rows = Rows::new();
    let known = usize::try_from(known).unwrap_or(0);
    rows.by_ref().take(known).for_each(drop);
    if known < wanted() {
        sync(&runtime, &store, &mut rows, wanted() - known);
    }
    let size = std::fs::metadata(dir.join("asterflow.db")).map_or(0, |file| file.len());
    println!("the database holds {:.0} MB", f64::from(u32::try_from(size >> 10).unwrap_or(0)) / 1024.0);
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    keep(&runtime, &store);
    pages::pages(&runtime, &store, &mut rows);
    polls(&mut criterion, &runtime, &store, &mut rows);
    answers(&mut criterion, &runtime, &store);
    criterion.final_summary();
}
