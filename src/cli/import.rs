//! `asterflow import`: history from Asterisk's own `queue_log` files.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use tokio::sync::watch;

use super::{Arguments, EXIT_CONFIG, print, say, usage};
use crate::clock;
use crate::daemon::settings;
use crate::domain::history::query::rfc3339;
use crate::domain::time::Tick;
use crate::report::thousands;
use crate::store::{StateLock, Store};
use crate::tasks::import::{Said, Source, import};

/// Bad lines that are shown; all are counted.
const SHOWN: u32 = 10;
/// Progress is written this often, milliseconds.
const EVERY: i64 = 500;

/// What to import.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    asterflow import /var/log/asterisk/queue_log*      the rotated and .gz ones too, in any order\n  \
    ssh pbx cat /var/log/asterisk/queue_log | asterflow import -\n  \
    asterflow import --pbx branch queue_log            where several PBXs are configured\n\n\
    Each row counts once, however often it is imported, and also where the database told it too. So an import that \
    was broken off (Ctrl-C) is simply begun again. A last line without its end is still being written: it is left \
    for the next time. The PBX need not be reachable. `asterflow run` must not run meanwhile.\n\n\
    The result is one JSON line: rows read, new ones, new visits, bad lines, seconds, and what is odd in the history.")]
pub struct ImportArguments {
    /// queue_log files, plain or packed by gzip; - is stdin.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Whose history it is, where several PBXs are configured.
    #[arg(long, value_name = "NAME")]
    pub pbx: Option<String>,
}

/// Imports the files.
pub(super) fn run(arguments: &Arguments, options: &ImportArguments) -> Result<ExitCode> {
    let runtime = super::runtime()?;
    let result = runtime.block_on(run_async(arguments, options));
    // A pipe that nobody writes to would otherwise hold the end up.
    runtime.shutdown_background();
    result
}

async fn run_async(arguments: &Arguments, options: &ImportArguments) -> Result<ExitCode> {
    let loaded = settings::load_without_secrets(arguments).await?;
    let Some(config) = loaded.config else {
        loaded.problems.iter().for_each(|problem| say(&problem.to_string()));
        return Ok(ExitCode::from(EXIT_CONFIG));
    };
    let (_, pbx) = super::choose(&config, options.pbx.as_deref()).map_err(usage)?;
    let mut sources = Vec::new();
    for file in &options.files {
        sources.push(Source::open(file)?);
    }
    let _lock = StateLock::take(&arguments.state_dir)?;
    let store = Store::open(&arguments.state_dir)?;
    let stop = stop_at_a_signal();
    let mut progress = Progress::new();
    let result = import(&store, (&pbx.name, &pbx.zone_name), sources, stop, &mut |said| {
        progress.take(said, |at| rfc3339(&pbx.zone, at));
    })
    .await;
    progress.end();
    let imported = result?;
    print(format!("{}\n", serde_json::to_string(&imported)?).as_bytes())?;
    if imported.too_old > 0 {
        let number = thousands(imported.too_old);
        say(&format!("Older than what is kept (`keep` of [history]), and left out: {number} rows."));
    }
    if imported.stopped {
        say("Stopped before the end. What is counted above is stored; the same command goes on from here.");
        return Ok(ExitCode::from(1));
    }
    Ok(ExitCode::SUCCESS)
}

/// Becomes true at Ctrl-C or SIGTERM.
fn stop_at_a_signal() -> watch::Receiver<bool> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return stop.closed().await };
        tokio::select! {
            _ = terminate.recv() => {}
            done = tokio::signal::ctrl_c() => if done.is_err() { return stop.closed().await },
        }
        stop.send_replace(true);
        // Kept, so that nobody takes its end for a stop.
        stop.closed().await;
    });
    stopped
}

/// What the person sees on stderr: one line that is written over on a terminal, and what is wrong with the files.
struct Progress {
    terminal: bool,
    began: Tick,
    shown: Option<Tick>,
    bad: u32,
}

impl Progress {
    fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), began: clock::now().tick, shown: None, bad: 0 }
    }

    fn take(&mut self, said: &Said, time: impl Fn(i64) -> String) {
        match said {
            Said::Stored { name, rows, new, reached } => {
                let now = clock::now().tick;
                if !self.terminal || self.shown.is_some_and(|last| now.since(last) < EVERY) {
                    return;
                }
                self.shown = Some(now);
                let millis = u64::try_from(now.since(self.began)).unwrap_or(1).max(1);
                let reached = reached.map(time).unwrap_or_default();
                let rate = rows * 1000 / millis;
                let [rows, new, rate] = [*rows, *new, rate].map(thousands);
                self.write(&format!("{rows} rows ({new} new), {rate} a second, {reached}, {name}"));
            }
            Said::BadLine { name, number, why, text } => {
                self.bad += 1;
                if self.bad <= SHOWN {
                    self.end();
                    say(&format!("{name}, line {number}: {why}: \"{text}\""));
                }
                if self.bad == SHOWN {
                    say("Further bad lines are only counted.");
                }
            }
            Said::Incomplete { name } => {
                self.end();
                say(&format!("{name}: the last line has no end yet; it is left for the next import."));
            }
            Said::Empty { name } => {
                self.end();
                say(&format!("{name} is empty."));
            }
        }
    }

    fn write(&self, text: &str) {
        // Who cannot see the progress does not miss the rows.
        super::say_over(text);
    }

    /// Leaves the line that is written over.
    fn end(&mut self) {
        if self.shown.take().is_some() {
            self.write("");
        }
    }
}
