//! Why a supervision did not come about, in words that say what to do.

use crate::domain::ids::UniqueId;
use crate::domain::live::snapshot::Partner;

/// One of several calls of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallChoice {
    /// The agent's leg.
    pub channel: UniqueId,
    /// With whom, where known.
    pub partner: Option<Partner>,
}

/// Why a supervision did not come about. Each is a problem `type` of the API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// The supervisor's phone is in a call.
    #[error("The phone {0} is busy. Finish its call and try again.")]
    Busy(String),
    /// The supervisor declined.
    #[error("The phone {0} declined the call.")]
    Declined(String),
    /// The supervisor did not answer in time.
    #[error("The phone {0} was not answered. Pick it up when it rings.")]
    NoAnswer(String),
    /// The supervisor's phone is not registered at the PBX.
    #[error("The phone {0} is not registered at the PBX. Switch it on, or check its account.")]
    Unregistered(String),
    /// The call to listen to is not, or no longer, there.
    #[error("That call is over. Choose a call that is running.")]
    TargetGone,
    /// The agent has more than one call.
    #[error("The agent has {} calls: {}. Name the channel of one of them.", .0.len(), listed(.0))]
    Ambiguous(Vec<CallChoice>),
    /// The target is no agent's own leg, the supervisor's phone is not in the list, or the AMI user may not.
    #[error("{0}")]
    Forbidden(String),
    /// There is no live connection to the PBX.
    #[error("There is no connection to the PBX {0} now. Wait until the link is live again.")]
    LinkDown(String),
    /// The PBX refused the action itself.
    #[error("The PBX refused: {0}.")]
    Refused(String),
    /// Somebody gave it up while the phone rang; who.
    #[error("It was given up by {0} before the phone was picked up.")]
    Cancelled(String),
    /// There is no supervision with this id.
    #[error("There is no supervision with this id.")]
    Unknown,
    /// The journal could not be written, so nothing was done.
    #[error("The journal could not be written, so nothing was done: {0}")]
    Journal(String),
}

impl ControlError {
    /// The last part of the problem type.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Busy(_) => "busy",
            Self::Declined(_) => "declined",
            Self::NoAnswer(_) => "no-answer",
            Self::Unregistered(_) => "unregistered",
            Self::TargetGone => "target-gone",
            Self::Ambiguous(_) => "ambiguous",
            Self::Forbidden(_) => "forbidden",
            Self::LinkDown(_) => "link-down",
            Self::Refused(_) => "refused",
            Self::Cancelled(_) => "cancelled",
            Self::Unknown => "unknown",
            Self::Journal(_) => "journal",
        }
    }
}

/// The calls as one line: `17.4 with 5550001, 17.9`.
fn listed(calls: &[CallChoice]) -> String {
    let shown = |call: &CallChoice| {
        let other =
            call.partner.as_ref().map(|side| if side.name.is_empty() { &side.number } else { &side.name });
        match other {
            Some(other) => format!("{} with {other}", call.channel),
            None => call.channel.to_string(),
        }
    };
    calls.iter().map(shown).collect::<Vec<_>>().join(", ")
}
