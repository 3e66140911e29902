//! Where the problems and the origins of values are gathered while the configuration is read. It never stops at the
//! first problem, and never holds the text of a secret.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use crate::domain::problem::{Problem, Severity};

use super::overlay::Overlay;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// The file, at this line.
    File {
        /// From 1.
        line: usize,
    },
    /// The web page.
    Page,
    /// A file of its own: a secret.
    SecretFile(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { line } => write!(f, "file:{line}"),
            Self::Page => f.write_str("page"),
            Self::SecretFile(path) => write!(f, "{}", path.display()),
        }
    }
}

/// One value as used, shown as text (a secret as `***`), and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The key, `wall.theme`.
    pub key: String,
    /// The value as written; secrets masked.
    pub shown: String,
    /// Where it comes from.
    pub source: Source,
}

/// Why a value cannot be used, and what to write instead.
pub(super) struct Wrong {
    pub(super) sentence: String,
    pub(super) cure: String,
}

impl Wrong {
    pub(super) fn new(sentence: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), cure: cure.into() }
    }
}

/// Gathers while sections read.
pub(super) struct Report<'a> {
    text: &'a str,
    pub(super) overlay: &'a Overlay,
    /// Whether the overlay is on trial: its faults are errors, not warnings.
    pub(super) trial: bool,
    problems: RefCell<Vec<Problem>>,
    origins: RefCell<Vec<Origin>>,
}

impl<'a> Report<'a> {
    pub(super) fn new(text: &'a str, overlay: &'a Overlay) -> Self {
        Self { text, overlay, trial: false, problems: RefCell::default(), origins: RefCell::default() }
    }

    /// The line of a byte offset, from 1.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().get(..span.start).unwrap_or_default();
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    pub(super) fn error(&self, key: &str, line: Option<usize>, wrong: Wrong) {
        self.add(key, line, wrong, Severity::Error);
    }

    pub(super) fn warning(&self, key: &str, line: Option<usize>, wrong: Wrong) {
        self.add(key, line, wrong, Severity::Warning);
    }

    fn add(&self, key: &str, line: Option<usize>, wrong: Wrong, severity: Severity) {
        let Wrong { sentence, cure } = wrong;
        self.problems.borrow_mut().push(Problem { key: key.into(), line, sentence, cure, severity });
    }

    pub(super) fn origin(&self, key: &str, shown: impl Into<String>, source: Source) {
        self.origins.borrow_mut().push(Origin { key: key.into(), shown: shown.into(), source });
    }

    /// Everything gathered: problems in the order of the file, those without a line last.
    pub(super) fn finish(self) -> (Vec<Problem>, Vec<Origin>) {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
        (problems, self.origins.into_inner())
    }
}
