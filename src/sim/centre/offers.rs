//! Who rings for whom: each queue's strategy, one offer after the other, and what comes of it.

use std::sync::Arc;

use super::Centre;
use super::agenda::Due;
use super::agents::Busy;
use super::callers::Phase;
use super::legs::NewChannel;
use crate::sim::calendar::hurried;
use crate::sim::pbx::{Channel, ChannelId, ChannelState, DialStatus, Millis, Offer, What};
use crate::sim::plan::Strategy;

/// A phone rings so long at most.
const RING_MS: Millis = 15_000;
/// After a round without an answer the next one begins so much later.
const RETRY_MS: Millis = 2_000;

/// A member's phone that rings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    pub(super) agent: usize,
    pub(super) channel: ChannelId,
    pub(super) since: Millis,
}

impl Centre {
    /// Gives the waiting callers of a queue to its free members, first in line first.
    pub(super) fn scan(&mut self, queue: usize) {
        let mut at = 0;
        while let Some(entry) = self.state.queues[queue].entries.get(at) {
            let id = entry.channel;
            at += 1;
            let ready = self.calls.get(&id).is_some_and(|call| {
                matches!(call.phase, Phase::Waiting) && call.next_try <= self.now && call.queue == queue
            });
            if !ready {
                continue;
            }
            let chosen = self.choose(queue);
            if chosen.is_empty() {
                return;
            }
            self.offer(id, queue, &chosen);
        }
    }

    /// The members whose phones shall ring for the next caller; none when nobody is free.
    fn choose(&mut self, queue: usize) -> Vec<usize> {
        let line = &self.lines[queue];
        let free =
            |agent: usize| self.agents[agent].is_free_for(queue, self.now).map(|penalty| (penalty, agent));
        let free: Vec<_> = line.agents.iter().filter_map(|agent| free(*agent)).collect();
        let Some(least) = free.iter().map(|(penalty, _)| *penalty).min() else { return Vec::new() };
        let mut tier: Vec<usize> =
            free.into_iter().filter(|(penalty, _)| *penalty == least).map(|(_, agent)| agent).collect();
        let turn = line.turn;
        match self.plan.queues[queue].strategy {
            Strategy::RingAll => return tier,
            Strategy::Linear => {}
            Strategy::RoundRobin => tier.sort_by_key(|agent| (*agent <= turn, *agent)),
            Strategy::LeastRecent => tier.sort_by_key(|agent| self.agents[*agent].last_call),
            Strategy::FewestCalls => tier.sort_by_key(|agent| self.agents[*agent].taken),
        }
        tier.truncate(1);
        if let Some(agent) = tier.first() {
            self.lines[queue].turn = *agent;
        }
        tier
    }

    fn offer(&mut self, id: ChannelId, queue: usize, chosen: &[usize]) {
        let plan = Arc::clone(&self.plan);
        self.next_visit += 1;
        let round = self.next_visit;
        let Some(caller) = self.state.channels.get(&id) else { return };
        let (party, exten, linkedid) =
            (caller.caller.clone(), Arc::clone(&caller.exten), Some(Arc::clone(&caller.linkedid)));
        let mut legs = Vec::with_capacity(chosen.len());
        for agent in chosen {
            let who = &plan.agents[*agent];
            let channel = self.new_channel(NewChannel {
                device: &who.interface,
                state: ChannelState::Down,
                caller: self.agent_party(*agent),
                connected: party.clone(),
                context: "agents",
                exten: &exten,
                linkedid: linkedid.clone(),
                uniqueid: None,
                application: "AppQueue",
                data: "(Outgoing Line)",
            });
            let leg = Leg { agent: *agent, channel, since: self.now };
            self.tell_offer(id, &leg, queue, What::AgentCalled);
            self.tell(|state| {
                let dest = state.channels.get(&channel)?.clone();
                Some(What::DialBegin {
                    caller: state.channels.get(&id).cloned(),
                    dest,
                    dialed: Arc::clone(&who.exten),
                })
            });
            self.agents[*agent].busy = Busy::Ringing(id);
            legs.push(leg);
        }
        for leg in &legs {
            self.set_state(leg.channel, ChannelState::Ringing);
            self.connect_party(leg.channel, party.clone());
            self.refresh(leg.agent);
            self.decide(id, round, *leg);
        }
        let last = legs.last().and_then(|leg| self.state.channels.get(&leg.channel));
        let last_leg = last.map(|channel| Arc::clone(&channel.name));
        if let Some(call) = self.calls.get_mut(&id) {
            call.phase = Phase::Ringing { round, legs };
            call.last_leg = last_leg.unwrap_or_else(|| Arc::clone(&call.last_leg));
        }
    }

    /// What an agent will do about the ringing phone.
    fn decide(&mut self, call: ChannelId, round: u64, leg: Leg) {
        let plan = Arc::clone(&self.plan);
        let (who, agent) = (&plan.agents[leg.agent], leg.agent);
        let unanswered = |refused| Due::Unanswered { call, round, agent, refused };
        if self.dice.chance(0.004) {
            let after = self.dice.between(80, 400);
            self.agenda.add(self.now + after, unanswered(true));
        } else if self.dice.chance(who.no_answer) {
            self.agenda.add(self.now + RING_MS, unanswered(false));
        } else {
            let after = hurried(self.dice.about(who.pick_up_ms, 0.4), self.tempo).min(RING_MS - 500);
            self.agenda.add(self.now + after, Due::Answer { call, round, agent });
        }
    }

    /// An agent's phone was not answered.
    pub(super) fn unanswered(&mut self, id: ChannelId, round: u64, agent: usize, refused: bool) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Phase::Ringing { round: present, legs } = &mut call.phase else { return };
        let Some(at) = legs.iter().position(|leg| leg.agent == agent).filter(|_| *present == round) else {
            return;
        };
        let leg = legs.remove(at);
        let nobody_rings = legs.is_empty();
        if nobody_rings {
            call.phase = Phase::Waiting;
            call.next_try = self.now + RETRY_MS;
        }
        let (callid, queue) = (Arc::clone(&call.callid), call.queue);
        let ring_ms = if refused { 0 } else { u32::try_from(self.now - leg.since).unwrap_or(0) };
        let plan = Arc::clone(&self.plan);
        self.tell_offer(id, &leg, queue, |offer| What::AgentRingNoAnswer { offer, ring_ms });
        self.log(&callid, &plan.queues[queue].name, &plan.agents[agent].name, "RINGNOANSWER", &[&ring_ms]);
        self.end_leg(id, &leg, DialStatus::NoAnswer, if refused { 17 } else { 19 });
        if !refused
            && self.dice.chance(0.35)
            && self.agents[agent].busy == Busy::Free
            && !self.agents[agent].is_paused()
        {
            let long = hurried(self.dice.about(150_000, 0.4), self.tempo);
            self.pause_until(agent, "Auto-Pause", self.now + long);
        }
        if nobody_rings {
            self.agenda.add(self.now + RETRY_MS, Due::Scan(queue));
        }
    }

    /// Tells something of an offer.
    pub(super) fn tell_offer(
        &mut self,
        caller: ChannelId,
        leg: &Leg,
        queue: usize,
        what: impl FnOnce(Offer) -> What,
    ) {
        if !self.live {
            return;
        }
        let find = |id: ChannelId| -> Option<Channel> { self.state.channels.get(&id).cloned() };
        let (Some(caller), Some(dest)) = (find(caller), find(leg.channel)) else { return };
        let who = &self.plan.agents[leg.agent];
        let offer = Offer {
            caller,
            dest,
            queue: Arc::clone(&self.plan.queues[queue].name),
            interface: Arc::clone(&who.interface),
            member: Arc::clone(&who.name),
        };
        self.tell(|_| Some(what(offer)));
    }
}
