//! The floor and the figures of today as the JSON that others hold on to: names and meanings here do not change, new
//! fields may come. Times are RFC 3339 with the offset of the PBX's zone, durations whole seconds; text is as the PBX
//! gave it, for JSON escapes what has to be.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::domain::alarm::{Alarm, Alarms, Kind, Limits, Number, Step, share_or_whole};
use crate::domain::history::figures::{QueueFigures, ServiceLevelVariant, Today};
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::live::snapshot::{
    BoardState, MemberSnapshot, QueueSnapshot, Snapshot, StateCounts, SubState, WaitingCaller,
};
use crate::domain::time::Moment;

mod supervision;

pub use supervision::{SupervisionView, supervision};

/// What one PBX gives to the live picture.
pub struct LiveInput<'a> {
    /// The floor.
    pub snapshot: &'a Snapshot,
    /// The figures of today.
    pub today: &'a Today,
    /// What is raised in its queues.
    pub alarms: &'a Alarms,
    /// How its database stands.
    pub database: &'a LinkStatus,
    /// Its clock's zone.
    pub zone: &'a TimeZone,
    /// The service level's seconds where a queue has none of its own.
    pub service_level_s: u32,
}

/// `/api/v1/live`
#[derive(Debug, Serialize)]
pub struct Live<'a> {
    as_of: String,
    pbx: Vec<Pbx<'a>>,
}

#[derive(Debug, Serialize)]
struct Pbx<'a> {
    name: &'a str,
    ami: Link<'a>,
    database: Link<'a>,
    known: bool,
    agents: StateCounts,
    queues: Vec<Queue<'a>>,
}

/// How a source stands.
#[derive(Debug, Serialize)]
pub struct Link<'a> {
    /// The word for its state.
    pub state: &'static str,
    /// When that began.
    pub since: String,
    /// Age of its picture, seconds.
    pub age_s: i64,
    /// Where it is connected to; null where that is not known.
    pub host: Option<&'a str>,
    /// What is wrong, one sentence.
    pub detail: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Queue<'a> {
    name: &'a str,
    strategy: &'a str,
    service_level_s: u32,
    waiting: Vec<Waiting<'a>>,
    today: Option<QueueToday>,
    counts: StateCounts,
    members: Vec<Member<'a>>,
    alarms: Vec<AlarmRaised>,
    quiet_until: Option<String>,
    alarm_limits: BTreeMap<&'static str, BTreeMap<&'static str, Number>>,
}

/// Something that is raised in a queue.
#[derive(Debug, Serialize)]
struct AlarmRaised {
    kind: Kind,
    step: Step,
    value: Number,
    limit: Number,
    since: String,
}

#[derive(Debug, Serialize)]
struct Waiting<'a> {
    position: u32,
    caller_number: &'a str,
    caller_name: &'a str,
    since: String,
    wait_s: i64,
    channel: &'a str,
}

#[derive(Debug, Serialize)]
struct QueueToday {
    offered: u64,
    answered: u64,
    abandoned: u64,
    service_level: ServiceLevel,
    average_speed_of_answer_s: Option<i64>,
    longest_wait_s: Option<u64>,
}

#[derive(Debug, Serialize)]
struct ServiceLevel {
    variant: ServiceLevelVariant,
    value: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Member<'a> {
    interface: &'a str,
    name: &'a str,
    state: BoardState,
    sub_state: SubState,
    since: String,
    paused: bool,
    paused_reason: Option<&'a str>,
    penalty: u32,
    dynamic: bool,
    calls_today: Option<u64>,
    partner: Option<Partner<'a>>,
    channel: Option<&'a str>,
    listeners: &'a [String],
}

#[derive(Debug, Serialize)]
struct Partner<'a> {
    number: &'a str,
    name: &'a str,
}

/// A moment in RFC 3339 with the offset of `zone`, whole seconds.
pub fn time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The live picture of all PBXs at `now`.
pub fn live<'a>(inputs: &'a [LiveInput<'a>], now: Moment) -> Live<'a> {
    let utc = TimeZone::UTC;
    let zone = inputs.first().map_or(&utc, |input| input.zone);
    Live { as_of: time(now.wall, zone), pbx: inputs.iter().map(|input| pbx(input, now)).collect() }
}

fn pbx<'a>(input: &'a LiveInput<'a>, now: Moment) -> Pbx<'a> {
    let snapshot = input.snapshot;
    Pbx {
        name: snapshot.pbx.as_str(),
        ami: ami_link(&snapshot.ami, input.zone, now),
        database: link(input.database, input.zone, now),
        known: snapshot.known,
        agents: snapshot.agents(),
        queues: snapshot.queues.iter().map(|held| queue(held, input, now)).collect(),
    }
}

/// A source's state as JSON.
pub fn link<'a>(status: &'a LinkStatus, zone: &TimeZone, now: Moment) -> Link<'a> {
    Link {
        state: status.state.as_str(),
        since: time(status.since.wall, zone),
        age_s: status.age_seconds(now),
        host: status.host.as_deref(),
        detail: status.detail.as_deref().or(status.note.as_deref()),
    }
}

/// The AMI's state as JSON: while it is live, every change arrives at once, so its picture has no age.
pub fn ami_link<'a>(status: &'a LinkStatus, zone: &TimeZone, now: Moment) -> Link<'a> {
    let mut link = link(status, zone, now);
    if status.state == LinkState::Live {
        link.age_s = 0;
    }
    link
}

fn queue<'a>(held: &'a QueueSnapshot, input: &'a LiveInput<'a>, now: Moment) -> Queue<'a> {
    let figures = input.today.queues.get(&held.name);
    let raised = input.alarms.queues.get(&held.name);
    let judged_by = held.service_level_seconds.or(figures.and_then(|figures| figures.service_level_s));
    let empty = QueueFigures::default();
    Queue {
        name: held.name.as_str(),
        strategy: &held.strategy,
        service_level_s: judged_by.unwrap_or(input.service_level_s),
        waiting: held.waiting.iter().map(|caller| waiting(caller, input.zone, now)).collect(),
        // Before the first synchronisation nothing is known, and nothing is not zero.
        today: input.today.pbx.as_ref().map(|_| queue_today(figures.unwrap_or(&empty))),
        counts: held.counts(),
        members: held.members.iter().map(|held| member(held, input)).collect(),
        alarms: raised.iter().flat_map(|raised| &raised.raised).map(|held| alarm(held, input, now)).collect(),
        quiet_until: raised
            .and_then(|raised| raised.quiet_until.as_ref())
            .map(|until| time(until.timestamp(), input.zone)),
        alarm_limits: raised.map(|raised| limits(&raised.limits)).unwrap_or_default(),
    }
}

fn alarm(held: &Alarm, input: &LiveInput<'_>, now: Moment) -> AlarmRaised {
    let ami = &input.snapshot.ami;
    // Of an old picture nothing grows.
    let at = if ami.state == LinkState::Live { now } else { ami.fresh_at.unwrap_or(now) };
    AlarmRaised {
        kind: held.kind,
        step: held.step,
        value: held.measure.at(at),
        limit: held.limit(),
        since: time(held.since.wall, input.zone),
    }
}

/// By kind and step; a step that is off has no entry.
fn limits(limits: &Limits) -> BTreeMap<&'static str, BTreeMap<&'static str, Number>> {
    let steps = |kind: Kind| {
        let of =
            |step: Step| limits.of(kind).of(step).map(|limit| (step.as_str(), share_or_whole(kind, limit)));
        Step::ALL.into_iter().filter_map(of).collect()
    };
    Kind::ALL.into_iter().map(|kind| (kind.as_str(), steps(kind))).collect()
}

fn waiting<'a>(caller: &'a WaitingCaller, zone: &TimeZone, now: Moment) -> Waiting<'a> {
    Waiting {
        position: caller.position,
        caller_number: &caller.number,
        caller_name: &caller.name,
        since: time(caller.since.wall, zone),
        wait_s: now.seconds_since(caller.since).max(0),
        channel: caller.channel.as_str(),
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a wait in seconds is far below 2^63; `as` saturates")]
fn queue_today(figures: &QueueFigures) -> QueueToday {
    QueueToday {
        offered: figures.offered,
        answered: figures.answered,
        abandoned: figures.abandoned,
        service_level: ServiceLevel { variant: ServiceLevelVariant::A, value: figures.service_level_a },
        average_speed_of_answer_s: figures.average_speed_of_answer_s.map(|mean| mean.round() as i64),
        longest_wait_s: figures.longest_wait_s,
    }
}

fn member<'a>(held: &'a MemberSnapshot, input: &'a LiveInput<'a>) -> Member<'a> {
    let figures = input.today.agents.get(&held.name);
    let known = input.today.pbx.is_some();
    Member {
        interface: held.interface.as_str(),
        name: held.name.as_str(),
        state: held.state,
        sub_state: held.sub_state,
        since: time(held.since.wall, input.zone),
        paused: held.paused,
        paused_reason: held.paused_reason.as_deref(),
        penalty: held.penalty,
        dynamic: held.dynamic,
        calls_today: known.then(|| figures.map_or(0, |figures| figures.answered)),
        partner: held
            .partner
            .as_ref()
            .map(|partner| Partner { number: &partner.number, name: &partner.name }),
        channel: held.channel.as_ref().map(|channel| channel.as_str()),
        listeners: &held.listeners,
    }
}

/// One line of the sources in `/healthz`.
#[derive(Debug, Serialize)]
pub struct SourceHealth<'a> {
    /// Which PBX; `None` for what belongs to the appliance.
    pub pbx: Option<&'a str>,
    /// `ami`, `database` or `store`.
    pub source: &'static str,
    /// How it stands.
    #[serde(flatten)]
    pub link: Link<'a>,
}

#[cfg(test)]
mod tests;
