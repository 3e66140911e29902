//! The hourly check: a day's rows are read from the PBX once more, and the day is counted again.
//!
//! ```text
//!  rows of the day, from the PBX ──take──> are they all stored? what is missing is stored now
//!  rows of each agent ──finish──> his pauses and logins = stored ones? what differs is made anew
//!  visits and presence of the day ──finish──> cells in memory = stored cells? what differs is mended
//! ```
//! Together they say that what is shown is what the PBX's rows give. The count knows nothing of the stored cells:
//! it adds up what the visits and intervals give. Calls that cross midnight are counted whole, and only the hours of the
//! day are compared; where a pause or a login was wrong, all hours that it reaches. Rows that the PBX has no more (it tidies up) are no difference; they are said.
//!
//! Memory is bounded by a batch of rows and some hours of visits. Nothing here reads the PBX: who does gives the rows.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use smol_str::SmolStr;

use crate::domain::history::agent::Interval;
use crate::domain::history::cells::{Cell, Cells, Contributions};
use crate::domain::history::event::Belongs;
use crate::domain::history::place::place_call;
use crate::domain::history::query::Filter;
use crate::domain::history::row::{LogRow, Same};
use crate::domain::ids::{AgentName, PbxName};
use crate::domain::time::hour_of;
use crate::store::{Batch, Store, StoreError, VisitFilter};

/// A visit that gives something to an hour entered at most this long before it, seconds.
const REACH: i64 = 48 * 3600;
/// And at most this long after it: a talk may begin, as logged, before its visit.
const AFTER: i64 = 2 * 3600;
/// Visits counted together, seconds of entry.
const STEP: i64 = 6 * 3600;
/// Rows are looked for this long before and after the day: times are cut, and offsets may be mistaken by an hour.
pub(crate) const MARGIN: i64 = 2 * 3600;
/// Agents whose pauses and logins are counted in one transaction.
const AGENTS: usize = 16;
/// Where one was wrong, sums are counted again for so long around the day, seconds.
const FURTHEST: i64 = 31 * 86_400;
/// So often the count begins again because rows came meanwhile.
const AGAIN: u32 = 3;

/// What a check of one day found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// The day, in the PBX's zone.
    pub day: Date,
    /// Rows read from the PBX.
    pub rows: u64,
    /// Of these: were not stored. They are now.
    pub missing: u64,
    /// Cells compared.
    pub cells: u64,
    /// Of these: were not what the rows give. They are now.
    pub wrong: u64,
    /// Rows that are stored and that the PBX has no more. No difference.
    pub gone: u64,
    /// Pauses and logins that were not what the rows give. They are now.
    pub presence: u64,
}

impl CheckReport {
    /// Whether something had to be mended.
    pub fn found(&self) -> bool {
        self.missing > 0 || self.wrong > 0 || self.presence > 0
    }

    /// What was found, in a sentence; `None` where everything was right.
    pub fn sentence(&self) -> Option<String> {
        let several = |number: u64, one: &str, more: &str| match number {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{number} {more}")),
        };
        let rows = several(self.missing, "row was missing", "rows were missing");
        let sums = several(self.wrong, "sum was wrong", "sums were wrong");
        let presence = several(self.presence, "pause or login was wrong", "pauses or logins were wrong");
        let found: Vec<String> = rows.into_iter().chain(presence).chain(sums).collect();
        let day = self.day;
        (!found.is_empty())
            .then(|| format!("The hourly check found on {day}: {}; this is mended now", found.join(" and ")))
    }
}

/// A check of one day that is under way.
pub struct Check {
    store: Store,
    pbx: PbxName,
    zone: TimeZone,
    /// The day, UTC seconds [from, to).
    span: (i64, i64),
    /// Marks of the PBX's rows, to tell what it has no more.
    seen: HashSet<u64>,
    /// Callids of the day's rows.
    callids: BTreeSet<String>,
    /// Who did something beside calls on the day, as the rows write it.
    agents: BTreeSet<String>,
    report: CheckReport,
}

impl Check {
    /// Begins to check a day that is over.
    pub fn new(store: Store, pbx: PbxName, zone: TimeZone, day: Date) -> Self {
        let span = Filter::new(day, day).span(&zone);
        let report = CheckReport { day, rows: 0, missing: 0, cells: 0, wrong: 0, gone: 0, presence: 0 };
        let (seen, callids, agents) = (HashSet::new(), BTreeSet::new(), BTreeSet::new());
        Self { store, pbx, zone, span, seen, callids, agents, report }
    }

    /// Which rows of the PBX are needed: UTC seconds [from, to).
    pub fn wanted(&self) -> (i64, i64) {
        (self.span.0 - MARGIN, self.span.1 + MARGIN)
    }

    /// Takes some of the PBX's rows, in any order, and stores those that are missing.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn take(&mut self, mut rows: Vec<LogRow>) -> Result<(), StoreError> {
        rows.iter_mut().for_each(|row| row.settle(&self.zone));
        self.report.rows += u64::try_from(rows.len()).unwrap_or(0);
        let mut by_call: BTreeMap<SmolStr, Vec<LogRow>> = BTreeMap::new();
        let mut by_agent: BTreeMap<String, Vec<LogRow>> = BTreeMap::new();
        for row in rows {
            self.seen.insert(mark(&row));
            if row.belongs() == Belongs::Call {
                by_call.entry(row.callid.clone()).or_default().push(row);
            } else {
                by_agent.entry(agent_of(&row)).or_default().push(row);
            }
        }
        let callids: Vec<String> = by_call.keys().map(SmolStr::to_string).collect();
        self.callids.extend(callids.iter().cloned());
        self.agents.extend(by_agent.keys().cloned());
        let stored = self.store.stored_rows(&self.pbx, callids).await?;
        let mut missing = Vec::new();
        for (callid, rows) in by_call {
            missing.extend(new_ones(rows, stored.get(callid.as_str()).map_or(&[], Vec::as_slice)));
        }
        for (agent, rows) in by_agent {
            let (from, to) = self.wanted();
            let stored = self.store.lone_rows(&self.pbx, &agent, from, to).await?;
            let rows = rows.into_iter().map(|row| LogRow { agent: agent.as_str().into(), ..row }).collect();
            missing.extend(new_ones(rows, &stored));
        }
        if missing.is_empty() {
            return Ok(());
        }
        let batch = Batch { pbx: self.pbx.clone(), rows: missing, oddities: BTreeMap::new(), cursor: None };
        self.report.missing += self.store.apply_of_table(batch).await?.rows;
        Ok(())
    }

    /// Counts the day again, mends what differs, and says what was found.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn finish(mut self) -> Result<CheckReport, StoreError> {
        let day = self.span;
        self.recount_presence().await?;
        let (mut stored, mut counted) = (Cells::new(), Cells::new());
        for _ in 0..AGAIN {
            stored = self.stored().await?;
            counted = self.counted().await?;
            if self.stored().await? == stored {
                break;
            }
        }
        let keys: BTreeSet<_> = stored.keys().chain(counted.keys()).cloned().collect();
        let mut changes = Cells::new();
        for key in &keys {
            let mut change = counted.get(key).cloned().unwrap_or_default();
            change.merge(stored.get(key).unwrap_or(&Cell::default()), -1);
            if !change.is_empty() {
                changes.insert(key.clone(), change);
            }
        }
        self.report.cells = u64::try_from(keys.len()).unwrap_or(0);
        self.report.wrong = u64::try_from(changes.len()).unwrap_or(0);
        self.report.wrong += self.store.mend_cells(&self.pbx, self.span, changes).await?;
        self.span = day;
        self.report.gone = self.gone().await?;
        Ok(self.report)
    }

    /// Makes pauses and logins right; the cells of all that a wrong one reaches are compared then.
    async fn recount_presence(&mut self) -> Result<(), StoreError> {
        let (from, to) = self.span;
        let known = self.store.presence(&self.pbx, from, to, false).await?;
        self.agents.extend(known.into_iter().map(|(agent, _)| agent.to_string()));
        let agents: Vec<String> = std::mem::take(&mut self.agents).into_iter().collect();
        for some in agents.chunks(AGENTS) {
            let found = self.store.recount_presence(&self.pbx, (from, to), some.to_vec()).await?;
            self.report.presence += found.wrong;
            let Some(reach) = found.reach else { continue };
            let first = hour_of(&self.zone, reach.0.max(from - FURTHEST)).start;
            let last = hour_of(&self.zone, reach.1.min(to + FURTHEST)).end();
            self.span = (self.span.0.min(first), self.span.1.max(last));
        }
        Ok(())
    }

    async fn stored(&self) -> Result<Cells, StoreError> {
        let cells = self.store.cells(&self.pbx, self.span.0, self.span.1).await?;
        Ok(cells.into_iter().map(|(subject, hour, cell)| ((subject, hour), cell)).collect())
    }

    /// The cells of the day as visits and intervals give them.
    async fn counted(&self) -> Result<Cells, StoreError> {
        let (from, to) = self.span;
        let mut cells = Cells::new();
        let mut at = from - REACH;
        while at < to + AFTER {
            let until = (at + STEP).min(to + AFTER);
            let filter = VisitFilter { from: at, to: until, ..VisitFilter::default() };
            let mut given = Contributions::default();
            for visit in self.store.visits(&self.pbx, filter).await? {
                given.add_visit(&self.zone, &visit);
            }
            self.add(&mut cells, given);
            at = until;
        }
        let mut agents: BTreeMap<AgentName, Vec<Interval>> = BTreeMap::new();
        for (agent, interval) in self.store.presence(&self.pbx, from, to, false).await? {
            agents.entry(agent).or_default().push(interval);
        }
        for (agent, intervals) in agents {
            let mut given = Contributions::default();
            given.add_intervals(&self.zone, &agent, &intervals, None);
            self.add(&mut cells, given);
        }
        cells.retain(|_, cell| !cell.is_empty());
        Ok(cells)
    }

    fn add(&self, cells: &mut Cells, given: Contributions) {
        for ((subject, hour), cell) in given.cells {
            if hour.start >= self.span.0 && hour.start < self.span.1 {
                cells.entry((subject, hour)).or_default().merge(&cell, 1);
            }
        }
    }

    /// How many stored rows of the day's calls the PBX has no more. (A file may tell rows that no table ever had.)
    async fn gone(&self) -> Result<u64, StoreError> {
        let (from, to) = self.span;
        let filter = VisitFilter { from, to, ..VisitFilter::default() };
        let visits = self.store.visits(&self.pbx, filter).await?;
        let callids: BTreeSet<String> = visits.into_iter().map(|visit| visit.callid.into()).collect();
        let mut gone = 0;
        for some in callids.into_iter().collect::<Vec<_>>().chunks(500) {
            for rows in self.store.stored_rows(&self.pbx, some.to_vec()).await?.into_values() {
                let placed = place_call(&self.zone, &rows).into_iter().zip(&rows);
                let here = placed.filter(|(at, row)| (from..to).contains(at) && row.instant().is_none());
                gone += here.filter(|(_, row)| !self.seen.contains(&mark(row))).count();
            }
        }
        Ok(u64::try_from(gone).unwrap_or(0))
    }
}

/// Whose row it is, as rows without a call are stored.
fn agent_of(row: &LogRow) -> String {
    if row.has_agent() { row.agent.trim().to_owned() } else { "NONE".into() }
}

fn mark(row: &LogRow) -> u64 {
    let mut hasher = DefaultHasher::new();
    Same(row).hash(&mut hasher);
    hasher.finish()
}

fn new_ones(rows: Vec<LogRow>, stored: &[LogRow]) -> Vec<LogRow> {
    let known: BTreeSet<Same<'_>> = stored.iter().map(Same).collect();
    rows.into_iter().filter(|row| !known.contains(&Same(row))).collect()
}

/// What the checks of one PBX found since the start of the program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checks {
    /// Days checked.
    pub days: u64,
    /// Rows read from the PBX.
    pub rows: u64,
    /// Rows that were missing.
    pub missing: u64,
    /// Cells compared.
    pub cells: u64,
    /// Cells that were wrong.
    pub wrong: u64,
    /// Pauses and logins that were wrong.
    pub presence: u64,
    /// The last check.
    pub last: Option<CheckReport>,
    /// The last one that found something, and when, UTC seconds.
    pub finding: Option<(i64, CheckReport)>,
}

impl Checks {
    /// Takes the report of a check that ended at `now`, UTC seconds.
    pub fn take(&mut self, report: CheckReport, now: i64) {
        self.days += 1;
        self.rows += report.rows;
        self.missing += report.missing;
        self.cells += report.cells;
        self.wrong += report.wrong;
        self.presence += report.presence;
        if report.found() {
            self.finding = Some((now, report.clone()));
        }
        self.last = Some(report);
    }

    /// What is to be said at `now`, UTC seconds, of a finding of the last day.
    pub fn sentence(&self, now: i64) -> Option<String> {
        let (at, report) = self.finding.as_ref()?;
        report.sentence().filter(|_| now - at < 86_400)
    }
}

/// The days that are checked now: one of the last week, and an older one, where there are such. `first`: the first that
/// is known as a whole; `last`: the last that is over; `dice`: two numbers from 0 to 1.
pub fn choose_days(first: Date, last: Date, dice: (f64, f64)) -> Vec<Date> {
    use jiff::ToSpan;
    let Ok(span) = first.until(last) else { return Vec::new() };
    let days = i64::from(span.get_days()) + 1;
    if days < 1 {
        return Vec::new();
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a number of days")]
    let pick = |number: i64, dice: f64| ((number as f64 * dice) as i64).clamp(0, number - 1);
    let recent = days.min(7);
    let mut back = vec![pick(recent, dice.0)];
    if days > recent {
        back.push(recent + pick(days - recent, dice.1));
    }
    back.into_iter().filter_map(|back| last.checked_sub(back.days()).ok()).collect()
}

#[cfg(test)]
mod tests;
