//! Snapshots and figures → what a page shows. Pure: nothing here can fail or wait, and nothing knows how it is drawn.
//!
//! In: [`Picture`]s, one a PBX, and the present moment. Out: plain structs that compare equal when nothing visible
//! changed, so that a display pushes only what did.

pub mod agents;
pub mod alarm;
pub mod api;
pub mod banner;
pub mod board;
pub mod desk;
pub mod format;
pub mod heatmap;
pub mod overview;
pub mod scale;
pub mod text;
pub mod wall;
pub mod words;

#[cfg(test)]
pub(crate) mod fixture;

use std::sync::Arc;

use crate::domain::alarm::{Alarms, Kind, QueueAlarms, Step};
use crate::domain::history::figures::Today;
use crate::domain::link::LinkStatus;
use crate::domain::live::snapshot::{MemberSnapshot, QueueSnapshot, Snapshot, SubState};

/// What is known of one PBX at a moment: the input of every view.
#[derive(Clone)]
pub struct Picture {
    /// The floor.
    pub live: Arc<Snapshot>,
    /// The figures of today.
    pub today: Arc<Today>,
    /// What is raised in its queues.
    pub alarms: Arc<Alarms>,
    /// How its database stands.
    pub database: LinkStatus,
    /// Where its AMI is looked for, as the loading page names it: `pbx.example:5039`.
    pub address: String,
    /// The service level's seconds for queues without their own.
    pub service_level_seconds: u32,
}

/// How much a figure asks for attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    #[default]
    Calm,
    /// Somebody should look.
    Warn,
    /// Somebody must act.
    Alarm,
}

/// How many members (of a queue) or agents (of a room) are what. `ringing` are among the busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Can take a call.
    pub online: u32,
    /// Ringing, talking, on hold, wrapping up.
    pub busy: u32,
    /// Of the busy: only ringing.
    pub ringing: u32,
    /// Paused.
    pub paused: u32,
    /// Unreachable.
    pub offline: u32,
}

/// A service level as it is named on the wall: "SL A 80 % in 20 s".
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceLevel {
    /// A to D.
    pub variant: &'static str,
    /// The threshold in seconds.
    pub seconds: u32,
    /// "80 %" or a dash.
    pub value: String,
    /// Whether it is low.
    pub level: Level,
}

impl From<Option<Step>> for Level {
    fn from(step: Option<Step>) -> Self {
        match step {
            None => Self::Calm,
            Some(Step::Warning) => Self::Warn,
            Some(Step::Critical) => Self::Alarm,
        }
    }
}

impl Picture {
    /// The threshold in seconds that a queue is judged by now.
    fn threshold(&self, queue: &QueueSnapshot) -> u32 {
        queue.service_level_seconds.unwrap_or(self.service_level_seconds)
    }

    /// What is raised in a queue; `None` before the first look.
    pub fn raised(&self, queue: &QueueSnapshot) -> Option<&QueueAlarms> {
        self.alarms.queues.get(&queue.name)
    }

    /// How much one figure of a queue asks for attention.
    fn level(&self, queue: &QueueSnapshot, kind: Kind) -> Level {
        self.raised(queue).and_then(|raised| raised.step(kind)).into()
    }

    /// How urgent a single caller's wait is, by the limits of the longest one.
    fn wait_level(&self, queue: &QueueSnapshot, seconds: i64) -> Level {
        let raised = self.raised(queue).filter(|raised| raised.quiet_until.is_none());
        raised.and_then(|raised| raised.limits.longest_wait.reached(seconds)).into()
    }

    /// Whether today's figures were ever read.
    fn has_today(&self) -> bool {
        self.today.pbx.is_some()
    }

    /// A queue's service level today.
    fn service_level(&self, queue: &QueueSnapshot) -> ServiceLevel {
        let figures = self.today.queues.get(&queue.name);
        let share = figures.and_then(|figures| figures.service_level_a);
        let seconds =
            figures.and_then(|figures| figures.service_level_s).unwrap_or_else(|| self.threshold(queue));
        let level = self.level(queue, Kind::ServiceLevel);
        ServiceLevel { variant: "A", seconds, value: format::percent(share), level }
    }
}

/// The members of a queue by state.
fn member_counts(queue: &QueueSnapshot) -> Counts {
    let counts = queue.counts();
    let rings = |member: &&MemberSnapshot| member.sub_state == SubState::Ringing;
    Counts {
        online: counts.online,
        busy: counts.busy,
        ringing: whole(queue.members.iter().filter(rings).count()),
        paused: counts.paused,
        offline: counts.offline,
    }
}

/// A count as the wall takes it.
fn whole(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
