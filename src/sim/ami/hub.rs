//! The one owner of the PBX and of what is known of each client. No sockets, no waiting: it is told what clients ask and
//! that time passes, and puts bytes into outboxes. So everything has one order.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::Settings;
use super::account::{Account, Classes};
use super::answer;
use super::connection::{Heard, OUTBOX, Out, SessionId};
use super::encode::{self, Encoded, encode};
use super::flood::Flood;
use super::request::Asked;
use crate::domain::time::{Moment, Tick};
use crate::sim::pbx::{Clockwork, Happening, Millis, What};

/// The greeting.
const BANNER: &[u8] = b"Asterisk Call Manager/11.0.0\r\n";
/// Clients that have not logged in yet; the next one is closed without a word, as by `authlimit`.
const STRANGERS: usize = 50;
/// From connecting to logging in, as by `authtimeout`.
const LOGIN_MS: i64 = 30_000;
/// The PBX is asked at least this often whether something is due.
const LONGEST_MS: i64 = 60_000;
/// From the first login after a restart until app_queue is loaded.
const LOADING_MS: i64 = 1_500;
/// How long nobody listens after a restart.
const AWAY_MS: i64 = 2_000;

/// How far Asterisk has come with its start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Boot {
    /// The process is not there; nobody listens.
    Away { until: Tick },
    /// Modules are loading since the first login.
    Loading { until: Tick },
    /// As usual.
    Done,
}

/// What is known of a client.
pub(super) struct Session {
    pub(super) outbox: mpsc::Sender<Out>,
    cut: oneshot::Sender<()>,
    opened: Tick,
    /// The challenge it was given.
    pub(super) challenge: Option<String>,
    /// Once logged in.
    pub(super) account: Option<Arc<Account>>,
    /// The classes of events that it wants and may hear.
    pub(super) events: Classes,
}

/// What a new client's connection needs.
pub(super) struct Admitted {
    pub(super) id: SessionId,
    pub(super) outbox: mpsc::Receiver<Out>,
    pub(super) cut: oneshot::Receiver<()>,
}

/// The owner.
pub(super) struct Hub {
    pub(super) pbx: Box<dyn Clockwork>,
    pub(super) settings: Settings,
    pub(super) sessions: BTreeMap<SessionId, Session>,
    /// When the process began, on both clocks; the PBX's time goes with the one that never jumps.
    origin: (Tick, Millis),
    /// When Asterisk last began.
    pub(super) started: Millis,
    pub(super) boot: Boot,
    pub(super) flood: Option<Flood>,
    pub(super) stalled_until: Option<Tick>,
    /// Calls since the start.
    pub(super) calls: u64,
    next_id: SessionId,
    due: Millis,
    happenings: Vec<Happening>,
}

impl Hub {
    /// With nobody connected.
    pub(super) fn new(pbx: Box<dyn Clockwork>, settings: Settings, now: Moment) -> Self {
        let millis = now.wall.as_millisecond();
        Self {
            pbx,
            settings,
            sessions: BTreeMap::new(),
            origin: (now.tick, millis),
            started: millis,
            boot: Boot::Done,
            flood: None,
            stalled_until: None,
            calls: 0,
            next_id: 0,
            due: millis,
            happenings: Vec::new(),
        }
    }

    /// The PBX's time.
    pub(super) fn millis(&self, now: Tick) -> Millis {
        self.origin.1 + now.since(self.origin.0)
    }

    /// Seconds since Asterisk began.
    pub(super) fn uptime(&self, now: Tick) -> i64 {
        (self.millis(now) - self.started).max(0) / 1000
    }

    /// Whether somebody listens on the port.
    pub(super) fn is_listening(&self) -> bool {
        !matches!(self.boot, Boot::Away { .. })
    }

    /// Whether app_queue is loaded and FullyBooted was said.
    pub(super) fn is_booted(&self) -> bool {
        self.boot == Boot::Done
    }

    /// Greets a client; `None` when there are too many that have not logged in.
    pub(super) fn connect(&mut self, now: Tick) -> Option<Admitted> {
        if self.sessions.values().filter(|session| session.account.is_none()).count() >= STRANGERS {
            return None;
        }
        self.next_id += 1;
        let id = self.next_id;
        let (outbox, outgoing) = mpsc::channel(OUTBOX);
        let (cut, cutting) = oneshot::channel();
        let (challenge, account, events) = (None, None, Classes::NONE);
        self.sessions.insert(id, Session { outbox, cut, opened: now, challenge, account, events });
        if let Some(until) = self.stalled_until.filter(|until| now < *until) {
            self.push(id, Out::Pause(until));
        }
        self.push(id, Out::Bytes(BANNER.into()));
        Some(Admitted { id, outbox: outgoing, cut: cutting })
    }

    /// Takes what a client did.
    pub(super) fn hear(&mut self, id: SessionId, heard: Heard, now: Tick) {
        match heard {
            Heard::Closed => self.close(id),
            Heard::Asked(Asked::Action(request)) => self.act(id, &request, now),
            Heard::Asked(Asked::Malformed(request, why)) => {
                self.reply(id, answer::error(request.get("ActionID"), why));
            }
        }
    }

    /// Lets time pass: whatever is due happens and is told.
    pub(super) fn turn(&mut self, now: Tick) {
        match self.boot {
            Boot::Away { until } if now >= until => {
                // Until the first login; see [`Self::first_login`].
                self.boot = Boot::Loading { until: Tick::from_millis(i64::MAX) };
            }
            Boot::Loading { until } if now >= until => {
                self.boot = Boot::Done;
                let (uptime, at) = (self.uptime(now), self.millis(now));
                self.publish(&encode::fully_booted(uptime, at, self.settings.timestamps));
            }
            _ => {}
        }
        if self.millis(now) >= self.due {
            self.advance(now);
        }
        self.pump_flood(now);
        let late = |session: &Session| session.account.is_none() && now.since(session.opened) >= LOGIN_MS;
        let late: Vec<SessionId> =
            self.sessions.iter().filter(|(_, session)| late(session)).map(|(id, _)| *id).collect();
        late.into_iter().for_each(|id| self.cut(id));
    }

    /// When [`Self::turn`] has to be called at the latest.
    pub(super) fn next_timeout(&self, now: Tick) -> Tick {
        let due = now.plus_millis((self.due - self.millis(now)).min(LONGEST_MS));
        let boot = match self.boot {
            Boot::Away { until } | Boot::Loading { until } => Some(until),
            Boot::Done => None,
        };
        let flood = self.flood.as_ref().map(Flood::next);
        let strangers = self.sessions.values().filter(|session| session.account.is_none());
        let login = strangers.map(|session| session.opened.plus_millis(LOGIN_MS)).min();
        [Some(due), boot, flood, login].into_iter().flatten().min().unwrap_or(due)
    }

    /// Lets the PBX go on, and tells what happened.
    pub(super) fn advance(&mut self, now: Tick) {
        let millis = self.millis(now);
        let mut happenings = std::mem::take(&mut self.happenings);
        self.due = self.pbx.advance(millis, &mut happenings).max(millis + 1);
        self.tell(&happenings);
        happenings.clear();
        self.happenings = happenings;
    }

    fn tell(&mut self, happenings: &[Happening]) {
        for happening in happenings {
            if let What::Newchannel(channel) = &happening.what {
                self.calls += u64::from(channel.uniqueid == channel.linkedid);
            }
            if self.sessions.values().any(|session| !session.events.is_empty()) {
                self.publish(&encode(happening, self.settings.timestamps));
            }
        }
    }

    /// Gives an event to everybody who hears its class.
    pub(super) fn publish(&mut self, event: &Encoded) {
        let mut deaf = Vec::new();
        for (id, session) in &self.sessions {
            let hears = session.events.holds(event.class.mask());
            if hears && session.outbox.try_send(Out::Bytes(Arc::clone(&event.bytes))).is_err() {
                deaf.push(*id);
            }
        }
        deaf.into_iter().for_each(|id| self.cut(id));
    }

    /// Puts something into one outbox. Whoever let it fill up does not read, and is closed.
    pub(super) fn push(&mut self, id: SessionId, out: Out) {
        if self.sessions.get(&id).is_some_and(|session| session.outbox.try_send(out).is_err()) {
            self.cut(id);
        }
    }

    /// Answers one client.
    pub(super) fn reply(&mut self, id: SessionId, bytes: Vec<u8>) {
        self.push(id, Out::Bytes(bytes.into()));
    }

    /// Ends a session when what it was told has been written.
    pub(super) fn close(&mut self, id: SessionId) {
        self.sessions.remove(&id);
    }

    /// Ends a session at once.
    pub(super) fn cut(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.remove(&id) {
            tracing::debug!(id, "a session of the simulated manager interface is cut");
            // It may have ended by itself.
            let _ = session.cut.send(());
        }
    }

    /// After a restart: the modules are loaded a little after somebody could log in.
    pub(super) fn first_login(&mut self, now: Tick) {
        if let Boot::Loading { until } = &mut self.boot {
            *until = (*until).min(now.plus_millis(LOADING_MS));
        }
    }

    /// Asterisk goes, and comes back a little later without a call.
    pub(super) fn restart(&mut self, now: Tick) {
        let millis = self.millis(now);
        self.publish(&encode::shutdown(millis, self.settings.timestamps));
        let is_stalled = self.stalled_until.take().is_some_and(|until| now < until);
        for id in self.sessions.keys().copied().collect::<Vec<_>>() {
            if is_stalled { self.cut(id) } else { self.close(id) }
        }
        self.boot = Boot::Away { until: now.plus_millis(AWAY_MS) };
        self.started = millis + AWAY_MS;
        self.flood = None;
        self.calls = 0;
        let mut happenings = std::mem::take(&mut self.happenings);
        self.pbx.restart(millis, &mut happenings);
        happenings.clear();
        self.happenings = happenings;
        self.advance(now);
    }
}
