//! The stored history: rows packed by call, presence, sums. Visits are not stored: they are folded from the rows.
//!
//! In: batches of rows (`batch`). Out: cells, visits, names (`read`). A batch is one transaction: its rows, everything
//! that is folded again because of them, the cells' differences, and the cursor. The result depends on the set of rows
//! alone, so that order, batches, doubles and crashes cannot matter.
//!
//! | file | does |
//! |---|---|
//! | `batch` | takes rows in, finds what they touch |
//! | `grouped` | a batch's rows by call |
//! | `lone` | rows that belong to no call |
//! | `ledger` | the rows of calls |
//! | `calls` | folds touched calls again |
//! | `loose` | which calls hang together |
//! | `pending` | calls that change without a row |
//! | `spans` | talks and rings of agents |
//! | `agents` | folds touched agents again |
//! | `presence` | their pauses and logins as stored |
//! | `present` | the same of everybody, for pages |
//! | `sums` | applies differences to the sums of days and months |
//! | `rebuild` | makes everything anew from the stored rows |
//! | `purge` | removes what is older than is kept |
//! | `cdr` | calls that never entered |
//! | `cells`, `visits` | read sums; read and fold visits |
//! | `identity` | which agent an interface is; what a changed map touches |
//! | `legs` | ends of talks that were not logged, from the cdr |
//! | `busy` | calls outside the queues that found a phone busy |
//! | `changes` | which days changed |
//! | `check` | mends presence and cells that a check found wrong |
//! | `late` | which cells changed long after their time |
//! | `wrap` | for how long members wrap up |
//! | `work`, `work_make`, `work_kept` | what agents did with their time: read, made, kept |
//! | `rows` | the rows themselves |
//! | `read` | answers |
//! | `reading` | how far the PBX's table is read |

mod agents;
mod batch;
mod busy;
mod calls;
mod cdr;
mod cells;
mod changes;
mod check;
mod grouped;
mod identity;
mod late;
mod ledger;
mod legs;
mod lone;
mod loose;
mod pending;
mod presence;
mod present;
mod purge;
mod read;
mod reading;
mod rebuild;
mod rows;
mod spans;
mod sums;
mod visits;
mod work;
mod work_kept;
mod work_make;
mod wrap;

pub use batch::{Applied, Batch};
pub use busy::BusyCall;
pub use cdr::CdrRow;
pub use changes::DayChanges;
pub use check::Recounted;
pub use legs::LegRow;
pub use purge::Purge;
pub use read::{CellsOf, Packed, PbxRecord, QueueRecord, VisitFilter};
pub use reading::{Older, Reading};
pub use work::{WorkBy, WorkOf};

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension, params};

use super::error::StoreError;
use crate::domain::history::fold::{Context, FOLD_VERSION, Folded, fold};
use crate::domain::history::identity::Identities;
use crate::domain::history::place::{Hint, place_lone};
use crate::domain::history::query::local;
use crate::domain::history::row::{LogRow, civil_of, civil_second};
use crate::domain::ids::PbxName;
use crate::domain::time::candidates;

/// Unit separator: stands between the data columns of an agent's row.
const SEPARATOR: char = '\u{1f}';

/// The cursor that holds the newest instant of any row of a file.
const FILE_CLOCK: &str = "file";

/// One PBX inside a transaction.
struct Scope<'a> {
    db: &'a Connection,
    pbx: i64,
    zone: TimeZone,
    /// Newest local time of any row of a table; 0 without.
    log_local: i64,
    /// Newest instant of any row of a file; 0 without.
    file_clock: i64,
    /// Agents' work on UTC days before this one is kept, so that changes of it have to be marked.
    work_kept: i64,
    /// The map of names, once it was needed.
    identities: RefCell<Option<Rc<Identities>>>,
    /// Whether an interface was written in a way that was not known.
    spelled: Cell<bool>,
    /// The days that were noted as changed in this transaction.
    noted: RefCell<BTreeSet<i64>>,
}

impl<'a> Scope<'a> {
    /// The scope of a PBX that is known.
    fn find(db: &'a Connection, name: &PbxName) -> Result<Option<Self>, StoreError> {
        let sql = "SELECT id, zone, log_local,
                   coalesce((SELECT position FROM cursor WHERE pbx = pbx.id AND source = ?2), 0),
                   (SELECT position FROM cursor WHERE pbx = pbx.id AND source = ?3)
                   FROM pbx WHERE name = ?1";
        let found = db
            .prepare_cached(sql)?
            .query_row(params![name.as_str(), FILE_CLOCK, work_kept::KEPT], |row| {
                Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
            })
            .optional()?;
        let scope = |(pbx, zone, log_local, file_clock, kept): (_, String, _, _, Option<i64>)| {
            Ok(Self {
                db,
                pbx,
                zone: zone_of(&zone)?,
                log_local,
                file_clock,
                work_kept: kept.unwrap_or(i64::MIN),
                identities: RefCell::default(),
                spelled: Cell::new(false),
                noted: RefCell::default(),
            })
        };
        found.map(scope).transpose()
    }

    fn get(db: &'a Connection, name: &PbxName) -> Result<Self, StoreError> {
        Self::find(db, name)?
            .ok_or_else(|| StoreError::Record(format!("the PBX {name} was never registered")))
    }

    /// The log's own clock, UTC; 0 without rows.
    fn log_clock(&self) -> i64 {
        let local = civil_of(self.log_local).unwrap_or_default();
        let table = candidates(&self.zone, local).into_iter().min().filter(|_| self.log_local != 0);
        table.unwrap_or(0).max(self.file_clock)
    }

    /// The local time of a UTC second, as [`civil_second`] numbers it.
    fn local(&self, at: i64) -> i64 {
        civil_second(local(&self.zone, at))
    }

    /// When Asterisk started, UTC, ascending.
    fn queue_starts(&self) -> Result<Vec<i64>, StoreError> {
        let hints = self.hints()?;
        let rows = lone::starts(self)?;
        let mut starts: Vec<i64> = rows.iter().map(|row| place_lone(&self.zone, row, &hints)).collect();
        starts.sort_unstable();
        starts.dedup();
        Ok(starts)
    }

    fn hints(&self) -> Result<Vec<Hint>, StoreError> {
        let mut statement = self.db.prepare_cached("SELECT id, shift FROM hint WHERE pbx = ?1")?;
        let hints = statement
            .query_map(params![self.pbx], |row| Ok(Hint { id: row.get(0)?, offset: row.get(1)? }))?;
        Ok(hints.collect::<Result<_, _>>()?)
    }
}

/// What a fold knows beside the rows, at one moment of the history.
struct View {
    /// See [`Scope::log_clock`].
    log_clock: i64,
    /// See [`Scope::queue_starts`].
    starts: Vec<i64>,
    /// The map of names.
    identities: Rc<Identities>,
    /// Legs whose end was not known then.
    unknown_legs: BTreeSet<String>,
}

impl View {
    fn of(scope: &Scope<'_>) -> Result<Self, StoreError> {
        let (starts, identities) = (scope.queue_starts()?, scope.identities()?);
        Ok(Self { log_clock: scope.log_clock(), starts, identities, unknown_legs: BTreeSet::new() })
    }

    /// Folds rows as they are stored: by the agents that the map gives, with the ends of legs that the cdr gave.
    fn fold(&self, scope: &Scope<'_>, rows: &[LogRow]) -> Result<Folded, StoreError> {
        if rows.is_empty() {
            return Ok(Folded::default());
        }
        let none = BTreeMap::new();
        let context = Context {
            zone: &scope.zone,
            log_clock: self.log_clock,
            queue_starts: &self.starts,
            leg_ends: &none,
        };
        let named = self.identities.name_call(&scope.zone, rows);
        let folded = fold(&named, &context);
        if folded.endless.is_empty() {
            return Ok(folded);
        }
        let mut ends = legs::ends(scope, &folded.endless)?;
        ends.retain(|leg, _| !self.unknown_legs.contains(leg));
        let folded =
            if ends.is_empty() { folded } else { fold(&named, &Context { leg_ends: &ends, ..context }) };
        Ok(folded)
    }
}

/// Brings a database of the first schema into the present one, after its tables are made: moves the rows of calls, and folds
/// everything anew.
pub(super) fn convert(db: &Connection) -> Result<(), StoreError> {
    let mut statement = db.prepare("SELECT name FROM pbx")?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for name in names {
        let scope = Scope::get(db, &PbxName::new(name))?;
        rebuild::move_calls(&scope)?;
        rebuild::rebuild(&scope)?;
        db.execute("UPDATE pbx SET fold_version = ?2 WHERE id = ?1", params![scope.pbx, FOLD_VERSION])?;
    }
    Ok(db.execute_batch("DROP TABLE call_before")?)
}

fn zone_of(name: &str) -> Result<TimeZone, StoreError> {
    TimeZone::get(name).map_err(|_| StoreError::Record(format!("the time zone {name} is unknown")))
}

fn record(error: impl std::fmt::Display) -> StoreError {
    StoreError::Record(error.to_string())
}

impl super::Store {
    /// Makes a PBX known, with the IANA name of its zone. Where the zone or the fold changed since the last time,
    /// visits and cells are made anew from the stored rows; that can take minutes. Says whether it did.
    ///
    /// # Errors
    /// When the zone is unknown or the database refuses.
    pub async fn register_pbx(&self, name: &PbxName, zone: &str) -> Result<bool, StoreError> {
        let (name, zone) = (name.clone(), zone.to_owned());
        self.write(move |db| {
            zone_of(&zone)?;
            let known: Option<(String, u32)> = db
                .query_row(
                    "SELECT zone, fold_version FROM pbx WHERE name = ?1",
                    params![name.as_str()],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()?;
            if known.as_ref().is_some_and(|known| *known == (zone.clone(), FOLD_VERSION)) {
                return Ok(false);
            }
            db.execute(
                "INSERT INTO pbx (name, zone, fold_version) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET zone = excluded.zone, fold_version = excluded.fold_version",
                params![name.as_str(), zone, FOLD_VERSION],
            )?;
            if known.is_some() {
                rebuild::rebuild(&Scope::get(db, &name)?)?;
            }
            Ok(known.is_some())
        })
        .await
    }

    /// Makes visits and cells of a PBX anew from its stored rows.
    ///
    /// # Errors
    /// When the PBX was never registered or the database refuses.
    pub async fn rebuild_history(&self, name: &PbxName) -> Result<(), StoreError> {
        let name = name.clone();
        self.write(move |db| rebuild::rebuild(&Scope::get(db, &name)?)).await
    }

    /// Where reading of `source` (`queue_log`, `cdr`) stands; 0 at the beginning.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn cursor(&self, name: &PbxName, source: &'static str) -> Result<i64, StoreError> {
        let name = name.clone();
        self.read(move |db| {
            let position = db
                .query_row(
                    "SELECT position FROM cursor JOIN pbx ON pbx.id = cursor.pbx WHERE name = ?1 AND source = ?2",
                    params![name.as_str(), source],
                    |row| row.get(0),
                )
                .optional()?;
            Ok(position.unwrap_or(0))
        })
        .await
    }

    /// Notes the queues' own service levels in seconds, for reports without a connection. Source: QueueParams or the
    /// table `queues`.
    ///
    /// # Errors
    /// When the PBX was never registered or the database refuses.
    pub async fn set_service_levels(
        &self,
        name: &PbxName,
        levels: BTreeMap<String, u32>,
    ) -> Result<(), StoreError> {
        let name = name.clone();
        self.write(move |db| {
            let scope = Scope::get(db, &name)?;
            let mut changed = 0;
            for (queue, seconds) in levels {
                changed += db.execute(
                    "INSERT INTO queue (pbx, folded, name, first_id, service_level) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (pbx, folded) DO UPDATE SET service_level = excluded.service_level
                     WHERE service_level IS NOT excluded.service_level",
                    params![scope.pbx, queue.to_ascii_lowercase(), queue, i64::MAX, seconds],
                )?;
            }
            if changed == 0 {
                return Ok(());
            }
            changes::note_all(&scope)
        })
        .await
    }
}

#[cfg(test)]
mod tests;
