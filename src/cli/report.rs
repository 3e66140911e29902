//! `asterflow report`: the stored history on paper.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::{Arguments, print, say, usage};
use crate::config::Config;
use crate::daemon::settings;
use crate::domain::history::query::{By, Count, Filter, Metric};
use crate::domain::ids::{AgentName, PbxName, QueueName};
use crate::domain::suggest::known_names;
use crate::report::{self, Format, Kind};
use crate::store::Store;
use crate::tasks::history::{History, Thresholds};

/// What to report.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    asterflow report queues --from 2026-11-01 --to 2026-11-30\n  \
    asterflow report queues --from 2026-11-01 --to 2026-11-30 --by weekday --count calls\n  \
    asterflow report agents --from 2026-11-22 --to 2026-11-22 --queue sales --by hour --format csv\n  \
    asterflow report heatmap --from 2026-11-01 --to 2026-11-30 --metric calls --agent 'Alice Adams'\n  \
    asterflow report visits --from 2026-11-22 --to 2026-11-22 --queue sales --format json\n\n\
    The table leaves out what is 0 everywhere, and a few figures; CSV and JSON have every figure. A dash, and an \
    empty cell of CSV, is a figure that is not defined (nothing to divide by). A day in which the clocks change has \
    23 or 25 clock hours. Wrap-up is nominal: the time that the member, the queue or the setting history.wrap_up gives \
    after each talk, cut by the next ring. Occupancy counts each second once, as talk, ring, wrap-up, pause or idle, in \
    the hours in which the agent was logged in. Marks in a heatmap: * got a row more than an hour after its own time, \
    ! more talk than the hour lasts. `asterflow explain` tells what makes up a figure. --agent narrows queues and visits to the visits with a status for that agent.")]
pub struct ReportArguments {
    /// Whose numbers.
    #[arg(value_enum)]
    pub kind: KindName,
    /// First date, in the PBX's zone.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub from: Date,
    /// Last date, inclusive.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub to: Date,
    /// One PBX.
    #[arg(long, value_name = "NAME")]
    pub pbx: Option<String>,
    /// One queue.
    #[arg(long, value_name = "NAME")]
    pub queue: Option<String>,
    /// One agent.
    #[arg(long, value_name = "NAME")]
    pub agent: Option<String>,
    /// What a heatmap shows: talk, calls, answered, abandoned, service_level, average_speed_of_answer, occupancy.
    /// [default: talk]
    #[arg(long)]
    pub metric: Option<Metric>,
    /// What the range is cut into: hour, day, weekday, range. [default: range]
    #[arg(long)]
    pub by: Option<By>,
    /// What is counted: visits (stays in a queue) or calls (all visits of one caller as one). [default: visits]
    #[arg(long)]
    pub count: Option<Count>,
    /// The service level's seconds for all queues, instead of each queue's own.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub service_level: Option<u32>,
    /// table, csv or json.
    #[arg(long, default_value = "table")]
    pub format: Format,
}

/// A date alone: the usual parser would take a time too, and drop it.
pub(super) fn date(text: &str) -> Result<Date, String> {
    let wrong = || "write a date as 2026-11-22".to_owned();
    if text.len() == 10 { text.parse().map_err(|_| wrong()) } else { Err(wrong()) }
}

pub(super) fn seconds(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix('s').unwrap_or(text).trim_end().parse().ok();
    number.filter(|s| (1..=3600).contains(s)).ok_or_else(|| "write seconds from 1 to 3600".to_owned())
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
        return Err(usage(format!("--to {} lies before --from {}; exchange them", options.to, options.from)));
    }
    super::runtime()?.block_on(async {
        let store = Store::open_read_only(&arguments.state_dir)?;
        let loaded = settings::load_without_secrets(arguments).await?;
        let history = History::new(store, thresholds(loaded.config.as_ref()));
        let kind = match options.kind {
            KindName::Queues => Kind::Queues,
            KindName::Agents => Kind::Agents,
            KindName::Heatmap => Kind::Heatmap,
            KindName::Visits => Kind::Visits,
        };
        notes(options).into_iter().for_each(say);
        let filter = filter(options);
        if let Some(pbx) = &filter.pbx {
            let names: Vec<PbxName> = history.pbxs().await?.into_iter().map(|record| record.name).collect();
            if !names.contains(pbx) {
                let known = known_names(pbx.as_str(), names.iter().map(ToString::to_string));
                anyhow::bail!("there is no history of a PBX named {pbx}; {known}");
            }
        }
        for note in known_from(&history, &filter).await? {
            say(&note);
        }
        let mut page = Vec::new();
        if report::run(&history, kind, &filter, options.format, &mut page).await? == 0 {
            explain_nothing(&history, &filter).await?;
        }
        print(&page)?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Options that change nothing for what was asked: said, so that nobody reads more into the numbers.
fn notes(options: &ReportArguments) -> Vec<&'static str> {
    let kind = options.kind;
    let listed = matches!(kind, KindName::Heatmap | KindName::Visits);
    let by_agent = matches!(kind, KindName::Heatmap | KindName::Agents);
    let level = matches!(options.metric, Some(Metric::ServiceLevel)) && kind == KindName::Heatmap;
    [
        (options.metric.is_some() && kind != KindName::Heatmap, "Note: --metric is for heatmaps only."),
        (options.by.is_some() && kind == KindName::Heatmap, "Note: a heatmap is always by clock hour."),
        (
            options.by.is_some() && kind == KindName::Visits,
            "Note: visits are listed one by one; --by changes nothing.",
        ),
        (
            options.count == Some(Count::Calls) && by_agent,
            "Note: an agent has one status a visit; --count calls changes nothing here.",
        ),
        (
            options.service_level.is_some() && !level && (listed || kind == KindName::Agents),
            "Note: no service level is shown here; --service-level changes nothing.",
        ),
    ]
    .into_iter()
    .filter_map(|(holds, note)| holds.then_some(note))
    .collect()
}

/// From when on everything is known, where a report begins before.
async fn known_from(history: &History, filter: &Filter) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for record in history.pbxs().await? {
        let Some(whole) = history.complete_from(&record.name).await?.filter(|whole| filter.from < *whole)
        else {
            continue;
        };
        if filter.pbx.as_ref().is_none_or(|pbx| *pbx == record.name) {
            let name = &record.name;
            notes.push(format!(
                "Note: the past of {name} is still being read; days before {whole} are not whole yet."
            ));
        }
    }
    if let Some(first) = history.kept_from(filter.pbx.as_ref()).await?.filter(|first| filter.from < *first) {
        notes.push(format!(
            "Note: calls, pauses and phones are kept from {first} on (`keep` of [history]); of earlier days the sums are \
             there, and no visits and no calls that never entered."
        ));
    }
    Ok(notes)
}

/// Why a report is empty: a name that nobody has, which is an error, or a range in which nothing happened.
async fn explain_nothing(history: &History, filter: &Filter) -> Result<()> {
    let known = history.known(filter.pbx.as_ref()).await?;
    if let Some(queue) = filter.queue.as_ref().filter(|queue| !known.queues.contains(*queue)) {
        let names = known_names(queue.as_str(), known.queues.iter().map(ToString::to_string));
        anyhow::bail!("the history knows no queue named {queue}; {names}");
    }
    if let Some(agent) = filter.agent.as_ref().filter(|agent| !known.agents.contains(*agent)) {
        let names = known_names(agent.as_str(), known.agents.iter().map(ToString::to_string));
        anyhow::bail!("the history knows no agent named {agent}; {names}");
    }
    let range = if filter.from == filter.to {
        format!("on {}", filter.from)
    } else {
        format!("from {} to {}", filter.from, filter.to)
    };
    say(&match known.dates {
        Some((first, last)) => {
            format!("Nothing was counted {range}. The history reaches from {first} to {last}.")
        }
        None => format!("Nothing was counted {range}. The history is empty."),
    });
    Ok(())
}

/// The thresholds of the configuration; the usual ones where it cannot be read, for a report needs no PBX.
pub(crate) fn thresholds(config: Option<&Config>) -> Thresholds {
    config.map_or_else(Thresholds::default, |config| Thresholds {
        service_level_s: config.history.service_level_seconds,
        short_abandon_s: config.history.short_abandon_seconds,
        wrap_up_s: config.history.wrap_up_seconds,
    })
}

fn filter(options: &ReportArguments) -> Filter {
    let mut filter = Filter::new(options.from, options.to);
    filter.pbx = options.pbx.as_ref().map(PbxName::new);
    filter.queue = options.queue.as_ref().map(QueueName::new);
    filter.agent = options.agent.as_ref().map(AgentName::new);
    filter.metric = options.metric.unwrap_or_default();
    filter.by = options.by.unwrap_or_default();
    filter.count = options.count.unwrap_or_default();
    filter.service_level = options.service_level;
    filter
}
