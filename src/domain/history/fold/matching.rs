//! Which closing row belongs to which entry, and which end row to which CONNECT.
//!
//! Every step pairs the nearest first, by what the rows *log* (a wait, a talk), never by the order in which they stand.
//! A callid's own rows are paired before those of another callid are looked at.

use super::{Loose, NEAR_SECONDS, Placed};
use crate::domain::history::event::Event;

/// Indices into the placed rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Matched {
    /// For each row that is an entry: the row that closed it (CONNECT, a leave, or an end without CONNECT).
    pub closing: Vec<Option<usize>>,
    /// For each CONNECT: its end row.
    pub end: Vec<Option<usize>>,
    /// For each CONNECT, leave or end row: taken by an entry or a CONNECT.
    pub taken: Vec<bool>,
}

/// A possible pair: smaller is better. Ties go by time and id of the two rows.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    distance: i64,
    left_at: i64,
    left: usize,
    right_at: i64,
    right: usize,
}

/// Pairs nearest first; each row is used once.
fn greedy(
    placed: &[Placed<'_>],
    lefts: &[usize],
    rights: &[usize],
    near: impl Fn(usize, usize) -> Option<i64>,
) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    if lefts.is_empty() || rights.is_empty() {
        return Vec::new();
    }
    for &left in lefts {
        for &right in rights {
            if let Some(distance) = near(left, right) {
                pairs.push(Pair {
                    distance,
                    left_at: placed[left].at,
                    left,
                    right_at: placed[right].at,
                    right,
                });
            }
        }
    }
    pairs.sort_unstable();
    let mut used = vec![false; placed.len()];
    let mut chosen = Vec::new();
    for pair in pairs {
        if !used[pair.left] && !used[pair.right] {
            used[pair.left] = true;
            used[pair.right] = true;
            chosen.push((pair.left, pair.right));
        }
    }
    chosen
}

/// When the entry of a closing or end row must have been, by what it logs.
pub(super) fn entered_by(row: &Placed<'_>) -> Option<i64> {
    match row.event {
        Event::Connect { hold, .. } => Some(row.at - hold),
        Event::Leave { wait, .. } => Some(row.at - wait),
        Event::End { hold, talk, .. } => Some(row.at - talk - hold),
        _ => None,
    }
}

fn is_entry(row: &Placed<'_>) -> bool {
    matches!(row.event, Event::Enter { .. })
}

fn is_connect(row: &Placed<'_>) -> bool {
    matches!(row.event, Event::Connect { .. })
}

fn is_end(row: &Placed<'_>) -> bool {
    matches!(row.event, Event::End { .. })
}

fn closes(row: &Placed<'_>) -> bool {
    matches!(row.event, Event::Connect { .. } | Event::Leave { .. })
}

impl Matched {
    fn free(&self, placed: &[Placed<'_>], wanted: impl Fn(&Placed<'_>) -> bool) -> Vec<usize> {
        (0..placed.len()).filter(|at| wanted(&placed[*at]) && !self.taken[*at]).collect()
    }

    fn open_entries(&self, placed: &[Placed<'_>]) -> Vec<usize> {
        (0..placed.len()).filter(|at| is_entry(&placed[*at]) && self.closing[*at].is_none()).collect()
    }

    fn endless(&self, placed: &[Placed<'_>]) -> Vec<usize> {
        (0..placed.len()).filter(|at| is_connect(&placed[*at]) && self.end[*at].is_none()).collect()
    }

    fn close(&mut self, pairs: Vec<(usize, usize)>) {
        for (entry, closing) in pairs {
            self.closing[entry] = Some(closing);
            self.taken[closing] = true;
        }
    }

    fn finish(&mut self, pairs: Vec<(usize, usize)>) {
        for (connect, end) in pairs {
            self.end[connect] = Some(end);
            self.taken[end] = true;
        }
    }
}

/// Pairs all rows.
pub(super) fn match_rows(placed: &[Placed<'_>]) -> Matched {
    let count = placed.len();
    let mut matched =
        Matched { closing: vec![None; count], end: vec![None; count], taken: vec![false; count] };
    let entry_distance = |entry: usize, row: usize, same_call: bool| {
        let (entry, row) = (&placed[entry], &placed[row]);
        let fits = entry.same_queue(row) && entry.at <= row.at + NEAR_SECONDS;
        let fits = fits && (!same_call || entry.same_call(row));
        fits.then(|| entered_by(row).map(|at| (entry.at - at).abs()))?
    };
    // Closing rows: the nearest entry of their own callid and queue, however far.
    let pairs = greedy(placed, &matched.open_entries(placed), &matched.free(placed, closes), |entry, row| {
        entry_distance(entry, row, true)
    });
    matched.close(pairs);
    // A CONNECT whose callid never entered: the unclosed entry of that queue, at most 2 s off.
    let pairs =
        greedy(placed, &matched.open_entries(placed), &matched.free(placed, is_connect), |entry, row| {
            entry_distance(entry, row, false).filter(|distance| *distance <= NEAR_SECONDS)
        });
    matched.close(pairs);
    match_ends(placed, &mut matched);
    // End rows without a CONNECT: an unclosed entry, at most 2 s off; the own callid's first.
    for same_call in [true, false] {
        let pairs =
            greedy(placed, &matched.open_entries(placed), &matched.free(placed, is_end), |entry, row| {
                entry_distance(entry, row, same_call).filter(|distance| *distance <= NEAR_SECONDS)
            });
        matched.close(pairs);
    }
    matched
}

/// End rows → CONNECTs of the same queue and agent: the same hold and at most 2 s off, own callid first; then a row of
/// the own callid whose hold differs (an announcement between the two rows lengthens it).
fn match_ends(placed: &[Placed<'_>], matched: &mut Matched) {
    let distance = |connect: usize, end: usize| {
        let (connect, end) = (&placed[connect], &placed[end]);
        let Event::Connect { hold, .. } = connect.event else { return None };
        let Event::End { hold: repeated, talk, .. } = end.event else { return None };
        let same = connect.same_queue(end) && connect.row.agent == end.row.agent;
        same.then(|| ((end.at - talk - connect.at).abs(), (hold - repeated).abs()))
    };
    for (same_call, same_hold) in [(true, true), (false, true), (true, false)] {
        let pairs =
            greedy(placed, &matched.endless(placed), &matched.free(placed, is_end), |connect, end| {
                let (off, hold_off) = distance(connect, end)?;
                let near = if same_hold {
                    hold_off == 0 && off <= NEAR_SECONDS
                } else {
                    off <= NEAR_SECONDS + hold_off
                };
                (near && (!same_call || placed[connect].same_call(&placed[end]))).then_some(off + hold_off)
            });
        matched.finish(pairs);
    }
}

/// What is left to be matched with other callids' rows.
pub(super) fn loose(placed: &[Placed<'_>], matched: &Matched) -> Vec<Loose> {
    let queue = |at: usize| placed[at].row.queue.to_ascii_lowercase();
    let mut loose = Vec::new();
    // An entry that an end row closed lacks its CONNECT: another callid may have it.
    let half_open = |at: &usize| matched.closing[*at].is_none_or(|closing| is_end(&placed[closing]));
    let entries = (0..placed.len()).filter(|at| is_entry(&placed[*at])).filter(half_open);
    let ends: Vec<usize> = entries.clone().filter_map(|at| matched.closing[at]).collect();
    for at in entries {
        loose.push(Loose::Entry { queue: queue(at), at: placed[at].at });
    }
    for at in matched.free(placed, is_connect) {
        let entered = entered_by(&placed[at]).unwrap_or(placed[at].at);
        loose.push(Loose::Connect { queue: queue(at), entered });
    }
    for at in matched.endless(placed) {
        loose.push(Loose::Talk { queue: queue(at), at: placed[at].at });
    }
    for at in matched.free(placed, is_end).into_iter().chain(ends) {
        let Event::End { hold, talk, .. } = placed[at].event else { continue };
        let connected = placed[at].at - talk;
        loose.push(Loose::End { queue: queue(at), connected, entered: connected - hold });
    }
    loose.sort();
    loose
}

impl Loose {
    /// Whether the two may belong together, so that their callids must be folded as one.
    pub fn fits(&self, other: &Self) -> bool {
        let near = |a: &str, b: &str, x: i64, y: i64| a == b && (x - y).abs() <= NEAR_SECONDS;
        match (self, other) {
            (
                Self::Entry { queue: a, at },
                Self::Connect { queue: b, entered } | Self::End { queue: b, entered, .. },
            )
            | (
                Self::Connect { queue: b, entered } | Self::End { queue: b, entered, .. },
                Self::Entry { queue: a, at },
            ) => near(a, b, *at, *entered),
            (Self::Talk { queue: a, at }, Self::End { queue: b, connected, .. })
            | (Self::End { queue: b, connected, .. }, Self::Talk { queue: a, at }) => {
                near(a, b, *at, *connected)
            }
            _ => false,
        }
    }
}
