//! The few parts of SIP and RTP that a desk phone needs. Pure except for [`media`], which owns a socket.

pub(crate) mod dialog;
pub(crate) mod digest;
pub(crate) mod media;
pub(crate) mod message;
pub(crate) mod sdp;
pub(crate) mod tone;

use std::sync::atomic::{AtomicU64, Ordering};

/// A text that no other call, dialog or transaction of this machine uses.
pub(crate) fn token() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let nanos = jiff::Timestamp::now().as_nanosecond() as u64;
    format!("{:x}{:x}{:x}", std::process::id(), nanos, NEXT.fetch_add(1, Ordering::Relaxed))
}
