//! One attempt to listen, from the wish to its end: prepare, journal, ring, attach; `run` does the rest.
//!
//! Success is ChanSpyStart and nothing else: the answered Originate of a call that is already over attaches to nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::heard::Heard;
use super::run::{Run, Stand, Taps};
use super::{HANGUP, Shared, may_not};
use crate::clock;
use crate::config::SupervisorPhone;
use crate::domain::control::{
    ControlError, Leg, Mode, OWN_IDS, Reason, Request, Supervision, SupervisionState, Target, resolve,
};
use crate::domain::ids::{PbxName, UniqueId};
use crate::pbx::ami::action::Action;
use crate::pbx::ami::session::ActionError;
use crate::store::JournalId;
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

/// Why it did not attach, and whether the phone's leg is known to be gone.
struct Failed {
    error: ControlError,
    is_gone: bool,
}

impl From<ControlError> for Failed {
    /// Nothing rings any more.
    fn from(error: ControlError) -> Self {
        Self { error, is_gone: true }
    }
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
        let calling = self.supervision();
        // In the list before the journal: a second wish for the same phone must find it there.
        if let Err(error) = self.shared.begin(calling.clone(), &self.phone) {
            return drop(answer.send(Err(error)));
        }
        let opened = self.shared.journal_open(&calling, &self.phone.channel).await;
        let journal = match opened {
            Ok(journal) => journal,
            Err(error) => {
                self.shared.registry.forget(&self.id);
                return drop(answer.send(Err(ControlError::Journal(error.to_string()))));
            }
        };
        let since = self.live.snapshot.borrow().ami.since;
        match self.ring().await {
            Ok(taps) => {
                let attached =
                    Supervision { state: SupervisionState::Attached, since: clock::now(), ..calling };
                self.shared.registry.update(&self.id, |held| *held = attached.clone());
                let _ = answer.send(Ok(attached));
                self.into_run(journal).run(Stand::Up(taps)).await;
            }
            Err(Failed { error, is_gone }) => {
                let reason = Reason::NotAttached(error.kind(), error.to_string());
                self.shared.registry.plan(&self.id, reason.clone());
                if is_gone {
                    let reason = self.shared.registry.planned(&self.id).unwrap_or(reason);
                    self.shared.close(&self.id, journal, reason).await;
                    return drop(answer.send(Err(error)));
                }
                let _ = answer.send(Err(error));
                // The phone may ring on: it is hung up as soon as the link is back.
                self.into_run(journal).run(Stand::Lost(Some(since))).await;
            }
        }
    }

    fn into_run(self, journal: JournalId) -> Run {
        let longest = i64::try_from(self.shared.longest.as_millis()).unwrap_or(i64::MAX);
        Run {
            until: clock::now().tick.plus_millis(longest),
            shared: self.shared,
            live: self.live,
            id: self.id,
            target: self.leg.channel,
            journal,
            earlier: false,
        }
    }

    fn supervision(&self) -> Supervision {
        Supervision {
            id: self.id.clone(),
            pbx: self.pbx().clone(),
            state: SupervisionState::Calling,
            foreign: false,
            channel: self.leg.channel.clone(),
            interface: self.leg.interface.clone(),
            agent: self.leg.agent.clone(),
            partner: self.leg.partner.clone(),
            queue: Some(self.leg.queue.clone()),
            mode: Some(self.request.mode),
            supervisor: self.phone.extension.clone(),
            actor: self.request.actor.clone(),
            origin: self.request.origin.clone(),
            since: clock::now(),
            ended: None,
        }
    }

    fn pbx(&self) -> &PbxName {
        &self.live.pbx
    }

    /// Rings the phone; returns what is heard of both legs once it listens.
    async fn ring(&self) -> Result<Taps, Failed> {
        let down = || ControlError::LinkDown(self.pbx().to_string());
        let taps = Taps::follow(&self.live, &self.id, &self.leg.channel).await;
        let mut taps = taps.ok_or_else(down)?;
        if let Some(error) = self.given_up() {
            return Err(error.into());
        }
        let spy = originate(&self.phone, &self.leg, self.request.mode, &self.id);
        match self.live.client().act(spy).await {
            Ok(()) => {}
            Err(ActionError::Closed | ActionError::Deadline) => {
                return Err(Failed { error: down(), is_gone: false });
            }
            Err(error) => return Err(may_not(&error, "originate").into()),
        }
        let mut heard = Heard::default();
        let result = match timeout(ATTEMPT, self.attach(&mut taps, &mut heard)).await {
            Ok(result) => result,
            Err(_) => Err(heard.verdict(&self.phone.extension)),
        };
        match result {
            Ok(()) => Ok(taps),
            Err(error) => {
                let error = self.given_up().unwrap_or(error);
                Err(Failed { error, is_gone: self.clear(&mut taps, &heard).await })
            }
        }
    }

    /// Somebody has given it up meanwhile, or the program ends.
    fn given_up(&self) -> Option<ControlError> {
        match self.shared.registry.planned(&self.id)? {
            Reason::ByUs(who) => Some(ControlError::Cancelled(who)),
            reason => Some(ControlError::Cancelled(match reason {
                Reason::Shutdown => "AsterFlow, which ends,".to_owned(),
                _ => "AsterFlow".to_owned(),
            })),
        }
    }

    /// Sees to it that nothing rings any more; whether that is sure.
    async fn clear(&self, taps: &mut Taps, heard: &Heard) -> bool {
        if heard.cause.is_some() || (heard.failed.is_some() && !heard.seen) {
            return true;
        }
        let hangup = Action::Hangup { channel: self.id.to_string() };
        match self.live.client().act(hangup).await {
            // There is no such channel (any more).
            Err(ActionError::Refused(_)) => return true,
            Err(_) => return false,
            Ok(()) => {}
        }
        let gone = async {
            loop {
                match taps.own().await {
                    Some(LegEvent::HungUp(_)) => return true,
                    Some(LegEvent::LinkDown) | None => return false,
                    Some(_) => {}
                }
            }
        };
        timeout(HANGUP, gone).await.unwrap_or(false)
    }

    async fn attach(&self, taps: &mut Taps, heard: &mut Heard) -> Result<(), ControlError> {
        let mut floor = self.live.snapshot.clone();
        loop {
            let wait = match (heard.answered, heard.cause) {
                (true, _) => ATTACH,
                (false, Some(_)) => REASON,
                (false, None) => ATTEMPT,
            };
            let event = tokio::select! {
                event = timeout(wait, taps.own()) => event,
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
            if heard.seen && heard.cause.is_none() && self.given_up().is_some() {
                // It was given up before there was a channel to hang up.
                return Err(ControlError::TargetGone);
            }
            if heard.rings {
                let rings = |held: &mut Supervision| {
                    if held.state == SupervisionState::Calling {
                        held.state = SupervisionState::Ringing;
                    }
                };
                self.shared.registry.update(&self.id, rings);
            }
        }
    }
}

/// The one action that lets somebody listen: exactly this call, exactly this phone, no other application.
fn originate(phone: &SupervisorPhone, leg: &Leg, mode: Mode, id: &UniqueId) -> Action {
    Action::Spy {
        phone: phone.channel.clone(),
        spied: format!("{},{}", leg.channel, mode.spy_options()),
        id: id.to_string(),
        caller_id: caller_id(leg.agent.as_str(), leg.interface.as_str()),
        timeout_ms: RING_MS,
    }
}

/// A channel id that was never used: it becomes the Uniqueid of the supervisor's channel.
fn new_id() -> UniqueId {
    let random = crate::backoff::random() & 0xffff_ffff;
    UniqueId::new(format!("{OWN_IDS}{}-{random:08x}", clock::now().wall.as_second()))
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

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(caller_id("Eve \"x\" <9>\r\n", "PJSIP/105"), "\"Eve x 9\" <105>");
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_pbx_calls_people_the_wire_has_our_seven_headers_and_this_application(
            agent in "\\PC{0,60}|[\r\n\0\",;<>&|A-Z: ]{0,30}",
            interface in "[\r\n\0\",&|A-Za-z0-9/@: -]{0,40}",
        ) {
            let leg = Leg {
                channel: "17.4".into(),
                interface: interface.as_str().into(),
                agent: agent.as_str().into(),
                queue: "q".into(),
                partner: None,
            };
            let phone = SupervisorPhone {
                extension: "201".into(),
                channel: "PJSIP/201".into(),
                name: "Desk".into(),
            };
            let id = new_id();
            let bytes = originate(&phone, &leg, Mode::Listen, &id).encode("a").expect("it can be written");
            let text = String::from_utf8(bytes).expect("text");
            let lines: Vec<&str> = text.split("\r\n").collect();
            let keys: Vec<&str> = lines.iter().filter_map(|line| line.split_once(": ")).map(|(key, _)| key).collect();
            let ours = ["Action", "ActionID", "Channel", "Application", "Data", "ChannelId", "CallerID", "Timeout", "Async"];
            proptest::prop_assert_eq!(keys, ours.to_vec());
            proptest::prop_assert_eq!(lines.len(), ours.len() + 2);
            proptest::prop_assert!(lines.contains(&"Application: ChanSpy") && lines.contains(&"Data: 17.4,qESud"));
            proptest::prop_assert!(!text.trim_end().contains(['\0', '\u{85}', '\u{2028}']), "{}", text);
        }
    }
}
