//! One batch of rows, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::params;

use super::agents::{self, Touched};
use super::{FILE_CLOCK, Scope, calls, lone, sums};
use crate::domain::history::cells::Contributions;
use crate::domain::history::event::{Belongs, Oddity};
use crate::domain::history::row::{LogRow, civil_second};
use crate::domain::ids::PbxName;
use crate::store::{Store, StoreError};

/// Rows read from a PBX, to be stored together.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Which PBX.
    pub pbx: PbxName,
    /// The rows of a table or of a file, in any order; known ones change nothing.
    pub rows: Vec<LogRow>,
    /// Rows that could not be read, by kind.
    pub oddities: BTreeMap<Oddity, u64>,
    /// Where reading of `queue_log` stands after this batch; `None` leaves it.
    pub cursor: Option<i64>,
}

/// What a batch changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Rows that were not known.
    pub rows: u64,
    /// Visits that were not there.
    pub visits: u64,
    /// Whether any cell changed.
    pub changed: bool,
}

impl Store {
    /// Stores a batch: rows, what is folded again because of them, the cells' differences and the cursor, in one
    /// transaction.
    ///
    /// # Errors
    /// When the PBX was never registered or the database refuses; nothing is stored then.
    pub async fn apply_batch(&self, batch: Batch) -> Result<Applied, StoreError> {
        self.write(move |db| {
            let mut scope = Scope::get(db, &batch.pbx)?;
            apply(&mut scope, batch)
        })
        .await
    }
}

/// What the rows of a batch touch.
#[derive(Default)]
pub(super) struct Work {
    pub(super) calls: BTreeSet<String>,
    pub(super) agents: Touched,
    pub(super) starts: Vec<i64>,
}

fn apply(scope: &mut Scope<'_>, mut batch: Batch) -> Result<Applied, StoreError> {
    batch.rows.iter_mut().for_each(|row| row.settle(&scope.zone));
    let mut applied = Applied::default();
    let mut oddities: BTreeMap<Oddity, i64> = BTreeMap::new();
    for (kind, number) in batch.oddities {
        oddities.insert(kind, i64::try_from(number).unwrap_or(i64::MAX));
    }
    let mut work = Work::default();
    note_clock(scope, &batch.rows)?;
    note_queues(scope, &batch.rows)?;
    let hints = scope.hints()?;
    let mut by_call: BTreeMap<String, Vec<LogRow>> = BTreeMap::new();
    for row in batch.rows {
        if row.belongs() == Belongs::Call {
            by_call.entry(row.callid.clone()).or_default().push(row);
        } else {
            applied.rows += lone::add(scope, &row, &hints, &mut work, &mut oddities)?;
        }
    }
    for (callid, rows) in by_call {
        if let Some(merged) = calls::merge(scope, &callid, rows)? {
            applied.rows += merged.new;
            work.calls.insert(callid);
            merged.oddities.into_iter().for_each(|(kind, more)| *oddities.entry(kind).or_default() += more);
        }
    }
    overdue(scope, &mut work)?;
    let (visits, changed) = refold(scope, work)?;
    applied.visits = visits;
    applied.changed = changed;
    note_oddities(scope, &oddities)?;
    if let Some(cursor) = batch.cursor {
        set_cursor(scope, "queue_log", cursor)?;
    }
    Ok(applied)
}

/// Folds again what is touched; says how many visits are new and whether a cell changed.
fn refold(scope: &Scope<'_>, mut work: Work) -> Result<(u64, bool), StoreError> {
    let mut starts = scope.queue_starts()?;
    let (mut given, mut before) = (Contributions::default(), Contributions::default());
    let mut refolded = calls::refold(scope, &work.calls, &starts, &mut given, &mut before)?;
    if let Some(span) = refolded.hinted {
        agents::touched_by_hints(scope, span, &mut work.agents)?;
        let placed = scope.queue_starts()?;
        if placed != starts {
            let calls = touched_by_moved(scope, &starts, &placed, &mut work.agents)?;
            let more = calls::refold(scope, &calls, &placed, &mut given, &mut before)?;
            refolded.visits += more.visits;
            refolded.rang.extend(more.rang);
            starts = placed;
        }
    }
    if !refolded.rang.is_empty() {
        agents::touched_by_rings(scope, &refolded.rang, &mut work.agents)?;
    }
    agents::refold(scope, &work.agents, &starts, &mut given, &mut before)?;
    let changes = given.minus(&before);
    sums::apply(scope, &changes)?;
    Ok((refolded.visits, !changes.is_empty()))
}

/// What is touched by starts of Asterisk in a repeated hour that turn out to be of the other pass.
fn touched_by_moved(
    scope: &Scope<'_>,
    before: &[i64],
    now: &[i64],
    agents: &mut Touched,
) -> Result<BTreeSet<String>, StoreError> {
    let mut touched = BTreeSet::new();
    let (before, now): (BTreeSet<i64>, BTreeSet<i64>) =
        (before.iter().copied().collect(), now.iter().copied().collect());
    for start in before.symmetric_difference(&now) {
        let mut statement = scope.db.prepare_cached(
            "SELECT callid FROM visit WHERE pbx = ?1 AND ((review_at IS NOT NULL AND entered < ?2)
             OR (marks >= 2 AND entered BETWEEN ?2 - 57600 AND ?2))",
        )?;
        let found = statement.query_map(params![scope.pbx, start], |row| row.get(0))?;
        touched.extend(found.collect::<Result<Vec<String>, _>>()?);
        agents::touched_by_start(scope, *start, agents)?;
    }
    Ok(touched)
}

/// What starts of Asterisk and the log's clock touch beside the rows.
fn overdue(scope: &Scope<'_>, work: &mut Work) -> Result<(), StoreError> {
    let mut calls = |sql: &str, bound: &[&dyn rusqlite::ToSql]| -> Result<(), StoreError> {
        let mut statement = scope.db.prepare_cached(sql)?;
        let mut rows = statement.query(bound)?;
        while let Some(row) = rows.next()? {
            work.calls.insert(row.get(0)?);
        }
        Ok(())
    };
    calls(
        "SELECT callid FROM visit WHERE pbx = ?1 AND review_at < ?2",
        params![scope.pbx, scope.log_clock()],
    )?;
    for start in std::mem::take(&mut work.starts) {
        calls(
            "SELECT callid FROM visit WHERE pbx = ?1 AND review_at IS NOT NULL AND entered < ?2",
            params![scope.pbx, start],
        )?;
        // A talk without an end has a bound, which a start inside its four hours moves.
        calls(
            "SELECT callid FROM visit WHERE pbx = ?1 AND marks >= 4 AND entered BETWEEN ?2 - 57600 AND ?2",
            params![scope.pbx, start],
        )?;
        agents::touched_by_start(scope, start, &mut work.agents)?;
    }
    agents::touched_by_clock(scope, &mut work.agents)
}

/// The log's own clock goes on to the newest row of each source.
fn note_clock(scope: &mut Scope<'_>, rows: &[LogRow]) -> Result<(), StoreError> {
    let table = rows.iter().filter(|row| row.instant().is_none()).map(|row| civil_second(row.local)).max();
    if let Some(newest) = table.filter(|newest| *newest > scope.log_local) {
        scope.log_local = newest;
        scope
            .db
            .prepare_cached("UPDATE pbx SET log_local = ?2 WHERE id = ?1")?
            .execute(params![scope.pbx, newest])?;
    }
    if let Some(newest) = rows.iter().filter_map(LogRow::instant).max()
        && newest > scope.file_clock
    {
        scope.file_clock = newest;
        set_cursor(scope, FILE_CLOCK, newest)?;
    }
    Ok(())
}

fn note_queues(scope: &Scope<'_>, rows: &[LogRow]) -> Result<(), StoreError> {
    let mut first: BTreeMap<String, (i64, &str)> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.queue.is_empty() && !row.queue.eq_ignore_ascii_case("NONE")) {
        let seen = first.entry(row.queue.to_ascii_lowercase()).or_insert((row.id, &row.queue));
        *seen = (*seen).min((row.id, &row.queue));
    }
    let mut statement = scope.db.prepare_cached(
        "INSERT INTO queue (pbx, folded, name, first_id) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (pbx, folded) DO UPDATE SET name = excluded.name, first_id = excluded.first_id
         WHERE excluded.first_id < queue.first_id",
    )?;
    for (folded, (id, name)) in first {
        statement.execute(params![scope.pbx, folded, name, id])?;
    }
    Ok(())
}

fn note_oddities(scope: &Scope<'_>, oddities: &BTreeMap<Oddity, i64>) -> Result<(), StoreError> {
    let mut statement = scope.db.prepare_cached(
        "INSERT INTO oddity (pbx, kind, number) VALUES (?1, ?2, ?3)
         ON CONFLICT (pbx, kind) DO UPDATE SET number = number + excluded.number",
    )?;
    for (kind, number) in oddities {
        statement.execute(params![scope.pbx, kind.as_str(), number])?;
    }
    Ok(())
}

/// Notes where reading of a source stands.
pub(super) fn set_cursor(scope: &Scope<'_>, source: &str, position: i64) -> Result<(), StoreError> {
    scope
        .db
        .prepare_cached(
            "INSERT INTO cursor (pbx, source, position) VALUES (?1, ?2, ?3)
             ON CONFLICT (pbx, source) DO UPDATE SET position = excluded.position",
        )?
        .execute(params![scope.pbx, source, position])?;
    Ok(())
}

/// Folds everything of the given callids and agents again; for a rebuild.
pub(super) fn refold_all(
    scope: &Scope<'_>,
    calls: BTreeSet<String>,
    agents: Touched,
) -> Result<(), StoreError> {
    refold(scope, Work { calls, agents, starts: Vec::new() }).map(|_| ())
}
