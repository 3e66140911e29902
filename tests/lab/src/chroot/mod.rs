//! The folder that holds a real Asterisk, found or made once and then kept.
//!
//! Owns: the cached root. In: `ASTERISK_ROOT`, `ASTERFLOW_LAB_SUITE`, `ASTERFLOW_CACHE`. Out: a [`Chroot`]. It never writes into a finished root
//! except below its `/lab`, where each running lab has a folder of its own.

mod build;
mod instance;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

pub use instance::Instance;

/// Debian releases that ship an Asterisk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// Asterisk 22; what the tests use.
    Sid,
    /// Asterisk 16; the fallback, and the oldest that AsterFlow is tried with.
    Bullseye,
}

impl Suite {
    /// Debian's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sid => "sid",
            Self::Bullseye => "bullseye",
        }
    }

    /// The one that `ASTERFLOW_LAB_SUITE` asks for, if it is set.
    fn asked() -> Result<Option<Self>> {
        let Some(name) = std::env::var_os("ASTERFLOW_LAB_SUITE").filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let known = [Self::Sid, Self::Bullseye].into_iter().find(|suite| name == suite.name());
        known.map(Some).with_context(|| {
            format!("ASTERFLOW_LAB_SUITE={} is neither sid nor bullseye", name.to_string_lossy())
        })
    }

    fn folder(self) -> String {
        format!("asterisk-{}", self.name())
    }
}

/// A root file system with Asterisk installed.
#[derive(Debug, Clone)]
pub struct Chroot {
    root: PathBuf,
}

impl Chroot {
    /// Finds the root, or builds it (minutes, needs the Debian mirror).
    ///
    /// `ASTERFLOW_LAB_SUITE` (sid or bullseye) asks for one suite and nothing else. Without it: `ASTERISK_ROOT` when it
    /// holds an Asterisk; the cache folder (`ASTERFLOW_CACHE`, else `~/.cache/asterflow`)
    /// with sid, then bullseye; else it is built with mmdebstrap, sid first and bullseye when sid does not resolve.
    /// Several processes may ask at once: one builds, the others wait.
    ///
    /// # Errors
    /// One sentence that says what failed and what to do.
    pub async fn ensure() -> Result<Self> {
        if let Some(suite) = Suite::asked()? {
            return Self::ensure_suite(suite).await;
        }
        if let Some(root) = std::env::var_os("ASTERISK_ROOT").map(PathBuf::from) {
            if let Some(found) = Self::at(&root) {
                return Ok(found);
            }
            crate::log(&format!(
                "ASTERISK_ROOT={} holds no usr/sbin/asterisk; it is not used",
                root.display()
            ));
        }
        Self::find_or_build(&[Suite::Sid, Suite::Bullseye]).await
    }

    /// As [`Chroot::ensure`], but only this suite, and `ASTERISK_ROOT` does not count.
    ///
    /// # Errors
    /// As [`Chroot::ensure`].
    pub async fn ensure_suite(suite: Suite) -> Result<Self> {
        Self::find_or_build(&[suite]).await
    }

    async fn find_or_build(suites: &[Suite]) -> Result<Self> {
        let cache = cache_folder()?;
        fs::create_dir_all(&cache).with_context(|| format!("create the cache folder {}", cache.display()))?;
        let lock = lock(&cache).await?;
        let cached = suites.iter().find_map(|suite| Self::at(&cache.join(suite.folder())));
        let found = match cached {
            Some(found) => found,
            None => Self { root: build::build(&cache, suites).await? },
        };
        drop(lock);
        Ok(found)
    }

    fn at(root: &Path) -> Option<Self> {
        root.join("usr/sbin/asterisk").is_file().then(|| Self { root: root.to_owned() })
    }

    /// The folder on this machine.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Makes a folder for one running Asterisk below the root's `/lab`.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn instance(&self) -> Result<Instance> {
        Instance::new(&self.root)
    }

    /// The path of `name` somewhere below `usr/lib` of the root, as seen from inside.
    pub(crate) fn library(&self, name: &str) -> Result<String> {
        let mut folders = vec![self.root.join("usr/lib")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if entry.file_name() == *name {
                    let inside = path.strip_prefix(&self.root).context("a path outside of the root")?;
                    return Ok(format!("/{}", inside.display()));
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                }
            }
        }
        bail!("{} holds no {name}; delete that folder, it is built again", self.root.display())
    }
}

fn cache_folder() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("ASTERFLOW_CACHE") {
        return Ok(folder.into());
    }
    let home =
        std::env::var_os("HOME").context("neither ASTERFLOW_CACHE nor HOME is set; set one of them")?;
    Ok(Path::new(&home).join(".cache/asterflow"))
}

/// Holds other processes back until the returned file is closed.
async fn lock(cache: &Path) -> Result<File> {
    let path = cache.join("asterisk.lock");
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("open {}", path.display()))?;
    tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await?.context("lock the cache folder")
}
