//! The twenty traps that make a queue statistic wrong, and the sentences by which it is right: each with the rows that
//! Asterisk writes and the numbers that must be shown. A newcomer reads here what the numbers mean.
//!
//! A row is `time callid queue agent EVENT data1|…`, on 2026-11-22 in UTC where it says no other; `~` stands for a blank.
//! The rows go into a store last first and one by one; what is asked is what the wall, the API and reports show.

mod ask;
mod sentences;

use ask::tell;

macro_rules! traps {
    ($($(#[$doc:meta])* $trap:ident($zone:literal): $rows:literal gives $expect:literal)+) => {
        $(
            $(#[$doc])*
            #[tokio::test]
            async fn $trap() {
                tell($zone, $rows).await.expect($expect).await;
            }
        )+
    };
}
pub(crate) use traps;

traps! {
    /// AMI counts it as abandoned.
    trap_1_a_timeout_is_no_abandon("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:01:00 c Q1 NONE EXITWITHTIMEOUT 1|1|60
    " gives "
        queue Q1: offered 1, timed_out 1, abandoned 0, lost 1
    "

    /// Two visits, one call, and the caller waited for both.
    trap_2_an_overflow_is_two_visits_and_one_call("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:00:30 c Q1 NONE EXITWITHTIMEOUT 1|1|30
        09:00:31 c Q2 NONE ENTERQUEUE |5|1
        09:00:40 c Q2 A CONNECT 9|u|2
    " gives "
        queue Q1: offered 1, answered 0, timed_out 1
        queue Q2: offered 1, answered 1, wait_s 9
        calls Q1: offered 1, answered 1, timed_out 0, wait_s 39, lost_after_transfer 0
        calls Q2: rows 0
    "

    trap_3_milliseconds_and_seconds("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:00:15 c Q1 A RINGNOANSWER 15000
        09:00:20 c Q1 A CONNECT 20|u|5
    " gives "
        agent A: ring_s 20, attempts 1, attempts_rang_out 1, answered 1, no_answer 0
    "

    trap_4_a_round_of_ringall_that_nobody_answered("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:00:15 c Q1 A RINGNOANSWER 15000
        09:00:15 c Q1 B RINGNOANSWER 15000
        09:00:15 c Q1 C RINGNOANSWER 15000
        09:00:20 c Q1 C CONNECT 20|u|5
    " gives "
        queue Q1: offered 1, answered 1, lost 0
        agent A: no_answer 1, attempts 1, answered 0
        agent B: no_answer 1, attempts 1, answered 0
        agent C: no_answer 0, attempts 1, answered 1
    "

    trap_5_a_busy_phone_is_busy_once_however_often_it_is_tried("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:00:00 c Q1 A RINGNOANSWER 0
        09:00:05 c Q1 A RINGNOANSWER 0
        09:00:10 c Q1 A RINGNOANSWER 0
        09:00:15 c Q1 A RINGNOANSWER 0
        09:00:16 c Q1 NONE EXITEMPTY 1|1|16
    " gives "
        queue Q1: offered 1, left_empty 1, lost 1
        agent A: busy 1, attempts 4, attempts_refused 4, no_answer 0
    "

    trap_6_a_dumped_caller_is_still_waiting("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:00:08 c Q1 A AGENTDUMP
        09:00:16 c Q1 B AGENTDUMP
        09:00:25 c Q1 A CONNECT 25|u|2
        09:01:25 c Q1 A COMPLETEAGENT 25|60|1
    " gives "
        queue Q1: offered 1, answered 1, lost 0, wait_s 25
        agent A: answered 1, talk_s 60
        agents: all A
    "

    trap_7_syscompat_and_abandon_are_one("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:00:07 c Q1 A SYSCOMPAT
        09:00:07 c Q1 NONE ABANDON 1|1|7
    " gives "
        queue Q1: offered 1, abandoned 1, technical 1
        visit c Q1: marks technical
    "

    trap_8_an_abandon_with_an_agent_is_no_answer_of_his("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:00:12 c Q1 A ABANDON 1|1|12
    " gives "
        queue Q1: abandoned 1, answered 0, average_wait_abandoned_s 12.0
        agent A: abandoned 1, answered 0
    "

    trap_9_a_pause_in_all_queues_counts_once("UTC"): "
        09:00:00 NONE NONE A PAUSEALL lunch
        09:00:00 NONE Q1 A PAUSE lunch
        09:00:01 NONE Q2 A PAUSE lunch
        09:10:00 NONE NONE A UNPAUSEALL
        09:10:00 NONE Q1 A UNPAUSE
        09:10:01 NONE Q2 A UNPAUSE
    " gives "
        agent A: paused_s 600, paused_all_queues_s 600
    "

    trap_10_a_change_of_reason_ends_one_pause("UTC"): r#"
        09:00:00 NONE Q1 A PAUSE lunch
        09:10:00 NONE Q1 A PAUSE meeting
        09:15:00 NONE Q1 A UNPAUSE
        09:15:00 NONE Q1 A UNPAUSE again
    "# gives r#"
        agent A: paused_s 900, paused_by_reason {"lunch":600,"meeting":300}
    "#

    /// Without anything that says whose PJSIP/101 is, it stays apart: never joined by its digits.
    trap_11_an_interface_is_no_name("UTC"): "
        09:00:00 MANAGER Q1 PJSIP/101 ADDMEMBER
        09:01:00 c Q1 NONE ENTERQUEUE |5|1
        09:01:05 c Q1 Ann CONNECT 5|u|2
        09:01:45 c Q1 Ann COMPLETEAGENT 5|40|1
        09:30:00 MANAGER Q1 PJSIP/101 REMOVEMEMBER
    " gives "
        agents: all Ann~PJSIP/101
        agent Ann: answered 1, talk_s 40, logged_in_s –
        agent PJSIP/101: answered 0, logged_in_s 1800
    "

    trap_12_the_six_values_of_a_link_transfer("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:00:10 c Q1 A CONNECT 10|u|2
        09:01:30 c Q1 A ATTENDEDTRANSFER LINK|ch1|ch2|10|80|1
    " gives "
        queue Q1: answered 1, wait_s 10, talk_s 80
        agent A: talk_s 80, transferred_attended 1, transferred_blind 0
    "

    trap_13_a_transfer_ends_the_agents_talk("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:00:05 c Q1 A CONNECT 5|u|2
        09:00:45 c Q1 A BLINDTRANSFER 200|ctx|5|40|1
        09:17:25 c - NONE INFO the~call~goes~on~for~a~thousand~seconds
    " gives "
        agent A: talk_s 40, transferred_blind 1, answered 1
    "

    trap_14_behind_a_local_member_the_whole_call_is_logged("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:00:05 c Q1 Local/101@q/n CONNECT 5|u|2
        09:17:25 c Q1 Local/101@q/n COMPLETECALLER 5|1040|1
    " gives "
        agent Local/101@q/n: talk_s 1040
        visit c Q1: talk_s 1040, marks may~include~a~transfer
    "

    trap_15_a_missing_end_sums_nothing_and_shows_a_bound("UTC"): "
        09:59:55 c Q1 NONE ENTERQUEUE |5|1
        10:00:00 c Q1 A CONNECT 5|u|2
        10:20:00 NONE NONE NONE QUEUESTART
        18:00:00 d Q2 NONE ENTERQUEUE |5|1
    " gives "
        agent A: talk_s 0, answered 1
        visit c Q1: talk_s 0, talk_bound_s 1200, marks no~end~logged
    "

    trap_16_talk_is_split_by_the_clock_and_volume_is_not("UTC"): "
        09:49:50 c Q1 NONE ENTERQUEUE |5|1
        09:50:00 c Q1 A CONNECT 10|u|2
        10:15:00 c Q1 A COMPLETEAGENT 10|1500|1
    " gives "
        agent@9 A: talk_s 600, answered 1
        agent@10 A: talk_s 900, answered 0
        queue@9 Q1: offered 1, answered 1, talk_s 1500
        queue@10 Q1: rows 0
    "

    /// 02:05 lies after 02:10: the first came before the clock went back.
    trap_17_an_hour_that_comes_twice("Europe/Berlin"): "
        2026-10-25T02:10:00 1792887000.1 Q1 NONE ENTERQUEUE |5|1
        2026-10-25T02:05:00 1792887000.1 Q1 A CONNECT 3300|u|2
        2026-10-25T02:20:00 1792887000.1 Q1 A COMPLETEAGENT 3300|900|1
        2026-10-25T23:59:00 1792968000.2 Q1 NONE ENTERQUEUE |5|1
        2026-10-25T23:59:30 1792968000.2 Q1 NONE ABANDON 1|1|30
    " gives "
        queue Q1: offered 2, answered 1, wait_s 3300, talk_s 900
        agent@2 A: talk_s 900, answered 1
        visit 1792887000.1 Q1: entered 2026-10-25T02:10:00+02:00, wait_s 3300
    "

    /// The database rounded 10:59:59.7 up; the wait that was logged stays.
    trap_18_the_wait_is_the_logged_one("UTC"): "
        11:00:00 c Q1 NONE ENTERQUEUE |5|1
        11:00:03 c Q1 A CONNECT 4|u|2
    " gives "
        queue Q1: wait_s 4
        queue@11 Q1: offered 1
    "

    /// The cdr says ANSWERED, for 90 seconds: the queue had answered the line, nobody the caller.
    trap_19_the_cdrs_answered_is_no_answer("UTC"): "
        09:00:00 1795338000.1 Q1 NONE ENTERQUEUE |5|1
        09:01:28 1795338000.1 Q1 NONE ABANDON 1|1|88
        09:00:00 1795338000.1 CDR Q1
    " gives "
        queue Q1: offered 1, answered 0, abandoned 1, not_entered 0, average_wait_abandoned_s 88.0
    "

    /// Ten called, three found the queue full: seven were offered, and the others are told apart.
    trap_20_who_never_entered_is_told_apart("UTC"): "
        09:00:01 1795338001.1 Q1 NONE ENTERQUEUE |5|1
        09:00:02 1795338002.1 Q1 NONE ENTERQUEUE |5|1
        09:00:03 1795338003.1 Q1 NONE ENTERQUEUE |5|1
        09:00:04 1795338004.1 Q1 NONE ENTERQUEUE |5|1
        09:00:05 1795338005.1 Q1 NONE ENTERQUEUE |5|1
        09:00:06 1795338006.1 Q1 NONE ENTERQUEUE |5|1
        09:00:07 1795338007.1 Q1 NONE ENTERQUEUE |5|1
        09:00:01 1795338001.1 CDR Q1
        09:00:02 1795338002.1 CDR Q1
        09:00:03 1795338003.1 CDR Q1
        09:00:04 1795338004.1 CDR Q1
        09:00:05 1795338005.1 CDR Q1
        09:00:06 1795338006.1 CDR Q1
        09:00:07 1795338007.1 CDR Q1
        09:00:08 1795338008.1 CDR Q1
        09:00:09 1795338009.1 CDR Q1
        09:00:10 1795338010.1 CDR Q1
    " gives "
        queue Q1: offered 7, still_waiting 7, not_entered 3
    "
}
