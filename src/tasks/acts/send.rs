//! A plan as an AMI action, and Asterisk's refusals as words with a cure.

use crate::domain::act::{Act, ActError, Plan};
use crate::domain::ids::{Interface, PbxName, QueueName};
use crate::pbx::ami::action::Action;
use crate::pbx::ami::session::ActionError;

/// The action of a plan. `front`: a priority over all who wait in that queue.
pub(super) fn action(plan: &Plan, front: i64) -> Action {
    let text = |queue: &QueueName| queue.to_string();
    match plan {
        Plan::Pause { agent, only, paused, reason, .. } => Action::QueuePause {
            interface: agent.to_string(),
            queue: only.as_ref().map(text),
            paused: *paused,
            reason: reason.clone(),
        },
        Plan::Add { queue, agent, name, penalty, state_interface } => Action::QueueAdd {
            queue: text(queue),
            interface: agent.to_string(),
            name: name.clone(),
            state_interface: state_interface.clone(),
            penalty: *penalty,
        },
        Plan::Remove { queue, agent } => {
            Action::QueueRemove { queue: text(queue), interface: agent.to_string() }
        }
        Plan::Penalty { agent, only, penalty, .. } => Action::QueuePenalty {
            queue: only.as_ref().map(text),
            interface: agent.to_string(),
            penalty: *penalty,
        },
        Plan::MoveUp { queue, channel_name, .. } => {
            Action::QueueMoveUp { queue: text(queue), channel_name: channel_name.clone(), priority: front }
        }
        Plan::Withdraw { queue, channel_name, note, .. } => Action::QueueWithdraw {
            queue: text(queue),
            channel_name: channel_name.clone(),
            note: note.clone(),
        },
        Plan::HangUp { channel, .. } => Action::Hangup { channel: channel.to_string() },
    }
}

/// What the journal keeps beside who and where.
pub(super) fn told(plan: &Plan) -> Option<String> {
    match plan {
        Plan::Pause { reason, .. } => reason.clone(),
        Plan::Add { name, penalty, state_interface, .. } => Some(format!(
            "penalty {penalty}{}{}",
            name.as_ref().map(|name| format!(", name {name}")).unwrap_or_default(),
            state_interface.as_ref().map(|device| format!(", state of {device}")).unwrap_or_default()
        )),
        Plan::Penalty { penalty, .. } => Some(format!("penalty {penalty}")),
        Plan::MoveUp { channel_name, .. } => Some(channel_name.clone()),
        Plan::Withdraw { channel_name, note, .. } => {
            Some(note.as_ref().map_or_else(|| channel_name.clone(), |note| format!("{channel_name}: {note}")))
        }
        Plan::HangUp { whose, .. } => Some(whose.clone()),
        Plan::Remove { .. } => None,
    }
}

/// Asterisk's refusal in our words. Its own are those of app_queue and manager, alike since 16.
pub(super) fn refused(error: &ActionError, act: &Act, plan: &Plan, pbx: &PbxName) -> ActError {
    let said = match error {
        ActionError::Refused(said) => said.as_str(),
        ActionError::Closed | ActionError::Deadline => return ActError::Lost(pbx.to_string()),
        ActionError::Text(error) => return ActError::Invalid(format!("It cannot be sent: {error}.")),
    };
    let agent = || Interface::new(plan.upon());
    let queue = || plan.queues().first().cloned().unwrap_or_else(|| QueueName::new("?"));
    let has = |words: &str| said.to_ascii_lowercase().contains(words);
    if has("permission denied") {
        ActError::Denied(act.class().unwrap_or("agent"))
    } else if has("already there") {
        ActError::AlreadyThere(agent(), queue())
    } else if has("member not dynamic") {
        ActError::NotDynamic(agent(), queue())
    } else if has("not there") || has("interface not found") {
        ActError::NotMember(agent(), queue().to_string())
    } else if has("no such queue") {
        ActError::NoQueue(queue())
    } else if has("no such caller") {
        ActError::NotWaiting
    } else if has("no such channel") {
        ActError::NotLive
    } else if has("unknown command") {
        ActError::Refused(format!(
            "it does not know this action ({}). QueueWithdrawCaller needs Asterisk 16.25 or later, \
             and app_queue has to be loaded",
            act.word()
        ))
    } else {
        ActError::Refused(said.trim_end_matches('.').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asterisks_refusals_are_told_apart() {
        let act = Act::Remove { queue: "sales".into(), agent: "PJSIP/108".into() };
        let plan = Plan::Remove { queue: "sales".into(), agent: "PJSIP/108".into() };
        for (said, kind, words) in [
            ("Unable to add interface: Already there", "already-there", "PJSIP/108 is a member of sales"),
            ("Unable to remove interface: Not there", "not-a-member", "PJSIP/108 is no member of sales"),
            ("Interface not found", "not-a-member", "Add it first"),
            ("Member not dynamic", "not-dynamic", "queue_members"),
            ("Unable to remove interface from queue: No such queue", "no-queue", "sales"),
            ("Unable to request withdraw from queue: No such caller", "not-waiting", "board"),
            ("No such channel", "not-live", "over"),
            ("Permission denied", "denied", "write=agent"),
            ("Invalid/unknown command: QueueWithdrawCaller. Use …", "refused", "16.25"),
            ("Out of memory.", "refused", "Asterisk refused: Out of memory."),
        ] {
            let told = refused(&ActionError::Refused(said.into()), &act, &plan, &"pbx".into());
            assert_eq!(told.kind(), kind, "{said}");
            assert!(told.to_string().contains(words), "{told}");
        }
        let lost = refused(&ActionError::Closed, &act, &plan, &"pbx".into());
        assert_eq!(lost.kind(), "lost");
    }
}
