//! One batch of rows, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::params;

use super::agents::{self, Touched, touch};
use super::{SEPARATOR, Scope, calls, sums};
use crate::domain::history::cells::Contributions;
use crate::domain::history::event::{Belongs, Event, Oddity, parse};
use crate::domain::history::place::{Hint, near_repeat, place_lone};
use crate::domain::history::row::{LogRow, civil_second};
use crate::domain::ids::PbxName;
use crate::store::{Store, StoreError};

/// Rows read from a PBX, to be stored together.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Which PBX.
    pub pbx: PbxName,
    /// The rows, in any order; known ones change nothing.
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
struct Work {
    calls: BTreeSet<String>,
    agents: Touched,
    starts: Vec<i64>,
}

fn apply(scope: &mut Scope<'_>, batch: Batch) -> Result<Applied, StoreError> {
    let mut applied = Applied::default();
    let mut oddities = batch.oddities;
    let mut work = Work::default();
    let newest = batch.rows.iter().map(|row| civil_second(row.local)).max();
    note_queues(scope, &batch.rows)?;
    let hints = scope.hints()?;
    let mut by_call: BTreeMap<String, Vec<LogRow>> = BTreeMap::new();
    for row in batch.rows {
        if row.belongs() == Belongs::Call {
            by_call.entry(row.callid.clone()).or_default().push(row);
        } else {
            applied.rows += add_agent_row(scope, &row, &hints, &mut work, &mut oddities)?;
        }
    }
    for (callid, rows) in by_call {
        let odd: Vec<Oddity> = rows.iter().filter_map(|row| parse(row).err()).collect();
        if let Some(new) = calls::merge(scope, &callid, rows)? {
            applied.rows += new;
            work.calls.insert(callid);
            odd.into_iter().for_each(|kind| *oddities.entry(kind).or_default() += 1);
        }
    }
    if newest.is_some_and(|newest| newest > scope.log_local) {
        scope.log_local = newest.unwrap_or(scope.log_local);
        scope
            .db
            .prepare_cached("UPDATE pbx SET log_local = ?2 WHERE id = ?1")?
            .execute(params![scope.pbx, scope.log_local])?;
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
    let starts = scope.queue_starts()?;
    let (mut given, mut before) = (Contributions::default(), Contributions::default());
    let refolded = calls::refold(scope, &work.calls, &starts, &mut given, &mut before)?;
    if let Some(span) = refolded.hinted {
        agents::touched_by_hints(scope, span, &mut work.agents)?;
    }
    if !refolded.rang.is_empty() {
        agents::touched_by_rings(scope, &refolded.rang, &mut work.agents)?;
    }
    agents::refold(scope, &work.agents, &starts, &mut given, &mut before)?;
    let changes = given.minus(&before);
    sums::apply(scope, &changes)?;
    Ok((refolded.visits, !changes.is_empty()))
}

fn add_agent_row(
    scope: &Scope<'_>,
    row: &LogRow,
    hints: &[Hint],
    work: &mut Work,
    oddities: &mut BTreeMap<Oddity, u64>,
) -> Result<u64, StoreError> {
    let fields = row.data.join(&SEPARATOR.to_string());
    let agent = if row.has_agent() { row.agent.trim() } else { "NONE" };
    let key = params![
        scope.pbx,
        agent,
        civil_second(row.local),
        row.queue.to_ascii_lowercase(),
        row.event,
        row.callid,
        fields,
        row.id
    ];
    let new = scope
        .db
        .prepare_cached(
            "INSERT OR IGNORE INTO agent_row (pbx, agent, local, queue, event, callid, fields, id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(key)?;
    let at = place_lone(&scope.zone, row, hints);
    if new == 0 {
        let lower = scope
            .db
            .prepare_cached(
                "UPDATE agent_row SET id = ?8 WHERE pbx = ?1 AND agent = ?2 AND local = ?3 AND queue = ?4
                 AND event = ?5 AND callid = ?6 AND fields = ?7 AND id > ?8",
            )?
            .execute(key)?;
        if lower > 0 {
            touch(&mut work.agents, agent, at);
        }
        return Ok(0);
    }
    match parse(row) {
        Ok(Event::QueueStart) => work.starts.push(at),
        Ok(Event::Other) => {}
        Ok(_) if row.has_agent() => {
            // In a repeated hour the row may still turn out to be an hour earlier.
            let slack = if near_repeat(&scope.zone, row.local) { 7200 } else { 0 };
            touch(&mut work.agents, agent, at - slack);
        }
        Ok(_) => {}
        Err(kind) => *oddities.entry(kind).or_default() += 1,
    }
    Ok(1)
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

fn note_oddities(scope: &Scope<'_>, oddities: &BTreeMap<Oddity, u64>) -> Result<(), StoreError> {
    let mut statement = scope.db.prepare_cached(
        "INSERT INTO oddity (pbx, kind, number) VALUES (?1, ?2, ?3)
         ON CONFLICT (pbx, kind) DO UPDATE SET number = number + excluded.number",
    )?;
    for (kind, number) in oddities {
        statement.execute(params![scope.pbx, kind.as_str(), i64::try_from(*number).unwrap_or(i64::MAX)])?;
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
