//! Visits counted as calls: all of one callid as one, in the hour and queue of its first.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use smol_str::SmolStr;

use super::{History, HistoryError, Site};
use crate::domain::history::cells::{Cell, Contributions, Measure};
use crate::domain::history::query::{Filter, as_call, local};
use crate::domain::history::visit::Visit;
use crate::domain::time::{Hour, hour_of};

/// All visits of one callid.
pub(super) struct Call {
    /// As one.
    pub whole: Visit,
    /// Answered, passed on into another queue, and lost there.
    pub lost_after: bool,
    /// In the order of time.
    pub visits: Vec<Visit>,
}

/// The visits of a callid are one call as long as they entered less than this before or after the date on which the first of
/// them did, seconds.
pub(super) const REACH: i64 = 24 * 3600;

impl History {
    /// The calls that began in the range. Which visits are one call depends on the date on which it began alone, not on what
    /// else is asked for, so that dates add up.
    pub(super) async fn calls(&self, site: &Site, filter: &Filter) -> Result<Vec<Call>, HistoryError> {
        let (from, to) = filter.span(&site.zone);
        let mut by_call: BTreeMap<SmolStr, Vec<Visit>> = BTreeMap::new();
        for visit in self.store.visits_of_calls(&site.name, from, to).await? {
            by_call.entry(visit.callid.clone()).or_default().push(visit);
        }
        let his = |visits: &[Visit]| {
            let his =
                |agent| visits.iter().any(|visit| visit.statuses.iter().any(|(other, ..)| other == agent));
            filter.agent.as_ref().is_none_or(his)
        };
        let mut calls: Vec<Call> = by_call
            .into_values()
            .flat_map(|visits| by_date(&site.zone, visits))
            .filter(|visits| his(visits))
            .filter_map(|visits| {
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

/// The visits of a callid by the date on which they began, each with all that entered less than [`REACH`] away from it.
fn by_date(zone: &TimeZone, mut visits: Vec<Visit>) -> Vec<Vec<Visit>> {
    visits.sort_by_key(|visit| (visit.entered, visit.closed, visit.n));
    let (Some(first), Some(last)) = (visits.first(), visits.last()) else { return Vec::new() };
    if last.entered - first.entered < REACH {
        return vec![visits];
    }
    let dates: BTreeSet<Date> = visits.iter().map(|visit| local(zone, visit.entered).date()).collect();
    let around = |date: Date| -> Option<Vec<Visit>> {
        let (from, to) = Filter::new(date, date).span(zone);
        let near = from.saturating_sub(REACH)..to.saturating_add(REACH);
        let near: Vec<Visit> = visits.iter().filter(|visit| near.contains(&visit.entered)).cloned().collect();
        let begins = near.first().is_some_and(|first| (from..to).contains(&first.entered));
        begins.then_some(near)
    };
    dates.into_iter().filter_map(around).collect()
}

fn of_queues(given: Contributions) -> Vec<(String, Hour, Cell)> {
    let cells = given.cells.into_iter().filter(|((subject, _), _)| subject.agent.is_empty());
    cells.map(|((subject, hour), cell)| (subject.queue, hour, cell)).collect()
}
