//! `/explain`: a figure with the visits and times that make it up, and a visit with its rows; the same as the API gives,
//! for people. Nothing here needs a script.

use askama::Template;
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use http::StatusCode;

use crate::domain::history::explain::{CallExplained, Explanation, Part, RowShown};
use crate::domain::history::query::Count;
use crate::views::text::shown;

use super::Shared;
use super::api::{answer_explain, read_explain};
use super::error::Refusal;
use super::guard::Caller;
use super::handles::Explained;
use super::pages::{Frame, page};

/// Letters of a foreign name on this page.
const NAME: usize = 48;
/// A page lists at most so many parts; the sum is that of all.
const MOST: usize = 500;

#[derive(Template)]
#[template(path = "explain.html")]
struct FigurePage {
    frame: Frame,
    title: String,
    value: String,
    range: String,
    notes: Vec<String>,
    adds_up: bool,
    share: bool,
    parts: Vec<PartLine>,
    left_out: usize,
    sum: String,
    of: String,
    /// The same, counted the other way: what it says, and where it is. Empty where there is no other way.
    other: String,
    other_at: String,
    json: String,
}

struct PartLine {
    start: String,
    end: String,
    what: String,
    marks: String,
    /// Where the visit's rows are; empty for what is no visit.
    visit: String,
    callid: String,
    rows: Vec<String>,
    part: String,
    of: String,
}

#[derive(Template)]
#[template(path = "explain_call.html")]
struct CallPage {
    frame: Frame,
    callid: String,
    visits: Vec<String>,
    why: Vec<String>,
    together: String,
    rows: Vec<RowLine>,
    json: String,
}

struct RowLine {
    id: String,
    time: String,
    queue: String,
    agent: String,
    event: String,
    data: String,
    taken_for: String,
}

/// `GET /explain?date=…&hour=…&queue=…&agent=…&figure=…`, `GET /explain?visit=…`
pub(super) async fn explain(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let ask = read_explain(&app, &request)?;
    let query = request.uri().query().unwrap_or_default();
    let json = format!("/api/v1/history/explain?{query}");
    let other = other_count(query);
    let frame = Frame::of(&app, Some(&caller)).at("/heatmap");
    Ok(match answer_explain(&app, ask).await? {
        Explained::Figure(explained) => page(StatusCode::OK, &figure(frame, &explained, json, other)),
        Explained::Call(explained) => page(StatusCode::OK, &call(frame, &explained, json)),
    })
}

/// The same question with the other of visits and calls counted.
fn other_count(query: &str) -> String {
    let pairs = || form_urlencoded::parse(query.as_bytes());
    let by_call = pairs().any(|(name, value)| name == "count" && value == Count::Calls.as_str());
    let other = if by_call { Count::Visits } else { Count::Calls };
    let mut made = form_urlencoded::Serializer::new(String::new());
    made.extend_pairs(pairs().filter(|(name, _)| name != "count")).append_pair("count", other.as_str());
    format!("/explain?{}", made.finish())
}

fn figure(frame: Frame, explained: &Explanation, json: String, other_at: String) -> FigurePage {
    let of = match (&explained.agent, &explained.queue) {
        (Some(agent), Some(queue)) => format!(" of {agent} in {queue}"),
        (Some(agent), None) => format!(" of {agent}"),
        (None, Some(queue)) => format!(" of {queue}"),
        (None, None) => String::new(),
    };
    let mut name = explained.figure.replace('_', " ");
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let hour = explained.hour.map_or(String::new(), |hour| format!(", {hour}:00 to {}:00", hour + 1));
    // Of an agent, and of what is no visit, there is no other way to count.
    let other = match explained.count {
        Count::Calls => "By visit",
        Count::Visits if explained.parts.iter().any(|part| part.kind == "visit") && explained.by_queue => {
            "By call"
        }
        Count::Visits => "",
    };
    FigurePage {
        frame,
        other: other.to_owned(),
        other_at,
        title: shown(&format!("{name}{of}"), 2 * NAME),
        value: explained.value_in_words(),
        range: format!("{}{hour}", explained.date),
        notes: explained.notes.clone(),
        adds_up: explained.adds_up,
        share: explained.of.is_some(),
        parts: explained.parts.iter().take(MOST).map(|part| line(explained.pbx.as_str(), part)).collect(),
        left_out: explained.parts.len().saturating_sub(MOST),
        sum: explained.sum.to_string(),
        of: explained.of.map_or(String::new(), |of| of.to_string()),
        json,
    }
}

fn line(pbx: &str, part: &Part) -> PartLine {
    let visit = part.visit.as_ref();
    let mut query = form_urlencoded::Serializer::new(String::new());
    // A call that the queue never took has no rows.
    let link = visit.filter(|visit| visit.n > 0).map(|visit| {
        query.append_pair("pbx", pbx).append_pair("visit", &visit.callid);
        format!("/explain?{}", query.finish())
    });
    PartLine {
        start: clock(&part.start),
        end: part.end.as_deref().map_or_else(String::new, clock),
        what: shown(
            &visit.map_or_else(|| part.what.clone(), |visit| format!("{}: {}", visit.queue, part.what)),
            200,
        ),
        marks: visit.map_or_else(String::new, |visit| visit.marks.join(", ")),
        visit: link.unwrap_or_default(),
        callid: visit.map_or_else(String::new, |visit| shown(&visit.callid, NAME)),
        rows: part.rows.iter().map(row_text).collect(),
        part: part.part.to_string(),
        of: part.of.map_or_else(String::new, |of| of.to_string()),
    }
}

fn call(frame: Frame, explained: &CallExplained, json: String) -> CallPage {
    let visit = |visit: &crate::domain::history::query::VisitRow| {
        let agent = visit.agent.as_ref().map_or(String::new(), |agent| format!(" by {agent}"));
        let outcome = visit.outcome.replace('_', " ");
        let talk = if visit.talk_s > 0 { format!(", talk {} s", visit.talk_s) } else { String::new() };
        let text = format!(
            "Visit {} to {} at {}: {outcome}{agent} after {} s{talk}",
            visit.n,
            visit.queue,
            clock(&visit.entered),
            visit.wait_s
        );
        shown(&text, 300)
    };
    CallPage {
        frame,
        callid: shown(&explained.callid, NAME),
        visits: explained.visits.iter().map(visit).collect(),
        why: explained.why.iter().map(|sentence| shown(sentence, 300)).collect(),
        together: if explained.callids.len() > 1 {
            shown(&explained.callids.join(", "), 300)
        } else {
            String::new()
        },
        rows: explained
            .rows
            .iter()
            .map(|taken| RowLine {
                id: taken.row.id.map_or_else(|| "file".to_owned(), |id| id.to_string()),
                time: taken.row.time.clone(),
                queue: shown(&taken.row.queue, NAME),
                agent: shown(&taken.row.agent, NAME),
                event: shown(&taken.row.event, NAME),
                data: shown(taken.row.data.join("|").trim_end_matches('|'), 200),
                taken_for: shown(&taken.taken_for, 300),
            })
            .collect(),
        json,
    }
}

/// The date and time of an RFC 3339 text, as a person reads it.
fn clock(at: &str) -> String {
    at.get(..19).unwrap_or(at).replacen('T', " ", 1)
}

fn row_text(row: &RowShown) -> String {
    let text = format!(
        "{} {} {} {} {}",
        row.time,
        row.queue,
        row.agent,
        row.event,
        row.data.join("|").trim_end_matches('|')
    );
    shown(&text, 200)
}
