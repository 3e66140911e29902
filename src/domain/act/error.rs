//! Why an act did not come about, in words with a cure. Each kind is a problem `type` of the API.

use super::super::ids::{Interface, QueueName, UniqueId};

/// Why nothing was done, or nothing came of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// A value has a form that is not sent.
    #[error("{0}")]
    Invalid(String),
    /// Who asks has not the right.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such queue.
    #[error("There is no queue {0} on this PBX. Look at /api/v1/live for its queues.")]
    NoQueue(QueueName),
    /// Not a member there.
    #[error("{0} is no member of {1}. Add it first, or name another queue.")]
    NotMember(Interface, String),
    /// Is a member already.
    #[error("{0} is a member of {1} already. Change its penalty, or remove it first.")]
    AlreadyThere(Interface, QueueName),
    /// The membership is not ours to end.
    #[error(
        "{0} is a fixed member of {1}: it stands in queues.conf or in the table queue_members. Remove it there, or pause it."
    )]
    NotDynamic(Interface, QueueName),
    /// The caller does not wait (any more).
    #[error("That caller waits no more: answered, gone, or in another queue. Look at the board.")]
    NotWaiting,
    /// The channel is not (or no longer) there.
    #[error(
        "That call is over, or it is no agent's phone and no waiting caller. Choose one that is on the board now."
    )]
    NotLive,
    /// The agent has more than one call.
    #[error("The agent has {} calls. Name the channel of one of them.", .0.len())]
    Ambiguous(Vec<UniqueId>),
    /// The caller was faster.
    #[error("{0}")]
    Left(String),
    /// The AMI user has not the right.
    #[error(
        "Asterisk denies it: the AMI user lacks write={0}. Add it in manager.conf and run `manager reload`; \
         `asterflow check --online` shows all that is missing."
    )]
    Denied(&'static str),
    /// Asterisk said something else.
    #[error("Asterisk refused: {0}.")]
    Refused(String),
    /// Asterisk said yes, and nothing shows.
    #[error("Asterisk accepted it but nothing changed within 5 s. {0}")]
    NoEffect(String),
    /// Whether it was done is not known.
    #[error(
        "The connection to the PBX {0} was lost, so it is not known whether it was done. Look at the board."
    )]
    Lost(String),
    /// There is no live connection to the PBX.
    #[error("There is no connection to the PBX {0} now. Wait until the link is live again.")]
    LinkDown(String),
    /// The journal could not be written, so nothing was done.
    #[error("The journal could not be written, so nothing was done: {0}")]
    Journal(String),
}

impl ActError {
    /// The problem type.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Forbidden(_) => "forbidden",
            Self::NoQueue(_) => "no-queue",
            Self::NotMember(..) => "not-a-member",
            Self::AlreadyThere(..) => "already-there",
            Self::NotDynamic(..) => "not-dynamic",
            Self::NotWaiting => "not-waiting",
            Self::NotLive => "not-live",
            Self::Ambiguous(_) => "ambiguous",
            Self::Left(_) => "left",
            Self::Denied(_) => "denied",
            Self::Refused(_) => "refused",
            Self::NoEffect(_) => "no-effect",
            Self::Lost(_) => "lost",
            Self::LinkDown(_) => "link-down",
            Self::Journal(_) => "journal",
        }
    }

    /// All kinds, for the description of the API.
    pub const KINDS: [&'static str; 16] = [
        "invalid",
        "forbidden",
        "no-queue",
        "not-a-member",
        "already-there",
        "not-dynamic",
        "not-waiting",
        "not-live",
        "ambiguous",
        "left",
        "denied",
        "refused",
        "no-effect",
        "lost",
        "link-down",
        "journal",
    ];
}
