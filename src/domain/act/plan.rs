//! From a wish to what exactly is done on the floor as it is now, and how its effect shows there.

use super::form::local_context;
use super::{Act, ActError, Victim};
use crate::domain::ids::{Interface, QueueName, UniqueId};
use crate::domain::live::snapshot::{MemberSnapshot, QueueSnapshot, Snapshot, WaitingCaller};

/// An act with everything settled by the floor: names as Asterisk spells them, channels that are live now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Pause or unpause.
    Pause {
        /// Who, as the floor spells it.
        agent: Interface,
        /// The one queue that was named.
        only: Option<QueueName>,
        /// Where it has to show.
        queues: Vec<QueueName>,
        /// Paused, or not.
        paused: bool,
        /// Why.
        reason: Option<String>,
    },
    /// Add a dynamic member.
    Add {
        /// Where.
        queue: QueueName,
        /// Who.
        agent: Interface,
        /// The member name.
        name: Option<String>,
        /// The penalty.
        penalty: u32,
        /// Whose state counts.
        state_interface: Option<String>,
    },
    /// Remove one.
    Remove {
        /// Where.
        queue: QueueName,
        /// Who.
        agent: Interface,
    },
    /// Change a penalty.
    Penalty {
        /// Who.
        agent: Interface,
        /// The one queue that was named.
        only: Option<QueueName>,
        /// Where it has to show.
        queues: Vec<QueueName>,
        /// The penalty.
        penalty: u32,
    },
    /// Move a caller to the front.
    MoveUp {
        /// Where the caller waits.
        queue: QueueName,
        /// Who.
        caller: UniqueId,
        /// The channel's name: Asterisk finds callers of a queue by that alone.
        channel_name: String,
    },
    /// Send a caller on.
    Withdraw {
        /// Where the caller waits.
        queue: QueueName,
        /// Who.
        caller: UniqueId,
        /// The channel's name.
        channel_name: String,
        /// QUEUE_WITHDRAW_INFO.
        note: Option<String>,
    },
    /// Hang up.
    HangUp {
        /// Which channel.
        channel: UniqueId,
        /// Whose: an interface, or a queue in which the caller waits.
        whose: String,
    },
}

/// Settles `act` on the floor.
///
/// # Errors
/// When the queue, member, caller or channel is not there now.
pub fn plan(floor: &Snapshot, act: &Act) -> Result<Plan, ActError> {
    match act {
        Act::Pause { agent, queue, reason } => {
            let (agent, queues) = memberships(floor, agent, queue.as_ref())?;
            let only = queue.as_ref().and_then(|_| queues.first().cloned());
            Ok(Plan::Pause { agent, only, queues, paused: true, reason: reason.clone() })
        }
        Act::Unpause { agent, queue } => {
            let (agent, queues) = memberships(floor, agent, queue.as_ref())?;
            let only = queue.as_ref().and_then(|_| queues.first().cloned());
            Ok(Plan::Pause { agent, only, queues, paused: false, reason: None })
        }
        Act::Penalty { agent, queue, penalty } => {
            let (agent, queues) = memberships(floor, agent, queue.as_ref())?;
            let only = queue.as_ref().and_then(|_| queues.first().cloned());
            Ok(Plan::Penalty { agent, only, queues, penalty: *penalty })
        }
        Act::Add { queue, agent, name, penalty, state_interface } => {
            let queue = queue_of(floor, queue)?;
            if member_of(queue, agent).is_some() {
                return Err(ActError::AlreadyThere(agent.clone(), queue.name.clone()));
            }
            context_is_in_use(floor, agent)?;
            let (name, state_interface) = (name.clone(), state_interface.clone());
            let (queue, agent) = (queue.name.clone(), agent.clone());
            Ok(Plan::Add { queue, agent, name, penalty: *penalty, state_interface })
        }
        Act::Remove { queue, agent } => {
            let queue = queue_of(floor, queue)?;
            let member = member_of(queue, agent)
                .ok_or_else(|| ActError::NotMember(agent.clone(), queue.name.to_string()))?;
            if !member.dynamic {
                return Err(ActError::NotDynamic(member.interface.clone(), queue.name.clone()));
            }
            Ok(Plan::Remove { queue: queue.name.clone(), agent: member.interface.clone() })
        }
        Act::MoveUp { caller } => {
            let (queue, waits) = waiting(floor, caller)?;
            let (queue, channel_name) = (queue.name.clone(), named(waits)?);
            Ok(Plan::MoveUp { queue, caller: caller.clone(), channel_name })
        }
        Act::Withdraw { caller, note } => {
            let (queue, waits) = waiting(floor, caller)?;
            let (queue, channel_name) = (queue.name.clone(), named(waits)?);
            Ok(Plan::Withdraw { queue, caller: caller.clone(), channel_name, note: note.clone() })
        }
        Act::HangUp(victim) => hang_up(floor, victim),
    }
}

fn queue_of<'a>(floor: &'a Snapshot, name: &QueueName) -> Result<&'a QueueSnapshot, ActError> {
    floor.queues.iter().find(|queue| queue.name == *name).ok_or_else(|| ActError::NoQueue(name.clone()))
}

fn is_same(one: &Interface, other: &Interface) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}

fn member_of<'a>(queue: &'a QueueSnapshot, agent: &Interface) -> Option<&'a MemberSnapshot> {
    queue.members.iter().find(|member| is_same(&member.interface, agent))
}

/// The interface as the floor spells it, and the queues that are meant.
fn memberships(
    floor: &Snapshot,
    agent: &Interface,
    only: Option<&QueueName>,
) -> Result<(Interface, Vec<QueueName>), ActError> {
    if let Some(name) = only {
        queue_of(floor, name)?;
    }
    let meant = |queue: &&QueueSnapshot| only.is_none_or(|name| queue.name == *name);
    let seats = floor.queues.iter().filter(meant).filter_map(|queue| Some((queue, member_of(queue, agent)?)));
    let seats: Vec<_> = seats.collect();
    let where_to = || only.map_or_else(|| "any queue".to_owned(), ToString::to_string);
    let (_, first) = seats.first().ok_or_else(|| ActError::NotMember(agent.clone(), where_to()))?;
    Ok((first.interface.clone(), seats.iter().map(|(queue, _)| queue.name.clone()).collect()))
}

/// A Local channel dials whatever its context holds: only contexts that members of this PBX use already.
fn context_is_in_use(floor: &Snapshot, agent: &Interface) -> Result<(), ActError> {
    let Some(context) = local_context(agent.as_str()) else { return Ok(()) };
    let members = floor.queues.iter().flat_map(|queue| &queue.members);
    if members.filter_map(|member| local_context(member.interface.as_str())).any(|known| known == context) {
        return Ok(());
    }
    Err(ActError::Forbidden(format!(
        "No member of this PBX is called through the context {context}, so nobody can be added through it. \
         Use the phone itself, such as PJSIP/101."
    )))
}

fn waiting<'a>(
    floor: &'a Snapshot,
    caller: &UniqueId,
) -> Result<(&'a QueueSnapshot, &'a WaitingCaller), ActError> {
    let all = floor.queues.iter().flat_map(|queue| queue.waiting.iter().map(move |waits| (queue, waits)));
    let mut mine = all.filter(|(_, waits)| waits.channel == *caller);
    mine.next().ok_or(ActError::NotWaiting)
}

fn named(waits: &WaitingCaller) -> Result<String, ActError> {
    if waits.channel_name.is_empty() { Err(ActError::NotWaiting) } else { Ok(waits.channel_name.clone()) }
}

fn hang_up(floor: &Snapshot, victim: &Victim) -> Result<Plan, ActError> {
    let members = || floor.queues.iter().flat_map(|queue| &queue.members);
    match victim {
        Victim::Channel(id) => {
            let is_leg =
                |member: &&MemberSnapshot| member.legs.contains(id) || member.channel.as_ref() == Some(id);
            let whose = members().find(is_leg).map(|member| member.interface.to_string());
            let whose = whose.or_else(|| waiting(floor, id).ok().map(|(queue, _)| queue.name.to_string()));
            Ok(Plan::HangUp { channel: id.clone(), whose: whose.ok_or(ActError::NotLive)? })
        }
        Victim::Agent(agent) => {
            let member = members().find(|member| is_same(&member.interface, agent));
            let member = member.ok_or_else(|| ActError::NotMember(agent.clone(), "any queue".to_owned()))?;
            let channel = match (member.legs.as_slice(), &member.channel) {
                ([only], _) => only.clone(),
                ([], Some(rings)) => rings.clone(),
                ([], None) => return Err(ActError::NotLive),
                (several, _) => return Err(ActError::Ambiguous(several.to_vec())),
            };
            Ok(Plan::HangUp { channel, whose: member.interface.to_string() })
        }
    }
}

impl Plan {
    /// The queues in which it shows.
    pub fn queues(&self) -> Vec<QueueName> {
        match self {
            Self::Pause { queues, .. } | Self::Penalty { queues, .. } => queues.clone(),
            Self::Add { queue, .. }
            | Self::Remove { queue, .. }
            | Self::MoveUp { queue, .. }
            | Self::Withdraw { queue, .. } => vec![queue.clone()],
            Self::HangUp { .. } => Vec::new(),
        }
    }

    /// The interface, or the channel's Uniqueid.
    pub fn upon(&self) -> String {
        match self {
            Self::Pause { agent, .. }
            | Self::Add { agent, .. }
            | Self::Remove { agent, .. }
            | Self::Penalty { agent, .. } => agent.to_string(),
            Self::MoveUp { caller, .. } | Self::Withdraw { caller, .. } => caller.to_string(),
            Self::HangUp { channel, .. } => channel.to_string(),
        }
    }

    /// What is seen of it on the floor, once it is done; `None` while it is not.
    pub fn seen(&self, floor: &Snapshot) -> Option<String> {
        match self {
            Self::Pause { agent, queues, paused, reason, .. } => {
                let fits = |member: &MemberSnapshot| {
                    member.paused == *paused && (!paused || member.paused_reason == *reason)
                };
                let because = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
                let how = if *paused { format!("is paused{because}") } else { "is not paused".to_owned() };
                everywhere(floor, queues, agent, fits).then(|| format!("{agent} {how} in {}.", list(queues)))
            }
            Self::Penalty { agent, queues, penalty, .. } => {
                let fits = |member: &MemberSnapshot| member.penalty == *penalty;
                let told = || format!("{agent} has the penalty {penalty} in {}.", list(queues));
                everywhere(floor, queues, agent, fits).then(told)
            }
            Self::Add { queue, agent, .. } => {
                let member = member_of(queue_of(floor, queue).ok()?, agent)?;
                Some(format!("{} ({agent}) is a member of {queue}.", member.name))
            }
            Self::Remove { queue, agent } => {
                let there = queue_of(floor, queue).ok().and_then(|queue| member_of(queue, agent));
                there.is_none().then(|| format!("{agent} is no member of {queue} any more."))
            }
            Self::MoveUp { queue, caller, .. } => {
                let first = queue_of(floor, queue).ok()?.waiting.first()?;
                (first.channel == *caller).then(|| format!("The caller is first in {queue}."))
            }
            Self::Withdraw { queue, .. } => {
                (!self.waits(floor)).then(|| format!("The caller waits in {queue} no more."))
            }
            Self::HangUp { channel, .. } => {
                let legs = floor.queues.iter().flat_map(|queue| &queue.members);
                let mut legs = legs.flat_map(|member| member.legs.iter().chain(&member.channel));
                let is_there = legs.any(|leg| leg == channel) || waiting(floor, channel).is_ok();
                (!is_there).then(|| "The call is hung up.".to_owned())
            }
        }
    }

    /// Whether the caller that it is about still waits there.
    pub fn waits(&self, floor: &Snapshot) -> bool {
        let (Self::MoveUp { queue, caller, .. } | Self::Withdraw { queue, caller, .. }) = self else {
            return false;
        };
        let queue = queue_of(floor, queue);
        queue.is_ok_and(|queue| queue.waiting.iter().any(|waits| waits.channel == *caller))
    }
}

fn everywhere(
    floor: &Snapshot,
    queues: &[QueueName],
    agent: &Interface,
    fits: impl Fn(&MemberSnapshot) -> bool,
) -> bool {
    let member = |name: &QueueName| queue_of(floor, name).ok().and_then(|queue| member_of(queue, agent));
    queues.iter().all(|name| member(name).is_some_and(&fits))
}

fn list(queues: &[QueueName]) -> String {
    queues.iter().map(QueueName::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
