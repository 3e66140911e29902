//! Every row once, whatever happens to the table between two looks.

use asterflow::config::Tls;
use asterflow::domain::link::LinkState;
use asterflow::tasks::sync::sync_once;

use super::{Running, Shelf, figures};
use crate::history::{Bench, QUEUE_LOG, insert, pbx_of, queue_log_lines};

/// An entry and its abandon a few seconds later, one call each, as two values of an `INSERT`.
fn call(id: i64, second: i64) -> String {
    let at = 1_795_348_800 + second;
    format!(
        "({id}, FROM_UNIXTIME({at}), '{at}.{id}', 'sales', 'NONE', 'ENTERQUEUE', '', '5', '1'),
         ({}, FROM_UNIXTIME({at} + 7), '{at}.{id}', 'sales', 'NONE', 'ABANDON', '1', '1', '7')",
        id + 1
    )
}

fn calls(table: &str, calls: &[String]) -> String {
    format!(
        "INSERT INTO asterisk.{table} (id, time, callid, queuename, agent, event, data1, data2, data3) VALUES {};",
        calls.join(",")
    )
}

async fn load(bench: &Bench, values: &[String]) {
    bench.maria.script(&calls("queue_log", values)).await.expect("loads");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_out_of_order_interleaved_and_with_gaps() {
    let bench = Bench::start(false).await;
    // Two nodes that number in steps of their own; the second one's rows are committed later.
    let node = |first: i64| (0..20).map(move |n| call(first + n * 600, n * 10 + first)).collect::<Vec<_>>();
    let (one, two) = (node(1), node(301));
    load(&bench, &one).await;
    assert_eq!(bench.sync().await.visits, 20);
    load(&bench, &two[..1]).await;
    load(&bench, &two[10..]).await;
    // The first one lies beyond the last 5000 numbers, but within the last ten minutes.
    assert_eq!(bench.sync().await.visits, 11);
    load(&bench, &two[1..10]).await;
    assert_eq!(bench.sync().await.visits, 9);
    assert_eq!(bench.sync().await.rows, 0);
    let shelf = Shelf::new();
    shelf.sync(&bench.pbx).await;
    assert_eq!(figures(&bench.store).await, shelf.figures().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_table_is_noticed_at_the_next_look() {
    let bench = Bench::start(false).await;
    load(&bench, &[call(100, 0), call(102, 60)]).await;
    let mut running = Running::start(&bench.store, &bench.pbx);
    running.visits(2).await;
    // The numbers begin again: below, and on the second occasion beyond, what is read.
    for (first, all) in [(1, 3_u32), (1000, 4), (1000, 5)] {
        let sql = format!(
            "TRUNCATE asterisk.queue_log; {}",
            calls("queue_log", &[call(first, i64::from(all) * 600)])
        );
        bench.maria.script(&sql).await.expect("empties");
        running.visits(all.into()).await;
    }
    bench.maria.script("TRUNCATE asterisk.queue_log").await.expect("empties");
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    load(&bench, &[call(7, 9000)]).await;
    running.visits(6).await;
    running.end().await;
    assert_eq!(bench.sync().await.rows, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_began_again_while_nobody_looked() {
    let bench = Bench::start(false).await;
    // Further apart than what is read again in any case.
    let calls = |first: i64| (0..10).map(move |n| call(1 + n * 2000, first + n * 3600)).collect::<Vec<_>>();
    load(&bench, &calls(0)).await;
    assert_eq!(bench.sync().await.visits, 10);
    bench.maria.script("TRUNCATE asterisk.queue_log").await.expect("empties");
    load(&bench, &calls(100_000)).await;
    let once = bench.sync().await;
    assert_eq!((once.rows, once.visits), (20, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_put_in_place_of_the_old_one_with_older_rows() {
    let bench = Bench::start(false).await;
    load(&bench, &[call(1, 86_400)]).await;
    let mut running = Running::start(&bench.store, &bench.pbx);
    running.visits(1).await;
    let older: Vec<String> = (0..5).map(|n| call(50_000 + n * 2, n * 60)).collect();
    let sql = format!(
        "USE asterisk; CREATE TABLE other LIKE queue_log; {}
         RENAME TABLE queue_log TO gone, other TO queue_log;",
        calls("other", &older)
    );
    bench.maria.script(&sql).await.expect("swaps");
    running.visits(6).await;
    bench
        .maria
        .script("USE asterisk; DROP TABLE queue_log; RENAME TABLE gone TO queue_log")
        .await
        .expect("swaps back");
    load(&bench, &[call(3, 87_000)]).await;
    running.visits(7).await;
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_was_brought_back() {
    let bench = Bench::start(false).await;
    let calls = |first: i64, number: i64, apart: i64, second: i64| {
        (0..number).map(move |n| call(first + n * apart, second + n * 3600)).collect::<Vec<_>>()
    };
    load(&bench, &calls(1, 20, 1000, 0)).await;
    assert_eq!(bench.sync().await.visits, 20);
    // The dump was made after the twelfth; its numbers are given again.
    let restore = "DELETE FROM asterisk.queue_log WHERE id > 12000";
    bench.maria.script(restore).await.expect("deletes");
    assert_eq!(bench.sync().await.rows, 0);
    load(&bench, &calls(12_001, 4, 2000, 100_000)).await;
    assert_eq!(bench.sync().await.visits, 4);
    // The same while nobody looks: what comes after the dump lies beyond what was read.
    bench.maria.script(restore).await.expect("deletes");
    load(&bench, &calls(12_001, 7, 1000, 200_000)).await;
    assert_eq!(bench.sync().await.visits, 7);
    assert_eq!(bench.sync().await.rows, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_come_and_go_while_it_runs() {
    let bench = Bench::start(false).await;
    let sql = "USE asterisk; CREATE TABLE grows (id INT AUTO_INCREMENT PRIMARY KEY, time DATETIME, callid VARCHAR(80),
        queuename VARCHAR(80), agent VARCHAR(80), event VARCHAR(80), data VARCHAR(200));
        GRANT SELECT ON grows TO reader@'127.0.0.1';
        INSERT INTO grows VALUES (1, '2026-11-22 07:00:00', '1795330800.1', 'sales', 'NONE', 'ENTERQUEUE', '|5|1'),
          (2, '2026-11-22 07:00:09', '1795330800.1', 'sales', 'NONE', 'ABANDON', '1|1|9');";
    bench.maria.script(sql).await.expect("makes it");
    let mut pbx = pbx_of(&bench.maria, &bench.maria.reader(), Tls::Off);
    pbx.database.as_mut().expect("a database").queue_log_table = Some("grows".into());
    let mut running = Running::start(&bench.store, &pbx);
    running.visits(1).await;
    // Five columns come: what is written into them is read at once, not as nothing.
    let columns = "ADD data1 TEXT, ADD data2 TEXT, ADD data3 TEXT, ADD data4 TEXT, ADD data5 TEXT";
    let sql = format!("USE asterisk; ALTER TABLE grows {columns}; {}", calls("grows", &[call(3, 0)]));
    bench.maria.script(&sql).await.expect("alters");
    running.visits(2).await;
    // One that is read goes: a sentence, and nothing is taken for zero.
    bench.maria.script("USE asterisk; ALTER TABLE grows DROP queuename").await.expect("alters");
    let refused = running.handle.database.wait_for(|link| link.state == LinkState::Refused);
    let refused = tokio::time::timeout(std::time::Duration::from_secs(30), refused).await.expect("in time");
    let said = refused.expect("runs").detail.clone().unwrap_or_default();
    assert!(said.contains("lacks the columns queuename"), "{said}");
    running.end().await;
    // It comes back, wider.
    bench
        .maria
        .script("USE asterisk; ALTER TABLE grows ADD queuename VARCHAR(250) DEFAULT 'sales'")
        .await
        .expect("alters");
    bench.maria.script(&calls("grows", &[call(5, 60)])).await.expect("loads");
    let shelf = Shelf::new();
    assert_eq!(shelf.sync(&pbx).await.visits, 3);
    let mut running = Running::start(&bench.store, &pbx);
    running.visits(1).await;
    running.end().await;
    assert_eq!(figures(&bench.store).await, shelf.figures().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_without_numbers_are_known_by_what_they_say() {
    let bench = Bench::start(false).await;
    let columns = "time, callid, queuename, agent, event, data1, data2, data3, data4, data5";
    let sql = format!(
        "{} CREATE TABLE flat AS SELECT {columns} FROM queue_log ORDER BY time LIMIT 40;
         GRANT SELECT ON flat TO reader@'127.0.0.1';",
        insert("queue_log", QUEUE_LOG, &queue_log_lines())
    );
    bench.maria.script(&sql).await.expect("makes it");
    let mut pbx = bench.pbx.clone();
    pbx.database.as_mut().expect("a database").queue_log_table = Some("flat".into());
    let mut running = Running::start(&bench.store, &pbx);
    let read = running.handle.status.wait_for(|status| status.rows == 40);
    tokio::time::timeout(std::time::Duration::from_secs(20), read).await.expect("in time").expect("runs");
    // The rest comes, the same seconds once more, and what is known a second time.
    let sql = format!("USE asterisk; INSERT INTO flat SELECT {columns} FROM queue_log ORDER BY id DESC");
    bench.maria.script(&sql).await.expect("loads");
    running.visits(24).await;
    running.end().await;
    let shelf = Shelf::new();
    shelf.sync(&bench.pbx).await;
    assert_eq!(figures(&bench.store).await, shelf.figures().await);
    let again = sync_once(&bench.store, &[pbx.clone()], &mut |_| ()).await.expect("synchronises");
    assert_eq!(again.rows, 0);
    // Emptied and filled with older rows: the last one is not there any more.
    let sql = format!(
        "USE asterisk; TRUNCATE flat; INSERT INTO flat ({}) VALUES {};",
        "callid, time, queuename, agent, event, data1, data2, data3",
        "('1795000000.1', '2026-11-18 11:06:40', 'sales', 'NONE', 'ENTERQUEUE', '', '5', '1')"
    );
    bench.maria.script(&sql).await.expect("empties");
    let again = sync_once(&bench.store, &[pbx], &mut |_| ()).await.expect("synchronises");
    assert_eq!((again.rows, again.visits), (1, 1));
}
