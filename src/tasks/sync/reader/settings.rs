//! What the PBX's other tables say, asked once a minute: the queues' own settings, and who their members are.

use super::Reader;
use crate::domain::ids::QueueName;
use crate::pbx::mysql::{queue_members, queue_settings};
use crate::store::Store;
use crate::tasks::sync::{SyncError, WrapUps, people, wrap_ups};

impl Reader {
    /// The queues' own service levels and wrap-up times.
    pub(super) async fn settings(&mut self, store: &Store) -> Result<(), SyncError> {
        let settings = queue_settings(&self.mysql).await?;
        if !settings.is_empty() {
            let levels = settings.iter().map(|(name, queue)| (name.clone(), queue.service_level_seconds));
            store.set_service_levels(&self.pbx, levels.collect()).await?;
        }
        self.members = queue_members(&self.mysql).await?;
        wrap_ups::note(store, &self.pbx, &settings, &self.members).await?;
        let wraps = settings.iter().map(|(name, queue)| (QueueName::new(name), queue.wrap_up_seconds));
        self.wrap_ups = wraps.filter(|(_, seconds)| *seconds > 0).collect();
        Ok(())
    }

    /// Who is who, and the ends of talks that were not logged. Says whether a figure may have changed.
    pub(super) async fn people(&mut self, store: &Store) -> Result<bool, SyncError> {
        let members = std::mem::take(&mut self.members).memberships;
        people::look(&self.mysql, store, &self.pbx, members).await
    }

    /// The queues' wrap-up times in seconds, where they are set.
    pub(in crate::tasks::sync) fn wrap_ups(&self) -> &WrapUps {
        &self.wrap_ups
    }
}
