//! Talks: from the agent's answer to the end of the agent's part.

use std::sync::Arc;

use super::Centre;
use super::agenda::Due;
use super::agents::Busy;
use super::callers::Phase;
use super::offers::Leg;
use crate::sim::calendar::hurried;
use crate::sim::pbx::{ChannelId, ChannelState, DialStatus, Millis, Reason, What};

/// How a talk will end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Agent,
    Caller,
    /// Passed on into another queue.
    ToQueue(usize),
    /// Passed on to a colleague who is in no queue, without asking.
    ToColleague,
    /// The same after asking.
    Consult,
}

/// A talk.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    pub(super) leg: Leg,
    pub(super) since: Millis,
    pub(super) hold_seconds: u32,
    pub(super) ending: Ending,
    pub(super) on_hold: bool,
    /// The agent's second leg, and the colleague's, while asking.
    pub(super) consult: Option<(ChannelId, ChannelId)>,
}

impl Centre {
    pub(super) fn answer(&mut self, id: ChannelId, round: u64, agent: usize) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Phase::Ringing { round: present, legs } = &call.phase else { return };
        let Some(leg) = legs.iter().find(|leg| leg.agent == agent && *present == round).copied() else {
            return;
        };
        let losers: Vec<Leg> = legs.iter().filter(|leg| leg.agent != agent).copied().collect();
        let (queue, visit, joined, callid) = (call.queue, call.visit, call.joined, Arc::clone(&call.callid));
        let plan = Arc::clone(&self.plan);
        self.set_state(leg.channel, ChannelState::Up);
        self.dial_ended(id, leg.channel, DialStatus::Answer);
        let party = self.agent_party(agent);
        self.connect_party(id, party);
        self.leave_queue(id);
        let (hold_seconds, ring_seconds) = (self.seconds_since(joined), self.seconds_since(leg.since));
        self.agents[agent].busy = Busy::Talking(id);
        self.agents[agent].in_call_of = Some(queue);
        self.tell_offer(id, &leg, queue, |offer| What::AgentConnect { offer, hold_seconds, ring_seconds });
        self.bridge(leg.channel, id);
        let leg_id = self.state.channels.get(&leg.channel).map(|channel| Arc::clone(&channel.uniqueid));
        let leg_id = leg_id.unwrap_or_else(|| Arc::clone(&self.empty));
        let (queue_name, agent_name) = (&plan.queues[queue].name, &plan.agents[agent].name);
        self.log(&callid, queue_name, agent_name, "CONNECT", &[&hold_seconds, &leg_id, &ring_seconds]);
        let ending = self.ending(queue);
        let leg_name = self.state.channels.get(&leg.channel).map(|channel| Arc::clone(&channel.name));
        if let Some(call) = self.calls.get_mut(&id) {
            let talk = Talk { leg, since: self.now, hold_seconds, ending, on_hold: false, consult: None };
            call.phase = Phase::Talking(talk);
            call.last_leg = leg_name.unwrap_or_default();
        }
        self.refresh(agent);
        for loser in losers {
            self.end_leg(id, &loser, DialStatus::Cancel, 26);
        }
        self.plan_talk(id, visit, queue, agent, ending);
    }

    fn ending(&mut self, queue: usize) -> Ending {
        let queues = self.plan.queues.len();
        match self.dice.share() {
            share if share < 0.035 && queues > 1 => {
                let step = usize::try_from(self.dice.between(1, 999)).unwrap_or(1) % (queues - 1) + 1;
                Ending::ToQueue((queue + step) % queues)
            }
            share if share < 0.055 => Ending::ToColleague,
            share if share < 0.075 => Ending::Consult,
            share if share < 0.60 => Ending::Caller,
            _ => Ending::Agent,
        }
    }

    fn plan_talk(&mut self, call: ChannelId, visit: u64, queue: usize, agent: usize, ending: Ending) {
        let plan = Arc::clone(&self.plan);
        let median = crate::sim::dice::float(plan.queues[queue].talk_ms) * plan.agents[agent].pace;
        let passes_on = !matches!(ending, Ending::Agent | Ending::Caller);
        let median = crate::sim::dice::whole(if passes_on { median * 0.4 } else { median });
        let long = hurried(self.dice.about(median, 0.65).clamp(4_000, 5_400_000), self.tempo);
        self.agenda.add(self.now + long, Due::TalkEnds { call, visit });
        if long > 30_000 && self.dice.chance(0.13) {
            let begins = self.now + long / 3;
            self.agenda.add(begins, Due::Hold { call, visit, begins: true });
            let ends = begins + self.dice.between(long / 12, long / 3);
            self.agenda.add(ends, Due::Hold { call, visit, begins: false });
        }
    }

    /// The talk of this stay, if it goes on.
    pub(super) fn talk_of(&mut self, id: ChannelId, visit: u64) -> Option<&mut Talk> {
        let call = self.calls.get_mut(&id).filter(|call| call.visit == visit)?;
        match &mut call.phase {
            Phase::Talking(talk) => Some(talk),
            _ => None,
        }
    }

    pub(super) fn hold(&mut self, id: ChannelId, visit: u64, begins: bool) {
        let Some(talk) =
            self.talk_of(id, visit).filter(|talk| talk.on_hold != begins && talk.consult.is_none())
        else {
            return;
        };
        talk.on_hold = begins;
        let leg = talk.leg.channel;
        self.tell_of(leg, |channel| if begins { What::Hold(channel) } else { What::Unhold(channel) });
    }

    pub(super) fn talk_ends(&mut self, id: ChannelId, visit: u64) {
        let Some(talk) = self.talk_of(id, visit).filter(|talk| talk.consult.is_none()) else { return };
        match talk.ending {
            Ending::Agent => self.finish(id, true),
            Ending::Caller => self.finish(id, false),
            Ending::ToQueue(queue) => self.pass_to_queue(id, queue),
            Ending::ToColleague => self.pass_to_colleague(id),
            Ending::Consult => self.consult(id, visit),
        }
    }

    /// Somebody hangs up and the call is over.
    pub(super) fn finish(&mut self, id: ChannelId, by_agent: bool) {
        let Some(Phase::Talking(talk)) = self.calls.get(&id).map(|call| call.phase.clone()) else { return };
        let leg = talk.leg;
        let (first, second) = if by_agent { (leg.channel, id) } else { (id, leg.channel) };
        self.tell_of(first, What::HangupRequest);
        self.leave(first);
        self.leave(second);
        if let Some((own, colleague)) = talk.consult {
            self.hang_up(own, 16);
            self.hang_up(colleague, 16);
        }
        let reason = if by_agent { Reason::Agent } else { Reason::Caller };
        self.complete(id, &talk, reason);
        let event = if by_agent { "COMPLETEAGENT" } else { "COMPLETECALLER" };
        self.log_end(id, &talk, event, &[]);
        self.hang_up(leg.channel, 16);
        self.caller_gone(id, false);
        self.agent_done(&talk);
    }

    /// AgentComplete, and the queue's counters.
    pub(super) fn complete(&mut self, id: ChannelId, talk: &Talk, reason: Reason) {
        let Some(queue) = self.calls.get(&id).map(|call| call.queue) else { return };
        let (hold_seconds, talk_seconds) = (talk.hold_seconds, self.seconds_since(talk.since));
        self.tell_offer(id, &talk.leg, queue, |offer| What::AgentComplete {
            offer,
            hold_seconds,
            talk_seconds,
            reason,
        });
        let state = &mut self.state.queues[queue];
        state.completed += 1;
        state.completed_in_level += u32::from(hold_seconds <= state.service_level);
        Self::note_mean(&mut state.hold_time, hold_seconds);
        Self::note_mean(&mut state.talk_time, talk_seconds);
    }

    /// The row that ends the agent's part: what comes before hold, talk and position differs by event.
    pub(super) fn log_end(
        &mut self,
        id: ChannelId,
        talk: &Talk,
        event: &'static str,
        before: &[&dyn std::fmt::Display],
    ) {
        let Some(call) = self.calls.get(&id) else { return };
        let (callid, queue, position) = (Arc::clone(&call.callid), call.queue, call.original_position);
        let talked = self.seconds_since(talk.since);
        let plan = Arc::clone(&self.plan);
        let mut data: Vec<&dyn std::fmt::Display> = before.to_vec();
        data.extend([&talk.hold_seconds as &dyn std::fmt::Display, &talked, &position]);
        self.log(&callid, &plan.queues[queue].name, &plan.agents[talk.leg.agent].name, event, &data);
    }

    /// The agent's part is over.
    pub(super) fn agent_done(&mut self, talk: &Talk) {
        let agent = talk.leg.agent;
        let mine = &mut self.agents[agent];
        mine.taken += 1;
        mine.last_call = Some(self.now);
        let queue = mine.in_call_of.or(mine.places.first().map(|place| place.queue));
        // Who was removed from the last queue meanwhile has nothing to wrap up for.
        let wrap_up = queue.map_or(0, |queue| self.plan.queues[queue].wrap_up);
        self.freed(agent, wrap_up);
    }
}
