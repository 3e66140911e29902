//! Everything of an answer in one: the total under a table; and what is known at all, for questions that found nothing.

use std::collections::BTreeSet;

use super::sums::{Grain, Presence};
use super::{History, HistoryError, Site};
use crate::domain::history::cells::Cell;
use crate::domain::history::figures::{AgentFigures, QueueFigures, agent_figures, queue_figures};
use crate::domain::history::query::{Filter, NotEntered, local};
use crate::domain::history::work::Worked;
use crate::domain::ids::{AgentName, PbxName, QueueName};

/// What the history holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Queues as first written.
    pub queues: BTreeSet<QueueName>,
    /// Agents that anything is counted of.
    pub agents: BTreeSet<AgentName>,
    /// The first and the last date with a row, in the PBX's zone; what is not whole yet aside.
    pub dates: Option<(jiff::civil::Date, jiff::civil::Date)>,
}

impl History {
    /// The figures of all queues together, each judged by its own threshold; `None` where there is nothing.
    ///
    /// # Errors
    /// As [`Self::queues`].
    pub async fn queues_together(&self, filter: &Filter) -> Result<Option<QueueFigures>, HistoryError> {
        let mut judged: Vec<(Cell, u32)> = Vec::new();
        let (mut not_entered, mut wrap_up) = (0, None);
        for site in self.sites(filter).await? {
            for ((_, queue), cell) in self.queue_sums(&site, filter, Grain::Range, |_| ()).await? {
                judged.push((cell, self.threshold(&site, filter, &queue)));
            }
            not_entered += self.refused(&site, filter).await?.len();
            if let Some(sums) = self.queue_wrap_ups(&site, filter).await? {
                *wrap_up.get_or_insert(0) += sums.into_values().sum::<u64>();
            }
        }
        let cells: Vec<(&Cell, u32)> = judged.iter().map(|(cell, s)| (cell, *s)).collect();
        let mut figures = queue_figures(&cells, self.thresholds.short_abandon_s);
        figures.not_entered = u64::try_from(not_entered).unwrap_or(0);
        if let Some(seconds) = wrap_up {
            figures.add_wrap_up(seconds);
        }
        Ok((figures != QueueFigures::default()).then_some(figures))
    }

    /// The figures of all agents together; `None` where there is nothing.
    ///
    /// # Errors
    /// As [`Self::queues`].
    pub async fn agents_together(&self, filter: &Filter) -> Result<Option<AgentFigures>, HistoryError> {
        let (mut calls, mut presence) = (Cell::default(), Cell::default());
        let (mut worked, mut busy_elsewhere) = (Worked::default(), 0);
        for site in self.sites(filter).await? {
            let told = (Grain::Range, true, Presence::Told);
            let sums = self.worked(&site, filter, (Grain::Range, true), |_| ()).await?;
            sums.into_values().for_each(|own| worked.add(&own));
            busy_elsewhere += self.busy_elsewhere(&site, filter).await?.len();
            for sum in self.agent_sums(&site, filter, told, |_| ()).await?.into_values() {
                calls.merge(&sum.calls, 1);
                presence.merge(&sum.presence, 1);
            }
        }
        let mut figures = agent_figures(&calls, &presence);
        figures.add_work(&worked);
        figures.busy_elsewhere = u64::try_from(busy_elsewhere).unwrap_or(0);
        Ok((figures != AgentFigures::default()).then_some(figures))
    }

    /// What is known of one PBX, or of all.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn known(&self, pbx: Option<&PbxName>) -> Result<Known, HistoryError> {
        let mut known = Known::default();
        for record in self.store.pbxs().await? {
            if pbx.is_some_and(|pbx| *pbx != record.name) {
                continue;
            }
            known.queues.extend(self.store.queues(&record.name).await?.into_values().map(|queue| queue.name));
            known.agents.extend(self.store.agents(&record.name).await?);
            let zone = super::zone_of(&record.zone)?;
            if let Some(oldest) = self.known_since(&record.name).await? {
                let (first, last) = (local(&zone, oldest).date(), local(&zone, record.log_clock).date());
                let dates = known.dates.get_or_insert((first, last));
                *dates = (dates.0.min(first), dates.1.max(last));
            }
        }
        Ok(known)
    }

    /// The calls outside the queues that found an agent busy: who, and when. They belong to no queue, so that there are none
    /// of a queue asked for.
    pub(super) async fn busy_elsewhere(
        &self,
        site: &Site,
        filter: &Filter,
    ) -> Result<Vec<(String, i64)>, HistoryError> {
        if filter.queue.is_some() {
            return Ok(Vec::new());
        }
        let calls = self.store.busy_calls(&site.name, site.from, site.to).await?;
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        // A phone that no agent of the queues has is none of theirs.
        let known: BTreeSet<AgentName> = self.store.agents(&site.name).await?.into_iter().collect();
        let wanted = |agent: &str| {
            known.contains(agent) && filter.agent.as_ref().is_none_or(|one| one.as_str() == agent)
        };
        Ok(calls
            .into_iter()
            .filter(|(agent, _)| wanted(agent))
            .map(|(agent, call)| (agent, call.at))
            .collect())
    }

    /// The calls that the queues asked for never took. They have no agent.
    pub(super) async fn refused(
        &self,
        site: &Site,
        filter: &Filter,
    ) -> Result<Vec<NotEntered>, HistoryError> {
        if filter.agent.is_some() {
            return Ok(Vec::new());
        }
        let mut calls = self.store.not_entered(&site.name, site.from, site.to).await?;
        calls.retain(|call| filter.queue.as_ref().is_none_or(|queue| *queue == call.queue));
        Ok(calls)
    }
}
