//! What is recorded of the board: the live document of every moment of every recorded call reads back the same, and a busy
//! company takes little room.

use asterflow::domain::alarm::Alarms;
use asterflow::domain::history::figures::Today;
use asterflow::domain::ids::PbxName;
use asterflow::domain::link::LinkStatus;
use asterflow::domain::live::snapshot::Snapshot;
use asterflow::domain::replay::{Player, Recorder, Scene, packed};
use asterflow::domain::time::Moment;
use asterflow::views::api::{LiveInput, live};
use jiff::tz::TimeZone;

use crate::captures::{Heard, all, idle_floor, read};

/// 2026-11-23 08:00 UTC.
const START: i64 = 1_795_420_800_000;

/// The live document of a floor.
fn document(floor: &Snapshot, at: Moment) -> serde_json::Value {
    let (today, alarms, zone) = (Today::default(), Alarms::default(), TimeZone::UTC);
    let database = LinkStatus::connecting(at);
    let input = [LiveInput {
        snapshot: floor,
        today: &today,
        alarms: &alarms,
        database: &database,
        zone: &zone,
        service_level_s: 20,
    }];
    serde_json::to_value(live(&input, at)).expect("JSON")
}

#[test]
fn the_live_document_of_every_moment_of_every_recorded_call_is_read_back() {
    let pbx = PbxName::new("pbx");
    let mut compared = 0;
    for (name, bytes) in all() {
        let at = |step: usize| Moment::at_millis(START + i64::try_from(step).expect("small") * 137);
        let mut floor = idle_floor(at(0));
        let mut recorder = Recorder::default();
        let link = LinkStatus::connecting(at(0));
        let mut shown = vec![floor.snapshot(&pbx, &link, at(0))];
        let mut segment = recorder.begin(Scene::of(&shown[0]), START);
        for (step, heard) in (1..).zip(read([bytes.as_slice()])) {
            match heard {
                Heard::Event(event) => drop(floor.apply(event, at(step))),
                Heard::Queues(picture) => floor.replace(picture, at(step)),
            }
            let now = floor.snapshot(&pbx, &link, at(step));
            recorder.change(Scene::of(&now), at(step).wall.as_millisecond(), &mut segment);
            shown.push(now);
        }
        let mut player = Player::new(segment).expect("a segment");
        for (step, expected) in shown.iter().enumerate() {
            let millis = at(step).wall.as_millisecond() + 60;
            player.go_to(millis).expect("plays");
            let again = player.scene().snapshot(pbx.clone(), millis);
            let now = Moment::at_millis(millis);
            assert_eq!(document(&again, now), document(expected, now), "{name}, step {step}");
            compared += 1;
        }
    }
    assert!(compared > 1_000, "{compared}");
}

#[cfg(feature = "sim")]
#[test]
fn a_busy_day_of_three_hundred_agents_takes_few_megabytes() {
    use asterflow::sim::ami::encode::encode;
    use asterflow::sim::centre::Centre;
    use asterflow::sim::pbx::{Clockwork as _, Pbx as _};

    /// Looked at so often, as the recording does at most.
    const LOOK_MS: i64 = 250;
    const MINUTES: i64 = 20;
    let plan = crate::simulator::plan(300);
    let (early, start) = (START, START + 2 * 3_600_000);
    let mut centre = Centre::new(plan, early, early, Box::new(|_| ()));
    let mut told = Vec::new();
    (early..start).step_by(60_000).for_each(|now| {
        centre.advance(now, &mut told);
    });
    centre.go_live(1.0);
    told.clear();
    let Some(Heard::Queues(picture)) = read([crate::simulator::listed(centre.state()).as_slice()]).pop()
    else {
        panic!("a list of queues")
    };
    let pbx = PbxName::new("pbx");
    let mut floor = asterflow::domain::live::Floor::new([("PJSIP/201", "Desk 201")]);
    floor.replace(picture, Moment::at_millis(start));
    let link = LinkStatus::connecting(Moment::at_millis(start));
    let (mut recorder, mut bytes, mut sizes) = (Recorder::default(), Vec::new(), (0, 0));
    for step in 0..MINUTES * 60_000 / LOOK_MS {
        let now = start + step * LOOK_MS;
        centre.advance(now, &mut told);
        let events: Vec<u8> = told.iter().flat_map(|one| encode(one, true).bytes.to_vec()).collect();
        let quiet = told.is_empty();
        told.clear();
        for heard in read([events.as_slice()]) {
            match heard {
                Heard::Event(event) => drop(floor.apply(event, Moment::at_millis(now))),
                Heard::Queues(picture) => floor.replace(picture, Moment::at_millis(now)),
            }
        }
        floor.handle_timeout(Moment::at_millis(now));
        let is_new_segment = step * LOOK_MS % 600_000 == 0;
        if is_new_segment {
            sizes = (sizes.0 + bytes.len(), sizes.1 + packed(&bytes).len());
        }
        if quiet && !is_new_segment {
            continue;
        }
        let scene = Scene::of(&floor.snapshot(&pbx, &link, Moment::at_millis(now)));
        if is_new_segment {
            bytes = recorder.begin(scene, now);
        } else {
            recorder.change(scene, now, &mut bytes);
        }
    }
    sizes = (sizes.0 + bytes.len(), sizes.1 + packed(&bytes).len());
    let day = |bytes: usize| bytes as f64 * 8.0 * 60.0 / MINUTES as f64 / 1e6;
    eprintln!("a day of 8 hours: {:.1} MB, packed {:.1} MB", day(sizes.0), day(sizes.1));
    assert!(day(sizes.1) > 0.1 && day(sizes.1) < 12.0, "{sizes:?}");
}
