//! What is read from the stored history. Works on a read-only handle too.

use std::collections::{BTreeMap, HashMap};

use rusqlite::params;

use super::ledger::Ledger;
use super::sums::Stored;
use super::{Scope, cdr, cells, presence, present, record, spans, visits};
use crate::domain::history::agent::{Interval, Kind};
use crate::domain::history::cells::{Cell, Subject};
use crate::domain::history::query::NotEntered;
use crate::domain::history::row::{LogRow, PackError};
use crate::domain::history::tally::Tally;
use crate::domain::history::twice::distinct;
use crate::domain::history::visit::Visit;
use crate::domain::history::work::Span;
use crate::domain::ids::{AgentName, PbxName, QueueName};
use crate::domain::time::Hour;
use crate::store::{Store, StoreError};

/// A PBX that has a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PbxRecord {
    /// Its name.
    pub name: PbxName,
    /// The IANA name of its zone.
    pub zone: String,
    /// The newest row known, UTC seconds: the log's own clock; 0 without rows.
    pub log_clock: i64,
    /// When it was last synchronised to the end, UTC seconds.
    pub synced_at: Option<i64>,
}

/// A queue that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRecord {
    /// As first written.
    pub name: QueueName,
    /// Its own service level in seconds, where it is known and > 0.
    pub service_level: Option<u32>,
}

/// Whose cells are read. Queues in ASCII lower case, agents as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CellsOf {
    /// Everybody's.
    All,
    /// Of queues; of one where given.
    Queues {
        /// Which.
        queue: Option<String>,
    },
    /// Of agents; of one, and in one queue, where given.
    Agents {
        /// Which agent.
        agent: Option<String>,
        /// Which queue.
        queue: Option<String>,
    },
}

/// A cell as it is stored.
#[derive(Clone, Copy, Debug)]
pub struct Packed<'a> {
    /// In ASCII lower case; empty for an agent over all queues.
    pub queue: &'a str,
    /// As written; empty for a queue.
    pub agent: &'a str,
    /// Its clock hour; `None` where hours are not asked for.
    pub hour: Option<Hour>,
    /// The packed sums.
    pub sums: &'a [u8],
    /// How many times it counts: −1 takes an hour back of a month that was given whole.
    pub times: i64,
}

impl Packed<'_> {
    /// Adds it, or takes it back.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn add_to(&self, sum: &mut Tally) -> Result<(), PackError> {
        sum.add_packed(self.sums, self.times)
    }
}

/// Which visits to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VisitFilter {
    /// Entered at or after, UTC seconds.
    pub from: i64,
    /// Entered before, UTC seconds.
    pub to: i64,
    /// Of one queue.
    pub queue: Option<QueueName>,
    /// Answered by, or with a status for, one agent.
    pub agent: Option<AgentName>,
}

impl Store {
    /// The PBXs with a history, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn pbxs(&self) -> Result<Vec<PbxRecord>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT name, zone, synced_at FROM pbx ORDER BY name")?;
            let rows = statement
                .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?)))?;
            let mut records = Vec::new();
            for row in rows {
                let (name, zone, synced_at) = row?;
                let name = PbxName::new(name);
                let log_clock = Scope::get(db, &name)?.log_clock();
                records.push(PbxRecord { name, zone, log_clock, synced_at });
            }
            Ok(records)
        })
        .await
    }

    /// The UTC second at which the oldest clock hour with a row starts; `None` without rows.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn oldest_hour(&self, pbx: &PbxName) -> Result<Option<i64>, StoreError> {
        let pbx = pbx.clone();
        self.read(move |db| {
            let Some(scope) = Scope::find(db, &pbx)? else { return Ok(None) };
            cells::oldest_hour(&scope)
        })
        .await
    }

    /// Notes that a synchronisation reached the end at `at`, UTC seconds.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_synced(&self, pbx: &PbxName, at: i64) -> Result<(), StoreError> {
        let pbx = pbx.clone();
        self.write(move |db| {
            db.execute("UPDATE pbx SET synced_at = ?2 WHERE name = ?1", params![pbx.as_str(), at])?;
            Ok(())
        })
        .await
    }

    /// The known queues by their lower-case form.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn queues(&self, pbx: &PbxName) -> Result<BTreeMap<String, QueueRecord>, StoreError> {
        self.of(pbx, |scope| {
            let mut statement =
                scope.db.prepare_cached("SELECT folded, name, service_level FROM queue WHERE pbx = ?1")?;
            let rows = statement.query_map(params![scope.pbx], |row| {
                let name = QueueName::new(row.get::<_, String>(1)?);
                let level: Option<u32> = row.get(2)?;
                Ok((row.get(0)?, QueueRecord { name, service_level: level.filter(|s| *s > 0) }))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The agents that anything is counted of, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn agents(&self, pbx: &PbxName) -> Result<Vec<AgentName>, StoreError> {
        self.of(pbx, |scope| {
            let sql = "SELECT DISTINCT agent FROM month WHERE pbx = ?1 AND agent <> '' ORDER BY agent";
            let mut statement = scope.db.prepare_cached(sql)?;
            let names = statement.query_map(params![scope.pbx], |row| row.get::<_, String>(0))?;
            Ok(names.map(|name| Ok(AgentName::new(name?))).collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// The cells of the hours that begin in [from, to), UTC seconds, in the order of time.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn cells(
        &self,
        pbx: &PbxName,
        from: i64,
        to: i64,
    ) -> Result<Vec<(Subject, Hour, Cell)>, StoreError> {
        let all = |cells: &mut Vec<_>, subject, hour, cell| cells.push((subject, hour, cell));
        self.fold_cells(pbx, (from, to), CellsOf::All, all).await
    }

    /// Gives each cell of the hours that begin in [from, to), UTC seconds, to `step`, day by day: one at a time, so that a
    /// year takes no more memory than what `step` makes of it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn fold_cells<T: Default + Send + 'static>(
        &self,
        pbx: &PbxName,
        span: (i64, i64),
        of: CellsOf,
        mut step: impl FnMut(&mut T, Subject, Hour, Cell) + Send + 'static,
    ) -> Result<T, StoreError> {
        self.of(pbx, move |scope| {
            let mut made = T::default();
            cells::each_hour(scope, span, &of, &mut |subject, hour, cell| {
                step(&mut made, subject, hour, cell)
            })?;
            Ok(made)
        })
        .await
    }

    /// Gives each cell of the hours that begin in [from, to), UTC seconds, to `step`, packed as it is stored, for sums that need
    /// no cell of each. Not `by_hour`, months come as one, and what of them lies outside is taken back: sums may become empty.
    ///
    /// # Errors
    /// When the database refuses, or a cell is damaged.
    pub async fn fold_packed<T: Default + Send + 'static>(
        &self,
        pbx: &PbxName,
        span: (i64, i64),
        (of, by_hour): (CellsOf, bool),
        mut step: impl FnMut(&mut T, Packed<'_>) -> Result<(), PackError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.of(pbx, move |scope| {
            let mut made = T::default();
            let mut give = |agent: &str, hour: Option<Hour>, part: &Stored<'_>, times: i64| {
                let cell = Packed { queue: part.queue, agent, hour, sums: part.sums, times };
                step(&mut made, cell).map_err(record)
            };
            if by_hour {
                cells::each_part_of_days(scope, span, &of, &mut |agent, hour, part| {
                    give(agent, Some(hour), part, 1)
                })?;
            } else {
                cells::each_part(scope, span, &of, &mut |agent, part, times| give(agent, None, part, times))?;
            }
            Ok(made)
        })
        .await
    }

    /// Pauses and logins of all agents that touch [from, to), with those that go on.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn presence(
        &self,
        pbx: &PbxName,
        from: i64,
        to: i64,
        open_only: bool,
    ) -> Result<Vec<(AgentName, Interval)>, StoreError> {
        self.of(pbx, move |scope| {
            if open_only {
                return presence::going_on(scope, to);
            }
            let mut found = present::around_with_marks(scope, (from, to.saturating_sub(1)))?;
            found.retain(|(_, interval)| interval.end.is_none_or(|end| end > from));
            Ok(found)
        })
        .await
    }

    /// Of each agent with a pause (or login) that goes on and began before `before`, or of one agent: that, and all other pauses
    /// (or logins) of his that reach beyond its beginning. They are not marked.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn presence_going_on(
        &self,
        pbx: &PbxName,
        before: i64,
        agent: Option<String>,
    ) -> Result<BTreeMap<String, Vec<Interval>>, StoreError> {
        self.of(pbx, move |scope| {
            let _picture = scope.db.unchecked_transaction()?;
            let mut open: HashMap<String, Vec<Kind>> = HashMap::new();
            let mut earliest = i64::MAX;
            for (own, kind, start) in present::going_on(scope, before)? {
                if agent.as_ref().is_none_or(|agent| *agent == own.as_str()) {
                    open.entry(own.as_str().to_owned()).or_default().push(kind);
                    earliest = earliest.min(start);
                }
            }
            let mut found: BTreeMap<String, Vec<Interval>> = BTreeMap::new();
            let wanted = |own: &str, kind| open.get(own).is_some_and(|kinds| kinds.contains(&kind));
            let all = match &agent {
                _ if open.is_empty() => Vec::new(),
                Some(agent) => presence::around_of(scope, agent, earliest, i64::MAX)?,
                None => present::around(scope, (earliest, i64::MAX), &wanted)?,
            };
            for (own, interval) in all {
                if wanted(own.as_str(), interval.kind) {
                    found.entry(own.as_str().to_owned()).or_default().push(interval);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Talks and rings of all agents that begin in [from, to): agent, whether it is a talk, when and where.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn call_intervals(
        &self,
        pbx: &PbxName,
        from: i64,
        to: i64,
    ) -> Result<Vec<(AgentName, bool, Span)>, StoreError> {
        self.of(pbx, move |scope| {
            let found = spans::between(scope, from, to)?.into_iter();
            let told = |(agent, span): (AgentName, spans::Span)| {
                let (talk, answered) = (span.what == spans::What::Talk, span.what == spans::What::Answered);
                (agent, talk, Span { start: span.start, end: span.end, queue: span.queue.into(), answered })
            };
            Ok(found.map(told).collect())
        })
        .await
    }

    /// Visits, in the order of entry.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn visits(&self, pbx: &PbxName, filter: VisitFilter) -> Result<Vec<Visit>, StoreError> {
        self.of(pbx, move |scope| visits::between(scope, &filter)).await
    }

    /// The first visits, in the order of entry: `limit` of them, and all that entered in the second of the last one. With the
    /// UTC second from which on there may be more.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn visits_page(
        &self,
        pbx: &PbxName,
        filter: VisitFilter,
        limit: usize,
    ) -> Result<(Vec<Visit>, Option<i64>), StoreError> {
        self.of(pbx, move |scope| visits::page(scope, &filter, limit)).await
    }

    /// Calls that began in [from, to) and never entered a queue, in the order of time.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn not_entered(
        &self,
        pbx: &PbxName,
        from: i64,
        to: i64,
    ) -> Result<Vec<NotEntered>, StoreError> {
        self.of(pbx, move |scope| cdr::not_entered(scope, from, to)).await
    }

    /// The rows behind a call, each once, also where a table and a file told it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rows_of_call(&self, pbx: &PbxName, callid: &str) -> Result<Vec<LogRow>, StoreError> {
        let callid = callid.to_owned();
        self.of(pbx, move |scope| Ok(distinct(Ledger::new(scope).rows(&callid)?))).await
    }

    /// What is odd in the stored history, by kind.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn oddities(&self, pbx: &PbxName) -> Result<BTreeMap<String, u64>, StoreError> {
        self.of(pbx, |scope| {
            let mut statement = scope.db.prepare_cached("SELECT kind, number FROM oddity WHERE pbx = ?1")?;
            let found = statement
                .query_map(params![scope.pbx], |row| Ok((row.get(0)?, u64::from(row.get::<_, u32>(1)?))))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Runs `work` for one PBX; nothing stored gives the empty answer.
    pub(super) async fn of<T, F>(&self, pbx: &PbxName, work: F) -> Result<T, StoreError>
    where
        T: Default + Send + 'static,
        F: FnOnce(&Scope<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let pbx = pbx.clone();
        self.read(move |db| match Scope::find(db, &pbx)? {
            Some(scope) => work(&scope),
            None => Ok(T::default()),
        })
        .await
    }
}
