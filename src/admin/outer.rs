//! What holds for every request and every answer: accepted hosts, sizes, caught panics, headers.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::error::Refusal;
use super::{App, Shared, pages, routes};

/// The largest body that is read.
pub(super) const BODY_BYTES: usize = 1024 * 1024;

/// On every answer, errors too. `same-origin`, because without a referrer browsers send `Origin: null` with forms.
const HEADERS: [(HeaderName, &str); 8] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// The outermost layer.
pub(super) async fn outer(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let page = routes::is_page(request.uri().path());
    let mut response = match check(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    if page && let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        response = pages::refusal(&app, &refusal, response.headers());
    }
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A panic in a handler is a 500 of one request.
pub(super) async fn catch_panics(request: Request, next: Next) -> Response {
    AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("a request panicked");
        Refusal::internal().into_response()
    })
}

fn check(app: &Arc<App>, request: &Request) -> Result<(), Refusal> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    // An absolute URI names the host too; both must be ours.
    let named = request.uri().host();
    if !host.is_some_and(|host| accepts(&app.hosts, host))
        || named.is_some_and(|name| !accepts(&app.hosts, name))
    {
        return Err(Refusal::new(
            StatusCode::MISDIRECTED_REQUEST,
            "wrong-host",
            "This name is not accepted. Use the machine's name or address, or add the name to [admin] hosts.",
        ));
    }
    if content_length(request.headers()).is_some_and(|length| length > BODY_BYTES as u64) {
        return Err(too_large());
    }
    Ok(())
}

pub(super) fn too_large() -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is larger than 1 MiB. Send less.")
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether a `Host` is ours: any address (a name that an attacker rebinds is never one), or a name of the list.
pub(super) fn accepts(hosts: &[String], host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        let Some((address, after)) = rest.split_once(']') else { return false };
        return address.parse::<std::net::Ipv6Addr>().is_ok() && is_port(after);
    }
    let (name, port) = match host.split_once(':') {
        Some((name, _)) => (name, &host[name.len()..]),
        None => (host, ""),
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    is_port(port)
        && (name.parse::<std::net::Ipv4Addr>().is_ok()
            || hosts.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::accepts;

    #[test]
    fn addresses_and_listed_names_are_accepted_and_nothing_else() {
        let hosts = ["localhost".to_owned(), "wall.example".to_owned()];
        for good in
            ["localhost", "localhost:8443", "WALL.example.", "10.0.0.1:8443", "[::1]:8443", "[fe80::1]"]
        {
            assert!(accepts(&hosts, good), "{good}");
        }
        for bad in [
            "",
            "evil.example",
            "wall.example.evil.example",
            "10.0.0.1.evil.example",
            "localhost:x",
            "[::1",
            "[::1]x",
            "[wall.example]",
            "::1",
            "localhost:8443@evil",
        ] {
            assert!(!accepts(&hosts, bad), "{bad}");
        }
    }
}
