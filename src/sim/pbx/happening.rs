//! What the simulated PBX tells while it runs, in Asterisk's order. The AMI server spells it; tests hold it against
//! captures of a real one.

use std::sync::Arc;

use super::state::{Bridge, Channel, DeviceState, Member, Millis};

/// Something happened at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Millis,
    /// What. Channels, bridges and members are as they were right after it.
    pub what: What,
}

/// Who ended an agent's part of a call, as AgentComplete says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// `agent`
    Agent,
    /// `caller`
    Caller,
    /// `transfer`
    Transfer,
}

/// One try to give a caller to a member: both channels and the member's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The caller's channel.
    pub caller: Channel,
    /// The member's own leg.
    pub dest: Channel,
    /// The queue.
    pub queue: Arc<str>,
    /// `PJSIP/101`.
    pub interface: Arc<str>,
    /// The member's name.
    pub member: Arc<str>,
}

/// How a dial ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialStatus {
    /// `ANSWER`
    Answer,
    /// `BUSY`
    Busy,
    /// `CANCEL`
    Cancel,
    /// `NOANSWER`
    NoAnswer,
    /// `CHANUNAVAIL`
    Unavailable,
}

/// What happened. Each is one AMI event of the same name unless said otherwise.
#[allow(missing_docs, reason = "the fields are Asterisk's own, and each event says what it tells")]
#[allow(clippy::large_enum_variant, reason = "a happening is told and forgotten; a box each would cost more")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A channel was made.
    Newchannel(Channel),
    /// Its state changed.
    Newstate(Channel),
    /// Its other end became known.
    NewConnectedLine(Channel),
    /// `dest` is being called, for `caller` or (a supervisor's phone) by itself. `dialed` is the DialString: `101/sip:…` or `101`.
    DialBegin { caller: Option<Channel>, dest: Channel, dialed: Arc<str> },
    /// That ended.
    DialEnd { caller: Option<Channel>, dest: Channel, status: DialStatus },
    /// A bridge was made.
    BridgeCreate(Bridge),
    /// A channel entered it; `Bridge::channels` counts it.
    BridgeEnter(Bridge, Channel),
    /// A channel left it; no longer counted.
    BridgeLeave(Bridge, Channel),
    /// It is gone.
    BridgeDestroy(Bridge),
    /// A party put the other one on hold.
    Hold(Channel),
    /// And came back.
    Unhold(Channel),
    /// Somebody hung up this channel.
    HangupRequest(Channel),
    /// It is gone. Asterisk's cause: 16 normal, 17 busy, 19 no answer, 21 declined, 26 answered elsewhere.
    Hangup(Channel, u8),
    /// A party passed the other one on without asking.
    BlindTransfer {
        transferer: Channel,
        transferee: Channel,
        bridge: Bridge,
        exten: Arc<str>,
        context: Arc<str>,
    },
    /// A party asked first (DestType Bridge): its two channels, and the bridges they were in.
    AttendedTransfer {
        first: Channel,
        second: Channel,
        first_bridge: Bridge,
        second_bridge: Bridge,
        transferee: Channel,
        target: Channel,
    },
    /// A caller joined; position and number of waiting ones after it.
    QueueCallerJoin { caller: Channel, queue: Arc<str>, position: u32, count: u32 },
    /// A caller left, in whatever way; the position it had, the number after it.
    QueueCallerLeave { caller: Channel, queue: Arc<str>, position: u32, count: u32 },
    /// A caller left unanswered (not by key).
    QueueCallerAbandon {
        caller: Channel,
        queue: Arc<str>,
        position: u32,
        original_position: u32,
        hold_seconds: u32,
    },
    /// A member's phone is being called.
    AgentCalled(Offer),
    /// It was not answered.
    AgentRingNoAnswer { offer: Offer, ring_ms: u32 },
    /// It was answered and both are bridged next.
    AgentConnect { offer: Offer, hold_seconds: u32, ring_seconds: u32 },
    /// The agent's part is over.
    AgentComplete { offer: Offer, hold_seconds: u32, talk_seconds: u32, reason: Reason },
    /// A member's status or counters changed.
    QueueMemberStatus(Member),
    /// A dynamic member came.
    QueueMemberAdded(Member),
    /// A dynamic member went.
    QueueMemberRemoved(Member),
    /// A member's penalty changed.
    QueueMemberPenalty(Member),
    /// A member paused or returned; `Member::paused` says which.
    QueueMemberPause(Member),
    /// A device changed, `PJSIP/101`.
    DeviceStateChange(Arc<str>, DeviceState),
    /// A phone registered or went away: endpoint `101`.
    ContactStatus { endpoint: Arc<str>, reachable: bool },
    /// A supervisor's leg listens to a channel.
    ChanSpyStart { spyer: Channel, spyee: Channel },
    /// No more.
    ChanSpyStop { spyer: Channel, spyee: Channel },
    /// How an Originate came out. `reason`: 0 failed, 3 no answer, 4 answered, 5 busy. `channel` is what was called,
    /// the channel's name once there is one.
    OriginateResponse {
        action_id: Arc<str>,
        answered: bool,
        reason: u8,
        channel: Arc<str>,
        application: Arc<str>,
        data: Arc<str>,
        uniqueid: Arc<str>,
        caller_id: Arc<str>,
    },
    /// A key was heard on a channel, for `duration_ms`.
    DtmfEnd { channel: Channel, digit: char, duration_ms: u32 },
}
