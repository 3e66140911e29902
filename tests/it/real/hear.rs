//! Who hears whom, by ear: the phones send tones, and a filter tells which of them arrives. Four agents talk at once, three
//! of whose names begin like one another; the whisper reaches the one who is meant and nobody else.

use std::time::Duration;

use asterflow::domain::control::Mode;
use asterflow::store::Store;
use asterflow::tasks::control::Control;
use asterflow_lab::phone::{Call, tones};
use asterflow_lab::{Behaviour, CallRecord, Lab, floor};
use tokio::sync::watch;

use super::supervision::{agent, ended, nobody_listens, tester, wish};
use super::{LONG, alone, lab, live_link, member, supervisor_phones, until};

/// Louder than this is heard, dB against what was sent.
const HEARD: f64 = -10.0;
/// Softer than this is not.
const SILENT: f64 = -40.0;

/// An agent and the caller he talks with.
struct Talk {
    agent: &'static str,
    at_agent: CallRecord,
    at_caller: CallRecord,
}

/// Four callers, one for each of the agents who are called alike.
async fn four_talks(lab: &Lab) -> (Vec<Call>, Vec<Talk>) {
    let names = floor::ALIKE.members.iter().map(|(name, _)| *name);
    for name in names.clone() {
        lab.phone(name).behave(Behaviour::answer_after_ms(100)).await.expect("a phone");
    }
    let mut calls = Vec::new();
    for number in ["5550901", "5550902", "5550903", "5550904"] {
        calls.push(lab.call(number, floor::ALIKE.extension).await.expect("a call"));
    }
    let mut talks = Vec::new();
    for name in names {
        let at_agent = lab.phone(name).wait_up(LONG).await.expect("answered");
        let call = calls.iter().find(|call| call.number() == at_agent.number).expect("a caller");
        talks.push(Talk { agent: name, at_agent, at_caller: call.record() });
    }
    (calls, talks)
}

/// Waits until `must` are heard where they should be, then listens for half a second to what `must_not`.
async fn check(what: &str, must: &[(&CallRecord, f64)], must_not: &[(&CallRecord, f64)]) {
    let heard = || must.iter().all(|(ear, hertz)| ear.heard(*hertz) > HEARD);
    let begun = tokio::time::timeout(Duration::from_secs(5), async {
        while !heard() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    // What is not heard by then is told below.
    let _ = begun.await;
    must.iter().chain(must_not).for_each(|(ear, _)| ear.listen_anew());
    tokio::time::sleep(Duration::from_millis(600)).await;
    let levels = |ears: &[(&CallRecord, f64)]| {
        ears.iter().map(|(ear, hertz)| format!("{hertz} Hz {:.0} dB", ear.heard(*hertz))).collect::<Vec<_>>()
    };
    let is_silent = must_not.iter().all(|(ear, hertz)| ear.heard(*hertz) < SILENT);
    assert!(heard() && is_silent, "{what}: must {:?}, must not {:?}", levels(must), levels(must_not));
}

/// The table of who hears whom, and that nobody else hears the supervisor.
async fn check_mode(mode: Mode, supervisor: &CallRecord, talk: &Talk, others: &[Talk]) {
    let (agent, caller) = (&talk.at_agent, &talk.at_caller);
    let mut must = vec![
        (caller, tones::AGENT),
        (agent, tones::CALLER),
        (supervisor, tones::CALLER),
        (supervisor, tones::AGENT),
    ];
    let mut must_not = Vec::new();
    let by_mode = [(agent, mode != Mode::Listen), (caller, mode == Mode::Barge)];
    for (ear, hears) in by_mode {
        if hears { must.push((ear, tones::SUPERVISOR)) } else { must_not.push((ear, tones::SUPERVISOR)) }
    }
    for other in others.iter().filter(|other| other.agent != talk.agent) {
        must_not.extend([(&other.at_agent, tones::SUPERVISOR), (&other.at_caller, tones::SUPERVISOR)]);
    }
    check(&format!("{mode:?} to {}", talk.agent), &must, &must_not).await;
}

#[test]
fn each_mode_is_heard_by_whom_it_should_on_that_call_and_no_other() {
    alone(async {
        let mut lab = lab().await;
        lab.open_alike_queue().await.expect("a queue");
        let folder = tempfile::tempdir().expect("a folder");
        let stop = watch::Sender::new(false);
        let live = live_link(&lab, &stop).await;
        let store = Store::open(folder.path()).expect("a store");
        let control = Control::new(vec![live.clone()], supervisor_phones(), store);
        let (calls, talks) = four_talks(&lab).await;
        let all_talk = |floor: &asterflow::domain::live::snapshot::Snapshot| {
            talks.iter().all(|talk| member(floor, "alike", &format!("PJSIP/{}", talk.agent)).legs.len() == 1)
        };
        until(&live, "talking, all four", all_talk).await;
        lab.phone("201").behave(Behaviour::answer_after_ms(100)).await.expect("a phone");

        let shortest = wish(agent("pjsip/1"), Mode::Listen, "201");
        let held = control.start(shortest).await.expect("attached");
        let supervisor = lab.phone("201").wait_up(LONG).await.expect("a call");
        check_mode(Mode::Listen, &supervisor, &talks[0], &talks).await;
        for mode in [Mode::Whisper, Mode::Barge, Mode::Listen] {
            control.set_mode(&held.id, mode, &tester()).await.expect("changed");
            check_mode(mode, &supervisor, &talks[0], &talks).await;
        }
        control.stop(&held.id, &tester()).await.expect("stopped");
        for (talk, mode) in talks[1..].iter().zip([Mode::Whisper, Mode::Barge, Mode::Whisper]) {
            lab.phone("201").wait_idle(LONG).await.expect("the phone is free");
            let wish = wish(agent(&format!("PJSIP/{}", talk.agent)), mode, "201");
            let held = control.start(wish).await.expect("attached");
            let supervisor = lab.phone("201").wait_up(LONG).await.expect("a call");
            check_mode(mode, &supervisor, talk, &talks).await;
            control.stop(&held.id, &tester()).await.expect("stopped");
        }
        for call in &calls {
            call.hang_up().await.expect("hung up");
        }
        nobody_listens(&lab).await;
        let _ = stop.send(true);
    });
}

#[test]
fn a_member_behind_a_local_channel_is_listened_to_at_the_phone() {
    alone(async {
        let lab = lab().await;
        lab.open_local_queue().await.expect("a queue");
        let folder = tempfile::tempdir().expect("a folder");
        let stop = watch::Sender::new(false);
        let live = live_link(&lab, &stop).await;
        let store = Store::open(folder.path()).expect("a store");
        let control = Control::new(vec![live.clone()], supervisor_phones(), store);
        lab.phone("101").behave(Behaviour::answer_after_ms(200)).await.expect("a phone");
        let call = lab.call("5550950", floor::LOCAL.extension).await.expect("a call");
        let at_agent = lab.phone("101").wait_up(LONG).await.expect("answered");
        let interface = "Local/101@from-queue/n";
        until(&live, "in a call", |floor| member(floor, "400", interface).legs.len() == 1).await;
        lab.phone("201").behave(Behaviour::answer_after_ms(100)).await.expect("a phone");

        let held = control.start(wish(agent(interface), Mode::Whisper, "201")).await.expect("attached");
        let channels = lab.ami().list("CoreShowChannels", &[]).await.expect("a list");
        let leg = channels.iter().find(|one| one.get("Uniqueid") == held.channel.as_str()).expect("the leg");
        assert!(leg.get("Channel").starts_with("PJSIP/101-"), "{leg:#?}");
        let supervisor = lab.phone("201").wait_up(LONG).await.expect("a call");
        let talk = Talk { agent: "101", at_agent, at_caller: call.record() };
        check_mode(Mode::Whisper, &supervisor, &talk, &[]).await;
        control.set_mode(&held.id, Mode::Barge, &tester()).await.expect("changed");
        check_mode(Mode::Barge, &supervisor, &talk, &[]).await;

        lab.phone("108").behave(Behaviour::answer_after_ms(100)).await.expect("a phone");
        lab.phone("101").transfer("108").await.expect("transferred");
        let why = ended(&control, &held.id).await;
        assert_eq!(why, "transferred");
        lab.phone("201").wait_idle(LONG).await.expect("the phone is free");
        nobody_listens(&lab).await;
        call.hang_up().await.expect("hung up");
        let _ = stop.send(true);
    });
}
