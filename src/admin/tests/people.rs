//! The pages for people beyond the login: board, heatmap, own view of the wall.

use super::bench::{Bench, HOSTILE};
use super::logins::{FORM, csrf_of};
use crate::admin::{HeatHours, WallAct};
use crate::domain::account::Role;
use crate::domain::history::query::Metric;
use crate::views::heatmap::HourValue;
use crate::views::scale::Scale;

async fn page(bench: &Bench, role: Role, path: &str) -> super::bench::Answer {
    let cookie = bench.cookie(role).await;
    bench.send("GET", path, &[("cookie", &cookie)], "").await
}

#[tokio::test]
async fn every_page_leads_to_the_others_and_marks_itself() {
    let bench = Bench::new().await;
    for path in ["/", "/board", "/heatmap"] {
        let viewer = page(&bench, Role::Viewer, path).await;
        assert_eq!(viewer.status.as_u16(), 200, "{path}");
        assert!(viewer.text.contains(&format!("href=\"{path}\" aria-current=\"page\"")), "{path}");
        assert_eq!(viewer.text.matches("aria-current").count(), 1, "{path}");
        assert!(!viewer.text.contains("href=\"/wall\""), "a viewer cannot go there: {path}");
        let supervisor = page(&bench, Role::Supervisor, path).await;
        assert!(supervisor.text.contains("href=\"/wall\""), "{path}");
    }
}

#[tokio::test]
async fn the_board_shows_states_as_words_and_callers_and_escapes_names() {
    let bench = Bench::new().await;
    let board = page(&bench, Role::Viewer, "/board").await.text;
    for part in
        ["Alice Adams", "Talking", "Unavailable", "http-equiv=\"refresh\"", "class=\"member busy\"", "0:12"]
    {
        assert!(board.contains(part), "{part} not in {board}");
    }
    assert!(!board.contains("<script>alert") && !board.contains('\u{202e}'));
    assert!(board.contains("alert(1)"), "the name itself is shown");
    assert!(!board.contains("listen.js") && !board.contains("Desk 201"), "a viewer cannot listen");
    let supervisor = page(&bench, Role::Supervisor, "/board").await.text;
    assert!(supervisor.contains("listen.js") && supervisor.contains("Desk 201"));
    let mut changed = (**bench.live.borrow()).clone();
    changed.ami.detail = Some(format!("Gone. {HOSTILE}"));
    changed.ami.state = crate::domain::link::LinkState::Lost;
    bench.live.send_replace(changed.into());
    let lost = page(&bench, Role::Viewer, "/board").await.text;
    assert!(lost.contains("this picture is 0:0") && !lost.contains("<script>alert"), "{lost}");
}

#[tokio::test]
async fn the_heatmap_has_the_walls_figures_and_colours() {
    let bench = Bench::new().await;
    let now = crate::clock::now().wall.as_second();
    let hour = now - now.rem_euclid(3600) - 2 * 3600;
    let value = HourValue { amount: Some(1800.0), late: false, overlapping: false };
    *bench.stand_in.hours.lock().expect("a lock") = HeatHours {
        values: [(hour, value)].into(),
        known: Some((hour - 86_400, now)),
        ..HeatHours::default()
    };
    let cookie = bench.cookie(Role::Viewer).await;
    let get = |path: String| {
        let (bench, cookie) = (&bench, cookie.as_str());
        async move { bench.send("GET", &path, &[("cookie", cookie)], "").await }
    };
    let text = get("/heatmap".into()).await.text;
    assert!(text.contains("<h1>Talk time</h1>") && text.contains("Europe/Berlin"), "{text}");
    let (colour, _) = Scale::holding(30.0).steps().pop().expect("steps");
    let class = crate::admin::heatmap::class(colour);
    let linked = format!("class=\"cell {class}\"><a href=\"/explain?pbx=pbx");
    assert!(text.contains(&linked) && text.contains("\">30</a>"), "{class} not in {text}");
    assert!(text.contains("class=\"cell empty") && text.contains("class=\"cell unknown"), "{text}");
    assert!(text.contains("no data") && text.contains("minutes of talk per clock hour"));
    let asked = bench.stand_in.filters.lock().expect("a lock").pop().expect("a question");
    assert_eq!((asked.metric, asked.queue, asked.agent), (Metric::Talk, None, None));
    let question = "metric=occupancy&queue=sales&agent=Alice+Adams&from=2020-01-01&to=2026-11-22";
    let text = get(format!("/heatmap?{question}")).await.text;
    assert!(text.contains("Occupancy of Alice Adams in sales") && text.contains("last 92 dates"), "{text}");
    assert!(text.contains("agent=Alice+Adams&#38;") || text.contains("agent=Alice+Adams&amp;"), "{text}");
    let asked = bench.stand_in.filters.lock().expect("a lock").pop().expect("a question");
    assert_eq!((asked.from.to_string(), asked.to.to_string()), ("2026-08-23".into(), "2026-11-22".into()));
    assert_eq!(asked.agent.map(|agent| agent.to_string()).as_deref(), Some("Alice Adams"));
    for wrong in ["metric=colour", "from=yesterday", "to=2026-13-01"] {
        assert_eq!(get(format!("/heatmap?{wrong}")).await.status.as_u16(), 400, "{wrong}");
    }
    let hostile = get("/heatmap?agent=%22%3E%3Cscript%3Ealert(1)%3C/script%3E".into()).await.text;
    assert!(!hostile.contains("<script>alert"));
    *bench.stand_in.hours.lock().expect("a lock") = HeatHours::default();
    assert!(get("/heatmap".into()).await.text.contains("Nothing is known"));
}

#[test]
fn each_colour_of_the_scale_has_its_class() {
    let sheet = include_str!("../static/heatmap.css");
    for (colour, _) in Scale::percent(false).steps() {
        let (red, green, blue) = colour;
        let rule = format!(
            ".{} {{ background: #{red:02x}{green:02x}{blue:02x}; }}",
            crate::admin::heatmap::class(colour)
        );
        assert!(sheet.contains(&rule), "{rule}");
    }
}

#[tokio::test]
async fn a_view_of_the_wall_is_opened_seen_touched_and_ended() {
    let bench = Bench::new().await;
    let cookie = bench.cookie(Role::Supervisor).await;
    let by = [("cookie", cookie.as_str())];
    let opened = bench.send("GET", "/wall?size=720x1280", &by, "").await;
    assert_eq!((opened.status.as_u16(), opened.header("location")), (303, "/wall/view-1"));
    let view = bench.send("GET", "/wall/view-1", &by, "").await;
    assert!(view.text.contains("type=\"image\" src=\"/wall/view-1/picture\" width=\"720\" height=\"1280\""));
    assert!(view.text.contains("aria-current=\"page\">Wall"));
    let picture = bench.send("GET", "/wall/view-1/picture", &by, "").await;
    assert_eq!((picture.header("content-type"), picture.header("x-picture")), ("image/png", "7"));
    let none = bench.send("GET", "/wall/view-1/picture?after=7", &by, "").await;
    assert_eq!((none.status.as_u16(), none.text.as_str()), (204, ""));
    let csrf = csrf_of(&view.text);
    let post = |body: String| {
        let (bench, cookie, csrf) = (&bench, cookie.as_str(), csrf.as_str());
        async move {
            let headers = [FORM, ("cookie", cookie), ("x-csrf-token", csrf)];
            bench.send("POST", "/wall/view-1", &headers, &body).await
        }
    };
    for body in [
        "act=press&x=10.5&y=20",
        "act=move&x=11&y=20",
        "act=release&x=11&y=20",
        "act=leave",
        "act=key&key=ArrowLeft",
        "act=size&size=800x480",
    ] {
        assert_eq!(post(body.into()).await.status.as_u16(), 204, "{body}");
    }
    for wrong in [
        "",
        "act=dance",
        "act=press&x=1",
        "act=press&x=NaN&y=1",
        "act=key&key=",
        "act=size&size=9x9",
        "act=size&size=1920x1920",
        "act=size&size=99999999999x1",
    ] {
        assert_eq!(post(wrong.into()).await.status.as_u16(), 400, "{wrong}");
    }
    // A form without script: sends the point of the click and comes back to the view.
    let form = format!("csrf={csrf}&act=touch&x=40&y=50");
    let answer = bench.send("POST", "/wall/view-1", &[FORM, ("cookie", &cookie)], &form).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/wall/view-1"));
    let forged = bench.send("POST", "/wall/view-1", &[FORM, ("cookie", &cookie)], "act=touch&x=4&y=5").await;
    assert_eq!(forged.status.as_u16(), 403);
    assert_eq!(post("act=end".into()).await.status.as_u16(), 204);
    let acts = bench.stand_in.acts.lock().expect("a lock").clone();
    let expected = [
        WallAct::Press(10.5, 20.0),
        WallAct::Move(11.0, 20.0),
        WallAct::Release(11.0, 20.0),
        WallAct::Leave,
        WallAct::Key("ArrowLeft".into()),
        WallAct::Resize((800, 480)),
        WallAct::Touch(40.0, 50.0),
        WallAct::End,
    ];
    assert_eq!(acts, expected);
}

#[tokio::test]
async fn a_fifth_view_is_a_page_that_says_so_and_one_that_is_gone_is_opened_anew() {
    let bench = Bench::new().await;
    let cookie = bench.cookie(Role::Supervisor).await;
    let by = [("cookie", cookie.as_str())];
    for _ in 0..4 {
        assert_eq!(bench.send("GET", "/wall", &by, "").await.status.as_u16(), 303);
    }
    let fifth = bench.send("GET", "/wall", &by, "").await;
    assert_eq!((fifth.status.as_u16(), fifth.header("retry-after")), (503, "15"));
    assert!(fifth.text.contains("4 people look at the wall") && fifth.text.contains("href=\"/wall\""));
    assert_eq!(bench.send("GET", "/wall/view-9", &by, "").await.header("location"), "/wall");
    assert_eq!(bench.send("GET", "/wall/view-9/picture", &by, "").await.status.as_u16(), 404);
    let other = bench.cookie(Role::Admin).await;
    let stolen = bench.send("GET", "/wall/view-1/picture", &[("cookie", &other)], "").await;
    assert_eq!(stolen.status.as_u16(), 404, "a view belongs to one account");
}

#[tokio::test]
async fn an_hour_leads_to_its_visits_and_a_visit_to_its_rows() {
    let rows = crate::domain::history::fixture::captured_rows();
    let (_folder, history) = crate::tasks::history::fixture_history(rows).await;
    let mut bench = Bench::new().await;
    bench.handles.history = std::sync::Arc::new(crate::daemon::questions::Questions::of(history));
    bench.router = super::bench::router(&bench.handles, true);
    let cookie = bench.cookie(Role::Viewer).await;
    let get = |path: &'static str| {
        let (bench, cookie) = (&bench, cookie.as_str());
        async move { bench.send("GET", path, &[("cookie", cookie)], "").await }
    };
    let hour = "/explain?pbx=pbx&date=2026-11-22&hour=7&start_utc=2026-11-22T07:00:00Z&figure=talk&agent=Alice+Adams";
    let text = get(hour).await.text;
    assert!(
        text.contains("<bdi>Talk of Alice Adams</bdi>: 74 s") && !text.contains("do not add up"),
        "{text}"
    );
    assert!(text.contains("/explain?pbx=pbx&#38;visit=1795330864.3\""), "{text}");
    let text = get("/explain?pbx=pbx&visit=1795330864.3").await.text;
    assert!(
        text.contains("COMPLETEAGENT") && text.contains("the caller entered: visit 1 to sales begins"),
        "{text}"
    );
    let text = get("/explain?date=2026-11-22&figure=service_level&queue=vip").await.text;
    assert!(text.contains("33.3 % (2 of 6)") && text.contains("within 5 s"), "{text}");
    assert!(text.contains("queue=vip&#38;count=calls\">By call</a>"), "{text}");
    let text = get("/explain?date=2026-11-22&figure=service_level&queue=vip&count=calls").await.text;
    assert!(text.contains("33.3 % (2 of 6)") && text.contains("By call: all visits of one callid"), "{text}");
    assert!(text.contains("queue=vip&#38;count=visits\">By visit</a>"), "{text}");
    assert!(!get(hour).await.text.contains("By call"), "an agent has one status a visit");
    for wrong in [
        "/explain",
        "/explain?visit=1.1",
        "/explain?date=2026-11-22&figure=colour",
        "/explain?date=today",
        "/explain?date=2026-11-22&count=callers",
    ] {
        assert_eq!(get(wrong).await.status.as_u16(), 400, "{wrong}");
    }
    let skipped = "/explain?date=2026-11-22&hour=7&start_utc=2026-11-22T09:00:00Z";
    assert!(get(skipped).await.text.contains("has no such clock hour"));
    let hostile = get("/explain?date=2026-11-22&queue=%3Cscript%3Ealert(1)%3C/script%3E").await.text;
    assert!(!hostile.contains("<script>alert"), "{hostile}");
}

#[tokio::test]
async fn the_status_page_names_the_calls_that_differ() {
    let bench = Bench::new().await;
    let text = page(&bench, Role::Viewer, "/").await.text;
    assert!(
        text.contains(
            "From 00:00 to 08:00: 11 calls into queues seen live, 10 in queue_log. 1 call differs:"
        ),
        "{text}"
    );
    assert!(text.contains("sales: seen live, not in queue_log: a row was lost (1795311111.1)"), "{text}");
}
