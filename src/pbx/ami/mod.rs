//! The Asterisk Manager Interface: bytes → frames → events; actions → bytes; the session between them.

pub mod action;
pub mod client;
pub mod connect;
pub mod event;
pub mod fields;
pub mod frame;
pub mod hosts;
pub mod output;
mod privileges;
pub mod probe;
mod resync;
pub mod session;
