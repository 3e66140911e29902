//! Whether the table is still the one that was read: it may have been emptied, swapped, or brought back from a dump; or
//! have other columns now.
//!
//! The last row that was read is looked for at each look. Where it is gone or another, the rows before it tell: rows that
//! are all known mean that only the end was cut off; anything else means another table, which is read anew, the newest
//! days first. What the old one told stays, and what both tell counts once.

use super::{Passed, Progress, ROWS, Reader, mark_of};
use crate::pbx::mysql::QueueLog;
use crate::store::{Reading, Store};
use crate::tasks::sync::SyncError;

impl Reader {
    /// Looks at the table anew where its columns have changed; says whether they have.
    pub(super) async fn has_other_columns(&mut self) -> Result<bool, SyncError> {
        if self.queue_log.is_unchanged(&self.mysql).await? {
            return Ok(false);
        }
        self.queue_log = QueueLog::find(&self.mysql).await?;
        self.older.drop_ahead();
        tracing::info!(pbx = %self.pbx, table = self.queue_log.table(), "the columns of queue_log were looked at again");
        Ok(true)
    }

    /// Settles where reading stands after the last row was not found.
    pub(super) async fn doubt(
        &mut self,
        store: &Store,
        reading: Reading,
        progress: &mut (dyn FnMut(&Progress) + Send),
        passed: &mut Passed,
    ) -> Result<(), SyncError> {
        self.older.drop_ahead();
        self.remembered.clear();
        self.ends = self.queue_log.ends(&self.mysql).await?;
        let lowest = reading.older.map_or(i64::MIN, |older| older.reached);
        let mut read = self.queue_log.backward(&self.mysql, reading.newest, ROWS).await?;
        read.rows.retain(|seen| seen.key >= lowest);
        let last = read.rows.iter().rfind(|seen| seen.row.is_some()).map(|seen| (seen.key, mark_of(seen)));
        let applied = self.store_rows(store, read.rows, None, i64::MAX).await?;
        let was = reading.newest;
        if let (Some((newest, mark)), 0) = (last, applied.rows) {
            tracing::warn!(pbx = %self.pbx, was, newest, "the last rows of queue_log were taken away");
            let reading = Reading { newest, mark, ..reading };
            self.store_rows(store, Vec::new(), Some(reading), i64::MAX).await?;
            return Ok(());
        }
        let newest = self.ends.map_or(0, |(_, newest)| newest);
        tracing::warn!(pbx = %self.pbx, was, newest, "queue_log is another table now: it is read anew");
        store.forget_reading(&self.pbx).await?;
        self.reading = None;
        passed.changed |= applied.changed;
        progress(&Progress { rows: applied.rows, visits: applied.visits, ..self.progress() });
        Ok(())
    }
}
