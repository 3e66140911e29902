//! Asterisk ends in the middle of calls and comes back.

use anyhow::{Context, Result};

use super::answered::RING_MS;
use super::visit::{SHORT, Visit, pass};
use super::{Story, VisitOutcome};
use crate::lab::Lab;
use crate::phone::Call;
use crate::ua::Behaviour;

/// 101 talks with one caller, another one rings at 106; then Asterisk is killed (`hard`) or told to stop.
pub(super) async fn restart(lab: &mut Lab, hard: bool) -> Result<Story> {
    let (mut visits, calls) = begin(lab).await?;
    if hard {
        lab.asterisk.kill();
    } else {
        lab.asterisk.stop().await;
    }
    // Callers whose line went dead hang up.
    drop(calls);
    lab.restart_asterisk(false).await?;
    // A goodbye leaves rows, a kill does not.
    for visit in &mut visits {
        let rows = lab.database.queue_log(&visit.uniqueid).await?;
        visit.last_event = rows.last().map(|row| row[2].clone()).context("the call's rows")?;
    }
    Ok(Story { visits, ..Story::default() })
}

async fn begin(lab: &Lab) -> Result<(Vec<VisitOutcome>, [Call; 2])> {
    let agent = lab.phone("101");
    agent.behave(Behaviour::answer_after_ms(RING_MS)).await?;
    let talks = Visit::begin(lab, "800").await?;
    talks.answered_at(agent).await?;
    let waits = Visit::begin(lab, "802").await?;
    lab.phone("106").wait_ringing(SHORT).await?;
    pass(1500).await;
    let calls = [talks.call.clone(), waits.call.clone()];
    let talks = talks.so_far(Some(agent), "CONNECT").await?;
    Ok((vec![talks, waits.so_far(None, "ENTERQUEUE").await?], calls))
}
