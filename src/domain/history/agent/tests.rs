use super::*;
use crate::domain::history::row::tests::row;

const START: i64 = 1_795_338_000; // 2026-11-22 09:00:00 UTC

/// Rows `seconds callid queue EVENT data` of one agent from 09:00:00 UTC.
fn story(lines: &[&str]) -> Vec<LogRow> {
    let start = crate::domain::history::time_text::parse_local("2026-11-22 09:00:00").expect("a time");
    lines
        .iter()
        .zip(1..)
        .map(|(line, id)| {
            let words: Vec<&str> = line.splitn(5, ' ').collect();
            let seconds: i64 = words[0].parse().expect("seconds");
            let local = start.checked_add(jiff::SignedDuration::from_secs(seconds)).expect("a time");
            row(id, &local.to_string(), words[1], words[2], "A", words[3], words.get(4).unwrap_or(&""))
        })
        .collect()
}

fn folded(lines: &[&str], clock: i64, starts: &[i64], rings: &[(&str, i64)]) -> Vec<Interval> {
    folded_rows(&story(lines), clock, starts, rings)
}

fn folded_rows(rows: &[LogRow], clock: i64, starts: &[i64], rings: &[(&str, i64)]) -> Vec<Interval> {
    let starts: Vec<i64> = starts.iter().map(|at| START + at).collect();
    let rings = Rings::new(Box::new(|| rings.iter().map(|(q, at)| ((*q).into(), START + at)).collect()));
    let context = AgentContext {
        zone: &TimeZone::UTC,
        log_clock: START + clock,
        queue_starts: &starts,
        rings: &rings,
        hints: &[],
    };
    fold_agent(rows, &context)
}

/// `kind queue start-end reason[*]` of each interval.
fn check(got: &[Interval], expect: &[&str]) {
    let shown: Vec<String> = got
        .iter()
        .map(|i| {
            let kind = if i.kind == Kind::Pause { "pause" } else { "login" };
            let queue = i.queue.as_ref().map_or("*", QueueName::as_str);
            let end = i.end.map_or("…".to_owned(), |end| (end - START).to_string());
            let mark = if i.marked { " !" } else { "" };
            let reason = if i.reason.is_empty() { String::new() } else { format!(" {}", i.reason) };
            format!("{kind} {queue} {}-{end}{reason}{mark}", i.start - START)
        })
        .collect();
    assert_eq!(shown, expect);
}

fn paused(intervals: &[Interval]) -> i64 {
    let spans = intervals
        .iter()
        .filter(|i| i.kind == Kind::Pause)
        .map(|i| (i.start, i.end.unwrap_or(i.start), String::new()));
    union(spans).iter().map(|(start, end, _)| end - start).sum()
}

#[test]
fn trap_9_a_pause_in_all_queues_counts_once() {
    let got = folded(
        &[
            "0 NONE NONE PAUSEALL x",
            "1 NONE q1 PAUSE x",
            "2 NONE q2 PAUSE x",
            "600 NONE NONE UNPAUSEALL",
            "600 NONE q1 UNPAUSE",
            "602 NONE q2 UNPAUSE",
        ],
        900,
        &[],
        &[],
    );
    check(&got, &["pause * 0-600 x", "pause q1 0-600 x", "pause q2 0-600 x"]);
    assert_eq!(paused(&got), 600);
}

#[test]
fn trap_10_a_change_of_reason_ends_one_and_begins_another() {
    for unpauses in [1, 2] {
        let mut lines = vec!["0 NONE q PAUSE lunch", "600 NONE q PAUSE meeting"];
        lines.extend(std::iter::repeat_n("900 NONE q UNPAUSE", unpauses));
        check(&folded(&lines, 950, &[], &[]), &["pause q 0-600 lunch", "pause q 600-900 meeting"]);
    }
}

#[test]
fn the_end_of_a_pause_that_was_never_logged() {
    let pause = ["0 NONE q PAUSE x"];
    check(&folded(&pause, 60, &[], &[]), &["pause q 0-… x"]);
    check(&folded(&pause, 600, &[300], &[]), &["pause q 0-300 x !"]);
    check(&folded(&pause, 600, &[], &[("other", 50), ("q", 200), ("q", 1)]), &["pause q 0-200 x !"]);
    check(&folded(&pause, PAUSE_SECONDS + 1, &[], &[]), &["pause q 0-86400 x !"]);
    let seen = ["0 NONE q PAUSE x", "900 NONE q UNPAUSE"];
    check(&folded(&seen, 950, &[300], &[("q", 400)]), &["pause q 0-900 x"]);
    let again = ["0 NONE q PAUSE x", "800 NONE q PAUSE y", "900 NONE q REMOVEMEMBER"];
    check(&folded(&again, 950, &[300], &[]), &["pause q 0-300 x !", "pause q 800-900 y"]);
}

#[test]
fn who_leaves_the_last_queue_is_paused_in_none() {
    let mut lines = vec![
        "0 NONE NONE PAUSEALL x",
        "0 NONE q1 PAUSE x",
        "0 NONE q2 PAUSE x",
        "60 MANAGER q1 REMOVEMEMBER",
    ];
    check(&folded(&lines, 900, &[], &[]), &["pause * 0-… x", "pause q1 0-60 x", "pause q2 0-… x"]);
    lines.push("90 MANAGER q2 REMOVEMEMBER");
    check(&folded(&lines, 900, &[], &[]), &["pause * 0-90 x", "pause q1 0-60 x", "pause q2 0-90 x"]);
}

#[test]
fn a_member_added_in_pause_is_paused() {
    let got = folded(&["0 MANAGER q ADDMEMBER PAUSED", "60 MANAGER q REMOVEMEMBER"], 90, &[], &[]);
    check(&got, &["pause q 0-60", "login q 0-60"]);
}

#[test]
fn logins_of_realtime_members_are_undefined() {
    check(&folded(&["0 REALTIME q ADDMEMBER", "60 REALTIME q REMOVEMEMBER"], 90, &[], &[]), &[]);
}

#[test]
fn a_member_added_again_was_lost_at_the_last_start_between() {
    let lines = ["0 MANAGER q ADDMEMBER", "600 MANAGER q ADDMEMBER", "900 MANAGER q REMOVEMEMBER"];
    check(&folded(&lines, 950, &[100, 300], &[]), &["login q 0-300 !", "login q 600-900"]);
    check(&folded(&lines, 950, &[], &[]), &["login q 0-900"]);
}

#[test]
fn a_pool_agent_logs_in_without_a_queue() {
    let got = folded(&["0 1.1 NONE AGENTLOGIN SIP/1", "60 1.1 NONE AGENTLOGOFF SIP/1|60"], 90, &[], &[]);
    check(&got, &["login * 0-60"]);
}

#[test]
fn where_reasons_overlap_the_last_begun_counts() {
    let spans = [(0, 100, "a".to_owned()), (50, 80, "b".to_owned()), (90, 120, "a".to_owned())];
    let got = union(spans);
    assert_eq!(got, vec![(0, 50, "a".into()), (50, 80, "b".into()), (80, 120, "a".into())]);
}

#[test]
fn unpauseall_ends_a_pause_whose_own_row_is_missing() {
    let got = folded(&["0 NONE q PAUSE tea", "300 NONE NONE UNPAUSEALL"], 900, &[], &[]);
    check(&got, &["pause q 0-300 tea"]);
}

#[test]
fn what_the_file_and_the_table_tell_is_one_pause() {
    let mut rows = story(&["0 NONE q PAUSE tea", "1 NONE q PAUSE tea", "300 NONE q UNPAUSE"]);
    rows[0].id = crate::domain::history::row::file_id(START, 0);
    check(&folded_rows(&rows, 900, &[], &[]), &["pause q 0-300 tea"]);
}
