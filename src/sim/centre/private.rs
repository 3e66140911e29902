//! Calls that agents make themselves, outside the queues.

use std::sync::Arc;

use super::Centre;
use super::agenda::Due;
use super::agents::Busy;
use super::legs::NewChannel;
use crate::sim::calendar::hurried;
use crate::sim::names;
use crate::sim::pbx::{ChannelId, ChannelState, DialStatus, Millis, Party, What};
use crate::sim::rows::CdrRow;

/// Private calls come about so often, an hour at work.
pub(super) const PER_HOUR: f64 = 0.7;

/// Such a call.
#[derive(Clone, Debug)]
pub(super) struct Private {
    agent: usize,
    pub(super) dest: ChannelId,
    since: Millis,
    answered: Option<Millis>,
    number: Arc<str>,
}

impl Centre {
    /// An agent feels like calling somebody; does so only with nothing else to do.
    pub(super) fn dial_out(&mut self, agent: usize) {
        if !self.agents[agent].at_work {
            return;
        }
        let gap = self.dice.gap(PER_HOUR * self.tempo);
        self.agenda.add(self.now + gap, Due::Private(agent));
        let mine = &self.agents[agent];
        if mine.busy != Busy::Free || mine.is_paused() || self.now < mine.rests_until {
            return;
        }
        let plan = Arc::clone(&self.plan);
        let who = &plan.agents[agent];
        let (number, name) = names::caller(&mut self.dice);
        let other = Party { number: number.into(), name: name.into() };
        let own = self.new_channel(NewChannel {
            device: &who.interface,
            state: ChannelState::Ring,
            caller: self.agent_party(agent),
            connected: Party::default(),
            context: "agents",
            exten: &other.number,
            linkedid: None,
            uniqueid: None,
            application: "Dial",
            data: &format!("PJSIP/{}@trunk", other.number),
        });
        let linkedid = self.state.channels.get(&own).map(|channel| Arc::clone(&channel.linkedid));
        let dest = self.new_channel(NewChannel {
            device: "PJSIP/trunk",
            state: ChannelState::Down,
            caller: other.clone(),
            connected: self.agent_party(agent),
            context: "from-trunk",
            exten: &who.exten,
            linkedid,
            uniqueid: None,
            application: "AppDial",
            data: "(Outgoing Line)",
        });
        self.tell(|state| {
            let (caller, dest) = (state.channels.get(&own).cloned(), state.channels.get(&dest)?.clone());
            Some(What::DialBegin { caller, dest, dialed: Arc::clone(&other.number) })
        });
        self.connect_party(own, other.clone());
        self.set_state(dest, ChannelState::Ringing);
        self.agents[agent].busy = Busy::Private(own);
        self.refresh(agent);
        let (since, number) = (self.now, Arc::clone(&other.number));
        self.privates.insert(own, Private { agent, dest, since, answered: None, number });
        let rings = hurried(self.dice.about(7_000, 0.4), self.tempo);
        let due = if self.dice.chance(0.75) { Due::PrivateAnswered(own) } else { Due::PrivateEnds(own) };
        self.agenda.add(self.now + rings, due);
    }

    pub(super) fn dial_answered(&mut self, own: ChannelId) {
        let now = self.now;
        let Some(private) = self.privates.get_mut(&own) else { return };
        private.answered = Some(now);
        let dest = private.dest;
        self.set_state(dest, ChannelState::Up);
        self.dial_ended(own, dest, DialStatus::Answer);
        self.set_state(own, ChannelState::Up);
        self.bridge(dest, own);
        let long = hurried(self.dice.about(80_000, 0.7), self.tempo);
        self.agenda.add(self.now + long, Due::PrivateEnds(own));
    }

    pub(super) fn dial_ends(&mut self, own: ChannelId) {
        let Some(private) = self.privates.remove(&own) else { return };
        self.tell_of(own, What::HangupRequest);
        if private.answered.is_none() {
            self.dial_ended(own, private.dest, DialStatus::NoAnswer);
        }
        self.leave(own);
        let (channel, other) = (self.state.channels.get(&own), self.state.channels.get(&private.dest));
        let row = channel.zip(other).map(|(channel, other)| CdrRow {
            start: private.since,
            answer: private.answered,
            end: self.now,
            src: Arc::clone(&channel.caller.number),
            clid: format!("\"{}\" <{}>", channel.caller.name, channel.caller.number).into(),
            dst: Arc::clone(&private.number),
            dcontext: Arc::clone(&channel.context),
            channel: Arc::clone(&channel.name),
            dstchannel: Arc::clone(&other.name),
            lastapp: "Dial",
            lastdata: Arc::clone(&channel.data),
            disposition: if private.answered.is_some() { "ANSWERED" } else { "NO ANSWER" },
            uniqueid: Arc::clone(&channel.uniqueid),
            linkedid: Arc::clone(&channel.linkedid),
            sequence: 0,
        });
        self.hang_up(private.dest, 16);
        self.hang_up(own, 16);
        if let Some(row) = row {
            self.write_cdr(row);
        }
        self.freed(private.agent, 0);
    }
}
