//! How the board begins: calls that are older than the link, and logins that may not see or are refused.

use asterflow::domain::link::LinkState;
use asterflow::domain::live::snapshot::{BoardState, SubState};
use asterflow::tasks::live;
use asterflow_lab::Behaviour;
use asterflow_lab::asterisk::POOR;
use tokio::sync::watch;

use super::{alone, ami, lab, live_link, member, no_wrap_ups, seconds_since, supervisor_phones, until};

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
