//! The same rows in a MariaDB, read by the program itself: row by row while they come, and killed again and again.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use asterflow::config::{Pbx, Tls};
use asterflow::domain::history::row::LogRow;
use asterflow::store::Store;
use asterflow::tasks::sync::{Sync, sync_once};
use asterflow_lab::{MariaDb, MariaOptions};
use jiff::tz::TimeZone;
use tokio::sync::watch;

use super::arrive::batches;
use super::clock::Dice;
use super::tally::Cells;
use super::tests::{join, pbx, plan};
use super::world::World;
use crate::history::pbx_of;

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// `INSERT` of rows with their ids; `joined`: their data in one column, as it was said.
fn insert(rows: &[LogRow], joined: bool) -> String {
    let values: Vec<String> = rows
        .iter()
        .map(|row| {
            let data: Vec<String> = if joined {
                vec![quoted(row.data.join("|").trim_end_matches('|'))]
            } else {
                row.data.iter().map(|text| quoted(text)).collect()
            };
            let words = [&row.callid, &row.queue, &row.agent, &row.event].map(|text| quoted(text));
            format!("({},'{}',{},{})", row.id, row.local, words.join(","), data.join(","))
        })
        .collect();
    let columns = if joined { "data" } else { "data1, data2, data3, data4, data5" };
    format!(
        "USE asterisk; INSERT INTO queue_log (id, time, callid, queuename, agent, event, {columns}) VALUES {};",
        values.join(",\n")
    )
}

/// A world over a repeated hour, a MariaDB, and the PBX whose database it is.
async fn place(joined: bool) -> (World, MariaDb, Pbx) {
    let plan = plan("Europe/Berlin", jiff::civil::date(2026, 10, 22), 8);
    let world = World::new(super::world::Plan { days: 7, files: false, legs: false, joined, ..plan });
    let maria = MariaDb::start(MariaOptions::default()).await.expect("starts");
    if joined {
        let five: Vec<String> = (1..=5).map(|n| format!("DROP data{n}")).collect();
        let sql = format!("ALTER TABLE asterisk.queue_log ADD data TEXT, {};", five.join(", "));
        maria.script(&sql).await.expect("changes the columns");
    }
    let mut site = pbx_of(&maria, &maria.reader(), Tls::Off);
    site.zone_name = world.plan.zone.into();
    site.zone = TimeZone::get(world.plan.zone).expect("a zone");
    (world, maria, site)
}

async fn all_equal(world: &World, store: &Store, cells: Cells) {
    let compared = world.compare(store, &pbx(), (0, i64::MAX), cells).await;
    eprintln!("through MariaDB: {} calls, {compared:?}", world.calls);
    assert!(compared.cells > 10_000, "{compared:?}");
    assert_eq!(compared.differ, 0, "{compared:?}");
    let oddities = store.oddities(&pbx()).await.expect("reads");
    let odd = |word| oddities.get(word).copied().unwrap_or(0);
    assert_eq!((odd("unknown_event"), odd("bad_number")), (world.tally.unknown, world.tally.bad));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_read_from_mariadb_while_it_comes_is_what_was_counted() {
    let (mut world, maria, site) = place(false).await;
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("opens");
    let settings = crate::site::reading_every(Duration::from_millis(50));
    let mut dice = Dice::new(77);
    let mut cells = Cells::new();
    let mut days = 0;
    while let Some(day) = world.next_day() {
        join(&mut cells, world.finished());
        // By turns: the task that polls, and single passes.
        let (stop, stopped) = watch::channel(false);
        let (sync, handle) = Sync::new(store.clone(), site.clone(), &settings);
        let task = (days % 2 == 0).then(|| tokio::spawn(sync.run(stopped)));
        // Only a new connection, or a minute, looks back for what was committed late: the task gets its rows in order.
        let parts = if task.is_some() {
            day.chunks(1500).map(<[LogRow]>::to_vec).collect()
        } else {
            batches(&mut dice, day)
        };
        for (n, rows) in (0..).zip(parts) {
            if !rows.is_empty() {
                maria.script(&insert(&rows, false)).await.expect("inserts");
            }
            if task.is_none() && n % 3 == 0 {
                sync_once(&store, std::slice::from_ref(&site), &mut |_| ()).await.expect("synchronises");
            }
        }
        if let Some(task) = task {
            stop.send(true).expect("listens");
            tokio::time::timeout(Duration::from_secs(60), task).await.expect("in time").expect("ends well");
            assert!(handle.status.borrow().position > 0 || days > 0, "it polled");
        }
        days += 1;
    }
    join(&mut cells, world.finished());
    sync_once(&store, std::slice::from_ref(&site), &mut |_| ()).await.expect("synchronises");
    all_equal(&world, &store, cells).await;
}

/// Times a synchronisation is killed.
const KILLS: usize = 20;
/// Rows that come before every second of them: two batches to be read onward.
const LATER: usize = 3000;

/// Waits until the store in a folder was written so many times, some seconds at the longest.
async fn after_writes(state: &Path, times: i64) {
    let stamp = || {
        let files = std::fs::read_dir(state).into_iter().flatten().flatten();
        let logs = files.filter(|file| file.path().to_string_lossy().ends_with("-wal"));
        let written = logs.filter_map(|file| file.metadata().ok());
        written.filter_map(|log| Some((log.modified().ok()?, log.len()))).max()
    };
    let (mut seen, mut left) = (stamp(), times);
    for _ in 0..4000 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let now = stamp();
        if now != seen {
            (seen, left) = (now, left - 1);
        }
        if left == 0 {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synchronisation_killed_twenty_times_counts_each_row_once() {
    let (mut world, maria, _site) = place(true).await;
    let mut cells = Cells::new();
    let mut rows = Vec::new();
    while let Some(day) = world.next_day() {
        rows.extend(day);
    }
    let fill = async |rows: &[LogRow]| {
        for rows in rows.chunks(4000) {
            maria.script(&insert(rows, true)).await.expect("inserts");
        }
    };
    // Some come while it is being killed, so that what is new is killed, too, and not the past alone.
    let mut later = rows.split_off(rows.len() - (KILLS / 2 - 1) * LATER);
    fill(&rows).await;
    join(&mut cells, world.finished());
    let dir = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("writes");
    file("password", &maria.reader().password);
    file("secret", "none");
    let text =
        crate::site::toml(world.plan.zone, (maria.port(), &maria.reader().user), ["secret", "password"]);
    file("asterflow.toml", &text);
    let state = dir.path().join("state");
    let start = || -> Child {
        Command::new(env!("CARGO_BIN_EXE_asterflow"))
            .args(["sync", "--once", "--config"])
            .arg(dir.path().join("asterflow.toml"))
            .arg("--state-dir")
            .arg(&state)
            .env_remove("ASTERFLOW_LOG")
            .env_remove("CREDENTIALS_DIRECTORY")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts")
    };
    let mut dice = Dice::new(4242);
    let mut reached = Vec::new();
    for round in 0..KILLS {
        if round % 2 == 0 && round > 0 {
            fill(&later.drain(..LATER).collect::<Vec<_>>()).await;
        }
        let mut child = start();
        if round % 2 == 0 {
            // Right after something was written: between two transactions, where there should be one.
            after_writes(&state, dice.between(1, 8)).await;
        } else {
            // Sooner or later the kills hit, be the machine quick or slow.
            let latest = 100 + 40 * i64::try_from(round).expect("fits");
            let millis = u64::try_from(dice.between(30, latest)).expect("fits");
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        child.kill().expect("is killed");
        child.wait().expect("is gone");
        // From the newest row back to here.
        let reading = match Store::open_read_only(&state) {
            Ok(store) => store.reading(&pbx()).await.ok().flatten(),
            Err(_) => None,
        };
        reached.extend(reading.and_then(|reading| reading.older).map(|older| older.reached));
    }
    let mut last = start();
    let status = tokio::task::spawn_blocking(move || last.wait()).await.expect("waits").expect("ends");
    assert!(status.success(), "{status}");
    let store = Store::open_read_only(&state).expect("opens");
    reached.dedup();
    eprintln!("killed back at {reached:?}");
    assert!(reached.len() >= 3, "the kills hit the work: {reached:?}");
    all_equal(&world, &store, cells).await;
}
