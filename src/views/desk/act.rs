//! Acts upon an agent by touch: which buttons the sheet has, and what came of the last one.

use crate::domain::link::LinkState;
use crate::domain::live::snapshot::MemberSnapshot;
use crate::domain::time::{Moment, Tick};

use super::super::overview::shown_at;
use super::super::{Picture, format};
use super::{Lock, Seat, Stand};

/// What came of an act is told for so long.
pub const ACT_TOLD_MILLIS: i64 = 12_000;

/// A button of the sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActButton {
    /// Pause in all of his queues.
    Pause,
    /// End that.
    Resume,
    /// Hang up his call.
    HangUp,
    /// Remove him from the queue of the card.
    Remove,
    /// Move a waiting caller to the front.
    MoveUp,
    /// Send a waiting caller out of the queue.
    Withdraw,
}

/// How far an act is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ActStage {
    /// Nothing was touched.
    #[default]
    Idle,
    /// The reasons for a pause are shown.
    Reasons,
    /// It asks once more.
    Confirm(ActButton),
    /// On its way.
    Sent,
    /// Over: whether it worked, what is told, and until when.
    Told(bool, String, Tick),
}

/// What this wall offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// Pause and resume.
    pub pause: bool,
    /// Remove.
    pub members: bool,
    /// Hang up.
    pub hang_up: bool,
    /// Waiting callers.
    pub callers: bool,
    /// The reasons to choose from.
    pub reasons: Vec<String>,
}

/// How acts stand at a wall.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActStand {
    /// What is offered.
    pub offered: Offered,
    /// How far the last one is.
    pub stage: ActStage,
    /// Whom it is about.
    pub seat: Option<Seat>,
    /// What the PIN is asked for, while it is.
    pub wished: Option<ActButton>,
    /// The waiting caller whose sheet is open.
    pub caller: Option<Place>,
}

/// A waiting caller that was touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The PBX's name; empty where there is one only.
    pub pbx: String,
    /// The queue.
    pub queue: String,
    /// The caller's channel.
    pub channel: String,
}

/// A waiting caller's sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerSheet {
    /// Name or number; empty when withheld.
    pub who: String,
    /// The queue.
    pub queue: String,
    /// Place in the line, from 1; 0 once the caller waits no more.
    pub position: u32,
    /// How many wait there.
    pub waiting: u32,
    /// How long so far.
    pub wait: String,
    /// The buttons live.
    pub live: bool,
    /// How far the last act is.
    pub stage: ActStage,
}

/// The sheet of the caller that was touched.
pub(super) fn caller(pictures: &[Picture], stand: &Stand, now: Moment) -> Option<CallerSheet> {
    let ActStand { caller, stage, seat, .. } = &stand.acts;
    let place = caller.as_ref()?;
    let stage = if seat.is_none() { stage.clone() } else { ActStage::Idle };
    let mut sheet = CallerSheet { queue: place.queue.clone(), stage, ..CallerSheet::default() };
    let mut here =
        pictures.iter().filter(|picture| place.pbx.is_empty() || picture.live.pbx.as_str() == place.pbx);
    let found = here.find_map(|picture| {
        let queue = picture.live.queues.iter().find(|queue| queue.name.as_str() == place.queue)?;
        let waits = queue.waiting.iter().find(|waits| waits.channel.as_str() == place.channel)?;
        Some((picture, queue, waits))
    });
    let Some((picture, queue, waits)) = found else { return Some(sheet) };
    let may = !matches!(stand.lock, Lock::LoggedIn { may: false, .. });
    sheet.who = if waits.name.is_empty() { waits.number.clone() } else { waits.name.clone() };
    sheet.position = waits.position;
    sheet.waiting = u32::try_from(queue.waiting.len()).unwrap_or(u32::MAX);
    sheet.wait = format::timer(shown_at(picture, now).seconds_since(waits.since));
    sheet.live = may && picture.live.ami.state == LinkState::Live && sheet.stage != ActStage::Sent;
    Some(sheet)
}

/// The buttons as they are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acts {
    /// Pause.
    pub pause: bool,
    /// Resume.
    pub resume: bool,
    /// Hang up.
    pub hang_up: bool,
    /// Remove from this queue.
    pub remove: bool,
    /// The reasons, while one is to be chosen.
    pub reasons: Vec<String>,
    /// How far.
    pub stage: ActStage,
}

impl Acts {
    /// Whether there is anything to show.
    pub fn is_shown(&self) -> bool {
        self.pause || self.resume || self.hang_up || self.remove || self.stage != ActStage::Idle
    }
}

/// The buttons for who sits at `seat`.
pub(super) fn acts(stand: &Stand, seat: &Seat, sitting: Option<(&Picture, &MemberSnapshot)>) -> Acts {
    let ActStand { offered, stage, seat: about, .. } = &stand.acts;
    let is_here = about.as_ref().is_some_and(|about| about.is_same_person(seat));
    let stage = if is_here { stage.clone() } else { ActStage::Idle };
    let may = !matches!(stand.lock, Lock::LoggedIn { may: false, .. });
    let live = sitting.filter(|(picture, _)| picture.live.ami.state == LinkState::Live && may);
    let Some((_, member)) = live else { return Acts { stage, ..Acts::default() } };
    Acts {
        pause: offered.pause && !member.paused,
        resume: offered.pause && member.paused,
        hang_up: offered.hang_up && member.legs.len() == 1,
        remove: offered.members && member.dynamic,
        reasons: if stage == ActStage::Reasons { offered.reasons.clone() } else { Vec::new() },
        stage,
    }
}
