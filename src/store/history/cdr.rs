//! Calls that went to a queue and never entered it, from the cdr.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil;
use rusqlite::params;

use super::ledger::Ledger;
use super::{Reading, Scope, reading};
use crate::domain::history::event::{Event, parse};
use crate::domain::history::query::NotEntered;
use crate::domain::history::row::{LogRow, civil_second, epoch_of};
use crate::domain::ids::{PbxName, QueueName};
use crate::domain::time::candidates;
use crate::store::{Store, StoreError};

/// What of a cdr row tells whether a call was meant for a queue. Absent values are empty texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdrRow {
    /// Local time of the PBX at which the call began.
    pub start: civil::DateTime,
    /// The channel's uniqueid.
    pub uniqueid: String,
    /// The call's linkedid; the uniqueid where the table has none.
    pub linkedid: String,
    /// The caller's number.
    pub src: String,
    /// The context that was dialled into.
    pub dcontext: String,
    /// The extension that was dialled.
    pub dst: String,
    /// The last application.
    pub lastapp: String,
    /// Its arguments; a queue's name up to the first comma.
    pub lastdata: String,
    /// How it came out, `BUSY`.
    pub disposition: String,
    /// The channel that was called, `PJSIP/101-00000004`; empty where there was none.
    pub dstchannel: String,
}

impl CdrRow {
    /// The queue that the row's application names.
    fn queue(&self) -> Option<String> {
        let name = self.lastdata.split(',').next().unwrap_or("").trim();
        (self.lastapp.eq_ignore_ascii_case("Queue") && !name.is_empty()).then(|| name.to_ascii_lowercase())
    }
}

impl Store {
    /// Takes cdr rows in, in any order and repeatedly: calls without rows in queue_log are kept as possibly not entered,
    /// the others teach what is dialled to reach which queue. `reading`: how far the table is read with them.
    ///
    /// # Errors
    /// When the PBX was never registered or the database refuses.
    pub async fn apply_cdr(
        &self,
        pbx: &PbxName,
        rows: Vec<CdrRow>,
        reading: Option<Reading>,
    ) -> Result<(), StoreError> {
        let pbx = pbx.clone();
        self.write(move |db| {
            let scope = Scope::get(db, &pbx)?;
            let mut ledger = Ledger::new(&scope);
            let edge = super::purge::edge(&scope)?;
            let is_kept = |row: &&CdrRow| edge.is_none_or(|edge| start_of(&scope, row) >= edge);
            for row in rows.iter().filter(is_kept) {
                super::busy::note(&scope, row)?;
                take(&scope, &mut ledger, row)?;
            }
            super::identity::believe_cdr(&scope)?;
            reading.map_or(Ok(()), |reading| reading::CDR.save(&scope, reading))
        })
        .await
    }
}

fn take(scope: &Scope<'_>, ledger: &mut Ledger<'_, '_>, row: &CdrRow) -> Result<(), StoreError> {
    let call = ledger.rows(&row.uniqueid)?;
    // A transfer rewrites dcontext and dst of the first row: such a call teaches nothing of the way to the queue.
    let transferred =
        || call.iter().any(|row| matches!(parse(row), Ok(Event::End { transfer: Some(_), .. })));
    match (is_queued(&call), row.queue()) {
        (true, Some(queue)) => {
            super::identity::take_witness(scope, &call, row)?;
            if transferred() { Ok(()) } else { learn(scope, &call, row, &queue) }
        }
        (true, None) => Ok(()),
        (false, queue) => keep(scope, row, &queue.unwrap_or_default()),
    }
}

/// Whether a call has a row of a queue, and not only a product's own events.
fn is_queued(rows: &[LogRow]) -> bool {
    rows.iter().any(|row| !matches!(parse(row), Ok(Event::Other) | Err(_)))
}

fn learn(scope: &Scope<'_>, call: &[LogRow], row: &CdrRow, queue: &str) -> Result<(), StoreError> {
    let entered = call.iter().any(|known| {
        known.queue.eq_ignore_ascii_case(queue) && matches!(parse(known), Ok(Event::Enter { .. }))
    });
    if entered && !row.dst.is_empty() {
        scope
            .db
            .prepare_cached(
                "INSERT OR IGNORE INTO route (pbx, dcontext, dst, queue) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![scope.pbx, row.dcontext, row.dst, queue])?;
    }
    Ok(())
}

/// When the call began, UTC; in a repeated hour the pass that is not before its uniqueid's epoch.
pub(super) fn start_of(scope: &Scope<'_>, row: &CdrRow) -> i64 {
    let meanings = candidates(&scope.zone, row.start);
    let epoch = epoch_of(&row.uniqueid).unwrap_or(i64::MIN);
    let fallback = meanings.iter().min().copied().unwrap_or_else(|| civil_second(row.start));
    meanings.into_iter().filter(|at| *at >= epoch.saturating_sub(2)).min().unwrap_or(fallback)
}

fn keep(scope: &Scope<'_>, row: &CdrRow, queue: &str) -> Result<(), StoreError> {
    let start = start_of(scope, row);
    scope
        .db
        .prepare_cached(
            "INSERT OR IGNORE INTO cdr_call (pbx, start, linkedid, uniqueid, dcontext, dst, number, queue)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            scope.pbx,
            start,
            row.linkedid,
            row.uniqueid,
            row.dcontext,
            row.dst,
            row.src,
            queue
        ])?;
    Ok(())
}

/// The calls that began in [from, to) and never entered a queue: one a linkedid, in the order of time.
pub(super) fn not_entered(scope: &Scope<'_>, from: i64, to: i64) -> Result<Vec<NotEntered>, StoreError> {
    let mut statement = scope.db.prepare_cached(
        "SELECT c.start, c.linkedid, c.uniqueid, c.number, coalesce(nullif(c.queue, ''), r.queue) AS door
         FROM cdr_call c LEFT JOIN route r ON r.pbx = c.pbx AND r.dcontext = c.dcontext AND r.dst = c.dst
         WHERE c.pbx = ?1 AND c.start >= ?2 AND c.start < ?3 AND door IS NOT NULL
         ORDER BY c.start, c.uniqueid, door",
    )?;
    let names = names(scope)?;
    let mut ledger = Ledger::new(scope);
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let mut rows = statement.query(params![scope.pbx, from, to])?;
    while let Some(row) = rows.next()? {
        let (linkedid, uniqueid): (String, String) = (row.get(1)?, row.get(2)?);
        if seen.contains(&linkedid)
            || is_queued(&ledger.rows(&uniqueid)?)
            || (uniqueid != linkedid && is_queued(&ledger.rows(&linkedid)?))
        {
            continue;
        }
        if seen.insert(linkedid) {
            let door: String = row.get(4)?;
            let queue = names.get(&door).cloned().unwrap_or_else(|| QueueName::new(&door));
            found.push(NotEntered { queue, number: row.get(3)?, at: row.get(0)?, callid: uniqueid });
        }
    }
    Ok(found)
}

/// Queues as first written, by their lower-case form.
pub(super) fn names(scope: &Scope<'_>) -> Result<BTreeMap<String, QueueName>, StoreError> {
    let mut statement = scope.db.prepare_cached("SELECT folded, name FROM queue WHERE pbx = ?1")?;
    let rows = statement
        .query_map(params![scope.pbx], |row| Ok((row.get(0)?, QueueName::new(row.get::<_, String>(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
