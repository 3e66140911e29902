//! A line of a `queue_log` file → a row: `epoch|callid|queue|agent|event|data1|…`.
//!
//! In: bytes without their line end. Out: a row, or why there is none; a bad line never fails a file.

use jiff::tz::TimeZone;
use smol_str::SmolStr;

use super::row::{LogRow, file_id};
use super::time_text::parse_epoch;

/// No line of Asterisk is longer, bytes.
pub const LONGEST: usize = 8 * 1024;

/// Why a line is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    /// Longer than any that Asterisk writes.
    #[error("longer than 8 KiB")]
    TooLong,
    /// A byte that text does not have.
    #[error("holds a NUL byte")]
    Nul,
    /// Fewer than the five fields that every row has.
    #[error("has fewer than the five fields epoch|callid|queue|agent|event")]
    Fields,
    /// The first field is no time.
    #[error("does not begin with a time in seconds since 1970")]
    Time,
    /// The fifth field is empty.
    #[error("names no event")]
    NoEvent,
}

/// Reads lines in the order of a file, which is kept within a second.
#[derive(Clone, Debug)]
pub struct Lines {
    zone: TimeZone,
    second: i64,
    number: u32,
}

impl Lines {
    /// For a PBX whose clock is in `zone`.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, second: 0, number: 0 }
    }

    /// Reads the next line, with or without its CR. What is no UTF-8 is replaced. What lies behind the fourth pipe of
    /// the data stays together, as in a table of five columns.
    ///
    /// # Errors
    /// Says why the line is no row.
    pub fn row(&mut self, line: &[u8]) -> Result<LogRow, BadLine> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > LONGEST {
            return Err(BadLine::TooLong);
        }
        if line.contains(&0) {
            return Err(BadLine::Nul);
        }
        let text = String::from_utf8_lossy(line);
        let mut fields = text.splitn(10, '|').map(str::to_owned);
        let mut next = || fields.next().ok_or(BadLine::Fields);
        let (time, callid, queue, agent, event) = (next()?, next()?, next()?, next()?, next()?);
        let second = parse_epoch(&time).ok_or(BadLine::Time)?;
        if event.trim().is_empty() {
            return Err(BadLine::NoEvent);
        }
        let mut data: [SmolStr; 5] = Default::default();
        data.iter_mut().zip(fields).for_each(|(slot, field)| *slot = field.into());
        self.number = if self.second == second { self.number.saturating_add(1) } else { 0 };
        self.second = second;
        let id = file_id(second, self.number);
        let [callid, queue, agent, event] = [callid, queue, agent, event].map(SmolStr::from);
        let mut row = LogRow { id, local: Default::default(), callid, queue, agent, event, data };
        row.settle(&self.zone);
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &[u8], expect: Result<[&str; 6], BadLine>) {
        let got = Lines::new(TimeZone::UTC).row(line);
        let shown = got.as_ref().map(|row| {
            let time = row.local.to_string();
            [
                time,
                row.callid.to_string(),
                row.queue.to_string(),
                row.agent.to_string(),
                row.event.to_string(),
                row.data.join("~"),
            ]
        });
        let shown = shown.as_ref().map(|words| words.each_ref().map(String::as_str)).map_err(|bad| **bad);
        assert_eq!(shown, expect, "{}", String::from_utf8_lossy(line));
    }

    #[test]
    fn a_line_is_read_as_a_table_would_hold_it() {
        let at = "2026-11-22T07:01:04";
        check(
            b"1795330864|1795330864.3|sales|NONE|ENTERQUEUE||5550001|1",
            Ok([at, "1795330864.3", "sales", "NONE", "ENTERQUEUE", "~5550001~1~~"]),
        );
        check(
            b"1795330864|NONE|NONE|NONE|QUEUESTART|\r",
            Ok([at, "NONE", "NONE", "NONE", "QUEUESTART", "~~~~"]),
        );
        check(
            b"1795330864|NONE|NONE|NONE|CONFIGRELOAD",
            Ok([at, "NONE", "NONE", "NONE", "CONFIGRELOAD", "~~~~"]),
        );
        check(
            b"1795330864.987|1.1|q|A|ATTENDEDTRANSFER|LINK|c1|c2|10|80|1",
            Ok([at, "1.1", "q", "A", "ATTENDEDTRANSFER", "LINK~c1~c2~10~80|1"]),
        );
        check(b"1795330864|1.1|q|Z\xfcrich|PAUSE|", Ok([at, "1.1", "q", "Z\u{fffd}rich", "PAUSE", "~~~~"]));
    }

    #[test]
    fn what_is_no_row_is_told_why() {
        check(b"", Err(BadLine::Fields));
        check(b"1795330864|NONE|NONE|NONE", Err(BadLine::Fields));
        check(b"yesterday|NONE|NONE|NONE|QUEUESTART|", Err(BadLine::Time));
        check(b"-5|NONE|NONE|NONE|QUEUESTART|", Err(BadLine::Time));
        check(b"12|NONE|NONE|NONE|QUEUESTART|", Err(BadLine::Time));
        check(b"99999999999999999999|NONE|NONE|NONE|QUEUESTART|", Err(BadLine::Time));
        check(b"1795330864|NONE|NONE|NONE||", Err(BadLine::NoEvent));
        check(b"1795330864|NO\0NE|NONE|NONE|QUEUESTART|", Err(BadLine::Nul));
        check(&[b'x'; LONGEST + 1], Err(BadLine::TooLong));
    }

    #[test]
    fn the_lines_of_one_second_keep_their_order() {
        let mut lines = Lines::new(TimeZone::UTC);
        let mut id = |line: &str| lines.row(line.as_bytes()).expect("a row").id;
        let first = id("1795330864|NONE|q|A|UNPAUSE|");
        let second = id("1795330864|NONE|q|A|PAUSE|lunch");
        let third = id("1795330865|NONE|q|A|UNPAUSE|");
        assert!(first < second && second < third);
    }

    #[test]
    fn the_local_time_is_that_of_the_pbx() {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let row = Lines::new(zone).row(b"1795330864|NONE|NONE|NONE|QUEUESTART|").expect("a row");
        assert_eq!(row.local.to_string(), "2026-11-22T08:01:04");
    }
}
