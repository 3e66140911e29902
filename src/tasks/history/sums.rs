//! Stored cells of one PBX, by queue or by agent, with what still goes on added.

use std::collections::BTreeMap;

use super::{History, HistoryError, Site};
use crate::domain::history::agent::Interval;
use crate::domain::history::cells::{Cell, Cells, Contributions, Subject};
use crate::domain::history::query::{Count, Filter};
use crate::domain::ids::{AgentName, QueueName};
use crate::domain::time::Hour;

/// One agent in one clock hour.
pub(super) struct AgentSum {
    pub agent: String,
    pub hour: Hour,
    /// Over the queues asked for.
    pub calls: Cell,
    /// Pause and login: the union over queues, or those of the queue asked for.
    pub presence: Cell,
}

impl History {
    /// Cells of queues: visits, or calls where those are counted; with an agent asked for, of those alone that have a
    /// status for him.
    pub(super) async fn queue_cells(
        &self,
        site: &Site,
        filter: &Filter,
    ) -> Result<Vec<(String, Hour, Cell)>, HistoryError> {
        if filter.count == Count::Calls {
            return self.call_cells(site, filter).await;
        }
        if filter.agent.is_some() {
            return self.visit_cells(site, filter).await;
        }
        let queue = filter.queue.as_ref().map(QueueName::folded);
        let cells = self.store.cells(&site.name, site.from, site.to).await?;
        Ok(cells
            .into_iter()
            .filter(|(subject, ..)| subject.agent.is_empty())
            .filter(|(subject, ..)| queue.as_ref().is_none_or(|queue| *queue == subject.queue))
            .map(|(subject, hour, cell)| (subject.queue, hour, cell))
            .collect())
    }

    /// Cells of agents, in the order of agent and hour.
    pub(super) async fn agent_cells(
        &self,
        site: &Site,
        filter: &Filter,
    ) -> Result<Vec<AgentSum>, HistoryError> {
        let queue = filter.queue.as_ref().map(QueueName::folded);
        let mut cells: Vec<(Subject, Hour, Cell)> = self.store.cells(&site.name, site.from, site.to).await?;
        cells.extend(
            self.going_on(site).await?.into_iter().map(|((subject, hour), cell)| (subject, hour, cell)),
        );
        let mut sums: BTreeMap<(String, Hour), (Cell, Cell)> = BTreeMap::new();
        for (subject, hour, cell) in cells {
            let wanted = filter.agent.as_ref().is_none_or(|agent| agent.as_str() == subject.agent);
            if subject.agent.is_empty() || !wanted {
                continue;
            }
            let own_queue = queue.as_ref().is_some_and(|queue| *queue == subject.queue);
            let over_queues = subject.queue.is_empty();
            let counts_calls = if queue.is_some() { own_queue } else { !over_queues };
            let counts_presence = if queue.is_some() { own_queue } else { over_queues };
            if counts_calls || counts_presence {
                let (calls, presence) = sums.entry((subject.agent, hour)).or_default();
                if counts_calls {
                    calls.merge(&cell, 1);
                }
                if counts_presence {
                    presence.merge(&cell, 1);
                }
            }
        }
        let sums = sums.into_iter();
        Ok(sums.map(|((agent, hour), (calls, presence))| AgentSum { agent, hour, calls, presence }).collect())
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
