//! Tables without numbers: a second with very many rows, and looks that each read the whole table.

use asterflow::pbx::mysql::{Cdr, Mysql, MysqlError, QueueLog};
use asterflow::tasks::sync::check_day;
use jiff::civil::date;

use super::past::{CALLS, FIRST, ROWS, STEP, fill};
use super::{Shelf, figures};
use crate::history::Bench;

const COLUMNS: &str = "time, callid, queuename, agent, event, data1, data2, data3, data4, data5";

#[tokio::test(flavor = "multi_thread")]
async fn a_second_with_more_rows_than_are_held_at_once() {
    let bench = Bench::start(false).await;
    fill(&bench).await;
    let crowd = |at: i64| {
        format!(
            "INSERT INTO flat (time, callid, queuename, agent, event, data1) SELECT FROM_UNIXTIME({at}), 'NONE', 'q1',
             IF(i % 2, 'Zoe', 'ZOE'), 'PENALTY', i DIV 2 FROM n;"
        )
    };
    // Among the older days, on the last day, and at the very end.
    let last = FIRST + (CALLS - 1) * STEP + 3000;
    let seconds = [FIRST + 20 * 86_400, FIRST + (CALLS - 1) * STEP - 600, last];
    let sql = format!(
        "USE asterisk; CREATE TABLE flat AS SELECT {COLUMNS} FROM queue_log; ALTER TABLE flat MODIFY callid VARCHAR(90), ADD KEY (time);
         {} {} {} GRANT SELECT ON flat TO reader@'127.0.0.1';",
        crowd(seconds[0]),
        crowd(seconds[1]),
        crowd(seconds[2]),
    );
    bench.maria.script(&sql).await.expect("makes it");
    let mut pbx = bench.pbx.clone();
    pbx.database.as_mut().expect("a database").queue_log_table = Some("flat".into());
    let shelf = Shelf::new();
    assert_eq!(shelf.sync(&pbx).await.rows, ROWS + 3 * 7000);
    assert_eq!(shelf.sync(&pbx).await.rows, 0);
    // What comes into the crowded second later is found, and nothing is read anew.
    let sql = format!(
        "INSERT INTO asterisk.flat (time, callid, queuename, agent, event) VALUES (FROM_UNIXTIME({last}), 'NONE', 'q1', 'Zoe', 'PAUSE')"
    );
    bench.maria.script(&sql).await.expect("inserts");
    assert_eq!(shelf.sync(&pbx).await.rows, 1);
    let before = figures(&shelf.store).await;
    let report = check_day(&shelf.store, &pbx, date(2026, 10, 29)).await.expect("checks");
    assert!(!report.found() && (7000..8000).contains(&report.rows), "{report:?}");
    assert_eq!(figures(&shelf.store).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_read_as_a_whole_gets_more_time_and_then_a_cure_is_named() {
    let bench = Bench::start(false).await;
    fill(&bench).await;
    // Each row takes a twentieth of a second, whatever is asked.
    let sql = format!(
        "USE asterisk; CREATE TABLE few AS SELECT {COLUMNS} FROM queue_log LIMIT 40;
         CREATE ALGORITHM = TEMPTABLE VIEW lazy AS SELECT * FROM few WHERE SLEEP(0.05) = 0;
         INSERT INTO cdr (start, uniqueid) SELECT FROM_UNIXTIME({FIRST} + i), i FROM n WHERE i < 40;
         CREATE ALGORITHM = TEMPTABLE VIEW lazy_cdr AS SELECT * FROM cdr WHERE SLEEP(0.05) = 0;
         GRANT SELECT ON lazy TO reader@'127.0.0.1'; GRANT SELECT ON lazy_cdr TO reader@'127.0.0.1';"
    );
    bench.maria.script(&sql).await.expect("makes it");
    let mut database = bench.pbx.database.clone().expect("a database");
    (database.queue_log_table, database.cdr_table) = (Some("lazy".into()), Some("lazy_cdr".into()));
    let connect =
        async |patient: u32| Mysql::connect(&database).await.expect("connects").with_deadlines(1, patient);
    let mysql = connect(12).await;
    let log = QueueLog::find(&mysql).await.expect("finds it, longer than a statement may take");
    assert_eq!(log.forward(&mysql, 0, 100).await.expect("reads").rows.len(), 40);
    let cdr = Cdr::find(&mysql).await.expect("finds");
    assert_eq!(cdr.forward(&mysql, 0, 100).await.expect("reads").rows.len(), 40);
    // Another table is held to the usual time all the same.
    assert!(log.warning().is_some_and(|said| said.contains("CREATE INDEX")) && cdr.is_slow());
    mysql.close().await;
    let mysql = connect(1).await;
    let too_slow = |error: MysqlError, column: &str| {
        let said = error.to_string();
        assert!(matches!(error, MysqlError::TooSlow { .. }) && error.is_refusal(), "{said}");
        assert!(said.contains("CREATE INDEX") && said.contains(column), "{said}");
    };
    too_slow(QueueLog::find(&mysql).await.expect_err("is too slow"), "(`time`)");
    too_slow(cdr.forward(&mysql, 0, 100).await.expect_err("is too slow"), "(`start`)");
    mysql.close().await;
}
