//! Cells ⇄ bytes, and the sum of a stored cell and a change without making a cell of it.

use std::collections::BTreeMap;

use super::cells::{Cell, Measure, Take, Waits, waited};
use super::pack::{Parts, put_number, put_signed, put_text};
use super::row::PackError;
use super::visit::{Outcome, Status};

/// All measures, in the order of their numbers, which are stored: only ever appended to, up to [`FIRST_WAIT`].
const MEASURES: [Measure; 25] = [
    Measure::Outcome(Outcome::Answered),
    Measure::Outcome(Outcome::Abandoned),
    Measure::Outcome(Outcome::TimedOut),
    Measure::Outcome(Outcome::LeftByKey),
    Measure::Outcome(Outcome::LeftEmpty),
    Measure::Outcome(Outcome::Withdrawn),
    Measure::Outcome(Outcome::Open),
    Measure::Outcome(Outcome::Unresolved),
    Measure::Technical,
    Measure::LostAfterTransfer,
    Measure::TalkWhole,
    Measure::Status(Status::Answered),
    Measure::Status(Status::NoAnswer),
    Measure::Status(Status::Abandoned),
    Measure::Status(Status::Busy),
    Measure::Status(Status::LeftByKey),
    Measure::RangOut,
    Measure::Refused,
    Measure::Blind,
    Measure::Attended,
    Measure::Talk,
    Measure::Ring,
    Measure::Paused,
    Measure::PausedAll,
    Measure::LoggedIn,
];
/// Numbers from here on are waits: three kinds of each second.
pub(super) const FIRST_WAIT: u64 = 32;
/// So many sums are looked through for the one to add to.
const FEW: usize = 8;
const WAITS: [Waits; 3] = [Waits::Answered, Waits::Abandoned, Waits::OtherLost];

fn number_of(measure: Measure) -> u64 {
    match measure {
        Measure::Outcome(outcome) => outcome as u64,
        Measure::Technical => 8,
        Measure::LostAfterTransfer => 9,
        Measure::TalkWhole => 10,
        Measure::Status(status) => 11 + status as u64,
        Measure::RangOut => 16,
        Measure::Refused => 17,
        Measure::Blind => 18,
        Measure::Attended => 19,
        Measure::Talk => 20,
        Measure::Ring => 21,
        Measure::Paused => 22,
        Measure::PausedAll => 23,
        Measure::LoggedIn => 24,
    }
}

/// The sums of cells as a list of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flat {
    sums: Vec<(u64, i64)>,
    reasons: BTreeMap<String, i64>,
}

/// Each key once, in order, with the sum of its numbers, unless that is 0.
pub fn add_up<K: Ord>(list: &mut Vec<(K, i64)>) {
    // Stable, because it is mostly made of a few ordered stretches, which that sort only merges.
    list.sort_by(|(a, _), (b, _)| a.cmp(b));
    list.dedup_by(|later, first| {
        let same = later.0 == first.0;
        first.1 += if same { later.1 } else { 0 };
        same
    });
    list.retain(|(_, sum)| *sum != 0);
}

fn number_of_wait(whose: Waits, seconds: u32) -> u64 {
    FIRST_WAIT + u64::from(seconds) * 3 + whose as u64
}

/// Contributions are put down one after the other; [`Flat::settle`] adds them up.
impl Take for Flat {
    fn add(&mut self, measure: Measure, by: i64) {
        // Nearly all of them go to the same few sums.
        let number = number_of(measure);
        match self.sums.iter_mut().take(FEW).find(|(key, _)| *key == number) {
            Some((_, sum)) => *sum += by,
            None => self.sums.push((number, by)),
        }
    }

    fn add_wait(&mut self, whose: Waits, seconds: i64, times: i64) {
        self.sums.push((number_of_wait(whose, waited(seconds)), times));
    }

    fn add_reason(&mut self, reason: &str, by: i64) {
        match self.reasons.get_mut(reason) {
            Some(sum) => *sum += by,
            None => drop(self.reasons.insert(reason.to_owned(), by)),
        }
    }
}

impl Flat {
    /// Adds a cell.
    pub fn add_cell(&mut self, cell: &Cell) {
        self.sums.extend(cell.sums.iter().map(|(measure, value)| (number_of(*measure), *value)));
        let wait =
            |((whose, seconds), value): (&(Waits, u32), &i64)| (number_of_wait(*whose, *seconds), *value);
        self.sums.extend(cell.waits.iter().map(wait));
        cell.reasons.iter().for_each(|(reason, value)| self.add_reason(reason, *value));
    }

    /// Adds another list.
    pub fn add_flat(&mut self, other: &Self) {
        self.sums.extend_from_slice(&other.sums);
        other.reasons.iter().for_each(|(reason, value)| self.add_reason(reason, *value));
    }

    /// Reads what [`Flat::put`] wrote, and adds it.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn add_packed(&mut self, bytes: &[u8]) -> Result<(), PackError> {
        let mut parts = Parts::new(bytes);
        let mut key = 0_u64;
        for _ in 0..parts.number()? {
            key = key.checked_add(parts.number()?).ok_or(PackError::Damaged)?;
            self.sums.push((key, parts.signed()?));
        }
        for _ in 0..parts.number()? {
            let reason = parts.text()?;
            self.add_reason(reason, parts.signed()?);
        }
        Ok(())
    }

    /// A settled list.
    pub(super) fn of(sums: Vec<(u64, i64)>, reasons: BTreeMap<String, i64>) -> Self {
        Self { sums, reasons }
    }

    /// The sums by number, and the reasons.
    pub(super) fn parts(&self) -> (&[(u64, i64)], &BTreeMap<String, i64>) {
        (&self.sums, &self.reasons)
    }

    /// Each sum once, in order, without zeros. Says whether anything is left.
    pub fn settle(&mut self) -> bool {
        add_up(&mut self.sums);
        self.reasons.retain(|_, value| *value != 0);
        !(self.sums.is_empty() && self.reasons.is_empty())
    }

    /// Appends the bytes of a settled list.
    pub fn put(&self, bytes: &mut Vec<u8>) {
        put_number(bytes, self.sums.len() as u64);
        let mut before = 0;
        for (key, value) in &self.sums {
            put_number(bytes, key - before);
            put_signed(bytes, *value);
            before = *key;
        }
        put_number(bytes, self.reasons.len() as u64);
        for (reason, value) in &self.reasons {
            put_text(bytes, reason);
            put_signed(bytes, *value);
        }
    }

    /// The cell of these sums.
    ///
    /// # Errors
    /// When a sum is of a kind unknown to this program.
    pub fn cell(self) -> Result<Cell, PackError> {
        let mut cell = Cell { reasons: self.reasons, ..Cell::default() };
        for (key, value) in self.sums {
            let wait = key.checked_sub(FIRST_WAIT).and_then(|wait| {
                let whose = WAITS.get(usize::try_from(wait % 3).ok()?)?;
                Some((*whose, u32::try_from(wait / 3).ok()?))
            });
            if let Some(wait) = wait {
                cell.waits.insert(wait, value);
            } else {
                let measure = usize::try_from(key).ok().and_then(|at| MEASURES.get(at));
                cell.sums.insert(*measure.ok_or(PackError::Damaged)?, value);
            }
        }
        Ok(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{captured_rows, whole};
    use super::*;

    fn bytes(flat: &Flat) -> Vec<u8> {
        let mut bytes = Vec::new();
        flat.put(&mut bytes);
        bytes
    }

    #[test]
    fn each_measure_has_its_number() {
        for (measure, number) in MEASURES.into_iter().zip(0..) {
            assert_eq!(number_of(measure), number, "{measure:?}");
        }
        for (whose, number) in WAITS.into_iter().zip(0_u64..) {
            assert_eq!(whose as u64, number);
        }
    }

    #[test]
    fn captured_cells_come_back_and_add_up() {
        let mut sum = Flat::default();
        let mut expect = Cell::default();
        for cell in whole(&captured_rows()).cells.values() {
            let mut flat = Flat::default();
            flat.add_cell(cell);
            assert!(flat.settle());
            let mut back = Flat::default();
            back.add_packed(&bytes(&flat)).expect("unpacks");
            assert_eq!(back.cell().expect("a cell"), *cell);
            sum.add_packed(&bytes(&flat)).expect("unpacks");
            expect.merge(cell, 1);
        }
        sum.settle();
        assert_eq!(sum.clone().cell().expect("a cell"), expect);
        let mut less = Cell::default();
        less.merge(&expect, -1);
        sum.add_cell(&less);
        assert!(!sum.settle());
        assert!(Flat::default().add_packed(&[200]).is_err());
    }
}
