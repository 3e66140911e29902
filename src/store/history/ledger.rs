//! The rows of calls, by callid: packed into segments of the calls that began within ten minutes.
//!
//! A segment is found from the callid alone, so that nothing has to be looked up to know where a late row goes. What is
//! read and changed stays open until [`Ledger::save`], so that a batch reads and writes a segment once.

use std::collections::BTreeMap;
use std::ops::Range;

use rusqlite::{OptionalExtension, params};
use smol_str::SmolStr;

use super::{Scope, record};
use crate::domain::history::event::entered_before;
use crate::domain::history::pack::{Parts, pack, put_number, put_text, unpack};
use crate::domain::history::row::{LogRow, civil_second, epoch_of};
use crate::store::StoreError;

/// How long calls begin that share a segment, seconds: with a thousand calls an hour some 16 KB are written for a new row.
pub(super) const BUCKET_SECONDS: i64 = 600;
/// Callids without a time are spread over so many segments.
const NAMELESS: u64 = 4096;
/// The version byte in front of a segment.
const VERSION: u8 = 1;
/// Segments kept open while only reading.
const OPEN: usize = 32;

/// The segment that a callid belongs to.
pub(super) fn bucket(callid: &str) -> i64 {
    epoch_of(callid).map_or_else(
        || {
            // FNV-1a: any spread will do, but it must never change.
            let hash = callid.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
            });
            -1 - (hash % NAMELESS).cast_signed()
        },
        |epoch| epoch.div_euclid(BUCKET_SECONDS),
    )
}

/// One segment, open.
#[derive(Default)]
pub(super) struct Segment {
    bytes: Vec<u8>,
    /// Where the callids and their rows stand in `bytes`, by callid.
    calls: Vec<(Range<usize>, Range<usize>)>,
    /// What changed: where the rows stand in `fresh`, by callid.
    changed: BTreeMap<SmolStr, Range<usize>>,
    fresh: Vec<u8>,
    /// When visits can have been entered, local.
    entered: Option<(i64, i64)>,
}

impl Segment {
    fn read(bytes: Vec<u8>, entered: Option<(i64, i64)>) -> Result<Self, StoreError> {
        let Some((&VERSION, body)) = bytes.split_first() else {
            return Err(record("a segment of calls is of a version unknown to this program"));
        };
        let mut calls = Vec::new();
        let mut parts = Parts::new(body);
        let base = bytes.as_ptr().addr();
        let range = |slice: &[u8]| {
            let start = slice.as_ptr().addr() - base;
            start..start + slice.len()
        };
        while !parts.is_empty() {
            calls.push((range(parts.slice().map_err(record)?), range(parts.slice().map_err(record)?)));
        }
        Ok(Self { bytes, calls, entered, ..Self::default() })
    }

    fn rows_of(&self, callid: &str) -> Option<&[u8]> {
        if let Some(rows) = self.changed.get(callid) {
            return self.fresh.get(rows.clone());
        }
        let found = self.calls.binary_search_by(|(name, _)| self.bytes[name.clone()].cmp(callid.as_bytes()));
        found.ok().map(|at| &self.bytes[self.calls[at].1.clone()])
    }

    /// All callids with their packed rows, as stored.
    pub(super) fn stored(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.calls.iter().filter_map(|(name, rows)| {
            Some((std::str::from_utf8(&self.bytes[name.clone()]).ok()?, &self.bytes[rows.clone()]))
        })
    }

    /// The bytes with what changed, by callid.
    fn write(&self) -> Vec<u8> {
        let more: usize = self.changed.iter().map(|(callid, rows)| callid.len() + rows.len() + 6).sum();
        let fresh = |rows: &Range<usize>| &self.fresh[rows.clone()];
        let mut bytes = Vec::with_capacity(self.bytes.len() + more + 1);
        bytes.push(VERSION);
        let mut changed = self.changed.iter().peekable();
        let mut put = |callid: &str, rows: &[u8]| {
            put_text(&mut bytes, callid);
            put_number(&mut bytes, rows.len() as u64);
            bytes.extend_from_slice(rows);
        };
        for (callid, rows) in self.stored() {
            while let Some((new, rows)) = changed.next_if(|(new, _)| new.as_str() < callid) {
                put(new, fresh(rows));
            }
            match changed.next_if(|(new, _)| new.as_str() == callid) {
                Some((_, rows)) => put(callid, fresh(rows)),
                None => put(callid, rows),
            }
        }
        changed.for_each(|(callid, rows)| put(callid, fresh(rows)));
        bytes
    }

    /// Notes when the visits of these rows can have been entered.
    fn widen(&mut self, rows: &[LogRow]) {
        for row in rows {
            if let Some(before) = entered_before(row) {
                let at = civil_second(row.local) - before;
                let (first, last) = self.entered.unwrap_or((at, at));
                self.entered = Some((first.min(at), last.max(at)));
            }
        }
    }
}

/// The rows of the calls of one PBX.
pub(super) struct Ledger<'s, 'd> {
    scope: &'s Scope<'d>,
    open: BTreeMap<i64, Segment>,
}

impl<'s, 'd> Ledger<'s, 'd> {
    pub(super) fn new(scope: &'s Scope<'d>) -> Self {
        Self { scope, open: BTreeMap::new() }
    }

    /// The rows of a callid, of tables and files, as they came.
    pub(super) fn rows(&mut self, callid: &str) -> Result<Vec<LogRow>, StoreError> {
        let zone = &self.scope.zone;
        self.segment(bucket(callid))?.rows_of(callid).map_or_else(
            || Ok(Vec::new()),
            |bytes| {
                let mut rows = unpack(callid, bytes).map_err(record)?;
                rows.iter_mut().for_each(|row| row.settle(zone));
                Ok(rows)
            },
        )
    }

    /// Replaces the rows of a callid.
    pub(super) fn put(&mut self, callid: &str, rows: &[LogRow]) -> Result<(), StoreError> {
        let segment = self.segment(bucket(callid))?;
        segment.widen(rows);
        let start = segment.fresh.len();
        pack(&mut segment.fresh, rows);
        segment.changed.insert(callid.into(), start..segment.fresh.len());
        Ok(())
    }

    /// Writes what changed.
    pub(super) fn save(&mut self) -> Result<(), StoreError> {
        let mut write = self.scope.db.prepare_cached(
            "INSERT INTO segment (pbx, bucket, first, last, calls) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (pbx, bucket) DO UPDATE
             SET first = excluded.first, last = excluded.last, calls = excluded.calls",
        )?;
        for (bucket, segment) in std::mem::take(&mut self.open) {
            if !segment.changed.is_empty() {
                let (first, last) = segment.entered.unzip();
                write.execute(params![self.scope.pbx, bucket, first, last, segment.write()])?;
            }
        }
        Ok(())
    }

    fn segment(&mut self, bucket: i64) -> Result<&mut Segment, StoreError> {
        if !self.open.contains_key(&bucket) {
            if self.open.len() >= OPEN {
                self.open.retain(|_, segment| !segment.changed.is_empty());
            }
            let segment = load(self.scope, bucket)?.unwrap_or_default();
            self.open.insert(bucket, segment);
        }
        self.open.get_mut(&bucket).ok_or_else(|| record("a segment of calls was lost"))
    }
}

/// A stored segment.
pub(super) fn load(scope: &Scope<'_>, bucket: i64) -> Result<Option<Segment>, StoreError> {
    let found = scope
        .db
        .prepare_cached("SELECT calls, first, last FROM segment WHERE pbx = ?1 AND bucket = ?2")?
        .query_row(params![scope.pbx, bucket], |row| {
            let (first, last): (Option<i64>, Option<i64>) = (row.get(1)?, row.get(2)?);
            Ok((row.get(0)?, first.zip(last)))
        })
        .optional()?;
    found.map(|(bytes, entered)| Segment::read(bytes, entered)).transpose()
}

/// Removes a segment with all its calls.
pub(super) fn remove(scope: &Scope<'_>, bucket: i64) -> Result<(), StoreError> {
    let mut statement = scope.db.prepare_cached("DELETE FROM segment WHERE pbx = ?1 AND bucket = ?2")?;
    statement.execute(params![scope.pbx, bucket])?;
    Ok(())
}

/// Removes some calls of a segment.
pub(super) fn take_out(scope: &Scope<'_>, bucket: i64, gone: &[String]) -> Result<(), StoreError> {
    let Some(mut segment) = load(scope, bucket)?.filter(|_| !gone.is_empty()) else { return Ok(()) };
    let Segment { bytes, calls, .. } = &mut segment;
    calls.retain(|(name, _)| gone.iter().all(|callid| callid.as_bytes() != &bytes[name.clone()]));
    if segment.calls.is_empty() {
        return remove(scope, bucket);
    }
    let mut statement =
        scope.db.prepare_cached("UPDATE segment SET calls = ?3 WHERE pbx = ?1 AND bucket = ?2")?;
    statement.execute(params![scope.pbx, bucket, segment.write()])?;
    Ok(())
}

/// The segments with visits that can have been entered between two local times, each with the first such time, in the order
/// of that.
pub(super) fn entered_between(scope: &Scope<'_>, from: i64, to: i64) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut statement = scope.db.prepare_cached(
        "SELECT bucket, first FROM segment WHERE pbx = ?1 AND last >= ?2 AND first < ?3 ORDER BY first, bucket",
    )?;
    let found = statement.query_map(params![scope.pbx, from, to], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The next segments after `bucket`, in order.
pub(super) fn following(scope: &Scope<'_>, bucket: i64, count: i64) -> Result<Vec<i64>, StoreError> {
    let mut statement = scope.db.prepare_cached(
        "SELECT bucket FROM segment WHERE pbx = ?1 AND bucket > ?2 ORDER BY bucket LIMIT ?3",
    )?;
    let found = statement.query_map(params![scope.pbx, bucket, count], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}
