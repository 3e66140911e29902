//! Rows of calls → visits: a pure function of the *set* of rows and a context, so that order, batches and doubles
//! cannot matter.
//!
//! In: the rows of one callid, or of several that hang together (a call that entered under one callid and was
//! connected under another). Out: visits, and what could not be understood. What of a callid may have to be matched
//! with another callid's rows is named in [`Folded::loose`].
//!
//! | file | does |
//! |---|---|
//! | `matching` | which closing row belongs to which entry, which end row to which CONNECT |
//! | `parts` | rings, statuses and talks of a matched visit |

mod matching;
mod parts;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::event::{Event, Oddity};
use super::place::understand;
use super::row::LogRow;
use super::twice::distinct;
use super::visit::Visit;

/// Changed whenever the same rows give another result: stored visits and cells are then made anew.
pub const FOLD_VERSION: u32 = 3;
/// A visit without an end is unresolved after this, by the log's own clock.
pub const OPEN_SECONDS: i64 = 12 * 3600;
/// A talk without an end is over after this.
pub const TALK_SECONDS: i64 = 4 * 3600;
/// How far two rows that log the same moment may lie apart.
pub const NEAR_SECONDS: i64 = 2;

/// What a fold knows beside the rows.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The PBX's zone.
    pub zone: &'a TimeZone,
    /// The newest row known, UTC: the log's own clock.
    pub log_clock: i64,
    /// When Asterisk started, UTC, ascending.
    pub queue_starts: &'a [i64],
    /// Ends of agents' legs by uniqueid, UTC. Source: cdr.
    pub leg_ends: &'a BTreeMap<String, i64>,
}

impl Context<'_> {
    /// The first start of Asterisk after `at`.
    pub fn start_after(&self, at: i64) -> Option<i64> {
        self.queue_starts.get(self.queue_starts.partition_point(|start| *start <= at)).copied()
    }
}

/// Where a callid's rows alone leave something to be matched with another's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loose {
    /// An entry without an end.
    Entry {
        /// The queue in lower case.
        queue: String,
        /// When.
        at: i64,
    },
    /// A CONNECT without an entry.
    Connect {
        /// The queue in lower case.
        queue: String,
        /// When its entry must have been.
        entered: i64,
    },
    /// A CONNECT without an end.
    Talk {
        /// The queue in lower case.
        queue: String,
        /// When.
        at: i64,
    },
    /// An end without a CONNECT.
    End {
        /// The queue in lower case.
        queue: String,
        /// When its CONNECT must have been.
        connected: i64,
        /// When its entry must have been.
        entered: i64,
    },
}

/// The fold of some rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// The visits, by callid, queue and n.
    pub visits: Vec<Visit>,
    /// What other callids' rows could complete.
    pub loose: Vec<Loose>,
    /// What was not understood, or is marked, by kind.
    pub oddities: BTreeMap<Oddity, u64>,
    /// Legs of talks whose end was not logged: the cdr may know it.
    pub endless: Vec<Endless>,
}

/// An agent's leg in a talk whose end was not logged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endless {
    /// The uniqueid of the leg's channel. Source: CONNECT data2.
    pub leg: String,
    /// The CONNECT's callid.
    pub callid: String,
    /// When it was connected, UTC.
    pub connected: i64,
}

/// A row with its instant and its meaning.
#[derive(Clone, Debug)]
struct Placed<'a> {
    row: &'a LogRow,
    at: i64,
    event: Event,
}

impl Placed<'_> {
    fn same_queue(&self, other: &Self) -> bool {
        self.row.queue.eq_ignore_ascii_case(&other.row.queue)
    }

    fn same_call(&self, other: &Self) -> bool {
        self.row.callid == other.row.callid
    }
}

/// Folds the rows of one or several callids.
pub fn fold(rows: &[LogRow], context: &Context<'_>) -> Folded {
    let rows = distinct(rows);
    let mut folded = Folded::default();
    let placed = place_all(&rows, context.zone, &mut folded.oddities);
    let matched = matching::match_rows(&placed);
    folded.loose = matching::loose(&placed, &matched);
    folded.visits = parts::visits(&placed, &matched, context, &mut folded.oddities);
    number(&mut folded.visits);
    folded.endless = endless(&placed, &matched, &folded.visits);
    for visit in &folded.visits {
        let marks = visit.marks;
        let unresolved = visit.outcome == super::visit::Outcome::Unresolved;
        let kinds = [
            (marks.own, Oddity::OwnVisit),
            (unresolved, Oddity::Unresolved),
            (marks.missing_end, Oddity::MissingEnd),
        ];
        for (_, kind) in kinds.into_iter().filter(|(holds, _)| *holds) {
            *folded.oddities.entry(kind).or_default() += 1;
        }
    }
    folded
}

/// Places the rows callid by callid, and orders them by time, then id.
fn place_all<'a>(
    rows: &[&'a LogRow],
    zone: &TimeZone,
    oddities: &mut BTreeMap<Oddity, u64>,
) -> Vec<Placed<'a>> {
    let mut placed = Vec::with_capacity(rows.len());
    let mut place = |rows: &[&'a LogRow]| {
        for (row, (at, event)) in rows.iter().zip(understand(zone, rows)) {
            match event {
                Ok(event) => placed.push(Placed { row, at, event }),
                Err(oddity) => *oddities.entry(oddity).or_default() += 1,
            }
        }
    };
    if rows.windows(2).all(|pair| pair[0].callid == pair[1].callid) {
        place(rows);
    } else {
        let mut calls: BTreeMap<&str, Vec<&'a LogRow>> = BTreeMap::new();
        rows.iter().for_each(|row| calls.entry(&row.callid).or_default().push(row));
        calls.into_values().for_each(|own| place(&own));
    }
    placed.sort_by(|a, b| (a.at, a.row.id).cmp(&(b.at, b.row.id)).then_with(|| a.row.order(b.row)));
    placed
}

/// The legs of CONNECTs without an end row, in visits that should have one.
fn endless(placed: &[Placed<'_>], matched: &matching::Matched, visits: &[Visit]) -> Vec<Endless> {
    let missing: Vec<&Visit> = visits.iter().filter(|visit| visit.marks.missing_end).collect();
    let of_one = |row: &Placed<'_>| {
        let Event::Connect { leg, .. } = &row.event else { return None };
        let known =
            |visit: &&Visit| visit.closed == Some(row.at) && visit.queue == row.row.queue.as_str().into();
        let wanted = !leg.is_empty() && missing.iter().any(known);
        wanted.then(|| Endless {
            leg: leg.to_string(),
            callid: row.row.callid.to_string(),
            connected: row.at,
        })
    };
    let open = placed.iter().enumerate().filter(|(at, _)| !missing.is_empty() && matched.end[*at].is_none());
    open.filter_map(|(_, row)| of_one(row)).collect()
}

/// Gives each visit its number among those of its callid and queue, by time.
fn number(visits: &mut [Visit]) {
    visits.sort_by(|a, b| {
        (&a.callid, &a.queue, a.entered, a.marks.own, a.closed, &a.agent).cmp(&(
            &b.callid,
            &b.queue,
            b.entered,
            b.marks.own,
            b.closed,
            &b.agent,
        ))
    });
    for at in 0..visits.len() {
        let (done, rest) = visits.split_at_mut(at);
        rest[0].n = match done.last() {
            Some(before) if before.callid == rest[0].callid && before.queue == rest[0].queue => before.n + 1,
            _ => 1,
        };
    }
}

#[cfg(test)]
mod captured;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod tests;
