//! For how long members wrap up, as the PBX's tables say, for figures without a connection.

use rusqlite::params;

use super::{Scope, changes};
use crate::domain::history::work::WrapUpTimes;
use crate::domain::ids::PbxName;
use crate::store::{Store, StoreError};

impl Store {
    /// Notes all wrap-up times that the PBX's tables `queues` and `queue_members` set; those noted before are forgotten.
    ///
    /// # Errors
    /// When the PBX was never registered or the database refuses.
    pub async fn set_wrap_ups(&self, pbx: &PbxName, times: WrapUpTimes) -> Result<(), StoreError> {
        if self.wrap_ups(pbx).await? == (WrapUpTimes { setting: 0, ..times.clone() }) {
            return Ok(());
        }
        let pbx = pbx.clone();
        self.write(move |db| {
            let scope = Scope::get(db, &pbx)?;
            db.execute("DELETE FROM wrap_up WHERE pbx = ?1", params![scope.pbx])?;
            let mut insert = db.prepare_cached(
                "INSERT OR REPLACE INTO wrap_up (pbx, queue, agent, seconds) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for (queue, seconds) in &times.queues {
                insert.execute(params![scope.pbx, queue, "", seconds])?;
            }
            for ((queue, agent), seconds) in &times.members {
                insert.execute(params![scope.pbx, queue, agent, seconds])?;
            }
            changes::note_all(&scope)
        })
        .await
    }

    /// The wrap-up times that are known; the setting is not among them.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn wrap_ups(&self, pbx: &PbxName) -> Result<WrapUpTimes, StoreError> {
        self.of(pbx, times).await
    }
}

/// The wrap-up times that are known, without the setting.
pub(super) fn times(scope: &Scope<'_>) -> Result<WrapUpTimes, StoreError> {
    let mut statement =
        scope.db.prepare_cached("SELECT queue, agent, seconds FROM wrap_up WHERE pbx = ?1")?;
    let mut rows = statement.query(params![scope.pbx])?;
    let mut times = WrapUpTimes::default();
    while let Some(row) = rows.next()? {
        let (queue, agent, seconds): (String, String, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if agent.is_empty() {
            times.queues.insert(queue, seconds);
        } else {
            times.members.insert((queue, agent), seconds);
        }
    }
    Ok(times)
}
