//! What one agent did in the clock hours that begin on one UTC day, for every queue that may be asked for; and its bytes.
//!
//! A second that a talk, a ring, a wrap-up, a pause and a login cover counts once, so that none of this is a sum of cells.
//! But it depends on nothing beyond the day and the day before it: once both are over it is made once, and days are added
//! up. Sums of a month have the same form, with everything at 0.

use std::collections::{BTreeMap, BTreeSet};

use super::agent::{Interval, Kind};
use super::pack::{Parts, put_number, put_text};
use super::row::PackError;
use super::work::{Doing, Presence, Span, Work, Worked};
use crate::domain::ids::QueueName;
use crate::domain::time::Hour;

/// Under this name stand the pauses and logins in all queues alone: a queue without any of its own has them. (No queue of
/// Asterisk has it.)
const IN_ALL: &str = "*";
/// Under this one their union over queues.
const UNION: &str = "";

/// Seconds busy and idle of an hour in which somebody was logged in.
type Busy = (u64, u64);

/// One agent's day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkDay {
    /// By queue in ASCII lower case, by the UTC second at which the hour starts. Hours without a login are left out.
    presence: BTreeMap<String, BTreeMap<i64, Busy>>,
    /// Nominal wrap-up, likewise; 0 where it is known that there is none.
    wrap_ups: BTreeMap<String, BTreeMap<i64, u64>>,
}

impl WorkDay {
    /// Makes it. `hours` are all of the day, in order. `calls` are the talks and rings that begin on the day before, on this
    /// one, and up to the last hour's end (that second included); `intervals` all that touch the hours, those that go on up
    /// to `clock`. `after` says for how many seconds he wraps up after a talk in a queue.
    pub fn new(
        hours: &[Hour],
        calls: &Work,
        (intervals, clock): (&[Interval], i64),
        after: impl Fn(&str) -> Option<u32>,
    ) -> Self {
        let mut day = Self::default();
        let (Some(first), Some(last)) = (hours.first(), hours.last()) else { return day };
        let span = (first.start, last.end());
        let wraps = calls.wrap_ups(after);
        wraps.iter().for_each(|wrap| day.add_wrap_up(hours, wrap, span));
        let folded = |interval: &Interval| interval.queue.as_ref().map(QueueName::folded);
        let queues: BTreeSet<Option<String>> = intervals.iter().map(folded).collect();
        let made = |wanted: &dyn Fn(&Interval) -> bool| {
            let of = |kind: Kind| -> Vec<(i64, i64)> {
                let own = intervals.iter().filter(|interval| interval.kind == kind && wanted(interval));
                own.map(|interval| interval.until(clock)).collect()
            };
            busy(hours, calls, &wraps, (&of(Kind::Pause), &of(Kind::Login)))
        };
        let union = made(&|_| true);
        for queue in &queues {
            let own = match queue {
                // Of one queue alone there is nothing to unite.
                _ if queues.len() == 1 => union.clone(),
                Some(queue) => made(&|interval| folded(interval).is_none_or(|other| other == *queue)),
                None => made(&|interval| interval.queue.is_none()),
            };
            if !own.is_empty() {
                day.presence.insert(queue.clone().unwrap_or_else(|| IN_ALL.into()), own);
            }
        }
        if !union.is_empty() {
            day.presence.insert(UNION.into(), union);
        }
        day
    }

    /// Known to be none is 0, not a dash: the hour of the talk's last second says so.
    fn add_wrap_up(&mut self, hours: &[Hour], wrap: &Span, (from, to): (i64, i64)) {
        let mut own = BTreeMap::new();
        if let Some(hour) = hour_at(hours, wrap.start - 1) {
            own.insert(hour.start, 0);
        }
        let mut at = wrap.start.max(from);
        while at < wrap.end.min(to) {
            let Some(hour) = hour_at(hours, at) else { break };
            let until = hour.end().min(wrap.end);
            *own.entry(hour.start).or_default() += (until - at).unsigned_abs();
            at = until;
        }
        if own.is_empty() {
            return;
        }
        let sums = self.wrap_ups.entry(wrap.queue.clone()).or_default();
        own.into_iter().for_each(|(hour, seconds)| *sums.entry(hour).or_default() += seconds);
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.presence.is_empty() && self.wrap_ups.is_empty()
    }

    /// Gives what it holds of all queues, or of one in ASCII lower case, to `each`: the hour's start, and what was done.
    pub fn each(&self, queue: Option<&str>, mut each: impl FnMut(i64, &Worked)) {
        let presence = match queue {
            None => self.presence.get(UNION),
            Some(queue) => self.presence.get(queue).or_else(|| self.presence.get(IN_ALL)),
        };
        for (start, (busy, idle)) in presence.into_iter().flatten() {
            each(*start, &Worked { busy: *busy, idle: *idle, logged_in: true, wrap_up: None });
        }
        for (own, hours) in &self.wrap_ups {
            if queue.is_none_or(|queue| queue == own) {
                for (start, seconds) in hours {
                    each(*start, &Worked { wrap_up: Some(*seconds), ..Worked::default() });
                }
            }
        }
    }

    /// Adds what another one holds of the hours that `wanted` takes, to the sums that stand at 0.
    ///
    /// A queue's own pauses and logins stand in for those in all queues; where it has none on a day, that day gives it
    /// those in all. So each queue that ever has any of its own has to be known before days are added: `queues`.
    pub fn add(&mut self, other: &Self, queues: &BTreeSet<String>, wanted: impl Fn(i64) -> bool) {
        for queue in queues.iter().map(String::as_str).chain([UNION, IN_ALL]) {
            let own = other.presence.get(queue);
            let own = if queue == UNION { own } else { own.or_else(|| other.presence.get(IN_ALL)) };
            for (_, (busy, idle)) in own.into_iter().flatten().filter(|(start, _)| wanted(**start)) {
                let sum = self.presence.entry(queue.to_owned()).or_default().entry(0).or_default();
                *sum = (sum.0 + busy, sum.1 + idle);
            }
        }
        for (queue, hours) in &other.wrap_ups {
            for (_, seconds) in hours.iter().filter(|(start, _)| wanted(**start)) {
                *self.wrap_ups.entry(queue.clone()).or_default().entry(0).or_default() += seconds;
            }
        }
    }

    /// The queues with pauses or logins of their own.
    pub fn queues(&self) -> impl Iterator<Item = &str> {
        self.presence.keys().map(String::as_str).filter(|queue| *queue != UNION && *queue != IN_ALL)
    }

    /// Its bytes, with times counted from `base`, the day's first second.
    pub fn pack(&self, base: i64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128);
        let time = |bytes: &mut Vec<u8>, start: i64| put_number(bytes, (start - base).unsigned_abs());
        put_number(&mut bytes, self.presence.len() as u64);
        for (queue, hours) in &self.presence {
            put_text(&mut bytes, queue);
            put_number(&mut bytes, hours.len() as u64);
            for (start, (busy, idle)) in hours {
                time(&mut bytes, *start);
                put_number(&mut bytes, *busy);
                put_number(&mut bytes, *idle);
            }
        }
        for (queue, hours) in &self.wrap_ups {
            put_text(&mut bytes, queue);
            put_number(&mut bytes, hours.len() as u64);
            for (start, seconds) in hours {
                time(&mut bytes, *start);
                put_number(&mut bytes, *seconds);
            }
        }
        bytes
    }

    /// Reads what [`Self::pack`] wrote.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn unpack(base: i64, bytes: &[u8]) -> Result<Self, PackError> {
        let mut parts = Parts::new(bytes);
        let mut day = Self::default();
        let time = |number: u64| base.checked_add_unsigned(number).ok_or(PackError::Damaged);
        for _ in 0..parts.number()? {
            let hours = day.presence.entry(parts.text()?.to_owned()).or_default();
            for _ in 0..parts.number()? {
                hours.insert(time(parts.number()?)?, (parts.number()?, parts.number()?));
            }
        }
        while !parts.is_empty() {
            let hours = day.wrap_ups.entry(parts.text()?.to_owned()).or_default();
            for _ in 0..parts.number()? {
                hours.insert(time(parts.number()?)?, parts.number()?);
            }
        }
        Ok(day)
    }
}

/// Gives what the bytes of a day hold of all queues, or of one in ASCII lower case, to `each`, as [`WorkDay::each`] does, without
/// making the day of them: a page of a month is added up from thousands. `base` as in [`WorkDay::pack`].
///
/// # Errors
/// When the bytes are damaged.
pub fn each_packed(
    base: i64,
    bytes: &[u8],
    queue: Option<&str>,
    mut each: impl FnMut(i64, &Worked),
) -> Result<(), PackError> {
    let mut parts = Parts::new(bytes);
    let time = |number: u64| base.checked_add_unsigned(number).ok_or(PackError::Damaged);
    let mut give = |mut parts: Parts<'_>, hours: u64| -> Result<(), PackError> {
        for _ in 0..hours {
            let start = time(parts.number()?)?;
            let (busy, idle) = (parts.number()?, parts.number()?);
            each(start, &Worked { busy, idle, logged_in: true, wrap_up: None });
        }
        Ok(())
    };
    let (mut own, mut in_all) = (None, None);
    for _ in 0..parts.number()? {
        let (name, hours) = (parts.text()?, parts.number()?);
        if name == queue.unwrap_or(UNION) {
            own = Some((parts, hours));
        } else if name == IN_ALL {
            in_all = Some((parts, hours));
        }
        for _ in 0..hours {
            let _hour = (parts.number()?, parts.number()?, parts.number()?);
        }
    }
    // As in `WorkDay::each`, a queue without any of its own has those in all queues.
    if let Some((parts, hours)) = own.or(in_all.filter(|_| queue.is_some())) {
        give(parts, hours)?;
    }
    while !parts.is_empty() {
        let (name, hours) = (parts.text()?, parts.number()?);
        let wanted = queue.is_none_or(|queue| queue == name);
        for _ in 0..hours {
            let (start, seconds) = (time(parts.number()?)?, parts.number()?);
            if wanted {
                each(start, &Worked { wrap_up: Some(seconds), ..Worked::default() });
            }
        }
    }
    Ok(())
}

/// The one of the hours that holds a second.
fn hour_at(hours: &[Hour], at: i64) -> Option<Hour> {
    let after = hours.partition_point(|hour| hour.start <= at);
    let hour = *hours.get(after.checked_sub(1)?)?;
    (at < hour.end()).then_some(hour)
}

/// Seconds busy and idle of the hours in which he was logged in.
fn busy(hours: &[Hour], calls: &Work, wraps: &[Span], (pauses, logins): Presence<'_>) -> BTreeMap<i64, Busy> {
    let mut sums = vec![None::<Busy>; hours.len()];
    for (start, end) in logins.iter().filter(|(start, end)| start < end) {
        let first = hours.partition_point(|hour| hour.end() <= *start);
        let touched = hours.iter().zip(&mut sums).skip(first);
        touched.take_while(|(hour, _)| hour.start < *end).for_each(|(_, sum)| *sum = Some((0, 0)));
    }
    let span = hours.first().zip(hours.last()).map_or((0, 0), |(first, last)| (first.start, last.end()));
    let mut at = 0;
    for (start, end, doing) in calls.pieces_beside(wraps, (pauses, logins), span) {
        // Pieces come in the order of time, as the hours do.
        while hours.get(at).is_some_and(|hour| hour.end() <= start) {
            at += 1;
        }
        for (hour, sum) in hours.iter().zip(&mut sums).skip(at).take_while(|(hour, _)| hour.start < end) {
            let seconds = (end.min(hour.end()) - start.max(hour.start)).unsigned_abs();
            match (doing, sum) {
                (Doing::Talk | Doing::Ring | Doing::WrapUp, Some(sum)) => sum.0 += seconds,
                (Doing::Idle, Some(sum)) => sum.1 += seconds,
                (Doing::Pause, _) | (_, None) => {}
            }
        }
    }
    hours.iter().zip(sums).filter_map(|(hour, sum)| Some((hour.start, sum?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_days_give_what_the_days_give() {
        let hours =
            |base: i64, many: i64| (0..many).map(move |n| (base + n * 3600, (n.unsigned_abs(), 7_u64)));
        let mut day = WorkDay::default();
        for (queue, many) in [(UNION, 24), (IN_ALL, 3), ("sales", 2)] {
            day.presence.insert(queue.into(), hours(86_400, many).collect());
        }
        let seconds = |many| hours(86_400, many).map(|(start, (seconds, _))| (start, seconds)).collect();
        day.wrap_ups = BTreeMap::from([("sales".into(), seconds(5)), ("vip".into(), seconds(1))]);
        let bytes = day.pack(86_400);
        assert_eq!(WorkDay::unpack(86_400, &bytes).expect("unpacks"), day);
        for queue in [None, Some("sales"), Some("vip"), Some("none of his")] {
            let (mut slow, mut fast) = (Vec::new(), Vec::new());
            day.each(queue, |start, worked| slow.push((start, *worked)));
            each_packed(86_400, &bytes, queue, |start, worked| fast.push((start, *worked))).expect("reads");
            assert_eq!(fast, slow, "{queue:?}");
        }
        let mut only = Vec::new();
        day.presence.remove(UNION);
        each_packed(0, &day.pack(86_400), None, |start, worked| only.push((start, worked.logged_in)))
            .expect("reads");
        assert!(only.iter().all(|(_, logged_in)| !logged_in), "pauses in all queues are not their union");
        for length in 0..bytes.len() {
            let cut = &bytes[..length];
            assert_eq!(each_packed(0, cut, None, |_, _| ()).is_err(), WorkDay::unpack(0, cut).is_err());
        }
    }
}
