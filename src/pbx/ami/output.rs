//! What a session says, and how actions and sessions fail.

use super::action::ActionTextError;
use super::frame::FrameError;
use crate::domain::live::event::{Event, Picture};

/// What the session has to say to its owner, in order.
#[allow(clippy::large_enum_variant, reason = "nearly all are events; a box each would cost more")]
#[derive(Debug, PartialEq)]
pub enum Output {
    /// Logged in.
    Up {
        /// The AMI version.
        version: String,
    },
    /// A whole picture. What follows the first of a session happened while or after it was made; later ones hold what
    /// happened meanwhile, which was said at once, too.
    Picture(Box<Picture>),
    /// Something happened.
    Event(Event),
    /// The answer to an action of `Session::send`.
    Reply {
        /// As `send` gave it.
        token: u64,
        /// What came of it.
        result: Result<(), ActionError>,
    },
    /// What this login may not do, each a sentence with its cure; replaces what was said before.
    Warnings(Vec<String>),
    /// The session is over.
    Closed(CloseReason),
}

/// Why an action failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// It cannot be written.
    #[error(transparent)]
    Text(#[from] ActionTextError),
    /// Asterisk answered with an error.
    #[error("{0}")]
    Refused(String),
    /// No answer in time.
    #[error("no answer in time")]
    Deadline,
    /// There is no session.
    #[error("the link is down")]
    Closed,
}

/// Why a session is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The login was refused; a person has to act.
    Refused(String),
    /// What came is no AMI; a person has to act.
    NotAmi(FrameError),
    /// Nothing came for too long.
    Silent,
    /// The login took too long.
    LoginTimeout,
    /// Asterisk said that it goes down.
    ShuttingDown,
}
