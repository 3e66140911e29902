//! Agents' time: wrap-up and occupancy by clock hour. A second that two of talks, rings, pauses and logins cover counts once,
//! so that no cell holds them: the store keeps them beside the cells.

use std::collections::BTreeMap;

use super::dates::What;
use super::sums::Grain;
use super::tallies::Tallies;
use super::{HeatOf, History, HistoryError, Site};
use crate::domain::history::agent::Kind;
use crate::domain::history::query::{Count, Filter, HeatRow};
use crate::domain::history::work::{Work, Worked, WrapUpTimes};
use crate::domain::ids::{PbxName, QueueName};
use crate::domain::time::hour_of;
use crate::store::{WorkBy, WorkOf};

/// A talk may have begun this long before the range, seconds.
pub(super) const REACH: i64 = 24 * 3600;
/// So much is held at once, seconds: a year takes no more memory than a month.
const AT_ONCE: i64 = 31 * 86_400;
/// So many agents' days are made in one transaction: some hundredths of a second.
const KEPT_AT_ONCE: usize = 1000;

impl History {
    /// Makes and keeps some of what agents did on days that are over, so that nobody waits for it. Says whether there is more
    /// to be made. Nothing that is answered depends on it but the time that an answer takes.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn keep(&self, pbx: &PbxName) -> Result<bool, HistoryError> {
        Ok(self.store.keep_work(pbx, self.thresholds.wrap_up_s, KEPT_AT_ONCE).await?)
    }

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

    /// What agents did, summed by what `cut` makes of the UTC second at which a clock hour starts, and by agent; `together`: all
    /// under no name. An hour in which somebody was not logged in says nothing of how occupied he was.
    pub(super) async fn worked<B: Ord + Clone + Send + 'static>(
        &self,
        site: &Site,
        filter: &Filter,
        (grain, together): (Grain, bool),
        cut: impl Fn(i64) -> B + Send + 'static,
    ) -> Result<BTreeMap<(B, String), Worked>, HistoryError> {
        let of = WorkOf {
            agent: filter.agent.as_ref().map(|agent| agent.as_str().to_owned()),
            queue: filter.queue.as_ref().map(QueueName::folded),
        };
        let by = if grain == Grain::Range { WorkBy::Month } else { WorkBy::Hour };
        let add = move |sums: &mut Tallies<B, Worked>, agent: &str, start: i64, own: &Worked| {
            sums.at(if together { "" } else { agent }, start, || cut(start)).add(own);
        };
        let (span, setting) = ((site.from, site.to), self.thresholds.wrap_up_s);
        Ok(self.store.fold_work(&site.name, span, (of, by), setting, add).await?.into_sums())
    }

    /// Occupancy by clock hour.
    pub(super) async fn occupancy(
        &self,
        site: &Site,
        filter: &Filter,
        of: HeatOf,
    ) -> Result<Vec<HeatRow>, HistoryError> {
        let grain = (Grain::Hour, of != HeatOf::Agents);
        let mut hours: Vec<_> = self.worked(site, filter, grain, |start| start).await?.into_iter().collect();
        hours.sort_by(|((start, agent), _), ((other, another), _)| (agent, start).cmp(&(another, other)));
        let row = |((start, agent), worked): ((i64, String), Worked)| {
            let hour = hour_of(&site.zone, start);
            // An hour of which nothing but a wrap-up is known had nobody logged in.
            worked.logged_in.then(|| HeatRow::new(&site.name, &site.zone, &agent, hour, worked.occupancy()))
        };
        Ok(hours.into_iter().filter_map(row).collect())
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
        if filter.agent.is_none() {
            let what = if filter.count == Count::Calls { What::WrapUpsOfCalls } else { What::WrapUps };
            for date in self.dates(site, filter, what).await? {
                for part in date.iter().filter(|part| part.is_wanted(site, filter)) {
                    *sums.entry((part.queue.to_string(), part.hour.start)).or_default() += part.wrap_up;
                }
            }
            return Ok(Some(sums));
        }
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
