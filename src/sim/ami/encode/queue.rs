//! Events of queues, their members and their callers.

use super::text::{Class, Text};
use crate::sim::pbx::{Channel, Member, Millis, Offer, Reason, What};

/// An event of the class `agent`: of a caller in a queue, an offer to a member, or a member.
pub(super) fn agent_event(what: &What, at: Option<Millis>) -> Text {
    match what {
        What::QueueCallerJoin { caller, queue, position, count } => {
            let mut text = of_caller("QueueCallerJoin", caller, queue, *position, at);
            text.put("Count", count);
            text
        }
        What::QueueCallerLeave { caller, queue, position, count } => {
            let mut text = of_caller("QueueCallerLeave", caller, queue, *position, at);
            text.put("Count", count);
            text
        }
        What::QueueCallerAbandon { caller, queue, position, original_position, hold_seconds } => {
            let mut text = of_caller("QueueCallerAbandon", caller, queue, *position, at);
            text.put("OriginalPosition", original_position);
            text.put("HoldTime", hold_seconds);
            text
        }
        What::AgentRingNoAnswer { offer, ring_ms } => {
            let mut text = of_offer("AgentRingNoAnswer", offer, at);
            text.put("RingTime", ring_ms);
            text
        }
        What::AgentConnect { offer, hold_seconds, ring_seconds } => {
            let mut text = of_offer("AgentConnect", offer, at);
            text.put("HoldTime", hold_seconds);
            text.put("RingTime", ring_seconds);
            text
        }
        What::AgentComplete { offer, hold_seconds, talk_seconds, reason } => {
            let mut text = of_offer("AgentComplete", offer, at);
            text.put("HoldTime", hold_seconds);
            text.put("TalkTime", talk_seconds);
            text.put("Reason", spelled(*reason));
            text
        }
        What::AgentCalled(offer) => of_offer("AgentCalled", offer, at),
        What::QueueMemberStatus(member) => of_member("QueueMemberStatus", member, at),
        What::QueueMemberAdded(member) => of_member("QueueMemberAdded", member, at),
        What::QueueMemberRemoved(member) => of_member("QueueMemberRemoved", member, at),
        What::QueueMemberPenalty(member) => of_member("QueueMemberPenalty", member, at),
        What::QueueMemberPause(member) => of_member("QueueMemberPause", member, at),
        // Never: `call_event` spells all others, which the compiler holds.
        _ => Text::event("UserEvent", Class::Agent, at),
    }
}

fn of_caller(name: &str, caller: &Channel, queue: &str, position: u32, at: Option<Millis>) -> Text {
    let mut text = Text::event(name, Class::Agent, at);
    text.channel("", caller);
    text.put("Queue", queue);
    text.put("Position", position);
    text
}

fn of_offer(name: &str, offer: &Offer, at: Option<Millis>) -> Text {
    let mut text = Text::event(name, Class::Agent, at);
    text.channel("", &offer.caller);
    text.channel("Dest", &offer.dest);
    text.put("Queue", &offer.queue);
    text.put("Interface", &offer.interface);
    text.put("MemberName", &offer.member);
    text
}

fn spelled(reason: Reason) -> &'static str {
    match reason {
        Reason::Agent => "agent",
        Reason::Caller => "caller",
        Reason::Transfer => "transfer",
    }
}

fn of_member(name: &str, member: &Member, at: Option<Millis>) -> Text {
    let mut text = Text::event(name, Class::Agent, at);
    text.put("Queue", &member.queue);
    text.put("MemberName", &member.name);
    text.put("Interface", &member.interface);
    text.put("StateInterface", &member.interface);
    text.put("Membership", if member.is_dynamic { "dynamic" } else { "realtime" });
    text.member_counts(member);
    text.put("Ringinuse", 0);
    text.put("Wrapuptime", member.wrapup_time);
    text
}

impl Text {
    /// What events and lists say alike of a member.
    pub(in crate::sim::ami) fn member_counts(&mut self, member: &Member) {
        self.put("Penalty", member.penalty);
        self.put("CallsTaken", member.calls_taken);
        self.put("LastCall", member.last_call);
        self.put("LastPause", member.last_pause);
        self.put("LoginTime", member.login_time);
        self.put("InCall", u8::from(member.in_call));
        self.put("Status", member.status.spelled().0);
        self.put("Paused", u8::from(member.paused));
        self.put("PausedReason", &member.paused_reason);
    }
}
