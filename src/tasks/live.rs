//! Owns the floor of one PBX: takes the client's messages, publishes snapshots, tells those who wait for one channel.
//!
//! ```text
//! client ──Message──> live ──watch<Arc<Snapshot>>──> displays
//! control ──Tap──> live ──LegEvent──> control
//! ```
//! Each batch of messages is applied whole and published once. It never waits for a reader.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep_until;

use crate::clock;
use crate::config::{Ami, SupervisorPhone};
use crate::domain::ids::{PbxName, QueueName, UniqueId};
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::live::Floor;
use crate::domain::live::event::Event;
use crate::domain::live::seen::SeenLog;
use crate::domain::live::snapshot::Snapshot;
use crate::domain::time::Moment;
use crate::pbx::ami::client::{self, Client, MESSAGES, Message};
use crate::tasks::reconcile::SeenRequests;

/// Requests to follow a channel: one a supervision.
const TAPS: usize = 16;
/// What happens to one followed channel: a handful of events, and keys that a person presses.
const LEG_EVENTS: usize = 64;

/// What happened to a followed channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegEvent {
    /// It exists.
    Seen,
    /// It listens to this one.
    Attached(UniqueId),
    /// It listens no more.
    Detached,
    /// The answer to the Originate.
    Originated {
        /// Whether it was answered.
        answered: bool,
        /// Asterisk's reason.
        reason: u8,
    },
    /// A key was heard.
    Key(char),
    /// It is gone, with this Q.850 cause.
    HungUp(u16),
    /// The link is down: nothing more will be heard.
    LinkDown,
}

/// Handle to one PBX's floor and link.
#[derive(Clone)]
pub struct Live {
    /// Which PBX.
    pub pbx: PbxName,
    /// The floor now.
    pub snapshot: watch::Receiver<Arc<Snapshot>>,
    /// Counts the turns of the loop: a watchdog sees that it lives.
    pub turns: watch::Receiver<u64>,
    /// Counts the whole pictures: what no event tells (the order of a line) is true as of the last one.
    pub pictures: watch::Receiver<u64>,
    client: Client,
    taps: mpsc::Sender<(UniqueId, mpsc::Sender<LegEvent>)>,
    seen: SeenRequests,
}

impl Live {
    /// Asks for what was seen of today's visits.
    pub fn seen(&self) -> SeenRequests {
        self.seen.clone()
    }

    /// The AMI client, for actions.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Follows one channel from now on, also before it exists. `None` when the live task is gone.
    pub async fn follow(&self, id: &UniqueId) -> Option<mpsc::Receiver<LegEvent>> {
        let (events, heard) = mpsc::channel(LEG_EVENTS);
        self.taps.send((id.clone(), events)).await.ok()?;
        Some(heard)
    }
}

/// Starts the link to one PBX and its floor. Both end when `stop` turns true.
///
/// `wrap_ups`: the queues' wrap-up times in seconds as `tasks::sync` reads them; AMI does not tell them.
pub fn start(
    pbx: PbxName,
    ami: Ami,
    phones: &[SupervisorPhone],
    wrap_ups: watch::Receiver<Arc<BTreeMap<QueueName, u32>>>,
    stop: watch::Receiver<bool>,
) -> Live {
    let (client, messages) = client::start(ami, stop.clone());
    let now = clock::now();
    let (publish, snapshot) = watch::channel(Arc::new(Snapshot::unknown(pbx.clone(), now)));
    let (taps, requests) = mpsc::channel(TAPS);
    let (seen, seen_requests) = mpsc::channel(1);
    let (turn, turns) = watch::channel(0);
    let (pictured, pictures) = watch::channel(0);
    let names = phones.iter().map(|phone| (phone.channel.as_str(), phone.name.as_str()));
    let task = Task {
        pbx: pbx.clone(),
        floor: Floor::new(names),
        link: LinkStatus::connecting(now),
        warnings: None,
        client: client.clone(),
        messages,
        requests,
        seen: SeenLog::default(),
        seen_requests,
        followed: HashMap::new(),
        publish,
        turn,
        pictured,
        wrap_ups,
        stop,
    };
    tokio::spawn(task.run());
    Live { pbx, snapshot, turns, pictures, client, taps, seen }
}

struct Task {
    pbx: PbxName,
    floor: Floor,
    link: LinkStatus,
    warnings: Option<String>,
    client: Client,
    messages: mpsc::Receiver<Message>,
    requests: mpsc::Receiver<(UniqueId, mpsc::Sender<LegEvent>)>,
    seen: SeenLog,
    seen_requests: mpsc::Receiver<oneshot::Sender<SeenLog>>,
    followed: HashMap<UniqueId, Vec<mpsc::Sender<LegEvent>>>,
    publish: watch::Sender<Arc<Snapshot>>,
    turn: watch::Sender<u64>,
    pictured: watch::Sender<u64>,
    wrap_ups: watch::Receiver<Arc<BTreeMap<QueueName, u32>>>,
    stop: watch::Receiver<bool>,
}

impl Task {
    async fn run(mut self) {
        let mut batch = Vec::with_capacity(MESSAGES);
        loop {
            self.turn.send_modify(|turns| *turns += 1);
            let now = clock::now();
            // A turn a second at least, so that the watchdog sees the loop alive on a quiet night.
            let second = now.tick.plus_millis(1_000);
            let until = self.floor.next_timeout(now).map_or(second, |timeout| timeout.min(second));
            tokio::select! {
                _ = self.stop.changed() => return,
                count = self.messages.recv_many(&mut batch, MESSAGES) => {
                    if count == 0 {
                        return;
                    }
                    let now = clock::now();
                    let whole = batch.iter().filter(|one| matches!(one, Message::Picture(_))).count();
                    batch.drain(..).for_each(|message| self.take(message, now));
                    self.publish(now);
                    // After the snapshot: who waits for a picture finds it published.
                    if whole > 0 {
                        self.pictured.send_modify(|count| *count += 1);
                    }
                }
                Some((id, events)) = self.requests.recv() => {
                    self.followed.retain(|_, followers| followers.iter().any(|follower| !follower.is_closed()));
                    self.followed.entry(id).or_default().push(events);
                }
                Some(answer) = self.seen_requests.recv() => {
                    // Who asked may be gone.
                    let _ = answer.send(self.seen.clone());
                }
                Ok(()) = self.wrap_ups.changed() => {
                    let now = clock::now();
                    let wrap_ups = Arc::clone(&self.wrap_ups.borrow_and_update());
                    self.floor.set_wrap_ups(&wrap_ups, now);
                    self.publish(now);
                }
                () = sleep_until(clock::deadline(until)) => {
                    let now = clock::now();
                    if self.floor.handle_timeout(now) {
                        self.publish(now);
                    }
                }
            }
        }
    }

    fn publish(&self, now: Moment) {
        self.publish.send_replace(Arc::new(self.floor.snapshot(&self.pbx, &self.link, now)));
    }

    fn take(&mut self, message: Message, now: Moment) {
        match message {
            Message::Up => {}
            Message::Picture(picture) => {
                self.floor.replace(*picture, now);
                self.seen.link(true, now.wall.as_second());
                self.link.fresh_at = None;
                self.link.enter(LinkState::Live, self.warnings.clone(), now);
            }
            Message::Event(event) => {
                self.tell_follower(&event);
                self.seen.take(&event, now.wall.as_second());
                if self.floor.apply(event, now).unknown {
                    self.client.wish_picture();
                }
            }
            Message::Warnings(sentences) => {
                sentences.iter().for_each(|sentence| tracing::warn!(pbx = %self.pbx, "{sentence}"));
                self.warnings = (!sentences.is_empty()).then(|| sentences.join(" "));
                if self.link.state == LinkState::Live {
                    self.link.detail.clone_from(&self.warnings);
                }
            }
            Message::Down { why, refused } => self.down(why, refused, now),
        }
    }

    fn down(&mut self, why: String, refused: bool, now: Moment) {
        self.seen.link(false, now.wall.as_second());
        if self.link.state == LinkState::Live {
            self.link.fresh_at = Some(now);
        }
        let state = match (refused, self.floor.is_known()) {
            (true, _) => LinkState::Refused,
            (false, true) => LinkState::Lost,
            (false, false) => LinkState::Connecting,
        };
        self.link.enter(state, Some(why), now);
        for follower in self.followed.drain().flat_map(|(_, followers)| followers) {
            let _ = follower.try_send(LegEvent::LinkDown);
        }
    }

    fn tell_follower(&mut self, event: &Event) {
        if self.followed.is_empty() {
            return;
        }
        let Some((id, told)) = leg_event(event) else { return };
        let Some(followers) = self.followed.get_mut(id) else { return };
        // A follower that does not read 64 events has lost interest.
        followers.retain(|follower| follower.try_send(told.clone()).is_ok());
        if followers.is_empty() {
            let id = UniqueId::new(id);
            self.followed.remove(&id);
        }
    }
}

fn leg_event(event: &Event) -> Option<(&str, LegEvent)> {
    match event {
        Event::Channel(info) => Some((&info.id, LegEvent::Seen)),
        Event::SpyStarted { spy, target } => Some((&spy.id, LegEvent::Attached(target.clone()))),
        Event::SpyStopped { spy } => Some((spy.as_str(), LegEvent::Detached)),
        Event::Originated { id, answered, reason } => {
            Some((id.as_str(), LegEvent::Originated { answered: *answered, reason: *reason }))
        }
        Event::Key { id, digit } => Some((id.as_str(), LegEvent::Key(*digit))),
        Event::HungUp { id, cause } => Some((id.as_str(), LegEvent::HungUp(*cause))),
        _ => None,
    }
}
