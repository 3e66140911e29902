//! Loading: the file, the web page's values and the secrets in; the configuration, every problem and the origin of
//! every value out.

use std::path::Path;

use toml::de::DeTable;

use crate::domain::problem::{Problem, Severity};

use super::Config;
use super::overlay::Overlay;
use super::raw::Section;
use super::report::{Origin, Report, Wrong};
use super::secret_file::Places;
use super::validate;

/// No configuration is larger; what is was named by mistake.
const LARGEST: u64 = 1024 * 1024;

/// What came of loading.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration; `None` while any problem is an error.
    pub config: Option<Config>,
    /// Every problem, in the order of the file.
    pub problems: Vec<Problem>,
    /// Every value as used, and where it comes from.
    pub origins: Vec<Origin>,
}

/// Loads the configuration at `path`. Secrets are looked for where it names them, then in `credentials` (systemd's
/// `$CREDENTIALS_DIRECTORY`), then in `state/secrets`. Values of `overlay` win over the file.
pub fn load(path: &Path, state: &Path, overlay: &Overlay, credentials: Option<&Path>) -> Loaded {
    load_from(path, overlay, &|base| Places { base, credentials, typed: state.join("secrets"), wanted: true })
}

fn load_from<'a>(path: &'a Path, overlay: &Overlay, places: &dyn Fn(&'a Path) -> Places<'a>) -> Loaded {
    let text = match read(path) {
        Ok(text) => text,
        Err(wrong) => return refused(wrong),
    };
    let base = path.parent().unwrap_or(Path::new("."));
    parse(Report::new(&text, overlay), &text, &places(base))
}

/// Loads as [`load`] does, without the secrets: they are empty and their files need not be there yet. The origins tell
/// where each belongs.
pub fn load_without_secrets(
    path: &Path,
    state: &Path,
    overlay: &Overlay,
    credentials: Option<&Path>,
) -> Loaded {
    load_from(path, overlay, &|base| Places {
        base,
        credentials,
        typed: state.join("secrets"),
        wanted: false,
    })
}

/// Whether the web page may set `key` to `value`.
///
/// # Errors
/// What is wrong with it, as a problem.
pub fn check_overlay(key: &str, value: &str) -> Result<(), Problem> {
    let overlay = Overlay::new([(key.to_owned(), value.to_owned())]);
    let places = Places { base: Path::new("."), credentials: None, typed: "secrets".into(), wanted: true };
    let mut report = Report::new("", &overlay);
    report.trial = true;
    let found = parse(report, "", &places).problems.into_iter().find(|problem| problem.key == key);
    found.map_or(Ok(()), Err)
}

fn parse(report: Report<'_>, text: &str, places: &Places<'_>) -> Loaded {
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let line = error.span().map(|span| report.line(&span));
        // The message alone: the parser's longer text quotes the file, which may hold a misplaced secret.
        let sentence = format!("This is not TOML: {}.", error.message().trim_end_matches('.'));
        report.error("", line, Wrong::new(sentence, "Correct the line."));
    }
    let config = if errors.is_empty() {
        validate::config(Section::root(&report, document.get_ref()), places)
    } else {
        None
    };
    let (problems, origins) = report.finish();
    let usable = problems.iter().all(|problem| problem.severity != Severity::Error);
    Loaded { config: config.filter(|_| usable), problems, origins }
}

fn read(path: &Path) -> Result<String, Wrong> {
    let cure = "Check the path and its rights, or give another file with --config.";
    let shown = path.display();
    let about = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Wrong::new(
            format!("There is no configuration at {shown}."),
            "Copy the example asterflow.toml there and adapt it, or give another file with --config.",
        ),
        _ => Wrong::new(format!("The configuration {shown} cannot be read: {error}."), cure),
    })?;
    if !about.is_file() || about.len() > LARGEST {
        return Err(Wrong::new(format!("{shown} is no configuration file."), cure));
    }
    std::fs::read_to_string(path)
        .map_err(|error| Wrong::new(format!("The configuration {shown} cannot be read: {error}."), cure))
}

fn refused(wrong: Wrong) -> Loaded {
    let Wrong { sentence, cure } = wrong;
    let problem = Problem { key: String::new(), line: None, sentence, cure, severity: Severity::Error };
    Loaded { config: None, problems: vec![problem], origins: Vec::new() }
}
