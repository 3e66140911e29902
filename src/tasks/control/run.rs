//! A supervision from ChanSpyStart to its end: also while the link is down, also one that an earlier run began.
//!
//! ```text
//! up ──link down──> lost ──link back──> up, or gone
//!  └─ phone, call, limit, somebody here ─> ended (journal first, then the list)
//! ```

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{sleep_until, timeout};

use super::{HANGUP, Shared};
use crate::clock;
use crate::domain::control::{Ended, Mode, Reason, Supervision, SupervisionState};
use crate::domain::ids::UniqueId;
use crate::domain::link::LinkState;
use crate::domain::live::snapshot::{Snapshot, SpySnapshot};
use crate::domain::time::{Moment, Tick};
use crate::pbx::ami::action::Action;
use crate::store::JournalId;
use crate::tasks::live::{LegEvent, Live};

/// From the end of the phone's leg to that of the agent's, where one brings the other.
const SETTLE: Duration = Duration::from_millis(1_000);
/// A link that is up all the time by then was never down: what is looked for is there or it is not.
const NEVER_DOWN: Duration = Duration::from_secs(30);

/// What is heard of the two legs.
pub(super) struct Taps {
    own: mpsc::Receiver<LegEvent>,
    target: Heard,
}

/// What was heard of the agent's leg.
struct Heard {
    events: Option<mpsc::Receiver<LegEvent>>,
    transferred: bool,
    gone: bool,
}

impl Taps {
    /// Follows both legs from now on; `None` when the live task is gone.
    pub(super) async fn follow(live: &Live, own: &UniqueId, target: &UniqueId) -> Option<Self> {
        let target = live.follow(target).await?;
        let own = live.follow(own).await?;
        Some(Self { own, target: Heard { events: Some(target), transferred: false, gone: false } })
    }

    /// The next thing that happens to the supervisor's leg.
    pub(super) async fn own(&mut self) -> Option<LegEvent> {
        self.own.recv().await
    }
}

impl Heard {
    /// Waits for the next thing that happens to the agent's leg; for ever when nothing can.
    async fn next(&mut self) {
        let Some(events) = &mut self.events else { return std::future::pending().await };
        match events.recv().await {
            Some(LegEvent::HungUp(_)) => self.gone = true,
            Some(LegEvent::Transferred) => self.transferred = true,
            Some(LegEvent::LinkDown) | None => self.events = None,
            Some(_) => {}
        }
    }
}

/// How it stands.
pub(super) enum Stand {
    /// It listens, and is heard of.
    Up(Taps),
    /// Nothing is heard of it; since then this was the state of the link.
    Lost(Option<Moment>),
}

/// A supervision at work.
pub(super) struct Run {
    pub(super) shared: Arc<Shared>,
    pub(super) live: Live,
    pub(super) id: UniqueId,
    /// The agent's leg.
    pub(super) target: UniqueId,
    pub(super) journal: JournalId,
    /// When it has run long enough.
    pub(super) until: Tick,
    /// An earlier run of the program began it, and it is not found yet.
    pub(super) earlier: bool,
}

impl Run {
    /// Follows it to its end.
    pub(super) async fn run(mut self, mut stand: Stand) {
        let reason = loop {
            stand = match stand {
                Stand::Up(taps) => match self.while_up(taps).await {
                    Ok(reason) => break reason,
                    Err(since) => Stand::Lost(Some(since)),
                },
                Stand::Lost(since) => {
                    self.shared.registry.update(&self.id, |held| held.state = SupervisionState::Lost);
                    match self.find_again(since).await {
                        Some(Ok(taps)) => Stand::Up(taps),
                        Some(Err(reason)) => break reason,
                        // The program ends before the link is back: the next run looks.
                        None => return,
                    }
                }
            };
        };
        self.shared.close(&self.id, self.journal, reason).await;
    }

    /// Until it ends, or (as an error) until the link is down, which had been up since then.
    async fn while_up(&mut self, mut taps: Taps) -> Result<Reason, Moment> {
        let mut floor = self.live.snapshot.clone();
        let since = floor.borrow_and_update().ami.since;
        let mut was_listed = false;
        let mut again = None;
        loop {
            if again.is_none() && self.shared.registry.planned(&self.id).is_some() {
                again = Some(clock::now().tick.plus_millis(i64::try_from(HANGUP.as_millis()).unwrap_or(0)));
            }
            tokio::select! {
                biased;
                event = taps.own.recv() => match event {
                    Some(LegEvent::HungUp(_)) => return Ok(self.why(&mut taps.target).await),
                    Some(LegEvent::LinkDown) | None => return Err(since),
                    Some(LegEvent::Key(key)) => self.key(key).await,
                    Some(_) => {}
                },
                () = taps.target.next() => {}
                () = sleep_until(clock::deadline(again.unwrap_or(self.until))) => {
                    if again.is_none() {
                        let longest = self.shared.longest.as_secs();
                        self.shared.registry.plan(&self.id, Reason::TimeLimit(longest));
                    }
                    again = None;
                    self.hang_up().await;
                }
                changed = floor.changed() => {
                    if changed.is_err() {
                        return Err(since);
                    }
                    let is_listed = is_listed(&floor.borrow_and_update(), &self.id);
                    // Its end was told in a flood of which something was lost.
                    if was_listed && is_listed == Some(false) {
                        return Ok(self.why(&mut taps.target).await);
                    }
                    was_listed |= is_listed == Some(true);
                }
            }
        }
    }

    /// Why the leg has gone. The agent's leg goes a moment before or after it where that is the reason.
    async fn why(&self, target: &mut Heard) -> Reason {
        if let Some(planned) = self.shared.registry.planned(&self.id) {
            return planned;
        }
        let _ = timeout(SETTLE, async {
            while !target.gone && target.events.is_some() {
                target.next().await;
            }
        })
        .await;
        match (target.gone, target.transferred) {
            (true, false) => Reason::CallOver,
            (_, true) => Reason::Transferred,
            (false, false) => Reason::PhoneHungUp,
        }
    }

    async fn hang_up(&self) {
        // What goes wrong here is tried again.
        let _ = self.live.client().act(Action::Hangup { channel: self.id.to_string() }).await;
    }

    /// A key changes the mode, whoever pressed it.
    async fn key(&self, key: char) {
        let Some(mode) = Mode::by_key(key) else { return };
        let Some((before, was_asked)) = self.shared.registry.turned(&self.id, mode) else { return };
        if !was_asked
            && before != Some(mode)
            && let Some(held) = self.shared.registry.get(&self.id)
        {
            self.shared.journal_key(&held, before, mode).await;
        }
    }

    /// Waits for the link and looks whether it still listens. `None` when the live task is gone.
    async fn find_again(&mut self, since: Option<Moment>) -> Option<Result<Taps, Reason>> {
        let mut floor = self.live.snapshot.clone();
        self.until_back(&mut floor, since).await?;
        let snapshot = Arc::clone(&floor.borrow_and_update());
        let held = self.shared.registry.get(&self.id)?;
        let spy = snapshot.spies.iter().find(|spy| spy.channel == self.id);
        if spy.is_none() {
            if !snapshot.lists_channels {
                // Nobody shall listen unseen.
                self.hang_up().await;
            }
            return Some(Err(self.why_gone(&snapshot, &held)));
        }
        let taps = Taps::follow(&self.live, &self.id, &self.target).await?;
        // It may have gone before it was followed.
        let spy = floor.borrow_and_update().spies.iter().find(|spy| spy.channel == self.id).cloned();
        let Some(SpySnapshot { target, .. }) = spy else {
            return Some(Err(self.why_gone(&floor.borrow(), &held)));
        };
        if target.is_none() {
            // It still rings, and nobody waits for it any more.
            self.shared.registry.plan(&self.id, Reason::Restarted);
        }
        self.earlier = false;
        if self.shared.registry.planned(&self.id).is_some() {
            self.hang_up().await;
        } else {
            self.shared.registry.update(&self.id, |held| held.state = SupervisionState::Attached);
        }
        Some(Ok(taps))
    }

    /// Waits until the link is up with a picture of its own, which it was not at `since`.
    async fn until_back(
        &self,
        floor: &mut watch::Receiver<Arc<Snapshot>>,
        since: Option<Moment>,
    ) -> Option<()> {
        let is_live = |snapshot: &Arc<Snapshot>| snapshot.ami.state == LinkState::Live;
        let is_back = |snapshot: &Arc<Snapshot>| {
            is_live(snapshot) && since.is_none_or(|since| snapshot.ami.since != since)
        };
        if let Ok(found) = timeout(NEVER_DOWN, floor.wait_for(is_back)).await.map(|found| found.map(drop)) {
            return found.ok();
        }
        floor.wait_for(is_live).await.ok().map(drop)
    }

    fn why_gone(&self, snapshot: &Snapshot, held: &Supervision) -> Reason {
        let planned = self.shared.registry.planned(&self.id);
        if let Some(reason @ Reason::NotAttached(..)) = planned {
            return reason;
        }
        if snapshot.booted.is_some_and(|booted| booted.tick > held.since.tick) {
            Reason::PbxRestarted
        } else if self.earlier {
            Reason::NotRunning
        } else {
            planned.unwrap_or(Reason::LinkLost)
        }
    }
}

/// Whether the PBX names this channel; `None` where it does not tell.
fn is_listed(snapshot: &Snapshot, id: &UniqueId) -> Option<bool> {
    let tells = snapshot.lists_channels && snapshot.ami.state == LinkState::Live;
    tells.then(|| snapshot.spies.iter().any(|spy| spy.channel == *id))
}

impl Shared {
    /// Closes the journal, then says so in the list: who sees that it is over can read it in the journal.
    pub(super) async fn close(&self, id: &UniqueId, row: JournalId, reason: Reason) {
        if let Some(held) = self.registry.get(id) {
            self.journal_end(row, &held, &reason).await;
        }
        self.registry.end(id, Ended { reason, at: clock::now() });
    }
}
