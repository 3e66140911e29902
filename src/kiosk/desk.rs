//! Supervision at a wall: who touches what, and what comes of it.
//!
//! ```text
//! Touch ─> DeskState ─Command─> tasks::accounts, tasks::control ─Answer─> DeskState ─> views::desk
//! ```
//! [`DeskState`] decides without waiting and without a clock; `Running` carries its commands out, each with a deadline.

mod acts;
mod attempt;
mod command;
mod running;
mod screen;
mod state;

use std::fmt;

use crate::domain::account::Role;
use crate::domain::act::Right;
use crate::domain::control::Mode;
use crate::tasks::accounts::{Accounts, Identity};
use crate::tasks::acts::Acts;
use crate::tasks::control::Control;
use crate::views::desk::{Offered, Phone, Place, Seat};

pub use acts::ActTouch;
pub use command::{Answer, Command};
pub(super) use running::Running;
pub(super) use screen::{DeskRows, connect};
pub use state::DeskState;

/// What somebody touched of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Touch {
    /// A member's card: opens its sheet.
    Open(Seat),
    /// The bar: opens the sheet of whom it tells about.
    OpenRunning,
    /// ×, beside it, or Escape: closes the PIN pad, else the sheet.
    Close,
    /// Chose the phone that rings: its extension.
    Phone(String),
    /// Chose one of several calls: the leg's Uniqueid.
    Call(String),
    /// Listen, whisper, barge.
    Press(Mode),
    /// A digit of a PIN.
    Digit(char),
    /// Takes back the last digit.
    Erase,
    /// The PIN is complete.
    Enter,
    /// Locks the wall.
    Lock,
    /// Ends what runs, or gives up what rings.
    End,
    /// A waiting caller: opens the sheet.
    OpenCaller(Place),
    /// Pause, resume, hang up, remove; move up, withdraw.
    Act(ActTouch),
}

/// A digit of a PIN is nobody's business.
impl fmt::Debug for Touch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(seat) => f.debug_tuple("Open").field(seat).finish(),
            Self::OpenRunning => f.write_str("OpenRunning"),
            Self::Close => f.write_str("Close"),
            Self::Phone(extension) => f.debug_tuple("Phone").field(extension).finish(),
            Self::Call(channel) => f.debug_tuple("Call").field(channel).finish(),
            Self::Press(mode) => f.debug_tuple("Press").field(mode).finish(),
            Self::Digit(_) => f.write_str("Digit(•)"),
            Self::Erase => f.write_str("Erase"),
            Self::Enter => f.write_str("Enter"),
            Self::Lock => f.write_str("Lock"),
            Self::End => f.write_str("End"),
            Self::OpenCaller(place) => f.debug_tuple("OpenCaller").field(place).finish(),
            Self::Act(touch) => f.debug_tuple("Act").field(touch).finish(),
        }
    }
}

/// Who may supervise at a wall.
#[derive(Clone)]
pub enum Unlock {
    /// Whoever stands before it and knows a PIN, for a minute each time.
    ByPin(Accounts),
    /// Somebody who has logged in, such as at `/wall`, for as long as this feed runs. A viewer is refused in words.
    Always(Identity),
}

/// Acts upon the floor at a wall. Cheap to clone.
#[derive(Clone)]
pub struct ActDesk {
    acts: Acts,
    reasons: Vec<String>,
}

impl ActDesk {
    /// Through `acts`, with these reasons for a pause to choose from.
    pub fn new(acts: Acts, reasons: Vec<String>) -> Self {
        Self { acts, reasons }
    }

    /// What somebody with the highest role could touch; who may not is told so.
    fn offered(&self) -> Offered {
        let allows = |right| self.acts.allows(right, Role::Admin);
        Offered {
            pause: allows(Right::Pause),
            members: allows(Right::Members),
            hang_up: allows(Right::HangUp),
            callers: allows(Right::Callers),
            reasons: self.reasons.clone(),
        }
    }
}

/// What supervision at a wall needs. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    pub(super) control: Control,
    pub(super) unlock: Unlock,
    pub(super) origin: String,
}

impl Desk {
    /// Supervision through `control` by its phones. `origin`: `wall` or the address of a browser, for the journal and for
    /// the slowing of guesses.
    pub fn new(control: Control, unlock: Unlock, origin: impl Into<String>) -> Self {
        Self { control, unlock, origin: origin.into() }
    }

    fn state(&self) -> DeskState {
        let phones = self.control.phones().iter();
        let phones =
            phones.map(|phone| Phone { extension: phone.extension.clone(), name: phone.name.clone() });
        let known = match &self.unlock {
            Unlock::ByPin(_) => None,
            Unlock::Always(identity) => Some(identity.clone()),
        };
        DeskState::new(phones.collect(), known, self.origin.clone())
    }
}

#[cfg(test)]
mod tests;
