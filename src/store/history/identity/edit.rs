//! What lists of members, the cdr and administrators say of who is who.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::super::{SEPARATOR, Scope};
use super::change;
use crate::domain::account::Actor;
use crate::domain::history::event::{Event, parse};
use crate::domain::history::identity::{
    AGREEING, Identities, Mapping, Membership, Source, Unresolved, Witness, infer, is_mappable, key, moment,
    observe, of_channel, unresolved,
};
use crate::domain::history::row::{LogRow, civil_second};
use crate::domain::ids::{AgentName, PbxName};
use crate::store::history::CdrRow;
use crate::store::journal::{self, JournalEntry};
use crate::store::{Store, StoreError};

impl Store {
    /// The map of names of a PBX.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn identities(&self, pbx: &PbxName) -> Result<Identities, StoreError> {
        self.of(pbx, |scope| Ok(Identities::clone(&*scope.identities()?))).await
    }

    /// The interfaces that are nobody's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn unresolved(&self, pbx: &PbxName) -> Result<Vec<Unresolved>, StoreError> {
        self.of(pbx, |scope| {
            let mut statement = scope.db.prepare_cached("SELECT agent FROM spelling WHERE pbx = ?1")?;
            let texts = statement.query_map(params![scope.pbx], |row| row.get(0))?;
            let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
            Ok(unresolved(&*scope.identities()?, texts.iter().map(String::as_str)))
        })
        .await
    }

    /// Takes in a list of members as it is at the UTC second `at`. Says whether any row is another's now; `None` while
    /// the PBX has no history.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_members(
        &self,
        pbx: &PbxName,
        source: Source,
        at: i64,
        members: Vec<Membership>,
    ) -> Result<Option<bool>, StoreError> {
        let pbx = pbx.clone();
        self.write(move |db| {
            let Some(scope) = Scope::find(db, &pbx)? else { return Ok(None) };
            let new = observe(&*scope.identities()?, source, at, &members);
            if new.is_empty() {
                return Ok(Some(false));
            }
            change(&scope, |scope| new.iter().try_for_each(|mapping| put(scope, mapping))).map(Some)
        })
        .await
    }

    /// Takes an administrator's word that an interface is an agent's from the UTC second `from` on (0: always), and
    /// journals it. Says whether any row is another's now.
    ///
    /// # Errors
    /// When the PBX was never registered or the database refuses.
    pub async fn set_identity(
        &self,
        now: Timestamp,
        actor: &Actor,
        pbx: &PbxName,
        (interface, from, agent): (&str, i64, &str),
    ) -> Result<bool, StoreError> {
        let (actor, pbx) = (actor.clone(), pbx.clone());
        let mapping = Mapping {
            interface: interface.trim().to_owned(),
            from,
            agents: vec![AgentName::new(agent.trim())],
            source: Source::Admin,
        };
        self.write(move |tx| {
            let scope = Scope::get(tx, &pbx)?;
            let before = words(&*scope.identities()?, &mapping.interface);
            let changed = change(&scope, |scope| {
                forget(scope, &mapping.interface, Some(from))?;
                put(scope, &mapping)
            })?;
            let after = words(&*scope.identities()?, &mapping.interface);
            let entry = JournalEntry::new(&actor, "identity", format!("{pbx} {}", mapping.interface));
            journal::append(tx, now, &entry.changing(before, after), Some("ok"), None)?;
            Ok(changed)
        })
        .await
    }

    /// Takes back what administrators said of an interface, all of it or what began at the UTC second `from`, and
    /// journals it. Says how many words were taken back.
    ///
    /// # Errors
    /// When the PBX was never registered or the database refuses.
    pub async fn remove_identity(
        &self,
        now: Timestamp,
        actor: &Actor,
        pbx: &PbxName,
        interface: &str,
        from: Option<i64>,
    ) -> Result<usize, StoreError> {
        let (actor, pbx, interface) = (actor.clone(), pbx.clone(), interface.trim().to_owned());
        self.write(move |tx| {
            let scope = Scope::get(tx, &pbx)?;
            let before = words(&*scope.identities()?, &interface);
            let mut gone = 0;
            change(&scope, |scope| {
                gone = forget(scope, &interface, from)?;
                Ok(())
            })?;
            if gone > 0 {
                let after = words(&*scope.identities()?, &interface);
                let entry = JournalEntry::new(&actor, "identity", format!("{pbx} {interface}"));
                journal::append(tx, now, &entry.changing(before, after), Some("ok"), None)?;
            }
            Ok(gone)
        })
        .await
    }
}

fn put(scope: &Scope<'_>, mapping: &Mapping) -> Result<(), StoreError> {
    let agents: Vec<&str> = mapping.agents.iter().map(AgentName::as_str).collect();
    scope
        .db
        .prepare_cached(
            "INSERT OR REPLACE INTO identity (pbx, interface, source, valid_from, agent) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            scope.pbx,
            mapping.interface,
            mapping.source.as_str(),
            mapping.from,
            agents.join(&SEPARATOR.to_string())
        ])?;
    Ok(())
}

/// Removes administrators' words of an interface; says how many.
fn forget(scope: &Scope<'_>, interface: &str, from: Option<i64>) -> Result<usize, StoreError> {
    let identities = scope.identities()?;
    let own = identities.of(interface).iter().filter(|mapping| mapping.source == Source::Admin);
    let mut gone = 0;
    for mapping in own.filter(|mapping| from.is_none_or(|from| mapping.from == from)) {
        gone += scope
            .db
            .prepare_cached(
                "DELETE FROM identity WHERE pbx = ?1 AND interface = ?2 AND source = 'admin' AND valid_from = ?3",
            )?
            .execute(params![scope.pbx, mapping.interface, mapping.from])?;
    }
    Ok(gone)
}

/// What administrators say of an interface, for the journal.
fn words(identities: &Identities, interface: &str) -> Option<String> {
    let own = identities.of(interface).iter().filter(|mapping| mapping.source == Source::Admin);
    let word = |mapping: &Mapping| {
        let agent = mapping.agent().map_or("", AgentName::as_str);
        match Timestamp::from_second(mapping.from) {
            Ok(from) if mapping.from > 0 => format!("{agent} from {from}"),
            _ => agent.to_owned(),
        }
    };
    let words: Vec<String> = own.map(word).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// Notes what a row of the cdr tells of a phone: the earliest answered one of the callid in a queue names the channel of
/// whoever answered first. `rows`: of the call.
pub(in crate::store::history) fn take_witness(
    scope: &Scope<'_>,
    rows: &[LogRow],
    row: &CdrRow,
) -> Result<(), StoreError> {
    let Some(interface) = of_channel(&row.dstchannel) else { return Ok(()) };
    if !row.disposition.eq_ignore_ascii_case("ANSWERED") {
        return Ok(());
    }
    if key(interface).starts_with("local/") {
        scope
            .db
            .prepare_cached("INSERT OR IGNORE INTO local_call (pbx, callid) VALUES (?1, ?2)")?
            .execute(params![scope.pbx, row.uniqueid])?;
    }
    let connects =
        rows.iter().filter(|row| matches!(parse(row), Ok(Event::Connect { .. })) && row.has_agent());
    let first = connects.map(|row| (moment(&scope.zone, row), row.id, row.agent.trim())).min();
    let Some((at, _, agent)) = first.filter(|(.., agent)| !is_mappable(agent)) else { return Ok(()) };
    let start = civil_second(row.start);
    let known: Option<i64> = scope
        .db
        .prepare_cached("SELECT start FROM witness WHERE pbx = ?1 AND callid = ?2")?
        .query_row(params![scope.pbx, row.uniqueid], |row| row.get(0))
        .optional()?;
    if known.is_some_and(|known| known <= start) {
        return Ok(());
    }
    scope
        .db
        .prepare_cached(
            "INSERT OR REPLACE INTO witness (pbx, callid, start, interface, agent, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![scope.pbx, row.uniqueid, start, interface, agent, at])?;
    Ok(())
}

/// Brings the map up to what the calls tell. Of each pair only the first few calls are kept.
pub(in crate::store::history) fn believe_cdr(scope: &Scope<'_>) -> Result<bool, StoreError> {
    let witnesses = witnesses(scope)?;
    let mut pairs: std::collections::BTreeMap<(String, &AgentName), Vec<&Witness>> =
        std::collections::BTreeMap::new();
    for witness in &witnesses {
        pairs.entry((key(&witness.interface), &witness.agent)).or_default().push(witness);
    }
    let mut drop = scope.db.prepare_cached("DELETE FROM witness WHERE pbx = ?1 AND callid = ?2")?;
    for own in pairs.values_mut().filter(|own| own.len() > AGREEING) {
        own.sort_by_key(|witness| (witness.at, &witness.callid));
        for witness in &own[AGREEING..] {
            drop.execute(params![scope.pbx, witness.callid])?;
        }
    }
    let identities = scope.identities()?;
    let known: BTreeSet<_> =
        identities.mappings().filter(|mapping| mapping.source == Source::Cdr).map(line).collect();
    let found = infer(&witnesses);
    if found.iter().map(line).collect::<BTreeSet<_>>() == known {
        return Ok(false);
    }
    change(scope, |scope| {
        scope.db.execute("DELETE FROM identity WHERE pbx = ?1 AND source = 'cdr'", params![scope.pbx])?;
        found.iter().try_for_each(|mapping| put(scope, mapping))
    })
}

fn line(mapping: &Mapping) -> (String, i64, Vec<AgentName>) {
    (mapping.interface.clone(), mapping.from, mapping.agents.clone())
}

fn witnesses(scope: &Scope<'_>) -> Result<Vec<Witness>, StoreError> {
    let mut statement = scope
        .db
        .prepare_cached("SELECT interface, agent, at, callid FROM witness WHERE pbx = ?1 ORDER BY callid")?;
    let rows = statement.query_map(params![scope.pbx], |row| {
        let agent = AgentName::new(row.get::<_, String>(1)?);
        Ok(Witness { interface: row.get(0)?, agent, at: row.get(2)?, callid: row.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
