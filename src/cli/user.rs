//! `asterflow user` and `asterflow token`: accounts without a browser. Secrets come from stdin, never from arguments.

use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use super::{Arguments, say};
use crate::domain::account::{Actor, Role};
use crate::store::Store;
use crate::tasks::accounts::Accounts;

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub enum UserVerb {
    /// Makes an account; its password is one line of stdin.
    Add {
        /// Its name.
        name: String,
        /// viewer, supervisor or admin.
        #[arg(long, default_value = "viewer")]
        role: Role,
    },
    /// Sets a password: one line of stdin. Ends the account's sessions.
    Passwd {
        /// Whose.
        name: String,
    },
    /// Sets the PIN for the wall: one line of stdin, empty to remove it.
    Pin {
        /// Whose.
        name: String,
    },
    /// Makes a link that logs an account in once, without its password; it is the last line of stdout.
    Link {
        /// Whose.
        name: String,
        /// How many minutes it is good for.
        #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=1440))]
        minutes: u64,
    },
    /// Lists the accounts.
    List,
    /// Removes an account and ends its sessions.
    Remove {
        /// Which.
        name: String,
    },
}

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenVerb {
    /// Makes a token; it is the last line of stdout and shown only this once.
    Add {
        /// What it is for.
        name: String,
        /// viewer, supervisor or admin.
        #[arg(long, default_value = "viewer")]
        role: Role,
    },
    /// Lists the tokens, without their secrets.
    List,
    /// Ends a token at once.
    Revoke {
        /// Which.
        name: String,
    },
}

fn accounts(arguments: &Arguments) -> Result<Accounts> {
    let store = Store::open(&arguments.state_dir)?;
    Ok(Accounts::new(store, "AsterFlow"))
}

fn line_of_stdin(what: &str) -> Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("stdin cannot be read")?;
    let text = line.trim_end_matches(['\r', '\n']).to_owned();
    if text.is_empty() && what != "PIN" {
        bail!("stdin held no {what}; pipe it in as one line");
    }
    Ok(text)
}

/// `asterflow user`
pub(super) fn run_user(arguments: &Arguments, verb: &UserVerb) -> Result<ExitCode> {
    let console = Actor::console();
    super::runtime()?.block_on(async {
        let accounts = accounts(arguments)?;
        match verb {
            UserVerb::Add { name, role } => {
                accounts.add(&console, name, *role, Some(&line_of_stdin("password")?)).await?;
                say(&format!("{name} can log in as {role}."));
            }
            UserVerb::Passwd { name } => {
                accounts.set_password(&console, name, &line_of_stdin("password")?).await?;
                say(&format!("{name} has a new password."));
            }
            UserVerb::Pin { name } => {
                let pin = line_of_stdin("PIN")?;
                accounts.set_pin(&console, name, (!pin.is_empty()).then_some(pin.as_str())).await?;
                say(&format!("{name} has {} PIN.", if pin.is_empty() { "no" } else { "a new" }));
            }
            UserVerb::Link { name, minutes } => {
                let once = accounts.make_link(name, Duration::from_secs(minutes * 60)).await?;
                let loaded = crate::daemon::settings::load(arguments).await?;
                let config = loaded.config.as_ref();
                let listen = config
                    .map_or_else(|| crate::config::Admin::default().listen, |config| config.admin.listen);
                let page = crate::daemon::web::address(listen, config);
                say(&format!("Whoever opens this within {minutes} min is logged in as {name}, once:"));
                writeln!(std::io::stdout().lock(), "{page}/login?once={once}")?;
            }
            UserVerb::List => {
                let mut out = std::io::stdout().lock();
                for account in accounts.list().await? {
                    writeln!(out, "{}\t{}", account.name, account.role)?;
                }
            }
            UserVerb::Remove { name } => {
                accounts.remove(&console, name).await?;
                say(&format!("{name} is gone."));
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// `asterflow token`
pub(super) fn run_token(arguments: &Arguments, verb: &TokenVerb) -> Result<ExitCode> {
    let console = Actor::console();
    super::runtime()?.block_on(async {
        let accounts = accounts(arguments)?;
        let mut out = std::io::stdout().lock();
        match verb {
            TokenVerb::Add { name, role } => {
                let token = accounts.add_token(&console, name, *role).await?;
                say(&format!("The token {name} may do what a {role} may. It is shown only now:"));
                writeln!(out, "{token}")?;
            }
            TokenVerb::List => {
                for token in accounts.tokens().await? {
                    writeln!(out, "{}\t{}", token.name, token.role)?;
                }
            }
            TokenVerb::Revoke { name } => {
                accounts.revoke_token(&console, name).await?;
                say(&format!("The token {name} is good for nothing now."));
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}
