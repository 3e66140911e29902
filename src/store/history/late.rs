//! Which cells changed long after their time: the mark *late*.
//!
//! A row is late when it comes more than an hour after its own time, by the log's own clock, though that time had been
//! read completely: the PBX had been synchronised to the end, and the time lies behind the edge down to which the past is
//! read. So the first synchronisation marks nothing, nor does catching up after a pause (the clock goes on with the rows),
//! nor reading the past, nor a file. (A table may tell instants as a file does: who gives the rows says which it is.) A row that is known already changes nothing and is not late. Rows that the hourly
//! check finds missing are late, too. A cell stays marked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use rusqlite::{OptionalExtension, params};
use smol_str::SmolStr;

use super::ledger::Ledger;
use super::{Scope, changes, lone};
use crate::domain::history::cells::Subject;
use crate::domain::history::event::{Belongs, Event, parse};
use crate::domain::history::row::{LogRow, Same, civil_second};
use crate::domain::ids::PbxName;
use crate::domain::time::{DAY, candidates, hour_of, split_by_hour};
use crate::store::{Store, StoreError};

/// A row that comes later than this after its own time is late, seconds.
const LATE: i64 = 3600;

/// Marks the cells that the late ones among a table's `rows` belong to; asked before these move the clock and are stored.
pub(super) fn note_rows(scope: &Scope<'_>, rows: &[LogRow], of_table: bool) -> Result<(), StoreError> {
    let clock = scope.log_clock();
    let Some(edge) = read_from(scope)? else { return Ok(()) };
    let mut old: BTreeMap<SmolStr, Vec<(&LogRow, i64)>> = BTreeMap::new();
    let told = rows.iter().filter(|row| of_table || row.instant().is_none());
    for row in told.filter(|row| civil_second(row.local) >= edge) {
        // Of a repeated hour the later pass, so that nothing on time is marked.
        let latest = || candidates(&scope.zone, row.local).into_iter().max();
        let Some(at) = row.instant().or_else(latest) else { continue };
        if at + LATE < clock {
            let of = if row.belongs() == Belongs::Call { row.callid.clone() } else { SmolStr::default() };
            old.entry(of).or_default().push((row, at));
        }
    }
    let mut ledger = Ledger::new(scope);
    for (callid, rows) in old {
        let known = if callid.is_empty() { known_lone(scope, &rows)? } else { ledger.rows(&callid)? };
        let known: BTreeSet<Same<'_>> = known.iter().map(Same).collect();
        for (row, at) in rows.into_iter().filter(|(row, _)| !known.contains(&Same(&trimmed(row)))) {
            let who = scope.identities()?.of_row(&scope.zone, row);
            note(scope, &reached(&scope.zone, row, who.as_str(), at))?;
        }
    }
    Ok(())
}

/// The cells that a row at `at` gives something to: of its queue where the visit entered, by what the row logs; of its
/// agent in every hour of the talk or ring that it logs.
fn reached(zone: &TimeZone, row: &LogRow, agent: &str, at: i64) -> BTreeSet<(String, String, i64)> {
    let (queue, agent) = (row.queue.to_ascii_lowercase(), agent.to_owned());
    let mut cells = BTreeSet::new();
    if row.belongs() != Belongs::Call {
        let own = if queue == "none" { String::new() } else { queue };
        let hour = hour_of(zone, at).start;
        if row.has_agent() {
            cells.extend([(own, agent.clone(), hour), (String::new(), agent, hour)]);
        }
        return cells;
    }
    let (entered, began) = match parse(row) {
        Ok(Event::End { hold, talk, .. }) => (at - hold - talk, at - talk),
        Ok(Event::Connect { hold, ring, .. }) => (at - hold, at - ring),
        Ok(Event::Leave { wait, .. }) => (at - wait, at),
        Ok(Event::RingNoAnswer { millis } | Event::RingCanceled { millis }) => (at, at - millis / 1000),
        Ok(Event::Enter { .. }) => (at, at),
        _ => return cells,
    };
    cells.insert((queue.clone(), String::new(), hour_of(zone, entered).start));
    if row.has_agent() {
        let hours = split_by_hour(zone, began, at + 1).into_iter();
        cells.extend(hours.map(|(hour, _)| (queue.clone(), agent.clone(), hour.start)));
    }
    cells
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
        row.agent = if row.has_agent() { row.agent.trim().into() } else { "NONE".into() };
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

fn note(scope: &Scope<'_>, cells: &BTreeSet<(String, String, i64)>) -> Result<(), StoreError> {
    let mut insert = scope.db.prepare_cached(
        "INSERT OR IGNORE INTO late_cell (pbx, hour, queue, agent) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (queue, agent, hour) in cells {
        insert.execute(params![scope.pbx, hour, queue, agent])?;
        changes::note(scope, hour.div_euclid(DAY))?;
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
