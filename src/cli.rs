//! What can be typed: the verbs and their options, with help that teaches. What they do is in the modules of `cli/`.

mod check;
#[cfg(feature = "sim")]
mod demo;
mod explain;
mod grants;
mod identity;
mod import;
pub(crate) mod report;
pub(crate) mod screenshot;
mod secret;
mod sync;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::config::{Config, Pbx};

/// A wall display for the queues of an Asterisk PBX.
#[derive(Debug, Parser)]
#[command(name = "asterflow", version, about, long_about = LONG, after_help = EXAMPLES)]
pub struct Arguments {
    /// The configuration.
    #[arg(long, global = true, value_name = "FILE", default_value = "/etc/asterflow/asterflow.toml")]
    pub config: PathBuf,
    /// Where history, accounts and certificates are kept.
    #[arg(long, global = true, value_name = "DIR", default_value = "/var/lib/asterflow")]
    pub state_dir: PathBuf,
    /// How log lines are written to stderr.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

const LONG: &str = "AsterFlow shows who waits, who talks with whom and how the day goes, on a wall display.\n\n\
It listens to one or more Asterisk PBXs by their manager interface, reads their queue_log from MySQL or MariaDB, and \
keeps exact history in a local SQLite database.";

const EXAMPLES: &str = "Examples:\n  \
asterflow grants                                  what the PBX's administrator has to allow\n  \
asterflow check                                   is the configuration right?\n  \
asterflow import /var/log/asterisk/queue_log*     history from files\n  \
asterflow run                                     the appliance, in a window or on the bare screen\n  \
asterflow report queues --from 2026-11-01 --to 2026-11-30 --format csv\n  \
asterflow explain --agent 'Alice Adams' --date 2026-11-22 --hour 9\n  \
asterflow screenshot --page board --size 1920x1080 --out board.png\n\n\
Exit status: 0 good, 2 wrong usage, 78 unusable configuration, 1 anything else.";

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// The appliance: live board, history, web page. Without a usable configuration it shows the set-up page.
    #[command(after_help = "Examples:\n  \
        asterflow run                                     in a window, on the bare screen, or without a screen\n  \
        asterflow run --screen headless                   the web page alone; /wall.png shows the wall\n\n\
        Ctrl-C or SIGTERM ends it. It goes on while the PBX cannot be reached, with what is stored.")]
    Run {
        /// Where the wall is drawn.
        #[arg(long, value_enum, default_value_t = Screen::Auto)]
        screen: Screen,
    },
    /// Lists every problem of the configuration with its key, and where each value comes from.
    #[command(after_help = "Examples:\n  \
        asterflow check --config ./asterflow.toml         is the file right?\n  \
        asterflow check --online                          and do the PBXs let us do what it says?\n\n\
        Problems go to stderr, each with its key and its cure; the values as used, and whether each comes from the file, \
        the web page or a default, go to stdout.\n\n\
        With --online each PBX is tried, too: AMI login, what its user lacks and what it has too much, clock and phones; \
        the database's account, its tables, its clock and whether the time zone fits. One line each begins with good, \
        warning or problem, and names the key and the cure. Nothing is changed there: it lists, reads, and asks for \
        one call to a phone that does not exist.\n\n\
        The exit status is 0 where all is good (warnings, too), 78 where the configuration cannot be used, and 1 where \
        something online is a problem.")]
    Check(check::CheckArguments),
    /// Fetches new rows of queue_log from the PBX.
    Sync(sync::SyncArguments),
    /// Takes history from queue_log files of Asterisk; each row counts once.
    Import(import::ImportArguments),
    /// Which interface is whose: joins what was logged by name with what was logged by interface.
    #[command(
        subcommand,
        after_help = "Example:\n  asterflow identity set PJSIP/108 'Hugo Hill'       \
        logins and calls of that phone are his"
    )]
    Identity(identity::IdentityVerb),
    /// The stored history as a table, CSV or JSON. Works offline and beside a running appliance.
    Report(report::ReportArguments),
    /// Why a figure is what it is: its visits, and their rows. Works offline and beside a running appliance.
    Explain(explain::ExplainArguments),
    /// Draws one page of the wall into a PNG file.
    Screenshot(screenshot::ScreenshotArguments),
    /// The simulated call centre alone: AMI with live calls, and history in a database.
    #[cfg(feature = "sim")]
    Demo(demo::DemoArguments),
    /// Prints the least rights on the PBX that this configuration needs: a manager.conf user, and GRANT statements.
    Grants(grants::GrantsArguments),
    /// Accounts for the web page.
    #[command(
        subcommand,
        after_help = "Example:\n  asterflow user add alice --role admin                     \
        asks for the password\n\nAll of these work beside a running appliance."
    )]
    User(user::UserVerb),
    /// Tokens for scripts that use the API.
    #[command(
        subcommand,
        after_help = "Example:\n  token=$(asterflow token add --role viewer dashboard)\n\n\
        All of these work beside a running appliance."
    )]
    Token(user::TokenVerb),
}

/// Where the wall is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Screen {
    /// A window where there is a display, else the bare screen, else nowhere.
    Auto,
    /// A window.
    Window,
    /// The bare screen (DRM/KMS).
    Kms,
    /// Into memory only: /wall.png shows it.
    Headless,
}

/// Wrong usage, as clap has it.
const EXIT_USAGE: u8 = 2;
/// Unusable configuration, by sysexits.h.
pub const EXIT_CONFIG: u8 = 78;

/// Parses the arguments, sets up logging, does what was asked.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let is_daemon = matches!(arguments.verb, Verb::Run { .. });
    start_logging(arguments.log_format, if is_daemon { "info,sqlx=warn" } else { "warn" });
    // One provider for all of rustls; installed once, before the first connection.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let result = match &arguments.verb {
        Verb::Run { screen } => crate::daemon::run(&arguments, *screen),
        Verb::Check(options) => check::run(&arguments, options),
        Verb::Sync(options) => sync::run(&arguments, options),
        Verb::Import(options) => import::run(&arguments, options),
        Verb::Grants(options) => grants::run(&arguments, options),
        Verb::Identity(verb) => identity::run(&arguments, verb),
        Verb::Report(options) => report::run(&arguments, options),
        Verb::Explain(options) => explain::run(&arguments, options),
        Verb::Screenshot(options) => screenshot::run(&arguments, options),
        #[cfg(feature = "sim")]
        Verb::Demo(options) => demo::run(options),
        Verb::User(verb) => user::run_user(&arguments, verb),
        Verb::Token(verb) => user::run_token(&arguments, verb),
    };
    result.unwrap_or_else(|error| {
        say(&format!("asterflow: {error:#}"));
        ExitCode::from(if error.is::<Usage>() { EXIT_USAGE } else { 1 })
    })
}

/// What was typed cannot be meant so; ends with [`EXIT_USAGE`], as clap's own errors do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// An error of usage.
fn usage(text: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Usage(text.into()))
}

/// Writes a result to stdout. Whoever reads it may have read enough (`… | head`): that is no error.
fn print(bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// The PBX of this name with its place in the configuration; without a name the only one there is.
fn choose<'a>(config: &'a Config, name: Option<&str>) -> Result<(usize, &'a Pbx), String> {
    let known = || config.pbxs.iter().map(|pbx| pbx.name.as_str()).collect::<Vec<_>>().join(", ");
    let mut pbxs = config.pbxs.iter().enumerate();
    match name {
        Some(name) => pbxs
            .find(|(_, pbx)| pbx.name.as_str() == name)
            .ok_or_else(|| format!("no PBX named {name} is configured; there is {}", known())),
        None if config.pbxs.len() > 1 => {
            Err(format!("several PBXs are configured; say which with --pbx: {}", known()))
        }
        None => pbxs.next().ok_or_else(|| "no PBX is configured".to_owned()),
    }
}

/// Writes a line to stderr: the program's own words to the person who called it.
pub(crate) fn say(text: &str) {
    use std::io::Write;
    // Where nobody listens any more (`2>&1 | head`) there is nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes over the last line of stderr, which is a terminal: how far something is.
pub(crate) fn say_over(text: &str) {
    use std::io::Write;
    let _ = write!(std::io::stderr().lock(), "\r\x1b[K{text}");
}

/// Logs to stderr, as much as `ASTERFLOW_LOG` says (`debug`, `asterflow::pbx=trace`), else `usual`.
fn start_logging(format: LogFormat, usual: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("ASTERFLOW_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(usual));
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    let set = match format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    // Only a test that calls this twice could fail here.
    let _ = set;
}

/// A tokio runtime for a verb: two workers, as beside the wall.
pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

/// Returns when somebody ends the program: Ctrl-C, or `kill`.
#[cfg(feature = "sim")]
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
