//! What operators set in the web page: checked, kept in the store, and given to readers by a `watch`. Secrets typed
//! there lie in the state folder, mode 0600, and never in the database.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use crate::clock;
use crate::config::{Overlay, Problem, Secret, check_overlay};
use crate::domain::account::Actor;
use crate::store::{JournalEntry, Store, StoreError};

/// Why a setting was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// The value is wrong.
    #[error("{} {}", .0.sentence, .0.cure)]
    Refused(Box<Problem>),
    /// The name of a secret would leave its folder.
    #[error("\"{0}\" is no name for a secret")]
    Name(String),
    /// The secret could not be written.
    #[error("the secret could not be written to {}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The local database.
    #[error("the local database failed")]
    Store(#[from] StoreError),
}

/// Handle to the settings. Cheap to clone.
#[derive(Clone)]
pub struct Settings {
    store: Store,
    secrets: PathBuf,
    overlay: Arc<watch::Sender<Overlay>>,
}

impl Settings {
    /// Reads the settings kept in `store`; typed secrets go to `state/secrets`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open(store: Store, state: &Path) -> Result<Self, SettingError> {
        let overlay = Overlay::new(store.settings().await?);
        let overlay = Arc::new(watch::Sender::new(overlay));
        Ok(Self { store, secrets: state.join("secrets"), overlay })
    }

    /// The settings now and after every change.
    pub fn watch(&self) -> watch::Receiver<Overlay> {
        self.overlay.subscribe()
    }

    /// Sets `key`, or with `None` goes back to the file's value.
    ///
    /// # Errors
    /// When the key is not for the web page, the value is wrong, or it could not be made durable.
    pub async fn set(&self, actor: &Actor, key: &str, value: Option<&str>) -> Result<(), SettingError> {
        check_overlay(key, value.unwrap_or_default())
            .or_else(|problem| if value.is_none() { Ok(()) } else { Err(problem) })
            .map_err(|problem| SettingError::Refused(Box::new(problem)))?;
        self.store.set_setting(clock::now().wall, actor, key, value).await?;
        let overlay = Overlay::new(self.store.settings().await?);
        self.overlay.send_replace(overlay);
        Ok(())
    }

    /// Keeps a secret as `STATE/secrets/NAME`, readable by this user only; it counts from the next start.
    ///
    /// # Errors
    /// When the name is none, or the file could not be written.
    pub async fn keep_secret(&self, actor: &Actor, name: &str, secret: Secret) -> Result<(), SettingError> {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
            return Err(SettingError::Name(name.to_owned()));
        }
        let entry = JournalEntry::new(actor, "secret", name);
        self.store.journal_record(clock::now().wall, entry, "ok").await?;
        let path = self.secrets.join(name);
        let (folder, target) = (self.secrets.clone(), path.clone());
        let written = tokio::task::spawn_blocking(move || write_private(&folder, &target, &secret)).await;
        written
            .unwrap_or_else(|error| Err(std::io::Error::other(error)))
            .map_err(|source| SettingError::File { path, source })
    }
}

/// Writes beside the target and renames, so that a power cut leaves the old or the new, never half.
fn write_private(folder: &Path, target: &Path, secret: &Secret) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    let beside = target.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(secret.expose().as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_setting_is_checked_kept_and_given_to_readers() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("a store");
        let settings = Settings::open(store.clone(), folder.path()).await.expect("settings");
        let console = Actor::console();
        let seen = settings.watch();
        settings.set(&console, "wall.theme", Some("light")).await.expect("set");
        assert_eq!(seen.borrow().get("wall.theme"), Some("light"));
        for (key, value) in [("wall.theme", "pink"), ("admin.tls", "off"), ("no.key", "x")] {
            assert!(settings.set(&console, key, Some(value)).await.is_err(), "{key}");
        }
        let again = Settings::open(store.clone(), folder.path()).await.expect("settings");
        assert_eq!(again.watch().borrow().get("wall.theme"), Some("light"));
        settings.set(&console, "wall.theme", None).await.expect("unset");
        assert!(seen.borrow().is_empty());
        assert_eq!(store.journal_page(None, 10).await.expect("rows").len(), 2);
    }

    #[tokio::test]
    async fn a_typed_secret_is_for_this_user_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("a store");
        let settings = Settings::open(store, folder.path()).await.expect("settings");
        let console = Actor::console();
        settings.keep_secret(&console, "pbx-ami", Secret::new("hidden")).await.expect("kept");
        let path = folder.path().join("secrets/pbx-ami");
        assert_eq!(std::fs::read_to_string(&path).expect("the file"), "hidden");
        assert_eq!(std::fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
        assert!(settings.keep_secret(&console, "../x", Secret::new("y")).await.is_err());
    }
}
