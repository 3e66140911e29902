//! Acts upon the floor: who pauses, joins, leaves, is moved up, sent away or hung up. What is asked ([`Act`]), who may
//! ([`Rights`]), what it means on the floor as it is now ([`plan()`]), and when it shows ([`Plan::seen`]).
//!
//! Pure. The sending is `tasks::acts`. Nothing here becomes a header of its own: an act has typed fields, and each is
//! checked for its form ([`Act::check`]) before the floor is looked at.

mod error;
mod form;
mod plan;

use serde::{Deserialize, Serialize};

pub use error::ActError;
pub use plan::{Plan, plan};

use super::account::Role;
use super::ids::{Interface, PbxName, QueueName, UniqueId};

/// What can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Pauses a member, in one queue or in all of his.
    Pause {
        /// Who.
        agent: Interface,
        /// Where; all of his queues without it.
        queue: Option<QueueName>,
        /// Why; may be left out.
        reason: Option<String>,
    },
    /// Ends a pause.
    Unpause {
        /// Who.
        agent: Interface,
        /// Where; all of his queues without it.
        queue: Option<QueueName>,
    },
    /// Adds a dynamic member.
    Add {
        /// To which queue.
        queue: QueueName,
        /// The phone.
        agent: Interface,
        /// The member name; the interface without it.
        name: Option<String>,
        /// 0 is asked first.
        penalty: u32,
        /// Whose state counts; the interface's own without it.
        state_interface: Option<String>,
    },
    /// Removes a dynamic member.
    Remove {
        /// From which queue.
        queue: QueueName,
        /// The phone.
        agent: Interface,
    },
    /// Changes a member's penalty.
    Penalty {
        /// Where; all of his queues without it.
        queue: Option<QueueName>,
        /// Who.
        agent: Interface,
        /// 0 is asked first.
        penalty: u32,
    },
    /// Moves a waiting caller to the front of the line.
    MoveUp {
        /// The caller's channel.
        caller: UniqueId,
    },
    /// Sends a waiting caller out of the queue, on in the dialplan.
    Withdraw {
        /// The caller's channel.
        caller: UniqueId,
        /// What the dialplan finds in QUEUE_WITHDRAW_INFO.
        note: Option<String>,
    },
    /// Hangs up an agent's phone or a waiting caller.
    HangUp(Victim),
}

/// Which channel is hung up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Victim {
    /// This one: an agent's own leg or a waiting caller.
    Channel(UniqueId),
    /// The call on that agent's phone; refused when there are two.
    Agent(Interface),
}

impl Act {
    /// The word of the journal and of the answer.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pause { .. } => "pause",
            Self::Unpause { .. } => "unpause",
            Self::Add { .. } => "add",
            Self::Remove { .. } => "remove",
            Self::Penalty { .. } => "penalty",
            Self::MoveUp { .. } => "move-up",
            Self::Withdraw { .. } => "withdraw",
            Self::HangUp(_) => "hang-up",
        }
    }

    /// The right that it needs.
    pub fn right(&self) -> Right {
        match self {
            Self::Pause { .. } | Self::Unpause { .. } => Right::Pause,
            Self::Add { .. } | Self::Remove { .. } | Self::Penalty { .. } => Right::Members,
            Self::MoveUp { .. } | Self::Withdraw { .. } => Right::Callers,
            Self::HangUp(_) => Right::HangUp,
        }
    }

    /// What the AMI user has to have for it; `None`: any login may.
    pub fn class(&self) -> Option<&'static str> {
        match self.right() {
            Right::Pause | Right::Members => Some("agent"),
            Right::Callers => None,
            Right::HangUp => Some("call"),
        }
    }
}

/// What can be allowed, each by itself. `[rights]` in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Pause and unpause.
    Pause,
    /// Add and remove members, change penalties.
    Members,
    /// Move up and withdraw waiting callers.
    Callers,
    /// Hang up.
    HangUp,
}

impl Right {
    /// All.
    pub const ALL: [Self; 4] = [Self::Pause, Self::Members, Self::Callers, Self::HangUp];

    /// Its key in `[rights]`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Members => "members",
            Self::Callers => "callers",
            Self::HangUp => "hang_up",
        }
    }
}

/// The least role for each right; `None`: nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Pause and unpause.
    pub pause: Option<Role>,
    /// Members.
    pub members: Option<Role>,
    /// Waiting callers.
    pub callers: Option<Role>,
    /// Hang up.
    pub hang_up: Option<Role>,
}

impl Default for Rights {
    /// Supervisors may all of it.
    fn default() -> Self {
        let who = Some(Role::Supervisor);
        Self { pause: who, members: who, callers: who, hang_up: who }
    }
}

impl Rights {
    /// The least role that has `right`.
    pub fn least(&self, right: Right) -> Option<Role> {
        match right {
            Right::Pause => self.pause,
            Right::Members => self.members,
            Right::Callers => self.callers,
            Right::HangUp => self.hang_up,
        }
    }

    /// Whether `role` has `right`. A viewer has none, whatever is configured.
    pub fn allows(&self, right: Right, role: Role) -> bool {
        role >= Role::Supervisor && self.least(right).is_some_and(|least| role >= least)
    }

    /// Whether `role` may do `act`.
    ///
    /// # Errors
    /// `Forbidden`, with what to do.
    pub fn check(&self, act: &Act, role: Role) -> Result<(), ActError> {
        let right = act.right();
        if self.allows(right, role) {
            return Ok(());
        }
        let key = right.key();
        Err(ActError::Forbidden(match self.least(right) {
            None => format!("Nobody may do this here: [rights] {key} = \"nobody\" in asterflow.toml."),
            Some(least) => format!(
                "You are {}; this needs {} ([rights] {key} in asterflow.toml).",
                with_article(role),
                with_article(least.max(Role::Supervisor))
            ),
        }))
    }
}

fn with_article(role: Role) -> String {
    if role == Role::Admin { "an admin".into() } else { format!("a {role}") }
}

/// A wish, with who has it.
#[derive(Clone, Debug)]
pub struct ActRequest {
    /// Which PBX; `None` when there is only one.
    pub pbx: Option<PbxName>,
    /// What.
    pub act: Act,
    /// The account.
    pub actor: String,
    /// What it may.
    pub role: Role,
    /// From where (address or `wall`), for the journal.
    pub origin: String,
}

/// What was done, as Asterisk reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActDone {
    /// Which PBX.
    pub pbx: PbxName,
    /// `pause`, `unpause`, `add`, `remove`, `penalty`, `move-up`, `withdraw`, `hang-up`.
    pub act: String,
    /// The queues in which it shows.
    pub queues: Vec<QueueName>,
    /// The interface, or the channel's Uniqueid.
    pub upon: String,
    /// What is seen now, as a sentence.
    pub reported: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_act_is_behind_its_own_right() {
        let acts = [
            (Act::Unpause { agent: "PJSIP/1".into(), queue: None }, Right::Pause),
            (Act::Remove { queue: "q".into(), agent: "PJSIP/1".into() }, Right::Members),
            (Act::MoveUp { caller: "1.1".into() }, Right::Callers),
            (Act::HangUp(Victim::Channel("1.1".into())), Right::HangUp),
        ];
        for (act, right) in acts {
            assert_eq!(act.right(), right);
            let mut rights = Rights::default();
            assert_eq!(rights.check(&act, Role::Supervisor), Ok(()));
            assert_eq!(rights.check(&act, Role::Viewer).map_err(|error| error.kind()), Err("forbidden"));
            let only = |who| match right {
                Right::Pause => Rights { pause: who, ..Rights::default() },
                Right::Members => Rights { members: who, ..Rights::default() },
                Right::Callers => Rights { callers: who, ..Rights::default() },
                Right::HangUp => Rights { hang_up: who, ..Rights::default() },
            };
            rights = only(Some(Role::Admin));
            assert!(!rights.allows(right, Role::Supervisor) && rights.allows(right, Role::Admin));
            for other in Right::ALL.into_iter().filter(|other| *other != right) {
                assert!(rights.allows(other, Role::Supervisor), "{other:?} is not touched by {right:?}");
            }
            rights = only(None);
            let refused = rights.check(&act, Role::Admin).expect_err("nobody").to_string();
            assert!(refused.contains(&format!("[rights] {}", right.key())), "{refused}");
            assert!(!only(Some(Role::Viewer)).allows(right, Role::Viewer), "never a viewer");
        }
    }
}
