//! One synchronisation of everything, for `sync --once`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::SyncError;
use super::reader::{Progress, Reader};
use super::status::OlderDays;
use crate::clock;
use crate::config::Pbx;
use crate::store::Store;

/// What one synchronisation brought; the JSON line of `sync --once`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Once {
    /// Rows that were not known.
    pub rows: u64,
    /// Visits that were not there.
    pub visits: u64,
    /// How long it took.
    pub seconds: f64,
    /// What is odd in the whole history, by kind.
    pub oddities: BTreeMap<String, u64>,
}

/// How far one synchronisation is: positions in queue_log, which are ids, or seconds where rows have none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reached {
    /// Rows read so far.
    pub rows: u64,
    /// The last position stored.
    pub position: i64,
    /// The last one in the table.
    pub newest: i64,
    /// The past, which is read after that.
    pub older: Option<OlderDays>,
}

/// One synchronisation of every PBX with a database, its whole past included; `reached` follows it. The caller holds the
/// [`crate::store::StateLock`].
///
/// # Errors
/// At the first PBX that fails; what was read before is stored.
pub async fn sync_once(
    store: &Store,
    pbxs: &[Pbx],
    reached: &mut (dyn FnMut(Reached) + Send),
) -> Result<Once, SyncError> {
    let began = clock::now();
    let mut once = Once::default();
    let mut any = false;
    for pbx in pbxs.iter().filter(|pbx| pbx.database.is_some()) {
        any = true;
        store.register_pbx(&pbx.name, &pbx.zone_name).await?;
        let mut reader = Reader::connect(pbx, store).await?;
        let mut rows = 0;
        let mut progress = |batch: &Progress| {
            rows += batch.read;
            once.rows += batch.rows;
            once.visits += batch.visits;
            reached(Reached { rows, position: batch.position, newest: batch.newest, older: batch.older });
        };
        let outcome = all(store, pbx, &mut reader, &mut progress).await;
        reader.close().await;
        for warning in reader.warnings() {
            tracing::warn!(pbx = %pbx.name, "{warning}");
        }
        outcome?;
        for (kind, number) in store.oddities(&pbx.name).await? {
            *once.oddities.entry(kind).or_default() += number;
        }
    }
    if !any {
        return Err(SyncError::NoDatabase);
    }
    store.checkpoint().await?;
    let millis = clock::now().tick.since(began.tick);
    once.seconds = f64::from(u32::try_from(millis).unwrap_or(u32::MAX)) / 1000.0;
    Ok(once)
}

async fn all(
    store: &Store,
    pbx: &Pbx,
    reader: &mut Reader,
    progress: &mut (dyn FnMut(&Progress) + Send),
) -> Result<(), SyncError> {
    reader.pass(store, progress, || false).await?;
    let mut any = false;
    while let Some(step) = reader.older(store, true).await? {
        any = true;
        progress(&step.progress);
    }
    if any {
        // What came meanwhile.
        reader.pass(store, progress, || false).await?;
    }
    Ok(store.note_synced(&pbx.name, clock::now().wall.as_second()).await?)
}
