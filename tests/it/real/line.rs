//! The thin line through every layer: a phone calls, and the call is on the wall, in the API, in SQLite and in a
//! report; a supervisor listens to it; servers die and come back, and each call counts once.

use std::time::Duration;

use asterflow_lab::{Behaviour, Lab, scenario};
use serde_json::Value;

use super::appliance::{Appliance, listen_to, member, states};
use super::supervision::nobody_listens;
use super::{LONG, alone, lab};

#[test]
fn a_call_is_on_the_wall_in_the_api_and_in_the_history() {
    alone(async {
        let lab = lab().await;
        let mut appliance = Appliance::start(&lab).await;
        let (status, before) = appliance.ask("GET", "/wall.png", None).await;
        assert_eq!((status, &before[..8]), (200, b"\x89PNG\r\n\x1a\n".as_slice()));

        lab.phone("101").behave(Behaviour::answer_after_ms(500)).await.expect("a phone");
        let call = lab.call("5550900", "800").await.expect("a call");
        let live = appliance
            .until_at("/api/v1/live", "talking", |live| {
                member(live, "sales", "PJSIP/101")["sub_state"] == "talking"
            })
            .await;
        let alice = member(&live, "sales", "PJSIP/101");
        assert_eq!((&alice["state"], &alice["partner"]["number"]), (&"busy".into(), &"5550900".into()));
        let (_, during) = appliance.ask("GET", "/wall.png", None).await;
        assert_ne!(before, during, "the wall shows it");

        supervise(&lab, &appliance, alice["channel"].as_str().expect("a channel")).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        call.hang_up().await.expect("hung up");
        let queues = "/api/v1/history/visits?from=2020-01-01&to=2100-01-01";
        let visits = appliance
            .until_at(queues, "stored", |visits| visits["rows"][0]["talk_s"].as_i64() >= Some(1))
            .await;
        assert_eq!(visits["rows"][0]["number"], "5550900");
        assert!(appliance.report("heatmap", &["--format", "csv"]).contains("\nAlice Adams,"));
        assert!(appliance.end(), "it ends well when told: {}", appliance.log());
        let once = appliance.verb(&["sync", "--once"]);
        assert!(once.status.success(), "{}", String::from_utf8_lossy(&once.stderr));
        let line: Value = serde_json::from_slice(&once.stdout).expect("one JSON line");
        assert_eq!((&line["rows"], &line["visits"]), (&0.into(), &0.into()), "all of it was known");
    });
}

async fn supervise(lab: &Lab, appliance: &Appliance, channel: &str) {
    lab.phone("201").behave(Behaviour::answer_after_ms(200)).await.expect("a phone");
    let (status, body) =
        appliance.ask("POST", "/api/v1/supervision", Some(listen_to("PJSIP/101", "201"))).await;
    let attached: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(status, 201, "{attached:#}");
    assert_eq!((&attached["state"], &attached["channel"]), (&"attached".into(), &channel.into()));
    let listened = |live: &Value| member(live, "sales", "PJSIP/101")["listeners"][0].is_string();
    appliance.until_at("/api/v1/live", "listened to", listened).await;
    let path = format!("/api/v1/supervision/{}", attached["id"].as_str().expect("an id"));
    let (status, _) = appliance.ask("DELETE", &path, None).await;
    assert!(status == 200 || status == 204, "{status}");
    lab.phone("201").wait_idle(LONG).await.expect("the phone is free");
    let (status, body) =
        appliance.ask("POST", "/api/v1/supervision", Some(listen_to("PJSIP/102", "201"))).await;
    let problem: Value = serde_json::from_slice(&body).expect("a problem");
    assert!(
        status >= 400 && problem["type"].as_str().is_some_and(|kind| kind.ends_with("target-gone")),
        "{problem:#}"
    );
}

#[test]
fn killed_servers_leave_the_last_picture_and_each_call_counts_once() {
    alone(async {
        let mut lab = lab().await;
        let mut appliance = Appliance::start(&lab).await;
        let first = scenario::run(&lab, "answered_agent_hangup").await.expect("a call");

        lab.database.kill();
        let health =
            appliance.until("without a database", |health| state(health, "database") != "live").await;
        assert_eq!(state(&health, "ami"), "live", "the board goes on");
        assert!(sentence(&health, "database").contains("database"), "{health:#}");
        lab.asterisk.kill();
        let health = appliance.until("without Asterisk", |health| state(health, "ami") == "lost").await;
        assert!(!sentence(&health, "ami").is_empty(), "{health:#}");
        let live = appliance.json("/api/v1/live").await;
        assert_eq!(live["pbx"][0]["queues"].as_array().map(Vec::len), Some(3), "the last picture stays");
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let live = appliance.json("/api/v1/live").await;
        assert!(live["pbx"][0]["ami"]["age_s"].as_i64() >= Some(1), "with its age: {live:#}");

        lab.database.restart().await.expect("the database comes back");
        lab.restart_asterisk(true).await.expect("Asterisk comes back");
        appliance.until("live again", |health| states(health).iter().all(|(_, state)| state == "live")).await;
        let second = scenario::run(&lab, "abandon").await.expect("a call");
        let path = "/api/v1/history/visits?from=2020-01-01&to=2100-01-01";
        let visits = appliance
            .until_at(path, "complete", |visits| {
                rows(visits).len() == 2 && rows(visits).iter().all(|row| row["outcome"] != "open")
            })
            .await;
        for outcome in [&first.visits[0], &second.visits[0]] {
            let same: Vec<_> =
                rows(&visits).iter().filter(|row| row["callid"] == outcome.uniqueid.as_str()).collect();
            assert_eq!(same.len(), 1, "{visits:#}");
            let waited = same[0]["wait_s"].as_f64().expect("seconds");
            assert!((waited - outcome.waited_ms as f64 / 1000.0).abs() <= 1.5, "{outcome:?} {}", same[0]);
            let talked = same[0]["talk_s"].as_f64().unwrap_or(0.0);
            assert!((talked - outcome.talked_ms as f64 / 1000.0).abs() <= 1.5, "{outcome:?} {}", same[0]);
        }
        listens_over_a_kill_and_hangs_up_at_the_end(&lab, &mut appliance).await;
    });
}

async fn listens_over_a_kill_and_hangs_up_at_the_end(lab: &Lab, appliance: &mut Appliance) {
    for phone in ["101", "201"] {
        lab.phone(phone).behave(Behaviour::answer_after_ms(200)).await.expect("a phone");
    }
    let _call = lab.call("5550901", "800").await.expect("a call");
    let talks = |live: &Value| member(live, "sales", "PJSIP/101")["sub_state"] == "talking";
    appliance.until_at("/api/v1/live", "talking", talks).await;
    let (status, body) =
        appliance.ask("POST", "/api/v1/supervision", Some(listen_to("PJSIP/101", "201"))).await;
    let attached: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(status, 201, "{attached:#}");
    appliance.kill_and_start().await;
    let is_back = |list: &Value| {
        let held = &list["supervisions"][0];
        (&held["id"], &held["state"]) == (&attached["id"], &"attached".into())
    };
    appliance.until_at("/api/v1/supervision", "found again", is_back).await;
    assert!(appliance.end(), "it ends well when told: {}", appliance.log());
    lab.phone("201").wait_idle(LONG).await.expect("the phone is free");
    nobody_listens(lab).await;
}

fn rows(document: &Value) -> &[Value] {
    document["rows"].as_array().map_or(&[], Vec::as_slice)
}

fn source<'a>(health: &'a Value, name: &str) -> &'a Value {
    let sources = health["sources"].as_array().expect("sources");
    sources.iter().find(|source| source["source"] == name).expect("the source")
}

fn state<'a>(health: &'a Value, name: &str) -> &'a str {
    source(health, name)["state"].as_str().unwrap_or_default()
}

fn sentence<'a>(health: &'a Value, name: &str) -> &'a str {
    source(health, name)["detail"].as_str().unwrap_or_default()
}
