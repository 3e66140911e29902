//! Stretches of time behind a figure: pauses, logins, wrap-ups, each second of an agent; and calls of the cdr.

use std::collections::BTreeMap;

use super::super::{History, HistoryError};
use super::Asked;
use crate::domain::history::agent::{Interval, Kind, union};
use crate::domain::history::answer::VisitRow;
use crate::domain::history::explain::{Figure, Part, RowShown};
use crate::domain::history::place::place_lone;
use crate::domain::history::query::{NotEntered, rfc3339};
use crate::domain::history::work::Doing;
use crate::domain::ids::{AgentName, QueueName};
use crate::domain::time::{Hour, hour_of, split_by_hour};

/// A row tells the edge of an interval if it lies this near, seconds.
const EDGE: i64 = 2;

impl History {
    /// Pauses and logins: the stretches of their union, each with the rows at its edges.
    pub(super) async fn stretches(&self, asked: &Asked<'_>) -> Result<Vec<(i64, Part)>, HistoryError> {
        let (site, question) = (&asked.site, asked.question);
        let queue = question.queue.as_ref().map(QueueName::folded);
        let mut agents: BTreeMap<AgentName, Vec<Interval>> = BTreeMap::new();
        for (agent, interval) in self.store.presence(&site.name, site.from, site.to, false).await? {
            let kind = if question.figure == Figure::LoggedIn { Kind::Login } else { Kind::Pause };
            let own = interval.queue.as_ref().map(QueueName::folded);
            // In one queue its own; over all the union; what is in all queues stands under none.
            let counts = match (question.figure, &queue) {
                (Figure::PausedAll, _) => queue.is_none() && own.is_none(),
                (_, Some(queue)) => own.as_ref() == Some(queue),
                (_, None) => true,
            };
            if interval.kind == kind
                && counts
                && question.agent.as_ref().is_none_or(|wanted| *wanted == agent)
            {
                agents.entry(agent).or_default().push(interval);
            }
        }
        let mut parts = Vec::new();
        for (agent, intervals) in agents {
            let named = |interval: &Interval| {
                let reason =
                    if question.figure == Figure::Paused { interval.reason.clone() } else { String::new() };
                let (start, end) = interval.until(site.log_clock);
                (start, end, reason)
            };
            for (start, end, reason) in union(intervals.iter().map(named)) {
                let seconds = end.min(site.to) - start.max(site.from);
                if seconds > 0 {
                    let piece = (start, end, reason);
                    parts.push((start, self.stretch(asked, &agent, &intervals, piece, seconds).await?));
                }
            }
        }
        Ok(parts)
    }

    async fn stretch(
        &self,
        asked: &Asked<'_>,
        agent: &AgentName,
        intervals: &[Interval],
        (start, end, reason): (i64, i64, String),
        seconds: i64,
    ) -> Result<Part, HistoryError> {
        let site = &asked.site;
        let behind: Vec<&Interval> = intervals
            .iter()
            .filter(|interval| interval.start < end && interval.until(site.log_clock).1 > start)
            .collect();
        let mut rows = Vec::new();
        let stored = self.store.rows_of_agent(&site.name, agent.as_str(), start, end).await?;
        for row in stored {
            let at = place_lone(&site.zone, &row, &[]);
            let edge = |interval: &&&Interval| {
                let edges = [Some(interval.start), interval.end];
                edges.into_iter().flatten().any(|edge| (edge - at).abs() <= EDGE)
            };
            if behind.iter().any(|interval| edge(&interval)) {
                rows.push(RowShown::of(&row));
            }
        }
        let queues: Vec<&str> = behind
            .iter()
            .map(|interval| interval.queue.as_ref().map_or("all queues", QueueName::as_str))
            .collect();
        let kind = if asked.question.figure == Figure::LoggedIn { "login" } else { "pause" };
        let mut what = format!("{} of a {kind} of {}", spelled(seconds), spelled(end - start));
        what += &format!(", {agent} in {}", once(&queues).join(", "));
        if !reason.is_empty() {
            what += &format!(", reason {reason}");
        }
        if behind.iter().any(|interval| interval.marked) {
            what += "; its end was not logged: a start of Asterisk, a ring or the limit stands for it";
        }
        let goes_on = behind.iter().any(|interval| interval.end.is_none()) && end == site.log_clock;
        Ok(Part {
            kind,
            part: seconds,
            of: None,
            what,
            start: rfc3339(&site.zone, start),
            end: (!goes_on).then(|| rfc3339(&site.zone, end)),
            visit: None,
            visits: Vec::new(),
            rows,
        })
    }

    /// Each second of agents' time, in the hours in which they were logged in.
    pub(super) async fn occupied(&self, asked: &Asked<'_>) -> Result<Vec<(i64, Part)>, HistoryError> {
        let site = &asked.site;
        let times = self.wrap_up_times(site).await?;
        let mut parts = Vec::new();
        for (agent, work) in self.work(site, &asked.filter, (site.from, site.to)).await? {
            let logged_in =
                |hour: Hour| work.logins.iter().any(|login| login.0 < hour.end() && login.1 > hour.start);
            let wraps = work.wrap_ups(|queue| times.of(queue, &agent));
            for (start, end, doing) in work.pieces(&wraps, (site.from, site.to)) {
                for (hour, seconds) in split_by_hour(&site.zone, start, end) {
                    let from = start.max(hour.start);
                    if doing == Doing::Pause || !logged_in(hour_of(&site.zone, from)) {
                        continue;
                    }
                    parts.push((
                        from,
                        Part {
                            kind: doing.as_str(),
                            part: if doing.is_busy() { seconds } else { 0 },
                            of: Some(seconds),
                            what: format!("{} {} of {agent}", spelled(seconds), doing.as_str()),
                            start: rfc3339(&site.zone, from),
                            end: Some(rfc3339(&site.zone, from + seconds)),
                            visit: None,
                            visits: Vec::new(),
                            rows: Vec::new(),
                        },
                    ));
                }
            }
        }
        parts.sort_by_key(|(at, _)| *at);
        Ok(parts)
    }

    /// The nominal wrap-ups of agents.
    pub(super) async fn wrapped_up(&self, asked: &Asked<'_>) -> Result<Vec<(i64, Part)>, HistoryError> {
        let (site, queue) = (&asked.site, asked.question.queue.as_ref().map(QueueName::folded));
        let times = self.wrap_up_times(site).await?;
        let mut parts = Vec::new();
        for (agent, work) in self.work(site, &asked.filter, (site.from, site.to)).await? {
            for wrap in work.wrap_ups(|queue| times.of(queue, &agent)) {
                let seconds = wrap.end.min(site.to) - wrap.start.max(site.from);
                if seconds <= 0 || queue.as_ref().is_some_and(|queue| *queue != wrap.queue) {
                    continue;
                }
                parts.push((
                    wrap.start,
                    Part {
                        kind: Doing::WrapUp.as_str(),
                        part: seconds,
                        of: None,
                        what: format!(
                            "{} after a talk of {agent} in {}",
                            spelled(seconds),
                            site.queue_name(&wrap.queue)
                        ),
                        start: rfc3339(&site.zone, wrap.start),
                        end: Some(rfc3339(&site.zone, wrap.end)),
                        visit: None,
                        visits: Vec::new(),
                        rows: Vec::new(),
                    },
                ));
            }
        }
        parts.sort_by_key(|(at, _)| *at);
        Ok(parts)
    }

    pub(super) async fn not_entered(&self, asked: &Asked<'_>) -> Result<Vec<(i64, Part)>, HistoryError> {
        let site = &asked.site;
        let call = |call: &NotEntered| Part {
            kind: "not entered",
            part: 1,
            of: None,
            what: format!("the queue {} did not take the call of {}", call.queue, call.number),
            start: rfc3339(&site.zone, call.at),
            end: None,
            visit: Some(VisitRow::of_not_entered(&site.name, &site.zone, call)),
            visits: Vec::new(),
            rows: Vec::new(),
        };
        Ok(self.refused(site, &asked.filter).await?.iter().map(|each| (each.at, call(each))).collect())
    }

    pub(super) async fn found_busy(&self, asked: &Asked<'_>) -> Result<Vec<(i64, Part)>, HistoryError> {
        let site = &asked.site;
        let part = |(agent, at): (String, i64)| {
            (
                at,
                Part {
                    kind: "busy elsewhere",
                    part: 1,
                    of: None,
                    what: format!("a call outside the queues found {agent} busy"),
                    start: rfc3339(&site.zone, at),
                    end: None,
                    visit: None,
                    visits: Vec::new(),
                    rows: Vec::new(),
                },
            )
        };
        Ok(self.busy_elsewhere(site, &asked.filter).await?.into_iter().map(part).collect())
    }
}

fn once<'t>(words: &[&'t str]) -> Vec<&'t str> {
    let mut seen: Vec<&str> = Vec::new();
    for word in words {
        if !seen.contains(word) {
            seen.push(word);
        }
    }
    seen
}

/// `600 s`
fn spelled(seconds: i64) -> String {
    format!("{seconds} s")
}
