use std::io::{Cursor, Read};

use jiff::civil::date;

use super::*;
use crate::domain::history::fixture::captured_rows;
use crate::domain::history::query::Filter;
use crate::domain::history::row::{civil_of, civil_second};
use crate::tasks::history::{History, Thresholds};

fn pbx() -> PbxName {
    PbxName::new("pbx")
}

/// The captured rows as the file that Asterisk would have written beside them.
fn captured_file() -> String {
    let line = |row: &LogRow| {
        let data = row.data.join("|");
        let (time, data) = (civil_second(row.local), data.trim_end_matches('|'));
        format!("{time}|{}|{}|{}|{}|{data}\n", row.callid, row.queue, row.agent, row.event)
    };
    captured_rows().iter().map(line).collect()
}

fn source(bytes: impl AsRef<[u8]>) -> Source {
    Source::of("file".into(), Box::new(Cursor::new(bytes.as_ref().to_vec()))).expect("a queue_log")
}

struct Bench {
    _dir: tempfile::TempDir,
    store: Store,
    said: Vec<Said>,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(dir.path()).expect("opens");
        Self { _dir: dir, store, said: Vec::new() }
    }

    async fn import(&mut self, sources: Vec<Source>) -> Imported {
        let (_keep, stop) = watch::channel(false);
        let said = &mut self.said;
        let mut tell = |what: &Said| said.push(what.clone());
        import(&self.store, (&pbx(), "UTC"), sources, stop, &mut tell).await.expect("imports")
    }

    async fn table(&self, rows: Vec<LogRow>) -> u64 {
        self.store.register_pbx(&pbx(), "UTC").await.expect("registers");
        let batch = Batch { pbx: pbx(), rows, oddities: BTreeMap::new(), cursor: Some(1) };
        self.store.apply_batch(batch).await.expect("applies").rows
    }

    /// Figures of queues and agents, in words.
    async fn figures(&self) -> Vec<String> {
        let levels = [("sales", 20), ("support", 10), ("vip", 5)].map(|(name, s)| (name.to_owned(), s));
        self.store.set_service_levels(&pbx(), BTreeMap::from(levels)).await.expect("sets");
        let history = History::new(self.store.clone(), Thresholds::default());
        let day = Filter::new(date(2026, 11, 22), date(2026, 11, 22));
        let percent = |value: Option<f64>| value.map_or(-1.0, |value| (value * 1000.0).round() / 10.0);
        let mut lines = Vec::new();
        for row in history.queues(&day).await.expect("answers") {
            let f = row.figures;
            let levels =
                [f.service_level_a, f.service_level_b, f.service_level_c, f.service_level_d].map(percent);
            lines.push(format!(
                "{}: offered {} answered {} abandoned {} timed out {} key {} waits {} talk {} SL {levels:?}",
                row.queue, f.offered, f.answered, f.abandoned, f.timed_out, f.left_by_key, f.wait_s, f.talk_s
            ));
        }
        for row in history.agents(&day).await.expect("answers") {
            let f = row.figures;
            lines.push(format!(
                "{}: {} {} no answer {} busy {} abandoned {} attempts {} blind {} attended {} paused {} in {:?}",
                row.agent,
                f.answered,
                f.talk_s,
                f.no_answer,
                f.busy,
                f.abandoned,
                f.attempts,
                f.transferred_blind,
                f.transferred_attended,
                f.paused_s,
                f.logged_in_s
            ));
        }
        lines
    }
}

/// What the captured calls must give.
const CAPTURED: &[&str] = &[
    "sales: offered 15 answered 15 abandoned 0 timed out 0 key 0 waits 25 talk 81 SL [100.0, 100.0, 100.0, 100.0]",
    "support: offered 3 answered 1 abandoned 1 timed out 0 key 1 waits 1 talk 3 SL [50.0, 100.0, 100.0, 100.0]",
    "vip: offered 6 answered 2 abandoned 2 timed out 2 key 0 waits 2 talk 5 SL [33.3, 100.0, 66.7, 100.0]",
    "Alice Adams: 13 74 no answer 0 busy 0 abandoned 0 attempts 0 blind 2 attended 1 paused 2 in None",
    "Bob Brown: 2 7 no answer 1 busy 0 abandoned 0 attempts 1 blind 0 attended 0 paused 0 in None",
    "Carol Clark: 0 0 no answer 0 busy 0 abandoned 1 attempts 0 blind 0 attended 0 paused 1 in None",
    "Dave Diaz: 1 3 no answer 0 busy 0 abandoned 0 attempts 0 blind 0 attended 0 paused 0 in None",
    "Frank Fox: 0 0 no answer 2 busy 1 abandoned 1 attempts 5 blind 0 attended 0 paused 0 in None",
    "Grace Gray: 2 5 no answer 0 busy 0 abandoned 1 attempts 0 blind 0 attended 0 paused 0 in None",
    "PJSIP/108: 0 0 no answer 0 busy 0 abandoned 0 attempts 0 blind 0 attended 0 paused 0 in Some(2)",
];

#[tokio::test]
async fn the_captured_file_gives_the_known_figures_and_twice_is_once() {
    let mut bench = Bench::new();
    let first = bench.import(vec![source(captured_file())]).await;
    let number = u64::try_from(captured_rows().len()).expect("fits");
    assert_eq!((first.rows, first.new, first.visits, first.bad_lines), (number, number, 24, 0));
    assert_eq!(bench.figures().await, CAPTURED);
    let again = bench.import(vec![source(captured_file())]).await;
    assert_eq!((again.rows, again.new, again.visits), (number, 0, 0));
    assert_eq!(again.oddities, first.oddities);
    assert_eq!(bench.figures().await, CAPTURED);
}

#[tokio::test]
async fn the_table_before_or_after_the_file_adds_nothing() {
    let number = u64::try_from(captured_rows().len()).expect("fits");
    for shift in [0, 1, -1, 2] {
        let moved = |row: &LogRow| {
            let local = civil_of(civil_second(row.local) + shift).expect("a time");
            LogRow { local, ..row.clone() }
        };
        let table: Vec<LogRow> = captured_rows().iter().map(moved).collect();
        let mut bench = Bench::new();
        assert_eq!(bench.table(table.clone()).await, number);
        assert_eq!(bench.import(vec![source(captured_file())]).await.new, 0, "shifted by {shift}");
        assert_eq!(bench.figures().await, CAPTURED);
        let mut bench = Bench::new();
        bench.import(vec![source(captured_file())]).await;
        assert_eq!(bench.table(table).await, 0, "shifted by {shift}");
        assert_eq!(bench.figures().await, CAPTURED);
    }
}

#[tokio::test]
async fn files_in_any_order_and_parts_give_the_same() {
    let file = captured_file();
    let lines: Vec<&str> = file.split_inclusive('\n').collect();
    let parts: Vec<String> = lines.chunks(31).map(|part| part.concat()).collect();
    let mut bench = Bench::new();
    bench.import(parts.iter().rev().map(source).collect()).await;
    assert_eq!(bench.figures().await, CAPTURED);
    // One at a time, the newest first, each half of it twice.
    let mut bench = Bench::new();
    for part in parts.iter().rev().chain(&parts) {
        bench.import(vec![source(part)]).await;
    }
    assert_eq!(bench.figures().await, CAPTURED);
}

#[tokio::test]
async fn hostile_lines_are_counted_and_told_and_fail_nothing() {
    let mut bytes = b"\0\0\0\0".to_vec();
    for (at, line) in captured_file().lines().enumerate() {
        bytes.extend_from_slice(line.as_bytes());
        bytes.extend_from_slice(if at % 2 == 0 { b"\r\n" } else { b"\n" });
        match at {
            3 => bytes.extend_from_slice(b"what is this\n"),
            9 => bytes.extend_from_slice(b"1795330864|NO\0NE|q|A|PAUSE|x\n"),
            20 => bytes.extend_from_slice(&[vec![b'9'; 100_000], b"\n".to_vec()].concat()),
            30 => bytes.extend_from_slice(b"1795330864|NONE|caf\xe9|NONE|CONFIGRELOAD|\n"),
            _ => {}
        }
    }
    bytes.extend_from_slice(b"1795340000|NONE|sales|Alice Adams|PAUSE|half a li");
    let mut bench = Bench::new();
    let imported = bench.import(vec![source(&bytes)]).await;
    assert_eq!(imported.bad_lines, 3);
    assert_eq!(imported.rows, u64::try_from(captured_rows().len()).expect("fits") + 1);
    assert_eq!(bench.figures().await, CAPTURED);
    let told: Vec<(u64, BadLine)> = bench
        .said
        .iter()
        .filter_map(|said| match said {
            Said::BadLine { number, why, .. } => Some((*number, *why)),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(5, BadLine::Fields), (12, BadLine::Nul), (24, BadLine::TooLong)]);
    assert!(bench.said.contains(&Said::Incomplete { name: "file".into() }));
    // The line has its end now: only it is new.
    bytes.extend_from_slice(b"ne\n");
    let imported = bench.import(vec![source(&bytes)]).await;
    assert_eq!((imported.new, imported.bad_lines), (1, 3));
}

#[tokio::test]
async fn an_empty_file_is_no_error() {
    let mut bench = Bench::new();
    let imported = bench.import(vec![source("")]).await;
    assert_eq!((imported.rows, imported.visits), (0, 0));
    assert_eq!(bench.said, [Said::Empty { name: "file".into() }]);
}

/// Gives some bytes, then what a broken disk or a cut gzip file gives.
struct Broken(Cursor<Vec<u8>>);

impl Read for Broken {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            read => Ok(read),
        }
    }
}

/// A file of many days, with its rows.
fn long_file(calls: i64) -> String {
    let call = |n: i64| {
        let at = 1_790_000_000 + n * 40;
        format!(
            "{at}|{at}.{n}|q{}|NONE|ENTERQUEUE||555|1\n{}|{at}.{n}|q{}|Agent {}|CONNECT|5|x|2\n\
             {}|{at}.{n}|q{}|Agent {}|COMPLETECALLER|5|30|1\n",
            n % 7,
            at + 5,
            n % 7,
            n % 80,
            at + 35,
            n % 7,
            n % 80
        )
    };
    (0..calls).map(call).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_before_a_fault_stays_and_the_next_run_goes_on() {
    let file = long_file(4000);
    let mut bench = Bench::new();
    let broken = Broken(Cursor::new(file.as_bytes()[..file.len() * 9 / 10].to_vec()));
    let source_of_it = Source::of("cut".into(), Box::new(broken)).expect("begins well");
    let (_keep, stop) = watch::channel(false);
    let failed = import(&bench.store, (&pbx(), "UTC"), vec![source_of_it], stop, &mut |_| {})
        .await
        .expect_err("is cut");
    assert!(failed.to_string().contains("cut cannot be read to its end"), "{failed}");
    let rest = bench.import(vec![source(&file)]).await;
    assert_eq!(rest.rows, 12_000);
    assert!((1000..1500).contains(&rest.new), "{rest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_it_between_batches_also_while_a_pipe_is_silent() {
    /// Rows, then silence until the other end is gone.
    struct Silent(Cursor<Vec<u8>>, std::sync::mpsc::Receiver<()>);
    impl Read for Silent {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let read = self.0.read(into)?;
            if read == 0 {
                let _ = self.1.recv();
            }
            Ok(read)
        }
    }
    let (quiet, silence) = std::sync::mpsc::sync_channel(0);
    let bench = Bench::new();
    let pipe = Silent(Cursor::new(long_file(7000).into_bytes()), silence);
    let source = Source::of("stdin".into(), Box::new(pipe)).expect("begins well");
    let (stop, stopped) = watch::channel(false);
    let mut tell = |said: &Said| {
        if matches!(said, Said::Stored { rows, .. } if *rows >= 20_000) {
            stop.send_replace(true);
        }
    };
    let imported =
        import(&bench.store, (&pbx(), "UTC"), vec![source], stopped, &mut tell).await.expect("stops");
    assert_eq!((imported.stopped, imported.rows, imported.new), (true, 20_000, 20_000));
    drop(quiet);
}

/// By hand, for its time: `cargo test --lib -- --ignored --nocapture a_large_file`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn a_large_file_is_read_in_batches() {
    let mut bench = Bench::new();
    let file = long_file(300_000);
    let first = bench.import(vec![source(&file)]).await;
    let again = bench.import(vec![source(&file)]).await;
    assert_eq!((first.new, again.new), (900_000, 0));
    eprintln!("first {first:?}\nagain {again:?}");
}
