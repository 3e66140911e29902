//! `asterflow sync --once`: fetches new rows and says in one JSON line what came.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::{Arguments, EXIT_CONFIG, print, say, say_over};
use crate::daemon::settings;
use crate::store::{StateLock, Store};
use crate::tasks::sync::{Reached, sync_once};

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
        let mut meter = Meter::default();
        let once = sync_once(&store, &config.pbxs, &mut |reached| meter.show(reached)).await?;
        meter.end();
        print(format!("{}\n", serde_json::to_string(&once)?).as_bytes())?;
        Ok(ExitCode::SUCCESS)
    })
}

/// A line on the terminal that says how far the reading is; silent elsewhere, and while there is little to read.
#[derive(Default)]
struct Meter {
    first: Option<i64>,
    shown: Option<i64>,
}

impl Meter {
    /// Fewer rows than this are there at once.
    const WORTH_A_WORD: i64 = 20_000;

    fn show(&mut self, Reached { position, newest }: Reached) {
        let first = *self.first.get_or_insert(position);
        let (done, all) = (position - first, newest - first);
        if all < Self::WORTH_A_WORD || !std::io::stderr().is_terminal() {
            return;
        }
        let percent = done * 100 / all;
        if self.shown != Some(percent) {
            self.shown = Some(percent);
            say_over(&format!("reading queue_log: {percent:3} %, {done} rows"));
        }
    }

    fn end(&self) {
        if self.shown.is_some() {
            say("");
        }
    }
}
