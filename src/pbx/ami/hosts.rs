//! In which order the hosts of one PBX are tried: as configured, at every reconnection anew, so that the first one is used
//! again after the next loss; while a link works it stays where it is.
//!
//! A host that fell silent while it was in use is tried last. A host that refuses the login is left alone for growing
//! gaps, whatever the others do. Pure: no sockets, no clock.

use crate::backoff::Backoff;
use crate::domain::time::Tick;

/// What is remembered of the hosts between two rounds.
#[derive(Debug)]
pub struct Hosts {
    known: Vec<Host>,
    /// Fell silent when it was last in use.
    silent: Option<usize>,
}

#[derive(Debug)]
struct Host {
    refusals: Backoff,
    not_before: Option<Tick>,
}

impl Hosts {
    /// So many hosts, of which nothing is known yet.
    pub fn new(count: usize) -> Self {
        let host = || Host { refusals: Backoff::refused(), not_before: None };
        Self { known: std::iter::repeat_with(host).take(count).collect(), silent: None }
    }

    /// The hosts to try now, by their place in the configuration.
    pub fn round(&self, now: Tick) -> Vec<usize> {
        let rests = |at: &usize| self.known[*at].not_before.is_some_and(|until| now < until);
        let mut order: Vec<usize> = (0..self.known.len()).filter(|at| !rests(at)).collect();
        order.sort_by_key(|at| Some(*at) == self.silent);
        order
    }

    /// When the first host that refused us may be tried again, if all of them have.
    pub fn resting_until(&self) -> Option<Tick> {
        let all: Option<Vec<Tick>> = self.known.iter().map(|host| host.not_before).collect();
        all?.into_iter().min()
    }

    /// It refused us: a person has to act. The next gap is longer.
    pub fn refused(&mut self, at: usize, random: u64, now: Tick) {
        let host = &mut self.known[at];
        let gap = i64::try_from(host.refusals.next_ms(random)).unwrap_or(i64::MAX);
        host.not_before = Some(now.plus_millis(gap));
    }

    /// It let us in.
    pub fn worked(&mut self, at: usize) {
        self.known[at].refusals.reset();
        self.known[at].not_before = None;
        self.silent = None;
    }

    /// It fell silent while it was in use.
    pub fn fell_silent(&mut self, at: usize) {
        self.silent = Some(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(second: i64) -> Tick {
        Tick::from_millis(second * 1000)
    }

    #[test]
    fn every_round_begins_with_the_first_unless_it_fell_silent() {
        let mut hosts = Hosts::new(3);
        assert_eq!(hosts.round(at(0)), [0, 1, 2]);
        hosts.worked(1);
        assert_eq!(hosts.round(at(1)), [0, 1, 2]);
        hosts.fell_silent(0);
        assert_eq!(hosts.round(at(2)), [1, 2, 0]);
        hosts.worked(1);
        assert_eq!(hosts.round(at(3)), [0, 1, 2]);
    }

    #[test]
    fn who_refuses_is_left_alone_for_growing_gaps_and_the_others_are_not() {
        let mut hosts = Hosts::new(2);
        hosts.refused(0, 0, at(0));
        assert_eq!((hosts.round(at(14)), hosts.resting_until()), (vec![1], None));
        assert_eq!(hosts.round(at(15)), [0, 1]);
        hosts.refused(0, 0, at(15));
        assert_eq!((hosts.round(at(44)), hosts.round(at(45))), (vec![1], vec![0, 1]), "twice as long");
        hosts.refused(1, 0, at(20));
        assert_eq!(hosts.resting_until(), Some(at(35)));
        assert!(hosts.round(at(34)).is_empty());
        hosts.worked(1);
        assert_eq!(hosts.resting_until(), None);
    }
}
