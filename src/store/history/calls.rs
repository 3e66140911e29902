//! Touched calls are folded again, with those they hang together with.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, params};

use super::agents::{Touched, touch};
use super::{Scope, decode, encode, record};
use crate::domain::history::cells::Contributions;
use crate::domain::history::event::{Event, Oddity, parse};
use crate::domain::history::fold::{Context, Loose, NEAR_SECONDS, fold};
use crate::domain::history::place::{near_repeat, place_call};
use crate::domain::history::row::{LogRow, civil_second, pack, unique, unpack};
use crate::domain::history::twice::distinct;
use crate::domain::history::visit::{Outcome, Visit};
use crate::store::StoreError;

/// Talk and ring in the table `interval`.
pub(super) const TALK: i64 = 3;
/// See [`TALK`].
pub(super) const RING: i64 = 4;

/// What folding calls again changed beside the visits.
#[derive(Default)]
pub(super) struct Refolded {
    /// Visits that are new.
    pub visits: u64,
    /// Agents whose rings changed, and when.
    pub rang: Touched,
    /// The local time of rows that became hints for a repeated hour, if any did.
    pub hinted: Option<(i64, i64)>,
}

/// What rows brought that were not known.
pub(super) struct Merged {
    /// Rows that neither source told before.
    pub new: u64,
    /// By how much the rows that cannot be understood became more, by kind.
    pub oddities: BTreeMap<Oddity, i64>,
}

/// Adds rows to the stored ones of their call; `None` when all were known.
pub(super) fn merge(
    scope: &Scope<'_>,
    callid: &str,
    rows: Vec<LogRow>,
) -> Result<Option<Merged>, StoreError> {
    let stored = load(scope, callid)?;
    let all = unique(stored.iter().cloned().chain(rows));
    if all == stored {
        return Ok(None);
    }
    // The same row under a smaller id: the larger one is none any more, and no hint.
    for gone in stored.iter().filter(|row| all.iter().all(|kept| kept.id != row.id)) {
        scope
            .db
            .prepare_cached("DELETE FROM hint WHERE pbx = ?1 AND id = ?2")?
            .execute(params![scope.pbx, gone.id])?;
    }
    let queued = all.iter().any(|row| !matches!(parse(row), Ok(Event::Other) | Err(_)));
    let transferred = all.iter().any(|row| matches!(parse(row), Ok(Event::End { transfer: Some(_), .. })));
    scope
        .db
        .prepare_cached(
            "INSERT INTO call (pbx, callid, queued, transferred, rows) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (pbx, callid) DO UPDATE
             SET queued = excluded.queued, transferred = excluded.transferred, rows = excluded.rows",
        )?
        .execute(params![scope.pbx, callid, queued, transferred, pack(&all).map_err(record)?])?;
    let (before, after) = (distinct(stored), distinct(all));
    let mut oddities: BTreeMap<Oddity, i64> = BTreeMap::new();
    for (rows, sign) in [(&after, 1), (&before, -1)] {
        let kinds = rows.iter().filter_map(|row| parse(row).err());
        kinds.for_each(|kind| *oddities.entry(kind).or_default() += sign);
    }
    oddities.retain(|_, more| *more != 0);
    Ok(Some(Merged { new: u64::try_from(after.len().saturating_sub(before.len())).unwrap_or(0), oddities }))
}

/// The stored rows of a callid, of tables and files, as they came.
pub(super) fn load(scope: &Scope<'_>, callid: &str) -> Result<Vec<LogRow>, StoreError> {
    let bytes: Option<Vec<u8>> = scope
        .db
        .prepare_cached("SELECT rows FROM call WHERE pbx = ?1 AND callid = ?2")?
        .query_row(params![scope.pbx, callid], |row| row.get(0))
        .optional()?;
    let mut rows = bytes.map_or_else(|| Ok(Vec::new()), |bytes| unpack(&bytes).map_err(record))?;
    rows.iter_mut().for_each(|row| row.settle(&scope.zone));
    Ok(rows)
}

/// Folds the touched callids again, and gives the difference to the cells.
pub(super) fn refold(
    scope: &Scope<'_>,
    touched: &BTreeSet<String>,
    starts: &[i64],
    given: &mut Contributions,
    before: &mut Contributions,
) -> Result<Refolded, StoreError> {
    let mut done = Refolded::default();
    let leg_ends = BTreeMap::new();
    let context = Context {
        zone: &scope.zone,
        log_clock: scope.log_clock(),
        queue_starts: starts,
        leg_ends: &leg_ends,
    };
    let mut alone: BTreeMap<String, (Vec<LogRow>, Vec<Loose>)> = BTreeMap::new();
    for callid in touched {
        let rows = load(scope, callid)?;
        let loose = fold(&rows, &context).loose;
        save_loose(scope, callid, &loose)?;
        hint(scope, &rows, &mut done)?;
        alone.insert(callid.clone(), (rows, loose));
    }
    spread(scope, &context, &mut alone)?;
    let mut old = Vec::new();
    for callid in alone.keys() {
        old.extend(take_visits(scope, callid)?);
    }
    let mut new = Vec::new();
    for group in groups(&alone) {
        let rows: Vec<LogRow> = group.iter().flat_map(|callid| alone[*callid].0.clone()).collect();
        new.extend(fold(&rows, &context).visits);
        let joined = (group.len() > 1).then(|| group[0]);
        for callid in &group {
            scope
                .db
                .prepare_cached(
                    "UPDATE call SET joined = ?3 WHERE pbx = ?1 AND callid = ?2 AND joined IS NOT ?3",
                )?
                .execute(params![scope.pbx, callid, joined])?;
        }
    }
    for visit in &old {
        before.add_visit(&scope.zone, visit);
        spans(scope, visit, false)?;
    }
    for visit in &new {
        given.add_visit(&scope.zone, visit);
        spans(scope, visit, true)?;
        save(scope, visit)?;
    }
    done.visits = u64::try_from(new.len().saturating_sub(old.len())).unwrap_or(0);
    note_rings(&old, &new, &mut done.rang);
    Ok(done)
}

/// Brings in every callid that hung, or may now hang, together with one that is touched.
fn spread(
    scope: &Scope<'_>,
    context: &Context<'_>,
    alone: &mut BTreeMap<String, (Vec<LogRow>, Vec<Loose>)>,
) -> Result<(), StoreError> {
    let mut queue: Vec<String> = alone.keys().cloned().collect();
    while let Some(callid) = queue.pop() {
        let mut near = mates(scope, &callid)?;
        for loose in alone.get(&callid).map(|(_, loose)| loose.clone()).unwrap_or_default() {
            near.extend(neighbours(scope, &loose)?);
        }
        for other in near {
            if !alone.contains_key(&other) {
                let rows = load(scope, &other)?;
                let loose = fold(&rows, context).loose;
                alone.insert(other.clone(), (rows, loose));
                queue.push(other);
            }
        }
    }
    Ok(())
}

/// Those that a callid was folded with before.
fn mates(scope: &Scope<'_>, callid: &str) -> Result<Vec<String>, StoreError> {
    let joined: Option<Option<String>> = scope
        .db
        .prepare_cached("SELECT joined FROM call WHERE pbx = ?1 AND callid = ?2")?
        .query_row(params![scope.pbx, callid], |row| row.get(0))
        .optional()?;
    let Some(Some(joined)) = joined else { return Ok(Vec::new()) };
    let mut statement =
        scope.db.prepare_cached("SELECT callid FROM call WHERE pbx = ?1 AND joined = ?2 AND callid <> ?3")?;
    let found = statement.query_map(params![scope.pbx, joined, callid], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Kind, time and second time of a loose end as stored; an end has two of them.
fn stored(loose: &Loose) -> Vec<(&str, i64, i64, i64)> {
    match loose {
        Loose::Entry { queue, at } => vec![(queue, *at, 1, 0)],
        Loose::Connect { queue, entered } => vec![(queue, *entered, 2, 0)],
        Loose::Talk { queue, at } => vec![(queue, *at, 3, 0)],
        Loose::End { queue, connected, entered } => {
            vec![(queue, *connected, 4, *entered), (queue, *entered, 5, *connected)]
        }
    }
}

fn save_loose(scope: &Scope<'_>, callid: &str, loose: &[Loose]) -> Result<(), StoreError> {
    scope
        .db
        .prepare_cached("DELETE FROM loose WHERE pbx = ?1 AND callid = ?2")?
        .execute(params![scope.pbx, callid])?;
    let mut insert = scope.db.prepare_cached(
        "INSERT OR IGNORE INTO loose (pbx, queue, at, kind, callid, second) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (queue, at, kind, second) in loose.iter().flat_map(stored) {
        insert.execute(params![scope.pbx, queue, at, kind, callid, second])?;
    }
    Ok(())
}

/// The callids with something that fits a loose end.
fn neighbours(scope: &Scope<'_>, loose: &Loose) -> Result<Vec<String>, StoreError> {
    // What each kind may be matched with: an entry with a CONNECT or an end, a talk with an end.
    let wanted: &[(&str, i64, [i64; 2])] = &match loose {
        Loose::Entry { queue, at } => vec![(queue.as_str(), *at, [2, 5])],
        Loose::Connect { queue, entered } => vec![(queue.as_str(), *entered, [1, 1])],
        Loose::Talk { queue, at } => vec![(queue.as_str(), *at, [4, 4])],
        Loose::End { queue, connected, entered } => {
            vec![(queue.as_str(), *connected, [3, 3]), (queue.as_str(), *entered, [1, 1])]
        }
    };
    let mut statement = scope.db.prepare_cached(
        "SELECT callid FROM loose WHERE pbx = ?1 AND queue = ?2 AND at BETWEEN ?3 AND ?4 AND kind IN (?5, ?6)",
    )?;
    let mut found = Vec::new();
    for (queue, at, kinds) in wanted {
        let (from, to) = (at - NEAR_SECONDS, at + NEAR_SECONDS);
        let rows =
            statement.query_map(params![scope.pbx, queue, from, to, kinds[0], kinds[1]], |row| row.get(0))?;
        for row in rows {
            found.push(row?);
        }
    }
    Ok(found)
}

/// The callids in groups that are folded as one, each group in order.
fn groups(alone: &BTreeMap<String, (Vec<LogRow>, Vec<Loose>)>) -> Vec<Vec<&str>> {
    let mut left: BTreeSet<&str> = alone.keys().map(String::as_str).collect();
    // Only what is loose can hang together; everything else stays alone without being compared.
    let loose: Vec<&str> =
        alone.iter().filter(|(_, (_, loose))| !loose.is_empty()).map(|(callid, _)| callid.as_str()).collect();
    let mut groups = Vec::new();
    while let Some(first) = left.pop_first() {
        let mut group = vec![first];
        let mut at = 0;
        while at < group.len() {
            let own = &alone[group[at]].1;
            for other in &loose {
                let fits = || own.iter().any(|a| alone[*other].1.iter().any(|b| a.fits(b)));
                if !own.is_empty() && left.contains(other) && fits() {
                    left.remove(other);
                    group.push(other);
                }
            }
            at += 1;
        }
        group.sort_unstable();
        groups.push(group);
    }
    groups
}

/// Removes and returns the stored visits of a callid.
fn take_visits(scope: &Scope<'_>, callid: &str) -> Result<Vec<Visit>, StoreError> {
    let mut statement = scope.db.prepare_cached("SELECT detail FROM visit WHERE pbx = ?1 AND callid = ?2")?;
    let rows = statement.query_map(params![scope.pbx, callid], |row| row.get::<_, Vec<u8>>(0))?;
    let mut visits = Vec::new();
    for bytes in rows {
        visits.push(decode(&bytes?)?);
    }
    scope
        .db
        .prepare_cached("DELETE FROM visit WHERE pbx = ?1 AND callid = ?2")?
        .execute(params![scope.pbx, callid])?;
    Ok(visits)
}

fn save(scope: &Scope<'_>, visit: &Visit) -> Result<(), StoreError> {
    let marks = i64::from(visit.marks.own)
        | i64::from(visit.outcome == Outcome::Unresolved) << 1
        | i64::from(visit.marks.missing_end) << 2;
    scope
        .db
        .prepare_cached(
            "INSERT INTO visit (pbx, callid, queue, n, entered, outcome, agent, marks, review_at, detail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            scope.pbx,
            visit.callid,
            visit.queue.folded(),
            visit.n,
            visit.entered,
            visit.outcome.as_str(),
            visit.agent.as_ref().map(|agent| agent.as_str()),
            marks,
            visit.review_at,
            encode(visit)?,
        ])?;
    Ok(())
}

/// Adds or removes the talks and rings of a visit.
fn spans(scope: &Scope<'_>, visit: &Visit, add: bool) -> Result<(), StoreError> {
    let sql = if add {
        "INSERT OR IGNORE INTO interval (pbx, agent, start, kind, queue, until, callid)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
    } else {
        "DELETE FROM interval WHERE pbx = ?1 AND agent = ?2 AND start = ?3 AND kind = ?4 AND queue = ?5
         AND until = ?6 AND callid = ?7"
    };
    let mut statement = scope.db.prepare_cached(sql)?;
    let queue = visit.queue.folded();
    let talks = visit.talks.iter().map(|talk| (&talk.agent, talk.start, TALK, talk.end));
    let rings = visit.rings.iter().map(|ring| (&ring.agent, ring.start, RING, ring.end));
    for (agent, start, kind, end) in talks.chain(rings) {
        statement.execute(params![scope.pbx, agent.as_str(), start, kind, queue, end, visit.callid])?;
    }
    Ok(())
}

fn note_rings(old: &[Visit], new: &[Visit], rang: &mut Touched) {
    let rings = |visits: &[Visit]| -> BTreeSet<(String, i64)> {
        let all = visits.iter().flat_map(|visit| &visit.rings);
        all.map(|ring| (ring.agent.as_str().to_owned(), ring.start)).collect()
    };
    for (agent, start) in rings(old).symmetric_difference(&rings(new)) {
        touch(rang, agent, *start);
    }
}

/// A table's rows near a repeated hour tell its rows without a callid which pass they belong to. (Those of a file stand
/// in no order of ids with them.)
fn hint(scope: &Scope<'_>, rows: &[LogRow], done: &mut Refolded) -> Result<(), StoreError> {
    let rows: Vec<LogRow> = rows.iter().filter(|row| row.instant().is_none()).cloned().collect();
    if !rows.iter().any(|row| near_repeat(&scope.zone, row.local)) {
        return Ok(());
    }
    let mut insert =
        scope.db.prepare_cached("INSERT OR REPLACE INTO hint (pbx, id, shift) VALUES (?1, ?2, ?3)")?;
    for (row, at) in rows.iter().zip(place_call(&scope.zone, &rows)) {
        let local = civil_second(row.local);
        insert.execute(params![scope.pbx, row.id, local - at])?;
        let (from, to) = done.hinted.get_or_insert((local, local));
        *from = (*from).min(local);
        *to = (*to).max(local);
    }
    Ok(())
}
