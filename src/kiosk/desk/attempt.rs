//! The one attempt of a wall: attached, changed, ended, and why.

use crate::domain::account::Actor;
use crate::domain::control::{Mode, Reason, Supervision, SupervisionState};
use crate::domain::ids::UniqueId;
use crate::domain::time::Tick;
use crate::views::desk::{About, Attempt, Change, End, Listening, Lock, Seat};

use super::{Command, DeskState};

/// So long after an end the floor may still show the call that has ended with it.
const SETTLE_MILLIS: i64 = 1_500;

impl DeskState {
    /// Ends what rings or runs. It needs no PIN: who ends a supervision hears less, not more.
    pub(super) fn end(&mut self) -> Option<Command> {
        let who = self.identity.as_ref().map_or("somebody at the wall", |identity| &identity.name);
        let by = Actor { name: who.to_owned(), origin: self.origin.clone() };
        match &mut self.stand.attempt {
            Attempt::Ringing { about, actor, cancelled, .. } if !*cancelled => {
                *cancelled = true;
                Some(Command::Cancel(about.channel.clone(), actor.clone(), by))
            }
            Attempt::Attached { id, change, .. } if *change != Some(Change::Ending) => {
                *change = Some(Change::Ending);
                Some(Command::Stop(id.clone(), by))
            }
            _ => None,
        }
    }

    /// The end was carried out, or was not: then the button lives again.
    pub(super) fn stopped(&mut self, which: &UniqueId, result: Result<(), String>, now: Tick) {
        match &mut self.stand.attempt {
            // Whether the ringing is over, its own answer tells.
            Attempt::Ringing { cancelled, .. } => *cancelled &= result.is_ok(),
            // The answer may come late, when another one runs already.
            Attempt::Attached { id, change, note, .. } if id == which => match result {
                Ok(()) => self.over(End::ByUs, now),
                Err(sentence) => (*change, *note) = (None, Some(sentence)),
            },
            _ => {}
        }
    }

    pub(super) fn started(&mut self, result: Result<Supervision, String>, now: Tick) -> Option<Command> {
        let Attempt::Ringing { about, cancelled, .. } = &self.stand.attempt else { return None };
        let (about, cancelled) = (about.clone(), *cancelled);
        self.stand.attempt = match result {
            Ok(held) => Attempt::Attached {
                about,
                id: held.id,
                actor: held.actor,
                since: now,
                change: None,
                note: None,
            },
            Err(_) if cancelled => Attempt::Ended { about, why: End::ByUs, at: now },
            Err(sentence) => Attempt::Ended { about, why: End::Refused(sentence), at: now },
        };
        // It was picked up in the moment in which it was given up.
        if cancelled { self.end() } else { None }
    }

    pub(super) fn changed(&mut self, which: &UniqueId, result: Result<Supervision, String>) {
        let Attempt::Attached { about, id, change, note, .. } = &mut self.stand.attempt else { return };
        if id != which {
            return;
        }
        // It may be ending meanwhile; that button stays dead.
        if matches!(change, Some(Change::To(_))) {
            *change = None;
        }
        match result {
            Ok(held) => about.mode = held.mode.unwrap_or(about.mode),
            Err(sentence) => *note = Some(sentence),
        }
    }

    /// The supervision that runs here, if any: whom to ask for.
    pub fn id(&self) -> Option<&UniqueId> {
        match &self.stand.attempt {
            Attempt::Attached { id, .. } => Some(id),
            _ => None,
        }
    }

    /// What became of it meanwhile, as `tasks::control` knows; `is_call_up`: whether the agent's leg is still on the floor.
    pub fn observe(&mut self, held: Option<&Supervision>, is_call_up: bool, now: Tick) {
        match &mut self.stand.attempt {
            Attempt::Attached { about, change, note, .. } => match held {
                Some(Supervision { ended: None, mode, state, .. }) => {
                    // A key on the phone itself changes it, too.
                    if change.is_none() {
                        about.mode = mode.unwrap_or(about.mode);
                    }
                    if *state == SupervisionState::Lost {
                        *note = Some(lost(&about.phone));
                    } else if note.as_ref() == Some(&lost(&about.phone)) {
                        *note = None;
                    }
                }
                Some(Supervision { ended: Some(ended), .. }) => {
                    let by_us = *change == Some(Change::Ending);
                    let why = match &ended.reason {
                        Reason::ByUs(_) if by_us => End::ByUs,
                        Reason::CallOver => End::CallOver,
                        Reason::Transferred => End::Transferred,
                        Reason::PhoneHungUp => End::PhoneLeft,
                        other => End::Said(other.sentence()),
                    };
                    self.over(why, now);
                }
                None => self.over(End::Unsettled, now),
            },
            Attempt::Ended { why: why @ End::Unsettled, at, .. } => {
                if !is_call_up {
                    *why = End::CallOver;
                } else if now.since(*at) > SETTLE_MILLIS {
                    *why = End::PhoneLeft;
                }
            }
            _ => {}
        }
    }

    pub(super) fn over(&mut self, why: End, now: Tick) {
        if let Attempt::Attached { about, .. } = &self.stand.attempt {
            self.stand.attempt = Attempt::Ended { about: about.clone(), why, at: now };
        }
    }

    /// Takes note of all that listens. What was started here and runs without this wall knowing of it, because the program
    /// was started anew meanwhile, is taken up again.
    pub fn see(&mut self, all: Vec<Supervision>, now: Tick) {
        let runs: Vec<Supervision> = all.into_iter().filter(|held| held.ended.is_none()).collect();
        if !self.stand.attempt.is_running()
            && let Some(mine) = runs.iter().find(|held| self.is_mine(held))
        {
            let about = self.about(mine);
            self.stand.attempt = Attempt::Attached {
                about,
                id: mine.id.clone(),
                actor: mine.actor.clone(),
                since: mine.since.tick.min(now),
                change: None,
                note: None,
            };
        }
        self.stand.listening = runs.iter().map(|held| self.listening(held)).collect();
    }

    fn is_mine(&self, held: &Supervision) -> bool {
        if matches!(self.stand.lock, Lock::LoggedIn { may: false, .. }) {
            return false;
        }
        let known = self.identity.as_ref().filter(|_| matches!(self.stand.lock, Lock::LoggedIn { .. }));
        held.state == SupervisionState::Attached
            && !held.foreign
            && held.origin == self.origin
            && known.is_none_or(|identity| identity.name == held.actor)
    }

    fn about(&self, held: &Supervision) -> About {
        let other = held.partner.as_ref().map(crate::views::board::other_side);
        About {
            seat: Seat {
                pbx: held.pbx.to_string(),
                queue: held.queue.as_ref().map(ToString::to_string).unwrap_or_default(),
                interface: held.interface.to_string(),
            },
            agent: held.agent.to_string(),
            channel: held.channel.clone(),
            partner: other.unwrap_or_default(),
            phone: self.phone_name(&held.supervisor),
            mode: held.mode.unwrap_or(Mode::Listen),
        }
    }

    fn listening(&self, held: &Supervision) -> Listening {
        Listening {
            pbx: held.pbx.clone(),
            channel: held.channel.clone(),
            phone: self.phone_name(&held.supervisor),
            actor: (!held.foreign).then(|| held.actor.clone()),
            mode: held.mode.filter(|_| held.state == SupervisionState::Attached),
            attached: !held.state.is_before_answer(),
            here: self.id() == Some(&held.id),
        }
    }

    fn phone_name(&self, extension: &str) -> String {
        let known = self.stand.phones.iter().find(|phone| phone.extension == extension);
        known.map_or_else(|| extension.to_owned(), |phone| phone.name.clone())
    }
}

/// What is told while the link is down; short enough for the bar of a small screen.
fn lost(phone: &str) -> String {
    format!("Link down: {phone} may still listen.")
}
