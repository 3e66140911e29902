//! What the simulated PBX can be told, by AMI actions.

use std::sync::Arc;

use super::happening::Happening;
use super::state::{Millis, State};

/// A phone shall be called and run an application: a supervisor's ChanSpy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Originate {
    /// Given back in OriginateResponse.
    pub action_id: Arc<str>,
    /// `PJSIP/201`.
    pub channel: Arc<str>,
    /// `ChanSpy`.
    pub application: Arc<str>,
    /// `1795330864.4,qESud`.
    pub data: Arc<str>,
    /// The uniqueid that the channel shall have; empty for one of Asterisk's own.
    pub channel_id: Arc<str>,
    /// `"Alice" <101>`.
    pub caller_id: Arc<str>,
    /// How long it rings, ms.
    pub timeout_ms: u32,
}

/// A command.
#[allow(missing_docs, reason = "the fields are Asterisk's own, and each command says what it does")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Calls a phone; the outcome comes as happenings.
    Originate(Originate),
    /// Hangs up a channel by name or uniqueid.
    Hangup { channel: Arc<str>, cause: u8 },
    /// A key is heard on a channel.
    PlayDtmf { channel: Arc<str>, digit: char },
    /// Pauses or unpauses an interface in one queue or, without one, in all.
    QueuePause { interface: Arc<str>, queue: Option<Arc<str>>, paused: bool, reason: Arc<str> },
    /// Adds a dynamic member.
    QueueAdd { queue: Arc<str>, interface: Arc<str>, name: Arc<str>, penalty: u32, paused: bool },
    /// Removes a dynamic member.
    QueueRemove { queue: Arc<str>, interface: Arc<str> },
    /// Changes a member's penalty in one queue or, without one, in all.
    QueuePenalty { interface: Arc<str>, queue: Option<Arc<str>>, penalty: u32 },
    /// Gives a waiting caller (by channel name) another priority, and if `immediate` another place in the line.
    QueueChangePriority { queue: Arc<str>, caller: Arc<str>, priority: i64, immediate: bool },
    /// Takes a waiting caller (by channel name) out of a queue.
    QueueWithdrawCaller { queue: Arc<str>, caller: Arc<str>, info: Arc<str> },
}

/// Why a command was refused, in Asterisk's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Hangup, PlayDTMF
    #[error("No such channel")]
    NoSuchChannel,
    /// PlayDTMF
    #[error("Channel not found")]
    ChannelNotFound,
    /// QueuePause, QueueRemove
    #[error("Interface not found")]
    InterfaceNotFound,
    /// QueueAdd
    #[error("Unable to add interface: Already there")]
    AlreadyThere,
    /// QueueAdd
    #[error("Unable to add interface to queue: No such queue")]
    NoSuchQueue,
    /// QueueRemove
    #[error("Unable to remove interface: Not there")]
    NotThere,
    /// QueueRemove
    #[error("Member not dynamic")]
    NotDynamic,
    /// QueueRemove
    #[error("Unable to remove interface from queue: No such queue")]
    NoQueueToLeave,
    /// QueuePenalty
    #[error("Invalid interface, queuename or penalty")]
    InvalidPenalty,
    /// QueueChangePriorityCaller
    #[error("Unable to change priority caller on queue: No such queue")]
    NoQueueOfPriority,
    /// QueueChangePriorityCaller
    #[error("Unable to change priority caller on queue: No such caller")]
    NoCallerOfPriority,
    /// QueueWithdrawCaller
    #[error("Unable to request withdraw from queue: No such queue")]
    NoQueueToWithdraw,
    /// QueueWithdrawCaller
    #[error("Unable to request withdraw from queue: No such caller")]
    NoSuchCaller,
}

/// What the AMI server asks of whoever simulates.
pub trait Pbx: Send {
    /// As it stands now.
    fn state(&self) -> &State;

    /// Takes a command at the present moment. What it brings about comes as happenings, some at once, some later.
    ///
    /// # Errors
    /// As Asterisk would refuse it.
    fn command(&mut self, command: Command) -> Result<(), Refused>;
}

/// A simulated PBX whose time is moved from outside: by the task that owns it, or by a test.
pub trait Clockwork: Pbx {
    /// Lets everything happen that is due at `now`, and whatever commands have brought about since the last call; in
    /// its order, into `out`. Returns when it wants to be called next. The owner may call sooner, and does so right
    /// before every command, so that the present moment is known, and right after it.
    fn advance(&mut self, now: Millis, out: &mut Vec<Happening>) -> Millis;

    /// Asterisk restarts: every channel and bridge is gone at once and in silence, counters begin at zero, dynamic
    /// members stay. [`Self::advance`] follows.
    fn restart(&mut self, now: Millis, out: &mut Vec<Happening>);
}
