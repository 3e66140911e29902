//! Who listens to whom.

use super::floor::{Channel, Floor};
use super::snapshot::SpySnapshot;
use crate::domain::control::OWN_IDS;

impl Floor {
    /// Everybody who listens, whoever let them; and our own legs that are on their way.
    pub(super) fn spying(&self) -> Vec<SpySnapshot> {
        let ours = self.channels.keys().filter(|id| id.as_str().starts_with(OWN_IDS));
        let mut ids: Vec<_> = self.spies.keys().chain(ours).collect();
        ids.sort_unstable();
        ids.dedup();
        let channels = ids.into_iter().filter_map(|id| self.channels.get(id));
        channels.map(|channel| self.spy(channel)).collect()
    }

    fn spy(&self, channel: &Channel) -> SpySnapshot {
        let id = channel.info.unique_id();
        let name = &channel.info.name;
        let phone = name.rsplit_once('-').map_or(name.as_str(), |(base, _)| base).to_owned();
        SpySnapshot {
            target: self.spies.get(&id).cloned(),
            channel: id,
            name: self.phone_names.get(channel.endpoint.as_str()).unwrap_or(&phone).clone(),
            phone,
            since: channel.since,
        }
    }
}
