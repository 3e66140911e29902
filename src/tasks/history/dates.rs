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
/// From so many dates on it is worth a look at when the history begins.
const MANY: i32 = 100;

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
        let (from, to) = filter.span(&site.zone);
        let longest = i64::from(self.wrap_up_times(site).await?.longest());
        let far = to.saturating_add(REACH + longest).div_euclid(DAY);
        let all = self.store.day_changes(&site.name, from.saturating_sub(REACH).div_euclid(DAY), far).await?;
        // Nothing entered after the newest row.
        let newest = local(&site.zone, site.log_clock).date().max(filter.from);
        let mut first = filter.from;
        if filter.from.until(filter.to).map_or(MANY, |span| span.get_days()) >= MANY {
            let oldest = self.store.oldest_hour(&site.name).await?;
            first = oldest.map_or(newest, |oldest| local(&site.zone, oldest).date()).max(filter.from);
        }
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for date in dates(first, filter.to.min(newest)) {
            let key = Key { pbx: site.name.clone(), date, what };
            match self.dates.get(&key, &all, 0) {
                Some(known) => found.push(known),
                None => missing.push(key),
            }
        }
        // Dates that follow each other are made together.
        let mut missing = missing.into_iter().peekable();
        while let Some(first) = missing.next() {
            let mut run = vec![first];
            while run.len() < AT_ONCE
                && let Some(next) = missing
                    .next_if(|next| run.last().and_then(|last| last.date.tomorrow().ok()) == Some(next.date))
            {
                run.push(next);
            }
            let part =
                Filter { pbx: filter.pbx.clone(), ..Filter::new(run[0].date, run[run.len() - 1].date) };
            let mut made = self.make(site, part, what).await?;
            for key in run {
                let (own, end) = made.remove(&key.date).unwrap_or((Vec::new(), i64::MIN));
                let own: Arc<[Part]> = own.into();
                found.push(Arc::clone(&own));
                let weight = own.iter().map(|part| part.sums.len() + PART_BYTES).sum::<usize>() + PART_BYTES;
                let (from, to) = Filter::new(key.date, key.date).span(&site.zone);
                // Visits up to a day away belong to a call; the rings behind a talk end its wrap-up.
                let after = if what == What::WrapUps { end.max(to) } else { to.saturating_add(REACH) };
                let days = (
                    from.saturating_sub(REACH).div_euclid(DAY),
                    after.saturating_add(longest).div_euclid(DAY),
                );
                // What ended later still may depend on days that were not looked at.
                if days.1 <= far && end <= to.saturating_add(REACH) {
                    self.dates.put(key, (&all, days, 0), own, weight);
                }
            }
        }
        Ok(found)
    }

    /// Makes some dates; each with the end of its last talk.
    async fn make(
        &self,
        site: &Site,
        filter: Filter,
        what: What,
    ) -> Result<BTreeMap<Date, (Vec<Part>, i64)>, HistoryError> {
        let mut site = site.clone();
        (site.from, site.to) = filter.span(&site.zone);
        let mut made = Vec::new();
        let mut by_date: BTreeMap<Date, (Vec<Part>, i64)> = BTreeMap::new();
        let date = |at: i64| local(&site.zone, at).date();
        if what == What::Calls {
            for (queue, hour, cell) in self.call_cells(&site, &filter).await? {
                let (mut flat, mut bytes) = (Flat::default(), Vec::new());
                flat.add_cell(&cell);
                flat.settle();
                flat.put(&mut bytes);
                made.push(Part { queue: queue.into(), hour, sums: bytes.into(), wrap_up: 0 });
            }
        } else {
            let count = if what == What::WrapUps { Count::Visits } else { Count::Calls };
            let mut sums: BTreeMap<(String, Hour), u64> = BTreeMap::new();
            let filter = Filter { count, ..filter };
            for (visit, wrap_up) in self.visits_with_wrap_up(&site, &filter).await? {
                if let Some(last) = visit.talks.iter().map(|talk| talk.end).max() {
                    let end = &mut by_date.entry(date(visit.entered)).or_insert((Vec::new(), i64::MIN)).1;
                    *end = last.max(*end);
                }
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
        for part in made {
            by_date.entry(date(part.hour.start)).or_insert((Vec::new(), i64::MIN)).0.push(part);
        }
        Ok(by_date)
    }
}

impl Part {
    /// Whether it is of the queue asked for, if one is, and of the range.
    pub(super) fn is_wanted(&self, site: &Site, filter: &Filter) -> bool {
        let own = filter.queue.as_ref().map(QueueName::folded);
        own.is_none_or(|queue| queue == self.queue) && (site.from..site.to).contains(&self.hour.start)
    }
}
