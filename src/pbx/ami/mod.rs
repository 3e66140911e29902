//! The Asterisk Manager Interface: bytes → frames → events; actions → bytes; the session between them.

pub mod action;
pub mod client;
pub mod connect;
pub mod event;
pub mod fields;
pub mod frame;
pub mod output;
pub mod probe;
mod privileges;
mod resync;
pub mod session;
