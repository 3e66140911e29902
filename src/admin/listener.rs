//! The listener: takes connections within limits, speaks TLS, and serves HTTP/1.1 with a deadline on everything that
//! a slow or hostile client could draw out.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Redirect, Response};
use http::{Request, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::clock;

use super::guard::Peer;
use super::limits::Limits;
use super::stall::Stall;
use super::{AdminError, AdminHandles, App, outer, routes, tls};

/// A handshake takes no longer.
const HANDSHAKE: Duration = Duration::from_secs(8);
/// The head of a request (and the rest between two) takes no longer.
const HEAD: Duration = Duration::from_secs(10);
/// A write without progress takes no longer.
const STALL: Duration = Duration::from_secs(20);
/// A connection is closed after its request when it is older.
const OLD: Duration = Duration::from_secs(3600);
/// Requests that run at shutdown have this long.
const DRAIN: Duration = Duration::from_secs(3);
/// Certificates and sessions are looked after so often.
const TEND: Duration = Duration::from_secs(3600);
/// Buffer of a connection: the longest head.
const BUFFER: usize = 64 * 1024;

/// How the connection is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// A certificate of our own, kept in the state folder.
    SelfSigned,
    /// From files.
    Files {
        /// PEM chain.
        certificate: PathBuf,
        /// PEM key.
        key: PathBuf,
    },
    /// In the clear; refused beyond loopback.
    Off,
}

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Address and port; port 0 takes a free one.
    pub address: SocketAddr,
    /// Further host names that are accepted.
    pub hosts: Vec<String>,
    /// Protection.
    pub tls: TlsMode,
    /// The state folder: our own certificate lies in its `tls`.
    pub state: PathBuf,
}

/// A server that has its address and its certificate, and does not take connections yet.
pub struct Server {
    socket: TcpListener,
    address: SocketAddr,
    router: Router,
    app: Arc<App>,
    tls: Option<Arc<ServerConfig>>,
    listen: Listen,
}

/// Binds and serves until `shutdown` is done.
///
/// # Errors
/// When the address or the certificate cannot be used.
pub async fn serve(
    handles: AdminHandles,
    listen: Listen,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), AdminError> {
    Server::bind(handles, listen).await?.run(shutdown).await;
    Ok(())
}

impl Server {
    /// Takes the address and loads (or makes) the certificate.
    ///
    /// # Errors
    /// When either cannot be used.
    pub async fn bind(handles: AdminHandles, listen: Listen) -> Result<Self, AdminError> {
        if listen.tls == TlsMode::Off && !listen.address.ip().is_loopback() {
            return Err(AdminError::InTheClear(listen.address));
        }
        let tls = load_tls(&listen).await?;
        let refused = |source| AdminError::Bind { address: listen.address, source };
        let socket = TcpListener::bind(listen.address).await.map_err(refused)?;
        let address = socket.local_addr().map_err(refused)?;
        let app = Arc::new(App { handles, hosts: host_names(&listen.hosts), secure: tls.is_some() });
        let router = routes::router(&app);
        Ok(Self { socket, address, router, app, tls, listen })
    }

    /// The address with its port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` is done; then lets running requests end, for a few seconds.
    pub async fn run(mut self, shutdown: impl Future<Output = ()> + Send) {
        let limits = Limits::default();
        let (stop, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut tend = tokio::time::interval(TEND);
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                _ = tend.tick() => self.tend().await,
                Some(_) = connections.join_next() => {}
                accepted = self.socket.accept() => match accepted {
                    Ok((stream, peer)) => {
                        // Who is over the limit is closed at once: an answer would cost more than it helps.
                        if let Some(place) = limits.take(peer.ip()) {
                            let connection = self.connection(peer, stopped.clone());
                            connections.spawn(async move {
                                connection.serve(stream).await;
                                drop(place);
                            });
                        }
                    }
                    // Out of file descriptors, most likely: without a pause it would spin.
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be taken");
                        sleep(Duration::from_millis(200)).await;
                    }
                },
            }
        }
        drop(self.socket);
        stop.send_replace(true);
        let drained = async { while connections.join_next().await.is_some() {} };
        if timeout(DRAIN, drained).await.is_err() {
            connections.shutdown().await;
        }
    }

    async fn tend(&mut self) {
        if let Err(error) = self.app.handles.accounts.tend().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "sessions could not be tended");
        }
        match load_tls(&self.listen).await {
            Ok(tls) => self.tls = tls,
            Err(error) => tracing::error!(%error, "the certificate could not be renewed; the old one stays"),
        }
    }

    fn connection(&self, peer: SocketAddr, stopped: watch::Receiver<bool>) -> Connection {
        Connection {
            peer,
            router: self.router.clone(),
            app: self.app.clone(),
            tls: self.tls.clone(),
            stopped,
        }
    }
}

struct Connection {
    peer: SocketAddr,
    router: Router,
    app: Arc<App>,
    tls: Option<Arc<ServerConfig>>,
    stopped: watch::Receiver<bool>,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let Some(tls) = self.tls.clone() else { return self.http(stream, false).await };
        let mut first = [0_u8; 1];
        let Ok(Ok(1)) = timeout(HANDSHAKE, stream.peek(&mut first)).await else { return };
        // A handshake begins with 22. Letters mean that somebody typed the address without https.
        if first[0].is_ascii_alphabetic() {
            return self.http(stream, true).await;
        }
        match timeout(HANDSHAKE, TlsAcceptor::from(tls).accept(stream)).await {
            Ok(Ok(stream)) => self.http(stream, false).await,
            Ok(Err(error)) => tracing::debug!(%error, peer = %self.peer, "the TLS handshake failed"),
            Err(_) => tracing::debug!(peer = %self.peer, "the TLS handshake took too long"),
        }
    }

    /// Serves the requests of one connection; with `to_https` it only shows the way.
    async fn http<S>(mut self, stream: S, to_https: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (router, app, peer) = (self.router.clone(), self.app.clone(), self.peer);
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let (router, app) = (router.clone(), app.clone());
            async move {
                if to_https {
                    return Ok(show_https(&app, &request));
                }
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(Peer(peer));
                router.oneshot(request).await
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(BUFFER)
            .keep_alive(!to_https)
            .serve_connection(TokioIo::new(Stall::new(stream, STALL)), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            _ = self.stopped.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            () = sleep(OLD) => {
                connection.as_mut().graceful_shutdown();
                timeout(OLD, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, peer = %self.peer, "a connection ended early");
        }
    }
}

/// Where plain HTTP was spoken to the TLS port.
fn show_https(app: &App, request: &Request<Incoming>) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    match host.filter(|host| outer::accepts(&app.hosts, host) && path.starts_with('/')) {
        Some(host) => Redirect::permanent(&format!("https://{host}{path}")).into_response(),
        None => http::StatusCode::MISDIRECTED_REQUEST.into_response(),
    }
}

async fn load_tls(listen: &Listen) -> Result<Option<Arc<ServerConfig>>, AdminError> {
    let listen = listen.clone();
    let folder = listen.state.clone();
    let now = clock::now().wall;
    let task = tokio::task::spawn_blocking(move || {
        let mut names = host_names(&listen.hosts);
        names.extend(["127.0.0.1".to_owned(), "::1".to_owned()]);
        if !listen.address.ip().is_unspecified() && !listen.address.ip().is_loopback() {
            names.push(listen.address.ip().to_string());
        }
        tls::server_config(&listen.tls, &listen.state, &names, now)
    });
    task.await.unwrap_or_else(|error| Err(AdminError::Certificate { path: folder, why: error.to_string() }))
}

/// The names of this machine and those configured, in lower case.
fn host_names(configured: &[String]) -> Vec<String> {
    let mut names = vec!["localhost".to_owned()];
    let own = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let own = own.trim().to_ascii_lowercase();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
    if !own.is_empty() && own.chars().all(plain) {
        if !own.contains('.') {
            names.push(format!("{own}.local"));
        }
        names.push(own);
    }
    names.extend(configured.iter().map(|name| name.to_ascii_lowercase()));
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}
