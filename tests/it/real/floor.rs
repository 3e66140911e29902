//! The board equals what the phones do, and survives a restart of Asterisk.

use asterflow::domain::link::LinkState;
use asterflow::domain::live::snapshot::{BoardState, Snapshot, SubState};
use asterflow::tasks::live::{self, Live};
use asterflow_lab::asterisk::POOR;
use asterflow_lab::scenario;
use asterflow_lab::{Behaviour, Lab};
use tokio::sync::watch;

use super::{alone, ami, lab, live_link, member, no_wrap_ups, seconds_since, supervisor_phones, until};

/// Follows a member's states from now on.
fn follow(live: &Live, queue: &'static str, interface: &'static str) -> tokio::task::JoinHandle<Vec<String>> {
    let mut snapshots = live.snapshot.clone();
    tokio::spawn(async move {
        let mut story: Vec<String> = Vec::new();
        loop {
            let told = {
                let floor = snapshots.borrow_and_update();
                let member = member(&floor, queue, interface);
                let partner = member.partner.as_ref().map_or("", |partner| partner.number.as_str());
                format!("{} {partner}", member.sub_state.as_str()).trim_end().to_owned()
            };
            if story.last() != Some(&told) {
                story.push(told);
            }
            if story.len() > 1 && story.last().is_some_and(|last| last == "free") {
                return story;
            }
            if snapshots.changed().await.is_err() {
                return story;
            }
        }
    })
}

async fn check(lab: &Lab, live: &Live, name: &str, who: (&'static str, &'static str), expect: &[&str]) {
    let story = follow(live, who.0, who.1);
    let outcome = scenario::run(lab, name).await.unwrap_or_else(|error| panic!("{name}: {error:#}"));
    let number = outcome.visits.first().map(|visit| visit.number.clone()).unwrap_or_default();
    let story = tokio::time::timeout(super::LONG, story).await.expect("the story ends").expect("a story");
    let expect: Vec<String> = expect.iter().map(|told| told.replace("CALLER", &number)).collect();
    assert_eq!(story, expect, "{name}: {who:?}");
}

#[test]
fn the_board_shows_what_the_phones_do() {
    alone(async {
        let lab = lab().await;
        let stop = watch::Sender::new(false);
        let live = live_link(&lab, &stop).await;
        let answered = ["free", "ringing CALLER", "talking CALLER", "free"];
        check(&lab, &live, "answered_agent_hangup", ("sales", "PJSIP/101"), &answered).await;
        check(&lab, &live, "answered_caller_hangup", ("sales", "PJSIP/102"), &answered).await;
        check(&lab, &live, "abandon", ("support", "PJSIP/103"), &["free", "ringing CALLER", "free"]).await;
        check(&lab, &live, "busy_agent", ("vip", "PJSIP/107"), &answered).await;
        // The phone holds in the moment it answers: whether "talking" shows before is up to the network.
        let story = follow(&live, "sales", "PJSIP/102");
        scenario::run(&lab, "hold").await.expect("hold");
        let story = tokio::time::timeout(super::LONG, story).await.expect("the story ends").expect("a story");
        assert!(
            story.windows(2).any(|two| two[0].starts_with("on_hold") && two[1].starts_with("talking")),
            "{story:?}"
        );
        let floor = until(&live, "empty", nobody_waits).await;
        assert_eq!(floor.agents().online, 7, "everybody is free again: {floor:#?}");
        let _ = stop.send(true);
    });
}

fn nobody_waits(floor: &Snapshot) -> bool {
    floor.queues.iter().all(|queue| queue.waiting.is_empty() && queue.counts().busy == 0)
}

#[test]
fn a_restart_leaves_the_last_picture_and_the_board_is_right_again() {
    alone(async {
        let mut lab = lab().await;
        let stop = watch::Sender::new(false);
        let live = live_link(&lab, &stop).await;
        lab.asterisk.kill();
        let lost = until(&live, "lost", |floor| floor.ami.state == LinkState::Lost).await;
        assert_eq!(lost.queues.len(), 3, "the last picture stays");
        let why = lost.ami.detail.expect("a sentence");
        assert!(why.contains("closed the connection") || why.contains("not reachable"), "{why}");
        lab.restart_asterisk(true).await.expect("it comes back");
        let back = until(&live, "live with all phones", |floor| {
            floor.ami.state == LinkState::Live && floor.agents().online == 7
        })
        .await;
        assert_eq!(back.ami.age_seconds(asterflow::clock::now()), 0);
        let _ = stop.send(true);
    });
}

#[test]
fn a_call_that_began_before_us_is_on_the_board_with_its_age() {
    alone(async {
        let lab = lab().await;
        lab.phone("101").behave(Behaviour::answer_after_ms(300)).await.expect("a phone");
        let call = lab.call("5550700", "800").await.expect("a call");
        lab.phone("101").wait_up(super::LONG).await.expect("answered");
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let stop = watch::Sender::new(false);
        let live = live_link(&lab, &stop).await;
        let floor = until(&live, "in a call", |floor| {
            member(floor, "sales", "PJSIP/101").sub_state == SubState::Talking
        })
        .await;
        let alice = member(&floor, "sales", "PJSIP/101");
        assert_eq!(alice.partner.as_ref().map(|partner| partner.number.as_str()), Some("5550700"));
        assert!(seconds_since(alice.since) >= 2, "{alice:?}");
        assert_eq!(alice.legs.len(), 1);
        call.hang_up().await.expect("hung up");
        until(&live, "free", |floor| member(floor, "sales", "PJSIP/101").state == BoardState::Online).await;
        let _ = stop.send(true);
    });
}

#[test]
fn missing_privileges_and_a_wrong_secret_are_named() {
    alone(async {
        let lab = lab().await;
        let stop = watch::Sender::new(false);
        let poor = live::start(
            "lab".into(),
            ami(&lab, &POOR),
            &supervisor_phones(),
            no_wrap_ups(),
            stop.subscribe(),
        );
        let floor =
            until(&poor, "live", |floor| floor.ami.state == LinkState::Live && floor.ami.detail.is_some())
                .await;
        let detail = floor.ami.detail.expect("sentences");
        for missing in
            ["lacks read=system", "lacks write=originate", "lacks write=reporting", "manager.conf, [poor]"]
        {
            assert!(detail.contains(missing), "{missing}: {detail}");
        }
        let mut wrong = ami(&lab, &POOR);
        wrong.secret = asterflow::config::Secret::new("not it");
        let refused = live::start("lab".into(), wrong, &[], no_wrap_ups(), stop.subscribe());
        let floor = until(&refused, "refused", |floor| floor.ami.state == LinkState::Refused).await;
        let detail = floor.ami.detail.expect("a sentence");
        assert!(detail.contains("refuses the AMI user poor") && detail.contains("manager.conf"), "{detail}");
        let _ = stop.send(true);
    });
}
