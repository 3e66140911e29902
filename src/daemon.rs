//! The wiring diagram: what is started in which order, what is connected to what, and how it all ends.
//!
//! ```text
//! store ─> accounts ─┬─> admin (web)
//! config ─> per PBX: live (AMI) + sync (queue_log) ─┤
//!                    control ─┴─> kiosk: feed ─> wall (window, bare screen or memory)
//! ```
//! Ends in the order listening, web, sync, live, store, wall; five seconds in all.

mod health;
pub(crate) mod parts;
pub(crate) mod questions;
pub(crate) mod settings;
#[cfg(feature = "kiosk")]
pub(crate) mod shot;
#[cfg(feature = "kiosk")]
pub(crate) mod wall;
#[cfg(feature = "kiosk")]
pub(crate) mod walls;
pub(crate) mod web;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::cli::{Arguments, EXIT_CONFIG, Screen, say};
use crate::store::StoreError;
use crate::tasks::control::Control;
use parts::Parts;

/// Everything has ended so long after listening was hung up (which takes two seconds at most), or is left behind.
const SHUTDOWN: Duration = Duration::from_secs(3);

/// `asterflow run`
pub(crate) fn run(arguments: &Arguments, screen: Screen) -> Result<ExitCode> {
    let runtime = crate::cli::runtime()?;
    let stop = watch::Sender::new(false);
    let started = runtime.block_on(Parts::start(arguments, &stop));
    let parts = match started {
        Ok(parts) => parts,
        Err(error) => return unusable(error),
    };
    runtime.spawn(stop_on_signal(parts.control.clone(), stop.clone()));
    let shown = show(&parts, screen, &stop, &runtime);
    // The window was closed, or a signal came: either way everything ends, listening first, while there is a link.
    runtime.block_on(parts.control.end());
    stop.send_replace(true);
    runtime.block_on(async {
        if tokio::time::timeout(SHUTDOWN, parts.end()).await.is_err() {
            tracing::warn!("some part did not end in time and is left behind");
        }
    });
    runtime.shutdown_timeout(Duration::from_millis(200));
    shown?;
    Ok(ExitCode::SUCCESS)
}

/// A state folder that cannot be used is the one thing that a restart does not cure.
fn unusable(error: anyhow::Error) -> Result<ExitCode> {
    match error.downcast_ref::<StoreError>() {
        Some(StoreError::Folder { .. } | StoreError::InUse { .. } | StoreError::Newer { .. }) => {
            say(&format!("asterflow: {error:#}"));
            Ok(ExitCode::from(EXIT_CONFIG))
        }
        _ => Err(error),
    }
}

async fn stop_on_signal(control: Control, stop: watch::Sender<bool>) {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be received; end the program with SIGKILL");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("ending");
    control.end().await;
    stop.send_replace(true);
}

#[cfg(feature = "kiosk")]
fn show(
    parts: &Parts,
    screen: Screen,
    stop: &watch::Sender<bool>,
    runtime: &tokio::runtime::Runtime,
) -> Result<()> {
    wall::show(parts, screen, stop, runtime.handle())
}

#[cfg(not(feature = "kiosk"))]
fn show(_: &Parts, _: Screen, stop: &watch::Sender<bool>, runtime: &tokio::runtime::Runtime) -> Result<()> {
    let mut stopped = stop.subscribe();
    // Fails only when nobody can stop us any more.
    let _ = runtime.block_on(stopped.wait_for(|stop| *stop));
    Ok(())
}
