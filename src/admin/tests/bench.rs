//! A router with a floor, accounts of each role, and stand-ins that note what they were asked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request, StatusCode};
use tokio::sync::watch;
use tower::ServiceExt;

use super::stand_in::StandIn;
use crate::admin::guard::Peer;
use crate::admin::{AdminHandles, App, Phone, routes};
use crate::clock;
use crate::domain::account::{Actor, Role};
use crate::domain::alarm::{self, Alarm, Alarms, Limits, Measure, QueueAlarms, Step};
use crate::domain::history::figures::{QueueFigures, Today};
use crate::domain::history::reconcile::{Difference, Kind, Reconciliation, Tally};
use crate::domain::ids::{PbxName, QueueName, UniqueId};
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::live::snapshot::{
    BoardState, MemberSnapshot, QueueSnapshot, Snapshot, SubState, WaitingCaller,
};
use crate::domain::problem::{Problem, Severity};
use crate::store::Store;
use crate::tasks::PbxView;
use crate::tasks::accounts::Accounts;

pub(super) const PASSWORD: &str = "correct horse battery";
/// What a hostile caller may be named.
pub(super) const HOSTILE: &str = "<script>alert(1)</script>\u{202e}\"'&";

/// Everything a test needs; dropping it removes the store.
pub(super) struct Bench {
    pub(super) folder: tempfile::TempDir,
    pub(super) store: Store,
    pub(super) accounts: Accounts,
    pub(super) handles: AdminHandles,
    pub(super) stand_in: Arc<StandIn>,
    pub(super) live: watch::Sender<Arc<Snapshot>>,
    pub(super) problems: watch::Sender<Arc<Vec<Problem>>>,
    pub(super) router: Router,
}

/// An answer, read whole.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Bench {
    /// Without any account.
    pub(super) fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("a store");
        let accounts = Accounts::new(store.clone(), "Main office");
        let stand_in = Arc::new(StandIn::default());
        let (live, live_seen) = watch::channel(Arc::new(floor()));
        let mut today = Today { pbx: Some(PbxName::new("pbx")), ..Today::default() };
        let figures = QueueFigures { offered: 10, answered: 7, ..QueueFigures::default() };
        today.queues.insert(QueueName::new("sales"), figures);
        let now = clock::now();
        let database = LinkStatus {
            state: LinkState::Lost,
            since: now.minus_seconds(240),
            fresh_at: Some(now.minus_seconds(245)),
            note: None,
            host: None,
            detail: Some(
                "pbx.example:3306 does not answer (connection refused). Start the database there.".into(),
            ),
        };
        let view = PbxView {
            name: PbxName::new("pbx"),
            zone: jiff::tz::TimeZone::get("Europe/Berlin").expect("a zone"),
            live: live_seen,
            today: watch::channel(Arc::new(today)).1,
            alarms: watch::channel(Arc::new(alarms())).1,
            database: watch::channel(database).1,
            reconciled: watch::channel(Arc::new(reconciliation())).1,
        };
        let (problems, problems_seen) = watch::channel(Arc::default());
        let handles = AdminHandles {
            site: "Main office".into(),
            pbxs: vec![view],
            accounts: accounts.clone(),
            history: stand_in.clone(),
            supervisor: stand_in.clone(),
            floor: stand_in.clone(),
            wall: stand_in.clone(),
            walls: stand_in.clone(),
            phones: vec![Phone { extension: "201".into(), name: "Desk 201".into() }],
            health: stand_in.clone(),
            problems: problems_seen,
            service_level_s: 20,
        };
        let router = router(&handles, true);
        Self { folder, store, accounts, handles, stand_in, live, problems, router }
    }

    /// With an account of each role, named as the role; none can log in by password, for hashing is slow.
    pub(super) async fn new() -> Self {
        let bench = Self::empty();
        for role in Role::ALL.into_iter().rev() {
            bench.accounts.add(&Actor::console(), role.as_str(), role, None).await.expect("an account");
        }
        bench
    }

    /// The cookie line of a new session of `role`'s account.
    pub(super) async fn cookie(&self, role: Role) -> String {
        let link = self.accounts.make_link(role.as_str(), std::time::Duration::from_secs(60)).await;
        let login = self.accounts.login_by_link(&link.expect("a link"), "10.0.0.9").await;
        format!("__Host-asterflow={}", login.expect("a session").token)
    }

    /// An API token of `role`.
    pub(super) async fn token(&self, role: Role, name: &str) -> String {
        let token = self.accounts.add_token(&Actor::console(), name, role).await.expect("a token");
        format!("Bearer {token}")
    }

    /// Sends a request from 10.0.0.1 to the host `localhost`, with these headers.
    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        self.send_from("10.0.0.1:5000", method, path, headers, body).await
    }

    /// As [`Self::send`] with a token.
    pub(super) async fn send_owned(&self, method: &str, path: &str, token: String, body: &str) -> Answer {
        self.send(method, path, &[("authorization", &token)], body).await
    }

    pub(super) async fn send_from(
        &self,
        peer: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "localhost");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let peer: SocketAddr = peer.parse().expect("an address");
        let request = request.extension(Peer(peer)).body(Body::from(body.to_owned())).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.expect("a body");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }
}

pub(super) fn router(handles: &AdminHandles, secure: bool) -> Router {
    let hosts = vec!["localhost".to_owned()];
    routes::router(&Arc::new(App { handles: handles.clone(), hosts, secure }))
}

pub(super) fn error_and_warning() -> Arc<Vec<Problem>> {
    let problem = |key: &str, line, sentence: &str, cure: &str, severity| Problem {
        key: key.into(),
        line,
        sentence: sentence.into(),
        cure: cure.into(),
        severity,
    };
    Arc::new(vec![
        problem(
            "pbx[0].ami.hosts",
            Some(8),
            "\"hosts\" is missing.",
            "Write hosts = [\"pbx.example:5039\"].",
            Severity::Error,
        ),
        problem(
            "pbx[0].database.tls",
            Some(17),
            "The connection crosses the network in the clear.",
            "Write tls = \"verify\" and pin the PBX's authority with ca_file = \"…\".",
            Severity::Warning,
        ),
    ])
}

/// Too many wait in sales, since a minute and a half.
fn alarms() -> Alarms {
    let since = clock::now().minus_seconds(90);
    let (kind, step, measure) = (alarm::Kind::Waiting, Step::Critical, Measure::Count(1));
    let raised = vec![Alarm { kind, step, measure, limit: 1, since }];
    let sales = QueueAlarms { limits: Limits::default(), quiet_until: None, raised };
    Alarms { queues: [(QueueName::new("sales"), sales)].into() }
}

fn floor() -> Snapshot {
    let now = clock::now();
    let mut ami = LinkStatus::connecting(now);
    ami.enter(LinkState::Live, None, now);
    let member = |number: u32, name: &str, state, sub_state| MemberSnapshot {
        state,
        sub_state,
        ..MemberSnapshot::free(&format!("PJSIP/{number}"), name, now.minus_seconds(30))
    };
    let caller = WaitingCaller {
        position: 1,
        number: "5550001".into(),
        name: HOSTILE.into(),
        since: now.minus_seconds(12),
        channel: UniqueId::new("1795330864.3"),
        channel_name: "PJSIP/trunk-00000000".into(),
        priority: Some(0),
    };
    Snapshot {
        pbx: PbxName::new("pbx"),
        as_of: now,
        ami,
        known: true,
        spies: Vec::new(),
        booted: None,
        lists_channels: true,
        corrected: 0,
        queues: vec![QueueSnapshot {
            name: QueueName::new("sales"),
            strategy: "ringall".into(),
            service_level_seconds: None,
            waiting: vec![caller],
            members: vec![
                member(101, "Alice Adams", BoardState::Busy, SubState::Talking),
                member(102, "Bob Brown", BoardState::Online, SubState::Free),
                member(103, HOSTILE, BoardState::Offline, SubState::Unavailable),
            ],
        }],
    }
}

/// A day in which one row was lost.
fn reconciliation() -> Reconciliation {
    let queue = QueueName::new("sales");
    let tally = Tally {
        queue: queue.clone(),
        log_entered: 10,
        log_answered: 7,
        live_entered: 11,
        live_answered: 7,
        while_down: 0,
        differences: 1,
    };
    let (from, to) = (1_795_302_000, 1_795_330_800);
    let lost = Difference { kind: Kind::NotInLog, queue, callid: "1795311111.1".into(), at: 1_795_311_111 };
    let counts = BTreeMap::from([(Kind::NotInLog.as_str(), 1)]);
    Reconciliation { from, to, queues: vec![tally], differences: vec![lost], counts }
}
