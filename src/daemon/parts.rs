//! The running parts of the appliance, and how they are started and ended.

use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{health, settings, web};
use crate::cli::{Arguments, say};
use crate::clock;
use crate::config::{Config, Pbx};
use crate::domain::history::figures::Today;
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::problem::Problem;
use crate::store::Store;
use crate::tasks::PbxView;
use crate::tasks::accounts::Accounts;
use crate::tasks::control::Control;
use crate::tasks::history::History;
use crate::tasks::live::{self, Live};
use crate::tasks::settings::Settings;
use crate::tasks::sync::{self, SyncStatus};

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
    /// How each synchronisation does.
    pub(crate) syncs: Vec<watch::Receiver<Arc<SyncStatus>>>,
    /// What the web page shows as the wall, once there is one.
    pub(crate) pictures: web::Pictures,
    /// Where the web page is.
    pub(crate) address: String,
    store: Store,
    tasks: Vec<JoinHandle<()>>,
}

impl Parts {
    /// Opens the state, loads the configuration, starts everything but the wall.
    pub(crate) async fn start(arguments: &Arguments, stop: &watch::Sender<bool>) -> Result<Self> {
        let store = Store::open(&arguments.state_dir)?;
        let interrupted = store.journal_close_interrupted(clock::now().wall).await?;
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
            history: History::new(store.clone()),
            control: Control::new(Vec::new(), Vec::new(), store.clone()),
            config,
            problems: Arc::new(loaded.problems),
            views: Vec::new(),
            lives: Vec::new(),
            accounts,
            syncs: Vec::new(),
            pictures: web::Pictures::default(),
            address: String::new(),
            store,
            tasks: Vec::new(),
        };
        if let Some(config) = parts.config.clone() {
            for pbx in &config.pbxs {
                parts.start_pbx(&config, pbx, stop).await?;
            }
            let phones = config.supervisor_phones.clone();
            parts.control = Control::new(parts.lives.clone(), phones, parts.store.clone());
        }
        parts.start_web(arguments, stop).await.context("the web page cannot be started")?;
        Ok(parts)
    }

    async fn start_pbx(&mut self, config: &Config, pbx: &Pbx, stop: &watch::Sender<bool>) -> Result<()> {
        let live = live::start(pbx.name.clone(), pbx.ami.clone(), &config.supervisor_phones, stop.subscribe());
        let (today, database) = if pbx.database.is_some() {
            let sync = sync::start(pbx, &config.history, self.store.clone(), stop.subscribe()).await?;
            self.syncs.push(sync.status);
            self.tasks.push(sync.task);
            (sync.today, sync.database)
        } else {
            let absent = LinkStatus { state: LinkState::Absent, ..LinkStatus::connecting(clock::now()) };
            (watch::channel(Arc::new(Today::default())).1, watch::channel(absent).1)
        };
        self.views.push(PbxView {
            name: pbx.name.clone(),
            zone: pbx.zone.clone(),
            live: live.snapshot.clone(),
            today,
            database,
        });
        self.lives.push(live);
        Ok(())
    }

    async fn start_web(&mut self, arguments: &Arguments, stop: &watch::Sender<bool>) -> Result<()> {
        let health = health::Monitor::new(clock::now(), self.syncs.clone());
        let server = web::bind(self, arguments, health).await?;
        self.address = server.url();
        tracing::info!(address = %self.address, "the web page is there");
        let mut stopped = stop.subscribe();
        self.tasks.push(tokio::spawn(async move {
            let stopping = async move {
                // A dropped sender means that the program ends, too.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            server.run(stopping).await;
        }));
        Ok(())
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
