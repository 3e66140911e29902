//! The sum of many packed cells, without making a cell of each: what a page of a month is added up with.

use std::collections::BTreeMap;

use super::cell_pack::{FIRST_WAIT, Flat};
use super::cells::Cell;
use super::pack::Parts;
use super::row::PackError;

/// Sums by their stored numbers: measures first, then waits, of which nearly all are short.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    sums: [i64; FIRST_WAIT as usize],
    waits: Vec<i64>,
    long_waits: BTreeMap<u64, i64>,
    reasons: BTreeMap<String, i64>,
}

/// Waits below this number stand in a list (three of each second, up to ten minutes); longer ones in a map.
const LIST: u64 = 3 * 600;

impl Tally {
    /// Adds the sums of a stored cell `times` times (−1 subtracts).
    ///
    /// # Errors
    /// When the bytes are damaged, or of a kind unknown to this program.
    pub fn add_packed(&mut self, bytes: &[u8], times: i64) -> Result<(), PackError> {
        let mut parts = Parts::new(bytes);
        let mut key = 0_u64;
        for _ in 0..parts.number()? {
            key = key.checked_add(parts.number()?).ok_or(PackError::Damaged)?;
            self.add_sum(key, parts.signed()? * times);
        }
        for _ in 0..parts.number()? {
            let reason = parts.text()?;
            let seconds = parts.signed()? * times;
            match self.reasons.get_mut(reason) {
                Some(sum) => *sum += seconds,
                None => {
                    self.reasons.insert(reason.to_owned(), seconds);
                }
            }
        }
        Ok(())
    }

    /// Adds a cell.
    pub fn add(&mut self, cell: &Cell) {
        let mut flat = Flat::default();
        flat.add_cell(cell);
        let (sums, reasons) = flat.parts();
        sums.iter().for_each(|(key, value)| self.add_sum(*key, *value));
        for (reason, seconds) in reasons {
            *self.reasons.entry(reason.clone()).or_default() += seconds;
        }
    }

    fn add_sum(&mut self, key: u64, value: i64) {
        if let Some(sum) = usize::try_from(key).ok().and_then(|at| self.sums.get_mut(at)) {
            *sum += value;
            return;
        }
        let wait = key - FIRST_WAIT;
        if wait >= LIST {
            *self.long_waits.entry(key).or_default() += value;
            return;
        }
        let at = usize::try_from(wait).unwrap_or(0);
        if self.waits.len() <= at {
            self.waits.resize(at + 1, 0);
        }
        self.waits[at] += value;
    }

    /// The cell of these sums.
    ///
    /// # Errors
    /// When a sum is of a kind unknown to this program.
    pub fn cell(self) -> Result<Cell, PackError> {
        let listed = (0..).zip(self.sums).chain((FIRST_WAIT..).zip(self.waits));
        let sums = listed.chain(self.long_waits).filter(|(_, value)| *value != 0).collect();
        let mut reasons = self.reasons;
        reasons.retain(|_, seconds| *seconds != 0);
        Flat::of(sums, reasons).cell()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{captured_rows, whole};
    use super::*;

    #[test]
    fn a_tally_is_the_sum_of_its_cells() {
        let (mut tally, mut expect) = (Tally::default(), Cell::default());
        let cells = whole(&captured_rows()).cells;
        let mut long = Cell::default();
        long.waits.insert((super::super::cells::Waits::Abandoned, 599), 1);
        long.waits.insert((super::super::cells::Waits::OtherLost, 600), 2);
        long.waits.insert((super::super::cells::Waits::Answered, u32::MAX), 3);
        for (at, cell) in cells.values().chain([&long]).enumerate() {
            expect.merge(cell, 1);
            if at % 2 == 0 {
                tally.add(cell);
                continue;
            }
            let (mut flat, mut bytes) = (Flat::default(), Vec::new());
            flat.add_cell(cell);
            flat.settle();
            flat.put(&mut bytes);
            tally.add_packed(&bytes, 3).expect("adds");
            tally.add_packed(&bytes, -2).expect("subtracts");
        }
        assert_eq!(tally.clone().cell().expect("a cell"), expect);
        let mut less = Cell::default();
        less.merge(&expect, -1);
        tally.add(&less);
        assert_eq!(tally.cell().expect("a cell"), Cell::default(), "zeros are not kept");
        assert!(Tally::default().add_packed(&[200], 1).is_err());
    }
}
