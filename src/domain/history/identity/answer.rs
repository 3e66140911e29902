//! The map as lists show it.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Identities, Mapping, Source, Unresolved};
use crate::domain::history::query::rfc3339;
use crate::domain::ids::{AgentName, PbxName};

/// A mapping, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdentityRow {
    /// Which PBX.
    pub pbx: PbxName,
    /// The interface as written.
    pub interface: String,
    /// Whose; `None` while several claim it at once.
    pub agent: Option<AgentName>,
    /// Who claims it: one, or several at once.
    pub claimed_by: Vec<AgentName>,
    /// RFC 3339 with the PBX's offset; `None`: always.
    pub from: Option<String>,
    /// Who says so.
    pub source: Source,
    /// Whether it is this one that counts from its beginning on, by all that is known.
    pub counts: bool,
}

/// An interface that is nobody's, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnresolvedRow {
    /// Which PBX.
    pub pbx: PbxName,
    /// The interface as written.
    pub interface: String,
    /// `unclaimed`: rows have it and no name claims it. `contested`: several names claim it at once.
    pub why: &'static str,
    /// Who claims it.
    pub claimed_by: Vec<AgentName>,
}

/// Who is who.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IdentityList {
    /// The map, by interface and time.
    pub rows: Vec<IdentityRow>,
    /// What it leaves open.
    pub unresolved: Vec<UnresolvedRow>,
}

impl IdentityList {
    /// Adds what is known of a PBX.
    pub fn add(&mut self, pbx: &PbxName, zone: &TimeZone, map: &Identities, open: Vec<Unresolved>) {
        let row = |mapping: &Mapping| IdentityRow {
            pbx: pbx.clone(),
            interface: mapping.interface.clone(),
            agent: mapping.agent().cloned(),
            claimed_by: mapping.agents.clone(),
            from: (mapping.from > 0).then(|| rfc3339(zone, mapping.from)),
            source: mapping.source,
            counts: map.at(&mapping.interface, mapping.from) == Some(mapping),
        };
        self.rows.extend(map.mappings().map(row));
        self.unresolved.extend(open.into_iter().map(|open| UnresolvedRow {
            pbx: pbx.clone(),
            interface: open.interface,
            why: open.why.as_str(),
            claimed_by: open.names,
        }));
    }
}
