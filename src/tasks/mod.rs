//! The running owners of state. Readers get `watch` channels; commands are bounded mailboxes that answer after the effect.

pub mod accounts;
pub mod acts;
pub mod alarms;
pub mod check;
pub mod control;
pub mod history;
pub mod import;
pub mod live;
pub mod names;
pub mod people;
pub mod reconcile;
pub mod replay;
pub mod settings;
pub mod sync;

use std::sync::Arc;

use tokio::sync::watch;

use crate::domain::alarm::Alarms;
use crate::domain::history::figures::Today;
use crate::domain::history::reconcile::Reconciliation;
use crate::domain::ids::PbxName;
use crate::domain::link::LinkStatus;
use crate::domain::live::snapshot::Snapshot;

/// What the displays may see of one PBX.
#[derive(Clone)]
pub struct PbxView {
    /// Its name.
    pub name: PbxName,
    /// Its clock's zone.
    pub zone: jiff::tz::TimeZone,
    /// The floor now.
    pub live: watch::Receiver<Arc<Snapshot>>,
    /// The figures of today.
    pub today: watch::Receiver<Arc<Today>>,
    /// What is raised in its queues.
    pub alarms: watch::Receiver<Arc<Alarms>>,
    /// How its database stands.
    pub database: watch::Receiver<LinkStatus>,
    /// What was seen live against what queue_log says.
    pub reconciled: watch::Receiver<Arc<Reconciliation>>,
}
