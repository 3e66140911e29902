//! After a long outage: the newest days first, and every row once all the same.

use super::calls::{calls, never_entered};
use super::past::{CALLS, FIRST, ROWS, STEP, fill, in_time};
use super::{Running, Shelf, figures};
use crate::history::Bench;

/// The call behind which the first look ended.
const SEEN: i64 = 900;

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_day_comes_first_and_the_gap_is_closed_backwards() {
    let bench = Bench::start(false).await;
    fill(&bench).await;
    let columns = "time, callid, queuename, agent, event, data1, data2, data3, data4, data5";
    let until = FIRST + SEEN * STEP;
    for (log, id, key) in
        [("log_numbered", "id, ", ", ADD PRIMARY KEY (id)"), ("log_by_time", "", ", ADD KEY (time)")]
    {
        let cdr = format!("cdr_of_{log}");
        let rest = |table: &str, from: i64| {
            format!(
                "INSERT INTO asterisk.{table} SELECT {id}{columns} FROM asterisk.queue_log WHERE time >= FROM_UNIXTIME({from});"
            )
        };
        let sql = format!(
            "USE asterisk; CREATE TABLE {log} AS SELECT {id}{columns} FROM queue_log WHERE time < FROM_UNIXTIME({until});
             ALTER TABLE {log} MODIFY callid VARCHAR(90){key}; CREATE TABLE {cdr} LIKE cdr; {} ALTER TABLE {cdr} ADD KEY (start);
             GRANT SELECT ON {log} TO reader@'127.0.0.1'; GRANT SELECT ON {cdr} TO reader@'127.0.0.1';",
            calls(&cdr, 0, SEEN)
        );
        bench.maria.script(&sql).await.expect("makes it");
        let mut pbx = bench.pbx.clone();
        let database = pbx.database.as_mut().expect("a database");
        (database.queue_log_table, database.cdr_table) = (Some(log.into()), Some(cdr.clone()));
        let shelf = Shelf::new();
        // The first time it is broken off: two gaps are left then.
        let first = shelf.sync(&pbx).await.rows;
        bench
            .maria
            .script(&format!("{} {}", rest(log, until), calls(&cdr, SEEN, CALLS)))
            .await
            .expect("fills");
        let mut running = Running::start(&shelf.store, &pbx);
        let status =
            in_time(running.handle.status.wait_for(|status| status.last_sync.is_some())).await.clone();
        let left = status.older.unwrap_or_else(|| panic!("{log}: the gap was read forwards: {status:?}"));
        assert_eq!(left.complete_from.to_string(), "2026-11-18", "{log}");
        assert!(first + status.rows < ROWS, "{log} {status:?}");
        running.end().await;
        // Killed in the midst, and a second outage.
        let sql = format!(
            "INSERT INTO asterisk.{log} ({id}time, callid, queuename, agent, event) SELECT {}FROM_UNIXTIME({FIRST} + 60 * 86400 + i),
             'NONE', 'q1', 'Zoe', 'PENALTY' FROM asterisk.n WHERE i < 300;",
            if id.is_empty() { "" } else { "100000 + i, " }
        );
        bench.maria.script(&sql).await.expect("inserts");
        let gaps = shelf.store.reading(&pbx.name).await.expect("reads").expect("begun");
        shelf.sync(&pbx).await;
        let reading = shelf.store.reading(&pbx.name).await.expect("reads").expect("begun");
        assert!(gaps.older.is_some() && reading.older.is_none(), "{log} {gaps:?} {reading:?}");
        assert_eq!(never_entered(&shelf.store, &pbx).await, 700, "{log}");
        assert_eq!(shelf.sync(&pbx).await.rows, 0, "{log}");
        let whole = Shelf::new();
        whole.sync(&pbx).await;
        assert_eq!(figures(&shelf.store).await, figures(&whole.store).await, "{log}");
    }
}
