//! What the generator counts of its own calls, cell by cell.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::clock::Clock;

/// What is counted. Seconds where it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum What {
    Answered,
    Abandoned,
    TimedOut,
    ByKey,
    Empty,
    Withdrawn,
    Waiting,
    Unresolved,
    Technical,
    TalkWholeSeconds,
    AgentAnswered,
    AgentNoAnswer,
    AgentAbandoned,
    AgentBusy,
    AgentByKey,
    RangOut,
    Refused,
    Blind,
    Attended,
    TalkSeconds,
    RingSeconds,
    PausedSeconds,
    PausedAllSeconds,
    LoggedInSeconds,
    /// Whole nominal wrap-up of answered visits; no cell holds it.
    WrapUpSeconds,
    /// Answered, passed on and lost there; only of calls.
    LostAfter,
    /// A visit that waited so many seconds, answered.
    WaitAnswered(i64),
    /// … abandoned.
    WaitAbandoned(i64),
    /// … timed out, empty or withdrawn.
    WaitOther(i64),
}

/// Everything counted of one subject in one cell. Zeros are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) counts: BTreeMap<What, i64>,
    /// Pause seconds by reason.
    pub(super) reasons: BTreeMap<String, i64>,
}

impl Sums {
    pub(super) fn add(&mut self, what: What, by: i64) {
        if by != 0 {
            *self.counts.entry(what).or_default() += by;
        }
    }

    pub(super) fn get(&self, what: What) -> i64 {
        self.counts.get(&what).copied().unwrap_or(0)
    }

    pub(super) fn merge(&mut self, other: &Self) {
        other.counts.iter().for_each(|(what, by)| self.add(*what, *by));
        for (reason, by) in &other.reasons {
            *self.reasons.entry(reason.clone()).or_default() += by;
        }
    }
}

/// Whose: a queue (no agent), an agent in a queue, an agent over all queues (no queue).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Who {
    pub(super) queue: Option<u8>,
    pub(super) agent: Option<u16>,
}

impl Who {
    pub(super) fn queue(queue: u8) -> Self {
        Self { queue: Some(queue), agent: None }
    }

    pub(super) fn member(queue: u8, agent: u16) -> Self {
        Self { queue: Some(queue), agent: Some(agent) }
    }

    pub(super) fn agent(agent: u16) -> Self {
        Self { queue: None, agent: Some(agent) }
    }
}

/// All cells: by start, then whose.
pub(super) type Cells = BTreeMap<(i64, Who), Sums>;

/// Counts into cells.
pub(super) struct Tally {
    clock: Arc<Clock>,
    cells: Cells,
    /// Rows with a word that nobody knows.
    pub(super) unknown: u64,
    /// Rows with a number that cannot be read.
    pub(super) bad: u64,
}

impl Tally {
    pub(super) fn new(clock: Arc<Clock>) -> Self {
        Self { clock, cells: Cells::new(), unknown: 0, bad: 0 }
    }

    /// Once, in the cell of a UTC second.
    pub(super) fn once(&mut self, who: Who, at: i64, what: What) {
        self.add(who, at, what, 1);
    }

    pub(super) fn add(&mut self, who: Who, at: i64, what: What, by: i64) {
        if by != 0 {
            self.cells.entry((self.clock.cell(at), who)).or_default().add(what, by);
        }
    }

    /// The seconds of [from, to), in each cell its part.
    pub(super) fn seconds(&mut self, who: Who, (from, to): (i64, i64), what: What) {
        for (cell, seconds) in self.clock.split(from, to) {
            self.cells.entry((cell, who)).or_default().add(what, seconds);
        }
    }

    /// A pause: seconds, and the same by reason.
    pub(super) fn pause(&mut self, who: Who, (from, to): (i64, i64), reason: &str) {
        for (cell, seconds) in self.clock.split(from, to) {
            let sums = self.cells.entry((cell, who)).or_default();
            sums.add(What::PausedSeconds, seconds);
            *sums.reasons.entry(reason.to_owned()).or_default() += seconds;
        }
    }

    /// Takes out the cells that start before a UTC second.
    pub(super) fn take_before(&mut self, at: i64) -> Cells {
        let rest = self.cells.split_off(&(at, Who { queue: None, agent: None }));
        std::mem::replace(&mut self.cells, rest)
    }
}
