//! Reading a PBX's tables from a real MariaDB: every shape, exactly once, the past.

mod calls;
mod exactly_once;
mod keep;
mod outage;
mod past;
mod shapes;
mod slow;

use std::time::Duration;

use asterflow::config::Pbx;
use asterflow::domain::history::query::Filter;
use asterflow::store::Store;
use asterflow::tasks::history::{History, Thresholds};
use asterflow::tasks::sync::{Once, Sync, SyncHandle, sync_once};
use jiff::civil::date;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A store of its own for one reading.
struct Shelf {
    _dir: tempfile::TempDir,
    store: Store,
}

impl Shelf {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(dir.path()).expect("opens");
        Self { _dir: dir, store }
    }

    async fn sync(&self, pbx: &Pbx) -> Once {
        sync_once(&self.store, std::slice::from_ref(pbx), &mut |_| ()).await.expect("synchronises")
    }

    /// All figures of all days, as text.
    async fn figures(&self) -> String {
        figures(&self.store).await
    }
}

/// All figures of all days in a store, as text.
async fn figures(store: &Store) -> String {
    let history = History::new(store.clone(), Thresholds::default());
    let filter = Filter::new(date(2020, 1, 1), date(2099, 1, 1));
    let mut text = String::new();
    for row in history.queues(&filter).await.expect("answers") {
        text.push_str(&format!("{} {:?}\n", row.queue, row.figures));
    }
    for row in history.agents(&filter).await.expect("answers") {
        text.push_str(&format!("{} {:?}\n", row.agent, row.figures));
    }
    text
}

/// A synchronisation that runs.
struct Running {
    stop: watch::Sender<bool>,
    handle: SyncHandle,
    task: JoinHandle<()>,
}

impl Running {
    fn start(store: &Store, pbx: &Pbx) -> Self {
        let settings = crate::site::reading_every(Duration::from_millis(100));
        let (stop, stopped) = watch::channel(false);
        let (sync, handle) = Sync::new(store.clone(), pbx.clone(), &settings);
        Self { stop, handle, task: tokio::spawn(sync.run(stopped)) }
    }

    /// Waits until so many visits came since the start.
    async fn visits(&mut self, number: u64) {
        let wait = self.handle.status.wait_for(|status| status.visits >= number);
        let seen = tokio::time::timeout(Duration::from_secs(20), wait).await;
        let seen = seen.map(|status| status.map(|status| status.visits));
        assert_eq!(seen.expect("in time").expect("runs"), number);
    }

    async fn end(self) {
        self.stop.send(true).expect("listens");
        tokio::time::timeout(Duration::from_secs(10), self.task).await.expect("in time").expect("ends");
    }
}
