//! Touched calls are folded again, with those they hang together with.
//!
//! What a call gave before is not stored: it is folded from the rows that were there, as the log's clock and the starts of
//! Asterisk stood then. Most calls hang together with none and were not there; they cost one fold and no question.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rusqlite::params;
use smol_str::SmolStr;

use super::agents::{Touched, touch};
use super::ledger::Ledger;
use super::loose::{Alone, groups, neighbours, replace};
use super::{Scope, View, legs, pending, spans, sums};
use crate::domain::history::cells::give_visit;
use crate::domain::history::event::Oddity;
use crate::domain::history::fold::{Endless, Folded};
use crate::domain::history::place::{near_repeat, place_call};
use crate::domain::history::row::{LogRow, civil_second, is_unique, unique};
use crate::domain::history::twice::distinct;
use crate::domain::history::visit::{Outcome, Visit};
use crate::store::StoreError;

/// The rows of a touched call; those of one that is new are the batch's own.
#[derive(Default)]
pub(super) struct Call<'r> {
    /// As they were; empty for a call that is new.
    pub old: Vec<LogRow>,
    /// As they are now.
    pub new: Cow<'r, [LogRow]>,
}

/// By how much what is odd became more, by kind.
pub(super) type Odd = BTreeMap<Oddity, i64>;

/// What folding calls again changes beside the sums.
#[derive(Default)]
pub(super) struct Refolded {
    /// Visits that are new, less those that are no more.
    pub visits: i64,
    /// Agents whose rings changed, and when.
    pub rang: Touched,
    /// Rows that cannot be understood.
    pub odd_rows: Odd,
    /// Visits that are marked.
    pub odd_visits: Odd,
    /// The calls that may hang together with others: all of them are as they are now.
    pub hung: BTreeSet<SmolStr>,
}

/// Adds rows to the stored ones of their call; `None` when all were known.
pub(super) fn merge<'r>(
    ledger: &mut Ledger<'_, '_>,
    callid: &str,
    rows: &'r [LogRow],
) -> Result<Option<Call<'r>>, StoreError> {
    let old = ledger.rows(callid)?;
    let new = if old.is_empty() && is_unique(rows) {
        Cow::Borrowed(rows)
    } else {
        Cow::Owned(unique(old.iter().chain(rows).cloned()))
    };
    if *new == *old {
        return Ok(None);
    }
    ledger.put(callid, &new)?;
    Ok(Some(Call { old, new }))
}

impl Call<'_> {
    /// A call whose rows are as they were.
    pub(super) fn unchanged(rows: Vec<LogRow>) -> Self {
        Self { old: rows.clone(), new: Cow::Owned(rows) }
    }

    /// Rows that neither source told before.
    pub(super) fn rows_more(&self) -> u64 {
        let number = |rows: &[LogRow]| {
            // Only a file and a table together tell the same twice.
            let both = rows.iter().any(|row| row.instant().is_some())
                && rows.iter().any(|row| row.instant().is_none());
            if both { distinct(rows).len() } else { rows.len() }
        };
        u64::try_from(number(&self.new).saturating_sub(number(&self.old))).unwrap_or(0)
    }
}

/// Folds calls again.
pub(super) struct Refold<'a, 's, 'd> {
    scope: &'s Scope<'d>,
    ledger: &'a mut Ledger<'s, 'd>,
    before: &'a View,
    now: &'a View,
    sums: &'a mut sums::Changes,
    spans: spans::Changes,
    pending: pending::Changes,
    done: Refolded,
}

impl<'a, 's, 'd> Refold<'a, 's, 'd> {
    pub(super) fn new(
        (scope, ledger): (&'s Scope<'d>, &'a mut Ledger<'s, 'd>),
        (before, now): (&'a View, &'a View),
        sums: &'a mut sums::Changes,
    ) -> Self {
        let (spans, pending) = (spans::Changes::default(), pending::Changes::default());
        Self { scope, ledger, before, now, sums, spans, pending, done: Refolded::default() }
    }

    /// Folds the calls again, stores what follows from them, and gives the difference to the sums.
    pub(super) fn run<'r>(
        mut self,
        calls: impl IntoIterator<Item = (SmolStr, Call<'r>)>,
    ) -> Result<Refolded, StoreError> {
        let mut hanging: BTreeMap<SmolStr, Alone<'r>> = BTreeMap::new();
        for (callid, call) in calls {
            let (old, new) = self.both(&call)?;
            count(&mut self.done.odd_rows, &old, -1);
            count(&mut self.done.odd_rows, &new, 1);
            if old.loose.is_empty() && new.loose.is_empty() {
                self.settle(&old.visits, &new.visits);
            } else {
                replace(self.scope, &callid, &old.loose, &new.loose)?;
                hanging.insert(callid, Alone { call, old, new });
            }
        }
        self.spread(&mut hanging)?;
        let (old, _) =
            self.together(&hanging, |alone| (alone.call.old.as_slice(), &alone.old), self.before)?;
        let (new, endless) = self.together(&hanging, |alone| (&*alone.call.new, &alone.new), self.now)?;
        legs::want(self.scope, &endless)?;
        let (old, new) = without_equals(old, new);
        self.settle(&old, &new);
        self.spans.save(self.scope)?;
        self.pending.save(self.scope)?;
        self.done.hung = hanging.into_keys().collect();
        Ok(self.done)
    }

    /// What a call's rows alone give, as they were and as they are.
    fn both(&self, call: &Call<'_>) -> Result<(Folded, Folded), StoreError> {
        Ok((self.before.fold(self.scope, &call.old)?, self.now.fold(self.scope, &call.new)?))
    }

    /// Brings in every callid that hung, or now hangs, together with one that is touched.
    fn spread(&mut self, hanging: &mut BTreeMap<SmolStr, Alone<'_>>) -> Result<(), StoreError> {
        let mut queue: Vec<SmolStr> = hanging.keys().cloned().collect();
        while let Some(callid) = queue.pop() {
            let mut near: BTreeSet<SmolStr> = BTreeSet::new();
            if let Some(alone) = hanging.get(&callid) {
                for loose in alone.old.loose.iter().chain(&alone.new.loose) {
                    near.extend(neighbours(self.scope, loose)?.into_iter().map(SmolStr::from));
                }
            }
            for other in near {
                if !hanging.contains_key(&other) {
                    let call = Call::unchanged(self.ledger.rows(&other)?);
                    let (old, new) = self.both(&call)?;
                    hanging.insert(other.clone(), Alone { call, old, new });
                    queue.push(other);
                }
            }
        }
        Ok(())
    }

    /// The visits of calls that may hang together, as they were or as they are now, and the legs without an end.
    fn together<'h, 'r>(
        &self,
        hanging: &'h BTreeMap<SmolStr, Alone<'r>>,
        side: impl Fn(&'h Alone<'r>) -> (&'h [LogRow], &'h Folded),
        view: &View,
    ) -> Result<(Vec<Visit>, Vec<Endless>), StoreError> {
        let loose: BTreeMap<&str, _> =
            hanging.iter().map(|(callid, alone)| (callid.as_str(), side(alone).1.loose.as_slice())).collect();
        let (mut visits, mut endless) = (Vec::new(), Vec::new());
        for group in groups(&loose) {
            if let [one] = group.as_slice() {
                if let Some(alone) = hanging.get(*one) {
                    visits.extend(side(alone).1.visits.iter().cloned());
                    endless.extend(side(alone).1.endless.iter().cloned());
                }
            } else {
                let rows = group.iter().filter_map(|callid| hanging.get(*callid));
                let rows: Vec<LogRow> = rows.flat_map(|alone| side(alone).0.iter().cloned()).collect();
                let folded = view.fold(self.scope, &rows)?;
                visits.extend(folded.visits);
                endless.extend(folded.endless);
            }
        }
        Ok((visits, endless))
    }

    /// Notes everything that follows from visits that are other than they were.
    fn settle(&mut self, old: &[Visit], new: &[Visit]) {
        if old == new {
            return;
        }
        for (visits, times) in [(old, -1), (new, 1)] {
            for visit in visits {
                give_visit(self.sums, &self.scope.zone, visit, times);
                self.spans.visit(visit, times);
                self.pending.visit(visit, times);
                self.done.visits += times;
                let marks = [
                    (visit.marks.own, Oddity::OwnVisit),
                    (visit.outcome == Outcome::Unresolved, Oddity::Unresolved),
                    (visit.marks.missing_end, Oddity::MissingEnd),
                ];
                for (_, kind) in marks.into_iter().filter(|(holds, _)| *holds) {
                    *self.done.odd_visits.entry(kind).or_default() += times;
                }
            }
        }
        note_rings(old, new, &mut self.done.rang);
    }
}

/// Counts the rows of a callid that cannot be understood.
fn count(odd: &mut Odd, folded: &Folded, times: i64) {
    for (kind, number) in &folded.oddities {
        if matches!(kind, Oddity::UnknownEvent | Oddity::BadNumber) {
            *odd.entry(*kind).or_default() += i64::try_from(*number).unwrap_or(i64::MAX) * times;
        }
    }
}

/// Leaves out the callids whose visits are as they were.
fn without_equals(old: Vec<Visit>, new: Vec<Visit>) -> (Vec<Visit>, Vec<Visit>) {
    let mut calls: BTreeMap<SmolStr, [Vec<Visit>; 2]> = BTreeMap::new();
    for (side, visits) in [old, new].into_iter().enumerate() {
        for visit in visits {
            calls.entry(visit.callid.clone()).or_default()[side].push(visit);
        }
    }
    let changed = calls.into_values().filter(|[old, new]| old != new);
    let (old, new): (Vec<_>, Vec<_>) = changed.map(|[old, new]| (old, new)).unzip();
    (old.concat(), new.concat())
}

fn note_rings(old: &[Visit], new: &[Visit], rang: &mut Touched) {
    if old.is_empty() {
        new.iter()
            .flat_map(|visit| &visit.rings)
            .for_each(|ring| touch(rang, ring.agent.as_str(), ring.start));
        return;
    }
    let rings = |visits: &[Visit]| -> BTreeSet<(String, i64)> {
        let all = visits.iter().flat_map(|visit| &visit.rings);
        all.map(|ring| (ring.agent.as_str().to_owned(), ring.start)).collect()
    };
    for (agent, start) in rings(old).symmetric_difference(&rings(new)) {
        touch(rang, agent, *start);
    }
}

/// The same row under a smaller id: the larger one is none any more, and no hint.
pub(super) fn forget_hints(scope: &Scope<'_>, call: &Call<'_>) -> Result<(), StoreError> {
    for gone in call.old.iter().filter(|row| call.new.iter().all(|kept| kept.id != row.id)) {
        scope
            .db
            .prepare_cached("DELETE FROM hint WHERE pbx = ?1 AND id = ?2")?
            .execute(params![scope.pbx, gone.id])?;
    }
    Ok(())
}

/// A table's rows near a repeated hour tell its rows without a callid which pass they belong to. (Those of a file stand
/// in no order of ids with them.) `hinted`: the local time of such rows, if there were any.
pub(super) fn hint(
    scope: &Scope<'_>,
    rows: &[LogRow],
    hinted: &mut Option<(i64, i64)>,
) -> Result<(), StoreError> {
    if !rows.iter().any(|row| row.instant().is_none() && near_repeat(&scope.zone, row.local)) {
        return Ok(());
    }
    let rows: Vec<&LogRow> = rows.iter().filter(|row| row.instant().is_none()).collect();
    let mut insert =
        scope.db.prepare_cached("INSERT OR REPLACE INTO hint (pbx, id, shift) VALUES (?1, ?2, ?3)")?;
    for (row, at) in rows.iter().zip(place_call(&scope.zone, &rows)) {
        let local = civil_second(row.local);
        insert.execute(params![scope.pbx, row.id, local - at])?;
        let (from, to) = hinted.get_or_insert((local, local));
        *from = (*from).min(local);
        *to = (*to).max(local);
    }
    Ok(())
}
