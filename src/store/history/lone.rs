//! Rows that belong to no call (pause, login, starts of Asterisk), of tables and of files, as they came.

use rusqlite::{OptionalExtension, params};
use smol_str::SmolStr;

use super::agents::{Touched, touch};
use super::calls::Odd;
use super::{SEPARATOR, Scope, identity};
use crate::domain::history::event::{Event, parse};
use crate::domain::history::fold::NEAR_SECONDS;
use crate::domain::history::place::{Hint, near_repeat, place_lone};
use crate::domain::history::row::{LogRow, civil_of, civil_second};
use crate::domain::history::twice::{distinct, same_content};
use crate::domain::time::candidates;
use crate::store::StoreError;

/// In a repeated hour a row may still turn out to be this much earlier, seconds.
const REPEAT_SLACK: i64 = 7200;
/// Rows of the same content this near decide together which of them two sources tell.
const CHAIN: i64 = 8 * NEAR_SECONDS;

/// Stores a row and notes what it touches; 1 when it is one that neither source told before.
pub(super) fn add(
    scope: &Scope<'_>,
    row: &LogRow,
    hints: &[Hint],
    agents: &mut Touched,
    odd: &mut Odd,
) -> Result<u64, StoreError> {
    let agent = if row.has_agent() { row.agent.trim() } else { "NONE" };
    let fields = row.data.join(&SEPARATOR.to_string());
    let time = row.instant().unwrap_or_else(|| civil_second(row.local));
    let queue = row.queue.to_ascii_lowercase();
    let key = params![scope.pbx, agent, time, queue, row.event.as_str(), row.callid.as_str(), fields, row.id];
    let of_file = row.instant().is_some();
    let new = scope.db.prepare_cached(insert(of_file))?.execute(key)? > 0;
    let at = place_lone(&scope.zone, row, hints);
    let who = scope.identities()?.of_row(&scope.zone, row);
    if !new {
        if scope.db.prepare_cached(lower(of_file))?.execute(key)? > 0 {
            touch(agents, who.as_str(), at);
        }
        return Ok(0);
    }
    identity::note(scope, agent)?;
    // What the other source told may give up its place in time to this row.
    let near = if scope.file_clock > 0 { NEAR_SECONDS } else { 0 };
    match parse(row) {
        Ok(Event::QueueStart | Event::Other) | Err(_) => {}
        Ok(_) if row.has_agent() => {
            let slack = near + if near_repeat(&scope.zone, row.local) { REPEAT_SLACK } else { 0 };
            touch(agents, who.as_str(), at - slack);
            touch(agents, who.as_str(), at + slack);
        }
        Ok(_) => {}
    }
    if scope.file_clock > 0 && !adds_one(scope, agent, row)? {
        return Ok(0);
    }
    if let Err(kind) = parse(row) {
        *odd.entry(kind).or_default() += 1;
    }
    Ok(1)
}

fn insert(of_file: bool) -> &'static str {
    if of_file {
        "INSERT OR IGNORE INTO file_row (pbx, agent, at, queue, event, callid, fields, id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
    } else {
        "INSERT OR IGNORE INTO agent_row (pbx, agent, local, queue, event, callid, fields, id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
    }
}

/// A known row takes the smaller id.
fn lower(of_file: bool) -> &'static str {
    if of_file {
        "UPDATE file_row SET id = ?8 WHERE pbx = ?1 AND agent = ?2 AND at = ?3 AND queue = ?4
         AND event = ?5 AND callid = ?6 AND fields = ?7 AND id > ?8"
    } else {
        "UPDATE agent_row SET id = ?8 WHERE pbx = ?1 AND agent = ?2 AND local = ?3 AND queue = ?4
         AND event = ?5 AND callid = ?6 AND fields = ?7 AND id > ?8"
    }
}

/// Whether a row that was just stored is one more, and not one that the other source told already.
fn adds_one(scope: &Scope<'_>, agent: &str, row: &LogRow) -> Result<bool, StoreError> {
    let local = civil_second(row.local);
    let mut near = between(scope, agent, (local - CHAIN, local + CHAIN))?;
    near.retain(|other| same_content(&LogRow { agent: other.agent.clone(), ..row.clone() }, other));
    let own = LogRow { agent: agent.into(), ..row.clone() };
    let with = distinct(&near).len();
    near.retain(|other| other.order(&own).is_ne());
    Ok(with > distinct(&near).len())
}

/// An agent's rows between two local times: those with his name, and those of the interfaces that were his.
pub(super) fn of_agent(scope: &Scope<'_>, agent: &str, span: (i64, i64)) -> Result<Vec<LogRow>, StoreError> {
    let identities = scope.identities()?;
    let mut rows = Vec::new();
    for text in identity::texts_of(scope, agent)? {
        let own = between(scope, &text, span)?.into_iter();
        rows.extend(own.filter(|row| identities.of_row(&scope.zone, row).as_str() == agent));
    }
    Ok(rows)
}

/// The rows with this text in the agent column between two local times.
pub(super) fn between(
    scope: &Scope<'_>,
    agent: &str,
    (from, to): (i64, i64),
) -> Result<Vec<LogRow>, StoreError> {
    let mut rows = of_table(
        scope,
        "SELECT local, queue, event, callid, fields, id, agent FROM agent_row
         WHERE pbx = ?1 AND agent = ?2 AND local BETWEEN ?3 AND ?4",
        params![scope.pbx, agent, from, to],
    )?;
    if scope.file_clock > 0 {
        // The zone's offset may be anything up to 14 hours; what lies outside is left out again.
        let mut files = of_file(
            scope,
            "SELECT queue, event, callid, fields, id, agent FROM file_row
             WHERE pbx = ?1 AND agent = ?2 AND at BETWEEN ?3 AND ?4",
            params![scope.pbx, agent, from.saturating_sub(OFFSETS), to.saturating_add(OFFSETS)],
        )?;
        files.retain(|row| (from..=to).contains(&civil_second(row.local)));
        rows.extend(files);
    }
    Ok(rows)
}

/// The instant, about, of an agent's `n`-th row after the UTC second `at`; `None` where there are fewer.
pub(super) fn after(scope: &Scope<'_>, agent: &str, at: i64, n: u32) -> Result<Option<i64>, StoreError> {
    let mut first = None;
    for text in identity::texts_of(scope, agent)? {
        first = first.into_iter().chain(after_of(scope, &text, at, n)?).min();
    }
    Ok(first)
}

fn after_of(scope: &Scope<'_>, agent: &str, at: i64, n: u32) -> Result<Option<i64>, StoreError> {
    let nth = |sql: &str, from: i64| -> Result<Option<i64>, StoreError> {
        let mut statement = scope.db.prepare_cached(sql)?;
        let found = statement.query_row(params![scope.pbx, agent, from, n], |row| row.get(0));
        Ok(found.optional()?)
    };
    let local = nth(
        "SELECT local FROM agent_row WHERE pbx = ?1 AND agent = ?2 AND local > ?3 ORDER BY local LIMIT 1 OFFSET ?4",
        scope.local(at),
    )?;
    let table = local.and_then(civil_of).and_then(|local| candidates(&scope.zone, local).into_iter().min());
    let file = if scope.file_clock == 0 {
        Ok(None)
    } else {
        nth(
            "SELECT at FROM file_row WHERE pbx = ?1 AND agent = ?2 AND at > ?3 ORDER BY at LIMIT 1 OFFSET ?4",
            at,
        )
    }?;
    Ok(table.into_iter().chain(file).min())
}

/// No zone is further from UTC, seconds.
const OFFSETS: i64 = 16 * 3600;

/// The rows that tell a start of Asterisk.
pub(super) fn starts(scope: &Scope<'_>) -> Result<Vec<LogRow>, StoreError> {
    let mut rows = of_table(
        scope,
        "SELECT local, queue, event, callid, fields, id, agent FROM agent_row INDEXED BY agent_row_start
         WHERE pbx = ?1 AND agent = 'NONE' AND event = 'QUEUESTART'",
        params![scope.pbx],
    )?;
    rows.extend(of_file(
        scope,
        "SELECT queue, event, callid, fields, id, agent FROM file_row INDEXED BY file_row_start
         WHERE pbx = ?1 AND agent = 'NONE' AND event = 'QUEUESTART'",
        params![scope.pbx],
    )?);
    Ok(distinct(rows))
}

fn of_table(scope: &Scope<'_>, sql: &str, bound: &[&dyn rusqlite::ToSql]) -> Result<Vec<LogRow>, StoreError> {
    let mut statement = scope.db.prepare_cached(sql)?;
    let rows = statement.query_map(bound, |row| {
        let local = civil_of(row.get(0)?).unwrap_or_default();
        Ok(LogRow { local, ..columns(row, 1)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn of_file(scope: &Scope<'_>, sql: &str, bound: &[&dyn rusqlite::ToSql]) -> Result<Vec<LogRow>, StoreError> {
    let mut statement = scope.db.prepare_cached(sql)?;
    let rows = statement.query_map(bound, |row| columns(row, 0))?;
    let mut rows: Vec<LogRow> = rows.collect::<Result<_, _>>()?;
    rows.iter_mut().for_each(|row| row.settle(&scope.zone));
    Ok(rows)
}

/// A row as `queue, event, callid, fields, id, agent` from column `at` on give it, without its time.
fn columns(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<LogRow> {
    let text = |at: usize| -> rusqlite::Result<&str> { Ok(row.get_ref(at)?.as_str()?) };
    let mut data: [SmolStr; 5] = Default::default();
    data.iter_mut().zip(text(at + 3)?.split(SEPARATOR)).for_each(|(slot, text)| *slot = text.into());
    Ok(LogRow {
        queue: text(at)?.into(),
        event: text(at + 1)?.into(),
        callid: text(at + 2)?.into(),
        id: row.get(at + 4)?,
        agent: text(at + 5)?.into(),
        local: jiff::civil::DateTime::default(),
        data,
    })
}
