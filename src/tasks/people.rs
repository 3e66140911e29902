//! Tells the store who sits at which phone, as the manager interface lists the members.
//!
//! ```text
//! live ──watch<Snapshot>──> people ──members──> store (map of names, in one transaction with what it changes)
//! ```
//! It writes only when the list of members changed, and waits a little, so that an agent who is added to ten queues is one
//! change.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock;
use crate::domain::history::identity::{Membership, Source};
use crate::domain::ids::PbxName;
use crate::domain::link::LinkState;
use crate::domain::live::snapshot::Snapshot;
use crate::store::Store;

/// How long a list must have been as it is.
const SETTLE: Duration = Duration::from_millis(if cfg!(test) { 10 } else { 3_000 });
/// A list that the store did not take is given again after this.
const AGAIN: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 30_000 });

/// Follows the floor of one PBX until `stop` turns true or the floor is gone.
pub async fn run(
    store: Store,
    pbx: PbxName,
    mut floor: watch::Receiver<Arc<Snapshot>>,
    mut stop: watch::Receiver<bool>,
) {
    let mut told = BTreeSet::new();
    // While the store owes an answer it is asked again though the floor stands still.
    let mut owed = false;
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            seen = floor.changed() => if seen.is_err() { return },
            () = tokio::time::sleep(AGAIN), if owed => {}
        }
        let differs = |list: &BTreeSet<Membership>| *list != told;
        if !members(&floor.borrow_and_update()).is_some_and(|list| differs(&list)) {
            continue;
        }
        if pause(SETTLE, &mut stop).await {
            return;
        }
        let Some(list) = members(&floor.borrow_and_update()).filter(differs) else { continue };
        let at = clock::now().wall.as_second();
        let noted = store.note_members(&pbx, Source::Ami, at, list.iter().cloned().collect()).await;
        if let Err(error) = &noted {
            tracing::warn!(%pbx, %error, "who sits at which phone could not be stored; it is tried again");
        }
        // Without a history there is nobody to name yet.
        owed = !matches!(noted, Ok(Some(_)));
        if !owed {
            told = list;
        }
    }
}

/// Waits; `true` when it is to stop meanwhile.
async fn pause(time: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(time) => false,
        _ = stop.wait_for(|stop| *stop) => true,
    }
}

/// The members with their names; `None` while the floor is not known to be as it is shown.
fn members(floor: &Snapshot) -> Option<BTreeSet<Membership>> {
    let known = floor.known && floor.ami.state == LinkState::Live;
    let of_queue = |queue: &crate::domain::live::snapshot::QueueSnapshot| {
        let name = queue.name.clone();
        let member = move |member: &crate::domain::live::snapshot::MemberSnapshot| Membership {
            queue: name.clone(),
            interface: member.interface.to_string(),
            name: member.name.to_string(),
        };
        queue.members.iter().map(member).collect::<Vec<_>>()
    };
    known.then(|| floor.queues.iter().flat_map(of_queue).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::live::snapshot::{MemberSnapshot, QueueSnapshot};
    use crate::domain::time::Moment;

    fn member(interface: &str, name: &str) -> MemberSnapshot {
        MemberSnapshot::free(interface, name, Moment::at_millis(0))
    }

    fn floor(members: Vec<MemberSnapshot>) -> Snapshot {
        let mut floor = Snapshot::unknown("pbx".into(), Moment::at_millis(0));
        floor.known = true;
        floor.ami.state = LinkState::Live;
        floor.queues = vec![QueueSnapshot {
            name: "sales".into(),
            strategy: "ringall".into(),
            service_level_seconds: None,
            waiting: Vec::new(),
            members,
        }];
        floor
    }

    async fn names(store: &Store) -> Vec<String> {
        let identities = store.identities(&"pbx".into()).await.expect("reads");
        identities.mappings().map(|mapping| mapping.agents[0].to_string()).collect()
    }

    async fn reaches(store: &Store, expect: &[&str]) {
        for _ in 0..500 {
            if names(store).await == expect {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{:?} instead of {expect:?}", names(store).await);
    }

    #[tokio::test]
    async fn a_list_of_members_is_told_when_there_is_a_history_and_while_it_is_true() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(dir.path()).expect("opens");
        let unknown = Snapshot::unknown("pbx".into(), Moment::at_millis(0));
        let (publish, seen) = watch::channel(Arc::new(unknown));
        let (halt, stop) = watch::channel(false);
        let task = tokio::spawn(run(store.clone(), "pbx".into(), seen, stop));
        let mut now = floor(vec![member("PJSIP/101", "Ann"), member("PJSIP/102", "PJSIP/102")]);
        publish.send_replace(Arc::new(now.clone()));
        tokio::time::sleep(Duration::from_millis(100)).await;
        store.register_pbx(&"pbx".into(), "UTC").await.expect("registers");
        reaches(&store, &["Ann"]).await;
        now.queues[0].members[1].name = "Bob".into();
        now.ami.state = LinkState::Lost;
        publish.send_replace(Arc::new(now.clone()));
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(names(&store).await, ["Ann"], "a picture that may be old tells nothing new");
        now.ami.state = LinkState::Live;
        publish.send_replace(Arc::new(now));
        reaches(&store, &["Ann", "Bob"]).await;
        halt.send_replace(true);
        task.await.expect("ends");
    }
}
