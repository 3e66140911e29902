//! For how long members wrap up, noted in the store for figures without a connection.

use std::collections::BTreeMap;

use super::SyncError;
use crate::domain::history::work::WrapUpTimes;
use crate::domain::ids::PbxName;
use crate::pbx::mysql::{Mysql, QueueSettings, member_wrap_ups};
use crate::store::Store;

/// Notes what the tables `queues` (already read) and `queue_members` say.
pub(super) async fn note(
    store: &Store,
    pbx: &PbxName,
    mysql: &Mysql,
    settings: &BTreeMap<String, QueueSettings>,
) -> Result<(), SyncError> {
    let queues = settings.iter().filter(|(_, queue)| queue.wrap_up_seconds > 0);
    let times = WrapUpTimes {
        members: member_wrap_ups(mysql).await?,
        queues: queues.map(|(name, queue)| (name.to_ascii_lowercase(), queue.wrap_up_seconds)).collect(),
        setting: 0,
    };
    Ok(store.set_wrap_ups(pbx, times).await?)
}
