//! The status page: what is connected and how old, what is wrong and what to do, who is here and who listens.

use askama::Template;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::clock;
use crate::domain::control::{Mode, Supervision, SupervisionState};
use crate::domain::history::identity::UnresolvedRow;
use crate::domain::history::reconcile::Kind;
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::problem::{Problem, Severity};
use crate::domain::time::Moment;
use crate::tasks::PbxView;
use crate::views::text::shown;

use super::error::Refusal;
use super::guard::Caller;
use super::pages::{Frame, page};
use super::{App, Shared};

/// Letters of a foreign name on this page.
const NAME: usize = 48;
/// Interfaces without a name that are listed.
const NAMELESS: usize = 8;

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage {
    frame: Frame,
    verdict: Verdict,
    sources: Vec<Source>,
    problems: Vec<ProblemLine>,
    floors: Vec<Floor>,
    reconciled: Vec<ReconciledLine>,
    supervisions: Vec<SupervisionLine>,
    present: Vec<PresentLine>,
    figures: Vec<(String, String)>,
    counters: Vec<(String, String)>,
    nameless: Vec<Nameless>,
    /// How many more there are.
    more_nameless: usize,
    as_of: String,
}

/// The one sentence at the top.
struct Verdict {
    class: &'static str,
    sentence: String,
}

struct Source {
    name: String,
    class: &'static str,
    state: &'static str,
    age: String,
    since: String,
    detail: Option<String>,
}

struct ProblemLine {
    class: &'static str,
    word: &'static str,
    place: String,
    sentence: String,
    cure: String,
}

struct Floor {
    pbx: String,
    known: bool,
    waiting: usize,
    online: u32,
    busy: u32,
    paused: u32,
    offline: u32,
}

/// What was seen live of one PBX against what queue_log says.
struct ReconciledLine {
    pbx: String,
    sentence: String,
    good: bool,
    /// Sentence, and where the call's rows are; empty where there are none.
    calls: Vec<(String, String)>,
}

struct SupervisionLine {
    supervisor: String,
    actor: String,
    what: &'static str,
    agent: String,
    state: &'static str,
    since: String,
}

struct PresentLine {
    name: String,
    role: String,
    origin: String,
    seen: String,
}

/// An interface that is nobody's.
struct Nameless {
    interface: String,
    why: String,
}

/// `GET /`
pub(super) async fn status(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Refusal> {
    let now = clock::now();
    let health = app.handles.health.health();
    let zone = app.handles.pbxs.first().map_or(TimeZone::UTC, |pbx| pbx.zone.clone());
    let sources = sources(&app, &health.store, &zone, now);
    let problems: Vec<ProblemLine> = app.handles.problems.borrow().iter().map(problem).collect();
    let supervisions = app.handles.supervisor.list().await;
    let present = app.handles.accounts.present().await?;
    let nameless = nameless(&app).await;
    let template = StatusPage {
        more_nameless: nameless.len().saturating_sub(NAMELESS),
        nameless: nameless.into_iter().take(NAMELESS).collect(),
        frame: Frame::of(&app, Some(&caller)).at("/"),
        verdict: verdict(&sources, &problems),
        floors: floors(&app),
        reconciled: app.handles.pbxs.iter().filter_map(reconciled).collect(),
        supervisions: supervisions.iter().map(|held| supervision(held, now)).collect(),
        present: present
            .into_iter()
            .map(|session| PresentLine {
                seen: ago(now.wall.as_second() - session.seen),
                name: session.account,
                role: session.role.to_string(),
                origin: session.origin,
            })
            .collect(),
        figures: vec![
            ("Version".into(), env!("CARGO_PKG_VERSION").into()),
            ("Running for".into(), span(i64::try_from(health.uptime_s).unwrap_or(i64::MAX))),
            ("Memory".into(), format!("{} MiB", health.rss_bytes.div_ceil(1024 * 1024))),
            ("Last synchronisation".into(), last_sync(health.last_sync.as_ref())),
        ],
        counters: health
            .counters
            .iter()
            .map(|(name, number)| (name.replace('_', " "), number.to_string()))
            .collect(),
        as_of: now.wall.to_zoned(zone).strftime("%H:%M:%S").to_string(),
        sources,
        problems,
    };
    Ok(page(StatusCode::OK, &template))
}

/// The interfaces whose figures stand under no name. A history that cannot be read is told elsewhere on the page.
async fn nameless(app: &App) -> Vec<Nameless> {
    let list = app.handles.history.identities(None).await.unwrap_or_default();
    let several = app.handles.pbxs.len() > 1;
    let line = |row: UnresolvedRow| {
        let names: Vec<&str> = row.claimed_by.iter().map(|agent| agent.as_str()).collect();
        let pbx = if several { format!("{} ", row.pbx) } else { String::new() };
        let why = if names.is_empty() {
            "no name claims it".to_owned()
        } else {
            format!("claimed at once by {}", names.join(" and "))
        };
        Nameless { interface: shown(&format!("{pbx}{}", row.interface), NAME), why: shown(&why, 2 * NAME) }
    };
    list.unresolved.into_iter().map(line).collect()
}

fn verdict(sources: &[Source], problems: &[ProblemLine]) -> Verdict {
    let down = sources.iter().filter(|source| source.class != "good").count();
    let errors = problems.iter().filter(|problem| problem.class == "bad").count();
    let several = |number: usize, one: &str, more: &str| {
        if number == 1 { format!("1 {one}") } else { format!("{number} {more}") }
    };
    match (errors, down) {
        (0, 0) => Verdict { class: "good", sentence: "Everything is connected.".into() },
        (0, _) => Verdict {
            class: "warn",
            sentence: format!("{} not live.", several(down, "source is", "sources are")),
        },
        (_, _) => Verdict {
            class: "bad",
            sentence: format!("The configuration has {}.", several(errors, "error", "errors")),
        },
    }
}

fn sources(app: &App, store: &LinkStatus, zone: &TimeZone, now: Moment) -> Vec<Source> {
    let mut list = Vec::new();
    for pbx in &app.handles.pbxs {
        let live = pbx.live.borrow().ami.clone();
        let fresh = live.state == LinkState::Live;
        list.push(source(format!("{} live link", pbx.name), &live, &pbx.zone, now, fresh));
        let database = pbx.database.borrow().clone();
        list.push(source(format!("{} database", pbx.name), &database, &pbx.zone, now, false));
    }
    list.push(source("Local database".into(), store, zone, now, true));
    list
}

fn source(name: String, status: &LinkStatus, zone: &TimeZone, now: Moment, fresh: bool) -> Source {
    let (class, state) = match status.state {
        LinkState::Live => ("good", "Live"),
        LinkState::Connecting => ("warn", "Connecting"),
        LinkState::Lost => ("warn", "Lost"),
        LinkState::Refused => ("bad", "Refused"),
        LinkState::Absent => ("idle", "Not configured"),
    };
    let age = match (fresh && status.state == LinkState::Live, status.fresh_at) {
        (true, _) => "up to date".into(),
        (false, None) => "no picture yet".into(),
        (false, Some(_)) => format!("picture {} old", span(status.age_seconds(now))),
    };
    Source {
        name: shown(&name, NAME),
        class,
        state,
        age,
        since: stamp(status.since.wall, zone),
        detail: said(status).map(|said| shown(&said, 400)),
    }
}

/// What is wrong, and what goes on beside.
fn said(status: &LinkStatus) -> Option<String> {
    let said: Vec<&str> = status.detail.iter().chain(&status.note).map(String::as_str).collect();
    (!said.is_empty()).then(|| said.join(" "))
}

fn floors(app: &App) -> Vec<Floor> {
    app.handles
        .pbxs
        .iter()
        .map(|pbx| {
            let floor = pbx.live.borrow().clone();
            let agents = floor.agents();
            Floor {
                pbx: pbx.name.to_string(),
                known: floor.known,
                waiting: floor.queues.iter().map(|queue| queue.waiting.len()).sum(),
                online: agents.online,
                busy: agents.busy,
                paused: agents.paused,
                offline: agents.offline,
            }
        })
        .collect()
}

/// Calls that are named on this page at most.
const CALLS: usize = 10;

/// `None` before the first settled hour.
fn reconciled(pbx: &PbxView) -> Option<ReconciledLine> {
    let held = pbx.reconciled.borrow().clone();
    if held.to <= held.from {
        return None;
    }
    let hour = |at: i64| Timestamp::from_second(at).unwrap_or_default().to_zoned(pbx.zone.clone());
    let clock = |at: i64| hour(at).strftime("%H:%M").to_string();
    let seen: u64 = held.queues.iter().map(|tally| tally.live_entered).sum();
    let logged: u64 = held.queues.iter().map(|tally| tally.log_entered).sum();
    let down: u64 = held.queues.iter().map(|tally| tally.while_down).sum();
    let mut sentence = format!(
        "From {} to {}: {seen} calls into queues seen live, {logged} in queue_log",
        clock(held.from),
        clock(held.to)
    );
    if down > 0 {
        sentence += &format!(", {down} of them while the live link was down");
    }
    sentence += &match held.number() {
        0 => ". No call differs.".to_owned(),
        1 => ". 1 call differs:".to_owned(),
        number => format!(". {number} calls differ:"),
    };
    let calls = held.differences.iter().rev().take(CALLS).map(|one| {
        let text = format!("{} {}: {} ({})", clock(one.at), one.queue, one.kind.sentence(), one.callid);
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("pbx", pbx.name.as_str()).append_pair("visit", &one.callid);
        let link =
            if one.kind == Kind::NotInLog { String::new() } else { format!("/explain?{}", query.finish()) };
        (shown(&text, 200), link)
    });
    Some(ReconciledLine {
        pbx: pbx.name.to_string(),
        sentence,
        good: held.number() == 0,
        calls: calls.collect(),
    })
}

fn problem(held: &Problem) -> ProblemLine {
    let (class, word) = match held.severity {
        Severity::Error => ("bad", "Error"),
        Severity::Warning => ("warn", "Warning"),
    };
    let place = match (held.key.as_str(), held.line) {
        ("", None) => String::new(),
        ("", Some(line)) => format!("line {line}"),
        (key, None) => key.to_owned(),
        (key, Some(line)) => format!("{key}, line {line}"),
    };
    ProblemLine { class, word, place, sentence: shown(&held.sentence, 400), cure: shown(&held.cure, 400) }
}

fn supervision(held: &Supervision, now: Moment) -> SupervisionLine {
    SupervisionLine {
        supervisor: shown(&held.supervisor, NAME),
        actor: shown(&held.actor, NAME),
        what: match held.mode {
            Some(Mode::Listen) | None => "listens to",
            Some(Mode::Whisper) => "whispers to",
            Some(Mode::Barge) => "talks with",
        },
        agent: match held.agent.as_str() {
            "" => "somebody who is in no queue".into(),
            name => shown(name, NAME),
        },
        state: match held.state {
            SupervisionState::Attached if held.foreign => "not started here",
            SupervisionState::Calling => "phone is being called",
            SupervisionState::Ringing => "phone rings",
            SupervisionState::Attached => "attached",
            SupervisionState::Lost => "the link is down",
            SupervisionState::Ended => "ended",
        },
        since: span(now.seconds_since(held.since)),
    }
}

fn last_sync(document: Option<&serde_json::Value>) -> String {
    let number = |name: &str| document.and_then(|document| document.get(name)).map(ToString::to_string);
    match (number("rows"), number("visits")) {
        (Some(rows), Some(visits)) => format!("{rows} rows, {visits} visits"),
        _ => "none yet".into(),
    }
}

fn stamp(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn ago(seconds: i64) -> String {
    if seconds < 2 { "now".into() } else { format!("{} ago", span(seconds)) }
}

/// A span of seconds in at most two units.
fn span(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans_are_short() {
        for (seconds, text) in
            [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (3725, "1 h 2 min"), (90_000, "1 d 1 h")]
        {
            assert_eq!(span(seconds), text);
        }
    }
}
