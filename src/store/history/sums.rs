//! Differences → sums by day and by month.
//!
//! The cells of one agent, or of one queue, in the hours of one day are one record, and their sums over a month another:
//! a batch of rows touches each agent's day once, however many hours and queues he answered in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{OptionalExtension, params};

use super::cells::each_hour;
use super::read::CellsOf;
use super::{Scope, changes, record};
use crate::domain::history::cell_pack::Flat;
use crate::domain::history::cells::{Cell, Cells, Subject, Sums};
use crate::domain::history::pack::{Parts, put_number, put_text};
use crate::domain::quick::QuickMap;
use crate::domain::time::{Hour, month_of, month_start};
use crate::store::StoreError;

/// Seconds of a UTC day.
pub(super) const DAY: i64 = 86_400;

/// What a batch changes.
#[derive(Default)]
pub(super) struct Changes {
    names: QuickMap<String, u32>,
    texts: Vec<String>,
    cells: QuickMap<(u32, u32, i64), (i64, Flat)>,
}

impl Sums for Changes {
    type Taker = Flat;

    fn cell(&mut self, queue: &str, agent: &str, hour: Hour) -> &mut Flat {
        let key = (self.number(queue), self.number(agent), hour.start);
        &mut self.cells.entry(key).or_insert_with(|| (hour.seconds, Flat::default())).1
    }
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
            self.cell(queue, agent, *hour).add_cell(cell);
        }
    }

    /// Adds everything to the stored sums; a record that becomes empty is removed. Says whether anything changed.
    pub(super) fn save(self, scope: &Scope<'_>) -> Result<bool, StoreError> {
        let Self { mut texts, cells, names } = self;
        let small = |number: i64| u32::try_from(number).unwrap_or(0);
        if !names.contains_key("") {
            texts.push(String::new());
        }
        let ranks = ranks(&mut texts);
        let rank =
            |number: u32| usize::try_from(number).ok().and_then(|at| ranks.get(at)).copied().unwrap_or(0);
        let mut days: Vec<Part> = Vec::with_capacity(cells.len());
        for ((queue, agent, start), (seconds, mut change)) in cells {
            if change.settle() {
                let (queue, agent, day) = (rank(queue), rank(agent), start.div_euclid(DAY));
                // An agent's cells of all queues are one record, a queue's another.
                let owner = if agent == NO_NAME { queue } else { NO_NAME };
                let key = (day, agent, owner, queue, small(start - day * DAY));
                days.push(Part { key, seconds: small(seconds), change });
            }
        }
        let changed = !days.is_empty();
        // In the order in which they are stored.
        days.sort_unstable_by_key(|part| part.key);
        let months = months(scope, &days);
        for (table, parts) in [("day", days), ("month", months)] {
            let record = Record::of(table);
            let text =
                |rank: u32| usize::try_from(rank).ok().and_then(|at| texts.get(at)).map_or("", |text| text);
            for ((time, agent, owner), entries) in runs(parts, text) {
                if table == "day" {
                    changes::note(scope, time)?;
                }
                record.change(scope, (time, text(agent), text(owner)), entries)?;
            }
        }
        Ok(changed)
    }
}

/// A change of one cell: day or month, agent, the queue whose record it is in, the queue, second of the day.
struct Part {
    key: (i64, u32, u32, u32, u32),
    seconds: u32,
    change: Flat,
}

/// The place of no name among the sorted ones.
const NO_NAME: u32 = 0;

/// Sorts the names, and gives the place of each by its number: places are compared more quickly than names.
fn ranks(texts: &mut [String]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by(|a, b| texts[*a].cmp(&texts[*b]));
    let mut ranks = vec![0; texts.len()];
    for (rank, number) in (0..).zip(&order) {
        ranks[*number] = rank;
    }
    texts.sort();
    ranks
}

/// The same changes by month, in the order in which they are stored.
fn months(scope: &Scope<'_>, days: &[Part]) -> Vec<Part> {
    let mut known: HashMap<i64, i64> = HashMap::new();
    let mut month_of = |day: i64, second: u32| {
        let start = day * DAY + i64::from(second);
        *known.entry(start).or_insert_with(|| month_of(&scope.zone, start))
    };
    let key = |part: &Part| {
        let (day, agent, owner, queue, second) = part.key;
        (month_of(day, second), agent, owner, queue, 0)
    };
    let mut parts: Vec<_> = days.iter().map(key).zip(days).collect();
    parts.sort_by_key(|(key, _)| *key);
    let mut months = Vec::new();
    for own in parts.chunk_by(|(a, _), (b, _)| a == b) {
        let mut change = Flat::default();
        own.iter().for_each(|(_, part)| change.add_flat(&part.change));
        if change.settle() {
            months.push(Part { key: own[0].0, seconds: 0, change });
        }
    }
    months
}

/// The changes of each record together.
fn runs<'a>(
    parts: Vec<Part>,
    text: impl Fn(u32) -> &'a str,
) -> impl Iterator<Item = ((i64, u32, u32), Vec<Entry<'a>>)> {
    let mut parts = parts.into_iter().peekable();
    let of = |part: &Part| (part.key.0, part.key.1, part.key.2);
    std::iter::from_fn(move || {
        let whose = of(parts.peek()?);
        let mut own = Vec::new();
        while let Some(Part { key: (.., queue, start), seconds, change }) =
            parts.next_if(|next| of(next) == whose)
        {
            own.push(Entry { queue: text(queue), start, seconds, change });
        }
        Some((whose, own))
    })
}

/// Day or month, agent, queue: whose record.
type Of<'a> = (i64, &'a str, &'a str);

/// A change of a part of a record: of a queue in one hour, or in one month.
struct Entry<'a> {
    queue: &'a str,
    /// Second of the UTC day at which the hour starts.
    start: u32,
    /// The hour's length.
    seconds: u32,
    change: Flat,
}

impl Entry<'_> {
    /// Appends what the change makes of what was, unless that is nothing.
    fn put(mut self, before: Option<&Stored<'_>>, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
        if let Some(before) = before {
            self.change.add_packed(before.sums).map_err(record)?;
        }
        if self.change.settle() {
            let mut sums = Vec::with_capacity(64);
            self.change.put(&mut sums);
            Stored { queue: self.queue, start: self.start, seconds: self.seconds, sums: &sums }.put(bytes);
        }
        Ok(())
    }
}

/// One part of a stored record.
pub(super) struct Stored<'a> {
    pub(super) queue: &'a str,
    pub(super) start: u32,
    pub(super) seconds: u32,
    pub(super) sums: &'a [u8],
}

impl Stored<'_> {
    /// The sums.
    pub(super) fn cell(&self) -> Result<Cell, StoreError> {
        let mut flat = Flat::default();
        flat.add_packed(self.sums).and_then(|()| flat.cell()).map_err(record)
    }

    fn put(&self, bytes: &mut Vec<u8>) {
        put_text(bytes, self.queue);
        put_number(bytes, u64::from(self.start));
        put_number(bytes, u64::from(self.seconds));
        put_number(bytes, self.sums.len() as u64);
        bytes.extend_from_slice(self.sums);
    }
}

/// The parts of a stored record, by queue and start.
pub(super) fn parts(bytes: &[u8]) -> Result<Vec<Stored<'_>>, StoreError> {
    let mut found = Vec::new();
    each_stored(bytes, |part| {
        found.push(part);
        Ok(())
    })?;
    Ok(found)
}

/// Gives the parts of a stored record to `each`, by queue and start.
pub(super) fn each_stored<'a>(
    bytes: &'a [u8],
    mut each: impl FnMut(Stored<'a>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut parts = Parts::new(bytes);
    let small = |number: u64| u32::try_from(number).map_err(record);
    while !parts.is_empty() {
        let queue = parts.text().map_err(record)?;
        let start = small(parts.number().map_err(record)?)?;
        let seconds = small(parts.number().map_err(record)?)?;
        each(Stored { queue, start, seconds, sums: parts.slice().map_err(record)? })?;
    }
    Ok(())
}

/// A record with changes, which come by queue and start: what they do not touch is copied as it is.
fn changed(stored: &[u8], changes: Vec<Entry<'_>>) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(stored.len() + changes.len() * 48);
    let mut changes = changes.into_iter().peekable();
    for part in parts(stored)? {
        let key = (part.queue, part.start);
        while let Some(entry) = changes.next_if(|entry| (entry.queue, entry.start) < key) {
            entry.put(None, &mut bytes)?;
        }
        match changes.next_if(|entry| (entry.queue, entry.start) == key) {
            Some(entry) => entry.put(Some(&part), &mut bytes)?,
            None => part.put(&mut bytes),
        }
    }
    changes.try_for_each(|entry| entry.put(None, &mut bytes))?;
    Ok(bytes)
}

/// Whose record a subject's cells are in: agent and queue.
fn owner<'a>(queue: &'a str, agent: &'a str) -> (&'a str, &'a str) {
    if agent.is_empty() { ("", queue) } else { (agent, "") }
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
        let mut kept = right.remove(&key).unwrap_or_default();
        kept.retain(|_, cell| !cell.is_empty());
        // What cannot be read is wrong, too.
        let known = stored.get(&key).and_then(|bytes| month_cells(bytes).ok()).unwrap_or_default();
        if known == kept {
            continue;
        }
        wrong += 1;
        scope.db.prepare_cached(&record.remove)?.execute(params![scope.pbx, month, key.0, key.1])?;
        let entry = |(queue, cell)| {
            let mut change = Flat::default();
            change.add_cell(cell);
            Entry { queue, start: 0, seconds: 0, change }
        };
        let entries = kept.iter().map(|(queue, cell)| entry((queue.as_str(), cell))).collect();
        record.change(scope, (month, &key.0, &key.1), entries)?;
    }
    Ok(wrong)
}

fn month_cells(bytes: &[u8]) -> Result<BTreeMap<String, Cell>, StoreError> {
    parts(bytes)?.iter().map(|part| Ok((part.queue.to_owned(), part.cell()?))).collect()
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

    fn change(
        &self,
        scope: &Scope<'_>,
        (time, agent, queue): Of<'_>,
        changes: Vec<Entry<'_>>,
    ) -> Result<(), StoreError> {
        let key = params![scope.pbx, time, agent, queue];
        let mut read = scope.db.prepare_cached(&self.read)?;
        let stored: Option<Vec<u8>> = read.query_row(key, |row| row.get(0)).optional()?;
        let bytes = changed(&stored.unwrap_or_default(), changes)?;
        if bytes.is_empty() {
            scope.db.prepare_cached(&self.remove)?.execute(key)?;
        } else {
            scope.db.prepare_cached(&self.write)?.execute(params![scope.pbx, time, agent, queue, bytes])?;
        }
        Ok(())
    }
}
