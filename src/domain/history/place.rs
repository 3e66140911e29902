//! Local times → UTC seconds. Only the repeated hour of a zone needs thought: there a local time means two instants.
//!
//! A row takes the instant at or after its callid's epoch that agrees with its logged wait or talk; a row without a
//! callid takes the offset of the nearest row by id (the *hints*). A row of a file says its instant itself.

use std::borrow::Borrow;

use jiff::ToSpan;
use jiff::civil;
use jiff::tz::TimeZone;

use super::event::{Event, Oddity, parse};
use super::row::{LogRow, civil_second};
use crate::domain::time::{candidates, plain};

/// How far a row may lie before its callid's epoch or before the row in front of it (clocks are cut to seconds, and
/// rows are inserted a little out of order).
const SLACK: i64 = 60;

/// A row's instant, and what the row says.
pub(super) type Understood = (i64, Result<Event, Oddity>);

/// The UTC second of each row of *one* callid; `rows` in the order of ids.
pub fn place_call<R: Borrow<LogRow>>(zone: &TimeZone, rows: &[R]) -> Vec<i64> {
    understand(zone, rows).into_iter().map(|(at, _)| at).collect()
}

/// As [`place_call`], with what each row says.
pub(super) fn understand<R: Borrow<LogRow>>(zone: &TimeZone, rows: &[R]) -> Vec<Understood> {
    let mut placed: Vec<Understood> = Vec::with_capacity(rows.len());
    for row in rows.iter().map(Borrow::borrow) {
        let event = parse(row);
        let at = row.instant().or_else(|| plain(zone, civil_second(row.local)));
        let at = at.unwrap_or_else(|| match candidates(zone, row.local).as_slice() {
            [one] => *one,
            many => choose(many, row, event.as_ref().ok(), &placed, rows),
        });
        placed.push((at, event));
    }
    placed
}

fn choose<R: Borrow<LogRow>>(
    many: &[i64],
    row: &LogRow,
    event: Option<&Event>,
    before: &[Understood],
    rows: &[R],
) -> i64 {
    let floor = row.epoch().map(|epoch| epoch - 2).into_iter();
    // Rows of a file stand in front of those of a table, whatever their time.
    let last = before.last().zip(rows.get(before.len().wrapping_sub(1)));
    let last = last.filter(|(_, row)| (*row).borrow().instant().is_none()).map(|((at, _), _)| at - SLACK);
    let floor = floor.chain(last).max().unwrap_or(i64::MIN);
    let mut possible: Vec<i64> = many.iter().copied().filter(|at| *at >= floor).collect();
    if possible.is_empty() {
        return many.iter().copied().max().unwrap_or(0);
    }
    // The earliest comes first and wins a tie: min_by_key keeps the first of equals.
    possible.sort_unstable();
    let Some((logged, is_anchor)) = event.and_then(anchored) else { return possible[0] };
    let anchors: Vec<i64> = before
        .iter()
        .zip(rows)
        .filter(|((_, seen), other)| {
            let other: &LogRow = (*other).borrow();
            other.queue.eq_ignore_ascii_case(&row.queue) && seen.as_ref().is_ok_and(is_anchor)
        })
        .map(|((at, _), _)| *at)
        .collect();
    let distance = |at: &i64| anchors.iter().map(|anchor| (at - logged - anchor).abs()).min().unwrap_or(0);
    possible.iter().copied().min_by_key(distance).unwrap_or(possible[0])
}

/// Whether a row stands at the beginning of a duration.
type Anchor = fn(&Event) -> bool;

/// The duration that a row logs, and which rows stand at its beginning.
fn anchored(event: &Event) -> Option<(i64, Anchor)> {
    match event {
        Event::Connect { hold: logged, .. } | Event::Leave { wait: logged, .. } => {
            Some((*logged, |event| matches!(event, Event::Enter { .. })))
        }
        Event::End { talk, .. } => Some((*talk, |event| matches!(event, Event::Connect { .. }))),
        _ => None,
    }
}

/// A row whose instant is known, near a repeated hour: id, and seconds to add to UTC for the local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The row's id.
    pub id: i64,
    /// The zone's offset at that row, seconds.
    pub offset: i64,
}

/// The UTC second of a row without a callid's help: by the offset of the nearest row by id (the one before it, of two
/// as near), else the earlier meaning.
pub fn place_lone(zone: &TimeZone, row: &LogRow, hints: &[Hint]) -> i64 {
    if let Some(at) = row.instant().or_else(|| plain(zone, civil_second(row.local))) {
        return at;
    }
    let meanings = candidates(zone, row.local);
    if let [one] = meanings.as_slice() {
        return *one;
    }
    if let Some(epoch) = row.epoch()
        && let Some(at) = meanings.iter().copied().filter(|at| *at >= epoch - 2).min()
    {
        return at;
    }
    let naive = civil_second(row.local);
    let nearest = hints.iter().min_by_key(|hint| (hint.id.abs_diff(row.id), hint.id));
    let agrees = |at: &&i64| nearest.is_some_and(|hint| naive - **at == hint.offset);
    let earliest = meanings.iter().copied().min().unwrap_or(naive);
    meanings.iter().find(agrees).copied().unwrap_or(earliest)
}

/// Whether a row at this local time can be a hint for a row in a repeated hour: it lies within three hours of one.
pub fn near_repeat(zone: &TimeZone, local: civil::DateTime) -> bool {
    if plain(zone, civil_second(local)).is_some() {
        return false;
    }
    (-6..=6_i64)
        .any(|halves| local.checked_add((halves * 30).minutes()).is_ok_and(|moved| is_repeated(zone, moved)))
}

/// Whether the local time itself means two instants.
pub fn is_repeated(zone: &TimeZone, local: civil::DateTime) -> bool {
    candidates(zone, local).len() > 1
}

#[cfg(test)]
mod tests {
    use super::super::row::tests::row;
    use super::*;
    use jiff::Timestamp;

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").expect("a zone")
    }

    fn second(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a timestamp").as_second()
    }

    #[test]
    fn trap_17_the_repeated_hour_goes_by_the_epoch_of_the_callid() {
        let epoch = second("2026-10-25T00:10:00Z");
        let callid = format!("{epoch}.1");
        let rows = [
            row(1, "2026-10-25 02:10:00", &callid, "q", "NONE", "ENTERQUEUE", ""),
            row(2, "2026-10-25 02:05:00", &callid, "q", "A", "CONNECT", "3300|x|2"),
            row(3, "2026-10-25 02:55:00", &callid, "q", "A", "COMPLETEAGENT", "3300|3000|1"),
        ];
        let placed = place_call(&berlin(), &rows);
        assert_eq!(placed, vec![epoch, epoch + 3300, epoch + 6300]);
    }

    #[test]
    fn the_logged_wait_decides_where_both_meanings_lie_after_the_epoch() {
        let epoch = second("2026-10-25T00:10:00Z");
        let callid = format!("{epoch}.1");
        for (wait, expect) in [("2400", epoch + 2400), ("6000", epoch + 6000)] {
            let rows = [
                row(1, "2026-10-25 02:10:00", &callid, "q", "NONE", "ENTERQUEUE", ""),
                row(2, "2026-10-25 02:50:00", &callid, "q", "A", "CONNECT", wait),
            ];
            assert_eq!(place_call(&berlin(), &rows)[1], expect, "{wait}");
        }
    }

    #[test]
    fn a_row_without_a_callid_takes_the_offset_of_its_neighbour() {
        let pause = row(50, "2026-10-25 02:30:00", "NONE", "q", "A", "PAUSE", "");
        let summer = Hint { id: 48, offset: 7200 };
        let winter = Hint { id: 51, offset: 3600 };
        assert_eq!(place_lone(&berlin(), &pause, &[summer]), second("2026-10-25T00:30:00Z"));
        assert_eq!(place_lone(&berlin(), &pause, &[summer, winter]), second("2026-10-25T01:30:00Z"));
        assert_eq!(place_lone(&berlin(), &pause, &[]), second("2026-10-25T00:30:00Z"));
    }

    #[test]
    fn a_row_of_a_file_needs_no_thought_and_misleads_no_row_of_a_table() {
        let epoch = second("2026-10-25T00:10:00Z");
        let callid = format!("{epoch}.1");
        let mut end = row(1, "2026-10-25 02:55:00", &callid, "q", "A", "COMPLETEAGENT", "60|6240|1");
        end.id = super::super::row::file_id(epoch + 6300, 0);
        let enter = row(7, "2026-10-25 02:10:00", &callid, "q", "NONE", "ENTERQUEUE", "");
        assert_eq!(place_call(&berlin(), &[end.clone(), enter]), vec![epoch + 6300, epoch]);
        assert_eq!(place_lone(&berlin(), &end, &[]), epoch + 6300);
    }

    #[test]
    fn only_rows_near_a_repeated_hour_are_hints() {
        let at = |text: &str| super::super::row::parse_local(text).expect("a time");
        assert!(near_repeat(&berlin(), at("2026-10-25 04:30:00")));
        assert!(!near_repeat(&berlin(), at("2026-10-25 08:30:00")));
        assert!(!near_repeat(&berlin(), at("2026-03-29 03:30:00")));
    }
}
