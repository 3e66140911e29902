//! Everything new, in the order of the table; and once more what may have come late.

use super::{OVERLAP_MILLIS, Passed, Progress, ROWS, Reader, kind_of, mark_of, met};
use crate::clock;
use crate::domain::history::place::place_lone;
use crate::domain::history::query::local;
use crate::domain::history::row::civil_second;
use crate::pbx::mysql::{Key, Seen};
use crate::store::{Older, Reading, Store};
use crate::tasks::sync::SyncError;

/// Numbers read again once a minute: rows are committed late, out of order, but not by more than this …
const OVERLAP_IDS: i64 = 5000;
/// … or by more than this, seconds.
const OVERLAP_SECONDS: i64 = 600;
/// Without numbers, rows of the last second may still come; they are read again at each look, seconds.
const UNFINISHED: i64 = 2;
/// A table with so few numbers is read from its beginning at once.
pub(super) const FEW_IDS: i64 = 20_000;
/// The same for one without numbers, seconds.
pub(super) const FEW_SECONDS: i64 = 2 * 86_400;
/// A row with a time so far ahead of the clock does not move the end of what is read, seconds.
pub(super) const AHEAD: i64 = 86_400;
/// Rows looked at to find one with a time.
const PROBE: u32 = 8;
/// So often a look begins again because the table is not the one that was read.
const DOUBTS: u32 = 3;

impl Reader {
    /// Reads on from where it was to the end. The last row of before comes first again: where it does not, the table is
    /// another one.
    pub(super) async fn onward(
        &mut self,
        store: &Store,
        progress: &mut (dyn FnMut(&Progress) + Send),
        stop: &(impl Fn() -> bool + Send),
        passed: &mut Passed,
    ) -> Result<(), SyncError> {
        self.begin_where_needed(store).await?;
        let Some(mut reading) = self.reading else {
            passed.ended = true;
            return Ok(());
        };
        let mut from = self.begin_of_look(reading);
        // The last row was seen again, where it was looked for.
        let (mut is_known, mut doubts) = (reading.mark == 0, 0);
        while !stop() {
            let read = self.queue_log.forward(&self.mysql, from, ROWS).await?;
            self.narrow.extend(read.filled.iter().cloned());
            is_known |= from > reading.newest || read.rows.iter().any(|seen| is_last(reading, seen));
            let end = read.rows.last().map(|seen| seen.key);
            let may_come = read.full && end.is_some_and(|end| end <= reading.newest);
            if !is_known && !may_come && doubts < DOUBTS {
                doubts += 1;
                self.doubt(store, reading, progress, passed).await?;
                self.begin_where_needed(store).await?;
                let Some(again) = self.reading else { break };
                reading = again;
                is_known = reading.mark == 0;
                from = self.begin_of_look(reading);
                continue;
            }
            if is_known && let Some(again) = self.after_an_outage(reading, from).await? {
                reading = again;
                from = self.begin_of_look(reading);
                continue;
            }
            let Some(last) = end else { break };
            if read.full && last == from && !self.is_numbered() {
                let of_second = self.onward_over(store, (reading, from), progress, passed).await?;
                is_known |= of_second.1;
                reading = of_second.0;
                from += 1;
                continue;
            }
            if self.has_new(reading, &read.rows) && self.has_other_columns().await? {
                // Read again, by what the columns are now.
                self.begin_where_needed(store).await?;
                let Some(again) = self.reading else { break };
                reading = again;
                from = self.begin_of_look(reading);
                continue;
            }
            let full = read.full;
            reading = self.take(store, read.rows, reading, progress, passed).await?;
            if !full {
                break;
            }
            from = last;
        }
        passed.ended = !stop();
        Ok(())
    }

    /// Where far more is missing than a moment reads: from the midnight before the newest row on, and a gap that is read
    /// backwards afterwards, as at the first time.
    async fn after_an_outage(&self, reading: Reading, from: i64) -> Result<Option<Reading>, SyncError> {
        let Some((_, newest)) = self.ends.filter(|_| reading.mark != 0 && from <= reading.newest) else {
            return Ok(None);
        };
        if newest.saturating_sub(reading.newest) <= self.few() {
            return Ok(None);
        }
        let Some(start) = self.midnight_before(newest).await? else { return Ok(None) };
        // Of the last second more may have come.
        let floor = if self.is_numbered() { reading.newest + 1 } else { reading.newest - UNFINISHED };
        let gap = Older { floor, ..start };
        if gap.reached <= reading.newest + 1 {
            return Ok(None);
        }
        tracing::info!(pbx = %self.pbx, was = reading.newest, newest, "much is missing: the newest days first");
        Ok(Some(Reading { newest: gap.reached, mark: 0, ..reading }.leave(gap)))
    }

    /// Stores a second that is more than a batch; says how far the table is read then, and whether the last row was in it.
    async fn onward_over(
        &mut self,
        store: &Store,
        (reading, second): (Reading, i64),
        progress: &mut (dyn FnMut(&Progress) + Send),
        passed: &mut Passed,
    ) -> Result<(Reading, bool), SyncError> {
        let (mut read, mut last, mut found) = (0, None, false);
        let counted = counted_from(reading);
        let applied = self
            .whole_second(store, second, counted, &mut |seen| {
                (read, last) = (read + 1, Some(Seen { row: seen.row.clone(), ..*seen }));
                found |= is_last(reading, seen);
            })
            .await?;
        let next = self.end_after(reading, last.as_slice());
        self.store_rows(store, Vec::new(), Some(next), i64::MAX).await?;
        passed.changed |= applied.changed;
        progress(&Progress { read, rows: applied.rows, visits: applied.visits, ..self.progress() });
        Ok((next, found))
    }

    /// Stores what of these rows is new; says how far the table is read then.
    async fn take(
        &mut self,
        store: &Store,
        rows: Vec<Seen>,
        reading: Reading,
        progress: &mut (dyn FnMut(&Progress) + Send),
        passed: &mut Passed,
    ) -> Result<Reading, SyncError> {
        if !self.has_new(reading, &rows) {
            return Ok(reading);
        }
        let counted_from = counted_from(reading);
        let read = u64::try_from(rows.len()).unwrap_or(0);
        let next = self.end_after(reading, &rows);
        let applied = self.store_rows(store, rows, Some(next), counted_from).await?;
        passed.changed |= applied.changed;
        progress(&Progress { read, rows: applied.rows, visits: applied.visits, ..self.progress() });
        Ok(next)
    }

    /// Whether there is a row that was not stored a moment ago.
    fn has_new(&self, reading: Reading, rows: &[Seen]) -> bool {
        rows.iter().any(|seen| {
            seen.key >= counted_from(reading)
                || seen.row.as_ref().is_some_and(|row| !self.remembered.contains(&met(row)))
        })
    }

    fn begin_of_look(&self, reading: Reading) -> i64 {
        if self.is_numbered() { reading.newest } else { reading.newest - UNFINISHED }
    }

    /// How far the table is read when these rows are stored. Rows from a clock that is ahead are stored, and leave the end
    /// where it is.
    fn end_after(&self, reading: Reading, rows: &[Seen]) -> Reading {
        let now = clock::now().wall.as_second();
        let latest = match self.queue_log.key() {
            Key::Id => i64::MAX,
            Key::UtcSecond => now + AHEAD,
            Key::LocalSecond => civil_second(local(&self.zone, now)) + AHEAD,
        };
        match rows.iter().rfind(|seen| seen.key <= latest) {
            Some(last) if last.key >= reading.newest => {
                Reading { newest: last.key, mark: mark_of(last), ..reading }
            }
            _ => reading,
        }
    }

    /// Where everything stands.
    pub(super) fn progress(&self) -> Progress {
        let position = self.reading.map_or(0, |reading| reading.newest);
        let newest = self.ends.map_or(0, |(_, newest)| newest).max(position);
        let (older, older_calls) = (self.older_days(), self.older_calls_days());
        Progress { position, newest, older, older_calls, ..Progress::default() }
    }

    /// A table that was never read is read from the midnight before its newest row on; what is older comes later.
    async fn begin_where_needed(&mut self, store: &Store) -> Result<(), SyncError> {
        if self.reading.is_some_and(|reading| reading.kind != self.kind()) {
            tracing::warn!(pbx = %self.pbx, "queue_log is read in another order than before: it is read anew");
            store.forget_reading(&self.pbx).await?;
            self.reading = None;
        }
        if self.reading.is_some() {
            return Ok(());
        }
        self.ends = self.queue_log.ends(&self.mysql).await?;
        let Some((oldest, newest)) = self.ends else { return Ok(()) };
        let kind = kind_of(self.queue_log.key());
        let mut reading = Reading { kind, newest: oldest, ..Reading::default() };
        if newest.saturating_sub(oldest) > self.few()
            && let Some(gap) = self.midnight_before(newest).await?
            && gap.reached > oldest
        {
            reading = Reading { newest: gap.reached, ..reading }.leave(gap);
        }
        self.reading = Some(reading);
        Ok(())
    }

    /// A table with so many positions is read at once.
    fn few(&self) -> i64 {
        if self.is_numbered() { FEW_IDS } else { FEW_SECONDS }
    }

    /// The midnight before a position, as the end of a gap that is read backwards from there.
    async fn midnight_before(&self, newest: i64) -> Result<Option<Older>, SyncError> {
        let Some(midnight) = self.midnight(newest).await? else { return Ok(None) };
        let start = self.queue_log.key_at(&self.mysql, &self.zone, midnight).await?;
        let local = civil_second(local(&self.zone, midnight));
        Ok(start.map(|reached| Older { reached, local, floor: i64::MIN }))
    }

    /// The midnight before the row at `newest`, or before now where that row's clock is ahead, UTC.
    async fn midnight(&self, newest: i64) -> Result<Option<i64>, SyncError> {
        let Some(at) = self.instant_of(newest).await? else { return Ok(None) };
        let at = at.min(clock::now().wall.as_second());
        let stamp = jiff::Timestamp::from_second(at).unwrap_or_default();
        let midnight = stamp.to_zoned(self.zone.clone()).start_of_day();
        Ok(midnight.ok().map(|midnight| midnight.timestamp().as_second()))
    }

    /// The time of the row at or before a position, UTC seconds.
    async fn instant_of(&self, key: i64) -> Result<Option<i64>, SyncError> {
        let read = self.queue_log.backward(&self.mysql, key.saturating_add(1), PROBE).await?;
        let rows = read.rows.iter().filter_map(|seen| seen.row.as_ref());
        Ok(rows.map(|row| place_lone(&self.zone, row, &[])).next_back())
    }

    /// The last rows before the end once more, and the table's columns.
    pub(super) async fn look_again(
        &mut self,
        store: &Store,
        progress: &mut (dyn FnMut(&Progress) + Send),
        passed: &mut Passed,
    ) -> Result<(), SyncError> {
        self.has_other_columns().await?;
        self.ends = self.queue_log.ends(&self.mysql).await?;
        let Some(reading) = self.reading.filter(|reading| reading.mark != 0 && reading.kind == self.kind())
        else {
            return Ok(());
        };
        let mut from = self.begin_of_overlap(reading).await?;
        loop {
            let mut read = self.queue_log.forward(&self.mysql, from, ROWS).await?;
            let last = read.rows.last().map(|seen| seen.key);
            read.rows.retain(|seen| seen.key <= reading.newest);
            let applied = self.store_rows(store, read.rows, None, i64::MAX).await?;
            passed.changed |= applied.changed;
            if applied.rows > 0 {
                tracing::info!(pbx = %self.pbx, rows = applied.rows, "rows came late");
                progress(&Progress { rows: applied.rows, visits: applied.visits, ..self.progress() });
            }
            match last.filter(|last| read.full && *last < reading.newest) {
                Some(last) if last > from => from = last,
                Some(_) => {
                    passed.changed |= self.whole_second(store, from, i64::MAX, &mut |_| ()).await?.changed;
                    from += 1;
                }
                None => return Ok(()),
            }
        }
    }

    async fn begin_of_overlap(&self, reading: Reading) -> Result<i64, SyncError> {
        let mut from = reading.newest - OVERLAP_SECONDS;
        if self.is_numbered() {
            from = reading.newest - OVERLAP_IDS;
            if let Some(at) = self.instant_of(reading.newest).await?
                && let Some(early) =
                    self.queue_log.key_at(&self.mysql, &self.zone, at - OVERLAP_SECONDS).await?
            {
                from = from.min(early);
            }
        }
        Ok(from.max(reading.older.map_or(i64::MIN, |older| older.reached)))
    }
}

fn is_last(reading: Reading, seen: &Seen) -> bool {
    seen.key == reading.newest && mark_of(seen) == reading.mark
}

/// Rows before this position were counted before.
fn counted_from(reading: Reading) -> i64 {
    if reading.mark == 0 { reading.newest } else { reading.newest + 1 }
}

const _: () = assert!(OVERLAP_MILLIS / 1000 < OVERLAP_SECONDS, "a late row is looked for more than once");
