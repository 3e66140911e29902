//! The whole of the cdr, newest days first, whatever its table looks like.

use asterflow::config::Pbx;
use asterflow::store::Store;

use super::past::{CALLS, FIRST, STEP, fill, in_time};
use super::{Running, Shelf};
use crate::history::Bench;

/// Of the generated calls every tenth never entered its queue.
const NEVER: usize = 700;

/// The tables that the rows are put in: how they are made, and what comes after them.
const FORMS: [(&str, &str, &str); 4] = [
    ("cdr", "", ""),
    ("cdr_by_time", "CREATE TABLE cdr_by_time LIKE cdr;", "ALTER TABLE cdr_by_time ADD KEY (start);"),
    (
        "cdr_numbered",
        "CREATE TABLE cdr_numbered LIKE cdr;",
        "ALTER TABLE cdr_numbered ADD id INT AUTO_INCREMENT PRIMARY KEY;",
    ),
    (
        "cdr_text",
        "CREATE TABLE cdr_text LIKE cdr;",
        "ALTER TABLE cdr_text CHANGE start calldate VARCHAR(30), ADD KEY (calldate);",
    ),
];

/// The calls from the `from`-th to the one before the `to`-th, into a table of Asterisk's own shape.
pub(super) fn calls(table: &str, from: i64, to: i64) -> String {
    format!(
        "INSERT INTO asterisk.{table} (start, uniqueid, linkedid, src, dcontext, dst, lastapp, lastdata, disposition, dstchannel)
         SELECT FROM_UNIXTIME({FIRST} + i * {STEP}), CONCAT({FIRST} + i * {STEP}, IF(i % 10 = 0, '.9', '.'), i),
         CONCAT({FIRST} + i * {STEP}, IF(i % 10 = 0, '.9', '.'), i), '555', 'in', CONCAT('30', i % 7), 'Queue', CONCAT('q', i % 7),
         'ANSWERED', '' FROM asterisk.n WHERE i >= {from} AND i < {to} ORDER BY i;"
    )
}

fn named(bench: &Bench, table: &str) -> Pbx {
    let mut pbx = bench.pbx.clone();
    pbx.database.as_mut().expect("a database").cdr_table = Some(table.into());
    pbx
}

pub(super) async fn never_entered(store: &Store, pbx: &Pbx) -> usize {
    store.not_entered(&pbx.name, 0, i64::MAX).await.expect("reads").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_it_is_read_in_every_shape() {
    let bench = Bench::start(false).await;
    fill(&bench).await;
    for (table, before, after) in FORMS {
        let sql = format!(
            "USE asterisk; {before} {} {after} GRANT SELECT ON {table} TO reader@'127.0.0.1';",
            calls(table, 0, CALLS)
        );
        bench.maria.script(&sql).await.unwrap_or_else(|error| panic!("{table}: {error}"));
        let (shelf, pbx) = (Shelf::new(), named(&bench, table));
        shelf.sync(&pbx).await;
        assert_eq!(never_entered(&shelf.store, &pbx).await, NEVER, "{table}");
        let reading = shelf.store.cdr_reading(&pbx.name).await.expect("reads").expect("begun");
        assert_eq!(reading.older, None, "{table}");
        // Once more, and what is new.
        let start = match table {
            "cdr_text" => "calldate",
            _ => "start",
        };
        let sql = format!(
            "INSERT INTO asterisk.{table} ({start}, uniqueid, linkedid, dcontext, dst, lastapp, lastdata)
             VALUES (FROM_UNIXTIME({FIRST} + {CALLS} * {STEP}), '1799.1', '1799.1', 'in', '300', 'Queue', 'q1')"
        );
        bench.maria.script(&sql).await.expect("inserts");
        shelf.sync(&pbx).await;
        assert_eq!(never_entered(&shelf.store, &pbx).await, NEVER + 1, "{table}");
        // Emptied, and filled with what is older: read anew, and nothing is lost or twice.
        let sql = format!(
            "TRUNCATE asterisk.{table}; INSERT INTO asterisk.{table} ({start}, uniqueid, linkedid, dcontext, dst, lastapp, lastdata)
             VALUES (FROM_UNIXTIME({FIRST} - 86400), '1798.1', '1798.1', 'in', '300', 'Queue', 'q1'),
             (FROM_UNIXTIME({FIRST}), '{FIRST}.90', '{FIRST}.90', 'in', '300', 'Queue', 'q0')"
        );
        bench.maria.script(&sql).await.expect("empties");
        shelf.sync(&pbx).await;
        assert_eq!(never_entered(&shelf.store, &pbx).await, NEVER + 2, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_where_it_was_broken_off_newest_days_first() {
    let bench = Bench::start(false).await;
    fill(&bench).await;
    // Several rows a call: many steps.
    let sql = format!(
        "USE asterisk; {} INSERT INTO cdr SELECT cdr.* FROM cdr CROSS JOIN (SELECT i FROM n LIMIT 9) more;
         ALTER TABLE cdr ADD id INT AUTO_INCREMENT PRIMARY KEY;",
        calls("cdr", 0, CALLS)
    );
    bench.maria.script(&sql).await.expect("fills");
    let reached = async || {
        let reading = bench.store.cdr_reading(&bench.pbx.name).await.expect("reads");
        reading.and_then(|reading| reading.older).map(|older| older.reached)
    };
    let mut positions = Vec::new();
    for share in [0.05, 0.5] {
        let mut running = Running::start(&bench.store, &bench.pbx);
        let far = |calls: asterflow::tasks::sync::OlderDays| calls.share > share;
        in_time(running.handle.status.wait_for(|status| status.older_calls.is_some_and(far))).await;
        running.end().await;
        positions.extend(reached().await);
        if positions.len() == 1 {
            // The newest days are there, and not the oldest.
            let late = FIRST + (CALLS - 200) * STEP;
            let new = bench.store.not_entered(&bench.pbx.name, late, i64::MAX).await.expect("reads").len();
            assert!(new >= 19 && never_entered(&bench.store, &bench.pbx).await < NEVER, "{new}");
        }
    }
    assert!(positions.windows(2).all(|two| two[1] < two[0]) && positions.len() == 2, "{positions:?}");
    let mut running = Running::start(&bench.store, &bench.pbx);
    in_time(running.handle.status.wait_for(|status| {
        status.last_sync.is_some() && status.older.is_none() && status.older_calls.is_none()
    }))
    .await;
    running.end().await;
    assert_eq!(reached().await, None);
    assert_eq!(never_entered(&bench.store, &bench.pbx).await, NEVER);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_second_with_more_calls_than_are_held_at_once() {
    let bench = Bench::start(false).await;
    fill(&bench).await;
    let sql = format!(
        "{} INSERT INTO asterisk.cdr (start, uniqueid, linkedid, dcontext, dst, lastapp, lastdata)
         SELECT FROM_UNIXTIME({FIRST} + 20 * 86400 + i DIV 6500), CONCAT('crowd.', i), CONCAT('crowd.', i), 'in', '300', 'Queue', 'q1'
         FROM asterisk.n; ALTER TABLE asterisk.cdr ADD KEY (start);",
        calls("cdr", 0, CALLS)
    );
    bench.maria.script(&sql).await.expect("fills");
    let shelf = Shelf::new();
    shelf.sync(&bench.pbx).await;
    assert_eq!(never_entered(&shelf.store, &bench.pbx).await, NEVER + 7000);
}
