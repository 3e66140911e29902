//! `lab`: a real call centre on this machine, by hand.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a command line tool prints its results and times; the ban on clocks is for AsterFlow itself"
)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use asterflow_lab::{AsteriskOptions, Chroot, Lab, LabOptions, Suite, asterisk, scenario, traffic};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

/// A real Asterisk, a private MariaDB and SIP phones that register and call, all on 127.0.0.1.
///
/// Needs root, mmdebstrap, mariadb-server and openssl. The first start builds the Asterisk (some minutes, 300 MB in
/// ~/.cache/asterflow); later starts take seconds. Everything ends with this command.
#[derive(Parser)]
#[command(
    name = "lab",
    version,
    after_help = "Try:  lab up --dir /tmp/lab --traffic\n      lab run answered_agent_hangup abandon"
)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    /// Use Asterisk 16 (Debian bullseye) instead of 22
    #[arg(long, global = true)]
    old: bool,
}

#[derive(Subcommand)]
enum Verb {
    /// Start everything, write a ready asterflow.toml, and stay until Ctrl-C
    Up {
        /// Folder for asterflow.toml and its secrets; made if missing
        #[arg(long, default_value = "/tmp/asterflow-lab")]
        dir: PathBuf,
        /// Let callers come by themselves
        #[arg(long)]
        traffic: bool,
        /// How many of them
        #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=600))]
        calls_per_minute: u32,
        /// Where AsterFlow's web page shall listen
        #[arg(long, default_value = "127.0.0.1:8443")]
        listen: String,
        /// Zone of the PBX's clock, such as Europe/Berlin
        #[arg(long, value_name = "ZONE")]
        time_zone: Option<String>,
        /// AMI and database over TLS with a throw-away certificate
        #[arg(long)]
        tls: bool,
    },
    /// Play scenarios and print what the phones did, one JSON line each
    Run {
        /// Names as `lab list` shows them; all when none is given
        scenario: Vec<String>,
        /// Write each story's manager events (NAME.ami.txt) and queue_log rows (NAME.tsv) into this folder
        #[arg(long)]
        keep: Option<PathBuf>,
    },
    /// List the scenarios
    List,
    /// Find or build the folder with Asterisk, and print its path
    Chroot,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { verb, old } = Arguments::parse();
    let suite = old.then_some(Suite::Bullseye);
    match verb {
        Verb::Up { dir, traffic, calls_per_minute, listen, time_zone, tls } => {
            let mut options =
                LabOptions { asterisk: AsteriskOptions { time_zone, ami_tls: tls }, ..LabOptions::default() };
            options.database.tls = tls;
            up(options, &dir, &listen, traffic.then_some(calls_per_minute)).await
        }
        Verb::Run { scenario, keep } => {
            run(LabOptions { suite, ..LabOptions::default() }, scenario, keep.as_deref()).await
        }
        Verb::List => {
            known().for_each(|(name, about)| println!("{name:24} {about}"));
            Ok(())
        }
        Verb::Chroot => {
            let chroot = match suite {
                Some(suite) => Chroot::ensure_suite(suite).await?,
                None => Chroot::ensure().await?,
            };
            println!("{}", chroot.path().display());
            Ok(())
        }
    }
}

async fn up(options: LabOptions, dir: &Path, listen: &str, calls_per_minute: Option<u32>) -> Result<()> {
    let began = Instant::now();
    let lab = Lab::start(options).await?;
    let path = lab.write_settings(dir, listen)?;
    println!("up after {:.1} s", began.elapsed().as_secs_f64());
    println!("settings   {}", path.display());
    println!(
        "AMI        {} as {} (least rights), {}, {}",
        lab.asterisk.ami_address(),
        asterisk::ASTERFLOW.name,
        asterisk::FULL.name,
        asterisk::POOR.name
    );
    println!("database   {}", lab.database.url(&lab.database.account()));
    println!(
        "SIP        {} (callers from 127.0.0.2 dial 800 sales, 801 support, 802 vip)",
        lab.asterisk.sip_address()
    );
    println!("next       asterflow run --config {} --state-dir {}/state", path.display(), dir.display());
    println!("Ctrl-C ends it");
    let mut terminate = signal(SignalKind::terminate()).context("wait for SIGTERM")?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => Ok(()),
        _ = terminate.recv() => Ok(()),
        failed = calls(&lab, calls_per_minute) => failed,
    }
}

/// Callers for ever, or nobody for ever.
async fn calls(lab: &Lab, per_minute: Option<u32>) -> Result<()> {
    match per_minute {
        Some(per_minute) => traffic::run(lab, per_minute).await.context("traffic"),
        None => std::future::pending().await,
    }
}

/// All scenarios with what happens in them.
fn known() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    scenario::ALL.iter().chain(&scenario::RESTARTS)
}

async fn run(options: LabOptions, mut names: Vec<String>, keep: Option<&Path>) -> Result<()> {
    if names.is_empty() {
        names = known().map(|(name, _)| (*name).to_owned()).collect();
    }
    let mut lab = Lab::start(options).await?;
    let mut failed = Vec::new();
    for name in &names {
        let (mark, rows) = (lab.ami().mark(), newest_row(&lab).await?);
        match scenario::run_any(&mut lab, name).await {
            Ok(outcome) => println!("{}", serde_json::to_string(&outcome)?),
            Err(error) => {
                eprintln!("{name}: {error:#}");
                failed.push(name.as_str());
            }
        }
        if let Some(folder) = keep {
            keep_traces(&lab, folder, name, mark, &rows).await?;
        }
    }
    anyhow::ensure!(
        failed.is_empty(),
        "{} of {} scenarios failed: {}",
        failed.len(),
        names.len(),
        failed.join(", ")
    );
    Ok(())
}

async fn newest_row(lab: &Lab) -> Result<String> {
    let rows = lab.database.query("SELECT COALESCE(MAX(id), 0) FROM queue_log").await?;
    Ok(rows.concat().concat())
}

/// Writes what Asterisk said and wrote since `mark` and `row`. After a restart the events begin with the new login.
async fn keep_traces(lab: &Lab, folder: &Path, name: &str, mark: usize, row: &str) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    let mark = if mark > lab.ami().mark() { 0 } else { mark };
    let mut text = String::new();
    for message in lab.ami().since(mark) {
        message.0.iter().for_each(|(key, value)| text.push_str(&format!("{key}: {value}\n")));
        text.push('\n');
    }
    let sql = format!(
        "SELECT id, time, callid, queuename, agent, event, data1, data2, data3, data4, data5 FROM queue_log \
         WHERE id > {row} ORDER BY id"
    );
    let rows: String = lab.database.query(&sql).await?.iter().map(|row| row.join("\t") + "\n").collect();
    for (ending, text) in [("ami.txt", text), ("tsv", rows)] {
        let path = folder.join(format!("{name}.{ending}"));
        std::fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}
