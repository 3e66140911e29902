//! Integration tests: one binary, a module a topic.

mod captures;
mod cli;
mod history;
mod real;
mod replay;
mod session;
mod tidy;
