//! Those who listen without having been started here: shown, and written into the journal as long as they are seen.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::{Duration, sleep};

use super::Shared;
use super::journal::Open;
use crate::clock;
use crate::domain::control::{Leg, Reason, Supervision, SupervisionState, Target, resolve};
use crate::domain::ids::UniqueId;
use crate::domain::link::LinkState;
use crate::domain::live::snapshot::{Snapshot, SpySnapshot};
use crate::domain::time::Moment;
use crate::store::JournalId;
use crate::tasks::live::Live;

/// So long after somebody has stopped to listen it is known whether the call is over.
const SETTLE: Duration = Duration::from_millis(1_000);
/// So many are shown at once; more listen nowhere.
const MOST: usize = 50;
/// So many a minute are written: a PBX gone wild must not fill the disk.
const WRITTEN_A_MINUTE: u32 = 30;

/// Watches one PBX.
pub(super) struct Watch {
    shared: Arc<Shared>,
    live: Live,
    /// Those that were seen and are not gone, with their open row.
    seen: HashMap<UniqueId, Seen>,
    /// What an earlier run left open.
    earlier: Vec<Open>,
    link: Option<Moment>,
    /// When the present minute of the journal began, and how many were written in it.
    minute: (Moment, u32),
}

struct Seen {
    target: UniqueId,
    row: Option<JournalId>,
}

impl Watch {
    pub(super) fn new(shared: Arc<Shared>, live: Live, earlier: Vec<Open>) -> Self {
        let minute = (clock::now(), 0);
        Self { shared, live, seen: HashMap::new(), earlier, link: None, minute }
    }

    /// Runs until the live task ends.
    pub(super) async fn run(mut self) {
        let mut floor = self.live.snapshot.clone();
        loop {
            let snapshot = Arc::clone(&floor.borrow_and_update());
            if snapshot.ami.state == LinkState::Live {
                self.compare(&snapshot).await;
            } else {
                let lost = |held: &mut Supervision| held.state = SupervisionState::Lost;
                self.seen.keys().for_each(|id| self.shared.registry.update(id, lost));
            }
            if floor.changed().await.is_err() {
                return;
            }
        }
    }

    async fn compare(&mut self, snapshot: &Snapshot) {
        let there = |id: &UniqueId, seen: &Seen| {
            snapshot.spies.iter().any(|spy| spy.channel == *id && spy.target.as_ref() == Some(&seen.target))
        };
        let gone: Vec<UniqueId> =
            self.seen.iter().filter(|(id, seen)| !there(id, seen)).map(|(id, _)| id.clone()).collect();
        if !gone.is_empty() {
            let was_away = self.link != Some(snapshot.ami.since);
            if !was_away {
                sleep(SETTLE).await;
            }
            for id in gone {
                self.over(&id, snapshot, was_away).await;
            }
        }
        let attached = |held: &mut Supervision| held.state = SupervisionState::Attached;
        if self.link != Some(snapshot.ami.since) {
            self.seen.keys().for_each(|id| self.shared.registry.update(id, attached));
        }
        self.link = Some(snapshot.ami.since);
        for spy in &snapshot.spies {
            if let Some(target) = spy.target.clone()
                && !self.seen.contains_key(&spy.channel)
                && !self.is_ours(&spy.channel)
                && self.seen.len() < MOST
            {
                self.appeared(snapshot, spy, target).await;
            }
        }
        for open in std::mem::take(&mut self.earlier) {
            self.shared.journal_end(open.row, &open.held, &Reason::NotRunning).await;
        }
    }

    fn is_ours(&self, id: &UniqueId) -> bool {
        self.shared.registry.get(id).is_some_and(|held| !held.foreign)
    }

    async fn appeared(&mut self, snapshot: &Snapshot, spy: &SpySnapshot, target: UniqueId) {
        let held = self.shown(snapshot, spy, &target);
        let earlier = |open: &Open| open.held.id == spy.channel && open.held.channel == target;
        let row = match self.earlier.iter().position(earlier) {
            Some(at) => Some(self.earlier.swap_remove(at).row),
            None => self.write(&held, &spy.phone).await,
        };
        self.shared.registry.forget(&held.id);
        self.shared.registry.insert(held);
        self.seen.insert(spy.channel.clone(), Seen { target, row });
    }

    fn shown(&self, snapshot: &Snapshot, spy: &SpySnapshot, target: &UniqueId) -> Supervision {
        let phone = self.shared.phones.iter().find(|phone| phone.channel.eq_ignore_ascii_case(&spy.phone));
        let leg = resolve(snapshot, &Target::Channel(target.clone())).ok();
        let (interface, agent, queue, partner) = match leg {
            Some(Leg { interface, agent, queue, partner, .. }) => (interface, agent, Some(queue), partner),
            None => ("".into(), "".into(), None, None),
        };
        Supervision {
            id: spy.channel.clone(),
            pbx: snapshot.pbx.clone(),
            state: SupervisionState::Attached,
            foreign: true,
            channel: target.clone(),
            interface,
            agent,
            partner,
            queue,
            mode: None,
            supervisor: phone.map_or_else(|| spy.phone.clone(), |phone| phone.extension.clone()),
            actor: "unknown".to_owned(),
            origin: "pbx".to_owned(),
            since: spy.since,
            ended: None,
        }
    }

    async fn write(&mut self, held: &Supervision, phone: &str) -> Option<JournalId> {
        let now = clock::now();
        if now.seconds_since(self.minute.0) >= 60 {
            self.minute = (now, 0);
        }
        self.minute.1 += 1;
        if self.minute.1 > WRITTEN_A_MINUTE {
            tracing::warn!(id = %held.id, "more people listen than are written into the journal");
            return None;
        }
        match self.shared.journal_open(held, phone).await {
            Ok(row) => Some(row),
            Err(error) => {
                tracing::error!(%error, id = %held.id, "who listens could not be journalled");
                None
            }
        }
    }

    async fn over(&mut self, id: &UniqueId, before: &Snapshot, was_away: bool) {
        let Some(seen) = self.seen.remove(id) else { return };
        let Some(held) = self.shared.registry.get(id) else { return };
        let now = Arc::clone(&self.live.snapshot.borrow());
        let is_up = |snapshot: &Snapshot| resolve(snapshot, &Target::Channel(seen.target.clone())).is_ok();
        let reason = if before.booted.is_some_and(|booted| booted.tick > held.since.tick) {
            Reason::PbxRestarted
        } else if was_away {
            Reason::LinkLost
        } else if held.interface.as_str().is_empty() {
            Reason::Unknown
        } else if is_up(&now) {
            Reason::PhoneHungUp
        } else {
            Reason::CallOver
        };
        match seen.row {
            Some(row) => self.shared.close(id, row, reason).await,
            None => self.shared.registry.forget(id),
        }
    }
}
