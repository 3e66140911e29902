//! `asterflow report`: the stored history on paper.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::Arguments;
use crate::config::Config;
use crate::daemon::settings;
use crate::domain::history::query::{By, Count, Filter, Metric};
use crate::domain::ids::{AgentName, PbxName, QueueName};
use crate::report::{self, Format, Kind};
use crate::store::Store;
use crate::tasks::history::{History, Thresholds};

/// What to report.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    asterflow report queues --from 2026-11-01 --to 2026-11-30\n  \
    asterflow report agents --from 2026-11-22 --to 2026-11-22 --queue sales --by hour --format csv\n  \
    asterflow report heatmap --from 2026-11-01 --to 2026-11-30 --metric calls --format csv")]
pub struct ReportArguments {
    /// Whose numbers.
    #[arg(value_enum)]
    pub kind: KindName,
    /// First date, in the PBX's zone.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Date,
    /// Last date, inclusive.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub to: Date,
    /// One PBX.
    #[arg(long)]
    pub pbx: Option<String>,
    /// One queue.
    #[arg(long)]
    pub queue: Option<String>,
    /// One agent.
    #[arg(long)]
    pub agent: Option<String>,
    /// What a heatmap shows: talk, calls, answered, abandoned, service_level, average_speed_of_answer, occupancy.
    #[arg(long, default_value = "talk")]
    pub metric: Metric,
    /// What the range is cut into: hour, day, weekday, range.
    #[arg(long, default_value = "range")]
    pub by: By,
    /// What is counted: visits (stays in a queue) or calls.
    #[arg(long, default_value = "visits")]
    pub count: Count,
    /// The service level's seconds for all queues, instead of each queue's own.
    #[arg(long, value_name = "SECONDS")]
    pub service_level: Option<u32>,
    /// table, csv or json.
    #[arg(long, default_value = "table")]
    pub format: Format,
}

/// What can be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindName {
    /// Figures by queue.
    Queues,
    /// Figures by agent.
    Agents,
    /// One number an agent and clock hour.
    Heatmap,
    /// Every visit.
    Visits,
}

/// Writes the report to stdout.
pub(super) fn run(arguments: &Arguments, options: &ReportArguments) -> Result<ExitCode> {
    if options.to < options.from {
        anyhow::bail!("--to {} lies before --from {}; exchange them", options.to, options.from);
    }
    super::runtime()?.block_on(async {
        let store = Store::open_read_only(&arguments.state_dir)?;
        let loaded = settings::load(arguments).await?;
        let history = History::new(store, thresholds(loaded.config.as_ref()));
        let kind = match options.kind {
            KindName::Queues => Kind::Queues,
            KindName::Agents => Kind::Agents,
            KindName::Heatmap => Kind::Heatmap,
            KindName::Visits => Kind::Visits,
        };
        let mut page = Vec::new();
        report::run(&history, kind, &filter(options), options.format, &mut page).await?;
        match std::io::Write::write_all(&mut std::io::stdout().lock(), &page) {
            // `report … | head` has read enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            written => written?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The thresholds of the configuration; the usual ones where it cannot be read, for a report needs no PBX.
pub(crate) fn thresholds(config: Option<&Config>) -> Thresholds {
    config.map_or_else(Thresholds::default, |config| Thresholds {
        service_level_s: config.history.service_level_seconds,
        short_abandon_s: config.history.short_abandon_seconds,
    })
}

fn filter(options: &ReportArguments) -> Filter {
    let mut filter = Filter::new(options.from, options.to);
    filter.pbx = options.pbx.as_ref().map(PbxName::new);
    filter.queue = options.queue.as_ref().map(QueueName::new);
    filter.agent = options.agent.as_ref().map(AgentName::new);
    filter.metric = options.metric;
    filter.by = options.by;
    filter.count = options.count;
    filter.service_level = options.service_level;
    filter
}
