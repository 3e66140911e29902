//! How the program itself does: since when it runs, how much memory it holds, what the synchronisation did last.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

use crate::admin::{Health, HealthSource};
use crate::clock;
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::time::Moment;
use crate::tasks::sync::SyncStatus;

/// Gives the health when asked.
pub(super) struct Monitor {
    started: Moment,
    syncs: Vec<watch::Receiver<Arc<SyncStatus>>>,
}

impl Monitor {
    pub(super) fn new(started: Moment, syncs: Vec<watch::Receiver<Arc<SyncStatus>>>) -> Self {
        Self { started, syncs }
    }
}

impl HealthSource for Monitor {
    fn health(&self) -> Health {
        let now = clock::now();
        let mut store = LinkStatus::connecting(self.started);
        store.enter(LinkState::Live, None, self.started);
        Health {
            uptime_s: u64::try_from(now.seconds_since(self.started)).unwrap_or(0),
            rss_bytes: resident_bytes().unwrap_or(0),
            store,
            counters: BTreeMap::new(),
            last_sync: None,
        }
    }
}

/// Memory in use, from /proc.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
