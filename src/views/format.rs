//! Figures as text: durations, shares, counts. A figure that is not defined is a dash.

/// Shown where a figure is not defined or not known.
pub const DASH: &str = "–";

/// A running timer: seconds under a minute, then minutes, so that a wall of timers does not flicker.
/// `0:42`, `7 min`, `2 h 05`.
pub fn timer(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        0..60 => format!("0:{seconds:02}"),
        60..3600 => format!("{} min", seconds / 60),
        3600..360_000 => format!("{} h {:02}", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A duration to the second: `0:42`, `7:05`, `1:02:03`.
pub fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    if seconds < 3600 {
        format!("{}:{:02}", seconds / 60, seconds % 60)
    } else {
        format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

/// A long duration at a glance, to the minute and in one style, so that a column of them compares: `0`, `0 h 07`, `2 h 05`,
/// `123 h`. What is not nothing is a minute at least.
pub fn hours(seconds: u64) -> String {
    let minutes = ((seconds + 30) / 60).max(1);
    match (seconds, minutes) {
        (0, _) => "0".to_owned(),
        (_, ..6000) => format!("{} h {:02}", minutes / 60, minutes % 60),
        _ => format!("{} h", count((minutes + 30) / 60)),
    }
}

/// A mean of seconds, rounded to the second, or a dash.
pub fn mean(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| DASH.to_owned(), |seconds| duration(rounded(seconds)))
}

/// A share of 1 as a whole percentage, or a dash. What is not all never shows as 100 %, what is not nothing never as 0 %.
pub fn percent(share: Option<f64>) -> String {
    let Some(share) = share else { return DASH.to_owned() };
    let mut percent = rounded(share * 100.0);
    if percent == 100 && share < 1.0 {
        percent = 99;
    }
    if percent == 0 && share > 0.0 {
        percent = 1;
    }
    format!("{percent} %")
}

/// A count with its thousands apart: `12 345`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + 4);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

/// To the nearest whole number.
#[allow(clippy::cast_possible_truncation, reason = "seconds and percentages are small")]
pub(super) fn rounded(number: f64) -> i64 {
    number.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_show_seconds_only_under_a_minute() {
        let shown: Vec<_> = [-3, 0, 42, 60, 3599, 3600, 7500, 400_000].map(timer).into();
        assert_eq!(shown, ["0:00", "0:00", "0:42", "1 min", "59 min", "1 h 00", "2 h 05", "4 days"]);
    }

    #[test]
    fn durations_are_exact() {
        assert_eq!([5, 65, 3723].map(duration), ["0:05", "1:05", "1:02:03"]);
        assert_eq!(mean(Some(14.5)), "0:15");
        assert_eq!(mean(None), "–");
    }

    #[test]
    fn long_durations_are_rounded_to_the_minute() {
        let shown: Vec<_> = [0, 1, 59, 60, 89, 90, 3569, 3570, 7500, 360_000, 4_000_000].map(hours).into();
        assert_eq!(
            shown,
            [
                "0",
                "0 h 01",
                "0 h 01",
                "0 h 01",
                "0 h 01",
                "0 h 02",
                "0 h 59",
                "1 h 00",
                "2 h 05",
                "100 h",
                "1\u{a0}111 h"
            ]
        );
    }

    #[test]
    fn a_share_is_a_dash_where_it_is_undefined() {
        assert_eq!(
            [None, Some(0.0), Some(0.001), Some(0.811), Some(0.999), Some(1.0)].map(percent),
            ["–", "0 %", "1 %", "81 %", "99 %", "100 %"]
        );
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([7, 999, 1000, 1_234_567].map(count), ["7", "999", "1\u{a0}000", "1\u{a0}234\u{a0}567"]);
    }
}
