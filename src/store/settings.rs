//! What was set in the web page, by key.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::journal::{self, JournalEntry};
use super::{Store, StoreError};
use crate::domain::account::Actor;

impl Store {
    /// All settings, by key.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn settings(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT key, value FROM setting ORDER BY key")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Sets `key` (with `None`: goes back to the file) and journals it, in one transaction.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn set_setting(
        &self,
        at: Timestamp,
        actor: &Actor,
        key: &str,
        value: Option<&str>,
    ) -> Result<(), StoreError> {
        let (actor, key, value) = (actor.clone(), key.to_owned(), value.map(str::to_owned));
        self.write(move |tx| {
            let before: Option<String> = tx
                .query_row("SELECT value FROM setting WHERE key = ?1", [&key], |row| row.get(0))
                .optional()?;
            match &value {
                Some(value) => tx.execute(
                    "INSERT INTO setting (key, value, changed, changed_by) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (key) DO UPDATE SET value = ?2, changed = ?3, changed_by = ?4",
                    params![key, value, at.as_second(), actor.name],
                )?,
                None => tx.execute("DELETE FROM setting WHERE key = ?1", [&key])?,
            };
            let entry = JournalEntry::new(&actor, "setting", key).changing(before, value);
            journal::append(tx, at, &entry, Some("ok"), None).map(|_| ())
        })
        .await
    }
}
