//! Visits and intervals → signed contributions to cells: one (queue, agent) and clock hour each.
//!
//! A cell is a sum. What a visit gave before is subtracted and what it gives now is added, so that a cell always
//! equals a recount. Cells know no service level: they keep waits as whole-second histograms.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::agent::{Interval, Kind, union};
use super::event::TransferKind;
use super::visit::{Outcome, RingEnd, Status, Visit};
use crate::domain::ids::{AgentName, QueueName};
use crate::domain::time::{Hour, hour_of};

/// What is summed. Counts, and seconds where it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Measure {
    /// A visit's outcome, in the hour it entered. Offered is the sum over all outcomes.
    Outcome(Outcome),
    /// Of the abandoned: technical.
    Technical,
    /// A call that was answered, passed on into another queue, and lost there; only where calls are counted.
    LostAfterTransfer,
    /// Whole talk of the answered visits that entered in the hour, seconds.
    TalkWhole,
    /// An agent's status, in the hour of his row.
    Status(Status),
    /// RINGNOANSWER rows that rang out.
    RangOut,
    /// RINGNOANSWER rows refused at once.
    Refused,
    /// Passed on without asking.
    Blind,
    /// Passed on after asking.
    Attended,
    /// Talk inside the hour, seconds.
    Talk,
    /// Ring inside the hour, seconds.
    Ring,
    /// Pause inside the hour, seconds.
    Paused,
    /// Of the pause: in all queues, seconds.
    PausedAll,
    /// Login inside the hour, seconds.
    LoggedIn,
}

/// Whose waits a histogram holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Waits {
    /// Answered visits (an agent's: those he answered).
    Answered,
    /// Abandoned visits.
    Abandoned,
    /// Timed out, empty, withdrawn.
    OtherLost,
}

/// Sums of one subject over one clock hour, or over several. Zeros are not kept, so that equal sums are equal cells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Counts and seconds.
    pub sums: BTreeMap<Measure, i64>,
    /// How many visits waited how many whole seconds.
    pub waits: BTreeMap<(Waits, u32), i64>,
    /// Pause seconds by reason.
    pub reasons: BTreeMap<String, i64>,
}

impl Cell {
    /// A sum; 0 where nothing was added.
    pub fn get(&self, measure: Measure) -> i64 {
        self.sums.get(&measure).copied().unwrap_or(0)
    }

    /// Adds another cell `times` times (−1 subtracts).
    pub fn merge(&mut self, other: &Self, times: i64) {
        for (measure, value) in &other.sums {
            bump(&mut self.sums, *measure, value * times);
        }
        for (wait, value) in &other.waits {
            bump(&mut self.waits, *wait, value * times);
        }
        for (reason, value) in &other.reasons {
            bump(&mut self.reasons, reason.clone(), value * times);
        }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty() && self.waits.is_empty() && self.reasons.is_empty()
    }

    /// Whether a sum is below zero, which only a fault of the program can bring about.
    pub fn is_negative(&self) -> bool {
        self.sums.values().chain(self.waits.values()).chain(self.reasons.values()).any(|value| *value < 0)
    }
}

fn bump<K: Ord>(map: &mut BTreeMap<K, i64>, key: K, by: i64) {
    use std::collections::btree_map::Entry;
    match map.entry(key) {
        Entry::Occupied(mut slot) => {
            *slot.get_mut() += by;
            if *slot.get() == 0 {
                slot.remove();
            }
        }
        Entry::Vacant(slot) if by != 0 => {
            slot.insert(by);
        }
        Entry::Vacant(_) => {}
    }
}

/// Whose cell: a queue (`agent` empty), an agent in a queue, or an agent over all queues (`queue` empty; only what is
/// a union and no sum stands there: pause and login).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// In ASCII lower case.
    pub queue: String,
    /// As written.
    pub agent: String,
}

/// Cells by subject and hour.
pub type Cells = BTreeMap<(Subject, Hour), Cell>;

/// Where contributions are added up.
pub trait Sums {
    /// What takes up those of one cell.
    type Taker: Take;
    /// The sums of one subject in one clock hour. `queue` in ASCII lower case.
    fn cell(&mut self, queue: &str, agent: &str, hour: Hour) -> &mut Self::Taker;
}

/// Takes up contributions to one cell.
pub trait Take {
    /// Adds to a count, or to seconds.
    fn add(&mut self, measure: Measure, by: i64);
    /// Adds `times` visits that waited `seconds` (below 0: 0).
    fn add_wait(&mut self, whose: Waits, seconds: i64, times: i64);
    /// Adds seconds of pause by their reason.
    fn add_reason(&mut self, reason: &str, by: i64);
}

/// Seconds of a wait as the histograms have them.
pub(super) fn waited(seconds: i64) -> u32 {
    u32::try_from(seconds.max(0)).unwrap_or(u32::MAX)
}

impl Take for Cell {
    fn add(&mut self, measure: Measure, by: i64) {
        bump(&mut self.sums, measure, by);
    }

    fn add_wait(&mut self, whose: Waits, seconds: i64, times: i64) {
        bump(&mut self.waits, (whose, waited(seconds)), times);
    }

    fn add_reason(&mut self, reason: &str, by: i64) {
        bump(&mut self.reasons, reason.to_owned(), by);
    }
}

/// Adds what a visit gives `times` times (−1 takes it back).
pub fn give_visit(sums: &mut impl Sums, zone: &TimeZone, visit: &Visit, times: i64) {
    let queue = visit.queue.key();
    let cell = sums.cell(&queue, "", hour_of(zone, visit.entered));
    cell.add(Measure::Outcome(visit.outcome), times);
    match visit.outcome {
        Outcome::Answered => cell.add_wait(Waits::Answered, visit.wait, times),
        Outcome::Abandoned => cell.add_wait(Waits::Abandoned, visit.wait, times),
        outcome if outcome.is_lost() => cell.add_wait(Waits::OtherLost, visit.wait, times),
        _ => {}
    }
    if visit.marks.technical {
        cell.add(Measure::Technical, times);
    }
    if visit.outcome == Outcome::Answered {
        cell.add(Measure::TalkWhole, visit.talk() * times);
    }
    give_agents(sums, zone, &queue, visit, times);
}

fn give_agents(sums: &mut impl Sums, zone: &TimeZone, queue: &str, visit: &Visit, times: i64) {
    for (agent, status, at) in &visit.statuses {
        let cell = sums.cell(queue, agent.as_str(), hour_of(zone, *at));
        cell.add(Measure::Status(*status), times);
        if *status == Status::Answered {
            cell.add_wait(Waits::Answered, visit.wait, times);
        }
    }
    for ring in &visit.rings {
        let kind = match ring.how {
            RingEnd::RangOut => Some(Measure::RangOut),
            RingEnd::Refused => Some(Measure::Refused),
            RingEnd::Answered | RingEnd::Canceled => None,
        };
        if let Some(kind) = kind {
            sums.cell(queue, ring.agent.as_str(), hour_of(zone, ring.end)).add(kind, times);
        }
        give_span(sums, zone, (queue, ring.agent.as_str()), (ring.start, ring.end), (Measure::Ring, times));
    }
    for talk in visit.talks.iter().filter(|talk| super::row::is_somebody(talk.agent.as_str())) {
        let agent = talk.agent.as_str();
        let kind = talk.transfer.map(|kind| match kind {
            TransferKind::Blind => Measure::Blind,
            TransferKind::Attended => Measure::Attended,
        });
        if let Some(kind) = kind {
            sums.cell(queue, agent, hour_of(zone, talk.end)).add(kind, times);
        }
        give_span(sums, zone, (queue, agent), (talk.start, talk.end), (Measure::Talk, times));
    }
}

fn give_span(
    sums: &mut impl Sums,
    zone: &TimeZone,
    (queue, agent): (&str, &str),
    (start, end): (i64, i64),
    (measure, times): (Measure, i64),
) {
    let mut at = start;
    while at < end {
        let hour = hour_of(zone, at);
        let until = hour.end().min(end);
        sums.cell(queue, agent, hour).add(measure, (until - at) * times);
        at = until;
    }
}

/// Adds what the intervals of one agent give `times` times, those that go on up to `clock` (`None`: they give nothing): per
/// queue, and as a union over queues.
pub fn give_intervals(
    sums: &mut impl Sums,
    zone: &TimeZone,
    (agent, times): (&str, i64),
    intervals: &[Interval],
    clock: Option<i64>,
) {
    let mut own: BTreeMap<&QueueName, Vec<&Interval>> = BTreeMap::new();
    for interval in intervals {
        if let Some(queue) = &interval.queue {
            own.entry(queue).or_default().push(interval);
        }
    }
    let spans = |intervals: &[&Interval], kind: Kind, with_reason: bool| {
        let of_kind = intervals.iter().filter(|interval| interval.kind == kind).filter_map(|interval| {
            let (start, end) = interval.until(clock.or(interval.end)?);
            Some((start, end, if with_reason { interval.reason.clone() } else { String::new() }))
        });
        union(of_kind)
    };
    let mut give = |queue: &str, measure: Measure, spans: Vec<(i64, i64, String)>| {
        for (start, end, reason) in spans {
            let mut at = start;
            while at < end {
                let hour = hour_of(zone, at);
                let until = hour.end().min(end);
                let cell = sums.cell(queue, agent, hour);
                cell.add(measure, (until - at) * times);
                if measure == Measure::Paused {
                    cell.add_reason(&reason, (until - at) * times);
                }
                at = until;
            }
        }
    };
    for (queue, intervals) in own {
        let queue = queue.key();
        give(&queue, Measure::Paused, spans(&intervals, Kind::Pause, true));
        give(&queue, Measure::LoggedIn, spans(&intervals, Kind::Login, false));
    }
    let all: Vec<&Interval> = intervals.iter().collect();
    let in_all: Vec<&Interval> = intervals.iter().filter(|interval| interval.queue.is_none()).collect();
    give("", Measure::Paused, spans(&all, Kind::Pause, true));
    give("", Measure::PausedAll, spans(&in_all, Kind::Pause, false));
    give("", Measure::LoggedIn, spans(&all, Kind::Login, false));
}

/// Collects contributions.
#[derive(Debug, Default)]
pub struct Contributions {
    /// What was collected.
    pub cells: Cells,
}

impl Sums for Contributions {
    type Taker = Cell;

    fn cell(&mut self, queue: &str, agent: &str, hour: Hour) -> &mut Cell {
        let subject = Subject { queue: queue.into(), agent: agent.into() };
        self.cells.entry((subject, hour)).or_default()
    }
}

impl Contributions {
    /// Adds what a visit gives.
    pub fn add_visit(&mut self, zone: &TimeZone, visit: &Visit) {
        give_visit(self, zone, visit, 1);
    }

    /// Adds what the intervals of one agent give, those that go on up to `clock`: per queue, and as a union over queues.
    pub fn add_intervals(
        &mut self,
        zone: &TimeZone,
        agent: &AgentName,
        intervals: &[Interval],
        clock: Option<i64>,
    ) {
        give_intervals(self, zone, (agent.as_str(), 1), intervals, clock);
    }

    /// What changes: `self` is what is now, `before` what was.
    pub fn minus(mut self, before: &Self) -> Cells {
        for (key, cell) in &before.cells {
            self.cells.entry(key.clone()).or_default().merge(cell, -1);
        }
        self.cells.retain(|_, cell| !cell.is_empty());
        self.cells
    }
}

#[cfg(test)]
mod tests;
