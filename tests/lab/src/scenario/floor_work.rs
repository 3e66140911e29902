//! Stories about phones: which does not answer, which is away, which is in another call, and several at once.

use anyhow::{Context, Result, ensure};

use super::answered::RING_MS;
use super::visit::{LONG, SHORT, Visit, pass};
use super::{EndedBy, Story, VisitOutcome};
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
    // Until its phone has been asked whether it is there, the queues do not see it.
    lab.wait_free(LONG).await?;
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

/// A private call comes to 102 in the middle of a queue's: 102 holds the caller, talks, and takes the caller back.
pub(super) async fn second_call(lab: &Lab) -> Result<Story> {
    let (agent, colleague) = (lab.phone("102"), lab.phone("108"));
    agent.behave(Behaviour::answer_after_ms(RING_MS)).await?;
    let visit = Visit::begin(lab, "800").await?;
    visit.answered_at(agent).await?;
    pass(1000).await;
    agent.behave(Behaviour::Ring).await?;
    colleague.dial("102").await?;
    agent.wait_ringing(SHORT).await.context("102 should ring a second time")?;
    agent.hold(true).await?;
    pass(1000).await;
    agent.answer().await?;
    agent.wait(SHORT, |call| call.number == "108" && call.answered.is_some()).await?;
    pass(1500).await;
    colleague.hang_up().await?;
    agent.wait(SHORT, |call| call.number == "108" && call.ended.is_some()).await?;
    pass(700).await;
    agent.hold(false).await?;
    pass(1000).await;
    visit.call.hang_up().await?;
    Ok(visit.finish(Some(agent), EndedBy::Caller, "COMPLETECALLER").await?.into())
}

/// 102 is in a private call: the queue does not ring there, 101 answers.
pub(super) async fn private_call(lab: &Lab) -> Result<Story> {
    let (agent, private, colleague) = (lab.phone("101"), lab.phone("102"), lab.phone("108"));
    private.behave(Behaviour::answer_after_ms(500)).await?;
    agent.behave(Behaviour::answer_after_ms(RING_MS)).await?;
    let mark = lab.ami().mark();
    colleague.dial("102").await?;
    private.wait_up(SHORT).await.context("102 should talk with 108")?;
    // The queue learns of it by the device's state.
    let in_use = lab.ami().wait_since(mark, SHORT, |event| {
        event.is("QueueMemberStatus") && event.get("Interface") == "PJSIP/102" && event.get("Status") == "2"
    });
    in_use.await.context("102 should be in use")?;
    let visit = Visit::begin(lab, "800").await?;
    visit.answered_at(agent).await?;
    talk_and_hang_up(agent).await?;
    let visit = visit.finish(Some(agent), EndedBy::Agent, "COMPLETEAGENT").await?;
    ensure!(visit.rings.iter().all(|ring| ring.interface != "PJSIP/102"), "102 rang: {:?}", visit.rings);
    colleague.hang_up().await?;
    private.wait_idle(SHORT).await?;
    Ok(visit.into())
}

/// Three callers at once; phones that ring for the same caller pick up in the same moment, and one of them gets him.
pub(super) async fn rush(lab: &Lab) -> Result<Story> {
    for extension in ["101", "102", "103"] {
        lab.phone(extension).behave(Behaviour::answer_after_ms(RING_MS)).await?;
    }
    // The first caller rings at two phones, which pick up together; the others come while they ring.
    let one = async |after_ms: u64| -> Result<VisitOutcome> {
        pass(after_ms).await;
        let visit = Visit::begin(lab, "800").await?;
        let agent = visit.connected().await?;
        pass(2000).await;
        visit.call.hang_up().await?;
        visit.finish(Some(agent), EndedBy::Caller, "COMPLETECALLER").await
    };
    let (first, second, third) = tokio::try_join!(one(0), one(150), one(300))?;
    let mut visits = vec![first, second, third];
    visits.sort_by_key(|visit| visit.joined_at);
    Ok(Story { visits, ..Story::default() })
}
