//! Supervision by touch: what an agent's sheet, the PIN pad, the chip in the head and the bar show.

mod act;
mod reach;
mod stand;

use crate::domain::control::Mode;
use crate::domain::ids::UniqueId;
use crate::domain::time::{Moment, Tick};

pub use act::{ACT_TOLD_MILLIS, ActButton, ActStage, ActStand, Acts, CallerSheet, Offered, Place};
pub use reach::{Call, Floor, Reach, Seat, is_up, reach};
pub use stand::{About, Attempt, Change, End, Listening, Lock, Pad, Phone, Refused, Stand};

use super::board::{self, Card};
use super::overview::shown_at;
use super::text::shown;
use super::{Picture, format};

/// A supervision that has ended is told in the bar for so long, while no sheet tells it.
const TOLD_MILLIS: i64 = 8_000;

/// So many letters of the names of those who listen are shown.
const LISTENERS: usize = 80;

/// Why the buttons are dead, or that they are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Why {
    /// They live.
    #[default]
    Ready,
    /// There is no call.
    Free,
    /// The call is not answered yet.
    Ringing,
    /// The phone is not reachable.
    Offline,
    /// Nobody sits there any more.
    Gone,
    /// There is no link.
    LinkDown,
    /// There are several calls and none is chosen.
    Choose,
    /// No supervisor's phone is configured.
    NoPhone,
    /// Who looks is a viewer.
    NotAllowed,
    /// This wall listens to somebody else.
    Elsewhere,
}

/// Something to choose: a phone or a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is told back.
    pub key: String,
    /// What is read; a call's other side may be empty.
    pub name: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// How far an attempt is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// There is none.
    #[default]
    Idle,
    /// The phone rings.
    Ringing,
    /// The supervisor takes part.
    Attached,
    /// Over.
    Ended,
}

/// How it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// Not known yet.
    #[default]
    Unsettled,
    /// By the button.
    ByUs,
    /// The call is over.
    CallOver,
    /// The agent has transferred the call.
    Transferred,
    /// The supervisor's phone hung up.
    PhoneLeft,
    /// It never attached; the sentence says why.
    Refused,
    /// The sentence says why.
    Said,
}

/// An attempt, in the sheet and in the bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// How far.
    pub stage: Stage,
    /// How the supervisor takes part.
    pub mode: Mode,
    /// Whom.
    pub agent: String,
    /// With whom the agent talks; may be empty.
    pub partner: String,
    /// The supervisor's phone.
    pub phone: String,
    /// How long so, `0:42`.
    pub time: String,
    /// A change is under way: the buttons are dead.
    pub changing: bool,
    /// How it ended.
    pub ending: Ending,
    /// Why not, or why it ended; may be empty.
    pub sentence: String,
}

/// An agent's sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// The card, larger; `None` once nobody sits there.
    pub card: Option<Card>,
    /// Who.
    pub agent: String,
    /// His queues, joined.
    pub queues: String,
    /// The phones, where there are several.
    pub phones: Vec<Choice>,
    /// The phone that will ring.
    pub phone: String,
    /// The calls, where there are several.
    pub calls: Vec<Choice>,
    /// Whether the buttons live.
    pub why: Why,
    /// Who is logged in and may not, or who is listened to meanwhile.
    pub whom: String,
    /// A PIN is asked for first.
    pub locked: bool,
    /// The attempt that is about this agent.
    pub running: Option<Running>,
    /// Pause, resume, hang up, remove.
    pub acts: Acts,
}

/// The PIN pad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PadView {
    /// What it is for.
    pub mode: Mode,
    /// Whom it is about.
    pub agent: String,
    /// Digits typed.
    pub digits: u32,
    /// The PIN is being checked.
    pub checking: bool,
    /// Seconds to wait after too many wrong ones; 0 for none.
    pub wait_seconds: u32,
    /// The last one was wrong.
    pub wrong: bool,
    /// Nobody has a PIN.
    pub no_pins: bool,
    /// It could not be checked; may be empty.
    pub sentence: String,
    /// The act that it is for, where it is for none of the modes.
    pub act: Option<ActButton>,
}

/// Who has unlocked the wall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlocked {
    /// The account.
    pub name: String,
    /// Until it locks.
    pub seconds: u32,
}

/// Everything about supervision on a wall.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desk {
    /// The open sheet.
    pub sheet: Option<Sheet>,
    /// The open PIN pad.
    pub pad: Option<PadView>,
    /// Who has unlocked.
    pub unlocked: Option<Unlocked>,
    /// What runs, on every page.
    pub bar: Option<Running>,
    /// The open sheet of a waiting caller.
    pub caller: Option<CallerSheet>,
}

/// What is shown of `stand` at a moment.
pub fn desk(pictures: &[Picture], stand: &Stand, now: Moment) -> Desk {
    let running = running(&stand.attempt, now.tick);
    let is_told = match &stand.attempt {
        Attempt::Ended { at, .. } => stand.seat.is_none() && now.tick.since(*at) < TOLD_MILLIS,
        attempt => attempt.is_running(),
    };
    Desk {
        sheet: stand.seat.as_ref().map(|seat| sheet(pictures, stand, seat, running.as_ref(), now)),
        pad: stand.pad.as_ref().map(|pad| pad_view(pictures, stand, pad, now.tick)),
        unlocked: match &stand.lock {
            Lock::Unlocked { name, until } => {
                Some(Unlocked { name: name.clone(), seconds: seconds_until(*until, now.tick) })
            }
            Lock::Locked | Lock::LoggedIn { .. } => None,
        },
        bar: running.filter(|_| is_told),
        caller: act::caller(pictures, stand, now),
    }
}

fn seconds_until(until: Tick, now: Tick) -> u32 {
    u32::try_from((until.since(now) + 999) / 1000).unwrap_or(0)
}

fn sheet(pictures: &[Picture], stand: &Stand, seat: &Seat, running: Option<&Running>, now: Moment) -> Sheet {
    let reach = reach(pictures, seat);
    let about = stand.attempt.about();
    let is_here = about.is_some_and(|about| about.seat.is_same_person(seat));
    let (why, whom) = why(stand, &reach, is_here);
    let chosen = stand.call.as_ref();
    let calls = reach.calls.iter().map(|call| Choice {
        key: call.channel.to_string(),
        name: call.partner.clone(),
        chosen: chosen == Some(&call.channel),
    });
    let phones = stand.phones.iter().enumerate().map(|(at, phone)| Choice {
        key: phone.extension.clone(),
        name: phone.name.clone(),
        chosen: at == stand.phone,
    });
    let sitting = reach::sitting(pictures, seat);
    Sheet {
        card: sitting.map(|(picture, _, member)| {
            let mut card = board::one_card(picture, member, shown_at(picture, now));
            let who = listeners(stand, picture, &member.legs);
            if !who.is_empty() {
                card.listeners = shown(&who, LISTENERS);
            }
            card
        }),
        queues: queues(pictures, seat),
        phones: if stand.phones.len() > 1 { phones.collect() } else { Vec::new() },
        phone: stand.phones.get(stand.phone).map(|phone| phone.name.clone()).unwrap_or_default(),
        calls: if reach.calls.len() > 1 { calls.collect() } else { Vec::new() },
        agent: reach.agent,
        why,
        whom,
        locked: stand.lock == Lock::Locked,
        running: running.filter(|_| is_here).cloned(),
        acts: act::acts(stand, seat, sitting.map(|(picture, _, member)| (picture, member))),
    }
}

/// Who listens to one of `legs`, by whose wish and how: `Desk 202 (anna whispers), PJSIP/299 (not from here)`.
fn listeners(stand: &Stand, picture: &Picture, legs: &[UniqueId]) -> String {
    let here = |one: &&Listening| one.attached && one.pbx == picture.live.pbx && legs.contains(&one.channel);
    let words = |one: &Listening| {
        let phone = &one.phone;
        match (&one.actor, one.mode) {
            _ if one.here => phone.clone(),
            (None, _) => format!("{phone} (not from here)"),
            (Some(actor), Some(Mode::Listen)) => format!("{phone} ({actor} listens)"),
            (Some(actor), Some(Mode::Whisper)) => format!("{phone} ({actor} whispers)"),
            (Some(actor), Some(Mode::Barge)) => format!("{phone} ({actor} speaks)"),
            (Some(actor), None) => format!("{phone} ({actor})"),
        }
    };
    stand.listening.iter().filter(here).map(words).collect::<Vec<_>>().join(", ")
}

/// The first thing that stands in the way of a button, and whose name belongs to the sentence.
fn why(stand: &Stand, reach: &Reach, is_here: bool) -> (Why, String) {
    if let Lock::LoggedIn { name, may: false } = &stand.lock {
        return (Why::NotAllowed, name.clone());
    }
    if stand.attempt.is_running() && !is_here {
        return (Why::Elsewhere, stand.attempt.about().map(|about| about.agent.clone()).unwrap_or_default());
    }
    let why = match reach.floor {
        Floor::Gone => Why::Gone,
        Floor::LinkDown => Why::LinkDown,
        _ if stand.phones.is_empty() => Why::NoPhone,
        Floor::Offline => Why::Offline,
        Floor::Ringing => Why::Ringing,
        Floor::Free => Why::Free,
        Floor::Call => {
            let chosen = |call: &Call| stand.call.as_ref() == Some(&call.channel);
            if reach.calls.len() > 1 && !reach.calls.iter().any(chosen) { Why::Choose } else { Why::Ready }
        }
    };
    (why, String::new())
}

/// The queues in which the same interface sits, joined by commas.
fn queues(pictures: &[Picture], seat: &Seat) -> String {
    let here = |picture: &&Picture| seat.pbx.is_empty() || picture.live.pbx.as_str() == seat.pbx;
    let names: Vec<&str> = pictures
        .iter()
        .filter(here)
        .flat_map(|picture| &picture.live.queues)
        .filter(|queue| queue.members.iter().any(|member| member.interface.as_str() == seat.interface))
        .map(|queue| queue.name.as_str())
        .collect();
    names.join(", ")
}

fn pad_view(pictures: &[Picture], stand: &Stand, pad: &Pad, now: Tick) -> PadView {
    let refused = pad.refused.as_ref();
    PadView {
        mode: pad.mode,
        agent: stand.seat.as_ref().map(|seat| reach(pictures, seat).agent).unwrap_or_default(),
        digits: pad.digits,
        checking: pad.checking,
        wait_seconds: match refused {
            Some(Refused::Wait(until)) => seconds_until(*until, now),
            _ => 0,
        },
        wrong: refused == Some(&Refused::Wrong),
        no_pins: refused == Some(&Refused::NoPins),
        sentence: match refused {
            Some(Refused::Failed(sentence)) => sentence.clone(),
            _ => String::new(),
        },
        act: stand.acts.wished,
    }
}

fn running(attempt: &Attempt, now: Tick) -> Option<Running> {
    let about = attempt.about()?;
    let mut running = Running {
        stage: Stage::Ringing,
        mode: about.mode,
        agent: about.agent.clone(),
        partner: about.partner.clone(),
        phone: about.phone.clone(),
        time: String::new(),
        changing: false,
        ending: Ending::Unsettled,
        sentence: String::new(),
    };
    match attempt {
        Attempt::None => return None,
        Attempt::Ringing { since, cancelled, .. } => {
            running.time = format::duration(now.since(*since) / 1000);
            running.changing = *cancelled;
        }
        Attempt::Attached { since, change, note, .. } => {
            running.stage = Stage::Attached;
            running.time = format::duration(now.since(*since) / 1000);
            running.changing = change.is_some();
            running.sentence = note.clone().unwrap_or_default();
        }
        Attempt::Ended { why, .. } => {
            running.stage = Stage::Ended;
            (running.ending, running.sentence) = match why {
                End::Unsettled => (Ending::Unsettled, String::new()),
                End::ByUs => (Ending::ByUs, String::new()),
                End::CallOver => (Ending::CallOver, String::new()),
                End::Transferred => (Ending::Transferred, String::new()),
                End::PhoneLeft => (Ending::PhoneLeft, String::new()),
                End::Refused(sentence) => (Ending::Refused, sentence.clone()),
                End::Said(sentence) => (Ending::Said, sentence.clone()),
            };
        }
    }
    Some(running)
}

#[cfg(test)]
mod tests;
