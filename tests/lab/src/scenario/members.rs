//! Stories about memberships: who pauses, joins, leaves, is moved to another penalty.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::answered::RING_MS;
use super::visit::{LONG, SHORT, Visit, command, ms, pass};
use super::{EndedBy, PauseOutcome, Story};
use crate::ami::Message;
use crate::lab::Lab;
use crate::ua::Behaviour;

const SPARE: &str = "PJSIP/108";
const INTO_VIP: [(&str, &str); 2] = [("Queue", "vip"), ("Interface", SPARE)];

pub(super) async fn pause_unpause(lab: &Lab) -> Result<Story> {
    let lunch = pause(lab, "101", Some("sales"), "Lunch").await?;
    let all = pause(lab, "103", None, "all queues").await?;
    Ok(Story { pauses: vec![lunch, all], ..Story::default() })
}

async fn pause(lab: &Lab, extension: &str, queue: Option<&str>, reason: &str) -> Result<PauseOutcome> {
    let interface = lab.phone(extension).interface();
    set_pause(lab, &interface, queue, true, reason).await?;
    let began = Instant::now();
    pass(1500).await;
    set_pause(lab, &interface, queue, false, "").await?;
    let paused_ms = ms(began.elapsed());
    Ok(PauseOutcome { interface, queue: queue.map(str::to_owned), reason: reason.to_owned(), paused_ms })
}

/// 102 pauses in the middle of a call and is away after it.
pub(super) async fn pause_in_call(lab: &Lab) -> Result<Story> {
    let agent = lab.phone("102");
    agent.behave(Behaviour::answer_after_ms(RING_MS)).await?;
    let visit = Visit::begin(lab, "800").await?;
    visit.answered_at(agent).await?;
    pass(1000).await;
    let (interface, reason) = (agent.interface(), "Paperwork");
    set_pause(lab, &interface, Some("sales"), true, reason).await?;
    let began = Instant::now();
    let story = async {
        pass(1000).await;
        agent.hang_up().await?;
        let visit = visit.finish(Some(agent), EndedBy::Agent, "COMPLETEAGENT").await?;
        pass(1000).await;
        anyhow::Ok(visit)
    };
    let visit = story.await;
    set_pause(lab, &interface, Some("sales"), false, "").await?;
    let paused_ms = ms(began.elapsed());
    let pause = PauseOutcome { interface, queue: Some("sales".into()), reason: reason.into(), paused_ms };
    Ok(Story { visits: vec![visit?], pauses: vec![pause] })
}

/// Pauses or unpauses and waits for the event that says so; nothing comes for who is so already.
pub(super) async fn set_pause(
    lab: &Lab,
    interface: &str,
    queue: Option<&str>,
    paused: bool,
    reason: &str,
) -> Result<()> {
    let word = if paused { "1" } else { "0" };
    let mut fields = vec![("Interface", interface), ("Paused", word), ("Reason", reason)];
    fields.extend(queue.map(|queue| ("Queue", queue)));
    let mark = lab.ami().mark();
    command(lab, "QueuePause", &fields).await?;
    let seen = lab.ami().wait_since(mark, SHORT, |event| {
        event.is("QueueMemberPause") && event.get("Interface") == interface && event.get("Paused") == word
    });
    seen.await.map(drop).context("the QueueMemberPause event")
}

pub(super) async fn dynamic_member(lab: &Lab) -> Result<Story> {
    only_spare_answers(lab).await?;
    join(lab).await?;
    let story = spare_takes_a_call(lab).await;
    // Also after a failure: the member would disturb every later story.
    command(lab, "QueueRemove", &INTO_VIP).await?;
    story
}

/// The member is removed while it talks; the call goes on.
pub(super) async fn removed_in_call(lab: &Lab) -> Result<Story> {
    only_spare_answers(lab).await?;
    join(lab).await?;
    let spare = lab.phone("108");
    let begun = async {
        let visit = Visit::begin(lab, "802").await?;
        visit.answered_at(spare).await?;
        anyhow::Ok(visit)
    };
    let begun = begun.await;
    pass(1500).await;
    command(lab, "QueueRemove", &INTO_VIP).await?;
    let visit = begun?;
    pass(1500).await;
    ensure!(visit.call.record().ended.is_none(), "the call should go on");
    visit.call.hang_up().await?;
    Ok(visit.finish(Some(spare), EndedBy::Caller, "COMPLETECALLER").await?.into())
}

async fn only_spare_answers(lab: &Lab) -> Result<()> {
    lab.phone("108").behave(Behaviour::answer_after_ms(500)).await?;
    for away in ["106", "107"] {
        lab.phone(away).behave(Behaviour::Busy).await?;
    }
    Ok(())
}

async fn join(lab: &Lab) -> Result<()> {
    let named = [INTO_VIP[0], INTO_VIP[1], ("MemberName", "Heidi"), ("Penalty", "0")];
    command(lab, "QueueAdd", &named).await
}

async fn spare_takes_a_call(lab: &Lab) -> Result<Story> {
    let spare = lab.phone("108");
    let visit = Visit::begin(lab, "802").await?;
    visit.answered_at(spare).await?;
    pass(2200).await;
    spare.hang_up().await?;
    Ok(visit.finish(Some(spare), EndedBy::Agent, "COMPLETEAGENT").await?.into())
}

/// 103's penalty in sales goes up and back by command; Asterisk writes it into the table.
pub(super) async fn penalty(lab: &Lab) -> Result<Story> {
    for penalty in ["7", "2"] {
        let mark = lab.ami().mark();
        let fields = [("Interface", "PJSIP/103"), ("Queue", "sales"), ("Penalty", penalty)];
        command(lab, "QueuePenalty", &fields).await?;
        let seen =
            lab.ami().wait_since(mark, SHORT, |e| e.is("QueueMemberPenalty") && e.get("Penalty") == penalty);
        seen.await.context("the QueueMemberPenalty event")?;
        let sql = "SELECT penalty FROM queue_members WHERE queue_name = 'sales' AND interface = 'PJSIP/103'";
        let stored = lab.database.query(sql).await?;
        ensure!(stored == [[penalty]], "the table should say {penalty}, not {stored:?}");
        pass(800).await;
    }
    Ok(Story::default())
}

/// 108 becomes a member of vip by a row in the table, takes a call, gets another penalty, and is deleted.
pub(super) async fn realtime_member(lab: &Lab) -> Result<Story> {
    only_spare_answers(lab).await?;
    let insert = "INSERT INTO queue_members (queue_name, interface, membername, penalty, paused) \
                  VALUES ('vip', 'PJSIP/108', 'Heidi', 0, 0)";
    lab.database.query(insert).await?;
    let story = async {
        in_vip(lab, "108 is a member", |member| member.is_some()).await?;
        let story = spare_takes_a_call(lab).await?;
        lab.database.query("UPDATE queue_members SET penalty = 4 WHERE interface = 'PJSIP/108'").await?;
        in_vip(lab, "108 has the penalty 4", |it| it.is_some_and(|it| it.get("Penalty") == "4")).await?;
        anyhow::Ok(story)
    };
    let story = story.await;
    // Also after a failure: the member would disturb every later story.
    lab.database.query("DELETE FROM queue_members WHERE interface = 'PJSIP/108'").await?;
    in_vip(lab, "108 is gone", |member| member.is_none()).await?;
    story
}

/// Waits until QueueStatus says of 108 in vip what is wished. It reads the tables each time.
async fn in_vip(lab: &Lab, wish: &str, fits: impl Fn(Option<&Message>) -> bool) -> Result<()> {
    let deadline = Instant::now() + LONG;
    loop {
        let listed = lab.ami().list("QueueStatus", &[("Queue", "vip")]).await?;
        let mine = |item: &&Message| item.is("QueueMember") && item.get("Location") == SPARE;
        if fits(listed.iter().find(mine)) {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("QueueStatus does not show that {wish}");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
