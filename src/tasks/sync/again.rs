//! The rows of a time that is over, from the PBX once more, in bounded batches.
//!
//! Asterisk's table has no index on its time: the range of ids is found by halving, as ids and times grow together, give
//! or take a late commit.

use jiff::tz::TimeZone;

use super::pass::Reader;
use crate::domain::history::query::local;
use crate::domain::history::row::{LogRow, civil_second};
use crate::pbx::mysql::MysqlError;

/// Rows of one batch.
const ROWS: u32 = 2000;
/// A row may be numbered so much earlier or later than its time says.
const LATE_IDS: i64 = 5000;
/// Halving ends when so few ids are left.
const NEAR: i64 = 256;

/// What is left to read.
pub(super) struct Again {
    /// Local seconds [from, to).
    span: (i64, i64),
    /// The next batch begins behind this id.
    after: i64,
    /// Nothing of the span stands behind this id.
    last: i64,
}

impl Again {
    /// The rows with times in [from, to), UTC seconds, of a PBX in `zone`.
    pub(super) async fn open(
        reader: &Reader,
        zone: &TimeZone,
        (from, to): (i64, i64),
    ) -> Result<Self, MysqlError> {
        let second = |at: i64| civil_second(local(zone, at));
        let span = (second(from), second(to));
        let after = id_before(reader, span.0).await? - LATE_IDS;
        let last = id_before(reader, span.1).await? + NEAR + LATE_IDS;
        Ok(Self { span, after: after.max(0), last })
    }

    /// The next batch; `None` when all is read.
    pub(super) async fn next(&mut self, reader: &Reader) -> Result<Option<Vec<LogRow>>, MysqlError> {
        if self.after >= self.last {
            return Ok(None);
        }
        let read = reader.queue_log.after(&reader.mysql, self.after, ROWS).await?;
        let Some(last) = read.last else { return Ok(None) };
        self.after = if read.read < ROWS as usize { self.last } else { last };
        let inside = |row: &LogRow| (self.span.0..self.span.1).contains(&civil_second(row.local));
        Ok(Some(read.rows.into_iter().filter(inside).collect()))
    }
}

/// An id before which, late commits aside, all rows are earlier than a local time.
async fn id_before(reader: &Reader, second: i64) -> Result<i64, MysqlError> {
    let (mut low, mut high) = (0, reader.queue_log.newest(&reader.mysql).await?);
    while high - low > NEAR {
        let middle = low + (high - low) / 2;
        let read = reader.queue_log.after(&reader.mysql, middle, 8).await?;
        match read.rows.first() {
            Some(row) if civil_second(row.local) < second => low = middle,
            _ => high = middle,
        }
    }
    Ok(low)
}
