//! The server over real sockets, against a scripted PBX: read raw, and by this project's own client.

mod client;
mod faults;
mod fresh;
mod hub;
mod scripted;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::{Account, Classes, Settings, start};
use crate::clock;
use crate::config::Secret;
use scripted::Scripted;

/// Nothing in these tests takes longer on a busy machine.
const LONG: Duration = Duration::from_secs(20);
const USER: &str = "asterflow";
const SECRET: &str = "a-secret";

/// Every event that a real Asterisk sent in the recordings, with CRLF turned into LF.
pub(in crate::sim::ami) fn captures() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ami");
    let files = std::fs::read_dir(folder).expect("the recordings");
    let mut events = Vec::new();
    for file in files {
        let bytes = std::fs::read(file.expect("a file").path()).expect("bytes");
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        events.extend(text.split("\n\n").map(|message| message.trim_start_matches('\n').to_owned()));
    }
    events
}

/// A running server; it ends with this.
struct Bench {
    address: SocketAddr,
    _stop: watch::Sender<bool>,
}

impl Bench {
    async fn start() -> Self {
        let full = Account {
            username: "full".into(),
            secret: Secret::new(SECRET),
            read: Classes::ALL,
            write: Classes::ALL,
        };
        let deaf =
            Account { username: "deaf".into(), read: Classes::AGENT, write: Classes::NONE, ..full.clone() };
        let half =
            Account { username: "half".into(), read: Classes::CALL.with(Classes::SYSTEM), ..full.clone() };
        let wall = Account::for_wall(USER, Secret::new(SECRET));
        let stop = watch::Sender::new(false);
        let pbx = Box::new(Scripted::new(clock::now().wall.as_millisecond()));
        let settings = Settings::new(0, [full, deaf, half, wall]);
        let server = start(settings, pbx, stop.subscribe()).await.expect("a free port");
        Self { address: server.address, _stop: stop }
    }
}

/// A client that sees the bytes.
struct Raw {
    socket: BufReader<TcpStream>,
}

impl Raw {
    async fn connect(bench: &Bench) -> Self {
        let socket = TcpStream::connect(bench.address).await.expect("somebody listens");
        let mut raw = Self { socket: BufReader::new(socket) };
        assert_eq!(raw.line().await, "Asterisk Call Manager/11.0.0\r\n");
        raw
    }

    /// Logged in as this user; the answer and FullyBooted are read.
    async fn log_in(bench: &Bench, user: &str) -> Self {
        let mut raw = Self::connect(bench).await;
        let text = format!("Action: Login\nActionID: l\nUsername: {user}\nSecret: {SECRET}");
        assert_eq!(raw.ask(&text).await, "Response: Success\nActionID: l\nMessage: Authentication accepted");
        raw
    }

    async fn send(&mut self, text: &str) {
        let text = text.replace('\n', "\r\n") + "\r\n\r\n";
        self.socket.write_all(text.as_bytes()).await.expect("written");
    }

    async fn line(&mut self) -> String {
        let mut line = Vec::new();
        let read = timeout(LONG, self.socket.read_until(b'\n', &mut line)).await.expect("in time");
        read.unwrap_or(0);
        String::from_utf8_lossy(&line).into_owned()
    }

    /// The next message without its blank line and with LF; empty at the end of the connection.
    async fn message(&mut self) -> String {
        let mut text = String::new();
        loop {
            let line = self.line().await;
            if line.is_empty() || line == "\r\n" {
                return text.trim_end_matches('\n').to_owned();
            }
            assert!(line.ends_with("\r\n"), "{line:?}");
            text.push_str(&line.replace("\r\n", "\n"));
        }
    }

    /// The next message that starts so.
    async fn until(&mut self, start: &str) -> String {
        loop {
            let message = self.message().await;
            assert!(!message.is_empty(), "the connection ended before {start}");
            if message.starts_with(start) {
                return message;
            }
        }
    }

    async fn ask(&mut self, text: &str) -> String {
        self.send(text).await;
        self.until("Response: ").await
    }

    /// A whole list: the answer, the items, the end.
    async fn list(&mut self, text: &str, end: &str) -> Vec<String> {
        let mut all = vec![self.ask(text).await];
        while !all.last().expect("one").starts_with(&format!("Event: {end}\n")) {
            all.push(self.message().await);
        }
        all
    }

    async fn is_closed(&mut self) -> bool {
        self.message().await.is_empty()
    }
}

/// The names of a message's headers, in order.
fn keys(message: &str) -> Vec<&str> {
    message.lines().filter_map(|line| line.split_once(':')).map(|(key, _)| key).collect()
}

fn shared<T>(value: T) -> watch::Receiver<Arc<T>> {
    watch::Sender::new(Arc::new(value)).subscribe()
}
