//! Who is who by the PBX's table of members, and the ends of talks that were not logged: small questions, asked once a minute.

use super::SyncError;
use crate::clock;
use crate::domain::history::identity::{Membership, Source};
use crate::domain::ids::PbxName;
use crate::pbx::mysql::{Ended, Mysql, MysqlError, ends_of};
use crate::store::{LegRow, Store};

/// Legs asked for at once: one reading of the cdr, whose statement stays short.
const LEGS: u32 = 200;

/// Brings the map of names and the ends of talks up to what the PBX's tables say. Says whether a figure may have changed.
pub(super) async fn look(
    mysql: &Mysql,
    store: &Store,
    pbx: &PbxName,
    members: Vec<Membership>,
) -> Result<bool, SyncError> {
    let now = clock::now().wall.as_second();
    let named = store.note_members(pbx, Source::QueueMembers, now, members).await? == Some(true);
    let asked = store.wanted_legs(pbx, now, LEGS).await?;
    if asked.is_empty() {
        return Ok(named);
    }
    let found = match ends_of(mysql, &asked).await {
        Ok(found) => found,
        // A large table without an index: as if it knew nothing, so that it is not asked again at once.
        Err(MysqlError::Interrupted { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let ended = store.apply_legs(pbx, now, asked, found.into_iter().map(of_ended).collect()).await?;
    Ok(named || ended)
}

fn of_ended(ended: Ended) -> LegRow {
    LegRow { uniqueid: ended.uniqueid, start: ended.start, end: ended.end, seconds: ended.seconds }
}
