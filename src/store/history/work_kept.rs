//! Keeping what agents did: makes the days that are over, and those that became stale, some at a time.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, params};

use super::batch::set_cursor;
use super::work::days_of_month;
use super::work_make::{Maker, Who};
use super::{Scope, record, wrap};
use crate::domain::history::pack::{put_number, put_text};
use crate::domain::history::work::WrapUpTimes;
use crate::domain::history::work_day::WorkDay;
use crate::domain::ids::PbxName;
use crate::domain::time::{DAY, hours_of_day, month_of, month_start};
use crate::store::{Store, StoreError};

/// The cursor that holds the first UTC day that is not kept yet.
pub(super) const KEPT: &str = "work.kept";
/// The cursor that tells by which wrap-up times they were made.
const TIMES: &str = "work.times";

impl Store {
    /// Keeps what agents did on days that are over: some thousandths of a second of work at a time, some `at_once` agents'
    /// days. Says whether more is to be done. `setting` as in [`Store::fold_work`]; where it or the PBX's wrap-up times are
    /// other ones than those by which days were made, all are made anew.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_work(&self, pbx: &PbxName, setting: u32, at_once: usize) -> Result<bool, StoreError> {
        let name = pbx.clone();
        let asked = move |scope: &Scope<'_>| -> Result<bool, StoreError> {
            let times = WrapUpTimes { setting, ..wrap::times(scope)? };
            Keeper::new(scope, &times)?.is_due()
        };
        // Most often there is nothing to do, which needs no transaction of the writer's.
        if !self.of(pbx, asked).await? {
            return Ok(false);
        }
        self.write(move |db| {
            let scope = Scope::get(db, &name)?;
            let times = WrapUpTimes { setting, ..wrap::times(&scope)? };
            let mut keeper = Keeper::new(&scope, &times)?;
            keeper.keep(at_once)?;
            keeper.is_due()
        })
        .await
    }
}

/// The days before this one are kept, made by these wrap-up times; none where those were others.
pub(super) fn kept_for(scope: &Scope<'_>, times: &WrapUpTimes) -> Result<i64, StoreError> {
    let by = cursor(scope, TIMES)?;
    Ok(if by == Some(mark_of(times)) { scope.work_kept } else { i64::MIN })
}

/// Forgets everything that is kept.
pub(super) fn forget(scope: &Scope<'_>) -> Result<(), StoreError> {
    for table in ["work", "work_month", "work_stale"] {
        scope.db.execute(&format!("DELETE FROM {table} WHERE pbx = ?1"), params![scope.pbx])?;
    }
    let sql = "DELETE FROM cursor WHERE pbx = ?1 AND source IN (?2, ?3)";
    scope.db.execute(sql, params![scope.pbx, KEPT, TIMES])?;
    Ok(())
}

/// The first UTC day with a span, or on which a pause or login begins.
pub(super) fn oldest_day(scope: &Scope<'_>) -> Result<Option<i64>, StoreError> {
    let spans: Option<i64> = scope
        .db
        .prepare_cached("SELECT min(day) FROM span WHERE pbx = ?1")?
        .query_row(params![scope.pbx], |row| row.get(0))?;
    let presence: Option<i64> = scope
        .db
        .prepare_cached("SELECT min(start) FROM presence WHERE pbx = ?1")?
        .query_row(params![scope.pbx], |row| row.get(0))?;
    Ok([spans, presence.map(|start| start.div_euclid(DAY))].into_iter().flatten().min())
}

fn cursor(scope: &Scope<'_>, source: &str) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT position FROM cursor WHERE pbx = ?1 AND source = ?2";
    let mut statement = scope.db.prepare_cached(sql)?;
    Ok(statement.query_row(params![scope.pbx, source], |row| row.get(0)).optional()?)
}

/// A number that tells wrap-up times from others (FNV-1a, which stays the same from version to version).
fn mark_of(times: &WrapUpTimes) -> i64 {
    let mut bytes = Vec::new();
    put_number(&mut bytes, u64::from(times.setting));
    for (queue, seconds) in &times.queues {
        put_text(&mut bytes, queue);
        put_number(&mut bytes, u64::from(*seconds));
    }
    for ((queue, agent), seconds) in &times.members {
        put_text(&mut bytes, queue);
        put_text(&mut bytes, agent);
        put_number(&mut bytes, u64::from(*seconds));
    }
    let step = |mark: u64, byte: &u8| (mark ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, step).cast_signed()
}

struct Keeper<'q, 's> {
    scope: &'q Scope<'s>,
    times: &'q WrapUpTimes,
    maker: Maker<'q, 's>,
    /// The first day that is not kept; `None` where nothing is known to be.
    next: Option<i64>,
}

impl<'q, 's> Keeper<'q, 's> {
    fn new(scope: &'q Scope<'s>, times: &'q WrapUpTimes) -> Result<Self, StoreError> {
        let next = Some(kept_for(scope, times)?).filter(|day| *day != i64::MIN);
        Ok(Self { scope, times, maker: Maker::new(scope, times), next })
    }

    fn is_due(&self) -> Result<bool, StoreError> {
        let next = match self.next {
            Some(next) => next,
            None => match oldest_day(self.scope)? {
                Some(oldest) => oldest - 1,
                None => return Ok(false),
            },
        };
        if self.is_over(next) {
            return Ok(true);
        }
        let sql = "SELECT EXISTS (SELECT 1 FROM work_stale WHERE pbx = ?1)";
        Ok(self.scope.db.prepare_cached(sql)?.query_row(params![self.scope.pbx], |row| row.get(0))?)
    }

    /// Whether the last clock hour that begins on a day is over by the log's clock, for what goes on is known up to there.
    fn is_over(&self, day: i64) -> bool {
        hours_of_day(&self.scope.zone, day).last().is_some_and(|hour| hour.end() <= self.scope.log_clock())
    }

    fn keep(&mut self, at_once: usize) -> Result<(), StoreError> {
        let mut next = match self.next {
            Some(next) => next,
            None => {
                forget(self.scope)?;
                // The clock hour in which a day begins may have begun on the day before.
                let Some(oldest) = oldest_day(self.scope)? else { return Ok(()) };
                set_cursor(self.scope, TIMES, mark_of(self.times))?;
                oldest - 1
            }
        };
        let mut done = self.make_stale(next, at_once)?;
        while done < at_once && self.is_over(next) {
            done += 1 + self.make_all(next)?;
            next += 1;
            let month = month_of(&self.scope.zone, (next - 1) * DAY);
            for month in [month - 1, month, month + 1] {
                if days_of_month(self.scope, month).1 == next - 1 {
                    done += self.add_up(month, Who::All)?;
                }
            }
        }
        set_cursor(self.scope, KEPT, next)?;
        self.next = Some(next);
        Ok(())
    }

    /// Makes stale days anew, the newest first, and the months that are whole again then.
    fn make_stale(&self, next: i64, at_once: usize) -> Result<usize, StoreError> {
        let sql = "SELECT day, agent FROM work_stale WHERE pbx = ?1 ORDER BY day DESC LIMIT ?2";
        let mut statement = self.scope.db.prepare_cached(sql)?;
        let limit = i64::try_from(at_once).unwrap_or(i64::MAX);
        let stale: Vec<(i64, String)> = statement
            .query_map(params![self.scope.pbx, limit], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut months: BTreeSet<(i64, &str)> = BTreeSet::new();
        let delete = |table: &str, day: i64, agent: &str| -> Result<(), StoreError> {
            let sql = format!("DELETE FROM {table} WHERE pbx = ?1 AND day = ?2 AND agent = ?3");
            self.scope.db.prepare_cached(&sql)?.execute(params![self.scope.pbx, day, agent])?;
            Ok(())
        };
        for (day, agent) in &stale {
            delete("work", *day, agent)?;
            delete("work_stale", *day, agent)?;
            self.maker.make(*day, Who::One(agent), &mut |agent, made| self.put(*day, agent, &made))?;
            let month = month_of(&self.scope.zone, day * DAY);
            // A day of UTC may hold hours of two months.
            months
                .extend([(month, agent.as_str()), (month_of(&self.scope.zone, (day + 1) * DAY - 1), agent)]);
        }
        for (month, agent) in months {
            let (first, last) = days_of_month(self.scope, month);
            if last < next && !self.has_stale((first, last), agent)? {
                self.add_up(month, Who::One(agent))?;
            }
        }
        Ok(stale.len())
    }

    fn has_stale(&self, (first, last): (i64, i64), agent: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM work_stale WHERE pbx = ?1 AND day BETWEEN ?2 AND ?3 AND agent = ?4)";
        let bound = params![self.scope.pbx, first, last, agent];
        Ok(self.scope.db.prepare_cached(sql)?.query_row(bound, |row| row.get(0))?)
    }

    /// Makes a day of all agents; says of how many.
    fn make_all(&self, day: i64) -> Result<usize, StoreError> {
        let mut number = 0;
        self.maker.make(day, Who::All, &mut |agent, made| {
            number += 1;
            self.put(day, agent, &made)
        })?;
        Ok(number)
    }

    fn put(&self, day: i64, agent: &str, made: &WorkDay) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO work (pbx, day, agent, hours) VALUES (?1, ?2, ?3, ?4)";
        let bytes = made.pack(day * DAY);
        self.scope.db.prepare_cached(sql)?.execute(params![self.scope.pbx, day, agent, bytes])?;
        Ok(())
    }

    /// Adds a month up from its days; says of how many agents. Where a day of theirs is stale it is not read before that is
    /// made, which adds the month up again.
    fn add_up(&self, month: i64, who: Who<'_>) -> Result<usize, StoreError> {
        let (first, last) = days_of_month(self.scope, month);
        let span = (month_start(&self.scope.zone, month), month_start(&self.scope.zone, month + 1));
        let mut days: BTreeMap<String, Vec<WorkDay>> = BTreeMap::new();
        let (select, one) = ("SELECT day, agent, hours FROM work WHERE pbx = ?1", "");
        let (sql, agent) = match who {
            Who::All => (format!("{select} AND day BETWEEN ?2 AND ?3 AND ?4 = ''"), one),
            Who::One(agent) => (format!("{select} AND day BETWEEN ?2 AND ?3 AND agent = ?4"), agent),
        };
        let mut statement = self.scope.db.prepare_cached(&sql)?;
        let mut rows = statement.query(params![self.scope.pbx, first, last, agent])?;
        while let Some(row) = rows.next()? {
            let (day, agent): (i64, String) = (row.get(0)?, row.get(1)?);
            let bytes = row.get_ref(2)?.as_blob().map_err(record)?;
            days.entry(agent).or_default().push(WorkDay::unpack(day * DAY, bytes).map_err(record)?);
        }
        drop(rows);
        let remove = "DELETE FROM work_month WHERE pbx = ?1 AND month = ?2 AND (?3 = '' OR agent = ?3)";
        self.scope.db.prepare_cached(remove)?.execute(params![self.scope.pbx, month, agent])?;
        let insert = "INSERT INTO work_month (pbx, month, agent, hours) VALUES (?1, ?2, ?3, ?4)";
        let mut insert = self.scope.db.prepare_cached(insert)?;
        let number = days.len();
        for (agent, days) in days {
            let mut sums = WorkDay::default();
            let queues = days.iter().flat_map(WorkDay::queues).map(str::to_owned).collect();
            days.iter().for_each(|day| sums.add(day, &queues, |start| (span.0..span.1).contains(&start)));
            if !sums.is_empty() {
                insert.execute(params![self.scope.pbx, month, agent, sums.pack(0)])?;
            }
        }
        Ok(number)
    }
}
