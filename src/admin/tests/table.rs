//! The table of routes is the law: each route refuses who is below its role, and nothing is served beside it.

use http::StatusCode;

use super::bench::Bench;
use crate::admin::openapi;
use crate::admin::routes::{Access, Kind, Route, TABLE};
use crate::domain::account::Role;

fn path(route: &Route) -> String {
    route.path.replace("{id}", "spy-1").replace("{session}", "view-1")
}

#[tokio::test]
async fn every_route_refuses_strangers_and_every_role_below_its_own() {
    let bench = Bench::new().await;
    let mut refused = 0;
    for (number, route) in TABLE.iter().enumerate() {
        let needed = match route.access {
            Access::Public => continue,
            Access::Machine(role) | Access::Role(role) => role,
        };
        let (method, path) = (openapi::method(route), path(route));
        let answer = bench.send(method, &path, &[], "").await;
        let to_login = route.kind == Kind::Page && answer.header("location") == "/login";
        assert!(answer.status == StatusCode::UNAUTHORIZED || to_login, "{method} {path}: {}", answer.status);
        for role in Role::ALL.into_iter().filter(|role| *role < needed) {
            let token = bench.token(role, &format!("{role}-{refused}")).await;
            let by_token = bench.send(method, &path, &[("authorization", &token)], "").await;
            assert_eq!(by_token.status, StatusCode::FORBIDDEN, "{method} {path} as {role}");
            let cookie = bench.cookie(role).await;
            let by_cookie = bench.send(method, &path, &[("cookie", &cookie)], "").await;
            assert_eq!(by_cookie.status, StatusCode::FORBIDDEN, "{method} {path} as {role}");
            refused += 1;
        }
        let token = bench.token(needed, &format!("ok-{number}")).await;
        if path.ends_with("stream") {
            continue;
        }
        let answer = bench.send(method, &path, &[("authorization", &token)], "").await;
        let gate = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
        assert!(!gate.contains(&answer.status), "{method} {path} as {needed}: {}", answer.status);
    }
    assert!(refused > 8, "the table is (nearly) empty");
}

#[tokio::test]
async fn what_is_not_in_the_table_is_hidden_from_strangers() {
    let bench = Bench::new().await;
    let token = bench.token(Role::Admin, "root").await;
    for path in ["/nothing", "/api/v1/nothing", "/static/", "/static/../etc/passwd", "/.env", "//", "/api"] {
        let stranger = bench.send("GET", path, &[], "").await;
        assert_eq!(stranger.status, StatusCode::UNAUTHORIZED, "{path}");
        let known = bench.send("GET", path, &[("authorization", &token)], "").await;
        assert_eq!(known.status, StatusCode::NOT_FOUND, "{path}");
    }
    for (method, path) in
        [("PUT", "/api/v1/live"), ("DELETE", "/"), ("TRACE", "/login"), ("POST", "/healthz")]
    {
        assert_eq!(
            bench.send(method, path, &[], "").await.status,
            StatusCode::UNAUTHORIZED,
            "{method} {path}"
        );
        let known = bench.send(method, path, &[("authorization", &token)], "").await;
        assert_eq!(known.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
    }
}

#[tokio::test]
async fn the_description_has_exactly_the_routes_for_programs() {
    let bench = Bench::new().await;
    let token = bench.token(Role::Admin, "root").await;
    let document = bench.send("GET", "/api/openapi.json", &[("authorization", &token)], "").await.json();
    let mut described: Vec<String> = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        described
            .extend(methods.as_object().expect("methods").keys().map(|method| format!("{method} {path}")));
    }
    let mut listed: Vec<String> = TABLE
        .iter()
        .filter(|route| route.kind == Kind::Api)
        .map(|route| format!("{} {}", openapi::method(route).to_lowercase(), route.path))
        .collect();
    described.sort();
    listed.sort();
    assert_eq!(described, listed);
}

#[tokio::test]
async fn every_answer_has_the_protecting_headers_errors_too() {
    let bench = Bench::new().await;
    let cookie = bench.cookie(Role::Admin).await;
    for (path, headers, status) in [
        ("/", vec![("cookie", cookie.as_str())], 200),
        ("/login", vec![], 200),
        ("/", vec![], 303),
        ("/nothing", vec![], 401),
        ("/api/v1/live", vec![], 401),
        ("/login", vec![("host", "evil.example")], 421),
        ("/login", vec![("content-length", "99999999")], 413),
        ("/static/style.css", vec![], 200),
    ] {
        let answer = bench.send("GET", path, &headers, "").await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(!answer.text.contains(" style=") && !answer.text.contains("onclick"), "{path}");
    }
}

#[tokio::test]
async fn refusals_are_documents_for_programs_and_pages_for_people() {
    let bench = Bench::new().await;
    let api = bench.send("GET", "/api/v1/live", &[], "").await;
    assert_eq!(api.header("content-type"), "application/problem+json");
    let problem = api.json();
    assert_eq!((&problem["type"], &problem["status"]), (&"unauthorized".into(), &401.into()));
    assert!(problem["detail"].as_str().expect("a detail").contains("/login"));
    let page = bench.send("GET", "/nothing", &[], "").await;
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.text.contains("<h1>Unauthorized</h1>"));
}

#[tokio::test]
async fn a_host_that_is_not_ours_is_misdirected() {
    let bench = Bench::new().await;
    for (host, status) in [("localhost:8443", 200), ("192.168.1.5", 200), ("rebound.example", 421), ("", 421)]
    {
        let answer = bench.send("GET", "/login", &[("host", host)], "").await;
        assert_eq!(answer.status.as_u16(), status, "{host}");
    }
    let absolute = bench.send("GET", "http://rebound.example/login", &[("host", "localhost")], "").await;
    assert_eq!(absolute.status.as_u16(), 421);
}
