//! The floor as readers see it.

use super::floor::{Channel, Floor, Member, Queue, seat_of};
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
        Snapshot { pbx: pbx.clone(), as_of: now, ami: ami.clone(), known: self.known, queues }
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
            number: caller.number.clone(),
            name: caller.name.clone(),
            since: caller.since,
            channel: caller.id.clone(),
            channel_name: self.channels.get(&caller.id).map_or(&caller.channel_name, |known| &known.info.name).clone(),
            priority: caller.priority,
        });
        QueueSnapshot {
            name: name.clone(),
            strategy: queue.strategy.clone(),
            service_level_seconds: (queue.service_level_seconds > 0).then_some(queue.service_level_seconds),
            waiting: waiting.collect(),
            members,
        }
    }

    fn member_view(&self, interface: &Interface, member: &Member, now: Moment) -> MemberSnapshot {
        let endpoint = seat_of(&member.info);
        let leg = self.main_leg(&endpoint);
        let up = || self.legs_of(&endpoint).filter(|leg| leg.is_up());
        let reason = member.info.paused_reason.as_str();
        let wraps = member.board.sub_state == SubState::WrapUp;
        // A leg that is being set up names its caller before it rings.
        let talks = leg.filter(|_| member.board.state == BoardState::Busy);
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
        }
    }

    /// The leg that the member's card is about: a queue's call first, then any call, then one that rings.
    fn main_leg(&self, endpoint: &str) -> Option<&Channel> {
        let rank = |leg: &&Channel| {
            let connected = leg.part.as_ref().is_some_and(|part| part.connected);
            (connected, leg.is_up(), leg.part.is_some())
        };
        self.legs_of(endpoint).max_by_key(rank)
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

    /// With whom a leg speaks, or who rings there: the other in the bridge, else the queue's caller, else the other end
    /// of the dial, else what the channel says it is connected to.
    fn partner(&self, leg: &Channel) -> Option<Partner> {
        let caller = leg.part.as_ref().and_then(|part| self.channels.get(&part.caller));
        let peer = leg.peer.as_ref().and_then(|peer| self.channels.get(peer));
        let other = self.others_in_bridge(leg).next().or(caller).or(peer);
        let partner = match other {
            Some(other) => {
                Partner { number: other.info.caller_number.clone(), name: other.info.caller_name.clone() }
            }
            None => {
                Partner { number: leg.info.connected_number.clone(), name: leg.info.connected_name.clone() }
            }
        };
        (!partner.number.is_empty() || !partner.name.is_empty()).then_some(partner)
    }

    fn listeners(&self, leg: &UniqueId) -> Vec<String> {
        let listening = self.spies.iter().filter(|(_, target)| *target == leg);
        let mut names: Vec<String> = listening
            .filter_map(|(spy, _)| self.channels.get(spy))
            .map(|spy| {
                let known = self.phone_names.get(&spy.endpoint).cloned();
                known
                    .unwrap_or_else(|| spy.info.name.rsplit_once('-').map_or("", |(base, _)| base).to_owned())
            })
            .collect();
        names.sort_unstable();
        names
    }
}
