//! Visits, folded from the rows when they are asked for.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::ledger::{self, Ledger};
use super::loose::{groups, neighbours};
use super::read::VisitFilter;
use super::{Scope, View, identity, record};
use crate::domain::history::fold::{Folded, Loose};
use crate::domain::history::pack::unpack;
use crate::domain::history::row::{LogRow, civil_of};
use crate::domain::history::visit::Visit;
use crate::domain::ids::{AgentName, PbxName, QueueName};
use crate::domain::time::candidates;
use crate::store::{Store, StoreError};

/// Segments know local times: this much around a range is looked at, so that no change of offset can hide one, seconds.
const MARGIN: i64 = 3 * 3600;

/// The visits that fit, in the order of entry.
pub(super) fn between(scope: &Scope<'_>, filter: &VisitFilter) -> Result<Vec<Visit>, StoreError> {
    Ok(page(scope, filter, usize::MAX)?.0)
}

/// The first visits that fit, in the order of entry: `limit` of them, and all that entered in the second of the last one. With
/// the second from which on there may be more.
pub(super) fn page(
    scope: &Scope<'_>,
    filter: &VisitFilter,
    limit: usize,
) -> Result<(Vec<Visit>, Option<i64>), StoreError> {
    let mut reading = Reading::of(scope)?;
    let mut found: Vec<Visit> = Vec::new();
    let mut is_more = false;
    for (bucket, first) in segments(scope, (filter.from, filter.to))? {
        // Segments come in the order of their first visits: those that are left have none before this one's.
        if found.len() >= limit {
            let before = earliest(scope, first);
            if found.iter().filter(|visit| visit.entered < before).count() >= limit {
                is_more = true;
                break;
            }
        }
        reading
            .segment(bucket, |visits| found.extend(visits.into_iter().filter(|visit| fits(filter, visit))))?;
    }
    found.sort_by_cached_key(|visit| (visit.entered, visit.callid.clone(), visit.queue.folded(), visit.n));
    let mut next = None;
    if let Some(last) = limit.checked_sub(1).and_then(|at| found.get(at)).map(|visit| visit.entered) {
        let kept = found.partition_point(|visit| visit.entered <= last);
        next = (is_more || kept < found.len()).then_some(last + 1);
        found.truncate(kept);
    }
    identity::mark(scope, &mut found)?;
    Ok((found, next))
}

/// All visits of the callids of which one entered in [from, to), UTC seconds. A callid's rows are in one place, so that no other
/// visits have to be folded for them.
fn of_calls(scope: &Scope<'_>, (from, to): (i64, i64)) -> Result<Vec<Visit>, StoreError> {
    let mut reading = Reading::of(scope)?;
    let mut found: Vec<Visit> = Vec::new();
    for (bucket, _) in segments(scope, (from, to))? {
        reading.segment(bucket, |visits| {
            // Those that hang together bring the visits of other callids.
            let inside = |visit: &&Visit| (from..to).contains(&visit.entered);
            let wanted: BTreeSet<SmolStr> =
                visits.iter().filter(inside).map(|visit| visit.callid.clone()).collect();
            found.extend(visits.into_iter().filter(|visit| wanted.contains(&visit.callid)));
        })?;
    }
    identity::mark(scope, &mut found)?;
    Ok(found)
}

impl Store {
    /// All visits of the callids of which one entered in [from, to), UTC seconds; in any order.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn visits_of_calls(&self, pbx: &PbxName, from: i64, to: i64) -> Result<Vec<Visit>, StoreError> {
        self.of(pbx, move |scope| of_calls(scope, (from, to))).await
    }
}

/// The segments with visits that can have been entered in [from, to), UTC seconds, each with the first local time of that.
fn segments(scope: &Scope<'_>, (from, to): (i64, i64)) -> Result<Vec<(i64, i64)>, StoreError> {
    let local = |at: i64| scope.local(at.clamp(0, FAR));
    ledger::entered_between(scope, local(from).saturating_sub(MARGIN), local(to).saturating_add(MARGIN))
}

/// The earliest UTC second that a local time can mean, with some to spare for waits that are logged a second short.
fn earliest(scope: &Scope<'_>, local: i64) -> i64 {
    let meant = civil_of(local).and_then(|local| candidates(&scope.zone, local).into_iter().min());
    meant.unwrap_or(local - FAR_ZONE) - SPARE
}

/// No zone is further from UTC than this, seconds.
const FAR_ZONE: i64 = 16 * 3600;
/// Seconds.
const SPARE: i64 = 5;

/// The last second that a calendar has, about.
const FAR: i64 = 253_000_000_000;

fn fits(filter: &VisitFilter, visit: &Visit) -> bool {
    let his = |agent: &AgentName| visit.statuses.iter().any(|(other, ..)| other == agent);
    (filter.from..filter.to).contains(&visit.entered)
        && filter.queue.as_ref().is_none_or(|queue: &QueueName| *queue == visit.queue)
        && filter.agent.as_ref().is_none_or(his)
}

/// Calls that may hang together: their rows, and what is loose of each.
type Near = BTreeMap<String, (Vec<LogRow>, Vec<Loose>)>;

struct Reading<'s, 'd> {
    scope: &'s Scope<'d>,
    view: View,
    ledger: Ledger<'s, 'd>,
    /// Callids that were folded together with another one.
    done: BTreeSet<String>,
}

impl<'s, 'd> Reading<'s, 'd> {
    fn of(scope: &'s Scope<'d>) -> Result<Self, StoreError> {
        Ok(Self { scope, view: View::of(scope)?, ledger: Ledger::new(scope), done: BTreeSet::new() })
    }

    /// Gives the visits of each callid of a segment to `each`, with those of the callids that it hangs together with.
    fn segment(&mut self, bucket: i64, mut each: impl FnMut(Vec<Visit>)) -> Result<(), StoreError> {
        let Some(segment) = ledger::load(self.scope, bucket)? else { return Ok(()) };
        for (callid, rows) in segment.stored() {
            let mut rows = unpack(callid, rows).map_err(record)?;
            rows.iter_mut().for_each(|row| row.settle(&self.scope.zone));
            each(self.visits(callid, rows)?);
        }
        Ok(())
    }

    fn fold(&self, rows: &[LogRow]) -> Result<Folded, StoreError> {
        self.view.fold(self.scope, rows)
    }

    /// The visits of a callid, and of those that it hangs together with; none where it was folded with another already.
    fn visits(&mut self, callid: &str, rows: Vec<LogRow>) -> Result<Vec<Visit>, StoreError> {
        if self.done.contains(callid) {
            return Ok(Vec::new());
        }
        let folded = self.fold(&rows)?;
        if folded.loose.is_empty() {
            return Ok(folded.visits);
        }
        let near = self.spread(callid, rows, folded.loose)?;
        let loose: BTreeMap<&str, &[Loose]> =
            near.iter().map(|(callid, (_, loose))| (callid.as_str(), loose.as_slice())).collect();
        let group = groups(&loose).into_iter().find(|group| group.contains(&callid)).unwrap_or_default();
        if group.len() < 2 {
            return Ok(folded.visits);
        }
        let rows: Vec<LogRow> = group.iter().flat_map(|callid| near[*callid].0.iter().cloned()).collect();
        self.done.extend(group.iter().map(|callid| (*callid).to_owned()));
        Ok(self.fold(&rows)?.visits)
    }

    /// A callid and all that it may hang together with.
    fn spread(&mut self, callid: &str, rows: Vec<LogRow>, loose: Vec<Loose>) -> Result<Near, StoreError> {
        let mut near = BTreeMap::from([(callid.to_owned(), (rows, loose.clone()))]);
        let mut queue = loose;
        while let Some(loose) = queue.pop() {
            for other in neighbours(self.scope, &loose)? {
                if let Entry::Vacant(slot) = near.entry(other) {
                    let rows = self.ledger.rows(slot.key())?;
                    let loose = self.fold(&rows)?.loose;
                    queue.extend(loose.iter().cloned());
                    slot.insert((rows, loose));
                }
            }
        }
        Ok(near)
    }
}

/// The callids that a callid is folded with, itself among them, in order; empty where it is not known.
pub(super) fn group_of(scope: &Scope<'_>, callid: &str) -> Result<Vec<String>, StoreError> {
    let mut reading =
        Reading { scope, view: View::of(scope)?, ledger: Ledger::new(scope), done: BTreeSet::new() };
    let rows = reading.ledger.rows(callid)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let loose = reading.fold(&rows)?.loose;
    let near = reading.spread(callid, rows, loose)?;
    let loose: BTreeMap<&str, &[Loose]> =
        near.iter().map(|(callid, (_, loose))| (callid.as_str(), loose.as_slice())).collect();
    let own = groups(&loose).into_iter().find(|group| group.contains(&callid)).unwrap_or_default();
    Ok(own.into_iter().map(str::to_owned).collect())
}
