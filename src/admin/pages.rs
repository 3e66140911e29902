//! The pages for people: login, logout, the first account, and refusals. Text is escaped by the templates.

use askama::Template;
use axum::body::to_bytes;
use axum::extract::{Extension, Request, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::domain::account::Role;
use crate::tasks::accounts::{AccountError, Login};

use super::error::Refusal;
use super::guard::{Caller, form_field, set_cookie};
use super::{App, Shared, outer};

/// Where a page is shown and who looks at it.
pub(super) struct Frame {
    pub(super) site: String,
    pub(super) user: Option<String>,
    pub(super) role: Option<Role>,
    pub(super) csrf: String,
    /// The path of the page itself, as the navigation names it.
    pub(super) here: &'static str,
}

/// The pages that are always one step away: path, name, for whom.
const PAGES: [(&str, &str, Role); 4] = [
    ("/", "Status", Role::Viewer),
    ("/board", "Board", Role::Viewer),
    ("/heatmap", "Heatmap", Role::Viewer),
    ("/wall", "Wall", Role::Supervisor),
];

impl Frame {
    pub(super) fn of(app: &App, caller: Option<&Caller>) -> Self {
        let identity = caller.and_then(|caller| caller.identity.as_ref());
        Self {
            site: app.handles.site.clone(),
            user: identity.map(|identity| identity.name.clone()),
            role: identity.map(|identity| identity.role),
            csrf: caller.map(Caller::csrf).unwrap_or_default(),
            here: "",
        }
    }

    /// The same, on the page at `path`.
    pub(super) fn at(self, path: &'static str) -> Self {
        Self { here: path, ..self }
    }

    /// The navigation of who looks: path, name, whether it is this page. Empty for strangers.
    pub(super) fn pages(&self) -> Vec<(&'static str, &'static str, bool)> {
        let seen = PAGES.iter().filter(|(_, _, role)| self.role.is_some_and(|own| own >= *role));
        seen.map(|(path, name, _)| (*path, *name, *path == self.here)).collect()
    }
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    name: String,
    once: String,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    frame: Frame,
    name: String,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct RefusalPage<'a> {
    frame: Frame,
    title: &'a str,
    detail: &'a str,
    login: bool,
}

/// A page, or a 500 where a template failed.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A refusal as a page, with the headers that belong to it.
pub(super) fn refusal(app: &App, refusal: &Refusal, headers: &HeaderMap) -> Response {
    let login = refusal.status == StatusCode::UNAUTHORIZED;
    let detail = if login && refusal.kind == "unauthorized" {
        "This page is for people who are logged in."
    } else {
        &refusal.detail
    };
    let template = RefusalPage { frame: Frame::of(app, None), title: refusal.title(), detail, login };
    let mut response = page(refusal.status, &template);
    for name in [header::RETRY_AFTER, header::WWW_AUTHENTICATE] {
        if let Some(value) = headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// `GET /login`; with `?once=…` a button for a one-time link, because a mere look must not use it up.
pub(super) async fn login_form(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Response {
    if caller.identity.is_some() {
        return Redirect::to("/").into_response();
    }
    let once = form_field(request.uri().query().unwrap_or_default().as_bytes(), "once").unwrap_or_default();
    // With no account there is nothing to log in to.
    if once.is_empty() && app.handles.accounts.setup_code().borrow().is_some() {
        return Redirect::to("/setup").into_response();
    }
    let once = once.chars().take(100).collect();
    page(StatusCode::OK, &LoginPage { frame: Frame::of(&app, None), name: String::new(), once, wrong: None })
}

/// `POST /login`
pub(super) async fn login(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let form = read_form(request).await?;
    let field = |name: &str| form_field(&form, name).unwrap_or_default();
    let (name, once) = (field("name"), field("once"));
    let accounts = &app.handles.accounts;
    let answer = if once.is_empty() {
        accounts.login(&name, &field("password"), &caller.origin).await
    } else {
        accounts.login_by_link(&once, &caller.origin).await
    };
    match answer {
        Ok(login) => {
            // A session that was there before is not carried over.
            if let Some(old) = &caller.session {
                accounts.logout(old, &caller.actor()).await?;
            }
            Ok(logged_in(&app, &login))
        }
        Err(error @ (AccountError::Wrong | AccountError::TooSoon { .. })) => {
            let refusal = Refusal::from(error);
            let name = name.chars().take(64).collect();
            let wrong = Some(refusal.detail.clone());
            let template = LoginPage { frame: Frame::of(&app, None), name, once: String::new(), wrong };
            Ok(page(refusal.status, &template))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /logout`
pub(super) async fn logout(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Refusal> {
    if let Some(session) = &caller.session {
        app.handles.accounts.logout(session, &caller.actor()).await?;
    }
    Ok(with_cookie(Redirect::to("/login").into_response(), &set_cookie(&app, None)))
}

/// `GET /setup`
pub(super) async fn setup_form(State(app): State<Shared>) -> Result<Response, Refusal> {
    if !app.handles.accounts.offer_setup().await? {
        return Ok(Redirect::to("/login").into_response());
    }
    let template = SetupPage { frame: Frame::of(&app, None), name: String::new(), wrong: None };
    Ok(page(StatusCode::OK, &template))
}

/// `POST /setup`
pub(super) async fn setup(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let form = read_form(request).await?;
    let field = |name: &str| form_field(&form, name).unwrap_or_default();
    let name = field("name");
    let wrong = if field("password") == field("again") {
        match app.handles.accounts.set_up(&field("code"), &name, &field("password"), &caller.origin).await {
            Ok(login) => return Ok(logged_in(&app, &login)),
            Err(AccountError::Wrong) => {
                let detail = "That is not the code that the wall shows. Read it again.";
                Refusal::new(StatusCode::UNAUTHORIZED, "wrong", detail)
            }
            Err(error) => Refusal::from(error),
        }
    } else {
        Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            "The two passwords differ. Type them again.",
        )
    };
    let name = name.chars().take(64).collect();
    let template = SetupPage { frame: Frame::of(&app, None), name, wrong: Some(wrong.detail) };
    Ok(page(wrong.status, &template))
}

fn logged_in(app: &App, login: &Login) -> Response {
    with_cookie(Redirect::to("/").into_response(), &set_cookie(app, Some(&login.token)))
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

pub(super) async fn read_form(request: Request) -> Result<Vec<u8>, Refusal> {
    let body = to_bytes(request.into_body(), outer::BODY_BYTES).await.map_err(|_| outer::too_large())?;
    Ok(body.to_vec())
}
