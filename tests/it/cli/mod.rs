//! The command line, as a person or a script meets it: the program itself is run.

mod accounts;
mod explain;
mod grants;
mod identity;
mod import;
mod report;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A folder with a configuration and a state.
struct Place {
    dir: tempfile::TempDir,
}

/// What a run of the program left.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// A second PBX.
const TWO: &str = r#"
[[pbx]]
name = "branch"
time_zone = "Europe/Berlin"
[pbx.ami]
hosts = ["127.0.0.1:1"]
tls = "off"
username = "asterflow"
secret_file = "missing"
"#;

impl Place {
    /// One PBX in UTC that cannot be reached, and whose secrets are not there.
    fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().expect("a folder") };
        place.configure("");
        place
    }

    fn configure(&self, more: &str) {
        let mut text = crate::site::toml("UTC", (1, "asterflow"), ["secrets/ami", "secrets/database"]);
        text += more;
        self.file("asterflow.toml", text);
    }

    fn secrets(&self) {
        std::fs::create_dir(self.path("secrets")).expect("a folder");
        self.file("secrets/ami", "hidden-secret\n");
        self.file("secrets/database", "hidden-secret\n");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), bytes).expect("writes");
        self.path(name).display().to_string()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_asterflow"));
        command.args(words).arg("--config").arg(self.path("asterflow.toml"));
        command.arg("--state-dir").arg(self.path("state"));
        command.env_remove("ASTERFLOW_LOG").env_remove("CREDENTIALS_DIRECTORY");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, words: &[&str]) -> Ran {
        Ran::of(self.command(words).output().expect("runs"))
    }

    /// Runs it with `input` on stdin.
    fn feed(&self, words: &[&str], input: &[u8]) -> Ran {
        let mut child = self.command(words).stdin(Stdio::piped()).spawn().expect("runs");
        // It may end before it has read everything.
        let _ = child.stdin.take().expect("a pipe").write_all(input);
        Ran::of(child.wait_with_output().expect("ends"))
    }

    /// Imports the captured calls.
    fn with_history(self) -> Self {
        let file = self.file("queue_log", captured_file());
        self.run(&["import", &file]).good();
        self
    }
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("is UTF-8");
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Its stdout, when all went well.
    fn good(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// Its stderr, when it ended with `code` and said nothing on stdout.
    fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{}", self.err);
        self.err
    }
}

/// Waits until something holds, half a minute at most.
#[allow(
    clippy::disallowed_methods,
    reason = "what another program does is asked again and again, with an end"
)]
fn until(holds: impl Fn() -> bool) -> bool {
    (0..600).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        holds()
    })
}

/// The captured rows as the file that Asterisk would have written beside them.
fn captured_file() -> String {
    let line = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let time: jiff::civil::DateTime = columns[2].replace(' ', "T").parse().expect("a time");
        let time = time.to_zoned(jiff::tz::TimeZone::UTC).expect("a time").timestamp().as_second();
        format!("{time}|{}\n", columns[3..].join("|").trim_end_matches('|'))
    };
    include_str!("../../fixtures/queue_log.tsv").lines().skip(1).map(line).collect()
}

#[test]
fn every_verb_has_help_that_teaches_by_examples() {
    let place = Place::new();
    let verbs: &[&[&str]] = &[
        &[],
        &["run"],
        &["check"],
        &["sync"],
        &["import"],
        &["report"],
        &["grants"],
        &["identity"],
        &["identity", "list"],
        &["identity", "unresolved"],
        &["identity", "set"],
        &["identity", "remove"],
        &["screenshot"],
        &["user"],
        &["user", "add"],
        &["user", "passwd"],
        &["user", "pin"],
        &["token"],
        &["token", "add"],
    ];
    for verb in verbs {
        let help = place.run(&[*verb, &["--help"]].concat()).good();
        assert!(help.contains("Usage: asterflow"), "{help}");
        assert!(help.contains("Example"), "{verb:?} has no example: {help}");
    }
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_right() {
    let place = Place::new();
    for words in [
        vec!["nonsense"],
        vec!["report", "queues"],
        vec!["report", "queues", "--from", "2026-11-22T10:00", "--to", "2026-11-22"],
        vec!["report", "queues", "--from", "2026-11-23", "--to", "2026-11-22"],
        vec!["report", "queues", "--from", "2026-11-22", "--to", "2026-11-22", "--by", "week"],
        vec!["import"],
        vec!["user", "add", "x", "--role", "king"],
        vec!["sync"],
    ] {
        let said = place.run(&words).failed(2);
        assert!(said.len() > 20, "{words:?}: {said}");
    }
}

#[test]
fn an_unusable_configuration_ends_with_78_and_tells_every_problem_with_its_key() {
    let place = Place::new();
    place.configure("colour = \"red\"\n[history]\npoll = \"soon\"");
    let ran = place.run(&["check"]);
    assert_eq!(ran.code, 78, "{}", ran.err);
    for key in
        ["pbx[0].ami.secret_file", "pbx[0].database.password_file", "pbx[0].database.colour", "history.poll"]
    {
        assert!(ran.err.contains(key), "{key}: {}", ran.err);
    }
    for words in [vec!["sync", "--once"], vec!["import", "-"], vec!["grants"]] {
        let said = place.run(&words).failed(78);
        assert!(said.contains("history.poll"), "{words:?}: {said}");
    }
    place.secrets();
    place.configure("");
    let ran = place.run(&["check"]);
    assert!(ran.out.contains("pbx[0].ami.secret") && !ran.out.contains("hidden-secret"), "{}", ran.out);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn who_has_read_enough_is_no_error() {
    let place = Place::new().with_history();
    let report = ["report", "visits", "--from", "2026-11-22", "--to", "2026-11-22"];
    for (words, code) in [
        (report.as_slice(), 0),
        (&["token", "add", "t"], 0),
        (&["user", "list"], 0),
        (&["grants"], 0),
        (&["check"], 78),
        (&["--help"], 0),
    ] {
        let mut child = place.command(words).spawn().expect("runs");
        drop(child.stdout.take());
        drop(child.stderr.take());
        assert_eq!(child.wait().expect("ends").code(), Some(code), "{words:?}");
    }
}
