use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use tokio::net::TcpListener;

use super::*;

/// A greeting as a server of version 8 sends it.
fn greeting(plugin: &str) -> Vec<u8> {
    let mut body = vec![10];
    body.extend_from_slice(b"8.0.0\0");
    body.extend_from_slice(&[1, 0, 0, 0]);
    body.extend_from_slice(b"12345678\0");
    body.extend_from_slice(&[0xff, 0xf7, 33, 2, 0, 0xff, 0x81, 21]);
    body.extend_from_slice(&[0; 10]);
    body.extend_from_slice(b"123456789012\0");
    body.extend_from_slice(plugin.as_bytes());
    body.push(0);
    body
}

fn framed(sequence: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![u8::try_from(body.len()).expect("short"), 0, 0, sequence];
    packet.extend_from_slice(body);
    packet
}

#[test]
fn a_greeting_names_its_plugin() {
    for plugin in ["mysql_native_password", "mysql_clear_password", "caching_sha2_password"] {
        assert_eq!(plugin_of_greeting(&greeting(plugin)).as_deref(), Some(plugin));
    }
    assert_eq!(plugin_of_greeting(b"\xffrubbish"), None);
    assert_eq!(plugin_of_greeting(&[10, 1, 2]), None);
}

#[test]
fn only_scrambles_are_answered() {
    assert_eq!(next(b"\xfemysql_native_password\0nonce"), Next::Answer);
    assert_eq!(next(b"\xfemysql_clear_password\0"), Next::Refuse("mysql_clear_password".into()));
    assert_eq!(next(b"\xfe"), Next::Refuse(String::new()));
    assert_eq!(next(&[1, 3]), Next::More);
    assert!(matches!(next(&[1, 4]), Next::Refuse(_)));
    assert_eq!(next(&[0, 0, 0]), Next::End(true));
}

/// A server that greets with one plugin and then asks for another; everything it is sent is returned.
async fn rogue(plugin: &str, switch: Option<&str>) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = listener.local_addr().expect("an address").port();
    let relay = Relay::start(&HostPort { host: "127.0.0.1".into(), port }).expect("starts");
    let options = MySqlConnectOptions::new()
        .username("asterflow")
        .password("open sesame")
        .ssl_mode(MySqlSslMode::Disabled)
        .socket(relay.path());
    let client = tokio::spawn(async move { options.connect().await.map(|_| ()) });
    let (mut stream, _) = listener.accept().await.expect("accepts");
    stream.write_all(&framed(0, &greeting(plugin))).await.expect("writes");
    let mut seen = Vec::new();
    if let Some(switch) = switch {
        seen.extend(packet(&mut stream).await.expect("an answer to the greeting"));
        let mut body = vec![0xfe];
        body.extend_from_slice(switch.as_bytes());
        body.extend_from_slice(b"\x0012345678901234567890\0");
        stream.write_all(&framed(2, &body)).await.expect("writes");
    }
    let _ =
        tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut seen)).await.expect("closes");
    let error = client.await.expect("ends").expect_err("is refused");
    assert_eq!(super::super::error::code(&error), Some(REFUSED_PLUGIN), "{error}");
    seen
}

#[tokio::test]
async fn a_rogue_server_never_gets_the_password() {
    for (plugin, switch) in [
        ("mysql_clear_password", None),
        ("mysql_native_password", Some("mysql_clear_password")),
        ("caching_sha2_password", Some("sha256_password")),
    ] {
        let seen = rogue(plugin, switch).await;
        assert!(!seen.windows(6).any(|window| window == b"sesame"), "{plugin} {switch:?}");
    }
}
