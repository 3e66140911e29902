//! Owns the watch over one PBX's queues: looks at every change and as time passes, publishes what is raised.
//!
//! ```text
//! live ──watch<Snapshot>──┐
//! sync ──watch<Today>─────┴─> alarms ──watch<Arc<Alarms>>──> displays
//! ```

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::watch;

use crate::clock;
use crate::domain::alarm::{Alarms, Settings, Watch};
use crate::domain::history::figures::Today;
use crate::domain::live::snapshot::Snapshot;

/// Waits grow and holds end without an event: looked at so often.
const STEP: Duration = Duration::from_millis(500);
/// The least time between two looks, however many events there are.
const LEAST: Duration = Duration::from_millis(50);

/// Starts the watch; it ends when `stop` turns true or the floor's owner is gone.
pub fn start(
    settings: Arc<Settings>,
    zone: TimeZone,
    mut live: watch::Receiver<Arc<Snapshot>>,
    today: watch::Receiver<Arc<Today>>,
    mut stop: watch::Receiver<bool>,
) -> watch::Receiver<Arc<Alarms>> {
    let (publish, seen) = watch::channel(Arc::new(Alarms::default()));
    tokio::spawn(async move {
        let mut watch = Watch::new(settings, zone);
        let mut steps = tokio::time::interval(STEP);
        steps.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = stop.changed() => return,
                changed = live.changed() => if changed.is_err() { return },
                _ = steps.tick() => {}
            }
            let (floor, figures) = (Arc::clone(&live.borrow_and_update()), Arc::clone(&today.borrow()));
            let found = watch.look(&floor, &figures, clock::now());
            publish.send_if_modified(|shown| {
                let is_new = **shown != *found;
                if is_new {
                    *shown = Arc::new(found.clone());
                }
                is_new
            });
            tokio::time::sleep(LEAST).await;
        }
    });
    seen
}
