//! Differences → sums by day and by month.
//!
//! The cells of one agent, or of one queue, in the hours of one day are one record, and their sums over a month another:
//! a batch of rows touches each agent's day once, however many hours and queues he answered in.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use rusqlite::{OptionalExtension, params};

use super::cells::each_hour;
use super::read::CellsOf;
use super::{Scope, changes, record};
use crate::domain::history::cell_pack::Flat;
use crate::domain::history::cells::{Cell, Cells, Subject, Sums};
use crate::domain::history::pack::{Parts, put_number, put_text};
use crate::domain::time::{Hour, month_of, month_start};
use crate::store::StoreError;

/// Seconds of a UTC day.
pub(super) const DAY: i64 = 86_400;

/// What a batch changes.
#[derive(Default)]
pub(super) struct Changes {
    names: QuickMap<String, u32>,
    texts: Vec<String>,
    cells: QuickMap<(u32, u32, i64), (i64, Cell)>,
}

impl Sums for Changes {
    fn cell(&mut self, queue: &str, agent: &str, hour: Hour) -> &mut Cell {
        let key = (self.number(queue), self.number(agent), hour.start);
        &mut self.cells.entry(key).or_insert_with(|| (hour.seconds, Cell::default())).1
    }
}

/// The number of no text.
const NOBODY: u32 = u32::MAX;

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

    fn text(&self, number: u32) -> &str {
        usize::try_from(number).ok().and_then(|at| self.texts.get(at)).map_or("", |text| text)
    }

    /// Adds everything to the stored sums; a record that becomes empty is removed. Says whether anything changed.
    pub(super) fn save(&self, scope: &Scope<'_>) -> Result<bool, StoreError> {
        // Day or month, agent, queue, by the numbers of their names.
        let mut days: BTreeMap<(i64, u32, u32), Vec<Entry<'_>>> = BTreeMap::new();
        let mut months: BTreeMap<(i64, u32, u32), BTreeMap<u32, Flat>> = BTreeMap::new();
        let mut month_starts: HashMap<i64, i64> = HashMap::new();
        let small = |number: i64| u32::try_from(number).unwrap_or(0);
        for ((queue, agent, start), (seconds, cell)) in
            self.cells.iter().filter(|(_, (_, cell))| !cell.is_empty())
        {
            // An agent's cells of all queues are one record, a queue's another.
            let owner = if self.text(*agent).is_empty() { (NOBODY, *queue) } else { (*agent, NOBODY) };
            let day = start.div_euclid(DAY);
            let mut change = Flat::default();
            change.add(cell);
            let entry = Entry {
                queue: self.text(*queue),
                start: small(start - day * DAY),
                seconds: small(*seconds),
                change,
            };
            days.entry((day, owner.0, owner.1)).or_default().push(entry);
            let month = *month_starts.entry(*start).or_insert_with(|| month_of(&scope.zone, *start));
            months.entry((month, owner.0, owner.1)).or_default().entry(*queue).or_default().add(cell);
        }
        let changed = !days.is_empty();
        let record = Record::of("day");
        for ((day, agent, queue), entries) in days {
            changes::note(scope, day)?;
            record.change(scope, (day, self.text(agent), self.text(queue)), entries)?;
        }
        let record = Record::of("month");
        for ((month, agent, queue), queues) in months {
            let entry = |(queue, change)| Entry { queue: self.text(queue), start: 0, seconds: 0, change };
            record.change(
                scope,
                (month, self.text(agent), self.text(queue)),
                queues.into_iter().map(entry).collect(),
            )?;
        }
        Ok(changed)
    }
}

/// Day or month, agent, queue: whose record.
type Key<'a> = (i64, &'a str, &'a str);

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

/// A record with changes: what they do not touch is copied as it is.
fn changed(stored: &[u8], mut changes: Vec<Entry<'_>>) -> Result<Vec<u8>, StoreError> {
    changes.sort_by(|a, b| (a.queue, a.start).cmp(&(b.queue, b.start)));
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
            change.add(cell);
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
        (time, agent, queue): Key<'_>,
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

/// Spreads small numbers and names; nothing here comes from people who would make them collide.
#[derive(Clone, Copy, Default)]
pub(super) struct Quick(u64);

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number.cast_unsigned());
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x517C_C1B7_2722_0A95);
    }

    fn finish(&self) -> u64 {
        // The table goes by the highest and the lowest bits.
        self.0 ^ (self.0 >> 32)
    }
}

/// A map over [`Quick`].
pub(super) type QuickMap<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;
