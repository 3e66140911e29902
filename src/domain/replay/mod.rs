//! The live model's changes, compactly: what the board showed at any moment of the last weeks.
//!
//! ```text
//! Snapshot ─> Scene ─> Recorder ──bytes──> (store) ──bytes──> Player ─> Scene ─> Snapshot
//! ```
//! A segment begins with a whole [`Scene`] and goes on with what changed, each change with its time. Moments are
//! milliseconds of the wall clock; what counts from a moment is written as its age, which is a small number for what has
//! just begun. No clock, no I/O.

mod change;
mod player;
mod recorder;
mod scene;

pub use player::{Player, packed, unpacked};
pub use recorder::Recorder;
pub use scene::Scene;

/// What is recorded of a PBX.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// From this millisecond on.
    pub from: i64,
    /// Until this one.
    pub until: i64,
    /// Stored bytes.
    pub bytes: i64,
}

/// Bytes that are no recording, or not of this version.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Made by a version that this one does not know.
    #[error("a recording of version {0} is unknown to this program")]
    Version(u8),
    /// Bytes that are no record.
    #[error("a recording is damaged")]
    Bytes(#[from] postcard::Error),
    /// What cannot be unpacked, or changes what is not there.
    #[error("a recording is damaged")]
    Damaged,
}

/// The first byte of every segment.
const VERSION: u8 = 1;

#[cfg(test)]
mod tests;
