//! All rows of a range of time, for whoever wants to see a day again.
//!
//! Asterisk's table has no index on its time: where rows are numbered, the range of numbers is found by halving, as
//! numbers and times grow together, give or take a late commit. Then everything in it is read.

use jiff::tz::TimeZone;

use super::{Key, QueueLog, Seen};
use crate::domain::history::place::place_lone;
use crate::domain::history::row::{LogRow, civil_second};
use crate::domain::time::candidates;
use crate::pbx::mysql::{Mysql, MysqlError};

/// Rows of one batch.
const ROWS: u32 = 5000;
/// Rows looked at to find one that has a time.
const PROBE: u32 = 8;
/// Halving ends when so few numbers are left.
const NEAR: i64 = 256;
/// A row may be numbered so much earlier or later than its time says.
const LATE_IDS: i64 = 5000;
/// A row may have been committed so long after its time, seconds.
const LATE_SECONDS: i64 = 3600;

/// The rows of [from, to), UTC seconds, batch by batch; see [`QueueLog::between`].
#[derive(Clone, Debug)]
pub struct Between {
    from: i64,
    to: i64,
    zone: TimeZone,
    /// Where the next batch begins; `None` when all is read.
    next: Option<i64>,
    /// The position behind which no row of the range is looked for.
    last: i64,
    /// So many rows of the second at `next` are read, where it has more than a batch.
    offset: Option<u64>,
}

impl QueueLog {
    /// The rows whose times lie in [from, to), UTC seconds, of a PBX in `zone`. Some that lie an hour beside may come
    /// too: a row in a repeated hour has two times.
    ///
    /// # Errors
    /// When the database is gone or refuses.
    pub async fn between(
        &self,
        mysql: &Mysql,
        zone: &TimeZone,
        (from, to): (i64, i64),
    ) -> Result<Between, MysqlError> {
        let (next, last) = match self.key() {
            Key::Id => {
                let first = self.key_at(mysql, zone, from - LATE_SECONDS).await?;
                let last = self.key_at(mysql, zone, to + LATE_SECONDS).await?;
                (first.map(|first| first - LATE_IDS), last.map_or(i64::MIN, |last| last + NEAR + LATE_IDS))
            }
            Key::UtcSecond => (Some(from), to),
            // A change of offset may bring a local time in front of an earlier one.
            Key::LocalSecond => {
                (Some(self.second_at(zone, from) - LATE_SECONDS), self.second_at(zone, to) + LATE_SECONDS)
            }
        };
        Ok(Between { from, to, zone: zone.clone(), next, last, offset: None })
    }

    /// A position from which on all rows are read whose time is `at` (UTC seconds) or later, late ones aside; `None` for
    /// an empty table.
    ///
    /// # Errors
    /// When the database is gone or refuses.
    pub async fn key_at(&self, mysql: &Mysql, zone: &TimeZone, at: i64) -> Result<Option<i64>, MysqlError> {
        if self.key() != Key::Id {
            return Ok(Some(self.second_at(zone, at)));
        }
        let Some((mut low, mut high)) = self.ends(mysql).await? else { return Ok(None) };
        while high - low > NEAR {
            let middle = low + (high - low) / 2;
            let read = self.forward(mysql, middle, PROBE).await?;
            match read.rows.iter().find_map(|seen| seen.row.as_ref()) {
                Some(row) if place_lone(zone, row, &[]) < at => low = middle,
                // Without a time it tells nothing: rather too early.
                _ => high = middle,
            }
        }
        Ok(Some(low))
    }

    /// A UTC second as positions of this table count it.
    fn second_at(&self, zone: &TimeZone, at: i64) -> i64 {
        if self.key() == Key::UtcSecond {
            return at;
        }
        civil_second(crate::domain::history::query::local(zone, at))
    }
}

impl Between {
    /// The next batch, in the order of the table; `None` when all is read.
    ///
    /// # Errors
    /// When the database is gone or refuses; the same batch can be asked for again.
    pub async fn next(&mut self, log: &QueueLog, mysql: &Mysql) -> Result<Option<Vec<LogRow>>, MysqlError> {
        let Some(from) = self.next.filter(|from| *from <= self.last) else { return Ok(None) };
        let read = match self.offset {
            Some(offset) => log.of_second(mysql, from, (offset, ROWS)).await?,
            None => log.forward(mysql, from, ROWS).await?,
        };
        let reached = read.rows.last().map(|seen| seen.key).filter(|_| read.full);
        if let Some(offset) = self.offset {
            self.offset = read.full.then_some(offset + u64::from(ROWS));
            self.next = Some(if read.full { from } else { from + 1 });
        } else if log.key() != Key::Id && reached == Some(from) {
            // All of one second.
            self.offset = Some(0);
            return Ok(Some(Vec::new()));
        } else {
            // Of the last second of a batch there may be more.
            self.next = reached.map(|reached| if log.key() == Key::Id { reached + 1 } else { reached });
        }
        let last = self.last;
        let rows = read.rows.into_iter().filter(|seen| seen.key <= last).filter_map(|Seen { row, .. }| row);
        Ok(Some(rows.filter(|row| self.holds(row)).collect()))
    }

    fn holds(&self, row: &LogRow) -> bool {
        let inside = |at: &i64| (self.from..self.to).contains(at);
        match row.instant() {
            Some(at) => inside(&at),
            None => candidates(&self.zone, row.local).iter().any(inside),
        }
    }
}
