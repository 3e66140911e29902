//! Who is who, for those who look and for administrators: lists the map of names, takes words and takes them back. What
//! a word changes is counted anew before it is answered.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::clock;
use crate::domain::account::Actor;
use crate::domain::history::identity::{IdentityList, Mapping, NotMappable, Source, check_word};
use crate::domain::ids::{AgentName, PbxName};
use crate::domain::suggest::known_names;
use crate::store::{PbxRecord, Store, StoreError};

/// Why a word was not taken. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum NamesError {
    /// The word is none.
    #[error(transparent)]
    NotMappable(#[from] NotMappable),
    /// No such PBX.
    #[error("there is no history of a PBX named {name}; {known}")]
    UnknownPbx {
        /// As given.
        name: String,
        /// What is known, as a sentence.
        known: String,
    },
    /// Several PBXs.
    #[error("there is history of several PBXs; say of which: {0}")]
    SeveralPbxs(String),
    /// No history at all.
    #[error("there is no history yet; fetch one with `asterflow sync --once` or `asterflow import`")]
    NoHistory,
    /// A date that does not exist in the zone.
    #[error("{0} is no date that can be reckoned with")]
    Date(Date),
    /// Nothing to take back.
    #[error("no administrator said anything of {interface}{from}; {instead}")]
    Nothing {
        /// Of what.
        interface: String,
        /// ` from 2026-11-22`, where a date was given.
        from: String,
        /// What stands instead, as a sentence.
        instead: String,
    },
    /// The zone database lacks a zone that was known once.
    #[error("the time zone {0} is unknown on this machine")]
    UnknownZone(String),
    /// The local database.
    #[error("the local database failed")]
    Store(#[from] StoreError),
}

/// An administrator's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Of which PBX; `None`: of the only one.
    pub pbx: Option<String>,
    /// Which interface, `PJSIP/101`.
    pub interface: String,
    /// Whose it is.
    pub agent: String,
    /// From the beginning of this date on, in the PBX's zone; `None`: always.
    pub from: Option<Date>,
}

/// A word that is to be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Of which PBX; `None`: of the only one.
    pub pbx: Option<String>,
    /// Which interface.
    pub interface: String,
    /// Only the word from this date on; `None`: all words on the interface.
    pub from: Option<Date>,
}

/// Handle to the map of names. Cheap to clone.
#[derive(Clone)]
pub struct Names {
    store: Store,
}

impl Names {
    /// A handle over a store.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// The map, and what it leaves open; of one PBX where given.
    ///
    /// # Errors
    /// When there is no such PBX, or the store refuses.
    pub async fn list(&self, pbx: Option<&str>) -> Result<IdentityList, NamesError> {
        let mut list = IdentityList::default();
        let records = match pbx {
            Some(_) => vec![self.choose(pbx).await?],
            None => self.store.pbxs().await?,
        };
        for record in records {
            let map = self.store.identities(&record.name).await?;
            let open = self.store.unresolved(&record.name).await?;
            list.add(&record.name, &zone_of(&record)?, &map, open);
        }
        Ok(list)
    }

    /// Takes a word; says whether any row is another's now.
    ///
    /// # Errors
    /// When the word is none, there is no such PBX, or the store refuses.
    pub async fn set(&self, actor: &Actor, word: &Word) -> Result<bool, NamesError> {
        check_word(&word.interface, &word.agent)?;
        let record = self.choose(word.pbx.as_deref()).await?;
        let from = begin(&record, word.from)?.unwrap_or(0);
        let now = clock::now().wall;
        let word = (word.interface.as_str(), from, word.agent.as_str());
        Ok(self.store.set_identity(now, actor, &record.name, word).await?)
    }

    /// Takes words back; says how many.
    ///
    /// # Errors
    /// When there is none, there is no such PBX, or the store refuses.
    pub async fn remove(&self, actor: &Actor, taken: &Taken) -> Result<usize, NamesError> {
        let record = self.choose(taken.pbx.as_deref()).await?;
        let from = begin(&record, taken.from)?;
        let now = clock::now().wall;
        let gone = self.store.remove_identity(now, actor, &record.name, &taken.interface, from).await?;
        if gone > 0 {
            return Ok(gone);
        }
        let map = self.store.identities(&record.name).await?;
        let known = map.of(&taken.interface);
        let said = |mapping: &&Mapping| mapping.source == Source::Admin;
        let instead = match (known.iter().find(said), known.last()) {
            (Some(_), _) => "list the map to see from which dates there are words".to_owned(),
            (None, Some(found)) => {
                let whose = found.agent().map_or("contested", AgentName::as_str);
                let own = &taken.interface;
                format!("it was found to be {whose}: to let it stand for itself, set {own} to be {own}")
            }
            (None, None) => "nothing is known of it".to_owned(),
        };
        let from = taken.from.map(|date| format!(" from {date}")).unwrap_or_default();
        Err(NamesError::Nothing { interface: taken.interface.clone(), from, instead })
    }

    async fn choose(&self, name: Option<&str>) -> Result<PbxRecord, NamesError> {
        let mut records = self.store.pbxs().await?;
        let names: Vec<String> = records.iter().map(|record| record.name.to_string()).collect();
        let Some(name) = name else {
            return match records.len() {
                0 => Err(NamesError::NoHistory),
                1 => Ok(records.remove(0)),
                _ => Err(NamesError::SeveralPbxs(names.join(", "))),
            };
        };
        let unknown = || NamesError::UnknownPbx { name: name.to_owned(), known: known_names(name, names) };
        records.into_iter().find(|record| record.name == PbxName::new(name)).ok_or_else(unknown)
    }
}

fn zone_of(record: &PbxRecord) -> Result<TimeZone, NamesError> {
    TimeZone::get(&record.zone).map_err(|_| NamesError::UnknownZone(record.zone.clone()))
}

/// The UTC second at which a date begins in the PBX's zone.
fn begin(record: &PbxRecord, date: Option<Date>) -> Result<Option<i64>, NamesError> {
    let zone = zone_of(record)?;
    let second = |date: Date| {
        let midnight = date.to_zoned(zone.clone()).map_err(|_| NamesError::Date(date))?;
        Ok(midnight.timestamp().as_second())
    };
    date.map(second).transpose()
}
