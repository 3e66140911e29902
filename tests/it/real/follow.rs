//! What the board shows of one member, from now until told to stop.

use asterflow::domain::live::snapshot::{BoardState, MemberSnapshot, Snapshot};
use asterflow::tasks::live::Live;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Queue and interface.
pub(crate) type Who = (&'static str, &'static str);

/// A member that is followed.
pub(crate) struct Follow {
    /// Who it is.
    pub(crate) who: Who,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Vec<String>>,
}

impl Follow {
    /// What was shown so far, without repetitions.
    pub(crate) async fn end(self) -> Vec<String> {
        // The task may have ended with the link.
        let _ = self.stop.send(());
        self.task.await.expect("a story")
    }
}

/// Follows a member's states from now on: `talking 5550001`, `paused`, `gone` where it is no member.
pub(crate) fn follow(live: &Live, who: Who) -> Follow {
    follow_by(live, who, state_of)
}

/// Follows what `tell` says of a member.
pub(crate) fn follow_by(live: &Live, who: Who, tell: fn(&MemberSnapshot) -> String) -> Follow {
    let mut snapshots = live.snapshot.clone();
    let (stop, mut stopped) = oneshot::channel();
    let task = tokio::spawn(async move {
        let mut story: Vec<String> = Vec::new();
        let mut ends = false;
        loop {
            let told = find(&snapshots.borrow_and_update(), who).map_or_else(|| "gone".to_owned(), tell);
            if story.last() != Some(&told) {
                story.push(told);
            }
            if ends {
                return story;
            }
            // Whoever tells us to stop may have been woken by a picture of which we have not been told yet.
            tokio::select! {
                changed = snapshots.changed() => ends = changed.is_err(),
                _ = &mut stopped => ends = true,
            }
        }
    });
    Follow { who, stop, task }
}

fn find(floor: &Snapshot, (queue, interface): Who) -> Option<&MemberSnapshot> {
    let queue = floor.queues.iter().find(|known| known.name.as_str() == queue)?;
    queue.members.iter().find(|known| known.interface.as_str() == interface)
}

fn state_of(member: &MemberSnapshot) -> String {
    let partner = member.partner.as_ref().map_or("", |partner| partner.number.as_str());
    let state = match member.state {
        BoardState::Paused => "paused",
        _ => member.sub_state.as_str(),
    };
    format!("{state} {partner}").trim_end().to_owned()
}
