//! Visits counted as calls: all of one callid as one, in the hour and queue of its first.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::{History, HistoryError, Site};
use crate::domain::history::cells::{Cell, Contributions, Measure};
use crate::domain::history::query::{Filter, as_call};
use crate::domain::history::visit::Visit;
use crate::domain::time::{Hour, hour_of};
use crate::store::VisitFilter;

/// All visits of one callid.
pub(super) struct Call {
    /// As one.
    pub whole: Visit,
    /// Answered, passed on into another queue, and lost there.
    pub lost_after: bool,
    /// In the order of time.
    pub visits: Vec<Visit>,
}

/// A call's visits may reach over the range's edges by this much, seconds.
const REACH: i64 = 24 * 3600;

impl History {
    /// The calls that began in the range.
    pub(super) async fn calls(&self, site: &Site, filter: &Filter) -> Result<Vec<Call>, HistoryError> {
        let wanted = VisitFilter {
            from: site.from.saturating_sub(REACH),
            to: site.to.saturating_add(REACH),
            ..VisitFilter::default()
        };
        let mut by_call: BTreeMap<SmolStr, Vec<Visit>> = BTreeMap::new();
        for visit in self.store.visits(&site.name, wanted).await? {
            by_call.entry(visit.callid.clone()).or_default().push(visit);
        }
        let mut calls: Vec<Call> = by_call
            .into_values()
            .filter(|visits| {
                let his = |agent| {
                    visits.iter().any(|visit| visit.statuses.iter().any(|(other, ..)| other == agent))
                };
                filter.agent.as_ref().is_none_or(his)
            })
            .filter_map(|mut visits| {
                visits.sort_by_key(|visit| (visit.entered, visit.closed, visit.n));
                as_call(&visits).map(|(whole, lost_after)| Call { whole, lost_after, visits })
            })
            .filter(|call| call.whole.entered >= site.from && call.whole.entered < site.to)
            .filter(|call| filter.queue.as_ref().is_none_or(|queue| *queue == call.whole.queue))
            .collect();
        calls.sort_by(|a, b| (a.whole.entered, &a.whole.callid).cmp(&(b.whole.entered, &b.whole.callid)));
        Ok(calls)
    }

    pub(super) async fn call_cells(
        &self,
        site: &Site,
        filter: &Filter,
    ) -> Result<Vec<(String, Hour, Cell)>, HistoryError> {
        let mut given = Contributions::default();
        let mut lost_after = Vec::new();
        for Call { whole, lost_after: lost, .. } in self.calls(site, filter).await? {
            given.add_visit(&site.zone, &whole);
            if lost {
                lost_after.push((whole.queue.folded(), hour_of(&site.zone, whole.entered)));
            }
        }
        let mut cells = of_queues(given);
        for (queue, hour) in lost_after {
            let mut cell = Cell::default();
            cell.sums.insert(Measure::LostAfterTransfer, 1);
            cells.push((queue, hour, cell));
        }
        Ok(cells)
    }

    /// Cells of the visits with a status for the agent asked for.
    pub(super) async fn visit_cells(
        &self,
        site: &Site,
        filter: &Filter,
    ) -> Result<Vec<(String, Hour, Cell)>, HistoryError> {
        let mut given = Contributions::default();
        for visit in self.store.visits(&site.name, site.wanted(filter)).await? {
            given.add_visit(&site.zone, &visit);
        }
        Ok(of_queues(given))
    }
}

fn of_queues(given: Contributions) -> Vec<(String, Hour, Cell)> {
    let cells = given.cells.into_iter().filter(|((subject, _), _)| subject.agent.is_empty());
    cells.map(|((subject, hour), cell)| (subject.queue, hour, cell)).collect()
}
