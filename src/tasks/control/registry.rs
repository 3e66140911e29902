//! The supervisions that run, and the last that ended; and what is wished of each.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::domain::control::{Ended, Mode, Reason, Supervision, SupervisionState};
use crate::domain::ids::UniqueId;

/// How many that are over are remembered, with those that run.
const KEPT: usize = 100;

/// The list, newest first.
#[derive(Debug)]
pub(super) struct Registry {
    all: Mutex<VecDeque<Held>>,
    /// Counts changes, so that others can wait for one.
    changes: watch::Sender<u64>,
}

#[derive(Debug)]
struct Held {
    shown: Supervision,
    /// Why it is being ended, once that is wished.
    planned: Option<Reason>,
    /// The mode that was asked for and is not reported yet.
    asked: Option<Mode>,
}

impl Default for Registry {
    fn default() -> Self {
        Self { all: Mutex::default(), changes: watch::Sender::new(0) }
    }
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Held>> {
        // Each change is whole by itself: a panic elsewhere leaves nothing half done.
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, id: &UniqueId, change: impl FnOnce(&mut Held) -> T) -> Option<T> {
        let changed = self.lock().iter_mut().find(|held| held.shown.id == *id).map(change);
        self.changes.send_modify(|count| *count += 1);
        changed
    }

    /// Adds one. Those that run are never forgotten for it.
    pub(super) fn insert(&self, shown: Supervision) {
        let may = |_: &mut dyn Iterator<Item = &Supervision>| Ok::<(), ()>(());
        let _ = self.insert_if(shown, may);
    }

    /// Adds one if `may` agrees after a look at all others; nothing comes between.
    pub(super) fn insert_if<E>(
        &self,
        shown: Supervision,
        may: impl FnOnce(&mut dyn Iterator<Item = &Supervision>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut all = self.lock();
        may(&mut all.iter().map(|held| &held.shown))?;
        all.push_front(Held { shown, planned: None, asked: None });
        if all.len() > KEPT
            && let Some(oldest) = all.iter().rposition(|held| held.shown.ended.is_some())
        {
            all.remove(oldest);
        }
        drop(all);
        self.changes.send_modify(|count| *count += 1);
        Ok(())
    }

    /// Forgets one at once.
    pub(super) fn forget(&self, id: &UniqueId) {
        self.lock().retain(|held| held.shown.id != *id);
        self.changes.send_modify(|count| *count += 1);
    }

    pub(super) fn update(&self, id: &UniqueId, change: impl FnOnce(&mut Supervision)) {
        self.change(id, |held| change(&mut held.shown));
    }

    /// Notes the end; the first one counts.
    pub(super) fn end(&self, id: &UniqueId, ended: Ended) {
        self.update(id, |shown| {
            shown.state = SupervisionState::Ended;
            shown.ended.get_or_insert(ended);
        });
    }

    /// Notes why it is about to end; the first word counts.
    pub(super) fn plan(&self, id: &UniqueId, reason: Reason) {
        self.change(id, |held| {
            held.planned.get_or_insert(reason);
        });
    }

    /// It will not end after all.
    pub(super) fn unplan(&self, id: &UniqueId) {
        self.change(id, |held| held.planned = None);
    }

    pub(super) fn planned(&self, id: &UniqueId) -> Option<Reason> {
        self.lock().iter().find(|held| held.shown.id == *id)?.planned.clone()
    }

    /// Notes the mode that is asked for, or that it is not any more.
    pub(super) fn ask(&self, id: &UniqueId, mode: Option<Mode>) {
        self.change(id, |held| held.asked = mode);
    }

    /// The mode that was asked for and is not reported yet.
    pub(super) fn asked(&self, id: &UniqueId) -> Option<Mode> {
        self.lock().iter().find(|held| held.shown.id == *id)?.asked
    }

    /// Notes a mode that the PBX reports. Returns the one before, and whether it was asked for here.
    pub(super) fn turned(&self, id: &UniqueId, mode: Mode) -> Option<(Option<Mode>, bool)> {
        self.change(id, |held| {
            let asked = held.asked.take_if(|asked| *asked == mode).is_some();
            (held.shown.mode.replace(mode), asked)
        })
    }

    pub(super) fn get(&self, id: &UniqueId) -> Option<Supervision> {
        self.lock().iter().find(|held| held.shown.id == *id).map(|held| held.shown.clone())
    }

    pub(super) fn list(&self) -> Vec<Supervision> {
        self.lock().iter().map(|held| held.shown.clone()).collect()
    }

    /// Waits at most `longest` until `id` is as wished (or unknown); whether it came so far.
    pub(super) async fn until(
        &self,
        id: &UniqueId,
        longest: Duration,
        fits: impl Fn(&Supervision) -> bool,
    ) -> bool {
        let mut changes = self.changes.subscribe();
        let waited = async {
            while self.get(id).is_some_and(|held| !fits(&held)) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(longest, waited).await.is_ok()
    }
}
