//! Thresholds in two steps: which figures of a queue ask for a warning, which for action, and since when they do.
//!
//! In: snapshots, the figures of today, [`Settings`], the moment. Out: [`Alarms`], which compare equal while nothing was
//! raised, stepped or lowered: what ticks (a wait) is held as the moment it counts from. No clock, no I/O.

mod quiet;
mod watch;

pub use quiet::{Quiet, QuietError, Span};
pub use watch::Watch;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::ids::{PbxName, QueueName};
use crate::domain::time::Moment;

/// What is watched in a queue. In the order in which a display names them when several are raised alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// No member can take a call, for so many seconds. A queue without members has nobody to miss.
    NoAgentFree,
    /// The longest of those who wait, seconds.
    LongestWait,
    /// How many callers wait.
    Waiting,
    /// Service level A of today, percent; raised below its limit.
    ServiceLevel,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::NoAgentFree, Self::LongestWait, Self::Waiting, Self::ServiceLevel];

    /// The word of configuration and API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoAgentFree => "no_agent_free",
            Self::LongestWait => "longest_wait",
            Self::Waiting => "waiting",
            Self::ServiceLevel => "service_level",
        }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Somebody should look.
    Warning,
    /// Somebody must act.
    Critical,
}

impl Step {
    /// Both, the milder first.
    pub const ALL: [Self; 2] = [Self::Warning, Self::Critical];

    /// The word of configuration and API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// From where on each step is raised, in the unit of the kind; `None`: never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// The milder step.
    pub warning: Option<u32>,
    /// The harder step.
    pub critical: Option<u32>,
}

impl Limit {
    /// Both steps.
    pub const fn new(warning: u32, critical: u32) -> Self {
        Self { warning: Some(warning), critical: Some(critical) }
    }

    /// Of one step.
    pub const fn of(self, step: Step) -> Option<u32> {
        match step {
            Step::Warning => self.warning,
            Step::Critical => self.critical,
        }
    }

    /// The step that a figure reaches which is bad when it is large.
    pub fn reached(self, figure: i64) -> Option<Step> {
        let reaches = |step: &Step| self.of(*step).is_some_and(|limit| figure >= i64::from(limit));
        Step::ALL.into_iter().rev().find(reaches)
    }
}

/// The limits of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Seconds without anybody free.
    pub no_agent_free: Limit,
    /// Seconds.
    pub longest_wait: Limit,
    /// Callers.
    pub waiting: Limit,
    /// Percent, raised below.
    pub service_level: Limit,
}

impl Limits {
    /// Of one kind.
    pub const fn of(&self, kind: Kind) -> Limit {
        match kind {
            Kind::NoAgentFree => self.no_agent_free,
            Kind::LongestWait => self.longest_wait,
            Kind::Waiting => self.waiting,
            Kind::ServiceLevel => self.service_level,
        }
    }

    /// Nothing is ever raised.
    pub const NONE: Self = {
        let none = Limit { warning: None, critical: None };
        Self { no_agent_free: none, longest_wait: none, waiting: none, service_level: none }
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            no_agent_free: Limit::new(60, 180),
            longest_wait: Limit::new(60, 180),
            waiting: Limit::new(5, 10),
            service_level: Limit::new(80, 60),
        }
    }
}

/// How one queue is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// When what is raised.
    pub limits: Limits,
    /// A step is lowered only after its figure has been good for so many seconds on end, so that a figure that hops about
    /// its limit does not flicker.
    pub hold_seconds: u32,
    /// The service level is judged from so many visits of today on: the first lost call of a morning is no trend.
    pub service_level_from: u32,
    /// When nothing is raised.
    pub quiet: Quiet,
}

impl Default for Rules {
    fn default() -> Self {
        Self { limits: Limits::default(), hold_seconds: 10, service_level_from: 10, quiet: Quiet::default() }
    }
}

/// The rules of all queues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// For every queue that has none of its own.
    pub all: Rules,
    /// Of single queues, whole; of one PBX or (`None`) of any.
    pub queues: Vec<(Option<PbxName>, QueueName, Rules)>,
}

impl Settings {
    /// The rules of one queue: those for its PBX, else those for its name, else those of all.
    pub fn rules(&self, pbx: &PbxName, queue: &QueueName) -> &Rules {
        let own = |of: Option<&PbxName>| {
            self.queues.iter().find(|(held, name, _)| held.as_ref() == of && name == queue)
        };
        own(Some(pbx)).or_else(|| own(None)).map_or(&self.all, |(_, _, rules)| rules)
    }
}

/// A figure as the API gives it: counts and seconds are whole, a service level is a share of 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Number {
    /// Callers, or seconds.
    Whole(i64),
    /// 0 to 1.
    Share(f64),
}

/// What an alarm is about. What grows by itself is held as the moment from which it grows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// So many.
    Count(u32),
    /// So much of 1.
    Share(f64),
    /// For so long; `None`: not at all any more.
    From(Option<Moment>),
}

impl Measure {
    /// The figure at `now`.
    pub fn at(self, now: Moment) -> Number {
        match self {
            Self::Count(count) => Number::Whole(i64::from(count)),
            Self::Share(share) => Number::Share(share),
            Self::From(from) => Number::Whole(from.map_or(0, |from| now.seconds_since(from).max(0))),
        }
    }
}

/// Something that is raised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alarm {
    /// What.
    pub kind: Kind,
    /// How bad.
    pub step: Step,
    /// What is measured.
    pub measure: Measure,
    /// The step's limit, in the unit of the kind.
    pub limit: u32,
    /// Since when this step has held.
    pub since: Moment,
}

impl Alarm {
    /// The step's limit as the API gives it.
    pub fn limit(&self) -> Number {
        share_or_whole(self.kind, self.limit)
    }
}

/// A limit in the unit of its kind, as the API gives it.
pub fn share_or_whole(kind: Kind, limit: u32) -> Number {
    match kind {
        Kind::ServiceLevel => Number::Share(f64::from(limit) / 100.0),
        _ => Number::Whole(i64::from(limit)),
    }
}

/// What is raised in one queue.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueAlarms {
    /// By which limits it is judged.
    pub limits: Limits,
    /// While nothing is raised because of the hour: until when, on the PBX's clock.
    pub quiet_until: Option<jiff::Zoned>,
    /// The worst first, then in the order of [`Kind`].
    pub raised: Vec<Alarm>,
}

impl QueueAlarms {
    /// The step of one kind.
    pub fn step(&self, kind: Kind) -> Option<Step> {
        self.raised.iter().find(|alarm| alarm.kind == kind).map(|alarm| alarm.step)
    }
}

/// What is raised in the queues of one PBX.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alarms {
    /// Every queue that is known.
    pub queues: BTreeMap<QueueName, QueueAlarms>,
}
