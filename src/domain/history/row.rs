//! One row of `queue_log` as it was written, its identity, and the stored records of the first versions.
//! (Which row of a file is which row of a table is in `twice`.)
//!
//! In: text from a table or a file. Out: the same text, lossless. It never judges what a row means (see `event`).

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use jiff::civil;
use jiff::tz::TimeZone;
use serde::Deserialize;
use smol_str::SmolStr;

/// One row of `queue_log`. Absent values are empty texts. Nearly all texts are short enough to stand in the row itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// Place in the table: the order of insertion, not of events. Not part of what the row *is*. A row whose time is an
    /// instant (of a file, or of a table with epoch times) has a negative one, which holds it: see [`LogRow::instant`].
    pub id: i64,
    /// Local time of the PBX, cut to whole seconds. Source: column `time`.
    pub local: civil::DateTime,
    /// The call: the caller channel's uniqueid, or a word such as `NONE`, `MANAGER`, `REALTIME`.
    pub callid: SmolStr,
    /// The queue as written.
    pub queue: SmolStr,
    /// The agent as written: a member name, an interface, or `NONE`.
    pub agent: SmolStr,
    /// Asterisk's word, `ENTERQUEUE`.
    pub event: SmolStr,
    /// data1 to data5.
    pub data: [SmolStr; 5],
}

impl LogRow {
    /// The order of what two rows *are*: of everything but the id; queue names without regard to ASCII case. Equal ones of
    /// one source are the same row.
    pub fn order(&self, other: &Self) -> Ordering {
        let by_time = self.instant().cmp(&other.instant()).then_with(|| self.local.cmp(&other.local));
        by_time
            .then_with(|| self.callid.cmp(&other.callid))
            .then_with(|| {
                let [own, others] =
                    [self, other].map(|row| row.queue.bytes().map(|byte| byte.to_ascii_lowercase()));
                if self.queue == other.queue { Ordering::Equal } else { own.cmp(others) }
            })
            .then_with(|| self.agent.cmp(&other.agent))
            .then_with(|| self.event.cmp(&other.event))
            .then_with(|| self.data.cmp(&other.data))
    }

    /// Whether two rows *are* the same: as [`LogRow::order`] says it, asked in the order in which rows mostly differ.
    pub fn same(&self, other: &Self) -> bool {
        self.local == other.local
            && self.event == other.event
            && self.agent == other.agent
            && self.data == other.data
            && self.callid == other.callid
            && self.queue.eq_ignore_ascii_case(&other.queue)
            && self.instant() == other.instant()
    }

    /// The epoch second at which the call's channel was made, which its callid begins with (a system name may stand in
    /// front: `pbx1-1717000000.12`). `None` for words such as `NONE`.
    pub fn epoch(&self) -> Option<i64> {
        epoch_of(&self.callid)
    }

    /// The UTC second of a row whose time is no local one (of a file, or of a table with epoch times); else `None`.
    pub fn instant(&self) -> Option<i64> {
        match self.id {
            0.. => None,
            FILE_BASE.. => Some((self.id - FILE_BASE) >> FILE_BITS),
            _ => Some((self.id - EPOCH_BASE) >> EPOCH_BITS),
        }
    }

    /// Gives a row that holds its instant the local time that it has in `zone`; others keep their own.
    pub fn settle(&mut self, zone: &TimeZone) {
        if let Some(at) = self.instant() {
            self.local = zone.to_datetime(jiff::Timestamp::from_second(at).unwrap_or_default());
        }
    }

    /// Whether the agent column names somebody.
    pub fn has_agent(&self) -> bool {
        is_somebody(&self.agent)
    }
}

/// A row as what it is: see [`LogRow::order`].
#[derive(Clone, Copy, Debug)]
pub struct Same<'a>(pub &'a LogRow);

impl Ord for Same<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.order(other.0)
    }
}

impl PartialOrd for Same<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Same<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Same<'_> {}

impl Hash for Same<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self(row) = self;
        (row.instant(), row.local, &row.callid, row.queue.to_ascii_lowercase()).hash(state);
        (&row.agent, &row.event, &row.data).hash(state);
    }
}

/// Below the id of every row of a table.
const FILE_BASE: i64 = -(1 << 50);
/// So many rows of one second of a file keep their order.
const FILE_BITS: u32 = 12;

/// The id of the `n`-th row of the UTC second `at` in a file: in the order of time, and of lines within a second.
/// `at` from 0 to the year 9999.
pub fn file_id(at: i64, n: u32) -> i64 {
    FILE_BASE + (at << FILE_BITS) + i64::from(n.min((1 << FILE_BITS) - 1))
}

/// Below the id of every row of a file.
const EPOCH_BASE: i64 = -(1 << 62);
/// Of a table's own id so much is kept beside the instant: two rows of one second are told apart and stand in the order
/// of their ids, unless more than eight million rows lie between them.
const EPOCH_BITS: u32 = 23;

/// The id of a row that a table tells with the UTC second `at` (from 0 to the year 9999) and its own `id`; 0 where the
/// table has none.
pub fn epoch_id(at: i64, id: i64) -> i64 {
    EPOCH_BASE + (at << EPOCH_BITS) + (id & ((1 << EPOCH_BITS) - 1))
}

/// The epoch second in a callid; see [`LogRow::epoch`].
pub fn epoch_of(callid: &str) -> Option<i64> {
    let (head, tail) = callid.rsplit_once('.')?;
    let digits = head.rsplit('-').next()?;
    let numeric = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits.len() >= 9 && digits.len() <= 11 && numeric(digits) && numeric(tail))
        .then(|| digits.parse().ok())?
}

/// Whether an agent column names somebody: `NONE` is nobody.
pub fn is_somebody(agent: &str) -> bool {
    !agent.is_empty() && !agent.eq_ignore_ascii_case("NONE")
}

/// Identical rows of one source once, with the smallest id, in the order of ids.
pub fn unique<R: Borrow<LogRow>>(rows: impl IntoIterator<Item = R>) -> Vec<R> {
    let mut rows: Vec<R> = rows.into_iter().collect();
    if is_unique(&rows) {
        return rows;
    }
    let what = |a: &R, b: &R| a.borrow().order(b.borrow());
    let id = |row: &R| row.borrow().id;
    if has_twins(&rows) {
        // The spelling of a queue follows the id too, so that it does not depend on who came first.
        rows.sort_by(|a, b| {
            what(a, b).then_with(|| (id(a), &a.borrow().queue).cmp(&(id(b), &b.borrow().queue)))
        });
        rows.dedup_by(|later, first| what(later, first).is_eq());
    }
    rows.sort_by(|a, b| id(a).cmp(&id(b)).then_with(|| what(a, b)));
    rows
}

/// Whether rows are as [`unique`] gives them.
pub fn is_unique<R: Borrow<LogRow>>(rows: &[R]) -> bool {
    rows.windows(2).all(|pair| pair[0].borrow().id < pair[1].borrow().id) && !has_twins(rows)
}

/// Whether any two rows are identical.
fn has_twins<R: Borrow<LogRow>>(rows: &[R]) -> bool {
    /// A call has a handful of rows, which are quicker compared than sorted.
    const FEW: usize = 12;
    if rows.len() <= FEW {
        let same = |a: &R, b: &R| a.borrow().same(b.borrow());
        return (1..rows.len()).any(|at| rows[..at].iter().any(|before| same(before, &rows[at])));
    }
    let same = |a: &R, b: &R| a.borrow().order(b.borrow()).is_eq();
    let mut sorted: Vec<&R> = rows.iter().collect();
    sorted.sort_by(|a, b| (*a).borrow().order((*b).borrow()));
    sorted.windows(2).any(|pair| same(pair[0], pair[1]))
}

/// The version byte in front of a record as the first versions packed it.
const PACKED: u8 = 1;

#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct Packed {
    id: i64,
    second: i64,
    callid: Option<String>,
    queue: Option<String>,
    agent: String,
    event: String,
    data: Vec<String>,
}

/// A packed record that cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Made by a version that this one does not know.
    #[error("packed rows of version {0} are unknown to this program")]
    Version(u8),
    /// Bytes that are no record.
    #[error("packed rows are damaged")]
    Bytes(#[source] postcard::Error),
    /// Bytes that are no rows.
    #[error("packed rows are damaged")]
    Damaged,
    /// A time outside the calendar.
    #[error("packed rows hold a time outside the calendar")]
    Time,
}

/// Unpacks a record of the first versions; [`super::pack`] is how rows are packed now.
///
/// # Errors
/// When the bytes are of another version or damaged.
pub fn unpack(bytes: &[u8]) -> Result<Vec<LogRow>, PackError> {
    let Some((version, body)) = bytes.split_first() else { return Ok(Vec::new()) };
    if *version != PACKED {
        return Err(PackError::Version(*version));
    }
    let packed: Vec<Packed> = postcard::from_bytes(body).map_err(PackError::Bytes)?;
    let mut rows: Vec<LogRow> = Vec::with_capacity(packed.len());
    for one in packed {
        let before = rows.last();
        let callid =
            one.callid.map(SmolStr::from).or_else(|| before.map(|b| b.callid.clone())).unwrap_or_default();
        let queue =
            one.queue.map(SmolStr::from).or_else(|| before.map(|b| b.queue.clone())).unwrap_or_default();
        let mut data: [SmolStr; 5] = Default::default();
        data.iter_mut().zip(one.data).for_each(|(slot, text)| *slot = text.into());
        let local = civil_of(one.second).ok_or(PackError::Time)?;
        rows.push(LogRow {
            id: one.id,
            local,
            callid,
            queue,
            agent: one.agent.into(),
            event: one.event.into(),
            data,
        });
    }
    Ok(rows)
}

/// Seconds from 1970-01-01 00:00:00 to a local time, as if the zone were UTC: an order and a number, not an instant.
pub fn civil_second(local: civil::DateTime) -> i64 {
    jiff::tz::Offset::UTC.to_timestamp(local).map_or(0, jiff::Timestamp::as_second)
}

/// The local time that [`civil_second`] numbers.
pub fn civil_of(second: i64) -> Option<civil::DateTime> {
    jiff::Timestamp::from_second(second).ok().map(|stamp| jiff::tz::Offset::UTC.to_datetime(stamp))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::time_text::parse_local;
    use super::*;

    pub(crate) fn row(
        id: i64,
        time: &str,
        callid: &str,
        queue: &str,
        agent: &str,
        event: &str,
        data: &str,
    ) -> LogRow {
        let mut columns: [String; 5] = Default::default();
        columns.iter_mut().zip(data.split('|')).for_each(|(slot, text)| *slot = text.into());
        LogRow {
            id,
            local: parse_local(time).expect("a time"),
            callid: callid.into(),
            queue: queue.into(),
            agent: agent.into(),
            event: event.into(),
            data: columns.map(Into::into),
        }
    }

    #[test]
    fn a_callid_gives_away_its_epoch_also_behind_a_system_name() {
        assert_eq!(epoch_of("1795330864.3"), Some(1_795_330_864));
        assert_eq!(epoch_of("pbx-1-1795330864.3"), Some(1_795_330_864));
        for word in ["NONE", "MANAGER", "REALTIME", "", "abc.1", "17.3", "1795330864"] {
            assert_eq!(epoch_of(word), None, "{word}");
        }
    }

    #[test]
    fn records_of_the_first_versions_can_be_read() {
        let rows = vec![
            row(7, "2026-11-22 07:01:04", "1.1", "Sales", "NONE", "ENTERQUEUE", "|555|1"),
            row(8, "2026-11-22 07:01:05", "1.1", "Sales", "Ann", "CONNECT", "1|1.2|1"),
            row(9, "2026-11-22 07:01:06", "1.2", "vip", "Ann", "X", "||||end|"),
        ];
        assert_eq!(unpack(&pack(&rows)).expect("unpacks"), rows);
        assert!(matches!(unpack(&[9, 1]), Err(PackError::Version(9))));
        assert!(unpack(&[]).expect("nothing is no rows").is_empty());
    }

    /// As the first versions packed them.
    pub(crate) fn pack(rows: &[LogRow]) -> Vec<u8> {
        let mut packed = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| &rows[before]);
            let used = row.data.iter().rposition(|text| !text.is_empty()).map_or(0, |last| last + 1);
            packed.push(Packed {
                id: row.id,
                second: civil_second(row.local),
                callid: before.is_none_or(|b| b.callid != row.callid).then(|| row.callid.to_string()),
                queue: before.is_none_or(|b| b.queue != row.queue).then(|| row.queue.to_string()),
                agent: row.agent.to_string(),
                event: row.event.to_string(),
                data: row.data[..used].iter().map(SmolStr::to_string).collect(),
            });
        }
        postcard::to_extend(&packed, vec![PACKED]).expect("packs")
    }

    #[test]
    fn identical_rows_count_once_and_keep_the_smallest_id() {
        let one = row(9, "2026-11-22 07:01:04", "1.1", "sales", "A", "RINGNOANSWER", "0");
        let mut twin = one.clone();
        twin.id = 4;
        twin.queue = "SALES".into();
        let other = row(5, "2026-11-22 07:01:04", "1.1", "sales", "B", "RINGNOANSWER", "0");
        assert_eq!(unique([one, other.clone(), twin.clone()]), vec![twin, other]);
    }

    #[test]
    fn the_id_of_a_row_of_a_file_holds_its_instant_and_the_order_of_lines() {
        let at = |id| LogRow { id, ..row(1, "2026-11-22 07:01:04", "1.1", "q", "A", "X", "") };
        for second in [86_400, 1_795_330_864, 253_402_300_799] {
            assert_eq!(at(file_id(second, 7)).instant(), Some(second));
            assert!(file_id(second, 9_999) < file_id(second + 1, 0) && file_id(second, 9_999) < 0);
        }
        assert!(file_id(5, 1) < file_id(5, 2));
        for second in [86_400, 1_795_330_864, 253_402_300_799] {
            assert_eq!(at(epoch_id(second, 9_500_000)).instant(), Some(second));
            assert!(
                epoch_id(second, 3) < epoch_id(second, 4) && epoch_id(second, 4) < epoch_id(second + 1, 0)
            );
            assert!(epoch_id(second, i64::MAX) < FILE_BASE);
        }
        assert_eq!(at(0).instant(), None);
    }

    #[test]
    fn the_epoch_of_a_callid_is_found_behind_a_system_name() {
        let epochs = ["1795330864.3", "pbx1-1795330864.3", "pbx-a.example-1795330864.3", "NONE", "pbx1-17.3"]
            .map(epoch_of);
        let found = Some(1_795_330_864);
        assert_eq!(epochs, [found, found, found, None, None]);
    }
}
