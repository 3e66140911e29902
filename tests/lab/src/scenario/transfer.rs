//! Stories in which the caller is passed on, or should have been.

use anyhow::{Context, Result, ensure};

use super::answered::{RING_MS, TALK_MS};
use super::visit::{LONG, SHORT, Visit, command, pass};
use super::{EndedBy, Story};
use crate::lab::Lab;
use crate::phone::Phone;
use crate::ua::Behaviour;

/// A caller of sales whom 101 has answered.
async fn at_101(lab: &Lab) -> Result<(Visit<'_>, &Phone)> {
    let agent = lab.phone("101");
    agent.behave(Behaviour::answer_after_ms(RING_MS)).await?;
    let visit = Visit::begin(lab, "800").await?;
    visit.answered_at(agent).await?;
    Ok((visit, agent))
}

pub(super) async fn blind(lab: &Lab) -> Result<Story> {
    let other = lab.phone("108");
    other.behave(Behaviour::answer_after_ms(500)).await?;
    let (visit, agent) = at_101(lab).await?;
    pass(TALK_MS).await;
    agent.transfer("108").await?;
    visit.left(agent).await?;
    other.wait_up(SHORT).await.context("108 should have the caller")?;
    pass(TALK_MS).await;
    visit.call.hang_up().await?;
    other.wait_idle(SHORT).await?;
    Ok(visit.finish(Some(agent), EndedBy::Transfer, "BLINDTRANSFER").await?.into())
}

pub(super) async fn attended(lab: &Lab) -> Result<Story> {
    let other = lab.phone("108");
    other.behave(Behaviour::answer_after_ms(500)).await?;
    let (visit, agent) = at_101(lab).await?;
    pass(1000).await;
    agent.attended_transfer("108").await?;
    agent.wait_idle(LONG).await?;
    other.wait_up(SHORT).await.context("108 should have the caller")?;
    pass(TALK_MS).await;
    visit.call.hang_up().await?;
    other.wait_idle(SHORT).await?;
    Ok(visit.finish(Some(agent), EndedBy::Transfer, "ATTENDEDTRANSFER").await?.into())
}

/// The caller of sales comes into vip under the same callid.
pub(super) async fn blind_into_queue(lab: &Lab) -> Result<Story> {
    let next = lab.phone("106");
    next.behave(Behaviour::answer_after_ms(RING_MS)).await?;
    let (visit, agent) = at_101(lab).await?;
    pass(TALK_MS).await;
    agent.transfer("802").await?;
    let second = visit.moved_to("802").await?;
    second.answered_at(next).await?;
    pass(1500).await;
    visit.call.hang_up().await?;
    let first = visit.finish(Some(agent), EndedBy::Transfer, "BLINDTRANSFER").await?;
    let second = second.finish(Some(next), EndedBy::Caller, "COMPLETECALLER").await?;
    Ok(Story { visits: vec![first, second], ..Story::default() })
}

/// 101 asks in vip and connects while 106 still rings there: the caller takes 101's place in the queue.
pub(super) async fn attended_into_queue(lab: &Lab) -> Result<Story> {
    let next = lab.phone("106");
    let (visit, agent) = at_101(lab).await?;
    pass(1000).await;
    let calls = agent.consult("802").await?;
    let second = visit.asked_at("802", agent).await?;
    next.wait_ringing(SHORT).await.context("106 should ring for 101")?;
    pass(1200).await;
    agent.connect_both(calls, "802").await?;
    agent.wait_idle(LONG).await?;
    pass(1000).await;
    next.answer().await?;
    second.connected().await.context("106 should have the caller")?;
    pass(TALK_MS).await;
    visit.call.hang_up().await?;
    next.wait_idle(SHORT).await?;
    let visit = visit.may_end_as(&second);
    let first = visit.finish(Some(agent), EndedBy::Transfer, "ATTENDEDTRANSFER").await?;
    let second = second.finish(Some(next), EndedBy::Caller, "COMPLETECALLER").await?;
    Ok(Story { visits: vec![first, second], ..Story::default() })
}

/// A command takes the caller away from 101. The queue notices when the caller hangs up.
pub(super) async fn redirect(lab: &Lab) -> Result<Story> {
    let (visit, agent) = at_101(lab).await?;
    pass(1500).await;
    let to = [("Context", "agents"), ("Exten", "600"), ("Priority", "1")];
    command(lab, "Redirect", &[&[("Channel", visit.channel.as_str())][..], &to].concat()).await?;
    visit.left(agent).await?;
    ensure!(visit.call.record().ended.is_none(), "the caller should go on");
    pass(TALK_MS).await;
    visit.call.hang_up().await?;
    Ok(visit.finish_unseen(agent, EndedBy::Command, "COMPLETECALLER").await?.into())
}

/// 101 passes the caller on to 108, who is busy: the caller is lost, and 101 is out all the same.
pub(super) async fn blind_to_busy(lab: &Lab) -> Result<Story> {
    lab.phone("108").behave(Behaviour::Busy).await?;
    let (visit, agent) = at_101(lab).await?;
    pass(1500).await;
    // The verdict may be the acceptance of the order or the refusal by 108.
    let _ = agent.transfer("108").await;
    visit.call.wait_ended(LONG).await.context("nobody takes the caller")?;
    agent.hang_up().await?;
    Ok(visit.finish(Some(agent), EndedBy::Transfer, "BLINDTRANSFER").await?.into())
}

/// 101 asks 108, who is busy, and takes the caller back.
pub(super) async fn consult_busy(lab: &Lab) -> Result<Story> {
    lab.phone("108").behave(Behaviour::Busy).await?;
    let (visit, agent) = at_101(lab).await?;
    pass(1000).await;
    ensure!(agent.consult("108").await.is_err(), "108 is busy");
    pass(1000).await;
    agent.hold(false).await?;
    pass(1000).await;
    agent.hang_up().await?;
    Ok(visit.finish(Some(agent), EndedBy::Agent, "COMPLETEAGENT").await?.into())
}
