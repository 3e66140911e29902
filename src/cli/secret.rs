//! Secrets from stdin: one line of a pipe, or typed at a terminal without being shown.

use std::io::{self, BufRead, IsTerminal};

use anyhow::{Context, Result, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::say;

/// A new secret: `what` it is (`password`, `PIN`). Typed twice at a terminal; one line of a pipe. It may be empty only
/// where `empty_means` says what that does.
pub(super) fn new_secret(what: &str, empty_means: Option<&str>) -> Result<String> {
    let stdin = io::stdin();
    let text = if stdin.is_terminal() {
        let hint = empty_means.map(|means| format!(" (nothing: {means})")).unwrap_or_default();
        let first = typed(&format!("New {what}{hint}: "))?;
        let again = first.is_empty() || typed(&format!("The same {what} again: "))? == first;
        if !again {
            bail!("the two differ; nothing was changed");
        }
        first
    } else {
        line(&mut stdin.lock())?
    };
    if text.is_empty() && empty_means.is_none() {
        bail!("stdin held no {what}; pipe it in as one line, or type it at a terminal");
    }
    Ok(text)
}

fn line(from: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    from.read_line(&mut line).context("stdin cannot be read as text")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks on stderr, and reads without showing what is typed.
fn typed(question: &str) -> Result<String> {
    use std::io::Write;
    // Hidden before it is asked for: a quick answer is not shown either.
    let hidden =
        Hidden::new().context("the terminal cannot be kept from showing it; pipe it in as one line")?;
    let _ = write!(io::stderr().lock(), "{question}");
    let text = line(&mut io::stdin().lock());
    drop(hidden);
    // The line feed was hidden too.
    say("");
    text
}

/// While it lives, the terminal does not show what is typed.
struct Hidden {
    before: Termios,
}

impl Hidden {
    fn new() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Nothing is left to be done where the terminal is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}
