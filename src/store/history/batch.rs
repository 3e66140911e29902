//! One batch of rows, in one transaction.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rusqlite::params;
use smol_str::SmolStr;

use super::agents::{self, Touched};
use super::calls::{self, Call, Odd, Refolded};
use super::grouped::Grouped;
use super::ledger::Ledger;
use super::{FILE_CLOCK, Scope, View, identity, late, lone, pending, purge, sums};
use crate::domain::history::event::Oddity;
use crate::domain::history::row::{LogRow, civil_second};
use crate::domain::ids::PbxName;
use crate::domain::quick::QuickMap;
use crate::store::{Store, StoreError};

/// Rows read from a PBX, to be stored together.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Which PBX.
    pub pbx: PbxName,
    /// The rows of a table or of a file, in any order; known ones change nothing.
    pub rows: Vec<LogRow>,
    /// Rows that could not be read, by kind.
    pub oddities: BTreeMap<Oddity, u64>,
    /// Where reading of `queue_log` stands after this batch; `None` leaves it.
    pub cursor: Option<i64>,
}

/// What a batch changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Rows that were not known.
    pub rows: u64,
    /// Visits that were not there.
    pub visits: u64,
    /// Whether any cell changed.
    pub changed: bool,
    /// Rows that are older than what is kept: not taken.
    pub too_old: u64,
}

impl Store {
    /// Stores a batch: rows, what is folded again because of them, the cells' differences and the cursor, in one
    /// transaction.
    ///
    /// # Errors
    /// When the PBX was never registered or the database refuses; nothing is stored then.
    pub async fn apply_batch(&self, batch: Batch) -> Result<Applied, StoreError> {
        self.write(move |db| {
            let mut scope = Scope::get(db, &batch.pbx)?;
            apply(&mut scope, batch, false)
        })
        .await
    }

    /// The same for rows that a table has, though they may tell instants as a file's do: they can be late.
    ///
    /// # Errors
    /// As [`Store::apply_batch`].
    pub async fn apply_of_table(&self, batch: Batch) -> Result<Applied, StoreError> {
        self.write(move |db| {
            let mut scope = Scope::get(db, &batch.pbx)?;
            apply(&mut scope, batch, true)
        })
        .await
    }
}

/// Stores a batch; `of_table`: also its rows that tell instants are a table's.
pub(super) fn apply(scope: &mut Scope<'_>, mut batch: Batch, of_table: bool) -> Result<Applied, StoreError> {
    batch.rows.iter_mut().for_each(|row| row.settle(&scope.zone));
    let too_old = purge::leave_out(scope, &mut batch.rows)?;
    let before = View::of(scope)?;
    late::note_rows(scope, &batch.rows, of_table)?;
    note_clock(scope, &batch.rows)?;
    note_queues(scope, &batch.rows)?;
    let scope = &*scope;
    let mut odd: Odd = BTreeMap::new();
    for (kind, number) in batch.oddities {
        odd.insert(kind, i64::try_from(number).unwrap_or(i64::MAX));
    }
    let mut applied = Applied { too_old, ..Applied::default() };
    let mut agents = Touched::new();
    let hints = scope.hints()?;
    let grouped = Grouped::of(batch.rows);
    for row in grouped.lone() {
        applied.rows += lone::add(scope, row, &hints, &mut agents, &mut odd)?;
    }
    let mut ledger = Ledger::new(scope);
    let mut hinted = None;
    let mut touched: Vec<(SmolStr, Call<'_>)> = Vec::new();
    for rows in grouped.calls() {
        let callid = &rows[0].callid;
        if let Some(call) = calls::merge(&mut ledger, callid, rows)? {
            applied.rows += call.rows_more();
            calls::forget_hints(scope, &call)?;
            calls::hint(scope, &call.new, &mut hinted)?;
            identity::mention(scope, callid, &call.new)?;
            touched.push((callid.clone(), call));
        }
    }
    let now = View::of(scope)?;
    overdue(scope, (&before, &now), &mut ledger, &mut touched, &mut agents)?;
    if let Some(span) = hinted {
        agents::touched_by_hints(scope, span, &mut agents)?;
    }
    let work = Work { calls: touched, agents };
    let done = refold(scope, &mut ledger, (&before, &now), work)?;
    ledger.save()?;
    applied.changed = done.changed | identity::settle(scope)?;
    applied.visits = u64::try_from(done.visits).unwrap_or(0);
    for kinds in [done.odd_rows, done.odd_visits] {
        kinds.into_iter().for_each(|(kind, more)| *odd.entry(kind).or_default() += more);
    }
    note_oddities(scope, &odd)?;
    if let Some(cursor) = batch.cursor {
        set_cursor(scope, "queue_log", cursor)?;
    }
    Ok(applied)
}

/// What is folded again.
struct Work<'r> {
    calls: Vec<(SmolStr, Call<'r>)>,
    agents: Touched,
}

/// What folding again changed.
struct Done {
    visits: i64,
    changed: bool,
    odd_rows: Odd,
    odd_visits: Odd,
    hung: BTreeSet<SmolStr>,
}

/// Folds again what is touched, first the calls, then the agents, whose pauses their rings end.
fn refold<'s, 'd>(
    scope: &'s Scope<'d>,
    ledger: &mut Ledger<'s, 'd>,
    (before, now): (&View, &View),
    mut work: Work<'_>,
) -> Result<Done, StoreError> {
    let mut sums = sums::Changes::default();
    let refolded = calls::Refold::new((scope, ledger), (before, now), &mut sums).run(work.calls)?;
    if !refolded.rang.is_empty() {
        agents::touched_by_rings(scope, &refolded.rang, &mut work.agents)?;
    }
    agents::refold(scope, &work.agents, &now.starts, &mut sums)?;
    let changed = sums.save(scope)?;
    let Refolded { visits, odd_rows, odd_visits, hung, .. } = refolded;
    Ok(Done { visits, changed, odd_rows, odd_visits, hung })
}

/// What starts of Asterisk and the log's clock touch beside the rows.
fn overdue(
    scope: &Scope<'_>,
    (before, now): (&View, &View),
    ledger: &mut Ledger<'_, '_>,
    calls: &mut Vec<(SmolStr, Call<'_>)>,
    agents: &mut Touched,
) -> Result<(), StoreError> {
    let [had, have] = [before, now].map(|view| view.starts.iter().copied().collect::<BTreeSet<_>>());
    let moved: Vec<i64> = had.symmetric_difference(&have).copied().collect();
    let mut pending = pending::touched(scope, now.log_clock, &moved)?;
    if !pending.is_empty() {
        let touched: HashSet<&str> = calls.iter().map(|(callid, _)| callid.as_str()).collect();
        pending.retain(|callid| !touched.contains(callid.as_str()));
    }
    for callid in pending {
        let rows = ledger.rows(&callid)?;
        calls.push((callid.into(), Call::unchanged(rows)));
    }
    for start in moved {
        agents::touched_by_start(scope, start, agents)?;
    }
    agents::touched_by_clock(scope, agents)
}

/// The log's own clock goes on to the newest row of each source.
fn note_clock(scope: &mut Scope<'_>, rows: &[LogRow]) -> Result<(), StoreError> {
    let table = rows.iter().filter(|row| row.instant().is_none()).map(|row| civil_second(row.local)).max();
    if let Some(newest) = table.filter(|newest| *newest > scope.log_local) {
        scope.log_local = newest;
        scope
            .db
            .prepare_cached("UPDATE pbx SET log_local = ?2 WHERE id = ?1")?
            .execute(params![scope.pbx, newest])?;
    }
    if let Some(newest) = rows.iter().filter_map(LogRow::instant).max()
        && newest > scope.file_clock
    {
        scope.file_clock = newest;
        set_cursor(scope, FILE_CLOCK, newest)?;
    }
    Ok(())
}

fn note_queues(scope: &Scope<'_>, rows: &[LogRow]) -> Result<(), StoreError> {
    // As written first: a batch has few queues, each written in one way or two.
    let mut written: QuickMap<&str, i64> = QuickMap::default();
    for row in rows.iter().filter(|row| !row.queue.is_empty()) {
        let seen = written.entry(&row.queue).or_insert(row.id);
        *seen = row.id.min(*seen);
    }
    let mut first: BTreeMap<String, (i64, &str)> = BTreeMap::new();
    for (queue, id) in written.into_iter().filter(|(queue, _)| !queue.eq_ignore_ascii_case("NONE")) {
        let seen = first.entry(queue.to_ascii_lowercase()).or_insert((id, queue));
        *seen = (*seen).min((id, queue));
    }
    let mut statement = scope.db.prepare_cached(
        "INSERT INTO queue (pbx, folded, name, first_id) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (pbx, folded) DO UPDATE SET name = excluded.name, first_id = excluded.first_id
         WHERE excluded.first_id < queue.first_id",
    )?;
    for (folded, (id, name)) in first {
        statement.execute(params![scope.pbx, folded, name, id])?;
    }
    Ok(())
}

fn note_oddities(scope: &Scope<'_>, odd: &Odd) -> Result<(), StoreError> {
    let mut statement = scope.db.prepare_cached(
        "INSERT INTO oddity (pbx, kind, number) VALUES (?1, ?2, ?3)
         ON CONFLICT (pbx, kind) DO UPDATE SET number = number + excluded.number",
    )?;
    for (kind, number) in odd.iter().filter(|(_, number)| **number != 0) {
        statement.execute(params![scope.pbx, kind.as_str(), number])?;
    }
    if odd.values().any(|number| *number < 0) {
        scope
            .db
            .prepare_cached("DELETE FROM oddity WHERE pbx = ?1 AND number = 0")?
            .execute(params![scope.pbx])?;
    }
    Ok(())
}

/// Notes where reading of a source stands.
pub(super) fn set_cursor(scope: &Scope<'_>, source: &str, position: i64) -> Result<(), StoreError> {
    scope
        .db
        .prepare_cached(
            "INSERT INTO cursor (pbx, source, position) VALUES (?1, ?2, ?3)
             ON CONFLICT (pbx, source) DO UPDATE SET position = excluded.position",
        )?
        .execute(params![scope.pbx, source, position])?;
    Ok(())
}

/// Folds calls and agents as if nothing of them had been folded; for a rebuild.
pub(super) fn fold_anew<'s, 'd>(
    scope: &'s Scope<'d>,
    ledger: &mut Ledger<'s, 'd>,
    view: &View,
    calls: BTreeMap<SmolStr, Call<'_>>,
    agents: Touched,
) -> Result<(), StoreError> {
    let work = Work { calls: calls.into_iter().collect(), agents };
    let done = refold(scope, ledger, (view, view), work)?;
    note_oddities(scope, &done.odd_visits)
}

/// Folds calls and agents again of which no row is new, because something else changed from the one view to the other.
/// Gives the calls beside them that were folded again, too.
pub(super) fn refold_all(
    scope: &Scope<'_>,
    views: (&View, &View),
    calls: BTreeSet<String>,
    agents: Touched,
) -> Result<BTreeSet<SmolStr>, StoreError> {
    let mut ledger = Ledger::new(scope);
    let mut work = Work { calls: Vec::new(), agents };
    for callid in calls {
        let call = Call::unchanged(ledger.rows(&callid)?);
        work.calls.push((callid.into(), call));
    }
    let done = refold(scope, &mut ledger, views, work)?;
    note_oddities(scope, &done.odd_visits)?;
    Ok(done.hung)
}
