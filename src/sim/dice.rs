//! Chance, the same for the same seed: everything random in the simulated call centre is thrown here.

use crate::sim::pbx::Millis;

/// A source of chance.
#[derive(Clone, Debug)]
pub(super) struct Dice(fastrand::Rng);

impl Dice {
    /// Dice that always fall the same way for the same seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Dice for one matter of many (an agent's day, say), the same whatever was thrown before.
    pub(super) fn of(seed: u64, matter: &[u64]) -> Self {
        // The 64-bit golden ratio spreads neighbouring numbers.
        let mixed = matter.iter().fold(seed, |mixed, part| {
            (mixed ^ part.wrapping_add(0x9e37_79b9_7f4a_7c15))
                .wrapping_mul(0xbf58_476d_1ce4_e5b9)
                .rotate_left(29)
        });
        Self::new(mixed)
    }

    /// Uniform in 0..1.
    pub(super) fn share(&mut self) -> f64 {
        self.0.f64()
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.0.f64() < probability
    }

    /// Uniform in `from..=to`.
    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        self.0.i64(from..=to)
    }

    /// Any number.
    pub(super) fn number(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// One of them. `things` is not empty.
    pub(super) fn one<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.0.usize(..things.len())]
    }

    /// Between events that come `per_hour` times an hour on the average, in milliseconds.
    pub(super) fn gap(&mut self, per_hour: f64) -> Millis {
        whole(-(1.0 - self.share()).ln() * 3_600_000.0 / per_hour.max(1e-6)).max(1)
    }

    /// Around `median` milliseconds, seldom far longer: how long people take for things.
    pub(super) fn about(&mut self, median: Millis, spread: f64) -> Millis {
        let normal = (-2.0 * (1.0 - self.share()).ln()).sqrt() * (std::f64::consts::TAU * self.share()).cos();
        whole(float(median) * (normal * spread).exp()).max(1)
    }
}

/// A count of milliseconds as a number to reckon with; far below 2^52.
#[allow(clippy::cast_precision_loss, reason = "times of a demo stay far below 2^52")]
pub(super) fn float(millis: Millis) -> f64 {
    millis as f64
}

/// Back to whole milliseconds; at most some years.
#[allow(clippy::cast_possible_truncation, reason = "clamped before")]
pub(super) fn whole(millis: f64) -> Millis {
    millis.clamp(-4e12, 4e12) as Millis
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same() {
        let throws = |seed| {
            let mut dice = Dice::new(seed);
            (0..20).map(|_| dice.about(1000, 0.5)).collect::<Vec<_>>()
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
        assert_ne!(Dice::of(7, &[1, 2]).number(), Dice::of(7, &[2, 1]).number());
    }

    #[test]
    fn gaps_and_durations_have_the_means_they_promise() {
        let mut dice = Dice::new(1);
        let mean = (0..20_000).map(|_| dice.gap(360.0)).sum::<i64>() / 20_000;
        assert!((9_500..10_500).contains(&mean), "{mean} ms between 360 an hour");
        let mut times: Vec<_> = (0..9_999).map(|_| dice.about(60_000, 0.6)).collect();
        times.sort_unstable();
        assert!((57_000..63_000).contains(&times[5_000]), "median {}", times[5_000]);
    }
}
