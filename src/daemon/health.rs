//! How the program itself does: since when it runs, how much memory it holds, what the synchronisation did last.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

use super::parts::Parts;
use super::web::Pictures;
use crate::admin::{Health, HealthSource};
use crate::clock;
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::live::snapshot::Snapshot;
use crate::domain::time::Moment;
use crate::tasks::check::Checks;
use crate::tasks::sync::SyncStatus;

/// Gives the health when asked.
pub(super) struct Monitor {
    started: Moment,
    syncs: Vec<watch::Receiver<SyncStatus>>,
    checks: Vec<watch::Receiver<Checks>>,
    floors: Vec<watch::Receiver<Arc<Snapshot>>>,
    pictures: Pictures,
    #[cfg(feature = "kiosk")]
    walls: super::walls::Walls,
}

impl Monitor {
    pub(super) fn new(started: Moment, parts: &Parts) -> Self {
        Self {
            started,
            syncs: parts.syncs.clone(),
            checks: parts.checks.clone(),
            floors: parts.lives.iter().map(|live| live.snapshot.clone()).collect(),
            pictures: parts.pictures.clone(),
            #[cfg(feature = "kiosk")]
            walls: parts.walls.clone(),
        }
    }
}

impl Monitor {
    /// What was stored since the start, over all PBXs, and what is odd in the history.
    fn counters(&self) -> BTreeMap<String, u64> {
        let mut counters = BTreeMap::new();
        let mut add = |name: &str, number: u64| *counters.entry(name.to_owned()).or_insert(0) += number;
        for status in &self.syncs {
            let status = status.borrow();
            add("queue_log_rows", status.rows);
            add("visits", status.visits);
            status.oddities.iter().for_each(|(kind, number)| add(&format!("oddities_{kind}"), *number));
        }
        for checks in &self.checks {
            let checks = checks.borrow();
            add("check_days", checks.days);
            add("check_rows", checks.rows);
            add("check_rows_missing", checks.missing);
            add("check_sums", checks.cells);
            add("check_sums_wrong", checks.wrong);
            add("check_presence_wrong", checks.presence);
        }
        for floor in &self.floors {
            add("live_fields_corrected", floor.borrow().corrected);
        }
        add("wall_pictures", self.pictures.drawn());
        #[cfg(feature = "kiosk")]
        add("wall_view_pictures", self.walls.drawn());
        counters
    }

    fn last_sync(&self) -> Option<serde_json::Value> {
        let newest = self.syncs.iter().max_by_key(|status| status.borrow().last_sync)?;
        let status = newest.borrow();
        status.last_sync?;
        serde_json::to_value(&*status).ok()
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
            counters: self.counters(),
            last_sync: self.last_sync(),
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
