//! `/board`: the floor for a phone or a tablet. The page is whole as the server makes it; a script keeps it so with the
//! live stream, and without script it is loaded again every few seconds.

use askama::Template;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::StatusCode;

use crate::clock;
use crate::domain::account::Role;
use crate::domain::link::LinkState;
use crate::domain::live::snapshot::{BoardState, MemberSnapshot, QueueSnapshot, SubState};
use crate::domain::time::Moment;
use crate::views::overview::shown_at;
use crate::views::text::shown;
use crate::views::{Level, Picture, alarm, board as view, format, words};

use super::guard::Caller;
use super::handles::Phone;
use super::pages::{Frame, page};
use super::{App, Shared};

/// Letters of a foreign name on this page.
const NAME: usize = 48;

#[derive(Template)]
#[template(path = "board.html")]
struct BoardPage {
    frame: Frame,
    /// Whether who looks may listen.
    supervisor: bool,
    phones: Vec<Phone>,
    lost: Vec<String>,
    unknown: bool,
    queues: Vec<Queue>,
    /// An empty queue, caller and member: what the script copies.
    queue_blank: Queue,
    caller_blank: Waiting,
    member_blank: Member,
    words: Vec<(&'static str, &'static str)>,
}

#[derive(Default)]
struct Queue {
    key: String,
    name: String,
    pbx: String,
    waiting: u32,
    longest: String,
    level: &'static str,
    alarms: Vec<Raised>,
    quiet_until: String,
    service_level: String,
    states: Vec<(&'static str, &'static str, u32)>,
    callers: Vec<Waiting>,
    members: Vec<Member>,
}

#[derive(Default)]
struct Raised {
    level: &'static str,
    step: &'static str,
    what: String,
    since: String,
}

#[derive(Default)]
struct Waiting {
    key: String,
    position: u32,
    who: String,
    wait: String,
    level: &'static str,
}

#[derive(Default)]
struct Member {
    key: String,
    name: String,
    class: &'static str,
    word: &'static str,
    why: String,
    timer: String,
    partner: String,
    calls: String,
    listeners: String,
}

/// `GET /board`
pub(super) async fn board(State(app): State<Shared>, Extension(caller): Extension<Caller>) -> Response {
    let now = clock::now();
    let pictures: Vec<Picture> = pictures(&app);
    let sections = view::board(&pictures, now).sections;
    let held =
        pictures.iter().flat_map(|picture| picture.live.queues.iter().map(move |queue| (picture, queue)));
    let queues =
        held.zip(sections).map(|((picture, held), section)| queue(picture, held, section, now)).collect();
    let lost = pictures.iter().filter_map(|picture| lost(picture, now)).collect();
    let supervisor = caller.identity.as_ref().is_some_and(|identity| identity.role >= Role::Supervisor);
    let template = BoardPage {
        frame: Frame::of(&app, Some(&caller)).at("/board"),
        supervisor: supervisor && !app.handles.phones.is_empty(),
        phones: app.handles.phones.clone(),
        lost,
        unknown: pictures.iter().all(|picture| !picture.live.known),
        queues,
        queue_blank: Queue { states: states([0; 4]), level: "calm", ..Queue::default() },
        caller_blank: Waiting { level: "calm", ..Waiting::default() },
        member_blank: Member { class: "offline", ..Member::default() },
        words: words::SUB_STATES
            .iter()
            .map(|why| (why.as_str(), words::sub_state(BoardState::Busy, *why)))
            .chain([("paused", words::state(BoardState::Paused))])
            .collect(),
    };
    page(StatusCode::OK, &template)
}

/// What is known of each PBX now.
pub(super) fn pictures(app: &App) -> Vec<Picture> {
    let picture = |pbx: &crate::tasks::PbxView| Picture {
        live: pbx.live.borrow().clone(),
        today: pbx.today.borrow().clone(),
        alarms: pbx.alarms.borrow().clone(),
        database: pbx.database.borrow().clone(),
        address: String::new(),
        service_level_seconds: app.handles.service_level_s,
    };
    app.handles.pbxs.iter().map(picture).collect()
}

/// What is said above the board while a PBX's picture is old.
fn lost(picture: &Picture, now: Moment) -> Option<String> {
    let ami = &picture.live.ami;
    if ami.state == LinkState::Live {
        return None;
    }
    let age = format::duration(ami.age_seconds(now));
    let detail = shown(ami.detail.as_deref().unwrap_or_default(), 300);
    let name = shown(picture.live.pbx.as_str(), NAME);
    Some(if picture.live.known {
        format!("{name}: this picture is {age} old. {detail}")
    } else {
        format!("{name}: there is no picture yet. {detail}")
    })
}

fn states(counts: [u32; 4]) -> Vec<(&'static str, &'static str, u32)> {
    let named = words::STATES.iter().zip(counts);
    named.map(|(state, count)| (state.as_str(), words::state(*state), count)).collect()
}

fn queue(picture: &Picture, held: &QueueSnapshot, section: view::Section, now: Moment) -> Queue {
    let counts = section.counts;
    let level = &section.service_level;
    let at = shown_at(picture, now);
    Queue {
        key: format!("{}\n{}", picture.live.pbx, held.name),
        name: shown(&section.name, NAME),
        pbx: shown(&section.pbx, NAME),
        waiting: section.waiting,
        longest: section.longest_wait,
        level: class(section.alarms.waiting.max(section.alarms.longest)),
        alarms: section.alarms.lines.iter().map(raised).collect(),
        quiet_until: section.alarms.quiet_until,
        service_level: format!("{} in {} s: {}", level.variant, level.seconds, level.value),
        states: states([counts.online, counts.busy, counts.paused, counts.offline]),
        callers: held
            .waiting
            .iter()
            .zip(section.callers)
            .map(|(waiting, caller)| Waiting {
                key: waiting.channel.to_string(),
                position: caller.position,
                who: shown(if caller.name.is_empty() { &caller.number } else { &caller.name }, NAME),
                wait: format::duration(at.seconds_since(waiting.since)),
                level: class(caller.level),
            })
            .collect(),
        members: held
            .members
            .iter()
            .zip(section.members)
            .map(|(held, card)| member(held, card, at))
            .collect(),
    }
}

fn raised(line: &alarm::Line) -> Raised {
    Raised {
        level: class(line.level),
        step: if line.level == Level::Alarm { "Alarm" } else { "Warning" },
        what: alarm::words(line),
        since: line.since.clone(),
    }
}

fn member(held: &MemberSnapshot, card: view::Card, at: Moment) -> Member {
    Member {
        key: card.interface,
        name: shown(&card.name, NAME),
        class: match (held.state, held.sub_state) {
            (BoardState::Busy, SubState::Ringing) => "ringing",
            (state, _) => state.as_str(),
        },
        word: words::sub_state(card.state, card.sub_state),
        why: shown(&card.reason, NAME),
        timer: match held.state {
            BoardState::Offline => String::new(),
            _ => format::duration(at.seconds_since(held.since)),
        },
        partner: shown(&card.partner, NAME),
        calls: card.calls_today.map_or_else(|| format::DASH.to_owned(), |calls| calls.to_string()),
        listeners: shown(&card.listeners, NAME),
    }
}

fn class(level: Level) -> &'static str {
    match level {
        Level::Calm => "calm",
        Level::Warn => "late",
        Level::Alarm => "alarm",
    }
}
