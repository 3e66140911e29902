//! Wrap-up and occupancy of every agent, painted second by second: the later coat covers the earlier.
//!
//! Decided here, where the definitions leave room: only hours in which an agent was logged in at all say how occupied he
//! was; of those every second counts, also before the login and after it.

use std::collections::BTreeMap;

use asterflow::domain::history::work::WrapUpTimes;

use super::people::QUEUES;
use super::world::World;

/// Where neither member nor queue has a time of its own, seconds.
pub(super) const WRAP_UP: i64 = 12;

const NOTHING: u8 = 0;
const IDLE: u8 = 1;
const PAUSE: u8 = 2;
const BUSY: u8 = 3;

/// What an agent did in a clock hour, seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) logged_in: bool,
    pub(super) busy: i64,
    pub(super) idle: i64,
    pub(super) wrap_up: i64,
}

impl Done {
    pub(super) fn add(&mut self, other: &Self) {
        self.logged_in |= other.logged_in;
        self.busy += other.busy;
        self.idle += other.idle;
        self.wrap_up += other.wrap_up;
    }
}

/// By the start of the hour, and agent.
pub(super) type Doings = BTreeMap<(i64, u16), Done>;

/// A queue's own wrap-up time, and a member's.
fn of_queue(queue: u8) -> i64 {
    [0, 5, 30, 0][usize::from(queue % 4)]
}

fn of_member(queue: u8, agent: u16) -> i64 {
    if (u16::from(queue) + agent).is_multiple_of(5) { 20 } else { 0 }
}

impl World {
    /// The wrap-up times as the PBX's tables would have them.
    pub(super) fn wrap_up_times(&self) -> WrapUpTimes {
        let mut times = WrapUpTimes::default();
        let seconds = |seconds: i64| u32::try_from(seconds).expect("fits");
        for (queue, names) in (0..).zip(QUEUES) {
            let name = names[0].to_ascii_lowercase();
            for (agent, one) in (0..).zip(&self.people) {
                times.members.insert((name.clone(), one.name.clone()), seconds(of_member(queue, agent)));
            }
            times.queues.insert(name, seconds(of_queue(queue)));
        }
        times
    }

    /// The nominal wrap-up of an agent's talk: until his phone rings again, whichever queue it rings for.
    pub(super) fn wrap_up(&self, agent: u16, talk: usize) -> i64 {
        let spent = &self.ledger.spent[usize::from(agent)];
        let talk = &spent.talks[talk];
        let own = [of_member(talk.queue, agent), of_queue(talk.queue), WRAP_UP];
        let nominal = own.into_iter().find(|seconds| *seconds > 0).unwrap_or(0);
        let others = (0..).zip(&spent.rings).filter(|(at, _)| Some(*at) != talk.ring);
        let next = others.map(|(_, ring)| ring.0).filter(|start| *start > talk.span.0).min();
        next.map_or(nominal, |start| (start - talk.span.1).clamp(0, nominal))
    }

    /// What everybody did.
    pub(super) fn doings(&self) -> Doings {
        let mut doings = Doings::new();
        let base = self.midnight(-2);
        let length = usize::try_from(self.midnight(self.plan.days + 3) - base).expect("fits");
        for (agent, spent) in (0_u16..).zip(&self.ledger.spent) {
            let mut canvas = vec![NOTHING; length];
            let mut paint = |span: (i64, i64), coat: u8| {
                let place = |at: i64| usize::try_from(at - base).expect("in the time");
                canvas[place(span.0)..place(span.1.max(span.0))].fill(coat);
            };
            let wraps: Vec<(i64, i64)> = (0..spent.talks.len())
                .map(|talk| {
                    let end = spent.talks[talk].span.1;
                    (end, end + self.wrap_up(agent, talk))
                })
                .collect();
            spent.logins.iter().for_each(|span| paint(*span, IDLE));
            spent.pauses.iter().for_each(|span| paint(*span, PAUSE));
            let talks = spent.talks.iter().map(|talk| talk.span);
            wraps
                .iter()
                .copied()
                .chain(spent.rings.iter().copied())
                .chain(talks)
                .for_each(|span| paint(span, BUSY));
            let hours = spent.logins.iter().flat_map(|(from, to)| self.clock.split(*from, *to));
            for (hour, _) in hours {
                let done = doings.entry((hour, agent)).or_default();
                if !std::mem::replace(&mut done.logged_in, true) {
                    let from = usize::try_from(hour - base).expect("in the time");
                    let seconds = usize::try_from(self.clock.length(hour)).expect("fits");
                    let hour = &canvas[from..from + seconds];
                    let of = |coat: u8| hour.iter().filter(|second| **second == coat).count();
                    done.busy = i64::try_from(of(BUSY)).expect("fits");
                    done.idle = i64::try_from(of(IDLE)).expect("fits");
                }
            }
            for (hour, seconds) in wraps.iter().flat_map(|(from, to)| self.clock.split(*from, *to)) {
                doings.entry((hour, agent)).or_default().wrap_up += seconds;
            }
        }
        doings
    }
}
