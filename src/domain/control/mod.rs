//! Supervision: what is asked, what can come of it. The rules of who and how are in `tasks::control`.

mod target;

use serde::{Deserialize, Serialize};

pub use target::{Leg, resolve};

use super::ids::{AgentName, Interface, PbxName, QueueName, UniqueId};
use super::time::Moment;

/// How a supervisor takes part in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Hears both, is heard by nobody.
    Listen,
    /// Hears both, is heard by the agent.
    Whisper,
    /// Hears both, is heard by both.
    Barge,
}

impl Mode {
    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Whisper => "whisper",
            Self::Barge => "barge",
        }
    }

    /// ChanSpy's options to begin in this mode: quiet, leave with the call, exactly this channel, keys change the mode.
    pub fn spy_options(self) -> &'static str {
        match self {
            Self::Listen => "qESud",
            Self::Whisper => "qESudw",
            Self::Barge => "qESudB",
        }
    }

    /// The key that changes a running ChanSpy to this mode.
    pub fn key(self) -> char {
        match self {
            Self::Listen => '4',
            Self::Whisper => '5',
            Self::Barge => '6',
        }
    }

    /// The mode that a key changes a running ChanSpy to, also when it is pressed on the phone itself.
    pub fn by_key(key: char) -> Option<Self> {
        [Self::Listen, Self::Whisper, Self::Barge].into_iter().find(|mode| mode.key() == key)
    }
}

/// Which call is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The channel itself, by its Uniqueid: must be an agent's own phone leg that is live now.
    Channel(UniqueId),
    /// The call on that agent's own phone leg; refused when there are two.
    Agent(Interface),
}

/// A wish to supervise, checked for form but not yet against the floor.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which PBX; `None` when there is only one.
    pub pbx: Option<PbxName>,
    /// Which call.
    pub target: Target,
    /// How to take part at first.
    pub mode: Mode,
    /// The extension of a configured supervisor phone.
    pub supervisor: String,
    /// Who asks (account name), for the journal.
    pub actor: String,
    /// From where (address or `wall`), for the journal.
    pub origin: String,
}

/// How a supervision stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SupervisionState {
    /// The supervisor's phone is being rung.
    Calling,
    /// ChanSpy has attached to the call.
    Attached,
    /// It is over.
    Ended,
}

/// One supervision, as the API shows it.
#[derive(Clone, Debug)]
pub struct Supervision {
    /// Our own id; also the Uniqueid of the supervisor's channel.
    pub id: UniqueId,
    /// The PBX it runs on.
    pub pbx: PbxName,
    /// The state now.
    pub state: SupervisionState,
    /// The agent's phone leg that is listened to.
    pub channel: UniqueId,
    /// The agent's interface.
    pub interface: Interface,
    /// The agent: the member's name, or the interface where there is none.
    pub agent: AgentName,
    /// The queue the call came through, where known.
    pub queue: Option<QueueName>,
    /// How the supervisor takes part.
    pub mode: Mode,
    /// The supervisor's extension.
    pub supervisor: String,
    /// Who asked.
    pub actor: String,
    /// When it was asked for.
    pub since: Moment,
    /// Why it ended, once it has.
    pub ended: Option<String>,
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
    #[error("The agent has {} calls. Name the channel of one of them.", .0.len())]
    Ambiguous(Vec<UniqueId>),
    /// The target is no agent's own leg, or the supervisor's phone is not in the list.
    #[error("{0}")]
    Forbidden(String),
    /// There is no live connection to the PBX.
    #[error("There is no connection to the PBX {0} now. Wait until the link is live again.")]
    LinkDown(String),
    /// The PBX refused the action itself.
    #[error("The PBX refused: {0}. The AMI user needs write=originate,call.")]
    Refused(String),
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
            Self::Unknown => "unknown",
            Self::Journal(_) => "journal",
        }
    }
}
