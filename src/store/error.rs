//! What can go wrong with the local database, each with what to do.

use std::path::PathBuf;

/// An error of the local database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The state folder cannot be made or written.
    #[error("the state folder {} cannot be used; check that it exists and belongs to this user", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Nothing was stored yet.
    #[error("there is no history at {} yet; start `asterflow run`, or fetch one with `asterflow sync --once` or `asterflow import`", path.display())]
    Absent {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Another process has the state.
    #[error("the state folder {} is in use by another asterflow; stop it first, or give another --state-dir", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The file was made by a newer version.
    #[error("{} was written by a newer version (schema {found}, this one knows {known}); install that version", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Schema version in the file.
        found: i64,
        /// Schema version of this program.
        known: i64,
    },
    /// SQLite says no.
    #[error("the local database refused")]
    Sqlite(#[from] rusqlite::Error),
    /// Stored bytes that cannot be read back.
    #[error("a stored record could not be read: {0}")]
    Record(String),
    /// The writer's thread is gone, or this handle only reads.
    #[error("the local database is closed")]
    Stopped,
    /// A write was faulty. It was rolled back; the log holds where.
    #[error("a write to the local database failed by a fault of this program; please report the log")]
    Panicked,
    /// Too many writes wait.
    #[error("the local database did not take the write in time")]
    Deadline,
}
