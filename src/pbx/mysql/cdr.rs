//! Reading `cdr` (which often has no index at all, so it is asked seldom) and the queues' own service levels.

use std::collections::BTreeMap;

use jiff::civil;
use sqlx::{AssertSqlSafe, Row};

use super::error::MysqlError;
use super::names::{find, text};
use super::pool::Mysql;
use crate::domain::history::time_text::parse_local;

/// The table, with the statement that reads it.
#[derive(Clone, Debug)]
pub struct Cdr {
    table: String,
    sql: String,
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

impl Cdr {
    /// Finds the table and looks at its columns.
    ///
    /// # Errors
    /// When there is none, it lacks columns, or the account may not read it.
    pub async fn find(mysql: &Mysql) -> Result<Self, MysqlError> {
        let configured = mysql.database().cdr_table.clone();
        let table = find(mysql, configured.as_deref(), USUAL, "cdr_table").await?;
        table.require(&[START, &["uniqueid"], &["dst"], &["dcontext"], &["lastapp"], &["lastdata"]])?;
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
        .collect();
        let start = table.column(START).unwrap_or_default();
        let sql = format!(
            "SELECT {} FROM {} WHERE {start} >= ? ORDER BY {start} LIMIT ?",
            columns.join(", "),
            table.sql()
        );
        Ok(Self { table: table.sql(), sql })
    }

    /// Calls that began at or after the local time `from`, in the order of their starts.
    ///
    /// # Errors
    /// When the database is gone or refuses.
    pub async fn since(
        &self,
        mysql: &Mysql,
        from: civil::DateTime,
        limit: u32,
    ) -> Result<Vec<Call>, MysqlError> {
        let rows = sqlx::query(AssertSqlSafe(self.sql.as_str()))
            .bind(from.strftime("%Y-%m-%d %H:%M:%S").to_string())
            .bind(limit)
            .fetch_all(mysql.pool())
            .await
            .map_err(|source| MysqlError::of_statement("reading cdr", &self.table, mysql.user(), source))?;
        let calls = rows.iter().filter_map(|row| {
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
        });
        Ok(calls.collect())
    }
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
