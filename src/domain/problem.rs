//! Something wrong with what an operator wrote, in words that an operator can act on.

use std::fmt;

use serde::Serialize;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The configuration cannot be used before this is put right.
    Error,
    /// It can be used, but somebody should look.
    Warning,
}

/// One problem of the configuration, with its cure. It never quotes a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The key it is about, `pbx[0].ami.hosts`; empty for the file as a whole.
    pub key: String,
    /// The line in the file, from 1; `None` where no line is to blame.
    pub line: Option<usize>,
    /// What is wrong: one sentence.
    pub sentence: String,
    /// What to do: one sentence.
    pub cure: String,
    /// How bad it is.
    pub severity: Severity,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{word}")?;
        if !self.key.is_empty() {
            write!(f, " {}", self.key)?;
        }
        if let Some(line) = self.line {
            write!(f, " (line {line})")?;
        }
        write!(f, ": {} {}", self.sentence, self.cure)
    }
}
