//! Calls outside the queues that found a phone busy, from the cdr: listed beside an agent's figures, never added to them.

use rusqlite::params;

use super::Scope;
use super::cdr::{CdrRow, start_of};
use crate::domain::history::identity::device_of;
use crate::domain::ids::PbxName;
use crate::store::{Store, StoreError};

/// A call outside the queues that found a phone busy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusyCall {
    /// When it began, UTC seconds.
    pub at: i64,
    /// Its uniqueid.
    pub uniqueid: String,
    /// The phone, `PJSIP/101`.
    pub device: String,
}

impl CdrRow {
    /// The phone that was busy, where this is such a call: a queue's own attempts are in queue_log, and a supervisor's
    /// leg that spies is no call to him.
    fn busy_device(&self) -> Option<&str> {
        let own = |word: &str| self.lastapp.eq_ignore_ascii_case(word);
        let busy = self.disposition.eq_ignore_ascii_case("BUSY") && !own("Queue") && !own("ChanSpy");
        device_of(&self.dstchannel).filter(|_| busy)
    }
}

/// Keeps a call that found a phone busy.
pub(super) fn note(scope: &Scope<'_>, row: &CdrRow) -> Result<(), StoreError> {
    let Some(device) = row.busy_device() else { return Ok(()) };
    scope
        .db
        .prepare_cached(
            "INSERT OR IGNORE INTO busy_call (pbx, start, uniqueid, device) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![scope.pbx, start_of(scope, row), row.uniqueid, device])?;
    Ok(())
}

impl Store {
    /// The calls outside the queues that began in [from, to), UTC seconds, and found a phone busy; each with whose phone
    /// it was then, by the map of names, else the phone itself.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn busy_calls(
        &self,
        pbx: &PbxName,
        from: i64,
        to: i64,
    ) -> Result<Vec<(String, BusyCall)>, StoreError> {
        self.of(pbx, move |scope| {
            let identities = scope.identities()?;
            let mut statement = scope.db.prepare_cached(
                "SELECT start, uniqueid, device FROM busy_call WHERE pbx = ?1 AND start >= ?2 AND start < ?3
                 ORDER BY start, uniqueid, device",
            )?;
            let rows = statement.query_map(params![scope.pbx, from, to], |row| {
                let call = BusyCall { at: row.get(0)?, uniqueid: row.get(1)?, device: row.get(2)? };
                Ok((identities.agent(&call.device, call.at).to_string(), call))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}
