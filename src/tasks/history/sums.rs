//! Stored cells of one PBX, by queue or by agent, with what still goes on added.

use std::collections::BTreeMap;

use super::dates::What;
use super::tallies::Tallies;
use super::{History, HistoryError, Site};
use crate::domain::history::cells::{Cell, Sums, give_intervals};
use crate::domain::history::query::{By, Count, Filter};
use crate::domain::history::row::PackError;
use crate::domain::history::tally::Tally;
use crate::domain::ids::QueueName;
use crate::domain::time::Hour;
use crate::store::{CellsOf, Packed, StoreError};

/// What agents did: one agent in one clock hour, or as many of both as belong together.
#[derive(Default)]
pub(super) struct AgentSum {
    /// Over the queues asked for.
    pub calls: Cell,
    /// Pause and login: the union over queues, or those of the queue asked for.
    pub presence: Cell,
}

/// How finely cells are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grain {
    /// By clock hour.
    Hour,
    /// Not at all: everything of the range may stand in its first hour, as sums of months do.
    Range,
}

/// Whether pauses and logins are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// They are.
    Told,
    /// They are not, which is much quicker.
    Left,
}

impl Grain {
    /// As fine as the buckets asked for need it.
    pub(super) fn of(filter: &Filter) -> Self {
        if filter.by == By::Range { Self::Range } else { Self::Hour }
    }
}

impl Site {
    /// Where sums of the whole range stand.
    fn first_hour(&self) -> Hour {
        Hour { start: self.from, seconds: 3600 }
    }
}

impl History {
    /// Sums of queues by what `cut` makes of the hour: of visits, or of calls where those are counted; with an agent asked for,
    /// of those alone that have a status for him. With [`Grain::Range`] all may stand in the range's first hour.
    pub(super) async fn queue_sums<B: Ord + Clone + Send + 'static>(
        &self,
        site: &Site,
        filter: &Filter,
        grain: Grain,
        cut: impl Fn(Hour) -> B + Send + 'static,
    ) -> Result<BTreeMap<(B, String), Cell>, HistoryError> {
        if filter.count == Count::Calls && filter.agent.is_none() {
            let mut sums: Tallies<B, Tally> = Tallies::default();
            for date in self.dates(site, filter, What::Calls).await? {
                for part in date.iter().filter(|part| part.is_wanted(site, filter)) {
                    let sum = sums.at(&part.queue, part.hour.start, || cut(part.hour));
                    sum.add_packed(&part.sums, 1).map_err(damaged)?;
                }
            }
            return made(sums);
        }
        if filter.agent.is_some() {
            let cells = match filter.count {
                Count::Calls => self.call_cells(site, filter).await?,
                Count::Visits => self.visit_cells(site, filter).await?,
            };
            let mut sums: BTreeMap<(B, String), Cell> = BTreeMap::new();
            for (queue, hour, cell) in cells {
                sums.entry((cut(hour), queue)).or_default().merge(&cell, 1);
            }
            return Ok(sums);
        }
        let of = CellsOf::Queues { queue: filter.queue.as_ref().map(QueueName::folded) };
        let whole = site.first_hour();
        let add = move |sums: &mut Tallies<B, Tally>, part: Packed<'_>| {
            let hour = part.hour.unwrap_or(whole);
            part.add_to(sums.at(part.queue, hour.start, || cut(hour)))
        };
        let span = (site.from, site.to);
        let sums = self.store.fold_packed(&site.name, span, (of, grain == Grain::Hour), add).await?;
        made(sums)
    }

    /// Sums of agents by what `cut` makes of the hour; `together`: all under no name. Without presence, pauses and logins are
    /// left out, those that go on among them, and hours that hold nothing else.
    pub(super) async fn agent_sums<B: Ord + Clone + Send + 'static>(
        &self,
        site: &Site,
        filter: &Filter,
        (grain, together, with): (Grain, bool, Presence),
        cut: impl Fn(Hour) -> B + Clone + Send + 'static,
    ) -> Result<BTreeMap<(B, String), AgentSum>, HistoryError> {
        let queue = filter.queue.as_ref().map(QueueName::folded);
        let agent = filter.agent.as_ref().map(|agent| agent.as_str().to_owned());
        let of = CellsOf::Agents { agent, queue: queue.clone() };
        let (span, whole) = ((site.from, site.to), site.first_hour());
        let name = move |agent: &str| if together { String::new() } else { agent.to_owned() };
        let counted = counts(queue);
        let stored_cut = cut.clone();
        let add = move |sums: &mut Tallies<B, [Tally; 2]>, part: Packed<'_>| {
            let (calls, presence) = counted(part.queue);
            let presence = presence && with == Presence::Told;
            if !(calls || presence) {
                return Ok(());
            }
            let agent = if together { "" } else { part.agent };
            let hour = part.hour.unwrap_or(whole);
            let sum = sums.at(agent, hour.start, || stored_cut(hour));
            if calls {
                part.add_to(&mut sum[0])?;
            }
            if presence { part.add_to(&mut sum[1]) } else { Ok(()) }
        };
        let sums = self.store.fold_packed(&site.name, span, (of, grain == Grain::Hour), add).await?;
        let mut made: BTreeMap<(B, String), AgentSum> = BTreeMap::new();
        for (key, [calls, presence]) in sums.into_sums() {
            let sum = AgentSum { calls: cell(calls)?, presence: cell(presence)? };
            if !(sum.calls.is_empty() && sum.presence.is_empty()) {
                made.insert(key, sum);
            }
        }
        if with == Presence::Left {
            return Ok(made);
        }
        for (agent, hours) in self.going_on(site, filter).await? {
            for (hour, cell) in hours {
                let sum = made.entry((cut(hour), name(&agent))).or_default();
                sum.presence.merge(&cell, 1);
            }
        }
        Ok(made)
    }

    /// What pauses and logins that go on add to the stored cells, up to the log's own clock: over all queues, or of the queue
    /// asked for; by agent and hour.
    async fn going_on(
        &self,
        site: &Site,
        filter: &Filter,
    ) -> Result<BTreeMap<String, Vec<(Hour, Cell)>>, HistoryError> {
        let agent = filter.agent.as_ref().map(|agent| agent.as_str().to_owned());
        let intervals = self.store.presence_going_on(&site.name, site.to, agent).await?;
        let queue = filter.queue.as_ref().map(QueueName::folded).unwrap_or_default();
        let mut more = BTreeMap::new();
        for (agent, intervals) in intervals {
            let mut added = Added { queue: &queue, hours: BTreeMap::new(), other: Cell::default() };
            give_intervals(&mut added, &site.zone, (&agent, 1), &intervals, Some(site.log_clock));
            give_intervals(&mut added, &site.zone, (&agent, -1), &intervals, None);
            let wanted = |hour: &Hour| (site.from..site.to).contains(&hour.start);
            let hours = added.hours.into_iter().filter(|(hour, cell)| wanted(hour) && !cell.is_empty());
            let hours: Vec<(Hour, Cell)> = hours.collect();
            if !hours.is_empty() {
                more.insert(agent, hours);
            }
        }
        Ok(more)
    }
}

/// What one agent's intervals add in one queue, or (empty) over all.
struct Added<'a> {
    queue: &'a str,
    hours: BTreeMap<Hour, Cell>,
    /// What they add elsewhere is not asked for.
    other: Cell,
}

impl Sums for Added<'_> {
    type Taker = Cell;

    fn cell(&mut self, queue: &str, _: &str, hour: Hour) -> &mut Cell {
        if queue == self.queue { self.hours.entry(hour).or_default() } else { &mut self.other }
    }
}

/// Whether an agent's cell of a queue counts for calls, and whether for pauses and logins: in one queue everything of that
/// queue does; over all queues the sums of the calls do, and the unions of pauses and logins, which stand under no queue.
fn counts(asked: Option<String>) -> impl Fn(&str) -> (bool, bool) + Send + 'static {
    move |queue| match &asked {
        Some(asked) => (asked == queue, asked == queue),
        None => (!queue.is_empty(), queue.is_empty()),
    }
}

/// The cells of sums.
fn made<B: Ord + Clone>(sums: Tallies<B, Tally>) -> Result<BTreeMap<(B, String), Cell>, HistoryError> {
    let mut made = BTreeMap::new();
    for (key, tally) in sums.into_sums() {
        let sum = cell(tally)?;
        // Of a month that was added and taken back nothing is left.
        if !sum.is_empty() {
            made.insert(key, sum);
        }
    }
    Ok(made)
}

/// The cell of a sum.
fn cell(tally: Tally) -> Result<Cell, StoreError> {
    tally.cell().map_err(damaged)
}

fn damaged(error: PackError) -> StoreError {
    StoreError::Record(error.to_string())
}
