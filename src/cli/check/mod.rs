//! `asterflow check`: every problem with its key, and where each value comes from; `--online`: what each PBX lets us do.

mod ami;
mod database;
mod finding;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use super::{Arguments, EXIT_CONFIG, print, say};
use crate::config::{Config, Origin, Pbx};
use crate::daemon::settings::load;
use crate::pbx::ami::probe::probe as probe_ami;
use crate::pbx::mysql::{Mysql, MysqlError, probe as mysql_probe};
use finding::{Finding, Level};

/// What to check.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Also try each PBX: login, rights, tables, zone, clock.
    #[arg(long)]
    pub online: bool,
}

/// One host of AMI takes no longer; each step in it has a deadline of its own.
const AMI: Duration = Duration::from_secs(30);
/// The same for the database, whose tables may be read slowly.
const DATABASE: Duration = Duration::from_secs(90);

/// Loads the configuration and tells everything about it.
pub(super) fn run(arguments: &Arguments, options: &CheckArguments) -> Result<ExitCode> {
    super::runtime()?.block_on(async {
        let loaded = load(arguments).await?;
        for problem in &loaded.problems {
            say(&problem.to_string());
        }
        let width = loaded.origins.iter().map(|origin| origin.key.len()).max().unwrap_or(0);
        let line =
            |origin: &Origin| format!("{:width$}  {}  ({})\n", origin.key, origin.shown, origin.source);
        print(loaded.origins.iter().map(line).collect::<String>().as_bytes())?;
        let Some(config) = &loaded.config else {
            say(&format!("{} cannot be used: see above.", arguments.config.display()));
            return Ok(ExitCode::from(EXIT_CONFIG));
        };
        say(&format!("{} is good.", arguments.config.display()));
        if options.online { online(config).await } else { Ok(ExitCode::SUCCESS) }
    })
}

/// Tries every PBX, and tells everything, not the first that is wrong.
async fn online(config: &Config) -> Result<ExitCode> {
    let mut findings = Vec::new();
    for (at, pbx) in config.pbxs.iter().enumerate() {
        let place = Place { config, pbx, key: format!("pbx[{at}]") };
        let mut of_pbx = ami_of(&place).await;
        of_pbx.extend(database_of(&place).await);
        print(format!("\nPBX {}\n{}", pbx.name, finding::lines(&of_pbx)).as_bytes())?;
        findings.extend(of_pbx);
    }
    let count = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
    let (problems, warnings) = (count(Level::Problem), count(Level::Warning));
    say(&format!(
        "Online: {}, {}.",
        counted(problems, "problem", "problems"),
        counted(warnings, "warning", "warnings")
    ));
    Ok(if problems > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn counted(count: usize, one: &str, several: &str) -> String {
    match count {
        0 => format!("no {one}"),
        1 => format!("1 {one}"),
        count => format!("{count} {several}"),
    }
}

/// Whose findings these are.
struct Place<'a> {
    config: &'a Config,
    pbx: &'a Pbx,
    /// `pbx[0]`
    key: String,
}

impl Place<'_> {
    fn key(&self, rest: &str) -> String {
        format!("{}.{rest}", self.key)
    }
}

/// Each host by itself: one that stands in for another has to work, too.
async fn ami_of(place: &Place<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let ami = &place.pbx.ami;
    let mut reached = 0_usize;
    for (at, host) in ami.hosts.iter().enumerate() {
        let looked = tokio::time::timeout(AMI, probe_ami(ami, host)).await;
        let (mut of_host, is_up) = match looked {
            Ok(looked) => (ami::judge(place, at, host, &looked), looked.is_ok()),
            Err(_) => (vec![ami::late(place, at, host)], false),
        };
        reached += usize::from(is_up);
        findings.append(&mut of_host);
    }
    if reached > 0 && reached < ami.hosts.len() {
        // One answers: the others are missing, but the wall works.
        for finding in findings.iter_mut().filter(|finding| finding.is_of_host) {
            finding.level = finding.level.min(Level::Warning);
        }
    }
    findings
}

async fn database_of(place: &Place<'_>) -> Vec<Finding> {
    let Some(database) = &place.pbx.database else {
        let sentence = "No [pbx.database] is configured: there is a live wall without a history.";
        return vec![Finding::good(place.key("database"), sentence)];
    };
    let look = async {
        let mysql = Mysql::connect(database).await?;
        let facts = mysql_probe::probe(&mysql).await;
        let host = mysql.host().to_owned();
        mysql.close().await;
        Ok::<_, MysqlError>((host, facts))
    };
    match tokio::time::timeout(DATABASE, look).await {
        Ok(Ok((host, facts))) => database::judge(place, database, &host, &facts),
        Ok(Err(error)) => vec![database::refused(place, &error)],
        Err(_) => vec![database::late(place)],
    }
}
