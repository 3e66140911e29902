//! For how long members wrap up, from the realtime table `queue_members`.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;

use super::error::MysqlError;
use super::names::{find, text};
use super::pool::Mysql;

/// The realtime table of members.
const MEMBERS: &str = "queue_members";

/// Wrap-up times in seconds by queue in lower case and member name (the interface where there is none); empty where
/// there is no such table or column, or the account may not read it. 0 is none of the member's own.
///
/// # Errors
/// When the database is gone.
pub async fn member_wrap_ups(mysql: &Mysql) -> Result<BTreeMap<(String, String), u32>, MysqlError> {
    let table = match find(mysql, None, &[MEMBERS], "name").await {
        Ok(table) => table,
        Err(error) if error.is_refusal() => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let Some(wrap_up) = table.column(&["wrapuptime"]) else { return Ok(BTreeMap::new()) };
    let sql = format!(
        "SELECT {}, {}, {}, {} FROM {} WHERE {wrap_up} > 0",
        table.text(&["queue_name"]),
        table.text(&["membername"]),
        table.text(&["interface"]),
        table.text(&["wrapuptime"]),
        table.sql()
    );
    let read = sqlx::query(AssertSqlSafe(sql)).fetch_all(mysql.pool()).await.map_err(|source| {
        MysqlError::of_statement("reading queue_members", &table.sql(), mysql.user(), source)
    });
    let rows = match read {
        Ok(rows) => rows,
        Err(error) if error.is_refusal() => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let member = |row| {
        let name = Some(text(row, 1)).filter(|name| !name.is_empty()).unwrap_or_else(|| text(row, 2));
        Some(((text(row, 0).to_ascii_lowercase(), name), text(row, 3).parse().ok()?))
    };
    Ok(rows.iter().filter_map(member).collect())
}
