//! Who is who by the realtime table `queue_members`, and the ends of single channels by the cdr.

use std::collections::BTreeMap;

use jiff::civil;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Row};

use super::cdr;
use super::error::MysqlError;
use super::names::find;
use super::pool::Mysql;
use crate::domain::history::identity::Membership;
use crate::domain::history::time_text::parse_local;
use crate::domain::ids::QueueName;

/// The realtime table of queues' members.
pub(super) const MEMBERS: &str = "queue_members";

/// The end of a channel, as a row of the cdr has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The channel's uniqueid.
    pub uniqueid: String,
    /// Local time of the PBX at which the row's part began.
    pub start: civil::DateTime,
    /// Local time at which it ended, where the table has it.
    pub end: Option<civil::DateTime>,
    /// Whole seconds from start to end.
    pub seconds: i64,
}

/// What `queue_members` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// Who is a member where, and the names.
    pub memberships: Vec<Membership>,
    /// Wrap-up times of a member's own in seconds, by queue in lower case and member name (the interface where there is none).
    pub wrap_ups: BTreeMap<(String, String), u32>,
}

/// The members of `queue_members`; nobody where there is no such table, or the account may not read it.
///
/// # Errors
/// When the database is gone.
pub async fn queue_members(mysql: &Mysql) -> Result<Members, MysqlError> {
    let table = match find(mysql, None, &[MEMBERS], "name").await {
        Ok(table) => table,
        Err(error) if error.is_refusal() => return Ok(Members::default()),
        Err(error) => return Err(error),
    };
    let columns = [&["queue_name"], &["interface"], &["membername"], &["wrapuptime"]];
    let columns = columns.map(|names| table.text(names)).join(", ");
    let sql = format!("SELECT {columns} FROM {}", table.sql());
    let read = sqlx::query(AssertSqlSafe(sql)).fetch_all(mysql.pool()).await.map_err(|source| {
        MysqlError::of_statement("reading queue_members", &table.sql(), mysql.user(), source)
    });
    let rows = match read {
        Ok(rows) => rows,
        Err(error) if error.is_refusal() => return Ok(Members::default()),
        Err(error) => return Err(error),
    };
    let mut members = Members::default();
    for row in &rows {
        let (interface, name) = (bytes(row, 1), bytes(row, 2));
        let own: Option<u32> = bytes(row, 3).parse().ok().filter(|seconds| *seconds > 0);
        if let Some(seconds) = own {
            let whose = if name.is_empty() { &interface } else { &name };
            members.wrap_ups.insert((bytes(row, 0).to_ascii_lowercase(), whose.clone()), seconds);
        }
        members.memberships.push(Membership { queue: QueueName::new(bytes(row, 0)), interface, name });
    }
    Ok(members)
}

/// The rows of the cdr of some channels; empty where there is no cdr. The table has no index on them, so that this reads
/// all of it: ask seldom, and for many at once.
///
/// # Errors
/// When the database is gone, or takes too long.
pub async fn ends_of(mysql: &Mysql, uniqueids: &[String]) -> Result<Vec<Ended>, MysqlError> {
    let configured = mysql.database().cdr_table.clone();
    let table = match find(mysql, configured.as_deref(), cdr::USUAL, "cdr_table").await {
        Ok(table) => table,
        Err(error) if error.is_refusal() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let Some(uniqueid) = table.column(&["uniqueid"]).filter(|_| !uniqueids.is_empty()) else {
        return Ok(Vec::new());
    };
    let columns =
        [&["uniqueid"] as &[&str], cdr::START, &["end"], &["duration"]].map(|names| table.text(names));
    let sql = format!(
        "SELECT {} FROM {} WHERE {uniqueid} IN ({})",
        columns.join(", "),
        table.sql(),
        vec!["?"; uniqueids.len()].join(", ")
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for id in uniqueids {
        query = query.bind(id);
    }
    let rows = query
        .fetch_all(mysql.pool())
        .await
        .map_err(|source| MysqlError::of_statement("reading cdr", &table.sql(), mysql.user(), source))?;
    let ended = |row: &MySqlRow| {
        let seconds = bytes(row, 3).parse().unwrap_or(0);
        let start = parse_local(&bytes(row, 1))?;
        Some(Ended { uniqueid: bytes(row, 0), start, end: parse_local(&bytes(row, 2)), seconds })
    };
    Ok(rows.iter().filter_map(ended).collect())
}

/// A column's bytes as text; what is no UTF-8 is replaced, never refused.
fn bytes(row: &MySqlRow, at: usize) -> String {
    let bytes: Vec<u8> = row.try_get(at).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
