//! The floor now: queues, members, callers, channels and bridges of one PBX.
//!
//! In: [`event::Event`]s and whole [`event::Picture`]s with the moment they came. Out: [`snapshot::Snapshot`]s.
//! `apply` says how an event changes the floor, `board` what state follows, `keys` which phones are a member's, `chain`
//! who is behind Local channels. No clock, no I/O: the same events at the
//! same moments give the same floor.

mod apply;
mod board;
mod chain;
pub mod corrected;
pub mod event;
mod floor;
mod invariants;
mod keys;
mod line;
mod picture;
pub mod seen;
pub mod snapshot;
mod spies;
mod view;

pub use apply::Applied;
pub use floor::Floor;
