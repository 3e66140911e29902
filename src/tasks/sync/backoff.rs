//! How long to wait before trying again.

use std::time::Duration;

/// Grows with every failure; made anew after a success.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    refusals: u32,
}

impl Backoff {
    /// The next pause: 1–8 s with jitter after a loss; 15 s doubling to 5 min after a refusal, which only a person ends.
    pub(super) fn next(&mut self, refusal: bool) -> Duration {
        let millis = if refusal {
            self.refusals += 1;
            (15_000_u64 << (self.refusals - 1).min(5)).min(300_000)
        } else {
            self.failures += 1;
            (1000_u64 << (self.failures - 1).min(3)).min(8000)
        };
        Duration::from_millis(millis - millis / 4 + jitter(millis / 4))
    }
}

/// Up to `most` milliseconds, so that several appliances do not come back at once.
fn jitter(most: u64) -> u64 {
    let mut random = [0_u8; 4];
    if getrandom::fill(&mut random).is_err() {
        return 0;
    }
    u64::from(u32::from_le_bytes(random)) * most / u64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_tried_again_within_8_seconds_and_a_refusal_within_5_minutes() {
        let mut backoff = Backoff::default();
        for expect in [1, 2, 4, 8, 8, 8] {
            let pause = backoff.next(false);
            assert!(pause <= Duration::from_secs(expect) && pause >= Duration::from_secs(expect) * 3 / 4);
        }
        let mut longest = Duration::ZERO;
        for _ in 0..40 {
            longest = longest.max(backoff.next(true));
        }
        assert!(longest <= Duration::from_secs(300) && longest >= Duration::from_secs(225));
    }
}
