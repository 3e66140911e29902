//! The journal of who did what: append-only, each row sealed with the hash of all before it.
//!
//! An act that reaches outside (a call, a row of the PBX) is *opened* before it and *closed* after it by a second row
//! that refers to the first. A change of our own state is one row, written in the transaction of the change. Rows hold
//! no secrets. It proves that rows were changed or cut off; it cannot stop root from writing a whole new chain.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Store, StoreError};
use crate::domain::account::Actor;

/// Longest text kept in one column, in letters: a hostile name cannot fill the disk.
const LONGEST: usize = 4000;

/// What is about to be done, or was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalEntry {
    /// Account name, or `console`.
    pub actor: String,
    /// Address, `wall` or `console`.
    pub origin: String,
    /// What, `supervision listen`, `account add`.
    pub action: String,
    /// Upon what, `pbx PJSIP/101 1795330864.4`.
    pub target: String,
    /// How it was, where that makes sense.
    pub before: Option<String>,
    /// How it is to be.
    pub after: Option<String>,
}

impl JournalEntry {
    /// An entry of `actor` doing `action` upon `target`.
    pub fn new(actor: &Actor, action: &str, target: impl Into<String>) -> Self {
        Self {
            actor: actor.name.clone(),
            origin: actor.origin.clone(),
            action: action.into(),
            target: target.into(),
            before: None,
            after: None,
        }
    }

    /// With what was before and what is after.
    #[must_use]
    pub fn changing(mut self, before: Option<String>, after: Option<String>) -> Self {
        self.before = before;
        self.after = after;
        self
    }
}

/// A row of the journal's number. Rows are numbered from 1 without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct JournalId(pub i64);

/// One row as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRow {
    /// Its number.
    pub id: JournalId,
    /// When it was written.
    pub at: Timestamp,
    /// Who, what and upon what.
    pub entry: JournalEntry,
    /// How it went: `ok` or a sentence; `None` in a row that opens an act.
    pub result: Option<String>,
    /// The row that this one closes.
    pub refers: Option<JournalId>,
}

/// What checking the whole chain gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalVerdict {
    /// Rows read.
    pub rows: u64,
    /// The first row that is not as it was written, or is missing; `None` when all is well.
    pub broken_at: Option<JournalId>,
    /// Acts that were opened and never closed.
    pub open: u64,
}

impl Store {
    /// Opens an act: call it before the act, and do nothing if it fails.
    ///
    /// # Errors
    /// When the row could not be made durable.
    pub async fn journal_open(&self, at: Timestamp, entry: JournalEntry) -> Result<JournalId, StoreError> {
        self.write(move |tx| append(tx, at, &entry, None, None)).await
    }

    /// Closes the act of row `opened` with its result (`ok` or a sentence) and what is after it.
    ///
    /// # Errors
    /// When there is no such open act, or the row could not be made durable.
    pub async fn journal_close(
        &self,
        at: Timestamp,
        opened: JournalId,
        result: &str,
        after: Option<String>,
    ) -> Result<JournalId, StoreError> {
        let result = result.to_owned();
        self.write(move |tx| {
            let first = row_by_id(tx, opened)?.ok_or_else(|| no_such(opened))?;
            let entry = JournalEntry { after, before: None, ..first.entry };
            append(tx, at, &entry, Some(&result), Some(opened))
        })
        .await
    }

    /// Writes an act that is over, in one row.
    ///
    /// # Errors
    /// When the row could not be made durable.
    pub async fn journal_record(
        &self,
        at: Timestamp,
        entry: JournalEntry,
        result: &str,
    ) -> Result<JournalId, StoreError> {
        let result = result.to_owned();
        self.write(move |tx| append(tx, at, &entry, Some(&result), None)).await
    }

    /// Closes every act that an earlier run left open, but those whose action is one of `but`: they may go on without us.
    /// Returns how many. Called once at the start.
    ///
    /// # Errors
    /// When a row could not be made durable.
    pub async fn journal_close_interrupted(
        &self,
        at: Timestamp,
        but: &'static [&'static str],
    ) -> Result<usize, StoreError> {
        self.write(move |tx| {
            let mut open = open_acts(tx)?;
            open.retain(|row| !but.contains(&row.entry.action.as_str()));
            for row in &open {
                let entry = JournalEntry { before: None, after: None, ..row.entry.clone() };
                append(
                    tx,
                    at,
                    &entry,
                    Some("interrupted: the program ended before the result"),
                    Some(row.id),
                )?;
            }
            Ok(open.len())
        })
        .await
    }

    /// The acts that are open, whose action is one of `actions`, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn journal_open_acts(
        &self,
        actions: &'static [&'static str],
    ) -> Result<Vec<JournalRow>, StoreError> {
        self.read(move |db| {
            let mut open = open_acts(db)?;
            open.retain(|row| actions.contains(&row.entry.action.as_str()));
            Ok(open)
        })
        .await
    }

    /// The rows after row `id` of one action, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn journal_after(
        &self,
        id: JournalId,
        action: &'static str,
    ) -> Result<Vec<JournalRow>, StoreError> {
        self.read(move |db| {
            rows(db, "SELECT * FROM journal WHERE id > ?1 AND action = ?2 ORDER BY id", params![id.0, action])
        })
        .await
    }

    /// At most `limit` rows before row `before` (or the newest), the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn journal_page(
        &self,
        before: Option<JournalId>,
        limit: u32,
    ) -> Result<Vec<JournalRow>, StoreError> {
        let before = before.map_or(i64::MAX, |id| id.0);
        self.read(move |db| {
            rows(db, "SELECT * FROM journal WHERE id < ?1 ORDER BY id DESC LIMIT ?2", params![before, limit])
        })
        .await
    }

    /// Reads the whole chain and says whether it is as it was written.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn journal_verify(&self) -> Result<JournalVerdict, StoreError> {
        self.read(verify).await
    }
}

/// Appends one row inside the caller's transaction.
pub(in crate::store) fn append(
    tx: &Transaction<'_>,
    at: Timestamp,
    entry: &JournalEntry,
    result: Option<&str>,
    refers: Option<JournalId>,
) -> Result<JournalId, StoreError> {
    let last: Option<(i64, Vec<u8>)> = tx
        .query_row("SELECT id, hash FROM journal ORDER BY id DESC LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let (last, previous) = last.unwrap_or_default();
    let row = JournalRow {
        id: JournalId(last + 1),
        at: Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at),
        entry: JournalEntry {
            actor: cut(&entry.actor),
            origin: cut(&entry.origin),
            action: cut(&entry.action),
            target: cut(&entry.target),
            before: entry.before.as_deref().map(cut),
            after: entry.after.as_deref().map(cut),
        },
        result: result.map(cut),
        refers,
    };
    tx.execute(
        "INSERT INTO journal (id, at, actor, origin, action, target, before, after, result, refers, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            row.id.0,
            row.at.as_millisecond(),
            row.entry.actor,
            row.entry.origin,
            row.entry.action,
            row.entry.target,
            row.entry.before,
            row.entry.after,
            row.result,
            row.refers.map(|id| id.0),
            seal(&previous, &row)?,
        ],
    )?;
    Ok(row.id)
}

/// The hash of a row: SHA-256 over the hash before it and the row as a JSON array, which has one form only.
fn seal(previous: &[u8], row: &JournalRow) -> Result<Vec<u8>, StoreError> {
    let entry = &row.entry;
    let canonical = serde_json::to_vec(&(
        row.id,
        row.at.as_millisecond(),
        (&entry.actor, &entry.origin, &entry.action, &entry.target),
        (&entry.before, &entry.after, &row.result, row.refers),
    ))
    .map_err(|error| StoreError::Record(error.to_string()))?;
    Ok(Sha256::new().chain_update(previous).chain_update(canonical).finalize().to_vec())
}

fn verify(db: &Connection) -> Result<JournalVerdict, StoreError> {
    let mut statement = db.prepare("SELECT *, hash FROM journal ORDER BY id")?;
    let mut found = statement.query([])?;
    let mut verdict = JournalVerdict { rows: 0, broken_at: None, open: 0 };
    let mut previous = Vec::new();
    let mut next = 1;
    while let Some(raw) = found.next()? {
        let row = read_row(raw)?;
        let hash: Vec<u8> = raw.get("hash")?;
        if verdict.broken_at.is_none() && (row.id.0 != next || seal(&previous, &row)? != hash) {
            verdict.broken_at = Some(JournalId(next));
        }
        previous = hash;
        next = row.id.0 + 1;
        verdict.rows += 1;
    }
    // The sequence remembers the highest row ever written, so that rows cut off at the end are missed.
    let highest: Option<i64> = db
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'journal'", [], |row| row.get(0))
        .optional()?;
    if verdict.broken_at.is_none() && highest.unwrap_or(0) >= next {
        verdict.broken_at = Some(JournalId(next));
    }
    verdict.open = db.query_row(
        "SELECT count(*) FROM journal j WHERE result IS NULL
         AND NOT EXISTS (SELECT 1 FROM journal c WHERE c.refers = j.id)",
        [],
        |row| row.get::<_, i64>(0).map(i64::unsigned_abs),
    )?;
    Ok(verdict)
}

fn open_acts(db: &Connection) -> Result<Vec<JournalRow>, StoreError> {
    rows(
        db,
        "SELECT * FROM journal j WHERE result IS NULL
         AND NOT EXISTS (SELECT 1 FROM journal c WHERE c.refers = j.id) ORDER BY id",
        [],
    )
}

fn row_by_id(tx: &Transaction<'_>, id: JournalId) -> Result<Option<JournalRow>, StoreError> {
    Ok(rows(tx, "SELECT * FROM journal WHERE id = ?1 AND result IS NULL", [id.0])?.pop())
}

fn rows(db: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<Vec<JournalRow>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_map(values, read_row)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn read_row(row: &Row<'_>) -> Result<JournalRow, rusqlite::Error> {
    let at: i64 = row.get("at")?;
    Ok(JournalRow {
        id: JournalId(row.get("id")?),
        at: Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH),
        entry: JournalEntry {
            actor: row.get("actor")?,
            origin: row.get("origin")?,
            action: row.get("action")?,
            target: row.get("target")?,
            before: row.get("before")?,
            after: row.get("after")?,
        },
        result: row.get("result")?,
        refers: row.get::<_, Option<i64>>("refers")?.map(JournalId),
    })
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn no_such(id: JournalId) -> StoreError {
    StoreError::Record(format!("the journal has no open act {}", id.0))
}

#[cfg(test)]
mod tests;
