//! What is explained adds up to what is reported.

use proptest::prelude::*;

use super::*;
use crate::domain::history::explain::{Explanation, Figure, Question};
use crate::domain::history::query::{Bucket, Count};
use crate::domain::history::work::WrapUpTimes;

fn about(figure: Figure) -> Question {
    Question {
        pbx: pbx(),
        date: day(),
        hour: None,
        start: None,
        queue: None,
        agent: None,
        figure,
        count: Count::Visits,
        service_level: None,
    }
}

/// Every question that makes sense: each figure of the day and of each hour, of all, of each queue and each agent.
async fn questions(history: &History, hours: &[i8]) -> Vec<Question> {
    let known = history.known(None).await.expect("answers");
    let queues: Vec<Option<QueueName>> =
        [None].into_iter().chain(known.queues.into_iter().map(Some)).collect();
    let agents: Vec<Option<AgentName>> =
        [None].into_iter().chain(known.agents.into_iter().map(Some)).collect();
    let mut questions = Vec::new();
    for figure in Figure::all() {
        for queue in &queues {
            for agent in &agents {
                for hour in [None].into_iter().chain(hours.iter().copied().map(Some)) {
                    if agent.is_none() || figure.is_of_agents() {
                        let (queue, agent) = (queue.clone(), agent.clone());
                        let question = Question { queue, agent, hour, ..about(figure) };
                        if question.agent.is_none() && figure.is_of_queues() {
                            questions.push(Question { count: Count::Calls, ..question.clone() });
                        }
                        questions.push(question);
                    }
                }
            }
        }
    }
    questions
}

fn check(explained: &Explanation) {
    let place = format!("{explained:#?}");
    assert!(explained.adds_up, "{place}");
    assert_eq!(explained.sum, explained.parts.iter().map(|part| part.part).sum::<i64>(), "{place}");
    if let Some(of) = explained.of {
        assert_eq!(of, explained.parts.iter().filter_map(|part| part.of).sum::<i64>(), "{place}");
    }
}

/// The figure as `report` has it, where it has a column of its own.
async fn reported(history: &History, question: &Question) -> Option<serde_json::Value> {
    let filter = Filter {
        by: By::Hour,
        queue: question.queue.clone(),
        agent: question.agent.clone(),
        count: question.count,
        ..Filter::new(day(), day())
    };
    let hour = question.hour?;
    if question.agent.is_none() && !question.figure.is_of_queues() {
        return None;
    }
    let at_hour = |bucket: &Bucket| matches!(bucket, Bucket::Hour(_, _, own) if *own == hour);
    let row = if let Some(agent) = &question.agent {
        let rows = history.agents(&filter).await.expect("answers");
        let row = rows.into_iter().find(|row| at_hour(&row.bucket) && row.agent == *agent)?;
        serde_json::to_value(row.figures).expect("JSON")
    } else {
        question.queue.as_ref()?;
        let row =
            history.queues(&filter).await.expect("answers").into_iter().find(|row| at_hour(&row.bucket))?;
        serde_json::to_value(row.figures).expect("JSON")
    };
    let name = question.figure.as_str();
    let column = match (question.figure, question.agent.is_some()) {
        (Figure::Talk, false) => return None,
        (Figure::TalkWhole, _) => "talk_s".to_owned(),
        (Figure::ServiceLevel(_), true) | (Figure::Calls, true) => return None,
        (Figure::ServiceLevel(variant), false) => format!("service_level_{variant:?}").to_lowercase(),
        _ if row.get(name).is_some() => name.to_owned(),
        _ => format!("{name}_s"),
    };
    assert!(row.get(&column).is_some(), "{column} is no column");
    Some(row[&column].clone())
}

async fn holds(history: &History, hours: &[i8]) {
    let mut compared = 0;
    for question in questions(history, hours).await {
        let explained = history.explain(&question).await.expect("explains");
        check(&explained);
        let Some(figure) = reported(history, &question).await else { continue };
        let shown = explained.value.filter(|_| !figure.is_null());
        match figure.as_f64() {
            Some(figure) => assert!(
                (figure - shown.expect("a value")).abs() < 1e-9,
                "{question:?}: {figure} is not {:?}",
                explained.value
            ),
            // What is unknown has nothing that makes it up.
            None => assert_eq!(explained.sum, 0, "{question:?}"),
        }
        compared += 1;
    }
    assert!(compared > 20, "only {compared}");
}

#[tokio::test]
async fn the_captured_day_adds_up() {
    let (_dir, history) = history(captured_rows()).await;
    wrapping(&history.store).await;
    holds(&history, &[7]).await;
}

#[tokio::test]
async fn pauses_logins_and_wrap_ups_add_up() {
    let (_dir, history) = history(busy_day()).await;
    wrapping(&history.store).await;
    holds(&history, &[8, 9]).await;
    let question = Question { agent: Some(AgentName::new("Ann")), hour: Some(9), ..about(Figure::Paused) };
    let paused = history.explain(&question).await.expect("explains");
    let events: Vec<&str> = paused.parts[0].rows.iter().map(|row| row.event.as_str()).collect();
    assert_eq!((paused.value, events), (Some(600.0), vec!["PAUSE", "UNPAUSE"]));
    let question = Question { agent: Some(AgentName::new("Ann")), hour: Some(8), ..about(Figure::Talk) };
    let talk = history.explain(&question).await.expect("explains");
    assert_eq!((talk.parts.len(), talk.parts[0].what.as_str()), (1, "talk 580 s of 580 s"));
}

#[tokio::test]
async fn a_call_is_explained_by_its_visits() {
    let lines = [
        "09:00:00,1795338000.1,q1,NONE,ENTERQUEUE,|5|1",
        "09:00:30,1795338000.1,q1,NONE,EXITWITHTIMEOUT,1|1|30",
        "09:00:31,1795338000.1,q2,NONE,ENTERQUEUE,|5|1",
        "09:00:40,1795338000.1,q2,Ann,CONNECT,9|u|2",
        "09:01:40,1795338000.1,q2,Ann,BLINDTRANSFER,2|x|9|60|1",
        "09:01:41,1795338000.1,q1,NONE,ENTERQUEUE,|5|1",
        "09:01:51,1795338000.1,q1,NONE,ABANDON,1|1|10",
    ];
    let (_dir, history) = history(story(&lines)).await;
    let ask = |figure, queue: &str| {
        let (queue, count) = (Some(QueueName::new(queue)), Count::Calls);
        Question { queue, count, ..about(figure) }
    };
    let waits = history.explain(&ask(Figure::Wait, "q1")).await.expect("explains");
    check(&waits);
    let [call] = waits.parts.as_slice() else { panic!("{waits:#?}") };
    assert_eq!((call.kind, call.part, call.visits.len()), ("call", 39, 3));
    let each =
        "answered after 39 s (q1 timed out after 30 s, q2 answered after 9 s, q1 abandoned after 10 s)";
    assert_eq!(call.what, each);
    let lost = history.explain(&ask(Figure::LostAfterTransfer, "q1")).await.expect("explains");
    assert_eq!((lost.value, lost.adds_up, lost.parts.len()), (Some(1.0), true, 1));
    let none = history.explain(&ask(Figure::Calls, "q2")).await.expect("explains");
    assert_eq!((none.value, none.parts.len()), (Some(0.0), 0), "it is the first queue's");
    let of_ann = Question { agent: Some(AgentName::new("Ann")), ..ask(Figure::Answered, "q2") };
    assert!(matches!(history.explain(&of_ann).await, Err(HistoryError::NoFigure { .. })));
}

#[tokio::test]
async fn a_corrupted_cell_does_not_add_up() {
    let (_dir, history) = history(captured_rows()).await;
    let mut gone = crate::domain::history::cells::Cells::new();
    for (subject, hour, cell) in history.store.cells(&pbx(), 0, i64::MAX).await.expect("reads") {
        if subject.queue == "sales" && subject.agent.is_empty() {
            gone.entry((subject, hour)).or_default().merge(&cell, -1);
        }
    }
    history.store.mend_cells(&pbx(), (1_795_305_600, 1_795_305_601), gone).await.expect("corrupts");
    let question = Question { queue: Some(QueueName::new("sales")), ..about(Figure::Answered) };
    let explained = history.explain(&question).await.expect("explains");
    assert_eq!((explained.value, explained.sum, explained.adds_up), (Some(0.0), 15, false));
}

#[tokio::test]
async fn a_calls_rows_are_told_as_what_they_were_taken_for() {
    let (_dir, history) = history(captured_rows()).await;
    let visit = history.visits(&Filter::new(day(), day())).await.expect("answers").remove(0);
    let explained = history.explain_call(&pbx(), &visit.callid).await.expect("answers").expect("a call");
    let told: Vec<(&str, &str)> =
        explained.rows.iter().map(|row| (row.row.event.as_str(), row.taken_for.as_str())).collect();
    assert_eq!(
        told,
        [
            ("ENTERQUEUE", "the caller entered: visit 1 to sales begins"),
            ("CONNECT", "answered: wait 1 s, the phone rang 1 s; closes the wait of visit 1 to sales"),
            ("COMPLETEAGENT", "hung up: talk 4 s from 07:01:05 to 07:01:09; ends visit 1 to sales"),
        ]
    );
    assert_eq!(explained.visits, [visit]);
    assert!(history.explain_call(&pbx(), "nobody").await.expect("answers").is_none());
}

#[tokio::test]
async fn every_row_of_the_captured_calls_is_told() {
    let (_dir, history) = history(captured_rows()).await;
    let mut rows = 0;
    for visit in history.visits(&Filter::new(day(), day())).await.expect("answers") {
        let explained = history.explain_call(&pbx(), &visit.callid).await.expect("answers").expect("a call");
        for row in &explained.rows {
            assert!(!row.taken_for.contains("belongs to no"), "{row:?}");
            rows += 1;
        }
    }
    assert!(rows > 70, "only {rows}");
}

/// A visit as its rows could stand in a queue_log: when, queue, agent, wait, talk, and how it went.
type Story = (i64, u8, u8, i64, i64, u8);

fn told(stories: &[Story]) -> Vec<LogRow> {
    let clock = |at: i64| format!("{:02}:{:02}:{:02}", 6 + at / 3600, at / 60 % 60, at % 60);
    let mut lines = Vec::new();
    for (n, (at, queue, agent, wait, talk, how)) in stories.iter().enumerate() {
        // Two visits a call.
        let first = n - n % 2;
        let (callid, queue) = (format!("{}.{first}", 1_795_327_200 + stories[first].0), format!("q{queue}"));
        let agent = ["Ann", "Bob", "Cid"][usize::from(*agent)];
        let mut line = |at: i64, agent: &str, event: &str, data: String| {
            lines.push(format!("{},{callid},{queue},{agent},{event},{data}", clock(at)));
        };
        line(*at, "NONE", "ENTERQUEUE", "|5|1".into());
        let answered = at + wait;
        match how {
            0 => line(answered, "NONE", "ABANDON", format!("1|1|{wait}")),
            1 => line(answered, "NONE", "EXITWITHTIMEOUT", format!("1|1|{wait}")),
            2 => line(answered, agent, "RINGNOANSWER", format!("{}", wait * 1000)),
            _ => {
                line(answered, agent, "CONNECT", format!("{wait}|u|{}", wait.min(&5)));
                let end = if *how == 3 { "COMPLETECALLER" } else { "COMPLETEAGENT" };
                if *how < 6 {
                    line(answered + talk, agent, end, format!("{wait}|{talk}|1"));
                } else if *how == 6 {
                    line(answered + talk, agent, "BLINDTRANSFER", format!("x|y|{wait}|{talk}|1"));
                }
            }
        }
        if n % 3 == 0 {
            lines.push(format!("{},NONE,{queue},{agent},PAUSE,tea", clock(at + 7)));
            lines.push(format!("{},NONE,{queue},{agent},UNPAUSE,", clock(at + 7 + talk)));
            lines.push(format!("{},MANAGER,{queue},{agent},ADDMEMBER,", clock(at - 5)));
        }
    }
    story(&lines.iter().map(String::as_str).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn random_days_add_up(
        stories in prop::collection::vec((10_i64..20_000, 0_u8..2, 0_u8..3, 0_i64..400, 0_i64..9000, 0_u8..8), 1..14)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (_dir, history) = history(told(&stories)).await;
            let times = WrapUpTimes { setting: 20, queues: BTreeMap::from([("q1".to_owned(), 45)]), ..Default::default() };
            history.store.set_wrap_ups(&pbx(), times).await.expect("sets");
            for question in questions(&history, &[7, 8]).await {
                check(&history.explain(&question).await.expect("explains"));
            }
        });
    }
}
