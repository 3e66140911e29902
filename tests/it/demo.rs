//! `make demo` as a newcomer starts it: one command, a link, a live call centre, a listen button that tells the truth, and
//! nothing left behind.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::real::alone;

/// From nothing to the printed link: a database, two days of history, a synchronisation.
const START: Duration = Duration::from_secs(180);
/// Nothing else takes longer on a busy machine.
const LONG: Duration = Duration::from_secs(30);

/// A running demo with a cache of its own.
struct Demo {
    script: Child,
    _cache: tempfile::TempDir,
    said: String,
}

impl Demo {
    async fn start() -> Self {
        let cache = tempfile::tempdir().expect("a folder");
        // The database's own user must be able to enter it.
        let enter = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(cache.path(), enter).expect("permissions");
        let mut script = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/demo.sh"))
            .args(["--agents", "24", "--calls-per-hour", "600", "--days", "2", "--speed", "3"])
            .env("ASTERFLOW_CACHE", cache.path())
            .env("ASTERFLOW_BIN", env!("CARGO_BIN_EXE_asterflow"))
            .env("TMPDIR", cache.path())
            .env_remove("DISPLAY")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the script starts");
        let mut lines = BufReader::new(script.stdout.take().expect("its words")).lines();
        let mut said = String::new();
        let listening = async {
            while let Ok(Some(line)) = lines.next_line().await {
                said += &format!("{line}\n");
                if line.contains("Ctrl-C ends all of it") {
                    return true;
                }
            }
            false
        };
        let is_up = timeout(START, listening).await;
        let demo = Self { script, _cache: cache, said };
        assert_eq!(is_up, Ok(true), "the demo did not come up: {}", demo.said);
        // Whoever reads no further closes the pipe, and the script would die of its last word.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        demo
    }

    /// What follows a word at the beginning of a printed line.
    fn told(&self, word: &str) -> &str {
        let line = self.said.lines().find_map(|line| line.trim_start().strip_prefix(word)).expect(word);
        line.split_whitespace().next().expect("a value")
    }

    async fn asterflow(&self, verb: &[&str]) -> String {
        let files = self.told("Files");
        let run = Command::new(env!("CARGO_BIN_EXE_asterflow"))
            .args(["--config", &format!("{files}/asterflow.toml"), "--state-dir", &format!("{files}/state")])
            .args(verb)
            .output()
            .await
            .expect("the program runs");
        assert!(run.status.success(), "{verb:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).expect("text")
    }

    fn tell_to_end(&self) {
        if let Some(id) = self.script.id() {
            let _ = std::process::Command::new("kill").arg(id.to_string()).status();
        }
    }

    /// Ends it as `kill` does.
    async fn end(&mut self) {
        self.tell_to_end();
        timeout(LONG, self.script.wait()).await.expect("the script ends").expect("a status");
    }
}

impl Drop for Demo {
    /// A test that failed leaves nothing running either.
    fn drop(&mut self) {
        self.tell_to_end();
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

    async fn until<T>(&self, wish: &str, find: impl Fn(&Value) -> Option<T>) -> T {
        let looking = async {
            loop {
                if let Some(found) = find(&self.get("/api/v1/live")) {
                    return found;
                }
                sleep(Duration::from_millis(200)).await;
            }
        };
        let found = timeout(LONG, looking).await;
        found.unwrap_or_else(|_| panic!("not {wish} in time: {:#}", self.get("/api/v1/live")))
    }
}

fn members(live: &Value) -> impl Iterator<Item = &Value> {
    let queues = live["pbx"][0]["queues"].as_array().into_iter().flatten();
    queues.flat_map(|queue| queue["members"].as_array().into_iter().flatten())
}

/// What every member does.
fn states(live: &Value) -> Vec<String> {
    members(live).map(|member| format!("{} {}", member["interface"], member["sub_state"])).collect()
}

/// An agent who talks with somebody.
fn talking(live: &Value) -> Option<String> {
    let found = members(live).find(|member| member["sub_state"] == "talking" && !member["channel"].is_null());
    found.and_then(|member| member["interface"].as_str()).map(str::to_owned)
}

/// The command lines of a process group.
fn processes_of(group: u32) -> Vec<String> {
    let all = std::fs::read_dir("/proc").expect("/proc").flatten();
    all.filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // Behind the name in brackets: state, parent, group.
        let own: u32 = stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        (own == group && !line.is_empty()).then(|| String::from_utf8_lossy(&line).replace('\0', " "))
    })
    .collect()
}

#[test]
fn a_newcomer_sees_a_live_call_centre_listens_and_leaves_nothing_behind() {
    alone(story());
}

async fn story() {
    let mut demo = Demo::start().await;
    let base = demo.told("Open").split("/login").next().expect("an address").to_owned();
    let token = demo.asterflow(&["token", "add", "--role", "admin", "test"]).await;
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(LONG)).build();
    let page = Page { base, token: token.lines().last().expect("a token").to_owned(), agent: config.into() };

    let login = page.agent.get(demo.told("Open")).call().expect("an answer").body_mut().read_to_string();
    let once = demo.told("Open").rsplit('=').next().expect("a secret");
    assert!(
        login.expect("a page").contains(once),
        "a look at the link leads to its button and uses nothing up"
    );
    let offered = |live: &Value| -> Option<u64> {
        let queues = live["pbx"][0]["queues"].as_array()?;
        queues.iter().map(|queue| queue["today"]["offered"].as_u64()).sum()
    };
    page.until("a day with calls", |live| offered(live).filter(|count| *count > 0)).await;
    let before = page.until("a floor", |live| Some(states(live)).filter(|floor| !floor.is_empty())).await;
    page.until("alive", |live| (states(live) != before).then_some(())).await;

    for (phone, outcome) in [("203", "busy"), ("201", "attached")] {
        let agent = page.until("in a call", talking).await;
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

    let group = demo.script.id().expect("it runs");
    assert!(processes_of(group).len() >= 4, "{:?}", processes_of(group));
    demo.end().await;
    assert_eq!(processes_of(group), Vec::<String>::new(), "these were left behind");
}
