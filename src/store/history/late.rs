//! Which cells changed long after their time: the mark *late*.
//!
//! A row is late when it comes more than an hour after its own time, by the log's own clock, though that time had been
//! read completely: the PBX had been synchronised to the end, and the time lies behind the edge down to which the past is
//! read. So the first synchronisation marks nothing, nor does catching up after a pause (the clock goes on with the rows),
//! nor reading the past, nor a file. A row that is known already changes nothing and is not late. Rows that the hourly
//! check finds missing are late, too. A cell stays marked.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, params};

use super::ledger::Ledger;
use super::{Scope, lone, sums};
use crate::domain::history::cells::Subject;
use crate::domain::history::event::{Belongs, Event, parse};
use crate::domain::history::row::{LogRow, Same, civil_second};
use crate::domain::ids::PbxName;
use crate::domain::time::{Hour, candidates};
use crate::store::{Store, StoreError};

/// A row that comes later than this after its own time is late, seconds.
const LATE: i64 = 3600;

/// What a late row can have changed.
pub(super) struct Late {
    /// The cells of this queue, or of no queue, in lower case; `None`: of all.
    queue: Option<String>,
    /// The cells of this agent; `None`: of all.
    agent: Option<String>,
    /// From here on, UTC.
    from: i64,
    /// Up to here.
    to: i64,
}

impl Late {
    fn of(scope: &Scope<'_>, row: &LogRow, at: i64) -> Result<Self, StoreError> {
        if row.belongs() != Belongs::Call {
            let who = || Ok::<_, StoreError>(scope.identities()?.of_row(&scope.zone, row).to_string());
            let agent = row.has_agent().then(who).transpose()?;
            return Ok(Self { queue: None, agent, from: i64::MIN, to: i64::MAX });
        }
        let before = match parse(row) {
            Ok(Event::End { hold, talk, .. }) => hold + talk,
            Ok(Event::Connect { hold, .. }) => hold,
            Ok(Event::Leave { wait, .. }) => wait,
            Ok(Event::RingNoAnswer { millis } | Event::RingCanceled { millis }) => millis / 1000,
            _ => 0,
        };
        Ok(Self { queue: Some(row.queue.to_ascii_lowercase()), agent: None, from: at - before, to: at })
    }

    fn reaches(&self, subject: &Subject, hour: Hour) -> bool {
        let queue = self.queue.as_ref().is_none_or(|queue| *queue == subject.queue);
        let agent = self.agent.as_ref().is_none_or(|agent| *agent == subject.agent);
        queue && agent && hour.end() > self.from && hour.start <= self.to
    }
}

/// The late rows among `rows`; asked before they move the clock and are stored.
pub(super) fn find(scope: &Scope<'_>, rows: &[LogRow]) -> Result<Vec<Late>, StoreError> {
    let clock = scope.log_clock();
    let Some(edge) = read_from(scope)? else { return Ok(Vec::new()) };
    let mut old: BTreeMap<String, Vec<(&LogRow, i64)>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.instant().is_none()) {
        // Of a repeated hour the later pass, so that nothing on time is marked.
        let Some(at) = candidates(&scope.zone, row.local).into_iter().max() else { continue };
        if at + LATE < clock && civil_second(row.local) >= edge {
            let of = if row.belongs() == Belongs::Call { row.callid.clone() } else { String::new() };
            old.entry(of).or_default().push((row, at));
        }
    }
    let mut late = Vec::new();
    let mut ledger = Ledger::new(scope);
    for (callid, rows) in old {
        let known = if callid.is_empty() { known_lone(scope, &rows)? } else { ledger.rows(&callid)? };
        let known: BTreeSet<Same<'_>> = known.iter().map(Same).collect();
        for (row, at) in rows {
            if !known.contains(&Same(&trimmed(row))) {
                late.push(Late::of(scope, row, at)?);
            }
        }
    }
    Ok(late)
}

/// From which local time on everything had been read; `None` where nothing had.
fn read_from(scope: &Scope<'_>) -> Result<Option<i64>, StoreError> {
    let edge: Option<Option<i64>> = scope
        .db
        .prepare_cached(
            "SELECT (SELECT position FROM cursor older WHERE older.pbx = pbx.id AND older.source = 'queue_log.older_local')
             FROM pbx JOIN cursor ON cursor.pbx = pbx.id AND cursor.source = 'queue_log'
             WHERE pbx.id = ?1 AND synced_at IS NOT NULL",
        )?
        .query_row(params![scope.pbx], |row| row.get(0))
        .optional()?;
    // Around the edge rows stand a little out of order.
    Ok(edge.map(|edge| edge.map_or(i64::MIN, |edge| edge.saturating_add(LATE))))
}

/// As rows without a call are stored.
fn trimmed(row: &LogRow) -> LogRow {
    let mut row = row.clone();
    if row.belongs() != Belongs::Call {
        row.agent = if row.has_agent() { row.agent.trim().to_owned() } else { "NONE".into() };
    }
    row
}

fn known_lone(scope: &Scope<'_>, rows: &[(&LogRow, i64)]) -> Result<Vec<LogRow>, StoreError> {
    let mut known = Vec::new();
    for (row, _) in rows {
        let local = civil_second(row.local);
        known.extend(lone::between(scope, &trimmed(row).agent, (local, local))?);
    }
    Ok(known)
}

/// Marks those of the changed cells that late rows changed.
pub(super) fn mark(scope: &Scope<'_>, late: &[Late], changes: &sums::Changes) -> Result<(), StoreError> {
    if late.is_empty() {
        return Ok(());
    }
    let mut insert = scope.db.prepare_cached(
        "INSERT OR IGNORE INTO late_cell (pbx, hour, queue, agent) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (subject, hour) in changes.keys().filter(|(own, hour)| late.iter().any(|row| row.reaches(own, *hour)))
    {
        insert.execute(params![scope.pbx, hour.start, subject.queue, subject.agent])?;
    }
    Ok(())
}

impl Store {
    /// The cells that got a row more than an hour after its own time: subject, and the UTC second at which the hour starts,
    /// of the hours that begin in [from, to).
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn late_cells(
        &self,
        pbx: &PbxName,
        from: i64,
        to: i64,
    ) -> Result<BTreeSet<(Subject, i64)>, StoreError> {
        self.of(pbx, move |scope| {
            let mut statement = scope.db.prepare_cached(
                "SELECT queue, agent, hour FROM late_cell WHERE pbx = ?1 AND hour >= ?2 AND hour < ?3",
            )?;
            let rows = statement.query_map(params![scope.pbx, from, to], |row| {
                Ok((Subject { queue: row.get(0)?, agent: row.get(1)? }, row.get(2)?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}
