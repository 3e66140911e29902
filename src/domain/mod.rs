//! What things are: ids, time, the floor now, the history, control. Pure: no clocks, no I/O, no logging.

pub mod account;
pub mod act;
pub mod alarm;
pub mod control;
pub mod history;
pub mod ids;
pub mod link;
pub mod live;
pub mod problem;
pub mod quick;
pub mod replay;
pub(crate) mod suggest;
pub mod time;
