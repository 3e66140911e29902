//! One AMI session without a socket or clock: bytes in, bytes and outputs out.
//!
//! ```text
//! greeting ─> challenge ─> login ─> (fully booted) ─> up: pictures and events ─> closed
//! ```
//! It never waits, never retries a login, and never sends an action that nobody asked for but ping and lists.

use std::collections::{BTreeMap, VecDeque};

use super::action::{Action, challenge_key};
use super::event::{Classes, decode};
use super::frame::{Decoder, Frame, FrameError};
pub use super::output::{ActionError, CloseReason, Output};
use super::privileges;
use super::resync::{Resync, Step};
use crate::domain::live::event::Event;
use crate::domain::time::Tick;

/// Silence after which a sign of life is asked for.
pub const PING_AFTER_MS: i64 = 5_000;
/// Silence after the question that means dead.
pub const DEAD_AFTER_MS: i64 = 5_000;
/// From the connection to the accepted login.
const LOGIN_MS: i64 = 10_000;
/// Without FullyBooted (no class `system`) the first picture is asked for then.
const BOOT_MS: i64 = 10_000;

#[derive(Debug, PartialEq)]
enum Phase {
    Greeting,
    Challenged,
    LoggingIn,
    Booting { until: Tick },
    Up,
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Asked {
    Challenge,
    Login,
    Channels,
    Queues,
    Hints,
    Commands,
    Ping,
    Owner(u64),
}

/// The session.
#[derive(Debug)]
pub struct Session {
    username: String,
    secret: String,
    decoder: Decoder,
    phase: Phase,
    version: String,
    opened: Tick,
    heard: Tick,
    pinged: Option<Tick>,
    next_id: u64,
    pending: BTreeMap<u64, (Asked, Tick)>,
    resync: Resync,
    classes: Classes,
    privileges: privileges::Privileges,
    transmit: VecDeque<Vec<u8>>,
    outputs: VecDeque<Output>,
}

impl Session {
    /// A session over a connection that was just opened.
    pub fn new(username: &str, secret: &str, now: Tick) -> Self {
        Self {
            username: username.to_owned(),
            secret: secret.to_owned(),
            decoder: Decoder::default(),
            phase: Phase::Greeting,
            version: String::new(),
            opened: now,
            heard: now,
            pinged: None,
            next_id: 0,
            pending: BTreeMap::new(),
            resync: Resync::default(),
            classes: Classes::default(),
            privileges: privileges::Privileges::default(),
            transmit: VecDeque::new(),
            outputs: VecDeque::new(),
        }
    }

    /// The next bytes to write.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.transmit.pop_front()
    }

    /// The next thing to say.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Self::handle_timeout`] has to be called at the latest.
    pub fn next_timeout(&self) -> Option<Tick> {
        let actions = self.pending.values().map(|(_, deadline)| *deadline).min();
        let phase = match self.phase {
            Phase::Closed => return None,
            Phase::Greeting | Phase::Challenged | Phase::LoggingIn => Some(self.opened.plus_millis(LOGIN_MS)),
            Phase::Booting { until } => Some(until),
            Phase::Up => self.resync.next_timeout(),
        };
        let silence = match self.pinged {
            Some(at) => at.plus_millis(DEAD_AFTER_MS),
            None => self.heard.plus_millis(PING_AFTER_MS),
        };
        [actions, phase, Some(silence)].into_iter().flatten().min()
    }

    /// Takes what the socket gave.
    pub fn receive(&mut self, bytes: &[u8], now: Tick) {
        if self.phase == Phase::Closed {
            return;
        }
        self.heard = now;
        self.pinged = None;
        // The decoder is moved out so that its frames can be borrowed while the rest changes.
        let mut decoder = std::mem::take(&mut self.decoder);
        decoder.push(bytes);
        if let Err(error) = self.read(&mut decoder, now) {
            self.close(CloseReason::NotAmi(error));
        }
        self.decoder = decoder;
    }

    fn read(&mut self, decoder: &mut Decoder, now: Tick) -> Result<(), FrameError> {
        if self.phase == Phase::Greeting {
            let Some(version) = decoder.banner()? else { return Ok(()) };
            self.version = version;
            self.phase = Phase::Challenged;
            self.ask(Asked::Challenge, &Action::Challenge, now.plus_millis(LOGIN_MS));
        }
        while self.phase != Phase::Closed {
            let Some(frame) = decoder.next_frame()? else { break };
            self.frame(&frame, now);
        }
        Ok(())
    }

    fn frame(&mut self, frame: &Frame<'_>, now: Tick) {
        match frame.event() {
            None => self.response(frame, now),
            Some(name) => {
                if let Some(asked) = self.list_of(frame) {
                    self.list_item(asked, name, frame, now);
                } else {
                    self.classes.note(frame);
                    if let Some(event) = decode(frame) {
                        self.event(event, now);
                    }
                }
            }
        }
    }

    /// The list that an event belongs to. Only lists carry our ActionID without a Privilege.
    fn list_of(&self, frame: &Frame<'_>) -> Option<u64> {
        let waits = |asked: &Asked| matches!(asked, Asked::Channels | Asked::Queues | Asked::Hints);
        if !self.pending.values().any(|(asked, _)| waits(asked)) {
            return None;
        }
        let id = parse_id(frame.get("ActionID")?)?;
        self.pending.get(&id).filter(|(asked, _)| waits(asked)).map(|_| id)
    }

    fn list_item(&mut self, id: u64, name: &[u8], frame: &Frame<'_>, now: Tick) {
        if !name.ends_with(b"Complete") {
            self.resync.item(frame);
            return;
        }
        match self.pending.remove(&id) {
            Some((Asked::Channels, _)) => self.resync.channels_complete(false),
            Some((Asked::Queues, _)) => self.resync.queues_complete(),
            Some((Asked::Hints, _)) => self.resync.hints_complete(false),
            _ => {}
        }
        self.try_finish(now);
    }

    fn try_finish(&mut self, now: Tick) {
        if self.resync.wants_hints() {
            self.ask(Asked::Hints, &Action::ExtensionStateList, now.plus_millis(LOGIN_MS * 2));
        }
        let Some(finished) = self.resync.finish(now, self.classes) else { return };
        self.outputs.push_back(Output::Picture(Box::new(finished.picture)));
        self.outputs.extend(finished.buffered.into_iter().map(Output::Event));
        if self.privileges.note_silent(finished.silent.call, finished.silent.agent, self.classes) {
            self.warn();
        }
    }

    fn event(&mut self, event: Event, now: Tick) {
        match (&event, &self.phase) {
            (Event::ShuttingDown, _) => self.close(CloseReason::ShuttingDown),
            (Event::Resync, Phase::Booting { .. }) => self.up(now),
            (Event::Resync, Phase::Up) => {
                self.resync.reloaded();
                self.resync.wish(now);
            }
            (_, Phase::Up) => self.outputs.extend(self.resync.pass(event, now).map(Output::Event)),
            // Before the first picture nothing is known that an event could change.
            _ => {}
        }
    }

    fn response(&mut self, frame: &Frame<'_>, now: Tick) {
        let Some(id) = frame.get("ActionID").and_then(parse_id) else { return };
        let success = frame.get("Response").is_some_and(|word| !word.eq_ignore_ascii_case(b"Error"));
        let Some((asked, _)) = self.pending.get(&id).copied() else { return };
        let is_list = matches!(asked, Asked::Channels | Asked::Queues | Asked::Hints);
        if !(is_list && success) {
            self.pending.remove(&id);
        }
        let message = || frame.text("Message").unwrap_or_default();
        match asked {
            Asked::Challenge if success => self.login(&frame.text("Challenge").unwrap_or_default(), now),
            Asked::Challenge | Asked::Login if !success => {
                self.close(CloseReason::Refused(message()));
            }
            Asked::Login => {
                self.phase = Phase::Booting { until: now.plus_millis(BOOT_MS) };
                self.outputs.push_back(Output::Up { version: self.version.clone() });
                self.ask(Asked::Commands, &Action::ListCommands, now.plus_millis(LOGIN_MS));
            }
            Asked::Commands => {
                self.privileges.note_commands(frame);
                self.warn();
            }
            Asked::Channels if !success => {
                self.resync.channels_complete(true);
                self.try_finish(now);
            }
            Asked::Queues if !success => self.resync.refused(now),
            Asked::Hints if !success => {
                self.resync.hints_complete(true);
                self.try_finish(now);
            }
            Asked::Owner(token) => {
                let result = if success { Ok(()) } else { Err(ActionError::Refused(message())) };
                self.outputs.push_back(Output::Reply { token, result });
            }
            _ => {}
        }
    }

    fn login(&mut self, challenge: &str, now: Tick) {
        self.phase = Phase::LoggingIn;
        let key = challenge_key(challenge, &self.secret);
        let login = Action::Login { username: self.username.clone(), key };
        self.ask(Asked::Login, &login, now.plus_millis(LOGIN_MS));
    }

    fn up(&mut self, now: Tick) {
        self.phase = Phase::Up;
        self.resync.wish(now);
        self.pump_resync(now);
    }

    fn warn(&mut self) {
        self.outputs.push_back(Output::Warnings(self.privileges.sentences(&self.username)));
    }

    fn ask(&mut self, asked: Asked, action: &Action, deadline: Tick) -> Option<ActionError> {
        self.next_id += 1;
        match action.encode(&format!("af-{}", self.next_id)) {
            Ok(bytes) => {
                self.transmit.push_back(bytes);
                self.pending.insert(self.next_id, (asked, deadline));
                None
            }
            Err(error) => Some(error.into()),
        }
    }

    /// Sends an action; its answer comes as [`Output::Reply`] with `token`, at the latest at `deadline`.
    pub fn send(&mut self, action: &Action, token: u64, deadline: Tick) {
        let failed = match self.phase {
            Phase::Up => self.ask(Asked::Owner(token), action, deadline),
            _ => Some(ActionError::Closed),
        };
        if let Some(error) = failed {
            self.outputs.push_back(Output::Reply { token, result: Err(error) });
        }
    }

    /// Says goodbye; the peer closes.
    pub fn logoff(&mut self) {
        if let Ok(bytes) = Action::Logoff.encode("af-bye") {
            self.transmit.push_back(bytes);
        }
    }

    /// Asks for a whole picture soon, because something did not fit.
    pub fn wish_picture(&mut self, now: Tick) {
        self.resync.wish(now);
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Tick) {
        match self.phase {
            Phase::Closed => return,
            Phase::Greeting | Phase::Challenged | Phase::LoggingIn => {
                if now >= self.opened.plus_millis(LOGIN_MS) {
                    return self.close(CloseReason::LoginTimeout);
                }
            }
            Phase::Booting { until } if now >= until => {
                self.privileges.no_boot = true;
                self.warn();
                self.up(now);
            }
            Phase::Booting { .. } | Phase::Up => {}
        }
        self.expire(now);
        self.check_silence(now);
        self.pump_resync(now);
    }

    fn check_silence(&mut self, now: Tick) {
        match self.pinged {
            Some(at) if now >= at.plus_millis(DEAD_AFTER_MS) => self.close(CloseReason::Silent),
            None if now >= self.heard.plus_millis(PING_AFTER_MS) && self.is_logged_in() => {
                self.pinged = Some(now);
                self.ask(Asked::Ping, &Action::Ping, now.plus_millis(DEAD_AFTER_MS));
            }
            _ => {}
        }
    }

    fn is_logged_in(&self) -> bool {
        matches!(self.phase, Phase::Booting { .. } | Phase::Up)
    }

    fn pump_resync(&mut self, now: Tick) {
        if self.phase == Phase::Up && self.resync.handle_timeout(now) == Step::Ask {
            // A stuck fetch may still have its actions pending; their late items must not mix with the new ones.
            self.pending
                .retain(|_, (asked, _)| !matches!(asked, Asked::Channels | Asked::Queues | Asked::Hints));
            let deadline = now.plus_millis(LOGIN_MS * 2);
            self.ask(Asked::Channels, &Action::CoreShowChannels, deadline);
            self.ask(Asked::Queues, &Action::QueueStatus, deadline);
        }
    }

    fn expire(&mut self, now: Tick) {
        let late: Vec<u64> =
            self.pending.iter().filter(|(_, (_, deadline))| now >= *deadline).map(|(id, _)| *id).collect();
        for id in late {
            if let Some((Asked::Owner(token), _)) = self.pending.remove(&id) {
                self.outputs.push_back(Output::Reply { token, result: Err(ActionError::Deadline) });
            }
        }
    }

    fn close(&mut self, reason: CloseReason) {
        self.phase = Phase::Closed;
        for (_, (asked, _)) in std::mem::take(&mut self.pending) {
            if let Asked::Owner(token) = asked {
                self.outputs.push_back(Output::Reply { token, result: Err(ActionError::Closed) });
            }
        }
        self.outputs.push_back(Output::Closed(reason));
    }
}

fn parse_id(bytes: &[u8]) -> Option<u64> {
    std::str::from_utf8(bytes).ok()?.strip_prefix("af-")?.parse().ok()
}
