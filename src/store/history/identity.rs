//! Which agent an interface is, as stored, and what a change of that touches: exactly those agents and calls are folded
//! again, in the transaction of the change.
//!
//! | file | does |
//! |---|---|
//! | `edit` | what lists of members, the cdr and administrators say |

mod edit;

use std::collections::BTreeSet;
use std::rc::Rc;

use rusqlite::params;

use super::agents::{Touched, touch};
use super::batch::refold_all;
use super::ledger::Ledger;
use super::{SEPARATOR, Scope, View, lone};
use crate::domain::history::identity::{Identities, Mapping, Source, base, is_mappable};
use crate::domain::history::place::place_lone;
use crate::domain::history::row::LogRow;
use crate::domain::history::visit::{Outcome, Visit};
use crate::domain::ids::AgentName;
use crate::store::StoreError;

pub(super) use edit::{believe_cdr, take_witness};

/// Calls folded together; more would only cost memory.
const AT_ONCE: usize = 2000;
/// In a repeated hour a row may turn out to be this much off, seconds; and a little for rows that two sources tell.
const SLACK: i64 = 7200 + 4;

impl Scope<'_> {
    /// The map of names.
    pub(super) fn identities(&self) -> Result<Rc<Identities>, StoreError> {
        if let Some(known) = self.identities.borrow().as_ref() {
            return Ok(Rc::clone(known));
        }
        let read = Rc::new(load(self)?);
        self.identities.replace(Some(Rc::clone(&read)));
        Ok(read)
    }
}

fn load(scope: &Scope<'_>) -> Result<Identities, StoreError> {
    let mut statement = scope.db.prepare_cached(
        "SELECT interface, source, valid_from, agent FROM identity WHERE pbx = ?1 ORDER BY interface",
    )?;
    let mut rows = statement.query(params![scope.pbx])?;
    let mut mappings = Vec::new();
    while let Some(row) = rows.next()? {
        let (word, agents): (String, String) = (row.get(1)?, row.get(3)?);
        // A source of a later version says nothing to this one.
        let Some(source) = Source::of_word(&word) else { continue };
        let agents = agents.split(SEPARATOR).map(AgentName::new).collect();
        mappings.push(Mapping { interface: row.get(0)?, from: row.get(2)?, agents, source });
    }
    let mut statement = scope.db.prepare_cached(
        "SELECT agent FROM spelling WHERE pbx = ?1 AND base IN
         (SELECT base FROM spelling WHERE pbx = ?1 GROUP BY base HAVING count(*) > 1)",
    )?;
    let ways = statement.query_map(params![scope.pbx], |row| row.get(0))?;
    Ok(Identities::new(mappings).with_spellings(ways.collect::<Result<Vec<_>, _>>()?))
}

/// Notes which interfaces the rows of a callid mention in the agent column.
pub(super) fn mention(scope: &Scope<'_>, callid: &str, rows: &[LogRow]) -> Result<(), StoreError> {
    let written: BTreeSet<&str> =
        rows.iter().map(|row| row.agent.trim()).filter(|text| is_mappable(text)).collect();
    for text in written {
        note(scope, text)?;
        scope
            .db
            .prepare_cached("INSERT OR IGNORE INTO mention (pbx, agent, callid) VALUES (?1, ?2, ?3)")?
            .execute(params![scope.pbx, text, callid])?;
    }
    Ok(())
}

/// Notes that rows have this text in the agent column, where it is an interface.
pub(super) fn note(scope: &Scope<'_>, text: &str) -> Result<(), StoreError> {
    if !is_mappable(text) {
        return Ok(());
    }
    // What is stored was folded with the map without it: see `settle`.
    scope.identities()?;
    let new = scope
        .db
        .prepare_cached("INSERT OR IGNORE INTO spelling (pbx, base, agent) VALUES (?1, ?2, ?3)")?
        .execute(params![scope.pbx, base(text), text])?;
    if new > 0 {
        scope.spelled.set(true);
    }
    Ok(())
}

/// After rows were taken in: where an interface turns out to be written in several ways, they are made one.
pub(super) fn settle(scope: &Scope<'_>) -> Result<bool, StoreError> {
    if scope.spelled.replace(false) { change(scope, |_| Ok(())) } else { Ok(false) }
}

/// The texts of the agent column that may be this agent.
pub(super) fn texts_of(scope: &Scope<'_>, agent: &str) -> Result<BTreeSet<String>, StoreError> {
    let identities = scope.identities()?;
    let mut texts = BTreeSet::from([agent.to_owned()]);
    let own = is_mappable(agent).then_some(agent);
    for interface in identities.interfaces_of(agent).chain(own) {
        texts.extend(spellings(scope, interface)?.into_iter().filter(|text| identities.can_be(text, agent)));
    }
    Ok(texts)
}

/// The texts of the agent column near an interface.
fn spellings(scope: &Scope<'_>, interface: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = scope.db.prepare_cached("SELECT agent FROM spelling WHERE pbx = ?1 AND base = ?2")?;
    let texts = statement.query_map(params![scope.pbx, base(interface)], |row| row.get(0))?;
    Ok(texts.collect::<Result<_, _>>()?)
}

/// Marks the visits whose talk may go on after a transfer that Asterisk did not see.
pub(super) fn mark(scope: &Scope<'_>, visits: &mut [Visit]) -> Result<(), StoreError> {
    let mut statement = scope.db.prepare_cached("SELECT 1 FROM local_call WHERE pbx = ?1 AND callid = ?2")?;
    let mut by_cdr = BTreeSet::new();
    for visit in visits.iter().filter(|visit| visit.outcome == Outcome::Answered) {
        if statement.exists(params![scope.pbx, visit.callid.as_str()])? {
            by_cdr.insert(visit.callid.to_string());
        }
    }
    scope.identities()?.mark(visits, &by_cdr);
    Ok(())
}

/// Makes a change of the map, and folds again what it touches. Says whether anything is another's now.
fn change(
    scope: &Scope<'_>,
    edit: impl FnOnce(&Scope<'_>) -> Result<(), StoreError>,
) -> Result<bool, StoreError> {
    let view = View::of(scope)?;
    edit(scope)?;
    let after = Rc::new(load(scope)?);
    scope.identities.replace(Some(Rc::clone(&after)));
    let (before, now) = (Rc::clone(&view.identities), View::of(scope)?);
    let mut texts = BTreeSet::new();
    for interface in after.differing(&before) {
        texts.extend(spellings(scope, &interface)?);
    }
    let (mut agents, mut touched) = (Touched::new(), BTreeSet::new());
    for text in &texts {
        touch_agents(scope, text, (&before, &after), &mut agents)?;
        touch_calls(scope, text, (&before, &after), &mut touched)?;
    }
    let changed = !(agents.is_empty() && touched.is_empty());
    while !touched.is_empty() {
        let some: BTreeSet<String> = touched.iter().take(AT_ONCE).cloned().collect();
        touched.retain(|callid| !some.contains(callid));
        // Those that hang together with them are done with them.
        let done = refold_all(scope, (&view, &now), some, Touched::new())?;
        touched.retain(|callid| !done.contains(callid.as_str()));
    }
    refold_all(scope, (&view, &now), BTreeSet::new(), agents)?;
    Ok(changed)
}

/// The agents that gain or lose rows which belong to no call.
fn touch_agents(
    scope: &Scope<'_>,
    text: &str,
    (before, after): (&Identities, &Identities),
    agents: &mut Touched,
) -> Result<(), StoreError> {
    let hints = scope.hints()?;
    for row in lone::between(scope, text, (i64::MIN, i64::MAX))? {
        let (was, is) = (before.of_row(&scope.zone, &row), after.of_row(&scope.zone, &row));
        if was != is {
            let at = place_lone(&scope.zone, &row, &hints);
            for agent in [&was, &is] {
                touch(agents, agent.as_str(), at - SLACK);
                touch(agents, agent.as_str(), at + SLACK);
            }
        }
    }
    Ok(())
}

/// The calls in which the interface is another's now.
fn touch_calls(
    scope: &Scope<'_>,
    text: &str,
    (before, after): (&Identities, &Identities),
    touched: &mut BTreeSet<String>,
) -> Result<(), StoreError> {
    let mut statement =
        scope.db.prepare_cached("SELECT callid FROM mention WHERE pbx = ?1 AND agent = ?2")?;
    let mut rows = statement.query(params![scope.pbx, text])?;
    let mut ledger = Ledger::new(scope);
    while let Some(row) = rows.next()? {
        let callid: String = row.get(0)?;
        if touched.contains(&callid) {
            continue;
        }
        let rows = ledger.rows(&callid)?;
        if before.name_call(&scope.zone, &rows) != after.name_call(&scope.zone, &rows) {
            touched.insert(callid);
        }
    }
    Ok(())
}
