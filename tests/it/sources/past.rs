//! The past: newest days first, broken off and gone on with, while the present goes on.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use asterflow::domain::link::LinkState;
use asterflow::pbx::mysql::{Mysql, QueueLog};
use asterflow::store::Batch;
use asterflow::tasks::history::{History, Thresholds};

use super::{Running, Shelf};
use crate::history::Bench;

/// The first second of the generated rows.
pub(super) const FIRST: i64 = 1_791_504_000;
/// Calls; each has four rows, and every fourth a pause beside it.
pub(super) const CALLS: i64 = 7000;
/// Seconds from one to the next: forty days in all.
pub(super) const STEP: i64 = 494;
pub(super) const ROWS: u64 = 4 * 7000 + 2 * 1750;

/// Forty days of calls and pauses, numbered in the order of time.
pub(super) async fn fill(bench: &Bench) {
    let sql = format!(
        "USE asterisk; SET max_recursive_iterations = 10000000;
        CREATE TABLE n AS WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {CALLS} - 1) SELECT i FROM n;
        INSERT INTO queue_log (time, callid, queuename, agent, event, data1, data2, data3)
        SELECT FROM_UNIXTIME(at), callid, queuename, agent, event, data1, data2, data3 FROM (
          SELECT {FIRST} + i * {STEP} + part.p * 7 AS at, CONCAT({FIRST} + i * {STEP}, '.', i) AS callid,
            CONCAT('q', i % 7) AS queuename, IF(part.p = 0, 'NONE', CONCAT('Agent ', i % 20)) AS agent,
            ELT(part.p + 1, 'ENTERQUEUE', 'RINGNOANSWER', 'CONNECT', 'COMPLETEAGENT') AS event,
            ELT(part.p + 1, '', '5000', '14', '14') AS data1, ELT(part.p + 1, '555', '', 'x', '7') AS data2,
            ELT(part.p + 1, '1', '', '3', '1') AS data3
          FROM n CROSS JOIN (SELECT 0 p UNION SELECT 1 UNION SELECT 2 UNION SELECT 3) part
          UNION ALL
          SELECT {FIRST} + i * {STEP} + part.p * 900, 'NONE', CONCAT('q', i % 3), CONCAT('Agent ', i % 20),
            IF(part.p = 0, 'PAUSE', 'UNPAUSE'), 'Lunch', '', '' FROM n CROSS JOIN (SELECT 0 p UNION SELECT 1) part
          WHERE i % 4 = 0) AS rows_of_all ORDER BY at, callid, event;"
    );
    bench.maria.script(&sql).await.expect("fills");
}

/// The figures that the same rows give in the order of the table, without any of the synchronisation.
pub(super) async fn in_order(bench: &Bench) -> String {
    let shelf = Shelf::new();
    shelf.store.register_pbx(&bench.pbx.name, "UTC").await.expect("registers");
    let mysql = Mysql::connect(bench.pbx.database.as_ref().expect("a database")).await.expect("connects");
    let log = QueueLog::find(&mysql).await.expect("finds");
    let mut from = 0;
    loop {
        let read = log.forward(&mysql, from, 5000).await.expect("reads");
        let Some(last) = read.rows.last() else { break };
        from = last.key + 1;
        let rows = read.rows.into_iter().filter_map(|seen| seen.row).collect();
        let batch = Batch { pbx: bench.pbx.name.clone(), rows, oddities: Default::default(), cursor: None };
        shelf.store.apply_batch(batch).await.expect("applies");
    }
    mysql.close().await;
    shelf.figures().await
}

pub(super) async fn in_time<T>(
    wait: impl Future<Output = Result<T, tokio::sync::watch::error::RecvError>>,
) -> T {
    tokio::time::timeout(Duration::from_secs(120), wait).await.expect("in time").expect("runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_day_comes_first_and_the_present_goes_on() {
    let bench = Bench::start(false).await;
    fill(&bench).await;
    let history = History::new(bench.store.clone(), Thresholds::default());
    let mut running = Running::start(&bench.store, &bench.pbx);
    // Nothing is shown as figures before the first day is there.
    assert!(running.handle.today.borrow().pbx.is_none());
    let status = in_time(running.handle.status.wait_for(|status| status.last_sync.is_some())).await.clone();
    let left = status.older.expect("older days are left");
    let newest = FIRST + (CALLS - 1) * STEP;
    let midnight = newest.div_euclid(86_400) * 86_400;
    assert_eq!(left.complete_from.to_string(), "2026-11-18");
    assert!(status.rows > 200 && status.rows < ROWS / 2, "{status:?}");
    let known = history.known_since(&bench.pbx.name).await.expect("answers").expect("something");
    assert!(known <= midnight, "{known}");
    let said = running.handle.database.borrow().note.clone().unwrap_or_default();
    assert!(said.contains("Reading history: 2026-1"), "{said}");
    // A new row comes between the steps.
    let id = status.newest + 1;
    let sql = format!(
        "INSERT INTO asterisk.queue_log (id, time, callid, queuename, agent, event)
         VALUES ({id}, '2026-11-18 23:00:00', 'NONE', 'q1', 'Agent 1', 'PENALTY')"
    );
    bench.maria.script(&sql).await.expect("inserts");
    let status = in_time(running.handle.status.wait_for(|status| status.position == id)).await.clone();
    assert!(status.older.is_some(), "the past was read first: {status:?}");
    let status = in_time(running.handle.status.wait_for(|status| status.older.is_none())).await.clone();
    assert_eq!(status.rows, ROWS + 1);
    in_time(running.handle.database.wait_for(|link| link.state == LinkState::Live && link.note.is_none()))
        .await;
    running.end().await;
    let shelf = Shelf::new();
    shelf.sync(&bench.pbx).await;
    assert_eq!(super::figures(&bench.store).await, in_order(&bench).await);
    assert_eq!(shelf.figures().await, in_order(&bench).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_past_without_numbers_is_read_backwards_by_time() {
    let bench = Bench::start(false).await;
    fill(&bench).await;
    let expect = in_order(&bench).await;
    for (name, time, key) in
        [("by_date", "time", ", ADD KEY (time)"), ("by_second", "UNIX_TIMESTAMP(time) AS time", "")]
    {
        let sql = format!(
            "USE asterisk; CREATE TABLE {name} AS SELECT {time}, callid, queuename, agent, event, data1, data2, data3,
             data4, data5 FROM queue_log; ALTER TABLE {name} MODIFY callid VARCHAR(90){key};
             GRANT SELECT ON {name} TO reader@'127.0.0.1'"
        );
        bench.maria.script(&sql).await.expect("makes it");
        let mut pbx = bench.pbx.clone();
        pbx.database.as_mut().expect("a database").queue_log_table = Some(name.into());
        let shelf = Shelf::new();
        assert_eq!(shelf.sync(&pbx).await.rows, ROWS, "{name}");
        assert_eq!(shelf.figures().await, expect, "{name}");
        assert_eq!(shelf.sync(&pbx).await.rows, 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_day_are_found_without_an_index() {
    let bench = Bench::start(false).await;
    fill(&bench).await;
    bench
        .maria
        .script(
            "USE asterisk; CREATE TABLE flat AS SELECT time, callid, queuename, agent, event, data1, data2, data3, data4,
             data5 FROM queue_log; GRANT SELECT ON flat TO reader@'127.0.0.1'",
        )
        .await
        .expect("makes it");
    let zone = jiff::tz::TimeZone::UTC;
    for (table, day) in
        [("queue_log", 0), ("queue_log", 17), ("queue_log", 39), ("queue_log", 60), ("flat", 17)]
    {
        let mut database = bench.pbx.database.clone().expect("a database");
        database.queue_log_table = Some(table.into());
        let mysql = Mysql::connect(&database).await.expect("connects");
        let log = QueueLog::find(&mysql).await.expect("finds");
        let from = FIRST.div_euclid(86_400) * 86_400 + day * 86_400;
        let mut rows = 0;
        let mut between = log.between(&mysql, &zone, (from, from + 86_400)).await.expect("begins");
        while let Some(batch) = between.next(&log, &mysql).await.expect("reads") {
            rows += batch.len();
        }
        let sql = format!(
            "SELECT COUNT(*) FROM queue_log WHERE time >= FROM_UNIXTIME({from}) AND time < FROM_UNIXTIME({from} + 86400)"
        );
        let expect = bench.maria.query(&sql).await.expect("counts");
        assert_eq!(rows.to_string(), expect[0][0], "{table}, day {day}");
        mysql.close().await;
    }
}

/// `sync --once` of the program itself.
fn program(folder: &Path, port: u16) -> Command {
    let text = crate::site::toml("UTC", (port, "reader"), ["secret", "secret"]);
    std::fs::write(folder.join("asterflow.toml"), text).expect("writes");
    std::fs::write(folder.join("secret"), "lab-reader\n").expect("writes");
    std::fs::set_permissions(folder.join("secret"), PermissionsExt::from_mode(0o600)).expect("protects");
    let mut command = Command::new(env!("CARGO_BIN_EXE_asterflow"));
    command.args(["sync", "--once", "--config"]).arg(folder.join("asterflow.toml"));
    command.arg("--state-dir").arg(folder.join("state")).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_goes_on_where_it_was() {
    let bench = Bench::start(false).await;
    fill(&bench).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut reached = Vec::new();
    for round in 0..80 {
        let mut child = program(folder.path(), bench.maria.port()).spawn().expect("runs");
        tokio::time::sleep(Duration::from_millis(60 + round * 12)).await;
        if child.try_wait().expect("asks").is_some() {
            break;
        }
        child.kill().expect("kills");
        child.wait().expect("ends");
        let store = asterflow::store::Store::open_read_only(&folder.path().join("state"));
        let Ok(store) = store else { continue };
        // Killed before it had made its tables.
        let Ok(reading) = store.reading(&bench.pbx.name).await else { continue };
        reached.extend(reading.and_then(|reading| reading.older).map(|older| older.reached));
    }
    // It came further each time, and never began anew.
    assert!(reached.len() > 1 && reached.windows(2).all(|two| two[1] <= two[0]), "{reached:?}");
    assert!(reached.last() < reached.first(), "{reached:?}");
    let output = program(folder.path(), bench.maria.port()).output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let store = asterflow::store::Store::open(&folder.path().join("state")).expect("opens");
    assert_eq!(super::figures(&store).await, in_order(&bench).await);
}
