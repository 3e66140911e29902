//! The one reader of clocks. Everything else takes the time as an argument.

use std::sync::OnceLock;
use std::time::Instant;

use jiff::Timestamp;

use crate::domain::time::{Moment, Tick};

/// The present moment on both clocks: the monotonic one (for ages) and the wall clock (for dates).
#[allow(clippy::disallowed_methods, reason = "this module is the one place that reads clocks")]
pub fn now() -> Moment {
    static START: OnceLock<Instant> = OnceLock::new();
    let started = *START.get_or_init(Instant::now);
    let millis = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    Moment { tick: Tick::from_millis(millis), wall: Timestamp::now() }
}

/// The `tokio` instant at which `tick` is reached; now when it has passed.
#[allow(clippy::disallowed_methods, reason = "this module is the one place that reads clocks")]
pub fn deadline(tick: Tick) -> tokio::time::Instant {
    let left = tick.since(now().tick).max(0);
    tokio::time::Instant::now() + std::time::Duration::from_millis(left.unsigned_abs())
}
