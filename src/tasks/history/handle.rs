//! Visits with the wrap-up of who answered them.

use std::collections::BTreeMap;

use super::work::REACH;
use super::{History, HistoryError, Site};
use crate::domain::history::query::{Count, Filter};
use crate::domain::history::visit::{Outcome, Visit};
use crate::domain::history::work::{Span, Work};

impl History {
    /// The visits (or calls) that entered in the range, each with the nominal wrap-up of its talks, whole, seconds; `None`
    /// where none is known.
    pub(super) async fn visits_with_wrap_up(
        &self,
        site: &Site,
        filter: &Filter,
    ) -> Result<Vec<(Visit, Option<i64>)>, HistoryError> {
        // What is counted, with the visits whose talks make it up.
        let counted: Vec<(Visit, Vec<Visit>)> = match filter.count {
            Count::Visits => {
                let visits = self.store.visits(&site.name, site.wanted(filter)).await?;
                visits.into_iter().map(|visit| (visit.clone(), vec![visit])).collect()
            }
            Count::Calls => {
                self.calls(site, filter).await?.into_iter().map(|call| (call.whole, call.visits)).collect()
            }
        };
        let times = self.wrap_up_times(site).await?;
        if times.longest() == 0 {
            return Ok(counted.into_iter().map(|(visit, _)| (visit, None)).collect());
        }
        // A talk may end long after the range, and the next ring may come when its wrap-up is over.
        let ends = counted.iter().flat_map(|(visit, _)| &visit.talks).map(|talk| talk.end).max();
        let to = ends.unwrap_or(site.to).max(site.to).saturating_add(i64::from(times.longest()));
        let mut rings: BTreeMap<String, Vec<Span>> = BTreeMap::new();
        let from = site.from.saturating_sub(REACH);
        for (agent, talk, ring) in self.store.call_intervals(&site.name, from, to).await? {
            if !talk {
                rings.entry(agent.as_str().to_owned()).or_default().push(ring);
            }
        }
        rings.values_mut().for_each(|rings| rings.sort());
        let wrap_up = |visit: &Visit| {
            if visit.outcome != Outcome::Answered {
                return None;
            }
            let mut sum = None;
            for talk in &visit.talks {
                let agent = talk.agent.as_str();
                let own = rings.get(agent).map_or(&[][..], Vec::as_slice);
                let span =
                    Span { start: talk.start, end: talk.end, queue: visit.queue.folded(), answered: false };
                let near = own.partition_point(|ring| ring.start <= span.start);
                let until = own.partition_point(|ring| ring.start <= span.end + i64::from(times.longest()));
                let work = Work { talks: vec![span], rings: own[near..until].to_vec(), ..Work::default() };
                let wraps = work.wrap_ups(|queue| times.of(queue, agent));
                for wrap in wraps {
                    *sum.get_or_insert(0) += wrap.end - wrap.start;
                }
            }
            sum
        };
        let sum = |visits: &[Visit]| {
            visits.iter().filter_map(wrap_up).fold(None, |sum, own| Some(sum.unwrap_or(0) + own))
        };
        Ok(counted.into_iter().map(|(visit, visits)| (visit, sum(&visits))).collect())
    }
}
