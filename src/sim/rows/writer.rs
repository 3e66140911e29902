//! Writes rows as they come, many at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jiff::tz::TimeZone;
use sqlx::AssertSqlSafe;
use sqlx::mysql::MySqlPool;
use tokio::sync::mpsc;

use super::{CdrRow, Database, LogRow, Row, RowSink};
use crate::sim::calendar::Calendar;
use crate::sim::pbx::Millis;

/// Rows that may wait: some seconds of the busiest day, so that a slow disk does not stop the calls.
const MAILBOX: usize = 20_000;
/// Rows in one INSERT; MySQL allows 65 535 values.
const TOGETHER: usize = 1_000;
const LOG_COLUMNS: &str = "time, callid, queuename, agent, event, data1, data2, data3, data4, data5";
const LOG_VALUES: usize = 10;
const CDR_COLUMNS: &str = "start, answer, `end`, clid, src, dst, dcontext, channel, dstchannel, lastapp, lastdata, \
                           duration, billsec, disposition, amaflags, uniqueid, linkedid, sequence, accountcode, userfield";
const CDR_VALUES: usize = 20;

/// What became of the rows.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    live: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    lost: Arc<AtomicU64>,
}

impl Sent {
    /// From now on a row that finds no room is lost, as with a real PBX whose database is away; before, whoever makes rows
    /// waits.
    pub fn go_live(&self) {
        self.live.store(true, Ordering::Relaxed);
    }

    /// Rows in the database.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Rows that found no room, or that the database refused.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// The writing end.
pub struct Writer {
    database: Database,
    calendar: Calendar,
    inbox: mpsc::Receiver<Row>,
    sent: Sent,
}

impl Writer {
    /// A writer into `database` with the PBX's local times, the sink that feeds it, and its counters.
    pub fn new(database: Database, zone: TimeZone) -> (Self, RowSink, Sent) {
        let (rows, inbox) = mpsc::channel(MAILBOX);
        let sent = Sent::default();
        let (live, lost) = (Arc::clone(&sent.live), Arc::clone(&sent.lost));
        let sink: RowSink = Box::new(move |row| {
            let taken = if live.load(Ordering::Relaxed) {
                rows.try_send(row).is_ok()
            } else {
                rows.blocking_send(row).is_ok()
            };
            if !taken {
                lost.fetch_add(1, Ordering::Relaxed);
            }
        });
        (Self { database, calendar: Calendar::new(zone), inbox, sent: sent.clone() }, sink, sent)
    }

    /// Writes until the sink is gone: whole batches while there are many, else what there is.
    pub async fn run(mut self) {
        let mut rows = Vec::with_capacity(TOGETHER);
        let (mut logs, mut cdrs) = (Vec::new(), Vec::new());
        while self.inbox.recv_many(&mut rows, TOGETHER).await > 0 {
            for row in rows.drain(..) {
                match row {
                    Row::Log(row) => logs.push(row),
                    Row::Cdr(row) => cdrs.push(row),
                }
            }
            if !self.inbox.is_empty() && logs.len() < TOGETHER && cdrs.len() < TOGETHER {
                continue;
            }
            let (mut own, mut other) = (self.calendar.clone(), self.calendar.clone());
            let pool = self.database.pool();
            let done = tokio::join!(write_logs(pool, &mut own, &logs), write_cdrs(pool, &mut other, &cdrs));
            self.calendar = own;
            self.count(done.0, logs.len());
            self.count(done.1, cdrs.len());
            logs.clear();
            cdrs.clear();
        }
    }

    fn count(&self, done: Result<(), sqlx::Error>, rows: usize) {
        let to = match done {
            Ok(()) => &self.sent.written,
            Err(error) => {
                // As Asterisk does: what cannot be written now is never written.
                tracing::warn!(%error, rows, "rows of the simulated PBX were lost");
                &self.sent.lost
            }
        };
        to.fetch_add(rows as u64, Ordering::Relaxed);
    }
}

async fn write_logs(pool: &MySqlPool, calendar: &mut Calendar, rows: &[LogRow]) -> Result<(), sqlx::Error> {
    for rows in rows.chunks(TOGETHER) {
        let sql = insert("queue_log", LOG_COLUMNS, LOG_VALUES, rows.len());
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(rows.len() == TOGETHER);
        for row in rows {
            let time = time(calendar, row.at);
            query = query.bind(time).bind(&*row.callid).bind(&*row.queue).bind(&*row.agent).bind(row.event);
            for value in &row.data {
                query = query.bind(&**value);
            }
        }
        query.execute(pool).await?;
    }
    Ok(())
}

async fn write_cdrs(
    pool: &MySqlPool,
    calendar: &mut Calendar,
    rows: &[Box<CdrRow>],
) -> Result<(), sqlx::Error> {
    for rows in rows.chunks(TOGETHER) {
        let sql = insert("cdr", CDR_COLUMNS, CDR_VALUES, rows.len());
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(rows.len() == TOGETHER);
        for row in rows {
            let (start, end) = (time(calendar, row.start), time(calendar, row.end));
            let answer = row.answer.map(|answer| time(calendar, answer));
            let seconds = |since: Millis| row.end.div_euclid(1000) - since.div_euclid(1000);
            query = query
                .bind(start)
                .bind(answer)
                .bind(end)
                .bind(&*row.clid)
                .bind(&*row.src)
                .bind(&*row.dst)
                .bind(&*row.dcontext)
                .bind(&*row.channel)
                .bind(&*row.dstchannel)
                .bind(row.lastapp)
                .bind(&*row.lastdata)
                .bind(seconds(row.start))
                .bind(row.answer.map_or(0, seconds))
                .bind(row.disposition)
                .bind("DOCUMENTATION")
                .bind(&*row.uniqueid)
                .bind(&*row.linkedid)
                .bind(i64::try_from(row.sequence).unwrap_or(0) & 0x7fff_ffff)
                .bind("")
                .bind("");
        }
        query.execute(pool).await?;
    }
    Ok(())
}

/// `2026-11-22 07:01:04`, of the PBX's clock; the fraction is cut, as MariaDB does.
fn time(calendar: &mut Calendar, at: Millis) -> String {
    let local = jiff::Timestamp::from_millisecond(calendar.local(at)).unwrap_or_default();
    local.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The statement for so many rows.
fn insert(table: &str, columns: &str, values: usize, rows: usize) -> String {
    let one = format!("({})", vec!["?"; values].join(","));
    format!("INSERT INTO {table} ({columns}) VALUES {}", vec![one.as_str(); rows].join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_a_place_for_every_value() {
        let sql = insert("queue_log", LOG_COLUMNS, LOG_VALUES, 3);
        assert_eq!(sql.matches('?').count(), 30);
        assert_eq!(LOG_COLUMNS.split(',').count(), LOG_VALUES);
        assert_eq!(CDR_COLUMNS.split(',').count(), CDR_VALUES);
    }
}
