//! The supervisions that run, and the last that ended.

use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::sync::watch;

use crate::domain::control::{Supervision, SupervisionState};
use crate::domain::ids::UniqueId;

/// How many are remembered.
const KEPT: usize = 100;

/// The list, newest first.
#[derive(Debug)]
pub(super) struct Registry {
    all: Mutex<VecDeque<Supervision>>,
    /// Counts changes, so that others can wait for an end.
    changes: watch::Sender<u64>,
}

impl Default for Registry {
    fn default() -> Self {
        Self { all: Mutex::default(), changes: watch::Sender::new(0) }
    }
}

impl Registry {
    pub(super) fn insert(&self, supervision: Supervision) {
        if let Ok(mut all) = self.all.lock() {
            all.push_front(supervision);
            all.truncate(KEPT);
        }
        self.changes.send_modify(|count| *count += 1);
    }

    pub(super) fn update(&self, id: &UniqueId, change: impl FnOnce(&mut Supervision)) {
        if let Ok(mut all) = self.all.lock()
            && let Some(supervision) = all.iter_mut().find(|supervision| supervision.id == *id)
        {
            change(supervision);
        }
        self.changes.send_modify(|count| *count += 1);
    }

    pub(super) fn end(&self, id: &UniqueId, why: &str) {
        self.update(id, |supervision| {
            supervision.state = SupervisionState::Ended;
            supervision.ended.get_or_insert_with(|| why.to_owned());
        });
    }

    pub(super) fn get(&self, id: &UniqueId) -> Option<Supervision> {
        let all = self.all.lock().ok()?;
        all.iter().find(|supervision| supervision.id == *id).cloned()
    }

    pub(super) fn list(&self) -> Vec<Supervision> {
        self.all.lock().map(|all| all.iter().cloned().collect()).unwrap_or_default()
    }

    /// Waits a moment until `id` is noted as ended.
    pub(super) async fn ended(&self, id: &UniqueId) {
        let mut changes = self.changes.subscribe();
        let over = async {
            while self.get(id).is_some_and(|supervision| supervision.ended.is_none()) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), over).await;
    }
}
