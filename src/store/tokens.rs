//! API tokens: kept by the hash of their secret, revoked by name.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::accounts::{TokenRow, role};
use super::journal::{self, JournalEntry};
use super::{Store, StoreError};
use crate::domain::account::Role;

impl Store {
    /// Keeps a token by the hash of its secret, and journals it; `false` where the name is taken.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn add_token(
        &self,
        at: Timestamp,
        name: &str,
        role: Role,
        hash: [u8; 32],
        entry: JournalEntry,
    ) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.write(move |tx| {
            let added = tx.execute(
                "INSERT INTO token (name, hash, role, created, created_by) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (name) DO NOTHING",
                params![name, hash, role.as_str(), at.as_second(), entry.actor],
            )? == 1;
            if added {
                journal::append(tx, at, &entry, Some("ok"), None)?;
            }
            Ok(added)
        })
        .await
    }

    /// All tokens, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT * FROM token ORDER BY name")?;
            let rows = statement.query_map([], token_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The token of this hash.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn token(&self, hash: [u8; 32]) -> Result<Option<TokenRow>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached("SELECT * FROM token WHERE hash = ?1")?;
            Ok(statement.query_row([hash], token_row).optional()?)
        })
        .await
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn touch_token(&self, hash: [u8; 32], used: i64) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.execute("UPDATE token SET last_used = ?2 WHERE hash = ?1", params![hash, used])?;
            Ok(())
        })
        .await
    }

    /// Revokes a token and journals it; `false` where there is none of this name.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn revoke_token(
        &self,
        at: Timestamp,
        name: &str,
        entry: JournalEntry,
    ) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.write(move |tx| {
            let gone = tx.execute("DELETE FROM token WHERE name = ?1", [&name])? == 1;
            if gone {
                journal::append(tx, at, &entry, Some("ok"), None)?;
            }
            Ok(gone)
        })
        .await
    }
}

fn token_row(row: &Row<'_>) -> Result<TokenRow, rusqlite::Error> {
    Ok(TokenRow {
        name: row.get("name")?,
        role: role(row)?,
        created: row.get("created")?,
        created_by: row.get("created_by")?,
        last_used: row.get("last_used")?,
    })
}
