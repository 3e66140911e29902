//! Taking over a whole picture: what it does not name is gone, what stays keeps its age.

use std::collections::{BTreeMap, HashMap};

use smol_str::SmolStr;

use super::event::{ListedChannel, MemberInfo, Picture};
use super::floor::{Caller, Channel, Floor, Member, Part, Queue};
use super::keys;
use super::snapshot::BoardState;
use crate::domain::ids::{BridgeId, Interface, QueueName, UniqueId};
use crate::domain::time::Moment;

impl Floor {
    /// Replaces the floor by `picture`, made at `now`. Whether something stayed the same is judged by ids. Channels and
    /// hints that may not be listed stay as events told them.
    pub fn replace(&mut self, picture: Picture, now: Moment) {
        self.booted = picture.uptime_seconds.map(|uptime| now.minus_seconds(uptime)).or(self.booted);
        self.lists_channels = picture.channels.is_some();
        if let Some(hints) = &picture.hints {
            self.hints.clear();
            hints.iter().for_each(|hint| drop(self.put_hint(hint)));
        }
        if let Some(channels) = picture.channels {
            self.replace_channels(channels, now);
        }
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
        for event in picture.meanwhile {
            self.apply(event, now);
        }
    }

    /// Events were missed: what no list tells is not believed any more.
    pub fn distrust(&mut self) {
        self.channels.values_mut().for_each(|channel| channel.held = false);
    }

    fn replace_channels(&mut self, listed: Vec<ListedChannel>, now: Moment) {
        let mut before = std::mem::take(&mut self.channels);
        self.bridges.clear();
        self.legs.clear();
        let known_spies = std::mem::take(&mut self.spies);
        let mut spying: Vec<(UniqueId, SmolStr)> = Vec::new();
        for ListedChannel { channel: info, bridge, age_seconds, spies_on, pool_agent } in listed {
            let id = info.unique_id();
            if !spies_on.is_empty() {
                spying.push((id.clone(), spies_on));
            }
            self.put_channel(info, now.minus_seconds(age_seconds));
            let mut alias = (!pool_agent.is_empty()).then(|| keys::pool(&pool_agent));
            if let (Some(channel), Some(known)) = (self.channels.get_mut(&id), before.remove(&id)) {
                alias = alias.or(known.alias);
                (channel.held, channel.since, channel.part) = (known.held, known.since, known.part);
                (channel.peer, channel.pair, channel.answered_by) =
                    (known.peer, known.pair, known.answered_by);
            }
            self.call_also(&id, alias);
            if !bridge.is_empty() {
                self.enter_bridge(&BridgeId::new(bridge), &id);
            }
        }
        let names: HashMap<&str, &UniqueId> =
            self.channels.iter().map(|(id, channel)| (channel.info.name.as_str(), id)).collect();
        let is_here = |target: &&UniqueId| self.channels.contains_key(*target);
        // Who listens by the beginning of a name was told of by an event; the list does not say whom that means.
        let resolve = |spy: &UniqueId, target: &str| {
            let known = names.get(target).copied().or_else(|| known_spies.get(spy).filter(is_here));
            known.cloned().unwrap_or_else(|| UniqueId::new(target))
        };
        let spies = spying.iter().map(|(spy, target)| (spy.clone(), resolve(spy, target))).collect();
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
            member.info = info;
            // All seats are given anew.
            member.keys.clear();
            queue.members.insert(key.clone(), member);
            self.seat(&name, &key);
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

    /// What events have not told, or told and then took back unheard: a leg whose other side is another by now serves no
    /// queue's call any more, and a member in a queue's call has it on the leg that is up.
    fn mark_running_calls(&mut self) {
        let mut parts: Vec<(UniqueId, Option<Part>)> = Vec::new();
        for channel in self.channels.values() {
            let strayed = |part: &Part| {
                let far = self.far_end(channel).filter(|_| channel.bridge.is_some());
                part.connected && far.is_some_and(|far| far.info.id != part.caller.as_str())
            };
            if channel.part.as_ref().is_some_and(strayed) {
                parts.push((channel.info.unique_id(), None));
            }
        }
        self.set_parts(&mut parts);
        for (name, queue) in &self.queues {
            for member in queue.members.values().filter(|member| member.info.in_call) {
                let legs = self.legs_under(&member.keys, member.phones);
                let leg = legs.into_iter().find(|leg| leg.is_up() && leg.bridge.is_some());
                let serves = |leg: &Channel| self.part_of(leg).is_some_and(|part| part.connected);
                let Some(leg) = leg.filter(|leg| !serves(leg)) else { continue };
                let caller = self.far_end(leg).map_or_else(|| UniqueId::new(""), |far| far.info.unique_id());
                let (queue, interface) = (name.clone(), Interface::new(&member.info.interface));
                let part = Part { queue, interface, caller, connected: true, over: false };
                parts.push((leg.info.unique_id(), Some(part)));
            }
        }
        self.set_parts(&mut parts);
    }

    fn set_parts(&mut self, parts: &mut Vec<(UniqueId, Option<Part>)>) {
        for (id, part) in parts.drain(..) {
            if let Some(channel) = self.channels.get_mut(&id) {
                channel.part = part;
            }
        }
    }

    /// What was already so when this picture was made is older than our knowledge of it: a call as old as its leg, a
    /// free agent since his last call.
    fn date_back(&mut self, now: Moment) {
        let mut dated: Vec<(QueueName, Interface, Moment)> = Vec::new();
        for (name, queue) in &self.queues {
            for (key, member) in queue.members.iter().filter(|(_, member)| member.board.since == now) {
                let legs = self.legs_under(&member.keys, member.phones);
                let leg = legs.into_iter().find(|leg| leg.is_up()).map(|leg| leg.since);
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
