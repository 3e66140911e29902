//! The floor against whole days of the simulated call centre: what events alone keep is what lists say, and a list over
//! any floor gives what it gives over an empty one.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::super::encode::encode;
use super::super::lists;
use super::super::request::Request;
use crate::domain::ids::PbxName;
use crate::domain::link::LinkStatus;
use crate::domain::live::Floor;
use crate::domain::live::corrected::corrections;
use crate::domain::live::event::{Event, Picture};
use crate::domain::live::snapshot::Snapshot;
use crate::domain::time::Moment;
use crate::pbx::ami::event::decode;
use crate::pbx::ami::fields::Fields;
use crate::pbx::ami::frame::Decoder;
use crate::sim::centre::Centre;
use crate::sim::pbx::{Clockwork, Millis, Pbx};
use crate::sim::plan::{Plan, Size};

/// 2026-11-23 09:00 UTC, a Monday.
const MORNING: Millis = 1_795_392_000_000 + 9 * 3_600_000;

/// A busy centre of 40 agents, live.
fn centre(seed: u64) -> Centre {
    let size = Size { agents: 40, queues: Some(5), calls_per_hour: Some(900), seed };
    let plan = Arc::new(Plan::new(&size, TimeZone::UTC));
    let mut centre = Centre::new(plan, MORNING, MORNING, Box::new(|_| ()));
    centre.advance(MORNING + 1_800_000, &mut Vec::new());
    centre.go_live(1.0);
    centre
}

/// What happens up to `now`, as a client reads it.
fn heard(centre: &mut Centre, now: Millis) -> Vec<Event> {
    let mut told = Vec::new();
    centre.advance(now, &mut told);
    let mut decoder = Decoder::default();
    told.iter().for_each(|happening| decoder.push(&encode(happening, true).bytes));
    let mut events = Vec::new();
    while let Some(frame) = decoder.next_frame().expect("frames") {
        events.extend(decode(&frame));
    }
    events
}

fn picture(centre: &Centre, now: Millis) -> Picture {
    let mut decoder = Decoder::default();
    decoder.push(&lists::channels(centre.state(), "1", now));
    decoder.push(&lists::queues(centre.state(), &Request::default(), "2", now));
    let mut picture = Picture { channels: Some(Vec::new()), ..Picture::default() };
    while let Some(frame) = decoder.next_frame().expect("frames") {
        let fields = Fields::new(&frame);
        match frame.event() {
            Some(b"CoreShowChannel") => {
                picture.channels.get_or_insert_default().push(fields.listed_channel())
            }
            Some(b"QueueParams") => picture.queues.push(fields.queue()),
            Some(b"QueueMember") => picture.members.push(fields.member()),
            Some(b"QueueEntry") => picture.entries.push(fields.entry()),
            _ => {}
        }
    }
    picture
}

fn shown(floor: &Floor, now: Moment) -> Snapshot {
    floor.snapshot(&PbxName::new("pbx"), &LinkStatus::connecting(now), now)
}

fn check_equal(one: &Floor, other: &Floor, now: Moment, why: &str) {
    let found = corrections(&shown(one, now), &shown(other, now));
    assert!(found.is_empty(), "{why}: {found:#?}");
}

#[test]
fn a_resync_corrects_nothing_in_hours_of_calls() {
    let (mut centre, mut now) = (centre(11), MORNING + 1_800_000);
    let mut floor = Floor::new([]);
    floor.replace(picture(&centre, now), Moment::at_millis(now));
    // Steps that are no multiple of anything, so that pictures fall into every stage of a call.
    for step in 0..1_500 {
        now += 1_737;
        let moment = Moment::at_millis(now);
        for event in heard(&mut centre, now) {
            floor.apply(event, moment);
            floor.verify().expect("it holds");
        }
        let mut fresh = floor.clone();
        fresh.replace(picture(&centre, now), moment);
        fresh.verify().expect("it holds");
        check_equal(&floor, &fresh, moment, &format!("step {step}"));
    }
}

#[test]
fn after_any_loss_a_picture_is_what_a_new_floor_makes_of_it() {
    for seed in 1..6 {
        let (mut centre, mut now) = (centre(seed), MORNING + 1_800_000);
        let mut floor = Floor::new([]);
        floor.replace(picture(&centre, now), Moment::at_millis(now));
        let mut dice = fastrand::Rng::with_seed(seed);
        for step in 0..60 {
            now += dice.i64(200..20_000);
            let moment = Moment::at_millis(now);
            let lost = dice.f64();
            for event in heard(&mut centre, now).into_iter().filter(|_| dice.f64() >= lost) {
                floor.apply(event, moment);
            }
            floor.distrust();
            floor.replace(picture(&centre, now), moment);
            let mut fresh = Floor::new([]);
            fresh.replace(picture(&centre, now), moment);
            check_equal(&floor, &fresh, moment, &format!("seed {seed}, step {step}, lost {lost:.2}"));
        }
    }
}
