//! The company's clock and its days: local time of the simulated PBX, when callers come, who works when.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::dice::{Dice, float, whole};
use super::pbx::Millis;
use super::plan::{AgentPlan, Shift};

/// A zone's offset cannot change within a quarter of an hour that began at a full quarter.
const QUARTER: Millis = 900_000;
const MINUTE: Millis = 60_000;
const HOUR: Millis = 3_600_000;

/// Callers by the hour of a weekday, as parts of the busiest hour; a shop that opens at seven and closes at eight.
const BY_HOUR: [f64; 24] = [
    0.01, 0.005, 0.005, 0.005, 0.01, 0.02, 0.06, 0.25, 0.62, 0.90, 1.0, 0.97, 0.78, 0.74, 0.92, 0.96, 0.86,
    0.66, 0.45, 0.26, 0.05, 0.02, 0.01, 0.01,
];

/// Local time with the last offset at hand.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    zone: TimeZone,
    quarter: Millis,
    offset: Millis,
}

impl Calendar {
    pub(super) fn new(zone: TimeZone) -> Self {
        Self { zone, quarter: Millis::MIN, offset: 0 }
    }

    /// Milliseconds since 1970 by the local clock.
    pub(super) fn local(&mut self, at: Millis) -> Millis {
        let quarter = at.div_euclid(QUARTER);
        if quarter != self.quarter {
            let instant = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
            self.offset = Millis::from(self.zone.to_offset(instant).seconds()) * 1000;
            self.quarter = quarter;
        }
        at + self.offset
    }

    /// The local date.
    pub(super) fn date(&mut self, at: Millis) -> Date {
        let days = self.local(at).div_euclid(24 * HOUR);
        Date::constant(1970, 1, 1).checked_add(days.days()).unwrap_or(Date::MIN)
    }

    /// The instant of a local date and time; a time that does not exist is moved as clocks are.
    pub(super) fn instant(&self, date: Date, minutes: i64) -> Millis {
        let date = date.checked_add((minutes.div_euclid(1440)).days()).unwrap_or(date);
        let minutes = minutes.rem_euclid(1440);
        let (hour, minute) = (i8::try_from(minutes / 60), i8::try_from(minutes % 60));
        let time = Time::new(hour.unwrap_or(0), minute.unwrap_or(0), 0, 0).unwrap_or(Time::midnight());
        let zoned = date.to_datetime(time).to_zoned(self.zone.clone());
        zoned.map_or(0, |zoned| zoned.timestamp().as_millisecond())
    }

    /// How many callers come now, as a part of the busiest hour's. Between full hours it goes over smoothly.
    pub(super) fn load(&mut self, at: Millis) -> f64 {
        let local = self.local(at) - HOUR / 2;
        let hour = local.rem_euclid(24 * HOUR).div_euclid(HOUR);
        let part = float(local.rem_euclid(HOUR)) / float(HOUR);
        let of = |hour: i64| BY_HOUR[usize::try_from(hour.rem_euclid(24)).unwrap_or(0)];
        let days = self.local(at).div_euclid(24 * HOUR);
        (of(hour) * (1.0 - part) + of(hour + 1) * part) * of_weekday(days)
    }
}

/// Callers by weekday; day 0 was a Thursday.
fn of_weekday(days: i64) -> f64 {
    const FROM_THURSDAY: [f64; 7] = [0.95, 0.90, 0.42, 0.22, 1.0, 0.97, 0.93];
    FROM_THURSDAY[usize::try_from(days.rem_euclid(7)).unwrap_or(0)]
}

/// Callers come in waves: a factor around 1 that stays for twenty minutes.
pub(super) fn wave(seed: u64, queue: usize, at: Millis) -> f64 {
    let third = at.div_euclid(20 * MINUTE).cast_unsigned();
    let mut dice = Dice::of(seed, &[2, queue as u64, third]);
    0.70 + dice.share() * 0.55 + if dice.chance(0.06) { 0.5 } else { 0.0 }
}

/// An agent's day: at work from, to, and the breaks in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) from: Millis,
    pub(super) to: Millis,
    pub(super) breaks: Vec<Break>,
}

/// A pause that was planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Break {
    pub(super) from: Millis,
    pub(super) to: Millis,
    pub(super) reason: &'static str,
}

/// When agent number `at` works on a date; `None` on a day off. The same whenever it is asked.
pub(super) fn day(calendar: &Calendar, seed: u64, at: usize, agent: &AgentPlan, date: Date) -> Option<Day> {
    let days = date.since(Date::constant(1970, 1, 1)).map_or(0, |span| i64::from(span.get_days()));
    let mut dice = Dice::of(seed, &[3, at as u64, days.cast_unsigned()]);
    let at_work = match (agent.shift, date.weekday()) {
        (Shift::Night, _) => 0.85,
        (_, Weekday::Saturday) => 0.46,
        (_, Weekday::Sunday) => 0.26,
        _ => 0.93,
    };
    if !dice.chance(at_work) {
        return None;
    }
    let (starts, hours) = match agent.shift {
        Shift::Early => (7 * 60, 510),
        Shift::Day => (8 * 60 + 30, 510),
        Shift::Late => (11 * 60 + 30, 510),
        Shift::Night => (21 * 60 + 30, 600),
    };
    let from = calendar.instant(date, starts) + dice.between(-9 * MINUTE, 4 * MINUTE);
    let to = from + hours * MINUTE + dice.between(0, 12 * MINUTE);
    let mut breaks = Vec::new();
    let mut plan = |after: i64, spread: i64, long: (i64, i64), reason| {
        let begins = from + (after + dice.between(-spread, spread)) * MINUTE;
        let ends = begins + dice.between(long.0 * MINUTE, long.1 * MINUTE);
        breaks.push(Break { from: begins, to: ends, reason });
    };
    plan(105, 25, (8, 16), "Break");
    plan(240, 45, (28, 45), "Lunch");
    plan(390, 25, (8, 16), "Break");
    if dice.chance(0.06) {
        let begins = from + dice.between(60, 400) * MINUTE;
        breaks.push(Break { from: begins, to: begins + 45 * MINUTE, reason: "Training" });
    }
    breaks.sort_by_key(|pause| pause.from);
    // One after the other: nobody is at lunch and in a training at once.
    let mut free_from = from;
    breaks.retain(|pause| {
        let fits = pause.from >= free_from && pause.to < to;
        if fits {
            free_from = pause.to;
        }
        fits
    });
    Some(Day { from, to, breaks })
}

/// Makes a time of people shorter where the simulation runs faster.
pub(super) fn hurried(millis: Millis, tempo: f64) -> Millis {
    whole(float(millis) / tempo).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::plan::{Plan, Size};

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").expect("a zone")
    }

    #[test]
    fn local_time_follows_the_clock_change() {
        let mut calendar = Calendar::new(berlin());
        let change = 1_792_890_000_000; // 2026-10-25 01:00 UTC
        assert_eq!(calendar.local(change - 1) - (change - 1), 2 * HOUR);
        assert_eq!(calendar.local(change) - change, HOUR);
        let date = calendar.date(change);
        assert_eq!(date.to_string(), "2026-10-25");
        assert_eq!(calendar.instant(date, 4 * 60), 1_792_897_200_000);
    }

    #[test]
    fn a_monday_morning_is_busier_than_its_night_and_than_sunday() {
        let mut calendar = Calendar::new(TimeZone::UTC);
        let monday = 1_795_392_000_000; // 2026-11-23
        let ten = calendar.load(monday + 10 * HOUR + HOUR / 2);
        assert!((ten - 1.0).abs() < 0.02, "{ten}");
        assert!(calendar.load(monday + 3 * HOUR) < 0.02);
        assert!(calendar.load(monday - 14 * HOUR) < 0.3);
    }

    #[test]
    fn breaks_lie_within_the_day_and_do_not_overlap() {
        let size = Size { agents: 60, queues: None, calls_per_hour: None, seed: 5 };
        let plan = Plan::new(&size, berlin());
        let calendar = Calendar::new(berlin());
        let mut seen = 0;
        for (at, agent) in plan.agents.iter().enumerate() {
            let Some(day) = day(&calendar, 5, at, agent, Date::constant(2026, 11, 24)) else { continue };
            seen += 1;
            assert!(day.to - day.from > 8 * HOUR);
            for pair in day.breaks.windows(2) {
                assert!(pair[0].to <= pair[1].from);
            }
        }
        assert!((45..60).contains(&seen), "{seen} of 60 at work on a Tuesday");
    }
}
