//! Builds a root with mmdebstrap, into a temporary name first: a folder with the final name is always complete.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::Suite;
use crate::process::run;

const PACKAGES: &str =
    "asterisk,asterisk-modules,asterisk-config,asterisk-core-sounds-en-gsm,unixodbc,odbc-mariadb,tzdata";

/// Builds the first of `suites` that works.
pub(super) async fn build(cache: &Path, suites: &[Suite]) -> Result<PathBuf> {
    let mirror = mirror().await?;
    let mut failures = Vec::new();
    for suite in suites.iter().copied() {
        crate::log(&format!(
            "building a Debian {} root with Asterisk in {} (some minutes)",
            suite.name(),
            cache.display()
        ));
        match one(cache, suite, &mirror).await {
            Ok(root) => return Ok(root),
            Err(error) => {
                crate::log(&format!("Debian {} did not work: {error:#}", suite.name()));
                failures.push(format!("{}: {}", suite.name(), last_line(&error)));
            }
        }
    }
    bail!(
        "no Asterisk root could be built ({}); check that the Debian mirror answers (apt-get update), that you are root, \
         and that {} has 1 GB free, or point ASTERISK_ROOT at a folder with usr/sbin/asterisk",
        failures.join("; "),
        cache.display()
    )
}

async fn one(cache: &Path, suite: Suite, mirror: &str) -> Result<PathBuf> {
    let done = cache.join(suite.folder());
    let part = cache.join(suite.folder() + ".part");
    if part.exists() {
        fs::remove_dir_all(&part).with_context(|| format!("remove the unfinished {}", part.display()))?;
    }
    let include = format!("--include={PACKAGES}");
    let target = part.display().to_string();
    let argv = [
        "mmdebstrap",
        "--mode=root",
        "--variant=apt",
        "--components=main",
        &include,
        "--aptopt=Apt::Install-Recommends \"false\"",
        // A mirror that lags may serve a Release file past its date; its signature is still checked.
        "--aptopt=Acquire::Check-Valid-Until \"false\"",
        "--dpkgopt=force-unsafe-io",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        suite.name(),
        &target,
        mirror,
    ];
    let built = run(&argv, None).await;
    if built.is_err() {
        let _ = fs::remove_dir_all(&part);
    }
    built?;
    fs::rename(&part, &done).with_context(|| format!("rename {target}"))?;
    Ok(done)
}

/// The mirror this machine's apt already uses.
async fn mirror() -> Result<String> {
    let sites =
        run(&["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"], None).await?;
    // Security and third-party sites do not carry sid; the archive itself ends in /debian.
    let mut lines = sites.lines().map(str::trim).filter(|line| !line.is_empty());
    let best =
        lines.clone().find(|site| site.trim_end_matches('/').ends_with("/debian")).or_else(|| lines.next());
    Ok(best.context("apt knows no mirror: run apt-get update first")?.to_owned())
}

fn last_line(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}
