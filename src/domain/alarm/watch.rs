//! The watch over one PBX's queues: what is raised is latched, and lowered only after it has been good for a while.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{Alarm, Alarms, Kind, Measure, QueueAlarms, Rules, Settings, Step};
use crate::domain::history::figures::{QueueFigures, Today};
use crate::domain::ids::QueueName;
use crate::domain::link::LinkState;
use crate::domain::live::snapshot::{BoardState, QueueSnapshot, Snapshot};
use crate::domain::time::{Moment, Tick};

/// Watches the queues of one PBX.
#[derive(Debug)]
pub struct Watch {
    settings: Arc<Settings>,
    zone: TimeZone,
    queues: BTreeMap<QueueName, Held>,
    last: Alarms,
}

/// What is remembered of a queue from one look to the next.
#[derive(Debug, Default)]
struct Held {
    /// Since when nobody is free; `None` while somebody is, or nobody is a member.
    nobody_free: Option<Moment>,
    /// Nothing counts from before this: the end of quiet hours.
    not_before: Option<Moment>,
    latches: [[Latch; 2]; 4],
}

/// One step of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Latch {
    raised: Option<Moment>,
    good_since: Option<Tick>,
}

impl Latch {
    /// `bad`: since when the limit is reached, while it is.
    fn look(&mut self, bad: Option<Moment>, hold_seconds: u32, now: Moment) {
        if let Some(since) = bad {
            self.raised.get_or_insert(since);
            self.good_since = None;
        } else if self.raised.is_some() {
            let good = now.tick.since(*self.good_since.get_or_insert(now.tick));
            if good >= i64::from(hold_seconds) * 1000 {
                *self = Self::default();
            }
        }
    }
}

impl Watch {
    /// A watch by these settings; quiet hours are those of `zone`, the PBX's.
    pub fn new(settings: Arc<Settings>, zone: TimeZone) -> Self {
        Self { settings, zone, queues: BTreeMap::new(), last: Alarms::default() }
    }

    /// What is raised at `now`. While the live link is lost everything stays as it was: an old picture tells nothing new.
    pub fn look(&mut self, snapshot: &Snapshot, today: &Today, now: Moment) -> &Alarms {
        if !snapshot.known || snapshot.ami.state != LinkState::Live {
            return &self.last;
        }
        let mut before = std::mem::take(&mut self.queues);
        let mut alarms = Alarms::default();
        for queue in &snapshot.queues {
            let mut held = before.remove(&queue.name).unwrap_or_default();
            let rules = self.settings.rules(&snapshot.pbx, &queue.name);
            let found = held.look(rules, &self.zone, queue, today.queues.get(&queue.name), now);
            alarms.queues.insert(queue.name.clone(), found);
            self.queues.insert(queue.name.clone(), held);
        }
        self.last = alarms;
        &self.last
    }
}

impl Held {
    fn look(
        &mut self,
        rules: &Rules,
        zone: &TimeZone,
        queue: &QueueSnapshot,
        figures: Option<&QueueFigures>,
        now: Moment,
    ) -> QueueAlarms {
        self.nobody_free = nobody_free(queue, self.nobody_free);
        let quiet_until = rules.quiet.until(now.wall, zone);
        let mut raised = Vec::new();
        if quiet_until.is_some() {
            self.latches = Default::default();
            self.not_before = Some(now);
        } else {
            raised
                .extend(Kind::ALL.into_iter().filter_map(|kind| self.kind(kind, rules, queue, figures, now)));
            // Stable: of two alike the order of the kinds stays.
            raised.sort_by_key(|alarm| std::cmp::Reverse(alarm.step));
        }
        QueueAlarms { limits: rules.limits, quiet_until, raised }
    }

    fn kind(
        &mut self,
        kind: Kind,
        rules: &Rules,
        queue: &QueueSnapshot,
        figures: Option<&QueueFigures>,
        now: Moment,
    ) -> Option<Alarm> {
        let limits = rules.limits.of(kind);
        let mut shown = None;
        let at = Kind::ALL.iter().position(|other| *other == kind)?;
        for (step, latch) in Step::ALL.into_iter().zip(&mut self.latches[at]) {
            let Some(limit) = limits.of(step) else { continue };
            let bad = match kind {
                Kind::NoAgentFree => self.nobody_free.and_then(|from| reached(from, limit, now)),
                Kind::LongestWait => first_since(queue).and_then(|from| reached(from, limit, now)),
                Kind::Waiting => full_since(queue, limit),
                Kind::ServiceLevel => {
                    share(figures, rules).filter(|share| *share < f64::from(limit) / 100.0).map(|_| now)
                }
            };
            let not_before =
                |since: Moment| self.not_before.filter(|early| since.tick < early.tick).unwrap_or(since);
            latch.look(bad.map(not_before), rules.hold_seconds, now);
            let measure = match kind {
                Kind::NoAgentFree => Measure::From(self.nobody_free),
                Kind::LongestWait => Measure::From(first_since(queue)),
                Kind::Waiting => Measure::Count(u32::try_from(queue.waiting.len()).unwrap_or(u32::MAX)),
                Kind::ServiceLevel => {
                    Measure::Share(figures.and_then(|figures| figures.service_level_a).unwrap_or(0.0))
                }
            };
            if let Some(since) = latch.raised {
                shown = Some(Alarm { kind, step, measure, limit, since });
            }
        }
        shown
    }
}

/// Since when nobody is free. At first sight since the last of the members came into what he does now: later nobody was.
fn nobody_free(queue: &QueueSnapshot, known: Option<Moment>) -> Option<Moment> {
    if queue.members.iter().any(|member| member.state == BoardState::Online) {
        return None;
    }
    let last = queue.members.iter().map(|member| member.since).max_by_key(|since| since.tick);
    last.map(|last| known.unwrap_or(last))
}

/// When the first of those who wait came.
fn first_since(queue: &QueueSnapshot) -> Option<Moment> {
    queue.waiting.iter().map(|caller| caller.since).min_by_key(|since| since.tick)
}

/// What has lasted since `from` reached its limit then, if it has.
fn reached(from: Moment, limit_seconds: u32, now: Moment) -> Option<Moment> {
    let at = from.minus_seconds(-i64::from(limit_seconds));
    (at.tick <= now.tick).then_some(at)
}

/// When as many waited as `limit` says: as its last caller came.
fn full_since(queue: &QueueSnapshot, limit: u32) -> Option<Moment> {
    let mut came: Vec<Moment> = queue.waiting.iter().map(|caller| caller.since).collect();
    came.sort_by_key(|since| since.tick);
    came.get(usize::try_from(limit).ok()?.checked_sub(1)?).copied()
}

/// The service level, once enough visits are judged.
fn share(figures: Option<&QueueFigures>, rules: &Rules) -> Option<f64> {
    let figures = figures.filter(|held| held.answered + held.lost >= u64::from(rules.service_level_from))?;
    figures.service_level_a
}

#[cfg(test)]
mod tests;
