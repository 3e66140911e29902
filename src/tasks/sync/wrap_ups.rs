//! For how long members wrap up, noted in the store for figures without a connection.

use std::collections::BTreeMap;

use super::SyncError;
use crate::domain::history::work::WrapUpTimes;
use crate::domain::ids::PbxName;
use crate::pbx::mysql::{Members, QueueSettings};
use crate::store::Store;

/// Notes what the tables `queues` and `queue_members` said.
pub(super) async fn note(
    store: &Store,
    pbx: &PbxName,
    settings: &BTreeMap<String, QueueSettings>,
    members: &Members,
) -> Result<(), SyncError> {
    let queues = settings.iter().filter(|(_, queue)| queue.wrap_up_seconds > 0);
    let times = WrapUpTimes {
        members: members.wrap_ups.clone(),
        queues: queues.map(|(name, queue)| (name.to_ascii_lowercase(), queue.wrap_up_seconds)).collect(),
        setting: 0,
    };
    Ok(store.set_wrap_ups(pbx, times).await?)
}
