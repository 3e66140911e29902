//! `/heatmap`: the hours of a figure by dates, with the numbers and the colours of the wall. A form chooses; nothing here
//! needs a script.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use http::StatusCode;
use jiff::ToSpan;
use jiff::civil::Date;

use crate::clock;
use crate::domain::history::query::{Filter, Metric};
use crate::domain::ids::{AgentName, QueueName};
use crate::tasks::PbxView;
use crate::views::heatmap::{self as view, CellState, Heatmap, Metric as Shown, Request as Asked};
use crate::views::scale::Colour;
use crate::views::text::shown;
use crate::views::words;

use super::Shared;
use super::error::Refusal;
use super::guard::{Caller, form_field};
use super::handles::{HeatHours, HistoryError};
use super::pages::{Frame, page};

/// So many dates are shown where none were asked for.
const DAYS: i64 = 14;
/// A page has at most so many.
const MOST_DAYS: i64 = 92;
/// Letters of a foreign name on this page.
const NAME: usize = 48;
/// Longest value of a parameter.
const LONGEST: usize = 200;

#[derive(Template)]
#[template(path = "heatmap.html")]
struct HeatmapPage {
    frame: Frame,
    title: String,
    range: String,
    pbxs: Vec<Choice>,
    metrics: Vec<Choice>,
    queues: Vec<Choice>,
    agents: Vec<Choice>,
    from: String,
    to: String,
    csv: String,
    note: Option<String>,
    unit: &'static str,
    scale: Vec<(String, String)>,
    absent: bool,
    late: bool,
    overlapping: bool,
    hours: Vec<String>,
    total: &'static str,
    rows: Vec<Row>,
}

struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

struct Row {
    weekday: &'static str,
    date: String,
    today: bool,
    weekend: bool,
    cells: Vec<Cell>,
    total: String,
}

struct Cell {
    class: String,
    text: String,
    /// What is not to be seen but to be heard.
    said: &'static str,
    now: bool,
    late: bool,
    overlapping: bool,
    /// Where the hour is explained; empty where there is nothing to explain.
    why: String,
}

/// What was chosen.
#[derive(Clone)]
struct Chosen {
    metric: Metric,
    queue: String,
    agent: String,
    from: Date,
    to: Date,
    note: Option<String>,
}

/// `GET /heatmap?metric=talk&queue=sales&agent=…&from=…&to=…&pbx=…`
pub(super) async fn heatmap(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let query = request.uri().query().unwrap_or_default().as_bytes().to_vec();
    let field = |name: &str| form_field(&query, name).filter(|text| text.chars().count() <= LONGEST);
    let wanted = field("pbx").unwrap_or_default();
    let pbxs = &app.handles.pbxs;
    let Some(pbx) = pbxs.iter().find(|pbx| pbx.name.as_str() == wanted).or(pbxs.first()) else {
        let detail = "There is no history here. Configure a PBX with a database first.";
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no-history", detail));
    };
    let now = clock::now().wall;
    let today = now.to_zoned(pbx.zone.clone()).date();
    let chosen = choose(&field, today)?;
    let hours = match app.handles.history.hours(filter(pbx, &chosen)).await {
        Ok(hours) => hours,
        Err(HistoryError::Refused(sentence)) => return Err(Refusal::invalid(sentence)),
        Err(HistoryError::Unavailable(sentence)) => {
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no-history", sentence));
        }
    };
    let picture = draw(pbx, &chosen, &hours, now);
    let links = Links { pbx: pbx.name.to_string(), zone: pbx.zone.clone(), chosen: chosen.clone() };
    let frame = Frame::of(&app, Some(&caller)).at("/heatmap");
    let known = !(hours.known.is_none() && hours.values.is_empty());
    let choices = pbxs.iter().map(|each| choice(each.name.as_str(), pbx.name.as_str())).collect();
    Ok(page(StatusCode::OK, &template(frame, choices, pbx, chosen, &picture, known.then_some(&links))))
}

fn choose(field: &impl Fn(&str) -> Option<String>, today: Date) -> Result<Chosen, Refusal> {
    let metric = match field("metric").filter(|word| !word.is_empty()) {
        Some(word) => word.parse().map_err(|error| Refusal::invalid(format!("{error}.")))?,
        None => Metric::Talk,
    };
    let date = |name: &str| match field(name).filter(|text| !text.is_empty()) {
        Some(text) if text.len() == 10 => text.parse().map(Some).map_err(|_| no_date(name)),
        Some(_) => Err(no_date(name)),
        None => Ok(None),
    };
    let mut note = None;
    let to = date("to")?.unwrap_or(today).min(today);
    let back = |days: i64| to.checked_sub((days - 1).days()).unwrap_or(Date::MIN);
    let mut from = date("from")?.unwrap_or_else(|| back(DAYS));
    if from > to {
        note = Some("The first date was after the last one; the last one counts.".to_owned());
        from = back(DAYS);
    }
    if from < back(MOST_DAYS) {
        note = Some(format!("These are the last {MOST_DAYS} dates of the range; the CSV holds all of them."));
        from = back(MOST_DAYS);
    }
    let text = |name: &str| field(name).unwrap_or_default();
    Ok(Chosen { metric, queue: text("queue"), agent: text("agent"), from, to, note })
}

fn no_date(name: &str) -> Refusal {
    Refusal::invalid(format!("\"{name}\" is no date. Write it as 2026-11-22."))
}

fn filter(pbx: &PbxView, chosen: &Chosen) -> Filter {
    let mut filter = Filter::new(chosen.from, chosen.to);
    filter.pbx = Some(pbx.name.clone());
    filter.metric = chosen.metric;
    filter.queue = (!chosen.queue.is_empty()).then(|| QueueName::new(&chosen.queue));
    filter.agent = (!chosen.agent.is_empty()).then(|| AgentName::new(&chosen.agent));
    filter
}

fn draw(pbx: &PbxView, chosen: &Chosen, hours: &HeatHours, now: jiff::Timestamp) -> Heatmap {
    let days = chosen.to.since(chosen.from).map_or(0, |span| span.get_days());
    view::heatmap(&Asked {
        zone: &pbx.zone,
        now,
        metric: match chosen.metric {
            Metric::Talk => Shown::Talk,
            Metric::Calls => Shown::Calls,
            Metric::Answered => Shown::Answered,
            Metric::Abandoned => Shown::Abandoned,
            Metric::ServiceLevel => Shown::ServiceLevel,
            Metric::AverageSpeedOfAnswer => Shown::SpeedOfAnswer,
            Metric::Occupancy => Shown::Occupancy,
        },
        subject: "",
        values: &hours.values,
        day_values: &hours.day_values,
        known: hours.known,
        last: Some(chosen.to),
        rows: usize::try_from(days).unwrap_or(0) + 1,
    })
}

fn template(
    frame: Frame,
    pbxs: Vec<Choice>,
    pbx: &PbxView,
    chosen: Chosen,
    picture: &Heatmap,
    known: Option<&Links>,
) -> HeatmapPage {
    let metric = chosen.metric;
    let (queues, agents) = subjects(pbx);
    let of = match (chosen.queue.as_str(), chosen.agent.as_str()) {
        ("", "") => String::new(),
        (queue, "") => format!(" of {queue}"),
        ("", agent) => format!(" of {agent}"),
        (queue, agent) => format!(" of {agent} in {queue}"),
    };
    let states: BTreeSet<bool> =
        picture.rows.iter().flat_map(|row| &row.cells).map(|cell| cell.state == CellState::Absent).collect();
    HeatmapPage {
        frame,
        title: shown(&format!("{}{of}", words::metric(metric)), 2 * NAME),
        range: format!("{} to {}, newest first, hours of {}", chosen.from, chosen.to, zone_name(pbx)),
        csv: csv(pbx, &chosen),
        pbxs,
        metrics: Metric::WORDS
            .iter()
            .filter_map(|word| {
                let each: Metric = word.parse().ok()?;
                let name = words::metric(each).to_owned();
                Some(Choice { value: (*word).to_owned(), name, chosen: each == metric })
            })
            .collect(),
        queues: choices(queues, &chosen.queue),
        agents: choices(agents, &chosen.agent),
        from: chosen.from.to_string(),
        to: chosen.to.to_string(),
        note: chosen.note,
        unit: picture.unit,
        scale: picture.scale.iter().map(|(colour, from)| (class(*colour), format!("{from}+"))).collect(),
        absent: states.contains(&true),
        late: picture.any_late,
        overlapping: picture.any_overlapping,
        hours: picture.hours.clone(),
        total: "Day",
        rows: known.map_or_else(Vec::new, |links| picture.rows.iter().map(|each| row(each, links)).collect()),
    }
}

/// The names of queues and agents that there are now.
fn subjects(pbx: &PbxView) -> (BTreeSet<String>, BTreeSet<String>) {
    let (live, today) = (pbx.live.borrow(), pbx.today.borrow());
    let queues = live.queues.iter().map(|queue| queue.name.to_string());
    let members = live.queues.iter().flat_map(|queue| &queue.members).map(|member| member.name.to_string());
    // The day's figures know who has gone home; there names may be folded, so that the floor's spelling wins.
    let mut agents: BTreeSet<String> = members.collect();
    let folded: BTreeSet<String> = agents.iter().map(|name| name.to_lowercase()).collect();
    let gone = today.agents.keys().map(ToString::to_string);
    agents.extend(gone.filter(|name| !folded.contains(&name.to_lowercase())));
    (queues.collect(), agents)
}

fn choices(names: BTreeSet<String>, chosen: &str) -> Vec<Choice> {
    let mut all: Vec<Choice> = names.iter().map(|name| choice(name, chosen)).collect();
    if !chosen.is_empty() && !names.contains(chosen) {
        all.push(choice(chosen, chosen));
    }
    all
}

fn choice(name: &str, chosen: &str) -> Choice {
    Choice { value: name.to_owned(), name: shown(name, NAME), chosen: name == chosen }
}

fn zone_name(pbx: &PbxView) -> String {
    pbx.zone.iana_name().unwrap_or("the PBX").to_owned()
}

/// The same question to the API, which answers with a row an agent and hour.
fn csv(pbx: &PbxView, chosen: &Chosen) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("from", &chosen.from.to_string()).append_pair("to", &chosen.to.to_string());
    query.append_pair("metric", chosen.metric.as_str()).append_pair("pbx", pbx.name.as_str());
    for (name, value) in [("queue", &chosen.queue), ("agent", &chosen.agent)] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    format!("/api/v1/history/heatmap?{}&format=csv", query.finish())
}

/// Pages may not carry colours of their own: each step of the scale is a class of `heatmap.css`.
pub(super) fn class((red, green, blue): Colour) -> String {
    format!("c{red:02x}{green:02x}{blue:02x}")
}

/// What leads from an hour to what makes it up.
struct Links {
    pbx: String,
    zone: jiff::tz::TimeZone,
    chosen: Chosen,
}

impl Links {
    /// The explanation of the hour that starts at a UTC second.
    fn of(&self, start: i64) -> String {
        let at = jiff::Timestamp::from_second(start).unwrap_or_default();
        let local = at.to_zoned(self.zone.clone());
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("pbx", &self.pbx).append_pair("date", &local.date().to_string());
        query.append_pair("hour", &local.hour().to_string()).append_pair("start_utc", &at.to_string());
        // The talk of a heatmap is that of the agents, whoever is asked for.
        query.append_pair("figure", self.chosen.metric.as_str());
        for (name, value) in [("queue", &self.chosen.queue), ("agent", &self.chosen.agent)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        format!("/explain?{}", query.finish())
    }
}

fn row(row: &view::Row, links: &Links) -> Row {
    Row {
        weekday: row.weekday,
        date: row.date.clone(),
        today: row.today,
        weekend: row.weekend,
        cells: row.cells.iter().map(|each| cell(each, links)).collect(),
        total: row.total.clone(),
    }
}

fn cell(cell: &view::Cell, links: &Links) -> Cell {
    let (class, text, said) = match cell.state {
        CellState::Value => (class(cell.fill), cell.text.clone(), ""),
        CellState::Empty => ("empty".to_owned(), "·".to_owned(), ""),
        CellState::NoData => ("unknown".to_owned(), String::new(), "no data"),
        CellState::Ahead => ("ahead".to_owned(), String::new(), "not yet"),
        CellState::Absent => ("absent".to_owned(), String::new(), "no such hour"),
    };
    let why = cell
        .start
        .filter(|_| cell.state == CellState::Value)
        .map(|start| links.of(start))
        .unwrap_or_default();
    Cell { class, text, said, now: cell.now, late: cell.late, overlapping: cell.overlapping, why }
}
