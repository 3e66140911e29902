//! Moments, and the clock hours of the PBX's zone.

use std::cell::RefCell;

use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

/// Milliseconds on a clock that never jumps. Zero is arbitrary; values before it are fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tick(i64);

impl Tick {
    /// From milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds from `earlier` to this; negative when it lies after.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This tick moved by `millis`.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

/// One moment on both clocks: ages are taken from `tick`, dates from `wall`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// On the monotonic clock.
    pub tick: Tick,
    /// On the wall clock.
    pub wall: Timestamp,
}

impl Moment {
    /// Whole seconds from `earlier` to this, cut; by the monotonic clock.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.tick.since(earlier.tick) / 1000
    }

    /// The moment `seconds` before this one.
    pub fn minus_seconds(self, seconds: i64) -> Self {
        let millis = seconds.saturating_mul(1000);
        Self {
            tick: self.tick.plus_millis(-millis),
            wall: self.wall.checked_sub(seconds.seconds()).unwrap_or(self.wall),
        }
    }

    /// A moment for tests and fixtures: `millis` on the monotonic clock and since the epoch.
    pub fn at_millis(millis: i64) -> Self {
        Self {
            tick: Tick::from_millis(millis),
            wall: Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }
}

/// One clock hour of a zone: a run of seconds with the same local date, hour and offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour {
    /// The UTC second at which it starts.
    pub start: i64,
    /// Its length in seconds: 3600, or less beside a change of half an hour.
    pub seconds: i64,
}

impl Hour {
    /// The first second after it.
    pub const fn end(self) -> i64 {
        self.start + self.seconds
    }
}

/// The clock hour of `zone` that holds the UTC second `at`.
pub fn hour_of(zone: &TimeZone, at: i64) -> Hour {
    if let Some(offset) = Stretch::offset_at(zone, at, 3600) {
        return Hour { start: (at + offset).div_euclid(3600) * 3600 - offset, seconds: 3600 };
    }
    let stamp = Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH);
    let offset = i64::from(zone.to_offset(stamp).seconds());
    let local = at + offset;
    let mut start = local.div_euclid(3600) * 3600 - offset;
    let mut end = start + 3600;
    // A change of offset inside the clock hour cuts it.
    if let Some(change) = zone.preceding(stamp_after(stamp)).next() {
        let second = change.timestamp().as_second();
        if second > start && second <= at {
            start = second;
        }
    }
    if let Some(change) = zone.following(stamp).next() {
        let second = change.timestamp().as_second();
        if second < end {
            end = second;
        }
    }
    Hour { start, seconds: end - start }
}

/// A run of UTC seconds without a change of offset. Looking into a zone takes longer than all that is done with the answer,
/// and the next question nearly always lies in the same stretch: each thread remembers the last one.
struct Stretch {
    zone: String,
    offset: i64,
    from: i64,
    until: i64,
}

thread_local! {
    static STRETCH: RefCell<Stretch> = const { RefCell::new(Stretch { zone: String::new(), offset: 0, from: 0, until: 0 }) };
}

impl Stretch {
    /// The offset, where it is the same from `margin` seconds before `at` to `margin` seconds after; `None` otherwise, and
    /// for a zone without a name.
    fn offset_at(zone: &TimeZone, at: i64, margin: i64) -> Option<i64> {
        let name = zone.iana_name()?;
        STRETCH.with_borrow_mut(|known| {
            if known.zone != name || !(known.from..known.until).contains(&at) {
                *known = Self::look(zone, name, at)?;
            }
            let clear = known.from.saturating_add(margin)..known.until.saturating_sub(margin);
            clear.contains(&at).then_some(known.offset)
        })
    }

    fn look(zone: &TimeZone, name: &str, at: i64) -> Option<Self> {
        let stamp = Timestamp::from_second(at).ok()?;
        let second = |change: jiff::tz::TimeZoneTransition<'_>| change.timestamp().as_second();
        Some(Self {
            zone: name.to_owned(),
            offset: i64::from(zone.to_offset(stamp).seconds()),
            from: zone.preceding(stamp_after(stamp)).next().map_or(i64::MIN, second),
            until: zone.following(stamp).next().map_or(i64::MAX, second),
        })
    }
}

fn stamp_after(stamp: Timestamp) -> Timestamp {
    stamp.checked_add(1.second()).unwrap_or(stamp)
}

/// Seconds of a UTC day.
pub const DAY: i64 = 86_400;

/// The clock hours of `zone` that begin on a UTC day, counted from 1970-01-01, in order.
pub fn hours_of_day(zone: &TimeZone, day: i64) -> Vec<Hour> {
    let (from, to) = (day * DAY, (day + 1) * DAY);
    let first = hour_of(zone, from);
    let mut at = if first.start < from { first.end() } else { from };
    let mut hours = Vec::with_capacity(25);
    while at < to {
        let hour = hour_of(zone, at);
        hours.push(hour);
        at = hour.end();
    }
    hours
}

/// Splits the half-open interval [`start`, `end`) of UTC seconds over the clock hours it overlaps.
pub fn split_by_hour(zone: &TimeZone, start: i64, end: i64) -> Vec<(Hour, i64)> {
    let mut parts = Vec::new();
    let mut at = start;
    while at < end {
        let hour = hour_of(zone, at);
        let until = hour.end().min(end);
        parts.push((hour, until - at));
        at = until;
    }
    parts
}

/// The month of `zone` that holds the UTC second `at`: 12 × year + month, from 0.
pub fn month_of(zone: &TimeZone, at: i64) -> i64 {
    let date = local_date(zone, at);
    let month = i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
    // Where midnight comes twice, the second one does not bring the old month back.
    if at >= month_start(zone, month + 1) { month + 1 } else { month }
}

/// The UTC second at which a month of `zone` starts; see [`month_of`].
pub fn month_start(zone: &TimeZone, month: i64) -> i64 {
    let year = i16::try_from(month.div_euclid(12)).unwrap_or(i16::MAX);
    let number = i8::try_from(month.rem_euclid(12) + 1).unwrap_or(1);
    let first = civil::Date::new(year, number, 1).unwrap_or(civil::Date::MAX).at(0, 0, 0, 0);
    zone.to_ambiguous_timestamp(first).compatible().map_or(i64::MAX, Timestamp::as_second)
}

/// The date in `zone` at the UTC second `at`.
pub fn local_date(zone: &TimeZone, at: i64) -> civil::Date {
    Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone()).date()
}

/// The UTC second that a local time means, where that needs no thought: no change of offset is near. `local` in seconds
/// since 1970-01-01 00:00:00 of the zone.
pub fn plain(zone: &TimeZone, local: i64) -> Option<i64> {
    /// Further than any zone is from UTC, and than any change goes.
    const NEAR: i64 = 48 * 3600;
    Stretch::offset_at(zone, local, NEAR).map(|offset| local - offset)
}

/// The UTC seconds that a local date and time can mean in `zone`: one, or two in a repeated hour. A skipped time is
/// read with the offset before the change.
pub fn candidates(zone: &TimeZone, local: civil::DateTime) -> Vec<i64> {
    let to_second = |offset: jiff::tz::Offset| offset.to_timestamp(local).map(|t| t.as_second()).ok();
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => to_second(offset).into_iter().collect(),
        AmbiguousOffset::Gap { before, .. } => to_second(before).into_iter().collect(),
        AmbiguousOffset::Fold { before, after } => {
            [before, after].into_iter().filter_map(to_second).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a timestamp").as_second()
    }

    #[test]
    fn a_repeated_hour_is_two_cells_and_a_talk_across_it_is_split() {
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        let first = hour_of(&berlin, second("2026-10-25T00:30:00Z"));
        let again = hour_of(&berlin, second("2026-10-25T01:30:00Z"));
        assert_eq!(first, Hour { start: second("2026-10-25T00:00:00Z"), seconds: 3600 });
        assert_eq!(again, Hour { start: second("2026-10-25T01:00:00Z"), seconds: 3600 });
        let parts = split_by_hour(&berlin, second("2026-10-25T00:50:00Z"), second("2026-10-25T01:10:00Z"));
        assert_eq!(parts, vec![(first, 600), (again, 600)]);
    }

    #[test]
    fn what_is_remembered_of_a_zone_gives_what_the_zone_gives() {
        let zones = ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "Africa/Cairo"];
        let zones = zones.map(|name| TimeZone::get(name).expect("a zone"));
        let start = second("2026-01-01T00:00:00Z");
        for at in (0..400 * 24 * 2).map(|half| start + half * 1800 + 7) {
            for zone in &zones {
                let stamp = Timestamp::from_second(at).expect("a timestamp");
                let local = zone.to_datetime(stamp);
                let hour = hour_of(zone, at);
                assert!(hour.start <= at && at < hour.end() && hour.seconds <= 3600);
                let first = zone.to_datetime(Timestamp::from_second(hour.start).expect("a timestamp"));
                assert_eq!((first.date(), first.hour()), (local.date(), local.hour()));
                let naive = jiff::tz::Offset::UTC.to_timestamp(local).expect("a timestamp").as_second();
                if let Some(plain) = plain(zone, naive) {
                    assert_eq!(candidates(zone, local), vec![plain]);
                    assert_eq!(hour.seconds, 3600);
                }
            }
        }
    }

    #[test]
    fn a_half_hour_change_makes_short_cells() {
        let howe = TimeZone::get("Australia/Lord_Howe").expect("a zone");
        // 2026-10-04 02:00 +10:30 → 02:30 +11:00: the hour 02 lasts 30 minutes.
        let hour = hour_of(&howe, second("2026-10-03T15:45:00Z"));
        assert_eq!(hour, Hour { start: second("2026-10-03T15:30:00Z"), seconds: 1800 });
        // 2026-04-05 02:00 +11:00 → 01:30 +10:30: 01:30–02:00 comes twice.
        let before = hour_of(&howe, second("2026-04-04T14:40:00Z"));
        let after = hour_of(&howe, second("2026-04-04T15:10:00Z"));
        assert_eq!(before, Hour { start: second("2026-04-04T14:00:00Z"), seconds: 3600 });
        assert_eq!(after, Hour { start: second("2026-04-04T15:00:00Z"), seconds: 1800 });
    }

    #[test]
    fn a_zone_of_45_minutes_has_its_own_hours() {
        let nepal = TimeZone::get("Asia/Kathmandu").expect("a zone");
        assert_eq!(hour_of(&nepal, second("2026-01-01T00:20:00Z")).start, second("2026-01-01T00:15:00Z"));
    }

    #[test]
    fn a_local_time_in_the_fold_has_two_meanings() {
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        let two_thirty = civil::date(2026, 10, 25).at(2, 30, 0, 0);
        assert_eq!(
            candidates(&berlin, two_thirty),
            vec![second("2026-10-25T00:30:00Z"), second("2026-10-25T01:30:00Z")]
        );
        assert_eq!(candidates(&berlin, civil::date(2026, 3, 29).at(2, 30, 0, 0)).len(), 1);
    }
}
