//! The web page and the API: HTTP/1.1 over TLS, behind a login.
//!
//! Owns: the listener and its limits, the table of routes with the role of each (`routes`), sessions in cookies,
//! the pages. In: handles of tasks ([`AdminHandles`]), snapshots through `watch`. Out: HTML, JSON, CSV, PNG. It never
//! touches the PBX or the database itself: it asks a handle, which asks its owner.
//!
//! A request goes: listener (connections, TLS) → `outer` (host, size, panics, headers of every answer) →
//! `guard` (who, role, forged writes, deadline) → a handler in `api` or `pages`.

mod api;
mod board;
mod error;
mod explain;
mod files;
mod guard;
mod handles;
mod heatmap;
mod limits;
mod listener;
mod metrics;
mod openapi;
mod outer;
mod pages;
mod routes;
mod stall;
mod status;
mod tls;
mod wall;

#[cfg(test)]
mod tests;

pub use axum::body::Bytes;
pub use handles::{
    Absent, AdminHandles, Ask, Explained, FloorActs, Health, HealthSource, HeatHours, HistoryError,
    HistoryFormat, HistoryKind, HistoryRequest, HistorySource, Phone, Size, Supervisor, WallAct, WallPicture,
    WallRefusal, WallSessions, WallView,
};
pub use listener::{Listen, Server, TlsMode, serve};

use std::path::PathBuf;
use std::sync::Arc;

/// Why the web page cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}; is another program there, or is it no address of this machine?")]
    Bind {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Without TLS beyond loopback.
    #[error("{0} can be reached from other machines, so it needs TLS")]
    InTheClear(std::net::SocketAddr),
    /// A certificate or key cannot be read or written.
    #[error("the certificate or key at {} cannot be used: {why}", path.display())]
    Certificate {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// What every handler may use.
struct App {
    handles: AdminHandles,
    /// Host names that are accepted, lower case, without port. Addresses always are.
    hosts: Vec<String>,
    /// Whether the connection is protected: decides the name of the cookie.
    secure: bool,
}

/// The state of the router.
type Shared = Arc<App>;
