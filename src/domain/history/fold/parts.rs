//! Matched rows → visits with their rings, statuses and talks.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::matching::{Matched, entered_by};
use super::{Context, NEAR_SECONDS, OPEN_SECONDS, Placed, TALK_SECONDS};
use crate::domain::history::event::{Event, Leave, Oddity};
use crate::domain::history::visit::{Marks, Outcome, Ring, RingEnd, Status, Talk, Visit};
use crate::domain::ids::{AgentName, QueueName};

/// The rows of one visit, by index: its entry, the row that closed it, the end of its talk.
struct Rows {
    entry: Option<usize>,
    closing: Option<usize>,
    end: Option<usize>,
    others: Vec<usize>,
}

/// Makes the visits. Rings that belong to none are counted as odd.
pub(super) fn visits(
    placed: &[Placed<'_>],
    matched: &Matched,
    context: &Context<'_>,
    oddities: &mut BTreeMap<Oddity, u64>,
) -> Vec<Visit> {
    let mut frames = frames(placed, matched);
    let mut visits: Vec<Visit> = frames.iter().map(|rows| frame(placed, rows, context)).collect();
    let over: Vec<Option<i64>> = visits
        .iter()
        .zip(&frames)
        .map(|(visit, rows)| visit.closed.or_else(|| entered_again(placed, rows.entry?)))
        .collect();
    for (at, row) in placed.iter().enumerate() {
        let rings = matches!(
            row.event,
            Event::RingNoAnswer { .. } | Event::RingCanceled { .. } | Event::SysCompat | Event::AgentDump
        );
        if rings {
            match home(placed, &frames, (&visits, &over), at) {
                Some(visit) => frames[visit].others.push(at),
                None => *oddities.entry(Oddity::RingWithoutVisit).or_default() += 1,
            }
        }
    }
    for (visit, rows) in visits.iter_mut().zip(&frames) {
        furnish(placed, rows, visit);
    }
    visits
}

fn frames(placed: &[Placed<'_>], matched: &Matched) -> Vec<Rows> {
    let mut frames = Vec::new();
    let end_of = |closing: Option<usize>| match closing {
        Some(at) if matches!(placed[at].event, Event::End { .. }) => Some(at),
        Some(at) => matched.end[at],
        None => None,
    };
    for (at, row) in placed.iter().enumerate() {
        let alone = !matched.taken[at];
        match row.event {
            Event::Enter { .. } => {
                let closing = matched.closing[at];
                frames.push(Rows { entry: Some(at), closing, end: end_of(closing), others: Vec::new() });
            }
            Event::Connect { .. } | Event::Leave { .. } | Event::End { .. } if alone => {
                frames.push(Rows {
                    entry: None,
                    closing: Some(at),
                    end: end_of(Some(at)),
                    others: Vec::new(),
                });
            }
            _ => {}
        }
    }
    frames
}

/// The visit without its rings and statuses.
fn frame(placed: &[Placed<'_>], rows: &Rows, context: &Context<'_>) -> Visit {
    let closing = rows.closing.map(|at| &placed[at]);
    let first = rows.entry.map(|at| &placed[at]).or(closing).map(|placed| placed.row);
    let entered = rows.entry.map(|at| placed[at].at).or_else(|| closing.and_then(entered_by)).unwrap_or(0);
    let (outcome, wait) = closing.map_or((Outcome::Open, 0), closed_by);
    let number = match rows.entry.map(|at| &placed[at].event) {
        Some(Event::Enter { number }) => number.clone(),
        _ => SmolStr::default(),
    };
    let joined = rows.entry.zip(rows.closing).is_some_and(|(a, b)| !placed[a].same_call(&placed[b]));
    let mut visit = Visit {
        callid: first.map(|row| row.callid.clone()).unwrap_or_default(),
        queue: QueueName::new(first.map_or("", |row| row.queue.as_str())),
        n: 0,
        number,
        entered,
        outcome,
        wait,
        closed: closing.map(|row| row.at),
        agent: None,
        talk_bound: None,
        statuses: Vec::new(),
        rings: Vec::new(),
        talks: Vec::new(),
        marks: Marks { own: rows.entry.is_none(), joined, ..Marks::default() },
        review_at: None,
    };
    match rows.entry {
        Some(entry) if rows.closing.is_none() => leave_open(placed, entry, context, &mut visit),
        _ => {}
    }
    if outcome == Outcome::Answered {
        talk(placed, rows, context, &mut visit);
    }
    visit
}

fn closed_by(row: &Placed<'_>) -> (Outcome, i64) {
    match &row.event {
        Event::Connect { hold, .. } | Event::End { hold, .. } => (Outcome::Answered, *hold),
        Event::Leave { how, wait } => {
            let outcome = match how {
                Leave::Abandon => Outcome::Abandoned,
                Leave::Timeout => Outcome::TimedOut,
                Leave::Empty => Outcome::LeftEmpty,
                Leave::Key => Outcome::LeftByKey,
                Leave::Withdraw => Outcome::Withdrawn,
            };
            (outcome, *wait)
        }
        _ => (Outcome::Open, 0),
    }
}

/// An entry without an end: still waiting, or unresolved.
fn leave_open(placed: &[Placed<'_>], entry: usize, context: &Context<'_>, visit: &mut Visit) {
    let row = &placed[entry];
    let again = entered_again(placed, entry).is_some();
    let overdue = context.log_clock - row.at > OPEN_SECONDS;
    if again || overdue || context.start_after(row.at).is_some() {
        visit.outcome = Outcome::Unresolved;
    } else {
        visit.review_at = Some(row.at + OPEN_SECONDS);
    }
}

/// When the callid of an entry enters the next time, whatever queue: it is no longer where it was.
fn entered_again(placed: &[Placed<'_>], entry: usize) -> Option<i64> {
    let row = &placed[entry];
    let mut later = placed[entry + 1..].iter();
    later
        .find(|later| matches!(later.event, Event::Enter { .. }) && later.same_call(row))
        .map(|later| later.at)
}

fn agent_of(row: &Placed<'_>) -> Option<AgentName> {
    row.row.has_agent().then(|| AgentName::new(row.row.agent.trim()))
}

/// The talk of an answered visit, or what is known of it.
fn talk(placed: &[Placed<'_>], rows: &Rows, context: &Context<'_>, visit: &mut Visit) {
    let Some(answer) = rows.closing.map(|at| &placed[at]) else { return };
    visit.agent = agent_of(answer);
    visit.marks.may_include_transfer = behind_local(&answer.row.agent);
    let agent = visit.agent.clone().unwrap_or_else(|| AgentName::new("NONE"));
    if let Some(end) = rows.end.map(|at| &placed[at])
        && let Event::End { talk, transfer, .. } = end.event
    {
        visit.marks.may_include_transfer &= transfer.is_none();
        visit.talks.push(Talk { agent, start: end.at - talk, end: end.at, transfer, estimated: false });
        return;
    }
    let Event::Connect { leg, .. } = &answer.event else { return };
    if let Some(end) = context.leg_ends.get(leg.as_str()).copied().filter(|end| *end >= answer.at) {
        visit.talks.push(Talk { agent, start: answer.at, end, transfer: None, estimated: true });
        visit.marks.missing_end = true;
        return;
    }
    let next_connect = placed
        .iter()
        .filter(|row| matches!(row.event, Event::Connect { .. }) && row.row.agent == answer.row.agent)
        .map(|row| row.at)
        .find(|at| *at > answer.at);
    let limit = answer.at + TALK_SECONDS;
    let seen = [context.start_after(answer.at), next_connect].into_iter().flatten().min();
    match seen.filter(|at| *at <= limit).or((context.log_clock > limit).then_some(limit)) {
        Some(bound) => {
            visit.marks.missing_end = true;
            visit.talk_bound = Some(bound - answer.at);
        }
        None => visit.review_at = Some(limit),
    }
}

/// Whether Asterisk sees a transfer of this agent: behind a Local channel that is never optimised away it does not.
fn behind_local(agent: &str) -> bool {
    let agent = agent.to_ascii_lowercase();
    agent.starts_with("local/") && agent.ends_with("/n")
}

/// The visit that a ring row belongs to: of its queue and of a callid of the visit, around its time; the latest begun.
/// `over`: when each visit ended, or was entered again without an end.
fn home(
    placed: &[Placed<'_>],
    frames: &[Rows],
    (visits, over): (&[Visit], &[Option<i64>]),
    at: usize,
) -> Option<usize> {
    let row = &placed[at];
    let of_call = |rows: &Rows| {
        [rows.entry, rows.closing, rows.end].into_iter().flatten().any(|other| placed[other].same_call(row))
    };
    let candidates = || {
        let same = |visit: &Visit| visit.queue.as_str().eq_ignore_ascii_case(&row.row.queue);
        visits
            .iter()
            .enumerate()
            .filter(move |(_, visit)| same(visit))
            .filter(|(index, _)| of_call(&frames[*index]))
    };
    let around = |visit: &Visit, over: Option<i64>| {
        visit.entered <= row.at + NEAR_SECONDS && over.is_none_or(|over| row.at <= over + NEAR_SECONDS)
    };
    // A phone that rang before the caller entered again rang for his first stay.
    let began = match row.event {
        Event::RingNoAnswer { millis } | Event::RingCanceled { millis } => row.at - millis / 1000,
        _ => row.at,
    };
    // Two visits of one second: the one that was still open at the row's time, else the nearest end.
    let rank = |visit: &Visit, over: Option<i64>| {
        let inside = visit.entered <= began && over.is_none_or(|over| row.at <= over);
        (around(visit, over), inside, -over.map_or(0, |over| (over - row.at).abs()), visit.entered)
    };
    candidates().max_by_key(|(index, visit)| rank(visit, over[*index])).map(|(index, _)| index)
}

/// Rings, statuses and the technical mark.
fn furnish(placed: &[Placed<'_>], rows: &Rows, visit: &mut Visit) {
    if let Some(closing) = rows.closing
        && let Event::Connect { ring, .. } = placed[closing].event
        && let Some(agent) = agent_of(&placed[closing])
    {
        let at = placed[closing].at;
        visit.rings.push(Ring { agent, start: at - ring, end: at, how: RingEnd::Answered });
    }
    for &at in &rows.others {
        let row = &placed[at];
        let Some(agent) = agent_of(row) else { continue };
        let (millis, how) = match row.event {
            Event::RingNoAnswer { millis } if millis > 1000 => (millis, RingEnd::RangOut),
            Event::RingNoAnswer { millis } => (millis, RingEnd::Refused),
            Event::RingCanceled { millis } => (millis, RingEnd::Canceled),
            _ => continue,
        };
        visit.rings.push(Ring { agent, start: row.at - millis / 1000, end: row.at, how });
    }
    visit.rings.sort_by(|a, b| (a.end, &a.agent, a.start).cmp(&(b.end, &b.agent, b.start)));
    let compat = rows.others.iter().any(|at| matches!(placed[*at].event, Event::SysCompat));
    visit.marks.technical = compat && visit.outcome == Outcome::Abandoned;
    visit.statuses = statuses(placed, rows, visit);
}

/// The first that fits for each agent who has any row in the visit.
fn statuses(placed: &[Placed<'_>], rows: &Rows, visit: &Visit) -> Vec<(AgentName, Status, i64)> {
    let mut agents: BTreeSet<AgentName> = visit.rings.iter().map(|ring| ring.agent.clone()).collect();
    let closing = rows.closing.map(|at| &placed[at]);
    let closer = closing.and_then(agent_of);
    agents.extend(closer.clone());
    let mut statuses = Vec::new();
    for agent in agents {
        let first = |how: RingEnd| {
            visit
                .rings
                .iter()
                .filter(|ring| ring.agent == agent && ring.how == how)
                .map(|ring| ring.end)
                .min()
        };
        let closed_it = closer.as_ref() == Some(&agent);
        let left = |outcome: Outcome| {
            let own_row = closing.filter(|_| closed_it).map(|row| row.at);
            first(RingEnd::Canceled).into_iter().chain(own_row).min().filter(|_| visit.outcome == outcome)
        };
        let answered = closing.filter(|_| closed_it && visit.outcome == Outcome::Answered).map(answered_at);
        let status = answered
            .map(|at| (Status::Answered, at))
            .or_else(|| first(RingEnd::RangOut).map(|at| (Status::NoAnswer, at)))
            .or_else(|| left(Outcome::Abandoned).map(|at| (Status::Abandoned, at)))
            .or_else(|| first(RingEnd::Refused).map(|at| (Status::Busy, at)))
            .or_else(|| left(Outcome::LeftByKey).map(|at| (Status::LeftByKey, at)));
        statuses.extend(status.map(|(status, at)| (agent.clone(), status, at)));
    }
    statuses
}

/// The moment of the answer: the CONNECT's time, or what the end row says of it.
fn answered_at(row: &Placed<'_>) -> i64 {
    match row.event {
        Event::End { talk, .. } => row.at - talk,
        _ => row.at,
    }
}
