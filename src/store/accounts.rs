//! Accounts, sessions, login links and API tokens. Only hashes of secrets are kept; every change is journalled in the
//! transaction that makes it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::journal::{self, JournalEntry};
use super::{Store, StoreError};
use crate::domain::account::Role;

/// Sessions of one account that are kept; the oldest goes.
const SESSIONS: i64 = 16;

/// An account as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Its name, as first written; compared without regard to case.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The password's hash, a PHC string; `None`: no login by password.
    pub password: Option<String>,
    /// The PIN's hash.
    pub pin: Option<String>,
    /// When it was made, UTC seconds.
    pub created: i64,
    /// When it last logged in.
    pub last_login: Option<i64>,
}

/// A session as stored, with its account's role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Whose.
    pub account: String,
    /// What that account may do now.
    pub role: Role,
    /// Login, UTC seconds.
    pub created: i64,
    /// Last seen, to the minute.
    pub seen: i64,
    /// The address it came from.
    pub origin: String,
}

/// An API token as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was made, UTC seconds.
    pub created: i64,
    /// By whom.
    pub created_by: String,
    /// When it was last used, to a few minutes.
    pub last_used: Option<i64>,
}

/// One change of an account.
#[derive(Clone)]
pub enum AccountChange {
    /// Make it; fails where the name is taken.
    Add(AccountRow),
    /// A new password's hash; ends its sessions.
    Password(String),
    /// A new PIN's hash, or none.
    Pin(Option<String>),
    /// Another role.
    Role(Role),
    /// Away with it and its sessions.
    Remove,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done,
    /// There is an account of this name already.
    Taken,
    /// There is none of this name.
    Unknown,
    /// It would leave no administrator.
    LastAdmin,
}

impl Store {
    /// All accounts, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT * FROM account ORDER BY name")?;
            let rows = statement.query_map([], account_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The account of this name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn account(&self, name: &str) -> Result<Option<AccountRow>, StoreError> {
        let name = name.to_owned();
        self.read(move |db| find(db, &name)).await
    }

    /// Makes one change of the account `name`, and journals it.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn change_account(
        &self,
        at: Timestamp,
        name: &str,
        change: AccountChange,
        entry: JournalEntry,
    ) -> Result<Changed, StoreError> {
        let name = name.to_owned();
        self.write(move |tx| {
            let changed = apply(tx, &name, &change)?;
            if changed == Changed::Done {
                journal::append(tx, at, &entry, Some("ok"), None)?;
            }
            Ok(changed)
        })
        .await
    }

    /// Makes the first account; `false` where there is one already, whoever was faster.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn first_account(
        &self,
        at: Timestamp,
        account: AccountRow,
        entry: JournalEntry,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let any: bool = tx.query_row("SELECT EXISTS (SELECT 1 FROM account)", [], |row| row.get(0))?;
            if !any {
                insert(tx, &account)?;
                journal::append(tx, at, &entry, Some("ok"), None)?;
            }
            Ok(!any)
        })
        .await
    }

    /// Keeps a session by the hash of its token, and journals the login. `false` where the account is gone.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn add_session(
        &self,
        at: Timestamp,
        hash: [u8; 32],
        account: &str,
        entry: JournalEntry,
    ) -> Result<bool, StoreError> {
        let account = account.to_owned();
        self.write(move |tx| {
            let now = at.as_second();
            let known =
                tx.execute("UPDATE account SET last_login = ?2 WHERE name = ?1", params![account, now])? == 1;
            if known {
                tx.execute(
                    "INSERT INTO session (hash, account, created, seen, origin) VALUES (?1, ?2, ?3, ?3, ?4)",
                    params![hash, account, now, entry.origin],
                )?;
                tx.execute(
                    "DELETE FROM session WHERE account = ?1 AND hash NOT IN
                     (SELECT hash FROM session WHERE account = ?1 ORDER BY created DESC, hash = ?3 DESC LIMIT ?2)",
                    params![account, SESSIONS, hash],
                )?;
                journal::append(tx, at, &entry, Some("ok"), None)?;
            }
            Ok(known)
        })
        .await
    }

    /// The session of this hash.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn session(&self, hash: [u8; 32]) -> Result<Option<SessionRow>, StoreError> {
        self.read(move |db| {
            let sql = "SELECT a.name AS account, a.role, s.created, s.seen, s.origin
                       FROM session s JOIN account a ON a.name = s.account WHERE s.hash = ?1";
            Ok(db.prepare_cached(sql)?.query_row([hash], session_row).optional()?)
        })
        .await
    }

    /// The sessions that were seen since `since`, the latest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sessions(&self, since: i64) -> Result<Vec<SessionRow>, StoreError> {
        self.read(move |db| {
            let sql = "SELECT a.name AS account, a.role, s.created, s.seen, s.origin
                       FROM session s JOIN account a ON a.name = s.account
                       WHERE s.seen >= ?1 ORDER BY s.seen DESC, a.name LIMIT 100";
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map([since], session_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Notes that the session was seen.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn touch_session(&self, hash: [u8; 32], seen: i64) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.execute("UPDATE session SET seen = ?2 WHERE hash = ?1", params![hash, seen])?;
            Ok(())
        })
        .await
    }

    /// Ends a session and journals it.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn end_session(
        &self,
        at: Timestamp,
        hash: [u8; 32],
        entry: JournalEntry,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            if tx.execute("DELETE FROM session WHERE hash = ?1", [hash])? == 1 {
                journal::append(tx, at, &entry, Some("ok"), None)?;
            }
            Ok(())
        })
        .await
    }

    /// Forgets sessions made before `created` or not seen since `seen`, and login links that are over.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn purge_sessions(&self, created: i64, seen: i64, now: i64) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.execute("DELETE FROM session WHERE created < ?1 OR seen < ?2", params![created, seen])?;
            tx.execute("DELETE FROM login_link WHERE expires < ?1", [now])?;
            Ok(())
        })
        .await
    }

    /// Keeps a one-time login link by the hash of its secret.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn add_link(&self, hash: [u8; 32], account: &str, expires: i64) -> Result<(), StoreError> {
        let account = account.to_owned();
        self.write(move |tx| {
            tx.execute(
                "INSERT INTO login_link (hash, account, expires) VALUES (?1, ?2, ?3)",
                params![hash, account, expires],
            )?;
            Ok(())
        })
        .await
    }

    /// Takes a one-time login link: whose it was, if it was there and not over. It is gone afterwards.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn take_link(&self, hash: [u8; 32], now: i64) -> Result<Option<String>, StoreError> {
        self.write(move |tx| {
            let sql = "DELETE FROM login_link WHERE hash = ?1 RETURNING account, expires";
            let taken: Option<(String, i64)> =
                tx.query_row(sql, [hash], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            Ok(taken.filter(|(_, expires)| *expires >= now).map(|(account, _)| account))
        })
        .await
    }
}

fn apply(tx: &Transaction<'_>, name: &str, change: &AccountChange) -> Result<Changed, StoreError> {
    let held = find(tx, name)?;
    let last_admin = |account: &AccountRow| -> Result<bool, StoreError> {
        let admins: i64 =
            tx.query_row("SELECT count(*) FROM account WHERE role = 'admin'", [], |row| row.get(0))?;
        Ok(account.role == Role::Admin && admins <= 1)
    };
    let Some(held) = held else {
        return match change {
            AccountChange::Add(account) => insert(tx, account).map(|()| Changed::Done),
            _ => Ok(Changed::Unknown),
        };
    };
    match change {
        AccountChange::Add(_) => return Ok(Changed::Taken),
        AccountChange::Password(hash) => {
            tx.execute("UPDATE account SET password = ?2 WHERE name = ?1", params![name, hash])?;
            tx.execute("DELETE FROM session WHERE account = ?1", [name])?;
            tx.execute("DELETE FROM login_link WHERE account = ?1", [name])?;
        }
        AccountChange::Pin(hash) => {
            tx.execute("UPDATE account SET pin = ?2 WHERE name = ?1", params![name, hash])?;
        }
        AccountChange::Role(role) if *role < Role::Admin && last_admin(&held)? => {
            return Ok(Changed::LastAdmin);
        }
        AccountChange::Role(role) => {
            tx.execute("UPDATE account SET role = ?2 WHERE name = ?1", params![name, role.as_str()])?;
        }
        AccountChange::Remove if last_admin(&held)? => return Ok(Changed::LastAdmin),
        AccountChange::Remove => {
            tx.execute("DELETE FROM account WHERE name = ?1", [name])?;
        }
    }
    Ok(Changed::Done)
}

fn insert(tx: &Transaction<'_>, account: &AccountRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO account (name, role, password, pin, created) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![account.name, account.role.as_str(), account.password, account.pin, account.created],
    )?;
    Ok(())
}

fn find(db: &Connection, name: &str) -> Result<Option<AccountRow>, StoreError> {
    let mut statement = db.prepare_cached("SELECT * FROM account WHERE name = ?1")?;
    Ok(statement.query_row([name], account_row).optional()?)
}

pub(super) fn role(row: &Row<'_>) -> Result<Role, rusqlite::Error> {
    let text: String = row.get("role")?;
    text.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn account_row(row: &Row<'_>) -> Result<AccountRow, rusqlite::Error> {
    Ok(AccountRow {
        name: row.get("name")?,
        role: role(row)?,
        password: row.get("password")?,
        pin: row.get("pin")?,
        created: row.get("created")?,
        last_login: row.get("last_login")?,
    })
}

fn session_row(row: &Row<'_>) -> Result<SessionRow, rusqlite::Error> {
    Ok(SessionRow {
        account: row.get("account")?,
        role: role(row)?,
        created: row.get("created")?,
        seen: row.get("seen")?,
        origin: row.get("origin")?,
    })
}
