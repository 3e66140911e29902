//! A year of a call centre that is invented call by call, counted while it is invented, written out as rows in the
//! disorder in which rows come, and compared cell by cell with what the program makes of them.

#![allow(clippy::print_stderr, reason = "the figures of a run, and what differs")]

mod arrive;
mod breaks;
mod calling;
mod calls;
mod check;
mod clock;
mod consult;
mod database;
mod figures;
mod kept;
mod late;
mod legs;
mod people;
mod presence;
mod properties;
mod reasons;
mod stay;
mod tally;
mod tests;
mod work;
mod world;
