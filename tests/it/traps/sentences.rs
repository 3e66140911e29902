//! The sentences by which a queue statistic is right.

use asterflow::domain::history::query::Filter;
use asterflow::domain::ids::{AgentName, PbxName};
use asterflow::store::Store;
use asterflow::tasks::history::{History, HistoryError, Thresholds};

use super::ask::{always, tell};
use super::traps;

traps! {
    one_answered_call_is_one_however_many_phones_rang("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:00:15 c Q1 A RINGNOANSWER 15000
        09:00:15 c Q1 B RINGNOANSWER 15000
        09:00:22 c Q1 A CONNECT 22|u|2
        09:00:22 c Q1 A CONNECT 22|u|2
        09:02:22 c Q1 A COMPLETECALLER 22|120|1
        09:02:22 c Q1 A COMPLETECALLER 22|120|1
    " gives "
        queue Q1: offered 1, answered 1, wait_s 22, talk_s 120
        agent A: answered 1, no_answer 0, talk_s 120
    "

    ninety_minutes_from_ten_to_eleven_are_ten_sixty_and_twenty("UTC"): "
        10:49:55 c Q1 NONE ENTERQUEUE |5|1
        10:50:00 c Q1 A CONNECT 5|u|2
        12:20:00 c Q1 A COMPLETEAGENT 5|5400|1
    " gives "
        agent@10 A: talk_s 600
        agent@11 A: talk_s 3600
        agent@12 A: talk_s 1200
        agent A: talk_s 5400, answered 1
    "

    a_transferred_call_belongs_to_the_agent_who_answered_it("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:00:05 c Q1 A CONNECT 5|u|2
        09:00:45 c Q1 A BLINDTRANSFER 700|ctx|5|40|1
        09:00:46 c Q2 NONE ENTERQUEUE |5|1
        09:00:56 c Q2 B CONNECT 10|v|3
        09:01:56 c Q2 B COMPLETEAGENT 10|60|1
    " gives "
        agent A: answered 1, talk_s 40, transferred_blind 1
        agent B: answered 1, talk_s 60, transferred_blind 0
        queue Q1: answered 1, talk_s 40
        queue Q2: answered 1, talk_s 60
        calls Q1: offered 1, answered 1, wait_s 5
    "

    /// The last queue of a call that nobody answered is where it was abandoned, and how.
    a_call_is_technical_where_its_last_visit_was("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:00:30 c Q1 NONE EXITWITHTIMEOUT 1|1|30
        09:00:31 c Q2 NONE ENTERQUEUE |5|1
        09:00:40 c Q2 A SYSCOMPAT
        09:00:40 c Q2 NONE ABANDON 1|1|9
    " gives "
        queue Q2: abandoned 1, technical 1
        calls Q1: offered 1, abandoned 1, technical 1, average_wait_abandoned_s 39.0
    "

    a_visit_is_of_the_hour_in_which_it_entered("UTC"): "
        09:59:50 c Q1 NONE ENTERQUEUE |5|1
        10:00:10 c Q1 A CONNECT 20|u|2
        10:00:40 c Q1 A COMPLETEAGENT 20|30|1
    " gives "
        queue@9 Q1: offered 1, answered 1, wait_s 20, talk_s 30
        queue@10 Q1: rows 0
        agent@10 A: answered 1, talk_s 30
    "

    a_call_that_was_answered_is_answered_also_where_it_was_lost_later("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:00:05 c Q1 A CONNECT 5|u|2
        09:00:45 c Q1 A BLINDTRANSFER 700|ctx|5|40|1
        09:00:46 c Q2 NONE ENTERQUEUE |5|1
        09:01:16 c Q2 NONE ABANDON 1|1|30
    " gives "
        queue Q2: answered 0, abandoned 1
        calls Q1: offered 1, answered 1, abandoned 0, lost 0, lost_after_transfer 1, wait_s 5
        calls Q2: rows 0
    "

    nobody_is_called_none("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:00:30 c Q1 NONE ABANDON 1|1|30
        09:01:00 d Q1 NONE ENTERQUEUE |5|1
        09:01:05 d Q1 none CONNECT 5|u|2
        09:01:45 d Q1 none COMPLETEAGENT 5|40|1
        09:02:00 e Q1 NONE RINGNOANSWER 15000
        09:03:00 NONE Q1 NONE PAUSE x
        09:04:00 NONE Q1 A PAUSE x
        09:05:00 NONE Q1 A UNPAUSE
    " gives "
        agents: all A
        queue Q1: offered 2, answered 1, abandoned 1
    "

    two_people_of_one_team_are_two("UTC"): "
        09:00:00 c Q1 NONE ENTERQUEUE |5|1
        09:00:05 c Q1 Team1~Ann CONNECT 5|u|2
        09:00:45 c Q1 Team1~Ann COMPLETEAGENT 5|40|1
        09:01:00 d Q1 NONE ENTERQUEUE |5|1
        09:01:05 d Q1 Team1~Bob CONNECT 5|u|2
        09:01:35 d Q1 Team1~Bob COMPLETEAGENT 5|30|1
    " gives "
        agents: all Team1~Ann~Team1~Bob
        agent Team1~Ann: answered 1, talk_s 40
        agent Team1~Bob: answered 1, talk_s 30
    "
}

#[tokio::test]
async fn ten_never_matches_a_hundred_and_one() {
    let told = tell(
        "UTC",
        "09:00:00 c Q1 NONE ENTERQUEUE |5|1
         09:00:05 c Q1 101 CONNECT 5|u|2
         09:00:45 c Q1 101 COMPLETEAGENT 5|40|1
         09:01:00 d 10 NONE ENTERQUEUE |5|1
         09:01:05 d 10 10 CONNECT 5|u|2
         09:01:35 d 10 10 COMPLETEAGENT 5|30|1
         09:02:00 e 101 NONE ENTERQUEUE |5|1
         09:02:09 e 101 NONE ABANDON 1|1|9",
    )
    .await;
    told.expect("agent 10: talk_s 30\nagent 101: talk_s 40\nqueue 10: offered 1\nqueue 101: offered 1").await;
    let of = |agent: &str| Filter { agent: Some(AgentName::new(agent)), ..always() };
    for (agent, talk) in [("10", 30), ("101", 40)] {
        let rows = told.history.agents(&of(agent)).await.expect("answers");
        let shown: Vec<(&str, u64)> =
            rows.iter().map(|row| (row.agent.as_str(), row.figures.talk_s)).collect();
        assert_eq!(shown, [(agent, talk)]);
        assert_eq!(told.history.visits(&of(agent)).await.expect("answers").len(), 1, "{agent}");
    }
    assert!(told.history.agents(&of("1")).await.expect("answers").is_empty());
}

#[tokio::test]
async fn twenty_calls_of_two_seconds_are_forty_seconds() {
    let story: Vec<String> = (0..20)
        .map(|n| {
            format!(
                "09:{n:02}:00 c{n} Q1 NONE ENTERQUEUE |5|1
                 09:{n:02}:01 c{n} Q1 A CONNECT 1|u|1
                 09:{n:02}:03 c{n} Q1 A COMPLETEAGENT 1|2|1"
            )
        })
        .collect();
    let told = tell("UTC", &story.join("\n")).await;
    told.expect("agent A: answered 20, talk_s 40\nqueue Q1: answered 20, talk_s 40, wait_s 20").await;
}

#[tokio::test]
async fn an_error_of_a_database_is_never_a_zero() {
    let told = tell("UTC", "09:00:00 c Q1 NONE ENTERQUEUE |5|1\n09:00:09 c Q1 NONE ABANDON 1|1|9").await;
    let other = Filter { pbx: Some(PbxName::new("another")), ..always() };
    assert!(matches!(told.history.queues(&other).await, Err(HistoryError::UnknownPbx(_))));
    let dir = tempfile::tempdir().expect("a folder");
    assert!(Store::open_read_only(dir.path()).is_err(), "none is no empty one");
    std::fs::write(dir.path().join("asterflow.db"), [7_u8; 8192]).expect("spoils");
    let asked = match Store::open_read_only(dir.path()) {
        Ok(store) => {
            History::new(store, Thresholds::default()).queues(&always()).await.map(|rows| rows.len()).ok()
        }
        Err(_) => None,
    };
    assert_eq!(asked, None, "a spoiled database is no empty one");
}
