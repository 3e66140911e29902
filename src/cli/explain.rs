//! `asterflow explain`: from a figure to its visits, from a visit to its rows.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use jiff::civil::Date;

use super::report::{date, seconds, thresholds};
use super::{Arguments, print, usage};
use crate::daemon::settings;
use crate::domain::history::explain::{Figure, Question};
use crate::domain::history::query::Count;
use crate::domain::ids::{AgentName, PbxName, QueueName};
use crate::domain::suggest::known_names;
use crate::report::{Format, explain};
use crate::store::Store;
use crate::tasks::history::History;

/// What to explain.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).args(["date", "visit"]),
    after_help = "Examples:\n  \
    asterflow explain --agent 'Alice Adams' --date 2026-11-22 --hour 7\n  \
    asterflow explain --queue sales --date 2026-11-22 --figure service_level\n  \
    asterflow explain --agent 'Alice Adams' --date 2026-11-22 --figure paused\n  \
    asterflow explain --queue sales --date 2026-11-22 --figure answered --count calls\n  \
    asterflow explain --visit 1795330864.3\n  \
    asterflow explain --visit 1795330864.3 --format json\n\n\
    A figure is followed by the visits (or pauses, logins, seconds) that make it up, and what each gives; a share has \
    two columns, what counts and of what. The last line is the sum, and equals the figure of `report`. --visit shows \
    the rows of a call as Asterisk wrote them, and what each was taken for. All of it works offline, also beside a running \
    appliance.\n\n\
    Figures of queues: offered, answered, abandoned, abandoned_short, timed_out, left_by_key, left_empty, withdrawn, \
    still_waiting, unresolved, lost, technical, lost_after_transfer (by call), not_entered, service_level (also _a to _d), abandon_rate, \
    average_speed_of_answer, average_wait_abandoned, average_handle_time, wait, talk_whole.\n\
    Figures of agents: calls, answered, no_answer, abandoned, busy, busy_elsewhere, left_by_key, attempts, \
    attempts_rang_out, attempts_refused, talk, ring, wrap_up, occupancy, transferred_blind, transferred_attended, \
    paused, paused_all_queues, logged_in, service_level, average_speed_of_answer, wait."
)]
pub struct ExplainArguments {
    /// Which PBX; needed where there are several.
    #[arg(long, value_name = "NAME")]
    pub pbx: Option<String>,
    /// Of one queue.
    #[arg(long, value_name = "NAME")]
    pub queue: Option<String>,
    /// Of one agent.
    #[arg(long, value_name = "NAME")]
    pub agent: Option<String>,
    /// The date, in the PBX's zone.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub date: Option<Date>,
    /// A local clock hour of it, 0 to 23. A repeated hour is both.
    #[arg(long, value_name = "HOUR", value_parser = clap::value_parser!(i8).range(0..=23), requires = "date")]
    pub hour: Option<i8>,
    /// Which figure. [default: talk of an agent, offered of a queue]
    #[arg(long, value_parser = figure, requires = "date")]
    pub figure: Option<Figure>,
    /// What is counted of queues: visits (stays in a queue) or calls (all visits of one caller as one), as in `report`.
    /// [default: visits]
    #[arg(long, value_parser = count, requires = "date", conflicts_with = "agent")]
    pub count: Option<Count>,
    /// The service level's seconds for all queues, instead of each queue's own.
    #[arg(long, value_name = "SECONDS", value_parser = seconds, requires = "date")]
    pub service_level: Option<u32>,
    /// The rows of one call: its callid, as lists of visits show it.
    #[arg(long, alias = "callid", value_name = "CALLID", conflicts_with_all = ["queue", "agent"])]
    pub visit: Option<String>,
    /// table or json.
    #[arg(long, default_value = "table", value_parser = format)]
    pub format: Format,
}

fn figure(text: &str) -> Result<Figure, String> {
    text.parse::<Figure>().map_err(|error| error.to_string())
}

fn count(text: &str) -> Result<Count, String> {
    text.parse::<Count>().map_err(|error| error.to_string())
}

fn format(text: &str) -> Result<Format, String> {
    match text.parse() {
        Ok(Format::Csv) | Err(_) => Err("an explanation is a table or json".into()),
        Ok(format) => Ok(format),
    }
}

/// Writes the explanation to stdout.
pub(super) fn run(arguments: &Arguments, options: &ExplainArguments) -> Result<ExitCode> {
    super::runtime()?.block_on(async {
        let store = Store::open_read_only(&arguments.state_dir)?;
        let loaded = settings::load_without_secrets(arguments).await?;
        let history = History::new(store, thresholds(loaded.config.as_ref()));
        let pbx = the_pbx(&history, options).await?;
        let mut page = Vec::new();
        if let Some(callid) = &options.visit {
            let Some(explained) = history.explain_call(&pbx, callid).await? else {
                anyhow::bail!(
                    "there are no rows of a call {callid}; `asterflow report visits` lists callids"
                );
            };
            explain::call(&explained, options.format, &mut page)?;
        } else if let Some(date) = options.date {
            let question = question(options, pbx, date);
            known(&history, &question).await?;
            let explained = history.explain(&question).await?;
            explain::figure(&explained, options.format, &mut page)?;
        }
        print(&page)?;
        Ok(ExitCode::SUCCESS)
    })
}

fn question(options: &ExplainArguments, pbx: PbxName, date: Date) -> Question {
    let usual = if options.agent.is_some() { Figure::Talk } else { Figure::Calls };
    Question {
        pbx,
        date,
        hour: options.hour,
        start: None,
        queue: options.queue.as_ref().map(QueueName::new),
        agent: options.agent.as_ref().map(AgentName::new),
        figure: options.figure.unwrap_or(usual),
        count: options.count.unwrap_or_default(),
        service_level: options.service_level,
    }
}

/// The one that was named, or the only one.
async fn the_pbx(history: &History, options: &ExplainArguments) -> Result<PbxName> {
    let names: Vec<PbxName> = history.pbxs().await?.into_iter().map(|record| record.name).collect();
    let listed = || names.iter().map(ToString::to_string);
    match (&options.pbx, names.as_slice()) {
        (Some(name), _) => names.iter().find(|known| known.as_str() == name).cloned().ok_or_else(|| {
            anyhow::anyhow!("there is no history of a PBX named {name}; {}", known_names(name, listed()))
        }),
        (None, [one]) => Ok(one.clone()),
        (None, []) => {
            anyhow::bail!("the history is empty; `asterflow sync --once` or `asterflow import` fills it")
        }
        (None, _) => Err(usage(format!(
            "there are several PBXs; name one with --pbx: {}",
            listed().collect::<Vec<_>>().join(", ")
        ))),
    }
}

/// A name that nobody has is an error, not an explanation of nothing.
async fn known(history: &History, question: &Question) -> Result<()> {
    let known = history.known(Some(&question.pbx)).await?;
    if let Some(queue) = question.queue.as_ref().filter(|queue| !known.queues.contains(*queue)) {
        let names = known_names(queue.as_str(), known.queues.iter().map(ToString::to_string));
        anyhow::bail!("the history knows no queue named {queue}; {names}");
    }
    if let Some(agent) = question.agent.as_ref().filter(|agent| !known.agents.contains(*agent)) {
        let names = known_names(agent.as_str(), known.agents.iter().map(ToString::to_string));
        anyhow::bail!("the history knows no agent named {agent}; {names}");
    }
    Ok(())
}
