//! The agents page: what the calls of today came to for each agent, and how long he talked and was paused.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::domain::history::figures::AgentFigures;
use crate::domain::ids::AgentName;
use crate::domain::live::snapshot::{BoardState, MemberSnapshot, SubState};

use super::text::shown;
use super::{Picture, format};

/// A name is cut to so many letters; what does not fit is cut again where it is drawn.
const NAME: usize = 60;

/// A column of the page, by which it can be sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Column {
    /// The agent's name.
    Name,
    /// Visits answered.
    #[default]
    Answered,
    /// Visits on which the phone rang out.
    NoAnswer,
    /// Visits refused at once.
    Busy,
    /// Visits whose caller hung up while it rang.
    Abandoned,
    /// Talk.
    Talk,
    /// Paused.
    Paused,
    /// Average speed of answer.
    SpeedOfAnswer,
}

/// The order of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub column: Column,
    /// The most first, or Z before A.
    pub descending: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self { column: Column::Answered, descending: true }
    }
}

impl Sort {
    /// After a touch on the head of `column`: names rise, figures fall; a second touch turns the order round.
    #[must_use]
    pub fn touched(self, column: Column) -> Self {
        let descending = if self.column == column { !self.descending } else { column != Column::Name };
        Self { column, descending }
    }
}

/// How visits ended for an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statuses {
    /// Answered.
    pub answered: u32,
    /// Rang out.
    pub no_answer: u32,
    /// Refused at once.
    pub busy: u32,
    /// The caller hung up while it rang.
    pub abandoned: u32,
}

impl Statuses {
    fn of(figures: &AgentFigures) -> Self {
        let whole = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            answered: whole(figures.answered),
            no_answer: whole(figures.no_answer),
            busy: whole(figures.busy),
            abandoned: whole(figures.abandoned),
        }
    }

    fn total(self) -> u32 {
        [self.answered, self.no_answer, self.busy, self.abandoned]
            .iter()
            .fold(0, |sum, n| sum.saturating_add(*n))
    }
}

/// One agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The name, fit to be shown.
    pub name: String,
    /// The PBX's name where there are several, else empty.
    pub pbx: String,
    /// What he does now; `None` before the first picture of the floor.
    pub state: Option<(BoardState, SubState)>,
    /// The visits; `None` before the first synchronisation.
    pub statuses: Option<Statuses>,
    /// Talk, or a dash.
    pub talk: String,
    /// Paused, or a dash.
    pub paused: String,
    /// Average speed of answer, or a dash.
    pub speed_of_answer: String,
}

/// The room: sums over the agents, as text; dashes before the first synchronisation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// How many agents.
    pub agents: u32,
    /// Visits answered.
    pub answered: String,
    /// Rang out, once for each agent whose phone did.
    pub no_answer: String,
    /// Refused, likewise.
    pub busy: String,
    /// Abandoned while ringing, likewise.
    pub abandoned: String,
    /// Talk.
    pub talk: String,
    /// Paused.
    pub paused: String,
    /// Average speed of answer.
    pub speed_of_answer: String,
}

/// The page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agents {
    /// One an agent, sorted.
    pub lines: Vec<Line>,
    /// Over all of them.
    pub totals: Totals,
    /// The most visits of one agent: the length of a full bar.
    pub most: u32,
    /// How the lines are sorted.
    pub sort: Sort,
}

/// An agent with his figures, before he is a line.
struct Known<'a> {
    line: Line,
    figures: Option<&'a AgentFigures>,
}

/// The agents of all PBXs: whoever is a member of a queue, and whoever has figures of today.
pub fn agents(pictures: &[Picture], sort: Sort) -> Agents {
    let several = pictures.len() > 1;
    let none = AgentFigures::default();
    let mut all: Vec<Known<'_>> = Vec::new();
    for picture in pictures {
        let mut states = states(picture);
        for name in picture.today.agents.keys() {
            states.entry(name).or_insert((BoardState::Offline, SubState::LoggedOut));
        }
        for (name, state) in states {
            let figures = picture.has_today().then(|| picture.today.agents.get(name).unwrap_or(&none));
            let pbx = if several { picture.live.pbx.to_string() } else { String::new() };
            let state = picture.live.known.then_some(state);
            all.push(Known { line: line(name, pbx, state, figures), figures });
        }
    }
    all.sort_by_cached_key(|known| (known.line.name.to_lowercase(), known.line.pbx.clone()));
    if sort.column != Column::Name {
        all.sort_by(|a, b| compare(a.figures, b.figures, sort));
    } else if sort.descending {
        all.reverse();
    }
    let totals = totals(&all);
    let lines: Vec<Line> = all.into_iter().map(|known| known.line).collect();
    let most = lines.iter().filter_map(|line| line.statuses).map(Statuses::total).max().unwrap_or(0);
    Agents { lines, totals, most, sort }
}

/// Every agent of the floor once, with what he does: busy if busy anywhere (and ringing only if nothing else), paused
/// only if paused in all queues, else free if free anywhere.
fn states(picture: &Picture) -> BTreeMap<&AgentName, (BoardState, SubState)> {
    let mut states = BTreeMap::new();
    for member in picture.live.queues.iter().flat_map(|queue| &queue.members) {
        let entry = states.entry(&member.name).or_insert((member.state, member.sub_state));
        if rank(member) < rank_of(*entry) {
            *entry = (member.state, member.sub_state);
        }
    }
    states
}

fn rank(member: &MemberSnapshot) -> u8 {
    rank_of((member.state, member.sub_state))
}

fn rank_of((state, sub_state): (BoardState, SubState)) -> u8 {
    match (state, sub_state) {
        (BoardState::Busy, SubState::Ringing) => 1,
        (BoardState::Busy, _) => 0,
        (BoardState::Online, _) => 2,
        (BoardState::Paused, _) => 3,
        (BoardState::Offline, _) => 4,
    }
}

fn line(
    name: &AgentName,
    pbx: String,
    state: Option<(BoardState, SubState)>,
    figures: Option<&AgentFigures>,
) -> Line {
    let dash = || format::DASH.to_owned();
    Line {
        name: shown(name.as_str(), NAME),
        pbx,
        state,
        statuses: figures.map(Statuses::of),
        talk: figures.map_or_else(dash, |figures| format::hours(figures.talk_s)),
        paused: figures.map_or_else(dash, |figures| format::hours(figures.paused_s)),
        speed_of_answer: format::mean(figures.and_then(|figures| figures.average_speed_of_answer_s)),
    }
}

/// The order of two agents by a figure. Whoever has none comes last, whichever way round.
fn compare(a: Option<&AgentFigures>, b: Option<&AgentFigures>, sort: Sort) -> Ordering {
    let figure = |figures: Option<&AgentFigures>| figures.and_then(|figures| number(figures, sort.column));
    match (figure(a), figure(b)) {
        (Some(a), Some(b)) if sort.descending => b.total_cmp(&a),
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts and seconds of a day stay far below 2^52")]
fn number(figures: &AgentFigures, column: Column) -> Option<f64> {
    let whole = match column {
        Column::SpeedOfAnswer => return figures.average_speed_of_answer_s,
        Column::Name => return None,
        Column::Answered => figures.answered,
        Column::NoAnswer => figures.no_answer,
        Column::Busy => figures.busy,
        Column::Abandoned => figures.abandoned,
        Column::Talk => figures.talk_s,
        Column::Paused => figures.paused_s,
    };
    Some(whole as f64)
}

fn totals(all: &[Known<'_>]) -> Totals {
    let known: Vec<&AgentFigures> = all.iter().filter_map(|known| known.figures).collect();
    let sum = |figure: fn(&AgentFigures) -> u64| -> Option<u64> {
        (!known.is_empty()).then(|| known.iter().map(|figures| figure(figures)).sum())
    };
    let count = |figure| sum(figure).map_or_else(|| format::DASH.to_owned(), format::count);
    let hours = |figure| sum(figure).map_or_else(|| format::DASH.to_owned(), format::hours);
    Totals {
        agents: super::whole(all.len()),
        answered: count(|figures| figures.answered),
        no_answer: count(|figures| figures.no_answer),
        busy: count(|figures| figures.busy),
        abandoned: count(|figures| figures.abandoned),
        talk: hours(|figures| figures.talk_s),
        paused: hours(|figures| figures.paused_s),
        speed_of_answer: format::mean(mean_wait(&known)),
    }
}

/// Over all answered visits, not over the agents' means.
#[allow(clippy::cast_precision_loss, reason = "counts and seconds of a day stay far below 2^52")]
fn mean_wait(known: &[&AgentFigures]) -> Option<f64> {
    let answered: u64 = known.iter().map(|figures| figures.answered).sum();
    let wait: u64 = known.iter().map(|figures| figures.wait_s).sum();
    (answered > 0).then(|| wait as f64 / answered as f64)
}

#[cfg(test)]
mod tests;
