//! Figures by queue and by agent: from cells, and what no cell holds beside them.

use std::collections::BTreeMap;

use super::sums::{AgentSum, Grain, Presence};
use super::{History, HistoryError, Site};
use crate::domain::history::figures::{AgentFigures, agent_figures, queue_figures};
use crate::domain::history::query::{AgentRow, Bucket, Filter, QueueRow};
use crate::domain::ids::AgentName;
use crate::domain::time::Hour;

impl History {
    /// Figures by queue and bucket, in the order PBX, bucket, queue.
    ///
    /// # Errors
    /// When the range is empty, the PBX unknown, or the store refuses.
    pub async fn queues(&self, filter: &Filter) -> Result<Vec<QueueRow>, HistoryError> {
        let mut rows = Vec::new();
        for site in self.sites(filter).await? {
            let mut own = self.queues_of_site(&site, filter).await?;
            if let Some(sums) = self.queue_wrap_ups(&site, filter).await? {
                let mut wraps: BTreeMap<(Bucket, String), u64> = BTreeMap::new();
                for ((queue, hour), seconds) in sums {
                    *wraps.entry((Bucket::of(filter, &site.zone, hour), queue)).or_default() += seconds;
                }
                for row in &mut own {
                    let key = (row.bucket.clone(), row.queue.folded());
                    row.figures.add_wrap_up(wraps.get(&key).copied().unwrap_or(0));
                }
            }
            rows.append(&mut own);
        }
        Ok(rows)
    }

    /// As [`Self::queues`] of one PBX, from cells alone: without wrap-up, which the handle time lacks then.
    pub(super) async fn queues_of_site(
        &self,
        site: &Site,
        filter: &Filter,
    ) -> Result<Vec<QueueRow>, HistoryError> {
        let (cut, zone) = (filter.clone(), site.zone.clone());
        let bucket = move |hour: Hour| Bucket::of(&cut, &zone, hour.start);
        let mut cells = self.queue_sums(site, filter, Grain::of(filter), bucket).await?;
        let mut not_entered: BTreeMap<(Bucket, String), u64> = BTreeMap::new();
        for call in self.refused(site, filter).await? {
            let key = (Bucket::of(filter, &site.zone, call.at), call.queue.folded());
            cells.entry(key.clone()).or_default();
            *not_entered.entry(key).or_default() += 1;
        }
        let mut rows = Vec::new();
        for (key, cell) in cells {
            let s = self.threshold(site, filter, &key.1);
            let mut figures = queue_figures(&[(&cell, s)], self.thresholds.short_abandon_s);
            figures.not_entered = not_entered.get(&key).copied().unwrap_or(0);
            let queue = site.queue_name(&key.1);
            rows.push(QueueRow { pbx: site.name.clone(), bucket: key.0, queue, figures });
        }
        Ok(rows)
    }

    /// Figures by agent and bucket, in the order PBX, bucket, agent.
    ///
    /// # Errors
    /// As [`Self::queues`].
    pub async fn agents(&self, filter: &Filter) -> Result<Vec<AgentRow>, HistoryError> {
        let mut rows = Vec::new();
        for site in self.sites(filter).await? {
            let mut own = self.agents_of_site(&site, filter).await?;
            let (cut, zone) = (filter.clone(), site.zone.clone());
            let bucket = move |start: i64| Bucket::of(&cut, &zone, start);
            let mut worked = self.worked(&site, filter, (Grain::of(filter), false), bucket).await?;
            let mut busy: BTreeMap<(Bucket, String), u64> = BTreeMap::new();
            for (agent, at) in self.busy_elsewhere(&site, filter).await? {
                *busy.entry((Bucket::of(filter, &site.zone, at), agent)).or_default() += 1;
            }
            for row in &mut own {
                let key = (row.bucket.clone(), row.agent.as_str().to_owned());
                row.figures.add_work(&worked.remove(&key).unwrap_or_default());
                row.figures.busy_elsewhere = busy.remove(&key).unwrap_or(0);
            }
            // Who had nothing but such calls has a row for them.
            for ((bucket, agent), busy_elsewhere) in busy {
                let figures = AgentFigures { busy_elsewhere, ..AgentFigures::default() };
                own.push(AgentRow { pbx: site.name.clone(), bucket, agent: AgentName::new(agent), figures });
            }
            rows.append(&mut own);
        }
        rows.sort_by(|a, b| (&a.pbx, &a.bucket, &a.agent).cmp(&(&b.pbx, &b.bucket, &b.agent)));
        Ok(rows)
    }

    /// As [`Self::agents`] of one PBX, from cells alone: without wrap-up, occupancy and calls outside the queues.
    pub(super) async fn agents_of_site(
        &self,
        site: &Site,
        filter: &Filter,
    ) -> Result<Vec<AgentRow>, HistoryError> {
        let (cut, zone) = (filter.clone(), site.zone.clone());
        let bucket = move |hour: Hour| Bucket::of(&cut, &zone, hour.start);
        let sums = self.agent_sums(site, filter, (Grain::of(filter), false, Presence::Told), bucket).await?;
        let row = |((bucket, agent), AgentSum { calls, presence }): ((Bucket, String), AgentSum)| AgentRow {
            pbx: site.name.clone(),
            bucket,
            agent: AgentName::new(agent),
            figures: agent_figures(&calls, &presence),
        };
        Ok(sums.into_iter().map(row).collect())
    }
}
