//! Through Local channels: who is really at the other end, and whose call a phone's leg serves.
//!
//! ```text
//! caller ─bridge─ Local/101@from-queue-1;1 ═ Local/101@from-queue-1;2 ─bridge or dial─ PJSIP/101-3f
//! ```
//! The queue speaks of the first end alone. Links are followed each time anew, so that no order of events can leave a
//! wrong one behind.

use smol_str::SmolStr;

use super::floor::{Channel, Floor, Part, Phones};
use crate::domain::ids::UniqueId;

/// Local channels behind Local channels are followed so far.
const FAR: usize = 8;

impl Channel {
    pub(super) fn is_local(&self) -> bool {
        self.endpoint.starts_with("local/")
    }

    /// The end that runs the dialplan; the other is the one that was dialled.
    fn is_second(&self) -> bool {
        self.info.name.ends_with(";2")
    }
}

impl Floor {
    /// The other end of a Local channel: as Asterisk paired them, else by its name.
    fn pair_of<'a>(&'a self, end: &'a Channel) -> Option<&'a Channel> {
        if let Some(pair) = &end.pair {
            return self.channels.get(pair);
        }
        let (base, number) = end.info.name.rsplit_once(';')?;
        let other = if number == "1" { ";2" } else { ";1" };
        let ends = self.legs.get(&end.endpoint)?.iter().filter_map(|id| self.channels.get(id));
        ends.into_iter().find(|known| known.info.name.strip_suffix(other) == Some(base))
    }

    /// The others in a channel's bridge.
    pub(super) fn others_in_bridge<'a>(&'a self, leg: &'a Channel) -> impl Iterator<Item = &'a Channel> {
        let inside = leg.bridge.as_ref().and_then(|bridge| self.bridges.get(bridge));
        inside
            .into_iter()
            .flatten()
            .filter(|id| id.as_str() != leg.info.id)
            .filter_map(|id| self.channels.get(id))
    }

    /// Who is next to a channel: its queue's caller if they share a bridge, else whoever does, else the dial's other end.
    fn next<'a>(&'a self, here: &'a Channel) -> Option<&'a Channel> {
        let caller = here.part.as_ref().and_then(|part| self.channels.get(&part.caller));
        let near = caller.filter(|caller| caller.bridge.is_some() && caller.bridge == here.bridge);
        let peer = || here.peer.as_ref().and_then(|peer| self.channels.get(peer));
        near.or_else(|| self.others_in_bridge(here).next()).or_else(peer)
    }

    /// The first channel outward that is no end of a Local one.
    pub(super) fn far_end<'a>(&'a self, from: &'a Channel) -> Option<&'a Channel> {
        let mut here = from;
        for _ in 0..FAR {
            let next = self.next(here)?;
            if !next.is_local() {
                return Some(next);
            }
            here = self.pair_of(next)?;
        }
        None
    }

    /// The call of a queue that a leg serves, itself or behind a Local channel.
    pub(super) fn part_of<'a>(&'a self, leg: &'a Channel) -> Option<&'a Part> {
        if leg.part.is_some() {
            return leg.part.as_ref();
        }
        let mut here = leg;
        for _ in 0..FAR {
            let first = self.pair_of(self.next(here).filter(|near| near.is_local())?)?;
            if let Some(part) = &first.part {
                return self.is_his(leg, first, part).then_some(part);
            }
            here = first;
        }
        None
    }

    /// Whether a leg behind a Local channel is that of the member who was called by it, not of one whom the caller was
    /// passed on to.
    fn is_his(&self, leg: &Channel, first: &Channel, part: &Part) -> bool {
        let member = self.member_at(&part.queue, &part.interface);
        let phone = member.is_none_or(|member| {
            member.phones == Phones::ByCall || leg.keys().any(|key| member.keys.contains(key))
        });
        phone && first.answered_by.as_ref().is_none_or(|answered| answered.as_str() == leg.info.id)
    }

    /// A member's own legs, oldest first. Without known phones: whoever is behind the Local channels that call it.
    pub(super) fn legs_under<'a>(&'a self, keys: &'a [SmolStr], phones: Phones) -> Vec<&'a Channel> {
        let mut found: Vec<&Channel> = Vec::new();
        let under = keys.iter().filter_map(|key| self.legs.get(key)).flatten();
        for channel in under.filter_map(|id| self.channels.get(id)) {
            let leg = match channel.is_local() {
                false => Some(channel),
                true if phones == Phones::ByCall && !channel.is_second() => self.behind(channel),
                true => None,
            };
            if let Some(leg) = leg.filter(|leg| found.iter().all(|known| known.info.id != leg.info.id)) {
                found.push(leg);
            }
        }
        found
    }

    /// The Local channel that a member is called by, where nobody behind it has answered yet and none of its phones is
    /// known: what answers may be no phone at all.
    pub(super) fn called_by(&self, keys: &[SmolStr], phones: Phones) -> Option<&Channel> {
        if phones != Phones::ByCall {
            return None;
        }
        let mut under = keys.iter().filter_map(|key| self.legs.get(key)).flatten();
        let serves = |channel: &&Channel| {
            channel.is_local()
                && channel.part.as_ref().is_some_and(|part| !part.over)
                && channel.answered_by.is_none()
        };
        under.find_map(|id| self.channels.get(id).filter(serves))
    }

    /// The phone behind the first end of a Local channel.
    fn behind<'a>(&'a self, first: &'a Channel) -> Option<&'a Channel> {
        match &first.answered_by {
            Some(answered) => self.channels.get(answered),
            None => self.far_end(self.pair_of(first)?),
        }
    }

    /// Whether a Local channel still goes on that calls a member whose phone has left it: the device that Asterisk sees
    /// is that Local channel, and the phone is free.
    pub(super) fn has_left(&self, keys: &[SmolStr]) -> bool {
        let under = keys.iter().filter_map(|key| self.legs.get(key)).flatten();
        under
            .filter_map(|id| self.channels.get(id))
            .any(|channel| channel.answered_by.as_ref().is_some_and(|leg| !self.channels.contains_key(leg)))
    }

    /// Notes who answered behind a Local channel.
    pub(super) fn note_answer(&mut self, id: &UniqueId) {
        let answered = self.channels.get(id).filter(|leg| !leg.is_local());
        let dialer = answered.and_then(|leg| leg.peer.as_ref()).and_then(|peer| self.channels.get(peer));
        let first = dialer.filter(|dialer| dialer.is_local()).and_then(|second| self.pair_of(second));
        let first = first.filter(|first| first.answered_by.is_none());
        let Some((first, alias)) = first.map(|first| (first.info.unique_id(), first.alias.clone())) else {
            return;
        };
        if let Some(first) = self.channels.get_mut(&first) {
            first.answered_by = Some(id.clone());
        }
        // He is the member's also when the Local channel goes before him.
        if alias.is_some() {
            self.call_also(id, alias);
        }
    }

    /// What all those are found under whose state a channel can touch: its own keys, and those on the other side of
    /// Local channels.
    pub(super) fn concerned(&self, id: &UniqueId, keys: &mut Vec<SmolStr>) {
        let Some(channel) = self.channels.get(id) else { return };
        keys.extend(channel.keys().cloned());
        let mut here = channel;
        if channel.is_local() {
            keys.extend(self.far_end(channel).into_iter().flat_map(Channel::keys).cloned());
            let Some(pair) = self.pair_of(channel) else { return };
            keys.extend(pair.keys().cloned());
            keys.extend(self.far_end(pair).into_iter().flat_map(Channel::keys).cloned());
            here = pair;
        }
        for _ in 0..FAR {
            let Some(next) = self.next(here).filter(|next| next.is_local()) else { return };
            let Some(pair) = self.pair_of(next) else { return };
            keys.extend(pair.keys().cloned());
            here = pair;
        }
    }

    /// Before a link breaks: the legs behind it keep what they served, as something that is over.
    pub(super) fn keep_parts(&mut self, id: &UniqueId) {
        let Some(channel) = self.channels.get(id) else { return };
        let leg = match channel.is_local() {
            false => Some(channel),
            true if channel.is_second() => self.far_end(channel),
            true => self.pair_of(channel).and_then(|second| self.far_end(second)),
        };
        let Some(leg) = leg.filter(|leg| leg.part.is_none()) else { return };
        let part = self.part_of(leg).filter(|part| part.connected);
        let Some(part) = part.map(|part| Part { over: true, ..part.clone() }) else { return };
        let leg = leg.info.unique_id();
        if let Some(leg) = self.channels.get_mut(&leg) {
            leg.part = Some(part);
        }
    }
}
