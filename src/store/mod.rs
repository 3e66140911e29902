//! The local SQLite database: one writer on its own thread, readers beside it (WAL).
//!
//! In: typed calls (`impl Store` blocks in the files of this folder). Out: rows as domain types. It never knows the PBX;
//! everything read from there can be thrown away and read again, except journal, accounts and settings.

mod accounts;
mod error;
mod history;
mod journal;
mod lock;
mod migrate;
mod replay;
mod settings;
mod tokens;
mod writer;

pub use accounts::{AccountChange, AccountRow, Changed, SessionRow, TokenRow};
pub use error::StoreError;
pub use history::{
    Applied, Batch, BusyCall, CdrRow, CellsOf, DayChanges, LegRow, Older, Packed, PbxRecord, Purge,
    QueueRecord, Reading, Recounted, VisitFilter, WorkBy, WorkOf,
};
pub use journal::{JournalEntry, JournalId, JournalRow, JournalVerdict};
pub use lock::StateLock;
pub use replay::Segment;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;

use rusqlite::{Connection, OpenFlags, Transaction};

/// Readers kept open. Two for the web, one for the wall, one spare; more wait for SQLite's page cache, not for us.
const READERS: usize = 4;
/// Prepared statements kept by each, a few kilobytes each.
const READER_STATEMENTS: usize = 64;

/// Handle to the database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    path: PathBuf,
    writer: writer::Writer,
    readers: Arc<Mutex<Vec<Connection>>>,
}

impl Store {
    /// Opens (or makes) `DIR/asterflow.db`, migrates it, and starts the writer's thread. A corrupt file is moved aside.
    ///
    /// # Errors
    /// When the folder or file cannot be used, or another process holds the state.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(dir).map_err(|source| StoreError::Folder { path: dir.into(), source })?;
        let path = dir.join("asterflow.db");
        let connection = migrate::open_writer(&path)?;
        Ok(Self { path, writer: writer::Writer::spawn(connection)?, readers: Arc::default() })
    }

    /// Opens the database for reading only, beside a running appliance.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn open_read_only(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("asterflow.db");
        if !path.exists() {
            return Err(StoreError::Absent { path });
        }
        let store = Self { path, writer: writer::Writer::closed(), readers: Arc::default() };
        let reader = store.reader()?;
        store.put_back(reader);
        Ok(store)
    }

    /// Runs `work` in one IMMEDIATE transaction on the writer's thread and commits it; an error rolls back.
    pub(in crate::store) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer.run(work).await
    }

    /// Runs `work` on a read-only connection, off the async threads.
    pub(in crate::store) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let store = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let reader = store.reader()?;
            let result = work(&reader);
            store.put_back(reader);
            result
        });
        task.await.map_err(|_| StoreError::Stopped)?
    }

    /// Changes the database behind everybody's back, as a fault would.
    #[cfg(test)]
    pub(crate) async fn tamper(&self, sql: &'static str) {
        self.write(move |db| Ok(db.execute_batch(sql)?)).await.expect("tampers");
    }

    /// Waits until everything queued is written, then checkpoints the write-ahead log. Called at shutdown.
    ///
    /// # Errors
    /// When the writer is gone or the disk refuses.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        self.writer.checkpoint().await
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        let kept = self.readers.lock().ok().and_then(|mut readers| readers.pop());
        if let Some(connection) = kept {
            return Ok(connection);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        // A page asks some twenty different questions; the usual 16 would have them parsed again each time.
        connection.set_prepared_statement_cache_capacity(READER_STATEMENTS);
        migrate::keep_plans(&connection)?;
        Ok(connection)
    }

    fn put_back(&self, connection: Connection) {
        if let Ok(mut readers) = self.readers.lock()
            && readers.len() < READERS
        {
            readers.push(connection);
        }
    }
}
