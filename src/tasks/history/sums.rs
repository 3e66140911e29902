//! Stored cells of one PBX, by queue or by agent, with what still goes on added.

use std::collections::BTreeMap;

use super::{History, HistoryError, Site};
use crate::domain::history::agent::Interval;
use crate::domain::history::cells::{Cell, Cells, Contributions, Subject};
use crate::domain::history::query::{By, Count, Filter};
use crate::domain::ids::{AgentName, QueueName};
use crate::domain::time::Hour;
use crate::store::CellsOf;

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
    /// Cells of queues: visits, or calls where those are counted; with an agent asked for, of those alone that have a
    /// status for him.
    pub(super) async fn queue_cells(
        &self,
        site: &Site,
        filter: &Filter,
        grain: Grain,
    ) -> Result<Vec<(String, Hour, Cell)>, HistoryError> {
        if filter.count == Count::Calls {
            return self.call_cells(site, filter).await;
        }
        if filter.agent.is_some() {
            return self.visit_cells(site, filter).await;
        }
        let of = CellsOf::Queues { queue: filter.queue.as_ref().map(QueueName::folded) };
        let (span, whole) = ((site.from, site.to), site.first_hour());
        if grain == Grain::Range {
            let add = move |cells: &mut BTreeMap<String, Cell>, subject: Subject, cell: Cell| {
                cells.entry(subject.queue).or_default().merge(&cell, 1);
            };
            let sums = self.store.fold_sums(&site.name, span, of, add).await?;
            return Ok(sums.into_iter().map(|(queue, cell)| (queue, whole, cell)).collect());
        }
        let add = |cells: &mut Vec<_>, subject: Subject, hour: Hour, cell: Cell| {
            cells.push((subject.queue, hour, cell));
        };
        Ok(self.store.fold_cells(&site.name, span, of, add).await?)
    }

    /// Cells of agents, summed by what `key` makes of agent and hour.
    pub(super) async fn agent_sums<K: Ord + Send + 'static>(
        &self,
        site: &Site,
        filter: &Filter,
        grain: Grain,
        key: impl Fn(&str, Hour) -> K + Clone + Send + 'static,
    ) -> Result<BTreeMap<K, AgentSum>, HistoryError> {
        let queue = filter.queue.as_ref().map(QueueName::folded);
        let agent = filter.agent.as_ref().map(|agent| agent.as_str().to_owned());
        let of = CellsOf::Agents { agent: agent.clone(), queue: queue.clone() };
        let add = adder(queue, key);
        let stored = add.clone();
        let (span, whole) = ((site.from, site.to), site.first_hour());
        let mut sums = if grain == Grain::Range {
            let step = move |sums: &mut _, subject: Subject, cell: Cell| stored(sums, &subject, whole, &cell);
            self.store.fold_sums(&site.name, span, of, step).await?
        } else {
            let step =
                move |sums: &mut _, subject: Subject, hour, cell: Cell| stored(sums, &subject, hour, &cell);
            self.store.fold_cells(&site.name, span, of, step).await?
        };
        for ((subject, hour), cell) in self.going_on(site).await? {
            if agent.as_ref().is_none_or(|agent| *agent == subject.agent) && !subject.agent.is_empty() {
                add(&mut sums, &subject, hour, &cell);
            }
        }
        Ok(sums)
    }

    /// What pauses and logins that go on add to the stored cells, up to the log's own clock.
    async fn going_on(&self, site: &Site) -> Result<Cells, HistoryError> {
        let open = self.store.presence(&site.name, site.from, site.to, true).await?;
        let Some(earliest) = open.iter().map(|(_, interval)| interval.start).min() else {
            return Ok(Cells::new());
        };
        let mut by_agent: BTreeMap<AgentName, Vec<Interval>> = BTreeMap::new();
        for (agent, interval) in self.store.presence(&site.name, earliest, i64::MAX, false).await? {
            by_agent.entry(agent).or_default().push(interval);
        }
        let (mut with, mut without) = (Contributions::default(), Contributions::default());
        for (agent, intervals) in by_agent {
            if intervals.iter().any(|interval| interval.end.is_none()) {
                with.add_intervals(&site.zone, &agent, &intervals, Some(site.log_clock));
                without.add_intervals(&site.zone, &agent, &intervals, None);
            }
        }
        let mut cells = with.minus(&without);
        cells.retain(|(_, hour), _| hour.start >= site.from && hour.start < site.to);
        Ok(cells)
    }
}

/// Adds an agent's cell where it belongs: in one queue everything of that queue; over all queues the sums of the calls, and
/// the unions of pauses and logins, which stand under no queue.
fn adder<K: Ord>(
    queue: Option<String>,
    key: impl Fn(&str, Hour) -> K + Clone,
) -> impl Fn(&mut BTreeMap<K, AgentSum>, &Subject, Hour, &Cell) + Clone {
    move |sums, subject, hour, cell| {
        let own_queue = queue.as_ref().is_some_and(|queue| *queue == subject.queue);
        let over_queues = subject.queue.is_empty();
        let counts_calls = if queue.is_some() { own_queue } else { !over_queues };
        let counts_presence = if queue.is_some() { own_queue } else { over_queues };
        if !(counts_calls || counts_presence) {
            return;
        }
        let sum = sums.entry(key(&subject.agent, hour)).or_default();
        if counts_calls {
            sum.calls.merge(cell, 1);
        }
        if counts_presence {
            sum.presence.merge(cell, 1);
        }
    }
}
