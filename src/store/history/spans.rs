//! Talks and rings of agents, packed by agent and day: what ends a forgotten pause, and what occupancy is made of.

use rusqlite::{OptionalExtension, params};
use smol_str::SmolStr;

use super::{Scope, record, work};
use crate::domain::history::cell_pack::add_up;
use crate::domain::history::pack::{Parts, put_number, put_signed, put_text};
use crate::domain::history::row::is_somebody;
use crate::domain::history::visit::{RingEnd, Visit};
use crate::domain::ids::AgentName;
use crate::domain::quick::QuickMap;
use crate::domain::time::DAY;
use crate::store::StoreError;

/// Days that are looked up one by one without a thought.
const MANY_DAYS: i64 = 30;

/// What an agent did in a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    /// First second, UTC.
    pub(super) start: i64,
    /// First second after.
    pub(super) end: i64,
    /// What it is.
    pub(super) what: What,
    /// The queue in lower case.
    pub(super) queue: SmolStr,
}

/// A ring or a talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// The phone rang, and nobody answered.
    Ring,
    /// He talked.
    Talk,
    /// The phone rang, and he answered.
    Answered,
}

impl What {
    /// From the byte of a record.
    fn of(byte: u8) -> Self {
        match byte {
            1 => Self::Talk,
            2 => Self::Answered,
            _ => Self::Ring,
        }
    }
}

/// Spans to add (1) and to take away (−1).
#[derive(Default)]
pub(super) struct Changes {
    days: QuickMap<AgentName, Vec<(Span, i64)>>,
}

impl Changes {
    /// Adds or takes away the talks and rings of a visit.
    pub(super) fn visit(&mut self, visit: &Visit, times: i64) {
        let queue = visit.queue.key();
        let talks = visit.talks.iter().map(|talk| (&talk.agent, talk.start, talk.end, What::Talk));
        let rings = visit.rings.iter().map(|ring| {
            let what = if ring.how == RingEnd::Answered { What::Answered } else { What::Ring };
            (&ring.agent, ring.start, ring.end, what)
        });
        for (agent, start, end, what) in talks.chain(rings).filter(|(agent, ..)| is_somebody(agent.as_str()))
        {
            let span = Span { start, end, what, queue: queue.clone() };
            match self.days.get_mut(agent) {
                Some(spans) => spans.push((span, times)),
                None => {
                    self.days.insert(agent.clone(), vec![(span, times)]);
                }
            }
        }
    }

    /// Writes them.
    pub(super) fn save(self, scope: &Scope<'_>) -> Result<(), StoreError> {
        let mut write = scope
            .db
            .prepare_cached("INSERT OR REPLACE INTO span (pbx, day, agent, spans) VALUES (?1, ?2, ?3, ?4)")?;
        let mut remove =
            scope.db.prepare_cached("DELETE FROM span WHERE pbx = ?1 AND day = ?2 AND agent = ?3")?;
        let mut days: Vec<Day> = Vec::new();
        for (agent, mut spans) in self.days {
            add_up(&mut spans);
            let of_days = spans.chunk_by(|(a, _), (b, _)| day_of(a) == day_of(b));
            let day = |own: &[(Span, i64)]| Day {
                day: day_of(&own[0].0),
                agent: agent.clone(),
                spans: own.to_vec(),
            };
            days.extend(of_days.map(day));
        }
        // In the order in which they are stored.
        days.sort_by(|a, b| (a.day, &a.agent).cmp(&(b.day, &b.agent)));
        for Day { day, agent, mut spans } in days {
            work::spans_changed(scope, agent.as_str(), day, spans[0].0.start)?;
            let stored = of_day(scope, day, agent.as_str())?;
            if !stored.is_empty() {
                spans.extend(stored.into_iter().map(|span| (span, 1)));
                add_up(&mut spans);
            }
            let bytes = encode(day, &spans);
            if bytes.is_empty() {
                remove.execute(params![scope.pbx, day, agent.as_str()])?;
            } else {
                write.execute(params![scope.pbx, day, agent.as_str(), bytes])?;
            }
        }
        Ok(())
    }
}

/// Spans of an agent that begin on one UTC day, to add or to take away; none empty.
struct Day {
    day: i64,
    agent: AgentName,
    spans: Vec<(Span, i64)>,
}

fn day_of(span: &Span) -> i64 {
    span.start.div_euclid(DAY)
}

fn encode(day: i64, spans: &[(Span, i64)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(spans.len() * 16);
    for (span, times) in spans {
        for _ in 0..*times {
            put_number(&mut bytes, (span.start - day * DAY).cast_unsigned());
            put_signed(&mut bytes, span.end - span.start);
            bytes.push(span.what as u8);
            put_text(&mut bytes, &span.queue);
        }
    }
    bytes
}

/// A span as it stands in its record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Light<'a> {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) what: What,
    pub(super) queue: &'a str,
}

/// Gives the spans of a record to `each`, in the order of their beginning, until that says `false`.
pub(super) fn each<'a>(
    day: i64,
    bytes: &'a [u8],
    mut each: impl FnMut(Light<'a>) -> bool,
) -> Result<(), StoreError> {
    let mut parts = Parts::new(bytes);
    while !parts.is_empty() {
        let start = day * DAY + parts.number().map_err(record)?.cast_signed();
        let end = start + parts.signed().map_err(record)?;
        let what = What::of(parts.byte().map_err(record)?);
        if !each(Light { start, end, what, queue: parts.text().map_err(record)? }) {
            break;
        }
    }
    Ok(())
}

fn decode(day: i64, bytes: &[u8]) -> Result<Vec<Span>, StoreError> {
    let mut spans = Vec::new();
    each(day, bytes, |Light { start, end, what, queue }| {
        spans.push(Span { start, end, what, queue: queue.into() });
        true
    })?;
    Ok(spans)
}

fn of_day(scope: &Scope<'_>, day: i64, agent: &str) -> Result<Vec<Span>, StoreError> {
    let bytes: Option<Vec<u8>> = scope
        .db
        .prepare_cached("SELECT spans FROM span WHERE pbx = ?1 AND day = ?2 AND agent = ?3")?
        .query_row(params![scope.pbx, day, agent], |row| row.get(0))
        .optional()?;
    bytes.map_or_else(|| Ok(Vec::new()), |bytes| decode(day, &bytes))
}

/// The first day with a span; the far future without any.
fn oldest_day(scope: &Scope<'_>) -> Result<i64, StoreError> {
    let mut statement = scope.db.prepare_cached("SELECT min(day) FROM span WHERE pbx = ?1")?;
    let day: Option<i64> = statement.query_row(params![scope.pbx], |row| row.get(0))?;
    Ok(day.unwrap_or(i64::MAX))
}

/// When an agent's phones began to ring between two UTC seconds, both included: queue in lower case, UTC.
pub(super) fn rings(
    scope: &Scope<'_>,
    agent: &str,
    (from, to): (i64, i64),
) -> Result<Vec<(SmolStr, i64)>, StoreError> {
    // No row is newer than the log's clock; a wait that it logs may be cut to the second after.
    let (mut first, last) = (from.div_euclid(DAY), to.min(scope.log_clock() + DAY).div_euclid(DAY));
    if last - first > MANY_DAYS {
        first = first.max(oldest_day(scope)?);
    }
    let mut rings = Vec::new();
    for day in first..=last {
        let spans = of_day(scope, day, agent)?.into_iter();
        let rang = spans.filter(|span| span.what != What::Talk && (from..=to).contains(&span.start));
        rings.extend(rang.map(|span| (span.queue, span.start)));
    }
    Ok(rings)
}

/// The spans of all agents that begin in [from, to).
pub(super) fn between(scope: &Scope<'_>, from: i64, to: i64) -> Result<Vec<(AgentName, Span)>, StoreError> {
    let mut statement = scope
        .db
        .prepare_cached("SELECT agent, day, spans FROM span WHERE pbx = ?1 AND day >= ?2 AND day <= ?3")?;
    let mut rows = statement.query(params![scope.pbx, from.div_euclid(DAY), to.div_euclid(DAY)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let agent = AgentName::new(row.get_ref(0)?.as_str().map_err(record)?);
        let spans = decode(row.get(1)?, row.get_ref(2)?.as_blob().map_err(record)?)?;
        let wanted = spans.into_iter().filter(|span| (from..to).contains(&span.start));
        found.extend(wanted.map(|span| (agent.clone(), span)));
    }
    Ok(found)
}
