//! Callers at a random pace, and agents who answer, talk and hang up as people do.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use anyhow::Result;

use crate::floor;
use crate::lab::Lab;
use crate::ua::Behaviour;

/// Lets callers come until it is dropped or fails: about `calls_per_minute`, spread over all queues.
///
/// Some give up early, most are answered. Now and then an agent pauses for a while.
///
/// # Errors
/// When Asterisk is gone.
pub async fn run(lab: &Lab, calls_per_minute: u32) -> Result<()> {
    let mean_gap_ms = 60_000 / u64::from(calls_per_minute.max(1));
    for turn in 0_u32.. {
        for queue in &floor::QUEUES {
            for (extension, _) in queue.members {
                let after = Duration::from_millis(between(1_000, 5_000));
                let talk = Some(Duration::from_millis(between(8_000, 45_000)));
                lab.phone(extension).behave(Behaviour::Answer { after, talk }).await?;
            }
        }
        if turn % 10 == 9 {
            take_a_break(lab).await?;
        }
        let queue = floor::QUEUES[between(0, floor::QUEUES.len() as u64 - 1) as usize];
        let call = lab.call(&format!("555{:04}", turn % 10_000), queue.extension).await?;
        let patience = if between(0, 9) < 2 { between(500, 6_000) } else { between(20_000, 90_000) };
        tokio::spawn(async move {
            if call.wait_ended(Duration::from_millis(patience)).await.is_err() {
                // The agent may have hung up in this moment; then there is nothing to do.
                let _ = call.hang_up().await;
                let _ = call.wait_ended(Duration::from_secs(5)).await;
            }
        });
        tokio::time::sleep(Duration::from_millis(between(mean_gap_ms / 3, mean_gap_ms * 5 / 3))).await;
    }
    Ok(())
}

/// One agent goes and the one who was away returns.
async fn take_a_break(lab: &Lab) -> Result<()> {
    for (extension, _) in floor::PHONES.iter().filter(|(extension, _)| *extension < "108") {
        let interface = format!("PJSIP/{extension}");
        let away = between(0, 6) == 0;
        let reason = ["Lunch", "Training", "Meeting"][between(0, 2) as usize];
        let fields =
            [("Interface", interface.as_str()), ("Paused", if away { "1" } else { "0" }), ("Reason", reason)];
        lab.ami().action("QueuePause", &fields).await?;
    }
    Ok(())
}

/// A random number from `low` to `high`; the standard library's only source of chance is good enough for callers.
fn between(low: u64, high: u64) -> u64 {
    low + RandomState::new().hash_one(0_u8) % (high - low + 1)
}
