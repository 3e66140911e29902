//! What each row of a call was taken for.

use jiff::tz::TimeZone;

use crate::domain::history::event::{Event, Leave, Oddity, TransferKind, parse};
use crate::domain::history::fold::NEAR_SECONDS;
use crate::domain::history::place::place_call;
use crate::domain::history::query::local;
use crate::domain::history::row::LogRow;
use crate::domain::history::twice::distinct;
use crate::domain::history::visit::{Outcome, RingEnd, Visit};

/// A row, its instant, and what it was taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// As written.
    pub row: LogRow,
    /// UTC seconds.
    pub at: i64,
    /// In words.
    pub taken_for: String,
}

/// What the rows of one callid were taken for in the visits that they were folded to; in the order of time. Rows that
/// two sources tell stand here twice, and count once.
pub fn taken(zone: &TimeZone, rows: &[LogRow], visits: &[Visit]) -> Vec<Taken> {
    let counted = distinct(rows.iter().cloned());
    let mut placed: Vec<(i64, &LogRow)> = place_call(zone, rows).into_iter().zip(rows).collect();
    placed.sort_by_key(|(at, row)| (*at, row.id));
    let mut used = vec![false; visits.len()];
    let tell = |(at, row): (i64, &LogRow)| {
        let counts = counted.iter().any(|one| one.order(row).is_eq() && one.id == row.id);
        let taken_for = if counts {
            told(zone, at, row, visits, &mut used)
        } else {
            "told by another source too: counts once".to_owned()
        };
        Taken { row: row.clone(), at, taken_for }
    };
    placed.into_iter().map(tell).collect()
}

fn told(zone: &TimeZone, at: i64, row: &LogRow, visits: &[Visit], used: &mut [bool]) -> String {
    let event = match parse(row) {
        Ok(event) => event,
        Err(Oddity::BadNumber) => return "a number in it cannot be read: kept, not counted".into(),
        Err(_) => return "no word of a queue: kept, not counted".into(),
    };
    let here: Vec<(usize, &Visit)> = visits
        .iter()
        .enumerate()
        .filter(|(_, visit)| visit.queue.as_str().eq_ignore_ascii_case(&row.queue))
        .collect();
    let named = |visit: &Visit| format!("visit {} to {}", visit.n, visit.queue);
    let none = || "belongs to no visit".to_owned();
    match event {
        Event::Enter { .. } => here
            .iter()
            .find(|(place, visit)| !used[*place] && visit.callid == row.callid && visit.entered == at)
            .map_or_else(none, |(place, visit)| {
                used[*place] = true;
                format!("the caller entered: {} begins", named(visit))
            }),
        Event::Connect { hold, ring, .. } => closing(&here, row, at).map_or_else(none, |visit| {
            format!("answered: wait {hold} s, the phone rang {ring} s; closes the wait of {}", named(visit))
        }),
        Event::Leave { how, wait } => closing(&here, row, at).map_or_else(none, |visit| {
            format!("left unanswered, {}: wait {wait} s; ends {}", left(how), named(visit))
        }),
        Event::End { talk, transfer, .. } => end(zone, &here, row, at, talk, transfer).unwrap_or_else(none),
        Event::RingNoAnswer { millis } => ring(&here, row, at).map_or_else(
            || "a ring that belongs to no visit".to_owned(),
            |how| match how {
                RingEnd::Refused => format!("refused at once ({millis} ms): busy, if nothing better follows"),
                _ => format!("rang out ({millis} ms): no answer, if he does not answer later"),
            },
        ),
        Event::RingCanceled { .. } => ring(&here, row, at).map_or_else(
            || "a ring that belongs to no visit".to_owned(),
            |_| "stopped ringing when the caller left".to_owned(),
        ),
        Event::SysCompat => "the channels did not fit: the abandon that follows is technical".into(),
        Event::AgentDump => "the agent hung up before the caller was there: the caller waits on".into(),
        _ => "known, and counts for nothing".into(),
    }
}

fn left(how: Leave) -> &'static str {
    match how {
        Leave::Abandon => "hung up",
        Leave::Timeout => "the queue's time was over",
        Leave::Empty => "the queue emptied",
        Leave::Key => "by a key",
        Leave::Withdraw => "taken out",
    }
}

/// The visit that a CONNECT or a leave closed.
fn closing<'v>(here: &[(usize, &'v Visit)], row: &LogRow, at: i64) -> Option<&'v Visit> {
    let agent = |visit: &Visit| {
        visit.outcome != Outcome::Answered
            || visit.agent.as_ref().is_some_and(|own| own.as_str() == row.agent.trim())
    };
    here.iter().find(|(_, visit)| visit.closed == Some(at) && agent(visit)).map(|(_, visit)| *visit)
}

fn end(
    zone: &TimeZone,
    here: &[(usize, &Visit)],
    row: &LogRow,
    at: i64,
    talk: i64,
    transfer: Option<TransferKind>,
) -> Option<String> {
    let his = |visit: &Visit| {
        visit
            .talks
            .iter()
            .any(|own| own.end == at && own.agent.as_str() == row.agent.trim() && !own.estimated)
    };
    let (_, visit) = here.iter().find(|(_, visit)| his(visit))?;
    let how = match transfer {
        Some(TransferKind::Blind) => "passed on without asking",
        Some(TransferKind::Attended) => "passed on after asking",
        None => "hung up",
    };
    let clock = |at: i64| local(zone, at).strftime("%H:%M:%S").to_string();
    let span = format!("talk {talk} s from {} to {}", clock(at - talk), clock(at));
    Some(format!("{how}: {span}; ends visit {} to {}", visit.n, visit.queue))
}

fn ring(here: &[(usize, &Visit)], row: &LogRow, at: i64) -> Option<RingEnd> {
    let rings = here.iter().flat_map(|(_, visit)| &visit.rings);
    let own =
        rings.filter(|ring| (ring.end - at).abs() <= NEAR_SECONDS && ring.agent.as_str() == row.agent.trim());
    own.filter(|ring| ring.how != RingEnd::Answered)
        .min_by_key(|ring| (ring.end - at).abs())
        .map(|ring| ring.how)
}
