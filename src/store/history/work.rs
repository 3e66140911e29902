//! What agents did with their time: read by day and by month where it is kept, made from spans and presence where it is not.
//!
//! Days that are over by the log's own clock are made once and kept (`work_kept`); whatever changes one of them later marks
//! it as stale in the same transaction, and a stale day is not read. So an answer is always what the spans give. In: marks
//! from `spans` and `presence`. Out: hours, or sums of whole months.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{ToSql, params};

use super::changes::{self, differences};
use super::work_kept::{gone_before, kept_for, oldest_day};
use super::work_make::{Maker, Who};
use super::{Scope, record, wrap};
use crate::domain::history::agent::Interval;
use crate::domain::history::work::{Worked, WrapUpTimes};
use crate::domain::history::work_day::{WorkDay, each_packed};
use crate::domain::ids::PbxName;
use crate::domain::time::{DAY, hour_of, month_of, month_start};
use crate::store::{Store, StoreError};

/// A talk that ended with the newest row is wrapped up after it, but not for longer than this, seconds.
const AHEAD: i64 = 24 * 3600;

/// Whose work is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkOf {
    /// Of one agent.
    pub agent: Option<String>,
    /// Pauses, logins and wrap-ups of one queue, in ASCII lower case. All queues' calls keep an agent busy all the same.
    pub queue: Option<String>,
}

/// How finely it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkBy {
    /// By clock hour.
    Hour,
    /// Whole months may come as one, at 0.
    Month,
}

/// Takes what an agent did: agent, the UTC second at which the hour starts, what.
type Each<'a> = dyn FnMut(&str, i64, &Worked) + 'a;

/// Takes a kept record: day or month, agent, bytes.
type EachKept<'a> = dyn FnMut(i64, &str, &[u8]) -> Result<(), StoreError> + 'a;

impl Store {
    /// Gives what agents did in the clock hours that begin in [from, to), UTC seconds, to `step`. `setting`: for how long
    /// members wrap up where nothing else is known, seconds; 0: not known.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn fold_work<T: Default + Send + 'static>(
        &self,
        pbx: &PbxName,
        span: (i64, i64),
        (of, by): (WorkOf, WorkBy),
        setting: u32,
        mut step: impl FnMut(&mut T, &str, i64, &Worked) + Send + 'static,
    ) -> Result<T, StoreError> {
        self.of(pbx, move |scope| {
            // One picture of the database: what is stale, what is kept and what it is made of belong together.
            let _picture = scope.db.unchecked_transaction()?;
            let times = WrapUpTimes { setting, ..wrap::times(scope)? };
            let mut made = T::default();
            let question = Question::new(scope, &of, &times, span)?;
            question.answer(span, by, &mut |agent, start, worked| step(&mut made, agent, start, worked))?;
            Ok(made)
        })
        .await
    }
}

struct Question<'q, 's> {
    scope: &'q Scope<'s>,
    of: &'q WorkOf,
    maker: Maker<'q, 's>,
    /// Days before this one are kept, less those that are stale.
    kept: i64,
    has_months: bool,
    stale: BTreeMap<i64, BTreeSet<String>>,
}

impl<'q, 's> Question<'q, 's> {
    fn new(
        scope: &'q Scope<'s>,
        of: &'q WorkOf,
        times: &'q WrapUpTimes,
        (from, to): (i64, i64),
    ) -> Result<Self, StoreError> {
        let (kept, months) = kept_for(scope, times)?;
        let mut stale: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
        // The days of whole months that the range begins or ends with may lie outside.
        let sql = "SELECT day, agent FROM work_stale WHERE pbx = ?1 AND day BETWEEN ?2 AND ?3";
        let mut statement = scope.db.prepare_cached(sql)?;
        let mut rows = statement.query(params![scope.pbx, from.div_euclid(DAY), to.div_euclid(DAY)])?;
        while let Some(row) = rows.next()? {
            let agent: String = row.get(1)?;
            if of.agent.as_ref().is_none_or(|one| *one == agent) {
                stale.entry(row.get(0)?).or_default().insert(agent);
            }
        }
        Ok(Self { scope, of, maker: Maker::new(scope, times), kept, has_months: months, stale })
    }

    fn answer(&self, (from, to): (i64, i64), by: WorkBy, each: &mut Each<'_>) -> Result<(), StoreError> {
        let Some(oldest) = oldest_day(self.scope)? else { return Ok(()) };
        // The clock hour in which a day begins may have begun on the day before.
        let from = from.max((oldest - 1) * DAY);
        let to = to.min(self.scope.log_clock().saturating_add(AHEAD));
        if from >= to {
            return Ok(());
        }
        let zone = &self.scope.zone;
        let (mut first, mut last) = (month_of(zone, from), month_of(zone, to));
        if month_start(zone, first) < from {
            first += 1;
        }
        while first < last && (month_start(zone, last) - 1).div_euclid(DAY) >= self.kept {
            last -= 1;
        }
        if by == WorkBy::Hour || !self.has_months || first >= last {
            return self.days((from, to), None, each);
        }
        self.days((from, month_start(zone, first)), None, each)?;
        self.months((first, last), each)?;
        self.days((month_start(zone, last), to), None, each)
    }

    /// Whole months, the last one not included; by their days where one of an agent's is stale.
    fn months(&self, (first, last): (i64, i64), each: &mut Each<'_>) -> Result<(), StoreError> {
        let zone = &self.scope.zone;
        let mut by_days: BTreeSet<(i64, &str)> = BTreeSet::new();
        for month in first..last {
            let days = days_of_month(self.scope, month);
            let stale = self.stale.range(days.0..=days.1).flat_map(|(_, agents)| agents);
            by_days.extend(stale.map(|agent| (month, agent.as_str())));
        }
        self.kept(
            "work_month",
            "month",
            (first, last - 1),
            self.of.agent.as_deref(),
            &mut |month, agent, bytes| {
                if !by_days.contains(&(month, agent)) {
                    let give = |start: i64, worked: &Worked| each(agent, start, worked);
                    each_packed(0, bytes, self.of.queue.as_deref(), give).map_err(record)?;
                }
                Ok(())
            },
        )?;
        by_days.iter().try_for_each(|(month, agent)| {
            self.days((month_start(zone, *month), month_start(zone, month + 1)), Some(agent), each)
        })
    }

    /// The hours that begin in [from, to): of everybody asked for, or of one of them.
    fn days(
        &self,
        (from, to): (i64, i64),
        only: Option<&str>,
        each: &mut Each<'_>,
    ) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        let only = only.or(self.of.agent.as_deref());
        let queue = self.of.queue.as_deref();
        let (first, last) = (from.div_euclid(DAY), (to - 1).div_euclid(DAY));
        let mut give = |agent: &str, start: i64, worked: &Worked| {
            if (from..to).contains(&start) {
                each(agent, start, worked);
            }
        };
        let whole = last.min(self.kept.saturating_sub(1));
        self.kept("work", "day", (first, whole), only, &mut |day, agent, bytes| {
            if !self.stale.get(&day).is_some_and(|agents| agents.contains(agent)) {
                let give = |start: i64, worked: &Worked| give(agent, start, worked);
                each_packed(day * DAY, bytes, queue, give).map_err(record)?;
            }
            Ok(())
        })?;
        let mut give_made = |agent: &str, made: WorkDay| {
            made.each(queue, |start, worked| give(agent, start, worked));
            Ok(())
        };
        for (day, agents) in self.stale.range(first..=whole.max(first)).filter(|(day, _)| **day <= whole) {
            for agent in agents.iter().filter(|agent| only.is_none_or(|only| only == agent.as_str())) {
                self.maker.make(*day, Who::One(agent), &mut give_made)?;
            }
        }
        let who = only.map_or(Who::All, Who::One);
        for day in first.max(self.kept)..=last {
            self.maker.make(day, who, &mut give_made)?;
        }
        Ok(())
    }

    /// Kept records, both ends included.
    fn kept(
        &self,
        table: &str,
        column: &str,
        (first, last): (i64, i64),
        only: Option<&str>,
        each: &mut EachKept<'_>,
    ) -> Result<(), StoreError> {
        if first > last {
            return Ok(());
        }
        let select = format!("SELECT {column}, agent, hours FROM {table} WHERE pbx = ?1 AND {column}");
        let mut read = |sql: &str, bound: &[&dyn ToSql]| -> Result<(), StoreError> {
            let mut statement = self.scope.db.prepare_cached(sql)?;
            let mut rows = statement.query(bound)?;
            while let Some(row) = rows.next()? {
                let agent = row.get_ref(1)?.as_str().map_err(record)?;
                each(row.get(0)?, agent, row.get_ref(2)?.as_blob().map_err(record)?)?;
            }
            Ok(())
        };
        let Some(agent) = only else {
            return read(&format!("{select} BETWEEN ?2 AND ?3"), params![self.scope.pbx, first, last]);
        };
        // One record a day: looked up, because a day's records of the others lie between.
        let sql = format!("{select} = ?2 AND agent = ?3");
        (first..=last).try_for_each(|time| read(&sql, params![self.scope.pbx, time, agent]))
    }
}

/// The first and the last UTC day with hours of a month.
pub(super) fn days_of_month(scope: &Scope<'_>, month: i64) -> (i64, i64) {
    let (from, to) = (month_start(&scope.zone, month), month_start(&scope.zone, month + 1));
    (from.div_euclid(DAY), (to - 1).div_euclid(DAY))
}

/// Talks or rings of an agent that begin on a UTC day changed, the first of them at `first`.
pub(super) fn spans_changed(scope: &Scope<'_>, agent: &str, day: i64, first: i64) -> Result<(), StoreError> {
    changes::note(scope, day)?;
    if day > scope.work_kept {
        return Ok(());
    }
    // The last clock hour of a day may reach into the next one; a talk without length at its end is told in it.
    let hour = hour_of(&scope.zone, day * DAY);
    let end = if hour.start < day * DAY { hour.end() } else { day * DAY };
    mark(scope, agent, (if first <= end { day - 1 } else { day }, day + 1))
}

/// Pauses and logins of an agent changed.
pub(super) fn presence_changed(
    scope: &Scope<'_>,
    agent: &str,
    old: &[Interval],
    new: &[Interval],
) -> Result<(), StoreError> {
    for (from, to) in differences(old, new) {
        let hour = hour_of(&scope.zone, from).start;
        mark(scope, agent, (hour.div_euclid(DAY), to.div_euclid(DAY)))?;
    }
    Ok(())
}

/// Marks days, both ends included, of those that are kept.
fn mark(scope: &Scope<'_>, agent: &str, (first, last): (i64, i64)) -> Result<(), StoreError> {
    let mut insert =
        scope.db.prepare_cached("INSERT OR IGNORE INTO work_stale (pbx, day, agent) VALUES (?1, ?2, ?3)")?;
    // What is kept of days whose rows are gone stays.
    let first = first.max(gone_before(scope)?);
    for day in first..=last.min(scope.work_kept.saturating_sub(1)) {
        insert.execute(params![scope.pbx, day, agent])?;
    }
    Ok(())
}
