//! Everything that is folded, made anew from the stored rows.

use std::collections::BTreeSet;

use rusqlite::params;

use super::agents::Touched;
use super::batch::refold_all;
use super::{Scope, identity};
use crate::store::StoreError;

/// Calls folded together; more would only cost memory.
const AT_ONCE: usize = 2000;

/// Throws away what is folded and folds again: after a change of the zone or of the fold.
pub(super) fn rebuild(scope: &Scope<'_>) -> Result<(), StoreError> {
    for table in ["visit", "loose", "presence", "interval", "cell", "hint"] {
        scope.db.execute(&format!("DELETE FROM {table} WHERE pbx = ?1"), params![scope.pbx])?;
    }
    scope.db.execute("UPDATE call SET joined = NULL WHERE pbx = ?1", params![scope.pbx])?;
    let mut after = String::new();
    loop {
        let mut statement = scope.db.prepare_cached(
            "SELECT callid FROM call WHERE pbx = ?1 AND callid > ?2 ORDER BY callid LIMIT ?3",
        )?;
        let limit = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
        let callids: BTreeSet<String> = statement
            .query_map(params![scope.pbx, after, limit], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let Some(last) = callids.last() else { break };
        after.clone_from(last);
        refold_all(scope, callids, Touched::new())?;
    }
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
    refold_all(scope, BTreeSet::new(), agents)?;
    identity::settle(scope).map(|_| ())
}
