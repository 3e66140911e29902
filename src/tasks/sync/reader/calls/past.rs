//! The past of the cdr, from the newest day backwards, in steps that can be broken off: how far it came is stored with the
//! rows.

use super::{CALLS, is_slow};
use crate::clock;
use crate::domain::history::row::{civil_of, civil_second};
use crate::domain::time::Tick;
use crate::pbx::mysql::{Call, Calls, Cdr, Key};
use crate::store::{Older, Store};
use crate::tasks::sync::SyncError;
use crate::tasks::sync::reader::Reader;
use crate::tasks::sync::reader::older::{Step, USEFUL, share};
use crate::tasks::sync::status::OlderDays;

/// Rows of a step where each reads the whole table: few steps, and memory for them.
const MANY: u32 = 20_000;
/// How long such a table is left alone after a step, in times of what it took.
const REST_SLOW: i64 = 10;
/// After a step that took longer than a statement may, milliseconds.
const REST_BROKEN: i64 = 10 * 60_000;
/// The past of `queue_log` is so far ahead that a call's rows are all there, seconds.
const AHEAD: i64 = 86_400;

/// When the next step may be made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    due: Option<Tick>,
}

impl Pace {
    /// A step took too long.
    pub(super) fn rest(&mut self, now: Tick) {
        self.due = Some(now.plus_millis(REST_BROKEN));
    }
}

impl Reader {
    /// Reads and stores the next step back in time, where `queue_log` is read so far; `None` where there is none to be made
    /// now. With `hurry` no rest is kept.
    pub(in crate::tasks::sync::reader) async fn older_calls(
        &mut self,
        store: &Store,
        hurry: bool,
    ) -> Result<Option<Step>, SyncError> {
        let began = clock::now().tick;
        let Some((cdr, older)) = self.calls.cdr.clone().zip(self.calls_gap()) else { return Ok(None) };
        // What was too long for a statement will be again, whoever waits.
        let must_rest = !hurry || self.calls.warning.is_some();
        if must_rest && self.calls.pace.due.is_some_and(|due| began.since(due) < 0) {
            return Ok(None);
        }
        let Some(log) = self.reading else { return Ok(None) };
        let edge = log.older.map(|gap| gap.local + AHEAD);
        if edge.is_some_and(|edge| older.local - edge < AHEAD) {
            return Ok(None);
        }
        let limit = if cdr.is_slow() { MANY } else { CALLS };
        let by_number = cdr.key() == Key::Id;
        let floor = edge.filter(|_| !by_number).map_or(older.floor, |edge| edge.max(older.floor));
        let mut read = match cdr.backward(&self.mysql, (older.reached, floor), limit).await {
            Ok(read) => read,
            Err(error) if is_slow(&error) => {
                self.leave_calls_alone(&error);
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let took = clock::now().tick.since(began).max(1);
        let next = match edge {
            Some(edge) if by_number => cut(older, &mut read, edge),
            Some(_) if !read.full && floor > older.floor => {
                Some(Older { reached: floor, local: floor, ..older })
            }
            _ => next(older, &read, by_number),
        };
        if !by_number && read.full && next.is_some_and(|next| next.reached >= older.reached) {
            return self.one_second_of_calls(store, &cdr, older).await.map(Some);
        }
        let Some(reading) = self.calls.reading.map(|reading| reading.back_to(next)) else { return Ok(None) };
        self.store_calls(store, read, reading).await?;
        let ended = reading.older.is_none();
        if ended {
            tracing::info!(pbx = %self.pbx, "all of the cdr is read");
        }
        if cdr.is_slow() {
            self.calls.pace.due = Some(clock::now().tick.plus_millis(took * REST_SLOW));
        }
        let is_long_ago = older.local < self.local_now() - USEFUL;
        let rest_millis = if is_long_ago && !cdr.is_slow() { took } else { 0 };
        Ok(Some(Step { progress: self.progress(), rest_millis, ended }))
    }

    /// A second with more calls than a step holds.
    async fn one_second_of_calls(
        &mut self,
        store: &Store,
        cdr: &Cdr,
        older: Older,
    ) -> Result<Step, SyncError> {
        let second = older.reached - 1;
        self.calls_of_second(store, cdr, second).await?;
        if let Some(reading) = self.calls.reading {
            let next = Older { reached: second, local: second, ..older };
            self.store_calls(store, Calls::default(), reading.back_to(Some(next))).await?;
        }
        Ok(Step { progress: self.progress(), ..Step::default() })
    }

    /// What is not read of it yet.
    pub(super) fn calls_gap(&self) -> Option<Older> {
        self.calls.reading?.older
    }

    /// What is left of the past of the cdr.
    pub(in crate::tasks::sync) fn older_calls_days(&self) -> Option<OlderDays> {
        let older = self.calls_gap().filter(|_| self.calls.cdr.is_some())?;
        let oldest = self.calls.ends.map_or(0, |(oldest, _)| oldest).max(older.floor);
        let newest = self.calls.reading.map_or(0, |reading| reading.newest);
        let (all, left) = (newest.saturating_sub(oldest), older.reached.saturating_sub(oldest));
        let reached = civil_of(older.local).unwrap_or_default().date();
        let share = share(all.saturating_sub(left), all);
        Some(OlderDays { reached, complete_from: older.complete_from(), share })
    }
}

/// Where reading back stands after a step: `None` at the end of the gap. The first second of a full step may have more.
fn next(older: Older, read: &Calls, by_number: bool) -> Option<Older> {
    let (first, _) = read.rows.first().filter(|_| read.full)?;
    let reached = if by_number { *first } else { first + 1 };
    Some(Older { reached, local: earliest(read, 0).unwrap_or(older.local), ..older })
}

/// Leaves out what `queue_log` does not reach yet: rows stand in the order in which calls ended.
fn cut(older: Older, read: &mut Calls, edge: i64) -> Option<Older> {
    let early = |call: &Option<Call>| call.as_ref().is_some_and(|call| civil_second(call.start) < edge);
    let at = read.rows.iter().rposition(|(_, call)| early(call)).map_or(0, |at| at + 1);
    if at == 0 && !read.full {
        return None;
    }
    let reached = read.rows.get(at).map_or(older.reached, |(key, _)| *key);
    let local = earliest(read, at).unwrap_or(older.local).min(if at > 0 { edge } else { i64::MAX });
    read.rows.drain(..at);
    Some(Older { reached, local, ..older })
}

/// When the first of the rows from `at` on began that has a time.
fn earliest(read: &Calls, at: usize) -> Option<i64> {
    let rows = read.rows.get(at..)?;
    rows.iter().find_map(|(_, call)| call.as_ref()).map(|call| civil_second(call.start))
}
