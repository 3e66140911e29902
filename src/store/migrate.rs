//! Opening the file, and bringing its schema up to date.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::error::StoreError;

/// The migrations in order; `user_version` counts those that are done.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_history.sql"),
    include_str!("migrations/0002_accounts.sql"),
    include_str!("migrations/0003_files.sql"),
    include_str!("migrations/0004_ledger.sql"),
    include_str!("migrations/0005_identity.sql"),
    include_str!("migrations/0007_checks.sql"),
    include_str!("migrations/0008_work.sql"),
    include_str!("migrations/0010_replay.sql"),
];

/// The migration by which rows have to be moved, once all tables are there.
const LEDGER: usize = 3;

/// Prepared statements kept by a connection.
const STATEMENTS: usize = 128;

/// Opens the writer's connection. Journal, accounts and cursors must survive a power cut: synchronous=FULL.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = match prepare(path) {
        Ok(connection) => connection,
        Err(StoreError::Sqlite(error)) if is_corrupt(&error) => {
            move_aside(path)?;
            prepare(path)?
        }
        Err(error) => return Err(error),
    };
    migrate(&mut connection, path)?;
    // A sync batch alone has some thirty; the usual 16 would have them parsed again for every row.
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    keep_plans(&connection)?;
    Ok(connection)
}

/// Has the plan of a prepared statement not depend on what is bound to it. Otherwise SQLite looks whether a column is compared
/// with a small number, and to that end prepares nearly every statement with `pbx = ?1` anew each time it runs.
pub(super) fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

fn prepare(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // A batch of a first synchronisation writes some hundred pages, many of them the same ones as the batch before: they go
    // into the database every 16 MB and not every 4. The cache holds what two days of 200 agents touch.
    connection.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;
         PRAGMA journal_size_limit=16777216; PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-12288;",
    )?;
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        return Ok(connection);
    }
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Err(StoreError::Sqlite(rusqlite::Error::SqliteFailure(code, Some(verdict))))
}

fn is_corrupt(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

/// A corrupt file is kept for a look, under the first free name; history comes again from the PBX.
fn move_aside(path: &Path) -> Result<(), StoreError> {
    let target = (1..)
        .map(|n| path.with_extension(format!("db.corrupt-{n}")))
        .find(|candidate| !candidate.exists())
        .ok_or(StoreError::Stopped)?;
    for suffix in ["-wal", "-shm"] {
        let mut side = path.as_os_str().to_owned();
        side.push(suffix);
        let _ = std::fs::remove_file(side);
    }
    std::fs::rename(path, &target).map_err(|source| StoreError::Folder { path: path.into(), source })
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::Newer { path: path.into(), found, known });
    }
    let done = usize::try_from(found).unwrap_or(0);
    if done == MIGRATIONS.len() {
        return Ok(());
    }
    // All or nothing: a half is nothing that a version knows.
    let transaction = connection.transaction()?;
    for sql in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(sql)?;
    }
    if done <= LEDGER {
        super::history::convert(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}
