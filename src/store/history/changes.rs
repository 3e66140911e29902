//! Which days changed, noted in the transaction that changes them: so what is kept in memory is never older than the store, in
//! this process and in others.

use std::collections::BTreeMap;

use rusqlite::params;

use super::Scope;
use crate::domain::history::agent::Interval;
use crate::domain::ids::PbxName;
use crate::domain::time::{DAY, hour_of};
use crate::store::{Store, StoreError};

/// Stands for all days: what they are judged or counted by changed.
const ALL: i64 = i64::MIN;
/// Further back than this it is worth a look at what exactly changed, days.
const MANY: i64 = 2;

/// How often the days of a range changed. Equal numbers: nothing of them did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayChanges {
    /// What concerns all days.
    pub all: i64,
    /// By UTC day; days that never changed are left out.
    pub days: BTreeMap<i64, i64>,
}

impl DayChanges {
    /// Those of some of the days, both ends included.
    pub fn of(&self, first: i64, last: i64) -> Self {
        Self {
            all: self.all,
            days: self.days.range(first..=last).map(|(day, number)| (*day, *number)).collect(),
        }
    }
}

impl Store {
    /// How often UTC days changed, both ends included. Asked before what is to be kept in memory is read.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn day_changes(&self, pbx: &PbxName, first: i64, last: i64) -> Result<DayChanges, StoreError> {
        self.of(pbx, move |scope| {
            let sql =
                "SELECT day, number FROM day_change WHERE pbx = ?1 AND (day = ?4 OR day BETWEEN ?2 AND ?3)";
            let mut statement = scope.db.prepare_cached(sql)?;
            let mut rows = statement.query(params![scope.pbx, first, last, ALL])?;
            let mut found = DayChanges::default();
            while let Some(row) = rows.next()? {
                match row.get(0)? {
                    ALL => found.all = row.get(1)?,
                    day => drop(found.days.insert(day, row.get(1)?)),
                }
            }
            Ok(found)
        })
        .await
    }
}

/// Notes that something of a day changes in this transaction.
pub(super) fn note(scope: &Scope<'_>, day: i64) -> Result<(), StoreError> {
    // Once a transaction is enough, and a batch has many changes of few days.
    if !scope.noted.borrow_mut().insert(day) {
        return Ok(());
    }
    let sql = "INSERT INTO day_change (pbx, day, number) VALUES (?1, ?2, 1)
               ON CONFLICT (pbx, day) DO UPDATE SET number = number + 1";
    scope.db.prepare_cached(sql)?.execute(params![scope.pbx, day])?;
    Ok(())
}

/// Notes that what all days are counted or judged by changes.
pub(super) fn note_all(scope: &Scope<'_>) -> Result<(), StoreError> {
    note(scope, ALL)
}

/// Notes the days on which pauses and logins change: those that begin at `from` or later are replaced. `old` is asked for only
/// where it is worth it.
pub(super) fn note_presence(
    scope: &Scope<'_>,
    from: i64,
    old: impl FnOnce() -> Result<Vec<Interval>, StoreError>,
    new: &[Interval],
) -> Result<(), StoreError> {
    let last = scope.log_clock().div_euclid(DAY);
    let first = hour_of(&scope.zone, from).start.div_euclid(DAY);
    if first.saturating_add(MANY) >= last {
        return (first..=last).try_for_each(|day| note(scope, day));
    }
    for (from, to) in differences(&old()?, new) {
        let first = hour_of(&scope.zone, from).start.div_euclid(DAY);
        (first..=to.div_euclid(DAY).min(last)).try_for_each(|day| note(scope, day))?;
    }
    Ok(())
}

/// From when to when intervals of one agent are others, UTC seconds.
pub(super) fn differences(old: &[Interval], new: &[Interval]) -> Vec<(i64, i64)> {
    use std::collections::BTreeSet;
    let end = |interval: &Interval| interval.end.unwrap_or(i64::MAX);
    let key = |interval: &Interval| (interval.start, interval.kind, interval.queue.clone());
    let mut ends: BTreeMap<_, [BTreeSet<i64>; 2]> = BTreeMap::new();
    for (side, intervals) in [old, new].into_iter().enumerate() {
        for interval in intervals {
            ends.entry(key(interval)).or_default()[side].insert(end(interval));
        }
    }
    let differ = |((start, ..), [old, new]): ((i64, _, _), [BTreeSet<i64>; 2])| {
        // One that only ends at another time changes nothing before the earlier of its two ends.
        let differ: Vec<i64> = old.symmetric_difference(&new).copied().collect();
        let (first, last) = (differ.iter().min()?, differ.iter().max()?);
        Some((if old.is_empty() || new.is_empty() { start } else { *first }, *last))
    };
    ends.into_iter().filter_map(differ).collect()
}
