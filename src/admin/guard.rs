//! Before every handler: who is it, may they, is a write really theirs, and not longer than its deadline. Deny by
//! default: what nobody allowed is refused.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Method, StatusCode, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::account::Actor;
use crate::tasks::accounts::Identity;

use super::error::Refusal;
use super::routes::{Access, Kind};
use super::{App, Shared, outer};

/// Where a request comes from; put there by the listener.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// What a route demands.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub(super) access: Access,
    pub(super) kind: Kind,
    pub(super) deadline: Duration,
}

/// Who asks; every handler can have it.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) identity: Option<Identity>,
    /// The session's secret, where they came by cookie.
    pub(super) session: Option<String>,
    /// The address.
    pub(super) origin: String,
}

impl Caller {
    /// Who acts, for the journal.
    pub(super) fn actor(&self) -> Actor {
        let name = self.identity.as_ref().map_or("unknown", |identity| identity.name.as_str());
        Actor { name: name.to_owned(), origin: self.origin.clone() }
    }

    /// What a form must send along.
    pub(super) fn csrf(&self) -> String {
        self.session.as_deref().map(csrf).unwrap_or_default()
    }
}

/// The guard of one route.
pub(super) async fn guard(
    State((app, rule)): State<(Shared, Rule)>,
    request: Request,
    next: Next,
) -> Response {
    let work = async {
        match admit(&app, rule, request).await {
            Ok(request) => next.run(request).await,
            Err(refused) => refused,
        }
    };
    tokio::time::timeout(rule.deadline, work).await.unwrap_or_else(|_| {
        let detail = "It took too long. Try again, or ask for less.";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "deadline", detail).into_response()
    })
}

/// What is in no table: 404 for who is logged in, 401 for others, so that nobody can map the house from outside.
pub(super) async fn nowhere(State(app): State<Shared>, request: Request) -> Response {
    match identify(&app, request.headers(), peer(&request)).await {
        Ok(caller) if caller.identity.is_some() => Refusal::not_found().into_response(),
        Ok(_) => Refusal::unauthorized().into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// A path of the table with a method that it does not have.
pub(super) async fn wrong_method(State(app): State<Shared>, request: Request) -> Response {
    match identify(&app, request.headers(), peer(&request)).await {
        Ok(caller) if caller.identity.is_some() => {
            let detail = "This address does not take that method.";
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method", detail).into_response()
        }
        Ok(_) => Refusal::unauthorized().into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn admit(app: &App, rule: Rule, request: Request) -> Result<Request, Response> {
    let caller =
        identify(app, request.headers(), peer(&request)).await.map_err(IntoResponse::into_response)?;
    let role = caller.identity.as_ref().map(|identity| identity.role);
    let needed = match rule.access {
        Access::Public => None,
        Access::Machine(_) if is_this_machine(&request) => None,
        Access::Machine(role) | Access::Role(role) => Some(role),
    };
    match (needed, role) {
        (None, _) => {}
        (Some(needed), Some(role)) if role >= needed => {}
        (Some(needed), Some(role)) => {
            let detail = format!("This is for the role {needed}; yours is {role}. Ask an administrator.");
            return Err(Refusal::forbidden(detail).into_response());
        }
        (Some(_), None) => return Err(not_logged_in(app, rule.kind, &request)),
    }
    let mut request = if matches!(*request.method(), Method::GET | Method::HEAD) {
        request
    } else {
        check_write(app, &caller, request).await.map_err(IntoResponse::into_response)?
    };
    request.extensions_mut().insert(caller);
    Ok(request)
}

/// People are sent to the login (or the set-up, while there is no account); programs are told.
fn not_logged_in(app: &App, kind: Kind, request: &Request) -> Response {
    if kind == Kind::Api || request.method() != Method::GET {
        return Refusal::unauthorized().into_response();
    }
    let waits = app.handles.accounts.setup_code().borrow().is_some();
    Redirect::to(if waits { "/setup" } else { "/login" }).into_response()
}

async fn identify(app: &App, headers: &HeaderMap, peer: Option<SocketAddr>) -> Result<Caller, Refusal> {
    let origin = peer.map_or_else(|| "unknown".into(), |peer| peer.ip().to_canonical().to_string());
    let mut caller = Caller { identity: None, session: None, origin };
    let accounts = &app.handles.accounts;
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(|value| value.split_once(' '));
        let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        if let Some((_, token)) = token {
            caller.identity = accounts.bearer(token.trim()).await?;
        }
        // Whoever shows a token means it: no falling back to a cookie.
        return if caller.identity.is_some() { Ok(caller) } else { Err(Refusal::unauthorized()) };
    }
    if let Some(token) = cookie(headers, cookie_name(app)) {
        caller.identity = accounts.session(token).await?;
        caller.session = caller.identity.is_some().then(|| token.to_owned());
    }
    Ok(caller)
}

/// A write by cookie must come from our own pages; one by token cannot be forged.
async fn check_write(app: &App, caller: &Caller, request: Request) -> Result<Request, Refusal> {
    if request.headers().contains_key(header::AUTHORIZATION) {
        return Ok(request);
    }
    if !is_same_origin(app, request.headers()) {
        return Err(Refusal::forbidden("This came from another site. Open the page itself and do it there."));
    }
    let Some(session) = &caller.session else { return Ok(request) };
    let expected = csrf(session);
    let fits = |given: &str| bool::from(given.as_bytes().ct_eq(expected.as_bytes()));
    let stale = || Refusal::forbidden("The page is out of date. Load it again and repeat what you did.");
    if let Some(given) = request.headers().get("x-csrf-token") {
        return if given.to_str().is_ok_and(fits) { Ok(request) } else { Err(stale()) };
    }
    let (parts, body) = request.into_parts();
    let form = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !form.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        return Err(stale());
    }
    let bytes = to_bytes(body, outer::BODY_BYTES).await.map_err(|_| outer::too_large())?;
    let given = form_field(&bytes, "csrf");
    if given.is_some_and(|given| fits(&given)) {
        return Ok(Request::from_parts(parts, Body::from(bytes)));
    }
    Err(stale())
}

/// What the browser says of where the request was made. Who sends neither header is no browser, and has no cookie of
/// somebody else.
fn is_same_origin(app: &App, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site")
        && site != "same-origin"
    {
        return false;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let scheme = if app.secure { "https://" } else { "http://" };
    let origin = origin.to_str().ok().and_then(|origin| origin.strip_prefix(scheme));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    origin.zip(host).is_some_and(|(origin, host)| origin.eq_ignore_ascii_case(host))
}

fn is_this_machine(request: &Request) -> bool {
    let headers = request.headers();
    // Behind a proxy on this machine everybody would look local.
    let proxied = ["forwarded", "x-forwarded-for", "via"].iter().any(|name| headers.contains_key(*name));
    !proxied && peer(request).is_some_and(|peer| peer.ip().to_canonical().is_loopback())
}

fn peer(request: &Request) -> Option<SocketAddr> {
    request.extensions().get::<Peer>().map(|peer| peer.0)
}

/// A value of a form's body.
pub(super) fn form_field(body: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// `__Host-` cookies need TLS; on plain loopback browsers would drop them.
fn cookie_name(app: &App) -> &'static str {
    if app.secure { "__Host-asterflow" } else { "asterflow" }
}

/// The cookie that begins a session, or with `None` ends it.
pub(super) fn set_cookie(app: &App, token: Option<&str>) -> String {
    let name = cookie_name(app);
    let secure = if app.secure { "; Secure" } else { "" };
    let age = if token.is_some() { 7 * 86_400 } else { 0 };
    let token = token.unwrap_or_default();
    format!("{name}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}")
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Bound to the session and made from it: there is nothing to store.
fn csrf(session: &str) -> String {
    let hash = Sha256::new().chain_update(b"asterflow csrf\0").chain_update(session).finalize();
    URL_SAFE_NO_PAD.encode(hash)
}
