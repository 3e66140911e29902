//! Supervision: starts, changes and ends listening, and answers only after the effect was seen.
//!
//! In: wishes from the web and the wall. Out: one Originate each, never repeated, journalled before it is sent. Every
//! attempt runs as a task of its own, so that an impatient asker cannot leave a ringing phone behind.

mod attempt;
mod registry;

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::config::SupervisorPhone;
use crate::domain::control::{ControlError, Mode, Request, Supervision, SupervisionState};
use crate::domain::ids::{PbxName, UniqueId};
use crate::domain::link::LinkState;
use crate::pbx::ami::action::Action;
use crate::store::Store;
use crate::tasks::live::{LegEvent, Live};

use attempt::Attempt;
use registry::Registry;

/// The phones' legs end this long after they were hung up, at the latest.
const HANGUP: std::time::Duration = std::time::Duration::from_secs(4);
/// A change of mode is reported within this time (27–192 ms were measured).
const MODE_CHANGE: std::time::Duration = std::time::Duration::from_secs(2);

/// Handle to supervision. Cheap to clone.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

/// What attempts need.
pub(in crate::tasks::control) struct Shared {
    lives: Vec<Live>,
    phones: Vec<SupervisorPhone>,
    store: Store,
    registry: Registry,
}

impl Control {
    /// Control over these PBXs by these phones.
    pub fn new(lives: Vec<Live>, phones: Vec<SupervisorPhone>, store: Store) -> Self {
        Self { shared: Arc::new(Shared { lives, phones, store, registry: Registry::default() }) }
    }

    /// The phones that may listen.
    pub fn phones(&self) -> &[SupervisorPhone] {
        &self.shared.phones
    }

    /// Rings the supervisor's phone and lets it take part in exactly the wished call. Returns once ChanSpy has attached.
    ///
    /// # Errors
    /// Every reason for which it did not attach; then nothing rings any more.
    pub async fn start(&self, request: Request) -> Result<Supervision, ControlError> {
        let attempt = Attempt::prepare(Arc::clone(&self.shared), request)?;
        let (answer, result) = oneshot::channel();
        tokio::spawn(attempt.run(answer));
        result.await.unwrap_or(Err(ControlError::TargetGone))
    }

    /// One supervision, ringing, running or among the last that ended.
    pub fn get(&self, id: &UniqueId) -> Option<Supervision> {
        self.shared.registry.get(id)
    }

    /// All that ring or run, and the last that ended; newest first.
    pub fn list(&self) -> Vec<Supervision> {
        self.shared.registry.list()
    }

    /// Changes how a running supervision takes part, and waits until the PBX reports it.
    ///
    /// # Errors
    /// When it is not running, or the PBX does not report the change.
    pub async fn set_mode(&self, id: &UniqueId, mode: Mode) -> Result<Supervision, ControlError> {
        // A key that is sent before ChanSpy has attached is lost.
        if self.get(id).is_some_and(|held| held.state == SupervisionState::Calling) {
            let why = "The phone still rings. Change the mode once it is picked up.";
            return Err(ControlError::Forbidden(why.into()));
        }
        let (live, mut events) = self.follow_running(id).await?;
        let act = Action::Key { channel: id.to_string(), digit: mode.key() };
        live.client().act(act).await.map_err(|error| ControlError::Refused(error.to_string()))?;
        let heard = tokio::time::timeout(MODE_CHANGE, async {
            while let Some(event) = events.recv().await {
                match event {
                    LegEvent::Key(digit) if digit == mode.key() => return Ok(()),
                    LegEvent::HungUp(_) | LegEvent::LinkDown => return Err(ControlError::TargetGone),
                    _ => {}
                }
            }
            Err(ControlError::TargetGone)
        });
        match heard.await {
            Ok(result) => result?,
            Err(_) => {
                let why = "it did not report the change of mode (the AMI user needs read=dtmf)";
                return Err(ControlError::Refused(why.into()));
            }
        }
        self.shared.registry.update(id, |supervision| supervision.mode = mode);
        self.get(id).ok_or(ControlError::Unknown)
    }

    /// Ends a supervision, or the ringing for one, and waits until the phone's leg is gone.
    ///
    /// # Errors
    /// When it is unknown, or the link is down.
    pub async fn stop(&self, id: &UniqueId) -> Result<Supervision, ControlError> {
        if let Some(over) = self.get(id).filter(|supervision| supervision.ended.is_some()) {
            return Ok(over);
        }
        let (live, mut events) = self.follow_running(id).await?;
        let hangup = Action::Hangup { channel: id.to_string() };
        if live.client().act(hangup).await.is_ok() {
            let gone = async {
                while let Some(event) = events.recv().await {
                    if matches!(event, LegEvent::HungUp(_) | LegEvent::LinkDown) {
                        return;
                    }
                }
            };
            let _ = tokio::time::timeout(HANGUP, gone).await;
        }
        self.shared.registry.ended(id).await;
        self.get(id).ok_or(ControlError::Unknown)
    }

    async fn follow_running(
        &self,
        id: &UniqueId,
    ) -> Result<(&Live, tokio::sync::mpsc::Receiver<LegEvent>), ControlError> {
        let known = self.get(id).ok_or(ControlError::Unknown)?;
        if known.ended.is_some() {
            return Err(ControlError::TargetGone);
        }
        let live = self.shared.live(Some(&known.pbx))?;
        let events = live.follow(id).await.ok_or_else(|| ControlError::LinkDown(known.pbx.to_string()))?;
        Ok((live, events))
    }
}

impl Shared {
    /// The live link of `pbx`; of the only one when not named.
    fn live(&self, pbx: Option<&PbxName>) -> Result<&Live, ControlError> {
        let found = match pbx {
            Some(name) => self.lives.iter().find(|live| live.pbx == *name),
            None if self.lives.len() == 1 => self.lives.first(),
            None => return Err(ControlError::Forbidden("There are several PBXs. Name one.".into())),
        };
        let name = || pbx.map_or_else(String::new, ToString::to_string);
        let live = found.ok_or_else(|| ControlError::Forbidden(format!("There is no PBX {}.", name())))?;
        if live.snapshot.borrow().ami.state == LinkState::Live {
            Ok(live)
        } else {
            Err(ControlError::LinkDown(live.pbx.to_string()))
        }
    }
}
