//! Stories with members behind Local channels, as FreePBX makes them: `Local/101@from-queue/n` with
//! `hint:101@ext-local`. Asterisk's queue sees the Local channel, never the phone behind it.

use anyhow::{Context, Result};

use super::answered::{RING_MS, TALK_MS};
use super::visit::{SHORT, Visit, pass};
use super::{EndedBy, Story, VisitOutcome};
use crate::floor;
use crate::lab::Lab;
use crate::phone::Phone;
use crate::ua::Behaviour;

/// What callers dial.
const EXTENSION: &str = floor::LOCAL.extension;

/// A caller whom 101 has answered behind its Local channel.
async fn at_101(lab: &Lab) -> Result<(Visit<'_>, &Phone)> {
    let agent = lab.phone("101");
    agent.behave(Behaviour::answer_after_ms(RING_MS)).await?;
    let visit = Visit::begin(lab, EXTENSION).await?;
    visit.answered_at(agent).await?;
    Ok((visit, agent))
}

/// The queue's name for the member.
fn behind_local(outcome: VisitOutcome) -> Story {
    let local = |interface: String| interface.replacen("PJSIP/", "Local/", 1) + "@from-queue/n";
    VisitOutcome { answered_by: outcome.answered_by.map(local), ..outcome }.into()
}

pub(super) async fn answered(lab: &Lab) -> Result<Story> {
    let (visit, agent) = at_101(lab).await?;
    pass(TALK_MS).await;
    agent.hang_up().await?;
    Ok(behind_local(visit.finish(Some(agent), EndedBy::Agent, "COMPLETEAGENT").await?))
}

/// Both phones ring out once, then the caller gives up.
pub(super) async fn no_answer(lab: &Lab) -> Result<Story> {
    let visit = Visit::begin(lab, EXTENSION).await?;
    let out = lab.phone("101").wait(SHORT * 2, |call| {
        call.number == visit.call.number() && call.ring_time().is_some_and(|rang| rang.as_secs() >= 4)
    });
    out.await.context("101 should ring out")?;
    pass(400).await;
    visit.call.hang_up().await?;
    Ok(visit.finish(None, EndedBy::Caller, "ABANDON").await?.into())
}

/// 101 passes the caller on. The queue does not see it: the whole time up to the end is written as 101's talk.
pub(super) async fn blind_transfer(lab: &Lab) -> Result<Story> {
    let other = lab.phone("108");
    other.behave(Behaviour::answer_after_ms(500)).await?;
    let (visit, agent) = at_101(lab).await?;
    pass(TALK_MS).await;
    agent.transfer("108").await?;
    visit.left(agent).await?;
    other.wait_up(SHORT).await.context("108 should have the caller")?;
    pass(TALK_MS * 2).await;
    visit.call.hang_up().await?;
    other.wait_idle(SHORT).await?;
    Ok(behind_local(visit.finish_unseen(agent, EndedBy::Transfer, "COMPLETECALLER").await?))
}

pub(super) async fn hold(lab: &Lab) -> Result<Story> {
    let (visit, agent) = at_101(lab).await?;
    pass(700).await;
    let mark = lab.ami().mark();
    agent.hold(true).await?;
    lab.ami().wait_since(mark, SHORT, |event| event.is("Hold")).await.context("the Hold event")?;
    pass(2000).await;
    agent.hold(false).await?;
    pass(800).await;
    visit.call.hang_up().await?;
    Ok(behind_local(visit.finish(Some(agent), EndedBy::Caller, "COMPLETECALLER").await?))
}
