//! The task that owns the socket and the session: connects, feeds bytes, passes on what the session says, tries again.
//!
//! ```text
//! Command ──mpsc──> client ──bytes──> Asterisk
//! Message <─mpsc──  client <──bytes── Asterisk
//! ```
//! When the mailbox of messages is full the socket waits a moment; if that does not help, messages are dropped and a whole
//! picture is fetched later.

use std::collections::HashMap;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep_until, timeout};

use super::action::Action;
use super::connect::{Stream, connect};
use super::session::{ActionError, CloseReason, Output, Session};
use crate::backoff::{Backoff, random};
use crate::clock;
use crate::config::Ami;
use crate::domain::live::event::{Event, Picture};

/// Messages on their way to the floor: a second of the heaviest load measured on a real PBX (1 786 events).
pub const MESSAGES: usize = 2048;
/// Commands on their way to the socket: a supervisor presses once in seconds.
pub const COMMANDS: usize = 32;
/// A write that Asterisk does not take by then means that it stands still.
const WRITE: std::time::Duration = std::time::Duration::from_secs(5);
/// So long the socket waits for the floor when the mailbox is full. The floor waits for nobody.
const FULL: std::time::Duration = std::time::Duration::from_secs(2);
/// How long an action waits for its answer.
const ACTION_MS: i64 = 10_000;

/// What the client tells the floor, in order.
#[allow(clippy::large_enum_variant, reason = "nearly all are events; a box each would cost more")]
#[derive(Debug)]
pub enum Message {
    /// Logged in; the picture follows.
    Up,
    /// A whole picture.
    Picture(Box<Picture>),
    /// Something happened.
    Event(Event),
    /// Events were dropped; a whole picture follows.
    Missed,
    /// What this login may not do.
    Warnings(Vec<String>),
    /// The link is down, and why; `refused` when a person has to act.
    Down {
        /// A sentence with its cure.
        why: String,
        /// Whether trying again helps only after somebody acts.
        refused: bool,
    },
}

/// What can be asked of the client.
#[derive(Debug)]
pub enum Command {
    /// Send an action, answer when Asterisk does.
    Act(Action, oneshot::Sender<Result<(), ActionError>>),
    /// Something did not fit: fetch a whole picture soon.
    WishPicture,
}

/// Handle to the client.
#[derive(Clone, Debug)]
pub struct Client {
    commands: mpsc::Sender<Command>,
}

impl Client {
    /// Sends an action and waits for Asterisk's answer to it (not for its effect).
    ///
    /// # Errors
    /// When the link is down, Asterisk refuses, or no answer comes within 10 s.
    pub async fn act(&self, action: Action) -> Result<(), ActionError> {
        let (answer, result) = oneshot::channel();
        self.commands.try_send(Command::Act(action, answer)).map_err(|_| ActionError::Closed)?;
        result.await.unwrap_or(Err(ActionError::Closed))
    }

    /// Asks for a whole picture; a full mailbox already holds such a wish.
    pub fn wish_picture(&self) {
        let _ = self.commands.try_send(Command::WishPicture);
    }
}

/// Starts the client. It runs until `stop` turns true or all receivers are gone.
pub fn start(ami: Ami, stop: watch::Receiver<bool>) -> (Client, mpsc::Receiver<Message>) {
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let (messages, outbox) = mpsc::channel(MESSAGES);
    tokio::spawn(Task { ami, inbox, messages, stop, overflowed: false }.run());
    (Client { commands }, outbox)
}

struct Task {
    ami: Ami,
    inbox: mpsc::Receiver<Command>,
    messages: mpsc::Sender<Message>,
    stop: watch::Receiver<bool>,
    overflowed: bool,
}

/// How a connection ended.
enum End {
    Stopped,
    Down { why: String, refused: bool, was_up: bool },
}

impl Task {
    async fn run(mut self) {
        let (mut away, mut refusals) = (Backoff::away(), Backoff::refused());
        loop {
            let end = match connect(&self.ami).await {
                Ok((host, stream)) => {
                    tracing::info!(%host, "connected to the manager interface");
                    self.serve(stream, &host.to_string()).await
                }
                Err(error) => End::Down { why: error.to_string(), refused: false, was_up: false },
            };
            let End::Down { why, refused, was_up } = end else { return };
            tracing::warn!(%why, refused, "the AMI link is down");
            if was_up {
                away.reset();
                refusals.reset();
            }
            if self.messages.send(Message::Down { why, refused }).await.is_err() {
                return;
            }
            let gap = if refused { refusals.next_ms(random()) } else { away.next_ms(random()) };
            if !self.pause(gap).await {
                return;
            }
        }
    }

    /// Waits `gap` milliseconds, refusing commands. False when it is time to stop.
    async fn pause(&mut self, gap: u64) -> bool {
        let until = clock::now().tick.plus_millis(i64::try_from(gap).unwrap_or(i64::MAX));
        loop {
            tokio::select! {
                () = sleep_until(clock::deadline(until)) => return true,
                _ = self.stop.changed() => return false,
                command = self.inbox.recv() => match command {
                    Some(Command::Act(_, answer)) => drop(answer.send(Err(ActionError::Closed))),
                    Some(Command::WishPicture) => {}
                    None => return false,
                },
            }
        }
    }

    async fn serve(&mut self, mut stream: Box<dyn Stream>, host: &str) -> End {
        let mut session = Session::new(&self.ami.username, self.ami.secret.expose(), clock::now().tick);
        let mut answers: HashMap<u64, oneshot::Sender<Result<(), ActionError>>> = HashMap::new();
        let mut tokens = 0_u64;
        let mut buffer = vec![0_u8; 64 * 1024];
        let mut was_up = false;
        loop {
            if let Some(end) = self.drain(&mut session, &mut answers, &mut was_up, host).await {
                return end;
            }
            while let Some(bytes) = session.poll_transmit() {
                if !matches!(timeout(WRITE, stream.write_all(&bytes)).await, Ok(Ok(()))) {
                    return down(format!("{host} does not take what is sent to it. Trying again."), was_up);
                }
            }
            let until = session.next_timeout().unwrap_or(clock::now().tick);
            tokio::select! {
                read = stream.read(&mut buffer) => match read {
                    Ok(0) => return down(format!("{host} closed the connection. Trying again."), was_up),
                    Ok(count) => session.receive(&buffer[..count], clock::now().tick),
                    Err(error) => return down(format!("{host}: {error}. Trying again."), was_up),
                },
                command = self.inbox.recv() => match command {
                    Some(Command::Act(action, answer)) => {
                        tokens += 1;
                        answers.insert(tokens, answer);
                        session.send(&action, tokens, clock::now().tick.plus_millis(ACTION_MS));
                    }
                    Some(Command::WishPicture) => session.wish_picture(clock::now().tick),
                    None => return self.goodbye(session, stream).await,
                },
                _ = self.stop.changed() => return self.goodbye(session, stream).await,
                () = sleep_until(clock::deadline(until)) => session.handle_timeout(clock::now().tick),
            }
        }
    }

    async fn goodbye(&self, mut session: Session, mut stream: Box<dyn Stream>) -> End {
        session.logoff();
        while let Some(bytes) = session.poll_transmit() {
            if !matches!(timeout(WRITE, stream.write_all(&bytes)).await, Ok(Ok(()))) {
                break;
            }
        }
        let _ = timeout(WRITE, stream.shutdown()).await;
        End::Stopped
    }

    /// Passes on everything that the session has to say.
    async fn drain(
        &mut self,
        session: &mut Session,
        answers: &mut HashMap<u64, oneshot::Sender<Result<(), ActionError>>>,
        was_up: &mut bool,
        host: &str,
    ) -> Option<End> {
        while let Some(output) = session.poll_output() {
            match output {
                Output::Up { version } => {
                    *was_up = true;
                    tracing::info!(host, version, "logged in to the manager interface");
                    self.tell(Message::Up).await;
                }
                Output::Picture(picture) => self.tell(Message::Picture(picture)).await,
                Output::Event(event) => self.tell(Message::Event(event)).await,
                Output::Warnings(warnings) => self.tell(Message::Warnings(warnings)).await,
                Output::Reply { token, result } => {
                    if let Some(answer) = answers.remove(&token) {
                        // The asker may have gone.
                        let _ = answer.send(result);
                    }
                }
                Output::Closed(reason) => return Some(closed(reason, host, &self.ami.username, *was_up)),
            }
        }
        if self.overflowed && self.messages.capacity() > MESSAGES / 2 {
            self.overflowed = false;
            self.tell(Message::Missed).await;
            session.wish_picture(clock::now().tick);
        }
        None
    }

    /// Passes a message on. In a flood the socket waits a little for the floor; what comes later than that is made good by
    /// a whole picture.
    async fn tell(&mut self, message: Message) {
        let Err(TrySendError::Full(message)) = self.messages.try_send(message) else { return };
        if timeout(FULL, self.messages.send(message)).await.is_err() && !self.overflowed {
            self.overflowed = true;
            tracing::warn!("events come faster than they can be shown; a whole picture follows");
        }
    }
}

fn down(why: String, was_up: bool) -> End {
    End::Down { why, refused: false, was_up }
}

fn closed(reason: CloseReason, host: &str, username: &str, was_up: bool) -> End {
    let (why, refused) = match reason {
        CloseReason::Refused(word) => (
            format!(
                "The PBX at {host} refuses the AMI user {username} ({word}). Check username and secret against \
                 manager.conf, and its permit lines."
            ),
            true,
        ),
        CloseReason::NotAmi(error) => (format!("{host}: {error}."), true),
        CloseReason::Silent => (format!("{host} has been silent for 10 s. Trying again."), false),
        CloseReason::LoginTimeout => {
            (format!("{host} did not finish the login in 10 s. Trying again."), false)
        }
        CloseReason::ShuttingDown => {
            ("Asterisk is shutting down. Waiting for it to come back.".to_owned(), false)
        }
    };
    End::Down { why, refused, was_up }
}
