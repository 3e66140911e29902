//! Where secrets lie: the file that the configuration names, else a credential of systemd with the same name, else the
//! state folder. Reads those files, and no others.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Secret;
use super::raw::Section;
use super::report::{Source, Wrong};

/// No secret is longer; what is was named by mistake.
const LONGEST: u64 = 4096;

/// The folders in which secrets are looked for.
pub(super) struct Places<'a> {
    /// Beside the configuration: the start of relative paths.
    pub(super) base: &'a Path,
    /// `$CREDENTIALS_DIRECTORY`.
    pub(super) credentials: Option<&'a Path>,
    /// `STATE/secrets`: what was typed into the web page.
    pub(super) typed: PathBuf,
    /// Whether the secrets are wanted at all; if not, only the names of their files are.
    pub(super) wanted: bool,
}

/// Finds the secret of `section`, whose file is named by `file_key`; `inline` is the key that must not exist; `name` is
/// what the secret is called where no file is named (`ami`), after the PBX's name and a dash or alone.
pub(super) fn find(
    section: &Section<'_>,
    places: &Places<'_>,
    (file_key, inline): (&'static str, &'static str),
    (pbx, name): (&str, &str),
) -> Option<Secret> {
    section.forbid(inline, || {
        Wrong::new(
            format!("\"{inline}\" would put the secret itself into this file."),
            format!("Write it into a file of its own (mode 0600) and name that: {file_key} = \"…\"."),
        )
    });
    let key = section.key(file_key);
    let had_file = section.has(file_key);
    let named = section.text(file_key, None, |text| {
        if text.trim().is_empty() {
            return Err(Wrong::new("The name of the file is empty.", "Write the path of the file."));
        }
        Ok(places.base.join(text))
    });
    if !section.present() || (had_file && named.is_none()) {
        return None;
    }
    let line = section.line_of(file_key);
    let candidates = candidates(named.as_deref(), places, pbx, name);
    if !places.wanted {
        let path = candidates.iter().find(|path| path.exists()).or(candidates.first()).cloned();
        let source = Source::SecretFile(path.unwrap_or_default());
        section.report.origin(&key.replace("_file", ""), "***", source);
        return Some(Secret::new(""));
    }
    let Some(path) = candidates.iter().find(|path| path.exists()) else {
        let first = candidates.first().map(|path| path.display().to_string()).unwrap_or_default();
        let wrong = Wrong::new(
            match named {
                Some(path) => format!("The file {} is not there.", path.display()),
                None => format!("No secret is given: neither {file_key} nor {first}."),
            },
            "Write the secret into that file, in one line, mode 0600, readable by this user.",
        );
        section.report.error(&key, line, wrong);
        return None;
    };
    match read(path) {
        Ok((secret, open_to_all)) => {
            if open_to_all {
                section.report.warning(
                    &key,
                    line,
                    Wrong::new(
                        format!("Everybody on this machine can read {}.", path.display()),
                        format!("chmod 0600 {}", path.display()),
                    ),
                );
            }
            section.report.origin(&key.replace("_file", ""), "***", Source::SecretFile(path.clone()));
            Some(secret)
        }
        Err(wrong) => {
            section.report.error(&key, line, wrong);
            None
        }
    }
}

fn candidates(named: Option<&Path>, places: &Places<'_>, pbx: &str, name: &str) -> Vec<PathBuf> {
    let mut list = Vec::new();
    let own = format!("{pbx}-{name}");
    if let Some(path) = named {
        list.push(path.to_owned());
        if let (Some(folder), Some(file)) = (places.credentials, path.file_name()) {
            list.push(folder.join(file));
        }
    }
    for folder in places.credentials.into_iter().chain([places.typed.as_path()]) {
        list.push(folder.join(&own));
        // A file that is named and missing must not be stood in for by another PBX's secret.
        if named.is_none() {
            list.push(folder.join(name));
        }
    }
    list
}

fn read(path: &Path) -> Result<(Secret, bool), Wrong> {
    let shown = path.display();
    let refused = |error: std::io::Error| {
        Wrong::new(
            format!("The file {shown} cannot be read: {error}."),
            "Give it to the user that runs asterflow, mode 0600.",
        )
    };
    let file = File::open(path).map_err(refused)?;
    let about = file.metadata().map_err(refused)?;
    if !about.is_file() {
        return Err(Wrong::new(format!("{shown} is no file."), "Name a file that holds the secret."));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(refused)?;
    let text = String::from_utf8(bytes).unwrap_or_default();
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Wrong::new(
            format!("The file {shown} is empty or not text."),
            "Write the secret into it, in one line.",
        ));
    }
    if text.len() as u64 > LONGEST || text.contains(['\n', '\r', '\0']) {
        return Err(Wrong::new(
            format!("The file {shown} holds more than one line."),
            "Write the secret alone into it, in one line.",
        ));
    }
    Ok((Secret::new(text), about.permissions().mode() & 0o004 != 0))
}
