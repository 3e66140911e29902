//! Adding up stored cells by name and by a cut of the range, many thousands of them for one page.

use std::collections::{BTreeMap, HashMap};

use crate::domain::quick::QuickMap;

/// Sums by name (of a queue or an agent) and by cut (a bucket, an hour, or nothing). Names and cuts are numbered, because
/// looking a number up is cheaper than making a text to look up; and what was asked for last nearly always comes again.
pub(super) struct Tallies<B, S> {
    names: HashMap<String, u32>,
    last_name: Option<(String, u32)>,
    /// Numbers of cuts, by the second at which an hour starts.
    starts: QuickMap<i64, u32>,
    last_start: Option<(i64, u32)>,
    cuts: BTreeMap<B, u32>,
    /// Where a cut's and a name's sum stands.
    places: QuickMap<u64, usize>,
    last_place: Option<(u64, usize)>,
    sums: Vec<(u64, S)>,
}

impl<B, S> Default for Tallies<B, S> {
    fn default() -> Self {
        Self {
            names: HashMap::new(),
            last_name: None,
            starts: QuickMap::default(),
            last_start: None,
            cuts: BTreeMap::new(),
            places: QuickMap::default(),
            last_place: None,
            sums: Vec::new(),
        }
    }
}

impl<B: Ord + Clone, S: Default> Tallies<B, S> {
    /// The sum of a name in the hour that starts at `start`, by what `cut` makes of that; it is asked once for each hour.
    pub(super) fn at(&mut self, name: &str, start: i64, cut: impl FnOnce() -> B) -> &mut S {
        let name = match &self.last_name {
            Some((last, number)) if last == name => *number,
            _ => self.name(name),
        };
        let cut = match self.last_start {
            Some((last, number)) if last == start => number,
            _ => self.cut(start, cut),
        };
        let key = u64::from(cut) << 32 | u64::from(name);
        let place = match self.last_place {
            Some((last, place)) if last == key => place,
            _ => self.place(key),
        };
        &mut self.sums[place].1
    }

    fn name(&mut self, name: &str) -> u32 {
        let next = number_of(self.names.len());
        let number = match self.names.get(name) {
            Some(number) => *number,
            None => *self.names.entry(name.to_owned()).or_insert(next),
        };
        let (last, at) = self.last_name.get_or_insert_default();
        last.clear();
        last.push_str(name);
        *at = number;
        number
    }

    fn cut(&mut self, start: i64, cut: impl FnOnce() -> B) -> u32 {
        let next = number_of(self.cuts.len());
        let cuts = &mut self.cuts;
        let number = *self.starts.entry(start).or_insert_with(|| *cuts.entry(cut()).or_insert(next));
        self.last_start = Some((start, number));
        number
    }

    fn place(&mut self, key: u64) -> usize {
        let next = self.sums.len();
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            self.sums.push((key, S::default()));
        }
        self.last_place = Some((key, place));
        place
    }

    /// All sums, in the order of cuts and names.
    pub(super) fn into_sums(self) -> BTreeMap<(B, String), S> {
        let cuts: HashMap<u32, B> = self.cuts.into_iter().map(|(cut, number)| (number, cut)).collect();
        let names: HashMap<u32, String> =
            self.names.into_iter().map(|(name, number)| (number, name)).collect();
        let named = |(key, sum): (u64, S)| {
            let (cut, name) = (number_of_half(key >> 32), number_of_half(key));
            Some(((cuts.get(&cut)?.clone(), names.get(&name)?.clone()), sum))
        };
        self.sums.into_iter().filter_map(named).collect()
    }
}

fn number_of(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The lower half.
fn number_of_half(key: u64) -> u32 {
    u32::try_from(key & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_come_by_cut_and_name_whatever_the_order_in_which_they_are_asked_for() {
        let mut sums: Tallies<i64, i64> = Tallies::default();
        let mut expect: BTreeMap<(i64, String), i64> = BTreeMap::new();
        for step in 0..2000_i64 {
            // Several hours of a cut, and names that come back after others.
            let (name, start) = (format!("N{}", step / 3 % 7), (step * 7 % 48) * 3600);
            *sums.at(&name, start, || start / 7200) += step;
            *expect.entry((start / 7200, name)).or_default() += step;
        }
        assert_eq!(sums.into_sums(), expect);
    }
}
