//! Reading `cdr`, both ways, in bounded batches (it often has no index at all, so it is asked seldom), and the queues' own
//! service levels.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use jiff::civil;
use sqlx::mysql::{MySqlArguments, MySqlPool, MySqlRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, MySql, Row};

use super::error::{MysqlError, OVER_TIME, OVER_TIME_MYSQL, code};
use super::names::{Column, find, quoted, text};
use super::pool::Mysql;
use super::shape::Key;
use crate::domain::history::row::{civil_of, civil_second};
use crate::domain::history::time_text::parse_local;

/// The table, with the statements that read it.
#[derive(Clone, Debug)]
pub struct Cdr {
    table: String,
    key: Key,
    /// What is to be done about a table that is read as a whole at each look.
    cure: Option<String>,
    forward_sql: String,
    backward_sql: String,
    second_sql: String,
    ends_sql: String,
}

/// Calls as read, ascending, each at its position; `None`: its time cannot be read.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    /// The rows.
    pub rows: Vec<(i64, Option<Call>)>,
    /// There may be more.
    pub full: bool,
}

/// What of a cdr row tells where a call was meant to go. Absent values are empty texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Local time of the PBX at which the call began.
    pub start: civil::DateTime,
    /// The channel's uniqueid.
    pub uniqueid: String,
    /// The call's linkedid; the uniqueid where the table has none.
    pub linkedid: String,
    /// The caller's number.
    pub src: String,
    /// The context dialled into.
    pub dcontext: String,
    /// The extension dialled.
    pub dst: String,
    /// The last application.
    pub lastapp: String,
    /// Its arguments.
    pub lastdata: String,
    /// How it came out.
    pub disposition: String,
    /// The channel that was called.
    pub dstchannel: String,
}

/// What the table is usually called.
pub(super) const USUAL: &[&str] = &["cdr"];
/// The realtime table of queues.
pub(super) const QUEUES: &str = "queues";

pub(super) const START: &[&str] = &["start", "calldate"];
/// A number of each row, where the server gives one. (Asterisk's own `sequence` begins anew with each start.)
const ID: &[&str] = &["id", "cdr_id", "acctid"];
/// Before all times that can be right, seconds.
const DAWN: i64 = 31_536_000;
/// After them: a second that a calendar still has.
const DUSK: i64 = 253_000_000_000;

impl Cdr {
    /// Finds the table and looks at its columns.
    ///
    /// # Errors
    /// When there is none, it lacks columns, or the account may not read it.
    pub async fn find(mysql: &Mysql) -> Result<Self, MysqlError> {
        let configured = mysql.database().cdr_table.clone();
        let table = find(mysql, configured.as_deref(), USUAL, "cdr_table").await?;
        table.require(&[START, &["uniqueid"], &["dst"], &["dcontext"], &["lastapp"], &["lastdata"]])?;
        let by_number = |column: &&Column| column.is_whole() && table.is_indexed(column);
        let id = table.numbered().or_else(|| table.described(ID)).filter(by_number);
        let start = table.described(START).cloned().unwrap_or_default();
        let key = quoted(id.map_or(&start.name, |id| &id.name));
        let number = id.map_or_else(|| "0".to_owned(), |id| format!("CAST({} AS SIGNED)", quoted(&id.name)));
        let columns: Vec<String> = [
            START,
            &["uniqueid"],
            &["linkedid"],
            &["src"],
            &["dcontext"],
            &["dst"],
            &["lastapp"],
            &["lastdata"],
            &["disposition"],
            &["dstchannel"],
        ]
        .into_iter()
        .map(|names| table.text(names))
        .chain([number])
        .collect();
        let (columns, name) = (columns.join(", "), table.sql());
        let uniqueid = table.column(&["uniqueid"]).unwrap_or_default();
        let cure = format!("add an index: CREATE INDEX bystart ON {name} ({key})");
        Ok(Self {
            key: if id.is_some() { Key::Id } else { Key::LocalSecond },
            cure: (id.is_none() && !table.is_indexed(&start)).then_some(cure),
            forward_sql: format!("SELECT {columns} FROM {name} WHERE {key} >= ? ORDER BY {key} LIMIT ?"),
            backward_sql: format!(
                "SELECT {columns} FROM {name} WHERE {key} < ? AND {key} >= ? ORDER BY {key} DESC LIMIT ?"
            ),
            second_sql: format!(
                "SELECT {columns} FROM {name} WHERE {key} >= ? AND {key} < ? ORDER BY {key}, {uniqueid} LIMIT ? OFFSET ?"
            ),
            ends_sql: format!(
                "SELECT CAST(MIN({key}) AS BINARY), CAST(MAX({key}) AS BINARY) FROM {name} WHERE {key} BETWEEN ? AND ?"
            ),
            table: name,
        })
    }

    /// The table, quoted.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// What positions are: numbers of rows, or the local seconds at which calls began.
    pub fn key(&self) -> Key {
        self.key
    }

    /// Whether each look reads the whole table: it has neither numbered rows nor an index on its time.
    pub fn is_slow(&self) -> bool {
        self.cure.is_some()
    }

    /// The lowest and the highest position; `None` for an empty table.
    ///
    /// # Errors
    /// When the database is gone or refuses, or takes too long.
    pub async fn ends(&self, mysql: &Mysql) -> Result<Option<(i64, i64)>, MysqlError> {
        let (least, most) = if self.key == Key::Id { (i64::MIN, i64::MAX) } else { (DAWN, DUSK) };
        let query = self.bind(self.bind(sqlx::query(AssertSqlSafe(self.ends_sql.as_str())), least), most);
        let row = query.fetch_one(self.pool(mysql)).await.map_err(|source| self.failed(mysql, source))?;
        let end = |at: usize| {
            let text = text(&row, at);
            if self.key == Key::Id { text.parse().ok() } else { parse_local(&text).map(civil_second) }
        };
        Ok(end(0).zip(end(1)))
    }

    /// Up to `limit` calls at or after the position `from`, ascending.
    ///
    /// # Errors
    /// When the database is gone or refuses, or takes too long.
    pub async fn forward(&self, mysql: &Mysql, from: i64, limit: u32) -> Result<Calls, MysqlError> {
        let query = self.bind(sqlx::query(AssertSqlSafe(self.forward_sql.as_str())), from).bind(limit);
        self.read(mysql, query, limit).await
    }

    /// Up to `limit` calls before the position `before` and not before `floor`, the nearest ones, ascending all the same.
    ///
    /// # Errors
    /// As [`Cdr::forward`].
    pub async fn backward(
        &self,
        mysql: &Mysql,
        (before, floor): (i64, i64),
        limit: u32,
    ) -> Result<Calls, MysqlError> {
        let query = self.bind(sqlx::query(AssertSqlSafe(self.backward_sql.as_str())), before);
        let mut read = self.read(mysql, self.bind(query, floor).bind(limit), limit).await?;
        read.rows.reverse();
        Ok(read)
    }

    /// Up to `limit` calls of one position, behind the first `offset` of them: for a second with more of them than are
    /// to be held at once.
    ///
    /// # Errors
    /// As [`Cdr::forward`].
    pub async fn of_second(
        &self,
        mysql: &Mysql,
        at: i64,
        (offset, limit): (u64, u32),
    ) -> Result<Calls, MysqlError> {
        let query = self.bind(sqlx::query(AssertSqlSafe(self.second_sql.as_str())), at);
        self.read(mysql, self.bind(query, at + 1).bind(limit).bind(offset), limit).await
    }

    async fn read<'q>(
        &'q self,
        mysql: &Mysql,
        query: Query<'q, MySql, MySqlArguments>,
        limit: u32,
    ) -> Result<Calls, MysqlError> {
        let mut read = Calls::default();
        let mut count = 0;
        let mut rows = query.fetch(self.pool(mysql));
        while let Some(row) = rows.try_next().await.map_err(|source| self.failed(mysql, source))? {
            count += 1;
            let call = call(&row);
            let key = match self.key {
                Key::Id => row.try_get(NUMBER).ok(),
                _ => call.as_ref().map(|call| civil_second(call.start)),
            };
            read.rows.extend(key.map(|key| (key, call)));
        }
        read.full = count >= limit;
        Ok(read)
    }

    fn pool<'m>(&self, mysql: &'m Mysql) -> &'m MySqlPool {
        if self.is_slow() { mysql.patient() } else { mysql.pool() }
    }

    /// Binds a position.
    fn bind<'q>(
        &self,
        query: Query<'q, MySql, MySqlArguments>,
        key: i64,
    ) -> Query<'q, MySql, MySqlArguments> {
        if self.key == Key::Id {
            return query.bind(key);
        }
        let local = civil_of(key.clamp(DAWN, DUSK)).unwrap_or_default();
        query.bind(local.strftime("%Y-%m-%d %H:%M:%S").to_string())
    }

    fn failed(&self, mysql: &Mysql, source: sqlx::Error) -> MysqlError {
        if let (Some(OVER_TIME | OVER_TIME_MYSQL), Some(cure)) = (code(&source), &self.cure) {
            let why = format!("it has neither numbered rows nor an index on its time; {cure}");
            return MysqlError::TooSlow { table: self.table.clone(), why };
        }
        MysqlError::of_statement("reading cdr", &self.table, mysql.user(), source)
    }
}

/// Where the number of a row stands in an answer.
const NUMBER: usize = 10;

fn call(row: &MySqlRow) -> Option<Call> {
    let uniqueid = text(row, 1);
    let linkedid = Some(text(row, 2)).filter(|id| !id.is_empty()).unwrap_or_else(|| uniqueid.clone());
    Some(Call {
        start: parse_local(&text(row, 0))?,
        uniqueid,
        linkedid,
        src: text(row, 3),
        dcontext: text(row, 4),
        dst: text(row, 5),
        lastapp: text(row, 6),
        lastdata: text(row, 7),
        disposition: text(row, 8),
        dstchannel: text(row, 9),
    })
}

/// What the realtime table `queues` says of a queue and AMI does not, or not always. 0 is "not set".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueSettings {
    /// Its own service level, seconds. Source: `servicelevel`.
    pub service_level_seconds: u32,
    /// Its members' wrap-up after a call, seconds. Source: `wrapuptime`.
    pub wrap_up_seconds: u32,
}

/// The queues' own settings by queue, from the realtime table `queues`; empty where there is none.
///
/// # Errors
/// When the database is gone.
pub async fn queue_settings(mysql: &Mysql) -> Result<BTreeMap<String, QueueSettings>, MysqlError> {
    let table = match find(mysql, None, &[QUEUES], "name").await {
        Ok(table) => table,
        Err(error) if error.is_refusal() => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let number = |column: &str| {
        let found = table.column(&[column]);
        found.map_or_else(|| "0".to_owned(), |column| format!("CAST(COALESCE({column}, 0) AS SIGNED)"))
    };
    let sql = format!(
        "SELECT {}, {}, {} FROM {}",
        table.text(&["name"]),
        number("servicelevel"),
        number("wrapuptime"),
        table.sql()
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(mysql.pool())
        .await
        .map_err(|source| MysqlError::of_statement("reading queues", &table.sql(), mysql.user(), source))?;
    let seconds = |row, at: usize| {
        u32::try_from(sqlx::mysql::MySqlRow::try_get::<i64, _>(row, at).unwrap_or(0)).unwrap_or(0)
    };
    let settings =
        |row| QueueSettings { service_level_seconds: seconds(row, 1), wrap_up_seconds: seconds(row, 2) };
    Ok(rows.iter().map(|row| (text(row, 0), settings(row))).filter(|(name, _)| !name.is_empty()).collect())
}
