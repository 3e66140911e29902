use std::sync::Arc;

use super::*;
use crate::domain::live::snapshot::Snapshot;
use crate::views::fixture::{at, picture};

fn figures(answered: u64, no_answer: u64, talk_s: u64, wait_s: u64) -> AgentFigures {
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let mean = (answered > 0).then(|| wait_s as f64 / answered as f64);
    AgentFigures {
        answered,
        no_answer,
        talk_s,
        wait_s,
        average_speed_of_answer_s: mean,
        ..AgentFigures::default()
    }
}

/// The floor of the fixture with figures for Alice, for Dave, and for Zed, who has gone home.
fn floor() -> Picture {
    let mut picture = picture();
    let today = Arc::make_mut(&mut picture.today);
    let alice = AgentFigures { busy: 1, paused_s: 125, ..figures(4, 2, 7500, 40) };
    today.agents = [
        ("Alice".into(), alice),
        ("Dave".into(), figures(1, 0, 59, 10)),
        ("Zed".into(), figures(9, 0, 600, 0)),
    ]
    .into();
    picture
}

fn names(page: &Agents) -> Vec<&str> {
    page.lines.iter().map(|line| line.name.as_str()).collect()
}

#[test]
fn a_line_holds_the_breakdown_the_times_and_what_he_does() {
    let page = agents(&[floor()], Sort::default());
    let alice = page.lines.iter().find(|line| line.name == "Alice").expect("Alice");
    assert_eq!(alice.statuses, Some(Statuses { answered: 4, no_answer: 2, busy: 1, abandoned: 0 }));
    assert_eq!(
        (alice.talk.as_str(), alice.paused.as_str(), alice.speed_of_answer.as_str()),
        ("2 h 05", "0 h 02", "0:10")
    );
    assert_eq!(alice.state, Some((BoardState::Busy, SubState::Talking)));
    let zed = &page.lines[0];
    assert_eq!((zed.name.as_str(), zed.state), ("Zed", Some((BoardState::Offline, SubState::LoggedOut))));
    assert_eq!(page.most, 9);
}

#[test]
fn an_agent_of_two_queues_is_one_line_and_paused_only_if_paused_in_both() {
    let page = agents(&[floor()], Sort::default());
    assert_eq!(names(&page).iter().filter(|name| **name == "Carol").count(), 1);
    let carol = page.lines.iter().find(|line| line.name == "Carol").expect("Carol");
    assert_eq!(carol.state, Some((BoardState::Online, SubState::Free)));
}

#[test]
fn what_is_not_defined_is_a_dash_and_nothing_is_not_unknown() {
    let page = agents(&[floor()], Sort::default());
    let bob = page.lines.iter().find(|line| line.name == "Bob").expect("Bob");
    assert_eq!((bob.statuses, bob.speed_of_answer.as_str()), (Some(Statuses::default()), "–"));
    assert_eq!((bob.talk.as_str(), bob.paused.as_str()), ("0", "0"));
    let mut before = floor();
    before.today = Arc::default();
    let page = agents(&[before], Sort::default());
    assert_eq!((page.lines[0].statuses, page.lines[0].talk.as_str()), (None, "–"));
    assert_eq!((page.totals.answered.as_str(), page.totals.talk.as_str(), page.most), ("–", "–", 0));
}

#[test]
fn before_the_first_picture_of_the_floor_nobody_has_a_state() {
    let mut picture = floor();
    picture.live = Arc::new(Snapshot::unknown("pbx".into(), at(0)));
    let page = agents(&[picture], Sort::default());
    assert_eq!(names(&page), ["Zed", "Alice", "Dave"]);
    assert!(page.lines.iter().all(|line| line.state.is_none()));
}

#[test]
fn a_touch_sorts_and_a_second_turns_the_order_round() {
    let sort = Sort::default().touched(Column::Name);
    assert_eq!(names(&agents(&[floor()], sort)), ["Alice", "Bob", "Carol", "Dave", "Zed"]);
    assert_eq!(names(&agents(&[floor()], sort.touched(Column::Name)))[0], "Zed");
    let talk = sort.touched(Column::Talk);
    assert_eq!(names(&agents(&[floor()], talk))[..3], ["Alice", "Zed", "Dave"]);
    assert_eq!(names(&agents(&[floor()], talk.touched(Column::Talk)))[..2], ["Bob", "Carol"]);
}

#[test]
fn whoever_has_no_figure_comes_last_both_ways_round() {
    let slow = Sort::default().touched(Column::SpeedOfAnswer);
    assert_eq!(names(&agents(&[floor()], slow)), ["Alice", "Dave", "Zed", "Bob", "Carol"]);
    let quick = slow.touched(Column::SpeedOfAnswer);
    assert_eq!(names(&agents(&[floor()], quick)), ["Zed", "Alice", "Dave", "Bob", "Carol"]);
}

#[test]
fn the_room_is_the_sum_of_its_agents_and_its_mean_that_of_its_calls() {
    let totals = agents(&[floor()], Sort::default()).totals;
    assert_eq!((totals.agents, totals.answered.as_str(), totals.no_answer.as_str()), (5, "14", "2"));
    // 8159 s; (40 + 10 + 0) s over 14 calls.
    assert_eq!((totals.talk.as_str(), totals.speed_of_answer.as_str()), ("2 h 16", "0:04"));
}

#[test]
fn agents_of_several_pbxs_are_told_apart() {
    let mut other = floor();
    Arc::make_mut(&mut other.live).pbx = "second".into();
    let page = agents(&[floor(), other], Sort::default().touched(Column::Name));
    assert_eq!((page.lines[0].pbx.as_str(), page.lines[1].pbx.as_str()), ("pbx", "second"));
    assert_eq!(page.totals.agents, 10);
}
