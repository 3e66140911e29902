//! `asterflow sync --once`: fetches new rows and says in one JSON line what came.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::{Arguments, EXIT_CONFIG, print, say};
use crate::daemon::settings;
use crate::store::{StateLock, Store};
use crate::tasks::sync::sync_once;

/// How to synchronise.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  asterflow sync --once                             {\"rows\":5120,\"visits\":840,…}\n\n\
    The result is one JSON line: new rows, new visits, seconds, and what is odd in the whole history. History from \
    files: `asterflow import`."
)]
pub struct SyncArguments {
    /// One synchronisation, then end. (While `asterflow run` runs, it synchronises by itself.)
    #[arg(long, required = true)]
    pub once: bool,
}

/// Synchronises every PBX once.
pub(super) fn run(arguments: &Arguments, _: &SyncArguments) -> Result<ExitCode> {
    super::runtime()?.block_on(async {
        let loaded = settings::load(arguments).await?;
        loaded.problems.iter().for_each(|problem| say(&problem.to_string()));
        let Some(config) = loaded.config else { return Ok(ExitCode::from(EXIT_CONFIG)) };
        let _lock = StateLock::take(&arguments.state_dir)?;
        let store = Store::open(&arguments.state_dir)?;
        let once = sync_once(&store, &config.pbxs).await?;
        print(format!("{}\n", serde_json::to_string(&once)?).as_bytes())?;
        Ok(ExitCode::SUCCESS)
    })
}
