//! Members and queues that are changed in the PBX's tables, where no event tells of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use asterflow::domain::link::LinkState;
use asterflow::domain::live::snapshot::Snapshot;
use asterflow::tasks::live::Live;
use asterflow_lab::{Lab, scenario};
use tokio::sync::watch;
use tokio::time::timeout;

use super::follow::{follow, follow_by};
use super::{alone, lab, live_link};

/// A whole picture is fetched once a minute.
const RESYNC: Duration = Duration::from_secs(75);

/// Queue and interface → name, penalty, paused; a queue without members has one entry without an interface.
type Members = BTreeMap<(String, String), (String, u32, bool)>;

/// What Asterisk itself says. It reads its tables for it.
async fn asterisk_says(lab: &Lab) -> Members {
    let mut members = Members::new();
    for item in lab.ami().list("QueueStatus", &[]).await.expect("a list") {
        let queue = item.get("Queue").to_owned();
        if item.is("QueueParams") {
            members.insert((queue, String::new()), Default::default());
        } else if item.is("QueueMember") {
            let penalty = item.get("Penalty").parse().expect("a number");
            let told = (item.get("Name").to_owned(), penalty, item.get("Paused") == "1");
            members.insert((queue, item.get("Location").to_owned()), told);
        }
    }
    members
}

fn board_says(floor: &Snapshot) -> Members {
    let mut members = Members::new();
    for queue in &floor.queues {
        let name = queue.name.as_str().to_owned();
        members.insert((name.clone(), String::new()), Default::default());
        for member in &queue.members {
            let told = (member.name.as_str().to_owned(), member.penalty, member.paused);
            members.insert((name.clone(), member.interface.as_str().to_owned()), told);
        }
    }
    members
}

async fn board_becomes(live: &Live, wanted: &Members) {
    let mut snapshot = live.snapshot.clone();
    let same =
        |floor: &std::sync::Arc<Snapshot>| floor.ami.state == LinkState::Live && board_says(floor) == *wanted;
    let waited = timeout(RESYNC, snapshot.wait_for(same)).await.map(|floor| floor.is_ok());
    let shown = board_says(&live.snapshot.borrow());
    assert!(waited == Ok(true), "Asterisk says {wanted:#?}, the board {shown:#?}");
}

const EDITS: &str = "USE asterisk;
    INSERT INTO queue_members (queue_name, interface, membername, penalty, paused) VALUES ('vip', 'PJSIP/108', 'Heidi', 1, 0);
    UPDATE queue_members SET penalty = 5 WHERE queue_name = 'support' AND interface = 'PJSIP/105';
    UPDATE queue_members SET membername = 'Davina' WHERE interface = 'PJSIP/104';
    DELETE FROM queue_members WHERE queue_name = 'vip' AND interface = 'PJSIP/107';
    INSERT INTO queues (name, strategy, timeout, ringinuse) VALUES ('night', 'ringall', 8, 'no'), ('day', 'ringall', 8, 'no');
    INSERT INTO queue_members (queue_name, interface, membername, penalty, paused) VALUES ('night', 'PJSIP/108', 'Heidi', 0, 1);";

#[test]
#[ignore = "make test-full: waits for two whole pictures"]
fn edits_by_sql_are_on_the_board_with_the_next_picture_and_after_a_restart() {
    alone(async {
        let mut lab = lab().await;
        let stop = watch::Sender::new(false);
        let live = live_link(&lab, &stop).await;
        lab.database.script(EDITS).await.expect("edits");
        let edited = asterisk_says(&lab).await;
        let at = |members: &Members, queue: &str, phone: &str| {
            members.get(&(queue.to_owned(), format!("PJSIP/{phone}"))).cloned()
        };
        assert_eq!(at(&edited, "vip", "108"), Some(("Heidi".into(), 1, false)));
        assert_eq!(at(&edited, "vip", "107"), None);
        assert_eq!(at(&edited, "night", "108"), Some(("Heidi".into(), 0, true)));
        assert_eq!(
            at(&edited, "support", "104").expect("Dave").0,
            "Dave Diaz",
            "a name stays until a restart"
        );
        board_becomes(&live, &edited).await;

        let delete = "USE asterisk; DELETE FROM queues WHERE name IN ('night', 'day');
            DELETE FROM queue_members WHERE queue_name = 'night';";
        lab.database.script(delete).await.expect("deletes");
        let deleted = asterisk_says(&lab).await;
        let queues =
            |members: &Members| members.keys().map(|(queue, _)| queue.clone()).collect::<BTreeSet<_>>();
        assert!(queues(&deleted).contains("night"), "a deleted queue stays until a restart: {deleted:#?}");
        board_becomes(&live, &deleted).await;

        lab.restart_asterisk(false).await.expect("it comes back");
        let restarted = asterisk_says(&lab).await;
        assert_eq!(queues(&restarted), ["sales", "support", "vip"].map(String::from).into());
        assert_eq!(at(&restarted, "support", "104").expect("Dave").0, "Davina");
        board_becomes(&live, &restarted).await;
        let _ = stop.send(true);
    });
}

#[test]
#[ignore = "make test-full: waits for a whole picture"]
fn a_member_by_table_shows_with_its_first_call_and_a_penalty_at_once() {
    alone(async {
        let lab = lab().await;
        let stop = watch::Sender::new(false);
        let live = live_link(&lab, &stop).await;
        let penalty = follow_by(&live, ("sales", "PJSIP/103"), |member| member.penalty.to_string());
        scenario::run(&lab, "penalty").await.expect("penalty");
        assert_eq!(penalty.end().await, ["2", "7", "2"]);
        let heidi = follow(&live, ("vip", "PJSIP/108"));
        let outcome = scenario::run(&lab, "realtime_member").await.expect("realtime_member");
        board_becomes(&live, &asterisk_says(&lab).await).await;
        let story = heidi.end().await;
        let number = &outcome.visits[0].number;
        assert_eq!(story.first().map(String::as_str), Some("gone"));
        assert!(story.contains(&format!("talking {number}")), "{story:?}");
        assert_eq!(story.last().map(String::as_str), Some("gone"), "{story:?}");
        let _ = stop.send(true);
    });
}
