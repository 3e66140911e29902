//! One attempt to listen, from the wish to its end: prepare, journal, ring, attach, end.
//!
//! Success is ChanSpyStart and nothing else: the answered Originate of a call that is already over attaches to nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::Shared;
use crate::clock;
use crate::config::SupervisorPhone;
use crate::domain::control::{
    ControlError, Leg, Mode, Request, Supervision, SupervisionState, Target, resolve,
};
use crate::domain::ids::{PbxName, UniqueId};
use crate::pbx::ami::action::Action;
use crate::store::{JournalEntry, JournalId};
use crate::tasks::live::{LegEvent, Live};

/// How long the supervisor's phone rings.
const RING_MS: u32 = 20_000;
/// The whole attempt: ringing, and a little for the PBX.
const ATTEMPT: Duration = Duration::from_secs(25);
/// From the supervisor's answer to ChanSpyStart.
const ATTACH: Duration = Duration::from_secs(3);
/// From a failed leg's end to the answer that says why.
const REASON: Duration = Duration::from_secs(1);

/// An attempt whose target and phone are known to be right.
pub(super) struct Attempt {
    shared: Arc<Shared>,
    live: Live,
    phone: SupervisorPhone,
    leg: Leg,
    request: Request,
    id: UniqueId,
}

type Answer = oneshot::Sender<Result<Supervision, ControlError>>;

impl Attempt {
    /// Finds phone and leg. Nothing has happened yet.
    pub(super) fn prepare(shared: Arc<Shared>, request: Request) -> Result<Self, ControlError> {
        let phone = shared.phones.iter().find(|phone| phone.extension == request.supervisor).cloned();
        let phone = phone.ok_or_else(|| {
            ControlError::Forbidden(format!(
                "The extension {} is no supervisor's phone. Add it as [[supervisor_phone]] to the configuration.",
                request.supervisor
            ))
        })?;
        let live = shared.live(request.pbx.as_ref())?.clone();
        let leg = resolve(&live.snapshot.borrow(), &request.target)?;
        if leg.interface.as_str().eq_ignore_ascii_case(&phone.channel) {
            return Err(ControlError::Forbidden("A phone cannot listen to itself.".into()));
        }
        Ok(Self { shared, live, phone, leg, request, id: new_id() })
    }

    /// Runs the attempt to the end of the supervision; `answer` gets its outcome as soon as there is one.
    pub(super) async fn run(self, answer: Answer) {
        let journal = match self.open_journal().await {
            Ok(journal) => journal,
            Err(error) => return drop(answer.send(Err(error))),
        };
        let calling = self.supervision();
        self.shared.registry.insert(calling.clone());
        let why = match self.ring().await {
            Ok(mut events) => {
                let attached =
                    Supervision { state: SupervisionState::Attached, since: clock::now(), ..calling };
                self.shared.registry.update(&self.id, |held| *held = attached.clone());
                let _ = answer.send(Ok(attached));
                let why = self.until_end(&mut events).await;
                self.shared.registry.end(&self.id, why);
                why.to_owned()
            }
            Err(error) => {
                let why = error.to_string();
                self.shared.registry.end(&self.id, &why);
                let _ = answer.send(Err(error));
                why
            }
        };
        if let Err(error) = self.shared.store.journal_close(clock::now().wall, journal, &why, None).await {
            tracing::error!(%error, id = %self.id, "the end of a supervision could not be journalled");
        }
    }

    fn supervision(&self) -> Supervision {
        Supervision {
            id: self.id.clone(),
            pbx: self.pbx().clone(),
            state: SupervisionState::Calling,
            channel: self.leg.channel.clone(),
            interface: self.leg.interface.clone(),
            agent: self.leg.agent.clone(),
            queue: Some(self.leg.queue.clone()),
            mode: self.request.mode,
            supervisor: self.phone.extension.clone(),
            actor: self.request.actor.clone(),
            since: clock::now(),
            ended: None,
        }
    }

    fn pbx(&self) -> &PbxName {
        &self.live.pbx
    }

    async fn open_journal(&self) -> Result<JournalId, ControlError> {
        let Leg { channel, interface, agent, queue } = &self.leg;
        let entry = JournalEntry {
            actor: self.request.actor.clone(),
            origin: self.request.origin.clone(),
            action: format!("supervision {}", self.request.mode.as_str()),
            target: format!("{} {queue} {agent} {interface} {channel} by {}", self.pbx(), self.phone.channel),
            before: None,
            after: Some(self.id.to_string()),
        };
        let opened = self.shared.store.journal_open(clock::now().wall, entry).await;
        opened.map_err(|error| ControlError::Journal(error.to_string()))
    }

    /// Rings the phone; returns its events once it listens. On any other outcome nothing of it is left.
    async fn ring(&self) -> Result<mpsc::Receiver<LegEvent>, ControlError> {
        let down = || ControlError::LinkDown(self.pbx().to_string());
        let mut events = self.live.follow(&self.id).await.ok_or_else(down)?;
        let spy = Action::Spy {
            phone: self.phone.channel.clone(),
            spied: format!("{},{}", self.leg.channel, self.request.mode.spy_options()),
            id: self.id.to_string(),
            caller_id: caller_id(self.leg.agent.as_str(), self.leg.interface.as_str()),
            timeout_ms: RING_MS,
        };
        self.live.client().act(spy).await.map_err(|error| ControlError::Refused(error.to_string()))?;
        let result = match timeout(ATTEMPT, self.attach(&mut events)).await {
            Ok(result) => result,
            Err(_) => Err(ControlError::NoAnswer(self.phone.extension.clone())),
        };
        match result {
            Ok(()) => Ok(events),
            Err(error) => {
                let hangup = Action::Hangup { channel: self.id.to_string() };
                // The leg is usually gone already; then the PBX says so and all is well.
                let _ = self.live.client().act(hangup).await;
                Err(error)
            }
        }
    }

    /// Follows a supervision to its end; the supervisor may change its mode on the phone's own keys.
    async fn until_end(&self, events: &mut mpsc::Receiver<LegEvent>) -> &'static str {
        loop {
            match events.recv().await {
                Some(LegEvent::HungUp(_)) => return "ended",
                Some(LegEvent::LinkDown) | None => {
                    return "the link to the PBX was lost; the phone may still listen";
                }
                Some(LegEvent::Key(key)) => {
                    if let Some(mode) = Mode::by_key(key) {
                        self.shared.registry.update(&self.id, |supervision| supervision.mode = mode);
                    }
                }
                Some(_) => {}
            }
        }
    }

    async fn attach(&self, events: &mut mpsc::Receiver<LegEvent>) -> Result<(), ControlError> {
        let mut floor = self.live.snapshot.clone();
        let mut heard = Heard::default();
        loop {
            let wait = match (heard.answered, heard.cause) {
                (true, _) => ATTACH,
                (false, Some(_)) => REASON,
                (false, None) => ATTEMPT,
            };
            let event = tokio::select! {
                event = timeout(wait, events.recv()) => event,
                Ok(()) = floor.changed() => {
                    // Nobody shall pick up a phone for a call that is over.
                    let target = Target::Channel(self.leg.channel.clone());
                    if resolve(&floor.borrow_and_update(), &target).is_err() {
                        return Err(ControlError::TargetGone);
                    }
                    continue;
                }
            };
            match event {
                Ok(Some(LegEvent::Attached(target))) if target == self.leg.channel => return Ok(()),
                Ok(Some(LegEvent::Attached(_) | LegEvent::Detached)) => return Err(ControlError::TargetGone),
                Ok(Some(LegEvent::LinkDown) | None) => {
                    return Err(ControlError::LinkDown(self.pbx().to_string()));
                }
                Ok(Some(event)) => heard.note(&event),
                Err(_) => return Err(heard.verdict(&self.phone.extension)),
            }
            if heard.is_decided() {
                return Err(heard.verdict(&self.phone.extension));
            }
        }
    }
}

/// What was heard of the supervisor's leg so far.
#[derive(Debug, Default)]
struct Heard {
    seen: bool,
    answered: bool,
    failed: Option<u8>,
    cause: Option<u16>,
}

impl Heard {
    fn note(&mut self, event: &LegEvent) {
        match event {
            LegEvent::Seen => self.seen = true,
            LegEvent::HungUp(cause) => self.cause = Some(*cause),
            LegEvent::Originated { answered: true, .. } => self.answered = true,
            LegEvent::Originated { reason, .. } => self.failed = Some(*reason),
            _ => {}
        }
    }

    fn is_decided(&self) -> bool {
        // A leg that was seen ends with a cause, which tells more than the reason.
        self.failed.is_some() && (self.cause.is_some() || !self.seen)
            || (self.answered && self.cause.is_some())
    }

    /// Why it did not attach: busy and declined are told by the cause, no answer by the reason.
    fn verdict(&self, extension: &str) -> ControlError {
        let phone = extension.to_owned();
        match (self.answered, self.failed, self.cause) {
            (true, ..) => ControlError::TargetGone,
            (_, _, Some(17)) | (_, Some(5), _) => ControlError::Busy(phone),
            (_, _, Some(21)) => ControlError::Declined(phone),
            (_, Some(3), _) | (_, _, Some(18 | 19)) => ControlError::NoAnswer(phone),
            (_, _, Some(20)) => ControlError::Unregistered(phone),
            (_, Some(_), None) if !self.seen => ControlError::Unregistered(phone),
            (_, _, Some(_)) => ControlError::Declined(phone),
            _ => ControlError::NoAnswer(phone),
        }
    }
}

/// A channel id that was never used: it becomes the Uniqueid of the supervisor's channel.
fn new_id() -> UniqueId {
    let random = crate::backoff::random() & 0xffff_ffff;
    UniqueId::new(format!("asterflow-{}-{random:08x}", clock::now().wall.as_second()))
}

/// What the supervisor's phone shows, without anything that would end the name.
fn caller_id(agent: &str, interface: &str) -> String {
    let name: String =
        agent.chars().filter(|c| c.is_alphanumeric() || " .-_".contains(*c)).take(40).collect();
    let number: String = interface.chars().filter(char::is_ascii_digit).take(20).collect();
    format!("\"{name}\" <{number}>")
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
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(caller_id("Eve \"x\" <9>\r\n", "PJSIP/105"), "\"Eve x 9\" <105>");
    }
}
