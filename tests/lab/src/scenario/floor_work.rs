//! Stories about members: who does not answer, who is away, who pauses, joins and leaves.

use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::visit::{LONG, SHORT, Visit, ms, pass};
use super::{EndedBy, PauseOutcome, Story};
use crate::lab::Lab;
use crate::phone::Phone;
use crate::ua::Behaviour;

pub(super) async fn rna_then_next(lab: &Lab) -> Result<Story> {
    let visit = Visit::begin(lab, "801").await?;
    // rrmemory decides who is first; the other one will answer.
    let number = visit.call.number();
    let (one, two) = (lab.phone("103"), lab.phone("104"));
    let next = tokio::select! {
        one = one.wait(LONG, |call| call.number == number) => one.map(|_| two),
        two = two.wait(LONG, |call| call.number == number) => two.map(|_| one),
    }?;
    next.behave(Behaviour::answer_after_ms(500)).await?;
    visit.answered_at(next).await?;
    talk_and_hang_up(next).await?;
    Ok(visit.finish(Some(next), EndedBy::Agent, "COMPLETEAGENT").await?.into())
}

/// 106 refuses in the given way, 107 answers.
pub(super) async fn refused(lab: &Lab, how: Behaviour) -> Result<Story> {
    lab.phone("106").behave(how).await?;
    grace_answers(lab).await
}

pub(super) async fn unregistered(lab: &Lab) -> Result<Story> {
    let away = lab.phone("106");
    let mark = lab.ami().mark();
    away.unregister().await?;
    let gone = lab.ami().wait_since(mark, SHORT, |event| {
        event.is("QueueMemberStatus") && event.get("Interface") == "PJSIP/106" && event.get("Status") == "5"
    });
    gone.await.context("106 should be unavailable")?;
    let story = grace_answers(lab).await;
    away.register().await?;
    story
}

async fn grace_answers(lab: &Lab) -> Result<Story> {
    let agent = lab.phone("107");
    agent.behave(Behaviour::answer_after_ms(500)).await?;
    let visit = Visit::begin(lab, "802").await?;
    visit.answered_at(agent).await?;
    talk_and_hang_up(agent).await?;
    Ok(visit.finish(Some(agent), EndedBy::Agent, "COMPLETEAGENT").await?.into())
}

async fn talk_and_hang_up(agent: &Phone) -> Result<()> {
    pass(2200).await;
    agent.hang_up().await
}

pub(super) async fn pause_unpause(lab: &Lab) -> Result<Story> {
    let lunch = pause(lab, "101", Some("sales"), "Lunch").await?;
    let all = pause(lab, "103", None, "all queues").await?;
    Ok(Story { visits: Vec::new(), pauses: vec![lunch, all] })
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

/// Pauses or unpauses and waits for the event that says so.
async fn set_pause(
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
    let spare = lab.phone("108");
    spare.behave(Behaviour::answer_after_ms(500)).await?;
    for away in ["106", "107"] {
        lab.phone(away).behave(Behaviour::Busy).await?;
    }
    let member = [("Queue", "vip"), ("Interface", "PJSIP/108")];
    let named = [member[0], member[1], ("MemberName", "Heidi"), ("Penalty", "0")];
    command(lab, "QueueAdd", &named).await?;
    let visit = Visit::begin(lab, "802").await?;
    let answered = visit.answered_at(spare).await;
    let story = match answered {
        Ok(_) => {
            talk_and_hang_up(spare).await?;
            visit.finish(Some(spare), EndedBy::Agent, "COMPLETEAGENT").await.map(Story::from)
        }
        Err(error) => Err(error),
    };
    // Also after a failure: the member would disturb every later story.
    command(lab, "QueueRemove", &member).await?;
    story
}

async fn command(lab: &Lab, name: &str, fields: &[(&str, &str)]) -> Result<()> {
    let answer = lab.ami().action(name, fields).await?;
    if !answer.is_success() {
        bail!("{name}: {}", answer.get("Message"));
    }
    Ok(())
}
