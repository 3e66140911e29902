//! Stories in which nobody answers.

use std::time::Instant;

use anyhow::Result;

use super::members::set_pause;
use super::visit::{SHORT, Visit, ms, pass};
use super::{EndedBy, PauseOutcome, Story};
use crate::lab::Lab;

/// The members of vip.
const VIP: [&str; 2] = ["PJSIP/106", "PJSIP/107"];

pub(super) async fn abandon(lab: &Lab) -> Result<Story> {
    let visit = Visit::begin(lab, "801").await?;
    pass(3200).await;
    visit.call.hang_up().await?;
    Ok(visit.finish(None, EndedBy::Caller, "ABANDON").await?.into())
}

pub(super) async fn no_answer(lab: &Lab) -> Result<Story> {
    let visit = Visit::begin(lab, "802").await?;
    Ok(visit.thrown_out("EXITWITHTIMEOUT").await?.into())
}

pub(super) async fn exit_key(lab: &Lab) -> Result<Story> {
    let visit = Visit::begin(lab, "801").await?;
    pass(2000).await;
    visit.call.dtmf('1').await?;
    Ok(visit.thrown_out("EXITWITHKEY").await?.into())
}

pub(super) async fn over_max(lab: &Lab) -> Result<Story> {
    let first = Visit::begin(lab, "802").await?;
    pass(700).await;
    let second = Visit::begin(lab, "802").await?;
    pass(700).await;
    let third = Visit::begin(lab, "802").await?.refused().await?;
    first.call.hang_up().await?;
    second.call.hang_up().await?;
    first.call.wait_ended(SHORT).await?;
    let first = first.finish(None, EndedBy::Caller, "ABANDON").await?;
    let second = second.finish(None, EndedBy::Caller, "ABANDON").await?;
    Ok(Story { visits: vec![first, second, third], ..Story::default() })
}

/// Everybody is away: no phone rings until the time is over.
pub(super) async fn timeout_alone(lab: &Lab) -> Result<Story> {
    let story = async { Visit::begin(lab, "802").await?.thrown_out("EXITWITHTIMEOUT").await };
    let (visit, pauses) = while_all_are_away(lab, story).await?;
    Ok(Story { visits: vec![visit], pauses })
}

/// Lets `story` happen while the members of vip are paused.
async fn while_all_are_away<T>(
    lab: &Lab,
    story: impl Future<Output = Result<T>>,
) -> Result<(T, Vec<PauseOutcome>)> {
    let mut began = Vec::new();
    for interface in VIP {
        set_pause(lab, interface, Some("vip"), true, "away").await?;
        began.push(Instant::now());
    }
    let story = story.await;
    // Also after a failure: they would be missing in every later story.
    let mut pauses = Vec::new();
    for (interface, began) in VIP.into_iter().zip(began) {
        set_pause(lab, interface, Some("vip"), false, "").await?;
        let (queue, reason) = (Some("vip".to_owned()), "away".to_owned());
        let paused_ms = ms(began.elapsed());
        pauses.push(PauseOutcome { interface: interface.to_owned(), queue, reason, paused_ms });
    }
    Ok((story?, pauses))
}

/// A queue that nobody may enter or stay in while all are paused: one caller does not get in, one is sent away.
pub(super) async fn empty(lab: &Lab) -> Result<Story> {
    let sql =
        |rule| format!("UPDATE queues SET joinempty = {rule}, leavewhenempty = {rule} WHERE name = 'vip'");
    lab.database.query(&sql("'paused,unavailable,invalid'")).await?;
    let story = empties(lab).await;
    // Also after a failure, for the later stories.
    lab.database.query(&sql("NULL")).await?;
    story
}

async fn empties(lab: &Lab) -> Result<Story> {
    let first = async { Visit::begin(lab, "802").await?.refused().await };
    let (first, mut pauses) = while_all_are_away(lab, first).await?;
    let second = Visit::begin(lab, "802").await?;
    pass(1500).await;
    let (second, more) = while_all_are_away(lab, second.thrown_out("EXITEMPTY")).await?;
    pauses.extend(more);
    Ok(Story { visits: vec![first, second], pauses })
}
