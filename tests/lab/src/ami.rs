//! A small manager client for the lab itself: commands, and waiting for events.
//!
//! Owns: one connection. It remembers every event since the login, so that a wait never misses what came before it. It
//! is not AsterFlow's client and shares nothing with it, so that the two can check each other.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::asterisk::AmiUser;

const ANSWER: Duration = Duration::from_secs(10);

/// One message: its lines in order. Names may repeat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message(pub Vec<(String, String)>);

impl Message {
    /// The first value of `name`, empty when absent.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// All values of `name`.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether this is the event `name`.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.get("Event").eq_ignore_ascii_case(name)
    }

    /// Whether this is a good response.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self.get("Response"), "Success" | "Follows" | "Goodbye")
    }
}

/// A logged-in connection; closed on drop.
#[derive(Debug)]
pub struct Ami {
    write: Mutex<OwnedWriteHalf>,
    seen: watch::Receiver<Vec<Message>>,
    reader: JoinHandle<()>,
    next: AtomicU64,
}

impl Ami {
    /// Connects and logs in with events on.
    ///
    /// # Errors
    /// When nothing listens, or the login is refused or takes longer than 10 s.
    pub async fn login(address: SocketAddr, user: &AmiUser) -> Result<Self> {
        let socket = timeout(ANSWER, TcpStream::connect(address)).await.context("connect to AMI")??;
        let (read, write) = socket.into_split();
        let (sender, seen) = watch::channel(Vec::new());
        let reader = tokio::spawn(read_all(read, sender));
        let this = Self { write: Mutex::new(write), seen, reader, next: AtomicU64::new(1) };
        let answer = this.action("Login", &[("Username", user.name), ("Secret", user.secret)]).await?;
        if !answer.is_success() {
            bail!("AMI login of {}: {}", user.name, answer.get("Message"));
        }
        Ok(this)
    }

    /// Sends an action and returns its response, good or bad.
    ///
    /// # Errors
    /// When the connection is gone or no response comes within 10 s.
    pub async fn action(&self, name: &str, fields: &[(&str, &str)]) -> Result<Message> {
        let id = format!("lab-{}", self.next.fetch_add(1, Ordering::Relaxed));
        let mut text = format!("Action: {name}\r\nActionID: {id}\r\n");
        for (key, value) in fields {
            text.push_str(&format!("{key}: {value}\r\n"));
        }
        text.push_str("\r\n");
        self.write.lock().await.write_all(text.as_bytes()).await.with_context(|| format!("send {name}"))?;
        self.wait(ANSWER, |message| message.get("ActionID") == id && !message.get("Response").is_empty())
            .await
            .with_context(|| format!("response to {name}"))
    }

    /// Sends an action that answers with a list, and returns the list's events up to `…Complete`.
    ///
    /// # Errors
    /// As [`Ami::action`]; also when the response is bad.
    pub async fn list(&self, name: &str, fields: &[(&str, &str)]) -> Result<Vec<Message>> {
        let answer = self.action(name, fields).await?;
        if !answer.is_success() {
            bail!("{name}: {}", answer.get("Message"));
        }
        let id = answer.get("ActionID").to_owned();
        let mine = |message: &Message| message.get("ActionID") == id && !message.get("Event").is_empty();
        self.wait(ANSWER, |message| mine(message) && message.get("EventList") == "Complete").await?;
        let all = self.seen.borrow();
        Ok(all
            .iter()
            .filter(|message| mine(message) && message.get("EventList") != "Complete")
            .cloned()
            .collect())
    }

    /// Waits for the first message since the login that fits; it may have come already.
    ///
    /// # Errors
    /// When none comes within `within`, or the connection ends.
    pub async fn wait(&self, within: Duration, fits: impl Fn(&Message) -> bool) -> Result<Message> {
        self.wait_since(0, within, fits).await
    }

    /// As [`Ami::wait`], but ignores the first `mark` messages; see [`Ami::mark`].
    ///
    /// # Errors
    /// As [`Ami::wait`].
    pub async fn wait_since(
        &self,
        mark: usize,
        within: Duration,
        fits: impl Fn(&Message) -> bool,
    ) -> Result<Message> {
        let mut seen = self.seen.clone();
        let found = timeout(within, async {
            let mut from = mark;
            loop {
                {
                    let all = seen.borrow_and_update();
                    if let Some(message) = all.iter().skip(from).find(|message| fits(message)) {
                        return Ok(message.clone());
                    }
                    from = all.len().max(mark);
                }
                seen.changed().await.context("AMI closed the connection")?;
            }
        });
        found.await.with_context(|| format!("no such message within {within:?}"))?
    }

    /// How many messages have come so far.
    #[must_use]
    pub fn mark(&self) -> usize {
        self.seen.borrow().len()
    }

    /// All messages since `mark`.
    #[must_use]
    pub fn since(&self, mark: usize) -> Vec<Message> {
        self.seen.borrow().iter().skip(mark).cloned().collect()
    }
}

impl Drop for Ami {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Reads messages until the connection ends. Lines are decoded lossily: AMI has no charset.
async fn read_all(read: OwnedReadHalf, sender: watch::Sender<Vec<Message>>) {
    let mut lines = BufReader::new(read);
    let mut message = Message::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        match lines.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        if !text.is_empty() {
            let (key, value) = text.split_once(':').unwrap_or((text, ""));
            message.0.push((key.to_owned(), value.trim_start().to_owned()));
        } else if !message.0.is_empty() {
            let whole = std::mem::take(&mut message);
            sender.send_modify(|all| all.push(whole));
        }
    }
}
