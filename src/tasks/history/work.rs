//! Agents' time: wrap-up and occupancy by clock hour. They are made from talks, rings, pauses and logins when they are
//! asked for, because a second that two of them cover counts once.

use std::collections::BTreeMap;

use super::{HeatOf, History, HistoryError, Site};
use crate::domain::history::agent::Kind;
use crate::domain::history::query::{Filter, HeatRow};
use crate::domain::history::work::{Doing, Span, Work, Worked, WrapUpTimes};
use crate::domain::ids::QueueName;
use crate::domain::time::{Hour, hour_of, split_by_hour};

/// A talk may have begun this long before the range, seconds.
pub(super) const REACH: i64 = 24 * 3600;
/// So much is held at once, seconds: a year takes no more memory than a month.
const AT_ONCE: i64 = 31 * 86_400;

/// What an agent did, by agent and clock hour.
type Hours = BTreeMap<(String, Hour), Worked>;

impl History {
    /// The wrap-up times of a PBX, with the setting.
    pub(super) async fn wrap_up_times(&self, site: &Site) -> Result<WrapUpTimes, HistoryError> {
        let stored = self.store.wrap_ups(&site.name).await?;
        Ok(WrapUpTimes { setting: self.thresholds.wrap_up_s, ..stored })
    }

    /// What agents did from `from` to `to`, UTC seconds; talks and rings from [`REACH`] before. All queues' calls keep an
    /// agent busy, whichever queue is asked for; pauses and logins are those of the queue asked for.
    pub(super) async fn work(
        &self,
        site: &Site,
        filter: &Filter,
        (from, to): (i64, i64),
    ) -> Result<BTreeMap<String, Work>, HistoryError> {
        let times = self.wrap_up_times(site).await?;
        let after = to.saturating_add(i64::from(times.longest()));
        let queue = filter.queue.as_ref().map(QueueName::folded);
        let wanted = |agent: &str| filter.agent.as_ref().is_none_or(|one| one.as_str() == agent);
        let mut agents: BTreeMap<String, Work> = BTreeMap::new();
        let calls = self.store.call_intervals(&site.name, from.saturating_sub(REACH), after).await?;
        for (agent, talk, span) in calls {
            if wanted(agent.as_str()) {
                let work = agents.entry(agent.as_str().to_owned()).or_default();
                let spans = if talk { &mut work.talks } else { &mut work.rings };
                spans.push(span);
            }
        }
        for (agent, interval) in self.store.presence(&site.name, from, to, false).await? {
            let own = interval.queue.as_ref().map(QueueName::folded);
            let of_queue = own.is_none() || queue.is_none() || own == queue;
            if of_queue && wanted(agent.as_str()) {
                let work = agents.entry(agent.as_str().to_owned()).or_default();
                let spans = if interval.kind == Kind::Pause { &mut work.pauses } else { &mut work.logins };
                spans.push(interval.until(site.log_clock));
            }
        }
        Ok(agents)
    }

    /// What agents did in each clock hour of the range. An hour in which somebody was not logged in says nothing of how
    /// occupied he was.
    pub(super) async fn worked(&self, site: &Site, filter: &Filter) -> Result<Hours, HistoryError> {
        let times = self.wrap_up_times(site).await?;
        let queue = filter.queue.as_ref().map(QueueName::folded);
        let end = site.to.min(site.log_clock.saturating_add(REACH));
        let mut hours = Hours::new();
        let mut from = site.from;
        while from < end {
            let to = from.saturating_add(AT_ONCE).min(end);
            for (agent, work) in self.work(site, filter, (from, to)).await? {
                let wraps = work.wrap_ups(|queue| times.of(queue, &agent));
                for (start, end, doing) in work.pieces(&wraps, (from, to)) {
                    for (hour, seconds) in split_by_hour(&site.zone, start, end) {
                        let worked = hours.entry((agent.clone(), hour)).or_default();
                        let seconds = u64::try_from(seconds).unwrap_or(0);
                        match doing {
                            Doing::Idle => worked.idle += seconds,
                            Doing::Pause => {}
                            Doing::Talk | Doing::Ring | Doing::WrapUp => worked.busy += seconds,
                        }
                    }
                }
                for (start, end) in work.logins.iter().map(|login| (login.0.max(from), login.1.min(to))) {
                    for (hour, _) in split_by_hour(&site.zone, start, end) {
                        hours.entry((agent.clone(), hour)).or_default().logged_in = true;
                    }
                }
                let own = |wrap: &&Span| queue.as_ref().is_none_or(|queue| *queue == wrap.queue);
                for wrap in wraps.iter().filter(own) {
                    add_wrap_up(site, &mut hours, &agent, wrap, (from, to));
                }
            }
            from = to;
        }
        for worked in hours.values_mut().filter(|worked| !worked.logged_in) {
            (worked.busy, worked.idle) = (0, 0);
        }
        Ok(hours)
    }

    /// Occupancy by clock hour.
    pub(super) async fn occupancy(
        &self,
        site: &Site,
        filter: &Filter,
        of: HeatOf,
    ) -> Result<Vec<HeatRow>, HistoryError> {
        let mut hours: Hours = BTreeMap::new();
        for ((agent, hour), worked) in self.worked(site, filter).await? {
            let name = if of == HeatOf::Agents { agent } else { String::new() };
            if worked.logged_in {
                hours.entry((name, hour)).or_default().add(&worked);
            }
        }
        Ok(hours
            .into_iter()
            .map(|((agent, hour), worked)| {
                HeatRow::new(&site.name, &site.zone, &agent, hour, worked.occupancy())
            })
            .collect())
    }

    /// The nominal wrap-up of answered visits, by queue and hour of their entry; `None` where no time is set.
    pub(super) async fn queue_wrap_ups(
        &self,
        site: &Site,
        filter: &Filter,
    ) -> Result<Option<BTreeMap<(String, i64), u64>>, HistoryError> {
        let times = self.wrap_up_times(site).await?;
        if times.longest() == 0 {
            return Ok(None);
        }
        let mut sums: BTreeMap<(String, i64), u64> = BTreeMap::new();
        let end = site.to.min(site.log_clock.saturating_add(REACH));
        let mut from = site.from;
        while from < end {
            let to = from.saturating_add(AT_ONCE).min(end);
            let part = Site { from, to, ..site.clone() };
            for (visit, wrap_up) in self.visits_with_wrap_up(&part, filter).await? {
                let Some(wrap_up) = wrap_up else { continue };
                let hour = hour_of(&site.zone, visit.entered).start;
                *sums.entry((visit.queue.folded(), hour)).or_default() += u64::try_from(wrap_up).unwrap_or(0);
            }
            from = to;
        }
        Ok(Some(sums))
    }
}

fn add_wrap_up(site: &Site, hours: &mut Hours, agent: &str, wrap: &Span, (from, to): (i64, i64)) {
    // Known to be none is 0, not a dash: the hour of the talk's last second says so.
    let known = hour_of(&site.zone, wrap.start - 1);
    if (from..to).contains(&(wrap.start - 1)) {
        hours.entry((agent.to_owned(), known)).or_default().wrap_up.get_or_insert(0);
    }
    for (hour, seconds) in split_by_hour(&site.zone, wrap.start.max(from), wrap.end.min(to)) {
        let sum = hours.entry((agent.to_owned(), hour)).or_default().wrap_up.get_or_insert(0);
        *sum += u64::try_from(seconds).unwrap_or(0);
    }
}
