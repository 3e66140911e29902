//! The simulated call centre of `asterflow demo`: for the demo, for work on the pages and for load.
//!
//! It speaks AMI with Asterisk's events and fields and writes `queue_log` and `cdr` as Asterisk does. It is no measure
//! of what Asterisk does: that is the lab's part, with a real one.
//!
//! ```text
//!  plan (who works where) ──> centre (what people do) ──> pbx::Happening ──> ami (events) ──> any AMI client
//!                                        └──> rows ──> MariaDB (queue_log, cdr)
//! ```
//! Nothing outside `cli` uses it.

pub mod ami;
mod calendar;
pub mod centre;
mod dice;
mod names;
pub mod past;
pub mod pbx;
pub mod plan;
pub mod rows;
pub mod zone;
