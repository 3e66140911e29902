//! Which hours of a heatmap got a row long after their time.

use std::collections::BTreeSet;

use super::{HeatOf, History, HistoryError, Site};
use crate::domain::history::query::{Filter, HeatRow};
use crate::domain::ids::QueueName;

/// Agent (empty for all together) and start of the hours that are late.
pub(super) struct LateHours(BTreeSet<(String, i64)>);

impl LateHours {
    /// The row, marked where its hour is late.
    pub(super) fn mark(&self, mut row: HeatRow) -> HeatRow {
        row.late = self.0.contains(&(row.agent.clone(), row.start_utc.as_second()));
        row
    }
}

impl History {
    /// The late hours of the rows that a filter asks for: of agents' cells or of queues'.
    pub(super) async fn late_hours(
        &self,
        site: &Site,
        filter: &Filter,
        (of_agents, of): (bool, HeatOf),
    ) -> Result<LateHours, HistoryError> {
        let queue = filter.queue.as_ref().map(QueueName::folded);
        let cells = self.store.late_cells(&site.name, site.from, site.to).await?;
        let late = cells.into_iter().filter(|(subject, _)| {
            let agent = filter.agent.as_ref().is_none_or(|agent| agent.as_str() == subject.agent);
            // What is a union over queues stands under none.
            let queue = queue.as_ref().is_none_or(|queue| *queue == subject.queue);
            subject.agent.is_empty() != of_agents && agent && queue
        });
        let named = |agent: String| if of == HeatOf::Agents { agent } else { String::new() };
        Ok(LateHours(late.map(|(subject, hour)| (named(subject.agent), hour)).collect()))
    }
}
