//! The simulated call centre against the appliance: the board is the simulator's own state at every moment, and the
//! history is the calls that it made.

use std::collections::BTreeMap;
use std::sync::Arc;

use asterflow::domain::ids::PbxName;
use asterflow::domain::link::LinkStatus;
use asterflow::domain::live::Floor;
use asterflow::domain::live::snapshot::{BoardState, MemberSnapshot, Snapshot};
use asterflow::domain::time::Moment;
use asterflow::sim::ami::encode::encode;
use asterflow::sim::centre::Centre;
use asterflow::sim::past;
use asterflow::sim::pbx::{Channel, Clockwork, DeviceState, Member, Pbx, State};
use asterflow::sim::plan::{Plan, Size};
use asterflow::sim::rows::Database;
use jiff::tz::TimeZone;
use tokio::sync::watch;

use crate::captures::{Heard, read};
use crate::history::Bench;

/// 2026-11-23 05:00 UTC, a Monday before anybody is at work.
const EARLY: i64 = 1_795_410_000_000;

pub(crate) fn plan(agents: u16) -> Arc<Plan> {
    let size = Size { agents, queues: None, calls_per_hour: None, seed: 11 };
    Arc::new(Plan::new(&size, TimeZone::UTC))
}

/// The queues and members as QueueStatus lists them.
pub(crate) fn listed(state: &State) -> Vec<u8> {
    let mut text = String::new();
    for queue in &state.queues {
        text +=
            &format!("Event: QueueParams\r\nQueue: {}\r\nStrategy: {}\r\n\r\n", queue.name, queue.strategy);
        for member in &queue.members {
            text += &format!(
                "Event: QueueMember\r\nQueue: {}\r\nName: {}\r\nLocation: {}\r\nStateInterface: {2}\r\n\
                 Membership: static\r\nPenalty: {}\r\nStatus: {}\r\nInCall: 0\r\nPaused: 0\r\n\r\n",
                queue.name,
                member.name,
                member.interface,
                member.penalty,
                member.status.spelled().0
            );
        }
    }
    (text + "Event: QueueStatusComplete\r\n\r\n").into_bytes()
}

/// Who is at the other end of a member's bridged leg, by the channels themselves.
fn partner(state: &State, member: &Member) -> Option<String> {
    let mine = |channel: &&Channel| {
        channel.name.rsplit_once('-').is_some_and(|(device, _)| device == &*member.interface)
    };
    let bridges: Vec<_> =
        state.channels.values().filter(mine).filter_map(|leg| Some((leg.id, leg.bridge?))).collect();
    // While a colleague is asked there are two: either is right.
    let [(leg, bridge)] = bridges.as_slice() else { return None };
    let other =
        state.channels.values().find(|channel| channel.bridge == Some(*bridge) && channel.id != *leg)?;
    Some(other.caller.number.to_string())
}

fn check_member(state: &State, member: &Member, shown: &MemberSnapshot, at: &str) {
    let expect = match member.status {
        DeviceState::Unavailable => BoardState::Offline,
        DeviceState::NotInUse if member.paused => BoardState::Paused,
        DeviceState::NotInUse => BoardState::Online,
        DeviceState::InUse | DeviceState::Ringing | DeviceState::OnHold => BoardState::Busy,
    };
    assert_eq!(shown.state, expect, "{} in {} at {at}: {member:?}", member.name, member.queue);
    assert_eq!(shown.paused, member.paused, "{} in {} at {at}", member.name, member.queue);
    if let Some(number) = partner(state, member) {
        let told = shown.partner.as_ref().map(|partner| partner.number.clone());
        assert_eq!(
            told,
            Some(number),
            "{} in {} at {at} talks with somebody else",
            member.name,
            member.queue
        );
    }
}

fn check_floor(state: &State, shown: &Snapshot, at: &str) {
    for queue in &state.queues {
        let section =
            shown.queues.iter().find(|known| known.name.as_str() == &*queue.name).expect("the queue");
        let waiting: Vec<&str> = section.waiting.iter().map(|caller| caller.number.as_str()).collect();
        let expect: Vec<&str> =
            queue.entries.iter().map(|entry| &*state.channels[&entry.channel].caller.number).collect();
        assert_eq!(waiting, expect, "waiting in {} at {at}", queue.name);
        assert_eq!(section.members.len(), queue.members.len(), "members of {} at {at}", queue.name);
        for member in &queue.members {
            let shown = section.members.iter().find(|known| known.interface.as_str() == &*member.interface);
            check_member(state, member, shown.expect("the member"), at);
        }
    }
}

#[test]
fn the_board_is_the_simulators_own_state_all_day_long() {
    let mut centre = Centre::new(plan(40), EARLY, EARLY, Box::new(|_| ()));
    centre.go_live(1.0);
    let Some(Heard::Queues(picture)) = read([listed(centre.state()).as_slice()]).pop() else {
        panic!("a list of queues")
    };
    let mut floor = Floor::new([("PJSIP/201", "Desk 201")]);
    floor.replace(picture, Moment::at_millis(EARLY));
    let (mut told, mut events, mut talks) = (Vec::new(), 0, 0);
    for step in 1..6 * 720 {
        let now = EARLY + step * 5_000;
        centre.advance(now, &mut told);
        let bytes: Vec<u8> = told.iter().flat_map(|one| encode(one, true).bytes.to_vec()).collect();
        events += told.len();
        told.clear();
        let moment = Moment::at_millis(now);
        for heard in read([bytes.as_slice()]) {
            if let Heard::Event(event) = heard {
                let _ = floor.apply(event, moment);
            }
        }
        floor.verify().expect("a floor that holds together");
        let shown = floor.snapshot(&PbxName::new("pbx"), &LinkStatus::connecting(moment), moment);
        check_floor(centre.state(), &shown, &format!("{}", moment.wall));
        talks +=
            shown.queues.iter().flat_map(|queue| &queue.members).filter(|one| one.partner.is_some()).count();
    }
    assert!(events > 20_000 && talks > 10_000, "{events} events, {talks} looks at somebody in a call");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_the_calls_that_were_made_and_goes_on_after_a_second_start() {
    let bench = Bench::start(false).await;
    let plan = plan(12);
    let database =
        || async { Database::connect(&bench.maria.url(&bench.maria.asterisk())).await.expect("connects") };
    for _ in 0..2 {
        let made = watch::Sender::default();
        let made = past::make(Arc::clone(&plan), Some(database().await), 3, made).await.expect("a past");
        drop(made.centre);
        made.writer.expect("a writer").await.expect("writes to the end");
        assert_eq!(made.sent.lost(), 0);
    }
    bench.sync().await;
    let count = "SELECT queuename, SUM(event = 'ENTERQUEUE'), SUM(event = 'CONNECT'), SUM(event = 'ABANDON') \
                 FROM queue_log WHERE callid <> 'NONE' GROUP BY queuename";
    let counted: BTreeMap<String, Vec<String>> = bench
        .maria
        .query(count)
        .await
        .expect("counts")
        .into_iter()
        .filter(|row| row[1] != "0")
        .map(|row| (row[0].clone(), row[1..].to_vec()))
        .collect();
    let shown: BTreeMap<String, Vec<String>> = bench
        .queues_of_all_days()
        .await
        .into_iter()
        .map(|(name, figures)| {
            let numbers = [figures.offered, figures.answered, figures.abandoned];
            (name, numbers.map(|number| number.to_string()).to_vec())
        })
        .collect();
    assert_eq!(shown, counted);
    assert!(shown.len() >= 3, "{shown:?}");
    let starts =
        bench.maria.query("SELECT COUNT(*) FROM queue_log WHERE event = 'QUEUESTART'").await.expect("counts");
    assert_eq!(starts[0][0], "2", "the second start went on after the first");
}
