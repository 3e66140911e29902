//! Dates of heatmaps that were asked for lately, kept in memory.
//!
//! The wall and the web page ask for the same dates again and again, of which only today changes.

use jiff::ToSpan;
use jiff::civil::Date;

use super::kept::Kept;
use super::{HeatOf, History, HistoryError, Site};
use crate::domain::history::query::{Count, Filter, HeatRow, Metric};
use crate::domain::ids::{AgentName, PbxName};
use crate::domain::time::DAY;

/// Rows kept at most, some 150 bytes each: the heatmaps of a month for every queue and some agents in three metrics.
const MOST_ROWS: usize = 20_000;
/// A date without rows takes memory, too.
const DATE_ROWS: usize = 2;

/// Of whose heatmap a date is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pbx: PbxName,
    date: Date,
    queue: Option<String>,
    agent: Option<AgentName>,
    metric: &'static str,
    service_level: Option<u32>,
    together: bool,
}

/// What is kept of heatmaps.
pub(super) type Hot = Kept<Key, Vec<HeatRow>>;

/// Nothing yet.
pub(super) fn none() -> Hot {
    Kept::up_to(MOST_ROWS)
}

impl History {
    /// The rows of one PBX's heatmap: from memory what did not change, and the rest from the store.
    pub(super) async fn heat_rows(
        &self,
        site: &Site,
        filter: &Filter,
        of: HeatOf,
    ) -> Result<Vec<HeatRow>, HistoryError> {
        let is_small = of == HeatOf::Together || filter.agent.is_some();
        if !is_small
            || filter.count == Count::Calls
            || filter.from.until(filter.to).map_or(0, |span| span.get_days()) > 400
        {
            return self.heat_rows_of_store(site, filter, of).await;
        }
        let days = (site.from.div_euclid(DAY) - 1, site.to.div_euclid(DAY) + 1);
        let all = self.store.day_changes(&site.name, days.0, days.1).await?;
        let (mut rows, mut missing) = (Vec::new(), Vec::new());
        for date in dates(filter.from, filter.to) {
            let (key, days, clock) = mark(site, (filter, of), date);
            match self.hot.get(&key, &all, clock) {
                Some(known) => rows.extend(known),
                None => missing.push((date, key, days, clock)),
            }
        }
        // Dates that follow each other are read together.
        let mut missing = missing.into_iter().peekable();
        while let Some(first) = missing.next() {
            let mut run = vec![first];
            while let Some(next) =
                missing.next_if(|next| run.last().and_then(|last| last.0.tomorrow().ok()) == Some(next.0))
            {
                run.push(next);
            }
            let (from, to) = (run[0].0, run[run.len() - 1].0);
            let part = Filter { from, to, ..filter.clone() };
            let mut site = site.clone();
            (site.from, site.to) = part.span(&site.zone);
            let mut read = self.heat_rows_of_store(&site, &part, of).await?;
            for (date, key, days, clock) in run {
                let own: Vec<HeatRow> = read.extract_if(.., |row| row.date == date).collect();
                rows.extend(own.iter().cloned());
                let weight = own.len() + DATE_ROWS;
                self.hot.put(key, (&all, days, clock), own, weight);
            }
            rows.append(&mut read);
        }
        rows.sort_by(|a, b| (&a.agent, a.start_utc).cmp(&(&b.agent, b.start_utc)));
        Ok(rows)
    }
}

/// Under what a date is kept, which days it depends on, and the clock where it does on that.
fn mark(site: &Site, (filter, of): (&Filter, HeatOf), date: Date) -> (Key, (i64, i64), i64) {
    let key = Key {
        pbx: site.name.clone(),
        date,
        queue: filter.queue.as_ref().map(crate::domain::ids::QueueName::folded),
        agent: filter.agent.clone(),
        metric: filter.metric.as_str(),
        service_level: filter.service_level,
        together: of == HeatOf::Together,
    };
    let (from, to) = Filter::new(date, date).span(&site.zone);
    // How occupied somebody was depends on the day before, too, and on how far what goes on has come.
    let is_occupancy = filter.metric == Metric::Occupancy;
    let around = i64::from(is_occupancy);
    let days = (from.div_euclid(DAY) - around, (to - 1).div_euclid(DAY) + around);
    let clock = if is_occupancy { site.log_clock.min(to) } else { 0 };
    (key, days, clock)
}

/// All dates, both ends included.
pub(super) fn dates(from: Date, to: Date) -> impl Iterator<Item = Date> {
    from.series(1.day()).take_while(move |date| *date <= to)
}
