//! The stored tables depend on the set of rows alone, and equal a fold of all rows at once.

mod cdr;
mod files;
mod late;
mod moved;
mod pages;
mod people;
mod present;
mod properties;
mod purge;

use std::collections::BTreeMap;

use rusqlite::types::Value;

use super::*;
use crate::domain::history::fixture::{captured_rows, whole};
use crate::domain::history::row::LogRow;
use crate::domain::history::tally::Tally;
use crate::domain::history::time_text::parse_local;
use crate::store::Store;

const TABLES: &[&str] = &[
    "segment",
    "pending",
    "loose",
    "agent_row",
    "file_row",
    "presence",
    "span",
    "day",
    "month",
    "queue",
    "hint",
    "spelling",
    "mention",
    "oddity",
    "pbx",
];

fn pbx() -> PbxName {
    PbxName::new("pbx")
}

async fn empty(zone: &str) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("opens");
    store.register_pbx(&pbx(), zone).await.expect("registers");
    (dir, store)
}

fn batch(rows: &[LogRow]) -> Batch {
    Batch {
        pbx: pbx(),
        rows: rows.to_vec(),
        oddities: BTreeMap::new(),
        cursor: rows.iter().map(|row| row.id).max(),
    }
}

async fn take(store: &Store, rows: &[LogRow], at_once: usize) {
    for rows in rows.chunks(at_once) {
        store.apply_batch(batch(rows)).await.expect("applies");
    }
}

/// Every table as text.
async fn dump(store: &Store) -> BTreeMap<&'static str, Vec<String>> {
    store
        .read(|db| {
            let mut tables = BTreeMap::new();
            for table in TABLES {
                let mut statement = db.prepare(&format!("SELECT * FROM {table}"))?;
                let columns = statement.column_count();
                let mut lines: Vec<String> = statement
                    .query_map([], |row| {
                        let values: Result<Vec<Value>, _> = (0..columns).map(|at| row.get(at)).collect();
                        Ok(format!("{:?}", values?))
                    })?
                    .collect::<Result<_, _>>()?;
                lines.sort();
                tables.insert(*table, lines);
            }
            Ok(tables)
        })
        .await
        .expect("dumps")
}

async fn visits(store: &Store) -> Vec<crate::domain::history::visit::Visit> {
    store.visits(&pbx(), VisitFilter { to: i64::MAX, ..VisitFilter::default() }).await.expect("reads")
}

async fn check_same(zone: &str, rows: &[LogRow], other: &[LogRow], at_once: usize) {
    let (_dir, one) = empty(zone).await;
    take(&one, rows, rows.len()).await;
    let (_dir, two) = empty(zone).await;
    take(&two, other, at_once).await;
    let (one, two) = (dump(&one).await, dump(&two).await);
    for table in TABLES {
        assert_eq!(one[table], two[table], "{table}, batches of {at_once}");
    }
}

fn story(lines: &[&str]) -> Vec<LogRow> {
    lines
        .iter()
        .zip(1..)
        .map(|(line, id)| {
            let words: Vec<&str> = line.split(',').collect();
            let mut data: [String; 5] = Default::default();
            if let Some(fields) = words.get(5) {
                data.iter_mut().zip(fields.split('|')).for_each(|(slot, text)| *slot = text.into());
            }
            LogRow {
                id,
                local: parse_local(words[0]).expect("a time"),
                callid: words[1].into(),
                queue: words[2].into(),
                agent: words[3].into(),
                event: words[4].into(),
                data: data.map(Into::into),
            }
        })
        .collect()
}

/// Rows that reach over batches in every way that matters: a call joined from two callids, pauses ended by a start, a
/// ring or nothing, a login lost at a start, an entry that nothing ends.
fn hard() -> Vec<LogRow> {
    story(&[
        "2026-11-20 08:00:00,NONE,q1,Ann,PAUSE,coffee",
        "2026-11-20 08:01:00,1795161660.1,q1,NONE,ENTERQUEUE,|5551|1",
        "2026-11-20 08:01:10,1795161660.1,q1,Ann,CONNECT,10|x|4",
        "2026-11-20 08:03:00,1795161780.2,Q2,NONE,ENTERQUEUE,|5552|1",
        "2026-11-20 08:03:20,1795161660.1,q1,Ann,ATTENDEDTRANSFER,BRIDGE|b|10|130|1",
        "2026-11-20 08:03:25,1795161660.1,q2,Bob,CONNECT,25|y|3",
        "2026-11-20 08:04:25,1795161660.1,q2,Bob,COMPLETEAGENT,25|60|1",
        "2026-11-20 08:05:00,MANAGER,q2,Cy,ADDMEMBER,",
        "2026-11-20 08:06:00,NONE,NONE,Cy,PAUSEALL,all",
        "2026-11-20 08:06:01,NONE,q2,Cy,PAUSE,all",
        "2026-11-20 08:07:00,1795162020.3,q2,NONE,ENTERQUEUE,|5553|1",
        "2026-11-20 08:08:00,NONE,q2,Dan,PAUSE,gone",
        "2026-11-20 08:30:00,NONE,NONE,NONE,QUEUESTART,",
        "2026-11-20 09:00:00,MANAGER,q2,Cy,ADDMEMBER,",
        "2026-11-20 09:10:00,1795165800.4,q2,NONE,ENTERQUEUE,|5554|1",
        "2026-11-20 09:10:08,1795165800.4,q2,Dan,RINGNOANSWER,8000",
        "2026-11-20 09:10:20,1795165800.4,q2,Cy,CONNECT,20|z|8",
        "2026-11-20 09:50:20,1795165800.4,q2,Cy,COMPLETECALLER,20|2400|1",
        "2026-11-20 12:00:00,MANAGER,q2,Cy,REMOVEMEMBER,",
        "2026-11-20 12:30:00,1795177800.5,q2,NONE,ENTERQUEUE,|5555|1",
        "2026-11-20 13:00:00,NONE,q1,Eve,PAUSE,forgotten",
        "2026-11-20 13:10:00,1795180200.6,q1,NONE,ENTERQUEUE,|5556|1",
        "2026-11-20 13:10:09,1795180200.6,q1,Eve,CONNECT,9|w|2",
        "2026-11-22 09:00:00,NONE,NONE,NONE,CONFIGRELOAD,",
        "2026-11-22 09:00:01,NONE,q1,Eve,ODD,",
    ])
}

#[tokio::test]
async fn the_tables_do_not_depend_on_batches_order_or_doubles() {
    for rows in [captured_rows(), hard()] {
        for at_once in [1, 7] {
            check_same("UTC", &rows, &rows, at_once).await;
        }
        let backwards: Vec<LogRow> = rows.iter().rev().cloned().collect();
        check_same("UTC", &rows, &backwards, 1).await;
        let mut shuffled = rows.clone();
        // A fixed permutation: every third first.
        shuffled.sort_by_key(|row| (row.id % 3, row.id));
        shuffled.extend(rows.iter().take(9).cloned());
        check_same("UTC", &rows, &shuffled, 4).await;
    }
}

/// Pauses in several queues that overlap each other, some without an end, some ended twice, over some days.
fn pauses() -> Vec<LogRow> {
    let event = |at: i64| match (at * 7 + at / 3) % 11 {
        0..4 => "PAUSE",
        4..7 => "UNPAUSE",
        7 => "PAUSEALL",
        8 => "UNPAUSEALL",
        9 => "ADDMEMBER",
        _ => "REMOVEMEMBER",
    };
    let lines: Vec<String> = (0..240_i64)
        .map(|at| {
            let (minute, second) = (at * 37 % 60, at * 13 % 60);
            let time = format!("2026-11-{:02} {:02}:{minute:02}:{second:02}", 2 + at / 40, at / 2 % 20);
            match at % 23 {
                0 => format!("{time},NONE,NONE,NONE,QUEUESTART,"),
                5 => format!("{time},1793000000.{at},q{},Ann,RINGNOANSWER,4000", at % 3),
                6 => format!("{time},1793000000.{},q{},NONE,ABANDON,1|1|9", at - 1, (at - 1) % 3),
                _ => {
                    let queue =
                        if event(at).ends_with("ALL") { "NONE".into() } else { format!("q{}", at % 3) };
                    format!(
                        "{time},NONE,{queue},{},{},r{}",
                        ["Ann", "Bob"][usize::from(at % 4 == 1)],
                        event(at),
                        at % 5
                    )
                }
            }
        })
        .collect();
    story(&lines.iter().map(String::as_str).collect::<Vec<_>>())
}

#[tokio::test]
async fn overlapping_pauses_do_not_depend_on_batches_or_order() {
    let rows = pauses();
    check_same("UTC", &rows, &rows, 1).await;
    check_same("Europe/Berlin", &rows, &rows, 17).await;
    let mut shuffled = rows.clone();
    shuffled.sort_by_key(|row| (row.id * 7919 % 240, row.id));
    check_same("UTC", &rows, &shuffled, 1).await;
    check_same("UTC", &rows, &shuffled, 13).await;
}

#[tokio::test]
async fn rows_in_a_repeated_hour_are_placed_whatever_their_order() {
    let rows = story(&[
        "2026-10-25 02:10:00,1792887000.1,q1,NONE,ENTERQUEUE,|5551|1",
        "2026-10-25 02:10:30,1792887000.1,q1,Ann,CONNECT,30|x|4",
        "2026-10-25 02:15:00,NONE,q1,Bob,PAUSE,a",
        "2026-10-25 02:05:00,1792890300.2,q1,NONE,ENTERQUEUE,|5552|1",
        "2026-10-25 02:06:00,NONE,q1,Bob,UNPAUSE,",
        "2026-10-25 02:20:30,1792887000.1,q1,Ann,COMPLETEAGENT,30|4200|1",
    ]);
    let backwards: Vec<LogRow> = rows.iter().rev().cloned().collect();
    check_same("Europe/Berlin", &rows, &backwards, 1).await;
    check_same("Europe/Berlin", &rows, &rows, 1).await;
    let (_dir, store) = empty("Europe/Berlin").await;
    take(&store, &rows, 2).await;
    let presence = store.presence(&pbx(), 0, i64::MAX, false).await.expect("reads");
    let spans: Vec<i64> = presence.iter().map(|(_, i)| i.end.unwrap_or(0) - i.start).collect();
    assert_eq!(spans, vec![51 * 60]);
}

#[tokio::test]
async fn the_stored_cells_equal_a_fold_of_all_rows() {
    let (_dir, store) = empty("UTC").await;
    take(&store, &captured_rows(), 5).await;
    let stored = store.cells(&pbx(), 0, i64::MAX).await.expect("reads");
    let expect = whole(&captured_rows()).cells;
    let stored: BTreeMap<_, _> =
        stored.into_iter().map(|(subject, hour, cell)| ((subject, hour), cell)).collect();
    assert_eq!(stored, expect);
    assert_eq!(store.cursor(&pbx(), "queue_log").await.expect("reads"), 182);
}

#[tokio::test]
async fn the_visits_equal_a_fold_of_all_rows_whatever_the_batches() {
    for rows in [captured_rows(), hard()] {
        let mut expect = whole(&rows).visits;
        expect.sort_by_key(|visit| (visit.entered, visit.callid.clone(), visit.queue.folded(), visit.n));
        for at_once in [1, 7, rows.len()] {
            let (_dir, store) = empty("UTC").await;
            take(&store, &rows, at_once).await;
            let got = visits(&store).await;
            assert_eq!(got.len(), expect.len());
            for (got, expect) in got.iter().zip(&expect) {
                // The whole fold knows no starts of Asterisk, which end an entry here.
                let mut got = got.clone();
                if got.outcome != expect.outcome || got.review_at != expect.review_at {
                    (got.outcome, got.review_at) = (expect.outcome, expect.review_at);
                }
                (got.marks.missing_end, got.talk_bound) = (expect.marks.missing_end, expect.talk_bound);
                assert_eq!(got, *expect);
            }
            let sum: usize =
                expect.iter().map(|visit| visit.entered).collect::<std::collections::BTreeSet<_>>().len();
            let mut found = 0;
            for at in expect.iter().map(|visit| visit.entered).collect::<std::collections::BTreeSet<_>>() {
                let one = VisitFilter { from: at, to: at + 1, ..VisitFilter::default() };
                found += usize::from(!store.visits(&pbx(), one).await.expect("reads").is_empty());
            }
            assert_eq!(found, sum);
        }
    }
}

#[tokio::test]
async fn a_visit_whose_entry_was_never_logged_is_found_by_when_it_must_have_been() {
    let (_dir, store) = empty("UTC").await;
    take(&store, &story(&["2026-11-20 20:00:00,1795204800.1,q1,NONE,ABANDON,1|1|28800"]), 1).await;
    let entered = 1_795_204_800 - 28_800;
    let one = VisitFilter { from: entered, to: entered + 1, ..VisitFilter::default() };
    assert_eq!(store.visits(&pbx(), one).await.expect("reads").len(), 1);
}

#[tokio::test]
async fn sums_of_months_are_the_sums_of_their_hours() {
    use crate::domain::history::cells::{Cell, Subject};
    let mut rows = hard();
    let months = |row: &LogRow, months: i32, id: i64| LogRow {
        id: row.id + id,
        local: row.local.checked_add(jiff::Span::new().months(months)).expect("a time"),
        callid: row.callid.replace("17951", &format!("1{}", 7951 + i64::from(months) * 26)).into(),
        ..row.clone()
    };
    rows.extend(hard().iter().map(|row| months(row, 1, 100)).collect::<Vec<_>>());
    rows.extend(hard().iter().map(|row| months(row, 2, 200)).collect::<Vec<_>>());
    let (_dir, store) = empty("Europe/Berlin").await;
    take(&store, &rows, 10).await;
    let add = |sums: &mut BTreeMap<Subject, Cell>, subject: Subject, cell: &Cell| {
        sums.entry(subject).or_default().merge(cell, 1);
    };
    let day = 1_795_132_800; // 2026-11-20 UTC
    // The newest hour of the running month.
    let last =
        store.cells(&pbx(), 0, i64::MAX).await.expect("reads").iter().map(|(_, hour, _)| hour.start).max();
    let last = last.expect("an hour");
    let mut any = false;
    let edges: Vec<i64> = (-20..75).step_by(3).map(|days| day + days * 86_400 - 3600).collect();
    let some =
        edges.iter().flat_map(|from| edges.iter().map(|to| (*from, *to))).filter(|(from, to)| from < to);
    let more =
        [(0, i64::MAX), (day + 30_000, day + 14 * 86_400), (day, last - 3600), (day, last), (day, day)];
    for span in more.into_iter().chain(some) {
        for of in [
            CellsOf::All,
            CellsOf::Queues { queue: None },
            CellsOf::Queues { queue: Some("q2".into()) },
            CellsOf::Agents { agent: None, queue: None },
            CellsOf::Agents { agent: Some("Cy".into()), queue: Some("q2".into()) },
        ] {
            let hours = move |sums: &mut _, subject, _, cell| add(sums, subject, &cell);
            let sums = move |sums: &mut BTreeMap<Subject, Tally>, part: Packed<'_>| {
                let subject = Subject { queue: part.queue.into(), agent: part.agent.into() };
                part.add_to(sums.entry(subject).or_default())
            };
            let hours = store.fold_cells(&pbx(), span, of.clone(), hours).await.expect("reads");
            let sums = store.fold_packed(&pbx(), span, (of.clone(), false), sums).await.expect("reads");
            let sums: BTreeMap<Subject, Cell> =
                sums.into_iter().map(|(subject, tally)| (subject, tally.cell().expect("a cell"))).collect();
            let sums: BTreeMap<Subject, Cell> = sums.into_iter().filter(|(_, sum)| !sum.is_empty()).collect();
            assert_eq!(hours, sums, "{of:?} {span:?}");
            any |= !hours.is_empty();
        }
    }
    assert!(any);
}

#[tokio::test]
async fn known_rows_change_nothing_and_are_not_counted() {
    let (_dir, store) = empty("UTC").await;
    let first = store.apply_batch(batch(&captured_rows())).await.expect("applies");
    assert_eq!((first.rows, first.visits), (u64::try_from(captured_rows().len()).expect("fits"), 24));
    let again = store.apply_batch(batch(&captured_rows())).await.expect("applies");
    assert_eq!(again, Applied::default());
}

#[tokio::test]
async fn a_changed_zone_makes_the_same_tables_as_a_start_with_it() {
    for rows in [captured_rows(), hard()] {
        let (_dir, moved) = empty("UTC").await;
        take(&moved, &rows, 6).await;
        assert!(moved.register_pbx(&pbx(), "Australia/Adelaide").await.expect("registers"));
        let (_dir, fresh) = empty("Australia/Adelaide").await;
        take(&fresh, &rows, 6).await;
        assert_eq!(dump(&moved).await, dump(&fresh).await);
        assert!(!moved.register_pbx(&pbx(), "Australia/Adelaide").await.expect("registers"));
    }
}

#[tokio::test]
async fn no_cell_is_negative_and_every_visit_explains_itself() {
    let (_dir, store) = empty("UTC").await;
    take(&store, &hard(), 1).await;
    for (subject, _, cell) in store.cells(&pbx(), 0, i64::MAX).await.expect("reads") {
        assert!(!cell.is_negative(), "{subject:?}");
    }
    let visits = visits(&store).await;
    assert_eq!(visits.len(), 6);
    let joined = visits.iter().find(|visit| visit.marks.joined).expect("a joined visit");
    assert_eq!((joined.callid.as_str(), joined.wait, joined.talk()), ("1795161780.2", 25, 60));
    assert_eq!(store.rows_of_call(&pbx(), "1795161660.1").await.expect("reads").len(), 5);
    let oddities = store.oddities(&pbx()).await.expect("reads");
    assert_eq!(oddities["unknown_event"], 1);
    assert_eq!((oddities["unresolved"], oddities["missing_end"]), (2, 1));
}
