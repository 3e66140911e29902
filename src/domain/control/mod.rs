//! Supervision: what is asked, what can come of it. The rules of who and how are in `tasks::control`.

mod ended;
mod error;
mod target;

use serde::{Deserialize, Serialize};

pub use ended::{Ended, Reason};
pub use error::{CallChoice, ControlError};
pub use target::{Leg, resolve};

use super::ids::{AgentName, Interface, PbxName, QueueName, UniqueId};
use super::live::snapshot::Partner;
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

    /// The mode of a word of the API.
    pub fn by_word(word: &str) -> Option<Self> {
        [Self::Listen, Self::Whisper, Self::Barge].into_iter().find(|mode| mode.as_str() == word)
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
    /// The supervisor's phone is being called.
    Calling,
    /// The supervisor's phone rings.
    Ringing,
    /// ChanSpy has attached to the call.
    Attached,
    /// The link to the PBX is down: whether it still listens shows once it is back.
    Lost,
    /// It is over.
    Ended,
}

impl SupervisionState {
    /// Whether the phone is not picked up yet.
    pub fn is_before_answer(self) -> bool {
        matches!(self, Self::Calling | Self::Ringing)
    }
}

/// One supervision, as the API shows it.
#[derive(Clone, Debug)]
pub struct Supervision {
    /// The Uniqueid of the supervisor's channel; our own id where it was started here.
    pub id: UniqueId,
    /// The PBX it runs on.
    pub pbx: PbxName,
    /// The state now.
    pub state: SupervisionState,
    /// Somebody listens without having been started here: it is shown, and cannot be steered.
    pub foreign: bool,
    /// The leg that is listened to.
    pub channel: UniqueId,
    /// The agent's interface; empty where a foreign one listens to nobody that is known.
    pub interface: Interface,
    /// The agent: the member's name, or the interface where there is none.
    pub agent: AgentName,
    /// With whom the agent talked when it began, where known.
    pub partner: Option<Partner>,
    /// The queue the call came through, where known.
    pub queue: Option<QueueName>,
    /// How the supervisor takes part; `None` where nobody knows: a foreign one tells nothing of it.
    pub mode: Option<Mode>,
    /// The supervisor's extension; of a phone that is not in the list its channel, `PJSIP/299`.
    pub supervisor: String,
    /// Who asked; `unknown` for a foreign one.
    pub actor: String,
    /// From where (address or `wall`); `pbx` for a foreign one.
    pub origin: String,
    /// When it was asked for, then when it attached.
    pub since: Moment,
    /// When and why it ended, once it has.
    pub ended: Option<Ended>,
}

/// What the id of every channel begins with that we let listen.
pub const OWN_IDS: &str = "asterflow-";
