//! The same rows in every shape in which `queue_log` and `cdr` are found.

use asterflow::config::{Pbx, Tls};
use asterflow::tasks::sync::sync_once;

use super::Shelf;
use crate::history::{Bench, CDR, QUEUE_LOG, insert, pbx_of, queue_log_lines};

/// A table: its columns, and how the captured rows come into it.
struct Form {
    name: &'static str,
    columns: &'static str,
    rows: &'static str,
}

const DATA: &str = "data1, data2, data3, data4, data5";
const PIPED: &str = "CONCAT_WS('|', COALESCE(data1,''), COALESCE(data2,''), COALESCE(data3,''), COALESCE(data4,''), COALESCE(data5,''))";

const FORMS: &[Form] = &[
    Form {
        name: "asterisk_fractions",
        columns: "id BIGINT AUTO_INCREMENT PRIMARY KEY, time DATETIME(6), callid VARCHAR(80), queuename VARCHAR(256),
            agent VARCHAR(80), event VARCHAR(32), data1 VARCHAR(100), data2 VARCHAR(100), data3 VARCHAR(100),
            data4 VARCHAR(100), data5 VARCHAR(100)",
        rows: "SELECT id, CONCAT(time, '.654321'), callid, queuename, agent, event, {data} FROM queue_log",
    },
    Form {
        name: "contrib",
        columns: "time DATETIME, callid CHAR(50), queuename CHAR(50), agent CHAR(50), event CHAR(20), data1 CHAR(50),
            data2 CHAR(50), data3 CHAR(50), data4 CHAR(50), data5 CHAR(50), KEY bydate (time), KEY qname (queuename, time)",
        rows: "SELECT time, callid, queuename, agent, event, {data} FROM queue_log",
    },
    Form {
        name: "guide_text",
        columns: "id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, `time` VARCHAR(26) NOT NULL DEFAULT '',
            callid VARCHAR(40) NOT NULL DEFAULT '', queuename VARCHAR(20) NOT NULL DEFAULT '',
            agent VARCHAR(20) NOT NULL DEFAULT '', event VARCHAR(20) NOT NULL DEFAULT '',
            data VARCHAR(100) NOT NULL DEFAULT ''",
        rows: "SELECT id, CONCAT(time, '.000001'), callid, queuename, agent, event, {piped} FROM queue_log",
    },
    Form {
        name: "guide_text_only",
        columns: "`time` VARCHAR(26), callid VARCHAR(80), queuename VARCHAR(80), agent VARCHAR(80), event VARCHAR(80),
            data VARCHAR(200)",
        rows: "SELECT CONCAT(time, '.000001'), callid, queuename, agent, event, {piped} FROM queue_log",
    },
    Form {
        name: "epoch_number",
        columns: "time INT UNSIGNED, callid VARCHAR(80), queuename VARCHAR(80), agent VARCHAR(80), event VARCHAR(80),
            data1 TEXT, data2 TEXT, data3 TEXT, data4 TEXT, data5 TEXT, KEY (time)",
        rows: "SELECT UNIX_TIMESTAMP(time), callid, queuename, agent, event, {data} FROM queue_log",
    },
    Form {
        name: "epoch_text",
        columns: "id INT AUTO_INCREMENT PRIMARY KEY, time VARCHAR(20), callid VARCHAR(80), queuename VARCHAR(80),
            agent VARCHAR(80), event VARCHAR(80), data1 TEXT, data2 TEXT, data3 TEXT, data4 TEXT, data5 TEXT",
        rows: "SELECT id, UNIX_TIMESTAMP(time), callid, queuename, agent, event, {data} FROM queue_log",
    },
    Form {
        name: "epoch_text_only",
        columns: "time VARCHAR(20), callid VARCHAR(80), queuename VARCHAR(80), agent VARCHAR(80), event VARCHAR(80),
            data VARCHAR(200), KEY (time)",
        rows: "SELECT CONCAT(UNIX_TIMESTAMP(time), '.25'), callid, queuename, agent, event, {piped} FROM queue_log",
    },
    Form {
        name: "timestamp",
        columns: "id INT AUTO_INCREMENT PRIMARY KEY, time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, callid VARCHAR(80),
            queuename VARCHAR(80), agent VARCHAR(80), event VARCHAR(80), data1 TEXT, data2 TEXT, data3 TEXT, data4 TEXT,
            data5 TEXT",
        rows: "SELECT id, time, callid, queuename, agent, event, {data} FROM queue_log",
    },
    Form {
        name: "grown",
        columns: "id INT AUTO_INCREMENT PRIMARY KEY, time DATETIME, callid VARCHAR(80), queuename VARCHAR(80),
            agent VARCHAR(80), event VARCHAR(80), data1 TEXT, data2 TEXT, data3 TEXT, data4 TEXT, data5 TEXT, data TEXT",
        rows: "SELECT id, time, callid, queuename, agent, event, IF(id < 90, '', data1), IF(id < 90, NULL, data2),
            IF(id < 90, NULL, data3), IF(id < 90, '', data4), IF(id < 90, NULL, data5), IF(id < 90, {piped}, '')
            FROM queue_log",
    },
    Form {
        name: "freepbx",
        columns: "id BIGINT(255) UNSIGNED NOT NULL AUTO_INCREMENT, time DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00',
            callid VARCHAR(40) NOT NULL DEFAULT '', queuename VARCHAR(20) NOT NULL DEFAULT '',
            serverid VARCHAR(20) NOT NULL DEFAULT '', agent VARCHAR(40) NOT NULL DEFAULT '',
            event VARCHAR(20) NOT NULL DEFAULT '', data1 VARCHAR(40) NOT NULL DEFAULT '',
            data2 VARCHAR(40) NOT NULL DEFAULT '', data3 VARCHAR(40) NOT NULL DEFAULT '',
            data4 VARCHAR(40) NOT NULL DEFAULT '', data5 VARCHAR(40) NOT NULL DEFAULT '', note VARCHAR(9), PRIMARY KEY (id),
            KEY queue (queuename), KEY event (event)",
        rows: "SELECT id, time, callid, queuename, '', agent, event, COALESCE(data1,''), COALESCE(data2,''),
            COALESCE(data3,''), COALESCE(data4,''), COALESCE(data5,''), NULL FROM queue_log",
    },
    Form {
        name: "queuemetrics",
        columns: "`partition` VARCHAR(20) NOT NULL DEFAULT '', time_id INT UNSIGNED NOT NULL DEFAULT 0,
            call_id VARCHAR(200) NOT NULL DEFAULT '', queue VARCHAR(50) NOT NULL DEFAULT '',
            agent VARCHAR(30) NOT NULL DEFAULT '', verb VARCHAR(30) NOT NULL DEFAULT '',
            data1 VARCHAR(200), data2 VARCHAR(200), data3 VARCHAR(200), data4 VARCHAR(200), data5 VARCHAR(200),
            serverid VARCHAR(10) NOT NULL DEFAULT '', unique_row_count INT UNSIGNED NOT NULL AUTO_INCREMENT,
            KEY idx_sel (`partition`, time_id, queue), KEY by_count (unique_row_count)",
        rows: "SELECT 'P001', UNIX_TIMESTAMP(time), callid, queuename, agent, event, {data}, '', id FROM queue_log UNION ALL
            SELECT 'P001', 1795340000, 'NONE', 'NONE', 'NONE', 'HEARTBEAT', '', '', '', '', '', '', 5000",
    },
];

/// The captured rows in the table of Asterisk's own shape, and a table for each of the others.
async fn tables() -> Bench {
    let bench = Bench::start(false).await;
    bench.maria.script(&insert("queue_log", QUEUE_LOG, &queue_log_lines())).await.expect("loads");
    for form in FORMS {
        let rows = form.rows.replace("{data}", DATA).replace("{piped}", PIPED);
        let sql = format!(
            "USE asterisk; SET sql_mode = ''; CREATE TABLE {name} ({}); INSERT INTO {name} {rows};
             GRANT SELECT ON {name} TO reader@'127.0.0.1';",
            form.columns,
            name = form.name,
        );
        bench.maria.script(&sql).await.unwrap_or_else(|error| panic!("{}: {error}", form.name));
    }
    bench
}

fn named(bench: &Bench, table: &str) -> Pbx {
    let mut pbx = pbx_of(&bench.maria, &bench.maria.reader(), Tls::Off);
    pbx.database.as_mut().expect("a database").queue_log_table = Some(table.to_owned());
    pbx
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_gives_the_same_figures() {
    let bench = tables().await;
    let shelf = Shelf::new();
    let all = shelf.sync(&bench.pbx).await;
    let expect = shelf.figures().await;
    assert_eq!(all.visits, 24);
    for form in FORMS {
        let shelf = Shelf::new();
        let pbx = named(&bench, form.name);
        let once = shelf.sync(&pbx).await;
        assert_eq!((once.rows, once.visits), (all.rows, 24), "{}", form.name);
        assert_eq!(once.oddities, all.oddities, "{}", form.name);
        assert_eq!(shelf.figures().await, expect, "{}", form.name);
        let again = shelf.sync(&pbx).await;
        assert_eq!((again.rows, again.visits), (0, 0), "{}", form.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_come_later_are_found_in_every_shape() {
    let bench = tables().await;
    let mut pauses = Vec::new();
    for form in FORMS.iter().map(|form| form.name).chain(["queue_log"]) {
        let shelf = Shelf::new();
        let pbx = named(&bench, form);
        shelf.sync(&pbx).await;
        // The same second as the last row, and later ones; one of them twice.
        let last = shelf.store.pbxs().await.expect("reads")[0].log_clock;
        let (time, queue, call, event) = match form {
            "queuemetrics" => ("time_id", "queue", "call_id", "verb"),
            _ => ("time", "queuename", "callid", "event"),
        };
        for (later, agent, what) in
            [(0, "Zoe", "PAUSE"), (7, "Zoe", "UNPAUSE"), (7, "Zoe", "UNPAUSE"), (9, "Yan", "PAUSE")]
        {
            let at = last + later;
            let at = match form {
                "epoch_number" | "epoch_text" | "epoch_text_only" | "queuemetrics" => at.to_string(),
                _ => format!("FROM_UNIXTIME({at})"),
            };
            let whose = if form == "queuemetrics" { ("`partition`, ", "'P001', ") } else { ("", "") };
            let sql = format!(
                "USE asterisk; INSERT INTO {form} ({}{time}, {call}, {queue}, agent, {event})
                 VALUES ({}{at}, 'NONE', 'sales', '{agent}', '{what}')",
                whose.0, whose.1
            );
            bench.maria.script(&sql).await.unwrap_or_else(|error| panic!("{form}: {error}"));
        }
        assert_eq!(shelf.sync(&pbx).await.rows, 3, "{form}");
        let figures = shelf.figures().await;
        pauses.push(figures.lines().find(|line| line.starts_with("Zoe")).unwrap_or_default().to_owned());
        assert!(pauses.last().is_some_and(|line| line.contains("paused_s: 7")), "{form}: {figures}");
    }
    pauses.dedup();
    assert_eq!(pauses.len(), 1, "{pauses:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_another_pbx_stay_out_and_a_partition_has_to_be_named() {
    let bench = tables().await;
    let mut pbx = named(&bench, "queuemetrics");
    let shelf = Shelf::new();
    shelf.sync(&pbx).await;
    let expect = shelf.figures().await;
    bench
        .maria
        .script(
            "USE asterisk; INSERT INTO queuemetrics (`partition`, time_id, call_id, queue, agent, verb, data2, data3)
             VALUES ('P002', 1795348800, '1795348800.1', 'sales', 'NONE', 'ENTERQUEUE', '5', '1')",
        )
        .await
        .expect("inserts");
    let refused = async |shelf: &Shelf, pbx: &Pbx| {
        let error = sync_once(&shelf.store, std::slice::from_ref(pbx), &mut |_| ()).await;
        error.expect_err("is refused").to_string()
    };
    for shelf in [&shelf, &Shelf::new()] {
        let said = refused(shelf, &pbx).await;
        assert!(said.contains("P001, P002") && said.contains("queue_log_partition"), "{said}");
    }
    assert_eq!(shelf.figures().await, expect);
    let mut name = |partition: &str| {
        pbx.database.as_mut().expect("a database").queue_log_partition = Some(partition.to_owned());
        pbx.clone()
    };
    for (partition, visits) in [("P001", 24), ("P002", 1), ("*", 25), ("P003", 0)] {
        assert_eq!(Shelf::new().sync(&name(partition)).await.visits, visits, "{partition}");
    }
    assert_eq!(shelf.sync(&name("P001")).await.rows, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_were_cut_are_counted_and_said() {
    let bench = Bench::start(false).await;
    let sql = "USE asterisk; CREATE TABLE narrow (id INT AUTO_INCREMENT PRIMARY KEY, time DATETIME, callid VARCHAR(80),
        queuename VARCHAR(80), agent VARCHAR(8), event VARCHAR(80), data TEXT);
        GRANT SELECT ON narrow TO reader@'127.0.0.1';
        INSERT INTO narrow (time, callid, queuename, agent, event, data) VALUES
        ('2026-11-22 07:00:00', '1795330800.1', 'sales', 'NONE', 'ENTERQUEUE', '|5|1'),
        ('2026-11-22 07:00:01', '1795330800.1', 'sales', 'Zoë Zürc', 'CONNECT', '1|x|1'),
        ('2026-11-22 07:00:09', '1795330800.1', 'sales', 'Zoë Zürc', 'COMPLETEAGENT', '1|8|1');";
    bench.maria.script(sql).await.expect("makes it");
    let pbx = named(&bench, "narrow");
    let shelf = Shelf::new();
    let once = shelf.sync(&pbx).await;
    assert_eq!((once.visits, once.oddities.get("truncated")), (1, Some(&2)));
    assert_eq!(shelf.sync(&pbx).await.oddities.get("truncated"), Some(&2));
    let mut running = super::Running::start(&shelf.store, &pbx);
    let said = running.handle.database.wait_for(|link| link.detail.is_some());
    let said = tokio::time::timeout(std::time::Duration::from_secs(20), said).await.expect("in time");
    let said = said.expect("runs").detail.clone().unwrap_or_default();
    assert!(said.contains("column agent of narrow") && said.contains("(8)"), "{said}");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn epoch_times_need_no_guess_in_a_repeated_hour() {
    let bench = Bench::start(false).await;
    let second = |text: &str| text.parse::<jiff::Timestamp>().expect("a time").as_second();
    // A pause from the first pass of the repeated hour into the second one, and nothing else that could tell.
    let (from, to) = (second("2026-10-25T00:30:00Z"), second("2026-10-25T01:20:00Z"));
    let sql = format!(
        "USE asterisk; CREATE TABLE epochs (time INT, callid VARCHAR(80), queuename VARCHAR(80), agent VARCHAR(80),
         event VARCHAR(80), data TEXT); GRANT SELECT ON epochs TO reader@'127.0.0.1';
         INSERT INTO epochs VALUES ({from}, 'NONE', 'sales', 'Zoe', 'PAUSE', ''), ({to}, 'NONE', 'sales', 'Zoe', 'UNPAUSE', '')"
    );
    bench.maria.script(&sql).await.expect("makes it");
    let mut pbx = named(&bench, "epochs");
    pbx.zone_name = "Europe/Berlin".into();
    pbx.zone = jiff::tz::TimeZone::get("Europe/Berlin").expect("a zone");
    let shelf = Shelf::new();
    shelf.sync(&pbx).await;
    let figures = shelf.figures().await;
    assert!(figures.contains("paused_s: 3000"), "{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cdr_tells_who_never_entered() {
    let bench = Bench::start(false).await;
    bench.maria.script(&insert("queue_log", QUEUE_LOG, &queue_log_lines())).await.expect("loads");
    let cdr: Vec<&str> = include_str!("../../fixtures/cdr.tsv").lines().collect();
    bench.maria.script(&insert("cdr", CDR, &cdr)).await.expect("loads cdr");
    let sql = "USE asterisk; SET sql_mode = '';
        CREATE TABLE cdr_freepbx (calldate DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00', clid VARCHAR(80), src VARCHAR(80),
          dst VARCHAR(80), dcontext VARCHAR(80), channel VARCHAR(80), dstchannel VARCHAR(80), lastapp VARCHAR(80),
          lastdata VARCHAR(80), duration INT, billsec INT, disposition VARCHAR(45), amaflags INT, accountcode VARCHAR(20),
          uniqueid VARCHAR(32), userfield VARCHAR(255), did VARCHAR(50), recordingfile VARCHAR(255), KEY (calldate),
          KEY (uniqueid)) ENGINE=MyISAM;
        INSERT INTO cdr_freepbx SELECT start, clid, src, dst, dcontext, channel, dstchannel, lastapp, lastdata, duration,
          billsec, disposition, 3, '', uniqueid, '', '', '' FROM cdr;
        INSERT INTO cdr_freepbx (calldate, uniqueid) VALUES ('0000-00-00 00:00:00', '1.1');
        CREATE TABLE cdr_zero AS SELECT * FROM cdr;
        UPDATE cdr_zero SET answer = '0000-00-00 00:00:00'; UPDATE cdr_zero SET linkedid = NULL WHERE linkedid = uniqueid;
        GRANT SELECT ON cdr_freepbx TO reader@'127.0.0.1'; GRANT SELECT ON cdr_zero TO reader@'127.0.0.1';";
    bench.maria.script(sql).await.expect("makes them");
    let mut seen = Vec::new();
    for table in ["cdr", "cdr_freepbx", "cdr_zero"] {
        let mut pbx = bench.pbx.clone();
        pbx.database.as_mut().expect("a database").cdr_table = Some(table.into());
        let shelf = Shelf::new();
        shelf.sync(&pbx).await;
        let figures = shelf.figures().await;
        assert_eq!(figures.matches("not_entered: 1").count(), 1, "{table}: {figures}");
        seen.push(figures);
    }
    assert!(seen.iter().all(|figures| *figures == seen[0]));
}
