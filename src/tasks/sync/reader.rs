//! An open connection to one PBX's database, and what is known of its tables.
//!
//! | file | does |
//! |---|---|
//! | `onward` | what is new; what may have come late |
//! | `second` | a second with very many rows |
//! | `replaced` | whether the table is still the one that was read |
//! | `older` | the past, newest days first |
//! | `calls` | the cdr, both ways |
//! | `settings` | the queues' own settings, and their members |

mod calls;
mod older;
mod onward;
mod replaced;
mod second;
mod settings;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::tz::TimeZone;

pub(super) use older::Step;

use super::status::OlderDays;
use super::{SyncError, WrapUps};
use crate::clock;
use crate::config::Pbx;
use crate::domain::history::event::Oddity;
use crate::domain::history::row::LogRow;
use crate::domain::ids::PbxName;
use crate::domain::time::Tick;
use crate::pbx::mysql::{Between, Key, Members, Mysql, MysqlError, QueueLog, Seen};
use crate::store::{Applied, Batch, Reading, Store};

/// Rows read and stored together: a transaction of some tens of milliseconds.
const ROWS: u32 = 2000;
/// How often the last rows are read again and the table is looked at, milliseconds.
const OVERLAP_MILLIS: i64 = 60_000;
/// A table that each look reads as a whole is left alone for this many times what the last look took.
const REST: i64 = 10;
/// So many rows are remembered at most, so as not to store again what was stored a moment ago.
const REMEMBERED: usize = 50_000;

/// What was read, as the caller counts it.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// Rows that the database gave.
    pub read: u64,
    /// Rows that were not known.
    pub rows: u64,
    /// Visits that were not there.
    pub visits: u64,
    /// The newest position that is read.
    pub position: i64,
    /// The newest position there is.
    pub newest: i64,
    /// What is left of the past.
    pub older: Option<OlderDays>,
    /// What is left of the past of the cdr.
    pub older_calls: Option<OlderDays>,
}

/// What a pass did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passed {
    /// A figure may have changed.
    pub changed: bool,
    /// Everything new is read.
    pub ended: bool,
}

/// An open connection, with what was found in it.
pub(super) struct Reader {
    pbx: PbxName,
    zone: TimeZone,
    mysql: Mysql,
    queue_log: QueueLog,
    /// How far it is read; `None`: not begun.
    reading: Option<Reading>,
    /// The table's first and last position.
    ends: Option<(i64, i64)>,
    /// Rows that are stored, by [`met`].
    remembered: HashSet<i64>,
    /// Columns that cut names.
    narrow: BTreeSet<(String, usize)>,
    /// `None`: at the next pass.
    overlapped: Option<Tick>,
    calls: calls::CallTable,
    members: Members,
    wrap_ups: WrapUps,
    older: older::Pace,
    /// A table that each look reads as a whole is left alone until then.
    rests_until: Option<Tick>,
}

impl Reader {
    /// Connects, finds the tables, and learns how far they are read.
    pub(super) async fn connect(pbx: &Pbx, store: &Store) -> Result<Self, SyncError> {
        let database = pbx.database.as_ref().ok_or(SyncError::NoDatabase)?;
        let mysql = Mysql::connect(database).await?;
        let queue_log = QueueLog::find(&mysql).await?;
        let calls = calls::CallTable::find(&mysql, store, &pbx.name).await?;
        let ends = queue_log.ends(&mysql).await?;
        let reading = store.reading(&pbx.name).await?;
        let newest = ends.map_or(0, |(_, newest)| newest);
        tracing::info!(pbx = %pbx.name, host = mysql.host(), table = queue_log.table(), newest, "reading queue_log");
        Ok(Self {
            pbx: pbx.name.clone(),
            zone: pbx.zone.clone(),
            mysql,
            queue_log,
            reading,
            ends,
            remembered: HashSet::new(),
            narrow: BTreeSet::new(),
            overlapped: None,
            calls,
            members: Members::default(),
            wrap_ups: WrapUps::new(),
            older: older::Pace::default(),
            rests_until: None,
        })
    }

    /// What is missing or slow though the link is up, in sentences.
    pub(super) fn warnings(&self) -> Vec<String> {
        let narrow = self.narrow.iter().map(|narrow| self.queue_log.says_of_narrow(narrow));
        self.calls.warning.iter().cloned().chain(self.queue_log.warning()).chain(narrow).collect()
    }

    /// The rows of [from, to), UTC seconds, once more, batch by batch: see [`QueueLog::between`].
    pub(super) async fn between(&self, zone: &TimeZone, span: (i64, i64)) -> Result<Between, MysqlError> {
        self.queue_log.between(&self.mysql, zone, span).await
    }

    /// The next batch of them; `None` when all are read.
    pub(super) async fn next_of(&self, between: &mut Between) -> Result<Option<Vec<LogRow>>, MysqlError> {
        between.next(&self.queue_log, &self.mysql).await
    }

    pub(super) async fn close(&self) {
        self.mysql.close().await;
    }

    /// Reads everything new. What of the past is not read yet stays so: see [`Reader::older`].
    pub(super) async fn pass(
        &mut self,
        store: &Store,
        progress: &mut (dyn FnMut(&Progress) + Send),
        stop: impl Fn() -> bool + Send,
    ) -> Result<Passed, SyncError> {
        let mut passed = Passed::default();
        let now = clock::now().tick;
        if self.rests_until.is_some_and(|until| now.since(until) < 0) {
            return Ok(passed);
        }
        if self.overlapped.is_none_or(|last| now.since(last) >= OVERLAP_MILLIS) {
            self.look_again(store, progress, &mut passed).await?;
            self.settings(store).await?;
            self.overlapped = Some(now);
        }
        self.onward(store, progress, &stop, &mut passed).await?;
        if passed.ended {
            passed.changed |= self.calls(store).await?;
            if self.overlapped == Some(now) {
                passed.changed |= self.people(store).await?;
            }
        }
        if self.queue_log.is_slow() {
            let now_it_is = clock::now().tick;
            self.rests_until = Some(now_it_is.plus_millis(now_it_is.since(now) * REST));
        }
        Ok(passed)
    }

    /// Stores what is not known to be stored; `reading` is how far the table is read then. Rows before the position `from`
    /// were counted before, where they are odd.
    async fn store_rows(
        &mut self,
        store: &Store,
        rows: Vec<Seen>,
        reading: Option<Reading>,
        from: i64,
    ) -> Result<Applied, SyncError> {
        let batch = self.batch(rows, from);
        let marks: Vec<i64> = batch.rows.iter().map(met).collect();
        let applied = match reading {
            Some(reading) => store.apply_reading(batch, reading).await?,
            None if batch.rows.is_empty() => Applied::default(),
            None => store.apply_of_table(batch).await?,
        };
        if reading.is_some() {
            self.reading = reading;
        }
        if self.remembered.len() + marks.len() > REMEMBERED {
            self.remembered.clear();
        }
        self.remembered.extend(marks);
        Ok(applied)
    }

    /// A batch of what is not known to be stored; rows before the position `from` were counted before, where they are odd.
    fn batch(&self, rows: Vec<Seen>, from: i64) -> Batch {
        let mut batch = self.batch_of(rows, from);
        batch.rows.retain(|row| !self.remembered.contains(&met(row)));
        batch
    }

    fn batch_of(&self, rows: Vec<Seen>, from: i64) -> Batch {
        let mut oddities = BTreeMap::new();
        let mut count = |kind, rows: &mut dyn Iterator<Item = &Seen>| {
            let number = u64::try_from(rows.filter(|seen| seen.key >= from).count()).unwrap_or(0);
            if number > 0 {
                oddities.insert(kind, number);
            }
        };
        count(Oddity::BadTime, &mut rows.iter().filter(|seen| seen.row.is_none()));
        count(Oddity::Truncated, &mut rows.iter().filter(|seen| seen.filled));
        let rows = rows.into_iter().filter_map(|seen| seen.row).collect();
        Batch { pbx: self.pbx.clone(), rows, oddities, cursor: None }
    }

    fn kind(&self) -> i64 {
        kind_of(self.queue_log.key())
    }

    /// Whether positions are numbers of rows; else several rows may share one.
    fn is_numbered(&self) -> bool {
        self.queue_log.key() == Key::Id
    }
}

/// What positions are, as it is stored.
fn kind_of(key: Key) -> i64 {
    match key {
        Key::Id => 0,
        Key::LocalSecond => 1,
        Key::UtcSecond => 2,
    }
}

/// A number that tells a row from others by what it says (FNV-1a); never 0. Stored: it must not change.
fn mark(row: &LogRow) -> i64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut take = |bytes: &[u8]| {
        for byte in bytes.iter().chain(&[0x1f]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    let second = row.instant().unwrap_or_else(|| crate::domain::history::row::civil_second(row.local));
    take(&second.to_le_bytes());
    let words = [&row.callid, &row.queue, &row.agent, &row.event];
    words.into_iter().chain(&row.data).for_each(|word| take(word.as_bytes()));
    if hash == 0 { 1 } else { hash.cast_signed() }
}

/// A number for a row at its place. The same row at a smaller place is to be stored, too: it is the one that counts, and with it
/// the order of what happened in one second.
fn met(row: &LogRow) -> i64 {
    mark(row).rotate_left(17) ^ row.id
}

/// The mark of a row that may have no time: then there is nothing to tell it by but that.
fn mark_of(seen: &Seen) -> i64 {
    seen.row.as_ref().map_or(1, mark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::history::row::tests::row;

    #[test]
    fn a_mark_is_stored_and_must_not_change() {
        let one = row(7, "2026-11-22 07:01:04", "1.1", "sales", "Ann", "CONNECT", "1|1.2|1");
        assert_eq!(mark(&one), MARK);
        assert_eq!(mark(&LogRow { id: 8, ..one.clone() }), MARK, "its number is not part of what it says");
        assert_ne!(
            met(&one),
            met(&LogRow { id: 8, ..one.clone() }),
            "a double at another place is looked at"
        );
        let other = LogRow { agent: "Anna".into(), ..one.clone() };
        assert!(mark(&other) != MARK && mark(&LogRow { callid: "1.1s".into(), ..one }) != MARK);
    }

    /// Of the row above, since the first version.
    const MARK: i64 = 2_920_369_248_283_068_775;
}
