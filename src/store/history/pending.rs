//! Calls that are folded again though none of their rows came: because the log's clock went on, or Asterisk started.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::params;
use smol_str::SmolStr;

use super::{Scope, changes};
use crate::domain::history::fold::{OPEN_SECONDS, TALK_SECONDS};
use crate::domain::history::visit::{Outcome, Visit};
use crate::domain::time::DAY;
use crate::store::StoreError;

/// What of a call's visits can change without a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pending {
    first: i64,
    last: i64,
    review_at: Option<i64>,
}

impl Pending {
    fn of(visit: &Visit) -> Option<Self> {
        let pending =
            visit.review_at.is_some() || visit.marks.missing_end || visit.outcome == Outcome::Unresolved;
        pending.then_some(Self { first: visit.entered, last: visit.entered, review_at: visit.review_at })
    }

    fn and(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
            review_at: self.review_at.into_iter().chain(other.review_at).min(),
        }
    }
}

/// What a batch changes: as it was and as it is, by callid.
#[derive(Default)]
pub(super) struct Changes {
    calls: BTreeMap<SmolStr, [Option<Pending>; 2]>,
    /// The UTC days on which visits entered that are other than they were, though the sums may be the same.
    days: BTreeSet<i64>,
}

impl Changes {
    /// Adds (1) or takes away (−1) a visit.
    pub(super) fn visit(&mut self, visit: &Visit, times: i64) {
        self.days.insert(visit.entered.div_euclid(DAY));
        let Some(pending) = Pending::of(visit) else { return };
        let slot = &mut self.calls.entry(visit.callid.clone()).or_default()[usize::from(times > 0)];
        *slot = Some(slot.map_or(pending, |known| known.and(pending)));
    }

    /// Writes them.
    pub(super) fn save(self, scope: &Scope<'_>) -> Result<(), StoreError> {
        self.days.iter().try_for_each(|day| changes::note(scope, *day))?;
        let mut write = scope.db.prepare_cached(
            "INSERT OR REPLACE INTO pending (pbx, callid, first, last, review_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let mut remove = scope.db.prepare_cached("DELETE FROM pending WHERE pbx = ?1 AND callid = ?2")?;
        for (callid, [old, new]) in self.calls {
            match new {
                _ if old == new => {}
                Some(now) => {
                    write.execute(params![scope.pbx, callid.as_str(), now.first, now.last, now.review_at])?;
                }
                None => {
                    remove.execute(params![scope.pbx, callid.as_str()])?;
                }
            }
        }
        Ok(())
    }
}

/// The callids that the log's clock, or a start of Asterisk that is new or no more, may change.
pub(super) fn touched(
    scope: &Scope<'_>,
    log_clock: i64,
    starts: &[i64],
) -> Result<BTreeSet<String>, StoreError> {
    let mut touched = BTreeSet::new();
    let mut find = |sql: &str, bound: &[&dyn rusqlite::ToSql]| -> Result<(), StoreError> {
        let mut statement = scope.db.prepare_cached(sql)?;
        let mut rows = statement.query(bound)?;
        while let Some(row) = rows.next()? {
            touched.insert(row.get(0)?);
        }
        Ok(())
    };
    find("SELECT callid FROM pending WHERE pbx = ?1 AND review_at < ?2", params![scope.pbx, log_clock])?;
    for start in starts {
        // A talk that began at the end of the longest wait, and its bound.
        let reach = start - OPEN_SECONDS - TALK_SECONDS;
        find(
            "SELECT callid FROM pending WHERE pbx = ?1 AND last >= ?3 AND first <= ?2",
            params![scope.pbx, start, reach],
        )?;
        find(
            "SELECT callid FROM pending WHERE pbx = ?1 AND review_at IS NOT NULL AND first <= ?2",
            params![scope.pbx, start],
        )?;
    }
    Ok(touched)
}
