//! The captured rows, for tests: what real calls left in `queue_log`.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::agent::{AgentContext, Interval, Rings, fold_agent};
use super::cells::{Cell, Cells, Contributions};
use super::event::Belongs;
use super::figures::{AgentFigures, QueueFigures, agent_figures, queue_figures};
use super::fold::{Context, Folded, fold};
use super::row::LogRow;
use super::time_text::parse_local;
use super::visit::Visit;
use crate::domain::ids::AgentName;

/// The rows of `tests/fixtures/queue_log.tsv` with the scenario of each.
pub(crate) fn captured() -> Vec<(String, LogRow)> {
    let text = include_str!("../../../tests/fixtures/queue_log.tsv");
    let rows: Vec<(String, LogRow)> = text.lines().skip(1).map(read).collect();
    assert!(rows.len() > 90, "the fixture is not empty");
    rows
}

fn read(line: &str) -> (String, LogRow) {
    let mut columns = line.split('\t').map(str::to_owned);
    let mut next = || columns.next().unwrap_or_default();
    let scenario = next();
    let id = next().parse().expect("an id");
    let local = parse_local(&next()).expect("a time");
    let [callid, queue, agent, event] = [next(), next(), next(), next()].map(Into::into);
    let data = [next(), next(), next(), next(), next()].map(Into::into);
    (scenario, LogRow { id, local, callid, queue, agent, event, data })
}

/// The captured rows alone.
pub(crate) fn captured_rows() -> Vec<LogRow> {
    captured().into_iter().map(|(_, row)| row).collect()
}

/// Everything that rows give, with all rows of a callid known at once.
pub(crate) struct Whole {
    pub(crate) visits: Vec<Visit>,
    pub(crate) intervals: BTreeMap<AgentName, Vec<Interval>>,
    pub(crate) cells: Cells,
}

/// Folds rows in UTC, all callids together.
pub(crate) fn whole(rows: &[LogRow]) -> Whole {
    let zone = TimeZone::UTC;
    let log_clock = rows.iter().map(|row| super::row::civil_second(row.local)).max().unwrap_or(0);
    let (calls, others): (Vec<LogRow>, Vec<LogRow>) =
        rows.iter().cloned().partition(|row| row.belongs() == Belongs::Call);
    let leg_ends = BTreeMap::new();
    let context = Context { zone: &zone, log_clock, queue_starts: &[], leg_ends: &leg_ends };
    let Folded { visits, .. } = fold(&calls, &context);
    let mut agents: BTreeMap<AgentName, Vec<LogRow>> = BTreeMap::new();
    for row in others.into_iter().filter(LogRow::has_agent) {
        agents.entry(AgentName::new(&row.agent)).or_default().push(row);
    }
    let mut given = Contributions::default();
    visits.iter().for_each(|visit| given.add_visit(&zone, visit));
    let mut intervals = BTreeMap::new();
    for (agent, rows) in agents {
        let rings = Rings::new(Box::new(Vec::new));
        let context = AgentContext { zone: &zone, log_clock, queue_starts: &[], rings: &rings, hints: &[] };
        let found = fold_agent(&rows, &context);
        given.add_intervals(&zone, &agent, &found, Some(log_clock));
        intervals.insert(agent, found);
    }
    Whole { visits, intervals, cells: given.minus(&Contributions::default()) }
}

impl Whole {
    /// A queue's figures over everything, with its threshold.
    pub(crate) fn queue(&self, name: &str, s: u32) -> QueueFigures {
        let cells: Vec<(&Cell, u32)> = self
            .cells
            .iter()
            .filter(|((subject, _), _)| subject.queue == name && subject.agent.is_empty())
            .map(|(_, cell)| (cell, s))
            .collect();
        queue_figures(&cells, 5)
    }

    /// An agent's figures over everything.
    pub(crate) fn agent(&self, name: &str) -> AgentFigures {
        let (mut calls, mut presence) = (Cell::default(), Cell::default());
        for ((subject, _), cell) in self.cells.iter().filter(|((subject, _), _)| subject.agent == name) {
            if subject.queue.is_empty() { &mut presence } else { &mut calls }.merge(cell, 1);
        }
        agent_figures(&calls, &presence)
    }
}
