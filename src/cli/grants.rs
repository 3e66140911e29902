//! `asterflow grants`: what the PBX's administrator has to paste, so that this configuration works with the least rights.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::{Arguments, EXIT_CONFIG, print, say, usage};
use crate::config::{Config, Database, HostPort, Loaded, Pbx, Source, Tls};
use crate::daemon::settings;
use crate::pbx::mysql;

/// What to print.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    asterflow grants                                   everything, to read and to paste\n  \
    asterflow grants --only manager                    the user for manager.conf\n  \
    asterflow grants --only sql --from 10.0.0.5        the statements for the database, of an appliance at 10.0.0.5\n\n\
    It asks nothing of the PBX and prints no secret: where one belongs, <…> stands, and the file that holds it is named.")]
pub struct GrantsArguments {
    /// One PBX, where several are configured.
    #[arg(long, value_name = "NAME")]
    pub pbx: Option<String>,
    /// Only one of the two parts, as a file that can be used after the secrets are put in.
    #[arg(long, value_enum)]
    pub only: Option<Part>,
    /// This machine's address as the PBX sees it. Found by itself where the PBX's name can be resolved.
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<String>,
}

/// A part of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The user in manager.conf.
    Manager,
    /// The account in MySQL or MariaDB.
    Sql,
}

/// How long a name may take to be resolved.
const PATIENCE: Duration = Duration::from_secs(3);

/// Prints the rights for each PBX.
pub(super) fn run(arguments: &Arguments, options: &GrantsArguments) -> Result<ExitCode> {
    super::runtime()?.block_on(async {
        let loaded = settings::load_without_secrets(arguments).await?;
        loaded.problems.iter().for_each(|problem| say(&problem.to_string()));
        let Some(config) = &loaded.config else {
            say(&format!("{} cannot be used: see above.", arguments.config.display()));
            return Ok(ExitCode::from(EXIT_CONFIG));
        };
        let chosen: Vec<(usize, &Pbx)> = match &options.pbx {
            Some(_) => vec![super::choose(config, options.pbx.as_deref()).map_err(usage)?],
            None => config.pbxs.iter().enumerate().collect(),
        };
        let mut parts = Vec::new();
        for (at, pbx) in chosen {
            let secret = |key: &str| file_of(&loaded, &format!("pbx[{at}].{key}"));
            if options.only != Some(Part::Sql) {
                let from = address(options, &pbx.ami.hosts).await;
                parts.push(manager(config, pbx, &from, &secret("ami.secret")));
            }
            if let Some(database) = pbx.database.as_ref().filter(|_| options.only != Some(Part::Manager)) {
                let from = address(options, &database.hosts).await;
                parts.push(sql(config, pbx, database, &from, &secret("database.password")));
            }
        }
        if parts.is_empty() {
            say("No [pbx.database] is configured: there is nothing to grant in a database.");
        }
        print(parts.join("\n").as_bytes())?;
        Ok(ExitCode::SUCCESS)
    })
}

/// The file that a secret is read from.
fn file_of(loaded: &Loaded, key: &str) -> PathBuf {
    let origin = loaded.origins.iter().find(|origin| origin.key == key);
    match origin.map(|origin| &origin.source) {
        Some(Source::SecretFile(path)) => path.clone(),
        _ => PathBuf::from("the secret file"),
    }
}

/// The address by which the first of `hosts` is reached: asked of the routing table, nothing is sent.
async fn address(options: &GrantsArguments, hosts: &[HostPort]) -> Option<String> {
    if options.from.is_some() {
        return options.from.clone();
    }
    let host = hosts.first()?;
    let found =
        tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host.host.as_str(), host.port))).await;
    let target: SocketAddr = found.ok()?.ok()?.next()?;
    let any: SocketAddr = if target.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(target).ok()?;
    Some(socket.local_addr().ok()?.ip().to_string())
}

/// The user for manager.conf.
fn manager(config: &Config, pbx: &Pbx, from: &Option<String>, secret: &std::path::Path) -> String {
    let mut text = String::new();
    let mut line = |line: &str| {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{line}");
    };
    line(&format!(
        "; PBX {}: into /etc/asterisk/manager.conf, then: asterisk -rx 'manager reload'",
        pbx.name
    ));
    line(&format!("; <secret> is the one line of {}", secret.display()));
    if pbx.ami.tls != Tls::Off {
        line("; [general] there needs enabled = yes, tlsenable = yes, tlsbindaddr and tlscertfile.");
    } else {
        line("; [general] there needs enabled = yes, port and bindaddr.");
    }
    line(&format!("[{}]", pbx.ami.username));
    line("secret = <secret>");
    match from.as_deref().map(str::parse::<IpAddr>) {
        Some(Ok(address)) => {
            let (all, mask) = if address.is_ipv4() { ("0.0.0.0/0", 32) } else { ("::/0", 128) };
            line(&format!("deny = {all}"));
            line(&format!("permit = {address}/{mask}"));
        }
        _ => line("; deny = 0.0.0.0/0 and permit = <address of this machine>/32 keep everybody else out"),
    }
    line("read = call,agent,system,dtmf");
    line("write = agent,call,originate,reporting");
    if config.supervisor_phones.is_empty() {
        line(
            "; While no [[supervisor_phone]] may listen to calls, this is enough: write = agent,call,reporting",
        );
    }
    line("writetimeout = 5000");
    text
}

/// The account for the database.
fn sql(
    config: &Config,
    pbx: &Pbx,
    database: &Database,
    from: &Option<String>,
    secret: &std::path::Path,
) -> String {
    let from = from.clone().unwrap_or_else(|| "<address of this machine>".into());
    let account = mysql::Account { from, password: "<password>".into() };
    format!(
        "-- PBX {}: in its MySQL or MariaDB, as an administrator; then `asterflow sync --once` shows that it works.\n\
         -- <password> is the one line of {}\n{}",
        pbx.name,
        secret.display(),
        mysql::script(database, &account, &config.tables)
    )
}
