//! Quiet hours: spans of the week, on the PBX's clock, in which nothing is raised.

use std::fmt;

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// The days of the week; three letters or more of one are enough.
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Spans that follow each other are walked through so often at most: two weeks of spans that meet.
const STEPS: usize = 100;

/// One span: on some days of the week from a minute to a minute; over midnight where it ends no later than it begins. It
/// belongs to the day on which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// On which days it begins, Monday first.
    days: [bool; 7],
    /// Minute of the day at which it begins.
    from: u16,
    /// Minute at which it ends: beyond 24 h where it ends on the next day.
    until: u16,
    text: String,
}

/// Why a text is no span.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuietError {
    /// Nothing is written.
    #[error("it is empty")]
    Empty,
    /// No day of the week.
    #[error("\"{0}\" is no day of the week")]
    Day(String),
    /// No time of day.
    #[error("\"{0}\" is no time of day")]
    Time(String),
    /// Begins and ends at once.
    #[error("it ends when it begins")]
    Nothing,
}

impl Span {
    /// Reads `Mon-Fri 20:00-07:00`, `Sat,Sun` (whole days), `22:00-06:00` (every day).
    ///
    /// # Errors
    /// Why the text is none.
    pub fn parse(text: &str) -> Result<Self, QuietError> {
        let text = text.trim();
        let mut days = [true; 7];
        let (mut from, mut until) = (0, DAY);
        let words: Vec<&str> = text.split_whitespace().collect();
        let hours = match words[..] {
            [] => return Err(QuietError::Empty),
            [word] if word.contains(':') => Some(word),
            [word] => {
                days = read_days(word)?;
                None
            }
            [first, hours] => {
                days = read_days(first)?;
                Some(hours)
            }
            [_, _, ref rest @ ..] => return Err(QuietError::Time(rest.join(" "))),
        };
        if let Some(hours) = hours {
            let (first, last) = hours.split_once('-').ok_or_else(|| QuietError::Time(hours.to_owned()))?;
            (from, until) = (minute(first)?, minute(last)?);
            if from == until || from == DAY {
                return Err(QuietError::Nothing);
            }
            if until < from {
                until += DAY;
            }
        }
        Ok(Self { days, from, until, text: text.to_owned() })
    }

    /// When the span that holds the local time `at` ends; `None` outside.
    fn end(&self, at: DateTime) -> Option<DateTime> {
        // The one that began yesterday may still go on.
        [at.date().yesterday().ok(), Some(at.date())].into_iter().flatten().find_map(|date| {
            let begins = self.days[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())];
            let midnight = date.to_datetime(Time::midnight());
            let from = midnight.checked_add(i64::from(self.from).minutes()).ok()?;
            let until = midnight.checked_add(i64::from(self.until).minutes()).ok()?;
            (begins && from <= at && at < until).then_some(until)
        })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn read_days(text: &str) -> Result<[bool; 7], QuietError> {
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        // Fri-Mon goes over the end of the week.
        let length = (last + 7 - first) % 7;
        (0..=length).for_each(|step| days[(first + step) % 7] = true);
    }
    Ok(days)
}

/// Of the week, from 0.
fn day(text: &str) -> Result<usize, QuietError> {
    let word = text.trim().to_ascii_lowercase();
    let found = DAYS.iter().position(|name| word.len() >= 3 && name.starts_with(&word));
    found.ok_or(QuietError::Day(text.to_owned()))
}

/// `7:30`, `07:30`; `24:00` is the end of the day.
fn minute(text: &str) -> Result<u16, QuietError> {
    let wrong = || QuietError::Time(text.to_owned());
    let (hour, minute) = text.trim().split_once(':').ok_or_else(wrong)?;
    let digits = |part: &str| part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) || minute.len() != 2 {
        return Err(wrong());
    }
    let (hour, minute): (u16, u16) =
        (hour.parse().map_err(|_| wrong())?, minute.parse().map_err(|_| wrong())?);
    let all = hour * 60 + minute;
    if minute < 60 && all <= DAY { Ok(all) } else { Err(wrong()) }
}

/// Every span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quiet(pub Vec<Span>);

impl Quiet {
    /// Until when nothing is raised, if it is quiet at `now` in `zone`. Spans that meet count as one; a week without end ends
    /// far ahead.
    pub fn until(&self, now: Timestamp, zone: &TimeZone) -> Option<Zoned> {
        if self.0.is_empty() {
            return None;
        }
        let mut at = now.to_zoned(zone.clone()).datetime();
        let mut end = None;
        for _ in 0..STEPS {
            match self.0.iter().filter_map(|span| span.end(at)).max() {
                Some(later) => (at, end) = (later, Some(later)),
                None => break,
            }
        }
        // A time that the clock skips stands for the moment of the change.
        end.and_then(|end| end.to_zoned(zone.clone()).ok()).filter(|end| end.timestamp() > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(spans: &[&str]) -> Quiet {
        Quiet(spans.iter().map(|span| Span::parse(span).expect(span)).collect())
    }

    /// Until when it is quiet at a local time in Berlin, as local time; empty when it is not.
    fn until(spans: &[&str], at: &str) -> String {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let now = at.parse::<DateTime>().expect("a time").to_zoned(zone.clone()).expect("exists").timestamp();
        let end = quiet(spans).until(now, &zone);
        end.map(|end| end.strftime("%a %H:%M").to_string()).unwrap_or_default()
    }

    #[test]
    fn a_span_over_midnight_belongs_to_the_day_on_which_it_begins() {
        let nights = ["Mon-Thu 20:00-07:00"];
        // 2026-11-23 is a Monday.
        for (at, expected) in [
            ("2026-11-23T19:59", ""),
            ("2026-11-23T20:00", "Tue 07:00"),
            ("2026-11-24T06:59:59", "Tue 07:00"),
            ("2026-11-24T07:00", ""),
            ("2026-11-23T06:00", ""),
            ("2026-11-27T06:00", "Fri 07:00"),
            ("2026-11-27T20:00", ""),
        ] {
            assert_eq!(until(&nights, at), expected, "{at}");
        }
    }

    #[test]
    fn spans_that_meet_are_one() {
        let week = ["Mon-Fri 20:00-24:00", "Mon-Fri 0:00-07:00", "sat,sun"];
        assert_eq!(until(&week, "2026-11-27T21:00"), "Mon 07:00");
        assert_eq!(until(&week, "2026-11-28T12:00"), "Mon 07:00");
        assert_eq!(until(&week, "2026-11-25T12:00"), "");
        assert_eq!(until(&["22:00-06:00"], "2026-11-29T23:00"), "Mon 06:00");
        assert_eq!(until(&["Fri-Mon"], "2026-11-29T23:00"), "Tue 00:00");
    }

    #[test]
    fn a_quiet_night_follows_the_clock_over_its_change() {
        // In the night to 2026-10-25 the hour from 2 to 3 comes twice.
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let now: Timestamp = "2026-10-24T20:00:00Z".parse().expect("a time");
        let end = quiet(&["22:00-06:00"]).until(now, &zone).expect("quiet");
        assert_eq!(end.timestamp().to_string(), "2026-10-25T05:00:00Z");
    }

    #[test]
    fn always_quiet_ends_at_some_time_ahead() {
        let zone = TimeZone::UTC;
        let now: Timestamp = "2026-10-24T20:00:00Z".parse().expect("a time");
        assert!(quiet(&["Mon-Sun"]).until(now, &zone).is_some_and(|end| end.timestamp() > now));
    }

    #[test]
    fn what_is_no_span_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "empty"),
            ("Mun 20:00-07:00", "\"Mun\" is no day"),
            ("m 20:00-07:00", "no day"),
            ("20:00", "no time of day"),
            ("Mon 20:00", "no time of day"),
            ("Mon 25:00-07:00", "\"25:00\" is no time"),
            ("Mon 20:61-07:00", "no time"),
            ("Mon 20:00-07:00 x", "\"x\" is no time"),
            ("Mon 20:00-20:00", "ends when it begins"),
            ("Mon 24:00-20:00", "ends when it begins"),
            ("Mon +2:00-07:00", "no time"),
        ] {
            let error = Span::parse(text).expect_err(text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
