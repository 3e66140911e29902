use super::*;
use crate::domain::history::fixture::{captured_rows, whole};
use crate::domain::history::visit::{Marks, Talk};
use crate::domain::ids::QueueName;

const NINE: i64 = 1_795_338_000; // 2026-11-22 09:00:00 UTC

fn visit(entered: i64, talk: (i64, i64)) -> Visit {
    let agent = AgentName::new("A");
    let talk = Talk { agent: agent.clone(), start: talk.0, end: talk.1, transfer: None, estimated: false };
    Visit {
        callid: "c".into(),
        queue: QueueName::new("Sales"),
        n: 1,
        number: Default::default(),
        entered,
        outcome: Outcome::Answered,
        wait: 5,
        closed: Some(entered + 5),
        agent: Some(agent.clone()),
        talk_bound: None,
        statuses: vec![(agent, Status::Answered, entered + 5)],
        rings: Vec::new(),
        talks: vec![talk],
        marks: Marks::default(),
        review_at: None,
    }
}

#[test]
fn trap_16_talk_is_split_by_the_clock_and_volume_is_not() {
    let entered = NINE + 50 * 60 - 5;
    let mut given = Contributions::default();
    given.add_visit(&TimeZone::UTC, &visit(entered, (NINE + 3000, NINE + 4500)));
    let cells = given.minus(&Contributions::default());
    let at = |agent: &str, start: i64, measure: Measure| {
        let subject = Subject { queue: "sales".into(), agent: agent.into() };
        cells.get(&(subject, Hour { start, seconds: 3600 })).map_or(0, |cell| cell.get(measure))
    };
    assert_eq!(at("A", NINE, Measure::Talk), 600);
    assert_eq!(at("A", NINE + 3600, Measure::Talk), 900);
    assert_eq!(at("", NINE, Measure::Outcome(Outcome::Answered)), 1);
    assert_eq!(at("", NINE + 3600, Measure::Outcome(Outcome::Answered)), 0);
    assert_eq!(at("", NINE, Measure::TalkWhole), 1500);
}

#[test]
fn what_was_given_and_taken_back_leaves_nothing() {
    let mut given = Contributions::default();
    let mut before = Contributions::default();
    for target in [&mut given, &mut before] {
        target.add_visit(&TimeZone::UTC, &visit(NINE, (NINE + 5, NINE + 99)));
    }
    assert!(given.minus(&before).is_empty());
}

#[test]
fn no_cell_of_the_captured_calls_is_negative_or_longer_than_its_hour() {
    for ((subject, hour), cell) in whole(&captured_rows()).cells {
        assert!(!cell.is_negative(), "{subject:?}");
        assert!(cell.get(Measure::Talk) <= hour.seconds, "{subject:?}");
    }
}

#[test]
fn a_cell_comes_back_from_its_bytes() {
    for cell in whole(&captured_rows()).cells.values() {
        let bytes = postcard::to_stdvec(cell).expect("packs");
        assert_eq!(&postcard::from_bytes::<Cell>(&bytes).expect("unpacks"), cell);
    }
}
