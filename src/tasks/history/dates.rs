//! What no stored sum holds, by date: calls, and the wrap-up of what was answered.
//!
//! Both are made from all visits around a date, which takes a tenth of a second; so they are kept in memory, as [`Kept`] keeps
//! them. Of years only what was asked for last stays: each date takes some kilobytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use smol_str::SmolStr;

use super::calls::REACH;
use super::hot::dates;
use super::kept::Kept;
use super::{History, HistoryError, Site};
use crate::domain::history::cell_pack::Flat;
use crate::domain::history::query::{Count, Filter, local};
use crate::domain::ids::{PbxName, QueueName};
use crate::domain::time::{DAY, Hour, hour_of};

/// Bytes kept at most: about a month of dates.
const MOST_BYTES: usize = 1 << 20;
/// What a sum takes beside its bytes.
const PART_BYTES: usize = 80;
/// So many dates are made at once: a year takes no more memory than a month.
const AT_ONCE: usize = 31;
/// The longest clock hour, seconds.
const HOUR: i64 = 3600;

/// What is kept of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// The sums of calls.
    Calls,
    /// Nominal wrap-up, by visits.
    WrapUps,
    /// Nominal wrap-up, by calls.
    WrapUpsOfCalls,
}

/// Of whose date.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pbx: PbxName,
    date: Date,
    what: What,
}

/// What is there of one queue in one clock hour.
#[derive(Debug)]
pub(super) struct Part {
    /// In ASCII lower case.
    pub queue: SmolStr,
    /// When it entered.
    pub hour: Hour,
    /// Packed sums of calls; empty where wrap-up is asked for.
    pub sums: Box<[u8]>,
    /// Nominal wrap-up, seconds.
    pub wrap_up: u64,
}

/// What is kept of dates.
pub(super) type Dates = Kept<Key, Arc<[Part]>>;

/// Nothing yet.
pub(super) fn none() -> Dates {
    Kept::up_to(MOST_BYTES)
}

impl History {
    /// What there is of the dates asked for, whole, of all queues and agents: the queue, and the range where that is less than
    /// its dates, are for the caller to look at.
    pub(super) async fn dates(
        &self,
        site: &Site,
        filter: &Filter,
        what: What,
    ) -> Result<Vec<Arc<[Part]>>, HistoryError> {
        let span = filter.span(&site.zone);
        let longest = i64::from(self.wrap_up_times(site).await?.longest());
        // Visits up to a day away belong to a call, and the rings behind a talk end its wrap-up.
        let days = |(from, to): (i64, i64)| {
            ((from - REACH - HOUR).div_euclid(DAY), to.saturating_add(REACH + longest + HOUR).div_euclid(DAY))
        };
        let (first, last) = days(span);
        let all = self.store.day_changes(&site.name, first, last).await?;
        // Nothing entered after the newest row.
        let newest = local(&site.zone, site.log_clock).date().max(filter.from);
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for date in dates(filter.from, filter.to.min(newest)) {
            let key = Key { pbx: site.name.clone(), date, what };
            let (first, last) = days(Filter::new(date, date).span(&site.zone));
            let changes = all.of(first, last);
            match self.dates.get(&key, &changes, 0) {
                Some(known) => found.push(known),
                None => missing.push((key, changes)),
            }
        }
        // Dates that follow each other are made together.
        let mut missing = missing.into_iter().peekable();
        while let Some(first) = missing.next() {
            let mut run = vec![first];
            while run.len() < AT_ONCE
                && let Some(next) = missing.next_if(|next| {
                    run.last().and_then(|last| last.0.date.tomorrow().ok()) == Some(next.0.date)
                })
            {
                run.push(next);
            }
            let part =
                Filter { pbx: filter.pbx.clone(), ..Filter::new(run[0].0.date, run[run.len() - 1].0.date) };
            let (mut made, end) = self.make(site, part, what).await?;
            for (key, changes) in run {
                let own: Arc<[Part]> = made.remove(&key.date).unwrap_or_default().into();
                found.push(Arc::clone(&own));
                let weight = own.iter().map(|part| part.sums.len() + PART_BYTES).sum::<usize>() + PART_BYTES;
                // What ended later may depend on days that were not looked at.
                let to = Filter::new(key.date, key.date).span(&site.zone).1;
                if end <= to.saturating_add(REACH) {
                    self.dates.put(key, (changes, 0), own, weight);
                }
            }
        }
        Ok(found)
    }

    /// Makes some dates; says when the last talk ended.
    async fn make(
        &self,
        site: &Site,
        filter: Filter,
        what: What,
    ) -> Result<(BTreeMap<Date, Vec<Part>>, i64), HistoryError> {
        let mut site = site.clone();
        (site.from, site.to) = filter.span(&site.zone);
        let (mut made, mut end) = (Vec::new(), i64::MIN);
        if what == What::Calls {
            for (queue, hour, cell) in self.call_cells(&site, &filter).await? {
                let (mut flat, mut bytes) = (Flat::default(), Vec::new());
                flat.add(&cell);
                flat.settle();
                flat.put(&mut bytes);
                made.push(Part { queue: queue.into(), hour, sums: bytes.into(), wrap_up: 0 });
            }
        } else {
            let count = if what == What::WrapUps { Count::Visits } else { Count::Calls };
            let mut sums: BTreeMap<(String, Hour), u64> = BTreeMap::new();
            let filter = Filter { count, ..filter };
            for (visit, wrap_up) in self.visits_with_wrap_up(&site, &filter).await? {
                end = visit.talks.iter().map(|talk| talk.end).fold(end, i64::max);
                let Some(wrap_up) = wrap_up else { continue };
                let hour = hour_of(&site.zone, visit.entered);
                *sums.entry((visit.queue.folded(), hour)).or_default() += u64::try_from(wrap_up).unwrap_or(0);
            }
            let part = |((queue, hour), wrap_up): ((String, Hour), u64)| Part {
                queue: queue.into(),
                hour,
                sums: Box::default(),
                wrap_up,
            };
            made.extend(sums.into_iter().map(part));
        }
        let mut by_date: BTreeMap<Date, Vec<Part>> = BTreeMap::new();
        for part in made {
            by_date.entry(local(&site.zone, part.hour.start).date()).or_default().push(part);
        }
        Ok((by_date, end))
    }
}

impl Part {
    /// Whether it is of the queue asked for, if one is, and of the range.
    pub(super) fn is_wanted(&self, site: &Site, filter: &Filter) -> bool {
        let own = filter.queue.as_ref().map(QueueName::folded);
        own.is_none_or(|queue| queue == self.queue) && (site.from..site.to).contains(&self.hour.start)
    }
}
