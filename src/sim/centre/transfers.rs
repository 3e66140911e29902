//! Passing callers on: blindly into another queue or to a colleague, and after asking.

use std::sync::Arc;

use super::Centre;
use super::agenda::Due;
use super::callers::Phase;
use super::legs::NewChannel;
use super::talks::Talk;
use crate::sim::calendar::hurried;
use crate::sim::pbx::{ChannelId, ChannelState, DeviceState, DialStatus, Party, Reason, What};

/// Colleagues who are in no queue: extensions from here on.
const COLLEAGUES: i64 = 7001;
const COLLEAGUE_COUNT: i64 = 12;

impl Centre {
    /// The talk of a call that is being passed on.
    fn talk(&self, id: ChannelId) -> Option<Talk> {
        match &self.calls.get(&id)?.phase {
            Phase::Talking(talk) => Some(talk.clone()),
            _ => None,
        }
    }

    pub(super) fn pass_to_queue(&mut self, id: ChannelId, queue: usize) {
        let exten = Arc::clone(&self.plan.queues[queue].exten);
        if self.blind(id, &exten, "queues").is_some() {
            self.join(id, queue);
        }
    }

    pub(super) fn pass_to_colleague(&mut self, id: ChannelId) {
        let exten: Arc<str> =
            self.dice.between(COLLEAGUES, COLLEAGUES + COLLEAGUE_COUNT - 1).to_string().into();
        let Some(caller) = self.blind(id, &exten, "agents") else { return };
        let dest = self.ring_colleague(id, &exten, caller);
        self.colleague_answers(id, dest);
        self.bridge(dest, id);
        if let Some(call) = self.calls.get_mut(&id) {
            call.phase = Phase::Away { dest: Some(dest) };
        }
        let long = hurried(self.dice.about(100_000, 0.6), self.tempo);
        self.agenda.add(self.now + long, Due::Depart(id));
    }

    /// Ends the agent's part by a transfer without asking. Returns who the caller is.
    fn blind(&mut self, id: ChannelId, exten: &Arc<str>, context: &str) -> Option<Party> {
        let talk = self.talk(id)?;
        let leg = talk.leg.channel;
        self.tell_of(leg, What::Unhold);
        self.tell(|state| {
            let (transferer, transferee) =
                (state.channels.get(&leg)?.clone(), state.channels.get(&id)?.clone());
            let bridge = state.bridges.get(&transferer.bridge?)?.clone();
            let (exten, context) = (Arc::clone(exten), context.into());
            Some(What::BlindTransfer { transferer, transferee, bridge, exten, context })
        });
        self.leave(leg);
        self.leave(id);
        self.complete(id, &talk, Reason::Transfer);
        self.log_end(id, &talk, "BLINDTRANSFER", &[exten, &context]);
        self.hang_up(leg, 16);
        self.agent_done(&talk);
        self.close_part(id, exten, context);
        self.calls.get(&id).map(|call| call.party.clone())
    }

    /// The cdr row of the part that ended, and where the caller is now.
    fn close_part(&mut self, id: ChannelId, exten: &Arc<str>, context: &str) {
        let row = self.calls.get(&id).and_then(|call| self.cdr(id, call, "Queue", "ANSWERED"));
        if let Some(row) = row {
            self.write_cdr(row);
        }
        if let Some(call) = self.calls.get_mut(&id) {
            (call.part_since, call.exten) = (self.now, Arc::clone(exten));
        }
        if let Some(channel) = self.state.channels.get_mut(&id) {
            (channel.exten, channel.context) = (Arc::clone(exten), context.into());
        }
    }

    /// A colleague's phone rings for a channel; who calls is told.
    fn ring_colleague(&mut self, from: ChannelId, exten: &Arc<str>, caller: Party) -> ChannelId {
        let linkedid = self.state.channels.get(&from).map(|channel| Arc::clone(&channel.linkedid));
        let own = Party { number: Arc::clone(exten), name: format!("Desk {exten}").into() };
        let device = format!("PJSIP/{exten}");
        let dest = self.new_channel(NewChannel {
            device: &device,
            state: ChannelState::Down,
            caller: own.clone(),
            connected: caller.clone(),
            context: "agents",
            exten,
            linkedid,
            uniqueid: None,
            application: "AppDial",
            data: "(Outgoing Line)",
        });
        self.connect_party(dest, caller);
        self.tell(|state| {
            let dest = state.channels.get(&dest)?.clone();
            Some(What::DialBegin {
                caller: state.channels.get(&from).cloned(),
                dest,
                dialed: Arc::clone(exten),
            })
        });
        self.connect_party(from, own);
        self.set_state(dest, ChannelState::Ringing);
        self.device(&device, DeviceState::Ringing);
        dest
    }

    fn colleague_answers(&mut self, from: ChannelId, dest: ChannelId) {
        self.set_state(dest, ChannelState::Up);
        self.dial_ended(from, dest, DialStatus::Answer);
        let device = self.state.channels.get(&dest).map(|channel| Arc::clone(&channel.name));
        if let Some((device, _)) = device.as_deref().and_then(|name| name.rsplit_once('-')) {
            self.device(device, DeviceState::InUse);
        }
    }

    /// The agent puts the caller on hold and asks a colleague.
    pub(super) fn consult(&mut self, id: ChannelId, visit: u64) {
        let Some(talk) = self.talk(id) else { return };
        let plan = Arc::clone(&self.plan);
        let who = &plan.agents[talk.leg.agent];
        let exten: Arc<str> =
            self.dice.between(COLLEAGUES, COLLEAGUES + COLLEAGUE_COUNT - 1).to_string().into();
        if !talk.on_hold {
            self.tell_of(talk.leg.channel, What::Hold);
        }
        let party = self.agent_party(talk.leg.agent);
        let own = self.new_channel(NewChannel {
            device: &who.interface,
            state: ChannelState::Ring,
            caller: party.clone(),
            connected: Party::default(),
            context: "agents",
            exten: &exten,
            linkedid: None,
            uniqueid: None,
            application: "Dial",
            data: &format!("PJSIP/{exten},30,tT"),
        });
        let colleague = self.ring_colleague(own, &exten, party);
        self.colleague_answers(own, colleague);
        self.set_state(own, ChannelState::Up);
        self.bridge(colleague, own);
        if let Some(talk) = self.talk_of(id, visit) {
            (talk.consult, talk.on_hold) = (Some((own, colleague)), true);
        }
        let long = hurried(self.dice.between(8_000, 35_000), self.tempo);
        self.agenda.add(self.now + long, Due::Consult { call: id, visit });
    }

    /// The colleague takes the caller.
    pub(super) fn consult_answered(&mut self, id: ChannelId, visit: u64) {
        if self.talk_of(id, visit).is_none() {
            return;
        }
        let Some((talk, (own, colleague))) =
            self.talk(id).and_then(|talk| Some((talk.clone(), talk.consult?)))
        else {
            return;
        };
        let leg = talk.leg.channel;
        self.tell_of(leg, What::Unhold);
        let find = |id: ChannelId| self.state.channels.get(&id).cloned();
        let (Some(first), Some(second), Some(transferee), Some(target)) =
            (find(leg), find(own), find(id), find(colleague))
        else {
            return;
        };
        let bridges = first.bridge.zip(second.bridge);
        let bridges = bridges.and_then(|(one, two)| {
            Some((self.state.bridges.get(&one)?.clone(), self.state.bridges.get(&two)?.clone()))
        });
        let Some((first_bridge, second_bridge)) = bridges else { return };
        let kept = first_bridge.id;
        let kept_name = Arc::clone(&first_bridge.uniqueid);
        self.leave(colleague);
        self.leave(leg);
        self.enter(colleague, kept);
        self.connect_party(id, target.caller.clone());
        self.tell(|_| {
            Some(What::AttendedTransfer { first, second, first_bridge, second_bridge, transferee, target })
        });
        self.leave(own);
        let caller = self.calls.get(&id).map(|call| call.party.clone()).unwrap_or_default();
        self.connect_party(colleague, caller);
        self.hang_up(leg, 16);
        self.complete(id, &talk, Reason::Transfer);
        self.log_end(id, &talk, "ATTENDEDTRANSFER", &[&"BRIDGE", &kept_name]);
        self.hang_up(own, 16);
        self.agent_done(&talk);
        let exten = self.calls.get(&id).map(|call| Arc::clone(&call.exten)).unwrap_or_default();
        self.close_part(id, &exten, "from-trunk");
        if let Some(call) = self.calls.get_mut(&id) {
            call.phase = Phase::Away { dest: Some(colleague) };
        }
        let long = hurried(self.dice.about(110_000, 0.6), self.tempo);
        self.agenda.add(self.now + long, Due::Depart(id));
    }
}
