//! The program itself, started as an operator starts it, beside a real Asterisk and a real MariaDB.

use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use asterflow_lab::Lab;
use serde_json::{Value, json};

/// The password of the account `chief`, an admin.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A running `asterflow run --screen headless`. It ends when dropped.
pub(crate) struct Appliance {
    child: Child,
    folder: tempfile::TempDir,
    base: String,
    token: String,
}

impl Drop for Appliance {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes an account as an operator would.
fn add_user(folder: &std::path::Path, name: &str, password: &str, role: &str) {
    use std::io::Write as _;
    let mut child = command(folder)
        .args(["user", "add", name, "--role", role])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the verb runs");
    writeln!(child.stdin.take().expect("a pipe"), "{password}").expect("a password");
    let ended = child.wait_with_output().expect("it ends");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

fn command(folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asterflow"));
    command.arg("--config").arg(folder.join("asterflow.toml")).arg("--state-dir").arg(folder.join("state"));
    command.env_remove("DISPLAY");
    command
}

fn run(folder: &std::path::Path) -> Child {
    let log = std::fs::File::options().create(true).append(true).open(folder.join("run.log")).expect("a log");
    command(folder)
        .args(["run", "--screen", "headless"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("the program starts")
}

/// A port that nobody has. Asked for and given back, so that the settings can name it.
fn free_port() -> u16 {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    socket.local_addr().expect("an address").port()
}

impl Appliance {
    /// Starts it against the lab and waits until both sources are live.
    pub(crate) async fn start(lab: &Lab) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listen = format!("127.0.0.1:{}", free_port());
        lab.write_settings(folder.path(), &listen).expect("settings");
        let token = Self::token(folder.path());
        // With an account there is no set-up page on the wall.
        add_user(folder.path(), "chief", PASSWORD, "admin");
        let child = run(folder.path());
        let appliance = Self { child, folder, base: format!("http://{listen}"), token };
        appliance.until_live().await;
        appliance
    }

    async fn until_live(&self) {
        self.until("both sources live", |health| states(health).iter().all(|(_, state)| state == "live"))
            .await;
    }

    /// As a power cut would, and up again.
    pub(crate) async fn kill_and_start(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
        self.child = run(self.folder.path());
        self.until_live().await;
    }

    fn token(folder: &std::path::Path) -> String {
        let made = command(folder).args(["token", "add", "test", "--role", "admin"]).output().expect("runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8_lossy(&made.stdout).lines().last().expect("a token").to_owned()
    }

    /// Where its web page is.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("run.log")).unwrap_or_default()
    }

    /// Runs another verb on the same settings and state.
    pub(crate) fn verb(&self, arguments: &[&str]) -> Output {
        command(self.folder.path()).args(arguments).stdin(Stdio::null()).output().expect("the verb runs")
    }

    /// The text of a report of today's stored history.
    pub(crate) fn report(&self, kind: &str, more: &[&str]) -> String {
        let today = asterflow::clock::now().wall.to_zoned(jiff::tz::TimeZone::UTC).date();
        // A test may run over midnight.
        let from = today.yesterday().expect("a date").to_string();
        let to = today.to_string();
        let mut arguments = vec!["report", kind, "--from", &from, "--to", &to];
        arguments.extend(more);
        let output = self.verb(&arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// A request with the admin's token; status and body.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Vec<u8>) {
        let (url, token) = (format!("{}{path}", self.base), format!("Bearer {}", self.token));
        let method = http::Method::from_bytes(method.as_bytes()).expect("a method");
        let asking = tokio::task::spawn_blocking(move || {
            let agent: ureq::Agent = ureq::Agent::config_builder()
                .http_status_as_error(false)
                .timeout_global(Some(super::LONG))
                .build()
                .into();
            let request = http::Request::builder()
                .method(method)
                .uri(url)
                .header("authorization", token)
                .header("content-type", "application/json")
                .body(body.map(|body| body.to_string()).unwrap_or_default())
                .expect("a request");
            let mut answer = agent.run(request).expect("an answer");
            (answer.status().as_u16(), answer.body_mut().read_to_vec().expect("a body"))
        });
        asking.await.expect("it was asked")
    }

    /// A JSON document.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("JSON")
    }

    /// Waits until the health is as wished, and returns it.
    pub(crate) async fn until(&self, wish: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.until_at("/healthz", wish, fits).await
    }

    /// Waits until the document at `path` is as wished.
    pub(crate) async fn until_at(&self, path: &str, wish: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let waited = tokio::time::timeout(super::LONG * 2, async {
            loop {
                if self.is_listening().await {
                    last = self.json(path).await;
                    if fits(&last) {
                        return;
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let came = waited.await.is_ok();
        assert!(came, "{path} was not {wish} in time; it is {last:#}\n{}", self.log());
        last
    }

    async fn is_listening(&self) -> bool {
        let address = self.base.trim_start_matches("http://").to_owned();
        tokio::net::TcpStream::connect(address).await.is_ok()
    }

    /// Tells it to end as systemd would, and waits; whether it ended well.
    pub(crate) fn end(&mut self) -> bool {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(told.is_ok_and(|status| status.success()), "it could not be told to end");
        self.child.wait().is_ok_and(|status| status.success())
    }
}

/// Source and state of every source in a health document.
pub(crate) fn states(health: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let sources = health["sources"].as_array().expect("sources");
    sources.iter().map(|source| (text(&source["source"]), text(&source["state"]))).collect()
}

/// A member in a live document.
pub(crate) fn member<'a>(live: &'a Value, queue: &str, interface: &str) -> &'a Value {
    let find = |list: &'a Value, key: &str, wanted: &str| {
        list.as_array().expect("a list").iter().find(|one| one[key] == wanted).expect("it is there")
    };
    find(&find(&live["pbx"][0]["queues"], "name", queue)["members"], "interface", interface)
}

/// The body of a wish to listen.
pub(crate) fn listen_to(interface: &str, supervisor: &str) -> Value {
    json!({"agent": interface, "mode": "listen", "supervisor": supervisor})
}
