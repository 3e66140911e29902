//! Slows guessing down: a growing pause for each account and each address. Pure; the time is an argument.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::domain::time::Tick;

/// Failures that cost nothing: people mistype.
const FREE: u32 = 4;
/// The longest pause. Long enough that six digits last for years, short enough that nobody stays locked out.
const LONGEST_SECONDS: i64 = 300;
/// After this long without a failure all is forgotten.
const FORGOTTEN_MILLIS: i64 = 12 * 3600 * 1000;
/// Keys remembered. Beyond it the one that was quiet longest is forgotten.
const KEYS: usize = 2048;

struct Failures {
    count: u32,
    last: Tick,
}

/// The failures of late, by key.
#[derive(Default)]
pub(super) struct Throttle {
    keys: HashMap<String, Failures>,
}

impl Throttle {
    /// Begins an attempt. It counts as failed until [`Self::succeed`], so that guesses side by side gain nothing.
    ///
    /// # Errors
    /// The whole seconds to wait, while any of `keys` has to; the attempt then counts for nothing.
    pub(super) fn attempt(&mut self, keys: &[String], now: Tick) -> Result<(), u32> {
        self.keys.retain(|_, failures| now.since(failures.last) < FORGOTTEN_MILLIS);
        let wait = keys.iter().filter_map(|key| self.keys.get(key)).map(|held| left(held, now)).max();
        if let Some(millis) = wait.filter(|millis| *millis > 0) {
            return Err(u32::try_from((millis + 999) / 1000).unwrap_or(u32::MAX));
        }
        for key in keys {
            self.make_room(key);
            let held = self.keys.entry(key.clone()).or_insert(Failures { count: 0, last: now });
            held.count = held.count.saturating_add(1);
            held.last = now;
        }
        Ok(())
    }

    /// The attempt was right: its keys are clean again.
    pub(super) fn succeed(&mut self, keys: &[String]) {
        for key in keys {
            self.keys.remove(key);
        }
    }

    fn make_room(&mut self, key: &str) {
        if self.keys.len() >= KEYS && !self.keys.contains_key(key) {
            let oldest = self.keys.iter().min_by_key(|(_, held)| held.last).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                self.keys.remove(&oldest);
            }
        }
    }
}

fn left(held: &Failures, now: Tick) -> i64 {
    if held.count <= FREE {
        return 0;
    }
    let seconds = 1_i64.checked_shl(held.count - FREE).unwrap_or(LONGEST_SECONDS).clamp(1, LONGEST_SECONDS);
    seconds * 1000 - now.since(held.last)
}

/// The key of an account; of a name that nobody has just as well.
pub(super) fn account_key(name: &str) -> String {
    let short: String = name.chars().take(64).collect();
    format!("account {}", short.to_lowercase())
}

/// The key of where it comes from: an IPv6 network counts as one address.
pub(super) fn origin_key(origin: &str) -> String {
    match origin.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("network {a:x}:{b:x}:{c:x}:{d:x}")
        }
        Ok(address) => format!("address {address}"),
        Err(_) => format!("place {origin}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> Tick {
        Tick::from_millis(second * 1000)
    }

    #[test]
    fn pauses_grow_and_end_with_a_success() {
        let mut throttle = Throttle::default();
        let keys = [account_key("Anna")];
        for _ in 0..=FREE {
            assert_eq!(throttle.attempt(&keys, second(0)), Ok(()));
        }
        assert_eq!(throttle.attempt(&keys, second(0)), Err(2));
        assert_eq!(throttle.attempt(&keys, second(1)), Err(1));
        assert_eq!(throttle.attempt(&keys, second(2)), Ok(()));
        assert_eq!(throttle.attempt(&keys, second(2)), Err(4));
        assert_eq!(throttle.attempt(&[account_key("ANNA")], second(2)), Err(4), "one account");
        assert_eq!(throttle.attempt(&[account_key("bob")], second(2)), Ok(()));
        throttle.succeed(&keys);
        assert_eq!(throttle.attempt(&keys, second(2)), Ok(()));
    }

    #[test]
    fn a_pause_never_outgrows_its_limit_and_is_forgotten_in_half_a_day() {
        let mut throttle = Throttle::default();
        let keys = [origin_key("10.0.0.1")];
        let mut at = 0;
        for _ in 0..100 {
            if let Err(wait) = throttle.attempt(&keys, second(at)) {
                assert!(i64::from(wait) <= LONGEST_SECONDS);
                at += i64::from(wait);
            }
        }
        assert_eq!(throttle.attempt(&keys, second(at + 13 * 3600)), Ok(()));
        assert_eq!(throttle.attempt(&keys, second(at + 13 * 3600)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_a_network_is_one_address() {
        let mut throttle = Throttle::default();
        for number in 0..5000 {
            let _ = throttle.attempt(&[account_key(&format!("name-{number}"))], second(number));
        }
        assert!(throttle.keys.len() <= KEYS);
        assert_eq!(origin_key("2001:db8:1:2::1"), origin_key("2001:db8:1:2:ffff::9"));
        assert_eq!(origin_key("::ffff:10.0.0.1"), origin_key("10.0.0.1"));
        assert_ne!(origin_key("10.0.0.1"), origin_key("10.0.0.2"));
    }
}
