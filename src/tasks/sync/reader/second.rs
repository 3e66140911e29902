//! A second with more rows than are to be held at once, in a table whose rows have no numbers: page by page.

use super::{ROWS, Reader};
use crate::pbx::mysql::Seen;
use crate::store::{Applied, Store};
use crate::tasks::sync::SyncError;

impl Reader {
    /// Stores all rows of one second, and shows each of them to `each`. Broken off, it is begun again: what is known
    /// changes nothing. Rows before the position `counted_from` were counted before, where they are odd.
    pub(super) async fn whole_second(
        &mut self,
        store: &Store,
        second: i64,
        counted_from: i64,
        each: &mut (dyn FnMut(&Seen) + Send),
    ) -> Result<Applied, SyncError> {
        let (mut all, mut offset) = (Applied::default(), 0);
        loop {
            let read = self.queue_log.of_second(&self.mysql, second, (offset, ROWS)).await?;
            offset += u64::from(ROWS);
            self.narrow.extend(read.filled.iter().cloned());
            read.rows.iter().for_each(&mut *each);
            let applied = self.store_rows(store, read.rows, None, counted_from).await?;
            all.rows += applied.rows;
            all.visits += applied.visits;
            all.changed |= applied.changed;
            if !read.full {
                return Ok(all);
            }
        }
    }
}
