//! The owner of the cursors: reads one PBX's database into the store, again and again, and says how it stands.
//!
//! ```text
//!  pbx::mysql ──rows──> pass ──Batch──> store
//!                        │
//!  watch: LinkStatus, Today, SyncStatus <── run (back-off, poll)
//! ```
//! A pass reads `id > cursor` to the end. Once a minute the last ids are read again, because a row that was committed
//! late has a lower id than those already seen; and the cdr is looked at. Rows read twice change nothing.

mod again;
mod check;
mod pass;
mod wrap_ups;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

use crate::backoff::{self, Backoff};
use crate::clock;
use crate::config::{History as HistoryConfig, Pbx};
use crate::domain::history::figures::Today;
use crate::domain::ids::{PbxName, QueueName};
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::time::Moment;
use crate::pbx::mysql::MysqlError;
use crate::store::{Store, StoreError};
use crate::tasks::check::Checks;
use crate::tasks::history::{History, HistoryError, Thresholds};

use check::Checking;
pub use check::check_day;
use pass::Reader;

/// Today's figures are made anew at least this often, because the date and what goes on change without rows.
const TODAY_SECONDS: i64 = 60;

/// How the synchronisation of one PBX stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SyncStatus {
    /// When it last reached the end.
    pub last_sync: Option<Timestamp>,
    /// Rows stored since the start of the program.
    pub rows: u64,
    /// Visits that came with them.
    pub visits: u64,
    /// What is odd in the whole history, by kind.
    pub oddities: BTreeMap<String, u64>,
    /// The highest id stored.
    pub position: i64,
    /// The highest id in the table when it was last looked at; far above `position` while years are read.
    pub newest: i64,
}

/// Wrap-up times in seconds by queue, where the PBX's table sets them. AMI does not tell them.
pub type WrapUps = BTreeMap<QueueName, u32>;

/// What the readers get.
#[derive(Clone)]
pub struct SyncHandle {
    /// Which PBX.
    pub pbx: PbxName,
    /// How its database stands.
    pub database: watch::Receiver<LinkStatus>,
    /// The figures of today.
    pub today: watch::Receiver<Arc<Today>>,
    /// How far the synchronisation is.
    pub status: watch::Receiver<SyncStatus>,
    /// The queues' wrap-up times.
    pub wrap_ups: watch::Receiver<Arc<WrapUps>>,
    /// What the hourly checks found.
    pub checks: watch::Receiver<Checks>,
}

/// Why a synchronisation stopped.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The PBX's database.
    #[error(transparent)]
    Database(#[from] MysqlError),
    /// The local database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The local database, while today's figures were made.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// Nothing is configured.
    #[error("no [pbx.database] is configured; without it there is no history to synchronise")]
    NoDatabase,
}

impl SyncError {
    fn is_refusal(&self) -> bool {
        match self {
            Self::Database(error) => error.is_refusal(),
            Self::NoDatabase => true,
            Self::Store(_) | Self::History(_) => false,
        }
    }

    /// The error and its causes in one sentence.
    fn sentence(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text = format!("{text} ({cause_text})");
            }
            source = cause.source();
        }
        // Errors begin small, sentences on a wall do not.
        let mut letters = text.chars();
        let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
        format!("{first}{}.", letters.as_str().trim_end_matches('.'))
    }
}

/// The task of one PBX, before it runs. It may be run again after a panic: everything it knows is in the store.
#[derive(Clone)]
pub struct Sync {
    store: Store,
    pbx: Pbx,
    poll: Duration,
    history: History,
    database: watch::Sender<LinkStatus>,
    today: watch::Sender<Arc<Today>>,
    status: watch::Sender<SyncStatus>,
    wrap_ups: watch::Sender<Arc<WrapUps>>,
    checks: watch::Sender<Checks>,
}

impl Sync {
    /// Prepares the task and the handle of its readers.
    pub fn new(store: Store, pbx: Pbx, settings: &HistoryConfig) -> (Self, SyncHandle) {
        let state = if pbx.database.is_some() { LinkState::Connecting } else { LinkState::Absent };
        let mut link = LinkStatus::connecting(clock::now());
        link.state = state;
        let (database, database_seen) = watch::channel(link);
        let (today, today_seen) = watch::channel(Arc::new(Today::default()));
        let (status, status_seen) = watch::channel(SyncStatus::default());
        let (wrap_ups, wrap_ups_seen) = watch::channel(Arc::default());
        let (checks, checks_seen) = watch::channel(Checks::default());
        let handle = SyncHandle {
            pbx: pbx.name.clone(),
            database: database_seen,
            today: today_seen,
            status: status_seen,
            wrap_ups: wrap_ups_seen,
            checks: checks_seen,
        };
        let history = History::new(store.clone(), thresholds(settings));
        (Self { store, pbx, poll: settings.poll, history, database, today, status, wrap_ups, checks }, handle)
    }

    /// Synchronises until `stop` becomes true (or its sender is gone). A batch that has begun is finished.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        if self.pbx.database.is_none() {
            return;
        }
        let (mut away, mut refused) = (Backoff::away(), Backoff::refused());
        let mut reader: Option<Reader> = None;
        let mut checking = Checking::new();
        while !stopped(&stop) {
            let mut outcome = self.once(&mut reader, &stop).await;
            if let (Ok(()), Some(reader)) = (&outcome, &reader) {
                outcome = self.check(reader, &mut checking).await;
            }
            let pause = match outcome {
                Ok(()) => {
                    away.reset();
                    refused.reset();
                    self.poll
                }
                Err(error) => {
                    if let Some(broken) = reader.take() {
                        broken.close().await;
                    }
                    checking.interrupted();
                    self.say(&error);
                    let gaps = if error.is_refusal() { &mut refused } else { &mut away };
                    Duration::from_millis(gaps.next_ms(backoff::random()))
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        if let Some(reader) = reader {
            reader.close().await;
        }
    }

    /// Connects where there is no connection, and reads to the end.
    async fn once(&self, slot: &mut Option<Reader>, stop: &watch::Receiver<bool>) -> Result<(), SyncError> {
        self.publish_first().await?;
        let reader = match slot {
            Some(reader) => reader,
            None => slot.insert(Reader::connect(&self.pbx).await?),
        };
        let mut progress = |batch: &pass::Progress| {
            self.status.send_modify(|status| {
                status.rows += batch.rows;
                status.visits += batch.visits;
                status.position = batch.position;
                status.newest = batch.newest.max(batch.position);
            });
        };
        let changed = reader.pass(&self.store, &mut progress, || stopped(stop)).await?;
        self.wrap_ups.send_if_modified(|shown| {
            let differs = **shown != *reader.wrap_ups();
            if differs {
                *shown = Arc::new(reader.wrap_ups().clone());
            }
            differs
        });
        let now = clock::now();
        self.store.note_synced(&self.pbx.name, now.wall.as_second()).await?;
        if changed || self.today_is_old(now) {
            self.publish_today(now).await?;
        }
        self.status.send_modify(|status| status.last_sync = Some(now.wall));
        let finding = self.checks.borrow().sentence(now.wall.as_second());
        let said: Vec<String> = reader.warning().map(str::to_owned).into_iter().chain(finding).collect();
        let warning = (!said.is_empty()).then(|| said.join("; "));
        self.database.send_modify(|link| {
            link.enter(LinkState::Live, warning, now);
            link.fresh_at = Some(now);
        });
        Ok(())
    }

    /// What is stored is shown before anything is reached.
    async fn publish_first(&self) -> Result<(), SyncError> {
        if self.today.borrow().pbx.is_some() {
            return Ok(());
        }
        if self.store.register_pbx(&self.pbx.name, &self.pbx.zone_name).await? {
            tracing::info!(pbx = %self.pbx.name, "the history was made anew from the stored rows");
        }
        self.publish_today(clock::now()).await
    }

    async fn publish_today(&self, now: Moment) -> Result<(), SyncError> {
        let today = self.history.today(&self.pbx.name, now.wall).await?;
        self.today.send_if_modified(|shown| {
            let differs = **shown != today;
            if differs {
                *shown = Arc::new(today);
            }
            differs
        });
        let oddities = self.store.oddities(&self.pbx.name).await?;
        self.status.send_modify(|status| status.oddities = oddities);
        Ok(())
    }

    fn today_is_old(&self, now: Moment) -> bool {
        // By the minute of the wall clock, so that midnight is seen without remembering anything.
        let minute = |at: Timestamp| at.as_second().div_euclid(TODAY_SECONDS);
        self.status.borrow().last_sync.is_none_or(|last| minute(last) != minute(now.wall))
    }

    fn say(&self, error: &SyncError) {
        let sentence = error.sentence();
        let now = clock::now();
        let known = self.database.borrow().detail.as_ref() == Some(&sentence);
        if !known {
            tracing::warn!(pbx = %self.pbx.name, "{sentence}");
        }
        self.database.send_modify(|link| {
            let state = match (error.is_refusal(), link.fresh_at) {
                (true, _) => LinkState::Refused,
                (false, Some(_)) => LinkState::Lost,
                (false, None) => LinkState::Connecting,
            };
            link.enter(state, Some(sentence), now);
        });
    }
}

fn stopped(stop: &watch::Receiver<bool>) -> bool {
    *stop.borrow() || stop.has_changed().is_err()
}

fn thresholds(settings: &HistoryConfig) -> Thresholds {
    Thresholds {
        service_level_s: settings.service_level_seconds,
        short_abandon_s: settings.short_abandon_seconds,
        wrap_up_s: settings.wrap_up_seconds,
    }
}

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

/// How far one synchronisation is: ids of queue_log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The last one stored.
    pub position: i64,
    /// The newest in the table.
    pub newest: i64,
}

/// One synchronisation of every PBX with a database; `reached` follows it. The caller holds the [`crate::store::StateLock`].
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
        let mut reader = Reader::connect(pbx).await?;
        let mut progress = |batch: &pass::Progress| {
            once.rows += batch.rows;
            once.visits += batch.visits;
            reached(Reached { position: batch.position, newest: batch.newest.max(batch.position) });
        };
        let outcome = reader.pass(store, &mut progress, || false).await;
        reader.close().await;
        outcome?;
        store.note_synced(&pbx.name, clock::now().wall.as_second()).await?;
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
