//! Written scenarios: the traps, and which row belongs to what.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::*;
use crate::domain::history::event::TransferKind;
use crate::domain::history::row::tests::row;
use crate::domain::history::visit::{Outcome, Status};

/// Rows of one written scenario: `seconds callid queue agent EVENT data`, from 2026-11-22 09:00:00 UTC.
pub(super) fn story(lines: &[&str]) -> Vec<LogRow> {
    let start = crate::domain::history::time_text::parse_local("2026-11-22 09:00:00").expect("a time");
    lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let mut words = line.splitn(6, ' ');
            let mut next = || words.next().unwrap_or("").to_owned();
            let seconds: i64 = next().parse().expect("seconds");
            let local = start.checked_add(jiff::SignedDuration::from_secs(seconds)).expect("a time");
            let (callid, queue, agent, event, data) = (next(), next(), next(), next(), next());
            row(
                i64::try_from(at).unwrap_or(0) + 1,
                &local.to_string(),
                &callid,
                &queue,
                &agent,
                &event,
                &data,
            )
        })
        .collect()
}

/// Seconds from 2026-11-22 09:00:00 UTC to the epoch's count.
pub(super) const START: i64 = 1_795_338_000;

pub(super) fn fold_at(rows: &[LogRow], log_clock: i64, queue_starts: &[i64]) -> Folded {
    let starts: Vec<i64> = queue_starts.iter().map(|at| START + at).collect();
    let leg_ends = BTreeMap::new();
    fold(
        rows,
        &Context {
            zone: &TimeZone::UTC,
            log_clock: START + log_clock,
            queue_starts: &starts,
            leg_ends: &leg_ends,
        },
    )
}

/// `queue#n outcome wait talk` of every visit.
fn check(lines: &[&str], expect: &[&str]) -> Vec<Visit> {
    let visits = fold_at(&story(lines), 3600, &[]).visits;
    let got: Vec<String> = visits
        .iter()
        .map(|v| format!("{}#{} {} {} {}", v.queue, v.n, v.outcome.as_str(), v.wait, v.talk()))
        .collect();
    assert_eq!(got, expect);
    visits
}

pub(super) fn statuses(visit: &Visit) -> Vec<(&str, Status)> {
    visit.statuses.iter().map(|(agent, status, _)| (agent.as_str(), *status)).collect()
}

#[test]
fn trap_1_a_timeout_is_no_abandon() {
    check(&["0 c Q1 NONE ENTERQUEUE |5|1", "60 c Q1 NONE EXITWITHTIMEOUT 1|1|60"], &["Q1#1 timed_out 60 0"]);
}

#[test]
fn trap_2_an_overflow_is_two_visits_and_one_call() {
    let visits = check(
        &[
            "0 c Q1 NONE ENTERQUEUE |5|1",
            "30 c Q1 NONE EXITWITHTIMEOUT 1|1|30",
            "31 c Q2 NONE ENTERQUEUE |5|1",
            "40 c Q2 A CONNECT 9|u|2",
        ],
        &["Q1#1 timed_out 30 0", "Q2#1 answered 9 0"],
    );
    let (call, lost_after) = crate::domain::history::query::as_call(&visits).expect("a call");
    assert_eq!(
        (call.outcome, call.wait, call.queue.as_str(), lost_after),
        (Outcome::Answered, 39, "Q1", false)
    );
}

#[test]
fn trap_4_the_members_that_rang_out_in_an_answered_visit() {
    let visits = check(
        &[
            "0 c Q1 NONE ENTERQUEUE |5|1",
            "15 c Q1 A RINGNOANSWER 15000",
            "15 c Q1 B RINGNOANSWER 15000",
            "15 c Q1 C RINGNOANSWER 15000",
            "20 c Q1 C CONNECT 20|u|5",
        ],
        &["Q1#1 answered 20 0"],
    );
    let expect = vec![("A", Status::NoAnswer), ("B", Status::NoAnswer), ("C", Status::Answered)];
    assert_eq!(statuses(&visits[0]), expect);
    assert_eq!(visits[0].rings.len(), 4);
}

#[test]
fn trap_5_a_busy_phone_is_one_status_and_many_attempts() {
    let visits = check(
        &[
            "0 c Q1 NONE ENTERQUEUE |5|1",
            "0 c Q1 A RINGNOANSWER 0",
            "5 c Q1 A RINGNOANSWER 1000",
            "10 c Q1 A RINGNOANSWER 0",
            "15 c Q1 A RINGNOANSWER 0",
            "16 c Q1 NONE EXITEMPTY 1|1|16",
        ],
        &["Q1#1 left_empty 16 0"],
    );
    assert_eq!(statuses(&visits[0]), vec![("A", Status::Busy)]);
    assert_eq!(visits[0].rings.len(), 4);
}

#[test]
fn trap_6_a_dumped_caller_is_still_waiting() {
    let visits = check(
        &[
            "0 c Q1 NONE ENTERQUEUE |5|1",
            "8 c Q1 A AGENTDUMP ",
            "16 c Q1 B AGENTDUMP ",
            "25 c Q1 A CONNECT 25|u|2",
            "85 c Q1 A COMPLETEAGENT 25|60|1",
        ],
        &["Q1#1 answered 25 60"],
    );
    assert_eq!(statuses(&visits[0]), vec![("A", Status::Answered)]);
}

#[test]
fn trap_7_syscompat_and_abandon_are_one_technical_abandon() {
    let visits = check(
        &["0 c Q1 NONE ENTERQUEUE |5|1", "7 c Q1 A SYSCOMPAT ", "7 c Q1 A ABANDON 1|1|7"],
        &["Q1#1 abandoned 7 0"],
    );
    assert!(visits[0].marks.technical);
}

#[test]
fn trap_8_an_abandon_with_an_agent() {
    let visits =
        check(&["0 c Q1 NONE ENTERQUEUE |5|1", "12 c Q1 A ABANDON 1|1|12"], &["Q1#1 abandoned 12 0"]);
    assert_eq!(statuses(&visits[0]), vec![("A", Status::Abandoned)]);
}

#[test]
fn trap_13_a_transfer_ends_the_agents_talk() {
    let visits = check(
        &["0 c Q1 NONE ENTERQUEUE |5|1", "5 c Q1 A CONNECT 5|u|2", "45 c Q1 A BLINDTRANSFER 200|ctx|5|40|1"],
        &["Q1#1 answered 5 40"],
    );
    assert_eq!(visits[0].review_at, None);
}

#[test]
fn trap_14_behind_a_local_member_the_talk_may_include_a_transfer() {
    let visits = check(
        &[
            "0 c Q1 NONE ENTERQUEUE |5|1",
            "5 c Q1 Local/101@from-queue/n CONNECT 5|u|2",
            "1045 c Q1 Local/101@from-queue/n COMPLETECALLER 5|1040|1",
        ],
        &["Q1#1 answered 5 1040"],
    );
    assert!(visits[0].marks.may_include_transfer);
}

#[test]
fn trap_15_a_missing_end_sums_nothing_and_shows_a_bound() {
    let rows = story(&["0 c Q1 NONE ENTERQUEUE |5|1", "5 c Q1 A CONNECT 5|leg|2"]);
    let running = &fold_at(&rows, 60, &[]).visits[0];
    assert_eq!((running.talk(), running.talk_bound, running.marks.missing_end), (0, None, false));
    assert_eq!(running.review_at, Some(START + 5 + TALK_SECONDS));
    let restarted = &fold_at(&rows, 3600, &[1205]).visits[0];
    assert_eq!((restarted.talk(), restarted.talk_bound, restarted.marks.missing_end), (0, Some(1200), true));
    let endless = &fold_at(&rows, 5 * 3600, &[]).visits[0];
    assert_eq!((endless.talk_bound, endless.review_at), (Some(TALK_SECONDS), None));
    let leg_ends = BTreeMap::from([("leg".to_owned(), START + 65)]);
    let context =
        Context { zone: &TimeZone::UTC, log_clock: START + 90, queue_starts: &[], leg_ends: &leg_ends };
    let by_cdr = &fold(&rows, &context).visits[0];
    assert_eq!((by_cdr.talk(), by_cdr.talks[0].estimated), (60, true));
}

#[test]
fn trap_18_the_wait_is_the_logged_one() {
    check(&["0 c Q1 NONE ENTERQUEUE |5|1", "3 c Q1 A CONNECT 4|u|2"], &["Q1#1 answered 4 0"]);
}

#[test]
fn rows_of_one_second_are_told_apart_by_what_they_log() {
    check(
        &[
            "30 c Q1 NONE ENTERQUEUE |5|1",
            "30 c Q1 NONE EXITWITHTIMEOUT 1|1|30",
            "39 c Q1 A CONNECT 9|u|2",
            "0 c Q1 NONE ENTERQUEUE |5|1",
        ],
        &["Q1#1 timed_out 30 0", "Q1#2 answered 9 0"],
    );
}

#[test]
fn an_entry_without_an_end_is_open_then_unresolved() {
    let entry = story(&["0 c Q1 NONE ENTERQUEUE |5|1"]);
    let outcome = |clock, starts: &[i64]| fold_at(&entry, clock, starts).visits[0].outcome;
    assert_eq!(outcome(60, &[]), Outcome::Open);
    assert_eq!(outcome(OPEN_SECONDS, &[]), Outcome::Open);
    assert_eq!(outcome(OPEN_SECONDS + 1, &[]), Outcome::Unresolved);
    assert_eq!(outcome(60, &[30]), Outcome::Unresolved);
    check(
        &["0 c Q1 NONE ENTERQUEUE |5|1", "31 c Q1 NONE ENTERQUEUE |5|1", "40 c Q1 A CONNECT 9|u|2"],
        &["Q1#1 unresolved 0 0", "Q1#2 answered 9 0"],
    );
}

#[test]
fn a_late_end_wins_over_unresolved() {
    let rows = story(&["0 c Q1 NONE ENTERQUEUE |5|1", "46800 c Q1 NONE ABANDON 1|1|46800"]);
    assert_eq!(fold_at(&rows, 50_000, &[30]).visits[0].outcome, Outcome::Abandoned);
}

#[test]
fn an_attended_transfer_into_another_queue_joins_two_callids() {
    let visits = check(
        &[
            "0 c1 Q1 NONE ENTERQUEUE |5|1",
            "5 c1 Q1 A CONNECT 5|u1|2",
            "20 c2 Q2 NONE ENTERQUEUE |101|1",
            "25 c1 Q1 A ATTENDEDTRANSFER BRIDGE|b|5|20|1",
            "31 c1 Q2 B CONNECT 10|u2|3",
            "61 c1 Q2 B COMPLETECALLER 10|30|1",
        ],
        &["Q1#1 answered 5 20", "Q2#1 answered 10 30"],
    );
    assert_eq!((visits[1].callid.as_str(), visits[1].marks.joined), ("c2", true));
}

/// As seen on Asterisk 16 and 22: the transfer is logged before or after the channels are exchanged, under `c` or `d`.
#[test]
fn a_transfer_logged_under_the_consulting_callid_ends_the_first_talk() {
    for logged_as in ["c", "d"] {
        let transfer = format!("3 {logged_as} Q1 A ATTENDEDTRANSFER APP|Queue|1|2|1");
        let lines = [
            "0 c Q1 NONE ENTERQUEUE |5|1",
            "1 c Q1 A CONNECT 1|u|0",
            "2 d Q2 NONE ENTERQUEUE |101|1",
            &transfer,
            "4 c Q2 B CONNECT 2|v|2",
            "6 c Q2 B COMPLETECALLER 2|2|1",
        ];
        let visits = check(&lines, &["Q1#1 answered 1 2", "Q2#1 answered 2 2"]);
        assert_eq!(visits[0].talks[0].transfer, Some(TransferKind::Attended), "{logged_as}");
        assert_eq!((visits[1].callid.as_str(), visits[1].marks.joined), ("d", true), "{logged_as}");
    }
}

#[test]
fn what_a_callid_leaves_loose_fits_what_another_lacks() {
    let all = story(&[
        "20 c2 Q2 NONE ENTERQUEUE |101|1",
        "31 c1 q2 B CONNECT 10|u2|3",
        "61 c3 Q2 B COMPLETECALLER 10|30|1",
    ]);
    let alone: Vec<Vec<Loose>> = all.chunks(1).map(|rows| fold_at(rows, 90, &[]).loose).collect();
    assert!(alone[0].iter().any(|a| alone[1].iter().any(|b| a.fits(b) && b.fits(a))));
    assert!(alone[1].iter().any(|a| alone[2].iter().any(|b| a.fits(b) && b.fits(a))));
    assert!(fold_at(&all, 90, &[]).loose.is_empty());
}

/// The consulting callid has the entry and the end, the caller's the CONNECT: alone the first looks whole.
#[test]
fn an_entry_that_an_end_row_closed_still_lacks_its_connect() {
    let all = story(&[
        "20 d Q2 NONE ENTERQUEUE |101|1",
        "61 d Q2 B COMPLETECALLER 10|30|1",
        "31 c Q2 B CONNECT 10|u2|3",
    ]);
    let (asking, caller) = (fold_at(&all[..2], 90, &[]).loose, fold_at(&all[2..], 90, &[]).loose);
    assert!(asking.iter().any(|a| caller.iter().any(|b| a.fits(b))));
    let visits = fold_at(&all, 90, &[]).visits;
    assert_eq!((visits.len(), visits[0].wait, visits[0].talk(), visits[0].marks.joined), (1, 10, 30, true));
}

#[test]
fn who_entered_again_rings_in_the_stay_that_lasts() {
    let visits = check(
        &[
            "0 c Q1 NONE ENTERQUEUE |5|1",
            "31 c Q1 NONE ENTERQUEUE |5|1",
            "50 c Q1 A RINGNOANSWER 15000",
            "60 c Q1 B CONNECT 29|u|2",
        ],
        &["Q1#1 unresolved 0 0", "Q1#2 answered 29 0"],
    );
    assert_eq!(statuses(&visits[0]), vec![]);
    assert_eq!(statuses(&visits[1]), vec![("A", Status::NoAnswer), ("B", Status::Answered)]);
}

#[test]
fn rows_without_an_entry_make_visits_of_their_own() {
    let visits = check(
        &["20 c Q1 NONE ABANDON 1|1|15", "90 d Q2 A COMPLETEAGENT 10|60|1"],
        &["Q1#1 abandoned 15 0", "Q2#1 answered 10 60"],
    );
    assert!(visits.iter().all(|visit| visit.marks.own));
    assert_eq!((visits[0].entered - START, visits[1].entered - START), (5, 20));
}

#[test]
fn an_end_row_whose_connect_is_missing_closes_its_entry() {
    let visits =
        check(&["0 c Q1 NONE ENTERQUEUE |5|1", "70 c Q1 A COMPLETEAGENT 10|60|1"], &["Q1#1 answered 10 60"]);
    assert!(!visits[0].marks.own);
}

#[test]
fn queues_are_the_same_without_regard_to_case() {
    check(&["0 c Sales NONE ENTERQUEUE |5|1", "9 c SALES NONE ABANDON 1|1|9"], &["Sales#1 abandoned 9 0"]);
}

#[test]
fn the_result_is_counted_odd_where_it_is() {
    let folded =
        fold_at(&story(&["5 c Q1 A RINGNOANSWER 5000", "6 c Q1 A HOLD ", "7 c Q1 A ABANDON x"]), 9, &[]);
    let expect = [(Oddity::UnknownEvent, 1), (Oddity::BadNumber, 1), (Oddity::RingWithoutVisit, 1)];
    assert_eq!(folded.oddities, BTreeMap::from(expect));
}

#[test]
fn the_repeated_hour_of_berlin_is_folded_by_the_callids_epoch() {
    let epoch = "2026-10-25T00:55:00Z".parse::<jiff::Timestamp>().expect("a time").as_second();
    let callid = format!("{epoch}.7");
    let rows = [
        row(1, "2026-10-25 02:55:00", &callid, "q", "NONE", "ENTERQUEUE", ""),
        row(2, "2026-10-25 02:05:00", &callid, "q", "A", "CONNECT", "600|u|5"),
        row(3, "2026-10-25 02:20:00", &callid, "q", "A", "COMPLETEAGENT", "600|900|1"),
    ];
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    let leg_ends = BTreeMap::new();
    let context = Context { zone: &zone, log_clock: epoch + 9000, queue_starts: &[], leg_ends: &leg_ends };
    let visit = &fold(&rows, &context).visits[0];
    assert_eq!((visit.entered, visit.closed), (epoch, Some(epoch + 600)));
    assert_eq!((visit.talks[0].start, visit.talks[0].end), (epoch + 600, epoch + 1500));
}
