//! Durations as people write them: `5s`, `1h 30m`, `30 days`, `5 years`. A month is 30 days, a year 365.

use std::time::Duration;

/// Reads a duration: one or more pairs of a whole number and a unit. Zero is a duration too.
///
/// # Errors
/// Why the text is none, as a clause for a sentence.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("it is empty".into());
    }
    let mut seconds: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.len() - after.trim_start_matches(|c: char| c.is_alphabetic()).len();
        let (unit, left) = after.split_at(letters);
        let number: u64 = match number.parse() {
            Ok(number) => number,
            Err(_) if number.is_empty() => return Err("a whole number is missing".into()),
            Err(_) => return Err("the number is too large".into()),
        };
        let scale = scale(unit)?;
        seconds = number
            .checked_mul(scale)
            .and_then(|part| seconds.checked_add(part))
            .ok_or_else(|| String::from("the number is too large"))?;
        rest = left.trim_start_matches([' ', ',']);
    }
    Ok(Duration::from_secs(seconds))
}

/// Shows a duration in its largest whole unit, `90 s`, `5 years`.
pub(super) fn shown(duration: Duration) -> String {
    let seconds = duration.as_secs();
    for (length, unit) in
        [(365 * 86_400, "year"), (86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")]
    {
        if seconds >= length && seconds.is_multiple_of(length) {
            let number = seconds / length;
            return format!("{number} {unit}{}", if number == 1 { "" } else { "s" });
        }
    }
    "0 seconds".into()
}

fn scale(unit: &str) -> Result<u64, String> {
    Ok(match unit {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 7 * 86_400,
        "month" | "months" => 30 * 86_400,
        "y" | "year" | "years" => 365 * 86_400,
        "" => return Err("the unit is missing".into()),
        other => return Err(format!("\"{other}\" is no unit")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("5s", 5),
            ("0s", 0),
            ("20 seconds", 20),
            ("1h 30m", 5400),
            ("2h,5min", 7500),
            ("30 days", 30 * 86_400),
            ("5 years", 5 * 365 * 86_400),
            ("1 month", 30 * 86_400),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "empty"),
            ("5", "unit is missing"),
            ("s", "number is missing"),
            ("5 fortnights", "no unit"),
            ("-5s", "number is missing"),
            ("1.5h", "unit is missing"),
            ("99999999999999999999s", "too large"),
            ("999999999999999999 years", "too large"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn durations_are_shown_in_their_largest_whole_unit() {
        assert_eq!(shown(Duration::from_secs(90)), "90 seconds");
        assert_eq!(shown(Duration::from_secs(3600)), "1 hour");
        assert_eq!(shown(Duration::from_secs(0)), "0 seconds");
    }
}
