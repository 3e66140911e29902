//! The history from a real MariaDB: the captured rows, the errors, the faults.

use std::time::Duration;

use asterflow::config::{Database, HostPort, Pbx, Secret, Tls};
use asterflow::domain::history::figures::QueueFigures;
use asterflow::domain::history::query::Filter;
use asterflow::domain::ids::{AgentName, PbxName, QueueName};
use asterflow::domain::link::LinkState;
use asterflow::store::Store;
use asterflow::tasks::history::{History, Thresholds};
use asterflow::tasks::sync::{Once, Sync, SyncError, SyncHandle, sync_once};
use asterflow_lab::{Account, MariaDb, MariaOptions};
use jiff::civil::date;
use tokio::sync::watch;

/// The columns of the fixtures, behind the scenario's name.
pub(crate) const QUEUE_LOG: &str =
    "id, time, callid, queuename, agent, event, data1, data2, data3, data4, data5";
pub(crate) const CDR: &str =
    "uniqueid, linkedid, `start`, dstchannel, src, dst, dcontext, clid, channel, lastapp, lastdata,
    answer, `end`, duration, billsec, disposition, amaflags, sequence, userfield";

/// `INSERT` of the lines of a fixture.
pub(crate) fn insert(table: &str, columns: &str, lines: &[&str]) -> String {
    let values = lines.iter().map(|line| {
        let cells = line.split('\t').skip(1).map(|cell| match cell {
            "NULL" => "NULL".to_owned(),
            text => format!("'{}'", text.replace('\'', "''")),
        });
        format!("({})", cells.collect::<Vec<_>>().join(","))
    });
    format!(
        "USE asterisk; INSERT INTO {table} ({columns}) VALUES {};",
        values.collect::<Vec<_>>().join(",\n")
    )
}

pub(crate) fn queue_log_lines() -> Vec<&'static str> {
    include_str!("../fixtures/queue_log.tsv").lines().skip(1).collect()
}

pub(crate) async fn with_captures(maria: &MariaDb) {
    maria.script(&insert("queue_log", QUEUE_LOG, &queue_log_lines())).await.expect("loads queue_log");
    let cdr: Vec<&str> = include_str!("../fixtures/cdr.tsv").lines().collect();
    maria.script(&insert("cdr", CDR, &cdr)).await.expect("loads cdr");
}

/// A PBX with this database and nothing else.
pub(crate) fn pbx_of(maria: &MariaDb, account: &Account, tls: Tls) -> Pbx {
    let database = Database {
        hosts: vec![HostPort { host: "127.0.0.1".into(), port: maria.port() }],
        name: "asterisk".into(),
        cdr_name: None,
        username: account.user.clone(),
        password: Secret::new(&account.password),
        tls,
        queue_log_table: None,
        queue_log_partition: None,
        cdr_table: None,
    };
    let ami = asterflow::config::Ami {
        hosts: Vec::new(),
        tls: Tls::Off,
        username: String::new(),
        secret: Secret::new(""),
    };
    let zone = jiff::tz::TimeZone::UTC;
    Pbx { name: PbxName::new("pbx"), zone, zone_name: "UTC".into(), ami, database: Some(database) }
}

/// A MariaDB, and a store that synchronises with it.
pub(crate) struct Bench {
    _dir: tempfile::TempDir,
    pub(crate) store: Store,
    pub(crate) maria: MariaDb,
    pub(crate) pbx: Pbx,
}

impl Bench {
    pub(crate) async fn start(tls: bool) -> Self {
        let maria = MariaDb::start(MariaOptions { tls, ..MariaOptions::default() }).await.expect("starts");
        let protection = if tls { Tls::Verify { ca_file: maria.ca_file() } } else { Tls::Off };
        let pbx = pbx_of(&maria, &maria.reader(), protection);
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(dir.path()).expect("opens");
        Self { _dir: dir, store, maria, pbx }
    }

    pub(crate) async fn sync(&self) -> Once {
        sync_once(&self.store, std::slice::from_ref(&self.pbx), &mut |_| ()).await.expect("synchronises")
    }

    pub(crate) fn history(&self) -> History {
        History::new(self.store.clone(), Thresholds::default())
    }

    /// Each queue's figures over all that is stored.
    pub(crate) async fn queues_of_all_days(&self) -> Vec<(String, QueueFigures)> {
        let rows = self.history().queues(&Filter::new(date(2020, 1, 1), date(2099, 1, 1))).await;
        rows.expect("answers").into_iter().map(|row| (row.queue.to_string(), row.figures)).collect()
    }

    async fn offered(&self) -> u64 {
        let rows = self.history().queues(&Filter::new(date(2026, 11, 22), date(2026, 11, 22))).await;
        rows.expect("answers").iter().map(|row| row.figures.offered).sum()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_captured_rows_come_over_tls_and_give_their_figures() {
    let bench = Bench::start(true).await;
    with_captures(&bench.maria).await;
    let once = bench.sync().await;
    assert_eq!((once.rows, once.visits), (u64::try_from(queue_log_lines().len()).expect("fits"), 24));
    let again = bench.sync().await;
    assert_eq!((again.rows, again.visits), (0, 0));
    let filter = Filter::new(date(2026, 11, 22), date(2026, 11, 22));
    let rows = bench.history().queues(&filter).await.expect("answers");
    let vip = rows.iter().find(|row| row.queue == QueueName::new("vip")).expect("vip");
    assert_eq!((vip.figures.not_entered, vip.figures.timed_out), (1, 2));
    assert!(rows.iter().filter(|row| row.queue != vip.queue).all(|row| row.figures.not_entered == 0));
    let agents = bench.history().agents(&filter).await.expect("answers");
    let alice = agents.iter().find(|row| row.agent == AgentName::new("Alice Adams")).expect("Alice");
    assert_eq!((alice.figures.answered, alice.figures.talk_s), (13, 74));
}

#[tokio::test(flavor = "multi_thread")]
async fn late_ids_and_an_emptied_table_are_found() {
    let bench = Bench::start(false).await;
    let lines = queue_log_lines();
    let (late, first): (Vec<&str>, Vec<&str>) =
        lines.iter().partition(|line| line.contains("\t1795330966.25\t"));
    assert_eq!(late.len(), 3);
    bench.maria.script(&insert("queue_log", QUEUE_LOG, &first)).await.expect("loads");
    assert_eq!(bench.sync().await.visits, 23);
    bench.maria.script(&insert("queue_log", QUEUE_LOG, &late)).await.expect("loads");
    let once = bench.sync().await;
    assert_eq!((once.rows, once.visits), (3, 1));
    let after = "TRUNCATE asterisk.queue_log; INSERT INTO asterisk.queue_log (time, callid, queuename, agent, event,
        data1, data2, data3) VALUES ('2026-11-22 12:00:00','1795348800.1','sales','NONE','ENTERQUEUE','','5','1'),
        ('0000-00-00 00:00:00','1795348800.1','sales','NONE','ABANDON','1','1','7')";
    bench.maria.script(&format!("SET sql_mode=''; {after}")).await.expect("empties");
    let once = bench.sync().await;
    assert_eq!((once.rows, once.visits, once.oddities.get("bad_time")), (1, 1, Some(&1)));
    assert_eq!(bench.offered().await, 25);
}

/// What goes wrong at the start, as the person reads it.
async fn refusal(bench: &Bench, pbx: &Pbx) -> String {
    let error =
        sync_once(&bench.store, std::slice::from_ref(pbx), &mut |_| ()).await.expect_err("is refused");
    let SyncError::Database(error) = error else { panic!("another error: {error}") };
    error.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_says_its_cause_and_cure() {
    let bench = Bench::start(false).await;
    let change = |with: fn(&mut Database)| {
        let mut pbx = bench.pbx.clone();
        pbx.database.as_mut().map(with).expect("a database");
        pbx
    };
    for (pbx, words) in [
        (change(|d| d.password = Secret::new("wrong")), vec!["refuses the user reader", "password_file"]),
        (change(|d| d.name = "nothing".into()), vec!["no schema nothing", "asterflow grants"]),
        (change(|d| d.hosts[0].port = 1), vec!["127.0.0.1:1", "cannot be reached"]),
        (change(|d| d.tls = Tls::Insecure), vec!["no safe connection", "ca_file"]),
        (
            change(|d| d.queue_log_table = Some("sippeers".into())),
            vec!["may not read", "sippeers", "GRANT SELECT"],
        ),
        (change(|d| d.queue_log_table = Some("queues".into())), vec!["lacks the columns time, callid"]),
    ] {
        let text = refusal(&bench, &pbx).await;
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }
    let mut all = pbx_of(&bench.maria, &bench.maria.account(), Tls::Off);
    all.database.as_mut().expect("a database").queue_log_table = Some("no_such".into());
    let text = refusal(&bench, &all).await;
    assert!(text.contains("has no table no_such") && text.contains("queue_log_table"), "{text}");
}

async fn until(handle: &mut SyncHandle, state: LinkState) -> String {
    let seen =
        tokio::time::timeout(Duration::from_secs(30), handle.database.wait_for(|link| link.state == state));
    seen.await.expect("in time").expect("runs").detail.clone().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_database_is_lost_and_comes_back_by_itself() {
    let mut bench = Bench::start(false).await;
    let lines = queue_log_lines();
    bench.maria.script(&insert("queue_log", QUEUE_LOG, &lines[..40])).await.expect("loads");
    let settings = crate::site::reading_every(Duration::from_millis(200));
    let (stop, stopped) = watch::channel(false);
    let (sync, mut handle) = Sync::new(bench.store.clone(), bench.pbx.clone(), &settings);
    let task = tokio::spawn(sync.run(stopped));
    until(&mut handle, LinkState::Live).await;
    assert!(handle.database.borrow().fresh_at.is_some());
    bench.maria.kill();
    let why = until(&mut handle, LinkState::Lost).await;
    assert!(why.contains("database"), "{why}");
    bench.maria.restart().await.expect("restarts");
    bench.maria.script(&insert("queue_log", QUEUE_LOG, &lines[40..])).await.expect("loads");
    until(&mut handle, LinkState::Live).await;
    let whole = handle.status.wait_for(|status| status.position == 182);
    tokio::time::timeout(Duration::from_secs(10), whole).await.expect("in time").expect("runs");
    assert_eq!(bench.offered().await, 24);
    stop.send(true).expect("listens");
    tokio::time::timeout(Duration::from_secs(5), task).await.expect("ends in time").expect("ends well");
}

/// Reads a large table; by hand, for its time: `cargo test -- --ignored a_large_table`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn a_large_table_is_read_in_batches() {
    let bench = Bench::start(false).await;
    let sql = "USE asterisk; SET max_recursive_iterations=10000000;
        INSERT INTO queue_log (time, callid, queuename, agent, event, data1, data2, data3)
        WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
        SELECT FROM_UNIXTIME(1760000000 + i * 300 + part.p * 7), CONCAT(1760000000 + i * 300, '.', i),
          CONCAT('q', i % 7), IF(part.p = 0, 'NONE', CONCAT('Agent ', i % 80)),
          ELT(part.p + 1, 'ENTERQUEUE', 'RINGNOANSWER', 'CONNECT', 'COMPLETEAGENT'),
          ELT(part.p + 1, '', '5000', '14', '14'), ELT(part.p + 1, '555', '', 'x', '7'), ELT(part.p + 1, '1', '', '3', '1')
        FROM n CROSS JOIN (SELECT 0 p UNION SELECT 1 UNION SELECT 2 UNION SELECT 3) part ORDER BY i, p;
        INSERT INTO queue_log (time, callid, queuename, agent, event, data1)
        WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 39999)
        SELECT FROM_UNIXTIME(1760000000 + i * 750), 'NONE', CONCAT('q', (i DIV 2) % 3), CONCAT('Agent ', (i DIV 2) % 80),
          IF(i % 2 = 0, 'PAUSE', 'UNPAUSE'), 'x' FROM n;";
    bench.maria.script(sql).await.expect("loads");
    let once = bench.sync().await;
    assert_eq!((once.rows, once.visits), (440_000, 100_000));
    let again = bench.sync().await;
    assert_eq!(again.rows, 0);
    eprintln!("first {once:?}, again {again:?}");
}
