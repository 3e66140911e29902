//! Integration tests: one binary, a module a topic.

mod captures;
mod cli;
#[cfg(feature = "sim")]
mod demo;
mod driver;
mod history;
mod people;
mod real;
mod recheck;
mod replay;
mod replay_local;
mod session;
#[cfg(feature = "sim")]
mod simulator;
mod site;
mod sources;
mod tidy;
mod traps;
mod web;
mod year;
