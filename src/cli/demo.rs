//! `asterflow demo`: the simulated call centre alone, and faults on request.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use jiff::tz::TimeZone;
use tokio::sync::watch;

use super::{print, say, say_over};
use crate::clock;
use crate::config::Secret;
use crate::sim::ami::{self, Account, Fault};
use crate::sim::past::{self, Made, Present};
use crate::sim::plan::{Plan, Size};
use crate::sim::rows::Database;
use crate::sim::zone;

/// The manager user of the simulated PBX. It listens on this machine only.
const USERNAME: &str = "asterflow";
const SECRET: &str = "demo";
/// The last rows are written by then, or never.
const LAST_ROWS: std::time::Duration = std::time::Duration::from_secs(2);
/// Between two words on how far the past is.
const WORD_EVERY: std::time::Duration = std::time::Duration::from_millis(250);

/// The simulated call centre.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  \
    asterflow demo                                   60 agents, live events only\n  \
    asterflow demo --agents 300 --calls-per-hour 2000 --speed 3\n  \
    asterflow demo --database mysql://root@127.0.0.1:3306/demo    with 60 days of history\n  \
    asterflow demo fault restart                     Asterisk restarts, as the appliance sees it\n\n\
    The AMI user is asterflow, its secret demo; it listens on 127.0.0.1 only. Point [pbx.ami] of an asterflow.toml at \
    it.\n`make demo` starts all of it together with the appliance."
)]
pub struct DemoArguments {
    #[command(subcommand)]
    verb: Option<DemoVerb>,
    /// How many agents, 1 to 1000.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..=1000))]
    agents: u16,
    /// How many queues, 1 to 40; as many as suit the agents if not given.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=40))]
    queues: Option<u16>,
    /// Callers in the busiest hour; as many as keep the agents busy if not given.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    calls_per_hour: Option<u32>,
    /// The same seed makes the same company and the same calls.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Everybody hurries: calls come and go so many times as fast.
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Where AMI listens; the next free port if it is taken.
    #[arg(long, default_value_t = 5038)]
    ami_port: u16,
    /// Where queue_log and cdr are written; an empty database, or one of an earlier demo.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// How many days of history there are at the start, with a database.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(0..=730))]
    days: u16,
    /// The zone of the simulated PBX's clock; a place where people are at work now if not given.
    #[arg(long, value_name = "ZONE", value_parser = time_zone)]
    time_zone: Option<TimeZone>,
}

/// What else `demo` can do.
#[derive(Debug, Subcommand)]
enum DemoVerb {
    /// Prints a time zone in which people are at work now: the one that the demo takes if none is given.
    Zone,
    /// Lets the AMI of a running demo fail.
    Fault {
        /// In which way.
        #[arg(value_enum)]
        kind: FaultName,
        /// For how long, where it lasts.
        #[arg(long)]
        seconds: Option<u32>,
        /// Events a second of a flood.
        #[arg(long)]
        rate: Option<u32>,
        /// Where the demo's AMI listens.
        #[arg(long, default_value_t = 5038)]
        ami_port: u16,
    },
}

/// Faults by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FaultName {
    /// Every connection is cut.
    Drop,
    /// Nothing is sent for a while.
    Stall,
    /// Asterisk restarts.
    Restart,
    /// Far more events than anybody wants.
    Flood,
    /// Bytes that are no events.
    Garbage,
    /// One byte at a time.
    Trickle,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| format!("{text} is no number"))?;
    if (0.1..=50.0).contains(&speed) { Ok(speed) } else { Err("choose 0.1 to 50".into()) }
}

fn time_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("{name} is no time zone; write it like Europe/Berlin"))
}

/// Runs the call centre until it is told to stop.
pub(super) fn run(options: &DemoArguments) -> Result<ExitCode> {
    let runtime = super::runtime()?;
    let done = match &options.verb {
        Some(DemoVerb::Zone) => {
            let zone = zone::at_work_now(clock::now().wall);
            print(format!("{}\n", zone.iana_name().unwrap_or("UTC")).as_bytes()).map_err(Into::into)
        }
        Some(DemoVerb::Fault { kind, seconds, rate, ami_port }) => {
            runtime.block_on(fault(*kind, *seconds, *rate, *ami_port))
        }
        None => runtime.block_on(simulate(options)),
    };
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    done.map(|()| ExitCode::SUCCESS)
}

async fn fault(kind: FaultName, seconds: Option<u32>, rate: Option<u32>, port: u16) -> Result<()> {
    let name = kind.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let fault = Fault::named(&name, seconds, rate)?;
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    ami::ask_fault(address, USERNAME, &Secret::new(SECRET), fault).await.with_context(|| {
        format!("the demo on port {port} did not take the fault; is `asterflow demo` running?")
    })
}

async fn simulate(options: &DemoArguments) -> Result<()> {
    let zone = options.time_zone.clone().unwrap_or_else(|| zone::at_work_now(clock::now().wall));
    let zone_name = zone.iana_name().unwrap_or("UTC").to_owned();
    let size = Size {
        agents: options.agents,
        queues: options.queues,
        calls_per_hour: options.calls_per_hour,
        seed: options.seed,
    };
    let plan = Arc::new(Plan::new(&size, zone));
    let database = match &options.database {
        Some(url) => Some(Database::connect(url).await?),
        None => None,
    };
    let (made, progress) = watch::channel(Made::default());
    let telling = tokio::spawn(tell_progress(progress, database.is_some()));
    let Present { mut centre, sent, writer } =
        past::make(Arc::clone(&plan), database, options.days, made).await?;
    telling.await?;
    centre.go_live(options.speed);
    sent.go_live();
    let (stop, stopped) = watch::channel(false);
    let settings = ami::Settings::new(options.ami_port, [Account::for_wall(USERNAME, Secret::new(SECRET))]);
    let server = ami::start(settings, Box::new(centre), stopped).await?;
    let facts = serde_json::json!({
        "ami": server.address.to_string(),
        "username": USERNAME,
        "secret": SECRET,
        "time_zone": zone_name,
        "agents": plan.agents.len(),
        "queues": plan.queues.iter().map(|queue| &*queue.name).collect::<Vec<_>>(),
        "rows": sent.written(),
    });
    print(format!("{facts}\n").as_bytes())?;
    super::interrupted().await;
    stop.send_replace(true);
    // A task that panicked has ended, too.
    let _ = server.task.await;
    if let Some(writer) = writer {
        let _ = tokio::time::timeout(LAST_ROWS, writer).await;
    }
    if sent.lost() > 0 {
        say(&format!("{} rows of queue_log and cdr could not be written.", sent.lost()));
    }
    Ok(())
}

/// Says on stderr how far the past is: in one line that changes on a terminal, else at the end only.
async fn tell_progress(mut made: watch::Receiver<Made>, is_written: bool) {
    let terminal = std::io::stderr().is_terminal();
    while made.changed().await.is_ok() {
        let Made { from, reached, until } = *made.borrow_and_update();
        let (done, all) = (reached - from, (until - from).max(1));
        if terminal && is_written {
            say_over(&format!("the history of the simulated call centre: {:3} %", done * 100 / all));
        }
        tokio::time::sleep(WORD_EVERY).await;
    }
    if terminal && is_written {
        say_over("the history of the simulated call centre: 100 %\n");
    }
}
