//! `make demo` as a newcomer starts it: one command, a link, a live call centre, a listen button that tells the truth, and
//! nothing left behind.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::real::take_machine;

/// From nothing to the printed link: a database, two days of history, a synchronisation.
const START: Duration = Duration::from_secs(180);
/// Nothing else takes longer on a busy machine.
const LONG: Duration = Duration::from_secs(30);

/// A running demo with a cache of its own; it ends when it is dropped.
struct Demo {
    script: Child,
    cache: tempfile::TempDir,
    said: String,
}

impl Demo {
    fn start() -> Self {
        let cache = tempfile::tempdir().expect("a folder");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut script = Command::new(root.join("scripts/demo.sh"))
            .args(["--agents", "12", "--days", "2", "--speed", "3"])
            .env("ASTERFLOW_CACHE", cache.path())
            .env("ASTERFLOW_BIN", env!("CARGO_BIN_EXE_asterflow"))
            .env_remove("DISPLAY")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the script starts");
        let lines = BufReader::new(script.stdout.take().expect("its words")).lines();
        let (mut said, began) = (String::new(), Instant::now());
        for line in lines.map_while(Result::ok) {
            said += &format!("{line}\n");
            if line.contains("Ctrl-C ends all of it") {
                return Self { script, cache, said };
            }
            assert!(began.elapsed() < START, "the demo takes too long: {said}");
        }
        panic!("the demo ended: {said}");
    }

    /// What follows a word at the beginning of a printed line.
    fn told(&self, word: &str) -> &str {
        let line = self.said.lines().find_map(|line| line.trim_start().strip_prefix(word)).expect(word);
        line.split_whitespace().next().expect("a value")
    }

    fn asterflow(&self, verb: &[&str]) -> String {
        let files = self.told("Files");
        let run = Command::new(env!("CARGO_BIN_EXE_asterflow"))
            .args(["--config", &format!("{files}/asterflow.toml"), "--state-dir", &format!("{files}/state")])
            .args(verb)
            .output()
            .expect("the program runs");
        assert!(run.status.success(), "{verb:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).expect("text")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.script.id().to_string()).status();
        let _ = self.script.wait();
    }
}

/// The web page, asked with a token.
struct Page {
    base: String,
    token: String,
    agent: ureq::Agent,
}

impl Page {
    fn get(&self, path: &str) -> Value {
        let mut answer = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token))
            .call()
            .expect("an answer");
        answer.body_mut().read_json().expect("json")
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let mut answer = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token))
            .send_json(body)
            .expect("an answer");
        (answer.status().as_u16(), answer.body_mut().read_json().expect("json"))
    }

    fn until<T>(&self, wish: &str, find: impl Fn(&Value) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            let live = self.get("/api/v1/live");
            if let Some(found) = find(&live) {
                return found;
            }
            assert!(began.elapsed() < LONG, "not {wish} in time: {live:#}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

fn members(live: &Value) -> impl Iterator<Item = &Value> {
    let queues = live["pbx"][0]["queues"].as_array().into_iter().flatten();
    queues.flat_map(|queue| queue["members"].as_array().into_iter().flatten())
}

/// An agent who talks with somebody.
fn talking(live: &Value) -> Option<String> {
    let found = members(live).find(|member| member["sub_state"] == "talking" && !member["channel"].is_null());
    found.and_then(|member| member["interface"].as_str()).map(str::to_owned)
}

/// Processes whose command line names a folder.
fn processes_in(folder: &Path) -> Vec<String> {
    let folder = folder.to_string_lossy().into_owned();
    let all = std::fs::read_dir("/proc").expect("/proc").flatten();
    all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(&folder))
        .collect()
}

#[test]
fn a_newcomer_sees_a_live_call_centre_listens_and_leaves_nothing_behind() {
    let _machine = take_machine();
    let demo = Demo::start();
    let base = demo.told("Open").split("/login").next().expect("an address").to_owned();
    let token = demo.asterflow(&["token", "add", "--role", "admin", "test"]);
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(LONG)).build();
    let page = Page { base, token: token.lines().last().expect("a token").to_owned(), agent: config.into() };

    let login = page.agent.get(demo.told("Open")).call().expect("an answer").body_mut().read_to_string();
    assert!(login.expect("a page").contains("admin"), "the link greets whom it logs in");
    let today = page.until("a day with calls", |live| {
        let queues = live["pbx"][0]["queues"].as_array()?;
        let offered = |queue: &Value| queue["today"]["offered"].as_u64();
        queues.iter().map(offered).sum::<Option<u64>>().filter(|offered| *offered > 0)
    });
    page.until("alive", |live| {
        let queues = live["pbx"][0]["queues"].as_array()?;
        let offered: Option<u64> = queues.iter().map(|queue| queue["today"]["offered"].as_u64()).sum();
        offered.filter(|offered| *offered > today)
    });

    for (phone, outcome) in [("203", "busy"), ("201", "attached")] {
        let agent = page.until("in a call", talking);
        let wish = json!({ "agent": agent, "mode": "listen", "supervisor": phone });
        let (status, answer) = page.post("/api/v1/supervision", &wish);
        let kind = answer["type"].as_str().unwrap_or_default();
        // A call may end while the phone rings, which is told as it is.
        if kind.ends_with("target-gone") {
            continue;
        }
        match outcome {
            "busy" => assert!(kind.ends_with("busy"), "{status} {answer}"),
            _ => assert_eq!((status, answer["state"].as_str()), (201, Some("attached")), "{answer}"),
        }
    }

    let cache = demo.cache.path().to_owned();
    assert!(processes_in(&cache).len() >= 3, "{:?}", processes_in(&cache));
    drop(demo);
    assert_eq!(processes_in(&cache), Vec::<String>::new(), "these were left behind");
}
