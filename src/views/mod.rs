//! Snapshots and figures → what a page shows. Pure: nothing here can fail or wait.

pub mod api;
pub mod text;
