//! Taking over a whole picture: what it does not name is gone, what stays keeps its age.

use std::collections::{BTreeMap, HashMap};

use super::event::{ListedChannel, MemberInfo, Picture};
use super::floor::{Caller, Channel, Floor, Member, Part, Queue, seat_of};
use super::snapshot::BoardState;
use crate::domain::ids::{BridgeId, Interface, QueueName, UniqueId};
use crate::domain::time::Moment;

impl Floor {
    /// Replaces the floor by `picture`, made at `now`. Whether something stayed the same is judged by ids.
    pub fn replace(&mut self, picture: Picture, now: Moment) {
        self.replace_channels(picture.channels.unwrap_or_default(), now);
        let mut before = std::mem::take(&mut self.queues);
        self.seats.clear();
        for info in picture.queues {
            let name = QueueName::new(&info.name);
            let (callers, members) =
                before.remove(&name).map(|queue| (queue.callers, queue.members)).unwrap_or_default();
            self.queues.insert(
                name,
                Queue {
                    strategy: info.strategy,
                    service_level_seconds: info.service_level_seconds,
                    callers,
                    members,
                },
            );
        }
        self.replace_members(picture.members, now);
        self.replace_callers(picture.entries, now);
        self.mark_running_calls();
        self.refresh_all(now);
        self.date_back(now);
        self.known = true;
    }

    fn replace_channels(&mut self, listed: Vec<ListedChannel>, now: Moment) {
        let mut before = std::mem::take(&mut self.channels);
        self.bridges.clear();
        self.legs.clear();
        self.spies.clear();
        let mut spying: Vec<(UniqueId, String)> = Vec::new();
        for ListedChannel { channel: info, bridge, age_seconds, spies_on } in listed {
            let id = info.unique_id();
            if !spies_on.is_empty() {
                spying.push((id.clone(), spies_on));
            }
            self.put_channel(info, now.minus_seconds(age_seconds));
            let known = before.remove(&id);
            if let (Some(channel), Some(Channel { held, since, part, peer, .. })) =
                (self.channels.get_mut(&id), known)
            {
                (channel.held, channel.since, channel.part, channel.peer) = (held, since, part, peer);
            }
            if !bridge.is_empty() {
                self.enter_bridge(&BridgeId::new(bridge), &id);
            }
        }
        let names: HashMap<&str, &UniqueId> =
            self.channels.iter().map(|(id, channel)| (channel.info.name.as_str(), id)).collect();
        let resolve =
            |target: &str| names.get(target).map_or_else(|| UniqueId::new(target), |id| (*id).clone());
        let spies: HashMap<_, _> =
            spying.iter().map(|(spy, target)| (spy.clone(), resolve(target))).collect();
        self.spies = spies;
    }

    fn replace_members(&mut self, listed: Vec<MemberInfo>, now: Moment) {
        let mut before: BTreeMap<QueueName, BTreeMap<Interface, Member>> = BTreeMap::new();
        for (name, queue) in &mut self.queues {
            before.insert(name.clone(), std::mem::take(&mut queue.members));
        }
        for info in listed {
            let name = QueueName::new(&info.queue);
            let Some(queue) = self.queues.get_mut(&name) else { continue };
            let key = Interface::new(&info.interface);
            let known = before.get_mut(&name).and_then(|members| members.remove(&key));
            let ended = (info.last_call > 0)
                .then(|| now.minus_seconds((now.wall.as_second() - info.last_call).max(0)));
            let mut member = known.unwrap_or_else(|| Member::new(info.clone(), now));
            member.ended = member.ended.or(ended);
            member.info = info.clone();
            queue.members.insert(key, member);
            self.seat(&name, &info);
        }
    }

    fn replace_callers(&mut self, mut listed: Vec<super::event::EntryInfo>, now: Moment) {
        let mut before: HashMap<(QueueName, UniqueId), Moment> = HashMap::new();
        for (name, queue) in &mut self.queues {
            for caller in queue.callers.drain(..) {
                before.insert((name.clone(), caller.id), caller.since);
            }
        }
        listed.sort_by_key(|entry| entry.position);
        for entry in listed {
            let name = QueueName::new(&entry.queue);
            let Some(queue) = self.queues.get_mut(&name) else { continue };
            let id = entry.channel.unique_id();
            let since = before.get(&(name, id.clone())).copied();
            queue.callers.push(Caller {
                id,
                number: entry.channel.caller_number,
                name: entry.channel.caller_name,
                since: since.unwrap_or_else(|| now.minus_seconds(entry.wait_seconds)),
                channel_name: entry.channel.name,
                priority: Some(entry.priority),
            });
        }
    }

    /// On a cold start nobody said which leg serves a queue: a member in a queue's call has it on the leg that is up.
    fn mark_running_calls(&mut self) {
        let mut parts: Vec<(UniqueId, Part)> = Vec::new();
        for (name, queue) in &self.queues {
            for member in queue.members.values().filter(|member| member.info.in_call) {
                let leg =
                    self.legs_of(&seat_of(&member.info)).find(|leg| leg.is_up() && leg.bridge.is_some());
                let Some(leg) = leg.filter(|leg| leg.part.is_none()) else { continue };
                let caller =
                    self.others_in_bridge(leg).next().map_or_else(String::new, |other| other.info.id.clone());
                let part =
                    Part { queue: name.clone(), caller: UniqueId::new(caller), connected: true, over: false };
                parts.push((leg.info.unique_id(), part));
            }
        }
        for (id, part) in parts {
            if let Some(channel) = self.channels.get_mut(&id) {
                channel.part = Some(part);
            }
        }
    }

    /// What was already so when this picture was made is older than our knowledge of it: a call as old as its leg, a
    /// free agent since his last call.
    fn date_back(&mut self, now: Moment) {
        let mut dated: Vec<(QueueName, Interface, Moment)> = Vec::new();
        for (name, queue) in &self.queues {
            for (key, member) in queue.members.iter().filter(|(_, member)| member.board.since == now) {
                let leg = self.legs_of(&seat_of(&member.info)).find(|leg| leg.is_up()).map(|leg| leg.since);
                let free = member.ended.filter(|_| member.board.state == BoardState::Online);
                if let Some(since) = leg.or(free) {
                    dated.push((name.clone(), key.clone(), since));
                }
            }
        }
        for (name, key, since) in dated {
            if let Some(member) = self.queues.get_mut(&name).and_then(|queue| queue.members.get_mut(&key)) {
                member.board.since = since;
            }
        }
    }
}
