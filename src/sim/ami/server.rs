//! The task around the hub: the listener, the clients' tasks, the clock.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, sleep_until};

use super::Settings;
use super::connection::{Heard, SessionId, serve};
use super::hub::Hub;
use crate::clock;
use crate::sim::pbx::Clockwork;

/// Actions on their way to the hub; whoever asks for more waits, as on a busy Asterisk.
const REQUESTS: usize = 256;
/// Ports that are tried after a taken one.
const MORE_PORTS: u16 = 20;
/// Between two tries to listen again, or after a connection could not be taken.
const AGAIN: Duration = Duration::from_millis(100);

/// Why no server came about.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No free port.
    #[error(
        "No port from {first} to {last} is free on 127.0.0.1. End what listens there, or give another port."
    )]
    NoPort {
        /// The first that was tried.
        first: u16,
        /// The last.
        last: u16,
        /// The system's word about it.
        #[source]
        source: std::io::Error,
    },
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Ends after `stop` turned true.
    pub task: JoinHandle<()>,
}

/// Starts the AMI server over a PBX: on 127.0.0.1, at `settings.port` or the next free one; 0 takes any.
///
/// It owns the PBX and moves its time: `advance` is called with the wall clock's time at the start plus what has passed
/// since, first at once, then when due, and right before and after every command.
///
/// # Errors
/// When no port is free.
pub async fn start(
    settings: Settings,
    pbx: Box<dyn Clockwork>,
    stop: watch::Receiver<bool>,
) -> Result<Server, StartError> {
    let (listener, address) = listen(settings.port).await?;
    let (inbox, requests) = mpsc::channel(REQUESTS);
    let hub = Hub::new(pbx, settings, clock::now());
    let task = Task { hub, address, listener: Some(listener), inbox, requests, stop };
    Ok(Server { address, task: tokio::spawn(task.run()) })
}

async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), StartError> {
    let last = if port == 0 { 0 } else { port.saturating_add(MORE_PORTS) };
    let mut tried = port;
    loop {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, tried)).await;
        match bound.and_then(|listener| listener.local_addr().map(|address| (listener, address))) {
            Ok(listening) => return Ok(listening),
            Err(source) if tried >= last => return Err(StartError::NoPort { first: port, last, source }),
            Err(_) => tried += 1,
        }
    }
}

struct Task {
    hub: Hub,
    address: SocketAddr,
    listener: Option<TcpListener>,
    inbox: mpsc::Sender<(SessionId, Heard)>,
    requests: mpsc::Receiver<(SessionId, Heard)>,
    stop: watch::Receiver<bool>,
}

impl Task {
    async fn run(mut self) {
        let mut batch = Vec::with_capacity(REQUESTS);
        self.hub.turn(clock::now().tick);
        loop {
            let until = self.hub.next_timeout(clock::now().tick);
            let mut accepted = None;
            tokio::select! {
                _ = self.stop.changed() => return,
                socket = accept(self.listener.as_ref(), self.hub.is_listening(), self.address) => {
                    accepted = Some(socket);
                }
                _ = self.requests.recv_many(&mut batch, REQUESTS) => {}
                () = sleep_until(clock::deadline(until)) => {}
            }
            let now = clock::now().tick;
            batch.drain(..).for_each(|(id, heard)| self.hub.hear(id, heard, now));
            match accepted {
                Some(Accepted::Client(socket)) => self.admit(socket),
                Some(Accepted::Listening(listener)) => self.listener = Some(listener),
                None => {}
            }
            self.hub.turn(now);
            if !self.hub.is_listening() {
                self.listener = None;
            }
        }
    }

    fn admit(&mut self, socket: TcpStream) {
        // Dropping the socket is all that one too many gets.
        if let Some(client) = self.hub.connect(clock::now().tick) {
            tokio::spawn(serve(socket, client.id, self.inbox.clone(), client.outbox, client.cut));
        }
    }
}

enum Accepted {
    Client(TcpStream),
    Listening(TcpListener),
}

/// The next client; or the listener itself, after a time without one.
async fn accept(listener: Option<&TcpListener>, shall_listen: bool, address: SocketAddr) -> Accepted {
    if !shall_listen {
        return std::future::pending().await;
    }
    loop {
        let result = match listener {
            Some(listener) => listener.accept().await.map(|(socket, _)| Accepted::Client(socket)),
            None => TcpListener::bind(address).await.map(Accepted::Listening),
        };
        match result {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::debug!(%error, %address, "the simulated manager interface waits for its port");
                sleep(AGAIN).await;
            }
        }
    }
}
