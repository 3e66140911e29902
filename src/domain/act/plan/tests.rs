//! Wishes on a floor of two queues.

use super::*;
use crate::domain::ids::PbxName;
use crate::domain::time::Moment;

fn caller(id: &str, position: u32) -> WaitingCaller {
    WaitingCaller {
        position,
        number: String::new(),
        name: String::new(),
        since: Moment::at_millis(0),
        channel: id.into(),
        channel_name: format!("PJSIP/trunk-{id}"),
        priority: Some(0),
    }
}

/// 101 in both queues, 102 (dynamic) in sales, 1.1 and 1.2 wait in sales.
fn floor() -> Snapshot {
    let now = Moment::at_millis(0);
    let member = |interface: &str| MemberSnapshot::free(interface, interface, now);
    let queue = |name: &str, waiting, members| QueueSnapshot {
        name: name.into(),
        strategy: String::new(),
        service_level_seconds: None,
        waiting,
        members,
    };
    let second = MemberSnapshot { dynamic: true, ..member("PJSIP/102") };
    let queues = vec![
        queue("sales", vec![caller("1.1", 1), caller("1.2", 2)], vec![member("PJSIP/101"), second]),
        queue("support", vec![], vec![member("PJSIP/101"), member("Local/107@from-queue/n")]),
    ];
    Snapshot { known: true, queues, ..Snapshot::unknown(PbxName::new("pbx"), now) }
}

fn change(floor: &mut Snapshot, queue: usize, interface: &str, change: impl Fn(&mut MemberSnapshot)) {
    let members = floor.queues[queue].members.iter_mut();
    members.filter(|member| member.interface.as_str() == interface).for_each(change);
}

fn kind(act: &Act) -> Result<Plan, &'static str> {
    plan(&floor(), act).map_err(|error| error.kind())
}

fn pause(agent: &str, queue: Option<&str>) -> Act {
    Act::Pause { agent: agent.into(), queue: queue.map(QueueName::new), reason: Some("Lunch".into()) }
}

#[test]
fn a_pause_shows_once_it_is_in_every_queue_with_its_reason() {
    let planned = kind(&pause("pjsip/101", None)).expect("a plan");
    assert_eq!((planned.upon().as_str(), planned.queues().len()), ("PJSIP/101", 2));
    let mut floor = floor();
    assert_eq!(planned.seen(&floor), None);
    let paused = |member: &mut MemberSnapshot| {
        (member.paused, member.paused_reason) = (true, Some("Lunch".into()));
    };
    change(&mut floor, 0, "PJSIP/101", paused);
    assert_eq!(planned.seen(&floor), None, "only one of two queues");
    change(&mut floor, 1, "PJSIP/101", paused);
    assert_eq!(planned.seen(&floor).as_deref(), Some("PJSIP/101 is paused (Lunch) in sales, support."));
    change(&mut floor, 1, "PJSIP/101", |member| member.paused_reason = Some("Break".into()));
    assert_eq!(planned.seen(&floor), None, "another reason is another pause");
    let unpause = plan(&floor, &Act::Unpause { agent: "PJSIP/101".into(), queue: Some("SALES".into()) });
    let unpause = unpause.expect("a plan");
    assert_eq!((unpause.queues(), unpause.seen(&floor)), (vec!["sales".into()], None));
    change(&mut floor, 0, "PJSIP/101", |member| member.paused = false);
    assert!(unpause.seen(&floor).is_some());
}

#[test]
fn who_and_where_has_to_be_on_the_floor() {
    assert_eq!(kind(&pause("PJSIP/10", None)), Err("not-a-member"));
    assert_eq!(kind(&pause("PJSIP/101", Some("vip"))), Err("no-queue"));
    assert_eq!(kind(&pause("PJSIP/102", Some("support"))), Err("not-a-member"));
    let remove = |agent: &str| Act::Remove { queue: "sales".into(), agent: agent.into() };
    assert_eq!(kind(&remove("PJSIP/101")), Err("not-dynamic"));
    assert_eq!(kind(&remove("PJSIP/103")), Err("not-a-member"));
    let planned = kind(&remove("PJSIP/102")).expect("a plan");
    let mut floor = floor();
    assert_eq!(planned.seen(&floor), None);
    floor.queues[0].members.pop();
    assert!(planned.seen(&floor).is_some());
}

#[test]
fn nobody_is_added_through_a_context_that_no_member_uses() {
    let add = |queue: &str, agent: &str| Act::Add {
        queue: queue.into(),
        agent: agent.into(),
        name: None,
        penalty: 0,
        state_interface: None,
    };
    assert_eq!(kind(&add("sales", "PJSIP/101")), Err("already-there"));
    assert_eq!(kind(&add("none", "PJSIP/103")), Err("no-queue"));
    assert_eq!(kind(&add("sales", "Local/0900@from-internal/n")), Err("forbidden"));
    let planned = kind(&add("sales", "Local/108@from-queue/n")).expect("a plan");
    let mut floor = floor();
    assert_eq!(planned.seen(&floor), None);
    let now = Moment::at_millis(0);
    floor.queues[0].members.push(MemberSnapshot::free("Local/108@from-queue/n", "Heidi", now));
    let told = planned.seen(&floor);
    assert_eq!(told.as_deref(), Some("Heidi (Local/108@from-queue/n) is a member of sales."));
}

#[test]
fn a_waiting_caller_is_named_by_the_channel_and_moved_or_gone() {
    let planned = kind(&Act::MoveUp { caller: "1.2".into() }).expect("a plan");
    let Plan::MoveUp { channel_name, .. } = &planned else { panic!("{planned:?}") };
    assert_eq!(channel_name, "PJSIP/trunk-1.2");
    let mut floor = floor();
    assert_eq!(planned.seen(&floor), None);
    floor.queues[0].waiting.reverse();
    assert!(planned.seen(&floor).is_some());
    let withdraw = kind(&Act::Withdraw { caller: "1.1".into(), note: None }).expect("a plan");
    assert!(withdraw.waits(&floor) && withdraw.seen(&floor).is_none());
    floor.queues[0].waiting.clear();
    assert!(!withdraw.waits(&floor) && withdraw.seen(&floor).is_some());
    assert_eq!(kind(&Act::MoveUp { caller: "1.3".into() }), Err("not-waiting"));
}

#[test]
fn only_a_leg_or_a_waiting_caller_of_now_is_hung_up() {
    let by_id = |id: &str| Act::HangUp(Victim::Channel(id.into()));
    assert_eq!(kind(&by_id("1.9")), Err("not-live"));
    assert!(kind(&by_id("1.1")).is_ok(), "a waiting caller");
    let agent = Act::HangUp(Victim::Agent("PJSIP/101".into()));
    assert_eq!(kind(&agent), Err("not-live"));
    let mut busy = floor();
    change(&mut busy, 0, "PJSIP/101", |member| member.legs = vec!["1.4".into()]);
    let planned = plan(&busy, &agent).expect("a plan");
    assert_eq!(planned, Plan::HangUp { channel: "1.4".into(), whose: "PJSIP/101".into() });
    assert!(planned.seen(&busy).is_none() && planned.seen(&floor()).is_some());
    change(&mut busy, 0, "PJSIP/101", |member| member.legs = vec!["1.4".into(), "1.5".into()]);
    assert_eq!(plan(&busy, &agent).map_err(|error| error.kind()), Err("ambiguous"));
    assert!(plan(&busy, &by_id("1.5")).is_ok());
}
