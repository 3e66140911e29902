//! Occupancy by clock hour: each second counts once, as talk or ring, else pause, else idle.

use std::collections::BTreeMap;

use super::{HeatOf, History, HistoryError, Site, number};
use crate::domain::history::agent::{Kind, union};
use crate::domain::history::query::{Filter, HeatRow};
use crate::domain::ids::QueueName;
use crate::domain::time::{Hour, split_by_hour};

/// A talk may have begun this long before the range, seconds.
const REACH: i64 = 24 * 3600;

type Spans = Vec<(i64, i64)>;

/// What an agent did.
#[derive(Default)]
struct Days {
    busy: Spans,
    paused: Spans,
    logged_in: Spans,
}

impl History {
    pub(super) async fn occupancy(
        &self,
        site: &Site,
        filter: &Filter,
        of: HeatOf,
    ) -> Result<Vec<HeatRow>, HistoryError> {
        let queue = filter.queue.as_ref().map(QueueName::folded);
        let mut days: BTreeMap<String, Days> = BTreeMap::new();
        let (from, to) = (site.from, site.to);
        for (agent, _, _, start, end) in
            self.store.call_intervals(&site.name, from.saturating_sub(REACH), to).await?
        {
            // All queues' calls keep him busy, whichever queue is asked for.
            days.entry(agent.as_str().to_owned()).or_default().busy.push((start, end));
        }
        for (agent, interval) in self.store.presence(&site.name, from, to, false).await? {
            let own =
                interval.queue.as_ref().is_none_or(|own| queue.as_ref().is_none_or(|q| *q == own.folded()));
            let span = interval.until(site.log_clock);
            let day = days.entry(agent.as_str().to_owned()).or_default();
            match interval.kind {
                Kind::Pause if own => day.paused.push(span),
                Kind::Login if own => day.logged_in.push(span),
                _ => {}
            }
        }
        days.retain(|agent, _| filter.agent.as_ref().is_none_or(|wanted| wanted.as_str() == agent));
        let mut hours: BTreeMap<(String, Hour), (i64, i64)> = BTreeMap::new();
        for (agent, day) in days.into_iter().filter(|(_, day)| !day.logged_in.is_empty()) {
            let name = if of == HeatOf::Agents { agent } else { String::new() };
            let busy = length_by_hour(site, day.busy.clone());
            let taken = length_by_hour(site, [day.busy.clone(), day.paused.clone()].concat());
            let all = length_by_hour(site, [day.busy, day.paused, day.logged_in].concat());
            for (hour, seconds) in all {
                let idle = seconds - taken.get(&hour).copied().unwrap_or(0);
                let sums = hours.entry((name.clone(), hour)).or_default();
                sums.0 += busy.get(&hour).copied().unwrap_or(0);
                sums.1 += idle;
            }
        }
        Ok(hours
            .into_iter()
            .map(|((agent, hour), (busy, idle))| {
                let [busy, whole] = [busy, busy + idle].map(|s| number(u64::try_from(s).unwrap_or(0)));
                let value = (whole > 0.0).then(|| busy / whole);
                HeatRow::new(&site.name, &site.zone, &agent, hour, value)
            })
            .collect())
    }
}

/// The seconds of each clock hour of the range that any of the spans covers.
fn length_by_hour(site: &Site, spans: Spans) -> BTreeMap<Hour, i64> {
    let clipped =
        spans.into_iter().map(|(start, end)| (start.max(site.from), end.min(site.to), String::new()));
    let mut hours = BTreeMap::new();
    for (start, end, _) in union(clipped) {
        for (hour, seconds) in split_by_hour(&site.zone, start, end) {
            *hours.entry(hour).or_default() += seconds;
        }
    }
    hours
}
