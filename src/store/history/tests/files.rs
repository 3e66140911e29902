//! Rows of a file and rows of a table: the stored tables depend on the set of both alone, and each row counts once.

use proptest::prelude::*;

use super::*;
use crate::domain::history::row::{civil_second, file_id};
use crate::domain::time::candidates;

/// What the rows give, beside the rows themselves.
const FOLDED: &[&str] = &["pending", "loose", "presence", "span", "day", "month", "oddity"];

/// The rows as a file would tell them, of a PBX in `zone`.
fn as_file(rows: &[LogRow], zone: &str) -> Vec<LogRow> {
    let zone = zone_of(zone).expect("a zone");
    let mut told: BTreeMap<i64, u32> = BTreeMap::new();
    rows.iter()
        .map(|row| {
            let at = candidates(&zone, row.local)[0];
            let n = told.entry(at).and_modify(|n| *n += 1).or_default();
            LogRow { id: file_id(at, *n), ..row.clone() }
        })
        .collect()
}

/// The rows as a table with other ideas of time would hold them.
fn shifted(rows: &[LogRow], shifts: &[i64]) -> Vec<LogRow> {
    let shift = |(at, row): (usize, &LogRow)| {
        let local = civil_of(civil_second(row.local) + shifts[at % shifts.len()]).expect("a time");
        LogRow { local, ..row.clone() }
    };
    rows.iter().enumerate().map(shift).collect()
}

async fn stored(zone: &str, rows: &[LogRow], at_once: usize) -> (BTreeMap<&'static str, Vec<String>>, u64) {
    let (_dir, store) = empty(zone).await;
    let mut new = 0;
    for rows in rows.chunks(at_once) {
        new += store.apply_batch(Batch { cursor: None, ..batch(rows) }).await.expect("applies").rows;
    }
    (dump(&store).await, new)
}

#[tokio::test]
async fn the_captured_file_gives_what_the_captured_table_gives() {
    let rows = captured_rows();
    let (_dir, store) = empty("UTC").await;
    take(&store, &as_file(&rows, "UTC"), 5).await;
    let cells = store.cells(&pbx(), 0, i64::MAX).await.expect("reads");
    let cells: BTreeMap<_, _> = cells.into_iter().map(|(of, hour, cell)| ((of, hour), cell)).collect();
    assert_eq!(cells, whole(&rows).cells);
}

#[tokio::test]
async fn twice_the_file_is_once() {
    let rows = as_file(&captured_rows(), "UTC");
    let (_dir, store) = empty("UTC").await;
    let first = store.apply_batch(batch(&rows)).await.expect("applies");
    assert_eq!((first.rows, first.visits), (u64::try_from(rows.len()).expect("fits"), 24));
    let mut again = rows.clone();
    again.sort_by_key(|row| (row.id % 5, row.id));
    assert_eq!(store.apply_batch(batch(&again)).await.expect("applies"), Applied::default());
}

#[tokio::test]
async fn file_then_table_and_table_then_file_are_once() {
    for (zone, rows) in [("UTC", captured_rows()), ("Europe/Berlin", hard()), ("Asia/Kathmandu", pauses())] {
        let files = as_file(&rows, zone);
        let (alone, number) = stored(zone, &files, 11).await;
        for shifts in [[0, 0, 0], [1, 1, 1], [0, 1, -1], [2, -2, 0]] {
            let tables = shifted(&rows, &shifts);
            for both in [[files.clone(), tables.clone()].concat(), [tables, files.clone()].concat()] {
                let (got, new) = stored(zone, &both, 11).await;
                for table in FOLDED {
                    assert_eq!(got[table], alone[table], "{table}, shifted by {shifts:?}, {zone}");
                }
                assert_eq!(new, number, "shifted by {shifts:?}, {zone}");
            }
        }
    }
}

#[tokio::test]
async fn a_changed_zone_moves_the_local_times_of_a_file_and_not_its_instants() {
    for rows in [captured_rows(), hard()] {
        let files = as_file(&rows, "UTC");
        let (_dir, moved) = empty("UTC").await;
        take(&moved, &files, 6).await;
        let before = visits(&moved).await;
        assert!(moved.register_pbx(&pbx(), "Australia/Adelaide").await.expect("registers"));
        let (_dir, fresh) = empty("Australia/Adelaide").await;
        take(&fresh, &files, 6).await;
        let after = dump(&moved).await;
        for table in FOLDED.iter().chain(&["queue", "file_row"]) {
            assert_eq!(after[table], dump(&fresh).await[table], "{table}");
        }
        assert_eq!(before, visits(&moved).await);
    }
}

#[tokio::test]
async fn a_file_tells_the_passes_of_a_repeated_hour_apart() {
    let rows =
        story(&["2026-10-25 02:30:00,NONE,q1,Bob,PAUSE,a", "2026-10-25 02:10:00,NONE,q1,Bob,UNPAUSE,"]);
    let mut files = rows.clone();
    // 02:30 in summer, 02:10 in winter: 40 minutes later.
    files[0].id = file_id(1_792_888_200, 0);
    files[1].id = file_id(1_792_888_200 + 2400, 0);
    for both in [[files.clone(), rows.clone()].concat(), [rows, files].concat()] {
        let (_dir, store) = empty("Europe/Berlin").await;
        take(&store, &both, 1).await;
        let presence = store.presence(&pbx(), 0, i64::MAX, false).await.expect("reads");
        let spans: Vec<i64> = presence.iter().map(|(_, i)| i.end.unwrap_or(0) - i.start).collect();
        assert_eq!(spans, vec![2400]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    /// A part told by the file, a part by the table, in whatever order and batches.
    #[test]
    fn parts_of_both_in_any_order_and_batches_are_one_set(
        parts in proptest::collection::vec((0..3_u8, -2..=2_i64), 240),
        order in Just((0..480_usize).collect::<Vec<_>>()).prop_shuffle(),
        at_once in 1..40_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        for rows in [captured_rows(), pauses()] {
            let shifts: Vec<i64> = parts.iter().map(|(_, shift)| *shift).collect();
            let told = |wanted: u8, rows: Vec<LogRow>| {
                let kept = rows.into_iter().zip(&parts).filter(move |(_, (part, _))| *part != wanted);
                kept.map(|(row, _)| row).collect::<Vec<_>>()
            };
            let mut both = told(1, as_file(&rows, "UTC"));
            both.extend(told(2, shifted(&rows, &shifts)));
            let shuffled: Vec<LogRow> = order.iter().filter_map(|at| both.get(*at).cloned()).collect();
            let (one, _) = runtime.block_on(stored("UTC", &both, both.len()));
            let (other, _) = runtime.block_on(stored("UTC", &shuffled, at_once));
            for table in TABLES {
                prop_assert_eq!(&one[table], &other[table], "{}", table);
            }
        }
    }
}
