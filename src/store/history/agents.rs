//! Touched agents are folded again: from the last moment before the change at which nothing of theirs was open, to the
//! first one after it at which nothing was, and nothing is. So a row that comes years late costs what a new one does.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rusqlite::params;

use super::{Scope, lone, presence, spans, sums};
use crate::domain::history::agent::{AgentContext, Interval, Kind, PAUSE_SECONDS, Rings, fold_agent};
use crate::domain::history::cells::give_intervals;
use crate::domain::history::place::Hint;
use crate::domain::ids::QueueName;
use crate::store::StoreError;

/// Rows per queue take the time of the PAUSEALL up to this many seconds before; a cut keeps clear of it.
const CLEAR: i64 = 5;
/// Rows are picked by local time from this much before the cut, so that no change of offset can hide one.
const MARGIN: i64 = 3 * 3600;
/// How many rows after the last change a quiet moment is looked for; then everything is folded to its end. (Tests have
/// few rows, and are to see all three.)
const HORIZONS: [u32; 3] = if cfg!(test) { [2, 4, 30] } else { [6, 100, 2000] };

/// Agents to fold again, each with the first and the last moment that changed.
pub(super) type Touched = BTreeMap<String, (i64, i64)>;

/// Notes that an agent changed at `at`.
pub(super) fn touch(touched: &mut Touched, agent: &str, at: i64) {
    match touched.get_mut(agent) {
        Some((first, last)) => {
            *first = (*first).min(at);
            *last = (*last).max(at);
        }
        None => {
            touched.insert(agent.to_owned(), (at, at));
        }
    }
}

/// Agents whose presence a start of Asterisk at `at` may end.
pub(super) fn touched_by_start(scope: &Scope<'_>, at: i64, touched: &mut Touched) -> Result<(), StoreError> {
    for (agent, interval) in presence::around(scope, at, at)? {
        if interval.start < at && interval.end.is_none_or(|end| end >= at) {
            touch(touched, agent.as_str(), at);
        }
    }
    Ok(())
}

/// Agents whose pause is overdue by the log's clock.
pub(super) fn touched_by_clock(scope: &Scope<'_>, touched: &mut Touched) -> Result<(), StoreError> {
    let since = scope.log_clock() - PAUSE_SECONDS;
    for (agent, interval) in presence::going_on(scope, since)? {
        if interval.kind == Kind::Pause {
            touch(touched, agent.as_str(), since);
        }
    }
    Ok(())
}

/// Agents with rows in a repeated hour between two local times, whose meaning new hints may change.
pub(super) fn touched_by_hints(
    scope: &Scope<'_>,
    span: (i64, i64),
    touched: &mut Touched,
) -> Result<(), StoreError> {
    let sql = "SELECT DISTINCT agent FROM agent_row WHERE pbx = ?1 AND local BETWEEN ?2 AND ?3";
    let (from, to) = (span.0 - 2 * MARGIN, span.1 + 2 * MARGIN);
    let identities = scope.identities()?;
    for_each(scope, sql, params![scope.pbx, from, to], |text| {
        for agent in identities.ever(text) {
            touch(touched, agent.as_str(), from - 14 * 3600);
            touch(touched, agent.as_str(), to + 14 * 3600);
        }
    })
}

/// Agents who rang during a pause, which the ring may end.
pub(super) fn touched_by_rings(
    scope: &Scope<'_>,
    rang: &Touched,
    touched: &mut Touched,
) -> Result<(), StoreError> {
    for (agent, (first, last)) in rang {
        if presence::may_end(scope, agent, (*first, *last))? {
            touch(touched, agent, *first);
            touch(touched, agent, *last);
        }
    }
    Ok(())
}

fn for_each(
    scope: &Scope<'_>,
    sql: &str,
    bound: &[&dyn rusqlite::ToSql],
    mut each: impl FnMut(&str),
) -> Result<(), StoreError> {
    let mut statement = scope.db.prepare_cached(sql)?;
    let mut rows = statement.query(bound)?;
    while let Some(row) = rows.next()? {
        each(row.get_ref(0)?.as_str().map_err(|error| StoreError::Record(error.to_string()))?);
    }
    Ok(())
}

/// Takes what an agent's intervals were and what they are, with those around them.
type Differing<'a> = dyn FnMut(&str, &[Interval], &[Interval]) + 'a;

/// Folds the touched agents again, and gives the difference to the sums.
pub(super) fn refold(
    scope: &Scope<'_>,
    touched: &Touched,
    starts: &[i64],
    sums: &mut sums::Changes,
) -> Result<(), StoreError> {
    fold_touched(scope, touched, starts, &mut |agent, old, new| {
        give_intervals(sums, &scope.zone, (agent, -1), old, None);
        give_intervals(sums, &scope.zone, (agent, 1), new, None);
    })
}

/// Folds the touched agents again and gives what differs to `differing`; what is stored is made right, the sums are not.
pub(super) fn fold_touched(
    scope: &Scope<'_>,
    touched: &Touched,
    starts: &[i64],
    differing: &mut Differing<'_>,
) -> Result<(), StoreError> {
    if touched.is_empty() {
        return Ok(());
    }
    let hints = scope.hints()?;
    for (agent, (first, last)) in touched {
        let cut = cut_before(&presence::near(scope, agent, *first)?, *first);
        for rows in HORIZONS.map(Some).into_iter().chain([None]) {
            let until = match rows {
                Some(rows) => lone::after(scope, agent, *last, rows)?,
                None => None,
            };
            let part = Part { agent, cut, last: *last, until };
            if part.refold(scope, starts, &hints, differing)? {
                break;
            }
        }
    }
    Ok(())
}

/// What is folded again of an agent.
struct Part<'a> {
    agent: &'a str,
    /// From here on.
    cut: i64,
    /// The last moment that changed.
    last: i64,
    /// So far at most; `None`: to the end.
    until: Option<i64>,
}

impl Part<'_> {
    /// Folds again up to a quiet moment; `false` where there is none before `until`, and nothing was done.
    fn refold(
        &self,
        scope: &Scope<'_>,
        starts: &[i64],
        hints: &[Hint],
        differing: &mut Differing<'_>,
    ) -> Result<bool, StoreError> {
        let until = self.until.unwrap_or(i64::MAX);
        let (mut old, kept): (Vec<Interval>, Vec<Interval>) =
            presence::reaching(scope, self.agent, self.cut, until)?
                .into_iter()
                .partition(|interval| interval.start >= self.cut);
        let mut new = self.fold(scope, starts, hints)?;
        if self.until.is_some() {
            let Some(quiet) = quiet_after(self.last, until, &[&kept, &old, &new]) else { return Ok(false) };
            old.retain(|interval| interval.start < quiet);
            new.retain(|interval| interval.start < quiet);
            if old != new {
                presence::replace(scope, self.agent, (self.cut, quiet), &new)?;
            }
        } else if old != new {
            presence::replace(scope, self.agent, (self.cut, i64::MAX), &new)?;
        }
        if old != new {
            // What is kept and reaches over the cut is part of the union over queues, before and now.
            old.extend(kept.iter().cloned());
            new.extend(kept);
            differing(self.agent, &old, &new);
        }
        Ok(true)
    }

    fn fold(&self, scope: &Scope<'_>, starts: &[i64], hints: &[Hint]) -> Result<Vec<Interval>, StoreError> {
        let to = self.until.map_or(i64::MAX, |until| scope.local(until) + MARGIN);
        let rows = lone::of_agent(scope, self.agent, (scope.local(self.cut) - MARGIN, to))?;
        let failed = RefCell::new(None);
        let rings = Rings::new(Box::new(|| {
            let rang = spans::rings(scope, self.agent, (self.cut, self.until.unwrap_or(i64::MAX)));
            rang.unwrap_or_else(|error| {
                failed.replace(Some(error));
                Vec::new()
            })
        }));
        let context = AgentContext {
            zone: &scope.zone,
            log_clock: scope.log_clock(),
            queue_starts: starts,
            rings: &rings,
            hints,
        };
        let mut intervals = fold_agent(&rows, &context);
        if let Some(error) = failed.take() {
            return Err(error);
        }
        let until = self.until.unwrap_or(i64::MAX);
        intervals.retain(|interval| interval.start >= self.cut && interval.start < until);
        Ok(intervals)
    }
}

/// The last interval of each kind and queue that began before `at`.
fn last_of_each(intervals: &[Interval], at: i64) -> Vec<&Interval> {
    let mut last: BTreeMap<(Kind, Option<String>), &Interval> = BTreeMap::new();
    for interval in intervals.iter().filter(|interval| interval.start < at) {
        let key = (interval.kind, interval.queue.as_ref().map(QueueName::folded));
        let newest = last.entry(key).or_insert(interval);
        if newest.start <= interval.start {
            *newest = interval;
        }
    }
    last.into_values().collect()
}

/// Whether a row of its own ended an interval clearly before `at`: then nothing of it is open there.
fn settled(interval: &Interval, at: i64) -> bool {
    !interval.marked && interval.end.is_some_and(|end| end + CLEAR < at)
}

/// A moment after `last` and before `until` at which nothing is open in any of the lists: what comes after it is as it
/// was, because the same rows meet the same state.
fn quiet_after(last: i64, until: i64, lists: &[&Vec<Interval>]) -> Option<i64> {
    let ends = lists.iter().flat_map(|list| list.iter()).filter_map(|interval| interval.end);
    let mut moments: Vec<i64> = ends.chain([last]).map(|end| end + CLEAR + 1).collect();
    moments.retain(|at| *at > last + CLEAR && *at < until);
    moments.sort_unstable();
    moments.dedup();
    // At a quiet moment nothing begins either, so that no row of that second can belong to both sides.
    let begins = |at: i64| {
        lists.iter().flat_map(|list| list.iter()).any(|i| (i.start - CLEAR..=i.start + CLEAR).contains(&at))
    };
    let quiet = |at: i64| lists.iter().all(|list| last_of_each(list, at).iter().all(|i| settled(i, at)));
    moments.into_iter().find(|at| !begins(*at) && quiet(*at))
}

/// The moment from which on intervals are made anew when something changed at `at`: the beginning of the earliest that
/// the change can reach. That is the last one of each queue before it, unless a row of its own ended that clearly before.
fn cut_before(near: &[Interval], at: i64) -> i64 {
    let at = at - CLEAR;
    let last = last_of_each(near, at);
    let open = last.iter().filter(|interval| !settled(interval, at)).map(|interval| interval.start).min();
    open.map_or(at, |open| open - CLEAR)
}
