//! Who is who: which agent an interface is, and since when.
//!
//! Asterisk logs a person by the member's name in some rows and by the interface in others. A name is an identity by
//! itself; an interface without a name is an agent of its own, shown as written. What joins the two is a map with
//! validity in time, from several sources; names are never guessed from digits or prefixes.
//!
//! In: mappings, a text of the agent column, a UTC second. Out: the agent. It never reads or stores anything.
//!
//! | file | does |
//! |---|---|
//! | `answer` | the map as lists show it |
//! | `interface` | interfaces as texts |
//! | `found` | what lists of members and the cdr tell → mappings; what stays unresolved |

mod answer;
mod found;
mod interface;

pub use answer::{IdentityList, IdentityRow, UnresolvedRow};
pub use found::{AGREEING, Membership, Unresolved, Why, Witness, infer, observe, unresolved};
pub use interface::{NotMappable, base, check_word, device_of, is_interface, is_mappable, key, of_channel};

use interface::{endpoint, stays};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::row::{LogRow, civil_second};
use super::twice::distinct;
use super::visit::{Outcome, Visit};
use crate::domain::ids::AgentName;
use crate::domain::time::candidates;

/// Where a mapping comes from; what stands further down counts more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Calls that an agent answered, beside the phone that the cdr says was connected.
    Cdr,
    /// The realtime table `queue_members`.
    QueueMembers,
    /// Members as the manager interface lists them.
    Ami,
    /// An administrator's word.
    Admin,
}

impl Source {
    /// All, the weakest first.
    pub const ALL: [Self; 4] = [Self::Cdr, Self::QueueMembers, Self::Ami, Self::Admin];

    /// The word of the store, the API and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cdr => "cdr",
            Self::QueueMembers => "queue_members",
            Self::Ami => "ami",
            Self::Admin => "admin",
        }
    }

    /// The source of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == word)
    }
}

/// One line of the map: from when on whose an interface is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// As written.
    pub interface: String,
    /// From this UTC second on; 0: always.
    pub from: i64,
    /// Whose. Several: all of them claim it at once, so that it is nobody's.
    pub agents: Vec<AgentName>,
    /// Who says so.
    pub source: Source,
}

impl Mapping {
    /// The one whose interface it is.
    pub fn agent(&self) -> Option<&AgentName> {
        match self.agents.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// The whole map of one PBX.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identities {
    by_key: BTreeMap<String, Vec<Mapping>>,
    /// The interfaces that are ever an agent's.
    by_agent: BTreeMap<AgentName, BTreeSet<String>>,
    /// Interfaces that are written in several ways: the way in which one without a name is shown.
    shown: BTreeMap<String, String>,
}

impl Identities {
    /// The map of these mappings; one of several with the same interface, source and time counts, the last.
    pub fn new(mappings: impl IntoIterator<Item = Mapping>) -> Self {
        let mut by_key: BTreeMap<String, Vec<Mapping>> = BTreeMap::new();
        for mapping in mappings {
            let own = by_key.entry(key(&mapping.interface)).or_default();
            own.retain(|other| (other.source, other.from) != (mapping.source, mapping.from));
            own.push(mapping);
        }
        let mut by_agent: BTreeMap<AgentName, BTreeSet<String>> = BTreeMap::new();
        for (key, own) in &mut by_key {
            own.sort_by_key(|mapping| (mapping.from, mapping.source));
            for agent in own.iter().filter_map(Mapping::agent) {
                by_agent.entry(agent.clone()).or_default().insert(key.clone());
            }
        }
        Self { by_key, by_agent, shown: BTreeMap::new() }
    }

    /// With the ways in which interfaces are written in rows: one without a name is one agent however it is written.
    #[must_use]
    pub fn with_spellings(mut self, texts: impl IntoIterator<Item = String>) -> Self {
        let mut ways: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for text in texts {
            ways.entry(key(&text)).or_default().insert(text);
        }
        // Upper case comes first: PJSIP/108 rather than pjsip/108.
        let first = |(key, ways): (String, BTreeSet<String>)| {
            let first = ways.first().filter(|_| ways.len() > 1).cloned()?;
            Some((key, first))
        };
        self.shown = ways.into_iter().filter_map(first).collect();
        self
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty() && self.shown.is_empty()
    }

    /// All mappings, by interface and time.
    pub fn mappings(&self) -> impl Iterator<Item = &Mapping> {
        self.by_key.values().flatten()
    }

    /// The interfaces, in the form in which they are compared, that are ever this agent's.
    pub fn interfaces_of(&self, agent: &str) -> impl Iterator<Item = &str> {
        self.by_agent.get(agent).into_iter().flatten().map(String::as_str)
    }

    /// What is known of one interface, by time.
    pub fn of(&self, interface: &str) -> &[Mapping] {
        self.by_key.get(&key(interface)).map_or(&[], Vec::as_slice)
    }

    /// The mappings that speak for a text of the agent column: those of the interface as it is written, else those of
    /// its endpoint.
    fn speaking(&self, text: &str) -> &[Mapping] {
        // Names are many and interfaces few: those without a slash are done with at once.
        if !text.contains('/') {
            return &[];
        }
        match self.of(text) {
            [] if is_interface(text) => self.by_key.get(endpoint(&key(text))).map_or(&[], Vec::as_slice),
            own => own,
        }
    }

    /// The mapping that holds for a text at a UTC second: of those begun the one of the strongest source, of that the
    /// latest. Before the first of all the first one reaches back.
    pub fn at(&self, text: &str, at: i64) -> Option<&Mapping> {
        let own = self.speaking(text);
        let begun = own.iter().filter(|mapping| mapping.from <= at);
        begun
            .max_by_key(|mapping| (mapping.source, mapping.from))
            .or_else(|| own.iter().min_by_key(|mapping| (mapping.from, Reverse(mapping.source))))
    }

    /// The agent that a text of the agent column is at a UTC second: himself where it is a name, or unresolved.
    pub fn agent(&self, text: &str, at: i64) -> AgentName {
        let text = text.trim();
        let mapped = self.at(text, at).and_then(Mapping::agent);
        // An interface that stands for itself is shown as its rows have it.
        let mapped = mapped.filter(|agent| key(agent.as_str()) != key(text));
        mapped.cloned().unwrap_or_else(|| AgentName::new(self.as_shown(text)))
    }

    /// A text as it is shown where it is nobody's.
    fn as_shown<'a>(&'a self, text: &'a str) -> &'a str {
        let shown = if text.contains('/') { self.shown.get(&key(text)) } else { None };
        shown.map_or(text, String::as_str)
    }

    /// The agent of a row that belongs to no call.
    pub fn of_row(&self, zone: &TimeZone, row: &LogRow) -> AgentName {
        // Names are themselves at any time.
        let at = if row.agent.contains('/') { moment(zone, row) } else { 0 };
        self.agent(&row.agent, at)
    }

    /// Every agent that a text can be, whenever.
    pub fn ever(&self, text: &str) -> BTreeSet<AgentName> {
        let mapped = self.speaking(text).iter().filter_map(Mapping::agent).cloned();
        mapped.chain([AgentName::new(text.trim()), AgentName::new(self.as_shown(text.trim()))]).collect()
    }

    /// Whether a text can ever be this agent.
    pub fn can_be(&self, text: &str, agent: &str) -> bool {
        text == agent
            || self.as_shown(text) == agent
            || self.speaking(text).iter().any(|mapping| mapping.agent().is_some_and(|a| a.as_str() == agent))
    }

    /// The rows of one callid with the agents that the map gives. An interface is the same agent all through a call: the
    /// one of its first row there, so that a talk is not torn apart where the map changes.
    pub fn name_call<'a>(&self, zone: &TimeZone, rows: &'a [LogRow]) -> Cow<'a, [LogRow]> {
        let known = |row: &LogRow| {
            let interface = row.agent.contains('/') && row.has_agent();
            interface && (!self.speaking(&row.agent).is_empty() || self.shown.contains_key(&key(&row.agent)))
        };
        if self.is_empty() || !rows.iter().any(known) {
            return Cow::Borrowed(rows);
        }
        // What two sources tell is one row by the agent as written.
        let mut rows: Vec<LogRow> = distinct(rows).into_iter().cloned().collect();
        let mut first: BTreeMap<String, i64> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.has_agent()) {
            let at = moment(zone, row);
            first.entry(key(&row.agent)).and_modify(|known| *known = at.min(*known)).or_insert(at);
        }
        for row in rows.iter_mut().filter(|row| row.has_agent()) {
            let at = first.get(&key(&row.agent)).copied().unwrap_or_default();
            row.agent = self.agent(&row.agent, at).as_str().into();
        }
        Cow::Owned(rows)
    }

    /// What an agent sits behind at a UTC second; `None` where no interface of his is known.
    fn behind(&self, agent: &AgentName, at: i64) -> Option<Behind> {
        let mut found = None;
        for key in self.by_agent.get(agent)? {
            let Some(held) = self.at(key, at).filter(|held| held.agent() == Some(agent)) else { continue };
            let behind = if !key.starts_with("local/") {
                Behind::Phone
            } else if stays(&held.interface) {
                Behind::Local
            } else if held.source == Source::Cdr {
                Behind::Unsure
            } else {
                Behind::Phone
            };
            found = found.max(Some(behind));
        }
        found
    }

    /// Marks the talks that may go on after a transfer that Asterisk did not see. `by_cdr`: callids whose cdr names a
    /// Local channel as the one that was connected.
    pub fn mark(&self, visits: &mut [Visit], by_cdr: &BTreeSet<String>) {
        for visit in visits.iter_mut().filter(|visit| visit.outcome == Outcome::Answered) {
            let hung_up = |talk: &&super::visit::Talk| talk.transfer.is_none() && !talk.estimated;
            let Some(talk) = visit.talks.iter().find(hung_up) else { continue };
            let local = match self.behind(&talk.agent, talk.start) {
                Some(Behind::Local) => true,
                Some(Behind::Unsure) | None => by_cdr.contains(visit.callid.as_str()),
                Some(Behind::Phone) => false,
            };
            visit.marks.may_include_transfer |= local;
        }
    }

    /// The interfaces, in the form in which they are compared, of which the two maps do not say the same.
    pub fn differing(&self, other: &Self) -> BTreeSet<String> {
        let keys = [self, other].into_iter().flat_map(|map| map.by_key.keys().chain(map.shown.keys()));
        let same = |key: &String| {
            self.by_key.get(key) == other.by_key.get(key) && self.shown.get(key) == other.shown.get(key)
        };
        keys.filter(|key| !same(key)).cloned().collect()
    }
}

/// What an agent sits behind; the greater wins where he has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Behind {
    /// A phone, or a Local channel that is optimised away.
    Phone,
    /// A Local channel of unknown options.
    Unsure,
    /// A Local channel that stays.
    Local,
}

/// The UTC second by which a row's agent is looked up: its instant, or the earlier meaning of its local time.
pub fn moment(zone: &TimeZone, row: &LogRow) -> i64 {
    let local = || candidates(zone, row.local).into_iter().min().unwrap_or_else(|| civil_second(row.local));
    row.instant().unwrap_or_else(local)
}

#[cfg(test)]
mod tests;
