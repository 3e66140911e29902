//! Differences → sums by day and by month.
//!
//! The cells of one agent, or of one queue, in the hours of one day are one record, and their sums over a month another:
//! a batch of rows touches each agent's day once, however many hours and queues he answered in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{OptionalExtension, params};

use super::cells::each_hour;
use super::read::CellsOf;
use super::{Scope, decode, encode};
use crate::domain::history::cells::{Cell, Cells, Subject, Sums};
use crate::domain::time::{Hour, month_of, month_start};
use crate::store::StoreError;

/// Seconds of a UTC day.
pub(super) const DAY: i64 = 86_400;

/// A day's cells of one agent or queue: queue, second of the UTC day at which the hour starts, its length, sums.
pub(super) type DayCells = Vec<(String, u32, u32, Cell)>;
/// A month's sums of one agent or queue.
pub(super) type MonthCells = Vec<(String, Cell)>;

/// What a batch changes.
#[derive(Default)]
pub(super) struct Changes {
    names: HashMap<String, u32>,
    texts: Vec<String>,
    cells: HashMap<(u32, u32, i64), (i64, Cell)>,
}

impl Sums for Changes {
    fn cell(&mut self, queue: &str, agent: &str, hour: Hour) -> &mut Cell {
        let key = (self.number(queue), self.number(agent), hour.start);
        &mut self.cells.entry(key).or_insert_with(|| (hour.seconds, Cell::default())).1
    }
}

/// Whose record a subject's cells are in: agent and queue.
fn owner<'a>(queue: &'a str, agent: &'a str) -> (&'a str, &'a str) {
    if agent.is_empty() { ("", queue) } else { (agent, "") }
}

impl Changes {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.names.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.to_owned());
        self.names.insert(text.to_owned(), number);
        number
    }

    /// Adds differences that were made elsewhere.
    pub(super) fn merge(&mut self, changes: &Cells) {
        for ((Subject { queue, agent }, hour), cell) in changes {
            self.cell(queue, agent, *hour).merge(cell, 1);
        }
    }

    /// What changes, by subject and clock hour.
    pub(super) fn keys(&self) -> impl Iterator<Item = (Subject, Hour)> {
        let changed = self.cells.iter().filter(|(_, (_, cell))| !cell.is_empty());
        changed.map(|((queue, agent, start), (seconds, _))| {
            let subject =
                Subject { queue: self.text(*queue).to_owned(), agent: self.text(*agent).to_owned() };
            (subject, Hour { start: *start, seconds: *seconds })
        })
    }

    fn text(&self, number: u32) -> &str {
        usize::try_from(number).ok().and_then(|at| self.texts.get(at)).map_or("", |text| text)
    }

    /// Adds everything to the stored sums; a record that becomes empty is removed. Says whether anything changed.
    pub(super) fn save(&self, scope: &Scope<'_>) -> Result<bool, StoreError> {
        let mut days: BTreeMap<(i64, &str, &str), Vec<(&str, i64, i64, &Cell)>> = BTreeMap::new();
        let mut months: BTreeMap<(i64, &str, &str), BTreeMap<&str, Cell>> = BTreeMap::new();
        let mut month_starts: HashMap<i64, i64> = HashMap::new();
        for ((queue, agent, start), (seconds, cell)) in
            self.cells.iter().filter(|(_, (_, cell))| !cell.is_empty())
        {
            let (queue, agent) = (self.text(*queue), self.text(*agent));
            let (owner_agent, owner_queue) = owner(queue, agent);
            let day = start.div_euclid(DAY);
            days.entry((day, owner_agent, owner_queue)).or_default().push((queue, *start, *seconds, cell));
            let month = *month_starts.entry(*start).or_insert_with(|| month_of(&scope.zone, *start));
            let sums = months.entry((month, owner_agent, owner_queue)).or_default();
            sums.entry(queue).or_default().merge(cell, 1);
        }
        let day_record = Record::of("day");
        for ((day, agent, queue), changes) in &days {
            day_record
                .change(scope, (*day, agent, queue), |stored: DayCells| merge_day(*day, stored, changes))?;
        }
        let month_record = Record::of("month");
        for ((month, agent, queue), changes) in &months {
            month_record
                .change(scope, (*month, agent, queue), |stored: MonthCells| merge_month(stored, changes))?;
        }
        Ok(!days.is_empty())
    }
}

fn merge_day(day: i64, stored: DayCells, changes: &[(&str, i64, i64, &Cell)]) -> DayCells {
    let mut cells: BTreeMap<(String, u32), (u32, Cell)> =
        stored.into_iter().map(|(queue, start, seconds, cell)| ((queue, start), (seconds, cell))).collect();
    let small = |number: i64| u32::try_from(number).unwrap_or(0);
    for (queue, start, seconds, change) in changes {
        let key = ((*queue).to_owned(), small(start - day * DAY));
        let (_, cell) = cells.entry(key).or_insert_with(|| (small(*seconds), Cell::default()));
        cell.merge(change, 1);
    }
    let kept = cells.into_iter().filter(|(_, (_, cell))| !cell.is_empty());
    kept.map(|((queue, start), (seconds, cell))| (queue, start, seconds, cell)).collect()
}

fn merge_month(stored: MonthCells, changes: &BTreeMap<&str, Cell>) -> MonthCells {
    let mut cells: BTreeMap<String, Cell> = stored.into_iter().collect();
    for (queue, change) in changes {
        cells.entry((*queue).to_owned()).or_default().merge(change, 1);
    }
    cells.into_iter().filter(|(_, cell)| !cell.is_empty()).collect()
}

/// Adds the sums of a month up from its days, and says how many were not what the days give.
pub(super) fn add_up_again(scope: &Scope<'_>, month: i64) -> Result<u64, StoreError> {
    let span = (month_start(&scope.zone, month), month_start(&scope.zone, month + 1));
    let mut right: BTreeMap<(String, String), BTreeMap<String, Cell>> = BTreeMap::new();
    each_hour(scope, span, &CellsOf::All, &mut |Subject { queue, agent }, _, cell| {
        let (owner_agent, owner_queue) = owner(&queue, &agent);
        let sums = right.entry((owner_agent.to_owned(), owner_queue.to_owned())).or_default();
        sums.entry(queue).or_default().merge(&cell, 1);
    })?;
    let mut stored: BTreeMap<(String, String), Vec<u8>> = BTreeMap::new();
    let mut statement =
        scope.db.prepare_cached("SELECT agent, queue, cells FROM month WHERE pbx = ?1 AND month = ?2")?;
    let mut rows = statement.query(params![scope.pbx, month])?;
    while let Some(row) = rows.next()? {
        stored.insert((row.get(0)?, row.get(1)?), row.get(2)?);
    }
    drop(rows);
    let record = Record::of("month");
    let mut wrong = 0;
    let owners: BTreeSet<(String, String)> = stored.keys().chain(right.keys()).cloned().collect();
    for key in owners {
        let kept = right.remove(&key).unwrap_or_default().into_iter().filter(|(_, cell)| !cell.is_empty());
        let kept: MonthCells = kept.collect();
        // What cannot be read is wrong, too.
        let known = stored.get(&key).and_then(|bytes| decode::<MonthCells>(bytes).ok()).unwrap_or_default();
        if known != kept {
            wrong += 1;
            scope.db.prepare_cached(&record.remove)?.execute(params![scope.pbx, month, key.0, key.1])?;
            record.change(scope, (month, &key.0, &key.1), |_: MonthCells| kept)?;
        }
    }
    Ok(wrong)
}

/// The statements of one of the two tables.
struct Record {
    read: String,
    write: String,
    remove: String,
}

impl Record {
    fn of(table: &str) -> Self {
        let key = format!("pbx = ?1 AND {table} = ?2 AND agent = ?3 AND queue = ?4");
        Self {
            read: format!("SELECT cells FROM {table} WHERE {key}"),
            write: format!(
                "INSERT INTO {table} (pbx, {table}, agent, queue, cells) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (pbx, {table}, agent, queue) DO UPDATE SET cells = excluded.cells"
            ),
            remove: format!("DELETE FROM {table} WHERE {key}"),
        }
    }

    fn change<T>(
        &self,
        scope: &Scope<'_>,
        (time, agent, queue): (i64, &str, &str),
        merge: impl FnOnce(Vec<T>) -> Vec<T>,
    ) -> Result<(), StoreError>
    where
        T: serde::Serialize + serde::de::DeserializeOwned,
    {
        let key = params![scope.pbx, time, agent, queue];
        let mut read = scope.db.prepare_cached(&self.read)?;
        let stored: Option<Vec<u8>> = read.query_row(key, |row| row.get(0)).optional()?;
        let cells = merge(stored.map_or_else(|| Ok(Vec::new()), |bytes| decode(&bytes))?);
        if cells.is_empty() {
            scope.db.prepare_cached(&self.remove)?.execute(key)?;
        } else {
            let bytes = encode(&cells)?;
            scope.db.prepare_cached(&self.write)?.execute(params![scope.pbx, time, agent, queue, bytes])?;
        }
        Ok(())
    }
}
