//! What programs get.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use super::bench::{Answer, Bench, HOSTILE, error_and_warning, router};
use crate::admin::{HistoryFormat, HistoryKind};
use crate::daemon::questions::Questions;
use crate::domain::account::Role;
use crate::domain::control::{CallChoice, ControlError, Mode, Target};
use crate::domain::history::fixture::captured_rows;
use crate::domain::history::identity::UnresolvedRow;
use crate::domain::ids::{Interface, UniqueId};
use crate::domain::live::snapshot::Partner;

async fn get(bench: &Bench, path: &str) -> Answer {
    let token =
        bench.token(Role::Admin, &format!("t{}", bench.accounts.tokens().await.expect("a list").len())).await;
    bench.send("GET", path, &[("authorization", &token)], "").await
}

#[tokio::test]
async fn health_is_free_on_this_machine_and_guarded_elsewhere() {
    let bench = Bench::new().await;
    let here = bench.send_from("127.0.0.1:1", "GET", "/healthz", &[], "").await;
    assert_eq!(here.status, StatusCode::OK);
    let health = here.json();
    for field in ["version", "uptime_s", "rss_bytes", "sources", "counters", "last_sync"] {
        assert!(health.get(field).is_some(), "{field}");
    }
    let sources: Vec<String> = health["sources"]
        .as_array()
        .expect("sources")
        .iter()
        .map(|source| format!("{} {} {}", source["pbx"], source["source"], source["state"]))
        .collect();
    let expected = ["\"pbx\" \"ami\" \"live\"", "\"pbx\" \"database\" \"lost\"", "null \"store\" \"live\""];
    assert_eq!(sources, expected);
    assert_eq!(health["sources"][1]["age_s"], 245);
    assert!(health["sources"][1]["detail"].as_str().expect("a sentence").contains("does not answer"));
    assert_eq!(bench.send("GET", "/healthz", &[], "").await.status, StatusCode::UNAUTHORIZED);
    let proxied = [("x-forwarded-for", "8.8.8.8")];
    let answer = bench.send_from("127.0.0.1:1", "GET", "/healthz", &proxied, "").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "a proxy does not make everybody local");
}

#[tokio::test]
async fn the_floor_is_json_metrics_and_a_stream() {
    use futures_util::StreamExt;
    use tower::ServiceExt;
    let bench = Bench::new().await;
    let live = get(&bench, "/api/v1/live").await.json();
    assert_eq!(live["pbx"][0]["queues"][0]["waiting"][0]["caller_name"], HOSTILE);
    assert_eq!(live["pbx"][0]["agents"]["busy"], 1);
    let metrics = get(&bench, "/metrics").await.text;
    assert!(metrics.contains("asterflow_queue_waiting{pbx=\"pbx\",queue=\"sales\"} 1"), "{metrics}");
    assert!(metrics.contains("asterflow_source_up{pbx=\"pbx\",source=\"database\"} 0"));
    let token = bench.token(Role::Viewer, "stream").await;
    let request = http::Request::get("/api/v1/live/stream").header("host", "localhost");
    let request = request.header("authorization", token).body(axum::body::Body::empty()).expect("a request");
    let response = bench.router.clone().oneshot(request).await.expect("an answer");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    let first = stream.next().await.expect("an event").expect("bytes");
    assert!(first.starts_with(b"event: live\ndata: {\"as_of\""), "{first:?}");
    let mut changed = (**bench.live.borrow()).clone();
    changed.queues.clear();
    bench.live.send_replace(changed.into());
    let second =
        tokio::time::timeout(std::time::Duration::from_secs(5), stream.next()).await.expect("in time");
    let second = String::from_utf8_lossy(&second.expect("an event").expect("bytes")).into_owned();
    assert!(second.contains("\"queues\":[]"), "{second}");
}

#[tokio::test]
async fn history_passes_the_filters_on_and_refuses_what_it_does_not_know() {
    let bench = Bench::new().await;
    let path = "/api/v1/history/heatmap?from=2026-11-01&to=2026-11-22&agent=Alice+Adams&metric=talk&service_level=30s";
    let answer = get(&bench, path).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    let asked = bench.stand_in.asked.lock().expect("a lock").pop().expect("a question");
    assert_eq!((asked.kind, asked.format), (HistoryKind::Heatmap, HistoryFormat::Json));
    assert_eq!((asked.agent.as_deref(), asked.service_level_s), (Some("Alice Adams"), Some(30)));
    assert_eq!(asked.to.to_string(), "2026-11-22");
    let token = bench.token(Role::Viewer, "csv").await;
    let csv = [("authorization", token.as_str()), ("accept", "text/csv, */*;q=0.1")];
    let answer = bench.send("GET", "/api/v1/history/queues?from=2026-11-01&to=2026-11-01", &csv, "").await;
    assert!(answer.header("content-type").starts_with("text/csv"));
    for (question, part) in [
        ("from=2026-11-01", "\\\"to\\\" is missing"),
        ("from=2026-11-02&to=2026-11-01", "is after"),
        ("from=yesterday&to=2026-11-01", "is no date"),
        ("from=2026-11-01T00:00&to=2026-11-01", "is no date"),
        ("from=2026-11-01&to=2026-11-01&color=red", "no parameter"),
        ("from=2026-11-01&to=2026-11-01&service_level=0", "no number of seconds"),
        ("from=2026-11-01&to=2026-11-01&format=xml", "neither json nor csv"),
        ("from=2026-11-01&to=2026-11-01&metric=nonsense", "no such metric"),
        ("from=2026-11-01&to=2026-11-01&queue=a%0d%0ab", "control characters"),
    ] {
        let answer = get(&bench, &format!("/api/v1/history/visits?{question}")).await;
        assert!(answer.status == 400 && answer.text.contains(part), "{question}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_supervision_is_started_changed_and_ended_by_who_started_it() {
    let bench = Bench::new().await;
    let (anna, bob) =
        (bench.token(Role::Supervisor, "anna").await, bench.token(Role::Supervisor, "bob").await);
    let root = bench.token(Role::Admin, "root").await;
    let body = r#"{"channel":"1795330864.4","mode":"listen","supervisor":"201"}"#;
    let made = bench.send("POST", "/api/v1/supervision", &[("authorization", &anna)], body).await;
    assert_eq!((made.status.as_u16(), made.header("location")), (201, "/api/v1/supervision/spy-1"));
    let document = made.json();
    assert_eq!((&document["id"], &document["state"]), (&"spy-1".into(), &"attached".into()));
    assert_eq!(document["channel"], "1795330864.4");
    {
        let started = bench.stand_in.started.lock().expect("a lock");
        assert_eq!(started[0].target, Target::Channel(UniqueId::new("1795330864.4")));
        assert_eq!((started[0].actor.as_str(), started[0].origin.as_str()), ("anna", "10.0.0.1"));
    }
    let one = "/api/v1/supervision/spy-1";
    let whisper = r#"{"mode":"whisper"}"#;
    let change = |token: String| bench.send_owned("PATCH", one, token, whisper);
    assert_eq!(change(bob.clone()).await.status, 403);
    assert_eq!(change(anna.clone()).await.json()["mode"], "whisper");
    assert_eq!(change(root.clone()).await.status, 200);
    let list = bench.send("GET", "/api/v1/supervision", &[("authorization", &bob)], "").await.json();
    assert_eq!(list["supervisions"].as_array().expect("a list").len(), 1);
    assert_eq!(bench.send("DELETE", one, &[("authorization", &bob)], "").await.status, 403);
    assert_eq!(bench.send("DELETE", one, &[("authorization", &anna)], "").await.status, 204);
    assert_eq!(bench.send("GET", one, &[("authorization", &anna)], "").await.status, 404);
    let agent = r#"{"agent":"PJSIP/101","mode":"barge","supervisor":"201","pbx":"pbx"}"#;
    assert_eq!(
        bench.send("POST", "/api/v1/supervision", &[("authorization", &anna)], agent).await.status,
        201
    );
    let last = bench.stand_in.started.lock().expect("a lock").pop().expect("a start");
    assert_eq!((last.target, last.mode), (Target::Agent(Interface::new("PJSIP/101")), Mode::Barge));
}

#[tokio::test]
async fn what_cannot_be_supervised_says_so_in_its_type() {
    let bench = Bench::new().await;
    let token = bench.token(Role::Supervisor, "anna").await;
    let post = |body: &'static str| bench.send_owned("POST", "/api/v1/supervision", token.clone(), body);
    for body in [
        "",
        "{}",
        r#"{"mode":"listen","supervisor":"201"}"#,
        r#"{"agent":"PJSIP/101","channel":"1.1","mode":"listen","supervisor":"201"}"#,
        r#"{"agent":"PJSIP/101","mode":"shout","supervisor":"201"}"#,
        r#"{"agent":"PJSIP/101","mode":"listen","supervisor":"201","application":"System"}"#,
        r#"{"agent":"PJSIP/101\r\nAction: Command","mode":"listen","supervisor":"201"}"#,
        r#"{"agent":"","mode":"listen","supervisor":"201"}"#,
    ] {
        assert_eq!(post(body).await.status, 422, "{body}");
    }
    assert!(bench.stand_in.started.lock().expect("a lock").is_empty(), "nothing may have reached the PBX");
    let good = r#"{"agent":"PJSIP/101","mode":"listen","supervisor":"201"}"#;
    let partner = Partner { number: "5550001".into(), name: String::new() };
    let two = vec![
        CallChoice { channel: UniqueId::new("1.1"), partner: Some(partner) },
        CallChoice { channel: UniqueId::new("1.2"), partner: None },
    ];
    for (error, kind, status) in [
        (ControlError::Busy("201".into()), "busy", 409),
        (ControlError::Declined("201".into()), "declined", 409),
        (ControlError::NoAnswer("201".into()), "no-answer", 409),
        (ControlError::Unregistered("201".into()), "unregistered", 409),
        (ControlError::TargetGone, "target-gone", 410),
        (ControlError::Ambiguous(two), "ambiguous", 409),
        (ControlError::Forbidden("No.".into()), "forbidden", 403),
        (ControlError::LinkDown("pbx".into()), "link-down", 503),
        (ControlError::Journal("full".into()), "journal", 503),
        (ControlError::Cancelled("bert".into()), "cancelled", 409),
    ] {
        *bench.stand_in.refuse.lock().expect("a lock") = Some(error);
        let answer = post(good).await;
        let problem = answer.json();
        assert_eq!((answer.status.as_u16(), &problem["type"]), (status, &kind.into()));
        if kind == "ambiguous" {
            assert_eq!(problem["channels"], serde_json::json!(["1.1", "1.2"]));
            assert_eq!(problem["calls"][0]["partner"]["number"], "5550001");
            assert!(problem["calls"][1]["partner"].is_null());
            let detail = problem["detail"].as_str().expect("a sentence");
            assert!(detail.contains("2 calls: 1.1 with 5550001, 1.2."), "{detail}");
        }
    }
}

#[tokio::test]
async fn the_status_page_shows_what_is_wrong_and_escapes_what_is_foreign() {
    let bench = Bench::new().await;
    bench.problems.send_replace(error_and_warning());
    let mut changed = (**bench.live.borrow()).clone();
    changed.ami.detail = Some(format!("From afar: {HOSTILE}"));
    bench.live.send_replace(changed.into());
    let cookie = bench.cookie(Role::Viewer).await;
    let page = bench.send("GET", "/", &[("cookie", &cookie)], "").await.text;
    for part in [
        "The configuration has 1 error.",
        "pbx[0].ami.hosts, line 8",
        "pbx.example:3306 does not answer",
        "picture 4 min old",
        "ami reconnects",
        "href=\"/wall.png\"",
        "Nobody listens to a call.",
    ] {
        assert!(page.contains(part), "{part} not in {page}");
    }
    assert!(!page.contains("<script>alert") && !page.contains('\u{202e}'));
    assert!(page.contains("&#60;script&#62;") || page.contains("&lt;script&gt;"));
}

#[tokio::test]
async fn the_journal_is_for_administrators_and_paged() {
    let bench = Bench::new().await;
    let rows = get(&bench, "/api/v1/journal").await.json();
    let first = &rows["rows"][0];
    assert_eq!((&first["action"], &first["result"]), (&"token add".into(), &"ok".into()));
    assert_eq!(
        get(&bench, "/api/v1/journal?before=2").await.json()["rows"].as_array().expect("rows").len(),
        1
    );
    assert_eq!(get(&bench, "/api/v1/journal?before=x").await.status, 400);
    let picture = get(&bench, "/wall.png").await;
    assert_eq!(picture.header("content-type"), "image/png");
}

#[tokio::test]
async fn names_are_set_and_taken_back_by_administrators_only() {
    let (_folder, history) = crate::tasks::history::fixture_history(captured_rows()).await;
    let mut bench = Bench::new().await;
    bench.handles.history = Arc::new(Questions::of(history.clone()));
    bench.router = router(&bench.handles, true);
    let (admin, viewer) = (bench.token(Role::Admin, "root").await, bench.token(Role::Viewer, "eye").await);
    let path = "/api/v1/history/identities";
    let word = json!({"interface": "PJSIP/108", "agent": "Hugo Hill", "from": "2026-11-01"}).to_string();
    for (method, path, body) in
        [("PUT", path, word.as_str()), ("DELETE", "/api/v1/history/identities?interface=PJSIP/108", "")]
    {
        let refused = bench.send(method, path, &[("authorization", viewer.as_str())], body).await;
        assert_eq!(refused.status.as_u16(), 403, "{method}");
    }
    let by_admin = [("authorization", admin.as_str())];
    let set = bench.send("PUT", path, &by_admin, &word).await;
    assert_eq!(set.status.as_u16(), 200, "{}", set.text);
    let seen = bench.send("GET", path, &[("authorization", viewer.as_str())], "").await.json();
    let row = &seen["rows"][0];
    assert_eq!(
        (&row["agent"], &row["source"], &row["counts"]),
        (&json!("Hugo Hill"), &json!("admin"), &json!(true))
    );
    assert_eq!(row["from"], "2026-11-01T00:00:00+00:00");
    assert_eq!(
        seen["unresolved"],
        json!([{"pbx": "pbx", "interface": "PJSIP/101", "why": "unclaimed", "claimed_by": []}])
    );
    for (body, hint) in [
        (json!({"interface": "Hugo Hill", "agent": "Hugo"}), "is no interface"),
        (json!({"interface": "PJSIP/1", "agent": "NONE"}), "nobody's name"),
        (json!({"interface": "PJSIP/1", "agent": "PJSIP/2"}), "nobody's name"),
        (json!({"interface": "PJSIP/1", "agent": "A", "from": "yesterday"}), "no date"),
        (json!({"interface": "PJSIP/1", "agent": "A", "pbx": "px"}), "the only one known is pbx"),
    ] {
        let refused = bench.send("PUT", path, &by_admin, &body.to_string()).await;
        assert_eq!(refused.status.as_u16(), 400, "{body}");
        assert!(refused.text.contains(hint), "{body}: {}", refused.text);
    }
    let day = "/api/v1/history/identities?interface=pjsip/108&from=2026-11-02";
    let refused = bench.send("DELETE", day, &by_admin, "").await;
    assert!(refused.text.contains("from which dates"), "{}", refused.text);
    let gone = bench.send("DELETE", "/api/v1/history/identities?interface=pjsip/108", &by_admin, "").await;
    assert_eq!(gone.status.as_u16(), 204, "{}", gone.text);
    assert_eq!(bench.send("GET", path, &by_admin, "").await.json()["rows"], json!([]));
    let again = bench.send("DELETE", "/api/v1/history/identities?interface=pjsip/108", &by_admin, "").await;
    assert!(again.text.contains("nothing is known of it"), "{}", again.text);
}

#[tokio::test]
async fn the_status_page_lists_phones_without_a_name() {
    let bench = Bench::new().await;
    assert!(!get(&bench, "/").await.text.contains("Phones without a name"));
    let row = |number: u32, claimed_by: &[&str]| UnresolvedRow {
        pbx: "pbx".into(),
        interface: format!("PJSIP/{number}{HOSTILE}"),
        why: "unclaimed",
        claimed_by: claimed_by.iter().map(|name| (*name).into()).collect(),
    };
    let mut open: Vec<UnresolvedRow> = (101..112).map(|number| row(number, &[])).collect();
    open.insert(0, row(7, &["Ann", "Bob"]));
    bench.stand_in.people.lock().expect("a lock").unresolved = open;
    let page = get(&bench, "/").await.text;
    for words in
        ["Phones without a name", "claimed at once by Ann and Bob", "no name claims it", "And 4 more."]
    {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("<script>alert"), "escaped");
}

#[tokio::test]
async fn the_replay_gives_the_live_document_of_a_moment_or_says_what_is_recorded() {
    let bench = Bench::new().await;
    let token = bench.token(Role::Viewer, "wall").await;
    let get = async |path: &str| bench.send("GET", path, &[("authorization", &token)], "").await;
    let answer = get("/api/v1/replay?pbx=pbx&at=2026-11-22T10:31:07%2B01:00").await;
    assert_eq!(answer.json()["as_of"], "2026-11-22T10:31:07+01:00");
    assert_eq!(
        (&answer.json()["pbx"][0]["name"], &answer.json()["pbx"][0]["known"]),
        (&"pbx".into(), &true.into())
    );
    let before = get("/api/v1/replay?at=1970-01-01T00:00:00Z").await;
    assert_eq!((before.status.as_u16(), before.json()["type"].as_str()), (404, Some("not-recorded")));
    let detail = before.json()["detail"].as_str().unwrap_or_default().to_owned();
    assert!(detail.contains("between 1970-01-01T01:00:01+01:00 and 2026-11-23"), "{detail}");
    for (path, status) in [("/api/v1/replay?pbx=north", 404), ("/api/v1/replay?at=yesterday", 400)] {
        assert_eq!(get(path).await.status.as_u16(), status, "{path}");
    }
    let recorded = get("/api/v1/replay/recorded").await.json();
    assert_eq!(recorded["pbx"][0]["bytes"], 4_711);
}
