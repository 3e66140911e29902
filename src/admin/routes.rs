//! The one table of routes: method, path, who may, for whom, and the handler. The router is made from it and nothing
//! else, and whatever is not in it is refused.

use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::domain::account::Role;

use super::{
    Shared, api, board, explain, files, guard, heatmap, metrics, openapi, outer, pages, status, wall,
};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Everybody: what a login needs.
    Public,
    /// This machine without a login; others with this role.
    Machine(Role),
    /// This role or a higher one.
    Role(Role),
}

/// For whom a route is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// People: refusals are pages, and who is not logged in is sent to the login.
    Page,
    /// Programs: refusals are problem documents.
    Api,
}

/// One line of the table.
pub(super) struct Route {
    pub(super) method: MethodFilter,
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) kind: Kind,
    /// What it does, for the API's description.
    pub(super) summary: &'static str,
    handler: fn(MethodFilter) -> MethodRouter<Shared>,
}

/// Longest time until an answer begins.
const DEADLINE: Duration = Duration::from_secs(20);
/// A supervision answers once its phone was picked up.
const SUPERVISION_DEADLINE: Duration = Duration::from_secs(90);

const GET: MethodFilter = MethodFilter::GET;
const POST: MethodFilter = MethodFilter::POST;
const PATCH: MethodFilter = MethodFilter::PATCH;
const PUT: MethodFilter = MethodFilter::PUT;
const DELETE: MethodFilter = MethodFilter::DELETE;
const VIEWER: Access = Access::Role(Role::Viewer);
const SUPERVISOR: Access = Access::Role(Role::Supervisor);
const ADMIN: Access = Access::Role(Role::Admin);
const ONE_WALL: &str = "/wall/{session}";
const IDENTITIES: &str = "/api/v1/history/identities";
const ONE_SUPERVISION: &str = "/api/v1/supervision/{id}";
const MEMBERS: &str = "/api/v1/floor/members";

macro_rules! routes {
    ($($method:ident $path:expr, $access:expr, $kind:ident, $summary:expr => $handler:path;)+) => {
        &[$(Route {
            method: $method, path: $path, access: $access, kind: Kind::$kind, summary: $summary,
            handler: |method| on(method, $handler),
        }),+]
    };
}

/// Every route there is.
pub(super) const TABLE: &[Route] = routes! {
    GET "/healthz", Access::Machine(Role::Viewer), Api, "How the appliance and its sources do" => api::healthz;
    GET "/metrics", VIEWER, Api, "The same as Prometheus text" => metrics::metrics;
    GET "/api/v1/live", VIEWER, Api, "The floor now" => api::live;
    GET "/api/v1/live/stream", VIEWER, Api, "The floor as server-sent events, on change" => api::stream;
    GET "/api/v1/history/queues", VIEWER, Api, "Figures of queues" => api::history_queues;
    GET "/api/v1/history/agents", VIEWER, Api, "Figures of agents" => api::history_agents;
    GET "/api/v1/history/heatmap", VIEWER, Api, "One number an agent and hour" => api::history_heatmap;
    GET "/api/v1/history/visits", VIEWER, Api, "Single visits" => api::history_visits;
    GET IDENTITIES, VIEWER, Api, "Which interface is whose" => api::identities;
    PUT IDENTITIES, ADMIN, Api, "Say whose an interface is" => api::set_identity;
    DELETE IDENTITIES, ADMIN, Api, "Take that back" => api::remove_identity;
    GET "/api/v1/history/explain", VIEWER, Api, "Why a figure is what it is; the rows of a visit" => api::explain;
    GET "/api/v1/reconciliation", VIEWER, Api, "What was seen live against what queue_log says" => api::reconciliation;
    GET "/api/v1/replay", VIEWER, Api, "The floor as it was at a moment" => api::replay;
    GET "/api/v1/replay/recorded", VIEWER, Api, "From when to when that is recorded" => api::recorded;
    GET "/api/v1/supervision", SUPERVISOR, Api, "Supervisions that run" => api::supervisions;
    POST "/api/v1/supervision", SUPERVISOR, Api, "Listen, whisper or barge" => api::supervise;
    GET ONE_SUPERVISION, SUPERVISOR, Api, "One supervision" => api::supervision;
    PATCH ONE_SUPERVISION, SUPERVISOR, Api, "Change its mode" => api::change_supervision;
    DELETE ONE_SUPERVISION, SUPERVISOR, Api, "End it" => api::end_supervision;
    POST "/api/v1/floor/pause", SUPERVISOR, Api, "Pause a member, with a reason" => api::pause;
    POST "/api/v1/floor/unpause", SUPERVISOR, Api, "End a pause" => api::unpause;
    POST MEMBERS, SUPERVISOR, Api, "Add a dynamic member" => api::add_member;
    PATCH MEMBERS, SUPERVISOR, Api, "Change a member's penalty" => api::change_member;
    DELETE MEMBERS, SUPERVISOR, Api, "Remove a dynamic member" => api::remove_member;
    POST "/api/v1/floor/callers/{channel}/move-up", SUPERVISOR, Api, "Move a waiting caller to the front" => api::move_up;
    POST "/api/v1/floor/callers/{channel}/withdraw", SUPERVISOR, Api, "Send a waiting caller out of the queue" => api::withdraw;
    POST "/api/v1/floor/hangup", SUPERVISOR, Api, "Hang up an agent's phone or a waiting caller" => api::hang_up;
    GET "/api/v1/journal", ADMIN, Api, "Who did what, the newest first" => api::journal;
    GET "/api/openapi.json", ADMIN, Api, "This description" => openapi::openapi;
    GET "/wall.png", VIEWER, Api, "What the wall shows now" => api::wall_picture;
    GET "/", VIEWER, Page, "Status" => status::status;
    GET "/board", VIEWER, Page, "The floor now" => board::board;
    GET "/heatmap", VIEWER, Page, "Hours by dates" => heatmap::heatmap;
    GET "/explain", VIEWER, Page, "Why a figure is what it is" => explain::explain;
    GET "/wall", SUPERVISOR, Page, "Opens an own view of the wall" => wall::open;
    GET ONE_WALL, SUPERVISOR, Page, "An own view of the wall" => wall::view;
    POST ONE_WALL, SUPERVISOR, Page, "Touches it, resizes it, ends it" => wall::act;
    GET "/wall/{session}/picture", SUPERVISOR, Page, "Its picture, when there is a new one" => wall::picture;
    GET "/login", Access::Public, Page, "Login" => pages::login_form;
    POST "/login", Access::Public, Page, "Login" => pages::login;
    POST "/logout", VIEWER, Page, "Logout" => pages::logout;
    GET "/setup", Access::Public, Page, "First account" => pages::setup_form;
    POST "/setup", Access::Public, Page, "First account" => pages::setup;
    GET "/static/style.css", Access::Public, Page, "Style" => files::style;
    GET "/static/status.js", Access::Public, Page, "Refresh of the status page" => files::status_script;
    GET "/static/board.js", Access::Public, Page, "The board as it changes" => files::board_script;
    GET "/static/listen.js", Access::Public, Page, "Listening from the board" => files::listen_script;
    GET "/static/wall.js", Access::Public, Page, "The own view of the wall" => files::wall_script;
    GET "/static/board.css", Access::Public, Page, "Style of the board" => files::board_style;
    GET "/static/heatmap.css", Access::Public, Page, "Style of the heatmap" => files::heatmap_style;
    GET "/static/icon.svg", Access::Public, Page, "Icon" => files::icon;
};

/// The router of the table, behind the guard of each route and the outer layer of all.
pub(super) fn router(app: &Shared) -> Router {
    let mut router: Router<Shared> = Router::new();
    for route in TABLE {
        let rule = guard::Rule {
            access: route.access,
            kind: route.kind,
            deadline: if route.method == POST && route.path == "/api/v1/supervision" {
                SUPERVISION_DEADLINE
            } else {
                DEADLINE
            },
        };
        let layer = from_fn_with_state((app.clone(), rule), guard::guard);
        router = router.route(route.path, (route.handler)(route.method).route_layer(layer));
    }
    router
        .fallback(guard::nowhere)
        .method_not_allowed_fallback(guard::wrong_method)
        .layer(from_fn(outer::catch_panics))
        .layer(from_fn_with_state(app.clone(), outer::outer))
        .with_state(app.clone())
}

/// Whether refusals at `path` are pages. What is in no table is a page unless it looks like the API.
pub(super) fn is_page(path: &str) -> bool {
    let listed = TABLE.iter().find(|route| route.path == path).map(|route| route.kind);
    listed.map_or(!path.starts_with("/api/"), |kind| kind == Kind::Page)
}
