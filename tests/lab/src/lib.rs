//! A real Asterisk, a real MariaDB and SIP phones that really register and call.
//!
//! Start a [`Lab`] and everything in it ends when it is dropped. The parts can be used alone: [`Chroot`] finds or builds
//! the Asterisk, [`MariaDb`] and [`Asterisk`] run it, [`phone::Phone`] and [`phone::Call`] speak SIP, [`ami::Ami`] reads
//! and commands it. [`scenario`] holds calls by name whose [`scenario::Outcome`] says what the phones really did.
//!
//! It never needs the network once the root is cached, and listens on loopback only.
#![allow(
    clippy::disallowed_methods,
    reason = "a lab measures real time; the ban on clocks is for AsterFlow itself"
)]

pub mod ami;
pub mod asterisk;
mod cert;
mod chroot;
pub mod crowd;
pub mod floor;
mod lab;
mod leftovers;
mod mariadb;
pub mod phone;
mod ports;
mod process;
pub mod scenario;
mod settings;
mod sip;
pub mod traffic;
mod ua;

pub use asterisk::{Asterisk, AsteriskOptions};
pub use chroot::{Chroot, Instance, Suite};
pub use lab::{Lab, LabOptions};
pub use mariadb::{Account, MariaDb, MariaOptions};
pub use ua::{Behaviour, CallRecord, CallState, Direction, Side};

/// Says on stderr what takes long.
#[allow(clippy::print_stderr, reason = "a test has no other log")]
pub(crate) fn log(text: &str) {
    eprintln!("lab: {text}");
}
