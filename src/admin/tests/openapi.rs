//! The description of the API is held against the table, the words of the code, and real answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::bench::{Bench, router};
use super::schema::faults;
use crate::admin::openapi::{description, method, role};
use crate::admin::routes::{Kind, Route, TABLE};
use crate::daemon::questions::Questions;
use crate::domain::account::{Actor, Role};
use crate::domain::history::explain::Figure;
use crate::domain::history::fixture::captured_rows;
use crate::domain::history::identity::Source;
use crate::domain::history::query::{By, Count, Metric};
use crate::tasks::names::Word;

const DAY: &str = "from=2026-11-22&to=2026-11-22";

fn document() -> Value {
    description().expect("a document")
}

fn routes() -> impl Iterator<Item = &'static Route> {
    TABLE.iter().filter(|route| route.kind == Kind::Api)
}

fn operation<'d>(document: &'d Value, route: &Route) -> &'d Value {
    &document["paths"][route.path][method(route).to_lowercase()]
}

fn json_schema<'d>(operation: &'d Value, status: &str) -> &'d Value {
    &operation["responses"][status]["content"]["application/json"]["schema"]
}

/// The parameters of the query by name.
fn parameters(operation: &Value) -> BTreeSet<String> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    let asked = all.filter(|parameter| parameter["in"] == "query");
    asked.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect()
}

/// What a route needs beside the parameter that is tried.
fn rest_of<'t>(known: &BTreeSet<String>, day: &'t str) -> &'t str {
    match (known.contains("from"), known.contains("date")) {
        (true, _) => day,
        (_, true) => "date=2026-11-22",
        _ => "",
    }
}

#[test]
fn every_route_for_programs_is_described_with_its_role_and_answers_and_nothing_else_is() {
    let document = document();
    let details: Value = serde_json::from_str(include_str!("../openapi/details.json")).expect("JSON");
    let described: BTreeSet<&String> =
        details["operations"].as_object().expect("operations").keys().collect();
    let listed: BTreeSet<String> =
        routes().map(|route| format!("{} {}", method(route), route.path)).collect();
    assert_eq!(described, listed.iter().collect());
    for route in routes() {
        let operation = operation(&document, route);
        assert_eq!(operation["x-role"], role(route.access), "{}", route.path);
        let answers = operation["responses"].as_object().expect("answers");
        assert!(answers.keys().any(|status| status.starts_with('2')), "{}", route.path);
        assert!(answers.contains_key("default"), "{}", route.path);
        let in_path =
            operation["parameters"].as_array().expect("a list").iter().filter(|one| one["in"] == "path");
        assert_eq!(in_path.count(), route.path.matches('{').count(), "{}", route.path);
        assert_eq!(
            operation.get("requestBody").is_some(),
            ["POST", "PATCH", "PUT"].contains(&method(route)),
            "{} {}",
            method(route),
            route.path
        );
    }
}

#[test]
fn words_in_the_description_are_those_of_the_code() {
    let document = document();
    let list = &document["paths"]["/api/v1/history/heatmap"]["get"]["parameters"];
    for (name, words) in [("metric", Metric::WORDS), ("by", By::WORDS), ("count", Count::WORDS)] {
        let parameter = list.as_array().expect("a list").iter().find(|one| one["name"] == name);
        assert_eq!(parameter.expect("a parameter")["schema"]["enum"], json!(words), "{name}");
    }
    let list = &document["paths"]["/api/v1/history/explain"]["get"]["parameters"];
    let parameter = list.as_array().expect("a list").iter().find(|one| one["name"] == "figure");
    assert_eq!(parameter.expect("a parameter")["schema"]["enum"], json!(Figure::WORDS));
    let parameter = list.as_array().expect("a list").iter().find(|one| one["name"] == "count");
    assert_eq!(parameter.expect("a parameter")["schema"]["enum"], json!(Count::WORDS));
    let schemas = &document["components"]["schemas"];
    let words = |values: &[&str]| json!(values);
    let why = crate::views::words::SUB_STATES.map(|why| why.as_str());
    assert_eq!(schemas["Member"]["properties"]["sub_state"]["enum"], words(&why));
    let sources = Source::ALL.map(Source::as_str);
    assert_eq!(schemas["IdentityRow"]["properties"]["source"]["enum"], words(&sources));
    let states = crate::views::words::STATES.map(|state| state.as_str());
    assert_eq!(schemas["Member"]["properties"]["state"]["enum"], words(&states));
}

#[tokio::test]
async fn described_parameters_are_taken_and_others_are_refused() {
    let bench = Bench::new().await;
    let token = bench.token(Role::Admin, "root").await;
    let document = document();
    let mut asked = 0;
    for route in routes().filter(|route| method(route) == "GET") {
        let known = parameters(operation(&document, route));
        if known.is_empty() {
            continue;
        }
        for name in &known {
            let (value, rest) = match name.as_str() {
                "from" | "to" | "date" => ("2026-11-22", DAY),
                "hour" => ("7", DAY),
                "start_utc" => ("2026-11-22T07:00:00Z", DAY),
                "visit" => ("1795330864.3", DAY),
                "service_level" | "before" | "limit" => ("20", DAY),
                "format" => ("csv", DAY),
                "pbx" => ("pbx", DAY),
                "at" => ("2026-11-22T07:00:00Z", DAY),
                "count" => ("calls", DAY),
                _ => ("talk", DAY),
            };
            let rest = rest_of(&known, rest);
            let path = format!("{}?{rest}&{name}={value}", route.path);
            let answer = bench.send("GET", &path, &[("authorization", &token)], "").await;
            assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text);
            asked += 1;
        }
        let rest = rest_of(&known, DAY);
        let path = format!("{}?{rest}&colour=red", route.path);
        let answer = bench.send("GET", &path, &[("authorization", &token)], "").await;
        assert_eq!(answer.status.as_u16(), 400, "{path}");
    }
    assert!(asked > 40, "only {asked} parameters");
}

#[tokio::test]
async fn real_answers_are_as_described() {
    let (_folder, history) = crate::tasks::history::fixture_history(captured_rows()).await;
    let word = Word { pbx: None, interface: "PJSIP/108".into(), agent: "Hugo Hill".into(), from: None };
    history.names().set(&Actor::console(), &word).await.expect("a name");
    let mut bench = Bench::new().await;
    bench.handles.history = Arc::new(Questions::of(history));
    bench.router = router(&bench.handles, true);
    let token = bench.token(Role::Admin, "root").await;
    let by_token = [("authorization", token.as_str())];
    let document = document();
    let wish = json!({"channel": "1795330864.4", "mode": "listen", "supervisor": "201"});
    let request = &document["components"]["schemas"]["SupervisionRequest"];
    assert_eq!(faults(&document, request, &wish), [""; 0]);
    let made = bench.send("POST", "/api/v1/supervision", &by_token, &wish.to_string()).await;
    let made_schema = json_schema(&document["paths"]["/api/v1/supervision"]["post"], "201");
    assert_eq!(faults(&document, made_schema, &made.json()), [""; 0]);
    let mut checked = 0;
    for route in routes().filter(|route| method(route) == "GET") {
        let schema = json_schema(operation(&document, route), "200");
        // Of the replay nothing is recorded here; its document is the live one.
        if schema.is_null() || route.path == "/api/v1/replay" {
            continue;
        }
        let asks = parameters(operation(&document, route)).contains("from");
        let question = match route.path {
            path if path.ends_with("/explain") => "?date=2026-11-22&agent=Alice%20Adams".to_owned(),
            _ if asks => format!("?{DAY}"),
            _ => String::new(),
        };
        let path = format!("{}{question}", route.path.replace("{id}", "spy-1"));
        let answer = bench.send("GET", &path, &by_token, "").await;
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text);
        let value = answer.json();
        assert_eq!(faults(&document, schema, &value), [""; 0], "{path}");
        if question.is_empty() || route.path.ends_with("heatmap") {
            checked += 1;
            continue;
        }
        let rows = if route.path.ends_with("/explain") { "parts" } else { "rows" };
        assert!(!value[rows].as_array().expect("rows").is_empty(), "{path} has no rows to check");
        checked += 1;
    }
    assert!(checked >= 10, "only {checked} answers");
    let explain = &document["paths"]["/api/v1/history/explain"]["get"];
    let paused = "/api/v1/history/explain?date=2026-11-22&figure=paused";
    let calls = "/api/v1/history/explain?date=2026-11-22&figure=answered&count=calls";
    for question in ["/api/v1/history/explain?visit=1795330864.3", paused, calls] {
        let answer = bench.send("GET", question, &by_token, "").await;
        assert_eq!(faults(&document, json_schema(explain, "200"), &answer.json()), [""; 0], "{question}");
        let told = if question == calls { "\"visits\":[]" } else { "\"rows\":[]}" };
        assert!(!answer.text.contains(told), "{question}");
    }
    let problem = bench.send("GET", "/api/v1/supervision/none", &by_token, "").await.json();
    assert_eq!(faults(&document, &document["components"]["schemas"]["Problem"], &problem), [""; 0]);
}

#[test]
fn bodies_that_are_refused_do_not_fit_the_description() {
    let document = document();
    let request = &document["components"]["schemas"]["SupervisionRequest"];
    for body in [
        json!({"mode": "listen", "supervisor": "201"}),
        json!({"agent": "PJSIP/101", "channel": "1.1", "mode": "listen", "supervisor": "201"}),
        json!({"agent": "PJSIP/101", "mode": "shout", "supervisor": "201"}),
        json!({"agent": "PJSIP/101", "mode": "listen", "supervisor": "201", "application": "System"}),
    ] {
        assert!(!faults(&document, request, &body).is_empty(), "{body}");
    }
}
