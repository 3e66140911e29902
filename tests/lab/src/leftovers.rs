//! Folders of labs whose process was killed: it could not remove them itself, so the next lab does.

use std::fs;
use std::path::Path;

/// Removes from `parent` every folder named `<prefix><pid>-…` whose process is gone.
pub(crate) fn sweep(parent: &Path, prefix: &str) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(pid) = name.strip_prefix(prefix).and_then(|rest| rest.split('-').next()) else { continue };
        if pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists() {
            // Another lab may be sweeping the same folder.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_the_dead_go() {
        let parent = tempfile::tempdir().expect("a folder");
        let mine = format!("lab-{}-0", std::process::id());
        // No process has this number: the kernel's limit is 4194304.
        for name in ["lab-4999999-0", mine.as_str(), "lab-x-0", "other-4999999-0"] {
            fs::create_dir(parent.path().join(name)).expect("a folder");
        }
        sweep(parent.path(), "lab-");
        let mut left: Vec<String> = fs::read_dir(parent.path())
            .expect("a folder")
            .flatten()
            .map(|e| e.file_name().to_string_lossy().into())
            .collect();
        left.sort();
        let mut wanted = vec![mine, "lab-x-0".to_owned(), "other-4999999-0".to_owned()];
        wanted.sort();
        assert_eq!(left, wanted);
    }
}
