//! Touched agents are folded again, from the last moment before the change at which nothing of theirs was open.

use std::collections::BTreeMap;

use rusqlite::params;

use super::calls::RING;
use super::{Scope, lone};
use crate::domain::history::agent::{AgentContext, Interval, Kind, PAUSE_SECONDS, fold_agent};
use crate::domain::history::cells::Contributions;
use crate::domain::history::place::Hint;
use crate::domain::history::row::civil_second;
use crate::domain::ids::{AgentName, QueueName};
use crate::store::StoreError;

/// Rows per queue take the time of the PAUSEALL up to this many seconds before; a cut keeps clear of it.
const CLEAR: i64 = 5;
/// Rows are picked by local time from this much before the cut, so that no change of offset can hide one.
const MARGIN: i64 = 3 * 3600;
/// How the queue of an interval in all queues is stored.
const ALL: &str = "*";

/// Agents to fold again, each with the earliest moment that changed.
pub(super) type Touched = BTreeMap<String, i64>;

/// Notes that an agent changed at `at`.
pub(super) fn touch(touched: &mut Touched, agent: &str, at: i64) {
    let earliest = touched.entry(agent.to_owned()).or_insert(at);
    *earliest = (*earliest).min(at);
}

/// Agents whose presence a start of Asterisk at `at` may end.
pub(super) fn touched_by_start(scope: &Scope<'_>, at: i64, touched: &mut Touched) -> Result<(), StoreError> {
    let sql =
        "SELECT DISTINCT agent FROM presence WHERE pbx = ?1 AND start < ?2 AND (until = 0 OR until >= ?2)";
    for_each(scope, sql, params![scope.pbx, at], |agent| touch(touched, agent, at))
}

/// Agents whose pause is overdue by the log's clock.
pub(super) fn touched_by_clock(scope: &Scope<'_>, touched: &mut Touched) -> Result<(), StoreError> {
    let since = scope.log_clock() - PAUSE_SECONDS;
    let sql = "SELECT DISTINCT agent FROM presence WHERE pbx = ?1 AND kind = 1 AND until = 0 AND start < ?2";
    for_each(scope, sql, params![scope.pbx, since], |agent| touch(touched, agent, since))
}

/// Agents with rows in a repeated hour between two local times, whose meaning new hints may change.
pub(super) fn touched_by_hints(
    scope: &Scope<'_>,
    span: (i64, i64),
    touched: &mut Touched,
) -> Result<(), StoreError> {
    let sql = "SELECT DISTINCT agent FROM agent_row WHERE pbx = ?1 AND local BETWEEN ?2 AND ?3";
    let (from, to) = (span.0 - 2 * MARGIN, span.1 + 2 * MARGIN);
    for_each(scope, sql, params![scope.pbx, from, to], |agent| touch(touched, agent, from - 14 * 3600))
}

/// Agents who rang during a pause, which the ring may end.
pub(super) fn touched_by_rings(
    scope: &Scope<'_>,
    rang: &Touched,
    touched: &mut Touched,
) -> Result<(), StoreError> {
    let mut statement = scope.db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM presence WHERE pbx = ?1 AND agent = ?2 AND kind = 1
         AND (until = 0 OR until >= ?3))",
    )?;
    for (agent, at) in rang {
        if statement.query_row(params![scope.pbx, agent, at], |row| row.get(0))? {
            touch(touched, agent, *at);
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

/// Folds the touched agents again, and gives the difference to the cells.
pub(super) fn refold(
    scope: &Scope<'_>,
    touched: &Touched,
    starts: &[i64],
    given: &mut Contributions,
    before: &mut Contributions,
) -> Result<(), StoreError> {
    if touched.is_empty() {
        return Ok(());
    }
    let hints = scope.hints()?;
    for (agent, at) in touched {
        let cut = cut_before(&near(scope, agent, *at)?, *at);
        let (old, kept): (Vec<Interval>, Vec<Interval>) =
            reaching(scope, agent, cut)?.into_iter().partition(|interval| interval.start >= cut);
        let new = fold_from(scope, agent, cut, starts, &hints)?;
        if old == new {
            continue;
        }
        replace(scope, agent, cut, &new)?;
        // What is kept and reaches over the cut is part of the union over queues, before and now.
        let name = AgentName::new(agent);
        before.add_intervals(&scope.zone, &name, &[kept.clone(), old].concat(), None);
        given.add_intervals(&scope.zone, &name, &[kept, new].concat(), None);
    }
    Ok(())
}

/// The moment from which on intervals are made anew when something changed at `at`: the beginning of the earliest that
/// the change can reach. That is the last one of each queue before it, unless a row of its own ended that clearly before.
fn cut_before(near: &[Interval], at: i64) -> i64 {
    let at = at - CLEAR;
    let mut last: BTreeMap<(Kind, Option<String>), &Interval> = BTreeMap::new();
    for interval in near.iter().filter(|interval| interval.start < at) {
        let key = (interval.kind, interval.queue.as_ref().map(QueueName::folded));
        let newest = last.entry(key).or_insert(interval);
        if newest.start <= interval.start {
            *newest = interval;
        }
    }
    let settled = |i: &Interval| !i.marked && i.end.is_some_and(|end| end + CLEAR < at);
    let open = last.values().filter(|interval| !settled(interval)).map(|interval| interval.start).min();
    open.map_or(at, |open| open - CLEAR)
}

fn fold_from(
    scope: &Scope<'_>,
    agent: &str,
    cut: i64,
    starts: &[i64],
    hints: &[Hint],
) -> Result<Vec<Interval>, StoreError> {
    let local = scope.zone.to_datetime(jiff::Timestamp::from_second(cut).unwrap_or_default());
    let from = civil_second(local) - MARGIN;
    let rows = lone::since(scope, agent, from)?;
    let rings = rings(scope, agent, cut)?;
    let context = AgentContext {
        zone: &scope.zone,
        log_clock: scope.log_clock(),
        queue_starts: starts,
        rings: &rings,
        hints,
    };
    let mut intervals = fold_agent(&rows, &context);
    intervals.retain(|interval| interval.start >= cut);
    Ok(intervals)
}

fn rings(scope: &Scope<'_>, agent: &str, from: i64) -> Result<Vec<(String, i64)>, StoreError> {
    let mut statement = scope.db.prepare_cached(
        "SELECT queue, start FROM interval WHERE pbx = ?1 AND agent = ?2 AND start >= ?3 AND kind = ?4",
    )?;
    let rows =
        statement.query_map(params![scope.pbx, agent, from, RING], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// An interval as `SELECT start, kind, queue, until, reason, marked` gives it.
pub(super) fn interval(row: &rusqlite::Row<'_>) -> rusqlite::Result<Interval> {
    let queue: String = row.get(2)?;
    let until: i64 = row.get(3)?;
    Ok(Interval {
        start: row.get(0)?,
        kind: if row.get::<_, i64>(1)? == 1 { Kind::Pause } else { Kind::Login },
        queue: (queue != ALL).then(|| QueueName::new(queue)),
        end: (until != 0).then_some(until),
        reason: row.get(4)?,
        marked: row.get(5)?,
    })
}

/// The intervals that decide where to cut: those begun lately, and older ones that are not settled.
fn near(scope: &Scope<'_>, agent: &str, at: i64) -> Result<Vec<Interval>, StoreError> {
    let sql = "SELECT start, kind, queue, until, reason, marked FROM presence
         WHERE pbx = ?1 AND agent = ?2 AND (start >= ?3 - 259200 OR until = 0 OR marked OR until >= ?3 - 60)";
    intervals(scope, sql, params![scope.pbx, agent, at])
}

/// The intervals that reach beyond `from`, in order.
fn reaching(scope: &Scope<'_>, agent: &str, from: i64) -> Result<Vec<Interval>, StoreError> {
    let sql = "SELECT start, kind, queue, until, reason, marked FROM presence
         WHERE pbx = ?1 AND agent = ?2 AND (start >= ?3 OR until > ?3)";
    intervals(scope, sql, params![scope.pbx, agent, from])
}

fn intervals(
    scope: &Scope<'_>,
    sql: &str,
    bound: &[&dyn rusqlite::ToSql],
) -> Result<Vec<Interval>, StoreError> {
    let mut statement = scope.db.prepare_cached(sql)?;
    let mut intervals: Vec<Interval> = statement.query_map(bound, interval)?.collect::<Result<_, _>>()?;
    intervals.sort();
    Ok(intervals)
}

fn replace(scope: &Scope<'_>, agent: &str, cut: i64, new: &[Interval]) -> Result<(), StoreError> {
    scope
        .db
        .prepare_cached("DELETE FROM presence WHERE pbx = ?1 AND agent = ?2 AND start >= ?3")?
        .execute(params![scope.pbx, agent, cut])?;
    let mut insert = scope.db.prepare_cached(
        "INSERT OR IGNORE INTO presence (pbx, agent, start, kind, queue, until, reason, marked)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for interval in new {
        let kind = if interval.kind == Kind::Pause { 1 } else { 2 };
        let queue = interval.queue.as_ref().map_or_else(|| ALL.to_owned(), QueueName::folded);
        let until = interval.end.unwrap_or(0);
        insert.execute(params![
            scope.pbx,
            agent,
            interval.start,
            kind,
            queue,
            until,
            interval.reason,
            interval.marked
        ])?;
    }
    Ok(())
}
