//! A SIP user agent: what desk phones and callers have in common.
//!
//! ```text
//!  Phone, Call ──Order (bounded mpsc)──> actor ──UDP──> Asterisk
//!       ^                                 │
//!       └────── State (watch) <───────────┘
//! ```
//! The actor owns the socket, the dialogs and the sound. When the last handle is dropped it hangs up, unregisters and
//! ends.

mod actor;
mod incoming;
mod outgoing;
mod record;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

pub use record::{Behaviour, CallRecord, CallState, Direction, Side};

use actor::Actor;

/// Orders that may wait; a phone is asked for one thing at a time, timers add a few.
const MAILBOX: usize = 64;

/// Who a user agent is.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) user: String,
    pub(crate) name: String,
    /// `None` for callers from the trunk, who are known by their address.
    pub(crate) password: Option<String>,
    /// The tone it speaks with, Hz.
    pub(crate) tone: f64,
}

/// What the actor is asked to do. Calls are named by their place in [`State::calls`].
#[derive(Debug)]
pub(crate) enum Order {
    Behave(Behaviour),
    Register,
    Unregister,
    /// A timer of the actor's own: register again if still wanted.
    Refresh,
    Dial {
        number: String,
        answer: oneshot::Sender<usize>,
    },
    Answer(usize),
    Reject(usize, u16),
    HangUp(usize),
    Hold(usize, bool),
    Digit(usize, char),
    /// Transfer the first call to a number, replacing the second call there if there is one.
    Refer {
        call: usize,
        to: String,
        replaces: Option<usize>,
    },
    /// Stop or continue sending sound.
    Speak(usize, bool),
}

/// What the world sees of a user agent.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) registered: bool,
    /// Status of the last refused registration.
    pub(crate) refused: Option<u16>,
    pub(crate) calls: Vec<CallRecord>,
}

/// A handle; the agent ends when the last one is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Ua {
    orders: mpsc::Sender<Order>,
    state: watch::Receiver<State>,
}

impl Ua {
    /// Binds a socket at `local` and starts the agent.
    pub(crate) async fn start(local: SocketAddr, server: SocketAddr, identity: Identity) -> Result<Self> {
        let socket = UdpSocket::bind(local).await.with_context(|| format!("bind {local}"))?;
        let (orders, inbox) = mpsc::channel(MAILBOX);
        let (sender, state) = watch::channel(State::default());
        let actor = Actor::new(socket, server, identity, orders.downgrade(), sender)?;
        tokio::spawn(actor.run(inbox));
        Ok(Self { orders, state })
    }

    pub(crate) async fn order(&self, order: Order) -> Result<()> {
        self.orders.send(order).await.map_err(|_| anyhow!("the phone has ended"))
    }

    /// Starts a call and returns its place.
    pub(crate) async fn dial(&self, number: &str) -> Result<usize> {
        let (answer, place) = oneshot::channel();
        self.order(Order::Dial { number: number.to_owned(), answer }).await?;
        place.await.context("the phone has ended")
    }

    pub(crate) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    pub(crate) fn call(&self, place: usize) -> Option<CallRecord> {
        self.state.borrow().calls.get(place).cloned()
    }

    /// Waits until `find` returns something.
    pub(crate) async fn wait<T>(&self, within: Duration, find: impl Fn(&State) -> Option<T>) -> Result<T> {
        let mut state = self.state.clone();
        let found = timeout(within, async {
            loop {
                if let Some(found) = find(&state.borrow_and_update()) {
                    return Ok(found);
                }
                state.changed().await.context("the phone has ended")?;
            }
        });
        let result = found.await;
        result.with_context(|| {
            format!("still waiting after {within:?}; the phone saw {:?}", self.state.borrow().calls.last())
        })?
    }
}
