//! Reading `queue_log`: rows by `id > last`, in batches, with their times as text.

use futures_util::TryStreamExt;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Row};

use super::error::MysqlError;
use super::names::{Table, find};
use super::pool::Mysql;
use crate::domain::history::row::{LogRow, parse_local};

/// The table, with the statements that read it.
#[derive(Clone, Debug)]
pub struct QueueLog {
    table: String,
    rows_sql: String,
    newest_sql: String,
}

/// A batch as read.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// The rows whose time could be read.
    pub rows: Vec<LogRow>,
    /// How many had none (zero dates, NULL).
    pub without_time: u64,
    /// The highest id of all rows read.
    pub last: Option<i64>,
    /// How many rows came, readable or not.
    pub read: usize,
}

/// What the table is usually called.
pub(super) const USUAL: &[&str] = &["queue_log", "queuelog"];

const COLUMNS: &[&[&str]] =
    &[&["id"], &["time"], &["callid", "call_id"], &["queuename", "queue"], &["agent"], &["event", "verb"]];

impl QueueLog {
    /// Finds the table and looks at its columns.
    ///
    /// # Errors
    /// When there is none, it lacks columns, or the account may not read it.
    pub async fn find(mysql: &Mysql) -> Result<Self, MysqlError> {
        let configured = mysql.database().queue_log_table.clone();
        let table = find(mysql, configured.as_deref(), USUAL, "queue_log_table").await?;
        let mut wanted: Vec<&[&str]> = COLUMNS.to_vec();
        let single = table.column(&["data1"]).is_none() && table.column(&["data"]).is_some();
        if !single {
            wanted.extend([&["data1"] as &[&str], &["data2"], &["data3"], &["data4"], &["data5"]]);
        }
        table.require(&wanted)?;
        let found = Self::over(&table, single);
        found.newest(mysql).await?;
        Ok(found)
    }

    fn over(table: &Table, single: bool) -> Self {
        let id = table.column(COLUMNS[0]).unwrap_or_default();
        let mut columns: Vec<String> = vec![format!("CAST({id} AS SIGNED)")];
        columns.extend(COLUMNS[1..].iter().map(|names| table.text(names)));
        if single {
            columns.push(table.text(&["data"]));
        } else {
            columns.extend(["data1", "data2", "data3", "data4", "data5"].map(|name| table.text(&[name])));
        }
        let columns = columns.join(", ");
        let name = table.sql();
        Self {
            rows_sql: format!("SELECT {columns} FROM {name} WHERE {id} > ? ORDER BY {id} LIMIT ?"),
            newest_sql: format!("SELECT CAST(COALESCE(MAX({id}), 0) AS SIGNED) FROM {name}"),
            table: name,
        }
    }

    /// The table, quoted.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The highest id; 0 for an empty table.
    ///
    /// # Errors
    /// When the database is gone or refuses.
    pub async fn newest(&self, mysql: &Mysql) -> Result<i64, MysqlError> {
        sqlx::query_scalar(AssertSqlSafe(self.newest_sql.as_str())).fetch_one(mysql.pool()).await.map_err(
            |source| MysqlError::of_statement("reading queue_log", &self.table, mysql.user(), source),
        )
    }

    /// Up to `limit` rows with an id above `last`, in the order of ids.
    ///
    /// # Errors
    /// When the database is gone or refuses.
    pub async fn after(&self, mysql: &Mysql, last: i64, limit: u32) -> Result<Read, MysqlError> {
        // Row by row: a batch is not held twice.
        let mut found =
            sqlx::query(AssertSqlSafe(self.rows_sql.as_str())).bind(last).bind(limit).fetch(mysql.pool());
        let mut read = Read { rows: Vec::with_capacity(limit.min(1024) as usize), ..Read::default() };
        let refused =
            |source| MysqlError::of_statement("reading queue_log", &self.table, mysql.user(), source);
        while let Some(row) = found.try_next().await.map_err(refused)? {
            let id: i64 = row.try_get(0).unwrap_or_default();
            read.read += 1;
            read.last = read.last.max(Some(id));
            match of_row(id, &row) {
                Some(row) => read.rows.push(row),
                None => read.without_time += 1,
            }
        }
        Ok(read)
    }
}

/// A column's bytes as text; what is no UTF-8 is replaced, never refused.
pub(super) fn text(row: &MySqlRow, at: usize) -> String {
    let bytes: Option<&[u8]> = row.try_get(at).unwrap_or_default();
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}

fn of_row(id: i64, row: &MySqlRow) -> Option<LogRow> {
    let local = parse_local(&text(row, 1))?;
    let mut data: [String; 5] = Default::default();
    if row.len() == 7 {
        let fields = text(row, 6);
        // What lies behind the fourth pipe stays together, as in a table of five columns.
        data.iter_mut().zip(fields.splitn(5, '|')).for_each(|(slot, field)| *slot = field.to_owned());
    } else {
        data.iter_mut().zip(6..).for_each(|(slot, at)| *slot = text(row, at));
    }
    Some(LogRow {
        id,
        local,
        callid: text(row, 2),
        queue: text(row, 3),
        agent: text(row, 4),
        event: text(row, 5),
        data,
    })
}
