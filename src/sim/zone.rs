//! Where the simulated company is: somewhere where people are at work now, so that there is something to see.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

/// Places around the world; for every moment one of them is in the middle of the day.
const PLACES: &[&str] = &[
    "Europe/Berlin",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "Pacific/Honolulu",
    "Pacific/Auckland",
    "Australia/Sydney",
    "Asia/Tokyo",
    "Asia/Singapore",
    "Asia/Kolkata",
    "Asia/Dubai",
    "America/Sao_Paulo",
];

/// The hours in which nearly everybody is at work and many call.
const BUSY: std::ops::Range<i8> = 9..16;

/// This machine's zone (by its IANA name, when it has one) while people are at work there, else a place where they are.
pub fn at_work_now(now: Timestamp) -> TimeZone {
    let own = TimeZone::system();
    let places = PLACES.iter().filter_map(|name| TimeZone::get(name).ok());
    let candidates = Some(own.clone()).filter(|zone| zone.iana_name().is_some()).into_iter().chain(places);
    candidates.max_by_key(|zone| std::cmp::Reverse(rank(zone, now))).unwrap_or(own)
}

/// 0 is best: in the busy hours on a weekday.
fn rank(zone: &TimeZone, now: Timestamp) -> u8 {
    let local = now.to_zoned(zone.clone());
    let weekend = matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday);
    let idle = !BUSY.contains(&local.hour());
    // A quiet Saturday at noon shows more than a Monday night.
    u8::from(weekend) + 2 * u8::from(idle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_every_hour_of_the_week_people_are_at_work_somewhere() {
        // 2026-11-23 00:00 UTC, a Monday.
        for hour in 0..7 * 24 {
            let now = Timestamp::from_second(1_795_392_000 + hour * 3600).expect("a moment");
            let zone = at_work_now(now);
            let local = now.to_zoned(zone);
            assert!(BUSY.contains(&local.hour()), "{now}: {local}");
        }
    }
}
