//! The shapes in which `queue_log` is found: which column is what, how it tells the time, by what it is read in order.
//!
//! | origin | shape |
//! |---|---|
//! | Asterisk's alembic | `id`, `time` as DATETIME or DATETIME(6), `data1`…`data5` |
//! | Asterisk's contrib, guides | no `id`; `time` as a date, as text, or as seconds since 1970; `data` with pipes |
//! | FreePBX | `queuelog` beside the cdr, never NULL, `serverid` |
//! | QueueMetrics | `time_id` in seconds, `call_id`, `queue`, `verb`, `partition`, rows that only say "I live" |
//!
//! Columns that are not known are left alone.

use jiff::civil;
use smol_str::SmolStr;
use sqlx::Row;
use sqlx::mysql::MySqlRow;

use super::error::MysqlError;
use super::names::{Column, Table, quoted};
use crate::domain::history::row::{LogRow, civil_of, civil_second, epoch_id};
use crate::domain::history::time_text::{parse_epoch, parse_local};

const ID: &[&str] = &["id", "unique_row_count"];
const TIME: &[&str] = &["time", "time_id"];
const CALLID: &[&str] = &["callid", "call_id"];
const QUEUE: &[&str] = &["queuename", "queue", "queue_name"];
const AGENT: &[&str] = &["agent"];
const EVENT: &[&str] = &["event", "verb"];
const DATA: [&str; 5] = ["data1", "data2", "data3", "data4", "data5"];
const WHOLE_DATA: &[&str] = &["data"];
const PARTITION: &[&str] = &["partition", "serverid"];
/// Asterisk's own columns for names are not narrower, characters; one that is may have cut a name.
const WIDE: u64 = 80;

/// What rows are read in the order of, and positions are given in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The number that the server gives each row.
    Id,
    /// Local seconds, as `civil_second` numbers them; several rows may share one.
    LocalSecond,
    /// UTC seconds; several rows may share one.
    UtcSecond,
}

/// How the values of the time column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// As a date type.
    Date,
    /// As a text like `2026-11-22 07:01:04`, with this between date and time.
    Text(char),
    /// As a number of seconds since 1970.
    Number,
    /// As a text of digits.
    Digits,
}

impl Written {
    /// Before all times that can be right, in the order of the column.
    pub(super) const DAWN: &str = "1";

    /// By a value of a column of text.
    pub(super) fn of_value(text: &str) -> Self {
        if parse_epoch(text).is_some() {
            Self::Digits
        } else {
            Self::Text(if text.contains('T') { 'T' } else { ' ' })
        }
    }

    /// Whether the times are instants.
    pub(super) fn is_epoch(self) -> bool {
        matches!(self, Self::Number | Self::Digits)
    }

    /// A second as the column has it.
    pub(super) fn text(self, second: i64) -> String {
        match self {
            Self::Number | Self::Digits => second.to_string(),
            Self::Date => local(second).strftime("%Y-%m-%d %H:%M:%S").to_string(),
            Self::Text(between) => local(second).strftime(&format!("%Y-%m-%d{between}%H:%M:%S")).to_string(),
        }
    }
}

/// Within the years that a server and a calendar take.
fn local(second: i64) -> civil::DateTime {
    civil_of(second.clamp(0, 253_000_000_000)).unwrap_or_default()
}

/// A column whose names may have been cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Narrow {
    /// As written.
    pub(super) name: String,
    /// Characters.
    pub(super) holds: usize,
    /// Where it stands in the answer.
    at: usize,
}

/// One table's shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// The number of a row, quoted.
    pub(super) id: Option<String>,
    /// The time, quoted.
    pub(super) time: String,
    /// How it is written; `None` while a column of text is empty.
    pub(super) written: Option<Written>,
    /// Whether an index begins with the time.
    pub(super) time_indexed: bool,
    /// The column that tells PBXs apart, quoted.
    pub(super) partition: Option<String>,
    /// A condition that keeps rows out that are none of Asterisk's; may be empty.
    pub(super) keep: String,
    /// All of a row but its number, byte by byte: an order in which only equal rows are equal.
    pub(super) order: String,
    /// What is selected, in the order that [`Shape::row`] expects.
    pub(super) columns: String,
    pub(super) narrow: Vec<Narrow>,
    separate: bool,
    whole: bool,
}

/// Where the columns stand in an answer.
mod at {
    pub(super) const ID: usize = 0;
    pub(super) const TIME: usize = 1;
    pub(super) const CALLID: usize = 2;
    pub(super) const QUEUE: usize = 3;
    pub(super) const AGENT: usize = 4;
    pub(super) const EVENT: usize = 5;
    pub(super) const PARTITION: usize = 6;
    pub(super) const DATA: usize = 7;
}

impl Shape {
    /// Looks at a table's columns.
    pub(super) fn of(table: &Table) -> Result<Self, MysqlError> {
        let whole = table.described(WHOLE_DATA).is_some();
        let separate = !whole || DATA.iter().any(|name| table.described(&[name]).is_some());
        let mut wanted: Vec<&[&str]> = vec![TIME, CALLID, QUEUE, AGENT, EVENT];
        let data: Vec<&[&str]> = DATA.iter().map(std::slice::from_ref).collect();
        if separate {
            wanted.extend(&data);
        }
        table.require(&wanted)?;
        let id = table.numbered().or_else(|| table.described(ID).filter(|column| column.is_whole()));
        let time = table.described(TIME).cloned().unwrap_or_default();
        let mut columns = vec![
            id.map_or_else(|| "0".into(), |id| format!("CAST({} AS SIGNED)", quoted(&id.name))),
            time_text(&time),
        ];
        let order = [CALLID, QUEUE, AGENT, EVENT, PARTITION];
        columns.extend(order.iter().map(|names| plain(table, names)));
        if separate {
            columns.extend(data.iter().map(|names| plain(table, names)));
        }
        if whole {
            columns.push(plain(table, WHOLE_DATA));
        }
        let narrow = [(CALLID, at::CALLID), (QUEUE, at::QUEUE), (AGENT, at::AGENT)].into_iter();
        let narrow = narrow.filter_map(|(names, at)| {
            let column = table.described(names)?;
            let holds = usize::try_from(column.length.filter(|length| *length < WIDE)?).ok()?;
            Some(Narrow { name: column.name.clone(), holds, at })
        });
        let bytes = columns.iter().skip(1).map(|column| format!("CAST({column} AS BINARY)"));
        // QueueMetrics notes in the same table that its reader of files still lives.
        let verb = table.column(&["verb"]).filter(|_| table.described(&["event"]).is_none());
        Ok(Self {
            id: id.map(|id| quoted(&id.name)),
            written: if time.is_text() {
                None
            } else if time.is_number() {
                Some(Written::Number)
            } else {
                Some(Written::Date)
            },
            time_indexed: table.is_indexed(&time),
            time: quoted(&time.name),
            partition: table.column(PARTITION),
            keep: verb.map(|verb| format!("{verb} <> 'HEARTBEAT'")).unwrap_or_default(),
            order: bytes.collect::<Vec<_>>().join(", "),
            columns: columns.join(", "),
            narrow: narrow.collect(),
            separate,
            whole,
        })
    }

    /// What positions are.
    pub(super) fn key(&self) -> Key {
        match (&self.id, self.written) {
            (Some(_), _) => Key::Id,
            (None, Some(written)) if written.is_epoch() => Key::UtcSecond,
            (None, _) => Key::LocalSecond,
        }
    }

    /// A row of an answer, with its position. `None` in place of the row: its time cannot be read.
    pub(super) fn row(&self, row: &MySqlRow) -> (Option<i64>, Option<LogRow>) {
        let id: i64 = row.try_get(at::ID).unwrap_or_default();
        let time = slice(row, at::TIME);
        let time = std::str::from_utf8(time).unwrap_or_default();
        let number = id;
        let (second, local, id) = if let Some(local) = parse_local(time) {
            let second = civil_second(local);
            // Without a number the time is the order.
            (second, local, if self.id.is_some() { id.max(0) } else { second })
        } else if let Some(second) = parse_epoch(time) {
            (second, civil::DateTime::default(), epoch_id(second, id))
        } else {
            return (self.id.as_ref().map(|_| id), None);
        };
        let key = if self.id.is_some() { number } else { second };
        let made = LogRow {
            id,
            local,
            callid: text(row, at::CALLID),
            queue: text(row, at::QUEUE),
            agent: text(row, at::AGENT),
            event: text(row, at::EVENT),
            data: self.data(row),
        };
        (Some(key), Some(made))
    }

    fn data(&self, row: &MySqlRow) -> [SmolStr; 5] {
        let mut data: [SmolStr; 5] = Default::default();
        if self.separate {
            data.iter_mut().zip(at::DATA..).for_each(|(slot, at)| *slot = text(row, at));
        }
        let behind = at::DATA + if self.separate { DATA.len() } else { 0 };
        // Rows from before a table had five columns have all in one.
        if self.whole && data.iter().all(SmolStr::is_empty) {
            let fields = text(row, behind);
            // What lies behind the fourth pipe stays together, as in a table of five columns.
            data.iter_mut().zip(fields.splitn(5, '|')).for_each(|(slot, field)| *slot = field.into());
        }
        data
    }

    /// The columns that a row fills to their last character.
    pub(super) fn filled<'a>(&'a self, row: &'a MySqlRow) -> impl Iterator<Item = &'a Narrow> {
        self.narrow.iter().filter(|narrow| {
            let bytes = slice(row, narrow.at);
            bytes.len() >= narrow.holds && String::from_utf8_lossy(bytes).chars().count() >= narrow.holds
        })
    }

    /// Whose row it is, where the table holds several PBXs.
    pub(super) fn partition_of(&self, row: &MySqlRow) -> String {
        text(row, at::PARTITION).into()
    }
}

/// A time as a column has it → its position.
pub(super) fn second(text: &str) -> Option<i64> {
    parse_local(text).map(civil_second).or_else(|| parse_epoch(text))
}

/// The time as text, whatever its type: zero dates, too, come as they are.
fn time_text(time: &Column) -> String {
    let name = quoted(&time.name);
    if time.is_text() { name } else { format!("CAST({name} AS CHAR)") }
}

/// A column as it is where it holds text, which the server sends as UTF-8; else its text.
fn plain(table: &Table, names: &[&str]) -> String {
    match table.described(names) {
        None => "''".to_owned(),
        Some(column) if column.is_text() => quoted(&column.name),
        Some(column) => format!("CAST({} AS CHAR)", quoted(&column.name)),
    }
}

/// A column's bytes; NULL is the empty text.
fn slice(row: &MySqlRow, at: usize) -> &[u8] {
    row.try_get_unchecked::<Option<&[u8]>, _>(at).ok().flatten().unwrap_or_default()
}

/// A column's bytes as text; what is no UTF-8 is replaced, never refused.
fn text(row: &MySqlRow, at: usize) -> SmolStr {
    let bytes = slice(row, at);
    std::str::from_utf8(bytes).map_or_else(|_| SmolStr::new(String::from_utf8_lossy(bytes)), SmolStr::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_written_as_the_column_has_it() {
        let second = 1_795_330_864;
        assert_eq!(Written::Date.text(second), "2026-11-22 07:01:04");
        assert_eq!(Written::Number.text(second), "1795330864");
        for value in ["2026-11-22 07:01:04.123456", "2026-11-22T07:01:04", "1795330864", "1795330864.5"] {
            let written = Written::of_value(value);
            assert!(value.starts_with(&written.text(second)), "{value} {written:?}");
        }
        assert!(Written::DAWN < "1971" && Written::DAWN < "2026" && Written::DAWN > "0000-00-00");
    }
}
