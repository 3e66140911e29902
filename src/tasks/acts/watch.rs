//! Waits until the effect of an act is seen.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep_until, timeout};

use crate::clock;
use crate::domain::act::{ActError, Plan};
use crate::domain::ids::UniqueId;
use crate::domain::link::LinkState;
use crate::domain::live::snapshot::Snapshot;
use crate::domain::time::Tick;
use crate::tasks::live::{LegEvent, Live};

/// What Asterisk accepted shows within this time, or not at all.
const EFFECT_MS: i64 = 5_000;
/// Events come in milliseconds. Where none came by then, whole pictures are asked for.
const PATIENCE_MS: i64 = 1_000;
/// Pictures are not fetched faster than every two seconds; asking again later costs nothing.
const AGAIN_MS: i64 = 500;
/// Until a whole picture is there.
const PICTURE: Duration = Duration::from_secs(4);
/// AgentConnect comes some milliseconds after the caller has left the line.
const CONNECT: Duration = Duration::from_millis(300);
/// Longest time until the live task answers.
const ANSWER: Duration = Duration::from_secs(1);
/// Highest priority that Asterisk takes.
const HIGHEST: i64 = i32::MAX as i64;

/// Looks at one act.
pub(super) struct Watch<'a> {
    live: &'a Live,
    plan: &'a Plan,
    floor: watch::Receiver<Arc<Snapshot>>,
    /// What happens to the channel that the act is about.
    leg: Option<mpsc::Receiver<LegEvent>>,
    hung_up: bool,
}

impl<'a> Watch<'a> {
    /// Begins to look; call it before the action is sent.
    pub(super) async fn begin(live: &'a Live, plan: &'a Plan) -> Result<Self, ActError> {
        let id = match plan {
            Plan::HangUp { channel, .. } => Some(channel),
            Plan::MoveUp { caller, .. } | Plan::Withdraw { caller, .. } => Some(caller),
            _ => None,
        };
        let leg = match id {
            Some(id) => {
                let followed = live.follow(id).await;
                Some(followed.ok_or_else(|| ActError::LinkDown(live.pbx.to_string()))?)
            }
            None => None,
        };
        Ok(Self { live, plan, floor: live.snapshot.clone(), leg, hung_up: false })
    }

    /// A priority over all who wait where the caller waits; 0 for acts that need none.
    pub(super) async fn front(&mut self) -> Result<i64, ActError> {
        let Plan::MoveUp { queue, caller, .. } = self.plan else { return Ok(0) };
        let priorities = |floor: &Snapshot| {
            let queue = floor.queues.iter().find(|known| known.name == *queue)?;
            let others = queue.waiting.iter().filter(|waits| waits.channel != *caller);
            others.map(|waits| waits.priority).try_fold(0, |most: i64, one| Some(most.max(one?)))
        };
        let known = priorities(&self.floor.borrow());
        let most = match known {
            Some(most) => most,
            // Somebody has joined since the last picture, perhaps with a priority of the dialplan's.
            None => {
                let mut pictures = self.live.pictures.clone();
                pictures.mark_unchanged();
                self.live.expect_picture();
                let _ = timeout(PICTURE, pictures.changed()).await;
                let floor = self.floor.borrow().clone();
                if !self.plan.waits(&floor) {
                    return Err(ActError::NotWaiting);
                }
                priorities(&floor).unwrap_or(0)
            }
        };
        Ok(most.saturating_add(1).min(HIGHEST))
    }

    /// Waits for the effect, and says what is seen.
    pub(super) async fn effect(&mut self) -> Result<String, ActError> {
        let began = clock::now().tick;
        let deadline = began.plus_millis(EFFECT_MS);
        let pictures = *self.live.pictures.borrow();
        // No event tells the order of a line.
        let patience = if matches!(self.plan, Plan::MoveUp { .. }) { 0 } else { PATIENCE_MS };
        let mut ask = began.plus_millis(patience);
        loop {
            let floor = self.floor.borrow_and_update().clone();
            if floor.ami.state != LinkState::Live {
                return Err(ActError::Lost(self.live.pbx.to_string()));
            }
            let seen = self.plan.seen(&floor);
            match (self.plan, seen) {
                (Plan::Withdraw { caller, .. }, Some(seen)) => return self.withdrawn(caller, seen).await,
                (Plan::HangUp { .. }, Some(seen)) => {
                    // A leg leaves its member before it is gone. Without read=call only a whole picture tells.
                    if self.hung_up || *self.live.pictures.borrow() > pictures {
                        return Ok(seen);
                    }
                }
                (_, Some(seen)) => return Ok(seen),
                (_, None) => {}
            }
            if matches!(self.plan, Plan::MoveUp { .. }) && !self.plan.waits(&floor) {
                return Err(self.left());
            }
            if clock::now().tick >= deadline {
                return Err(ActError::NoEffect(self.hint()));
            }
            self.something(deadline, &mut ask).await;
        }
    }

    /// Waits until there is something new, or it is time to ask or to end.
    async fn something(&mut self, deadline: Tick, ask: &mut Tick) {
        let until = deadline.min(*ask);
        let leg = async {
            match &mut self.leg {
                Some(leg) => leg.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.floor.changed() => {}
            event = leg => match event {
                Some(LegEvent::HungUp(_)) => self.hung_up = true,
                Some(_) => {}
                None => self.leg = None,
            },
            () = sleep_until(clock::deadline(until)) => {
                if until < deadline {
                    self.live.expect_picture();
                    *ask = clock::now().tick.plus_millis(AGAIN_MS);
                }
            }
        }
    }

    /// A caller who left the line at that moment may have been answered or have hung up by himself.
    async fn withdrawn(&mut self, caller: &UniqueId, seen: String) -> Result<String, ActError> {
        if self.hung_up {
            return Err(ActError::Left("The caller has hung up in the meantime.".into()));
        }
        tokio::time::sleep(CONNECT).await;
        let (answer, log) = oneshot::channel();
        if self.live.seen().send(answer).await.is_err() {
            return Ok(seen);
        }
        let Ok(Ok(log)) = timeout(ANSWER, log).await else { return Ok(seen) };
        let last = log.visits().filter(|visit| visit.callid == *caller).last();
        if last.is_some_and(|visit| visit.answered.is_some()) {
            return Err(ActError::Left("The caller was answered in the meantime.".into()));
        }
        Ok(seen)
    }

    fn left(&self) -> ActError {
        let how = if self.hung_up { "has hung up" } else { "has left the line" };
        ActError::Left(format!("The caller {how} in the meantime."))
    }

    fn hint(&self) -> String {
        match self.plan {
            Plan::MoveUp { .. } => {
                "An Asterisk older than 18 notes the priority only and leaves the line as it is.".into()
            }
            Plan::Withdraw { .. } => "The caller still waits. Look at the board, and try again.".into(),
            Plan::HangUp { .. } => "The call still stands. Look at the phone, and try again.".into(),
            _ => "Look at the board. Where it is late, the AMI user may lack read=agent: `asterflow check --online` \
                  tells."
                .into(),
        }
    }
}
