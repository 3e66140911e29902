//! How many connections there are, in all and from one address. A place is given back when it is dropped.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

/// Connections at once.
const ALL: usize = 64;
/// Connections at once from one address: what a browser opens, and two.
const EACH: usize = 8;

/// The count.
#[derive(Clone, Default)]
pub(super) struct Limits {
    held: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection's place.
pub(super) struct Place {
    limits: Limits,
    key: IpAddr,
}

impl Limits {
    /// A place for a connection from `address`; `None` when there is none left.
    pub(super) fn take(&self, address: IpAddr) -> Option<Place> {
        let key = network(address);
        let mut held = self.held.lock().ok()?;
        if held.values().sum::<usize>() >= ALL || held.get(&key).is_some_and(|count| *count >= EACH) {
            return None;
        }
        *held.entry(key).or_insert(0) += 1;
        Some(Place { limits: self.clone(), key })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Ok(mut held) = self.limits.held.lock()
            && let Some(count) = held.get_mut(&self.key)
        {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.key);
            }
        }
    }
}

/// One IPv6 network of 64 bits is one neighbour.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_all_and_places_come_back() {
        let limits = Limits::default();
        let address = |last: u8| IpAddr::from([10, 0, 0, last]);
        let mut places: Vec<Place> = (0..EACH).filter_map(|_| limits.take(address(1))).collect();
        assert_eq!(places.len(), EACH);
        assert!(limits.take(address(1)).is_none());
        places.pop();
        assert!(limits.take(address(1)).is_some());
        let mut all: Vec<Place> = places;
        for last in 2..200 {
            all.extend(limits.take(address(last)));
        }
        assert_eq!(all.len(), ALL);
        drop(all);
        assert!(limits.held.lock().expect("a lock").is_empty());
    }
}
