//! What lists of members and the cdr tell of the map, and what stays unresolved.

use std::collections::{BTreeMap, BTreeSet};

use super::{Identities, Mapping, Source, key};
use crate::domain::ids::{AgentName, QueueName};

/// So many calls must agree before the cdr is believed.
pub const AGREEING: usize = 3;

/// A member as a list has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Membership {
    /// Of which queue.
    pub queue: QueueName,
    /// Its interface as written.
    pub interface: String,
    /// The member's name; empty, or the interface itself, where it has none.
    pub name: String,
}

/// A call that an agent answered, beside the phone that the earliest fitting row of the cdr says was connected.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Witness {
    /// The phone's interface: the channel, cut at the last dash.
    pub interface: String,
    /// The agent as the CONNECT names him.
    pub agent: AgentName,
    /// When he answered, UTC.
    pub at: i64,
    /// Which call.
    pub callid: String,
}

/// What a list of members, as it is at the UTC second `at`, adds to the map: nothing for an interface of which the
/// source says the same already.
pub fn observe(known: &Identities, source: Source, at: i64, members: &[Membership]) -> Vec<Mapping> {
    let mut seen: BTreeMap<String, (&str, BTreeSet<AgentName>)> = BTreeMap::new();
    for member in members {
        let (interface, name) = (member.interface.trim(), member.name.trim());
        if interface.is_empty() || name.is_empty() || key(name) == key(interface) {
            continue;
        }
        let entry = seen.entry(key(interface)).or_insert((interface, BTreeSet::new()));
        // Of two spellings of one Local channel the one with options tells more.
        entry.0 = std::cmp::max_by_key(entry.0, interface, |text| (text.len(), std::cmp::Reverse(*text)));
        entry.1.insert(AgentName::new(name));
    }
    let new = seen.into_values().filter_map(|(interface, names)| {
        let mapping = Mapping {
            interface: interface.to_owned(),
            from: at,
            agents: names.into_iter().collect(),
            source,
        };
        let last = known.of(interface).iter().rfind(|known| known.source == source);
        let same =
            last.is_some_and(|last| last.agents == mapping.agents && last.interface == mapping.interface);
        (!same).then_some(mapping)
    });
    new.collect()
}

/// The calls that name each agent of one interface: when, which call, the interface as written.
type CallsOf<'a> = BTreeMap<&'a AgentName, BTreeSet<(i64, &'a str, &'a str)>>;

/// What calls tell of the map: an interface is an agent's where at least [`AGREEING`] calls say so and none says
/// otherwise.
pub fn infer(witnesses: &[Witness]) -> Vec<Mapping> {
    let mut calls: BTreeMap<String, CallsOf<'_>> = BTreeMap::new();
    for witness in witnesses {
        let of_agent = calls.entry(key(&witness.interface)).or_default().entry(&witness.agent).or_default();
        of_agent.insert((witness.at, &witness.callid, &witness.interface));
    }
    let sure = |agents: CallsOf<'_>| {
        let mut agents = agents.into_iter();
        let (agent, calls) = agents.next().filter(|(_, calls)| calls.len() >= AGREEING)?;
        if agents.next().is_some() {
            return None;
        }
        let &(from, _, interface) = calls.first()?;
        Some(Mapping {
            interface: interface.to_owned(),
            from,
            agents: vec![agent.clone()],
            source: Source::Cdr,
        })
    };
    calls.into_values().filter_map(sure).collect()
}

/// Why an interface is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It has rows, and no name claims it.
    Unclaimed,
    /// Several names claim it at once.
    Contested,
}

impl Why {
    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unclaimed => "unclaimed",
            Self::Contested => "contested",
        }
    }
}

/// An interface that is nobody's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unresolved {
    /// As written.
    pub interface: String,
    /// Why.
    pub why: Why,
    /// Who claims it, where several do.
    pub names: Vec<AgentName>,
}

/// The interfaces that are nobody's now: of those `written` in rows the ones that no mapping speaks for, and those that
/// several names claim.
pub fn unresolved<'a>(map: &Identities, written: impl IntoIterator<Item = &'a str>) -> Vec<Unresolved> {
    let mut found: BTreeMap<String, Unresolved> = BTreeMap::new();
    for text in written {
        if map.at(text, i64::MAX).is_none() {
            let one = Unresolved { interface: text.to_owned(), why: Why::Unclaimed, names: Vec::new() };
            found.entry(key(text)).or_insert(one);
        }
    }
    let now = map.by_key.iter().filter_map(|(key, own)| Some((key, map.at(&own[0].interface, i64::MAX)?)));
    for (key, held) in now.filter(|(_, held)| held.agents.len() > 1) {
        let one =
            Unresolved { interface: held.interface.clone(), why: Why::Contested, names: held.agents.clone() };
        found.insert(key.clone(), one);
    }
    found.into_values().collect()
}
