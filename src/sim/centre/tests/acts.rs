//! What supervisors do to members and waiting callers.

use std::sync::Arc;

use super::{busy_morning, verify};
use crate::sim::centre::Centre;
use crate::sim::pbx::{Clockwork as _, Command, Pbx as _, Refused};

#[test]
fn a_pause_ends_in_one_queue_and_a_dynamic_member_can_leave_the_last_one() {
    let (mut centre, _) = busy_morning();
    let seats = |centre: &Centre, interface: &str| -> Vec<crate::sim::pbx::Member> {
        let members = centre.state().queues.iter().flat_map(|queue| &queue.members);
        members.filter(|member| &*member.interface == interface).cloned().collect()
    };
    let all = centre.state().queues.iter().flat_map(|queue| &queue.members);
    let several =
        all.clone().find(|one| seats(&centre, &one.interface).len() > 1).expect("two queues").clone();
    let pause = |queue: Option<&Arc<str>>, paused| Command::QueuePause {
        interface: several.interface.clone(),
        queue: queue.cloned(),
        paused,
        reason: "Lunch".into(),
    };
    centre.command(pause(None, true)).expect("paused");
    centre.command(pause(Some(&several.queue), false)).expect("back in one");
    let paused = seats(&centre, &several.interface);
    assert!(paused.iter().all(|seat| seat.paused == (seat.queue != several.queue)), "{paused:?}");
    verify(&centre);
    let all = centre.state().queues.iter().flat_map(|queue| &queue.members);
    let dynamic = all.clone().find(|member| member.is_dynamic).expect("a dynamic one").interface.clone();
    for seat in seats(&centre, &dynamic) {
        let (queue, interface) = (seat.queue, seat.interface);
        centre.command(Command::QueueRemove { queue, interface }).expect("removed");
    }
    assert!(seats(&centre, &dynamic).is_empty());
    let hour = centre.now + 3_600_000;
    centre.advance(hour, &mut Vec::new());
    verify(&centre);
    let queue = several.queue;
    let add = |name: Arc<str>| Command::QueueAdd {
        queue: name,
        interface: dynamic.clone(),
        name: "".into(),
        penalty: 1,
        paused: false,
    };
    centre.command(add(queue.clone())).expect("added");
    assert_eq!(centre.command(add(queue)), Err(Refused::AlreadyThere));
    verify(&centre);
}

#[test]
fn a_caller_moves_up_by_the_channels_name_and_is_withdrawn() {
    let (mut centre, _) = busy_morning();
    let mut line = None;
    for _ in 0..600 {
        line = centre
            .state()
            .queues
            .iter()
            .find(|queue| queue.entries.len() > 1)
            .map(|queue| queue.name.clone());
        if line.is_some() {
            break;
        }
        let next = centre.now + 1_000;
        centre.advance(next, &mut Vec::new());
    }
    let queue = line.expect("two wait");
    let last = |centre: &Centre| {
        let entry = centre.state().queue(&queue).expect("a queue").entries.last().expect("waits").channel;
        centre.state().channels[&entry].clone()
    };
    let who = last(&centre);
    let up = |caller: Arc<str>| Command::QueueChangePriority {
        queue: queue.clone(),
        caller,
        priority: 1,
        immediate: true,
    };
    assert_eq!(centre.command(up(who.uniqueid.clone())), Err(Refused::NoCallerOfPriority));
    centre.command(up(who.name.clone())).expect("moved");
    assert_eq!(centre.state().queue(&queue).expect("a queue").entries[0].channel, who.id);
    let out = Command::QueueWithdrawCaller { queue: queue.clone(), caller: who.name, info: "".into() };
    centre.command(out.clone()).expect("withdrawn");
    assert!(
        centre.state().queue(&queue).expect("a queue").entries.iter().all(|entry| entry.channel != who.id)
    );
    assert_eq!(centre.command(out), Err(Refused::NoSuchCaller));
    verify(&centre);
}
