//! The cdr: what is new, looked at once a minute; and its past, newest days first, a day behind `queue_log`, because a row
//! of the cdr says something only beside the rows of its call.
//!
//! | file | does |
//! |---|---|
//! | `past` | the past, step by step |

mod past;

use super::onward::{FEW_IDS, FEW_SECONDS};
use super::{OVERLAP_MILLIS, Reader, kind_of};
use crate::clock;
use crate::domain::history::query::local;
use crate::domain::history::row::civil_second;
use crate::domain::ids::PbxName;
use crate::domain::time::Tick;
use crate::pbx::mysql::{Call, Calls as Read, Cdr, Key, Mysql, MysqlError};
use crate::store::{CdrRow, Older, Reading, Store};
use crate::tasks::sync::SyncError;

/// Cdr rows read together.
const CALLS: u32 = 5000;
/// A row comes at the call's end, with the start it had: where rows have no numbers, this far back is read again, seconds.
const OVERLAP_SECONDS: i64 = 3 * 3600;
/// Once after connecting, so far: the longest calls.
const LONGEST_SECONDS: i64 = 30 * 3600;
/// So many numbers are read again, because rows are committed late.
const OVERLAP_IDS: i64 = 2000;
/// A table that is read as a whole at each look is left alone for this many times what the last look took.
const REST: i64 = 50;
/// So often it begins again because the table is not the one that was read.
const DOUBTS: u32 = 2;

/// What is known of the cdr.
pub(super) struct CallTable {
    cdr: Option<Cdr>,
    /// Why calls that never entered are missing, in a sentence.
    pub(super) warning: Option<String>,
    /// The next look at what is new; `None`: at the next pass.
    due: Option<Tick>,
    /// How far it is read.
    reading: Option<Reading>,
    /// The first and the last position when it was connected.
    ends: Option<(i64, i64)>,
    /// Whether it was looked at since the connection was made.
    looked: bool,
    pace: past::Pace,
}

impl CallTable {
    /// Finds the table. Without it only the calls that never entered are missing: said, not refused.
    pub(super) async fn find(mysql: &Mysql, store: &Store, pbx: &PbxName) -> Result<Self, SyncError> {
        let (cdr, warning) = match Cdr::find(mysql).await {
            Ok(cdr) => (Some(cdr), None),
            Err(error) if error.is_refusal() => (None, Some(missing(&error))),
            Err(error) => return Err(error.into()),
        };
        let reading = store.cdr_reading(pbx).await?;
        let pace = past::Pace::default();
        Ok(Self { cdr, warning, due: None, reading, ends: None, looked: false, pace })
    }
}

fn missing(error: &MysqlError) -> String {
    format!("calls that never entered a queue are not shown: {error}")
}

impl Reader {
    /// Looks at what is new in the cdr when that is due.
    pub(super) async fn calls(&mut self, store: &Store) -> Result<bool, SyncError> {
        let began = clock::now().tick;
        if self.calls.due.is_some_and(|due| began.since(due) < 0) {
            return Ok(false);
        }
        let Some(cdr) = self.calls.cdr.clone() else { return Ok(false) };
        match self.new_calls(store, &cdr).await {
            Ok(()) => {}
            Err(SyncError::Database(error)) if is_slow(&error) => self.leave_calls_alone(&error),
            Err(error) => return Err(error),
        }
        let now = clock::now().tick;
        let rest = if cdr.is_slow() { now.since(began) * REST } else { 0 };
        self.calls.due = Some(now.plus_millis(rest.max(OVERLAP_MILLIS)));
        Ok(true)
    }

    /// A large table without an index: said, and left alone for a while.
    fn leave_calls_alone(&mut self, error: &MysqlError) {
        self.calls.warning = Some(missing(error));
        self.calls.pace.rest(clock::now().tick);
    }

    async fn new_calls(&mut self, store: &Store, cdr: &Cdr) -> Result<(), SyncError> {
        for _ in 0..DOUBTS {
            let Some(reading) = self.where_calls_are(cdr).await? else { return Ok(()) };
            if self.calls_onward(store, cdr, reading).await? {
                self.calls.looked = true;
                self.calls.warning = None;
                return Ok(());
            }
            // Another table, or one that was tidied up at the wrong end: what is read twice changes nothing.
            let newest = reading.newest;
            tracing::warn!(pbx = %self.pbx, newest, "the last row of the cdr is gone: it is read anew");
            self.calls.reading = None;
        }
        Ok(())
    }

    /// How far it is read. A table that was never read is read from its end backwards, and so is a long gap; `None`: it is
    /// empty.
    async fn where_calls_are(&mut self, cdr: &Cdr) -> Result<Option<Reading>, SyncError> {
        let kind = kind_of(cdr.key());
        let known = self.calls.reading.filter(|reading| reading.kind == kind);
        if let Some(reading) = known.filter(|_| self.calls.looked) {
            return Ok(Some(reading));
        }
        self.calls.ends = cdr.ends(&self.mysql).await?;
        let Some((_, last)) = self.calls.ends else { return Ok(None) };
        let now = self.local_now();
        // A row from a clock that is ahead does not move the end of what is read.
        let last = if cdr.key() == Key::Id { last } else { last.min(now) };
        let gap = |floor| Older { reached: last + 1, local: now, floor };
        let new = match known {
            None => Reading { kind, newest: last, ..Reading::default() }.leave(gap(i64::MIN)),
            Some(reading) => {
                let (few, floor) = match cdr.key() {
                    Key::Id => (FEW_IDS, reading.newest + 1),
                    _ => (FEW_SECONDS, reading.newest - LONGEST_SECONDS),
                };
                if last - reading.newest > few && self.has_call(cdr, reading).await? {
                    Reading { newest: last, mark: 0, ..reading }.leave(gap(floor))
                } else {
                    reading
                }
            }
        };
        self.calls.reading = Some(new);
        Ok(Some(new))
    }

    /// Whether the last row that was read is still there.
    async fn has_call(&self, cdr: &Cdr, reading: Reading) -> Result<bool, SyncError> {
        let read = cdr.forward(&self.mysql, reading.newest, CALLS).await?;
        Ok(reading.mark == 0 || read.rows.iter().any(|row| is_last(reading, row)))
    }

    /// Reads and stores what is new, and once more what may have come late; `false` where the last row is not there.
    async fn calls_onward(&mut self, store: &Store, cdr: &Cdr, reading: Reading) -> Result<bool, SyncError> {
        let (mut reading, known) = (reading, reading);
        let back = match (cdr.key(), self.calls.looked) {
            (Key::Id, _) => OVERLAP_IDS,
            (_, true) => OVERLAP_SECONDS,
            (_, false) => LONGEST_SECONDS,
        };
        let lowest = reading.older.map_or(i64::MIN, |older| older.reached.min(reading.newest));
        let mut from = (reading.newest - back).max(lowest);
        let mut seen = reading.mark == 0;
        let latest = if cdr.key() == Key::Id { i64::MAX } else { self.local_now() + super::onward::AHEAD };
        loop {
            let read = cdr.forward(&self.mysql, from, CALLS).await?;
            let Some((last, _)) = read.rows.last() else { break };
            let (last, full) = (*last, read.full);
            if full && last == from && cdr.key() != Key::Id {
                self.calls_of_second(store, cdr, from).await?;
                seen |= from == known.newest;
                from += 1;
                continue;
            }
            seen |= read.rows.iter().any(|row| is_last(known, row));
            if !seen && last > known.newest {
                return Ok(false);
            }
            if let Some((key, call)) = read.rows.iter().rfind(|(key, _)| *key <= latest)
                && *key >= reading.newest
            {
                reading = Reading { newest: *key, mark: mark(call.as_ref()), ..reading };
            }
            self.store_calls(store, read, reading).await?;
            if !full {
                break;
            }
            from = if cdr.key() == Key::Id { last + 1 } else { last };
        }
        if seen && self.calls.reading != Some(reading) {
            self.store_calls(store, Read::default(), reading).await?;
        }
        Ok(seen)
    }

    /// All calls of one second, some at a time: there may be more than are to be held at once.
    async fn calls_of_second(&mut self, store: &Store, cdr: &Cdr, second: i64) -> Result<(), SyncError> {
        let mut offset = 0;
        loop {
            let read = cdr.of_second(&self.mysql, second, (offset, CALLS)).await?;
            offset += u64::from(CALLS);
            let full = read.full;
            let rows = read.rows.into_iter().filter_map(|(_, call)| call).map(of_call).collect();
            store.apply_cdr(&self.pbx, rows, None).await?;
            if !full {
                return Ok(());
            }
        }
    }

    async fn store_calls(&mut self, store: &Store, read: Read, reading: Reading) -> Result<(), SyncError> {
        let rows = read.rows.into_iter().filter_map(|(_, call)| call).map(of_call).collect();
        store.apply_cdr(&self.pbx, rows, Some(reading)).await?;
        self.calls.reading = Some(reading);
        Ok(())
    }

    /// Now, in the PBX's zone, as `civil_second` numbers it.
    fn local_now(&self) -> i64 {
        civil_second(local(&self.zone, clock::now().wall.as_second()))
    }
}

fn is_slow(error: &MysqlError) -> bool {
    matches!(error, MysqlError::Interrupted { .. } | MysqlError::TooSlow { .. })
}

fn is_last(reading: Reading, (key, call): &(i64, Option<Call>)) -> bool {
    *key == reading.newest && mark(call.as_ref()) == reading.mark
}

/// A number that tells a row from others (FNV-1a); never 0. By what no product changes afterwards.
fn mark(call: Option<&Call>) -> i64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    if let Some(call) = call {
        let start = civil_second(call.start).to_le_bytes();
        for byte in start.iter().chain(call.uniqueid.as_bytes()) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    if hash == 0 { 1 } else { hash.cast_signed() }
}

fn of_call(call: Call) -> CdrRow {
    CdrRow {
        start: call.start,
        uniqueid: call.uniqueid,
        linkedid: call.linkedid,
        src: call.src,
        dcontext: call.dcontext,
        dst: call.dst,
        lastapp: call.lastapp,
        lastdata: call.lastdata,
        disposition: call.disposition,
        dstchannel: call.dstchannel,
    }
}
