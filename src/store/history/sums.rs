//! Differences → cells.

use rusqlite::{OptionalExtension, params};

use super::{Scope, decode, encode};
use crate::domain::history::cells::{Cell, Cells};
use crate::store::StoreError;

/// Adds `changes` to the stored cells; a cell that becomes empty is removed.
pub(super) fn apply(scope: &Scope<'_>, changes: &Cells) -> Result<(), StoreError> {
    let mut read = scope
        .db
        .prepare_cached("SELECT sums FROM cell WHERE pbx = ?1 AND hour = ?2 AND queue = ?3 AND agent = ?4")?;
    let mut write = scope.db.prepare_cached(
        "INSERT INTO cell (pbx, hour, queue, agent, seconds, sums) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (pbx, hour, queue, agent) DO UPDATE SET sums = excluded.sums",
    )?;
    let mut remove = scope
        .db
        .prepare_cached("DELETE FROM cell WHERE pbx = ?1 AND hour = ?2 AND queue = ?3 AND agent = ?4")?;
    for ((subject, hour), change) in changes {
        let key = params![scope.pbx, hour.start, subject.queue, subject.agent];
        let stored: Option<Vec<u8>> = read.query_row(key, |row| row.get(0)).optional()?;
        let mut cell: Cell = stored.map_or_else(|| Ok(Cell::default()), |bytes| decode(&bytes))?;
        cell.merge(change, 1);
        if cell.is_empty() {
            remove.execute(key)?;
        } else {
            let sums = encode(&cell)?;
            write.execute(params![
                scope.pbx,
                hour.start,
                subject.queue,
                subject.agent,
                hour.seconds,
                sums
            ])?;
        }
    }
    Ok(())
}
