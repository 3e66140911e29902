//! Asterisk ends in the middle of calls and comes back: the board is stale, then right by itself, and the history says
//! what is known of the calls.

use asterflow::config::Tls;
use asterflow::domain::history::query::{Filter, VisitRow};
use asterflow::domain::link::LinkState;
use asterflow::store::Store;
use asterflow::tasks::history::{History, Thresholds};
use asterflow::tasks::sync::sync_once;
use asterflow_lab::scenario::{self, Outcome};
use asterflow_lab::{Lab, floor};
use tokio::sync::watch;

use super::follow::follow;
use super::{alone, lab, live_link, until};
use crate::history::pbx_of;

#[test]
fn a_kill_in_the_middle_of_calls_leaves_the_last_picture_and_the_board_is_right_again() {
    alone(ends_and_comes_back("restart_kill"));
}

#[test]
#[ignore = "make test-full: as the kill, with a goodbye"]
fn a_stop_in_the_middle_of_calls_leaves_the_last_picture_and_the_board_is_right_again() {
    alone(ends_and_comes_back("restart_stop"));
}

async fn ends_and_comes_back(name: &str) {
    let mut lab = lab().await;
    let stop = watch::Sender::new(false);
    let live = live_link(&lab, &stop).await;
    let (alice, frank) = (follow(&live, ("sales", "PJSIP/101")), follow(&live, ("vip", "PJSIP/106")));
    let mut link = live.snapshot.clone();
    let watcher = tokio::spawn(async move {
        let lost = link.wait_for(|floor| floor.ami.state == LinkState::Lost).await.expect("runs");
        (**lost).clone()
    });
    let outcome = scenario::run_any(&mut lab, name).await.unwrap_or_else(|error| panic!("{name}: {error:#}"));
    let lost = tokio::time::timeout(super::LONG, watcher).await.expect("it was lost").expect("a floor");
    assert_eq!(lost.queues.len(), floor::QUEUES.len(), "the last picture stays");
    let why = lost.ami.detail.expect("a sentence");
    assert!(!why.is_empty());
    let back = until(&live, "live with all phones", |floor| {
        floor.ami.state == LinkState::Live && floor.agents().online == 7
    })
    .await;
    assert_eq!(back.ami.age_seconds(asterflow::clock::now()), 0);
    assert!(back.queues.iter().all(|queue| queue.waiting.is_empty()), "{back:#?}");
    let number = |at: usize| &outcome.visits[at].number;
    // Members are unavailable until their phones have answered; how much of that is seen depends on the machine.
    for (follow, told) in
        [(alice, format!("talking {}", number(0))), (frank, format!("ringing {}", number(1)))]
    {
        let story = follow.end().await;
        assert!(story.contains(&told), "{story:?}");
        assert_eq!(story.last().map(String::as_str), Some("free"), "{story:?}");
    }
    let ends: Vec<&str> = outcome.visits.iter().map(|visit| visit.last_event.as_str()).collect();
    match name {
        "restart_kill" => assert_eq!(ends, ["CONNECT", "ENTERQUEUE"]),
        _ => assert_eq!(ends[1], "ABANDON", "{ends:?}"),
    }
    history_tells(&lab, &outcome).await;
    let _ = stop.send(true);
}

async fn history_tells(lab: &Lab, outcome: &Outcome) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).expect("a store");
    let pbx = pbx_of(&lab.database, &lab.database.reader(), Tls::Off);
    sync_once(&store, std::slice::from_ref(&pbx), &mut |_| ()).await.expect("synchronises");
    let today = asterflow::clock::now().wall.to_zoned(jiff::tz::TimeZone::UTC).date();
    let filter = Filter::new(today.yesterday().expect("a date"), today);
    let rows = History::new(store, Thresholds::default()).visits(&filter).await.expect("answers");
    let row = |at: usize| -> &VisitRow {
        rows.iter().find(|row| row.callid == outcome.visits[at].uniqueid).expect("a visit")
    };
    assert_eq!(rows.len(), 2, "{rows:#?}");
    let (talked, waited) = (row(0), row(1));
    assert_eq!(talked.outcome, "answered");
    let talked_s = outcome.visits[0].talked_ms as f64 / 1000.0;
    if outcome.visits[0].last_event == "CONNECT" {
        assert_eq!((talked.talk_s, &talked.marks[..]), (0, &["no end logged"][..]), "{talked:?}");
        let bound = talked.talk_bound_s.expect("a bound");
        assert!(bound as f64 >= talked_s - 1.5, "{talked:?}");
    } else {
        assert!((talked.talk_s as f64 - talked_s).abs() <= 2.5, "{talked:?} {outcome:?}");
    }
    let told = if outcome.visits[1].last_event == "ENTERQUEUE" { "unresolved" } else { "abandoned" };
    assert_eq!(waited.outcome, told, "{waited:?}");
}
