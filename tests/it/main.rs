//! Integration tests: one binary, a module a topic.

mod captures;
mod replay;
mod tidy;
