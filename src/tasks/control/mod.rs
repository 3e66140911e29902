//! Supervision: starts, changes and ends listening, and answers only after the effect was seen.
//!
//! In: wishes from the web and the wall. Out: one Originate each, never repeated, journalled before it is sent. Every
//! attempt runs as a task of its own, so that an impatient asker cannot leave a ringing phone behind. What an earlier run
//! of the program began is found again, and who listens without having been started here is seen.

mod attempt;
mod foreign;
mod heard;
mod journal;
mod registry;
mod run;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::oneshot;

use crate::config::SupervisorPhone;
use crate::domain::account::Actor;
use crate::domain::control::{ControlError, Mode, Reason, Request, Supervision, SupervisionState};
use crate::domain::ids::{PbxName, UniqueId};
use crate::domain::link::LinkState;
use crate::pbx::ami::action::Action;
use crate::pbx::ami::session::ActionError;
use crate::store::{Store, StoreError};
use crate::tasks::live::Live;

use attempt::Attempt;
use registry::Registry;
use run::{Run, Stand};

pub use journal::OVER_RESTARTS;

/// The phones' legs end this long after they were hung up, at the latest.
const HANGUP: Duration = Duration::from_secs(4);
/// From the end of a leg to its row in the journal, with the second in which its reason shows.
const NOTED: Duration = Duration::from_secs(2);
/// A change of mode is reported within this time (27–192 ms were measured).
const MODE_CHANGE: Duration = Duration::from_secs(2);
/// When the program ends, what runs is hung up within this time.
const END: Duration = Duration::from_millis(2_000);
/// How long one may listen where nothing is said.
const LONGEST: Duration = Duration::from_secs(3600);
/// So many ring or run at once; a site has fewer supervisors' phones.
const MOST: usize = 50;

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
    longest: Duration,
    /// The program ends: nothing is begun any more.
    ending: AtomicBool,
}

impl Control {
    /// Control over these PBXs by these phones; an hour at the longest.
    pub fn new(lives: Vec<Live>, phones: Vec<SupervisorPhone>, store: Store) -> Self {
        Self::lasting(lives, phones, store, LONGEST)
    }

    /// As [`Self::new`], `longest` at the longest.
    pub fn lasting(lives: Vec<Live>, phones: Vec<SupervisorPhone>, store: Store, longest: Duration) -> Self {
        let (registry, ending) = (Registry::default(), AtomicBool::new(false));
        Self { shared: Arc::new(Shared { lives, phones, store, registry, longest, ending }) }
    }

    /// Takes over what earlier runs of the program left open, and watches from now on who listens without having been
    /// started here. Called once, before anything is started.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn resume(&self) -> Result<(), StoreError> {
        let mut left = self.shared.journal_left_open().await?;
        for live in &self.shared.lives {
            let (here, elsewhere): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|open| open.held.pbx == live.pbx);
            left = elsewhere;
            let (seen, own): (Vec<_>, Vec<_>) = here.into_iter().partition(|open| open.held.foreign);
            for open in own {
                let longest = i64::try_from(self.shared.longest.as_millis()).unwrap_or(i64::MAX);
                let run = Run {
                    shared: Arc::clone(&self.shared),
                    live: live.clone(),
                    id: open.held.id.clone(),
                    target: open.held.channel.clone(),
                    journal: open.row,
                    until: open.held.since.tick.plus_millis(longest),
                    earlier: true,
                };
                self.shared.registry.insert(open.held);
                tokio::spawn(run.run(Stand::Lost(None)));
            }
            tokio::spawn(foreign::Watch::new(Arc::clone(&self.shared), live.clone(), seen).run());
        }
        for open in left {
            // Its PBX is not in the configuration any more.
            self.shared.journal_end(open.row, &open.held, &Reason::Unknown).await;
        }
        Ok(())
    }

    /// The phones that may listen.
    pub fn phones(&self) -> &[SupervisorPhone] {
        &self.shared.phones
    }

    /// Rings the supervisor's phone and lets it take part in exactly the wished call. Returns once ChanSpy has attached.
    ///
    /// # Errors
    /// Every reason for which it did not attach; then nothing rings any more, or (link down) it is hung up once it can be.
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

    /// All that ring or run, also those not started here, and the last that ended; newest first.
    pub fn list(&self) -> Vec<Supervision> {
        self.shared.registry.list()
    }

    /// Changes how a running supervision takes part, and waits until the PBX reports it.
    ///
    /// # Errors
    /// When it is not running, or the PBX does not report the change.
    pub async fn set_mode(&self, id: &UniqueId, mode: Mode, by: &Actor) -> Result<Supervision, ControlError> {
        let (held, live) = self.steerable(id)?;
        // A key that is sent before ChanSpy has attached is lost.
        if held.state.is_before_answer() {
            let why = "The phone still rings. Change the mode once it is picked up.";
            return Err(ControlError::Forbidden(why.into()));
        }
        let row = self.shared.journal_mode(&held, mode, by).await;
        let row = row.map_err(|error| ControlError::Journal(error.to_string()))?;
        let turned = self.turn(id, live, mode).await;
        let (result, now) = match &turned {
            Ok(()) => ("ok".to_owned(), Some(mode)),
            Err(error) => (error.to_string(), None),
        };
        self.shared.journal_mode_end(row, &result, now).await;
        turned?;
        self.get(id).ok_or(ControlError::Unknown)
    }

    async fn turn(&self, id: &UniqueId, live: &Live, mode: Mode) -> Result<(), ControlError> {
        let registry = &self.shared.registry;
        registry.ask(id, Some(mode));
        let act = Action::Key { channel: id.to_string(), digit: mode.key() };
        if let Err(error) = live.client().act(act).await {
            registry.ask(id, None);
            return Err(match error {
                ActionError::Closed | ActionError::Deadline => ControlError::LinkDown(live.pbx.to_string()),
                error => may_not(&error, "call"),
            });
        }
        let is_done = |held: &Supervision| held.ended.is_some() || registry.asked(&held.id) != Some(mode);
        let in_time = registry.until(id, MODE_CHANGE, is_done).await;
        if self.get(id).is_none_or(|held| held.ended.is_some()) {
            return Err(ControlError::TargetGone);
        }
        if !in_time {
            registry.ask(id, None);
            // The key is pressed; whether it was heard, nobody told.
            registry.update(id, |held| held.mode = None);
            let why = "it did not report the change of mode (the AMI user needs read=dtmf)";
            return Err(ControlError::Refused(why.into()));
        }
        Ok(())
    }

    /// Ends a supervision, or the ringing for one, and waits until the phone's leg is gone.
    ///
    /// # Errors
    /// When it is unknown or not ours, or the link is down: then it is ended as soon as that is back.
    pub async fn stop(&self, id: &UniqueId, by: &Actor) -> Result<Supervision, ControlError> {
        if let Some(over) = self.get(id).filter(|supervision| supervision.ended.is_some()) {
            return Ok(over);
        }
        let planned = Reason::ByUs(by.name.clone());
        let (_, live) = match self.steerable(id) {
            Err(error @ ControlError::LinkDown(_)) => {
                self.shared.registry.plan(id, planned);
                return Err(error);
            }
            found => found?,
        };
        self.shared.registry.plan(id, planned);
        let hangup = Action::Hangup { channel: id.to_string() };
        match live.client().act(hangup).await {
            Err(ActionError::Closed | ActionError::Deadline) => {
                return Err(ControlError::LinkDown(live.pbx.to_string()));
            }
            Err(error @ ActionError::Refused(_)) if is_permission(&error) => {
                self.shared.registry.unplan(id);
                return Err(may_not(&error, "call"));
            }
            // It may be gone already, or not be there yet: the attempt sees to that.
            _ => {}
        }
        self.shared.registry.until(id, HANGUP + NOTED, |held| held.ended.is_some()).await;
        let held = self.get(id).ok_or(ControlError::Unknown)?;
        if held.ended.is_none() {
            return Err(ControlError::Refused("it has not confirmed the end; hang up the phone".into()));
        }
        Ok(held)
    }

    /// Hangs up all that was started here, because the program ends. Takes two seconds at the most; a second call nothing.
    pub async fn end(&self) {
        if self.shared.ending.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut running = self.list();
        running.retain(|held| !held.foreign && held.ended.is_none() && held.state != SupervisionState::Lost);
        let over = running.iter().map(async |held| {
            self.shared.registry.plan(&held.id, Reason::Shutdown);
            if let Some(live) = self.shared.lives.iter().find(|live| live.pbx == held.pbx) {
                // What is not there yet is hung up by its attempt.
                let _ = live.client().act(Action::Hangup { channel: held.id.to_string() }).await;
            }
            self.shared.registry.until(&held.id, END, |held| held.ended.is_some()).await
        });
        if tokio::time::timeout(END, join_all(over)).await.is_err() {
            tracing::warn!("some phone still listens; the next start looks for it");
        }
    }

    /// A running supervision of ours, and the link to its PBX.
    fn steerable(&self, id: &UniqueId) -> Result<(Supervision, &Live), ControlError> {
        let held = self.get(id).ok_or(ControlError::Unknown)?;
        if held.ended.is_some() {
            return Err(ControlError::TargetGone);
        }
        if held.foreign {
            let why = format!("It was not started here. Hang up the phone {}.", held.supervisor);
            return Err(ControlError::Forbidden(why));
        }
        let live = self.shared.live(Some(&held.pbx))?;
        if held.state == SupervisionState::Lost {
            return Err(ControlError::LinkDown(held.pbx.to_string()));
        }
        Ok((held, live))
    }
}

fn is_permission(error: &ActionError) -> bool {
    matches!(error, ActionError::Refused(why) if ["Permission denied", "Forbidden"].iter().any(|word| why.contains(word)))
}

/// Why the PBX did not take an action that needs a class.
fn may_not(error: &ActionError, class: &str) -> ControlError {
    if is_permission(error) {
        ControlError::Forbidden(format!(
            "The PBX does not let the AMI user do that ({error}). It needs write={class} in manager.conf; then run \
             `manager reload`."
        ))
    } else {
        ControlError::Refused(error.to_string().trim_end_matches('.').to_owned())
    }
}

impl Shared {
    /// Notes a new attempt, unless it must not be.
    fn begin(&self, calling: Supervision, phone: &SupervisorPhone) -> Result<(), ControlError> {
        if self.ending.load(Ordering::Relaxed) {
            return Err(ControlError::Forbidden("AsterFlow is ending. Try again once it is back.".into()));
        }
        let rings = |held: &Supervision| held.state.is_before_answer() && held.supervisor == phone.extension;
        self.registry.insert_if(calling, |others| {
            let running: Vec<&Supervision> =
                others.filter(|held| !held.foreign && held.ended.is_none()).collect();
            if running.iter().any(|held| rings(held)) {
                return Err(ControlError::Busy(phone.extension.clone()));
            }
            if running.len() >= MOST {
                let why = format!("{MOST} people listen already, and there is room for no more.");
                return Err(ControlError::Forbidden(why));
            }
            Ok(())
        })
    }

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
