//! One small story for each rule of the fold, at its edge: what is one second, one row or one name off goes the other way.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::tests::{START, fold_at, statuses, story};
use super::*;
use crate::domain::history::row::tests::row;
use crate::domain::history::visit::Status;

/// `callid queue#n outcome wait talk` of every visit, with `own` and `joined` where they are marked.
fn tell(visits: &[Visit]) -> Vec<String> {
    let one = |v: &Visit| {
        let marks = [(v.marks.own, " own"), (v.marks.joined, " joined")];
        let marks: String = marks.iter().filter(|(holds, _)| *holds).map(|(_, word)| *word).collect();
        let outcome = v.outcome.as_str();
        format!("{} {}#{} {outcome} {} {}{marks}", v.callid, v.queue, v.n, v.wait, v.talk())
    };
    visits.iter().map(one).collect()
}

fn check(lines: &[&str], expect: &[&str]) -> Vec<Visit> {
    let visits = fold_at(&story(lines), 3600, &[]).visits;
    assert_eq!(tell(&visits), expect, "{lines:?}");
    visits
}

/// Of one visit each: who has which status, and since when.
fn check_statuses(lines: &[&str], expect: &[(&str, Status, i64)]) {
    let visits = fold_at(&story(lines), 3600, &[]).visits;
    let got: Vec<(&str, Status, i64)> =
        visits[0].statuses.iter().map(|(agent, status, at)| (agent.as_str(), *status, at - START)).collect();
    assert_eq!(got, expect, "{lines:?}");
}

#[test]
fn a_start_of_asterisk_closes_what_began_before_its_second() {
    let rows = story(&["0 c Q1 NONE ENTERQUEUE |5|1"]);
    assert_eq!(tell(&fold_at(&rows, 60, &[0]).visits), ["c Q1#1 open 0 0"]);
    assert_eq!(tell(&fold_at(&rows, 60, &[1]).visits), ["c Q1#1 unresolved 0 0"]);
}

#[test]
fn a_closing_row_takes_an_entry_of_its_own_callid_first_and_none_of_later() {
    check(
        &["0 c Q1 NONE ENTERQUEUE |5|1", "10 d Q1 NONE ENTERQUEUE |5|1", "30 c Q1 NONE ABANDON 1|1|20"],
        &["c Q1#1 abandoned 20 0", "d Q1#1 open 0 0"],
    );
    check(
        &["100 c Q1 NONE ENTERQUEUE |5|1", "50 c Q1 NONE ABANDON 1|1|5"],
        &["c Q1#1 abandoned 5 0 own", "c Q1#2 open 0 0"],
    );
    // Rounded: two seconds early is no later.
    check(&["12 c Q1 NONE ENTERQUEUE |5|1", "10 c Q1 NONE ABANDON 1|1|0"], &["c Q1#1 abandoned 0 0"]);
    // Of two as near the earlier.
    check(
        &["0 c Q1 NONE ENTERQUEUE |5|1", "10 c Q1 NONE ENTERQUEUE |5|1", "20 c Q1 NONE ABANDON 1|1|15"],
        &["c Q1#1 abandoned 15 0", "c Q1#2 open 0 0"],
    );
}

#[test]
fn a_connect_under_another_callid_is_two_seconds_off_at_most() {
    let entry = "20 d Q2 NONE ENTERQUEUE |5|1";
    check(&[entry, "32 c Q2 B CONNECT 10|u|3"], &["d Q2#1 answered 10 0 joined"]);
    check(&[entry, "33 c Q2 B CONNECT 10|u|3"], &["c Q2#1 answered 10 0 own", "d Q2#1 open 0 0"]);
    let loose = |line: &str| fold_at(&story(&[line]), 90, &[]).loose.remove(0);
    let fits = |connect: &str| loose(entry).fits(&loose(connect));
    assert!(fits("32 c Q2 B CONNECT 10|u|3") && !fits("33 c Q2 B CONNECT 10|u|3"));
}

#[test]
fn an_end_row_ends_the_talk_of_its_own_callid_queue_and_agent() {
    let begin = ["0 c Q1 NONE ENTERQUEUE |5|1", "5 c Q1 A CONNECT 5|u|2"];
    let check = |ends: &[&str], expect: &[&str]| check(&[&begin[..], ends].concat(), expect);
    // Nearer, and another's.
    check(
        &["65 c Q1 A COMPLETEAGENT 5|59|1", "70 d Q1 A COMPLETEAGENT 5|65|1"],
        &["c Q1#1 answered 5 59", "d Q1#1 answered 5 65 own"],
    );
    // An announcement between the two rows lengthens the hold.
    check(&["65 c Q1 A COMPLETEAGENT 8|60|1"], &["c Q1#1 answered 5 60"]);
    check(&["65 c Q1 B COMPLETEAGENT 5|60|1"], &["c Q1#1 answered 5 0", "c Q1#2 answered 5 60 own"]);
    check(&["65 c Q2 A COMPLETEAGENT 5|60|1"], &["c Q1#1 answered 5 0", "c Q2#1 answered 5 60 own"]);
}

#[test]
fn an_end_row_without_a_connect_closes_its_own_entry_two_seconds_off_at_most() {
    let lines =
        ["0 c Q1 NONE ENTERQUEUE |5|1", "1 d Q1 NONE ENTERQUEUE |5|1", "71 c Q1 A COMPLETEAGENT 10|60|1"];
    let visits = check(&lines, &["c Q1#1 answered 10 60", "d Q1#1 open 0 0"]);
    assert_eq!(visits[0].statuses[0].2 - START, 11, "answered when the talk began");
    check(
        &["0 c Q1 NONE ENTERQUEUE |5|1", "100 c Q1 A COMPLETEAGENT 10|60|1"],
        &["c Q1#1 open 0 0", "c Q1#2 answered 10 60 own"],
    );
}

#[test]
fn who_enters_again_wherever_is_no_longer_where_he_was_and_nobody_else_is_meant() {
    check(
        &["0 c Q1 NONE ENTERQUEUE |5|1", "50 c Q2 NONE ENTERQUEUE |5|1"],
        &["c Q1#1 unresolved 0 0", "c Q2#1 open 0 0"],
    );
    let visits = check(
        &["0 c Q1 NONE ENTERQUEUE |5|1", "10 d Q1 NONE ENTERQUEUE |5|1"],
        &["c Q1#1 open 0 0", "d Q1#1 open 0 0"],
    );
    assert_eq!(visits[0].review_at, Some(START + OPEN_SECONDS), "looked at again");
}

#[test]
fn how_a_caller_left_is_told_apart() {
    let entry = "0 c Q1 NONE ENTERQUEUE |5|1";
    for (line, expect) in [
        ("9 c Q1 NONE WITHDRAW 1|1|9|why", "c Q1#1 withdrawn 9 0"),
        ("9 c Q1 NONE EXITWITHKEY 2|1|1|9", "c Q1#1 left_by_key 9 0"),
        ("9 c Q1 NONE EXITEMPTY 1|1|9", "c Q1#1 left_empty 9 0"),
        ("9 c Q1 NONE EXITWITHTIMEOUT 1|1|9", "c Q1#1 timed_out 9 0"),
    ] {
        let visits = check(&[entry, "9 c Q1 A SYSCOMPAT ", line], &[expect]);
        assert!(!visits[0].marks.technical, "{line}: only an abandon is technical");
    }
}

/// Whose ring it is: the numbers of A's rings in the first visit and in the second.
fn rings(lines: &[&str]) -> [usize; 2] {
    let visits = fold_at(&story(lines), 3600, &[]).visits;
    [0, 1].map(|at| visits[at].rings.iter().filter(|ring| ring.agent.as_str() == "A").count())
}

#[test]
fn a_ring_belongs_to_the_visit_of_its_time() {
    let one = ["0 c Q1 NONE ENTERQUEUE |5|1", "30 c Q1 NONE EXITWITHTIMEOUT 1|1|30"];
    let rings = |more: &[&str]| rings(&[&one[..], more].concat());
    // It began before he entered again in the second in which it ended.
    let at_once = ["30 c Q1 NONE ENTERQUEUE |5|1", "30 c Q1 NONE ABANDON 1|1|0"];
    assert_eq!(rings(&[&at_once[..], &["30 c Q1 A RINGNOANSWER 15000"]].concat()), [1, 0]);
    // The one still open, not the one whose end is nearer.
    let next = ["30 c Q1 NONE ENTERQUEUE |5|1", "90 c Q1 NONE ABANDON 1|1|60"];
    assert_eq!(rings(&[&next[..], &["31 c Q1 A RINGNOANSWER 0"]].concat()), [0, 1]);
    // Cut seconds: just before an entry is in it.
    let later = ["100 c Q1 NONE ENTERQUEUE |5|1", "400 c Q1 NONE ABANDON 1|1|300"];
    assert_eq!(rings(&[&later[..], &["99 c Q1 A RINGNOANSWER 0"]].concat()), [0, 1]);
    // In none of them: the nearest end.
    let later = ["100 c Q1 NONE ENTERQUEUE |5|1", "130 c Q1 NONE ABANDON 1|1|30"];
    assert_eq!(rings(&[&later[..], &["60 c Q1 A RINGNOANSWER 0"]].concat()), [1, 0]);
    // Of its own callid and queue.
    assert_eq!(rings(&["5 d Q1 NONE ENTERQUEUE |5|1", "20 c Q1 A RINGNOANSWER 0"]), [1, 0]);
    assert_eq!(rings(&["31 c Q2 NONE ENTERQUEUE |5|1", "33 c Q1 A RINGNOANSWER 0"]), [1, 0]);
}

#[test]
fn a_ring_is_as_long_as_its_whole_seconds_and_rang_out_above_a_thousand() {
    for (millis, seconds, status) in
        [(1000, 1, Status::Busy), (1001, 1, Status::NoAnswer), (1999, 1, Status::NoAnswer)]
    {
        let line = format!("10 c Q1 A RINGNOANSWER {millis}");
        let visits = check(&["0 c Q1 NONE ENTERQUEUE |5|1", &line], &["c Q1#1 open 0 0"]);
        let ring = &visits[0].rings[0];
        assert_eq!((ring.end - ring.start, statuses(&visits[0])), (seconds, vec![("A", status)]), "{millis}");
    }
}

#[test]
fn the_first_status_that_fits_since_the_first_such_row() {
    let all = |own: &[&'static str], last: &'static str| -> Vec<&'static str> {
        [&["0 c Q1 NONE ENTERQUEUE |5|1"], own, &[last]].concat()
    };
    let (out, busy, gone) =
        ("15 c Q1 A RINGNOANSWER 15000", "4 c Q1 A RINGNOANSWER 0", "60 c Q1 A RINGCANCELED 900");
    let abandon = "60 c Q1 NONE ABANDON 1|1|60";
    check_statuses(&all(&[out, gone], abandon), &[("A", Status::NoAnswer, 15)]);
    check_statuses(&all(&[busy, gone], abandon), &[("A", Status::Abandoned, 60)]);
    check_statuses(&all(&[busy, out], abandon), &[("A", Status::NoAnswer, 15)]);
    check_statuses(&all(&[busy, gone], "60 c Q1 NONE EXITWITHKEY 2|1|1|60"), &[("A", Status::Busy, 4)]);
    check_statuses(&all(&[out, "40 c Q1 A RINGNOANSWER 15000"], abandon), &[("A", Status::NoAnswer, 15)]);
}

#[test]
fn a_talk_without_an_end_is_bounded_by_what_is_seen_of_him() {
    let begin = ["0 c Q1 NONE ENTERQUEUE |5|1", "5 c Q1 A CONNECT 5|leg|2"];
    let bound = |more: &[&str], clock: i64| {
        let visit = &fold_at(&story(&[&begin[..], more].concat()), clock, &[]).visits[0];
        (visit.talk_bound, visit.marks.missing_end)
    };
    assert_eq!(bound(&["110 d Q2 A CONNECT 10|u|2"], 200), (Some(105), true), "his next");
    assert_eq!(bound(&["110 d Q2 B CONNECT 10|u|2"], 200), (None, false), "another's next");
    let late = format!("{} d Q2 A CONNECT 10|u|2", 5 + TALK_SECONDS + 1);
    assert_eq!(bound(&[&late], TALK_SECONDS + 60), (Some(TALK_SECONDS), true), "four hours at most");
    assert_eq!(bound(&[], 5 + TALK_SECONDS), (None, false), "not before they are over");
    assert_eq!(bound(&[], 5 + TALK_SECONDS + 1), (Some(TALK_SECONDS), true));
}

#[test]
fn the_cdr_ends_a_talk_from_its_answer_on() {
    let rows = story(&["0 c Q1 NONE ENTERQUEUE |5|1", "5 c Q1 A CONNECT 5|leg|2"]);
    let talks = |end: i64| {
        let leg_ends = BTreeMap::from([("leg".to_owned(), START + end)]);
        let (zone, queue_starts) = (&TimeZone::UTC, &[][..]);
        let context = Context { zone, log_clock: START + 90, queue_starts, leg_ends: &leg_ends };
        let visit = fold(&rows, &context).visits.remove(0);
        (visit.talks.len(), visit.marks.missing_end)
    };
    assert_eq!(talks(5), (1, true), "an estimated end is a missing one");
    assert_eq!(talks(4), (0, false), "before the answer it is another part");
}

#[test]
fn legs_are_asked_for_where_an_end_is_missing() {
    let rows = story(&["0 c Q1 NONE ENTERQUEUE |5|1", "5 c Q1 A CONNECT 5|leg|2"]);
    assert!(fold_at(&rows, 90, &[]).endless.is_empty(), "he still talks");
    let asked = fold_at(&rows, TALK_SECONDS + 6, &[]).endless;
    assert_eq!(asked, [Endless { leg: "leg".into(), callid: "c".into(), connected: START + 5 }]);
}

#[test]
fn a_transfer_that_was_seen_is_not_suspected_and_a_plain_local_member_hides_none() {
    let marked = |agent: &str, end: &str| {
        let connect = format!("5 c Q1 {agent} CONNECT 5|u|2");
        let end = format!("65 c Q1 {agent} {end}");
        let visits = fold_at(&story(&["0 c Q1 NONE ENTERQUEUE |5|1", &connect, &end]), 90, &[]).visits;
        visits[0].marks.may_include_transfer
    };
    assert!(marked("Local/101@q/n", "COMPLETEAGENT 5|60|1"));
    assert!(!marked("Local/101@q/n", "BLINDTRANSFER 2|x|5|60|1"));
    assert!(!marked("Local/101@q", "COMPLETEAGENT 5|60|1"));
}

#[test]
fn what_is_marked_is_counted_odd() {
    let lines = [
        "0 c Q1 NONE ENTERQUEUE |5|1",
        "9 d Q1 NONE ABANDON 1|1|9999",
        "10 e Q1 NONE ENTERQUEUE |5|1",
        "15 e Q1 A CONNECT 5|u|2",
    ];
    let odd = fold_at(&story(&lines), OPEN_SECONDS + 1, &[]).oddities;
    let expect = [(Oddity::OwnVisit, 1), (Oddity::Unresolved, 1), (Oddity::MissingEnd, 1)];
    assert_eq!(odd, BTreeMap::from(expect));
}

#[test]
fn of_one_second_the_row_with_the_smaller_id_comes_first() {
    let lines = ["0 c Q1 NONE ENTERQUEUE |first|1", "0 c Q1 NONE ENTERQUEUE |second|1"];
    let (mut rows, numbers) = (story(&lines), |rows: &[LogRow]| {
        fold_at(rows, 60, &[]).visits.iter().map(|visit| visit.number.clone()).collect::<Vec<_>>()
    });
    assert_eq!(numbers(&rows), ["first", "second"]);
    rows[0].id = 9;
    assert_eq!(numbers(&rows), ["second", "first"]);
}

/// In the hour that comes twice another caller's entry would fit better, a wait that is half a minute off.
#[test]
fn each_callid_finds_its_own_place_in_a_repeated_hour() {
    let epoch = "2026-10-25T00:10:00Z".parse::<jiff::Timestamp>().expect("a time").as_second();
    let (own, other) = (format!("{epoch}.1"), format!("{}.2", epoch + 3500));
    let rows = [
        row(1, "2026-10-25 02:10:00", &own, "q", "NONE", "ENTERQUEUE", ""),
        row(2, "2026-10-25 02:15:00", &own, "q", "NONE", "ABANDON", "1|1|330"),
        row(3, "2026-10-25 02:09:30", &other, "q", "NONE", "ENTERQUEUE", ""),
    ];
    let (zone, leg_ends) = (TimeZone::get("Europe/Berlin").expect("a zone"), BTreeMap::new());
    let context = Context { zone: &zone, log_clock: epoch + 9000, queue_starts: &[], leg_ends: &leg_ends };
    let visits = fold(&rows, &context).visits;
    assert_eq!((visits[0].entered, visits[0].closed), (epoch, Some(epoch + 300)));
}
