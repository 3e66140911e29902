//! The floor and the figures of today as the JSON that others hold on to: names and meanings here do not change, new
//! fields may come. Times are RFC 3339 with the offset of the PBX's zone, durations whole seconds; text is as the PBX
//! gave it, for JSON escapes what has to be.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::domain::control::{Mode, Supervision, SupervisionState};
use crate::domain::history::figures::{QueueFigures, ServiceLevelVariant, Today};
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::live::snapshot::{
    BoardState, MemberSnapshot, QueueSnapshot, Snapshot, StateCounts, SubState, WaitingCaller,
};
use crate::domain::time::Moment;

/// What one PBX gives to the live picture.
pub struct LiveInput<'a> {
    /// The floor.
    pub snapshot: &'a Snapshot,
    /// The figures of today.
    pub today: &'a Today,
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
    }
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

/// A supervision as JSON.
#[derive(Debug, Serialize)]
pub struct SupervisionView<'a> {
    id: &'a str,
    pbx: &'a str,
    state: SupervisionState,
    channel: &'a str,
    agent: &'a str,
    agent_name: &'a str,
    queue: Option<&'a str>,
    mode: Mode,
    supervisor: &'a str,
    actor: &'a str,
    since: String,
    ended: Option<&'a str>,
}

/// One supervision; `zone` is its PBX's.
pub fn supervision<'a>(held: &'a Supervision, zone: &TimeZone) -> SupervisionView<'a> {
    SupervisionView {
        id: held.id.as_str(),
        pbx: held.pbx.as_str(),
        state: held.state,
        channel: held.channel.as_str(),
        agent: held.interface.as_str(),
        agent_name: held.agent.as_str(),
        queue: held.queue.as_ref().map(|queue| queue.as_str()),
        mode: held.mode,
        supervisor: &held.supervisor,
        actor: &held.actor,
        since: time(held.since.wall, zone),
        ended: held.ended.as_deref(),
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
mod tests {
    use super::*;
    use crate::domain::history::figures::AgentFigures;
    use crate::domain::ids::{AgentName, Interface, PbxName, QueueName, UniqueId};
    use crate::domain::live::snapshot;

    /// 2026-11-22T09:31:07Z
    fn now() -> Moment {
        Moment::at_millis(1_795_339_867_000)
    }

    fn floor() -> Snapshot {
        let mut ami = LinkStatus::connecting(now().minus_seconds(100));
        ami.enter(LinkState::Live, None, now().minus_seconds(60));
        let member = MemberSnapshot {
            interface: Interface::new("PJSIP/101"),
            name: AgentName::new("Alice \"A\" Adams"),
            state: BoardState::Busy,
            sub_state: SubState::Talking,
            since: now().minus_seconds(30),
            paused: false,
            paused_reason: None,
            penalty: 0,
            dynamic: false,
            partner: Some(snapshot::Partner { number: "5550001".into(), name: "C".into() }),
            channel: Some(UniqueId::new("1795330864.4")),
            legs: Vec::new(),
            leg_partners: Vec::new(),
            listeners: vec!["201".into()],
            wrap_up_until: None,
        };
        let caller = WaitingCaller {
            position: 1,
            number: "5550001".into(),
            name: "C".into(),
            since: now().minus_seconds(12),
            channel: UniqueId::new("1795330864.3"),
            channel_name: "PJSIP/trunk-00000000".into(),
            priority: Some(0),
        };
        Snapshot {
            pbx: PbxName::new("pbx"),
            as_of: now(),
            ami,
            known: true,
            corrected: 0,
            queues: vec![QueueSnapshot {
                name: QueueName::new("sales"),
                strategy: "ringall".into(),
                service_level_seconds: None,
                waiting: vec![caller],
                members: vec![member],
            }],
        }
    }

    fn json(today: &Today) -> serde_json::Value {
        let floor = floor();
        let database = LinkStatus {
            state: LinkState::Lost,
            since: now().minus_seconds(9),
            fresh_at: Some(now().minus_seconds(14)),
            detail: Some("Gone.".into()),
            note: None,
        };
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let inputs =
            [LiveInput { snapshot: &floor, today, database: &database, zone: &zone, service_level_s: 20 }];
        serde_json::to_value(live(&inputs, now())).expect("JSON")
    }

    #[test]
    fn the_live_document_has_the_agreed_fields_and_meanings() {
        let mut today = Today { pbx: Some(PbxName::new("pbx")), ..Today::default() };
        let figures = QueueFigures {
            offered: 10,
            answered: 7,
            abandoned: 2,
            service_level_a: Some(0.75),
            average_speed_of_answer_s: Some(7.6),
            ..QueueFigures::default()
        };
        today.queues.insert(QueueName::new("SALES"), figures);
        let alice = AgentFigures { answered: 4, ..AgentFigures::default() };
        today.agents.insert(AgentName::new("Alice \"A\" Adams"), alice);
        let live = json(&today);
        assert_eq!(live["as_of"], "2026-11-22T10:31:07+01:00");
        let pbx = &live["pbx"][0];
        assert_eq!((&pbx["ami"]["state"], &pbx["ami"]["age_s"]), (&"live".into(), &0.into()));
        assert_eq!((&pbx["database"]["state"], &pbx["database"]["age_s"]), (&"lost".into(), &14.into()));
        assert_eq!(pbx["database"]["since"], "2026-11-22T10:30:58+01:00");
        let queue = &pbx["queues"][0];
        assert_eq!(queue["service_level_s"], 20);
        assert_eq!(
            queue["waiting"][0],
            serde_json::json!({"position": 1, "caller_number": "5550001", "caller_name": "C",
                "since": "2026-11-22T10:30:55+01:00", "wait_s": 12, "channel": "1795330864.3"})
        );
        assert_eq!(queue["today"]["service_level"], serde_json::json!({"variant": "A", "value": 0.75}));
        assert_eq!(queue["today"]["average_speed_of_answer_s"], 8);
        assert_eq!(
            queue["members"][0],
            serde_json::json!({"interface": "PJSIP/101", "name": "Alice \"A\" Adams", "state": "busy",
                "sub_state": "talking", "since": "2026-11-22T10:30:37+01:00", "paused": false,
                "paused_reason": null, "penalty": 0, "dynamic": false, "calls_today": 4,
                "partner": {"number": "5550001", "name": "C"}, "channel": "1795330864.4", "listeners": ["201"]})
        );
    }

    #[test]
    fn before_the_first_synchronisation_figures_are_unknown_and_afterwards_zero() {
        let before = json(&Today::default());
        assert!(before["pbx"][0]["queues"][0]["today"].is_null());
        assert!(before["pbx"][0]["queues"][0]["members"][0]["calls_today"].is_null());
        let after = json(&Today { pbx: Some(PbxName::new("pbx")), ..Today::default() });
        let today = &after["pbx"][0]["queues"][0]["today"];
        assert_eq!(
            (&today["offered"], &today["service_level"]["value"]),
            (&0.into(), &serde_json::Value::Null)
        );
    }
}
