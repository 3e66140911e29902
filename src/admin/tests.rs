//! The web page over a real store, with stand-ins for the other owners.

mod api;
mod bench;
#[cfg(feature = "kiosk")]
mod browser;
mod floor;
#[cfg(feature = "kiosk")]
mod gallery;
mod logins;
mod metrics;
mod openapi;
mod people;
mod schema;
mod server;
mod stand_in;
mod table;
mod views;
