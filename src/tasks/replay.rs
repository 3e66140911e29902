//! Owns the recording of one PBX: what the board showed, with little room and little writing.
//!
//! ```text
//! live ──watch<Snapshot>──> replay ──changes, every few seconds──> store
//! ```
//! It looks at most four times a second, writes what changed in one transaction every few seconds, and begins a new segment
//! with a whole picture every ten minutes; then the one before is packed and what is too old is removed. It reads the floor
//! like any display: while the disk stands still it waits, and the live loop does not notice.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock;
use crate::domain::ids::PbxName;
use crate::domain::live::snapshot::Snapshot;
use crate::domain::replay::{Player, Recorded, Recorder, ReplayError, Scene};
use crate::store::{Segment, Store, StoreError};

/// The floor is looked at so often at most.
const LOOK: Duration = Duration::from_millis(250);
/// Changes are written so often; a power cut costs no more.
const WRITE: Duration = Duration::from_secs(3);
/// Or when there are so many bytes of them.
const MANY: usize = 64 * 1024;
/// A segment lasts so long: what has to be read for one picture. Milliseconds.
const SEGMENT_MS: i64 = 10 * 60_000;
/// While nothing changes, that is noted so often; a picture older than twice that is not known to hold. Milliseconds.
const STILL_MS: i64 = 60_000;
/// Nobody's recording becomes larger, whatever is to be kept: some hundred busy days.
const MOST: i64 = 1 << 30;
/// Between two steps of removing or packing, so that others write.
const REST: Duration = Duration::from_millis(50);

/// What is asked of the recordings, by whoever shows them.
#[derive(Clone)]
pub struct Replays {
    store: Store,
}

/// Why nothing can be shown.
#[derive(Debug, thiserror::Error)]
pub enum ReplaysError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The recording.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

impl Replays {
    /// Of what `store` holds.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// The floor of `pbx` as it was shown at `at`, milliseconds since the epoch. `None`: nothing was recorded then.
    ///
    /// # Errors
    /// When the store cannot be read, or what it holds is damaged.
    pub async fn at(&self, pbx: &PbxName, at: i64) -> Result<Option<Snapshot>, ReplaysError> {
        let Some(segment) = self.store.replay_segment(pbx, at).await? else { return Ok(None) };
        if at > segment.until + 2 * STILL_MS {
            return Ok(None);
        }
        let mut player = Player::new(segment.bytes)?;
        player.go_to(at)?;
        Ok(Some(player.scene().snapshot(pbx.clone(), at)))
    }

    /// When the segments begin that show anything of `[from, to)`; [`Self::segment`] gives each.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn between(&self, pbx: &PbxName, from: i64, to: i64) -> Result<Vec<i64>, ReplaysError> {
        Ok(self.store.replay_segments(pbx, from, to).await?)
    }

    /// The segment that holds `at`, at its beginning: it is stepped through with [`Player::step`]. With it, until when it
    /// is known to hold.
    ///
    /// # Errors
    /// As [`Self::at`].
    pub async fn segment(&self, pbx: &PbxName, at: i64) -> Result<Option<(Player, i64)>, ReplaysError> {
        let Some(Segment { until, bytes, .. }) = self.store.replay_segment(pbx, at).await? else {
            return Ok(None);
        };
        Ok(Some((Player::new(bytes)?, until)))
    }

    /// What is recorded of `pbx`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn recorded(&self, pbx: &PbxName) -> Result<Option<Recorded>, ReplaysError> {
        Ok(self.store.replay_recorded(pbx).await?)
    }
}

/// Records the floor of one PBX until `stop` turns true or the floor is gone.
pub async fn run(
    store: Store,
    pbx: PbxName,
    keep: Duration,
    mut live: watch::Receiver<Arc<Snapshot>>,
    mut stop: watch::Receiver<bool>,
) {
    let mut recording = Recording::new(store, pbx, keep);
    let mut writes = tokio::time::interval(WRITE);
    writes.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let due = tokio::select! {
            _ = stop.changed() => break,
            changed = live.changed() => if changed.is_ok() { false } else { break },
            _ = writes.tick() => true,
        };
        let floor = Arc::clone(&live.borrow_and_update());
        recording.take(&floor, now());
        if due || recording.bytes.len() >= MANY {
            recording.write(now()).await;
        }
        if !due {
            tokio::time::sleep(LOOK).await;
        }
    }
    recording.write(now()).await;
}

fn now() -> i64 {
    clock::now().wall.as_millisecond()
}

/// What is being recorded.
struct Recording {
    store: Store,
    pbx: PbxName,
    keep: Duration,
    recorder: Recorder,
    /// When the open segment begins; `None` before the first, and after one that could not be written.
    segment: Option<i64>,
    part: u32,
    bytes: Vec<u8>,
    /// A segment was begun since the last write.
    begun: bool,
    failed: bool,
}

impl Recording {
    fn new(store: Store, pbx: PbxName, keep: Duration) -> Self {
        let recorder = Recorder::default();
        Self {
            store,
            pbx,
            keep,
            recorder,
            segment: None,
            part: 0,
            bytes: Vec::new(),
            begun: false,
            failed: false,
        }
    }

    /// Notes what changed. A segment that is over stays open until it is written.
    fn take(&mut self, floor: &Snapshot, at: i64) {
        let scene = Scene::of(floor);
        match self.segment {
            Some(begin)
                if at >= self.recorder.at() && (at < begin + SEGMENT_MS || !self.bytes.is_empty()) =>
            {
                self.recorder.change(scene, at, &mut self.bytes);
            }
            // A clock that was set back begins anew, for times only grow within a segment; first comes what is noted.
            Some(_) if !self.bytes.is_empty() => {}
            _ => {
                self.bytes = self.recorder.begin(scene, at);
                (self.segment, self.part, self.begun) = (Some(at), 0, true);
            }
        }
    }

    /// Writes what was noted. What the store does not take is lost; a new segment follows.
    async fn write(&mut self, at: i64) {
        let Some(segment) = self.segment else { return };
        if self.bytes.is_empty() {
            if at - self.recorder.at() < STILL_MS {
                return;
            }
            self.recorder.still_so(at, &mut self.bytes);
        }
        let bytes = std::mem::take(&mut self.bytes);
        let until = self.recorder.at();
        let written = self.store.replay_append(&self.pbx, segment, self.part, until, bytes).await;
        self.part += 1;
        let begun = std::mem::take(&mut self.begun);
        let done = match written {
            Ok(()) if begun => self.tidy(segment, at).await,
            other => other,
        };
        if let Err(error) = &done {
            self.segment = None;
            if !self.failed {
                tracing::warn!(pbx = %self.pbx, %error, "what the board shows could not be recorded; it is tried again");
            }
        }
        self.failed = done.is_err();
    }

    /// Packs segments that are over, removes what is too old or too much.
    async fn tidy(&self, open: i64, at: i64) -> Result<(), StoreError> {
        while self.store.replay_pack(&self.pbx, open).await? > 0 {
            tokio::time::sleep(REST).await;
        }
        let before = at - i64::try_from(self.keep.as_millis()).unwrap_or(i64::MAX);
        while self.store.replay_purge(&self.pbx, before, MOST).await? > 0 {
            tokio::time::sleep(REST).await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
