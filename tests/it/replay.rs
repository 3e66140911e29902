//! Every recording, byte by byte and in any chunking; and what the board shows while it is replayed.

use asterflow::domain::ids::{PbxName, UniqueId};
use asterflow::domain::link::LinkStatus;
use asterflow::domain::live::Floor;
use asterflow::domain::live::event::{
    AgentEnd, ChannelInfo, DeviceStatus, Event, ListedChannel, MemberInfo, Picture, QueueInfo,
};
use asterflow::domain::live::snapshot::Snapshot;
use asterflow::domain::time::Moment;
use proptest::prelude::*;

use crate::captures::{Heard, all, idle_floor, read};

#[test]
fn every_recording_reads_the_same_byte_by_byte() {
    let all = all();
    assert!(all.len() >= 50, "the recordings are there");
    for (name, bytes) in &all {
        let whole = read([bytes.as_slice()]);
        assert_eq!(read(bytes.chunks(1)), whole, "{name}");
        assert_eq!(read(bytes.chunks(1460)), whole, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_chunking_reads_the_same(cuts in prop::collection::vec(1_usize..4000, 1..200)) {
        let all = all();
        let bytes = &all["attended_transfer"];
        let mut chunks = Vec::new();
        let mut rest = bytes.as_slice();
        for cut in cuts.into_iter().cycle() {
            let (head, tail) = rest.split_at(cut.min(rest.len()));
            chunks.push(head);
            rest = tail;
            if rest.is_empty() { break }
        }
        prop_assert_eq!(read(chunks), read([bytes.as_slice()]));
    }

    #[test]
    fn no_order_of_events_breaks_the_floor(order in prop::collection::vec(any::<prop::sample::Index>(), 1..300)) {
        let all = all();
        let heard: Vec<Heard> =
            ["attended_transfer", "spy_modes", "over_max", "local_opt_attended_transfer", "local_blind_transfer", "local_nohint"].iter().flat_map(|name| read([all[*name].as_slice()])).collect();
        let mut floor = idle_floor(at(0));
        for (step, index) in order.iter().enumerate() {
            step_floor(&mut floor, index.get(&heard).clone(), at(step));
            if let Err(broken) = floor.verify() {
                return Err(TestCaseError::fail(broken));
            }
        }
    }
}

fn at(step: usize) -> Moment {
    Moment::at_millis(i64::try_from(step).expect("small") * 10)
}

fn step_floor(floor: &mut Floor, heard: Heard, now: Moment) {
    match heard {
        Heard::Event(event) => drop(floor.apply(event, now)),
        Heard::Queues(picture) => floor.replace(picture, now),
    }
}

fn snapshot(floor: &Floor, now: Moment) -> Snapshot {
    floor.snapshot(&PbxName::new("pbx"), &LinkStatus::connecting(now), now)
}

/// Replays a recording on an idle floor; the states that `agent` went through in `queue`, with the partner's number.
fn story(recording: &str, queue: &str, agent: &str) -> Vec<String> {
    let all = all();
    let mut floor = idle_floor(at(0));
    let mut story: Vec<String> = Vec::new();
    for (step, heard) in read([all[recording].as_slice()]).into_iter().enumerate() {
        step_floor(&mut floor, heard, at(step));
        floor.verify().unwrap_or_else(|broken| panic!("{recording}, step {step}: {broken}"));
        let now = snapshot(&floor, at(step));
        let queue = now.queues.iter().find(|q| q.name.as_str() == queue).expect("the queue");
        let Some(member) = queue.members.iter().find(|m| m.name.as_str() == agent) else { continue };
        let partner = member.partner.as_ref().map_or(String::new(), |partner| format!(" {}", partner.number));
        let listeners = member.listeners.iter().map(|name| format!(" +{name}")).collect::<String>();
        let told = format!("{}/{}{partner}{listeners}", member.state.as_str(), member.sub_state.as_str());
        if story.last() != Some(&told) {
            story.push(told);
        }
    }
    story
}

fn check(recording: &str, queue: &str, agent: &str, expect: &[&str]) {
    assert_eq!(story(recording, queue, agent), expect, "{recording}: {agent} in {queue}");
}

const FREE: &str = "online/free";

#[test]
fn the_board_tells_an_answered_call_as_the_phones_did() {
    let alice = [FREE, "busy/ringing 5550001", "busy/talking 5550001", FREE];
    check("answered_agent_hangup", "sales", "Alice Adams", &alice);
    check("answered_agent_hangup", "sales", "Bob Brown", &[FREE, "busy/ringing 5550001", FREE]);
}

#[test]
fn waiting_callers_come_and_go() {
    let all = all();
    let mut floor = idle_floor(at(0));
    let mut lines: Vec<Vec<String>> = Vec::new();
    for (step, heard) in read([all["over_max"].as_slice()]).into_iter().enumerate() {
        step_floor(&mut floor, heard, at(step));
        let now = snapshot(&floor, at(step));
        let vip = now.queues.iter().find(|queue| queue.name.as_str() == "vip").expect("vip");
        let line: Vec<String> = vip.waiting.iter().map(|c| format!("{} {}", c.position, c.number)).collect();
        if lines.last() != Some(&line) {
            lines.push(line);
        }
    }
    let expect: [&[&str]; 5] = [&[], &["1 5550010"], &["1 5550010", "2 5550011"], &["1 5550011"], &[]];
    assert_eq!(lines, expect);
}

#[test]
fn the_board_shows_hold_pause_and_unregistered_phones() {
    let bob = [
        FREE,
        "busy/ringing 5550025",
        "busy/talking 5550025",
        "busy/on_hold 5550025",
        "busy/talking 5550025",
        FREE,
    ];
    check("hold", "sales", "Bob Brown", &bob);
    check("pause_unpause", "sales", "Alice Adams", &[FREE, "paused/free", FREE]);
    check("unregistered_agent", "vip", "Frank Fox", &[FREE, "offline/unavailable", FREE]);
}

#[test]
fn after_a_call_the_agent_wraps_up_for_the_queues_time_and_is_free_by_itself() {
    let all = all();
    let mut floor = idle_floor(at(0));
    floor.set_wrap_ups(&[("sales".into(), 30)].into(), at(0));
    for heard in read([all["answered_agent_hangup"].as_slice()]) {
        step_floor(&mut floor, heard, at(1));
    }
    let alice = |floor: &Floor, now| {
        let now = snapshot(floor, now);
        let sales = now.queues.iter().find(|queue| queue.name.as_str() == "sales").expect("sales").clone();
        sales
            .members
            .iter()
            .find(|member| member.name.as_str() == "Alice Adams")
            .expect("Alice")
            .sub_state
            .as_str()
    };
    assert_eq!(alice(&floor, at(1)), "wrap_up");
    let over = floor.next_timeout(at(1)).expect("a time at which it ends");
    assert_eq!(over, at(1).tick.plus_millis(30_000));
    assert!(floor.handle_timeout(Moment { tick: over, wall: at(1).wall }));
    assert_eq!(alice(&floor, at(1)), "free");
}

#[test]
fn an_agent_is_never_free_between_a_call_and_its_wrap_up() {
    // The leg's end and the queue's word come from two threads of Asterisk: here the word comes last. Earlier calls, of
    // which pictures and members' states tell, are left out.
    let mut heard = read([all()["answered_agent_hangup"].as_slice()]);
    heard.retain(|heard| matches!(heard, Heard::Event(event) if !matches!(event, Event::Member(_))));
    let said = heard.iter().position(|heard| matches!(heard, Heard::Event(Event::AgentEnded { .. })));
    let said = heard.remove(said.expect("the queue says it"));
    heard.push(said);
    // Long after the calls of the floor's own day.
    let later = |step: usize| at(step + 190_000_000_000);
    let mut floor = idle_floor(later(0));
    floor.set_wrap_ups(&[("sales".into(), 30)].into(), later(0));
    let mut story = Vec::new();
    for (step, heard) in heard.into_iter().enumerate() {
        step_floor(&mut floor, heard, later(step));
        let now = snapshot(&floor, later(step));
        let members = now.queues.iter().flat_map(|queue| &queue.members);
        story.extend(members.filter(|m| m.name.as_str() == "Alice Adams").map(|m| m.sub_state.as_str()));
    }
    story.dedup();
    assert_eq!(story, ["free", "ringing", "talking", "wrap_up"]);
}

#[test]
fn a_refused_call_leaves_no_leg_though_asterisk_tells_of_it_after_its_end() {
    let mut floor = idle_floor(at(0));
    for (step, heard) in read([all()["busy_agent"].as_slice()]).into_iter().enumerate() {
        step_floor(&mut floor, heard, at(step));
    }
    let now = snapshot(&floor, at(0));
    let members = now.queues.iter().flat_map(|queue| &queue.members);
    let legs: Vec<_> = members.filter_map(|member| member.channel.as_ref()).collect();
    assert!(legs.is_empty(), "{legs:?}");
}

#[test]
fn a_phone_that_does_not_ring_yet_has_no_partner() {
    let mut floor = idle_floor(at(0));
    let shown = |floor: &mut Floor, state| {
        let channel = ChannelInfo {
            id: "1795330864.1".into(),
            name: "PJSIP/101-00000001".into(),
            state,
            connected_number: "108".into(),
            ..ChannelInfo::default()
        };
        floor.apply(Event::Channel(channel), at(1));
        let now = snapshot(floor, at(1));
        let sales = now.queues.iter().find(|queue| queue.name.as_str() == "sales").expect("sales");
        let alice = sales.members.iter().find(|member| member.name.as_str() == "Alice Adams").expect("Alice");
        (alice.sub_state.as_str(), alice.partner.as_ref().map(|partner| partner.number.clone()))
    };
    assert_eq!(shown(&mut floor, 0), ("free", None));
    assert_eq!(shown(&mut floor, 5), ("ringing", Some("108".to_owned())));
}

#[test]
fn a_transfer_frees_the_agent() {
    for recording in ["blind_transfer", "attended_transfer"] {
        let story = story(recording, "sales", "Alice Adams");
        assert_eq!(story.last().map(String::as_str), Some(FREE), "{recording}: {story:?}");
        assert!(story.iter().any(|told| told.starts_with("busy/talking")), "{recording}: {story:?}");
    }
}

#[test]
fn who_listens_is_shown_while_it_lasts() {
    let story = story("spy_modes", "sales", "Alice Adams");
    assert!(story.iter().any(|told| told == "busy/talking 5550101 +Desk 201"), "{story:?}");
    assert_eq!(story.last().map(String::as_str), Some(FREE));
}

#[test]
fn after_every_recording_nobody_is_left_in_a_call() {
    for (name, bytes) in all() {
        let mut floor = idle_floor(at(0));
        let heard = read([bytes.as_slice()]);
        let shut = heard.iter().any(|heard| matches!(heard, Heard::Event(Event::ShuttingDown)));
        for (step, heard) in heard.into_iter().enumerate() {
            step_floor(&mut floor, heard, at(step));
            floor.verify().unwrap_or_else(|broken| panic!("{name}: {broken}"));
        }
        let now = snapshot(&floor, at(0));
        let waiting: usize = now.queues.iter().map(|queue| queue.waiting.len()).sum();
        assert!(waiting == 0 || shut, "{name}: {waiting} still wait");
    }
}

fn channel(id: &str, name: &str, number: &str) -> ChannelInfo {
    ChannelInfo {
        id: id.into(),
        name: name.into(),
        state: 6,
        caller_number: number.into(),
        ..ChannelInfo::default()
    }
}

/// Alice in a call of the queue, and what her card says.
fn alice_talks() -> (Floor, impl Fn(&Floor) -> String) {
    let mut floor = idle_floor(at(0));
    let (leg, caller) = (channel("1.2", "PJSIP/101-2", "101"), channel("1.1", "PJSIP/trunk-1", "5550001"));
    floor.apply(
        Event::AgentConnected {
            queue: "sales".into(),
            interface: "PJSIP/101".into(),
            caller: caller.clone(),
            leg: leg.clone(),
        },
        at(1),
    );
    for channel in [leg, caller] {
        floor.apply(Event::BridgeEntered { bridge: "b".into(), channel, swapped: None }, at(1));
    }
    let says = |floor: &Floor| {
        let now = snapshot(floor, at(2));
        let mut members = now.queues.iter().flat_map(|queue| &queue.members);
        let alice = members.find(|member| member.name.as_str() == "Alice Adams").expect("Alice");
        let partner = alice.partner.as_ref().map_or("", |partner| &partner.number);
        format!("{} {partner}", alice.sub_state.as_str())
    };
    assert_eq!(says(&floor), "talking 5550001");
    (floor, says)
}

#[test]
fn a_leg_that_talks_on_after_its_queues_call_is_in_another_call() {
    let (mut floor, says) = alice_talks();
    let leg = channel("1.2", "PJSIP/101-2", "101");
    let end = AgentEnd::Completed;
    floor.apply(
        Event::AgentEnded { queue: "sales".into(), interface: "PJSIP/101".into(), leg: leg.clone(), end },
        at(1),
    );
    assert_eq!(says(&floor), "talking 5550001", "until the leg is elsewhere");
    let other = channel("1.3", "PJSIP/108-3", "108");
    for channel in [leg, other] {
        floor.apply(Event::BridgeEntered { bridge: "c".into(), channel, swapped: None }, at(1));
    }
    assert_eq!(says(&floor), "other_call 108");
}

#[test]
fn a_picture_in_which_the_other_side_is_another_ends_the_queues_call() {
    let (mut floor, says) = alice_talks();
    let listed = |id: &str, name: &str, number: &str| ListedChannel {
        channel: channel(id, name, number),
        bridge: "c".into(),
        ..ListedChannel::default()
    };
    let channels = vec![listed("1.2", "PJSIP/101-2", "101"), listed("1.9", "PJSIP/108-9", "108")];
    let Some(Heard::Queues(lists)) =
        read([all()["snapshot"].as_slice()]).into_iter().find(|heard| matches!(heard, Heard::Queues(_)))
    else {
        panic!("a queue status")
    };
    floor.replace(Picture { channels: Some(channels), ..lists }, at(2));
    assert_eq!(says(&floor), "other_call 108");
}

#[test]
fn an_agent_of_a_pool_is_free_while_he_waits_on_his_phone_for_calls() {
    let mut floor = Floor::default();
    let member = MemberInfo {
        queue: "pool".into(),
        interface: "Local/7@agents".into(),
        state_interface: "Agent:7".into(),
        name: "Gus".into(),
        status: DeviceStatus::IDLE,
        ..MemberInfo::default()
    };
    let queue = QueueInfo { name: "pool".into(), ..QueueInfo::default() };
    floor.replace(Picture { queues: vec![queue], members: vec![member], ..Picture::default() }, at(0));
    let says = |floor: &Floor| {
        let now = snapshot(floor, at(9));
        let gus = now.queues[0].members[0].clone();
        let partner = gus.partner.map_or(String::new(), |partner| partner.number);
        format!("{} {partner}", gus.sub_state.as_str())
    };
    let phone = channel("2.1", "SIP/phone-1", "7");
    floor.apply(Event::Channel(phone.clone()), at(1));
    floor.apply(Event::PoolAgent { agent: "7".into(), channel: Some(UniqueId::new("2.1")) }, at(1));
    assert_eq!(says(&floor), "free ");
    let caller = channel("2.2", "PJSIP/trunk-2", "5550009");
    let (one, two) = (channel("2.3", "Local/7@agents-0;1", ""), channel("2.4", "Local/7@agents-0;2", ""));
    let (queue, interface): (_, asterflow::domain::ids::Interface) = ("pool".into(), "Local/7@agents".into());
    let (leg, from) = (one.clone(), caller.clone());
    floor.apply(Event::AgentConnected { queue, interface, caller: from, leg }, at(2));
    for (bridge, channel) in [("x", one), ("x", caller), ("y", two), ("y", phone)] {
        floor.apply(Event::BridgeEntered { bridge: bridge.into(), channel, swapped: None }, at(2));
        floor.verify().expect("it holds");
    }
    assert_eq!(says(&floor), "talking 5550009");
    for id in ["2.2", "2.3", "2.4"] {
        floor.apply(Event::HungUp { id: UniqueId::new(id), cause: 16 }, at(3));
    }
    floor.apply(Event::BridgeLeft { bridge: "y".into(), id: UniqueId::new("2.1") }, at(3));
    assert_eq!(says(&floor), "free ");
    floor.apply(Event::PoolAgent { agent: "7".into(), channel: None }, at(4));
    floor.verify().expect("it holds");
}
