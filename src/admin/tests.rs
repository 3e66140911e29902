//! The web page over a real store, with stand-ins for the other owners.

mod api;
mod bench;
mod logins;
mod server;
mod table;
