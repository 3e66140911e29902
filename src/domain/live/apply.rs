//! How each event changes the floor: one small step an event, then the states of whom it touched.

use super::event::{AgentEnd, ChannelInfo, DeviceStatus, Event, MemberInfo};
use super::floor::{Board, Caller, Floor, Member, Part, seat_of};
use super::snapshot::{BoardState, SubState};
use crate::domain::ids::{AgentName, Interface, QueueName, UniqueId};
use crate::domain::time::Moment;

/// What came of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// It named a queue or member that is not known: a whole picture is wanted.
    pub unknown: bool,
}

const UNKNOWN: Applied = Applied { unknown: true };
const KNOWN: Applied = Applied { unknown: false };

impl Floor {
    /// Takes one event. Repeated and unknown ones do no harm.
    pub fn apply(&mut self, event: Event, now: Moment) -> Applied {
        match event {
            Event::Channel(info) => self.touch_channel(info, now),
            Event::Renamed { id, name } => {
                let before = self.channels.get(&id).map(|channel| channel.endpoint.clone());
                let after = self.rename(&id, &name);
                before.into_iter().chain([after]).for_each(|endpoint| self.refresh(&endpoint, now));
            }
            Event::HungUp { id, .. } => {
                self.end_talk(&id, now);
                if let Some(endpoint) = self.remove_channel(&id) {
                    self.device_is_idle(&endpoint);
                    self.refresh(&endpoint, now);
                }
            }
            Event::Hold { id, held } => self.change(&id, now, |channel| channel.held = held),
            Event::BridgeEntered { bridge, channel, swapped } => {
                let id = channel.unique_id();
                self.touch_channel(channel, now);
                if let Some(gone) = swapped {
                    self.leave_bridge(&bridge, &gone);
                }
                self.enter_bridge(&bridge, &id);
                // A leg that talks on after its queue's call is in another call.
                self.change(&id, now, |channel| {
                    channel.part.take_if(|part| part.over);
                });
            }
            Event::BridgeLeft { bridge, id } => self.leave_bridge(&bridge, &id),
            Event::BridgeDestroyed(bridge) => {
                let inside = self.bridges.remove(&bridge).unwrap_or_default();
                inside.iter().for_each(|id| self.leave_bridge(&bridge, id));
            }
            Event::BridgesMerged { from, to } => {
                let inside = self.bridges.get(&from).cloned().unwrap_or_default();
                inside.iter().for_each(|id| self.enter_bridge(&to, id));
            }
            Event::DialBegun { caller, dest } => self.dial(caller, dest, now),
            Event::DialEnded { dest, .. } => self.touch_channel(dest, now),
            Event::SpyStarted { spy, target } => {
                let id = spy.unique_id();
                self.touch_channel(spy, now);
                self.spies.insert(id, target);
            }
            Event::SpyStopped { spy } => drop(self.spies.remove(&spy)),
            Event::CallerJoined { queue, position, channel } => {
                return self.join(&queue, position, channel, now);
            }
            Event::CallerLeft { queue, id } => return self.leave(&queue, &id),
            Event::Member(info) => return self.member(info, now),
            Event::MemberRemoved { queue, interface } => return self.remove_member(&queue, &interface),
            Event::AgentCalled { queue, caller, leg, .. } => self.part(queue, caller, leg, false, now),
            Event::AgentConnected { queue, caller, leg, .. } => self.part(queue, caller, leg, true, now),
            Event::AgentEnded { queue, interface, leg, end } => self.end(&queue, &interface, &leg, end, now),
            Event::Originated { .. } | Event::Key { .. } | Event::Resync | Event::ShuttingDown => {}
        }
        KNOWN
    }

    fn touch_channel(&mut self, info: ChannelInfo, now: Moment) {
        if let Some(endpoint) = self.put_channel(info, now) {
            self.refresh(&endpoint, now);
        }
    }

    fn change(&mut self, id: &UniqueId, now: Moment, change: impl FnOnce(&mut super::floor::Channel)) {
        if let Some(channel) = self.channels.get_mut(id) {
            change(channel);
            let endpoint = channel.endpoint.clone();
            self.refresh(&endpoint, now);
        }
    }

    /// A leg that goes ends its queue's talk, though the queue says so only some milliseconds later: the wrap-up has begun.
    fn end_talk(&mut self, id: &UniqueId, now: Moment) {
        let Some(channel) = self.channels.get(id) else { return };
        let Some(part) = channel.part.as_ref().filter(|part| part.connected && !part.over) else { return };
        let seats = self.seats.get(&channel.endpoint).into_iter().flatten();
        for (queue, interface) in seats.filter(|(queue, _)| *queue == part.queue) {
            if let Some(member) =
                self.queues.get_mut(queue).and_then(|queue| queue.members.get_mut(interface))
            {
                member.ended = Some(now);
            }
        }
    }

    /// A phone without channels is idle. Its QueueMemberStatus says so some milliseconds later; the board does not wait.
    fn device_is_idle(&mut self, endpoint: &str) {
        if self.legs.contains_key(endpoint) {
            return;
        }
        for (queue, interface) in self.seats.get(endpoint).into_iter().flatten() {
            let member = self.queues.get_mut(queue).and_then(|queue| queue.members.get_mut(interface));
            if let Some(member) = member.filter(|member| member.info.status.is_occupied()) {
                member.info.status = DeviceStatus::IDLE;
                member.info.in_call = false;
            }
        }
    }

    fn dial(&mut self, caller: Option<ChannelInfo>, dest: ChannelInfo, now: Moment) {
        let to = dest.unique_id();
        let from = caller.as_ref().map(ChannelInfo::unique_id);
        if let Some(caller) = caller {
            self.touch_channel(caller, now);
        }
        self.touch_channel(dest, now);
        if let Some(from) = from {
            self.change(&from, now, |channel| channel.peer = Some(to.clone()));
            self.change(&to, now, |channel| channel.peer = Some(from));
        }
    }

    fn join(&mut self, queue: &QueueName, position: u32, channel: ChannelInfo, now: Moment) -> Applied {
        let id = channel.unique_id();
        let caller = Caller {
            id: id.clone(),
            number: channel.caller_number.clone(),
            name: channel.caller_name.clone(),
            since: now,
            channel_name: channel.name.clone(),
            priority: None,
        };
        self.touch_channel(channel, now);
        let Some(queue) = self.queues.get_mut(queue) else { return UNKNOWN };
        let since = queue.callers.iter().find(|known| known.id == id).map_or(now, |known| known.since);
        queue.callers.retain(|known| known.id != id);
        let place = (position.max(1) as usize - 1).min(queue.callers.len());
        queue.callers.insert(place, Caller { since, ..caller });
        KNOWN
    }

    fn leave(&mut self, queue: &QueueName, id: &UniqueId) -> Applied {
        let Some(queue) = self.queues.get_mut(queue) else { return UNKNOWN };
        queue.callers.retain(|caller| caller.id != *id);
        KNOWN
    }

    fn member(&mut self, info: MemberInfo, now: Moment) -> Applied {
        let name = QueueName::new(&info.queue);
        let endpoint = seat_of(&info);
        let Some(queue) = self.queues.get_mut(&name) else { return UNKNOWN };
        let key = Interface::new(&info.interface);
        match queue.members.get_mut(&key) {
            Some(member) => {
                if info.last_call > member.info.last_call {
                    member.ended = Some(now);
                }
                member.info = info.clone();
            }
            None => drop(queue.members.insert(key, Member::new(info.clone(), now))),
        }
        self.seat(&name, &info);
        self.refresh(&endpoint, now);
        KNOWN
    }

    fn remove_member(&mut self, queue: &QueueName, interface: &Interface) -> Applied {
        let Some(known) = self.queues.get_mut(queue) else { return UNKNOWN };
        if let Some(member) = known.members.remove(interface)
            && let Some(seats) = self.seats.get_mut(&seat_of(&member.info))
        {
            seats.retain(|(seat_queue, seat)| (seat_queue, seat) != (queue, interface));
        }
        KNOWN
    }

    fn part(
        &mut self,
        queue: QueueName,
        caller: ChannelInfo,
        leg: ChannelInfo,
        connected: bool,
        now: Moment,
    ) {
        let (from, to) = (caller.unique_id(), leg.unique_id());
        self.touch_channel(caller, now);
        self.touch_channel(leg, now);
        self.change(&to, now, |channel| {
            channel.part = Some(Part { queue, caller: from, connected, over: false })
        });
    }

    fn end(
        &mut self,
        queue: &QueueName,
        interface: &Interface,
        leg: &ChannelInfo,
        end: AgentEnd,
        now: Moment,
    ) {
        if end == AgentEnd::Completed
            && let Some(member) =
                self.queues.get_mut(queue).and_then(|queue| queue.members.get_mut(interface))
        {
            member.ended = Some(now);
        }
        let id = leg.unique_id();
        self.change(&id, now, |channel| match (&mut channel.part, end) {
            // The leg hangs up in a moment; until then it is in no other call.
            (Some(part), AgentEnd::Completed) => part.over = true,
            (part, _) => *part = None,
        });
        self.refresh(&interface.endpoint().to_ascii_lowercase(), now);
    }
}

impl Member {
    /// A member just heard of; its state is evaluated next.
    pub(super) fn new(info: MemberInfo, now: Moment) -> Self {
        let board = Board { state: BoardState::Offline, sub_state: SubState::Unavailable, since: now };
        Self { wrap_up_seconds: info.wrap_up_seconds, info, board, ended: None }
    }

    /// The agent: the member name, or the interface where there is none.
    pub(super) fn agent(&self) -> AgentName {
        let name = self.info.name.as_str();
        AgentName::new(if name.is_empty() { &self.info.interface } else { name })
    }
}
