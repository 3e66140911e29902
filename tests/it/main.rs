//! Integration tests: one binary, a module a topic.

mod captures;
mod driver;
mod history;
mod real;
mod replay;
mod session;
mod tidy;
mod web;
