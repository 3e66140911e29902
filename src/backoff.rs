//! How long to wait before the next try.

/// Gaps that double from `first` to `last`, each shortened by up to a quarter so that many walls do not knock at once.
#[derive(Clone, Debug)]
pub struct Backoff {
    first_ms: u64,
    last_ms: u64,
    tries: u32,
}

impl Backoff {
    /// For a source that is away: 1 s to 8 s.
    pub fn away() -> Self {
        Self { first_ms: 1_000, last_ms: 8_000, tries: 0 }
    }

    /// For a source that refuses us, where a person has to act: 15 s to 5 min.
    pub fn refused() -> Self {
        Self { first_ms: 15_000, last_ms: 300_000, tries: 0 }
    }

    /// The next gap in milliseconds; `random` is any number, for the jitter.
    pub fn next_ms(&mut self, random: u64) -> u64 {
        let full = self.first_ms.saturating_mul(1 << self.tries.min(16)).min(self.last_ms);
        self.tries = self.tries.saturating_add(1);
        full - random % (full / 4).max(1)
    }

    /// After a success: from the start again.
    pub fn reset(&mut self) {
        self.tries = 0;
    }
}

/// A random number for jitter; the same one every time where the system has none.
pub fn random() -> u64 {
    getrandom::u64().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_double_up_to_the_last_and_begin_again() {
        let mut backoff = Backoff::away();
        let gaps: Vec<u64> = (0..6).map(|_| backoff.next_ms(0)).collect();
        assert_eq!(gaps, [1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
        assert!((750..=1_000).contains(&{
            backoff.reset();
            backoff.next_ms(u64::MAX)
        }));
    }
}
