//! One day's work of agents, made from their spans and presence.

use std::collections::BTreeMap;

use rusqlite::{ToSql, params};

use super::spans::{self, Light, What};
use super::{Scope, presence, present, record};
use crate::domain::history::agent::Interval;
use crate::domain::history::work::{Span, Work, WrapUpTimes};
use crate::domain::history::work_day::WorkDay;
use crate::domain::time::hours_of_day;
use crate::store::StoreError;

/// Whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who<'a> {
    /// Everybody's.
    All,
    /// One agent's.
    One(&'a str),
}

/// Makes days.
pub(super) struct Maker<'q, 's> {
    scope: &'q Scope<'s>,
    times: &'q WrapUpTimes,
    longest: i64,
    clock: i64,
}

/// What there is of an agent around a day: the bytes of spans by day, and intervals.
#[derive(Default)]
struct Raw {
    spans: Vec<(i64, Vec<u8>)>,
    intervals: Vec<Interval>,
}

impl<'q, 's> Maker<'q, 's> {
    pub(super) fn new(scope: &'q Scope<'s>, times: &'q WrapUpTimes) -> Self {
        Self { scope, times, longest: i64::from(times.longest()), clock: scope.log_clock() }
    }

    /// Makes the clock hours that begin on a UTC day, and gives each agent's to `each`, by name; none that is empty.
    pub(super) fn make(
        &self,
        day: i64,
        who: Who<'_>,
        each: &mut dyn FnMut(&str, WorkDay) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let hours = hours_of_day(&self.scope.zone, day);
        let Some((from, to)) = hours.first().zip(hours.last()).map(|(first, last)| (first.start, last.end()))
        else {
            return Ok(());
        };
        for (agent, raw) in self.read(day, (from, to), who)? {
            let calls = self.calls(&raw.spans, (from, to))?;
            let after = |queue: &str| self.times.of(queue, &agent);
            let made = WorkDay::new(&hours, &calls, (&raw.intervals, self.clock), after);
            if !made.is_empty() {
                each(&agent, made)?;
            }
        }
        Ok(())
    }

    fn read(
        &self,
        day: i64,
        (from, to): (i64, i64),
        who: Who<'_>,
    ) -> Result<BTreeMap<String, Raw>, StoreError> {
        let mut agents: BTreeMap<String, Raw> = BTreeMap::new();
        let select = "SELECT agent, day, spans FROM span WHERE pbx = ?1 AND day IN (?2, ?3, ?4)";
        let mut read = |sql: &str, bound: &[&dyn ToSql]| -> Result<(), StoreError> {
            let mut statement = self.scope.db.prepare_cached(sql)?;
            let mut rows = statement.query(bound)?;
            while let Some(row) = rows.next()? {
                let agent = row.get_ref(0)?.as_str().map_err(record)?;
                if !agents.contains_key(agent) {
                    agents.insert(agent.to_owned(), Raw::default());
                }
                if let Some(raw) = agents.get_mut(agent) {
                    raw.spans.push((row.get(1)?, row.get(2)?));
                }
            }
            Ok(())
        };
        let (pbx, before, after) = (self.scope.pbx, day - 1, day + 1);
        let intervals = match who {
            Who::All => {
                read(select, params![pbx, before, day, after])?;
                present::around(self.scope, (from, to), &|_, _| true)?
            }
            Who::One(agent) => {
                read(&format!("{select} AND agent = ?5"), params![pbx, before, day, after, agent])?;
                presence::around_of(self.scope, agent, from, to)?
            }
        };
        for (agent, interval) in intervals {
            let (start, end) = interval.until(self.clock);
            if start < to && end > from && start < end {
                agents.entry(agent.as_str().to_owned()).or_default().intervals.push(interval);
            }
        }
        Ok(agents)
    }

    /// The talks that reach into the hours, and the rings that do or that can end the wrap-up of one of those.
    fn calls(&self, stored: &[(i64, Vec<u8>)], (from, to): (i64, i64)) -> Result<Work, StoreError> {
        let mut near: Vec<Light<'_>> = Vec::new();
        for (day, bytes) in stored {
            spans::each(*day, bytes, |span| {
                // They stand in the order of their beginning.
                let wanted = span.start <= to;
                if wanted {
                    near.push(span);
                }
                wanted
            })?;
        }
        let own = |span: Light<'_>| Span {
            start: span.start,
            end: span.end,
            queue: span.queue.to_owned(),
            answered: span.what == What::Answered,
        };
        let talks: Vec<Span> = near
            .iter()
            .filter(|span| span.what == What::Talk && span.end.saturating_add(self.longest) >= from)
            .map(|span| own(*span))
            .collect();
        let since = talks.iter().map(|talk| talk.start).min().unwrap_or(from);
        let rings =
            near.iter().filter(|span| span.what != What::Talk && (span.end > from || span.start > since));
        let rings = rings.map(|span| own(*span)).collect();
        Ok(Work { talks, rings, ..Work::default() })
    }
}
