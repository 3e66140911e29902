//! Only one process may synchronise into a state folder.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::error::StoreError;

/// Held while this process owns the state folder; freed when dropped, also by a crash.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

impl StateLock {
    /// Takes the lock of `dir`.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process holds it; [`StoreError::Folder`] when it cannot be made.
    pub fn take(dir: &Path) -> Result<Self, StoreError> {
        let folder = |source| StoreError::Folder { path: dir.into(), source };
        std::fs::create_dir_all(dir).map_err(folder)?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(dir.join("asterflow.lock"))
            .map_err(folder)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: dir.into() }),
            Err(TryLockError::Error(source)) => Err(folder(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_folder_has_one_owner() {
        let dir = tempfile::tempdir().expect("a folder");
        let held = StateLock::take(dir.path()).expect("free");
        assert!(matches!(StateLock::take(dir.path()), Err(StoreError::InUse { .. })));
        drop(held);
        StateLock::take(dir.path()).expect("free again");
    }
}
