//! One client's socket: bytes in → the hub's mailbox, the session's outbox → bytes out.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, sleep_until, timeout};

use super::request::{Asked, Parser};
use crate::clock;
use crate::domain::time::Tick;

/// Messages on their way to one client: more than two seconds of the heaviest load measured on a real PBX (1 786 events).
/// A client that lets it fill up does not read, and is closed.
pub(super) const OUTBOX: usize = 4096;
/// A write that the client does not take by then ends the session, as `writetimeout=5000` does.
const WRITE: Duration = Duration::from_secs(5);
/// Messages taken from the outbox at once.
const BATCH: usize = 256;
/// Small messages are joined up to about this size.
const JOINED: usize = 64 * 1024;
/// While it trickles: bytes between two rests, and a rest.
const TRICKLE: (usize, Duration) = (64, Duration::from_millis(1));

/// A client.
pub(super) type SessionId = u64;

/// What a session shall do next, in order.
#[derive(Clone, Debug)]
pub(super) enum Out {
    /// Write these.
    Bytes(Arc<[u8]>),
    /// Write nothing until then.
    Pause(Tick),
    /// Write single bytes until then.
    Trickle(Tick),
}

/// What a client did.
#[derive(Debug)]
pub(super) enum Heard {
    /// It asked for something.
    Asked(Asked),
    /// It is gone.
    Closed,
}

/// Serves one client until its outbox is dropped and written out, its socket fails, or `cut` is sent.
pub(super) async fn serve(
    socket: TcpStream,
    id: SessionId,
    inbox: mpsc::Sender<(SessionId, Heard)>,
    outbox: mpsc::Receiver<Out>,
    cut: oneshot::Receiver<()>,
) {
    // Single bytes have to leave as such, and answers at once.
    let _ = socket.set_nodelay(true);
    let (reader, writer) = socket.into_split();
    let hear = async {
        read(reader, id, &inbox).await;
        // The hub drops the outbox then; what is in it is still written.
        let _ = inbox.send((id, Heard::Closed)).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = hear => {}
        () = write(writer, outbox) => {}
        Ok(()) = cut => {}
    }
    let _ = inbox.send((id, Heard::Closed)).await;
}

async fn read(mut socket: OwnedReadHalf, id: SessionId, inbox: &mpsc::Sender<(SessionId, Heard)>) {
    let mut buffer = [0_u8; 4096];
    let (mut parser, mut asked) = (Parser::default(), Vec::new());
    while let Ok(count @ 1..) = socket.read(&mut buffer).await {
        parser.push(&buffer[..count], &mut asked);
        for one in asked.drain(..) {
            if inbox.send((id, Heard::Asked(one))).await.is_err() {
                return;
            }
        }
    }
}

async fn write(mut socket: OwnedWriteHalf, mut outbox: mpsc::Receiver<Out>) {
    let (mut batch, mut joined) = (Vec::with_capacity(BATCH), Vec::with_capacity(JOINED));
    let mut trickle: Option<Tick> = None;
    while outbox.recv_many(&mut batch, BATCH).await > 0 {
        for out in batch.drain(..) {
            if let Out::Bytes(bytes) = &out {
                joined.extend_from_slice(bytes);
                if joined.len() < JOINED {
                    continue;
                }
            }
            if flush(&mut socket, &mut joined, trickle).await.is_err() {
                return;
            }
            match out {
                Out::Bytes(_) => {}
                Out::Pause(until) => sleep_until(clock::deadline(until)).await,
                Out::Trickle(until) => trickle = Some(until),
            }
        }
        if flush(&mut socket, &mut joined, trickle).await.is_err() {
            return;
        }
    }
    let _ = timeout(WRITE, socket.shutdown()).await;
}

async fn flush(
    socket: &mut OwnedWriteHalf,
    bytes: &mut Vec<u8>,
    trickle: Option<Tick>,
) -> std::io::Result<()> {
    let mut rest = bytes.as_slice();
    while let Some(until) = trickle
        && clock::now().tick < until
        && !rest.is_empty()
    {
        let (now, later) = rest.split_at(rest.len().min(TRICKLE.0));
        for byte in now.chunks(1) {
            timeout(WRITE, socket.write_all(byte)).await??;
            tokio::task::yield_now().await;
        }
        sleep(TRICKLE.1).await;
        rest = later;
    }
    timeout(WRITE, socket.write_all(rest)).await??;
    bytes.clear();
    Ok(())
}
