//! Answers about dates that were asked for lately, kept in memory.
//!
//! An answer is kept with the numbers of changes of the days that it depends on, which the store notes in the transaction that
//! changes them; it is thrown away when those are others. So no answer is older than the store.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use crate::store::DayChanges;

/// What is kept, up to some weight. Cheap to clone; clones are one.
pub(super) struct Kept<K, V> {
    held: Arc<Mutex<Held<K, V>>>,
}

struct Held<K, V> {
    answers: HashMap<K, Answer<V>>,
    weight: usize,
    most: usize,
    asked: u64,
}

struct Answer<V> {
    /// Of the days that it depends on, both ends included.
    days: (i64, i64),
    changes: DayChanges,
    /// The log's own clock, where what goes on counts up to there.
    clock: i64,
    value: V,
    weight: usize,
    /// When it was asked for last.
    asked: u64,
}

impl<K, V> Clone for Kept<K, V> {
    fn clone(&self) -> Self {
        Self { held: Arc::clone(&self.held) }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Kept<K, V> {
    /// Nothing yet, and never more than `most` together weigh.
    pub(super) fn up_to(most: usize) -> Self {
        let held = Held { answers: HashMap::new(), weight: 0, most, asked: 0 };
        Self { held: Arc::new(Mutex::new(held)) }
    }

    /// What is kept under `key`, where nothing changed since; `all`: the changes of all days that it may depend on.
    pub(super) fn get(&self, key: &K, all: &DayChanges, clock: i64) -> Option<V> {
        let mut held = self.held.lock().ok()?;
        held.asked += 1;
        let asked = held.asked;
        let answer = held.answers.get_mut(key)?;
        if answer.changes != all.of(answer.days.0, answer.days.1) || answer.clock != clock {
            return None;
        }
        answer.asked = asked;
        Some(answer.value.clone())
    }

    /// Keeps an answer with the changes of the days that it depends on, both ends included. These were asked for before what it
    /// is made of was read.
    pub(super) fn put(
        &self,
        key: K,
        (all, days, clock): (&DayChanges, (i64, i64), i64),
        value: V,
        weight: usize,
    ) {
        let changes = all.of(days.0, days.1);
        let Ok(mut held) = self.held.lock() else { return };
        let asked = held.asked;
        held.weight += weight;
        if let Some(before) = held.answers.insert(key, Answer { days, changes, clock, value, weight, asked })
        {
            held.weight -= before.weight;
        }
        if held.weight <= held.most {
            return;
        }
        // What was not asked for longest goes, a quarter at once, so that this is rare.
        let mut ages: Vec<(u64, K)> =
            held.answers.iter().map(|(key, answer)| (answer.asked, key.clone())).collect();
        ages.sort_by_key(|(asked, _)| *asked);
        for (_, key) in ages {
            if held.weight <= held.most / 4 * 3 {
                break;
            }
            if let Some(gone) = held.answers.remove(&key) {
                held.weight -= gone.weight;
            }
        }
    }

    /// What all that is kept weighs.
    #[cfg(test)]
    pub(super) fn weight(&self) -> usize {
        self.held.lock().map_or(0, |held| held.weight)
    }
}
