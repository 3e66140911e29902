//! The owner of the cursors: reads one PBX's database into the store, again and again, and says how it stands.
//!
//! ```text
//!  pbx::mysql ──rows──> reader ──Batch──> store
//!                         │
//!  watch: LinkStatus, Today, SyncStatus <── run (back-off, poll)
//! ```
//! A pass reads what is new, to the end. Once a minute the last rows are read again, because one that was committed late
//! stands before those already seen; and the cdr is looked at. Between the passes the past is read, the newest days
//! first. Rows read twice change nothing.

mod check;
mod once;
mod people;
mod purge;
mod reader;
mod status;
mod wrap_ups;

pub use once::{Once, Reached, sync_once};
pub use status::{OlderDays, SyncStatus};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::backoff::{self, Backoff};
use crate::clock;
use crate::config::{History as HistoryConfig, Pbx};
use crate::domain::history::figures::Today;
use crate::domain::ids::{PbxName, QueueName};
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::time::{Moment, Tick};
use crate::pbx::mysql::MysqlError;
use crate::store::{Store, StoreError};
use crate::tasks::check::Checks;
use crate::tasks::history::{History, HistoryError, Thresholds};

use check::Checking;
pub use check::check_day;
pub use purge::purge;
use reader::{Progress, Reader, Step};

/// Today's figures are made anew at least this often, because the date and what goes on change without rows.
const TODAY_SECONDS: i64 = 60;
/// While the past is read, what it changed is shown this often, milliseconds.
const SHOW_OLDER_MILLIS: i64 = 2000;

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
        sentence(&text)
    }
}

/// Errors and warnings begin small, sentences on a wall do not.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The task of one PBX, before it runs. It may be run again after a panic: everything it knows is in the store.
#[derive(Clone)]
pub struct Sync {
    store: Store,
    pbx: Pbx,
    poll: Duration,
    keep: Duration,
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
        let (poll, keep) = (settings.poll, settings.keep);
        (Self { store, pbx, poll, keep, history, database, today, status, wrap_ups, checks }, handle)
    }

    /// Synchronises until `stop` becomes true (or its sender is gone). A batch that has begun is finished.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        if self.pbx.database.is_none() {
            return;
        }
        let (mut away, mut refused) = (Backoff::away(), Backoff::refused());
        let mut reader: Option<Reader> = None;
        let mut registered = false;
        let (mut checking, mut purging) = (Checking::new(), purge::Purging::new());
        while !stopped(&stop) {
            let due = clock::now().tick.plus_millis(millis(self.poll));
            let mut outcome = self.once(&mut reader, &mut registered, &stop).await;
            if outcome.is_ok() {
                outcome = self.read_older(&mut reader, due, &stop).await;
            }
            if outcome.is_ok() {
                outcome = self.keep_work(due, &stop).await;
            }
            if let (Ok(()), Some(reader)) = (&outcome, &reader) {
                outcome = self.check(reader, &mut checking, due).await;
            }
            if outcome.is_ok() {
                outcome = self.purge(&mut purging, due).await;
            }
            let until = match outcome {
                Ok(()) => {
                    away.reset();
                    refused.reset();
                    due
                }
                Err(error) => {
                    if let Some(broken) = reader.take() {
                        broken.close().await;
                    }
                    checking.interrupted();
                    self.say(&error);
                    let gaps = if error.is_refusal() { &mut refused } else { &mut away };
                    let pause = i64::try_from(gaps.next_ms(backoff::random())).unwrap_or(i64::MAX);
                    clock::now().tick.plus_millis(pause)
                }
            };
            tokio::select! {
                () = tokio::time::sleep_until(clock::deadline(until)) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        if let Some(reader) = reader {
            reader.close().await;
        }
    }

    /// Connects where there is no connection, and reads to the end.
    async fn once(
        &self,
        slot: &mut Option<Reader>,
        registered: &mut bool,
        stop: &watch::Receiver<bool>,
    ) -> Result<(), SyncError> {
        if !*registered {
            self.register().await?;
            *registered = true;
        }
        let reader = match slot {
            Some(reader) => reader,
            None => slot.insert(Reader::connect(&self.pbx, &self.store).await?),
        };
        let mut progress = |batch: &Progress| self.status.send_modify(|status| status.take(batch));
        let began = clock::now().tick;
        let passed = reader.pass(&self.store, &mut progress, || stopped(stop)).await?;
        let millis = clock::now().tick.since(began);
        tracing::debug!(pbx = %self.pbx.name, millis, changed = passed.changed, "looked at queue_log");
        if !passed.ended {
            return Ok(());
        }
        self.wrap_ups.send_if_modified(|shown| {
            let differs = **shown != *reader.wrap_ups();
            if differs {
                *shown = Arc::new(reader.wrap_ups().clone());
            }
            differs
        });
        let now = clock::now();
        self.store.note_synced(&self.pbx.name, now.wall.as_second()).await?;
        if passed.changed || self.today_is_old(now) {
            self.publish_today(now, false).await?;
        }
        self.status.send_modify(|status| {
            (status.older, status.older_calls) = (reader.older_days(), reader.older_calls_days());
        });
        self.say_live(reader, now);
        self.status.send_modify(|status| status.last_sync = Some(now.wall));
        Ok(())
    }

    /// Reads the past until the next look at what is new is due, step by step.
    async fn read_older(
        &self,
        slot: &mut Option<Reader>,
        due: Tick,
        stop: &watch::Receiver<bool>,
    ) -> Result<(), SyncError> {
        let Some(reader) = slot else { return Ok(()) };
        let mut shown = clock::now().tick;
        let mut any = false;
        while !stopped(stop) && clock::now().tick.since(due) < 0 {
            let Some(Step { progress, rest_millis, ended }) = reader.older(&self.store, false).await? else {
                break;
            };
            any = true;
            self.status.send_modify(|status| status.take(&progress));
            let now = clock::now();
            if ended || now.tick.since(shown) >= SHOW_OLDER_MILLIS {
                shown = now.tick;
                any = false;
                self.publish_today(now, true).await?;
                self.say_live(reader, now);
            }
            let rest = clock::now().tick.plus_millis(rest_millis);
            tokio::time::sleep_until(clock::deadline(rest)).await;
        }
        if any {
            let now = clock::now();
            self.publish_today(now, true).await?;
            self.say_live(reader, now);
        }
        Ok(())
    }

    /// Keeps what agents did on days that are over, until the next look at what is new is due.
    async fn keep_work(&self, due: Tick, stop: &watch::Receiver<bool>) -> Result<(), SyncError> {
        while !stopped(stop) && clock::now().tick.since(due) < 0 {
            if !self.history.keep(&self.pbx.name).await? {
                break;
            }
        }
        Ok(())
    }

    /// What is stored is shown before anything is reached; where nothing was ever read, there is nothing to show.
    async fn register(&self) -> Result<(), SyncError> {
        if self.store.register_pbx(&self.pbx.name, &self.pbx.zone_name).await? {
            tracing::info!(pbx = %self.pbx.name, "the history was made anew from the stored rows");
        }
        let records = self.store.pbxs().await?;
        let record = records.iter().find(|record| record.name == self.pbx.name);
        if record.is_some_and(|record| record.synced_at.is_some() || record.log_clock > 0) {
            self.publish_today(clock::now(), false).await?;
        }
        Ok(())
    }

    /// With `anew` the figures count as new even where those of today are the same: other days have changed.
    async fn publish_today(&self, now: Moment, anew: bool) -> Result<(), SyncError> {
        let today = self.history.today(&self.pbx.name, now.wall).await?;
        self.today.send_if_modified(|shown| {
            let differs = anew || **shown != today;
            if differs {
                *shown = Arc::new(today);
            }
            differs
        });
        let oddities = self.store.oddities(&self.pbx.name).await?;
        self.status.send_modify(|status| status.oddities = oddities);
        Ok(())
    }

    /// The link is up; with what is to be said all the same.
    fn say_live(&self, reader: &Reader, now: Moment) {
        let finding = self.checks.borrow().sentence(now.wall.as_second());
        let said: Vec<String> =
            reader.warnings().into_iter().chain(finding).map(|said| sentence(&said)).collect();
        let detail = (!said.is_empty()).then(|| said.join(" "));
        self.database.send_modify(|link| {
            link.enter(LinkState::Live, detail, now);
            link.note = self.status.borrow().note();
            link.fresh_at = Some(now);
        });
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
