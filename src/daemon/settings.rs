//! Loading the configuration as the appliance uses it: the file, and what was set in the web page over it.

use std::path::PathBuf;

use anyhow::Result;

use crate::cli::Arguments;
use crate::config::{Loaded, Overlay};
use crate::store::Store;

/// Loads for a verb that does not hold the state: settings are read beside a running appliance, if there are any.
pub(crate) async fn load(arguments: &Arguments) -> Result<Loaded> {
    Ok(load_with(arguments, &stored(arguments).await))
}

/// Loads as [`load`] does, for a verb that talks to no PBX: secrets are neither needed nor read.
pub(crate) async fn load_without_secrets(arguments: &Arguments) -> Result<Loaded> {
    let (overlay, credentials) = (stored(arguments).await, credentials());
    let (file, state) = (&arguments.config, &arguments.state_dir);
    Ok(crate::config::load_without_secrets(file, state, &overlay, credentials.as_deref()))
}

async fn stored(arguments: &Arguments) -> Overlay {
    match Store::open_read_only(&arguments.state_dir) {
        Ok(store) => Overlay::new(store.settings().await.unwrap_or_default()),
        Err(_) => Overlay::default(),
    }
}

fn credentials() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

/// Loads with these settings.
pub(crate) fn load_with(arguments: &Arguments, overlay: &Overlay) -> Loaded {
    crate::config::load(&arguments.config, &arguments.state_dir, overlay, credentials().as_deref())
}
