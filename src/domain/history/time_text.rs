//! The `time` of rows, as tables and files spell it.

use jiff::civil;

/// Reads a `time` as tables and files spell it: `2026-11-22 07:01:04[.ffffff]`, also with a `T`. The fraction is cut.
/// `None` for zero dates and other texts.
pub fn parse_local(text: &str) -> Option<civil::DateTime> {
    // The usual form by hand: years are read at millions of rows a minute.
    if let Some(local) = usual_form(text.as_bytes()) {
        return Some(local);
    }
    let text = text.trim();
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let parsed = whole.replacen('T', " ", 1).parse::<civil::DateTime>().ok()?;
    (parsed.year() > 1970).then_some(parsed)
}

/// `2026-11-22 07:01:04`, with or without a fraction.
fn usual_form(text: &[u8]) -> Option<civil::DateTime> {
    let (whole, fraction) = text.split_at_checked(19)?;
    let marks = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':')];
    let fraction =
        fraction.is_empty() || (fraction[0] == b'.' && fraction[1..].iter().all(u8::is_ascii_digit));
    if !fraction || marks.iter().any(|(at, mark)| whole[*at] != *mark) {
        return None;
    }
    let number = |from: usize, to: usize| {
        whole[from..to]
            .iter()
            .try_fold(0_i16, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i16::from(digit - b'0')))
    };
    let part = |from: usize| number(from, from + 2).and_then(|number| i8::try_from(number).ok());
    let year = number(0, 4).filter(|year| *year > 1970)?;
    civil::DateTime::new(year, part(5)?, part(8)?, part(11)?, part(14)?, part(17)?, 0).ok()
}

/// Reads a `time` that counts seconds since 1970, with or without a fraction, which is cut: `1795330864.123`.
pub fn parse_epoch(text: &str) -> Option<i64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let second: i64 = if digits(whole) && digits(fraction) { whole.parse().ok()? } else { return None };
    EPOCHS.contains(&second).then_some(second)
}

/// The first and last instants that can be right: 1971 to the year 9999.
const EPOCHS: std::ops::Range<i64> = 31_536_000..253_402_300_800;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fraction_is_cut_and_zero_dates_are_no_times() {
        assert_eq!(parse_local("2026-11-22 10:59:59.999999"), parse_local("2026-11-22 10:59:59"));
        assert_eq!(parse_local("2026-11-22T10:59:59"), parse_local("2026-11-22 10:59:59"));
        assert_eq!(parse_local(" 2026-11-22 10:59:59 "), parse_local("2026-11-22 10:59:59"));
        assert!(parse_local("0000-00-00 00:00:00").is_none());
        assert!(parse_local("2026-13-22 10:59:59").is_none() && parse_local("1795330864").is_none());
        assert_eq!(parse_epoch("1795330864.123"), Some(1_795_330_864));
        assert_eq!(parse_epoch("1795330864.0000"), parse_epoch("1795330864"));
        assert!(
            ["0", "", "2026-11-22 10:59:59", "-5", "20261122105959"]
                .iter()
                .all(|text| parse_epoch(text).is_none())
        );
        for odd in [
            "2026-11-22 10:59:5x",
            "2026-11-31 10:59:59",
            "1970-01-01 00:00:00",
            "2026-11-22",
            "2026-11-22 10:59:59Z",
        ] {
            assert_eq!(usual_form(odd.as_bytes()), None, "{odd}");
        }
        let usual = civil::date(2026, 11, 22).at(10, 59, 59, 0);
        assert_eq!(usual_form(b"2026-11-22 10:59:59.999999"), Some(usual));
        assert_eq!(parse_local(" 2026-11-22 10:59:59"), Some(usual));
        assert!(parse_local("").is_none());
    }
}
