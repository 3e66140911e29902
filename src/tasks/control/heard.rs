//! What is heard of a supervisor's phone while it is called, and what that means.

use crate::domain::control::ControlError;
use crate::tasks::live::LegEvent;

/// What was heard of the supervisor's leg so far.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// There is a channel.
    pub(super) seen: bool,
    /// Its phone rings.
    pub(super) rings: bool,
    /// It was picked up.
    pub(super) answered: bool,
    /// The Originate failed, with this reason of Asterisk's.
    pub(super) failed: Option<u8>,
    /// It is gone, with this Q.850 cause.
    pub(super) cause: Option<u16>,
}

impl Heard {
    pub(super) fn note(&mut self, event: &LegEvent) {
        match event {
            LegEvent::Seen => self.seen = true,
            LegEvent::Rings => (self.seen, self.rings) = (true, true),
            LegEvent::HungUp(cause) => self.cause = Some(*cause),
            LegEvent::Originated { answered: true, .. } => self.answered = true,
            LegEvent::Originated { reason, .. } => self.failed = Some(*reason),
            _ => {}
        }
    }

    pub(super) fn is_decided(&self) -> bool {
        // A leg that was seen ends with a cause, which tells more than the reason.
        self.failed.is_some() && (self.cause.is_some() || !self.seen)
            || (self.answered && self.cause.is_some())
    }

    /// Why it did not attach: busy and declined are told by the cause, no answer by the reason.
    pub(super) fn verdict(&self, extension: &str) -> ControlError {
        let phone = extension.to_owned();
        match (self.answered, self.failed, self.cause) {
            (true, ..) => ControlError::TargetGone,
            (_, _, Some(17)) | (_, Some(5), _) => ControlError::Busy(phone),
            (_, _, Some(21)) => ControlError::Declined(phone),
            (_, Some(3), _) | (_, _, Some(18 | 19)) => ControlError::NoAnswer(phone),
            (_, _, Some(20)) => ControlError::Unregistered(phone),
            (_, Some(_), None) if !self.seen => ControlError::Unregistered(phone),
            (_, _, Some(_)) => ControlError::Declined(phone),
            _ if self.seen => ControlError::NoAnswer(phone),
            // Not a word of it: the phone may have rung all the same.
            _ => {
                let why = "The PBX tells nothing of the phone that was called, so nobody listens. The AMI user needs \
                           read=call in manager.conf; then run `manager reload`.";
                ControlError::Forbidden(why.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(events: &[LegEvent], expect: &str) {
        let mut heard = Heard::default();
        events.iter().for_each(|event| heard.note(event));
        assert!(heard.is_decided(), "{events:?}");
        assert_eq!(heard.verdict("201").kind(), expect, "{events:?}");
    }

    #[test]
    fn outcomes_are_told_apart_as_the_pbx_tells_them() {
        let failed = |reason| LegEvent::Originated { answered: false, reason };
        check(&[LegEvent::Seen, LegEvent::HungUp(17), failed(0)], "busy");
        check(&[LegEvent::Seen, LegEvent::HungUp(21), failed(0)], "declined");
        check(&[LegEvent::Seen, LegEvent::HungUp(0), failed(3)], "no-answer");
        check(&[failed(0)], "unregistered");
        let answered = LegEvent::Originated { answered: true, reason: 4 };
        check(&[LegEvent::Seen, answered, LegEvent::HungUp(16)], "target-gone");
    }

    #[test]
    fn who_hears_nothing_of_the_phone_is_told_which_right_is_missing() {
        let silent = Heard::default().verdict("201");
        assert!(silent.kind() == "forbidden" && silent.to_string().contains("read=call"), "{silent}");
        assert_eq!(Heard { seen: true, ..Heard::default() }.verdict("201").kind(), "no-answer");
    }
}
