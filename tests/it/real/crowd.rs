//! Three hundred calls at twenty a second: what was seen live is what queue_log says, and a fresh picture corrects nothing.

use asterflow::domain::live::snapshot::Snapshot;
use asterflow_lab::crowd;
use tokio::sync::{oneshot, watch};

use super::{alone, lab, live_link, until};

const CALLS: u32 = 300;

#[test]
fn three_hundred_calls_leave_nothing_to_correct() {
    alone(async {
        let lab = lab().await;
        crowd::open(&lab).await.expect("the queue");
        let stop = watch::Sender::new(false);
        let live = live_link(&lab, &stop).await;
        until(&live, "with the crowd's members", |floor| {
            members(floor).is_some_and(|(_, all)| all == crowd::MEMBERS as usize)
        })
        .await;
        crowd::call(&lab, CALLS, 20).await.expect("calls");
        until(&live, "quiet again", |floor| {
            members(floor).is_some_and(|(free, all)| free == all)
                && floor.queues.iter().all(|queue| queue.waiting.is_empty())
        })
        .await;

        let (answer, seen) = oneshot::channel();
        live.seen().send(answer).await.expect("it runs");
        let seen = seen.await.expect("an answer");
        let visits: Vec<_> = seen.visits().filter(|visit| visit.queue.as_str() == crowd::QUEUE).collect();
        let answered = visits.iter().filter(|visit| visit.answered.is_some()).count();
        let logged = async |event: &str| {
            let sql = format!(
                "SELECT COUNT(*) FROM queue_log WHERE queuename = '{}' AND event = '{event}'",
                crowd::QUEUE
            );
            lab.database.query(&sql).await.expect("the rows")[0][0].clone()
        };
        lab.quiet().await.expect("quiet");
        assert_eq!(
            (visits.len().to_string(), answered.to_string()),
            (logged("ENTERQUEUE").await, logged("CONNECT").await)
        );
        assert_eq!(visits.len(), CALLS as usize);
        assert!(visits.iter().all(|visit| visit.left.is_some()), "nobody is left in the queue");

        // A picture now, and the second in which it settles.
        live.client().wish_picture();
        tokio::time::sleep(std::time::Duration::from_secs(6)).await;
        assert_eq!(live.snapshot.borrow().corrected, 0, "a fresh picture corrected the floor");
        let _ = stop.send(true);
    });
}

/// How many members of the crowd are free, and how many there are.
fn members(floor: &Snapshot) -> Option<(usize, usize)> {
    let queue = floor.queues.iter().find(|queue| queue.name.as_str() == crowd::QUEUE)?;
    let counts = queue.counts();
    Some((counts.online as usize, counts.total() as usize))
}
