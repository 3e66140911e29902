//! `asterflow sync --once`: fetches new rows and says in one JSON line what came.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::{Arguments, EXIT_CONFIG, say};
use crate::daemon::settings;
use crate::store::{StateLock, Store};
use crate::tasks::sync::sync_once;

/// How to synchronise.
#[derive(Debug, Args)]
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
        writeln!(std::io::stdout().lock(), "{}", serde_json::to_string(&once)?)?;
        Ok(ExitCode::SUCCESS)
    })
}
