//! Acts upon the floor through the API: who may, what is read, and what is never passed on.

use serde_json::{Value, json};

use super::bench::Bench;
use super::schema::faults;
use crate::admin::openapi::description;
use crate::domain::account::Role;
use crate::domain::act::{Act, ActError, Victim};

const UP: &str = "/api/v1/floor/callers/1795330864.3/move-up";
const OUT: &str = "/api/v1/floor/callers/1795330864.3/withdraw";

/// Every act with a body that is right, and its schema.
fn acts() -> [(&'static str, &'static str, Value, &'static str); 8] {
    [
        (
            "POST",
            "/api/v1/floor/pause",
            json!({"agent": "PJSIP/101", "queue": "sales", "reason": "Lunch"}),
            "PauseRequest",
        ),
        ("POST", "/api/v1/floor/unpause", json!({"agent": "PJSIP/101"}), "UnpauseRequest"),
        (
            "POST",
            "/api/v1/floor/members",
            json!({"queue": "sales", "agent": "PJSIP/108", "name": "Heidi", "penalty": 2}),
            "NewMember",
        ),
        ("PATCH", "/api/v1/floor/members", json!({"agent": "PJSIP/101", "penalty": 3}), "MemberPenalty"),
        ("DELETE", "/api/v1/floor/members?queue=sales&agent=PJSIP%2F108", Value::Null, ""),
        ("POST", UP, json!({}), "CallerMoveUp"),
        ("POST", OUT, json!({"note": "to the voicemail"}), "CallerWithdraw"),
        ("POST", "/api/v1/floor/hangup", json!({"channel": "1795330864.4"}), "HangUpRequest"),
    ]
}

fn text(body: &Value) -> String {
    if body.is_null() { String::new() } else { body.to_string() }
}

#[tokio::test]
async fn every_act_is_for_supervisors_and_answers_as_described() {
    let bench = Bench::new().await;
    let viewer = bench.token(Role::Viewer, "viewer").await;
    let supervisor = bench.token(Role::Supervisor, "supervisor").await;
    let document = description().expect("a document");
    let schemas = &document["components"]["schemas"];
    for (method, path, body, schema) in acts() {
        let refused = bench.send(method, path, &[("authorization", &viewer)], &text(&body)).await;
        assert_eq!(refused.status.as_u16(), 403, "{method} {path}");
        let nobody = bench.send(method, path, &[], &text(&body)).await;
        assert_eq!(nobody.status.as_u16(), 401, "{method} {path}");
        assert!(bench.stand_in.acted.lock().expect("a lock").is_empty(), "{path} was passed on");
        let done = bench.send(method, path, &[("authorization", &supervisor)], &text(&body)).await;
        assert!(done.status.is_success(), "{method} {path}: {}", done.text);
        assert_eq!(faults(&document, &schemas["ActDone"], &done.json()), [""; 0], "{path}");
        if !schema.is_empty() {
            assert_eq!(faults(&document, &schemas[schema], &body), [""; 0], "{path}");
        }
        let asked = bench.stand_in.acted.lock().expect("a lock").pop().expect("passed on");
        assert_eq!((asked.role, asked.pbx), (Role::Supervisor, None));
        assert!(asked.actor.contains("supervisor"), "{}", asked.actor);
    }
}

#[tokio::test]
async fn what_is_not_described_never_reaches_the_pbx() {
    let bench = Bench::new().await;
    let token = bench.token(Role::Admin, "root").await;
    let by = [("authorization", token.as_str())];
    for (method, path, mut body, _) in acts() {
        if body.is_null() {
            let foreign = bench.send(method, &format!("{path}&Application=System"), &by, "").await;
            assert_eq!(foreign.status.as_u16(), 400, "{path}");
            continue;
        }
        body["Application"] = json!("System");
        let answer = bench.send(method, path, &by, &body.to_string()).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.text);
    }
    let injected = "x\r\nAction: Originate\r\nApplication: System";
    for (path, body) in [
        ("/api/v1/floor/pause", json!({"agent": "PJSIP/101", "reason": injected})),
        ("/api/v1/floor/pause", json!({"agent": injected})),
        ("/api/v1/floor/pause", json!({"agent": "PJSIP/101", "queue": injected})),
        ("/api/v1/floor/pause", json!({"agent": "PJSIP/101", "reason": "Lunch|Break"})),
        ("/api/v1/floor/members", json!({"queue": "sales", "agent": injected})),
        ("/api/v1/floor/members", json!({"queue": "sales", "agent": "PJSIP/0900@trunk"})),
        ("/api/v1/floor/members", json!({"queue": "sales", "agent": "PJSIP/1", "name": injected})),
        ("/api/v1/floor/members", json!({"queue": "sales", "agent": "PJSIP/1", "state_interface": injected})),
        (OUT, json!({"note": injected})),
        ("/api/v1/floor/callers/%2F.*%2F/withdraw", json!({})),
        ("/api/v1/floor/callers/1.1%0D%0AAction%3A%20x/move-up", json!({})),
        ("/api/v1/floor/hangup", json!({"channel": "/.*/"})),
        ("/api/v1/floor/hangup", json!({"channel": "1.1", "agent": "PJSIP/1"})),
        ("/api/v1/floor/hangup", json!({})),
    ] {
        let answer = bench.send("POST", path, &by, &body.to_string()).await;
        assert_eq!(answer.status.as_u16(), 422, "{path} {body}: {}", answer.text);
        assert_eq!(answer.json()["type"], "invalid");
    }
    assert!(bench.stand_in.acted.lock().expect("a lock").is_empty());
}

#[tokio::test]
async fn refusals_are_problems_of_their_own_kind() {
    let bench = Bench::new().await;
    let token = bench.token(Role::Supervisor, "anna").await;
    let by = [("authorization", token.as_str())];
    for (error, status) in [
        (ActError::Forbidden("no".into()), 403),
        (ActError::NoQueue("sales".into()), 404),
        (ActError::NotMember("PJSIP/1".into(), "sales".into()), 404),
        (ActError::AlreadyThere("PJSIP/1".into(), "sales".into()), 409),
        (ActError::NotDynamic("PJSIP/1".into(), "sales".into()), 409),
        (ActError::Ambiguous(vec!["1.1".into(), "1.2".into()]), 409),
        (ActError::Left("gone".into()), 409),
        (ActError::NotWaiting, 410),
        (ActError::NotLive, 410),
        (ActError::Denied("agent"), 502),
        (ActError::Refused("x".into()), 502),
        (ActError::NoEffect("x".into()), 504),
        (ActError::Lost("pbx".into()), 504),
        (ActError::LinkDown("pbx".into()), 503),
        (ActError::Journal("full".into()), 503),
    ] {
        *bench.stand_in.refuse_act.lock().expect("a lock") = Some(error.clone());
        let answer = bench.send("POST", "/api/v1/floor/hangup", &by, r#"{"agent":"PJSIP/1"}"#).await;
        let told = answer.json();
        assert_eq!((answer.status.as_u16(), told["type"].as_str()), (status, Some(error.kind())));
        assert!(ActError::KINDS.contains(&error.kind()));
        assert_eq!(told["detail"], error.to_string());
        assert_eq!(told.get("channels").is_some(), matches!(error, ActError::Ambiguous(_)));
    }
}

#[tokio::test]
async fn bodies_become_acts_with_every_field_in_its_place() {
    let bench = Bench::new().await;
    let token = bench.token(Role::Supervisor, "anna").await;
    let by = [("authorization", token.as_str())];
    let expected = [
        Act::Pause { agent: "PJSIP/101".into(), queue: Some("sales".into()), reason: Some("Lunch".into()) },
        Act::Unpause { agent: "PJSIP/101".into(), queue: None },
        Act::Add {
            queue: "sales".into(),
            agent: "PJSIP/108".into(),
            name: Some("Heidi".into()),
            penalty: 2,
            state_interface: None,
        },
        Act::Penalty { queue: None, agent: "PJSIP/101".into(), penalty: 3 },
        Act::Remove { queue: "sales".into(), agent: "PJSIP/108".into() },
        Act::MoveUp { caller: "1795330864.3".into() },
        Act::Withdraw { caller: "1795330864.3".into(), note: Some("to the voicemail".into()) },
        Act::HangUp(Victim::Channel("1795330864.4".into())),
    ];
    for ((method, path, body, _), act) in acts().into_iter().zip(expected) {
        bench.send(method, path, &by, &text(&body)).await;
        let asked = bench.stand_in.acted.lock().expect("a lock").pop().expect("passed on");
        assert_eq!(asked.act, act, "{path}");
    }
}
