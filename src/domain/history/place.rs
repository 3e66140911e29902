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

/// Seconds are cut or rounded: so far inside counts as beside.
const SLACK: i64 = 2;
/// So many entries, answers and ends of a call in one repeated hour are placed together; more are placed one by one.
const TOGETHER: usize = 12;

/// A row's instant, and what the row says.
pub(super) type Understood = (i64, Result<Event, Oddity>);

/// The UTC second of each row of *one* callid; `rows` in the order of ids.
pub fn place_call<R: Borrow<LogRow>>(zone: &TimeZone, rows: &[R]) -> Vec<i64> {
    understand(zone, rows).into_iter().map(|(at, _)| at).collect()
}

/// As [`place_call`], with what each row says.
pub(super) fn understand<R: Borrow<LogRow>>(zone: &TimeZone, rows: &[R]) -> Vec<Understood> {
    let rows: Vec<&LogRow> = rows.iter().map(Borrow::borrow).collect();
    let said: Vec<Result<Event, Oddity>> = rows.iter().map(|row| parse(row)).collect();
    // Nearly always every time has one meaning, and no calendar is asked.
    let plain = rows.iter().map(|row| row.instant().or_else(|| plain(zone, civil_second(row.local))));
    let placed = plain.collect::<Option<Vec<i64>>>().unwrap_or_else(|| place(zone, &rows, &said));
    placed.into_iter().zip(said).collect()
}

fn place(zone: &TimeZone, rows: &[&LogRow], said: &[Result<Event, Oddity>]) -> Vec<i64> {
    let options: Vec<Vec<i64>> = rows.iter().map(|row| options(zone, row)).collect();
    let placed = options.iter().map(|options| options[0]).collect();
    if options.iter().all(|options| options.len() == 1) {
        return placed;
    }
    let events = said.iter().map(|said| said.as_ref().ok()).collect();
    let mut call = Placing { rows, events, placed };
    let (marks, others): (Vec<usize>, Vec<usize>) =
        (0..rows.len()).filter(|at| options[*at].len() > 1).partition(|at| call.is_mark(*at));
    let (first, rest) = marks.split_at(marks.len().min(TOGETHER));
    call.place_together(first, &options);
    rest.iter().for_each(|at| call.place_together(&[*at], &options));
    for at in others {
        let inside = |second: &i64| (call.outside(at, *second), *second);
        call.placed[at] = options[at].iter().copied().min_by_key(inside).unwrap_or(call.placed[at]);
    }
    call.placed
}

/// What a row's time can mean, ascending: at or after the epoch of its callid, where that leaves any.
fn options(zone: &TimeZone, row: &LogRow) -> Vec<i64> {
    let mut meanings = row.instant().map_or_else(|| candidates(zone, row.local), |at| vec![at]);
    meanings.sort_unstable();
    if let (Some(epoch), Some(last)) = (row.epoch(), meanings.last().copied()) {
        meanings.retain(|at| *at >= epoch - 2 || *at == last);
    }
    if meanings.is_empty() { vec![0] } else { meanings }
}

/// The rows of a call while they are placed.
struct Placing<'a> {
    rows: &'a [&'a LogRow],
    events: Vec<Option<&'a Event>>,
    placed: Vec<i64>,
}

impl Placing<'_> {
    /// Whether others are measured by the row, or it by others: an entry, an answer, an end.
    fn is_mark(&self, at: usize) -> bool {
        matches!(
            self.events[at],
            Some(Event::Enter { .. } | Event::Connect { .. } | Event::Leave { .. } | Event::End { .. })
        )
    }

    /// Places the rows `open`, all others as they are: what the rows log agrees best, then nobody enters while he is
    /// somewhere else, then as early as can be.
    fn place_together(&mut self, open: &[usize], options: &[Vec<i64>]) {
        let mut best = None;
        for choice in 0..1_usize << open.len() {
            for (bit, at) in open.iter().enumerate() {
                self.placed[*at] = options[*at][(choice >> bit) & 1];
            }
            let sum: i64 = open.iter().map(|at| self.placed[*at]).sum();
            let rank = (self.disagreement(), self.overlaps(), sum, choice);
            if best.is_none_or(|known| rank < known) {
                best = Some(rank);
            }
        }
        let choice = best.map_or(0, |(.., choice)| choice);
        for (bit, at) in open.iter().enumerate() {
            self.placed[*at] = options[*at][(choice >> bit) & 1];
        }
    }

    /// By how many seconds the rows disagree with what they log.
    fn disagreement(&self) -> i64 {
        (0..self.rows.len()).map(|at| self.distance(at).unwrap_or(0)).sum()
    }

    /// How far a row lies from where the durations that it logs would put it: after an entry, or after an answer.
    fn distance(&self, at: usize) -> Option<i64> {
        let nearest = |begins: &dyn Fn(&Event) -> bool, same_agent: bool, logged: i64| {
            let begin = self.placed[at] - logged;
            let fits = |other: &usize| {
                self.rows[*other].queue.eq_ignore_ascii_case(&self.rows[at].queue)
                    && (!same_agent || self.rows[*other].agent == self.rows[at].agent)
                    && self.events[*other].is_some_and(begins)
            };
            (0..self.rows.len()).filter(fits).map(|other| (self.placed[other] - begin).abs()).min()
        };
        let enters = |event: &Event| matches!(event, Event::Enter { .. });
        let connects = |event: &Event| matches!(event, Event::Connect { .. });
        match self.events[at]? {
            Event::Connect { hold: wait, .. } | Event::Leave { wait, .. } => nearest(&enters, false, *wait),
            Event::End { hold, talk, .. } => {
                nearest(&connects, true, *talk).or_else(|| nearest(&enters, false, talk + hold))
            }
            _ => None,
        }
    }

    /// How many entries lie clearly inside a wait or a talk of the same caller, who was then still somewhere else.
    fn overlaps(&self) -> usize {
        let span = |at: usize| match self.events[at]? {
            Event::Connect { hold: wait, .. } | Event::Leave { wait, .. } => {
                Some((self.placed[at] - wait, self.placed[at]))
            }
            Event::End { hold, talk, .. } => Some((self.placed[at] - talk - hold, self.placed[at])),
            _ => None,
        };
        let spans: Vec<(i64, i64)> = (0..self.rows.len()).filter_map(span).collect();
        let entries = (0..self.rows.len()).filter(|at| matches!(self.events[*at], Some(Event::Enter { .. })));
        let inside = |at: i64| spans.iter().filter(|(from, to)| from + SLACK < at && at < to - SLACK).count();
        entries.map(|at| inside(self.placed[at])).sum()
    }

    /// How many seconds a row that logs no duration lies outside the waits in its queue.
    fn outside(&self, at: usize, second: i64) -> i64 {
        let here = |other: &usize| self.rows[*other].queue.eq_ignore_ascii_case(&self.rows[at].queue);
        let others = || (0..self.rows.len()).filter(here);
        let waits = others().filter_map(|other| {
            let (end, wait) = match self.events[other]? {
                Event::Connect { hold: wait, .. } | Event::Leave { wait, .. } => (self.placed[other], *wait),
                Event::End { hold, talk, .. } => (self.placed[other] - talk, *hold),
                _ => return None,
            };
            Some((end - wait - second).max(second - end).max(0))
        });
        let entries = others().filter(|other| matches!(self.events[*other], Some(Event::Enter { .. })));
        // Nothing may tell the end of a wait: then the sooner after an entry the better.
        waits.min().or_else(|| entries.map(|other| (second - self.placed[other]).abs()).min()).unwrap_or(0)
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
    fn the_order_of_ids_places_no_row_of_a_call_and_a_lost_answer_none_of_its_end() {
        let epoch = second("2026-10-25T00:10:00Z");
        let callid = format!("{epoch}.1");
        // The entry was committed last; the end fits both passes, and only one of them what it logs.
        let rows = [
            row(1, "2026-10-25 02:20:00", &callid, "q", "A", "COMPLETEAGENT", "60|4140|1"),
            row(2, "2026-10-25 02:10:30", &callid, "q", "A", "RINGNOANSWER", "9000"),
            row(3, "2026-10-25 02:10:00", &callid, "q", "NONE", "ENTERQUEUE", ""),
        ];
        assert_eq!(place_call(&berlin(), &rows), vec![epoch + 4200, epoch + 30, epoch]);
    }

    #[test]
    fn nobody_enters_while_he_talks() {
        let epoch = second("2026-10-25T00:10:00Z");
        let callid = format!("{epoch}.1");
        let rows = [
            row(1, "2026-10-25 02:10:00", &callid, "q", "NONE", "ENTERQUEUE", ""),
            row(2, "2026-10-25 02:11:00", &callid, "q", "A", "CONNECT", "60|u|2"),
            row(3, "2026-10-25 02:16:00", &callid, "q", "A", "BLINDTRANSFER", "2|x|60|3900|1"),
            row(4, "2026-10-25 02:16:20", &callid, "r", "NONE", "ENTERQUEUE", ""),
        ];
        assert_eq!(place_call(&berlin(), &rows), vec![epoch, epoch + 60, epoch + 3960, epoch + 3980]);
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
        let at = |text: &str| super::super::time_text::parse_local(text).expect("a time");
        assert!(near_repeat(&berlin(), at("2026-10-25 04:30:00")));
        assert!(!near_repeat(&berlin(), at("2026-10-25 08:30:00")));
        assert!(!near_repeat(&berlin(), at("2026-03-29 03:30:00")));
    }
}
