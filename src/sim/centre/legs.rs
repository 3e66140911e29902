//! Channels, bridges and devices: the small steps of which every call is made, each told as Asterisk tells it.

use std::sync::Arc;

use super::Centre;
use crate::sim::pbx::{
    Bridge, BridgeId, Channel, ChannelId, ChannelState, DeviceState, DialStatus, Member, Party, What,
};

/// What a new channel is.
pub(super) struct NewChannel<'a> {
    /// `PJSIP/101`, before the dash.
    pub(super) device: &'a str,
    pub(super) state: ChannelState,
    pub(super) caller: Party,
    pub(super) connected: Party,
    pub(super) context: &'a str,
    pub(super) exten: &'a str,
    /// The call's first channel; none for a first one.
    pub(super) linkedid: Option<Arc<str>>,
    /// As asked for by an Originate.
    pub(super) uniqueid: Option<Arc<str>>,
    pub(super) application: &'a str,
    pub(super) data: &'a str,
}

impl Centre {
    pub(super) fn new_channel(&mut self, new: NewChannel<'_>) -> ChannelId {
        let id = self.next_channel;
        self.next_channel += 1;
        self.next_unique += 1;
        let own = || format!("{}.{}", self.now.div_euclid(1000), self.next_unique).into();
        let uniqueid: Arc<str> = new.uniqueid.unwrap_or_else(own);
        let channel = Channel {
            id,
            name: format!("{}-{id:08x}", new.device).into(),
            linkedid: new.linkedid.unwrap_or_else(|| Arc::clone(&uniqueid)),
            uniqueid,
            state: new.state,
            caller: new.caller,
            connected: Party::default(),
            context: new.context.into(),
            exten: new.exten.into(),
            priority: 1,
            application: new.application.into(),
            data: new.data.into(),
            since: self.now,
            bridge: None,
        };
        self.state.channels.insert(id, channel);
        self.tell(|state| Some(What::Newchannel(state.channels.get(&id)?.clone())));
        // The other party is filled in after the channel was told.
        if let Some(channel) = self.state.channels.get_mut(&id) {
            channel.connected = new.connected;
        }
        id
    }

    pub(super) fn set_state(&mut self, id: ChannelId, to: ChannelState) {
        if let Some(channel) = self.state.channels.get_mut(&id) {
            channel.state = to;
        }
        self.tell(|state| Some(What::Newstate(state.channels.get(&id)?.clone())));
    }

    pub(super) fn connect_party(&mut self, id: ChannelId, party: Party) {
        if let Some(channel) = self.state.channels.get_mut(&id) {
            channel.connected = party;
        }
        self.tell(|state| Some(What::NewConnectedLine(state.channels.get(&id)?.clone())));
    }

    /// Tells something of one channel.
    pub(super) fn tell_of(&mut self, id: ChannelId, what: impl FnOnce(Channel) -> What) {
        self.tell(|state| Some(what(state.channels.get(&id)?.clone())));
    }

    /// Brings two channels together in a new bridge.
    pub(super) fn bridge(&mut self, first: ChannelId, second: ChannelId) -> BridgeId {
        let id = self.next_bridge;
        self.next_bridge += 1;
        let (high, low) = (self.dice.number(), self.dice.number());
        let uniqueid = format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 48) & 0x3fff,
            low & 0xffff_ffff_ffff
        );
        self.state.bridges.insert(id, Bridge { id, uniqueid: uniqueid.into(), channels: 0 });
        self.tell(|state| Some(What::BridgeCreate(state.bridges.get(&id)?.clone())));
        self.enter(first, id);
        self.enter(second, id);
        id
    }

    pub(super) fn enter(&mut self, channel: ChannelId, bridge: BridgeId) {
        if let Some(found) = self.state.channels.get_mut(&channel) {
            found.bridge = Some(bridge);
        }
        if let Some(found) = self.state.bridges.get_mut(&bridge) {
            found.channels += 1;
        }
        self.tell(|state| {
            let bridge = state.bridges.get(&bridge)?.clone();
            Some(What::BridgeEnter(bridge, state.channels.get(&channel)?.clone()))
        });
    }

    /// Takes a channel out of its bridge; the last one takes the bridge with it.
    pub(super) fn leave(&mut self, channel: ChannelId) {
        let Some(bridge) = self.state.channels.get_mut(&channel).and_then(|channel| channel.bridge.take())
        else {
            return;
        };
        let mut left = 0;
        if let Some(found) = self.state.bridges.get_mut(&bridge) {
            found.channels = found.channels.saturating_sub(1);
            left = found.channels;
        }
        self.tell(|state| {
            let bridge = state.bridges.get(&bridge)?.clone();
            Some(What::BridgeLeave(bridge, state.channels.get(&channel)?.clone()))
        });
        if left == 0
            && let Some(gone) = self.state.bridges.remove(&bridge)
        {
            self.tell(|_| Some(What::BridgeDestroy(gone)));
        }
    }

    /// A channel ends; whoever listens to it is hung up, too.
    pub(super) fn hang_up(&mut self, id: ChannelId, cause: u8) {
        self.leave(id);
        self.unspy(id);
        if let Some(gone) = self.state.channels.remove(&id) {
            self.tell(|_| Some(What::Hangup(gone, cause)));
        }
    }

    /// A dial from `caller` to `dest` came out.
    pub(super) fn dial_ended(&mut self, caller: ChannelId, dest: ChannelId, status: DialStatus) {
        self.tell(|state| {
            let dest = state.channels.get(&dest)?.clone();
            Some(What::DialEnd { caller: state.channels.get(&caller).cloned(), dest, status })
        });
    }

    /// A phone's state, for those that are nobody's in a queue.
    pub(super) fn device(&mut self, device: &str, to: DeviceState) {
        self.tell(|_| Some(What::DeviceStateChange(device.into(), to)));
    }

    /// Makes an agent's members in all queues equal to how the agent stands, and tells what changed.
    pub(super) fn refresh(&mut self, agent: usize) {
        if !self.live {
            return;
        }
        let status = self.agents[agent].status();
        let mut changed_device = false;
        for place in 0..self.agents[agent].places.len() {
            let queue = self.agents[agent].places[place].queue;
            let wanted = self.member(agent, place);
            let interface = &self.plan.agents[agent].interface;
            let members = &mut self.state.queues[queue].members;
            let Some(member) = members.iter_mut().find(|member| member.interface == *interface) else {
                continue;
            };
            if *member == wanted {
                continue;
            }
            changed_device |= member.status != wanted.status;
            let is_pause = member.paused != wanted.paused || member.paused_reason != wanted.paused_reason;
            *member = wanted.clone();
            let what =
                if is_pause { What::QueueMemberPause(wanted) } else { What::QueueMemberStatus(wanted) };
            self.tell(|_| Some(what));
        }
        if changed_device {
            let interface = Arc::clone(&self.plan.agents[agent].interface);
            self.tell(|_| Some(What::DeviceStateChange(interface, status)));
        }
    }

    /// An agent as a member of one of the agent's queues.
    pub(super) fn member(&self, agent: usize, place: usize) -> Member {
        let (plan, now) = (&self.plan.agents[agent], &self.agents[agent]);
        let at = &now.places[place];
        let paused = at.paused.is_some();
        Member {
            queue: Arc::clone(&self.plan.queues[at.queue].name),
            interface: Arc::clone(&plan.interface),
            name: Arc::clone(&plan.name),
            is_dynamic: at.is_dynamic,
            penalty: at.penalty,
            calls_taken: now.taken,
            last_call: now.last_call.map_or(0, |at| at.div_euclid(1000)),
            last_pause: now.last_pause.map_or(0, |at| at.div_euclid(1000)),
            login_time: now.login.div_euclid(1000),
            in_call: now.in_call_of == Some(at.queue),
            status: now.status(),
            paused,
            paused_reason: at.paused.clone().unwrap_or_else(|| Arc::clone(&self.empty)),
            wrapup_time: 0,
        }
    }

    /// Puts an agent into the lists of members as the agent's kind wants it: always, or only at work.
    pub(super) fn seat(&mut self, agent: usize) {
        let interface = Arc::clone(&self.plan.agents[agent].interface);
        for place in 0..self.agents[agent].places.len() {
            let at = &self.agents[agent].places[place];
            let (queue, is_there) = (at.queue, !at.is_dynamic || self.agents[agent].at_work);
            let known = self.state.queues[queue].members.iter().any(|member| member.interface == interface);
            if is_there && !known {
                let member = self.member(agent, place);
                self.state.queues[queue].members.push(member);
            }
        }
    }

    /// Who an agent is, as the other end sees it.
    pub(super) fn agent_party(&self, agent: usize) -> Party {
        let plan = &self.plan.agents[agent];
        Party { number: Arc::clone(&plan.exten), name: Arc::clone(&plan.name) }
    }
}
