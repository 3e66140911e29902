//! `asterflow sync --once`: fetches new rows and says in one JSON line what came.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::report::thresholds;
use super::{Arguments, EXIT_CONFIG, print, say, say_over};
use crate::clock;
use crate::daemon::settings;
use crate::domain::time::Tick;
use crate::report::thousands;
use crate::store::{StateLock, Store};
use crate::tasks::history::History;
use crate::tasks::sync::{Reached, purge, sync_once};

/// How to synchronise.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  asterflow sync --once                             {\"rows\":5120,\"visits\":840,…}\n\n\
    The result is one JSON line: new rows, new visits, seconds, and what is odd in the whole history. The newest days \
    come first; what is broken off goes on where it was. Then what is older than `keep` is removed (its sums stay). History from files: `asterflow import`."
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
        let mut meter = Meter::start();
        let once = sync_once(&store, &config.pbxs, &mut |reached| meter.show(reached)).await;
        meter.end();
        let once = once?;
        for pbx in config.pbxs.iter().filter(|pbx| pbx.database.is_some()) {
            purge(&store, &pbx.name, config.history.keep).await?;
        }
        // So that the first report need not make them all.
        let history = History::new(store, thresholds(Some(&config)));
        for pbx in &config.pbxs {
            while history.keep(&pbx.name).await? {}
        }
        print(format!("{}\n", serde_json::to_string(&once)?).as_bytes())?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Says how far the reading is: on a terminal one line that is written over, elsewhere a line twice a minute. Silent while
/// there is little to read.
struct Meter {
    began: Tick,
    first: Option<i64>,
    said: Option<Tick>,
    terminal: bool,
}

impl Meter {
    /// Fewer rows than this are there at once.
    const WORTH_A_WORD: i64 = 20_000;

    fn start() -> Self {
        Self { began: clock::now().tick, first: None, said: None, terminal: std::io::stderr().is_terminal() }
    }

    fn show(&mut self, reached: Reached) {
        let first = *self.first.get_or_insert(reached.position);
        if reached.newest - first < Self::WORTH_A_WORD && reached.older.is_none() {
            return;
        }
        let now = clock::now().tick;
        let gap = if self.terminal { 200 } else { 30_000 };
        if self.said.is_none_or(|said| now.since(said) >= gap) {
            self.said = Some(now);
            let line = line(&reached, first, now.since(self.began));
            if self.terminal { say_over(&line) } else { say(&line) }
        }
    }

    fn end(&self) {
        if self.terminal && self.said.is_some() {
            say("");
        }
    }
}

/// `reading queue_log: back to 2024-03-14, 38 %, 120,000 rows, 61,000 a second, 2 min left`
fn line(reached: &Reached, first: i64, millis: i64) -> String {
    let whole = |number: i64| u64::try_from(number).unwrap_or(0);
    let percent = match reached.older {
        Some(older) => u64::from(older.percent()),
        None => whole((reached.position - first) * 100 / (reached.newest - first).max(1)).min(99),
    };
    let place = reached.older.map(|older| format!("back to {}, ", older.reached)).unwrap_or_default();
    let rate = reached.rows * 1000 / whole(millis).max(1);
    // Before that the share says little.
    let left = match (percent, millis) {
        (1.., 2000..) => format!(", {} left", span(whole(millis) * (100 - percent) / percent / 1000)),
        _ => String::new(),
    };
    let (rows, rate) = (thousands(reached.rows), thousands(rate));
    format!("reading queue_log: {place}{percent} %, {rows} rows, {rate} a second{left}")
}

fn span(seconds: u64) -> String {
    match seconds {
        0..90 => format!("{seconds} s"),
        90..5400 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::sync::OlderDays;

    #[test]
    fn the_line_says_where_how_fast_and_how_long() {
        let date = jiff::civil::date(2024, 3, 14);
        let older = Some(OlderDays { reached: date, complete_from: date, share: 0.25 });
        let reached = Reached { rows: 120_000, position: 900, newest: 1000, older };
        let said = "reading queue_log: back to 2024-03-14, 25 %, 120,000 rows, 12,000 a second, 30 s left";
        assert_eq!(line(&reached, 0, 10_000), said);
        let reached = Reached { older: None, ..reached };
        assert_eq!(line(&reached, 0, 100), "reading queue_log: 90 %, 120,000 rows, 1,200,000 a second");
    }
}
