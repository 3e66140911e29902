//! Stories in which an agent answers and keeps the caller.

use anyhow::{Context, Result};

use super::visit::{LONG, SHORT, Visit, pass};
use super::{EndedBy, Story};
use crate::lab::Lab;
use crate::ua::Behaviour;

pub(super) const RING_MS: u64 = 800;
pub(super) const TALK_MS: u64 = 2200;
/// How long agents of vip wrap up in the story of that name, seconds.
const WRAP_UP: u32 = 4;

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
    pass(700).await;
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

/// 106 wraps up; the next caller comes meanwhile and goes to 107.
pub(super) async fn wrap_up(lab: &Lab) -> Result<Story> {
    let sql = |seconds| format!("UPDATE queues SET wrapuptime = {seconds} WHERE name = 'vip'");
    lab.database.query(&sql(WRAP_UP)).await?;
    let story = wrap_ups(lab).await;
    // Also after a failure: it would hold up every later caller.
    lab.database.query(&sql(0)).await?;
    story
}

async fn wrap_ups(lab: &Lab) -> Result<Story> {
    let (one, two) = (lab.phone("106"), lab.phone("107"));
    for agent in [one, two] {
        agent.behave(Behaviour::answer_after_ms(300)).await?;
    }
    let first = Visit::begin(lab, "802").await?;
    first.answered_at(one).await?;
    pass(1500).await;
    one.hang_up().await?;
    let first = first.finish(Some(one), EndedBy::Agent, "COMPLETEAGENT").await?;
    let second = Visit::begin(lab, "802").await?;
    second.answered_at(two).await.context("106 wraps up, so 107 is next")?;
    pass(1500).await;
    second.call.hang_up().await?;
    two.wait_idle(LONG).await?;
    let second = second.finish(Some(two), EndedBy::Caller, "COMPLETECALLER").await?;
    pass(u64::from(WRAP_UP) * 1000).await;
    Ok(Story { visits: vec![first, second], ..Story::default() })
}
