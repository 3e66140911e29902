//! What the simulated PBX holds at a moment: channels, bridges, queues, members, waiting callers. Asterisk's words.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Milliseconds since the Unix epoch, in the simulated PBX's own time.
pub type Millis = i64;

/// A channel, by its number in this run of the PBX; never used twice.
pub type ChannelId = u64;

/// A bridge, by its number; never used twice.
pub type BridgeId = u64;

/// Asterisk's ChannelState.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelState {
    /// 0 `Down`: made, nothing sent yet.
    Down,
    /// 4 `Ring`: it rings at us, an incoming call.
    Ring,
    /// 5 `Ringing`: the far end rings.
    Ringing,
    /// 6 `Up`: answered.
    Up,
}

impl ChannelState {
    /// Number and word, as the events spell them.
    pub fn spelled(self) -> (u8, &'static str) {
        match self {
            Self::Down => (0, "Down"),
            Self::Ring => (4, "Ring"),
            Self::Ringing => (5, "Ringing"),
            Self::Up => (6, "Up"),
        }
    }
}

/// A party's number and name; empty when unknown (the events then say `<unknown>`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// Digits.
    pub number: Arc<str>,
    /// As shown.
    pub name: Arc<str>,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its number.
    pub id: ChannelId,
    /// `PJSIP/101-00000004`.
    pub name: Arc<str>,
    /// `1795330864.4`, or what an Originate asked for.
    pub uniqueid: Arc<str>,
    /// The uniqueid of the call's first channel.
    pub linkedid: Arc<str>,
    /// Its state.
    pub state: ChannelState,
    /// Whose it is.
    pub caller: Party,
    /// Who is at the other end.
    pub connected: Party,
    /// Dialplan context.
    pub context: Arc<str>,
    /// Dialplan extension.
    pub exten: Arc<str>,
    /// Dialplan priority.
    pub priority: u32,
    /// What runs on it: `Queue`, `AppQueue`, `ChanSpy`; may be empty.
    pub application: Arc<str>,
    /// The application's arguments.
    pub data: Arc<str>,
    /// When it was made.
    pub since: Millis,
    /// The bridge it is in.
    pub bridge: Option<BridgeId>,
}

/// A bridge of two channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bridge {
    /// Its number.
    pub id: BridgeId,
    /// `ec40e1f3-53a4-4322-b87e-09142660cc2a`.
    pub uniqueid: Arc<str>,
    /// How many channels are in it.
    pub channels: u32,
}

/// Asterisk's device state, as a member's `Status` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceState {
    /// 1
    NotInUse,
    /// 2
    InUse,
    /// 5: not registered.
    Unavailable,
    /// 6
    Ringing,
    /// 8
    OnHold,
}

impl DeviceState {
    /// The number in QueueMember and the word in DeviceStateChange.
    pub fn spelled(self) -> (u8, &'static str) {
        match self {
            Self::NotInUse => (1, "NOT_INUSE"),
            Self::InUse => (2, "INUSE"),
            Self::Unavailable => (5, "UNAVAILABLE"),
            Self::Ringing => (6, "RINGING"),
            Self::OnHold => (8, "ONHOLD"),
        }
    }
}

/// An interface in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The queue's name.
    pub queue: Arc<str>,
    /// `PJSIP/101`.
    pub interface: Arc<str>,
    /// The person's name.
    pub name: Arc<str>,
    /// `realtime` in events; lists say `static` for it. `dynamic` in both.
    pub is_dynamic: bool,
    /// 0 is asked first.
    pub penalty: u32,
    /// Calls taken since the start.
    pub calls_taken: u32,
    /// End of the last call, Unix seconds; 0 for none.
    pub last_call: i64,
    /// Begin of the last pause, Unix seconds; 0 for none.
    pub last_pause: i64,
    /// When the member was made, Unix seconds.
    pub login_time: i64,
    /// A call of this queue is up.
    pub in_call: bool,
    /// The device's.
    pub status: DeviceState,
    /// Paused in this queue.
    pub paused: bool,
    /// Why; may be empty.
    pub paused_reason: Arc<str>,
    /// Seconds.
    pub wrapup_time: u32,
}

/// A caller in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The caller's channel.
    pub channel: ChannelId,
    /// Since when.
    pub since: Millis,
    /// The position at the start, from 1.
    pub original_position: u32,
    /// Higher is served first.
    pub priority: i64,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: Arc<str>,
    /// `ringall`, `rrmemory`, `leastrecent`, `fewestcalls`, `linear`.
    pub strategy: &'static str,
    /// Most callers at once; 0 for no limit.
    pub max: u32,
    /// Seconds of the service level.
    pub service_level: u32,
    /// Asterisk's running mean of waits, seconds.
    pub hold_time: u32,
    /// Asterisk's running mean of talks, seconds.
    pub talk_time: u32,
    /// Since the start.
    pub completed: u32,
    /// Since the start, every unanswered exit but the one by key.
    pub abandoned: u32,
    /// Of the completed: answered within the service level.
    pub completed_in_level: u32,
    /// Of the abandoned: within the service level.
    pub abandoned_in_level: u32,
    /// In Asterisk's order.
    pub members: Vec<Member>,
    /// First in line first; the position is the index + 1.
    pub entries: Vec<Entry>,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// By number, so in order of making.
    pub channels: BTreeMap<ChannelId, Channel>,
    /// By number.
    pub bridges: BTreeMap<BridgeId, Bridge>,
    /// In the order of their names.
    pub queues: Vec<Queue>,
}

impl State {
    /// A channel by its uniqueid or its name (without regard to case).
    pub fn channel_named(&self, named: &str) -> Option<&Channel> {
        self.channels
            .values()
            .find(|channel| *channel.uniqueid == *named || channel.name.eq_ignore_ascii_case(named))
    }

    /// A queue by its name, without regard to case.
    pub fn queue(&self, name: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.name.eq_ignore_ascii_case(name))
    }
}
