//! What is due when: in the order of time, and of being added where times are equal.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::sim::pbx::{ChannelId, Millis};

/// Something that will happen, unless what it is about is over by then. `call` is the caller's channel; `visit` and
/// `round` tell an old entry from the present one; `agent` and queue are numbers of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// Asterisk writes its first row.
    Started,
    /// A day begins.
    Day,
    /// The next caller of a queue.
    Caller(usize),
    /// A queue looks for free agents.
    Scan(usize),
    /// An agent picks up.
    Answer { call: ChannelId, round: u64, agent: usize },
    /// An agent does not.
    Unanswered { call: ChannelId, round: u64, agent: usize, refused: bool },
    /// A waiting caller hangs up.
    GiveUp { call: ChannelId, visit: u64 },
    /// A waiting caller is sent away.
    TimeOut { call: ChannelId, visit: u64 },
    /// A waiting caller leaves by a key.
    Key { call: ChannelId, visit: u64 },
    /// A talk ends, in the way that was decided when it began.
    TalkEnds { call: ChannelId, visit: u64 },
    /// The agent puts the caller on hold, or comes back.
    Hold { call: ChannelId, visit: u64, begins: bool },
    /// The colleague who was asked has answered and takes the caller.
    Consult { call: ChannelId, visit: u64 },
    /// A caller who is no longer in any queue hangs up.
    Depart(ChannelId),
    /// Work begins.
    Arrive(usize),
    /// Work ends.
    GoHome(usize),
    /// A break is due.
    Break { agent: usize, reason: &'static str, until: Millis },
    /// A pause ends.
    Back { agent: usize, serial: u32 },
    /// An agent calls somebody.
    Private(usize),
    /// Who answers.
    PrivateAnswered(ChannelId),
    /// And that call ends.
    PrivateEnds(ChannelId),
    /// A supervisor picks up.
    SpyAnswers(ChannelId),
    /// A supervisor does not.
    SpyRingsOut(ChannelId),
}

/// The agenda.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<(Millis, u64, Due)>>,
    added: u64,
}

impl Agenda {
    pub(super) fn add(&mut self, at: Millis, due: Due) {
        self.added += 1;
        self.heap.push(Reverse((at, self.added, due)));
    }

    /// What is due at `now` or before.
    pub(super) fn next(&mut self, now: Millis) -> Option<(Millis, Due)> {
        let is_due = self.when().is_some_and(|at| at <= now);
        is_due.then(|| self.heap.pop()).flatten().map(|Reverse((at, _, due))| (at, due))
    }

    /// When the first one is due.
    pub(super) fn when(&self) -> Option<Millis> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }
}
