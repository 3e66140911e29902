//! `asterflow user` and `asterflow token`: accounts without a browser. Secrets come from stdin, never from arguments.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;
use jiff::Timestamp;

use super::secret::new_secret;
use super::{Arguments, print, say};
use crate::domain::account::{Actor, Role};
use crate::domain::suggest::known_names;
use crate::store::Store;
use crate::tasks::accounts::Accounts;

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub enum UserVerb {
    /// Makes an account; its password is one line of stdin.
    #[command(after_help = "Examples:\n  \
        asterflow user add alice --role supervisor                asks for the password\n  \
        asterflow user add alice --role admin < password-file\n\n\
        A viewer sees the wall and reads the API, a supervisor also listens to calls, an admin also changes settings, \
        tables and accounts. A password has at least 15 characters.")]
    Add {
        /// Its name.
        name: String,
        /// viewer, supervisor or admin.
        #[arg(long, default_value = "viewer")]
        role: Role,
    },
    /// Sets a password: one line of stdin. Ends the account's sessions.
    #[command(
        after_help = "Example:\n  asterflow user passwd alice                               asks for the password"
    )]
    Passwd {
        /// Whose.
        name: String,
    },
    /// Sets the PIN for the wall: one line of stdin, empty to remove it.
    #[command(after_help = "Examples:\n  \
        asterflow user pin alice                                  asks for the PIN\n  \
        echo | asterflow user pin alice                           takes it away\n\n\
        The PIN says at the wall who it is that listens to a call. It has at least 6 digits.")]
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
    /// Lists the accounts: name, role, whether there is a PIN, last login; parted by tabs.
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
    #[command(after_help = "Example:\n  \
        token=$(asterflow token add --role viewer dashboard)\n  \
        curl -H \"Authorization: Bearer $token\" https://wall.example:8443/api/v1/live")]
    Add {
        /// What it is for.
        name: String,
        /// viewer, supervisor or admin.
        #[arg(long, default_value = "viewer")]
        role: Role,
    },
    /// Lists the tokens without their secrets: name, role, by whom, last use; parted by tabs.
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

/// Says whom there is, before a secret is asked for in vain.
async fn must_exist(accounts: &Accounts, name: &str) -> Result<()> {
    let known = accounts.list().await?;
    if known.iter().any(|account| account.name.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    let names = known_names(name, known.into_iter().map(|account| account.name));
    anyhow::bail!("there is no account named {name}; {names}")
}

/// When something last happened, for a list.
fn when(at: Option<i64>) -> String {
    at.and_then(|at| Timestamp::from_second(at).ok()).map_or_else(|| "never".into(), |at| at.to_string())
}

/// `asterflow user`
pub(super) fn run_user(arguments: &Arguments, verb: &UserVerb) -> Result<ExitCode> {
    let console = Actor::console();
    super::runtime()?.block_on(async {
        let accounts = accounts(arguments)?;
        match verb {
            UserVerb::Add { name, role } => {
                accounts.add(&console, name, *role, Some(&new_secret("password", None)?)).await?;
                say(&format!("{name} can log in as {role}."));
            }
            UserVerb::Passwd { name } => {
                must_exist(&accounts, name).await?;
                accounts.set_password(&console, name, &new_secret("password", None)?).await?;
                say(&format!("{name} has a new password."));
            }
            UserVerb::Pin { name } => {
                must_exist(&accounts, name).await?;
                let pin = new_secret("PIN", Some("takes the PIN away"))?;
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
                print(format!("{page}/login?once={once}\n").as_bytes())?;
            }
            UserVerb::List => {
                let line = |account: &crate::store::AccountRow| {
                    let pin = if account.pin.is_some() { "PIN" } else { "no PIN" };
                    format!("{}\t{}\t{pin}\t{}\n", account.name, account.role, when(account.last_login))
                };
                print(accounts.list().await?.iter().map(line).collect::<String>().as_bytes())?;
            }
            UserVerb::Remove { name } => {
                must_exist(&accounts, name).await?;
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
        match verb {
            TokenVerb::Add { name, role } => {
                let token = accounts.add_token(&console, name, *role).await?;
                say(&format!("The token {name} may do what a {role} may. It is shown only now:"));
                print(format!("{token}\n").as_bytes())?;
            }
            TokenVerb::List => {
                let line = |token: &crate::store::TokenRow| {
                    let used = when(token.last_used);
                    format!("{}\t{}\t{}\t{used}\n", token.name, token.role, token.created_by)
                };
                print(accounts.tokens().await?.iter().map(line).collect::<String>().as_bytes())?;
            }
            TokenVerb::Revoke { name } => {
                let known = accounts.tokens().await?;
                if !known.iter().any(|token| token.name.eq_ignore_ascii_case(name)) {
                    let names = known_names(name, known.into_iter().map(|token| token.name));
                    anyhow::bail!("there is no token named {name}; {names}");
                }
                accounts.revoke_token(&console, name).await?;
                say(&format!("The token {name} is good for nothing now."));
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}
