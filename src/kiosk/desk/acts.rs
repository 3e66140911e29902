//! The decisions about acts: what was touched, what asks once more, what is sent. No clock, no waiting.

use crate::domain::act::{Act, ActDone, ActError, ActRequest, Victim};
use crate::domain::ids::{Interface, PbxName, QueueName, UniqueId};
use crate::domain::time::Tick;
use crate::views::desk::{ACT_TOLD_MILLIS, ActButton, ActStage, Lock, Offered, Place, Reach};

use super::state::Wish;
use super::{Command, DeskState};

/// What somebody touched of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActTouch {
    /// One of the buttons; a second touch of one that asks once more.
    Press(ActButton),
    /// One of the reasons, by its place.
    Reason(usize),
    /// Not after all.
    Back,
}

impl DeskState {
    /// With these buttons.
    #[must_use]
    pub fn offering(mut self, offered: Offered) -> Self {
        self.stand.acts.offered = offered;
        self
    }

    pub(super) fn act_touched(&mut self, touch: &ActTouch, reach: &Reach) -> Option<Command> {
        let seat = self.stand.seat.clone().filter(|_| self.stand.pad.is_none())?;
        if self.stand.acts.stage == ActStage::Sent {
            return None;
        }
        let same = self.stand.acts.seat.as_ref().is_some_and(|about| about.is_same_person(&seat));
        let before = if same { self.stand.acts.stage.clone() } else { ActStage::Idle };
        let agent = Interface::new(&seat.interface);
        let asks = |button| (ActStage::Confirm(button), None);
        let (stage, act) = match touch {
            ActTouch::Back => (ActStage::Idle, None),
            ActTouch::Press(ActButton::Pause) if !self.stand.acts.offered.reasons.is_empty() => {
                (ActStage::Reasons, None)
            }
            ActTouch::Press(ActButton::Pause) => {
                (ActStage::Idle, Some((ActButton::Pause, Act::Pause { agent, queue: None, reason: None })))
            }
            ActTouch::Reason(at) => {
                let reason = self.stand.acts.offered.reasons.get(*at).cloned();
                if before != ActStage::Reasons || reason.is_none() {
                    return None;
                }
                (ActStage::Idle, Some((ActButton::Pause, Act::Pause { agent, queue: None, reason })))
            }
            ActTouch::Press(ActButton::Resume) => {
                (ActStage::Idle, Some((ActButton::Resume, Act::Unpause { agent, queue: None })))
            }
            ActTouch::Press(button @ ActButton::HangUp) => match before {
                ActStage::Confirm(ActButton::HangUp) => {
                    (ActStage::Idle, Some((*button, Act::HangUp(Victim::Agent(agent)))))
                }
                _ => asks(*button),
            },
            ActTouch::Press(button @ ActButton::Remove) => match before {
                ActStage::Confirm(ActButton::Remove) => {
                    let queue = QueueName::new(&seat.queue);
                    (ActStage::Idle, Some((*button, Act::Remove { queue, agent })))
                }
                _ => asks(*button),
            },
            ActTouch::Press(ActButton::MoveUp | ActButton::Withdraw) => return None,
        };
        (self.stand.acts.stage, self.stand.acts.seat) = (stage, Some(seat));
        let (button, act) = act?;
        self.wish_act(Some(reach.pbx.clone()), button, act)
    }

    pub(super) fn open_caller(&mut self, place: Place) {
        self.close();
        if self.stand.acts.offered.callers {
            self.stand.acts.caller = Some(place);
        }
    }

    /// A button of a waiting caller's sheet.
    pub(super) fn caller_touched(&mut self, touch: &ActTouch) -> Option<Command> {
        let place = self.stand.acts.caller.clone().filter(|_| self.stand.pad.is_none())?;
        if self.stand.acts.stage == ActStage::Sent {
            return None;
        }
        let same = self.stand.acts.seat.is_none();
        let before = std::mem::take(&mut self.stand.acts.stage);
        self.stand.acts.seat = None;
        let caller = UniqueId::new(&place.channel);
        let pbx = (!place.pbx.is_empty()).then(|| PbxName::new(&place.pbx));
        match touch {
            ActTouch::Press(button @ ActButton::MoveUp) => {
                self.wish_act(pbx, *button, Act::MoveUp { caller })
            }
            ActTouch::Press(button @ ActButton::Withdraw) if same && before == ActStage::Confirm(*button) => {
                self.wish_act(pbx, *button, Act::Withdraw { caller, note: None })
            }
            ActTouch::Press(button @ ActButton::Withdraw) => {
                self.stand.acts.stage = ActStage::Confirm(*button);
                None
            }
            ActTouch::Press(_) | ActTouch::Reason(_) | ActTouch::Back => None,
        }
    }

    /// Sends it, or asks for a PIN first.
    fn wish_act(&mut self, pbx: Option<PbxName>, button: ActButton, act: Act) -> Option<Command> {
        match &self.stand.lock {
            Lock::LoggedIn { may: false, .. } => None,
            Lock::LoggedIn { .. } | Lock::Unlocked { .. } => self.send_act(pbx, act),
            Lock::Locked => {
                self.ask_pin(Wish::Act(pbx, act));
                self.stand.acts.wished = Some(button);
                None
            }
        }
    }

    pub(super) fn send_act(&mut self, pbx: Option<PbxName>, act: Act) -> Option<Command> {
        let who = self.identity.as_ref()?;
        let request =
            ActRequest { pbx, act, actor: who.name.clone(), role: who.role, origin: self.origin.clone() };
        self.stand.acts.stage = ActStage::Sent;
        Some(Command::Act(request))
    }

    /// An act is over, or never came about.
    pub(super) fn acted(&mut self, result: Result<ActDone, ActError>, now: Tick) {
        let until = now.plus_millis(ACT_TOLD_MILLIS);
        self.stand.acts.stage = match result {
            Ok(done) => ActStage::Told(true, done.reported, until),
            Err(error) => ActStage::Told(false, error.to_string(), until),
        };
    }

    /// What was told has been read.
    pub(super) fn act_tick(&mut self, now: Tick) {
        if let ActStage::Told(_, _, until) = &self.stand.acts.stage
            && now.since(*until) >= 0
        {
            self.stand.acts.stage = ActStage::Idle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Answer, Touch};
    use super::*;
    use crate::domain::account::Role;
    use crate::tasks::accounts::Identity;
    use crate::views::desk::{Call, Floor, Seat};

    const NOW: Tick = Tick::from_millis(5_000);

    fn reach() -> Reach {
        let calls = vec![Call { channel: "1.4".into(), partner: String::new() }];
        Reach { pbx: "pbx".into(), agent: "Alice".into(), calls, floor: Floor::Call }
    }

    fn offered() -> Offered {
        let reasons = vec!["Lunch".to_owned(), "Break".to_owned()];
        Offered { pause: true, members: true, hang_up: true, callers: true, reasons }
    }

    fn anna(role: Role) -> Identity {
        Identity { name: "anna".into(), role }
    }

    fn open(known: Option<Identity>) -> DeskState {
        let mut state = DeskState::new(Vec::new(), known, "wall".into()).offering(offered());
        let seat = Seat { pbx: String::new(), queue: "sales".into(), interface: "PJSIP/101".into() };
        state.act(Touch::Open(seat), None, NOW);
        state
    }

    fn touch(state: &mut DeskState, touch: ActTouch) -> Option<Act> {
        match state.act(Touch::Act(touch), Some(&reach()), NOW) {
            Some(Command::Act(request)) => Some(request.act),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_pause_asks_for_a_reason_and_hanging_up_asks_once_more() {
        let mut state = open(Some(anna(Role::Supervisor)));
        assert_eq!(touch(&mut state, ActTouch::Reason(0)), None, "nobody asked for a reason");
        assert_eq!(touch(&mut state, ActTouch::Press(ActButton::Pause)), None);
        assert_eq!(touch(&mut state, ActTouch::Reason(7)), None);
        let pause = touch(&mut state, ActTouch::Reason(1));
        let expect = Act::Pause { agent: "PJSIP/101".into(), queue: None, reason: Some("Break".into()) };
        assert_eq!(pause, Some(expect));
        assert_eq!(touch(&mut state, ActTouch::Press(ActButton::Resume)), None, "one at a time");
        let done = ActDone {
            pbx: "pbx".into(),
            act: "pause".into(),
            queues: Vec::new(),
            upon: String::new(),
            reported: "PJSIP/101 is paused (Break) in sales.".into(),
        };
        state.answered(Answer::Acted(Ok(done)), NOW);
        assert!(matches!(&state.stand().acts.stage, ActStage::Told(true, told, _) if told.contains("Break")));
        assert_eq!(touch(&mut state, ActTouch::Press(ActButton::HangUp)), None);
        assert_eq!(touch(&mut state, ActTouch::Press(ActButton::Remove)), None, "another question");
        assert_eq!(touch(&mut state, ActTouch::Press(ActButton::HangUp)), None);
        let hang_up = touch(&mut state, ActTouch::Press(ActButton::HangUp));
        assert_eq!(hang_up, Some(Act::HangUp(Victim::Agent("PJSIP/101".into()))));
        state.answered(Answer::Acted(Err(ActError::NotLive)), NOW);
        assert!(matches!(&state.stand().acts.stage, ActStage::Told(false, ..)));
        state.tick(NOW.plus_millis(ACT_TOLD_MILLIS));
        assert_eq!(state.stand().acts.stage, ActStage::Idle);
    }

    #[test]
    fn a_locked_wall_asks_for_a_pin_first_and_a_viewer_can_nothing() {
        let mut state = open(None);
        touch(&mut state, ActTouch::Press(ActButton::Remove));
        assert_eq!(touch(&mut state, ActTouch::Press(ActButton::Remove)), None);
        assert!(state.stand().pad.is_some());
        assert_eq!(state.stand().acts.wished, Some(ActButton::Remove));
        state.act(Touch::Digit('1'), None, NOW);
        let Some(Command::Unlock(serial, _)) = state.act(Touch::Enter, None, NOW) else { panic!("unlocks") };
        let sent = state.answered(Answer::Unlocked(serial, Ok(anna(Role::Admin))), NOW);
        let Some(Command::Act(request)) = sent else { panic!("{sent:?}") };
        assert_eq!(request.act, Act::Remove { queue: "sales".into(), agent: "PJSIP/101".into() });
        assert_eq!((request.actor.as_str(), request.role), ("anna", Role::Admin));
        let mut closed = open(None);
        touch(&mut closed, ActTouch::Press(ActButton::Resume));
        closed.act(Touch::Close, None, NOW);
        assert_eq!((closed.stand().acts.wished, closed.stand().pad.is_some()), (None, false));
        let mut viewer = open(Some(anna(Role::Viewer)));
        assert_eq!(touch(&mut viewer, ActTouch::Press(ActButton::Resume)), None);
        assert!(viewer.stand().pad.is_none());
    }

    #[test]
    fn a_waiting_caller_moves_up_at_once_and_is_withdrawn_after_a_question() {
        let place = Place { pbx: String::new(), queue: "sales".into(), channel: "1.3".into() };
        let mut state = open(Some(anna(Role::Supervisor)));
        state.act(Touch::OpenCaller(place.clone()), None, NOW);
        assert!(state.is_open() && state.stand().seat.is_none());
        let up = touch(&mut state, ActTouch::Press(ActButton::MoveUp));
        assert_eq!(up, Some(Act::MoveUp { caller: "1.3".into() }));
        assert_eq!(touch(&mut state, ActTouch::Press(ActButton::Withdraw)), None, "one at a time");
        state.answered(Answer::Acted(Err(ActError::NotWaiting)), NOW);
        assert_eq!(touch(&mut state, ActTouch::Press(ActButton::Withdraw)), None);
        assert_eq!(state.stand().acts.stage, ActStage::Confirm(ActButton::Withdraw));
        let out = touch(&mut state, ActTouch::Press(ActButton::Withdraw));
        assert_eq!(out, Some(Act::Withdraw { caller: "1.3".into(), note: None }));
        let mut locked = open(None);
        locked.act(Touch::OpenCaller(place), None, NOW);
        assert_eq!(touch(&mut locked, ActTouch::Press(ActButton::MoveUp)), None);
        assert_eq!(locked.stand().acts.wished, Some(ActButton::MoveUp));
        locked.act(Touch::Close, None, NOW);
        locked.act(Touch::Close, None, NOW);
        assert!(!locked.is_open());
    }
}
