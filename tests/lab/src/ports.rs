//! Free ports of 127.0.0.1, below the range that the kernel hands out itself, so that a port which was free a moment ago
//! is not taken by some outgoing connection before the server binds it.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Result, bail};

const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// Where this process looks next; every process begins elsewhere, so that two labs rarely try the same port.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port of 127.0.0.1 that is free for TCP and UDP. It is never given twice by one process.
///
/// # Errors
/// When none is free.
pub(crate) fn free() -> Result<u16> {
    let offset = (std::process::id().wrapping_mul(613) % u32::from(COUNT)) as u16;
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + ((u32::from(offset) + u32::from(step)) % u32::from(COUNT)) as u16;
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, port));
        if tcp.is_ok() && udp.is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port between {FIRST} and {} on 127.0.0.1", FIRST + COUNT)
}

/// The first port of a range for RTP. Labs may overlap: Asterisk skips ports that are taken.
#[must_use]
pub(crate) fn rtp_range() -> (u16, u16) {
    let slot = (std::process::id() % 40) as u16;
    (10_000 + slot * 200, 10_000 + slot * 200 + 399)
}
