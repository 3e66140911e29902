//! From what is known of a member to the state on the board. Read top-down: the first rule that fits decides.

use super::floor::{Board, Channel, Floor, Member, seat_of};
use super::snapshot::{BoardState, SubState};
use crate::domain::time::{Moment, Tick};

/// Asterisk's channel states that matter here.
const RING: u8 = 4;
const RINGING: u8 = 5;
const UP: u8 = 6;

/// What an endpoint's channels say by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Legs {
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

    fn says(&self) -> Legs {
        let connected = self.part.as_ref().is_some_and(|part| part.connected);
        match self.info.state {
            UP if self.held => Legs::OnHold,
            UP if connected => Legs::Talking,
            // Up, but the queue has not connected the caller yet (announcement, delay).
            UP if self.part.is_some() && self.bridge.is_none() => Legs::Ringing,
            UP | RING => Legs::OtherCall,
            RINGING => Legs::Ringing,
            _ if self.part.is_some() => Legs::Ringing,
            _ => Legs::None,
        }
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
            Legs::OtherCall => return (BoardState::Busy, SubState::OtherCall),
            Legs::Ringing => return (BoardState::Busy, SubState::Ringing),
            Legs::None => {}
        }
        if status.is_unreachable() {
            (BoardState::Offline, SubState::Unavailable)
        } else if status.is_on_hold() {
            (BoardState::Busy, SubState::OnHold)
        } else if self.info.in_call {
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
    fn legs_say(&self, endpoint: &str) -> Legs {
        self.legs_of(endpoint).map(Channel::says).max_by_key(|says| *says as u8).unwrap_or(Legs::None)
    }

    /// Evaluates all memberships of an endpoint again.
    pub(super) fn refresh(&mut self, endpoint: &str, now: Moment) {
        let Some(seats) = self.seats.get(endpoint) else { return };
        let legs = self.legs_say(endpoint);
        for (queue, interface) in seats {
            let member = self.queues.get_mut(queue).and_then(|queue| queue.members.get_mut(interface));
            if let Some(member) = member {
                member.settle(legs, now);
            }
        }
    }

    /// Evaluates everybody again.
    pub(super) fn refresh_all(&mut self, now: Moment) {
        let endpoints: Vec<String> = self.seats.keys().cloned().collect();
        endpoints.iter().for_each(|endpoint| self.refresh(endpoint, now));
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
        let over: Vec<String> = self
            .queues
            .values()
            .flat_map(|queue| queue.members.values())
            .filter(|member| {
                member.board.sub_state == SubState::WrapUp && member.wrap_up_until(now).is_none()
            })
            .map(|member| seat_of(&member.info))
            .collect();
        over.iter().for_each(|endpoint| self.refresh(endpoint, now));
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
