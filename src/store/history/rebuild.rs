//! Everything that is folded, made anew from the stored rows.

use std::collections::BTreeMap;

use rusqlite::params;
use smol_str::SmolStr;

use super::agents::Touched;
use super::batch::fold_anew;
use super::calls::{Call, hint};
use super::ledger::{self, Ledger};
use super::{Scope, View, changes, identity, purge, record, work_kept};
use crate::domain::history::event::Oddity;
use crate::domain::history::row::unpack;
use crate::store::StoreError;

/// Segments folded together: a few thousand calls; more would only cost memory.
const AT_ONCE: i64 = 24;
/// Calls of the first schema moved together.
const MOVED: i64 = 2000;

/// Throws away what is folded and folds again: after a change of the zone or of the fold.
pub(super) fn rebuild(scope: &Scope<'_>) -> Result<(), StoreError> {
    purge::set_aside(scope)?;
    for table in ["loose", "pending", "presence", "span", "day", "month", "hint"] {
        scope.db.execute(&format!("DELETE FROM {table} WHERE pbx = ?1"), params![scope.pbx])?;
    }
    work_kept::forget(scope)?;
    changes::note_all(scope)?;
    for kind in [Oddity::OwnVisit, Oddity::Unresolved, Oddity::MissingEnd] {
        let key = params![scope.pbx, kind.as_str()];
        scope.db.execute("DELETE FROM oddity WHERE pbx = ?1 AND kind = ?2", key)?;
    }
    // The starts of Asterisk may stand in a repeated hour: the hints come first.
    each_part(scope, |_, calls| {
        calls.iter().try_for_each(|(callid, call)| {
            identity::mention(scope, callid, &call.new)?;
            hint(scope, &call.new, &mut None)
        })
    })?;
    let view = View::of(scope)?;
    each_part(scope, |ledger, calls| {
        for (callid, call) in &calls {
            // The times of a file's rows are local ones of the zone that is now.
            if call.new.iter().any(|row| row.instant().is_some()) {
                ledger.put(callid, &call.new)?;
            }
        }
        fold_anew(scope, ledger, &view, calls, Touched::new())?;
        ledger.save()
    })?;
    let mut statement = scope.db.prepare_cached(
        "SELECT agent FROM agent_row WHERE pbx = ?1 UNION SELECT agent FROM file_row WHERE pbx = ?1",
    )?;
    let written: Vec<String> =
        statement.query_map(params![scope.pbx], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut agents = Touched::new();
    for text in written {
        identity::note(scope, &text)?;
        let ever = scope.identities()?.ever(&text);
        agents.extend(ever.iter().map(|agent| (agent.to_string(), (0, i64::MAX / 2))));
    }
    fold_anew(scope, &mut Ledger::new(scope), &view, BTreeMap::new(), agents)?;
    identity::settle(scope)?;
    purge::bring_back(scope)
}

/// Gives all calls to `work`, some segments at a time.
fn each_part<'s, 'd>(
    scope: &'s Scope<'d>,
    mut work: impl FnMut(&mut Ledger<'s, 'd>, BTreeMap<SmolStr, Call<'_>>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut after = i64::MIN;
    loop {
        let buckets = ledger::following(scope, after, AT_ONCE)?;
        let Some(last) = buckets.last() else { return Ok(()) };
        after = *last;
        let mut ledger = Ledger::new(scope);
        let mut calls = BTreeMap::new();
        for bucket in buckets {
            let Some(segment) = ledger::load(scope, bucket)? else { continue };
            for (callid, _) in segment.stored() {
                let new = ledger.rows(callid)?;
                calls.insert(callid.into(), Call { old: Vec::new(), new: new.into() });
            }
        }
        work(&mut ledger, calls)?;
    }
}

/// Moves the calls of the first schema into segments.
pub(super) fn move_calls(scope: &Scope<'_>) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let mut statement = scope.db.prepare_cached(
            "SELECT callid, rows FROM call_before WHERE pbx = ?1 AND callid > ?2 ORDER BY callid LIMIT ?3",
        )?;
        let some: Vec<(String, Vec<u8>)> = statement
            .query_map(params![scope.pbx, after, MOVED], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let Some((last, _)) = some.last() else { return Ok(()) };
        after.clone_from(last);
        let mut ledger = Ledger::new(scope);
        for (callid, bytes) in &some {
            let mut rows = unpack(bytes).map_err(record)?;
            rows.iter_mut().for_each(|row| row.settle(&scope.zone));
            ledger.put(callid, &rows)?;
        }
        ledger.save()?;
    }
}
