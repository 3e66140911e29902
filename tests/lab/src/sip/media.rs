//! Sound of one call: sends a tone every 20 ms and remembers the last second of what it hears.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::tone;

const FRAME: usize = 160;
const MEMORY: usize = 8000;

/// What was heard lately; shared with the phone's handle, and still readable after the call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ear(Arc<Mutex<(VecDeque<i16>, u64)>>);

impl Ear {
    fn hear(&self, payload: &[u8]) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.1 += 1;
        inner.0.extend(payload.iter().map(|byte| tone::decode(*byte)));
        let surplus = inner.0.len().saturating_sub(MEMORY);
        inner.0.drain(..surplus);
    }

    /// Level of a tone in the last half second that was heard, dB.
    pub(crate) fn level(&self, hertz: f64) -> f64 {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let samples: Vec<i16> =
            inner.0.iter().skip(inner.0.len().saturating_sub(MEMORY / 2)).copied().collect();
        tone::level(&samples, hertz)
    }

    /// Packets heard so far.
    pub(crate) fn packets(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Forgets what was heard.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clear();
    }
}

/// A stream that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Media {
    local: SocketAddr,
    target: watch::Sender<Option<SocketAddr>>,
    task: JoinHandle<()>,
}

impl Media {
    /// Opens a socket at `ip` and starts listening; nothing is sent before [`Media::send_to`].
    pub(crate) async fn open(ip: IpAddr, hertz: f64, ear: Ear) -> Result<Self> {
        let socket = UdpSocket::bind((ip, 0)).await?;
        let local = socket.local_addr()?;
        let (target, watched) = watch::channel(None);
        let task = tokio::spawn(stream(socket, watched, hertz, ear));
        Ok(Self { local, target, task })
    }

    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Where to send the tone; `None` is silence without packets.
    pub(crate) fn send_to(&self, target: Option<SocketAddr>) {
        self.target.send_replace(target);
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn stream(socket: UdpSocket, target: watch::Receiver<Option<SocketAddr>>, hertz: f64, ear: Ear) {
    let mut ticks = interval(Duration::from_millis(20));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let source = u32::from(socket.local_addr().map_or(1, |address| address.port()));
    let mut buffer = [0; 2048];
    let mut frame: u32 = 0;
    loop {
        tokio::select! {
            received = socket.recv(&mut buffer) => {
                if let Ok(12..) = received {
                    ear.hear(&buffer[12..received.unwrap_or(12)]);
                }
            }
            _ = ticks.tick() => {
                let target = *target.borrow();
                if let Some(address) = target {
                    // A lost packet is silence; the call goes on.
                    let _ = socket.send_to(&packet(frame, source, hertz), address).await;
                }
                frame = frame.wrapping_add(1);
            }
        }
    }
}

/// One RTP packet: version 2, payload type 0, 20 ms.
fn packet(frame: u32, source: u32, hertz: f64) -> Vec<u8> {
    let time = frame.wrapping_mul(FRAME as u32);
    let mut bytes = vec![0x80, 0];
    bytes.extend((frame as u16).to_be_bytes());
    bytes.extend(time.to_be_bytes());
    bytes.extend(source.to_be_bytes());
    bytes.extend((0..FRAME as u32).map(|n| tone::encode(tone::sample(hertz, time.wrapping_add(n)))));
    bytes
}
