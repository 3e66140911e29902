//! How supervision at a wall stands: kept by `kiosk::desk`, shown by the view.

use crate::domain::control::Mode;
use crate::domain::ids::{PbxName, UniqueId};
use crate::domain::time::Tick;

use super::{ActStand, Seat};

/// A supervisor's phone that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// `201`
    pub extension: String,
    /// `Desk 201`
    pub name: String,
}

/// Whether somebody may supervise here now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Nobody; a PIN is asked for.
    Locked,
    /// This person, by PIN, until the tick.
    Unlocked {
        /// The account.
        name: String,
        /// When it locks by itself.
        until: Tick,
    },
    /// This person, who has logged in; `may`: as supervisor or administrator.
    LoggedIn {
        /// The account.
        name: String,
        /// Whether the role is enough.
        may: bool,
    },
}

/// The PIN pad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pad {
    /// Digits typed so far; which ones, the display never learns.
    pub digits: u32,
    /// The PIN is being checked.
    pub checking: bool,
    /// Why the last one did not unlock.
    pub refused: Option<Refused>,
    /// What is wished to be done once unlocked.
    pub mode: Mode,
}

/// Why a PIN did not unlock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nobody has this PIN.
    Wrong,
    /// Nobody has any.
    NoPins,
    /// Too many wrong ones: not before this tick.
    Wait(Tick),
    /// It could not be checked; a sentence.
    Failed(String),
}

/// What an attempt is about, as it was when the button was pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The card that was touched.
    pub seat: Seat,
    /// Who sits there.
    pub agent: String,
    /// The agent's leg.
    pub channel: UniqueId,
    /// With whom the agent talks; may be empty.
    pub partner: String,
    /// The name of the phone that rings.
    pub phone: String,
    /// How the supervisor takes part.
    pub mode: Mode,
}

/// What is being changed of a running supervision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Its mode.
    To(Mode),
    /// It is being ended.
    Ending,
}

/// The one attempt of this wall.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Attempt {
    /// None.
    #[default]
    None,
    /// The supervisor's phone rings.
    Ringing {
        /// Whom.
        about: About,
        /// Who wished it.
        actor: String,
        /// Since when.
        since: Tick,
        /// It is being given up.
        cancelled: bool,
    },
    /// The supervisor takes part.
    Attached {
        /// Whom.
        about: About,
        /// The supervision.
        id: UniqueId,
        /// Who started it.
        actor: String,
        /// Since when.
        since: Tick,
        /// What is under way.
        change: Option<Change>,
        /// What was refused of late; a sentence.
        note: Option<String>,
    },
    /// It is over, or never came about.
    Ended {
        /// Whom.
        about: About,
        /// Why.
        why: End,
        /// When.
        at: Tick,
    },
}

/// Why an attempt is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// By the button.
    ByUs,
    /// The agent's call is over.
    CallOver,
    /// The agent has transferred the call.
    Transferred,
    /// The supervisor's phone has hung up.
    PhoneLeft,
    /// Over; why is not known yet.
    Unsettled,
    /// It never attached; a sentence.
    Refused(String),
    /// Something else; a sentence.
    Said(String),
}

impl Attempt {
    /// Whom it is about.
    pub fn about(&self) -> Option<&About> {
        match self {
            Self::None => None,
            Self::Ringing { about, .. } | Self::Attached { about, .. } | Self::Ended { about, .. } => {
                Some(about)
            }
        }
    }

    /// Whether it rings or is attached.
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Ringing { .. } | Self::Attached { .. })
    }
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// The phones to choose from.
    pub phones: Vec<Phone>,
    /// The chosen one.
    pub phone: usize,
    /// Whose sheet is open.
    pub seat: Option<Seat>,
    /// The chosen call, where there are several.
    pub call: Option<UniqueId>,
    /// The PIN pad, over the sheet.
    pub pad: Option<Pad>,
    /// Who may.
    pub lock: Lock,
    /// The attempt.
    pub attempt: Attempt,
    /// Everybody who listens, wherever that was started.
    pub listening: Vec<Listening>,
    /// Acts upon the floor.
    pub acts: ActStand,
}

/// Somebody who listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// On which PBX.
    pub pbx: PbxName,
    /// The agent's leg.
    pub channel: UniqueId,
    /// The phone's name.
    pub phone: String,
    /// Who started it; `None` where nobody did here.
    pub actor: Option<String>,
    /// How he takes part, where known.
    pub mode: Option<Mode>,
    /// He listens; else the phone is still being called.
    pub attached: bool,
    /// It is the attempt of this wall, which tells more of it elsewhere.
    pub here: bool,
}
