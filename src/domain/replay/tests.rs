use proptest::prelude::*;

use super::*;
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::live::snapshot::{
    BoardState, MemberSnapshot, Partner, QueueSnapshot, Snapshot, SubState, WaitingCaller,
};
use crate::domain::time::Moment;

const START: i64 = 1_795_424_400_000;

fn at(millis: i64) -> Moment {
    Moment::at_millis(START + millis)
}

/// What can happen to a floor; numbers choose among what is there.
#[derive(Clone, Debug)]
enum Op {
    AddQueue(u8),
    RemoveQueue(u8),
    Tune(u8, Option<u32>),
    Join(u8, u8),
    Leave(u8, u8),
    Swap(u8),
    AddMember(u8, u8),
    RemoveMember(u8, u8),
    Does(u8, u8, u8),
    Pause(u8, u8, bool),
    Rename(u8, u8, u8),
    Listen(u8, u8),
    Link(u8),
}

fn op() -> impl Strategy<Value = Op> {
    let byte = any::<u8>;
    prop_oneof![
        1 => byte().prop_map(Op::AddQueue),
        1 => byte().prop_map(Op::RemoveQueue),
        1 => (byte(), any::<Option<u32>>()).prop_map(|(queue, level)| Op::Tune(queue, level)),
        6 => (byte(), byte()).prop_map(|(queue, who)| Op::Join(queue, who)),
        5 => (byte(), byte()).prop_map(|(queue, who)| Op::Leave(queue, who)),
        1 => byte().prop_map(Op::Swap),
        4 => (byte(), byte()).prop_map(|(queue, who)| Op::AddMember(queue, who)),
        2 => (byte(), byte()).prop_map(|(queue, who)| Op::RemoveMember(queue, who)),
        9 => (byte(), byte(), byte()).prop_map(|(queue, who, what)| Op::Does(queue, who, what)),
        2 => (byte(), byte(), any::<bool>()).prop_map(|(queue, who, paused)| Op::Pause(queue, who, paused)),
        1 => (byte(), byte(), byte()).prop_map(|(queue, who, name)| Op::Rename(queue, who, name)),
        1 => (byte(), byte()).prop_map(|(queue, who)| Op::Listen(queue, who)),
        1 => byte().prop_map(Op::Link),
    ]
}

fn chosen<T>(list: &mut [T], by: u8) -> Option<&mut T> {
    let length = list.len().max(1);
    list.get_mut(usize::from(by) % length)
}

fn caller(who: u8, now: Moment) -> WaitingCaller {
    WaitingCaller {
        position: 1,
        number: format!("555{who:04}"),
        name: String::new(),
        since: now,
        channel: format!("{}.{who}", now.wall.as_millisecond()).as_str().into(),
        channel_name: String::new(),
        priority: None,
    }
}

fn happen(floor: &mut Snapshot, op: &Op, now: Moment) {
    let queues = &mut floor.queues;
    let does = |member: &mut MemberSnapshot, what: u8| {
        let states = [BoardState::Online, BoardState::Busy, BoardState::Paused, BoardState::Offline];
        let whys = [SubState::Free, SubState::Ringing, SubState::Talking, SubState::WrapUp];
        member.state = states[usize::from(what % 4)];
        member.sub_state = whys[usize::from(what / 4 % 4)];
        member.since = now;
        let partner = Partner { number: format!("555{what:04}"), name: "C".into() };
        member.partner = what.is_multiple_of(3).then_some(partner);
        member.channel = what.is_multiple_of(5).then(|| "1.1".into());
        member.wrap_up_until = what.is_multiple_of(7).then(|| now.minus_seconds(-10));
    };
    match op {
        Op::AddQueue(name) => queues.push(QueueSnapshot {
            name: format!("q{}", name % 8).as_str().into(),
            strategy: "ringall".into(),
            service_level_seconds: None,
            waiting: Vec::new(),
            members: Vec::new(),
        }),
        Op::RemoveQueue(which) if !queues.is_empty() => {
            drop(queues.remove(usize::from(*which) % queues.len()))
        }
        Op::RemoveQueue(_) => {}
        Op::Link(state) => {
            let states = [LinkState::Live, LinkState::Lost, LinkState::Refused];
            let detail = state.is_multiple_of(2).then(|| "It does not answer.".to_owned());
            floor.ami.enter(states[usize::from(state % 3)], detail, now);
            floor.ami.fresh_at = state.is_multiple_of(4).then_some(now);
            floor.known = true;
        }
        Op::Tune(which, level) => {
            if let Some(queue) = chosen(queues, *which) {
                queue.service_level_seconds = *level;
            }
        }
        Op::Join(which, who) => {
            if let Some(queue) = chosen(queues, *which) {
                let place = usize::from(*who) % (queue.waiting.len() + 1);
                queue.waiting.insert(place, caller(*who, now));
            }
        }
        Op::Leave(which, who) => {
            if let Some(queue) = chosen(queues, *which).filter(|queue| !queue.waiting.is_empty()) {
                let place = usize::from(*who) % queue.waiting.len();
                queue.waiting.remove(place);
            }
        }
        Op::Swap(which) => {
            if let Some(queue) = chosen(queues, *which) {
                queue.waiting.reverse();
            }
        }
        Op::AddMember(which, who) => {
            if let Some(queue) = chosen(queues, *which) {
                let interface = format!("PJSIP/{}", who % 16);
                queue.members.push(MemberSnapshot::free(&interface, "Alice", now));
                queue.members.sort_by_key(|member| member.interface.clone());
            }
        }
        Op::RemoveMember(which, who) => {
            if let Some(queue) = chosen(queues, *which).filter(|queue| !queue.members.is_empty()) {
                let place = usize::from(*who) % queue.members.len();
                queue.members.remove(place);
            }
        }
        Op::Does(which, who, what) => {
            if let Some(member) = chosen(queues, *which).and_then(|queue| chosen(&mut queue.members, *who)) {
                does(member, *what);
            }
        }
        Op::Pause(which, who, paused) => {
            if let Some(member) = chosen(queues, *which).and_then(|queue| chosen(&mut queue.members, *who)) {
                (member.paused, member.paused_reason) = (*paused, paused.then(|| "Lunch".to_owned()));
            }
        }
        Op::Rename(which, who, name) => {
            if let Some(queue) = chosen(queues, *which) {
                if let Some(member) = chosen(&mut queue.members, *who) {
                    member.name = format!("A{name}").as_str().into();
                }
                queue.members.sort_by(|a, b| (&a.name, &a.interface).cmp(&(&b.name, &b.interface)));
            }
        }
        Op::Listen(which, who) => {
            if let Some(member) = chosen(queues, *which).and_then(|queue| chosen(&mut queue.members, *who)) {
                member.listeners.push("Desk 201".into());
            }
        }
    }
    for queue in &mut floor.queues {
        for (caller, position) in queue.waiting.iter_mut().zip(1..) {
            caller.position = position;
        }
    }
}

fn empty() -> Snapshot {
    Snapshot { ami: LinkStatus::connecting(at(0)), ..Snapshot::unknown("pbx".into(), at(0)) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn the_picture_read_back_at_any_moment_is_the_one_of_that_moment(
        ops in prop::collection::vec((op(), 0_i64..5_000), 1..120), asked in prop::collection::vec(0_i64..600_000, 1..20)
    ) {
        let mut floor = empty();
        let mut recorder = Recorder::default();
        let mut bytes = recorder.begin(Scene::of(&floor), START);
        let mut shown = vec![(0, floor.clone())];
        let mut millis = 0;
        for (op, after) in &ops {
            millis += after;
            happen(&mut floor, op, at(millis));
            floor.as_of = at(millis);
            recorder.change(Scene::of(&floor), START + millis, &mut bytes);
            shown.push((millis, floor.clone()));
        }
        prop_assert_eq!(unpacked(&packed(&bytes)).expect("unpacks"), bytes.clone());
        for asked in asked.iter().chain([&0, &millis]) {
            let mut player = Player::new(bytes.clone()).expect("a segment");
            player.go_to(START + asked).expect("plays");
            let (_, expected) = shown.iter().rev().find(|(millis, _)| millis <= asked).expect("there is a first");
            prop_assert_eq!(player.scene(), &Scene::of(expected), "at {} ms", asked);
            let mut snapshot = player.scene().snapshot("pbx".into(), START + asked);
            snapshot.as_of = expected.as_of;
            prop_assert_eq!(&snapshot, expected, "at {} ms, whole", asked);
        }
    }

    #[test]
    fn damaged_bytes_are_an_error_and_no_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400), whole in any::<bool>()) {
        if whole && !bytes.is_empty() {
            bytes[0] = VERSION;
        }
        if let Ok(mut player) = Player::new(bytes.clone()) {
            let _ = player.go_to(i64::MAX);
        }
        let _ = unpacked(&bytes);
    }
}

#[test]
fn a_call_costs_few_bytes() {
    let mut floor = empty();
    happen(&mut floor, &Op::AddQueue(0), at(0));
    (0..16).for_each(|who| happen(&mut floor, &Op::AddMember(0, who), at(0)));
    let mut recorder = Recorder::default();
    recorder.begin(Scene::of(&floor), START);
    let mut bytes = Vec::new();
    happen(&mut floor, &Op::Does(0, 3, 1), at(1_000));
    recorder.change(Scene::of(&floor), START + 1_000, &mut bytes);
    assert!(bytes.len() <= 12, "{} bytes", bytes.len());
    let before = bytes.len();
    recorder.change(Scene::of(&floor), START + 2_000, &mut bytes);
    assert_eq!(bytes.len(), before, "nothing changed");
}
