//! Visits counted as calls: all of one callid as one, in the hour and queue of its first.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::{History, HistoryError, Site};
use crate::domain::history::cells::{Cell, Contributions, Measure};
use crate::domain::history::query::{Filter, as_call};
use crate::domain::history::visit::Visit;
use crate::domain::time::{Hour, hour_of};
use crate::store::VisitFilter;

/// A call's visits may reach over the range's edges by this much, seconds.
const REACH: i64 = 24 * 3600;

impl History {
    /// The calls that began in the range, with whether each was lost after a transfer.
    pub(super) async fn calls(
        &self,
        site: &Site,
        filter: &Filter,
    ) -> Result<Vec<(Visit, bool)>, HistoryError> {
        let wanted = VisitFilter {
            from: site.from.saturating_sub(REACH),
            to: site.to.saturating_add(REACH),
            ..VisitFilter::default()
        };
        let mut by_call: BTreeMap<SmolStr, Vec<Visit>> = BTreeMap::new();
        for visit in self.store.visits(&site.name, wanted).await? {
            by_call.entry(visit.callid.clone()).or_default().push(visit);
        }
        let mut calls: Vec<(Visit, bool)> = by_call
            .values()
            .filter(|visits| {
                let his = |agent| {
                    visits.iter().any(|visit| visit.statuses.iter().any(|(other, ..)| other == agent))
                };
                filter.agent.as_ref().is_none_or(his)
            })
            .filter_map(|visits| as_call(visits))
            .filter(|(call, _)| call.entered >= site.from && call.entered < site.to)
            .filter(|(call, _)| filter.queue.as_ref().is_none_or(|queue| *queue == call.queue))
            .collect();
        calls.sort_by(|a, b| (a.0.entered, &a.0.callid).cmp(&(b.0.entered, &b.0.callid)));
        Ok(calls)
    }

    pub(super) async fn call_cells(
        &self,
        site: &Site,
        filter: &Filter,
    ) -> Result<Vec<(String, Hour, Cell)>, HistoryError> {
        let mut given = Contributions::default();
        let mut lost_after = Vec::new();
        for (call, lost) in self.calls(site, filter).await? {
            given.add_visit(&site.zone, &call);
            if lost {
                lost_after.push((call.queue.folded(), hour_of(&site.zone, call.entered)));
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
