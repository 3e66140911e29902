//! Pauses and logins as stored.
//!
//! Most last some hours. They are found by their start; the few that go on, are marked or last longer have an index of
//! their own. So no question takes longer because the history is longer.

use rusqlite::{ToSql, params};

use super::{Scope, changes, record, work};
use crate::domain::history::agent::{Interval, Kind};
use crate::domain::ids::{AgentName, QueueName};
use crate::domain::time::DAY;
use crate::store::StoreError;

/// How the queue of an interval in all queues is stored.
pub(super) const ALL: &str = "*";
/// What is read of an interval.
const COLUMNS: &str = "start, kind, queue, until, reason, marked, agent FROM presence";
/// Those that are not found by a start up to [`LONG`] before; as the index has it.
pub(super) const LASTING: &str = "(until = 0 OR marked OR until - start > 200000)";
/// Longer than this is long, seconds.
pub(super) const LONG: i64 = 200_000;
/// So far back the last intervals of each queue usually are, seconds.
const LATELY: i64 = 259_200;

fn interval(row: &rusqlite::Row<'_>) -> rusqlite::Result<Interval> {
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

fn read(
    scope: &Scope<'_>,
    sql: &str,
    bound: &[&dyn ToSql],
) -> Result<Vec<(AgentName, Interval)>, StoreError> {
    let mut statement = scope.db.prepare_cached(sql)?;
    let mut rows = statement.query(bound)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((AgentName::new(row.get_ref(6)?.as_str().map_err(record)?), interval(row)?));
    }
    Ok(found)
}

fn of_agent(scope: &Scope<'_>, sql: &str, bound: &[&dyn ToSql]) -> Result<Vec<Interval>, StoreError> {
    let mut statement = scope.db.prepare_cached(sql)?;
    let mut found: Vec<Interval> = statement.query_map(bound, interval)?.collect::<Result<_, _>>()?;
    found.sort();
    Ok(found)
}

/// All that reach beyond `from` and begin before `to` (or at it), with those that go on; by agent and start.
pub(super) fn around(
    scope: &Scope<'_>,
    from: i64,
    to: i64,
) -> Result<Vec<(AgentName, Interval)>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} INDEXED BY presence_start
         WHERE pbx = ?1 AND start > ?2 - {LONG} AND start <= ?3 AND (until = 0 OR until >= ?2)
         UNION ALL SELECT {COLUMNS} INDEXED BY presence_lasting
         WHERE pbx = ?1 AND {LASTING} AND start <= ?2 - {LONG} AND start <= ?3 AND (until = 0 OR until >= ?2)
         ORDER BY agent, start"
    );
    read(scope, &sql, params![scope.pbx, from, to])
}

/// As [`around`], of one agent.
pub(super) fn around_of(
    scope: &Scope<'_>,
    agent: &str,
    from: i64,
    to: i64,
) -> Result<Vec<(AgentName, Interval)>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} WHERE pbx = ?1 AND agent = ?4 AND start > ?2 - {LONG} AND start <= ?3
         AND (until = 0 OR until >= ?2)
         UNION ALL SELECT {COLUMNS} INDEXED BY presence_lasting
         WHERE pbx = ?1 AND agent = ?4 AND {LASTING} AND start <= ?2 - {LONG} AND start <= ?3
         AND (until = 0 OR until >= ?2)
         ORDER BY start"
    );
    read(scope, &sql, params![scope.pbx, from, to, agent])
}

/// All that go on and began before `before`; by agent and start.
pub(super) fn going_on(scope: &Scope<'_>, before: i64) -> Result<Vec<(AgentName, Interval)>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} INDEXED BY presence_lasting
         WHERE pbx = ?1 AND {LASTING} AND until = 0 AND start < ?2 ORDER BY agent, start"
    );
    read(scope, &sql, params![scope.pbx, before])
}

/// The intervals of an agent that decide where to cut: those begun lately, and older ones that are not settled.
pub(super) fn near(scope: &Scope<'_>, agent: &str, at: i64) -> Result<Vec<Interval>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} WHERE pbx = ?1 AND agent = ?2 AND start >= ?3 - {LATELY} AND start < ?3
         UNION ALL SELECT {COLUMNS} INDEXED BY presence_lasting
         WHERE pbx = ?1 AND agent = ?2 AND {LASTING} AND start < ?3 - {LATELY}
         AND (until = 0 OR marked OR until >= ?3 - 60)"
    );
    of_agent(scope, &sql, params![scope.pbx, agent, at])
}

/// The intervals of an agent that reach beyond `from` and begin before `to`, in order; of those that go on, the ones that
/// begin after `from`.
pub(super) fn reaching(
    scope: &Scope<'_>,
    agent: &str,
    from: i64,
    to: i64,
) -> Result<Vec<Interval>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} WHERE pbx = ?1 AND agent = ?2 AND start > ?3 - {LONG} AND start < ?4
         AND (start >= ?3 OR until > ?3)
         UNION ALL SELECT {COLUMNS} INDEXED BY presence_lasting
         WHERE pbx = ?1 AND agent = ?2 AND {LASTING} AND start <= ?3 - {LONG} AND start < ?4 AND until > ?3"
    );
    of_agent(scope, &sql, params![scope.pbx, agent, from, to])
}

/// Whether a ring of an agent at `at` or later may end a pause of his.
pub(super) fn may_end(scope: &Scope<'_>, agent: &str, (at, last): (i64, i64)) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM presence
         WHERE pbx = ?1 AND agent = ?2 AND start > ?3 - {LONG} AND start <= ?4 AND kind = 1 AND (until = 0 OR until >= ?3))
         OR EXISTS (SELECT 1 FROM presence INDEXED BY presence_lasting
         WHERE pbx = ?1 AND agent = ?2 AND {LASTING} AND start <= ?4 AND kind = 1 AND (until = 0 OR until >= ?3))"
    );
    Ok(scope.db.prepare_cached(&sql)?.query_row(params![scope.pbx, agent, at, last], |row| row.get(0))?)
}

/// Stores the intervals of an agent that begin in [from, to) in place of those that were.
pub(super) fn replace(
    scope: &Scope<'_>,
    agent: &str,
    (from, to): (i64, i64),
    new: &[Interval],
) -> Result<(), StoreError> {
    let old = || {
        let sql = format!("SELECT {COLUMNS} WHERE pbx = ?1 AND agent = ?2 AND start >= ?3 AND start < ?4");
        of_agent(scope, &sql, params![scope.pbx, agent, from, to])
    };
    if from.div_euclid(DAY) <= scope.work_kept {
        work::presence_changed(scope, agent, &old()?, new)?;
    }
    changes::note_presence(scope, from, old, new)?;
    scope
        .db
        .prepare_cached("DELETE FROM presence WHERE pbx = ?1 AND agent = ?2 AND start >= ?3 AND start < ?4")?
        .execute(params![scope.pbx, agent, from, to])?;
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
