//! The floor now: queues, members, callers, channels and bridges of one PBX.

pub mod snapshot;
