//! Adding up stored cells by name and by a cut of the range, many thousands of them for one page.

use std::collections::{BTreeMap, HashMap};

use crate::domain::time::Hour;

/// Sums by name (of a queue or an agent) and by cut (a bucket, an hour, or nothing). Names and cuts are numbered, because
/// looking a number up is cheaper than making a text to look up.
pub(super) struct Tallies<B, S> {
    names: HashMap<String, u32>,
    /// The last name, which nearly always comes again.
    last: Option<(String, u32)>,
    hours: HashMap<i64, u32>,
    cuts: BTreeMap<B, u32>,
    sums: HashMap<(u32, u32), S>,
}

impl<B, S> Default for Tallies<B, S> {
    fn default() -> Self {
        let (names, hours, sums) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { names, last: None, hours, cuts: BTreeMap::new(), sums }
    }
}

impl<B: Ord + Clone, S: Default> Tallies<B, S> {
    /// The sum of a name in an hour, by what `cut` makes of that.
    pub(super) fn at(&mut self, name: &str, hour: Hour, cut: impl Fn(Hour) -> B) -> &mut S {
        let name = match &self.last {
            Some((last, number)) if last == name => *number,
            _ => self.number(name),
        };
        let hour = match self.hours.get(&hour.start) {
            Some(number) => *number,
            None => {
                let next = u32::try_from(self.cuts.len()).unwrap_or(u32::MAX);
                let number = *self.cuts.entry(cut(hour)).or_insert(next);
                self.hours.insert(hour.start, number);
                number
            }
        };
        self.sums.entry((hour, name)).or_default()
    }

    fn number(&mut self, name: &str) -> u32 {
        let next = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let number = match self.names.get(name) {
            Some(number) => *number,
            None => *self.names.entry(name.to_owned()).or_insert(next),
        };
        self.last = Some((name.to_owned(), number));
        number
    }

    /// All sums, in the order of cuts and names.
    pub(super) fn into_sums(self) -> BTreeMap<(B, String), S> {
        let names: HashMap<u32, String> =
            self.names.into_iter().map(|(name, number)| (number, name)).collect();
        let cuts: HashMap<u32, B> = self.cuts.into_iter().map(|(cut, number)| (number, cut)).collect();
        let named = |((cut, name), sum): ((u32, u32), S)| {
            Some(((cuts.get(&cut)?.clone(), names.get(&name)?.clone()), sum))
        };
        self.sums.into_iter().filter_map(named).collect()
    }
}
