//! The first synchronisation from a real MariaDB, beside the floor: the least that the same rows cost in C.
//!
//! `cargo bench --bench first_sync`; `ASTERFLOW_BENCH_ROWS` says how many rows, else a million; 9.5 million are about a year
//! of 200 agents. Needs mariadb-server; for the floor also cc, libmariadb-dev and libsqlite3-dev. Quote the ratios, and CPU
//! before wall: both are measured in the same run.

#![allow(clippy::print_stdout, reason = "a bench tells what it measured")]

#[path = "../history/meter.rs"]
mod meter;
#[path = "../history/rows.rs"]
mod rows;

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use asterflow::config::{Ami, Database, HostPort, Pbx, Secret, Tls};
use asterflow::domain::history::cells::{Cell, Measure, Subject};
use asterflow::domain::history::visit::Outcome;
use asterflow::domain::ids::PbxName;
use asterflow::domain::time::Hour;
use asterflow::store::{CellsOf, Store};
use asterflow::tasks::sync::sync_once;
use asterflow_lab::{MariaDb, MariaOptions};
use tokio::runtime::Runtime;

use meter::{Cost, Meter};
use rows::Rows;

/// Rows written into one file for the server to load.
const AT_ONCE: usize = 500_000;
/// What the floor is compiled from.
const FLOOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/first_sync/floor.c");
/// The word by which this program calls itself for the part that is measured.
const CHILD: &str = "--as-child";

/// What one of the two made of the rows, for a check that they did the same.
#[derive(Debug, PartialEq, Eq)]
struct Made {
    answered: i64,
    talk: i64,
}

fn pbx(port: u16, user: &str, password: &str) -> Pbx {
    let database = Database {
        hosts: vec![HostPort { host: "127.0.0.1".into(), port }],
        name: "asterisk".into(),
        cdr_name: None,
        username: user.into(),
        password: Secret::new(password),
        tls: Tls::Off,
        queue_log_table: None,
        queue_log_partition: None,
        cdr_table: None,
    };
    let ami = Ami { hosts: Vec::new(), tls: Tls::Off, username: String::new(), secret: Secret::new("") };
    let zone_name = "Europe/Berlin".to_owned();
    let zone = jiff::tz::TimeZone::get(&zone_name).expect("a zone");
    Pbx { name: PbxName::new("pbx"), zone, zone_name, ami, database: Some(database) }
}

/// The measured part, in a process of its own: port, user, password, folder.
fn child(words: &[String]) {
    let [port, user, password, folder] = words else { panic!("wants port, user, password and folder") };
    let runtime = Runtime::new().expect("a runtime");
    let meter = Meter::start();
    let store = Store::open(Path::new(folder)).expect("opens");
    let pbx = pbx(port.parse().expect("a port"), user, password);
    let once =
        runtime.block_on(sync_once(&store, std::slice::from_ref(&pbx), &mut |_| ())).expect("synchronises");
    let Cost { wall, cpu, peak_mb } = meter.stop();
    let step = |sum: &mut Cell, _: Subject, _: Hour, cell: Cell| sum.merge(&cell, 1);
    let sum = |of| runtime.block_on(store.fold_cells(&pbx.name, (0, i64::MAX), of, step)).expect("reads");
    let answered = sum(CellsOf::Queues { queue: None }).get(Measure::Outcome(Outcome::Answered));
    let talk = sum(CellsOf::Agents { agent: None, queue: None }).get(Measure::Talk);
    println!("{wall:.3} {cpu:.3} {peak_mb:.1} {} {answered} {talk} {}", once.rows, once.visits);
}

/// Runs one of the two and reads its line.
fn run(command: &mut Command) -> (Cost, Made) {
    let output = command.output().expect("runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let line = text.lines().last().unwrap_or_default();
    let numbers: Vec<f64> = line.split(' ').map(|word| word.parse().expect("a number")).collect();
    let whole = |at: usize| line.split(' ').nth(at).and_then(|word| word.parse().ok()).unwrap_or(0);
    let cost = Cost { wall: numbers[0], cpu: numbers[1], peak_mb: numbers[2] };
    (cost, Made { answered: whole(4), talk: whole(5) })
}

/// Writes `count` made-up rows into the server's queue_log.
async fn load(maria: &MariaDb, folder: &Path, count: usize) {
    let mut rows = Rows::new().take(count).peekable();
    let path = folder.join("rows.tsv");
    while rows.peek().is_some() {
        let mut file = std::io::BufWriter::new(std::fs::File::create(&path).expect("a file"));
        let mut line = String::new();
        for row in rows.by_ref().take(AT_ONCE) {
            line.clear();
            let _ = write!(
                line,
                "{}\t{}\t{}\t{}\t{}\t{}",
                row.id, row.local, row.callid, row.queue, row.agent, row.event
            );
            row.data.iter().for_each(|field| {
                let _ = write!(line, "\t{field}");
            });
            writeln!(file, "{line}").expect("writes");
        }
        drop(file);
        let columns = "id, time, callid, queuename, agent, event, data1, data2, data3, data4, data5";
        let sql = format!("LOAD DATA INFILE '{}' INTO TABLE queue_log ({columns})", path.display());
        maria.query(&sql).await.expect("loads");
    }
    let _ = std::fs::remove_file(path);
}

/// Compiles the floor; says what is missing where that fails.
fn floor(folder: &Path) -> Option<std::path::PathBuf> {
    let program = folder.join("floor");
    let mut compiler = Command::new("cc");
    compiler.args(["-O2", "-o"]).arg(&program).args([FLOOR, "-lmariadb", "-lsqlite3"]);
    match compiler.output() {
        Ok(output) if output.status.success() => Some(program),
        _ => {
            println!("without the floor: install a C compiler, libmariadb-dev and libsqlite3-dev for it");
            None
        }
    }
}

fn tell(who: &str, cost: Cost) {
    println!("{who:<10} {:>8.2} s CPU {:>8.2} s wall {:>7.0} MB at most", cost.cpu, cost.wall, cost.peak_mb);
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let Some(at) = words.iter().position(|word| word == CHILD) {
        return child(&words[at + 1..]);
    }
    let count =
        std::env::var("ASTERFLOW_BENCH_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    // The server, which is another user, reads the rows from here.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))
        .expect("opens the folder");
    let maria = runtime.block_on(MariaDb::start(MariaOptions::default())).expect("MariaDB starts");
    runtime.block_on(load(&maria, folder.path(), count));
    let account = maria.reader();
    let arguments = |command: &mut Command, target: &Path| {
        command.arg(maria.port().to_string()).args([&account.user, &account.password]).arg(target);
    };
    println!("first synchronisation of {count} rows");
    let floor = floor(folder.path()).map(|program| {
        let mut command = Command::new(program);
        arguments(&mut command, &folder.path().join("floor.db"));
        run(&mut command)
    });
    if let Some((cost, _)) = &floor {
        tell("floor", *cost);
    }
    let mut command = Command::new(&words[0]);
    command.arg(CHILD);
    arguments(&mut command, &folder.path().join("state"));
    let (cost, made) = run(&mut command);
    tell("asterflow", cost);
    if let Some((least, same)) = floor {
        println!("ratio      {:>8.2}   CPU {:>8.2}   wall", cost.cpu / least.cpu, cost.wall / least.wall);
        assert_eq!(made, same, "both count the same");
    }
}
