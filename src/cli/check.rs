//! `asterflow check`: every problem with its key, and where each value comes from.

use std::process::ExitCode;

use anyhow::Result;

use super::{Arguments, EXIT_CONFIG, print, say};
use crate::config::Origin;
use crate::daemon::settings::load;

/// Loads the configuration and tells everything about it.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let loaded = super::runtime()?.block_on(load(arguments))?;
    for problem in &loaded.problems {
        say(&problem.to_string());
    }
    let width = loaded.origins.iter().map(|origin| origin.key.len()).max().unwrap_or(0);
    let line = |origin: &Origin| format!("{:width$}  {}  ({})\n", origin.key, origin.shown, origin.source);
    print(loaded.origins.iter().map(line).collect::<String>().as_bytes())?;
    if loaded.config.is_none() {
        say(&format!("{} cannot be used: see above.", arguments.config.display()));
        return Ok(ExitCode::from(EXIT_CONFIG));
    }
    say(&format!("{} is good.", arguments.config.display()));
    Ok(ExitCode::SUCCESS)
}
