//! Members behind Local channels, as FreePBX makes them: the board shows the phones' real calls.

use asterflow::domain::ids::PbxName;
use asterflow::domain::link::LinkStatus;
use asterflow::domain::live::Floor;
use asterflow::domain::live::event::{DeviceStatus, Event, HintInfo, MemberInfo, Picture, QueueInfo};
use asterflow::domain::live::snapshot::{MemberSnapshot, Snapshot};
use asterflow::domain::time::Moment;

use crate::captures::{Heard, all, read};

/// What tells which phones are a member's.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    /// The hints were listed.
    Hints,
    /// They were not: the calls alone tell.
    Calls,
}

fn at(step: usize) -> Moment {
    Moment::at_millis(i64::try_from(step).expect("small") * 10)
}

/// The floor on which the recordings were made, all idle.
fn floor(known: Known) -> Floor {
    let queue = |name: &str| QueueInfo { name: name.into(), ..QueueInfo::default() };
    let member = |queue: &str, name: &str, interface: &str, state: &str| MemberInfo {
        queue: queue.into(),
        name: name.into(),
        interface: interface.into(),
        state_interface: state.into(),
        status: DeviceStatus::IDLE,
        ..MemberInfo::default()
    };
    let hint = |extension: &str, devices: &str| HintInfo {
        extension: format!("{extension}@ext-local").into(),
        devices: devices.into(),
    };
    let hints = vec![
        hint("101", "PJSIP/101"),
        hint("102", "PJSIP/102"),
        hint("103", "PJSIP/103"),
        hint("104", "PJSIP/104"),
        hint("105", "PJSIP/105&Custom:DND105"),
    ];
    let picture = Picture {
        queues: ["400", "401", "403", "sales"].map(queue).into(),
        members: vec![
            member("400", "Alice Adams", "Local/101@from-queue/n", "hint:101@ext-local"),
            member("400", "Bob Brown", "Local/102@from-queue/n", "hint:102@ext-local"),
            member("401", "Alice Adams", "Local/101@from-queue", "hint:101@ext-local"),
            member("401", "Dave Diaz", "Local/104@from-queue", "hint:104@ext-local"),
            member("403", "Carol Clark", "Local/103@from-queue/n", "Local/103@from-queue/n"),
            member("403", "Eve Evans", "Local/105@from-queue/n", "hint:105@ext-local"),
            member("sales", "Alice Adams", "PJSIP/101", "PJSIP/101"),
            member("sales", "Bob Brown", "PJSIP/102", "PJSIP/102"),
        ],
        hints: (known == Known::Hints).then_some(hints),
        channels: Some(Vec::new()),
        ..Picture::default()
    };
    let mut floor = Floor::new([("PJSIP/201", "Desk 201")]);
    floor.replace(picture, at(0));
    floor
}

fn snapshot(floor: &Floor, now: Moment) -> Snapshot {
    floor.snapshot(&PbxName::new("pbx"), &LinkStatus::connecting(now), now)
}

fn told(member: &MemberSnapshot) -> String {
    let partner = member.partner.as_ref().map_or(String::new(), |partner| format!(" {}", partner.number));
    let listeners = member.listeners.iter().map(|name| format!(" +{name}")).collect::<String>();
    format!("{}{partner}{listeners}", member.sub_state.as_str())
}

/// The states that `agent` went through in `queue`, with the partner's number.
fn story(recording: &str, known: Known, queue: &str, agent: &str) -> Vec<String> {
    let mut floor = floor(known);
    let mut story: Vec<String> = Vec::new();
    let events = read([all()[recording].as_slice()]).into_iter();
    for (step, heard) in events.enumerate() {
        // Lists of single queues were asked for in between.
        let Heard::Event(event) = heard else { continue };
        let name = format!("{event:?}").chars().take(60).collect::<String>();
        floor.apply(event, at(step));
        floor.verify().unwrap_or_else(|broken| panic!("{recording}, step {step}, {name}: {broken}"));
        let now = snapshot(&floor, at(step));
        let queue = now.queues.iter().find(|q| q.name.as_str() == queue).expect("the queue");
        let Some(member) = queue.members.iter().find(|m| m.name.as_str() == agent) else { continue };
        let told = told(member);
        if story.last() != Some(&told) {
            story.push(told);
        }
    }
    story
}

fn check(recording: &str, queue: &str, agent: &str, expect: &[&str]) {
    for known in [Known::Hints, Known::Calls] {
        assert_eq!(
            story(recording, known, queue, agent),
            expect,
            "{recording}: {agent} in {queue}, {known:?}"
        );
    }
}

const RANG_1: &[&str] = &["free", "ringing 5554001", "free"];

#[test]
fn the_caller_is_the_partner_not_the_local_channel() {
    let talked = ["free", "ringing 5554001", "talking 5554001", "free"];
    check("local_answered", "400", "Alice Adams", &talked);
    check("local_answered", "400", "Bob Brown", RANG_1);
    // The same phone, as a member of other queues.
    check("local_answered", "401", "Alice Adams", &talked);
    check("local_answered", "sales", "Alice Adams", &talked);
    check("local_caller_hangup", "400", "Bob Brown", &["free", "ringing 5554002", "talking 5554002", "free"]);
    check("local_rna", "400", "Alice Adams", &["free", "ringing 5554003", "free"]);
    check("local_busy", "400", "Alice Adams", &["free", "ringing 5554004", "free"]);
}

#[test]
fn a_local_channel_that_takes_itself_out_leaves_the_phone_in_the_call() {
    let talked = |number: &str| {
        ["free".into(), format!("ringing {number}"), format!("talking {number}"), "free".into()]
    };
    for (recording, number) in [
        ("local_opt_answered", "5554001"),
        ("local_opt_caller_hangup", "5554002"),
        ("local_opt_blind_transfer", "5554005"),
    ] {
        for known in [Known::Hints, Known::Calls] {
            assert_eq!(
                story(recording, known, "401", "Alice Adams"),
                talked(number),
                "{recording}, {known:?}"
            );
        }
    }
    let asked = ["free", "ringing 5554006", "talking 5554006", "other_call 108", "free"];
    check("local_opt_attended_transfer", "401", "Alice Adams", &asked);
}

#[test]
fn a_blind_transfer_frees_the_agent_though_the_local_channel_goes_on() {
    let passed_on = ["free", "ringing 5554005", "talking 5554005", "free"];
    check("local_blind_transfer", "400", "Alice Adams", &passed_on);
}

#[test]
fn hold_is_that_of_the_phone() {
    let held = ["free", "ringing 5554007", "talking 5554007", "on_hold 5554007", "talking 5554007", "free"];
    check("local_hold", "400", "Alice Adams", &held);
    check("local_opt_hold", "401", "Alice Adams", &held);
}

#[test]
fn a_member_without_a_hint_is_followed_by_his_call() {
    let talked = ["free", "ringing 5554008", "talking 5554008", "free"];
    check("local_nohint", "403", "Carol Clark", &talked);
}

#[test]
fn a_private_call_and_an_unregistered_phone_show_by_the_hint() {
    let story = story("local_state", Known::Hints, "400", "Alice Adams");
    assert_eq!(story, ["free", "other_call", "other_call 104", "free", "unavailable", "free"]);
}

#[test]
fn the_phone_is_listened_to_not_the_local_channel() {
    let heard = story("local_spy", Known::Hints, "400", "Alice Adams");
    assert_eq!(heard[3], "talking 5556001 +Desk 201", "{heard:?}");
    for known in [Known::Hints, Known::Calls] {
        let mut floor = floor(known);
        for heard in read([all()["local_answered"].as_slice()]) {
            let Heard::Event(event) = heard else { continue };
            floor.apply(event, at(1));
            let now = snapshot(&floor, at(1));
            let members = now.queues.iter().flat_map(|queue| &queue.members);
            for member in members.filter(|member| member.interface.as_str().starts_with("Local/")) {
                for leg in member.legs.iter().chain(&member.channel) {
                    // 62 is the caller, 63 to 66 are ends of Local channels.
                    let phone = ["1795336639.67", "1795336639.68"].contains(&leg.as_str());
                    assert!(phone, "{} has the leg {leg}", member.interface);
                }
            }
        }
    }
}

#[test]
fn without_a_hint_a_blind_transfer_frees_the_agent_too_and_whom_he_passed_on_to_is_not_him() {
    let text = String::from_utf8_lossy(&all()["local_blind_transfer"])
        .replace("hint:101@ext-local", "Local/101@from-queue/n")
        .replace("hint:102@ext-local", "Local/102@from-queue/n");
    let mut floor = floor(Known::Calls);
    let mut story: Vec<String> = Vec::new();
    for (step, heard) in read([text.as_bytes()]).into_iter().enumerate() {
        let Heard::Event(event) = heard else { continue };
        // The device is the Local channel: in use from the first ring to the end of the call that was passed on.
        let event = match event {
            Event::Hinted(_) => continue,
            Event::Member(member) if member.queue == "400" && !member.status.is_occupied() => continue,
            Event::Member(member) if member.queue == "400" => {
                Event::Member(MemberInfo { status: DeviceStatus(2), in_call: true, ..member })
            }
            event => event,
        };
        floor.apply(event, at(step));
        let now = snapshot(&floor, at(step));
        let queue = now.queues.iter().find(|queue| queue.name.as_str() == "400").expect("400");
        let alice = queue.members.iter().find(|member| member.name.as_str() == "Alice Adams").expect("Alice");
        let told = told(alice);
        if story.last() != Some(&told) {
            story.push(told);
        }
    }
    assert_eq!(story, ["free", "ringing 5554005", "talking 5554005", "free"]);
}
