//! Once an hour: two random days are counted again from the PBX's rows (see `tasks::check`), in the pauses between the
//! looks at what is new.

use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::reader::Reader;
use super::{Sync, SyncError};
use crate::backoff;
use crate::clock;
use crate::config::Pbx;
use crate::domain::history::query::local;
use crate::domain::time::{Tick, local_date};
use crate::pbx::mysql::Between;
use crate::store::Store;
use crate::tasks::check::{Check, CheckReport, choose_days};

/// The first check comes so long after the start, then one an hour; milliseconds.
const FIRST_MILLIS: i64 = 3 * 60_000;
const EVERY_MILLIS: i64 = 3_600_000;
/// Between two batches, so that the PBX's database is not kept busy.
const REST: Duration = Duration::from_millis(40);
/// A day is settled when the log's clock is so far past it, seconds.
const SETTLED: i64 = 3 * 3600;

/// Checks one day at once. The caller holds the [`crate::store::StateLock`].
///
/// # Errors
/// When the PBX's database or the store refuses.
pub async fn check_day(store: &Store, pbx: &Pbx, day: Date) -> Result<CheckReport, SyncError> {
    let reader = Reader::connect(pbx, store).await?;
    let mut check = Check::new(store.clone(), pbx.name.clone(), pbx.zone.clone(), day);
    let mut between = reader.between(&pbx.zone, check.wanted()).await?;
    while let Some(rows) = reader.next_of(&mut between).await? {
        check.take(rows).await?;
    }
    reader.close().await;
    Ok(check.finish().await?)
}

/// What is being checked.
pub(super) struct Checking {
    due: Tick,
    days: Vec<Date>,
    day: Option<(Check, Between)>,
}

impl Checking {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self { due: clock::now().tick.plus_millis(FIRST_MILLIS), days: Vec::new(), day: None }
    }

    /// After a lost connection the day begins anew, in an hour's time.
    pub(super) fn interrupted(&mut self) {
        self.day = None;
        self.days.clear();
    }
}

impl Sync {
    /// Works on a check that is due, until the next look at what is new is.
    pub(super) async fn check(
        &self,
        reader: &Reader,
        checking: &mut Checking,
        until: Tick,
    ) -> Result<(), SyncError> {
        let began = clock::now().tick;
        if checking.day.is_none() && checking.days.is_empty() && began.since(checking.due) >= 0 {
            checking.due = began.plus_millis(EVERY_MILLIS);
            checking.days = self.days().await?;
        }
        while clock::now().tick.since(until) < 0 {
            if checking.day.is_none() {
                let Some(day) = checking.days.pop() else { return Ok(()) };
                let zone = self.pbx.zone.clone();
                let check = Check::new(self.store.clone(), self.pbx.name.clone(), zone, day);
                let between = reader.between(&self.pbx.zone, check.wanted()).await?;
                checking.day = Some((check, between));
            }
            let Some((check, between)) = &mut checking.day else { return Ok(()) };
            match reader.next_of(between).await? {
                Some(rows) => check.take(rows).await?,
                None => {
                    if let Some((check, _)) = checking.day.take() {
                        self.checked(check).await?;
                    }
                }
            }
            tokio::time::sleep(REST).await;
        }
        Ok(())
    }

    async fn checked(&self, check: Check) -> Result<(), SyncError> {
        let report = check.finish().await?;
        let now = clock::now();
        match report.sentence() {
            Some(sentence) => tracing::warn!(pbx = %self.pbx.name, "{sentence}"),
            None => {
                tracing::info!(pbx = %self.pbx.name, day = %report.day, rows = report.rows, cells = report.cells,
                gone = report.gone, "the hourly check found everything right")
            }
        }
        let found = report.found();
        self.checks.send_modify(|checks| checks.take(report, now.wall.as_second()));
        if found {
            self.publish_today(now, true).await?;
        }
        Ok(())
    }

    /// Which days are checked now: only such as are over, settled, and read as a whole.
    async fn days(&self) -> Result<Vec<Date>, SyncError> {
        let (zone, name): (&TimeZone, _) = (&self.pbx.zone, &self.pbx.name);
        let record = self.store.pbxs().await?.into_iter().find(|record| record.name == *name);
        let (Some(record), Some(oldest)) = (record, self.store.oldest_hour(name).await?) else {
            return Ok(Vec::new());
        };
        let today = local_date(zone, record.log_clock - SETTLED);
        let mut first = local(zone, oldest).date();
        // Reading back in time has come down to here.
        let older = self.store.reading(name).await?.and_then(|reading| reading.older);
        if let Some(edge) = older.map(|older| older.complete_from()) {
            first = first.max(edge.tomorrow().unwrap_or(edge));
        }
        // A day is counted again with the calls of the two days before it.
        if let Some(edge) = self.store.kept_from(name).await? {
            let edge = local(zone, edge).date();
            first = first.max(edge.checked_add(3.days()).unwrap_or(edge));
        }
        #[allow(clippy::cast_precision_loss, reason = "a random number")]
        let dice = || backoff::random() as f64 / u64::MAX as f64;
        Ok(today.yesterday().map_or_else(|_| Vec::new(), |last| choose_days(first, last, (dice(), dice()))))
    }
}
