//! The one writer: a thread that owns the connection and takes closures from a bounded mailbox.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::error::StoreError;

/// Writes that may wait. A sync batch and a handful of journal rows are normal; 64 means the disk stands still.
const MAILBOX: usize = 64;
/// A write that has not begun by then is refused, so that nobody waits for ever on a dead disk.
const DEADLINE: Duration = Duration::from_secs(30);

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Sends work to the writer's thread.
#[derive(Clone)]
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
}

impl Writer {
    /// Starts the thread, which ends when the last handle is dropped.
    pub(super) fn spawn(mut connection: Connection) -> Result<Self, StoreError> {
        let (jobs, mut mailbox) = mpsc::channel::<Job>(MAILBOX);
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || {
                while let Some(job) = mailbox.blocking_recv() {
                    job(&mut connection);
                }
            })
            .map_err(|_| StoreError::Stopped)?;
        Ok(Self { jobs: Some(jobs) })
    }

    /// A writer that refuses everything, for read-only handles.
    pub(super) fn closed() -> Self {
        Self { jobs: None }
    }

    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.send(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
        .await
    }

    pub(super) async fn checkpoint(&self) -> Result<(), StoreError> {
        self.send(|connection| Ok(connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?)).await
    }

    async fn send<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let jobs = self.jobs.as_ref().ok_or(StoreError::Stopped)?;
        let (answer, result) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // A write that panics must not take the thread, and with it all others, along. Its transaction rolls back.
            let worked = catch_unwind(AssertUnwindSafe(|| work(connection)));
            // The asker may have gone; the work still counts.
            let _ = answer.send(worked.unwrap_or(Err(StoreError::Panicked)));
        });
        match tokio::time::timeout(DEADLINE, jobs.send(job)).await {
            Ok(Ok(())) => result.await.map_err(|_| StoreError::Stopped)?,
            Ok(Err(_)) => Err(StoreError::Stopped),
            Err(_) => Err(StoreError::Deadline),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_write_that_panics_is_rolled_back_and_the_next_one_works() {
        let connection = Connection::open_in_memory().expect("a database");
        connection.execute_batch("CREATE TABLE t (x)").expect("a table");
        let writer = Writer::spawn(connection).expect("a thread");
        let panicked = writer
            .run(|db| {
                db.execute("INSERT INTO t VALUES (1)", [])?;
                panic!("on purpose")
            })
            .await;
        assert!(matches!(panicked, Err::<(), _>(StoreError::Panicked)));
        let count: i64 = writer
            .run(|db| Ok(db.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?))
            .await
            .expect("the writer lives");
        assert_eq!(count, 0);
    }
}
