//! Opening the socket to one of the hosts, with or without TLS, each try with a deadline.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::config::{Ami, HostPort, Tls};
use crate::pbx::tls::{TlsError, client_config};

/// Opening a connection takes no longer.
const CONNECT: Duration = Duration::from_secs(4);

/// A byte stream to an Asterisk.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Why no connection came about.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No address, or nobody listens.
    #[error(
        "The PBX is not reachable at {host} ({why}). Check host, port and firewall, and that manager.conf is enabled."
    )]
    Unreachable {
        /// Where it was tried.
        host: String,
        /// The system's word.
        why: String,
    },
    /// TLS failed.
    #[error(
        "TLS with {host} failed ({why}). Check the certificate or pbx.ami.ca_file, or tlsenable in manager.conf."
    )]
    Tls {
        /// Where it was tried.
        host: String,
        /// The library's word.
        why: String,
    },
    /// TLS cannot be set up here.
    #[error(transparent)]
    Setup(#[from] TlsError),
}

/// Tries the hosts in order; the first that answers wins.
///
/// # Errors
/// The error of the last host.
pub async fn connect(ami: &Ami) -> Result<(HostPort, Box<dyn Stream>), ConnectError> {
    let mut last = ConnectError::Unreachable { host: "no host".into(), why: "none is configured".into() };
    for host in &ami.hosts {
        match connect_one(host, &ami.tls).await {
            Ok(stream) => return Ok((host.clone(), stream)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

pub(super) async fn connect_one(host: &HostPort, tls: &Tls) -> Result<Box<dyn Stream>, ConnectError> {
    let unreachable = |why: String| ConnectError::Unreachable { host: host.to_string(), why };
    let tcp = timeout(CONNECT, TcpStream::connect((host.host.as_str(), host.port)))
        .await
        .map_err(|_| unreachable("no answer in 4 s".into()))?
        .map_err(|error| unreachable(error.to_string()))?;
    // Actions are small and answered one by one.
    let _ = tcp.set_nodelay(true);
    let Some(config) = client_config(tls)? else { return Ok(Box::new(tcp)) };
    let failed = |why: String| ConnectError::Tls { host: host.to_string(), why };
    let name = ServerName::try_from(host.host.clone()).map_err(|error| failed(error.to_string()))?;
    let stream = timeout(CONNECT, TlsConnector::from(Arc::clone(&config)).connect(name, tcp))
        .await
        .map_err(|_| failed("no handshake in 4 s".into()))?
        .map_err(|error| failed(error.to_string()))?;
    Ok(Box::new(stream))
}
