//! How rows come into the table: committed up to a quarter of an hour later, out of order, some twice, some days late;
//! an id is the order of commits. Some are told by the file too, or by the file alone.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use asterflow::domain::history::row::{LogRow, file_id};

use super::clock::{Clock, Dice};
use super::reasons;

/// Rows are committed this much out of order at most, milliseconds.
const SHUFFLE: i64 = 15 * 60_000;
/// Around a repeated hour a row without a callid goes by the row next to it in the table, so that the order there is
/// the order of time but for this, milliseconds.
const ORDERLY: i64 = 2_000;
/// "Around" is this, seconds.
const AROUND: i64 = 45 * 60;

/// Which source tells a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Told {
    Table,
    /// The database was down: only the file has it.
    File,
    Both,
}

/// A row before it has an id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    /// As logged, UTC seconds: the time that counts.
    pub(super) at: i64,
    /// As the table has it, UTC seconds.
    pub(super) table_at: i64,
    pub(super) told: Told,
    /// A line of the file, by its number within its second; else a row of the table.
    pub(super) line: Option<u32>,
    pub(super) callid: String,
    pub(super) queue: String,
    pub(super) agent: String,
    pub(super) event: &'static str,
    pub(super) data: [String; 5],
    /// The data as Asterisk said it, where the columns of a table have it otherwise.
    pub(super) said: Option<String>,
}

/// Rows that are not committed yet.
pub(super) struct Mail {
    dice: Dice,
    /// Also around a repeated hour.
    disorder: bool,
    waiting: BinaryHeap<Reverse<(i64, u64, Row)>>,
    /// Lines of the file in each second.
    lines: BTreeMap<i64, u32>,
    serial: u64,
    id: i64,
}

impl Mail {
    pub(super) fn new(seed: u64, disorder: bool) -> Self {
        Self {
            dice: Dice::new(seed),
            disorder,
            waiting: BinaryHeap::new(),
            lines: BTreeMap::new(),
            serial: 0,
            id: 0,
        }
    }

    fn put(&mut self, commit: i64, row: Row) {
        self.serial += 1;
        self.waiting.push(Reverse((commit, self.serial, row)));
    }

    /// The file's line of a row, where it has one; the table's row, where it has one. A file may be read much later.
    fn tell(&mut self, clock: &Clock, row: Row) -> Option<Row> {
        if row.told != Told::Table {
            let number = self.lines.entry(row.at).or_default();
            let line = Some(*number);
            *number += 1;
            let at = row.at * 1000;
            let commit =
                if self.dice.hits(300) { self.late(clock, at) } else { at + self.dice.between(0, SHUFFLE) };
            let data = row.said.as_deref().map_or_else(|| row.data.clone(), reasons::cut);
            self.put(commit, Row { line, data, ..row.clone() });
        }
        (row.told != Told::File).then_some(Row { at: row.table_at, ..row })
    }

    /// A row of a call.
    pub(super) fn post(&mut self, clock: &Clock, row: Row) {
        let Some(row) = self.tell(clock, row) else { return };
        let at = row.at * 1000;
        if !self.disorder && clock.repeat_near(row.at, AROUND).is_some() {
            let commit = at + self.dice.between(0, ORDERLY);
            return self.put(commit, row);
        }
        let mut commit = at + self.dice.between(0, SHUFFLE);
        if self.dice.hits(4) {
            // Late: up to two days.
            commit = self.late(clock, at);
        }
        if self.dice.hits(15) {
            let again = if self.dice.hits(500) { commit } else { self.late(clock, at) };
            self.put(again, row.clone());
        }
        self.put(commit, row);
    }

    /// A row without a call, or one that shares its second with another of the same agent: those keep their order.
    pub(super) fn post_in_order(&mut self, clock: &Clock, row: Row) {
        let Some(row) = self.tell(clock, row) else { return };
        let at = row.at * 1000;
        if clock.repeat_near(row.at, AROUND).is_none() && self.dice.hits(15) {
            let again = self.late(clock, at);
            self.put(again, row.clone());
        }
        self.put(at, row);
    }

    /// Some time later, never among the rows around a repeated hour.
    fn late(&mut self, clock: &Clock, at: i64) -> i64 {
        let commit = at + self.dice.between(SHUFFLE, 48 * 3_600_000);
        match clock.repeat_near(commit / 1000, 5 * 3600) {
            Some((_, to)) => commit.max((to + 5 * 3600) * 1000),
            None => commit,
        }
    }

    /// The rows committed before a time, milliseconds, with their ids; gaps between ids are normal.
    pub(super) fn take_before(&mut self, clock: &Clock, at: i64) -> Vec<LogRow> {
        let mut taken = Vec::new();
        while self.waiting.peek().is_some_and(|Reverse((commit, ..))| *commit < at) {
            let Some(Reverse((_, _, row))) = self.waiting.pop() else { break };
            let id = row.line.map_or_else(|| self.next_id(), |line| file_id(row.at, line));
            taken.push(LogRow {
                id,
                local: clock.local(row.at),
                callid: row.callid.into(),
                queue: row.queue.into(),
                agent: row.agent.into(),
                event: row.event.into(),
                data: row.data.map(Into::into),
            });
        }
        let old = at.saturating_sub(172_800_000).div_euclid(1000);
        self.lines = self.lines.split_off(&old);
        taken
    }

    fn next_id(&mut self) -> i64 {
        self.id += if self.dice.hits(30) { self.dice.between(2, 9) } else { 1 };
        self.id
    }
}

/// Cuts rows into batches as a reader meets them: in disorder, some held back for a later batch.
pub(super) fn batches(dice: &mut Dice, rows: Vec<LogRow>) -> Vec<Vec<LogRow>> {
    let mut made = Vec::new();
    let mut held: Vec<LogRow> = Vec::new();
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut batch = std::mem::take(&mut held);
        let size = dice.between(1, 3_000);
        for row in rows.by_ref().take(usize::try_from(size).expect("fits")) {
            if dice.hits(20) { held.push(row) } else { batch.push(row) }
        }
        for at in (1..batch.len()).rev() {
            let other = dice.between(0, i64::try_from(at).expect("fits"));
            batch.swap(at, usize::try_from(other).expect("fits"));
        }
        made.push(batch);
    }
    made.push(held);
    made
}
