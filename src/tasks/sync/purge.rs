//! What is older than `keep` is removed, once a day and in small steps between the looks at what is new. The sums of hours
//! stay.
//!
//! It begins when all of the past is read: what the PBX still has of older days counts in the sums before its rows go.

use std::time::Duration;

use super::{Sync, SyncError};
use crate::clock;
use crate::domain::ids::PbxName;
use crate::domain::time::Tick;
use crate::store::{Purge, Store, StoreError};

/// The first look comes so long after the start, then one every six hours; milliseconds.
const FIRST_MILLIS: i64 = 5 * 60_000;
const EVERY_MILLIS: i64 = 6 * 3_600_000;
/// Between two steps, so that others write.
const REST: Duration = Duration::from_millis(20);
/// The log's own clock may stand so far behind the wall clock, seconds; a wall clock that is wrong removes no more.
const SILENCE: i64 = 30 * 86_400;

/// Removes everything of a PBX that is older than `keep`, at once. The caller holds the [`crate::store::StateLock`]. Says
/// from which UTC second on rows are kept, where any were removed, ever.
///
/// # Errors
/// When the store refuses.
pub async fn purge(store: &Store, pbx: &PbxName, keep: Duration) -> Result<Option<i64>, StoreError> {
    let mut purging = Purging::new();
    while let Some(what) = purging.next(store, pbx, keep).await? {
        purging.what = store.purge(pbx, what).await?;
    }
    store.kept_from(pbx).await
}

/// What is being removed.
pub(super) struct Purging {
    due: Tick,
    what: Option<Purge>,
}

impl Purging {
    /// Begins with what a step that was broken off left.
    pub(super) fn new() -> Self {
        Self { due: clock::now().tick.plus_millis(FIRST_MILLIS), what: Some(Purge::default()) }
    }

    /// What is to be removed next; `None`: nothing is old enough, or the past is still being read.
    async fn next(
        &mut self,
        store: &Store,
        pbx: &PbxName,
        keep: Duration,
    ) -> Result<Option<Purge>, StoreError> {
        if let Some(what) = self.what.take() {
            return Ok(Some(what));
        }
        let readings = [store.reading(pbx).await?, store.cdr_reading(pbx).await?];
        if readings.into_iter().flatten().any(|reading| reading.older.is_some()) {
            return Ok(None);
        }
        let record = store.pbxs().await?.into_iter().find(|record| record.name == *pbx);
        let Some(record) = record.filter(|record| record.log_clock > 0) else { return Ok(None) };
        let now = clock::now().wall.as_second().min(record.log_clock + SILENCE);
        let keep = i64::try_from(keep.as_secs()).unwrap_or(i64::MAX);
        let edge = store.keep_from(pbx, now.saturating_sub(keep)).await?;
        if let Some(edge) = edge {
            tracing::info!(%pbx, edge, "rows before this second are removed; the sums of their hours stay");
        }
        Ok(edge.map(|_| Purge::default()))
    }
}

impl Sync {
    /// Removes what is old until the next look at what is new is due.
    pub(super) async fn purge(&self, purging: &mut Purging, until: Tick) -> Result<(), SyncError> {
        while clock::now().tick.since(until) < 0 && clock::now().tick.since(purging.due) >= 0 {
            match purging.next(&self.store, &self.pbx.name, self.keep).await? {
                Some(what) => purging.what = self.store.purge(&self.pbx.name, what).await?,
                None => purging.due = clock::now().tick.plus_millis(EVERY_MILLIS),
            }
            tokio::time::sleep(REST).await;
        }
        Ok(())
    }
}
