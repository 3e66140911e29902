//! Ends of talks that were not logged, from the cdr of the agent's leg. Only legs of such talks are asked for and kept.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil;
use rusqlite::{OptionalExtension, params};

use super::agents::Touched;
use super::batch::refold_all;
use super::{Scope, View};
use crate::domain::history::fold::Endless;
use crate::domain::ids::PbxName;
use crate::domain::time::candidates;
use crate::store::{Store, StoreError};

/// So often the cdr is asked for a leg: after a minute, ten, a hundred, a thousand.
const TRIES: u32 = 5;
/// The first time between two tries, seconds.
const FIRST_GAP: i64 = 60;

/// The end of a leg, as a row of the cdr has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegRow {
    /// The uniqueid of the leg's channel.
    pub uniqueid: String,
    /// Local time of the PBX at which the row's part began.
    pub start: civil::DateTime,
    /// Local time at which it ended, where the table has it.
    pub end: Option<civil::DateTime>,
    /// Whole seconds from start to end.
    pub seconds: i64,
}

impl Store {
    /// Up to `limit` legs whose ends the cdr is to be asked for at the wall clock's second `now`, the latest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn wanted_legs(&self, pbx: &PbxName, now: i64, limit: u32) -> Result<Vec<String>, StoreError> {
        self.of(pbx, move |scope| {
            let mut statement = scope.db.prepare_cached(
                "SELECT uniqueid FROM leg WHERE pbx = ?1 AND until IS NULL AND due <= ?2 AND tries < ?3
                 ORDER BY connected DESC, uniqueid LIMIT ?4",
            )?;
            let legs = statement.query_map(params![scope.pbx, now, TRIES, limit], |row| row.get(0))?;
            Ok(legs.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Takes in what the cdr said of the legs that it was asked for at the wall clock's second `now`; talks whose end is
    /// known now are folded again. Says whether there are any.
    ///
    /// # Errors
    /// When the PBX was never registered or the database refuses.
    pub async fn apply_legs(
        &self,
        pbx: &PbxName,
        now: i64,
        asked: Vec<String>,
        found: Vec<LegRow>,
    ) -> Result<bool, StoreError> {
        let pbx = pbx.clone();
        self.write(move |db| {
            let scope = Scope::get(db, &pbx)?;
            let (mut before, view) = (View::of(&scope)?, View::of(&scope)?);
            let mut calls = BTreeSet::new();
            for leg in &asked {
                let rows: Vec<&LegRow> = found.iter().filter(|row| row.uniqueid == *leg).collect();
                if let Some(callid) = take(&scope, now, leg, &rows)? {
                    before.unknown_legs.insert(leg.clone());
                    calls.insert(callid);
                }
            }
            let any = !calls.is_empty();
            refold_all(&scope, (&before, &view), calls, Touched::new())?;
            Ok(any)
        })
        .await
    }
}

/// Notes the end of a leg, or that it was asked for in vain; gives the callid of a talk whose end is known now.
fn take(scope: &Scope<'_>, now: i64, leg: &str, rows: &[&LegRow]) -> Result<Option<String>, StoreError> {
    let known: Option<(i64, String, u32)> = scope
        .db
        .prepare_cached(
            "SELECT connected, callid, tries FROM leg WHERE pbx = ?1 AND uniqueid = ?2 AND until IS NULL",
        )?
        .query_row(params![scope.pbx, leg], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((connected, callid, tries)) = known else { return Ok(None) };
    // The first part that ends after the answer is the talk with the queue's caller; later ones are other calls.
    let until = rows.iter().filter_map(|row| end_of(scope, row, connected)).min();
    let gap = FIRST_GAP * 10_i64.pow(tries.min(TRIES));
    scope
        .db
        .prepare_cached(
            "UPDATE leg SET until = ?3, tries = tries + 1, due = ?4 WHERE pbx = ?1 AND uniqueid = ?2",
        )?
        .execute(params![scope.pbx, leg, until, now + gap])?;
    Ok(until.map(|_| callid))
}

/// When a row's part ended, UTC; in a repeated hour the first meaning that is not before the answer.
fn end_of(scope: &Scope<'_>, row: &LegRow, connected: i64) -> Option<i64> {
    let shift = if row.end.is_some() { 0 } else { row.seconds };
    let meanings = candidates(&scope.zone, row.end.unwrap_or(row.start)).into_iter().map(|at| at + shift);
    meanings.filter(|end| *end >= connected).min()
}

/// Notes legs whose end the cdr may know.
pub(super) fn want(scope: &Scope<'_>, endless: &[Endless]) -> Result<(), StoreError> {
    for one in endless {
        scope
            .db
            .prepare_cached(
                "INSERT OR IGNORE INTO leg (pbx, uniqueid, callid, connected) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![scope.pbx, one.leg, one.callid, one.connected])?;
    }
    Ok(())
}

/// The ends of legs that the cdr gave.
pub(super) fn ends(scope: &Scope<'_>, endless: &[Endless]) -> Result<BTreeMap<String, i64>, StoreError> {
    let mut statement = scope
        .db
        .prepare_cached("SELECT until FROM leg WHERE pbx = ?1 AND uniqueid = ?2 AND until IS NOT NULL")?;
    let mut found = BTreeMap::new();
    for one in endless {
        if let Some(until) = statement.query_row(params![scope.pbx, one.leg], |row| row.get(0)).optional()? {
            found.insert(one.leg.clone(), until);
        }
    }
    Ok(found)
}
