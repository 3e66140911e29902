//! Lists: the whole answer of a list action as one run of bytes, so that no event can come between.

use std::collections::BTreeSet;

use super::answer::Answer;
use super::encode::Text;
use super::request::Request;
use crate::sim::pbx::{Channel, DeviceState, Entry, Member, Millis, Queue, State};

/// A list being written.
struct List<'a> {
    id: &'a str,
    bytes: Vec<u8>,
    count: usize,
}

impl<'a> List<'a> {
    fn start(id: &'a str, message: &str) -> Self {
        let bytes = Answer::success(id).with("EventList", "start").with("Message", message).finish();
        Self { id, bytes, count: 0 }
    }

    /// Adds an item whose ActionID stands at its end, as app_queue does.
    fn item(&mut self, mut text: Text) {
        text.action_id(self.id);
        self.item_as_it_is(text);
    }

    /// Adds an item that has its ActionID already.
    fn item_as_it_is(&mut self, text: Text) {
        self.bytes.append(&mut text.finish());
        self.count += 1;
    }

    /// An item whose ActionID stands first, as everything but app_queue does.
    fn begin(&self, event: &str) -> Text {
        let mut text = Text::new("Event", event);
        text.action_id(self.id);
        text
    }

    fn complete(mut self, event: &str) -> Vec<u8> {
        let mut text = self.begin(event);
        text.put("EventList", "Complete");
        text.put("ListItems", self.count);
        self.bytes.append(&mut text.finish());
        self.bytes
    }
}

/// CoreShowChannels.
pub(super) fn channels(state: &State, id: &str, now: Millis) -> Vec<u8> {
    let mut list = List::start(id, "Channels will follow");
    for channel in state.channels.values() {
        let mut text = list.begin("CoreShowChannel");
        text.channel("", channel);
        text.put("Application", &channel.application);
        text.put("ApplicationData", &channel.data);
        text.put("Duration", Clock(seconds(now - channel.since)));
        let bridge = channel.bridge.and_then(|bridge| state.bridges.get(&bridge));
        text.put("BridgeId", bridge.map_or("", |bridge| &bridge.uniqueid));
        list.item_as_it_is(text);
    }
    list.complete("CoreShowChannelsComplete")
}

/// BridgeList.
pub(super) fn bridges(state: &State, id: &str) -> Vec<u8> {
    let mut list = List::start(id, "Bridge listing will follow");
    for bridge in state.bridges.values() {
        let mut text = list.begin("BridgeListItem");
        text.bridge("", bridge);
        list.item_as_it_is(text);
    }
    list.complete("BridgeListComplete")
}

/// DeviceStateList: the members' devices.
pub(super) fn devices(state: &State, id: &str) -> Vec<u8> {
    let mut list = List::start(id, "Device State Changes will follow");
    let members = state.queues.iter().flat_map(|queue| &queue.members);
    let devices: BTreeSet<(&str, DeviceState)> =
        members.map(|member| (&*member.interface, member.status)).collect();
    for (device, state) in devices {
        let mut text = list.begin("DeviceStateChange");
        text.put("Device", device);
        text.put("State", state.spelled().1);
        list.item_as_it_is(text);
    }
    list.complete("DeviceStateListComplete")
}

/// QueueStatus, of one queue and member where the action names them.
pub(super) fn queues(state: &State, request: &Request, id: &str, now: Millis) -> Vec<u8> {
    let mut list = List::start(id, "Queue status will follow");
    let wanted = request.get("Member");
    for queue in chosen(state, request) {
        list.item(queue_params(queue));
        for member in &queue.members {
            if wanted.is_empty() || wanted == &*member.interface || wanted == &*member.name {
                list.item(queue_member(member));
            }
        }
        for (position, entry) in (1..).zip(&queue.entries) {
            if let Some(channel) = state.channels.get(&entry.channel) {
                list.item(queue_entry(queue, position, entry, channel, now));
            }
        }
    }
    list.complete("QueueStatusComplete")
}

/// QueueSummary, of one queue where the action names it.
pub(super) fn summary(state: &State, request: &Request, id: &str, now: Millis) -> Vec<u8> {
    let mut list = List::start(id, "Queue summary will follow");
    for queue in chosen(state, request) {
        let logged_in = queue.members.iter().filter(|member| member.status != DeviceState::Unavailable);
        let is_free = |member: &&Member| !member.paused && member.status == DeviceState::NotInUse;
        let longest = queue.entries.iter().map(|entry| seconds(now - entry.since)).max().unwrap_or(0);
        let mut text = Text::new("Event", "QueueSummary");
        text.put("Queue", &queue.name);
        text.put("LoggedIn", logged_in.clone().count());
        text.put("Available", logged_in.filter(is_free).count());
        text.put("Callers", queue.entries.len());
        text.put("HoldTime", queue.hold_time);
        text.put("TalkTime", queue.talk_time);
        text.put("LongestHoldTime", longest);
        list.item(text);
    }
    list.complete("QueueSummaryComplete")
}

fn chosen<'a>(state: &'a State, request: &'a Request) -> impl Iterator<Item = &'a Queue> {
    let name = request.get("Queue");
    state.queues.iter().filter(move |queue| name.is_empty() || queue.name.eq_ignore_ascii_case(name))
}

fn queue_params(queue: &Queue) -> Text {
    let mut text = Text::new("Event", "QueueParams");
    text.put("Queue", &queue.name);
    text.put("Max", queue.max);
    text.put("Strategy", queue.strategy);
    text.put("Calls", queue.entries.len());
    text.put("Holdtime", queue.hold_time);
    text.put("TalkTime", queue.talk_time);
    text.put("Completed", queue.completed);
    text.put("Abandoned", queue.abandoned);
    text.put("ServiceLevel", queue.service_level);
    text.put("ServicelevelPerf", Percent(queue.completed_in_level, queue.completed));
    let in_level = queue.completed_in_level + queue.abandoned_in_level;
    text.put("ServicelevelPerf2", Percent(in_level, queue.completed + queue.abandoned));
    text.put("Weight", 0);
    text
}

fn queue_member(member: &Member) -> Text {
    let mut text = Text::new("Event", "QueueMember");
    text.put("Queue", &member.queue);
    text.put("Name", &member.name);
    text.put("Location", &member.interface);
    text.put("StateInterface", &member.interface);
    text.put("Membership", if member.is_dynamic { "dynamic" } else { "static" });
    text.member_counts(member);
    text.put("Wrapuptime", member.wrapup_time);
    text
}

fn queue_entry(queue: &Queue, position: u32, entry: &Entry, channel: &Channel, now: Millis) -> Text {
    // Unlike everywhere else, names are raw and nothing is `unknown` without brackets.
    fn known(text: &str) -> &str {
        if text.is_empty() { "unknown" } else { text }
    }
    let mut text = Text::new("Event", "QueueEntry");
    text.put("Queue", &queue.name);
    text.put("Position", position);
    text.put("Channel", &channel.name);
    text.put("Uniqueid", &channel.uniqueid);
    text.put("CallerIDNum", known(&channel.caller.number));
    text.put("CallerIDName", known(&channel.caller.name));
    text.put("ConnectedLineNum", known(&channel.connected.number));
    text.put("ConnectedLineName", known(&channel.connected.name));
    text.put("Wait", seconds(now - entry.since));
    text.put("Priority", entry.priority);
    text
}

fn seconds(millis: Millis) -> Millis {
    millis.max(0) / 1000
}

/// `00:00:03`
struct Clock(i64);

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.0 / 3600, self.0 / 60 % 60, self.0 % 60)
    }
}

/// `66.7`; `0.0` of nothing.
struct Percent(u32, u32);

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let share = if self.1 == 0 { 0.0 } else { 100.0 * f64::from(self.0) / f64::from(self.1) };
        write!(f, "{share:.1}")
    }
}
