//! The rows of one agent → pauses and logins, as intervals of UTC seconds.
//!
//! In: the agent's rows, the starts of Asterisk, when his phones began to ring. Out: per queue, and the union over
//! queues. A pause or login that is not over has no end here; what counts of it is decided when it is asked for.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::event::{Event, parse};
use super::fold::NEAR_SECONDS;
use super::place::{Hint, place_lone};
use super::row::LogRow;
use super::twice::distinct;
use crate::domain::ids::QueueName;

/// A pause whose end was never seen is over after this.
pub const PAUSE_SECONDS: i64 = 24 * 3600;

/// What an interval is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Paused.
    Pause,
    /// Logged in.
    Login,
}

/// From when to when, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Interval {
    /// What it is.
    pub kind: Kind,
    /// In which queue; `None`: in all (PAUSEALL, AGENTLOGIN).
    pub queue: Option<QueueName>,
    /// First second, UTC.
    pub start: i64,
    /// First second after, UTC; `None` while it goes on.
    pub end: Option<i64>,
    /// The pause's reason as given.
    pub reason: String,
    /// The end was not logged: a start of Asterisk, a ring, or the limit stands for it.
    pub marked: bool,
}

impl Interval {
    /// The part up to `clock` of one that goes on; itself otherwise.
    pub fn until(&self, clock: i64) -> (i64, i64) {
        (self.start, self.end.unwrap_or(clock).max(self.start))
    }
}

/// Rings that are looked up when they are needed.
pub type Rings<'a> = LazyCell<Vec<(SmolStr, i64)>, Box<dyn FnOnce() -> Vec<(SmolStr, i64)> + 'a>>;

/// What the fold of an agent knows beside the rows.
#[derive(Clone)]
pub struct AgentContext<'a, 'r> {
    /// The PBX's zone.
    pub zone: &'a TimeZone,
    /// The newest row known, UTC.
    pub log_clock: i64,
    /// When Asterisk started, UTC, ascending.
    pub queue_starts: &'a [i64],
    /// When the agent's phone began to ring: queue in lower case, UTC; in any order. Asked only where a pause has no end.
    pub rings: &'a Rings<'r>,
    /// Rows of known instant near a repeated hour.
    pub hints: &'a [Hint],
}

struct Step {
    at: i64,
    id: i64,
    queue: String,
    event: Event,
}

/// Folds the rows of one agent. The intervals come in order; equal queues by the spelling of their first row.
pub fn fold_agent(rows: &[LogRow], context: &AgentContext<'_, '_>) -> Vec<Interval> {
    let mut steps = steps(rows, context);
    borrow_time_of_all(&mut steps);
    let queues: BTreeSet<String> = steps
        .iter()
        .map(|step| step.queue.clone())
        .filter(|queue| !queue.is_empty() && queue != "none")
        .collect();
    let mut intervals = Vec::new();
    for queue in &queues {
        intervals.extend(pauses(&steps, Some(queue), context));
        intervals.extend(logins(&steps, Some(queue), context));
    }
    intervals.extend(pauses(&steps, None, context));
    intervals.extend(logins(&steps, None, context));
    intervals.sort();
    intervals
}

fn steps(rows: &[LogRow], context: &AgentContext<'_, '_>) -> Vec<Step> {
    let rows = distinct(rows);
    let mut steps: Vec<Step> = rows
        .iter()
        .filter_map(|row| {
            let event = parse(row).ok().filter(|event| *event != Event::Other)?;
            let at = place_lone(context.zone, row, context.hints);
            Some(Step { at, id: row.id, queue: row.queue.to_ascii_lowercase(), event })
        })
        .collect();
    steps.sort_by_key(|step| (step.at, step.id));
    steps
}

/// The rows per queue that follow a PAUSEALL or UNPAUSEALL take its time.
fn borrow_time_of_all(steps: &mut [Step]) {
    for pause in [true, false] {
        let heads: Vec<i64> = steps
            .iter()
            .filter(|step| match step.event {
                Event::PauseAll { .. } => pause,
                Event::UnpauseAll => !pause,
                _ => false,
            })
            .map(|step| step.at)
            .collect();
        for step in steps.iter_mut() {
            let follows = match step.event {
                Event::Pause { .. } => pause,
                Event::Unpause => !pause,
                _ => false,
            };
            let head = heads.iter().rev().find(|head| **head <= step.at && step.at - **head <= NEAR_SECONDS);
            if let (true, Some(head)) = (follows, head) {
                step.at = *head;
            }
        }
    }
    steps.sort_by_key(|step| (step.at, step.id));
}

/// Pauses in one queue; with `None` those in all queues, from PAUSEALL until the first queue is freed.
fn pauses(steps: &[Step], queue: Option<&String>, context: &AgentContext<'_, '_>) -> Vec<Interval> {
    let here = |step: &Step| queue.is_none_or(|queue| step.queue == *queue);
    let mut found = Vec::new();
    let mut open: Option<(i64, SmolStr)> = None;
    for step in steps {
        let begins = match &step.event {
            Event::Pause { reason } if queue.is_some() && here(step) => Some(reason.clone()),
            Event::PauseAll { reason } if queue.is_none() => Some(reason.clone()),
            Event::AddMember { paused: true, .. } if queue.is_some() && here(step) => {
                Some(SmolStr::default())
            }
            _ => None,
        };
        let ends = match step.event {
            Event::UnpauseAll => true,
            Event::Unpause => here(step),
            Event::RemoveMember if queue.is_some() => here(step),
            Event::RemoveMember => open.as_ref().is_some_and(|(start, _)| left_all(steps, *start, step)),
            _ => false,
        };
        if begins.is_none() && !ends {
            continue;
        }
        if let Some((start, reason)) = open.take() {
            // A second PAUSE is a change of reason, unless something between the two had ended the first.
            let unseen = if ends { None } else { unseen_end(queue, start, Some(step.at), context) };
            found.push(pause(queue, start, Some(unseen.unwrap_or(step.at)), reason.into(), unseen.is_some()));
        }
        open = begins.map(|reason| (step.at, reason));
    }
    if let Some((start, reason)) = open {
        let end = unseen_end(queue, start, None, context);
        found.push(pause(queue, start, end, reason.into(), end.is_some()));
    }
    found.retain(|interval| interval.end != Some(interval.start));
    found
}

/// Whether someone who paused in all queues at `start` was removed from the last of them by `step`.
fn left_all(steps: &[Step], start: i64, step: &Step) -> bool {
    let of = |wanted: fn(&Event) -> bool| {
        let since = steps.iter().filter(move |other| other.at >= start && other.at <= step.at);
        since.filter(move |other| wanted(&other.event)).map(|other| &other.queue).collect::<BTreeSet<_>>()
    };
    let paused = of(|event| matches!(event, Event::Pause { .. }));
    let removed = of(|event| matches!(event, Event::RemoveMember));
    !paused.is_empty() && paused.is_subset(&removed)
}

fn pause(queue: Option<&String>, start: i64, end: Option<i64>, reason: String, marked: bool) -> Interval {
    Interval { kind: Kind::Pause, queue: queue.map(QueueName::new), start, end, reason, marked }
}

/// Where a pause without an end row ends: a start of Asterisk, the first ring that began after it, or the limit.
fn unseen_end(
    queue: Option<&String>,
    start: i64,
    before: Option<i64>,
    context: &AgentContext<'_, '_>,
) -> Option<i64> {
    let restart = context.queue_starts.get(context.queue_starts.partition_point(|at| *at <= start)).copied();
    let ring = context
        .rings
        .iter()
        // Ring times are cut, so that a ring may seem to begin just after the pause in which it did not.
        .filter(|(ringing, at)| {
            queue.is_none_or(|queue| queue.as_str() == ringing) && *at > start + NEAR_SECONDS
        })
        .map(|(_, at)| *at)
        .min();
    let limit = start + PAUSE_SECONDS;
    let reached = before.unwrap_or(context.log_clock) > limit;
    let end = [restart, ring, reached.then_some(limit)].into_iter().flatten().min();
    end.map(|at| at.min(limit)).filter(|at| before.is_none_or(|before| *at < before))
}

/// Logins: ADDMEMBER → REMOVEMEMBER of one queue; with `None` AGENTLOGIN → AGENTLOGOFF, which know no queue.
fn logins(steps: &[Step], queue: Option<&String>, context: &AgentContext<'_, '_>) -> Vec<Interval> {
    let mut found = Vec::new();
    let mut open: Option<i64> = None;
    let login = |start, end, marked| Interval {
        kind: Kind::Login,
        queue: queue.map(QueueName::new),
        start,
        end,
        reason: String::new(),
        marked,
    };
    for step in steps.iter().filter(|step| queue.is_none_or(|queue| step.queue == *queue)) {
        let (begins, ends) = match (&step.event, queue) {
            (Event::AddMember { realtime, .. }, Some(_)) => (!realtime, false),
            (Event::RemoveMember, Some(_)) | (Event::Logoff, None) => (false, true),
            (Event::Login, None) => (true, false),
            _ => (false, false),
        };
        if begins {
            if let Some(start) = open {
                // Added again while open: a start of Asterisk between the two had ended the first.
                let between = context.queue_starts.iter().rev().find(|at| **at <= step.at && **at > start);
                let Some(&restart) = between else { continue };
                found.push(login(start, Some(restart), true));
            }
            open = Some(step.at);
        } else if ends && let Some(start) = open.take() {
            found.push(login(start, Some(step.at), false));
        }
    }
    found.extend(open.map(|start| login(start, None, false)));
    found
}

/// Disjoint stretches that cover what any of `intervals` covers, each with the reason of the one last begun.
pub fn union(intervals: impl IntoIterator<Item = (i64, i64, String)>) -> Vec<(i64, i64, String)> {
    let mut intervals: Vec<(i64, i64, String)> =
        intervals.into_iter().filter(|(start, end, _)| start < end).collect();
    intervals.sort();
    if intervals.windows(2).all(|pair| pair[0].1 < pair[1].0) {
        return intervals;
    }
    let edges: BTreeSet<i64> = intervals.iter().flat_map(|(start, end, _)| [*start, *end]).collect();
    let edges: Vec<i64> = edges.into_iter().collect();
    let mut pieces: Vec<(i64, i64, String)> = Vec::new();
    let mut active: BTreeMap<usize, i64> = BTreeMap::new();
    let mut next = 0;
    for window in edges.windows(2) {
        let (from, to) = (window[0], window[1]);
        while next < intervals.len() && intervals[next].0 <= from {
            active.insert(next, intervals[next].1);
            next += 1;
        }
        active.retain(|_, end| *end > from);
        // Sorted by start: the highest index is the one last begun.
        let Some((&last, _)) = active.last_key_value() else { continue };
        let reason = &intervals[last].2;
        match pieces.last_mut() {
            Some(piece) if piece.1 == from && piece.2 == *reason => piece.1 = to,
            _ => pieces.push((from, to, reason.clone())),
        }
    }
    pieces
}

#[cfg(test)]
mod tests;
