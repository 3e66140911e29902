//! The one attempt of a wall: attached, changed, ended, and why.

use crate::domain::control::Supervision;
use crate::domain::ids::UniqueId;
use crate::domain::time::Tick;
use crate::views::desk::{Attempt, Change, End};

use super::{Command, DeskState};

/// So long after an end the floor may still show the call that has ended with it.
const SETTLE_MILLIS: i64 = 1_500;

impl DeskState {
    /// Ends what rings or runs. It needs no PIN: who ends a supervision hears less, not more.
    pub(super) fn end(&mut self) -> Option<Command> {
        match &mut self.stand.attempt {
            Attempt::Ringing { about, actor, cancelled, .. } if !*cancelled => {
                *cancelled = true;
                Some(Command::Cancel(about.channel.clone(), actor.clone()))
            }
            Attempt::Attached { id, change, .. } if *change != Some(Change::Ending) => {
                *change = Some(Change::Ending);
                Some(Command::Stop(id.clone()))
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
            Ok(held) => about.mode = held.mode,
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
            Attempt::Attached { about, change, .. } => match held {
                Some(Supervision { ended: None, mode, .. }) => {
                    // A key on the phone itself changes it, too.
                    if change.is_none() {
                        about.mode = *mode;
                    }
                }
                Some(Supervision { ended: Some(why), .. }) => {
                    let by_us = *change == Some(Change::Ending);
                    let why = if why != "ended" {
                        End::Said(sentence(why))
                    } else if by_us {
                        End::ByUs
                    } else if is_call_up {
                        End::Unsettled
                    } else {
                        End::CallOver
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
}

/// Words of a lower layer as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
