//! The folder of one running Asterisk: `/lab/<pid>-<n>` inside the root, with its own etc, var and run.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

use crate::leftovers;

/// Folders that Asterisk writes to, one set per instance.
const FOLDERS: [&str; 10] = [
    "etc",
    "lib",
    "lib/keys",
    "log/cdr-csv",
    "run",
    "spool/outgoing",
    "spool/tmp",
    "spool/monitor",
    "cache",
    "odbc",
];

/// A private folder below the root; removed on drop.
#[derive(Debug)]
pub struct Instance {
    root: PathBuf,
    name: String,
}

impl Instance {
    pub(super) fn new(root: &Path) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let labs = root.join("lab");
        fs::create_dir_all(&labs).with_context(|| format!("create {}", labs.display()))?;
        leftovers::sweep(&labs, "");
        let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let instance = Self { root: root.to_owned(), name };
        for folder in FOLDERS {
            let path = instance.outside(folder);
            fs::create_dir_all(&path).with_context(|| format!("create {}", path.display()))?;
        }
        Ok(instance)
    }

    /// The root this folder lies in.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `below` as Asterisk sees it.
    #[must_use]
    pub fn inside(&self, below: &str) -> String {
        format!("/lab/{}/{below}", self.name)
    }

    /// `below` as this machine sees it.
    #[must_use]
    pub fn outside(&self, below: &str) -> PathBuf {
        self.root.join("lab").join(&self.name).join(below)
    }

    /// Writes a file of this instance.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, below: &str, text: &str) -> Result<()> {
        let path = self.outside(below);
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.root.join("lab").join(&self.name));
    }
}
