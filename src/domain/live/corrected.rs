//! What a fresh picture shows otherwise than the floor that events alone had kept. Expected: nothing.

use super::snapshot::{MemberSnapshot, QueueSnapshot, Snapshot};

/// One field that a fresh picture corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Where: `sales`, or `sales PJSIP/101`.
    pub place: String,
    /// Which field, as the API names it.
    pub field: &'static str,
    /// What events had made of it.
    pub kept: String,
    /// What the picture says.
    pub listed: String,
}

/// Every field in which `listed` shows something else than `kept`. Not compared: ages, which a list does not tell, and
/// queues that come and go, which no event tells.
pub fn corrections(kept: &Snapshot, listed: &Snapshot) -> Vec<Correction> {
    let mut found = Found(Vec::new());
    let name = |queue: &QueueSnapshot| queue.name.folded();
    pairs(&kept.queues, &listed.queues, name, |before, after| {
        // No event tells of queues that come and go.
        if let (Some(before), Some(after)) = (before, after) {
            found.queue(before, after);
        }
    });
    found.0
}

/// Walks two lists side by side, by key.
fn pairs<'a, T, K: Ord>(
    before: &'a [T],
    after: &'a [T],
    key: impl Fn(&T) -> K,
    mut each: impl FnMut(Option<&'a T>, Option<&'a T>),
) {
    let mut both: std::collections::BTreeMap<K, (Option<&T>, Option<&T>)> = std::collections::BTreeMap::new();
    before.iter().for_each(|one| both.entry(key(one)).or_default().0 = Some(one));
    after.iter().for_each(|one| both.entry(key(one)).or_default().1 = Some(one));
    both.into_values().for_each(|(before, after)| each(before, after));
}

struct Found(Vec<Correction>);

impl Found {
    fn note<T: PartialEq + std::fmt::Debug>(
        &mut self,
        place: String,
        field: &'static str,
        kept: &T,
        listed: &T,
    ) {
        if kept != listed {
            let (kept, listed) = (format!("{kept:?}"), format!("{listed:?}"));
            self.0.push(Correction { place, field, kept, listed });
        }
    }

    fn queue(&mut self, before: &QueueSnapshot, after: &QueueSnapshot) {
        let place = before.name.to_string();
        self.note(place.clone(), "strategy", &before.strategy, &after.strategy);
        self.note(
            place.clone(),
            "service_level_s",
            &before.service_level_seconds,
            &after.service_level_seconds,
        );
        let line = |queue: &QueueSnapshot| -> Vec<(String, String, String)> {
            let of = |caller: &super::snapshot::WaitingCaller| {
                (caller.channel.to_string(), caller.number.clone(), caller.name.clone())
            };
            queue.waiting.iter().map(of).collect()
        };
        self.note(place, "waiting", &line(before), &line(after));
        let key = |member: &MemberSnapshot| member.interface.clone();
        let mut unequal = Vec::new();
        pairs(&before.members, &after.members, key, |one, other| unequal.push((one, other)));
        for (one, other) in unequal {
            let Some(known) = one.or(other) else { continue };
            let place = format!("{} {}", before.name, known.interface);
            match (one, other) {
                (Some(one), Some(other)) => self.member(&place, one, other),
                _ => self.note(place, "member", &one.is_some(), &other.is_some()),
            }
        }
    }

    fn member(&mut self, place: &str, before: &MemberSnapshot, after: &MemberSnapshot) {
        let place = || place.to_owned();
        self.note(place(), "name", &before.name, &after.name);
        self.note(place(), "state", &before.state, &after.state);
        self.note(place(), "sub_state", &before.sub_state, &after.sub_state);
        self.note(place(), "paused", &before.paused, &after.paused);
        self.note(place(), "paused_reason", &before.paused_reason, &after.paused_reason);
        self.note(place(), "penalty", &before.penalty, &after.penalty);
        self.note(place(), "partner", &before.partner, &after.partner);
        let legs = |member: &MemberSnapshot| {
            let mut legs = member.legs.clone();
            legs.sort_unstable();
            legs
        };
        self.note(place(), "legs", &legs(before), &legs(after));
        self.note(place(), "channel", &before.channel, &after.channel);
        self.note(place(), "listeners", &before.listeners, &after.listeners);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::PbxName;
    use crate::domain::live::snapshot::BoardState;
    use crate::domain::time::Moment;

    fn floor(members: Vec<MemberSnapshot>) -> Snapshot {
        let queue = QueueSnapshot {
            name: "sales".into(),
            strategy: "ringall".into(),
            service_level_seconds: None,
            waiting: Vec::new(),
            members,
        };
        let unknown = Snapshot::unknown(PbxName::new("pbx"), Moment::at_millis(0));
        Snapshot { known: true, queues: vec![queue], ..unknown }
    }

    #[test]
    fn each_field_that_differs_is_named() {
        let now = Moment::at_millis(0);
        let alice = MemberSnapshot::free("PJSIP/101", "Alice", now);
        let bob = MemberSnapshot::free("PJSIP/102", "Bob", now);
        let before = floor(vec![alice.clone(), bob.clone()]);
        assert_eq!(corrections(&before, &before), []);
        let later = MemberSnapshot { since: Moment::at_millis(9_000), ..alice.clone() };
        assert_eq!(corrections(&before, &floor(vec![later, bob])), [], "an age is no correction");
        let paused = MemberSnapshot { state: BoardState::Paused, paused: true, ..alice };
        let told: Vec<(String, &str)> = corrections(&before, &floor(vec![paused]))
            .into_iter()
            .map(|correction| (correction.place, correction.field))
            .collect();
        let expect =
            [("sales PJSIP/101", "state"), ("sales PJSIP/101", "paused"), ("sales PJSIP/102", "member")];
        assert_eq!(told, expect.map(|(place, field)| (place.to_owned(), field)));
    }
}
