//! Stories in which an agent answers.

use anyhow::{Context, Result};

use super::visit::{LONG, SHORT, Visit, pass};
use super::{EndedBy, Story};
use crate::lab::Lab;
use crate::ua::Behaviour;

const RING_MS: u64 = 800;
const TALK_MS: u64 = 2200;

pub(super) async fn agent_hangs_up(lab: &Lab) -> Result<Story> {
    let agent = lab.phone("101");
    agent.behave(Behaviour::answer_after_ms(RING_MS)).await?;
    let visit = Visit::begin(lab, "800").await?;
    visit.answered_at(agent).await?;
    pass(TALK_MS).await;
    agent.hang_up().await?;
    visit.call.wait_ended(SHORT).await?;
    Ok(visit.finish(Some(agent), EndedBy::Agent, "COMPLETEAGENT").await?.into())
}

pub(super) async fn caller_hangs_up(lab: &Lab) -> Result<Story> {
    let agent = lab.phone("102");
    agent.behave(Behaviour::answer_after_ms(RING_MS)).await?;
    let visit = Visit::begin(lab, "800").await?;
    visit.answered_at(agent).await?;
    pass(TALK_MS).await;
    visit.call.hang_up().await?;
    Ok(visit.finish(Some(agent), EndedBy::Caller, "COMPLETECALLER").await?.into())
}

pub(super) async fn hold(lab: &Lab) -> Result<Story> {
    let agent = lab.phone("102");
    agent.behave(Behaviour::answer_after_ms(RING_MS)).await?;
    let visit = Visit::begin(lab, "800").await?;
    visit.answered_at(agent).await?;
    let mark = lab.ami().mark();
    agent.hold(true).await?;
    lab.ami().wait_since(mark, SHORT, |event| event.is("Hold")).await.context("the Hold event")?;
    pass(2000).await;
    agent.hold(false).await?;
    lab.ami().wait_since(mark, SHORT, |event| event.is("Unhold")).await.context("the Unhold event")?;
    pass(800).await;
    visit.call.hang_up().await?;
    Ok(visit.finish(Some(agent), EndedBy::Caller, "COMPLETECALLER").await?.into())
}

pub(super) async fn blind_transfer(lab: &Lab) -> Result<Story> {
    let (agent, other) = (lab.phone("101"), lab.phone("108"));
    agent.behave(Behaviour::answer_after_ms(RING_MS)).await?;
    other.behave(Behaviour::answer_after_ms(500)).await?;
    let visit = Visit::begin(lab, "800").await?;
    visit.answered_at(agent).await?;
    pass(TALK_MS).await;
    agent.transfer("108").await?;
    visit.left(agent).await?;
    other.wait_up(SHORT).await.context("108 should have the caller")?;
    pass(TALK_MS).await;
    visit.call.hang_up().await?;
    other.wait_idle(SHORT).await?;
    Ok(visit.finish(Some(agent), EndedBy::Transfer, "BLINDTRANSFER").await?.into())
}

pub(super) async fn attended_transfer(lab: &Lab) -> Result<Story> {
    let (agent, other) = (lab.phone("101"), lab.phone("108"));
    agent.behave(Behaviour::answer_after_ms(RING_MS)).await?;
    other.behave(Behaviour::answer_after_ms(500)).await?;
    let visit = Visit::begin(lab, "800").await?;
    visit.answered_at(agent).await?;
    pass(1000).await;
    agent.attended_transfer("108").await?;
    agent.wait_idle(LONG).await?;
    other.wait_up(SHORT).await.context("108 should have the caller")?;
    pass(TALK_MS).await;
    visit.call.hang_up().await?;
    other.wait_idle(SHORT).await?;
    Ok(visit.finish(Some(agent), EndedBy::Transfer, "ATTENDEDTRANSFER").await?.into())
}
