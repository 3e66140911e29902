//! What is older than `keep` goes: rows, and everything that is looked up by them. The sums of hours stay, for ever.
//!
//! The edge is the start of a UTC day, and only ever moves on. From the moment it is set, no row before it is taken in any
//! more, so that no sum counts it twice; then everything before it is removed, some hours of calls or one agent at a time.
//! A call is as old as its callid. Of an agent the rows stay that opened what reaches over the edge: with them it is folded
//! again as it is stored. What tells whose a phone is stays, too.

use rusqlite::{OptionalExtension, params};

use super::batch::set_cursor;
use super::cells::oldest_day;
use super::ledger::{self, BUCKET_SECONDS};
use super::sums::{self, DAY};
use super::{Scope, identity, record};
use crate::domain::history::event::Belongs;
use crate::domain::history::identity::is_mappable;
use crate::domain::history::pack::unpack;
use crate::domain::history::place::near_repeat;
use crate::domain::history::row::{LogRow, civil_second, epoch_of};
use crate::domain::ids::PbxName;
use crate::domain::time::{candidates, month_of};
use crate::store::{Store, StoreError};

/// The cursor that holds the edge.
const EDGE: &str = "keep";
/// So far the edge moves at a time, days: an agent's rows of that time go at once.
const ROUND: i64 = 30;
/// Segments removed at a time: two hours of calls.
const SEGMENTS: i64 = 12;
/// Rows per queue that take the time of the PAUSEALL before them, seconds.
const WITH_IT: i64 = 5;

/// What is to be removed next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Purge {
    /// Calls, from the oldest on.
    #[default]
    Calls,
    /// Calls whose callids hold no time, in the segment after this one.
    Timeless(i64),
    /// What agents did, of the agent after this one.
    Agents(String),
    /// Talks, rings, and what the cdr told.
    Rest,
}

impl Store {
    /// The UTC second from which on rows are kept; `None`: nothing was removed yet.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn kept_from(&self, pbx: &PbxName) -> Result<Option<i64>, StoreError> {
        self.of(pbx, edge).await
    }

    /// Moves the edge on to the UTC day of `before`, by some days at a time; `None` where it stands there, or nothing is
    /// older. Then [`Store::purge`] removes what is before it.
    ///
    /// # Errors
    /// When the PBX was never registered or the database refuses.
    pub async fn keep_from(&self, pbx: &PbxName, before: i64) -> Result<Option<i64>, StoreError> {
        let pbx = pbx.clone();
        self.write(move |db| {
            let scope = Scope::get(db, &pbx)?;
            let (known, Some(oldest)) = (edge(&scope)?, oldest(&scope)?) else { return Ok(None) };
            let from = oldest.div_euclid(DAY).max(known.map_or(i64::MIN, |known| known.div_euclid(DAY)));
            let next = (from + ROUND).min(before.div_euclid(DAY)) * DAY;
            if known.is_some_and(|known| next <= known) || next <= oldest {
                return Ok(None);
            }
            set_cursor(&scope, EDGE, next)?;
            Ok(Some(next))
        })
        .await
    }

    /// Removes some of what is before the edge; says what comes next, `None` when nothing is left.
    ///
    /// # Errors
    /// When the PBX was never registered or the database refuses.
    pub async fn purge(&self, pbx: &PbxName, what: Purge) -> Result<Option<Purge>, StoreError> {
        let pbx = pbx.clone();
        self.write(move |db| {
            let scope = Scope::get(db, &pbx)?;
            let Some(edge) = edge(&scope)? else { return Ok(None) };
            match what {
                Purge::Calls => calls(&scope, edge),
                Purge::Timeless(after) => timeless(&scope, edge, after),
                Purge::Agents(after) => agents(&scope, edge, &after),
                Purge::Rest => rest(&scope, edge),
            }
        })
        .await
    }
}

/// The UTC second from which on rows are kept.
pub(super) fn edge(scope: &Scope<'_>) -> Result<Option<i64>, StoreError> {
    let mut statement =
        scope.db.prepare_cached("SELECT position FROM cursor WHERE pbx = ?1 AND source = ?2")?;
    Ok(statement.query_row(params![scope.pbx, EDGE], |row| row.get(0)).optional()?)
}

/// Leaves out the rows that are not kept any more; says how many.
pub(super) fn leave_out(scope: &Scope<'_>, rows: &mut Vec<LogRow>) -> Result<u64, StoreError> {
    let Some(edge) = edge(scope)? else { return Ok(0) };
    let before = rows.len();
    rows.retain(|row| {
        let of_call = epoch_of(&row.callid).filter(|_| row.belongs() == Belongs::Call);
        of_call.unwrap_or_else(|| time_of(scope, row)) >= edge
    });
    Ok(u64::try_from(before - rows.len()).unwrap_or(0))
}

/// The latest time that a row can have.
fn time_of(scope: &Scope<'_>, row: &LogRow) -> i64 {
    let table = || candidates(&scope.zone, row.local).into_iter().max();
    row.instant().or_else(table).unwrap_or_else(|| civil_second(row.local))
}

/// About when the oldest of what is stored was.
fn oldest(scope: &Scope<'_>) -> Result<Option<i64>, StoreError> {
    let mut oldest: Option<i64> = None;
    for sql in [
        "SELECT min(bucket) * 600 FROM segment WHERE pbx = ?1 AND bucket >= 0",
        "SELECT min(start) FROM presence WHERE pbx = ?1",
        "SELECT min(day) * 86400 FROM span WHERE pbx = ?1",
        "SELECT min(start) FROM cdr_call WHERE pbx = ?1",
        "SELECT min(start) FROM busy_call WHERE pbx = ?1",
    ] {
        let found: Option<i64> =
            scope.db.prepare_cached(sql)?.query_row(params![scope.pbx], |row| row.get(0))?;
        oldest = oldest.into_iter().chain(found).min();
    }
    Ok(oldest)
}

fn calls(scope: &Scope<'_>, edge: i64) -> Result<Option<Purge>, StoreError> {
    let old = edge.div_euclid(BUCKET_SECONDS);
    let buckets = ledger::following(scope, -1, SEGMENTS)?;
    let buckets: Vec<i64> = buckets.into_iter().filter(|bucket| *bucket < old).collect();
    if buckets.is_empty() {
        return Ok(Some(Purge::Timeless(i64::MIN)));
    }
    for bucket in buckets {
        let Some(segment) = ledger::load(scope, bucket)? else { continue };
        for (callid, bytes) in segment.stored() {
            forget_call(scope, callid, &unpack(callid, bytes).map_err(record)?)?;
        }
        ledger::remove(scope, bucket)?;
    }
    Ok(Some(Purge::Calls))
}

/// Calls whose callids hold no time go when all their rows are old.
fn timeless(scope: &Scope<'_>, edge: i64, after: i64) -> Result<Option<Purge>, StoreError> {
    let found = ledger::following(scope, after, SEGMENTS)?;
    let buckets: Vec<i64> = found.into_iter().filter(|bucket| *bucket < 0).collect();
    for bucket in &buckets {
        let Some(segment) = ledger::load(scope, *bucket)? else { continue };
        let mut gone = Vec::new();
        for (callid, bytes) in segment.stored() {
            let mut rows = unpack(callid, bytes).map_err(record)?;
            rows.iter_mut().for_each(|row| row.settle(&scope.zone));
            if rows.iter().all(|row| time_of(scope, row) < edge) {
                forget_call(scope, callid, &rows)?;
                gone.push(callid.to_owned());
            }
        }
        ledger::take_out(scope, *bucket, &gone)?;
    }
    Ok(Some(buckets.last().map_or(Purge::Agents(String::new()), |last| Purge::Timeless(*last))))
}

/// Forgets what is kept beside the rows of a call.
fn forget_call(scope: &Scope<'_>, callid: &str, rows: &[LogRow]) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM pending WHERE pbx = ?1 AND callid = ?2",
        "DELETE FROM local_call WHERE pbx = ?1 AND callid = ?2",
    ] {
        scope.db.prepare_cached(sql)?.execute(params![scope.pbx, callid])?;
    }
    for row in rows {
        if is_mappable(row.agent.trim()) {
            scope
                .db
                .prepare_cached("DELETE FROM mention WHERE pbx = ?1 AND agent = ?2 AND callid = ?3")?
                .execute(params![scope.pbx, row.agent.trim(), callid])?;
        }
        if row.instant().is_none() && near_repeat(&scope.zone, row.local) {
            scope
                .db
                .prepare_cached("DELETE FROM hint WHERE pbx = ?1 AND id = ?2")?
                .execute(params![scope.pbx, row.id])?;
        }
    }
    Ok(())
}

/// The rows of the agent after `after`, whatever he is called in them, and what he did.
fn agents(scope: &Scope<'_>, edge: i64, after: &str) -> Result<Option<Purge>, StoreError> {
    let next: Option<String> = scope
        .db
        .prepare_cached(
            "SELECT min(agent) FROM (SELECT min(agent) AS agent FROM agent_row WHERE pbx = ?1 AND agent > ?2
             UNION ALL SELECT min(agent) FROM file_row WHERE pbx = ?1 AND agent > ?2
             UNION ALL SELECT min(agent) FROM presence WHERE pbx = ?1 AND agent > ?2)",
        )?
        .query_row(params![scope.pbx, after], |row| row.get(0))?;
    let Some(next) = next else { return Ok(Some(Purge::Rest)) };
    let identities = scope.identities()?;
    let mut texts = identity::texts_of(scope, &next)?;
    texts.insert(next.clone());
    for text in texts {
        let mut stays = Vec::new();
        for agent in identities.ever(&text) {
            scope
                .db
                .prepare_cached(
                    "DELETE FROM presence WHERE pbx = ?1 AND agent = ?2 AND start < ?3 AND until <> 0 AND until <= ?3",
                )?
                .execute(params![scope.pbx, agent.as_str(), edge])?;
            let mut statement = scope
                .db
                .prepare_cached("SELECT start FROM presence WHERE pbx = ?1 AND agent = ?2 AND start < ?3")?;
            let starts = statement.query_map(params![scope.pbx, agent.as_str(), edge], |row| row.get(0))?;
            stays.extend(starts.collect::<Result<Vec<i64>, _>>()?);
        }
        lone_rows(scope, ("agent_row", "local"), (&text, scope.local(edge)), |at| scope.local(at), &stays)?;
        lone_rows(scope, ("file_row", "at"), (&text, edge), |at| at, &stays)?;
    }
    Ok(Some(Purge::Agents(next)))
}

/// Removes the rows of one text before the edge, but for those at the moments that stay.
fn lone_rows(
    scope: &Scope<'_>,
    (table, time): (&str, &str),
    (text, edge): (&str, i64),
    place: impl Fn(i64) -> i64,
    stays: &[i64],
) -> Result<(), StoreError> {
    let mut stays: Vec<i64> = stays.iter().map(|at| place(*at)).collect();
    stays.sort_unstable();
    let sql = format!("DELETE FROM {table} WHERE pbx = ?1 AND agent = ?2 AND {time} >= ?3 AND {time} < ?4");
    let mut remove = scope.db.prepare_cached(&sql)?;
    let mut from = i64::MIN;
    for at in stays.into_iter().chain([edge]) {
        remove.execute(params![scope.pbx, text, from, at.min(edge)])?;
        from = at + WITH_IT + 1;
    }
    Ok(())
}

fn rest(scope: &Scope<'_>, edge: i64) -> Result<Option<Purge>, StoreError> {
    for sql in [
        "DELETE FROM loose WHERE pbx = ?1 AND at < ?2",
        "DELETE FROM leg WHERE pbx = ?1 AND connected < ?2",
        "DELETE FROM pending WHERE pbx = ?1 AND last < ?2 AND first < ?2",
    ] {
        scope.db.prepare_cached(sql)?.execute(params![scope.pbx, edge])?;
    }
    // Of what there may be much of, a day at a time.
    let mut more = false;
    for (table, time, unit) in [("span", "day", DAY), ("cdr_call", "start", 1), ("busy_call", "start", 1)] {
        let sql = format!("SELECT min({time}) FROM {table} WHERE pbx = ?1 AND {time} < ?2");
        let old = edge.div_euclid(unit);
        let first: Option<i64> =
            scope.db.prepare_cached(&sql)?.query_row(params![scope.pbx, old], |row| row.get(0))?;
        if let Some(first) = first {
            more = true;
            let sql = format!("DELETE FROM {table} WHERE pbx = ?1 AND {time} < ?2");
            scope.db.prepare_cached(&sql)?.execute(params![scope.pbx, old.min(first + DAY / unit)])?;
        }
    }
    Ok(more.then_some(Purge::Rest))
}

/// Puts the sums of the days before the edge aside: their rows are gone, so that nothing can make them anew.
pub(super) fn set_aside(scope: &Scope<'_>) -> Result<(), StoreError> {
    let Some(edge) = edge(scope)? else { return Ok(()) };
    scope.db.execute_batch("DROP TABLE IF EXISTS temp.day_aside")?;
    scope.db.execute(
        "CREATE TEMP TABLE day_aside AS SELECT * FROM day WHERE pbx = ?1 AND day < ?2",
        params![scope.pbx, edge.div_euclid(DAY)],
    )?;
    Ok(())
}

/// Brings them back in place of what was folded there, and adds up their months.
pub(super) fn bring_back(scope: &Scope<'_>) -> Result<(), StoreError> {
    let Some(edge) = edge(scope)? else { return Ok(()) };
    let key = params![scope.pbx, edge.div_euclid(DAY)];
    scope.db.execute("DELETE FROM day WHERE pbx = ?1 AND day < ?2", key)?;
    scope.db.execute_batch("INSERT INTO day SELECT * FROM temp.day_aside; DROP TABLE temp.day_aside")?;
    let Some(first) = oldest_day(scope)? else { return Ok(()) };
    for month in month_of(&scope.zone, first * DAY)..=month_of(&scope.zone, edge) {
        sums::add_up_again(scope, month)?;
    }
    Ok(())
}
