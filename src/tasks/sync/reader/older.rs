//! The past, from the newest day backwards, in steps that can be broken off: how far it came is stored with the rows.

use super::{Progress, REST, ROWS, Reader};
use crate::clock;
use crate::domain::history::query::local;
use crate::domain::history::row::{LogRow, civil_of, civil_second};
use crate::pbx::mysql::Read;
use crate::store::{Older, Reading, Store};
use crate::tasks::sync::SyncError;
use crate::tasks::sync::status::OlderDays;

/// A step's rows at most: memory is bounded by two of them.
const MOST: u32 = 24_000;
/// … and at least.
const LEAST: u32 = 500;
/// A step shall take about this long, milliseconds: the look for new rows waits for it.
const AIM_MILLIS: i64 = 400;
/// The last days are fetched without rests, seconds.
pub(super) const USEFUL: i64 = 7 * 86_400;

/// So many rows at the edge tell how far the past is read, because rows are committed out of order.
const OUT_OF_ORDER: usize = 200;

/// And rows so much older than what is kept tell that nothing of it lies before them, seconds.
const OUT_OF_ORDER_SECONDS: i64 = 2 * 86_400;

/// How the steps go.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// Rows of the next step.
    rows: u32,
    /// What was read ahead, with the position before which it lies.
    ahead: Option<(i64, Read)>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { rows: ROWS, ahead: None }
    }
}

impl Pace {
    /// Forgets what was read ahead.
    pub(super) fn drop_ahead(&mut self) {
        self.ahead = None;
    }

    /// The next step is as long as the last one should have been.
    fn follow(&mut self, rows: u32, took_millis: i64) {
        self.rows = match took_millis {
            took if took < AIM_MILLIS / 2 => rows.saturating_mul(2).min(MOST),
            took if took > AIM_MILLIS * 2 => (rows / 2).max(LEAST),
            _ => rows,
        };
    }
}

/// One step.
#[derive(Clone, Debug, Default)]
pub(in crate::tasks::sync) struct Step {
    /// What it brought.
    pub progress: Progress,
    /// How long the PBX's database shall be left alone, milliseconds.
    pub rest_millis: i64,
    /// All is read.
    pub ended: bool,
}

impl Reader {
    /// Reads and stores the next step back in time, of `queue_log` or of the cdr; `None` when there is nothing left, or
    /// nothing for now. With `hurry` the database is asked for the following step meanwhile.
    pub(in crate::tasks::sync) async fn older(
        &mut self,
        store: &Store,
        hurry: bool,
    ) -> Result<Option<Step>, SyncError> {
        match self.older_calls(store, hurry).await? {
            Some(step) => Ok(Some(step)),
            None => self.older_rows(store, hurry).await,
        }
    }

    async fn older_rows(&mut self, store: &Store, ahead: bool) -> Result<Option<Step>, SyncError> {
        let reading = self.reading.filter(|reading| reading.kind == self.kind());
        let Some((reading, older)) = reading.and_then(|reading| Some((reading, reading.older?))) else {
            return Ok(None);
        };
        if self.is_too_old(store, older).await? {
            return self.leave_the_rest(store, reading).await.map(Some);
        }
        let began = clock::now().tick;
        let slow = self.queue_log.is_slow();
        if slow {
            // Each step reads the whole table: few of them.
            self.older.rows = MOST;
        }
        let limit = self.older.rows;
        let kept = self.older.ahead.take().filter(|(before, _)| *before == older.reached);
        let read = match kept {
            Some((_, read)) => read,
            None => self.queue_log.backward_to(&self.mysql, (older.reached, older.floor), limit).await?,
        };
        let took = clock::now().tick.since(began);
        if self.has_other_columns().await? {
            // Read again, by what the columns are now.
            return Ok(Some(Step { progress: self.progress(), ..Step::default() }));
        }
        let Some(next) = self.before(older, &read) else {
            return self.older_second(store, reading, older).await.map(Some);
        };
        self.narrow.extend(read.filled.iter().cloned());
        let count = u64::try_from(read.rows.len()).unwrap_or(0);
        let reading = reading.back_to(next);
        // The first days are wanted at once.
        let ahead = ahead || (!slow && !self.is_long_ago(older));
        let applied = self.store_older(store, read, reading, ahead).await?;
        self.older.follow(limit, clock::now().tick.since(began));
        let progress =
            Progress { read: count, rows: applied.rows, visits: applied.visits, ..self.progress() };
        let rest_millis = match slow {
            true => took * REST,
            false if self.is_long_ago(older) => took.max(1),
            false => 0,
        };
        let ended = reading.older.is_none();
        if ended {
            tracing::info!(pbx = %self.pbx, "all of queue_log is read");
        }
        Ok(Some(Step { progress, rest_millis, ended }))
    }

    /// Whether everything that is left of a gap is older than what is kept: then none of it would be taken.
    pub(super) async fn is_too_old(&self, store: &Store, older: Older) -> Result<bool, SyncError> {
        let edge = store.kept_from(&self.pbx).await?.map(|edge| civil_second(local(&self.zone, edge)));
        Ok(edge.is_some_and(|edge| older.local < edge - OUT_OF_ORDER_SECONDS))
    }

    async fn leave_the_rest(&mut self, store: &Store, reading: Reading) -> Result<Step, SyncError> {
        let reading = reading.back_to(None);
        self.store_rows(store, Vec::new(), Some(reading), i64::MAX).await?;
        tracing::info!(pbx = %self.pbx, "the rest of queue_log is older than what is kept");
        Ok(Step { progress: self.progress(), rest_millis: 0, ended: reading.older.is_none() })
    }

    /// A second with more rows than a step holds.
    async fn older_second(
        &mut self,
        store: &Store,
        reading: Reading,
        older: Older,
    ) -> Result<Step, SyncError> {
        let (second, mut read, mut first) = (older.reached - 1, 0, None);
        let applied = self
            .whole_second(store, second, i64::MIN, &mut |seen| {
                read += 1;
                first = first.take().or_else(|| seen.row.clone());
            })
            .await?;
        let next = Older { reached: second, local: self.local_of(first, older), ..older };
        self.store_rows(store, Vec::new(), Some(reading.back_to(Some(next))), i64::MAX).await?;
        let progress = Progress { read, rows: applied.rows, visits: applied.visits, ..self.progress() };
        Ok(Step { progress, ..Step::default() })
    }

    /// The local time of a row; where there is none, what is known.
    fn local_of(&self, row: Option<LogRow>, older: Older) -> i64 {
        row.map_or(older.local, |mut row| {
            row.settle(&self.zone);
            civil_second(row.local)
        })
    }

    async fn store_older(
        &mut self,
        store: &Store,
        read: Read,
        reading: Reading,
        ahead: bool,
    ) -> Result<crate::store::Applied, SyncError> {
        let applying = store.apply_reading(self.batch_of(read.rows, i64::MIN), reading);
        let applied = match reading.older.filter(|_| ahead) {
            Some(older) => {
                let span = (older.reached, older.floor);
                let following = self.queue_log.backward_to(&self.mysql, span, self.older.rows);
                let (applied, following) = tokio::join!(applying, following);
                // Where it failed it is asked for again, and says why.
                self.older.ahead = following.ok().map(|read| (older.reached, read));
                applied?
            }
            None => applying.await?,
        };
        self.reading = Some(reading);
        Ok(applied)
    }

    /// Where reading back stands after these rows: `Some(None)` at the table's beginning, `None` where they do not reach
    /// beyond one second.
    fn before(&self, older: Older, read: &Read) -> Option<Option<Older>> {
        let Some(first) = read.rows.first().filter(|_| read.full) else { return Some(None) };
        // The first second of a full step may have more rows.
        let reached = if self.is_numbered() { first.key } else { first.key + 1 };
        if reached >= older.reached {
            return None;
        }
        // Rows stand a little out of order: the latest of the first ones.
        let first = read.rows.iter().filter_map(|seen| seen.row.clone()).take(OUT_OF_ORDER);
        let local = first.map(|row| self.local_of(Some(row), older)).max().unwrap_or(older.local);
        Some(Some(Older { reached, local, ..older }))
    }

    /// The last days are there: from here on the PBX comes first.
    fn is_long_ago(&self, older: Older) -> bool {
        older.local < civil_second(local(&self.zone, clock::now().wall.as_second())) - USEFUL
    }

    /// What is left of the past.
    pub(in crate::tasks::sync) fn older_days(&self) -> Option<OlderDays> {
        let (reading, older) = self.reading.and_then(|reading| Some((reading, reading.older?)))?;
        let oldest = self.ends.map_or(0, |(oldest, _)| oldest).max(older.floor);
        let (all, left) = (reading.newest.saturating_sub(oldest), older.reached.saturating_sub(oldest));
        let local = civil_of(older.local).unwrap_or_default();
        Some(OlderDays {
            reached: local.date(),
            complete_from: older.complete_from(),
            share: share(all.saturating_sub(left), all),
        })
    }
}

/// A part of all, 0 to 1.
#[allow(clippy::cast_precision_loss, reason = "a share is shown in percent")]
pub(super) fn share(part: i64, all: i64) -> f64 {
    if all <= 0 { 0.0 } else { (part as f64 / all as f64).clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_become_as_long_as_they_may_take() {
        let mut pace = Pace::default();
        let mut after = |rows, took| {
            pace.follow(rows, took);
            pace.rows
        };
        assert_eq!([after(2000, 20), after(20_000, 20), after(2000, 200)], [4000, 24_000, 2000]);
        assert_eq!([after(2000, 900), after(600, 9000)], [1000, 500]);
    }
}
