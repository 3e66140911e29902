//! The cdr, looked at seldom; and the queues' own settings.

use super::{OVERLAP_MILLIS, Reader};
use crate::clock;
use crate::domain::history::row::{civil_of, civil_second};
use crate::domain::ids::QueueName;
use crate::pbx::mysql::{Call, Cdr, Mysql, MysqlError, queue_settings};
use crate::store::{CdrRow, Store};
use crate::tasks::sync::{SyncError, WrapUps, wrap_ups};

/// Cdr rows read together.
const CALLS: u32 = 5000;
/// A cdr row comes at the call's end, with the start it had: this far back is read again, seconds.
const CDR_OVERLAP: i64 = 3 * 3600;
/// How much of the cdr is read the first time, seconds before the newest row of queue_log.
const CDR_FIRST: i64 = 7 * 24 * 3600;
/// The cdr has no index: it is left alone for this many times what the last look took.
const CDR_REST: i64 = 50;

/// Finds the cdr. Without it only the calls that never entered are missing: said, not refused.
pub(super) async fn find(mysql: &Mysql) -> Result<(Option<Cdr>, Option<String>), MysqlError> {
    match Cdr::find(mysql).await {
        Ok(cdr) => Ok((Some(cdr), None)),
        Err(error) if error.is_refusal() => {
            Ok((None, Some(format!("calls that never entered a queue are not shown: {error}"))))
        }
        Err(error) => Err(error),
    }
}

impl Reader {
    /// The queues' own service levels and wrap-up times.
    pub(super) async fn settings(&mut self, store: &Store) -> Result<(), SyncError> {
        let settings = queue_settings(&self.mysql).await?;
        if !settings.is_empty() {
            let levels = settings.iter().map(|(name, queue)| (name.clone(), queue.service_level_seconds));
            store.set_service_levels(&self.pbx, levels.collect()).await?;
        }
        wrap_ups::note(store, &self.pbx, &self.mysql, &settings).await?;
        let wraps = settings.iter().map(|(name, queue)| (QueueName::new(name), queue.wrap_up_seconds));
        self.wrap_ups = wraps.filter(|(_, seconds)| *seconds > 0).collect();
        Ok(())
    }

    /// The queues' wrap-up times in seconds, where they are set.
    pub(in crate::tasks::sync) fn wrap_ups(&self) -> &WrapUps {
        &self.wrap_ups
    }

    /// Looks at the cdr when it is due.
    pub(super) async fn calls(&mut self, store: &Store) -> Result<bool, SyncError> {
        let began = clock::now().tick;
        let Some(cdr) = self.cdr.as_ref().filter(|_| self.cdr_due.is_none_or(|due| began.since(due) >= 0))
        else {
            return Ok(false);
        };
        let record = store.pbxs().await?.into_iter().find(|record| record.name == self.pbx);
        let stored = store.cursor(&self.pbx, "cdr").await?;
        let first = record.map_or(0, |record| record.log_clock) - CDR_FIRST;
        let mut from = if stored == 0 { first } else { stored - CDR_OVERLAP };
        loop {
            let local = civil_of(from.max(86_400)).unwrap_or_default();
            let read = match cdr.since(&self.mysql, local, CALLS).await {
                Ok(read) => read,
                Err(error @ MysqlError::Interrupted { .. }) => {
                    // A large table without an index: said, and left alone for a while.
                    self.cdr_warning =
                        Some(format!("calls that never entered a queue are not shown: {error}"));
                    break;
                }
                Err(error) => return Err(error.into()),
            };
            let newest = read.iter().map(|call| civil_second(call.start)).max().unwrap_or(from);
            let full = read.len() >= CALLS as usize && newest > from;
            let rows = read.into_iter().map(of_call).collect();
            store.apply_cdr(&self.pbx, rows, Some(newest.max(stored))).await?;
            from = newest;
            if !full {
                break;
            }
        }
        let now = clock::now().tick;
        self.cdr_due = Some(now.plus_millis((now.since(began) * CDR_REST).max(OVERLAP_MILLIS)));
        Ok(true)
    }
}

fn of_call(call: Call) -> CdrRow {
    CdrRow {
        start: call.start,
        uniqueid: call.uniqueid,
        linkedid: call.linkedid,
        src: call.src,
        dcontext: call.dcontext,
        dst: call.dst,
        lastapp: call.lastapp,
        lastdata: call.lastdata,
        disposition: call.disposition,
        dstchannel: call.dstchannel,
    }
}
