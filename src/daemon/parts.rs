//! The running parts of the appliance, and how they are started and ended.

use std::sync::Arc;

use anyhow::Result;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{health, settings, web};
use crate::cli::report::thresholds;
use crate::cli::{Arguments, say};
use crate::clock;
use crate::config::{Config, Pbx, Rights};
use crate::domain::alarm::Alarms;
use crate::domain::history::figures::Today;
use crate::domain::live::snapshot::Snapshot;
use crate::domain::problem::{Problem, Severity};
use crate::store::{StateLock, Store};
use crate::tasks::accounts::Accounts;
use crate::tasks::acts::Acts;
use crate::tasks::check::Checks;
use crate::tasks::control::{self, Control};
use crate::tasks::history::History;
use crate::tasks::live::{self, Live};
use crate::tasks::people;
use crate::tasks::reconcile::Reconciler;
use crate::tasks::replay;
use crate::tasks::settings::Settings;
use crate::tasks::sync::{Sync, SyncStatus};
use crate::tasks::{PbxView, alarms};

/// Everything that runs.
pub(crate) struct Parts {
    /// The configuration, when there is a usable one.
    pub(crate) config: Option<Arc<Config>>,
    /// What is wrong with it.
    pub(crate) problems: Arc<Vec<Problem>>,
    /// What displays may see of each PBX.
    pub(crate) views: Vec<PbxView>,
    /// The links.
    pub(crate) lives: Vec<Live>,
    /// Accounts and the one-time code.
    pub(crate) accounts: Accounts,
    /// The stored history.
    pub(crate) history: History,
    /// Supervision.
    pub(crate) control: Control,
    /// Acts upon the floor.
    pub(crate) acts: Acts,
    /// How each synchronisation does.
    pub(crate) syncs: Vec<watch::Receiver<SyncStatus>>,
    /// What the hourly checks of each PBX found.
    pub(crate) checks: Vec<watch::Receiver<Checks>>,
    /// What the web page shows as the wall, once there is one.
    pub(crate) pictures: web::Pictures,
    /// Own views of the wall in browsers.
    #[cfg(feature = "kiosk")]
    pub(crate) walls: super::walls::Walls,
    /// Where the web page is.
    pub(crate) address: String,
    store: Store,
    tasks: Vec<JoinHandle<()>>,
    /// Held as long as the state is ours.
    _lock: Option<StateLock>,
}

impl Parts {
    /// Opens the state, loads the configuration, starts everything but the wall.
    pub(crate) async fn start(arguments: &Arguments, stop: &watch::Sender<bool>) -> Result<Self> {
        let lock = StateLock::take(&arguments.state_dir)?;
        let store = Store::open(&arguments.state_dir)?;
        let interrupted = store.journal_close_interrupted(clock::now().wall, control::OVER_RESTARTS).await?;
        if interrupted > 0 {
            tracing::warn!(interrupted, "acts of the last run were not finished; the journal says so");
        }
        let overlay = Settings::open(store.clone(), &arguments.state_dir).await?.watch().borrow().clone();
        let loaded = settings::load_with(arguments, &overlay);
        loaded.problems.iter().for_each(|problem| say(&problem.to_string()));
        let config = loaded.config.map(Arc::new);
        let site = config.as_ref().map_or("AsterFlow", |config| config.site.name.as_str());
        let accounts = Accounts::new(store.clone(), site);
        if accounts.offer_setup().await? {
            tracing::info!("no account yet: the wall shows a one-time code for the web page");
        }
        let mut parts = Self {
            history: History::new(store.clone(), thresholds(config.as_deref())),
            control: Control::new(Vec::new(), Vec::new(), store.clone()),
            acts: Acts::new(Vec::new(), Rights::default(), store.clone()),
            config,
            problems: Arc::new(loaded.problems),
            views: Vec::new(),
            lives: Vec::new(),
            accounts,
            syncs: Vec::new(),
            checks: Vec::new(),
            pictures: web::Pictures::default(),
            #[cfg(feature = "kiosk")]
            walls: super::walls::Walls::default(),
            address: String::new(),
            store,
            tasks: Vec::new(),
            _lock: Some(lock),
        };
        if let Some(config) = parts.config.clone() {
            for pbx in &config.pbxs {
                parts.start_pbx(&config, pbx, stop);
            }
            let phones = config.supervisor_phones.clone();
            let (lives, store, longest) =
                (parts.lives.clone(), parts.store.clone(), config.supervision.longest);
            parts.control = Control::lasting(lives, phones, store, longest);
            parts.control.resume().await?;
            parts.acts = Acts::new(parts.lives.clone(), config.rights, parts.store.clone());
        }
        parts.start_web(arguments, stop).await;
        Ok(parts)
    }

    fn start_pbx(&mut self, config: &Config, pbx: &Pbx, stop: &watch::Sender<bool>) {
        let (sync, handle) = Sync::new(self.store.clone(), pbx.clone(), &config.history);
        let (name, ami, phones) = (pbx.name.clone(), pbx.ami.clone(), &config.supervisor_phones);
        let live = live::start(name, ami, phones, handle.wrap_ups.clone(), stop.subscribe());
        self.tasks.push(tokio::spawn(sync.run(stop.subscribe())));
        let (store, floor) = (self.store.clone(), live.snapshot.clone());
        self.tasks.push(tokio::spawn(people::run(store, pbx.name.clone(), floor, stop.subscribe())));
        let reconciler = Reconciler {
            store: self.store.clone(),
            pbx: pbx.name.clone(),
            zone: pbx.zone.clone(),
            live: live.seen(),
            sync: handle.status.clone(),
        };
        let reconciled = reconciler.start(stop.subscribe());
        let alarms = watch_alarms(config, pbx, &live.snapshot, &handle.today, stop);
        let (store, floor, keep) = (self.store.clone(), live.snapshot.clone(), config.history.replay_keep);
        self.tasks.push(tokio::spawn(replay::run(store, pbx.name.clone(), keep, floor, stop.subscribe())));
        self.syncs.push(handle.status);
        self.checks.push(handle.checks);
        self.views.push(PbxView {
            name: pbx.name.clone(),
            zone: pbx.zone.clone(),
            live: live.snapshot.clone(),
            today: handle.today,
            alarms,
            database: handle.database,
            reconciled,
        });
        self.lives.push(live);
    }

    /// Starts the web page. A port that is taken must not keep the wall dark: it becomes a problem like any other.
    async fn start_web(&mut self, arguments: &Arguments, stop: &watch::Sender<bool>) {
        let health = health::Monitor::new(clock::now(), self);
        let server = match web::bind(self, arguments, health).await {
            Ok(server) => server,
            Err(error) => return self.without_web(&format!("{error:#}.")),
        };
        self.address = web::address(server.address(), self.config.as_deref());
        tracing::info!(address = %self.address, "the web page is there");
        let mut stopped = stop.subscribe();
        self.tasks.push(tokio::spawn(async move {
            let stopping = async move {
                // A dropped sender means that the program ends, too.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            server.run(stopping).await;
        }));
    }

    fn without_web(&mut self, why: &str) {
        let problem = Problem {
            key: "admin.listen".into(),
            line: None,
            sentence: format!("The web page cannot be served: {why}"),
            cure: "Choose another address or port, or stop what uses it, and start again.".into(),
            severity: Severity::Error,
        };
        say(&problem.to_string());
        Arc::make_mut(&mut self.problems).push(problem);
    }

    /// Waits until everything that was told to stop has stopped, then closes the store.
    pub(crate) async fn end(mut self) {
        for task in self.tasks.drain(..) {
            // A task that panicked has ended, too.
            let _ = task.await;
        }
        if let Err(error) = self.store.checkpoint().await {
            tracing::warn!(%error, "the local database could not be tidied up");
        }
    }
}

/// Starts the watch over the queues of one PBX.
fn watch_alarms(
    config: &Config,
    pbx: &Pbx,
    live: &watch::Receiver<Arc<Snapshot>>,
    today: &watch::Receiver<Arc<Today>>,
    stop: &watch::Sender<bool>,
) -> watch::Receiver<Arc<Alarms>> {
    let settings = Arc::new(config.alarms.clone());
    alarms::start(settings, pbx.zone.clone(), live.clone(), today.clone(), stop.subscribe())
}

/// What one picture needs: the stored history, and unless `offline` a link to each PBX. Nothing is written.
#[cfg(feature = "kiosk")]
pub(crate) async fn for_picture(
    arguments: &Arguments,
    loaded: crate::config::Loaded,
    offline: bool,
    stop: &watch::Sender<bool>,
) -> Result<Parts> {
    use crate::domain::link::{LinkState, LinkStatus};

    let store = Store::open_read_only(&arguments.state_dir).or_else(|_| Store::open(&arguments.state_dir))?;
    let config = loaded.config.map(Arc::new);
    let history = History::new(store.clone(), thresholds(config.as_deref()));
    let (mut views, mut lives) = (Vec::new(), Vec::new());
    let records = history.pbxs().await.unwrap_or_default();
    for (config, pbx) in config.iter().flat_map(|config| config.pbxs.iter().map(move |pbx| (config, pbx))) {
        let now = clock::now();
        let mut live = watch::channel(Arc::new(Snapshot::unknown(pbx.name.clone(), now))).1;
        if !offline {
            let phones = &config.supervisor_phones;
            let (name, ami) = (pbx.name.clone(), pbx.ami.clone());
            let link = live::start(name, ami, phones, watch::channel(Arc::default()).1, stop.subscribe());
            live = link.snapshot.clone();
            lives.push(link);
        }
        let today = history.today(&pbx.name, now.wall).await.unwrap_or_else(|_| Today::default());
        let synced_at =
            records.iter().find(|record| record.name == pbx.name).and_then(|record| record.synced_at);
        let mut database = LinkStatus::connecting(now);
        if pbx.database.is_none() {
            database.enter(LinkState::Absent, None, now);
        }
        if let Some(at) = synced_at {
            database.fresh_at = Some(now.minus_seconds(now.wall.as_second() - at));
            database.enter(LinkState::Live, None, now);
        }
        let whole_from = history.complete_from(&pbx.name).await.unwrap_or_default();
        database.note = whole_from.map(crate::tasks::sync::OlderDays::not_there_yet);
        let today = watch::channel(Arc::new(today)).1;
        views.push(PbxView {
            name: pbx.name.clone(),
            zone: pbx.zone.clone(),
            alarms: watch_alarms(config, pbx, &live, &today, stop),
            live,
            today,
            database: watch::channel(database).1,
            reconciled: watch::channel(Arc::default()).1,
        });
    }
    Ok(Parts {
        control: Control::new(Vec::new(), Vec::new(), store.clone()),
        acts: Acts::new(Vec::new(), Rights::default(), store.clone()),
        accounts: Accounts::new(store.clone(), "AsterFlow"),
        config,
        problems: Arc::new(loaded.problems),
        views,
        lives,
        history,
        syncs: Vec::new(),
        checks: Vec::new(),
        pictures: web::Pictures::default(),
        walls: super::walls::Walls::default(),
        address: String::new(),
        store,
        tasks: Vec::new(),
        _lock: None,
    })
}

#[cfg(all(test, feature = "kiosk"))]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::store::{Batch, Older, Reading};

    const SITE: &str = "[[pbx]]\nname = \"pbx\"\ntime_zone = \"UTC\"\n[pbx.ami]\nhosts = [\"127.0.0.1:1\"]\ntls = \"off\"\n\
        username = \"a\"\nsecret_file = \"s\"\n[pbx.database]\nhosts = [\"127.0.0.1:1\"]\nname = \"asterisk\"\n\
        username = \"a\"\npassword_file = \"s\"\ntls = \"off\"\n";

    #[tokio::test]
    async fn a_picture_without_a_connection_says_which_days_are_not_there_yet() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name).display().to_string();
        std::fs::write(path("asterflow.toml"), SITE).expect("writes");
        let store = Store::open(&dir.path().join("state")).expect("opens");
        let pbx = crate::domain::ids::PbxName::new("pbx");
        store.register_pbx(&pbx, "UTC").await.expect("registers");
        // Noon of 14 March 2024.
        let older = Some(Older { reached: 7, local: 1_710_417_600, ..Older::default() });
        let batch = Batch { pbx: pbx.clone(), rows: vec![], oddities: Default::default(), cursor: None };
        store.apply_reading(batch, Reading { older, ..Reading::default() }).await.expect("applies");
        let (config, state) = (path("asterflow.toml"), path("state"));
        let what = "asterflow screenshot --page overview --offline --out x".split(' ');
        let words = what.chain(["--config", &config, "--state-dir", &state]);
        let arguments = Arguments::parse_from(words);
        let note = async || {
            let loaded = settings::load_without_secrets(&arguments).await.expect("loads");
            let parts =
                for_picture(&arguments, loaded, true, &watch::Sender::new(false)).await.expect("parts");
            let database = parts.views[0].database.borrow().clone();
            database.note
        };
        assert_eq!(note().await.as_deref(), Some("Days before 15 Mar 2024 are not there yet."));
        let batch = Batch { pbx, rows: vec![], oddities: Default::default(), cursor: None };
        store.apply_reading(batch, Reading::default()).await.expect("applies");
        assert_eq!(note().await, None, "everything is read");
    }
}
