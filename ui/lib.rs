//! The wall's pages, compiled from the `.slint` files beside this one. `api.slint` is the contract with Rust.
#![allow(missing_docs, unreachable_pub, clippy::all)]
slint::include_modules!();
