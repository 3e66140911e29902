//! The listener itself: TLS, limits, slow and strange clients, shutdown.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::bench::Bench;
use crate::admin::{AdminError, Listen, Server, TlsMode};

struct Running {
    bench: Bench,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

async fn start(tls: TlsMode) -> Running {
    let bench = Bench::new().await;
    let address = "127.0.0.1:0".parse().expect("an address");
    let listen = Listen { address, hosts: Vec::new(), tls, state: bench.folder.path().into() };
    let server = Server::bind(bench.handles.clone(), listen).await.expect("a server");
    let address = server.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(server.run(async move {
        let _ = stopped.await;
    }));
    Running { bench, address, stop: Some(stop), task }
}

async fn talk(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    // The server may close before it has read all.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut text = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut text)).await;
    assert!(read.is_ok(), "not closed in time: {}", String::from_utf8_lossy(&text));
    String::from_utf8_lossy(&text).into_owned()
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn tls_with_our_own_certificate_serves_who_pins_it() {
    let running = start(TlsMode::SelfSigned).await;
    let pem =
        std::fs::read(running.bench.folder.path().join("tls/certificate.pem")).expect("the certificate");
    let url = format!("https://localhost:{}/healthz", running.address.port());
    let (pinned, unpinned) = tokio::task::spawn_blocking(move || {
        let certificate = ureq::tls::Certificate::from_pem(&pem).expect("a certificate");
        let roots = ureq::tls::RootCerts::new_with_certs(&[certificate.to_owned()]);
        let tls = ureq::tls::TlsConfig::builder().root_certs(roots).build();
        let agent = ureq::Agent::new_with_config(ureq::Agent::config_builder().tls_config(tls).build());
        let pinned = agent.get(&url).call().map(|mut answer| answer.body_mut().read_to_string());
        (pinned, ureq::get(&url).call().map(|answer| answer.status()))
    })
    .await
    .expect("both");
    let text = pinned.expect("an answer").expect("a body");
    assert!(text.contains("\"uptime_s\""), "{text}");
    assert!(unpinned.is_err(), "nobody else vouches for it");
    let plain = talk(running.address, "GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(
        plain.starts_with("HTTP/1.1 308") && plain.contains("location: https://localhost/login"),
        "{plain}"
    );
    let astray = talk(running.address, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").await;
    assert!(astray.starts_with("HTTP/1.1 421"), "{astray}");
}

#[tokio::test]
async fn without_tls_only_loopback_is_served() {
    let bench = Bench::new().await;
    let address = "0.0.0.0:0".parse().expect("an address");
    let listen = Listen { address, hosts: Vec::new(), tls: TlsMode::Off, state: bench.folder.path().into() };
    let refused = Server::bind(bench.handles.clone(), listen).await;
    assert!(matches!(refused, Err(AdminError::InTheClear(_))));
    let running = start(TlsMode::Off).await;
    assert!(talk(running.address, HEALTH).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn connections_from_one_address_are_limited_and_come_back() {
    let running = start(TlsMode::Off).await;
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(TcpStream::connect(running.address).await.expect("a connection"));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(talk(running.address, HEALTH).await, "", "the ninth is closed at once");
    held.clear();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(talk(running.address, HEALTH).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn large_and_endless_bodies_are_refused() {
    let running = start(TlsMode::Off).await;
    let large =
        "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\nConnection: close\r\n\r\n";
    assert!(talk(running.address, large).await.starts_with("HTTP/1.1 413"));
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let endless = format!(
        "POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        chunk.repeat(17)
    );
    assert!(talk(running.address, &endless).await.starts_with("HTTP/1.1 413"));
    let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(1_000_000));
    let answer = talk(running.address, &head).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn shutdown_lets_go_of_the_address_even_with_a_stream_open() {
    let mut running = start(TlsMode::Off).await;
    let token = running.bench.token(crate::domain::account::Role::Viewer, "stream").await;
    let mut stream = TcpStream::connect(running.address).await.expect("a connection");
    let request =
        format!("GET /api/v1/live/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut some = [0; 64];
    assert!(stream.read(&mut some).await.expect("bytes") > 0);
    running.stop.take().expect("running").send(()).expect("told");
    tokio::time::timeout(Duration::from_secs(5), running.task).await.expect("in time").expect("no panic");
    assert!(TcpStream::connect(running.address).await.is_err());
}
