//! The picture of the floor that readers get: complete, immutable, cheap to share.

use serde::Serialize;

use crate::domain::ids::{AgentName, Interface, PbxName, QueueName, UniqueId};
use crate::domain::link::LinkStatus;
use crate::domain::time::Moment;

/// What a member is, at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BoardState {
    /// Can take a call.
    Online,
    /// Rings, talks, holds or wraps up.
    Busy,
    /// Paused in this queue.
    Paused,
    /// Cannot be reached or is logged out.
    Offline,
}

impl BoardState {
    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Busy => "busy",
            Self::Paused => "paused",
            Self::Offline => "offline",
        }
    }
}

/// Why a member is in its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SubState {
    /// Online: waiting for a call. Paused: not in a call either.
    Free,
    /// Busy: the phone rings.
    Ringing,
    /// Busy: talks with a caller of a queue.
    Talking,
    /// Busy: the call is on hold.
    OnHold,
    /// Busy: after a call, until the wrap-up time is over.
    WrapUp,
    /// Busy: in a call that came through no queue.
    OtherCall,
    /// Offline: the phone is not registered.
    Unavailable,
    /// Offline: member of no queue.
    LoggedOut,
}

impl SubState {
    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Ringing => "ringing",
            Self::Talking => "talking",
            Self::OnHold => "on_hold",
            Self::WrapUp => "wrap_up",
            Self::OtherCall => "other_call",
            Self::Unavailable => "unavailable",
            Self::LoggedOut => "logged_out",
        }
    }
}

/// The floor of one PBX at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Which PBX.
    pub pbx: PbxName,
    /// When this picture was made.
    pub as_of: Moment,
    /// The AMI link's state; the rest is the last known picture when it is not live.
    pub ami: LinkStatus,
    /// Whether a whole picture was ever had; without it the queues are unknown, not absent.
    pub known: bool,
    /// How many fields fresh pictures have corrected since the start. Expected: 0.
    pub corrected: u64,
    /// The queues, by name.
    pub queues: Vec<QueueSnapshot>,
    /// Who listens to calls, and our own legs that are on their way to it; by channel.
    pub spies: Vec<SpySnapshot>,
    /// When Asterisk was started, where it has said so.
    pub booted: Option<Moment>,
    /// Whether the AMI user may list channels: else those that began before the link are not known.
    pub lists_channels: bool,
}

/// A channel that listens to another.
#[derive(Clone, Debug, PartialEq)]
pub struct SpySnapshot {
    /// Its Uniqueid.
    pub channel: UniqueId,
    /// The phone it belongs to, `PJSIP/201`.
    pub phone: String,
    /// The supervisor's phone by its name in the configuration, else as `phone`.
    pub name: String,
    /// The channel it listens to; `None` while it does not yet.
    pub target: Option<UniqueId>,
    /// When the channel came into being.
    pub since: Moment,
}

/// One queue.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueSnapshot {
    /// Its name.
    pub name: QueueName,
    /// Asterisk's word for its strategy, `ringall`.
    pub strategy: String,
    /// Its own service level in seconds, where it is set (> 0).
    pub service_level_seconds: Option<u32>,
    /// Who waits, first in line first.
    pub waiting: Vec<WaitingCaller>,
    /// Its members, by name.
    pub members: Vec<MemberSnapshot>,
}

/// A caller in a queue.
#[derive(Clone, Debug, PartialEq)]
pub struct WaitingCaller {
    /// Place in the line, from 1.
    pub position: u32,
    /// Caller's number; empty when unknown.
    pub number: String,
    /// Caller's name; empty when unknown.
    pub name: String,
    /// When the caller joined this queue.
    pub since: Moment,
    /// The caller's channel.
    pub channel: UniqueId,
    /// That channel's name: what a queue knows its callers by.
    pub channel_name: String,
    /// Higher is served first; `None` until a whole picture has told it.
    pub priority: Option<i64>,
}

/// An interface in a queue.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberSnapshot {
    /// Its interface.
    pub interface: Interface,
    /// The agent: the member name, or the interface where there is none.
    pub name: AgentName,
    /// The state in this queue.
    pub state: BoardState,
    /// Why.
    pub sub_state: SubState,
    /// When this state and sub-state began.
    pub since: Moment,
    /// Paused in this queue, whatever else the member does.
    pub paused: bool,
    /// The pause's reason, while paused and given.
    pub paused_reason: Option<String>,
    /// The penalty in this queue.
    pub penalty: u32,
    /// Was added by hand and can be removed.
    pub dynamic: bool,
    /// With whom, while ringing or in a call.
    pub partner: Option<Partner>,
    /// The agent's own phone leg, while there is exactly one that matters.
    pub channel: Option<UniqueId>,
    /// All of the agent's own legs that are up: more than one is ambiguous for listening.
    pub legs: Vec<UniqueId>,
    /// With whom each of `legs` is, in their order.
    pub leg_partners: Vec<Option<Partner>>,
    /// Who listens to that leg (supervisor phones' caller ids or names).
    pub listeners: Vec<String>,
    /// When the wrap-up ends, while in it.
    pub wrap_up_until: Option<Moment>,
    /// The member's phones as far as they are known, in lower case: `pjsip/101` also behind a Local channel.
    pub phones: Vec<String>,
}

#[cfg(test)]
impl MemberSnapshot {
    /// A member who can take a call since a moment: what tests change as they need it.
    pub(crate) fn free(interface: &str, name: &str, since: Moment) -> Self {
        Self {
            interface: interface.into(),
            name: name.into(),
            state: BoardState::Online,
            sub_state: SubState::Free,
            since,
            paused: false,
            paused_reason: None,
            penalty: 0,
            dynamic: false,
            partner: None,
            channel: None,
            legs: Vec::new(),
            leg_partners: Vec::new(),
            listeners: Vec::new(),
            wrap_up_until: None,
            phones: Vec::new(),
        }
    }
}

/// The other side of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Number or extension; empty when unknown.
    pub number: String,
    /// Name; empty when unknown.
    pub name: String,
}

/// How many of a room are in each state. In a queue it counts members, over queues agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StateCounts {
    /// Can take a call.
    pub online: u32,
    /// Ringing, talking, on hold, wrapping up.
    pub busy: u32,
    /// Paused.
    pub paused: u32,
    /// Unreachable.
    pub offline: u32,
}

impl StateCounts {
    /// Counts one more.
    pub fn add(&mut self, state: BoardState) {
        match state {
            BoardState::Online => self.online += 1,
            BoardState::Busy => self.busy += 1,
            BoardState::Paused => self.paused += 1,
            BoardState::Offline => self.offline += 1,
        }
    }

    /// All together.
    pub fn total(self) -> u32 {
        self.online + self.busy + self.paused + self.offline
    }
}

impl QueueSnapshot {
    /// The members by state.
    pub fn counts(&self) -> StateCounts {
        let mut counts = StateCounts::default();
        self.members.iter().for_each(|member| counts.add(member.state));
        counts
    }
}

impl Snapshot {
    /// A picture of nothing yet.
    pub fn unknown(pbx: PbxName, now: Moment) -> Self {
        Self {
            pbx,
            as_of: now,
            ami: LinkStatus::connecting(now),
            known: false,
            corrected: 0,
            queues: Vec::new(),
            spies: Vec::new(),
            booted: None,
            lists_channels: false,
        }
    }

    /// The room's *agents* by state: one who is a member of several queues counts once — busy if busy anywhere, paused
    /// only if paused in all, else online if online anywhere.
    pub fn agents(&self) -> StateCounts {
        let mut best: std::collections::BTreeMap<&str, BoardState> = std::collections::BTreeMap::new();
        let rank = |state: BoardState| match state {
            BoardState::Busy => 0,
            BoardState::Online => 1,
            BoardState::Paused => 2,
            BoardState::Offline => 3,
        };
        for member in self.queues.iter().flat_map(|queue| &queue.members) {
            let entry = best.entry(member.name.as_str()).or_insert(member.state);
            if rank(member.state) < rank(*entry) {
                *entry = member.state;
            }
        }
        let mut counts = StateCounts::default();
        best.into_values().for_each(|state| counts.add(state));
        counts
    }
}
