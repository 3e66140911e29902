//! The zone's clock by walking over it quarter hour by quarter hour: which cell a second lies in, and which local times
//! come twice. (The program asks the zone for its changes instead.) And the dice.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Every offset of the zones used here is a multiple of a quarter of an hour.
const STEP: i64 = 900;
/// The walk begins and ends so many days outside the days asked for.
const MARGIN: i64 = 12;

/// A zone over some days.
pub(super) struct Clock {
    zone: TimeZone,
    base: i64,
    /// For each quarter hour the index of its cell.
    cell_at: Vec<usize>,
    /// UTC second at which each cell starts.
    starts: Vec<i64>,
    /// UTC seconds [from, to) whose local times come twice, both passes in one.
    repeats: Vec<(i64, i64)>,
}

impl Clock {
    pub(super) fn new(zone: TimeZone, first: Date, days: i64) -> Self {
        let base = midnight(&zone, first).div_euclid(86_400) * 86_400 - MARGIN * 86_400;
        let mut clock = Self { zone, base, cell_at: Vec::new(), starts: Vec::new(), repeats: Vec::new() };
        let mut last = None;
        let mut seen: Vec<(DateTime, i64)> = Vec::new();
        for step in 0..(days + 2 * MARGIN) * 86_400 / STEP {
            let at = base + step * STEP;
            let local = clock.local(at);
            let offset = clock.zone.to_offset(stamp(at)).seconds();
            let cell = (local.date(), local.hour(), offset);
            if last != Some(cell) {
                clock.starts.push(at);
                last = Some(cell);
            }
            clock.cell_at.push(clock.starts.len() - 1);
            if let Some((_, before)) = seen.iter().rev().take(9).find(|(other, _)| *other == local) {
                match clock.repeats.last_mut() {
                    Some(repeat) if at - repeat.1 <= STEP => repeat.1 = at + STEP,
                    _ => clock.repeats.push((*before, at + STEP)),
                }
            }
            seen.push((local, at));
        }
        clock
    }

    /// The local time of a UTC second.
    pub(super) fn local(&self, at: i64) -> DateTime {
        self.zone.to_datetime(stamp(at))
    }

    /// The UTC second of a local time; one that is skipped is taken later.
    pub(super) fn instant(&self, local: DateTime) -> i64 {
        self.zone.to_ambiguous_timestamp(local).compatible().expect("a time").as_second()
    }

    fn index(&self, at: i64) -> usize {
        self.cell_at[usize::try_from((at - self.base) / STEP).expect("inside the walk")]
    }

    /// The start of the cell that holds a UTC second.
    pub(super) fn cell(&self, at: i64) -> i64 {
        self.starts[self.index(at)]
    }

    /// The length of a cell.
    pub(super) fn length(&self, start: i64) -> i64 {
        self.starts[self.index(start) + 1] - start
    }

    /// The seconds of [from, to) in each cell.
    pub(super) fn split(&self, from: i64, to: i64) -> Vec<(i64, i64)> {
        let mut parts = Vec::new();
        let mut at = from;
        while at < to {
            let next = self.starts[self.index(at) + 1].min(to);
            parts.push((self.cell(at), next - at));
            at = next;
        }
        parts
    }

    /// Whether the zone changes its clock in these days.
    pub(super) fn changes(&self) -> bool {
        let offset = |at: &i64| self.zone.to_offset(stamp(*at));
        self.starts.iter().any(|at| offset(at) != offset(&self.base))
    }

    /// The times that come twice within `around` seconds of a UTC second: [from, to), both passes.
    pub(super) fn repeat_near(&self, at: i64, around: i64) -> Option<(i64, i64)> {
        self.repeats.iter().copied().find(|(from, to)| at >= from - around && at < to + around)
    }
}

fn stamp(at: i64) -> Timestamp {
    Timestamp::from_second(at).expect("a time")
}

fn midnight(zone: &TimeZone, date: Date) -> i64 {
    zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).compatible().expect("a time").as_second()
}

/// Numbers that look random and are the same for the same seed.
#[derive(Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both possible.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low + 1).expect("low is not above high");
        low + i64::try_from(self.next() % span).expect("fits")
    }

    /// So many times in a thousand.
    pub(super) fn hits(&mut self, in_thousand: i64) -> bool {
        self.between(0, 999) < in_thousand
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.between(0, i64::try_from(from.len()).expect("fits") - 1)).expect("fits")]
    }
}
