//! A database of the first schema becomes what the same rows make today.

use rusqlite::{Connection, params};

use super::*;
use crate::domain::history::event::Belongs;
use crate::domain::history::row::{civil_second, file_id, tests::pack};

const SCHEMA: &[&str] = &[
    include_str!("../../migrations/0001_history.sql"),
    include_str!("../../migrations/0002_accounts.sql"),
    include_str!("../../migrations/0003_files.sql"),
];

/// A database as the first versions left it, without anything that was folded.
fn old(dir: &std::path::Path, zone: &str, rows: &[LogRow]) {
    let db = Connection::open(dir.join("asterflow.db")).expect("a database");
    SCHEMA.iter().for_each(|sql| db.execute_batch(sql).expect("a schema"));
    db.pragma_update(None, "user_version", 3).expect("a version");
    let clock = rows.iter().filter(|row| row.instant().is_none()).map(|row| civil_second(row.local)).max();
    let sql = "INSERT INTO pbx (name, zone, fold_version, log_local) VALUES ('pbx', ?1, 1, ?2)";
    db.execute(sql, params![zone, clock.unwrap_or(0)]).expect("a PBX");
    let newest = rows.iter().filter_map(LogRow::instant).max().unwrap_or(0);
    db.execute("INSERT INTO cursor VALUES (1, 'file', ?1)", params![newest]).expect("a clock");
    let mut calls: BTreeMap<&str, Vec<LogRow>> = BTreeMap::new();
    for row in rows {
        if row.belongs() == Belongs::Call {
            calls.entry(&row.callid).or_default().push(row.clone());
            continue;
        }
        let table = if row.instant().is_some() { "file_row" } else { "agent_row" };
        let at = row.instant().unwrap_or_else(|| civil_second(row.local));
        let fields = row.data.join(&SEPARATOR.to_string());
        db.execute(
            &format!("INSERT INTO {table} VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
            params![
                row.agent.as_str(),
                at,
                row.queue.to_ascii_lowercase(),
                row.event.as_str(),
                row.callid.as_str(),
                fields,
                row.id
            ],
        )
        .expect("a row");
    }
    for (callid, rows) in calls {
        let rows = crate::domain::history::row::unique(rows);
        db.execute("INSERT INTO call VALUES (1, ?1, NULL, 1, 0, ?2)", params![callid, pack(&rows)])
            .expect("a call");
    }
}

#[tokio::test]
async fn a_database_of_the_first_schema_loses_no_row() {
    let mut mixed = hard();
    for row in mixed.iter_mut().filter(|row| row.id % 3 == 0) {
        row.id = file_id(civil_second(row.local), 0);
    }
    for (zone, rows) in [("UTC", captured_rows()), ("Europe/Berlin", hard()), ("UTC", mixed)] {
        let dir = tempfile::tempdir().expect("a folder");
        old(dir.path(), zone, &rows);
        let moved = Store::open(dir.path()).expect("opens");
        let (_dir, fresh) = empty(zone).await;
        take(&fresh, &rows, 9).await;
        let (moved, fresh) = (dump(&moved).await, dump(&fresh).await);
        for table in TABLES.iter().filter(|table| !["queue", "oddity"].contains(table)) {
            assert_eq!(moved[table], fresh[table], "{table}, {zone}");
        }
    }
}
