//! The floor as readers see it.

use super::floor::{Channel, Floor, Member, Queue};
use super::snapshot::{
    BoardState, MemberSnapshot, Partner, QueueSnapshot, Snapshot, SubState, WaitingCaller,
};
use crate::domain::ids::{Interface, PbxName, QueueName, UniqueId};
use crate::domain::link::LinkStatus;
use crate::domain::time::Moment;

impl Floor {
    /// Whether a whole picture was ever had.
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// The picture for readers.
    pub fn snapshot(&self, pbx: &PbxName, ami: &LinkStatus, now: Moment) -> Snapshot {
        let queues = self.queues.iter().map(|(name, queue)| self.queue(name, queue, now)).collect();
        let (pbx, ami, spies) = (pbx.clone(), ami.clone(), self.spying());
        let (known, booted, lists_channels) = (self.known, self.booted, self.lists_channels);
        Snapshot { pbx, as_of: now, ami, known, corrected: 0, queues, spies, booted, lists_channels }
    }

    fn queue(&self, name: &QueueName, queue: &Queue, now: Moment) -> QueueSnapshot {
        let mut members: Vec<_> = queue
            .members
            .iter()
            .map(|(interface, member)| self.member_view(interface, member, now))
            .collect();
        members.sort_by(|a, b| (&a.name, &a.interface).cmp(&(&b.name, &b.interface)));
        let waiting = queue.callers.iter().zip(1..).map(|(caller, position)| WaitingCaller {
            position,
            number: caller.number.to_string(),
            name: caller.name.to_string(),
            since: caller.since,
            channel: caller.id.clone(),
            channel_name: self
                .channels
                .get(&caller.id)
                .map_or(&caller.channel_name, |known| &known.info.name)
                .to_string(),
            priority: caller.priority,
        });
        QueueSnapshot {
            name: name.clone(),
            strategy: queue.strategy.to_string(),
            service_level_seconds: (queue.service_level_seconds > 0).then_some(queue.service_level_seconds),
            waiting: waiting.collect(),
            members,
        }
    }

    fn member_view(&self, interface: &Interface, member: &Member, now: Moment) -> MemberSnapshot {
        let legs = self.legs_under(&member.keys, member.phones);
        let leg = self.main_leg(&legs);
        let up = || legs.iter().filter(|leg| leg.is_up() && !self.waits_in_pool(leg));
        let reason = member.info.paused_reason.as_str();
        let wraps = member.board.sub_state == SubState::WrapUp;
        // A leg that is being set up names its caller before it rings.
        let called = || self.called_by(&member.keys, member.phones);
        let talks = leg.or_else(called).filter(|_| member.board.state == BoardState::Busy);
        MemberSnapshot {
            interface: interface.clone(),
            name: member.agent(),
            state: member.board.state,
            sub_state: member.board.sub_state,
            since: member.board.since,
            paused: member.info.paused,
            paused_reason: (member.info.paused && !reason.is_empty()).then(|| reason.to_owned()),
            penalty: member.info.penalty,
            dynamic: member.info.dynamic,
            partner: talks.and_then(|leg| self.partner(leg)),
            channel: leg.map(|leg| leg.info.unique_id()),
            legs: up().map(|leg| leg.info.unique_id()).collect(),
            leg_partners: up().map(|leg| self.partner(leg)).collect(),
            listeners: leg.map(|leg| self.listeners(&leg.info.unique_id())).unwrap_or_default(),
            wrap_up_until: if wraps { member.wrap_up_until(now) } else { None },
            phones: member
                .keys
                .iter()
                .filter(|key| super::keys::is_phone(key))
                .map(ToString::to_string)
                .collect(),
        }
    }

    /// The leg that the member's card is about: a queue's call first, then any call, then one that rings.
    fn main_leg<'a>(&self, legs: &[&'a Channel]) -> Option<&'a Channel> {
        let rank = |leg: &&&Channel| {
            let part = self.part_of(leg);
            (part.is_some_and(|part| part.connected), leg.is_up(), part.is_some())
        };
        legs.iter().filter(|leg| !self.waits_in_pool(leg)).max_by_key(rank).copied()
    }

    /// With whom a leg speaks, or who rings there: whoever is at the far end of bridge or dial, else the queue's caller,
    /// else what the channel says it is connected to.
    fn partner(&self, leg: &Channel) -> Option<Partner> {
        let caller = || self.part_of(leg).and_then(|part| self.channels.get(&part.caller));
        let partner = match self.far_end(leg).or_else(caller) {
            Some(other) => (&other.info.caller_number, &other.info.caller_name),
            None => (&leg.info.connected_number, &leg.info.connected_name),
        };
        let partner = Partner { number: partner.0.to_string(), name: partner.1.to_string() };
        (!partner.number.is_empty() || !partner.name.is_empty()).then_some(partner)
    }

    fn listeners(&self, leg: &UniqueId) -> Vec<String> {
        let listening = self.spies.iter().filter(|(_, target)| *target == leg);
        let mut names: Vec<String> = listening
            .filter_map(|(spy, _)| self.channels.get(spy))
            .map(|spy| {
                let known = self.phone_names.get(spy.endpoint.as_str()).cloned();
                known
                    .unwrap_or_else(|| spy.info.name.rsplit_once('-').map_or("", |(base, _)| base).to_owned())
            })
            .collect();
        names.sort_unstable();
        names
    }
}
