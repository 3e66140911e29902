//! What the decisions want to have done, and what came of it.

use std::fmt;

use crate::domain::account::Actor;
use crate::domain::act::{ActDone, ActError, ActRequest};
use crate::domain::control::{Mode, Request, Supervision};
use crate::domain::ids::UniqueId;
use crate::tasks::accounts::Identity;
use crate::views::desk::Refused;

/// What is to be done outside. At most one of each kind is under way.
#[derive(Clone)]
pub enum Command {
    /// Find out who has this PIN. The number comes back with the answer.
    Unlock(u32, String),
    /// Start a supervision.
    Start(Request),
    /// Change its mode, as this person wishes.
    SetMode(UniqueId, Mode, Actor),
    /// Give up the ringing for this leg, which this account wished, as this person wishes.
    Cancel(UniqueId, String, Actor),
    /// End it, as this person wishes.
    Stop(UniqueId, Actor),
    /// Act upon the floor.
    Act(ActRequest),
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlock(serial, _) => write!(f, "Unlock({serial}, ••••)"),
            Self::Start(request) => f.debug_tuple("Start").field(request).finish(),
            Self::SetMode(id, mode, by) => f.debug_tuple("SetMode").field(id).field(mode).field(by).finish(),
            Self::Cancel(channel, actor, by) => {
                f.debug_tuple("Cancel").field(channel).field(actor).field(by).finish()
            }
            Self::Stop(id, by) => f.debug_tuple("Stop").field(id).field(by).finish(),
            Self::Act(request) => f.debug_tuple("Act").field(request).finish(),
        }
    }
}

/// What came of a command; what failed is a sentence.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Who the PIN belongs to. [`Refused::Wait`] holds the tick until which to wait.
    Unlocked(u32, Result<Identity, Refused>),
    /// The supervision is attached.
    Started(Result<Supervision, String>),
    /// The mode of this one is changed.
    Changed(UniqueId, Result<Supervision, String>),
    /// An act shows, or why not.
    Acted(Result<ActDone, ActError>),
    /// This one has ended.
    Stopped(UniqueId, Result<(), String>),
}
