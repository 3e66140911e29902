//! Fetching a whole picture while events go on: subscribe, list, and replay what came meanwhile.
//!
//! The lists are asked for in one go. Events that arrive meanwhile are kept and replayed over the picture in their order,
//! which ends in the true state; once there is a floor they change it at once, too, so that it never waits for a list.

use super::event::Classes;
use super::fields::Fields;
use super::frame::Frame;
use crate::domain::live::event::{Event, MemberInfo, Picture};
use crate::domain::time::Tick;

/// Events kept while the lists come: some megabytes. Reached only in a flood.
const BUFFER_LIMIT: usize = 20_000;
/// Lists that are not whole by then are asked for again.
const FETCH_MS: i64 = 15_000;
/// A whole picture is fetched this often, to be sure.
const PERIOD_MS: i64 = 60_000;
/// Sooner, while it is not yet proven that all classes of events come.
const EARLY_PERIOD_MS: i64 = 10_000;
/// How many early ones there are.
const EARLY_COUNT: u32 = 6;
/// After a list was refused because Asterisk is still starting.
const RETRY_MS: i64 = 1_000;
/// Wishes for a new picture are heeded no faster than this.
const GAP_MS: i64 = 2_000;

/// What the session has to do next for the picture.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    None,
    /// Send the list actions.
    Ask,
}

/// The state of fetching.
#[derive(Debug, Default)]
pub(super) struct Resync {
    running: Option<Running>,
    due: Option<Tick>,
    last: Option<Tick>,
    done: u32,
    previous: Option<Picture>,
    hints: Hints,
}

/// What is known of the hints. They are listed once, where a member leans on one: a large PBX has thousands, and what
/// changes of them is told by events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Hints {
    #[default]
    Unknown,
    Listed,
    Refused,
}

#[derive(Debug)]
struct Running {
    started: Tick,
    picture: Picture,
    channels_done: bool,
    queues_done: bool,
    hints_asked: bool,
    hints_done: bool,
    buffered: Vec<Event>,
}

impl Resync {
    /// Asks for a picture as soon as decent.
    pub(super) fn wish(&mut self, now: Tick) {
        let earliest = self.last.map_or(now, |last| last.plus_millis(GAP_MS).max(now));
        self.due = Some(self.due.map_or(earliest, |due| due.min(earliest)));
    }

    /// When to look again.
    pub(super) fn next_timeout(&self) -> Option<Tick> {
        match &self.running {
            Some(running) => Some(running.started.plus_millis(FETCH_MS)),
            None => self.due,
        }
    }

    /// Begins when due, begins again when stuck.
    pub(super) fn handle_timeout(&mut self, now: Tick) -> Step {
        let stuck = self.running.as_ref().is_some_and(|running| now >= running.started.plus_millis(FETCH_MS));
        let due = self.running.is_none() && self.due.is_some_and(|due| now >= due);
        if !(stuck || due) {
            return Step::None;
        }
        let buffered = self.running.take().map(|running| running.buffered).unwrap_or_default();
        self.running = Some(Running {
            started: now,
            picture: Picture { channels: Some(Vec::new()), ..Picture::default() },
            channels_done: false,
            queues_done: false,
            hints_asked: false,
            hints_done: false,
            buffered,
        });
        self.due = None;
        self.last = Some(now);
        Step::Ask
    }

    /// Lets an event through, and keeps a copy for the picture that is being made. Before the first picture nothing is
    /// known that it could change: then it follows the picture.
    pub(super) fn pass(&mut self, event: Event, now: Tick) -> Option<Event> {
        let Some(running) = &mut self.running else { return Some(event) };
        if running.buffered.len() >= BUFFER_LIMIT {
            if self.done > 0 {
                // The floor has all of them; the picture can wait for a quieter moment.
                self.running = None;
                self.due = Some(now.plus_millis(EARLY_PERIOD_MS));
                return Some(event);
            }
            // Nothing is lost that the next picture does not hold.
            running.buffered.clear();
            running.started = now.plus_millis(-FETCH_MS);
        }
        let told = (self.done > 0).then(|| event.clone());
        running.buffered.push(event);
        told
    }

    /// Takes one item of a list.
    pub(super) fn item(&mut self, frame: &Frame<'_>) {
        let Some(running) = &mut self.running else { return };
        let picture = &mut running.picture;
        let fields = Fields::new(frame);
        match frame.event() {
            Some(b"CoreShowChannel") => {
                picture.channels.get_or_insert_default().push(fields.listed_channel());
            }
            Some(b"QueueParams") => picture.queues.push(fields.queue()),
            Some(b"QueueMember") => picture.members.push(fields.member()),
            Some(b"QueueEntry") => picture.entries.push(fields.entry()),
            Some(b"ExtensionStatus") => picture.hints.get_or_insert_default().push(fields.hint()),
            _ => {}
        }
    }

    /// The channels are all there, or (`refused`) may not be listed.
    pub(super) fn channels_complete(&mut self, refused: bool) {
        if let Some(running) = &mut self.running {
            running.channels_done = true;
            if refused {
                running.picture.channels = None;
            }
        }
    }

    /// The queues are all there.
    pub(super) fn queues_complete(&mut self) {
        if let Some(running) = &mut self.running {
            running.queues_done = true;
        }
    }

    /// Whether the hints have to be listed, too; says so once a picture.
    pub(super) fn wants_hints(&mut self) -> bool {
        let Some(running) = self.running.as_mut().filter(|running| running.queues_done) else { return false };
        let leans = |member: &MemberInfo| member.state_interface.starts_with("hint:");
        let wanted = self.hints == Hints::Unknown && running.picture.members.iter().any(leans);
        if wanted && !running.hints_asked {
            running.hints_asked = true;
            return true;
        }
        running.hints_done |= !wanted;
        false
    }

    /// The hints are all there, or (`refused`) may not be listed; then calls tell which phones are whose.
    pub(super) fn hints_complete(&mut self, refused: bool) {
        self.hints = if refused { Hints::Refused } else { Hints::Listed };
        if let Some(running) = &mut self.running {
            running.hints_done = true;
        }
    }

    /// The dialplan may have been read anew.
    pub(super) fn reloaded(&mut self) {
        self.hints = Hints::Unknown;
    }

    /// A list was refused for now: everything again a little later; what was buffered is older than that picture.
    pub(super) fn refused(&mut self, now: Tick) {
        self.running = None;
        self.due = Some(now.plus_millis(RETRY_MS));
    }

    /// The picture and the events after it, once both lists are whole; and what its comparison with the one before
    /// tells about classes that do not come.
    pub(super) fn finish(&mut self, now: Tick, classes: Classes) -> Option<Finished> {
        let whole = |running: &Running| running.channels_done && running.queues_done && running.hints_done;
        if !self.running.as_ref().is_some_and(whole) {
            return None;
        }
        let Running { mut picture, mut buffered, .. } = self.running.take()?;
        self.done += 1;
        let early = self.done <= EARLY_COUNT && !(classes.agent && classes.call);
        self.due = Some(now.plus_millis(if early { EARLY_PERIOD_MS } else { PERIOD_MS }));
        let previous = self.previous.replace(picture.clone());
        let silent = previous.map(|before| Silent {
            call: !classes.call && channel_ids(&before) != channel_ids(&picture),
            agent: !classes.agent && queue_facts(&before) != queue_facts(&picture),
        });
        if self.done > 1 {
            picture.meanwhile = std::mem::take(&mut buffered);
        }
        Some(Finished { picture, buffered, silent: silent.unwrap_or_default() })
    }
}

/// A picture, complete.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) picture: Picture,
    pub(super) buffered: Vec<Event>,
    pub(super) silent: Silent,
}

/// Classes of events that should have announced a change and did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Silent {
    pub(super) call: bool,
    pub(super) agent: bool,
}

fn channel_ids(picture: &Picture) -> Vec<&str> {
    let mut ids: Vec<&str> =
        picture.channels.iter().flatten().map(|listed| listed.channel.id.as_str()).collect();
    ids.sort_unstable();
    ids
}

fn queue_facts(picture: &Picture) -> Vec<(&str, &str, u8, bool)> {
    let members = picture
        .members
        .iter()
        .map(|member| (member.queue.as_str(), member.interface.as_str(), member.status.0, member.paused));
    let entries =
        picture.entries.iter().map(|entry| (entry.queue.as_str(), entry.channel.id.as_str(), u8::MAX, false));
    let mut facts: Vec<_> = members.chain(entries).collect();
    facts.sort_unstable();
    facts
}
