//! The program's web page without a PBX: the login link of the command line, and own views of the wall.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running `asterflow run --screen headless` whose PBX does not answer. It ends when dropped.
struct Program {
    child: Child,
    folder: tempfile::TempDir,
    base: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asterflow"));
    command.arg("--config").arg(folder.join("asterflow.toml")).arg("--state-dir").arg(folder.join("state"));
    command.env_remove("DISPLAY").stdin(Stdio::piped());
    command
}

impl Program {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("one").port();
        let listen = format!("127.0.0.1:{port}");
        std::fs::write(folder.path().join("secret"), "nothing").expect("a secret");
        let secret = folder.path().join("secret").display().to_string();
        let text = format!(
            "[site]\nname = \"Here\"\n[[pbx]]\nname = \"pbx\"\ntime_zone = \"UTC\"\n\
             [pbx.ami]\nhosts = [\"127.0.0.1:1\"]\ntls = \"off\"\nusername = \"x\"\nsecret_file = \"{secret}\"\n\
             [pbx.database]\nhosts = [\"127.0.0.1:1\"]\ntls = \"off\"\nname = \"x\"\nusername = \"x\"\npassword_file = \"{secret}\"\n\
             [admin]\nlisten = \"{listen}\"\ntls = \"off\"\n"
        );
        std::fs::write(folder.path().join("asterflow.toml"), text).expect("settings");
        let mut add = command(folder.path());
        let mut add = add.args(["user", "add", "anna", "--role", "supervisor"]).spawn().expect("it runs");
        std::io::Write::write_all(&mut add.stdin.take().expect("a pipe"), b"correct horse battery staple\n")
            .expect("a password");
        assert!(add.wait().expect("it ends").success());
        let child = command(folder.path())
            .args(["run", "--screen", "headless"])
            .stderr(std::fs::File::create(folder.path().join("run.log")).expect("a log"))
            .spawn()
            .expect("it starts");
        let program = Self { child, folder, base: format!("http://{listen}") };
        for _ in 0..400 {
            if tokio::net::TcpStream::connect(&listen).await.is_ok() {
                return program;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let log = std::fs::read_to_string(program.folder.path().join("run.log")).unwrap_or_default();
        panic!("it does not listen: {log}")
    }

    fn link(&self, more: &[&str]) -> std::process::Output {
        command(self.folder.path()).args(["user", "link"]).args(more).output().expect("it runs")
    }

    /// Resident memory, MiB.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") / 1024
    }
}

/// A browser without a screen: keeps cookies, follows where it is sent.
#[derive(Clone)]
struct Visitor(ureq::Agent);

impl Visitor {
    fn new() -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        Self(config.timeout_global(Some(Duration::from_secs(30))).build().into())
    }

    /// Status, where it was led to, and the body.
    async fn get(&self, url: String) -> (u16, String, Vec<u8>) {
        let agent = self.0.clone();
        let asking = tokio::task::spawn_blocking(move || {
            let mut answer = agent.get(url).call().expect("an answer");
            let place = ureq::ResponseExt::get_uri(&answer).path().to_owned();
            (answer.status().as_u16(), place, answer.body_mut().read_to_vec().expect("a body"))
        });
        asking.await.expect("asked")
    }

    async fn post(&self, url: String, form: String) -> (u16, String) {
        let agent = self.0.clone();
        let asking = tokio::task::spawn_blocking(move || {
            let request = agent.post(url).content_type("application/x-www-form-urlencoded");
            let answer = request.send(form).expect("an answer");
            (answer.status().as_u16(), ureq::ResponseExt::get_uri(&answer).path().to_owned())
        });
        asking.await.expect("asked")
    }
}

async fn log_in(program: &Program) -> Visitor {
    let output = program.link(&["anna"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let url = String::from_utf8(output.stdout).expect("text").lines().last().expect("a line").to_owned();
    let (page, once) = url.split_once("/login?once=").expect("a link");
    assert_eq!(page, program.base);
    let visitor = Visitor::new();
    let (status, _, look) = visitor.get(url.clone()).await;
    assert!(status == 200 && String::from_utf8_lossy(&look).contains("Log in with this link"));
    let login =
        |visitor: Visitor| async move { visitor.post(format!("{page}/login"), format!("once={once}")).await };
    assert_eq!(login(visitor.clone()).await, (200, "/".to_owned()), "in, and at the status page");
    assert_eq!(login(Visitor::new()).await.0, 401, "a second time it is good for nothing");
    visitor
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_made_beside_the_running_program_logs_in_once() {
    let program = Program::start().await;
    let visitor = log_in(&program).await;
    let (status, _, page) = visitor.get(format!("{}/board", program.base)).await;
    assert!(status == 200 && String::from_utf8_lossy(&page).contains("anna"));
    let unknown = program.link(&["nobody"]);
    assert!(!unknown.status.success() && unknown.stdout.is_empty());
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("nobody"));
    assert_eq!(program.link(&["anna", "--minutes", "0"]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn four_look_at_walls_of_their_own_and_leave_nothing_behind() {
    let program = Program::start().await;
    let visitor = log_in(&program).await;
    // The web page is there a moment before the wall is.
    let drawn = tokio::time::timeout(Duration::from_secs(30), async {
        while visitor.get(format!("{}/wall.png", program.base)).await.0 != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    drawn.await.expect("a wall");
    let before = program.memory();
    let mut views = Vec::new();
    for _ in 0..4 {
        let (status, place, _) = visitor.get(format!("{}/wall", program.base)).await;
        assert!(status == 200 && place.starts_with("/wall/"), "{status} {place}");
        views.push(place);
    }
    for place in &views {
        let (status, _, png) = visitor.get(format!("{}{place}/picture", program.base)).await;
        assert!(status == 200 && png.starts_with(b"\x89PNG"), "{status}");
    }
    let during = program.memory();
    let (status, _, page) = visitor.get(format!("{}/wall", program.base)).await;
    assert!(status == 503 && String::from_utf8_lossy(&page).contains("4 people look at the wall"));
    // Nobody looks any more: after a while there is room again, and the memory is given back.
    let waited = tokio::time::timeout(Duration::from_secs(40), async {
        while visitor.get(format!("{}{}/picture", program.base, views[3])).await.0 != 404 {
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
    });
    waited.await.expect("the views end");
    let after = program.memory();
    println!("memory before {before} MiB, with four views {during} MiB, afterwards {after} MiB");
    assert!(
        after <= before + 25,
        "before {before} MiB, with four views {during} MiB, afterwards {after} MiB"
    );
    assert_eq!(visitor.get(format!("{}/wall", program.base)).await.0, 200);
}
