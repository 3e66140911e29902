//! Owns the floor of one PBX: takes the client's messages, publishes snapshots, tells those who wait for one channel.
//!
//! ```text
//! client ──Message──> live ──watch<Arc<Snapshot>>──> displays
//! control ──Tap──> live ──LegEvent──> control
//! ```
//! Each batch of messages is applied whole; pictures for readers are made at once after a pause, and at most fifty a second.
//! It never waits for a reader.
//!
//! A fresh picture of a floor that is known is not taken over blindly: both floors take what happens for a second more.
//! What still differs then was wrong, is counted, and only then is the floor replaced. So a resync never shows as a flicker.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep_until;

use crate::clock;
use crate::config::{Ami, SupervisorPhone};
use crate::domain::ids::{PbxName, QueueName, UniqueId};
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::live::Floor;
use crate::domain::live::corrected::{Correction, corrections};
use crate::domain::live::event::{Event, Picture};
use crate::domain::live::seen::SeenLog;
use crate::domain::live::snapshot::Snapshot;
use crate::domain::time::{Moment, Tick};
use crate::pbx::ami::client::{self, Client, MESSAGES, Message};
use crate::tasks::reconcile::SeenRequests;

/// Requests to follow a channel: one a supervision.
const TAPS: usize = 16;
/// Asterisk's state of a channel whose phone rings.
const RINGING: u8 = 5;
/// In a flood, readers get a picture so often.
const PUBLISH_MS: i64 = 20;
/// Events that Asterisk had on their way when it made its lists have come by then.
const SETTLE_MS: i64 = 1_000;
/// So many corrected fields of one picture are logged.
const TOLD: usize = 10;
/// What happens to one followed channel: a handful of events, and keys that a person presses.
const LEG_EVENTS: usize = 64;

/// What happened to a followed channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegEvent {
    /// It exists.
    Seen,
    /// It rings.
    Rings,
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
    /// Its party has passed the call on.
    Transferred,
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
    /// Counts the whole pictures that took over: what no event tells (the order of a line) is true as of the last one.
    pub pictures: watch::Receiver<u64>,
    client: Client,
    expected: Arc<AtomicBool>,
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

    /// Asks for a whole picture, because we have changed something that no event tells: what it shows otherwise is no
    /// mistake of the floor's.
    pub fn expect_picture(&self) {
        self.expected.store(true, Ordering::Relaxed);
        self.client.wish_picture();
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
    let expected = Arc::new(AtomicBool::new(false));
    let names = phones.iter().map(|phone| (phone.channel.as_str(), phone.name.as_str()));
    let task = Task {
        pbx: pbx.clone(),
        floor: Floor::new(names),
        fresh: None,
        corrected: 0,
        wished: false,
        expected: Arc::clone(&expected),
        took_over: false,
        published: now.tick,
        unpublished: false,
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
    Live { pbx, snapshot, turns, pictures, client, expected, taps, seen }
}

struct Task {
    pbx: PbxName,
    floor: Floor,
    /// The floor after the last picture, and when it takes over.
    fresh: Option<(Floor, Tick)>,
    corrected: u64,
    /// A picture is wanted because of something that the floor does not know.
    wished: bool,
    /// One is wanted because of something that we did ourselves.
    expected: Arc<AtomicBool>,
    /// A picture has taken over since the last snapshot.
    took_over: bool,
    published: Tick,
    unpublished: bool,
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
            let publish = self.unpublished.then(|| self.published.plus_millis(PUBLISH_MS));
            let settled = self.fresh.as_ref().map(|(_, until)| *until);
            let timeouts = [self.floor.next_timeout(now), publish, settled];
            let until = timeouts.into_iter().flatten().fold(second, Tick::min);
            tokio::select! {
                _ = self.stop.changed() => return,
                count = self.messages.recv_many(&mut batch, MESSAGES) => {
                    if count == 0 {
                        return;
                    }
                    let now = clock::now();
                    batch.drain(..).for_each(|message| self.take(message, now));
                    self.unpublished = true;
                    self.pump(now);
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
                    if let Some((fresh, _)) = &mut self.fresh {
                        fresh.set_wrap_ups(&wrap_ups, now);
                    }
                    self.publish(now);
                }
                () = sleep_until(clock::deadline(until)) => {
                    let now = clock::now();
                    self.unpublished |= self.floor.handle_timeout(now);
                    self.pump(now);
                }
            }
        }
    }

    /// Does what time asks for: lets a fresh picture take over, and shows what has changed.
    fn pump(&mut self, now: Moment) {
        if self.fresh.as_ref().is_some_and(|(_, until)| now.tick >= *until) {
            self.settle(now);
        }
        if self.unpublished && now.tick.since(self.published) >= PUBLISH_MS {
            self.publish(now);
        }
    }

    fn publish(&mut self, now: Moment) {
        (self.published, self.unpublished) = (now.tick, false);
        self.publish.send_replace(Arc::new(self.snapshot(&self.floor, now)));
        // After the snapshot: who waits for a picture finds it published.
        if std::mem::take(&mut self.took_over) {
            self.pictured.send_modify(|count| *count += 1);
        }
    }

    fn snapshot(&self, floor: &Floor, now: Moment) -> Snapshot {
        Snapshot { corrected: self.corrected, ..floor.snapshot(&self.pbx, &self.link, now) }
    }

    /// Takes a whole picture.
    fn picture(&mut self, picture: Picture, now: Moment) {
        let wished = std::mem::take(&mut self.wished) | self.expected.swap(false, Ordering::Relaxed);
        let kept = self.link.state == LinkState::Live && !wished;
        let mut fresh = self.floor.clone();
        fresh.replace(picture, now);
        if kept {
            self.fresh = Some((fresh, now.tick.plus_millis(SETTLE_MS)));
        } else {
            (self.floor, self.fresh) = (fresh, None);
            self.took_over = true;
        }
        self.seen.link(true, now.wall.as_second());
        self.link.fresh_at = None;
        self.link.enter(LinkState::Live, self.warnings.clone(), now);
    }

    /// The fresh picture takes over; what it shows otherwise is counted.
    fn settle(&mut self, now: Moment) {
        let Some((mut fresh, _)) = self.fresh.take() else { return };
        fresh.handle_timeout(now);
        let found = corrections(&self.snapshot(&self.floor, now), &self.snapshot(&fresh, now));
        for Correction { place, field, kept, listed } in found.iter().take(TOLD) {
            tracing::warn!(pbx = %self.pbx, place, field, kept, listed, "a fresh picture corrected the floor");
        }
        self.corrected += u64::try_from(found.len()).unwrap_or(0);
        self.floor = fresh;
        self.took_over = true;
        self.unpublished = true;
    }

    fn take(&mut self, message: Message, now: Moment) {
        match message {
            Message::Up { host, note } => (self.link.host, self.link.note) = (Some(host), note),
            Message::Picture(picture) => self.picture(*picture, now),
            Message::Missed => {
                self.wished = true;
                self.floor.distrust();
            }
            Message::Event(event) => {
                self.tell_follower(&event);
                self.seen.take(&event, now.wall.as_second());
                if let Some((fresh, _)) = &mut self.fresh {
                    fresh.apply(event.clone(), now);
                }
                if self.floor.apply(event, now).unknown {
                    self.wished = true;
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
        (self.link.host, self.link.note) = (None, None);
        self.fresh = None;
        self.floor.distrust();
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
        if let Event::Transferred(legs) = event {
            return legs.iter().for_each(|leg| self.tell(leg.as_str(), &LegEvent::Transferred));
        }
        if let Some((id, told)) = leg_event(event) {
            self.tell(id, &told);
        }
    }

    fn tell(&mut self, id: &str, told: &LegEvent) {
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
        Event::Channel(info) if info.state == RINGING => Some((&info.id, LegEvent::Rings)),
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
