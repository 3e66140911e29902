//! Acts upon the floor of a real Asterisk: each is answered by what Asterisk then reports, refusals are told apart, and
//! queue_log holds what was done.

use asterflow::domain::account::Role;
use asterflow::domain::act::{Act, ActDone, ActError, ActRequest, Rights, Victim};
use asterflow::domain::ids::UniqueId;
use asterflow::store::Store;
use asterflow::tasks::acts::Acts;
use asterflow::tasks::live::{self, Live};
use asterflow_lab::asterisk::POOR;
use asterflow_lab::{Behaviour, Lab};
use tokio::sync::watch;

use super::{LONG, alone, ami, first_picture, lab, live_link, member, no_wrap_ups, until};

struct Desk {
    acts: Acts,
    live: Live,
    lab: Lab,
}

impl Desk {
    async fn act(&self, act: Act) -> Result<ActDone, ActError> {
        act_by(&self.acts, act).await
    }

    async fn kind(&self, act: Act) -> &'static str {
        match self.act(act).await {
            Ok(_) => "done",
            Err(error) => error.kind(),
        }
    }

    /// Rows of queue_log since the start: queue, agent, event, data1.
    async fn rows(&self, event: &str) -> Vec<Vec<String>> {
        let sql =
            format!("SELECT queuename, agent, data1 FROM queue_log WHERE event = '{event}' ORDER BY id");
        self.lab.database.query(&sql).await.expect("rows")
    }

    fn waiting(&self) -> Vec<String> {
        let floor = self.live.snapshot.borrow();
        let sales = floor.queues.iter().find(|queue| queue.name.as_str() == "sales").expect("sales");
        sales.waiting.iter().map(|caller| caller.number.clone()).collect()
    }
}

async fn act_by(acts: &Acts, act: Act) -> Result<ActDone, ActError> {
    let request = ActRequest {
        pbx: None,
        act,
        actor: "tester".into(),
        role: Role::Supervisor,
        origin: "127.0.0.1".into(),
    };
    acts.act(request).await
}

fn pause(agent: &str, queue: Option<&str>, reason: &str) -> Act {
    Act::Pause { agent: agent.into(), queue: queue.map(Into::into), reason: Some(reason.into()) }
}

fn unpause(agent: &str, queue: Option<&str>) -> Act {
    Act::Unpause { agent: agent.into(), queue: queue.map(Into::into) }
}

fn add(queue: &str, agent: &str) -> Act {
    Act::Add {
        queue: queue.into(),
        agent: agent.into(),
        name: Some("Heidi".into()),
        penalty: 2,
        state_interface: None,
    }
}

fn remove(queue: &str, agent: &str) -> Act {
    Act::Remove { queue: queue.into(), agent: agent.into() }
}

#[test]
fn acts_are_answered_by_what_asterisk_reports() {
    alone(async {
        let lab = lab().await;
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("a store");
        let stop = watch::Sender::new(false);
        let live = live_link(&lab, &stop).await;
        let acts = Acts::new(vec![live.clone()], Rights::default(), store.clone());
        let desk = Desk { acts, live, lab };
        pauses(&desk).await;
        members(&desk).await;
        callers(&desk).await;
        calls(&desk).await;
        let rows = store.journal_page(None, 200).await.expect("the journal");
        let opened = rows.iter().filter(|row| row.result.is_none()).count();
        let closed = rows.iter().filter(|row| row.refers.is_some()).count();
        assert!(opened == closed && opened >= 10, "{opened} {closed} {rows:#?}");
        assert!(rows.iter().all(|row| row.entry.actor == "tester" && row.entry.action.starts_with("floor ")));
        let lunch = rows.iter().find(|row| row.entry.after.as_deref() == Some("Lunch")).expect("a pause");
        assert_eq!(lunch.entry.target, "lab PJSIP/103 sales,support");
        denied(&desk, &stop, store).await;
        let _ = stop.send(true);
    });
}

async fn pauses(desk: &Desk) {
    let done = desk.act(pause("pjsip/103", None, "Lunch")).await.expect("paused");
    assert_eq!(done.reported, "PJSIP/103 is paused (Lunch) in sales, support.");
    let floor = desk.live.snapshot.borrow().clone();
    for queue in ["sales", "support"] {
        assert_eq!(member(&floor, queue, "PJSIP/103").paused_reason.as_deref(), Some("Lunch"));
    }
    let done = desk.act(pause("PJSIP/103", Some("support"), "Meeting")).await.expect("another reason");
    assert_eq!(done.queues, ["support".into()]);
    desk.act(unpause("PJSIP/103", Some("support"))).await.expect("unpaused");
    let floor = desk.live.snapshot.borrow().clone();
    assert!(member(&floor, "sales", "PJSIP/103").paused && !member(&floor, "support", "PJSIP/103").paused);
    desk.act(unpause("PJSIP/103", None)).await.expect("unpaused");
    assert_eq!(desk.rows("PAUSEALL").await, [["NONE", "Carol Clark", "Lunch"]]);
    let mut pauses = desk.rows("PAUSE").await;
    // In which order it goes through the queues is Asterisk's own.
    pauses[..2].sort();
    let expected = [
        ["sales", "Carol Clark", "Lunch"],
        ["support", "Carol Clark", "Lunch"],
        ["support", "Carol Clark", "Meeting"],
    ];
    assert_eq!(pauses, expected);
    assert_eq!(desk.rows("UNPAUSEALL").await.len(), 1);
    assert_eq!(desk.kind(pause("PJSIP/999", None, "x")).await, "not-a-member");
    assert_eq!(desk.kind(pause("PJSIP/103", Some("vip"), "x")).await, "not-a-member");
    assert_eq!(desk.kind(pause("PJSIP/103", Some("none"), "x")).await, "no-queue");
}

async fn members(desk: &Desk) {
    let done = desk.act(add("vip", "PJSIP/108")).await.expect("added");
    assert_eq!(done.reported, "Heidi (PJSIP/108) is a member of vip.");
    let floor = desk.live.snapshot.borrow().clone();
    let heidi = member(&floor, "vip", "PJSIP/108");
    assert!(heidi.dynamic && heidi.penalty == 2, "{heidi:?}");
    assert!(!member(&floor, "vip", "PJSIP/106").dynamic);
    assert_eq!(desk.kind(add("vip", "PJSIP/108")).await, "already-there");
    let change = Act::Penalty { queue: Some("vip".into()), agent: "PJSIP/108".into(), penalty: 5 };
    desk.act(change).await.expect("changed");
    assert_eq!(member(&desk.live.snapshot.borrow(), "vip", "PJSIP/108").penalty, 5);
    assert_eq!(desk.kind(remove("vip", "PJSIP/106")).await, "not-dynamic");
    assert_eq!(desk.kind(add("vip", "Local/0900@from-trunk/n")).await, "forbidden");
    // Removed behind our back, and the event that told so ignored: Asterisk's own word counts.
    desk.act(remove("vip", "PJSIP/108")).await.expect("removed");
    assert_eq!(desk.kind(remove("vip", "PJSIP/108")).await, "not-a-member");
    assert_eq!(desk.rows("ADDMEMBER").await.last().map(|row| row[1].clone()).as_deref(), Some("Heidi"));
    assert_eq!(desk.rows("REMOVEMEMBER").await.len(), 1);
}

/// The third of three callers, then the second, are moved to the front.
async fn moves_up(desk: &Desk, third: UniqueId, second: UniqueId) {
    desk.act(Act::MoveUp { caller: third }).await.expect("moved");
    assert_eq!(desk.waiting(), ["5550803", "5550801", "5550802"]);
    // A second one goes before the first one that was moved.
    desk.act(Act::MoveUp { caller: second }).await.expect("moved");
    assert_eq!(desk.waiting(), ["5550802", "5550803", "5550801"]);
    let status = desk.lab.ami().list("QueueStatus", &[("Queue", "sales")]).await.expect("a list");
    let order: Vec<&str> =
        status.iter().filter(|event| event.is("QueueEntry")).map(|event| event.get("CallerIDNum")).collect();
    assert_eq!(order, ["5550802", "5550803", "5550801"]);
}

async fn callers(desk: &Desk) {
    // Nobody answers: the phones ring.
    let mut calls = Vec::new();
    for number in ["5550801", "5550802", "5550803"] {
        calls.push(desk.lab.call(number, "800").await.expect("a call"));
        until(&desk.live, "waiting", |floor| {
            let sales = floor.queues.iter().find(|queue| queue.name.as_str() == "sales");
            sales.is_some_and(|sales| sales.waiting.iter().any(|caller| caller.number == number))
        })
        .await;
    }
    assert_eq!(desk.waiting(), ["5550801", "5550802", "5550803"]);
    let channel = |number: &str| {
        let floor = desk.live.snapshot.borrow();
        let waiting = floor.queues.iter().flat_map(|queue| &queue.waiting);
        waiting
            .filter(|caller| caller.number == number)
            .map(|caller| caller.channel.clone())
            .next()
            .expect("waits")
    };
    let third = channel("5550803");
    let settings = desk.lab.ami().action("CoreSettings", &[]).await.expect("settings");
    if settings.get("AsteriskVersion").starts_with("16.") {
        assert_eq!(desk.kind(Act::MoveUp { caller: third.clone() }).await, "no-effect");
        assert_eq!(desk.waiting(), ["5550801", "5550802", "5550803"]);
    } else {
        moves_up(desk, third.clone(), channel("5550802")).await;
    }
    let done = desk
        .act(Act::Withdraw { caller: third.clone(), note: Some("a note".into()) })
        .await
        .expect("withdrawn");
    assert_eq!(done.reported, "The caller waits in sales no more.");
    assert_eq!(desk.rows("WITHDRAW").await.len(), 1);
    assert_eq!(desk.kind(Act::Withdraw { caller: third, note: None }).await, "not-waiting");
    let first = channel("5550801");
    let done = desk.act(Act::HangUp(Victim::Channel(first.clone()))).await.expect("hung up");
    assert_eq!(done.reported, "The call is hung up.");
    assert_eq!(desk.kind(Act::HangUp(Victim::Channel(first))).await, "not-live");
    let last = channel("5550802");
    desk.act(Act::HangUp(Victim::Channel(last))).await.expect("hung up");
    for call in calls {
        // Hung up from the other side, or by the dialplan's end.
        let _ = call.hang_up().await;
    }
    desk.lab.wait_free(LONG).await.expect("free");
}

async fn calls(desk: &Desk) {
    let alice = || Act::HangUp(Victim::Agent("PJSIP/101".into()));
    assert_eq!(desk.kind(alice()).await, "not-live");
    desk.lab.phone("101").behave(Behaviour::answer_after_ms(200)).await.expect("a phone");
    let call = desk.lab.call("5550810", "800").await.expect("a call");
    until(&desk.live, "in a call", |floor| !member(floor, "sales", "PJSIP/101").legs.is_empty()).await;
    let done = desk.act(alice()).await.expect("hung up");
    assert_eq!(done.act, "hang-up");
    assert!(member(&desk.live.snapshot.borrow(), "sales", "PJSIP/101").legs.is_empty());
    desk.lab.phone("101").wait_idle(LONG).await.expect("the phone is free");
    let _ = call.hang_up().await;
    desk.lab.wait_free(LONG).await.expect("free");
}

/// What an AMI user without rights is told: Asterisk's denial in words, with the class that is missing.
async fn denied(desk: &Desk, stop: &watch::Sender<bool>, store: Store) {
    let poor = live::start("poor".into(), ami(&desk.lab, &POOR), &[], no_wrap_ups(), stop.subscribe());
    first_picture(&poor).await;
    let acts = Acts::new(vec![poor], Rights::default(), store);
    let refused = act_by(&acts, pause("PJSIP/101", None, "Lunch")).await.expect_err("denied");
    assert_eq!(refused.kind(), "denied");
    assert!(refused.to_string().contains("write=agent"), "{refused}");
    let rows = desk.rows("PAUSEALL").await;
    assert_eq!(rows.len(), 1, "nothing was done: {rows:?}");
}
