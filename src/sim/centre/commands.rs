//! What can be told to the call centre from outside, as AMI actions do.

use std::sync::Arc;

use super::Centre;
use super::agents::Place;
use super::callers::Phase;
use crate::sim::pbx::{ChannelId, Command, Pbx, Refused, State, What};

impl Pbx for Centre {
    fn state(&self) -> &State {
        &self.state
    }

    fn command(&mut self, command: Command) -> Result<(), Refused> {
        match command {
            Command::Originate(asked) => {
                self.originate(asked);
                Ok(())
            }
            Command::Hangup { channel, .. } => self.hang_up_named(&channel),
            Command::PlayDtmf { channel, digit } => {
                let id = self.channel(&channel).ok_or(Refused::ChannelNotFound)?;
                self.tell_of(id, |channel| What::DtmfEnd { channel, digit, duration_ms: 100 });
                Ok(())
            }
            Command::QueuePause { interface, queue, paused, reason } => {
                self.pause_named(&interface, queue.as_deref(), paused, &reason)
            }
            // Who sits at a phone is the plan's, whatever name is given.
            Command::QueueAdd { queue, interface, name: _, penalty, paused } => {
                self.add_named(&queue, &interface, penalty, paused)
            }
            Command::QueueRemove { queue, interface } => self.remove_named(&queue, &interface),
            Command::QueuePenalty { interface, queue, penalty } => {
                self.penalty_named(&interface, queue.as_deref(), penalty)
            }
            Command::QueueChangePriority { queue, caller, priority, immediate } => {
                self.change_priority(&queue, &caller, priority, immediate)
            }
            Command::QueueWithdrawCaller { queue, caller, info } => self.withdraw(&queue, &caller, &info),
        }
    }
}

impl Centre {
    fn channel(&self, named: &str) -> Option<ChannelId> {
        self.state.channel_named(named).map(|channel| channel.id)
    }

    fn queue_named(&self, name: &str) -> Option<usize> {
        self.plan.queues.iter().position(|queue| queue.name.eq_ignore_ascii_case(name))
    }

    fn agent_named(&self, interface: &str) -> Option<usize> {
        self.plan.agents.iter().position(|agent| agent.interface.eq_ignore_ascii_case(interface))
    }

    fn hang_up_named(&mut self, named: &str) -> Result<(), Refused> {
        let id = self.channel(named).ok_or(Refused::NoSuchChannel)?;
        if self.end_spy(id) {
            return Ok(());
        }
        if self.privates.contains_key(&id) {
            self.dial_ends(id);
            return Ok(());
        }
        if let Some(own) = self.privates.iter().find(|(_, private)| private.dest == id).map(|(own, _)| *own) {
            self.dial_ends(own);
            return Ok(());
        }
        if let Some(call) = self.calls.get(&id) {
            match call.phase {
                Phase::Waiting | Phase::Ringing { .. } => self.gives_up(id, call.visit),
                // Asterisk writes COMPLETECALLER whichever side is hung up from outside.
                Phase::Talking(_) => self.finish(id, false),
                Phase::Away { .. } => self.depart(id),
            }
            return Ok(());
        }
        let talk_with = |id: ChannelId| {
            self.calls.iter().find_map(|(caller, call)| match &call.phase {
                Phase::Talking(talk) if talk.leg.channel == id => Some(*caller),
                _ => None,
            })
        };
        if let Some(caller) = talk_with(id) {
            self.finish(caller, false);
        }
        Ok(())
    }

    fn pause_named(
        &mut self,
        interface: &str,
        queue: Option<&str>,
        paused: bool,
        reason: &str,
    ) -> Result<(), Refused> {
        let agent = self.agent_named(interface).ok_or(Refused::InterfaceNotFound)?;
        let queue = match queue {
            None => None,
            Some(name) => {
                let queue = self.queue_named(name).ok_or(Refused::InterfaceNotFound)?;
                let is_member = self.agents[agent].places.iter().any(|place| place.queue == queue);
                Some(if is_member { queue } else { return Err(Refused::InterfaceNotFound) })
            }
        };
        if paused {
            self.pause(agent, queue, reason);
        } else {
            self.unpause(agent, queue);
            self.scan_all_of(agent);
        }
        Ok(())
    }

    fn add_named(&mut self, queue: &str, interface: &str, penalty: u32, paused: bool) -> Result<(), Refused> {
        let queue = self.queue_named(queue).ok_or(Refused::NoSuchQueue)?;
        let agent = self.agent_named(interface).ok_or(Refused::InterfaceNotFound)?;
        if self.agents[agent].places.iter().any(|place| place.queue == queue) {
            return Err(Refused::AlreadyThere);
        }
        let paused = paused.then(|| Arc::clone(&self.empty));
        self.agents[agent].places.push(Place { queue, penalty, paused, is_dynamic: true });
        self.lines[queue].agents.push(agent);
        let place = self.agents[agent].places.len() - 1;
        let member = self.member(agent, place);
        self.state.queues[queue].members.push(member.clone());
        self.tell(|_| Some(What::QueueMemberAdded(member)));
        let (callid, plan) = ("MANAGER".into(), Arc::clone(&self.plan));
        self.log(&callid, &plan.queues[queue].name, &plan.agents[agent].interface, "ADDMEMBER", &[]);
        self.scan(queue);
        Ok(())
    }

    fn remove_named(&mut self, queue: &str, interface: &str) -> Result<(), Refused> {
        let queue = self.queue_named(queue).ok_or(Refused::NoQueueToLeave)?;
        let agent = self.agent_named(interface).ok_or(Refused::NotThere)?;
        let places = &self.agents[agent].places;
        let at = places.iter().position(|place| place.queue == queue).ok_or(Refused::NotThere)?;
        if !places[at].is_dynamic {
            return Err(Refused::NotDynamic);
        }
        self.agents[agent].places.remove(at);
        self.lines[queue].agents.retain(|known| *known != agent);
        let members = &mut self.state.queues[queue].members;
        let interface = &self.plan.agents[agent].interface;
        if let Some(at) = members.iter().position(|member| member.interface == *interface) {
            let member = members.remove(at);
            self.tell(|_| Some(What::QueueMemberRemoved(member)));
        }
        let (callid, plan) = ("MANAGER".into(), Arc::clone(&self.plan));
        self.log(&callid, &plan.queues[queue].name, &plan.agents[agent].interface, "REMOVEMEMBER", &[]);
        Ok(())
    }

    /// A queue knows its callers by their channels' names alone: a uniqueid finds nobody.
    fn caller_named(&self, name: &str) -> Option<ChannelId> {
        let channel = self.state.channel_named(name)?;
        channel.name.eq_ignore_ascii_case(name).then_some(channel.id)
    }

    fn penalty_named(&mut self, interface: &str, queue: Option<&str>, penalty: u32) -> Result<(), Refused> {
        let agent = self.agent_named(interface).ok_or(Refused::InvalidPenalty)?;
        let only = match queue {
            Some(name) => Some(self.queue_named(name).ok_or(Refused::InvalidPenalty)?),
            None => None,
        };
        let plan = Arc::clone(&self.plan);
        let (who, none) = (&plan.agents[agent].interface, Arc::clone(&self.none));
        let mut found = false;
        for place in 0..self.agents[agent].places.len() {
            let at = self.agents[agent].places[place].queue;
            let member = self.state.queues[at].members.iter_mut().find(|member| member.interface == *who);
            let Some(member) = member.filter(|_| only.is_none_or(|queue| queue == at)) else { continue };
            member.penalty = penalty;
            let member = member.clone();
            self.agents[agent].places[place].penalty = penalty;
            self.log(&none, &plan.queues[at].name, who, "PENALTY", &[&penalty]);
            self.tell(|_| Some(What::QueueMemberPenalty(member)));
            found = true;
        }
        if found { Ok(()) } else { Err(Refused::InvalidPenalty) }
    }

    /// The line is by priority, and by time within the same. Nothing is told of it.
    fn change_priority(
        &mut self,
        queue: &str,
        caller: &str,
        priority: i64,
        immediate: bool,
    ) -> Result<(), Refused> {
        let queue = self.queue_named(queue).ok_or(Refused::NoQueueOfPriority)?;
        let id = self.caller_named(caller).ok_or(Refused::NoCallerOfPriority)?;
        let entries = &mut self.state.queues[queue].entries;
        let at = entries.iter().position(|entry| entry.channel == id).ok_or(Refused::NoCallerOfPriority)?;
        if immediate {
            let mut entry = entries.remove(at);
            entry.priority = priority;
            let to = entries.iter().position(|other| other.priority < priority).unwrap_or(entries.len());
            entries.insert(to, entry);
        } else {
            entries[at].priority = priority;
        }
        Ok(())
    }

    fn withdraw(&mut self, queue: &str, caller: &str, info: &str) -> Result<(), Refused> {
        let queue = self.queue_named(queue).ok_or(Refused::NoQueueToWithdraw)?;
        let id = self.caller_named(caller).ok_or(Refused::NoSuchCaller)?;
        let call = self.calls.get(&id).filter(|call| call.queue == queue && self.waits(id, call.visit));
        let callid = call.map(|call| Arc::clone(&call.callid)).ok_or(Refused::NoSuchCaller)?;
        self.cancel_ringing(id, "RINGCANCELED", 0);
        let (position, original, wait) = self.abandon(id);
        let name = Arc::clone(&self.plan.queues[queue].name);
        self.log(&callid, &name, &self.none.clone(), "WITHDRAW", &[&position, &original, &wait, &info]);
        self.goes_away(id, 2_000);
        Ok(())
    }
}
