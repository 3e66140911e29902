//! Pauses and logins of everybody, as pages ask for them: read from an index alone.
//!
//! The two indexes hold the whole key of an interval, thus everything but the mark of an end that was not logged, which no sum
//! asks for. So of some thousands none has to be looked up.

use std::collections::BTreeSet;

use rusqlite::{Row, params};

use super::presence::{ALL, LASTING, LONG};
use super::{Scope, record};
use crate::domain::history::agent::{Interval, Kind};
use crate::domain::ids::{AgentName, QueueName};
use crate::store::StoreError;

/// Takes an interval's agent and kind; says whether it is wanted.
type Wanted<'a> = dyn Fn(&str, Kind) -> bool + 'a;

/// What is read of an interval.
const COLUMNS: &str = "agent, start, kind, queue, until, reason FROM presence";

/// All that reach beyond `from` and begin before `to` (or at it), with those that go on, of whom and what `wanted` takes; by
/// agent and start. Which of them are marked is left to [`around_with_marks`].
pub(super) fn around(
    scope: &Scope<'_>,
    (from, to): (i64, i64),
    wanted: &Wanted<'_>,
) -> Result<Vec<(AgentName, Interval)>, StoreError> {
    let mut found = Vec::new();
    for sql in [
        format!(
            "SELECT {COLUMNS} INDEXED BY presence_start
             WHERE pbx = ?1 AND start > ?2 - {LONG} AND start <= ?3 AND (until = 0 OR until >= ?2)"
        ),
        format!(
            "SELECT {COLUMNS} INDEXED BY presence_lasting
             WHERE pbx = ?1 AND {LASTING} AND start <= ?2 - {LONG} AND start <= ?3 AND (until = 0 OR until >= ?2)"
        ),
    ] {
        let mut statement = scope.db.prepare_cached(&sql)?;
        let mut rows = statement.query(params![scope.pbx, from, to])?;
        while let Some(row) = rows.next()? {
            if wanted(row.get_ref(0)?.as_str().map_err(record)?, kind(row)?) {
                found.push(interval(row)?);
            }
        }
    }
    found.sort_by(|(agent, one), (other, another)| (agent, one.start).cmp(&(other, another.start)));
    Ok(found)
}

/// As [`around`], of everybody, each with its mark.
pub(super) fn around_with_marks(
    scope: &Scope<'_>,
    (from, to): (i64, i64),
) -> Result<Vec<(AgentName, Interval)>, StoreError> {
    let mut found = around(scope, (from, to), &|_, _| true)?;
    let sql = format!(
        "SELECT {COLUMNS} INDEXED BY presence_lasting
         WHERE pbx = ?1 AND {LASTING} AND start <= ?3 AND (until = 0 OR until >= ?2) AND marked"
    );
    let mut statement = scope.db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![scope.pbx, from, to])?;
    let mut marked = BTreeSet::new();
    while let Some(row) = rows.next()? {
        marked.insert(interval(row)?);
    }
    if !marked.is_empty() {
        found.iter_mut().for_each(|own| own.1.marked = marked.contains(own));
    }
    Ok(found)
}

/// Whose and what goes on and began before `before`, and since when.
pub(super) fn going_on(scope: &Scope<'_>, before: i64) -> Result<Vec<(AgentName, Kind, i64)>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} INDEXED BY presence_lasting
         WHERE pbx = ?1 AND {LASTING} AND until = 0 AND start < ?2"
    );
    let mut statement = scope.db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![scope.pbx, before])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let agent = AgentName::new(row.get_ref(0)?.as_str().map_err(record)?);
        found.push((agent, kind(row)?, row.get(1)?));
    }
    Ok(found)
}

fn kind(row: &Row<'_>) -> Result<Kind, StoreError> {
    Ok(if row.get::<_, i64>(2)? == 1 { Kind::Pause } else { Kind::Login })
}

/// Not marked: what is read does not tell.
fn interval(row: &Row<'_>) -> Result<(AgentName, Interval), StoreError> {
    let text = |at: usize| row.get_ref(at)?.as_str().map_err(record);
    let (queue, until): (&str, i64) = (text(3)?, row.get(4)?);
    let interval = Interval {
        start: row.get(1)?,
        kind: kind(row)?,
        queue: (queue != ALL).then(|| QueueName::new(queue)),
        end: (until != 0).then_some(until),
        reason: text(5)?.to_owned(),
        marked: false,
    };
    Ok((AgentName::new(text(0)?), interval))
}
