//! Reading `queue_log` in the order of its [`Key`], both ways, in bounded batches.
//!
//! In: a position and a limit. Out: rows with their positions. What is known already and what comes next is the
//! caller's (`tasks::sync`).

mod between;

pub use between::Between;

use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use sqlx::mysql::{MySqlArguments, MySqlPool, MySqlRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, MySql, Row};

use super::error::{MysqlError, OVER_TIME, OVER_TIME_MYSQL, code};
use super::names::{Table, find};
use super::pool::Mysql;
pub use super::shape::Key;
use super::shape::{Shape, Written};
use crate::domain::history::row::LogRow;

/// What the table is usually called.
pub(super) const USUAL: &[&str] = &["queue_log", "queuelog"];
/// The configuration key that names one PBX's rows.
const PARTITION_KEY: &str = "queue_log_partition";
/// In place of a partition: the rows of all of them are this PBX's.
const ALL_PARTITIONS: &str = "*";
/// So many of the last rows are looked at to see whose they are.
const SAMPLE: u32 = 10_000;
/// Room is made for so many rows at once.
const ROOM: usize = 4096;
/// Before all times that can be right, seconds.
const DAWN: i64 = 31_536_000;

/// The table, with the statements that read it.
#[derive(Clone, Debug)]
pub struct QueueLog {
    table: Table,
    shape: Shape,
    /// Only this one's rows are read.
    partition: Option<String>,
    /// Rows of another than this one must not come: there was only one.
    alone: Option<String>,
    forward_sql: String,
    backward_sql: String,
    second_sql: String,
    ends_sql: String,
}

/// A row at its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its [`Key`].
    pub key: i64,
    /// `None`: its time cannot be read (a zero date, NULL).
    pub row: Option<LogRow>,
    /// A name in it fills its column to the last character: it may have been cut.
    pub filled: bool,
}

/// A batch as read, in the order of positions.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// The rows.
    pub rows: Vec<Seen>,
    /// There may be more.
    pub full: bool,
    /// The columns that a name fills, with the characters that they hold.
    pub filled: BTreeSet<(String, usize)>,
}

impl QueueLog {
    /// Finds the table and looks at its columns and at whose rows it holds.
    ///
    /// # Errors
    /// When there is none, it lacks columns, the account may not read it, or it holds several PBXs and none is named.
    pub async fn find(mysql: &Mysql) -> Result<Self, MysqlError> {
        let configured = mysql.database().queue_log_table.clone();
        let table = find(mysql, configured.as_deref(), USUAL, "queue_log_table").await?;
        let shape = Shape::of(&table)?;
        let mut found = Self::over(table, shape, None);
        found.partition = found.whose(mysql).await?;
        let (table, shape, partition) = (found.table, found.shape, found.partition);
        let mut settled = Self { alone: found.alone, ..Self::over(table, shape, partition) };
        settled.look_at_time(mysql).await?;
        Ok(settled)
    }

    fn over(table: Table, shape: Shape, partition: Option<String>) -> Self {
        let name = table.sql();
        let key = shape.id.as_ref().unwrap_or(&shape.time).clone();
        let by_time = shape.id.is_none();
        let mut only: Vec<String> =
            Some(shape.keep.clone()).filter(|keep| !keep.is_empty()).into_iter().collect();
        if let (Some(column), Some(_)) = (&shape.partition, &partition) {
            only.push(format!("{column} = ?"));
        }
        let only: String = only.iter().map(|condition| format!(" AND {condition}")).collect();
        let columns = &shape.columns;
        let ends = |what: &str| {
            if by_time {
                format!("CAST({what}({key}) AS CHAR)")
            } else {
                format!("CAST({what}({key}) AS SIGNED)")
            }
        };
        Self {
            forward_sql: format!(
                "SELECT {columns} FROM {name} WHERE {key} >= ?{only} ORDER BY {key} LIMIT ?"
            ),
            backward_sql: format!(
                "SELECT {columns} FROM {name} WHERE {key} < ? AND {key} >= ?{only} ORDER BY {key} DESC LIMIT ?"
            ),
            second_sql: format!(
                "SELECT {columns} FROM {name} WHERE {key} >= ? AND {key} < ?{only} ORDER BY {} LIMIT ? OFFSET ?",
                shape.order
            ),
            ends_sql: if by_time {
                format!("SELECT {}, {} FROM {name} WHERE {key} >= ?{only}", ends("MIN"), ends("MAX"))
            } else {
                format!("SELECT {}, {} FROM {name}", ends("MIN"), ends("MAX"))
            },
            table,
            shape,
            partition,
            alone: None,
        }
    }

    /// The table, quoted.
    pub fn table(&self) -> String {
        self.table.sql()
    }

    /// What positions are.
    pub fn key(&self) -> Key {
        self.shape.key()
    }

    /// Whether each look reads the whole table: it has neither numbered rows nor an index on its time.
    pub fn is_slow(&self) -> bool {
        self.shape.id.is_none() && !self.shape.time_indexed
    }

    fn pool<'m>(&self, mysql: &'m Mysql) -> &'m MySqlPool {
        if self.is_slow() { mysql.patient() } else { mysql.pool() }
    }

    /// What makes reading slow, in a sentence, with its cure.
    pub fn warning(&self) -> Option<String> {
        self.is_slow().then(|| {
            format!(
                "{name} has neither an id nor an index on its time, so that each look reads it whole; add one: \
                 CREATE INDEX bydate ON {table} ({time})",
                name = self.table.name(),
                table = self.table(),
                time = self.shape.time,
            )
        })
    }

    /// What to say of a column whose names may have been cut.
    pub fn says_of_narrow(&self, (column, holds): &(String, usize)) -> String {
        format!(
            "names fill the column {column} of {} to its last character ({holds}): longer ones were cut; widen it to 80",
            self.table.name()
        )
    }

    /// Whether the table still has the columns it had; where not, [`QueueLog::find`] it again. What was read between two
    /// looks that say yes was read rightly.
    ///
    /// # Errors
    /// When the database is gone or refuses.
    pub async fn is_unchanged(&self, mysql: &Mysql) -> Result<bool, MysqlError> {
        // How an empty column of text tells the time is not known yet.
        let is_known = self.shape.id.is_some() || self.shape.written.is_some();
        Ok(is_known && self.table.is_unchanged(mysql).await?)
    }

    /// The lowest and the highest position; `None` for an empty table.
    ///
    /// # Errors
    /// When the database is gone or refuses.
    pub async fn ends(&self, mysql: &Mysql) -> Result<Option<(i64, i64)>, MysqlError> {
        let mut query = sqlx::query(AssertSqlSafe(self.ends_sql.as_str()));
        if self.shape.id.is_none() {
            query = self.bind_floor(query);
            query = self.bind_partition(query);
        }
        let row = query.fetch_one(self.pool(mysql)).await.map_err(|source| self.failed(mysql, source))?;
        if self.shape.id.is_some() {
            let end = |at: usize| row.try_get::<Option<i64>, _>(at).ok().flatten();
            return Ok(end(0).zip(end(1)));
        }
        let end = |at: usize| {
            let text = row.try_get_unchecked::<Option<&[u8]>, _>(at).ok().flatten()?;
            super::shape::second(std::str::from_utf8(text).ok()?)
        };
        Ok(end(0).zip(end(1)))
    }

    /// Up to `limit` rows at or after the position `from`, ascending.
    ///
    /// # Errors
    /// When the database is gone or refuses, or rows of a second PBX turn up.
    pub async fn forward(&self, mysql: &Mysql, from: i64, limit: u32) -> Result<Read, MysqlError> {
        let query = sqlx::query(AssertSqlSafe(self.forward_sql.as_str()));
        let from = if self.shape.id.is_some() { from } else { from.max(DAWN) };
        let query = self.bind_partition(self.bind(query, from)).bind(limit);
        self.read(mysql, query, limit).await
    }

    /// Up to `limit` rows before the position `before`, the nearest ones, ascending all the same.
    ///
    /// # Errors
    /// As [`QueueLog::forward`].
    pub async fn backward(&self, mysql: &Mysql, before: i64, limit: u32) -> Result<Read, MysqlError> {
        self.backward_to(mysql, (before, i64::MIN), limit).await
    }

    /// The same, but none before the position `floor`.
    ///
    /// # Errors
    /// As [`QueueLog::forward`].
    pub async fn backward_to(
        &self,
        mysql: &Mysql,
        (before, floor): (i64, i64),
        limit: u32,
    ) -> Result<Read, MysqlError> {
        let mut query = self.bind(sqlx::query(AssertSqlSafe(self.backward_sql.as_str())), before);
        query = if self.shape.id.is_some() || floor > DAWN {
            self.bind(query, floor)
        } else {
            self.bind_floor(query)
        };
        let query = self.bind_partition(query).bind(limit);
        let mut read = self.read(mysql, query, limit).await?;
        read.rows.reverse();
        Ok(read)
    }

    /// Up to `limit` rows of one position, behind the first `offset` of them, in an order that stays while none comes: for
    /// a second with more rows than are to be held at once.
    ///
    /// # Errors
    /// As [`QueueLog::forward`].
    pub async fn of_second(
        &self,
        mysql: &Mysql,
        at: i64,
        (offset, limit): (u64, u32),
    ) -> Result<Read, MysqlError> {
        let query = self.bind(sqlx::query(AssertSqlSafe(self.second_sql.as_str())), at);
        let query = self.bind_partition(self.bind(query, at.saturating_add(1))).bind(limit).bind(offset);
        self.read(mysql, query, limit).await
    }

    async fn read<'q>(
        &'q self,
        mysql: &Mysql,
        query: Query<'q, MySql, MySqlArguments>,
        limit: u32,
    ) -> Result<Read, MysqlError> {
        let room = usize::try_from(limit).unwrap_or(0).min(ROOM);
        let mut read = Read { rows: Vec::with_capacity(room), ..Read::default() };
        let mut count = 0;
        let mut rows = query.fetch(self.pool(mysql));
        while let Some(row) = rows.try_next().await.map_err(|source| self.failed(mysql, source))? {
            count += 1;
            self.take(&row, &mut read)?;
        }
        read.full = count >= limit;
        Ok(read)
    }

    fn take(&self, row: &MySqlRow, read: &mut Read) -> Result<(), MysqlError> {
        if let Some(alone) = &self.alone {
            let whose = self.shape.partition_of(row);
            if whose != *alone {
                return Err(self.several(vec![alone.clone(), whose]));
            }
        }
        let (key, made) = self.shape.row(row);
        let mut filled = false;
        for narrow in self.shape.filled(row) {
            filled = true;
            read.filled.insert((narrow.name.clone(), narrow.holds));
        }
        if let Some(key) = key {
            read.rows.push(Seen { key, row: made, filled });
        }
        Ok(())
    }

    /// Whose rows are read: what is configured; where only one is there, that one without a condition.
    async fn whose(&mut self, mysql: &Mysql) -> Result<Option<String>, MysqlError> {
        let configured = mysql.database().queue_log_partition.clone();
        let Some(column) = self.shape.partition.clone() else { return Ok(None) };
        if let Some(name) = configured {
            return Ok(Some(name).filter(|name| name != ALL_PARTITIONS));
        }
        let order = self.shape.id.as_ref().unwrap_or(&self.shape.time);
        let sql = format!(
            "SELECT DISTINCT CAST(COALESCE(whose, '') AS BINARY) FROM
             (SELECT {column} AS whose FROM {} ORDER BY {order} DESC LIMIT {SAMPLE}) AS last",
            self.table.sql()
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(self.pool(mysql)).await;
        let rows = rows.map_err(|source| self.failed(mysql, source))?;
        let names: Vec<String> = rows
            .iter()
            .map(|row| String::from_utf8_lossy(row.try_get::<&[u8], _>(0).unwrap_or_default()).into_owned())
            .collect();
        match names.as_slice() {
            [] => Ok(None),
            [one] => {
                self.alone = Some(one.clone());
                Ok(None)
            }
            _ => Err(self.several(names)),
        }
    }

    fn several(&self, mut names: Vec<String>) -> MysqlError {
        names.sort();
        MysqlError::SeveralPartitions { table: self.table.sql(), names, key: PARTITION_KEY }
    }

    /// How a column of text tells the time shows in its last value.
    async fn look_at_time(&mut self, mysql: &Mysql) -> Result<(), MysqlError> {
        if self.shape.written.is_some() {
            // Said at once where the account may not read it.
            return self.ends(mysql).await.map(drop);
        }
        let sql = format!("SELECT CAST(MAX({}) AS BINARY) FROM {}", self.shape.time, self.table.sql());
        let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(self.pool(mysql)).await;
        let row = row.map_err(|source| self.failed(mysql, source))?;
        let bytes = row.try_get::<Option<&[u8]>, _>(0).ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(bytes);
        self.shape.written = (!text.is_empty()).then(|| Written::of_value(&text));
        Ok(())
    }

    /// Binds a position.
    fn bind<'q>(
        &self,
        query: Query<'q, MySql, MySqlArguments>,
        key: i64,
    ) -> Query<'q, MySql, MySqlArguments> {
        match (&self.shape.id, self.shape.written) {
            (Some(_), _) | (None, Some(Written::Number)) => query.bind(key),
            (None, written) => query.bind(written.unwrap_or(Written::Text(' ')).text(key)),
        }
    }

    fn bind_floor<'q>(&self, query: Query<'q, MySql, MySqlArguments>) -> Query<'q, MySql, MySqlArguments> {
        match self.shape.written {
            Some(Written::Date | Written::Number) => self.bind(query, DAWN),
            _ => query.bind(Written::DAWN),
        }
    }

    fn bind_partition<'q>(
        &self,
        query: Query<'q, MySql, MySqlArguments>,
    ) -> Query<'q, MySql, MySqlArguments> {
        match &self.partition {
            Some(name) => query.bind(name.clone()),
            None => query,
        }
    }

    fn failed(&self, mysql: &Mysql, source: sqlx::Error) -> MysqlError {
        if let (Some(OVER_TIME | OVER_TIME_MYSQL), Some(why)) = (code(&source), self.warning()) {
            return MysqlError::TooSlow { table: self.table.sql(), why };
        }
        MysqlError::of_statement("reading queue_log", &self.table.sql(), mysql.user(), source)
    }
}
