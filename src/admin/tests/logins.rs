//! Coming in, staying in, going out, and writes that somebody else forged.

use http::StatusCode;

use super::bench::{Bench, PASSWORD, router};
use crate::domain::account::{Actor, Role};

pub(super) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn cookie_of(line: &str) -> String {
    line.split(';').next().unwrap_or_default().to_owned()
}

pub(super) fn csrf_of(page: &str) -> String {
    let start = page.find("name=\"csrf\" value=\"").expect("a token in the page") + 19;
    page[start..].split('"').next().expect("its end").to_owned()
}

#[tokio::test]
async fn the_first_account_is_made_with_the_code_of_the_wall() {
    let bench = Bench::empty();
    bench.accounts.offer_setup().await.expect("an answer");
    assert_eq!(bench.send("GET", "/", &[], "").await.header("location"), "/setup");
    assert_eq!(bench.send("GET", "/login", &[], "").await.header("location"), "/setup");
    let code = bench.accounts.setup_code().borrow().clone().expect("a code");
    assert!(
        !bench.send("GET", "/setup", &[], "").await.text.contains(&code),
        "the page must not show the code"
    );
    let body = |code: &str, password: &str| {
        format!("code={code}&name=anna&password={password}&again=correct+horse+battery")
    };
    let differ = bench.send("POST", "/setup", &[FORM], &body(&code, "another+horse+battery")).await;
    assert!(differ.status == StatusCode::UNPROCESSABLE_ENTITY && differ.text.contains("differ"));
    let wrong = bench.send("POST", "/setup", &[FORM], &body("ABCDE-FGHJK", "correct+horse+battery")).await;
    assert!(wrong.status == StatusCode::UNAUTHORIZED && wrong.text.contains("value=\"anna\""));
    let done = bench.send("POST", "/setup", &[FORM], &body(&code, "correct+horse+battery")).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/"));
    let cookie = cookie_of(done.header("set-cookie"));
    let status = bench.send("GET", "/", &[("cookie", &cookie)], "").await;
    assert!(status.status == StatusCode::OK && status.text.contains("anna"));
    assert_eq!(bench.send("GET", "/setup", &[], "").await.header("location"), "/login");
    assert_eq!(
        bench.send("POST", "/setup", &[FORM], &body(&code, "correct+horse+battery")).await.status,
        409
    );
}

#[tokio::test]
async fn a_login_gives_a_new_strict_cookie_and_logout_ends_it() {
    let bench = Bench::empty();
    bench.accounts.add(&Actor::console(), "anna", Role::Admin, Some(PASSWORD)).await.expect("an account");
    let wrong = bench.send("POST", "/login", &[FORM], "name=anna&password=wrong").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.headers.get("set-cookie").is_none() && wrong.text.contains("role=\"alert\""));
    let body = "name=anna&password=correct+horse+battery";
    let first = bench.send("POST", "/login", &[FORM], body).await;
    let line = first.header("set-cookie").to_owned();
    for part in ["__Host-asterflow=", "; Path=/", "; HttpOnly", "; SameSite=Strict", "; Secure"] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(!line.contains("Domain"));
    let cookie = cookie_of(&line);
    let page = bench.send("GET", "/", &[("cookie", &cookie)], "").await;
    let csrf = csrf_of(&page.text);
    // A second login on top renews the id and ends the first session.
    let second =
        bench.send("POST", "/login", &[FORM, ("cookie", &cookie)], &format!("{body}&csrf={csrf}")).await;
    let renewed = cookie_of(second.header("set-cookie"));
    assert!(renewed != cookie && second.status == StatusCode::SEE_OTHER);
    assert_eq!(bench.send("GET", "/api/v1/live", &[("cookie", &cookie)], "").await.status, 401);
    let csrf = csrf_of(&bench.send("GET", "/", &[("cookie", &renewed)], "").await.text);
    let out = bench.send("POST", "/logout", &[FORM, ("cookie", &renewed)], &format!("csrf={csrf}")).await;
    assert!(out.status == StatusCode::SEE_OTHER && out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(bench.send("GET", "/api/v1/live", &[("cookie", &renewed)], "").await.status, 401);
}

#[tokio::test]
async fn after_some_wrong_tries_the_answer_is_wait() {
    let bench = Bench::new().await;
    let mut last = 0;
    for _ in 0..6 {
        last = bench.send("POST", "/login", &[FORM], "name=viewer&password=wrong").await.status.as_u16();
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn a_link_shows_a_button_and_is_used_up_by_pressing_it() {
    let bench = Bench::new().await;
    let link = bench.accounts.make_link("admin", std::time::Duration::from_secs(60)).await.expect("a link");
    for _ in 0..2 {
        let page = bench.send("GET", &format!("/login?once={link}"), &[], "").await;
        assert!(page.status == StatusCode::OK && page.text.contains(&link), "a look uses nothing up");
    }
    let body = format!("once={link}");
    assert_eq!(bench.send("POST", "/login", &[FORM], &body).await.status, StatusCode::SEE_OTHER);
    assert_eq!(bench.send("POST", "/login", &[FORM], &body).await.status, StatusCode::UNAUTHORIZED);
    let hostile = bench.send("GET", "/login?once=%22%3E%3Cscript%3E", &[], "").await;
    assert!(!hostile.text.contains("<script>"));
}

#[tokio::test]
async fn a_write_by_cookie_needs_our_own_page() {
    let bench = Bench::new().await;
    let cookie = bench.cookie(Role::Admin).await;
    let csrf = csrf_of(&bench.send("GET", "/", &[("cookie", &cookie)], "").await.text);
    let body = r#"{"agent":"PJSIP/101","mode":"listen","supervisor":"201"}"#;
    let with = ("x-csrf-token", csrf.as_str());
    let cases: [(&[(&str, &str)], u16); 10] = [
        (&[], 403),
        (&[("x-csrf-token", "wrong")], 403),
        (&[with], 201),
        (&[with, ("origin", "https://localhost"), ("sec-fetch-site", "same-origin")], 201),
        (&[with, ("origin", "https://evil.example")], 403),
        (&[with, ("origin", "http://localhost")], 403),
        (&[with, ("origin", "https://localhost:99")], 403),
        (&[with, ("origin", "null")], 403),
        (&[with, ("sec-fetch-site", "cross-site")], 403),
        (&[with, ("sec-fetch-site", "same-site")], 403),
    ];
    for (headers, status) in cases {
        let mut headers = headers.to_vec();
        headers.push(("cookie", &cookie));
        let answer = bench.send("POST", "/api/v1/supervision", &headers, body).await;
        assert_eq!(answer.status.as_u16(), status, "{headers:?}");
    }
    let stolen = [FORM, ("origin", "https://evil.example")];
    let login = bench.send("POST", "/login", &stolen, "name=admin&password=x").await;
    assert_eq!(login.status, StatusCode::FORBIDDEN, "nobody is logged in from elsewhere");
    let token = bench.token(Role::Admin, "probe").await;
    let by_token = [("authorization", token.as_str()), ("origin", "https://evil.example")];
    let answer = bench.send("POST", "/api/v1/supervision", &by_token, body).await;
    assert_eq!(answer.status.as_u16(), 201, "a token cannot be forged by a page");
    let mixed = [("authorization", "Bearer wrong"), ("cookie", &cookie)];
    assert_eq!(bench.send("GET", "/api/v1/live", &mixed, "").await.status, 401, "no falling back");
}

#[tokio::test]
async fn on_plain_loopback_the_cookie_has_a_name_that_browsers_keep() {
    let mut bench = Bench::new().await;
    bench.router = router(&bench.handles, false);
    let link = bench.accounts.make_link("admin", std::time::Duration::from_secs(60)).await.expect("a link");
    let origin = ("origin", "http://localhost");
    let answer = bench.send("POST", "/login", &[FORM, origin], &format!("once={link}")).await;
    let line = answer.header("set-cookie");
    assert!(line.starts_with("asterflow=") && !line.contains("Secure"), "{line}");
}
