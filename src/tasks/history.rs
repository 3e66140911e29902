//! Questions to the stored history: the same numbers for the wall, the API and the command line.
//!
//! In: a [`Filter`]. Out: rows that serialise. Works beside a running synchronisation and on a read-only store.

mod calls;
mod dates;
mod explain;
mod figures;
mod handle;
mod hot;
mod kept;
mod known;
mod late;
mod sums;
mod tallies;
mod together;
mod work;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::history::cells::{Cell, Measure, Waits};
use crate::domain::history::figures::{Today, agent_figures, queue_figures};
use crate::domain::history::query::{Count, Filter, HeatRow, Metric, VisitRow, local};
use crate::domain::history::visit::Status;
use crate::domain::ids::{PbxName, QueueName};
use crate::domain::time::Hour;
use crate::store::{PbxRecord, QueueRecord, Store, StoreError, VisitFilter};
use crate::tasks::names::Names;
use crate::tasks::replay::Replays;

use dates::Dates;
use hot::Hot;
use sums::{Grain, Presence};
pub use together::Known;

/// The thresholds that apply where nothing else is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Where a queue has no service level of its own, seconds.
    pub service_level_s: u32,
    /// An abandon shorter than this is short, seconds.
    pub short_abandon_s: u32,
    /// Wrap-up after a talk where neither member nor queue has a time of its own, seconds; 0: not known.
    pub wrap_up_s: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { service_level_s: 20, short_abandon_s: 5, wrap_up_s: 0 }
    }
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The local database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such PBX.
    #[error("there is no history of a PBX named {0}")]
    UnknownPbx(PbxName),
    /// The zone database lacks a zone that was known once.
    #[error("the time zone {0} is unknown on this machine")]
    UnknownZone(String),
    /// Queues have it and agents have not, or the other way round.
    #[error("{figure} is no figure of {of}")]
    NoFigure {
        /// Which.
        figure: &'static str,
        /// Of whom it was asked.
        of: &'static str,
    },
    /// The clocks skip it, or no hour starts then.
    #[error("{date} has no such clock hour in the PBX's zone")]
    NoSuchHour {
        /// The date.
        date: jiff::civil::Date,
    },
    /// Two PBXs' visits are not in one order of time.
    #[error("pages are of one PBX, and there are several; name it")]
    PagesOfOne,
    /// The dates are the wrong way round.
    #[error("the range ends ({to}) before it begins ({from})")]
    EmptyRange {
        /// First date.
        from: jiff::civil::Date,
        /// Last date.
        to: jiff::civil::Date,
    },
}

/// What a heatmap's rows are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeatOf {
    /// One row an agent and hour.
    #[default]
    Agents,
    /// One row an hour: the queue asked for, or all together.
    Together,
}

/// Handle for questions. Cheap to clone.
#[derive(Clone)]
pub struct History {
    store: Store,
    thresholds: Thresholds,
    hot: Hot,
    dates: Dates,
}

/// One PBX of an answer.
#[derive(Clone)]
struct Site {
    name: PbxName,
    zone: TimeZone,
    log_clock: i64,
    queues: BTreeMap<String, QueueRecord>,
    from: i64,
    to: i64,
}

impl Site {
    fn wanted(&self, filter: &Filter) -> VisitFilter {
        VisitFilter { from: self.from, to: self.to, queue: filter.queue.clone(), agent: filter.agent.clone() }
    }

    fn queue_name(&self, folded: &str) -> QueueName {
        self.queues.get(folded).map_or_else(|| QueueName::new(folded), |queue| queue.name.clone())
    }
}

impl History {
    /// A handle over a store, with the thresholds of the settings.
    pub fn new(store: Store, thresholds: Thresholds) -> Self {
        Self { store, thresholds, hot: hot::none(), dates: dates::none() }
    }

    /// Who is who in it.
    pub fn names(&self) -> Names {
        Names::new(self.store.clone())
    }

    /// What the board showed.
    pub fn replays(&self) -> Replays {
        Replays::new(self.store.clone())
    }

    /// The PBXs with a history.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn pbxs(&self) -> Result<Vec<PbxRecord>, HistoryError> {
        Ok(self.store.pbxs().await?)
    }

    /// A heatmap: one row a clock hour in which there is something to count, and of which everything is read.
    ///
    /// # Errors
    /// As [`Self::queues`].
    pub async fn heatmap(&self, filter: &Filter, of: HeatOf) -> Result<Vec<HeatRow>, HistoryError> {
        let mut rows = Vec::new();
        for site in self.sites(filter).await? {
            let mut read = self.heat_rows(&site, filter, of).await?;
            if self.complete_from(&site.name).await?.is_some() {
                // An hour of which a part is read is no hour yet.
                let edge = self.known_since(&site.name).await?.unwrap_or(i64::MIN);
                read.retain(|row| row.start_utc.as_second() >= edge);
            }
            rows.append(&mut read);
        }
        Ok(rows)
    }

    async fn heat_rows_of_store(
        &self,
        site: &Site,
        filter: &Filter,
        of: HeatOf,
    ) -> Result<Vec<HeatRow>, HistoryError> {
        let of_agents = of == HeatOf::Agents
            || filter.agent.is_some()
            || matches!(filter.metric, Metric::Talk | Metric::Occupancy);
        let late = self.late_hours(site, filter, (of_agents, of)).await?;
        if filter.metric == Metric::Occupancy {
            let occupied = self.occupancy(site, filter, of).await?;
            return Ok(occupied.into_iter().map(|row| late.mark(row)).collect());
        }
        let hour = |hour: Hour| hour;
        let mut values: BTreeMap<(String, Hour), Vec<(Cell, u32)>> = BTreeMap::new();
        if of_agents {
            let own = filter.queue.as_ref().map(|queue| self.threshold(site, filter, &queue.folded()));
            let s = filter.service_level.or(own).unwrap_or(self.thresholds.service_level_s);
            let grain = (Grain::Hour, of == HeatOf::Together, Presence::Left);
            let sums = self.agent_sums(site, filter, grain, hour).await?;
            values.extend(sums.into_iter().map(|((hour, agent), sum)| ((agent, hour), vec![(sum.calls, s)])));
        } else {
            for ((hour, queue), cell) in self.queue_sums(site, filter, Grain::Hour, hour).await? {
                let s = self.threshold(site, filter, &queue);
                values.entry((String::new(), hour)).or_default().push((cell, s));
            }
        }
        let mut rows = Vec::new();
        for ((agent, hour), cells) in values {
            let value = if of_agents {
                agent_value(filter.metric, &cells)
            } else {
                queue_value(filter.metric, &cells, self.thresholds.short_abandon_s)
            };
            let Some(value) = value else { continue };
            let mut row = HeatRow::new(&site.name, &site.zone, &agent, hour, value);
            row.overlapping = filter.metric == Metric::Talk
                && (of == HeatOf::Agents || filter.agent.is_some())
                && cells.iter().map(|(cell, _)| cell.get(Measure::Talk)).sum::<i64>() > hour.seconds;
            rows.push(late.mark(row));
        }
        Ok(rows)
    }

    /// The visits, and the calls that never entered, in the order of time.
    ///
    /// # Errors
    /// As [`Self::visits_page`].
    pub async fn visits(&self, filter: &Filter) -> Result<Vec<VisitRow>, HistoryError> {
        Ok(self.visits_page(filter).await?.0)
    }

    /// As [`Self::visits`]; where a page (of one PBX) is asked for, that one, and the UTC second at which the next starts.
    ///
    /// # Errors
    /// As [`Self::queues`]; and where a page is asked for of several PBXs.
    pub async fn visits_page(&self, filter: &Filter) -> Result<(Vec<VisitRow>, Option<i64>), HistoryError> {
        let (mut rows, mut next) = (Vec::new(), None);
        let sites = self.sites(filter).await?;
        if filter.page.is_some() && sites.len() > 1 {
            return Err(HistoryError::PagesOfOne);
        }
        for mut site in sites {
            let limit = filter.page.map_or(usize::MAX, |page| page.limit.max(1));
            site.from = site.from.max(filter.page.and_then(|page| page.start).unwrap_or(i64::MIN));
            let visits = match filter.count {
                Count::Visits => {
                    let (visits, more) =
                        self.store.visits_page(&site.name, site.wanted(filter), limit).await?;
                    next = more;
                    site.to = more.unwrap_or(site.to).min(site.to);
                    visits
                }
                Count::Calls => self.calls(&site, filter).await?.into_iter().map(|call| call.whole).collect(),
            };
            let mut timed: Vec<(i64, VisitRow)> = visits
                .iter()
                .map(|visit| (visit.entered, VisitRow::of(&site.name, &site.zone, visit)))
                .collect();
            for call in self.refused(&site, filter).await? {
                timed.push((call.at, VisitRow::of_not_entered(&site.name, &site.zone, &call)));
            }
            timed.sort_by_key(|(at, _)| *at);
            if let Some(last) = limit.checked_sub(1).and_then(|at| timed.get(at)).map(|(at, _)| *at) {
                let kept = timed.partition_point(|(at, _)| *at <= last);
                next = if kept < timed.len() { Some(last + 1) } else { next };
                timed.truncate(kept);
            }
            rows.extend(timed.into_iter().map(|(_, row)| row));
        }
        Ok((rows, next))
    }

    /// The figures of the date that it is at `now` in the PBX's zone, from cells alone: no live page shows handle time,
    /// wrap-up or occupancy, which would cost more than all the rest.
    ///
    /// # Errors
    /// When the PBX is unknown or the store refuses.
    pub async fn today(&self, pbx: &PbxName, now: Timestamp) -> Result<Today, HistoryError> {
        let Some(mut site) = self.places(Some(pbx)).await?.pop() else {
            return Err(HistoryError::UnknownPbx(pbx.clone()));
        };
        let date = local(&site.zone, now.as_second()).date();
        let filter = Filter { pbx: Some(pbx.clone()), ..Filter::new(date, date) };
        (site.from, site.to) = filter.span(&site.zone);
        let queues = self.queues_of_site(&site, &filter).await?;
        let queues = queues.into_iter().map(|row| (row.queue, row.figures)).collect();
        let agents = self.agents_of_site(&site, &filter).await?;
        let agents = agents.into_iter().map(|row| (row.agent, row.figures)).collect();
        Ok(Today { pbx: Some(pbx.clone()), queues, agents })
    }

    async fn sites(&self, filter: &Filter) -> Result<Vec<Site>, HistoryError> {
        if filter.to < filter.from {
            return Err(HistoryError::EmptyRange { from: filter.from, to: filter.to });
        }
        let mut sites = self.places(filter.pbx.as_ref()).await?;
        for site in &mut sites {
            (site.from, site.to) = filter.span(&site.zone);
        }
        match &filter.pbx {
            Some(pbx) if sites.is_empty() => Err(HistoryError::UnknownPbx(pbx.clone())),
            _ => Ok(sites),
        }
    }

    /// One PBX, or all, with nothing of their time.
    async fn places(&self, pbx: Option<&PbxName>) -> Result<Vec<Site>, HistoryError> {
        let mut sites = Vec::new();
        for record in self.store.pbxs().await? {
            if pbx.is_none_or(|pbx| *pbx == record.name) {
                let zone = zone_of(&record.zone)?;
                let queues = self.store.queues(&record.name).await?;
                let (name, log_clock) = (record.name, record.log_clock);
                sites.push(Site { name, zone, log_clock, queues, from: 0, to: 0 });
            }
        }
        Ok(sites)
    }

    /// The threshold of a queue: what was asked for, else its own, else the setting.
    fn threshold(&self, site: &Site, filter: &Filter, queue: &str) -> u32 {
        let own = site.queues.get(queue).and_then(|queue| queue.service_level);
        filter.service_level.or(own).unwrap_or(self.thresholds.service_level_s)
    }
}

fn zone_of(name: &str) -> Result<TimeZone, HistoryError> {
    TimeZone::get(name).map_err(|_| HistoryError::UnknownZone(name.to_owned()))
}

#[allow(clippy::cast_precision_loss, reason = "counts and seconds stay far below 2^52")]
fn number(value: u64) -> f64 {
    value as f64
}

/// An agent's value: outer `None` where there is nothing to count, inner where a denominator is 0.
fn agent_value(metric: Metric, cells: &[(Cell, u32)]) -> Option<Option<f64>> {
    let mut calls = Cell::default();
    cells.iter().for_each(|(cell, _)| calls.merge(cell, 1));
    let figures = agent_figures(&calls, &Cell::default());
    let all = [Status::Answered, Status::NoAnswer, Status::Abandoned, Status::Busy, Status::LeftByKey];
    let visits: i64 = all.iter().map(|status| calls.get(Measure::Status(*status))).sum();
    let some = |value: u64| (value > 0).then(|| Some(number(value)));
    match metric {
        Metric::Talk => some(figures.talk_s),
        Metric::Calls => some(u64::try_from(visits).unwrap_or(0)),
        Metric::Answered => some(figures.answered),
        Metric::Abandoned => some(figures.abandoned),
        Metric::AverageSpeedOfAnswer => figures.average_speed_of_answer_s.map(Some),
        Metric::ServiceLevel => agent_level(cells, figures.answered).map(Some),
        Metric::Occupancy => None,
    }
}

/// Of the visits he answered, the share within the threshold.
fn agent_level(cells: &[(Cell, u32)], answered: u64) -> Option<f64> {
    let fits = |cell: &Cell, s: u32| -> i64 {
        let own =
            cell.waits.iter().filter(|((whose, seconds), _)| *whose == Waits::Answered && *seconds <= s);
        own.map(|(_, count)| count).sum()
    };
    let within: i64 = cells.iter().map(|(cell, s)| fits(cell, *s)).sum();
    (answered > 0).then(|| number(u64::try_from(within).unwrap_or(0)) / number(answered))
}

fn queue_value(metric: Metric, cells: &[(Cell, u32)], short_s: u32) -> Option<Option<f64>> {
    let judged: Vec<(&Cell, u32)> = cells.iter().map(|(cell, s)| (cell, *s)).collect();
    let figures = queue_figures(&judged, short_s);
    if figures.offered == 0 {
        return None;
    }
    Some(match metric {
        Metric::Calls => Some(number(figures.offered)),
        Metric::Answered => Some(number(figures.answered)),
        Metric::Abandoned => Some(number(figures.abandoned)),
        Metric::ServiceLevel => figures.service_level_a,
        Metric::AverageSpeedOfAnswer => figures.average_speed_of_answer_s,
        Metric::Talk | Metric::Occupancy => None,
    })
}

#[cfg(test)]
pub(crate) mod tests;

#[cfg(test)]
pub(crate) use tests::history as fixture_history;
