//! The simulated days hold together: every visit ends once, nobody talks twice at once, the state fits what was told.

mod acts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;

use super::Centre;
use super::agents::Busy;
use crate::sim::pbx::{Clockwork, Command, Happening, Originate, Pbx, Refused, What};
use crate::sim::plan::{Plan, Size};
use crate::sim::rows::Row;

/// 2026-11-23 00:00 UTC, a Monday.
const MONDAY: i64 = 1_795_392_000_000;
const HOUR: i64 = 3_600_000;

type Rows = Arc<Mutex<Vec<Row>>>;

fn centre(agents: u16, start: i64) -> (Centre, Rows) {
    let size = Size { agents, queues: None, calls_per_hour: None, seed: 7 };
    let plan = Arc::new(Plan::new(&size, TimeZone::UTC));
    let rows = Rows::default();
    let sink = Arc::clone(&rows);
    (Centre::new(plan, start, start, Box::new(move |row| sink.lock().expect("rows").push(row))), rows)
}

/// A centre in the middle of a live Monday morning, and what it told on the way there.
fn busy_morning() -> (Centre, Vec<Happening>) {
    let (mut centre, _) = centre(60, MONDAY + 9 * HOUR);
    let mut told = Vec::new();
    centre.advance(MONDAY + 10 * HOUR, &mut told);
    assert!(told.is_empty(), "nobody listened");
    centre.go_live(1.0);
    for minute in 0..30 {
        centre.advance(MONDAY + 10 * HOUR + minute * 60_000, &mut told);
        verify(&centre);
    }
    (centre, told)
}

/// What must hold at every moment.
fn verify(centre: &Centre) {
    let state = centre.state();
    for bridge in state.bridges.values() {
        let inside = state.channels.values().filter(|channel| channel.bridge == Some(bridge.id)).count();
        assert_eq!(inside, bridge.channels as usize, "bridge {}", bridge.uniqueid);
        assert!((1..=2).contains(&inside));
    }
    for queue in &state.queues {
        for entry in &queue.entries {
            assert!(state.channels.contains_key(&entry.channel), "a waiting caller without a channel");
        }
        for member in &queue.members {
            let agent = centre.plan.agents.iter().position(|agent| agent.interface == member.interface);
            let agent = agent.expect("a planned agent");
            let place = centre.agents[agent]
                .places
                .iter()
                .position(|place| centre.plan.queues[place.queue].name == queue.name);
            assert_eq!(*member, centre.member(agent, place.expect("a place")), "in {}", queue.name);
        }
    }
    for (agent, now) in centre.agents.iter().enumerate() {
        let name = &centre.plan.agents[agent].interface;
        let legs =
            state.channels.values().filter(|channel| channel.name.starts_with(&format!("{name}-"))).count();
        match now.busy {
            Busy::Free => assert_eq!(legs, 0, "{name} is free and has {legs} legs"),
            Busy::Ringing(call) => {
                assert!(legs == 1 && centre.calls.contains_key(&call), "{name} rings for nobody")
            }
            Busy::Private(_) => assert_eq!(legs, 1, "{name}"),
            Busy::Talking(_) => assert!((1..=2).contains(&legs), "{name} talks on {legs} legs"),
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_day_and_another_one_another() {
    let day = |agents| {
        let (mut centre, rows) = centre(agents, MONDAY);
        centre.advance(MONDAY + 12 * HOUR, &mut Vec::new());
        Vec::clone(&rows.lock().expect("rows"))
    };
    let first = day(12);
    assert!(first.len() > 500, "{} rows", first.len());
    assert!(first == day(12), "the same seed gave another day");
    assert!(first != day(13));
}

#[test]
fn a_live_morning_is_the_same_whether_it_is_looked_at_often_or_seldom() {
    let rows_of = |step: i64| {
        let (mut centre, rows) = centre(12, MONDAY + 8 * HOUR);
        centre.go_live(1.0);
        let mut at = MONDAY + 8 * HOUR;
        while at < MONDAY + 10 * HOUR {
            at += step;
            centre.advance(at, &mut Vec::new());
        }
        Vec::clone(&rows.lock().expect("rows"))
    };
    assert!(rows_of(200) == rows_of(600_000));
}

#[test]
fn every_visit_ends_at_most_once_and_nearly_all_end() {
    let (mut centre, rows) = centre(60, MONDAY);
    centre.advance(MONDAY + 24 * HOUR, &mut Vec::new());
    let mut open: BTreeMap<(String, String), u32> = BTreeMap::new();
    let (mut entered, mut ended) = (0, 0);
    let mut events: BTreeMap<&str, u32> = BTreeMap::new();
    for row in rows.lock().expect("rows").iter() {
        let Row::Log(row) = row else { continue };
        *events.entry(row.event).or_default() += 1;
        let key = (row.callid.to_string(), row.queue.to_string());
        match row.event {
            "ENTERQUEUE" => {
                entered += 1;
                *open.entry(key).or_default() += 1;
            }
            "CONNECT" | "ABANDON" | "EXITWITHTIMEOUT" | "EXITWITHKEY" => {
                ended += 1;
                let left = open.get_mut(&key).expect("a visit that began");
                assert_eq!(*left, 1, "{key:?} ended twice");
                *left -= 1;
            }
            _ => {}
        }
    }
    assert!(entered > 2_000 && entered - ended < 20, "{entered} entered, {ended} ended");
    let wished = [
        "ADDMEMBER",
        "REMOVEMEMBER",
        "PAUSE",
        "PAUSEALL",
        "UNPAUSE",
        "RINGNOANSWER",
        "RINGCANCELED",
        "COMPLETEAGENT",
        "COMPLETECALLER",
        "BLINDTRANSFER",
        "ATTENDEDTRANSFER",
        "ABANDON",
        "EXITWITHKEY",
        "QUEUESTART",
    ];
    for event in wished {
        assert!(events.contains_key(event), "no {event} on a whole day: {events:?}");
    }
    let abandoned = f64::from(events["ABANDON"]) / f64::from(entered);
    assert!((0.01..0.15).contains(&abandoned), "{:.1} % gave up", abandoned * 100.0);
}

#[test]
fn what_was_told_fits_the_state() {
    let (centre, told) = busy_morning();
    let mut up: BTreeSet<_> = BTreeSet::new();
    let mut kinds = BTreeMap::<String, u32>::new();
    for happening in &told {
        let name = format!("{:?}", happening.what);
        *kinds.entry(name.split(['(', ' ']).next().unwrap_or_default().to_owned()).or_default() += 1;
        match &happening.what {
            What::Newchannel(channel) => assert!(up.insert(channel.uniqueid.clone())),
            What::Hangup(channel, _) => {
                up.remove(&channel.uniqueid);
            }
            _ => {}
        }
    }
    assert!(told.windows(2).all(|pair| pair[0].at <= pair[1].at), "time went back");
    let present: BTreeSet<_> =
        centre.state().channels.values().map(|channel| channel.uniqueid.clone()).collect();
    assert!(up.is_subset(&present), "channels were told and are gone without a word");
    for kind in
        ["AgentCalled", "AgentConnect", "AgentComplete", "Hold", "QueueMemberPause", "QueueCallerAbandon"]
    {
        assert!(kinds.contains_key(kind), "no {kind} in half an hour: {kinds:?}");
    }
    let busy = centre.agents.iter().filter(|agent| agent.busy != Busy::Free).count();
    assert!((12..58).contains(&busy), "{busy} of 60 agents are busy at half past ten");
}

fn listen(phone: &str, target: &str) -> Command {
    Command::Originate(Originate {
        action_id: "a1".into(),
        channel: phone.into(),
        application: "ChanSpy".into(),
        data: format!("{target},qESud").into(),
        channel_id: "own-1".into(),
        caller_id: "\"Ann\" <1001>".into(),
        timeout_ms: 20_000,
    })
}

#[test]
fn supervisors_phones_tell_each_outcome_apart() {
    let (mut centre, _) = busy_morning();
    let target = |centre: &Centre| {
        let talks = centre
            .state()
            .channels
            .values()
            .find(|channel| channel.bridge.is_some() && channel.name.starts_with("PJSIP/10"));
        talks.expect("somebody talks").uniqueid.to_string()
    };
    for (phone, expect) in [
        ("PJSIP/201", "answered 4, listens"),
        ("PJSIP/202", "failed 3"),
        ("PJSIP/203", "hung up 17, failed 0"),
        ("PJSIP/299", "failed 0"),
    ] {
        let wanted = target(&centre);
        centre.command(listen(phone, &wanted)).expect("queued");
        let mut told = Vec::new();
        let mut heard = Vec::new();
        let until = centre.now + 21_000;
        while centre.now < until {
            centre.advance(centre.now + 100, &mut told);
            for happening in told.drain(..) {
                match happening.what {
                    What::OriginateResponse { answered, reason, .. } => {
                        heard.push(format!("{} {reason}", if answered { "answered" } else { "failed" }));
                    }
                    What::ChanSpyStart { spyer, spyee } => {
                        assert_eq!((&*spyer.uniqueid, &*spyee.uniqueid), ("own-1", wanted.as_str()));
                        heard.push("listens".into());
                        centre
                            .command(Command::Hangup { channel: "own-1".into(), cause: 16 })
                            .expect("hung up");
                    }
                    What::Hangup(channel, cause) if *channel.uniqueid == *"own-1" && cause == 17 => {
                        heard.push(format!("hung up {cause}"));
                    }
                    _ => {}
                }
            }
        }
        assert_eq!(heard.join(", "), expect, "{phone}");
        assert!(centre.spies.is_empty(), "{phone} still listens");
    }
}

#[test]
fn commands_do_what_they_say_or_are_refused_in_asterisks_words() {
    let (mut centre, _) = busy_morning();
    let member = |centre: &Centre| {
        let mut members = centre.state().queues.iter().flat_map(|queue| &queue.members);
        members.find(|member| !member.is_dynamic && !member.paused).expect("a member").clone()
    };
    let one = member(&centre);
    let pause = |paused| Command::QueuePause {
        interface: one.interface.clone(),
        queue: None,
        paused,
        reason: "Lunch".into(),
    };
    centre.command(pause(true)).expect("paused");
    verify(&centre);
    let paused = centre.state().queues.iter().flat_map(|queue| &queue.members);
    assert!(paused.filter(|member| member.interface == one.interface).all(|member| member.paused));
    centre.command(pause(false)).expect("back");
    let remove = Command::QueueRemove { queue: one.queue.clone(), interface: one.interface.clone() };
    assert_eq!(centre.command(remove), Err(Refused::NotDynamic));
    let penalty = |queue: &str, penalty| Command::QueuePenalty {
        interface: one.interface.clone(),
        queue: Some(queue.into()),
        penalty,
    };
    centre.command(penalty(&one.queue, 7)).expect("changed");
    assert_eq!(centre.command(penalty("none", 7)), Err(Refused::InvalidPenalty));
    verify(&centre);
    let gone = Command::Hangup { channel: "1.1".into(), cause: 16 };
    assert_eq!(centre.command(gone), Err(Refused::NoSuchChannel));
    let talking =
        centre.calls.iter().find(|(_, call)| matches!(call.phase, super::callers::Phase::Talking(_)));
    let (caller, callid) = talking.map(|(id, call)| (*id, call.callid.clone())).expect("a talk");
    centre.command(Command::Hangup { channel: callid, cause: 16 }).expect("hung up");
    assert!(!centre.state().channels.contains_key(&caller));
    verify(&centre);
}

#[test]
fn a_restart_leaves_no_call_and_the_day_goes_on() {
    let (mut centre, _) = busy_morning();
    let mut told = Vec::new();
    let now = centre.now;
    centre.restart(now, &mut told);
    assert!(centre.state().channels.is_empty() && centre.calls.is_empty());
    let mut told = Vec::new();
    centre.advance(now + 600_000, &mut told);
    verify(&centre);
    assert!(told.iter().any(|happening| matches!(happening.what, What::AgentConnect { .. })));
}

#[test]
fn a_history_goes_on_with_calls_under_way_that_leave_no_row() {
    let size = Size { agents: 60, queues: None, calls_per_hour: None, seed: 7 };
    let plan = Arc::new(Plan::new(&size, TimeZone::UTC));
    let rows = Rows::default();
    let sink = Arc::clone(&rows);
    let from = MONDAY + 10 * HOUR;
    let mut centre =
        Centre::new(plan, from - HOUR, from, Box::new(move |row| sink.lock().expect("rows").push(row)));
    centre.advance(from, &mut Vec::new());
    let under_way: BTreeSet<String> = centre.calls.values().map(|call| call.callid.to_string()).collect();
    assert!(under_way.len() > 5, "{} calls are under way", under_way.len());
    centre.advance(from + HOUR, &mut Vec::new());
    let rows = rows.lock().expect("rows");
    assert!(matches!(&rows[0], Row::Log(row) if row.event == "QUEUESTART" && row.at == from));
    assert!(rows.len() > 500, "{} rows in an hour", rows.len());
    for row in rows.iter() {
        let callid = match row {
            Row::Log(row) => row.callid.to_string(),
            Row::Cdr(row) => row.uniqueid.to_string(),
        };
        assert!(!under_way.contains(&callid), "a row of a call that began before: {row:?}");
    }
}
