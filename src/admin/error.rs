//! Refusals: what is wrong and what to do, as a problem document (RFC 9457) for programs and as a page for people.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::domain::act::ActError;
use crate::domain::control::{CallChoice, ControlError};
use crate::tasks::accounts::AccountError;

/// An answer that is not what was asked for.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The problem's `type`: one word.
    pub(super) kind: &'static str,
    /// What is wrong and what to do.
    pub(super) detail: String,
    extra: Vec<(&'static str, Value)>,
    retry_after: Option<u32>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), extra: Vec::new(), retry_after: None }
    }

    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", detail)
    }

    pub(super) fn unauthorized() -> Self {
        let detail = "Log in at /login, or send an API token: Authorization: Bearer ….";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing at this address. Start at /.")
    }

    pub(super) fn internal() -> Self {
        let detail = "Something went wrong inside. It is in the log; try again.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// What the status is called.
    pub(super) fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Refused")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut document = json!({
            "type": self.kind,
            "title": self.title(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        for (name, value) in &self.extra {
            document[*name] = value.clone();
        }
        let mut response = (self.status, document.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<AccountError> for Refusal {
    fn from(error: AccountError) -> Self {
        let detail = error.to_string();
        match error {
            AccountError::Wrong => Self::new(StatusCode::UNAUTHORIZED, "wrong", detail),
            AccountError::TooSoon { seconds } => Self {
                retry_after: Some(seconds),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-tries", detail)
            },
            AccountError::Crowded => {
                Self { retry_after: Some(5), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "crowded", detail) }
            }
            AccountError::Name(_)
            | AccountError::Password(_)
            | AccountError::Pin(_)
            | AccountError::NoPinForViewers(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
            }
            AccountError::Taken(_) | AccountError::LastAdmin(_) | AccountError::SetUp => {
                Self::new(StatusCode::CONFLICT, "conflict", detail)
            }
            AccountError::Unknown(_) => Self::new(StatusCode::NOT_FOUND, "not-found", detail),
            AccountError::Random | AccountError::Hash | AccountError::Store(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "accounts failed");
                let detail = "Accounts cannot be read or written now. Look at the log and the disk.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            }
        }
    }
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        let status = match &error {
            ControlError::Busy(_)
            | ControlError::Declined(_)
            | ControlError::NoAnswer(_)
            | ControlError::Unregistered(_)
            | ControlError::Cancelled(_)
            | ControlError::Ambiguous(_) => StatusCode::CONFLICT,
            ControlError::TargetGone => StatusCode::GONE,
            ControlError::Forbidden(_) => StatusCode::FORBIDDEN,
            ControlError::Refused(_) => StatusCode::BAD_GATEWAY,
            ControlError::LinkDown(_) | ControlError::Journal(_) => StatusCode::SERVICE_UNAVAILABLE,
            ControlError::Unknown => StatusCode::NOT_FOUND,
        };
        let extra = match &error {
            ControlError::Ambiguous(calls) => {
                let channels: Vec<_> = calls.iter().map(|call| &call.channel).collect();
                let shown: Vec<_> = calls.iter().map(one_of).collect();
                vec![("channels", json!(channels)), ("calls", json!(shown))]
            }
            _ => Vec::new(),
        };
        Self { extra, ..Self::new(status, error.kind(), error.to_string()) }
    }
}

/// One of an agent's calls, to choose from.
fn one_of(call: &CallChoice) -> Value {
    let partner =
        call.partner.as_ref().map(|partner| json!({ "number": partner.number, "name": partner.name }));
    json!({ "channel": call.channel, "partner": partner })
}

impl From<ActError> for Refusal {
    fn from(error: ActError) -> Self {
        let status = match &error {
            ActError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            ActError::Forbidden(_) => StatusCode::FORBIDDEN,
            ActError::NoQueue(_) | ActError::NotMember(..) => StatusCode::NOT_FOUND,
            ActError::AlreadyThere(..)
            | ActError::NotDynamic(..)
            | ActError::Ambiguous(_)
            | ActError::Left(_) => StatusCode::CONFLICT,
            ActError::NotWaiting | ActError::NotLive => StatusCode::GONE,
            ActError::Denied(_) | ActError::Refused(_) => StatusCode::BAD_GATEWAY,
            ActError::NoEffect(_) | ActError::Lost(_) => StatusCode::GATEWAY_TIMEOUT,
            ActError::LinkDown(_) | ActError::Journal(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        let extra = match &error {
            ActError::Ambiguous(channels) => vec![("channels", json!(channels))],
            _ => Vec::new(),
        };
        Self { extra, ..Self::new(status, error.kind(), error.to_string()) }
    }
}
