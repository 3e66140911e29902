//! One pass: everything new, and once a minute what may have come late.

use std::collections::BTreeMap;

use super::{SyncError, WrapUps};
use crate::clock;
use crate::config::Pbx;
use crate::domain::history::event::Oddity;
use crate::domain::history::row::{civil_of, civil_second};
use crate::domain::ids::{PbxName, QueueName};
use crate::domain::time::Tick;
use crate::pbx::mysql::{Call, Cdr, Mysql, MysqlError, QueueLog, Read, queue_settings};
use crate::store::{Applied, Batch, CdrRow, Store};

/// Rows read and stored together: a transaction of some milliseconds.
const ROWS: u32 = 2000;
/// So many while years are read: an agent's day is then written a few times and not dozens of times. A transaction of a
/// quarter of a second at most on a slow board: other writers wait no longer. Two such batches are held, one being read while
/// the other is stored, some 8 MB each.
const ROWS_FAR: u32 = 16_000;
/// Ids read again once a minute: rows are committed late, out of order, but not by more than this.
const OVERLAP_IDS: i64 = 5000;
/// How often, milliseconds.
const OVERLAP_MILLIS: i64 = 60_000;
/// Cdr rows read together.
const CALLS: u32 = 5000;
/// A cdr row comes at the call's end, with the start it had: this far back is read again, seconds.
const CDR_OVERLAP: i64 = 3 * 3600;
/// How much of the cdr is read the first time, seconds before the newest row of queue_log.
const CDR_FIRST: i64 = 7 * 24 * 3600;
/// The cdr has no index: it is left alone for this many times what the last look took.
const CDR_REST: i64 = 50;

/// What a batch brought.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    pub rows: u64,
    pub visits: u64,
    pub position: i64,
    pub newest: i64,
}

/// An open connection, with what was found in it.
pub(super) struct Reader {
    pbx: PbxName,
    mysql: Mysql,
    queue_log: QueueLog,
    cdr: Option<Cdr>,
    warning: Option<String>,
    /// `None`: at the next pass.
    overlapped: Option<Tick>,
    cdr_due: Option<Tick>,
    newest: i64,
    wrap_ups: WrapUps,
}

impl Reader {
    /// Connects and finds the tables.
    pub(super) async fn connect(pbx: &Pbx) -> Result<Self, SyncError> {
        let database = pbx.database.as_ref().ok_or(SyncError::NoDatabase)?;
        let mysql = Mysql::connect(database).await?;
        let queue_log = QueueLog::find(&mysql).await?;
        // Without the cdr only the calls that never entered are missing: said, not refused.
        let (cdr, warning) = match Cdr::find(&mysql).await {
            Ok(cdr) => (Some(cdr), None),
            Err(error) if error.is_refusal() => {
                (None, Some(format!("calls that never entered a queue are not shown: {error}")))
            }
            Err(error) => return Err(error.into()),
        };
        let newest = queue_log.newest(&mysql).await?;
        tracing::info!(pbx = %pbx.name, host = mysql.host(), table = queue_log.table(), newest, "reading queue_log");
        Ok(Self {
            pbx: pbx.name.clone(),
            mysql,
            queue_log,
            cdr,
            warning,
            overlapped: None,
            cdr_due: None,
            newest,
            wrap_ups: WrapUps::new(),
        })
    }

    /// What is missing though the link is up.
    pub(super) fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    pub(super) async fn close(&self) {
        self.mysql.close().await;
    }

    /// Reads to the end. Says whether any figure may have changed.
    pub(super) async fn pass(
        &mut self,
        store: &Store,
        progress: &mut (dyn FnMut(&Progress) + Send),
        stop: impl Fn() -> bool + Send,
    ) -> Result<bool, SyncError> {
        let mut changed = false;
        let mut cursor = store.cursor(&self.pbx, "queue_log").await?;
        let now = clock::now().tick;
        if self.overlapped.is_none_or(|last| now.since(last) >= OVERLAP_MILLIS) {
            self.newest = self.queue_log.newest(&self.mysql).await?;
            if self.newest < cursor {
                // The table was emptied or replaced: from the beginning; what is known stays and is not doubled.
                tracing::warn!(pbx = %self.pbx, cursor, newest = self.newest, "queue_log begins anew");
                cursor = 0;
            } else {
                changed |= self.overlap(store, cursor, progress).await?;
            }
            self.levels(store).await?;
            self.overlapped = Some(now);
        }
        let mut ahead: Option<Read> = None;
        while !stop() {
            let read = match ahead.take() {
                Some(read) => read,
                None => self.queue_log.after(&self.mysql, cursor, self.limit(cursor)).await?,
            };
            let Some(position) = read.last else {
                progress(&Progress { position: cursor, newest: self.newest, ..Progress::default() });
                break;
            };
            // A short batch reached the end; the next poll reads on.
            let ended = read.read < ROWS as usize;
            let following = async {
                if ended {
                    return Ok(None);
                }
                self.queue_log.after(&self.mysql, position, self.limit(position)).await.map(Some)
            };
            let (stored, following) = tokio::join!(self.store(store, read, Some(position)), following);
            let (applied, reached) = stored?;
            changed |= applied.changed;
            cursor = position;
            progress(&Progress { newest: self.newest, ..reached });
            ahead = following?;
            if ended {
                break;
            }
        }
        changed |= self.calls(store).await?;
        Ok(changed)
    }

    /// The last ids before the cursor once more.
    async fn overlap(
        &self,
        store: &Store,
        cursor: i64,
        progress: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<bool, SyncError> {
        let mut changed = false;
        let mut from = (cursor - OVERLAP_IDS).max(0);
        while from < cursor {
            let left = u32::try_from(cursor - from).unwrap_or(ROWS).min(ROWS);
            let read = self.queue_log.after(&self.mysql, from, left).await?;
            let Some(position) = read.last else { break };
            let (applied, reached) = self.store(store, read, None).await?;
            changed |= applied.changed;
            progress(&Progress { position: cursor, newest: self.newest, ..reached });
            from = position;
        }
        Ok(changed)
    }

    /// How many rows are read at once after `from`.
    fn limit(&self, from: i64) -> u32 {
        if self.newest - from > i64::from(ROWS_FAR) { ROWS_FAR } else { ROWS }
    }

    /// Stores a batch; with a `cursor` that is where reading stands then. In the progress `newest` is how many rows were read.
    async fn store(
        &self,
        store: &Store,
        read: Read,
        cursor: Option<i64>,
    ) -> Result<(Applied, Progress), SyncError> {
        let position = read.last.unwrap_or(0);
        let count = i64::try_from(read.read).unwrap_or(i64::MAX);
        // Rows without a time are counted when they are first passed, not at every second look.
        let mut oddities = BTreeMap::new();
        if cursor.is_some() && read.without_time > 0 {
            oddities.insert(Oddity::BadTime, read.without_time);
        }
        let batch = Batch { pbx: self.pbx.clone(), rows: read.rows, oddities, cursor };
        let applied = store.apply_batch(batch).await?;
        let progress = Progress { rows: applied.rows, visits: applied.visits, position, newest: count };
        Ok((applied, progress))
    }

    /// The queues' own service levels and wrap-up times.
    async fn levels(&mut self, store: &Store) -> Result<(), SyncError> {
        let settings = queue_settings(&self.mysql).await?;
        if !settings.is_empty() {
            let levels = settings.iter().map(|(name, queue)| (name.clone(), queue.service_level_seconds));
            store.set_service_levels(&self.pbx, levels.collect()).await?;
        }
        let wraps = settings.iter().map(|(name, queue)| (QueueName::new(name), queue.wrap_up_seconds));
        self.wrap_ups = wraps.filter(|(_, seconds)| *seconds > 0).collect();
        Ok(())
    }

    /// The queues' wrap-up times in seconds, where they are set.
    pub(super) fn wrap_ups(&self) -> &WrapUps {
        &self.wrap_ups
    }

    /// Looks at the cdr when it is due.
    async fn calls(&mut self, store: &Store) -> Result<bool, SyncError> {
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
                    self.warning = Some(format!("calls that never entered a queue are not shown: {error}"));
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
    }
}
