//! The simulated PBX's manager interface: Asterisk 22's bytes, over a socket on 127.0.0.1.
//!
//! ```text
//! client ──bytes──> connection ──(id, Asked)──> hub (owns the PBX) ──Command──> Clockwork
//! client <──bytes── connection <──Out── hub <──Happening── Clockwork
//! ```
//! One task owns the PBX and answers in one order; an event is spelled once and its bytes are shared. A client that does
//! not read is closed, as Asterisk does: no event is ever left out in silence.
//!
//! The action `SimFault` (`Fault: drop|stall|restart|flood|garbage|trickle`, `Seconds`, `Rate`) is no Asterisk's: it
//! brings a fault about. From the shell:
//! ```text
//! printf 'Action: Login\nUsername: u\nSecret: s\nEvents: off\n\nAction: SimFault\nFault: restart\n\n' | nc 127.0.0.1 5038
//! ```

mod account;
mod act;
mod actions;
mod answer;
mod ask;
mod commands;
mod connection;
pub mod encode;
mod faults;
mod flood;
mod hub;
mod lists;
mod login;
mod request;
mod server;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use account::{Account, Classes};
pub use ask::{AskError, ask_fault};
pub use faults::{Fault, FaultError};
pub use server::{Server, StartError, start};

/// How the server is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen on 127.0.0.1; 0 for any free port. A taken one is followed by the next free one of 20.
    pub port: u16,
    /// Who may log in.
    pub accounts: Vec<Arc<Account>>,
    /// Whether events carry their time, as by `timestampevents=yes`.
    pub timestamps: bool,
}

impl Settings {
    /// With timestamps.
    pub fn new(port: u16, accounts: impl IntoIterator<Item = Account>) -> Self {
        Self { port, accounts: accounts.into_iter().map(Arc::new).collect(), timestamps: true }
    }
}
