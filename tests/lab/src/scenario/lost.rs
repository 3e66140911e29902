//! Stories in which nobody answers.

use anyhow::Result;

use super::visit::{SHORT, Visit, pass};
use super::{EndedBy, Story};
use crate::lab::Lab;

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
    Ok(Story { visits: vec![first, second, third], pauses: Vec::new() })
}
