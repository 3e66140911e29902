//! Looks once at what the account of the database may read, and how its clock and its zone stand: for `check --online`.
//!
//! In: an open connection. Out: [`Facts`]. It reads and changes nothing; nothing is judged here.

use sqlx::{AssertSqlSafe, Row};

use super::error::{MysqlError, code};
use super::names::{quoted, text};
use super::queue_log::{Key, QueueLog};
use super::{Cdr, Mysql, cdr, people};
use crate::clock;
use crate::domain::history::row::{civil_second, epoch_of};

/// So many of the last rows are looked at for the zone.
const ROWS: u32 = 2_000;

/// One right that was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// `SELECT`, `INSERT`, `ALL PRIVILEGES`.
    pub rights: Vec<String>,
    /// The schema; `*` for all.
    pub schema: String,
    /// The table; `*` for all of the schema.
    pub table: String,
    /// May be passed on to others.
    pub with_grant_option: bool,
}

/// Whether a table can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readable {
    /// Yes.
    Yes,
    /// The account may not.
    Denied,
    /// There is none, as far as the account sees.
    Absent,
    /// Something else, in words.
    Failed(String),
}

/// What was found out.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The server's version.
    pub version: String,
    /// How far its clock is ahead of ours, milliseconds.
    pub ahead_ms: Option<i64>,
    /// The rights; `None` where they cannot be shown.
    pub granted: Option<Vec<Granted>>,
    /// A role was granted, whose rights are not listed.
    pub has_role: bool,
    /// queue_log: its quoted name and a warning about its shape.
    pub queue_log: Result<(String, Option<String>), String>,
    /// Whether queue_log is denied.
    pub queue_log_denied: bool,
    /// cdr: its quoted name.
    pub cdr: Result<String, String>,
    /// Whether cdr is denied.
    pub cdr_denied: bool,
    /// Whether cdr is not there.
    pub cdr_absent: bool,
    /// The realtime tables that are read.
    pub realtime: Vec<(&'static str, Readable)>,
    /// How many tables the account sees in its schemas.
    pub tables: u64,
    /// Of each of the last calls: the UTC second at which it began by its callid, and the row's time as if it were UTC.
    pub calls: Vec<(i64, i64)>,
    /// The log tells instants: the zone is of no matter.
    pub has_instants: bool,
}

/// Looks at the database.
pub async fn probe(mysql: &Mysql) -> Facts {
    let log = QueueLog::find(mysql).await;
    let cdr = Cdr::find(mysql).await;
    let denied = |error: &MysqlError| matches!(error, MysqlError::NoPrivilege { .. });
    let (granted, has_role) = match granted(mysql).await {
        Some((granted, has_role)) => (Some(granted), has_role),
        None => (None, false),
    };
    let mut realtime = Vec::new();
    for table in [cdr::QUEUES, people::MEMBERS] {
        realtime.push((table, readable(mysql, table).await));
    }
    let (calls, has_instants) = match &log {
        Ok(log) => (calls(mysql, log).await, log.key() == Key::UtcSecond),
        Err(_) => (Vec::new(), false),
    };
    Facts {
        version: sqlx::query_scalar("SELECT VERSION()").fetch_one(mysql.pool()).await.unwrap_or_default(),
        ahead_ms: ahead(mysql).await,
        granted,
        has_role,
        queue_log_denied: log.as_ref().err().is_some_and(denied),
        queue_log: log.map(|log| (log.table(), log.warning())).map_err(|error| error.to_string()),
        cdr_denied: cdr.as_ref().err().is_some_and(denied),
        cdr_absent: matches!(cdr, Err(MysqlError::NoTable { .. })),
        cdr: cdr.map(|cdr| cdr.table().to_owned()).map_err(|error| error.to_string()),
        realtime,
        tables: tables(mysql).await.unwrap_or(0),
        calls,
        has_instants,
    }
}

async fn ahead(mysql: &Mysql) -> Option<i64> {
    // The first question may have to open a connection.
    let ask = || sqlx::query_scalar::<_, i64>("SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000 AS SIGNED)");
    ask().fetch_one(mysql.pool()).await.ok()?;
    let before = clock::now().wall.as_millisecond();
    let theirs = ask().fetch_one(mysql.pool()).await.ok()?;
    let after = clock::now().wall.as_millisecond();
    Some(theirs - i64::midpoint(before, after))
}

async fn tables(mysql: &Mysql) -> Option<u64> {
    let mut count = 0;
    for schema in mysql.schemas() {
        let asked = "SELECT CAST(COUNT(*) AS SIGNED) FROM information_schema.tables WHERE table_schema = ?";
        let found: i64 = sqlx::query_scalar(asked).bind(schema).fetch_one(mysql.pool()).await.ok()?;
        count += u64::try_from(found).unwrap_or(0);
    }
    Some(count)
}

async fn readable(mysql: &Mysql, table: &str) -> Readable {
    let name = format!("{}.{}", quoted(&mysql.database().name), quoted(table));
    let tried = sqlx::query(AssertSqlSafe(format!("SELECT 1 FROM {name} LIMIT 1")));
    match tried.fetch_optional(mysql.pool()).await {
        Ok(_) => Readable::Yes,
        Err(error) => match code(&error) {
            Some(1142 | 1143 | 1044) => Readable::Denied,
            Some(1146) => Readable::Absent,
            _ => Readable::Failed(error.to_string()),
        },
    }
}

async fn granted(mysql: &Mysql) -> Option<(Vec<Granted>, bool)> {
    let rows = sqlx::query("SHOW GRANTS").fetch_all(mysql.pool()).await.ok()?;
    let lines: Vec<String> =
        rows.iter().map(|row| row.try_get::<String, _>(0).unwrap_or_else(|_| text(row, 0))).collect();
    let has_role = lines.iter().any(|line| line.starts_with("GRANT ") && !line.contains(" ON "));
    Some((lines.iter().filter_map(|line| read_grant(line)).collect(), has_role))
}

/// ``GRANT SELECT, INSERT (`a`, `b`) ON `s`.`t` TO `u`@`h` WITH GRANT OPTION``
fn read_grant(line: &str) -> Option<Granted> {
    let (rights, rest) = line.strip_prefix("GRANT ")?.split_once(" ON ")?;
    // Procedures and functions are no tables.
    let rest = rest.strip_prefix("TABLE ").unwrap_or(rest);
    let (schema, rest) = name(rest)?;
    let (table, rest) = name(rest.strip_prefix('.')?)?;
    Some(Granted {
        rights: split_rights(rights),
        // A schema's name in a grant is a pattern: _ and % are written with a backslash.
        schema: schema.replace("\\_", "_").replace("\\%", "%"),
        table,
        with_grant_option: rest.contains("WITH GRANT OPTION"),
    })
}

/// A back-quoted name, or `*`, and what follows.
fn name(text: &str) -> Option<(String, &str)> {
    if let Some(rest) = text.strip_prefix('*') {
        return Some(("*".to_owned(), rest));
    }
    let mut name = String::new();
    let mut rest = text.strip_prefix('`')?;
    loop {
        let end = rest.find('`')?;
        name.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('`') {
            Some(more) => {
                name.push('`');
                rest = more;
            }
            None => return Some((name, rest)),
        }
    }
}

/// At the commas that stand outside parentheses; the lists of columns are left away.
fn split_rights(text: &str) -> Vec<String> {
    let (mut all, mut one, mut depth) = (Vec::new(), String::new(), 0_u32);
    for letter in text.chars().chain([',']) {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => all.push(std::mem::take(&mut one).trim().to_uppercase()),
            letter if depth == 0 => one.push(letter),
            _ => {}
        }
    }
    all
}

/// The last calls' begins by their callids and by their rows.
async fn calls(mysql: &Mysql, log: &QueueLog) -> Vec<(i64, i64)> {
    let Ok(Some((first, last))) = log.ends(mysql).await else { return Vec::new() };
    let back = if log.key() == Key::Id { i64::from(ROWS) } else { 7 * 86_400 };
    let Ok(read) = log.forward(mysql, (last - back).max(first), ROWS).await else { return Vec::new() };
    let rows = read.rows.iter().filter_map(|seen| seen.row.as_ref());
    let entered = rows.filter(|row| row.event == "ENTERQUEUE");
    entered.filter_map(|row| Some((epoch_of(&row.callid)?, civil_second(row.local)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, rights: &[&str], schema: &str, table: &str) {
        let granted = read_grant(line).expect("a grant");
        assert_eq!(granted.rights, rights, "{line}");
        assert_eq!((granted.schema.as_str(), granted.table.as_str()), (schema, table), "{line}");
    }

    #[test]
    fn grants_are_read_as_servers_print_them() {
        check("GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*X'", &["USAGE"], "*", "*");
        check("GRANT SELECT ON `as``t`.`queue_log` TO `a`@`%`", &["SELECT"], "as`t", "queue_log");
        check("GRANT SELECT, INSERT ON `my\\_db`.* TO `a`@`%`", &["SELECT", "INSERT"], "my_db", "*");
        check("GRANT SELECT (`a`, `b`), UPDATE (`c`) ON `s`.`t` TO `a`@`%`", &["SELECT", "UPDATE"], "s", "t");
        check("GRANT ALL PRIVILEGES ON *.* TO `r`@`l` WITH GRANT OPTION", &["ALL PRIVILEGES"], "*", "*");
        let all = read_grant("GRANT SELECT ON `s`.`t` TO `r`@`l` WITH GRANT OPTION").expect("a grant");
        assert!(all.with_grant_option);
        assert_eq!(read_grant("GRANT `role` TO `a`@`%`"), None);
    }
}
