//! What a network and a PBX can do to the live link: each fault is marked in time, the last picture stays, and when the
//! cause ends the board is right again by itself: equal to what a link that was just opened sees.

mod failover;
mod half_open;
mod link;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use asterflow::config::{Ami, HostPort, Secret, Tls};
use asterflow::domain::ids::QueueName;
use asterflow::domain::link::LinkState;
use asterflow::domain::live::snapshot::Snapshot;
use asterflow::domain::time::Tick;
use asterflow::sim::ami::{self, Account, Fault, Settings};
use asterflow::sim::centre::Centre;
use asterflow::sim::plan::{Plan, Size};
use asterflow::tasks::live::{self, Live};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

const USER: &str = "asterflow";
const SECRET: &str = "demo";
/// A closed connection is marked by then.
const AT_ONCE: Duration = Duration::from_secs(2);
/// A silent one is marked by then, and all is well so long after the cause has ended.
const SOON: Duration = Duration::from_secs(15);

/// A simulated PBX with people at work.
struct Sim {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Sim {
    async fn start() -> Self {
        Self::at(0, SECRET, 7).await
    }

    /// On a port of 127.0.0.1; 0 takes any.
    async fn at(port: u16, secret: &str, seed: u64) -> Self {
        let size = Size { agents: 24, queues: Some(3), calls_per_hour: Some(900), seed };
        let now = asterflow::clock::now().wall.as_millisecond();
        let zone = asterflow::sim::zone::at_work_now(asterflow::clock::now().wall);
        let mut centre =
            Centre::new(Arc::new(Plan::new(&size, zone)), now - 3_600_000, now, Box::new(|_| ()));
        asterflow::sim::pbx::Clockwork::advance(&mut centre, now, &mut Vec::new());
        centre.go_live(2.0);
        let (stop, stopped) = watch::channel(false);
        let settings = Settings::new(port, [Account::for_wall(USER, Secret::new(secret))]);
        let server = ami::start(settings, Box::new(centre), stopped).await.expect("the simulator starts");
        Self { address: server.address, stop, task: server.task }
    }

    async fn fault(&self, fault: Fault) {
        ami::ask_fault(self.address, USER, &Secret::new(SECRET), fault).await.expect("it takes the fault");
    }

    /// It is gone, and its port is free.
    async fn end(self) {
        self.stop.send_replace(true);
        let _ = timeout(SOON, self.task).await;
    }
}

/// A link that ends with it.
struct Link {
    live: Live,
    stop: watch::Sender<bool>,
}

impl Link {
    /// To the hosts, in this order.
    fn to(hosts: &[SocketAddr]) -> Self {
        let host = |address: &SocketAddr| HostPort { host: address.ip().to_string(), port: address.port() };
        let ami = Ami {
            hosts: hosts.iter().map(host).collect(),
            tls: Tls::Off,
            username: USER.into(),
            secret: Secret::new(SECRET),
        };
        let stop = watch::Sender::new(false);
        let none: Arc<BTreeMap<QueueName, u32>> = Arc::default();
        let live = live::start("pbx".into(), ami, &[], watch::channel(none).1, stop.subscribe());
        Self { live, stop }
    }

    async fn up(hosts: &[SocketAddr]) -> Self {
        let link = Self::to(hosts);
        link.within(SOON, "live", |floor| floor.ami.state == LinkState::Live).await;
        link
    }

    fn floor(&self) -> Arc<Snapshot> {
        Arc::clone(&self.live.snapshot.borrow())
    }

    /// Waits until the floor is as wished, and says how long it took.
    async fn within(&self, limit: Duration, wish: &str, fits: impl Fn(&Snapshot) -> bool) -> Duration {
        let began = tick_now();
        let mut snapshot = self.live.snapshot.clone();
        let came = timeout(limit, snapshot.wait_for(|floor| fits(floor))).await;
        assert!(matches!(came, Ok(Ok(_))), "not {wish} within {limit:?}: {:#?}", self.floor().ami);
        since(began)
    }

    /// Marked as old in time, with the last picture and a sentence.
    async fn is_marked(&self, limit: Duration) {
        let before = self.floor().queues.len();
        self.within(limit, "marked as old", |floor| floor.ami.state != LinkState::Live).await;
        let floor = self.floor();
        assert!(before > 0 && floor.queues.len() == before, "the last picture stays");
        assert!(floor.ami.detail.as_ref().is_some_and(|why| !why.is_empty()), "{:?}", floor.ami);
        assert!(floor.ami.fresh_at.is_some(), "its age counts");
    }

    /// Live again in time, and the board is what a link sees that was just opened.
    async fn heals(&self) {
        self.within(SOON, "live again", |floor| floor.ami.state == LinkState::Live).await;
        self.is_right().await;
    }

    async fn is_right(&self) {
        let host = self.floor().ami.host.clone().expect("connected");
        let fresh = Self::up(&[host.parse().expect("an address")]).await;
        let began = tick_now();
        while since(began) < SOON {
            if told(&self.floor()) == told(&fresh.floor()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!(
            "the board is not what it should be:\n{:#?}\n{:#?}",
            told(&self.floor()),
            told(&fresh.floor())
        );
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// What a board shows, without what depends on when one began to look.
fn told(floor: &Snapshot) -> Vec<String> {
    let mut lines = Vec::new();
    for queue in &floor.queues {
        let waiting = queue.waiting.iter().map(|caller| format!("{} {}", caller.number, caller.channel));
        lines.push(format!("{}: {}", queue.name, waiting.collect::<Vec<_>>().join(", ")));
        lines.extend(queue.members.iter().map(|member| {
            let partner = member.partner.as_ref().map(|partner| partner.number.as_str());
            format!(
                "{} {:?} {:?} {} {partner:?}",
                member.interface, member.state, member.sub_state, member.paused
            )
        }));
    }
    lines
}

/// A simulated PBX as a process of its own.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    async fn start(port: u16) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_asterflow"))
            .args(["demo", "--agents", "24", "--queues", "3", "--seed", "7", "--ami-port", &port.to_string()])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the demo starts");
        let mut lines =
            tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(child.stdout.take().expect("words")));
        let line =
            timeout(Duration::from_secs(60), lines.next_line()).await.expect("in time").expect("reads");
        let facts: serde_json::Value = serde_json::from_str(&line.expect("a line")).expect("facts");
        let address = facts["ami"].as_str().expect("an address").parse().expect("an address");
        Self { child, address }
    }

    /// STOP, CONT or KILL.
    async fn signal(&mut self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status().await.expect("kill runs");
        assert!(sent.success(), "-{name}");
        if name == "KILL" {
            let _ = self.child.wait().await;
        }
    }
}

/// The monotonic clock.
fn tick_now() -> Tick {
    asterflow::clock::now().tick
}

/// How long ago that was.
fn since(tick: Tick) -> Duration {
    Duration::from_millis(tick_now().since(tick).unsigned_abs())
}

/// A port on which nobody listens.
async fn free_port() -> SocketAddr {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    taken.local_addr().expect("an address")
}
