//! What can happen on the floor, in our words. `pbx::ami::event` makes these from Asterisk's.

use smol_str::SmolStr;

use crate::domain::ids::{BridgeId, Interface, QueueName, UniqueId};

/// A channel as an event or list describes it. Empty texts mean unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelInfo {
    /// Its Uniqueid; empty when the event had none.
    pub id: SmolStr,
    /// Full name, `PJSIP/101-0000002a`.
    pub name: SmolStr,
    /// Asterisk's channel state: 0 down, 4 ring, 5 ringing, 6 up.
    pub state: u8,
    /// Number of the party at this channel.
    pub caller_number: SmolStr,
    /// Name of the party at this channel.
    pub caller_name: SmolStr,
    /// Number of the party it is connected to.
    pub connected_number: SmolStr,
    /// Name of the party it is connected to.
    pub connected_name: SmolStr,
}

impl ChannelInfo {
    /// Its id as a key.
    pub fn unique_id(&self) -> UniqueId {
        UniqueId::new(&self.id)
    }
}

/// Asterisk's number for a device's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceStatus(pub u8);

impl DeviceStatus {
    /// Not in use.
    pub const IDLE: Self = Self(1);

    /// Rings or is in a call.
    pub fn is_occupied(self) -> bool {
        self.is_in_use() || self.is_ringing()
    }

    /// Cannot be reached: invalid or unavailable.
    pub fn is_unreachable(self) -> bool {
        matches!(self.0, 4 | 5)
    }

    /// In a call: in use, busy, ringing and in use, on hold.
    pub fn is_in_use(self) -> bool {
        matches!(self.0, 2 | 3 | 7 | 8)
    }

    /// Rings and is in no call.
    pub fn is_ringing(self) -> bool {
        self.0 == 6
    }

    /// Has its call on hold.
    pub fn is_on_hold(self) -> bool {
        self.0 == 8
    }
}

/// A member as `QueueMember` and the `QueueMember*` events describe it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberInfo {
    /// Its queue.
    pub queue: SmolStr,
    /// Its interface.
    pub interface: SmolStr,
    /// The device whose state counts; the interface where empty.
    pub state_interface: SmolStr,
    /// Member name.
    pub name: SmolStr,
    /// Penalty.
    pub penalty: u32,
    /// Epoch second of the last call's end, 0 for never.
    pub last_call: i64,
    /// Epoch second at which the last pause began, 0 for never.
    pub last_pause: i64,
    /// Whether this queue's call is up.
    pub in_call: bool,
    /// Device state.
    pub status: DeviceStatus,
    /// Paused in this queue.
    pub paused: bool,
    /// Why; empty when not given.
    pub paused_reason: SmolStr,
    /// The member's own wrap-up time in seconds; 0 means the queue's.
    pub wrap_up_seconds: u32,
    /// Was added by hand and can be removed; else it stands in queues.conf or in the table.
    pub dynamic: bool,
}

/// A queue as `QueueParams` describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueInfo {
    /// Its name.
    pub name: SmolStr,
    /// Asterisk's word.
    pub strategy: SmolStr,
    /// Seconds; 0 for none.
    pub service_level_seconds: u32,
}

/// A waiting caller as `QueueEntry` describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryInfo {
    /// The queue.
    pub queue: SmolStr,
    /// From 1.
    pub position: u32,
    /// The caller's channel.
    pub channel: ChannelInfo,
    /// Seconds waited when the list was made.
    pub wait_seconds: i64,
    /// Higher is served first.
    pub priority: i64,
}

/// A channel as `CoreShowChannels` lists it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedChannel {
    /// The channel.
    pub channel: ChannelInfo,
    /// The bridge it is in; empty for none.
    pub bridge: SmolStr,
    /// Seconds since it came into being.
    pub age_seconds: i64,
    /// The channel this one listens to by ChanSpy, when it does (its Uniqueid or name); else empty.
    pub spies_on: SmolStr,
    /// The agent's number where this is the phone of an agent who waits in app_agent_pool; else empty.
    pub pool_agent: SmolStr,
}

/// A hint as `ExtensionStatus` names it: which devices an extension stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HintInfo {
    /// `101@ext-local`.
    pub extension: SmolStr,
    /// Its devices as written, `PJSIP/101&Custom:DND101`.
    pub devices: SmolStr,
}

/// Everything the lists say: a whole picture of one instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// All channels; `None` when the AMI user may not list them.
    pub channels: Option<Vec<ListedChannel>>,
    /// All queues.
    pub queues: Vec<QueueInfo>,
    /// All members of all queues.
    pub members: Vec<MemberInfo>,
    /// All waiting callers.
    pub entries: Vec<EntryInfo>,
    /// How long Asterisk has been running, in seconds; only in the first picture after a login.
    pub uptime_seconds: Option<i64>,
    /// All hints; `None` when they were not asked for, or may not be listed.
    pub hints: Option<Vec<HintInfo>>,
    /// What happened while the lists were made, in order: it holds over what they say.
    pub meanwhile: Vec<Event>,
}

/// Why a call of a member through a queue is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentEnd {
    /// Rang, was not answered (or refused at once).
    NoAnswer,
    /// Hung up before the caller was connected.
    Dumped,
    /// The talk is over, by either side or a transfer.
    Completed,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A channel came into being or changed.
    Channel(ChannelInfo),
    /// A channel got another name.
    Renamed {
        /// Which.
        id: UniqueId,
        /// The new name.
        name: SmolStr,
    },
    /// A channel is gone.
    HungUp {
        /// Which.
        id: UniqueId,
        /// Q.850 cause.
        cause: u16,
    },
    /// A party was put on hold or taken back; the channel is that of the one who did it.
    Hold {
        /// Which channel.
        id: UniqueId,
        /// On hold, or back.
        held: bool,
    },
    /// A channel entered a bridge.
    BridgeEntered {
        /// The bridge.
        bridge: BridgeId,
        /// The channel.
        channel: ChannelInfo,
        /// The channel whose place it takes, if any.
        swapped: Option<UniqueId>,
    },
    /// A channel left a bridge.
    BridgeLeft {
        /// The bridge.
        bridge: BridgeId,
        /// The channel.
        id: UniqueId,
    },
    /// A bridge is gone.
    BridgeDestroyed(BridgeId),
    /// All channels of a bridge moved into another.
    BridgesMerged {
        /// From here.
        from: BridgeId,
        /// Into this.
        to: BridgeId,
    },
    /// A channel is being called.
    DialBegun {
        /// By this one; `None` for a call that Asterisk places itself.
        caller: Option<ChannelInfo>,
        /// The one called.
        dest: ChannelInfo,
    },
    /// The two ends of a Local channel came into being.
    Paired {
        /// `…;1`, the side of who dialled it.
        one: UniqueId,
        /// `…;2`, the side that runs the dialplan.
        two: UniqueId,
    },
    /// What an extension stands for.
    Hinted(HintInfo),
    /// An agent of app_agent_pool logged in with a phone, or out.
    PoolAgent {
        /// The agent's number.
        agent: SmolStr,
        /// The phone's channel; `None` when logged out.
        channel: Option<UniqueId>,
    },
    /// A dial attempt is over.
    DialEnded {
        /// The one called.
        dest: ChannelInfo,
        /// Whether it answered.
        answered: bool,
    },
    /// A caller joined a queue.
    CallerJoined {
        /// Which queue.
        queue: QueueName,
        /// At this place, from 1.
        position: u32,
        /// The caller.
        channel: ChannelInfo,
    },
    /// A caller left a queue, for whatever reason.
    CallerLeft {
        /// Which queue.
        queue: QueueName,
        /// The caller's channel.
        id: UniqueId,
    },
    /// A member was added or changed.
    Member(MemberInfo),
    /// A member was removed.
    MemberRemoved {
        /// From this queue.
        queue: QueueName,
        /// Which interface.
        interface: Interface,
    },
    /// A queue's call rings at a member.
    AgentCalled {
        /// The queue.
        queue: QueueName,
        /// The member.
        interface: Interface,
        /// The caller.
        caller: ChannelInfo,
        /// The member's leg.
        leg: ChannelInfo,
    },
    /// A member and a queue's caller talk.
    AgentConnected {
        /// The queue.
        queue: QueueName,
        /// The member.
        interface: Interface,
        /// The caller.
        caller: ChannelInfo,
        /// The member's leg.
        leg: ChannelInfo,
    },
    /// A member's part in a queue's call is over.
    AgentEnded {
        /// The queue.
        queue: QueueName,
        /// The member.
        interface: Interface,
        /// The member's leg; empty id when not given.
        leg: ChannelInfo,
        /// How.
        end: AgentEnd,
    },
    /// Somebody listens to a channel.
    SpyStarted {
        /// The listening channel.
        spy: ChannelInfo,
        /// The channel listened to.
        target: UniqueId,
    },
    /// Listening is over.
    SpyStopped {
        /// The listening channel.
        spy: UniqueId,
    },
    /// The answer to an Originate of ours.
    Originated {
        /// The channel id we gave.
        id: UniqueId,
        /// Whether the channel was answered.
        answered: bool,
        /// Asterisk's reason: 0 failed, 1 hung up, 3 no answer, 5 busy, 8 congestion.
        reason: u8,
    },
    /// A party has passed its call on: its legs, one when it did so without asking.
    Transferred(Vec<UniqueId>),
    /// A key was pressed (end of the tone).
    Key {
        /// At this channel.
        id: UniqueId,
        /// The digit.
        digit: char,
    },
    /// Asterisk has come up, or configuration was reloaded: the picture has to be fetched anew.
    Resync,
    /// Asterisk goes down.
    ShuttingDown,
}
