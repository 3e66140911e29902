//! Holds what was seen live of one PBX against its queue_log, every few minutes, for the settled hours of today.
//!
//! ```text
//!  live ──SeenLog──> reconcile ──watch<Arc<Reconciliation>>──> displays
//!  store ──visits──────^
//! ```

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::{mpsc, oneshot, watch};

use crate::domain::history::reconcile::{Reconciliation, reconcile};
use crate::domain::ids::PbxName;
use crate::domain::live::seen::SeenLog;
use crate::domain::time::hour_of;
use crate::store::{Store, StoreError, VisitFilter};
use crate::tasks::sync::SyncStatus;

/// How often.
const EVERY: Duration = Duration::from_secs(300);
/// An hour is settled when the history was known to be complete this long after its end, seconds.
const SETTLE: i64 = 600;
/// Longest time until the live task answers.
const PATIENCE: Duration = Duration::from_secs(5);
/// Visits around the range are matched, too, seconds.
const AROUND: i64 = 3600;

/// What asks the live task for what it saw.
pub type SeenRequests = mpsc::Sender<oneshot::Sender<SeenLog>>;

/// The task of one PBX.
pub struct Reconciler {
    /// The local database.
    pub store: Store,
    /// Which PBX.
    pub pbx: PbxName,
    /// Its clock's zone.
    pub zone: TimeZone,
    /// Asks the live task.
    pub live: SeenRequests,
    /// How far the synchronisation is.
    pub sync: watch::Receiver<SyncStatus>,
}

impl Reconciler {
    /// Starts the task; it ends when `stop` turns true.
    pub fn start(self, mut stop: watch::Receiver<bool>) -> watch::Receiver<Arc<Reconciliation>> {
        let (publish, seen) = watch::channel(Arc::default());
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(EVERY) => {}
                    _ = stop.wait_for(|stop| *stop) => return,
                }
                match self.compare().await {
                    Ok(Some(found)) => self.publish(found, &publish),
                    Ok(None) => {}
                    Err(error) => {
                        tracing::warn!(pbx = %self.pbx, %error, "live and logged calls could not be compared")
                    }
                }
            }
        });
        seen
    }

    fn publish(&self, found: Reconciliation, publish: &watch::Sender<Arc<Reconciliation>>) {
        if found.number() > publish.borrow().number() {
            tracing::warn!(pbx = %self.pbx, differences = found.number(), "live and logged calls differ; the status page names them");
        }
        publish.send_replace(Arc::new(found));
    }

    /// Compares the settled hours of today; `None` before the first of them.
    async fn compare(&self) -> Result<Option<Reconciliation>, StoreError> {
        let Some(synced) = self.sync.borrow().last_sync else { return Ok(None) };
        let Some((from, to)) = settled(&self.zone, synced.as_second()) else { return Ok(None) };
        let Some(seen) = self.seen().await else { return Ok(None) };
        let filter = VisitFilter { from: from - AROUND, to: to + AROUND, ..VisitFilter::default() };
        let visits = self.store.visits(&self.pbx, filter).await?;
        Ok(Some(reconcile(&seen, &visits, from, to)))
    }

    async fn seen(&self) -> Option<SeenLog> {
        let (answer, seen) = oneshot::channel();
        let asked = tokio::time::timeout(PATIENCE, self.live.send(answer)).await;
        asked.ok()?.ok()?;
        tokio::time::timeout(PATIENCE, seen).await.ok()?.ok()
    }
}

/// The settled hours of the day that it is an instant before `synced`, UTC seconds: until midnight is settled, still
/// those of yesterday.
fn settled(zone: &TimeZone, synced: i64) -> Option<(i64, i64)> {
    let to = hour_of(zone, synced - SETTLE).start;
    let last = jiff::Timestamp::from_second(to - 1).ok()?.to_zoned(zone.clone());
    let from = last.start_of_day().ok()?.timestamp().as_second();
    (from < to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_settled_some_minutes_after_its_end_and_yesterday_until_then() {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let at = |text: &str| text.parse::<jiff::Timestamp>().expect("a time").as_second();
        let span = |now: &str| settled(&zone, at(now)).expect("a span");
        assert_eq!(span("2026-11-22T09:05:00Z"), (at("2026-11-21T23:00:00Z"), at("2026-11-22T08:00:00Z")));
        assert_eq!(span("2026-11-22T09:10:00Z"), (at("2026-11-21T23:00:00Z"), at("2026-11-22T09:00:00Z")));
        assert_eq!(span("2026-11-21T23:05:00Z"), (at("2026-11-20T23:00:00Z"), at("2026-11-21T22:00:00Z")));
        assert_eq!(span("2026-11-21T23:15:00Z"), (at("2026-11-20T23:00:00Z"), at("2026-11-21T23:00:00Z")));
    }
}
