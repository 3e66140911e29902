//! From what is known of a member to the state on the board. Read top-down: the first rule that fits decides.

use smol_str::SmolStr;

use super::event::DeviceStatus;
use super::floor::{Board, Channel, Floor, Member, Phones};
use super::snapshot::{BoardState, SubState};
use crate::domain::ids::{Interface, QueueName};
use crate::domain::time::{Moment, Tick};

/// Asterisk's channel states that matter here.
const RING: u8 = 4;
const RINGING: u8 = 5;
const UP: u8 = 6;

/// What an endpoint's channels say by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Legs {
    /// None, and the device's state is that of a Local channel which the phone has left.
    Left,
    None,
    Ringing,
    OtherCall,
    Talking,
    OnHold,
}

impl Channel {
    pub(super) fn is_up(&self) -> bool {
        self.info.state == UP
    }

    /// Whether it is the phone of an agent who waits in app_agent_pool: up all day, and in a call only in a bridge.
    pub(super) fn is_pool(&self) -> bool {
        self.alias.as_ref().is_some_and(|alias| alias.starts_with("agent:"))
    }
}

impl Member {
    /// Settles how long this member wraps up: its own time, else that of its queue.
    pub(super) fn wrap_up_by(&mut self, of_queue: u32) {
        let own = self.info.wrap_up_seconds;
        self.wrap_up_seconds = if own > 0 { own } else { of_queue };
    }

    /// When the wrap-up ends, if `now` lies in it.
    pub(super) fn wrap_up_until(&self, now: Moment) -> Option<Moment> {
        let until = self.ended?.minus_seconds(-i64::from(self.wrap_up_seconds));
        (until.tick > now.tick).then_some(until)
    }

    /// The state that legs and device status give; `before` bridges the moments in which the status lags.
    fn evaluate(&self, legs: Legs, before: Board, now: Moment) -> (BoardState, SubState) {
        let status = self.info.status;
        match legs {
            Legs::OnHold => return (BoardState::Busy, SubState::OnHold),
            Legs::Talking if status.is_on_hold() => return (BoardState::Busy, SubState::OnHold),
            Legs::Talking => return (BoardState::Busy, SubState::Talking),
            Legs::OtherCall if status.is_on_hold() => return (BoardState::Busy, SubState::OnHold),
            Legs::OtherCall => return (BoardState::Busy, SubState::OtherCall),
            Legs::Ringing => return (BoardState::Busy, SubState::Ringing),
            Legs::Left | Legs::None => {}
        }
        let status = if legs == Legs::Left { DeviceStatus::IDLE } else { status };
        if status.is_unreachable() {
            (BoardState::Offline, SubState::Unavailable)
        } else if status.is_on_hold() {
            (BoardState::Busy, SubState::OnHold)
        } else if self.info.in_call && legs != Legs::Left {
            (BoardState::Busy, SubState::Talking)
        } else if status.is_in_use() {
            let kept = before.state == BoardState::Busy && before.sub_state != SubState::WrapUp;
            (BoardState::Busy, if kept { before.sub_state } else { SubState::OtherCall })
        } else if status.is_ringing() {
            (BoardState::Busy, SubState::Ringing)
        } else if self.info.paused {
            (BoardState::Paused, SubState::Free)
        } else if self.wrap_up_until(now).is_some() {
            (BoardState::Busy, SubState::WrapUp)
        } else {
            (BoardState::Online, SubState::Free)
        }
    }
}

impl Floor {
    /// Whether a leg only waits in app_agent_pool for a call.
    pub(super) fn waits_in_pool(&self, leg: &Channel) -> bool {
        leg.is_pool()
            && self.part_of(leg).is_none_or(|part| part.over)
            && self.others_in_bridge(leg).all(Channel::is_pool)
    }

    fn leg_says(&self, leg: &Channel) -> Legs {
        let part = self.part_of(leg);
        match leg.info.state {
            UP if self.waits_in_pool(leg) => Legs::None,
            UP if leg.held => Legs::OnHold,
            UP if part.is_some_and(|part| part.connected) => Legs::Talking,
            // Up, but the queue has not connected the caller yet (announcement, delay).
            UP if part.is_some() && (leg.bridge.is_none() || leg.part.is_none()) => Legs::Ringing,
            UP | RING => Legs::OtherCall,
            RINGING => Legs::Ringing,
            _ if part.is_some() => Legs::Ringing,
            _ => Legs::None,
        }
    }

    fn legs_say(&self, member: &Member) -> Legs {
        let legs = self.legs_under(&member.keys, member.phones);
        let called = self.called_by(&member.keys, member.phones);
        let says = legs.into_iter().chain(called).map(|leg| self.leg_says(leg)).max();
        let silent = if member.phones == Phones::ByCall && self.has_left(&member.keys) {
            Legs::Left
        } else {
            Legs::None
        };
        says.unwrap_or(silent).max(silent)
    }

    /// The memberships whose legs are found under any of `keys`, each once.
    pub(super) fn seats_under(&self, keys: &[SmolStr]) -> Vec<(QueueName, Interface)> {
        let mut seats: Vec<(QueueName, Interface)> = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            if keys[..at].contains(key) {
                continue;
            }
            for seat in self.seats.get(key).into_iter().flatten() {
                if !seats.contains(seat) {
                    seats.push(seat.clone());
                }
            }
        }
        seats
    }

    /// Evaluates those memberships again whose legs are found under any of `keys`.
    pub(super) fn refresh(&mut self, keys: &[SmolStr], now: Moment) {
        let seats = self.seats_under(keys);
        self.settle(&seats, now);
    }

    /// Evaluates memberships again.
    pub(super) fn settle(&mut self, seats: &[(QueueName, Interface)], now: Moment) {
        for (queue, interface) in seats {
            let Some(member) = self.member_at(queue, interface) else { continue };
            let legs = self.legs_say(member);
            if let Some(member) = self.member_mut(queue, interface) {
                member.settle(legs, now);
            }
        }
    }

    /// Evaluates everybody again.
    pub(super) fn refresh_all(&mut self, now: Moment) {
        let of = |(name, queue): (&QueueName, &super::floor::Queue)| {
            queue.members.keys().map(|interface| (name.clone(), interface.clone())).collect::<Vec<_>>()
        };
        let all: Vec<(QueueName, Interface)> = self.queues.iter().flat_map(of).collect();
        self.settle(&all, now);
    }

    /// When a state next changes by time alone (a wrap-up ends).
    pub fn next_timeout(&self, now: Moment) -> Option<Tick> {
        let members = self.queues.values().flat_map(|queue| queue.members.values());
        members
            .filter(|member| member.board.sub_state == SubState::WrapUp)
            .filter_map(|member| member.wrap_up_until(now))
            .map(|until| until.tick)
            .min()
    }

    /// Lets time pass. Whether any state changed.
    pub fn handle_timeout(&mut self, now: Moment) -> bool {
        let wraps = |member: &Member| member.board.sub_state == SubState::WrapUp;
        let mut over: Vec<(QueueName, Interface)> = Vec::new();
        for (name, queue) in &self.queues {
            let ended = queue
                .members
                .iter()
                .filter(|(_, member)| wraps(member) && member.wrap_up_until(now).is_none());
            over.extend(ended.map(|(interface, _)| (name.clone(), interface.clone())));
        }
        self.settle(&over, now);
        !over.is_empty()
    }
}

impl Member {
    fn settle(&mut self, legs: Legs, now: Moment) {
        let (state, sub_state) = self.evaluate(legs, self.board, now);
        if (state, sub_state) == (self.board.state, self.board.sub_state) {
            return;
        }
        // A pause goes on behind a call: its age is its own, not that of the call's end.
        let began = now.wall.as_second() - self.info.last_pause;
        let since = match state {
            BoardState::Paused if self.info.last_pause > 0 && began > 1 => now.minus_seconds(began),
            _ => now,
        };
        self.board = Board { state, sub_state, since };
    }
}
