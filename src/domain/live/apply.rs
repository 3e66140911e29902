//! How each event changes the floor: one small step an event, then the states of whom it touched.

use smol_str::SmolStr;

use super::event::{AgentEnd, ChannelInfo, DeviceStatus, Event, MemberInfo};
use super::floor::{Board, Channel, Floor, Member, Part, Phones};
use super::keys;
use super::snapshot::{BoardState, SubState};
use crate::domain::ids::{AgentName, BridgeId, Interface, QueueName, UniqueId};
use crate::domain::time::Moment;

/// What came of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// It named a queue or member that is not known: a whole picture is wanted.
    pub unknown: bool,
}

pub(super) const UNKNOWN: Applied = Applied { unknown: true };
pub(super) const KNOWN: Applied = Applied { unknown: false };

impl Floor {
    /// Takes one event. Repeated and unknown ones do no harm.
    pub fn apply(&mut self, event: Event, now: Moment) -> Applied {
        match event {
            Event::Channel(info) => self.touch_channel(info, now),
            Event::Renamed { id, name } => self.around(&id, now, |floor| floor.rename(&id, &name)),
            Event::HungUp { id, .. } => self.hung_up(&id, now),
            Event::Hold { id, held } => self.change(&id, now, |channel| channel.held = held),
            Event::BridgeEntered { bridge, channel, swapped } => {
                self.enter(&bridge, channel, swapped.as_ref(), now);
            }
            Event::BridgeLeft { bridge, id } => {
                self.unlink(&id, now, |floor| floor.leave_bridge(&bridge, &id))
            }
            Event::BridgeDestroyed(bridge) => {
                let inside = self.bridges.get(&bridge).cloned().unwrap_or_default();
                for id in inside {
                    self.unlink(&id, now, |floor| floor.leave_bridge(&bridge, &id));
                }
            }
            Event::BridgesMerged { from, to } => {
                let inside = self.bridges.get(&from).cloned().unwrap_or_default();
                for id in inside {
                    self.around(&id, now, |floor| floor.enter_bridge(&to, &id));
                }
            }
            Event::DialBegun { caller, dest } => self.dial(caller, dest, now),
            Event::Paired { one, two } => {
                self.change(&one, now, |channel| channel.pair = Some(two.clone()));
                self.change(&two, now, |channel| channel.pair = Some(one));
            }
            Event::DialEnded { dest, answered } => {
                let id = dest.unique_id();
                self.touch_channel(dest, now);
                if answered {
                    self.note_answer(&id);
                }
            }
            Event::Hinted(hint) => {
                for (queue, interface) in self.put_hint(&hint) {
                    self.seat(&queue, &interface);
                    self.settle(&[(queue, interface)], now);
                }
            }
            Event::PoolAgent { agent, channel } => self.pool_agent(&agent, channel, now),
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
            Event::AgentCalled { queue, interface, caller, leg } => {
                self.part(queue, interface, caller, leg, false, now);
            }
            Event::AgentConnected { queue, interface, caller, leg } => {
                self.part(queue, interface, caller, leg, true, now);
            }
            Event::AgentEnded { queue, interface, leg, end } => self.end(&queue, &interface, &leg, end, now),
            Event::Originated { .. }
            | Event::Key { .. }
            | Event::Transferred(_)
            | Event::Resync
            | Event::ShuttingDown => {}
        }
        KNOWN
    }

    /// Does something about a channel, then evaluates everybody whom it concerned before or concerns now.
    fn around(&mut self, id: &UniqueId, now: Moment, act: impl FnOnce(&mut Self)) {
        let mut keys = Vec::new();
        self.concerned(id, &mut keys);
        act(self);
        self.concerned(id, &mut keys);
        self.refresh(&keys, now);
    }

    /// As [`Self::around`], for what breaks a link.
    fn unlink(&mut self, id: &UniqueId, now: Moment, act: impl FnOnce(&mut Self)) {
        self.keep_parts(id);
        self.around(id, now, act);
    }

    pub(super) fn touch_channel(&mut self, info: ChannelInfo, now: Moment) {
        let id = info.unique_id();
        let known = self.channels.get(&id);
        // Most of what is told of a channel are its numbers and names: nobody's state hangs on them.
        let same = known.is_some_and(|known| {
            known.info.state == info.state && (info.name.is_empty() || known.info.name == info.name)
        });
        if same {
            self.put_channel(info, now);
        } else {
            self.around(&id, now, |floor| floor.put_channel(info, now));
        }
    }

    fn change(&mut self, id: &UniqueId, now: Moment, change: impl FnOnce(&mut Channel)) {
        if self.channels.contains_key(id) {
            self.around(id, now, |floor| {
                if let Some(channel) = floor.channels.get_mut(id) {
                    change(channel);
                }
            });
        }
    }

    fn hung_up(&mut self, id: &UniqueId, now: Moment) {
        let mut keys = Vec::new();
        self.concerned(id, &mut keys);
        self.end_talk(id, now);
        self.keep_parts(id);
        self.remove_channel(id);
        self.devices_are_idle(&keys);
        self.refresh(&keys, now);
    }

    fn enter(&mut self, bridge: &BridgeId, channel: ChannelInfo, swapped: Option<&UniqueId>, now: Moment) {
        let id = channel.unique_id();
        self.touch_channel(channel, now);
        let before =
            swapped.and_then(|swapped| self.channels.get(swapped)).filter(|before| before.is_local());
        let (part, alias) = before.map_or((None, None), |before| (before.part.clone(), before.alias.clone()));
        if let Some(swapped) = swapped {
            self.around(swapped, now, |floor| floor.leave_bridge(bridge, swapped));
        }
        self.around(&id, now, |floor| {
            floor.enter_bridge(bridge, &id);
            if let Some(channel) = floor.channels.get_mut(&id) {
                // A leg that talks on after its queue's call is in another call.
                channel.part.take_if(|part| part.over);
                // One that takes the place of a Local channel serves the call in its stead.
                channel.part = channel.part.take().or(part);
            }
            if alias.is_some() {
                floor.call_also(&id, alias);
            }
        });
    }

    /// A leg that goes ends its queue's talk, though the queue says so only some milliseconds later: the wrap-up has begun.
    fn end_talk(&mut self, id: &UniqueId, now: Moment) {
        let Some(channel) = self.channels.get(id) else { return };
        let part = self.part_of(channel).filter(|part| part.connected);
        let Some((queue, interface)) = part.map(|part| (part.queue.clone(), part.interface.clone())) else {
            return;
        };
        if let Some(member) = self.member_mut(&queue, &interface) {
            member.ended = Some(now);
        }
    }

    /// A phone without channels is idle. Its QueueMemberStatus says so some milliseconds later; the board does not wait.
    fn devices_are_idle(&mut self, keys: &[SmolStr]) {
        for (queue, interface) in self.seats_under(keys) {
            let Some(member) = self.member_at(&queue, &interface) else { continue };
            // What else speaks in a device's state, or what a hint that is not known stands for, may go on.
            let told = match member.phones {
                Phones::All => true,
                Phones::Mixed => false,
                Phones::ByCall => !member.info.state_interface.starts_with("hint:"),
            };
            let is_called = || match member.phones {
                Phones::ByCall => member.keys.iter().any(|key| self.legs.contains_key(key)),
                _ => !self.legs_under(&member.keys, member.phones).is_empty(),
            };
            if !told || !member.info.status.is_occupied() || is_called() {
                continue;
            }
            if let Some(member) = self.member_mut(&queue, &interface) {
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

    fn pool_agent(&mut self, agent: &str, channel: Option<UniqueId>, now: Moment) {
        let key = keys::pool(agent);
        let before = self.legs.get(&key).cloned().unwrap_or_default();
        before.iter().for_each(|id| self.call_also(id, None));
        if let Some(id) = channel {
            self.call_also(&id, Some(key.clone()));
        }
        self.refresh(&[key], now);
    }

    fn member(&mut self, info: MemberInfo, now: Moment) -> Applied {
        let name = QueueName::new(&info.queue);
        let Some(queue) = self.queues.get_mut(&name) else { return UNKNOWN };
        let key = Interface::new(&info.interface);
        match queue.members.get_mut(&key) {
            Some(member) => {
                if info.last_call > member.info.last_call {
                    member.ended = Some(now);
                }
                member.info = info;
            }
            None => drop(queue.members.insert(key.clone(), Member::new(info, now))),
        }
        self.seat(&name, &key);
        self.settle(&[(name, key)], now);
        KNOWN
    }

    fn remove_member(&mut self, queue: &QueueName, interface: &Interface) -> Applied {
        let Some(known) = self.queues.get_mut(queue) else { return UNKNOWN };
        if let Some(member) = known.members.remove(interface) {
            self.unseat(queue, interface, &member.keys);
        }
        KNOWN
    }

    fn part(
        &mut self,
        queue: QueueName,
        interface: Interface,
        caller: ChannelInfo,
        leg: ChannelInfo,
        connected: bool,
        now: Moment,
    ) {
        let (from, to) = (caller.unique_id(), leg.unique_id());
        if !connected {
            self.take_place(&queue, &caller);
        }
        self.touch_channel(caller, now);
        self.touch_channel(leg, now);
        self.around(&to, now, |floor| {
            floor.call_also(&to, Some(keys::offered(&interface)));
            if let Some(channel) = floor.channels.get_mut(&to) {
                channel.part = Some(Part { queue, interface, caller: from, connected, over: false });
            }
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
            && let Some(member) = self.member_mut(queue, interface)
        {
            member.ended = Some(now);
        }
        let id = leg.unique_id();
        self.change(&id, now, |channel| match (&mut channel.part, end) {
            // The leg hangs up in a moment; until then it is in no other call.
            (Some(part), AgentEnd::Completed) => part.over = true,
            (part, _) => *part = None,
        });
        self.refresh(&[keys::offered(interface)], now);
    }
}

impl Member {
    /// A member just heard of; its seat is taken and its state evaluated next.
    pub(super) fn new(info: MemberInfo, now: Moment) -> Self {
        let board = Board { state: BoardState::Offline, sub_state: SubState::Unavailable, since: now };
        Self {
            wrap_up_seconds: info.wrap_up_seconds,
            info,
            board,
            ended: None,
            keys: Vec::new(),
            phones: Phones::All,
        }
    }

    /// The agent: the member name, or the interface where there is none.
    pub(super) fn agent(&self) -> AgentName {
        let name = self.info.name.as_str();
        AgentName::new(if name.is_empty() { &self.info.interface } else { name })
    }
}
