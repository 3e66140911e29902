//! Visits behind a figure, and the rows of a call.

use std::collections::BTreeMap;

use super::super::calls::Call;
use super::super::work::REACH;
use super::super::{History, HistoryError, Site};
use super::Asked;
use crate::domain::history::answer::VisitRow;
use crate::domain::history::cells::{Cell, Contributions, Measure};
use crate::domain::history::explain::{CallExplained, Figure, Given, Part, RowShown, RowTaken, Unit, taken};
use crate::domain::history::place::place_call;
use crate::domain::history::query::{Filter, rfc3339};
use crate::domain::history::visit::{Outcome, Visit};
use crate::domain::ids::{AgentName, PbxName};
use crate::store::VisitFilter;

/// A visit that gives something to an hour entered at most this long before it, seconds.
const BEFORE: i64 = 2 * REACH;
/// And at most this long after it: a talk may begin, as logged, before its visit.
const AFTER: i64 = 2 * 3600;

impl History {
    /// The rows of a call as written, what each was taken for, and the visits that they were folded to.
    ///
    /// # Errors
    /// When the PBX is unknown or the store refuses.
    pub async fn explain_call(
        &self,
        pbx: &PbxName,
        callid: &str,
    ) -> Result<Option<CallExplained>, HistoryError> {
        let record = self.store.pbxs().await?.into_iter().find(|record| record.name == *pbx);
        let Some(record) = record else { return Err(HistoryError::UnknownPbx(pbx.clone())) };
        let zone = super::super::zone_of(&record.zone)?;
        let callids = self.store.folded_with(pbx, callid).await?;
        let rows = self.store.stored_rows(pbx, callids.clone()).await?;
        let times: Vec<i64> = rows.values().flat_map(|rows| place_call(&zone, rows)).collect();
        let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else { return Ok(None) };
        let near = VisitFilter { from: first - BEFORE, to: last + AFTER, ..VisitFilter::default() };
        let mut visits = self.store.visits(pbx, near).await?;
        visits.retain(|visit| callids.iter().any(|callid| *callid == visit.callid));
        let mut told: Vec<_> = rows.values().flat_map(|rows| taken(&zone, rows, &visits)).collect();
        told.sort_by_key(|taken| (taken.at, taken.row.id));
        Ok(Some(CallExplained {
            pbx: pbx.clone(),
            callid: callid.to_owned(),
            why: visits.iter().flat_map(why).collect(),
            visits: visits.iter().map(|visit| VisitRow::of(pbx, &zone, visit)).collect(),
            callids,
            rows: told
                .into_iter()
                .map(|taken| RowTaken {
                    row: RowShown::of(&taken.row),
                    at: rfc3339(&zone, taken.at),
                    taken_for: taken.taken_for,
                })
                .collect(),
        }))
    }

    pub(super) async fn visits_behind(&self, asked: &Asked<'_>) -> Result<Vec<(i64, Part)>, HistoryError> {
        let site = &asked.site;
        let wide = Site {
            from: site.from.saturating_sub(BEFORE),
            to: site.to.saturating_add(AFTER),
            ..site.clone()
        };
        let all = Filter { agent: None, ..asked.filter.clone() };
        let wraps = asked.question.figure == Figure::AverageHandleTime;
        let visits = if wraps {
            self.visits_with_wrap_up(&wide, &all).await?
        } else {
            let plain = self.store.visits(&site.name, wide.wanted(&all)).await?;
            plain.into_iter().map(|visit| (visit, None)).collect()
        };
        let mut parts = Vec::new();
        for (visit, wrap_up) in &visits {
            if let Some(part) = self.part_of(asked, visit, false, *wrap_up) {
                parts.push((visit.entered, part));
            }
        }
        Ok(parts)
    }

    /// The calls that give something to a queue's figure, each with its visits.
    pub(super) async fn calls_behind(&self, asked: &Asked<'_>) -> Result<Vec<(i64, Part)>, HistoryError> {
        let site = &asked.site;
        let mut wrap_ups = BTreeMap::new();
        if asked.question.figure == Figure::AverageHandleTime {
            let calls = self.visits_with_wrap_up(site, &asked.filter).await?;
            wrap_ups.extend(calls.into_iter().map(|(call, wrap_up)| (call.callid, wrap_up)));
        }
        let mut parts = Vec::new();
        for Call { whole, lost_after, visits } in self.calls(site, &asked.filter).await? {
            let wrap_up = wrap_ups.get(&whole.callid).copied().flatten();
            let Some(mut part) = self.part_of(asked, &whole, lost_after, wrap_up) else { continue };
            part.kind = "call";
            part.end = visits.iter().filter_map(|visit| visit.closed).max().map(|at| rfc3339(&site.zone, at));
            if visits.len() > 1 {
                let each: Vec<String> = visits.iter().map(stay_in_words).collect();
                part.what = format!("{} ({})", part.what, each.join(", "));
            }
            part.visits = visits.iter().map(|visit| VisitRow::of(&site.name, &site.zone, visit)).collect();
            parts.push((whole.entered, part));
        }
        Ok(parts)
    }

    /// What a visit (or a call as one) gives to the figure; `None` where that is nothing.
    fn part_of(
        &self,
        asked: &Asked<'_>,
        visit: &Visit,
        lost_after: bool,
        wrap_up: Option<i64>,
    ) -> Option<Part> {
        let (site, question) = (&asked.site, asked.question);
        let folded = visit.queue.folded();
        let mut given = Contributions::default();
        given.add_visit(&site.zone, visit);
        let mut cell = Cell::default();
        for ((subject, hour), own) in &given.cells {
            let inside = hour.start >= site.from && hour.start < site.to && subject.queue == folded;
            let agent = question.agent.as_ref().map(AgentName::as_str);
            let his = if asked.agents {
                !subject.agent.is_empty() && agent.is_none_or(|agent| agent == subject.agent)
            } else {
                subject.agent.is_empty()
            };
            if inside && his {
                cell.merge(own, 1);
            }
        }
        if lost_after {
            cell.sums.insert(Measure::LostAfterTransfer, 1);
        }
        let s = if asked.agents {
            self.agents_threshold(asked)
        } else {
            self.threshold(site, &asked.filter, &folded)
        };
        let mut given = question.figure.given(&cell, asked.agents, s, self.thresholds.short_abandon_s)?;
        if visit.outcome == Outcome::Answered && given.of > 0 {
            given.part += wrap_up.unwrap_or(0);
        }
        if given == Given::default() {
            return None;
        }
        Some(Part {
            kind: "visit",
            part: given.part,
            of: matches!(question.figure.unit(), Unit::Share | Unit::Mean).then_some(given.of),
            what: in_words(question.figure, given, visit, wrap_up),
            start: rfc3339(&site.zone, visit.entered),
            end: visit.closed.map(|at| rfc3339(&site.zone, at)),
            visit: Some(VisitRow::of(&site.name, &site.zone, visit)),
            visits: Vec::new(),
            rows: Vec::new(),
        })
    }
}

/// `sales answered after 9 s`
fn stay_in_words(visit: &Visit) -> String {
    format!("{} {} after {} s", visit.queue, visit.outcome.as_str().replace('_', " "), visit.wait)
}

fn in_words(figure: Figure, given: Given, visit: &Visit, wrap_up: Option<i64>) -> String {
    let outcome = visit.outcome.as_str().replace('_', " ");
    match figure {
        Figure::Talk => format!("talk {} s of {} s", given.part, visit.talk()),
        Figure::Ring => {
            let whole: i64 = visit.rings.iter().map(|ring| ring.end - ring.start).sum();
            format!("ring {} s of {whole} s", given.part)
        }
        Figure::AverageHandleTime => match wrap_up {
            Some(wrap_up) => format!("talk {} s, wrap-up {wrap_up} s", visit.talk()),
            None => format!("talk {} s", visit.talk()),
        },
        Figure::TalkWhole => format!("talk {} s", visit.talk()),
        Figure::ServiceLevel(_) => {
            let good = if given.part > 0 { "counts" } else { "does not count" };
            format!("{outcome} after {} s: {good}", visit.wait)
        }
        _ => format!("{outcome} after {} s", visit.wait),
    }
}

/// Why each mark of a visit stands.
fn why(visit: &Visit) -> Vec<String> {
    let name = format!("Visit {} to {}", visit.n, visit.queue);
    let marks = visit.marks;
    let bound =
        visit.talk_bound.map_or(String::new(), |s| format!(", and cannot have lasted longer than {s} s"));
    let estimated = visit.talks.iter().any(|talk| talk.estimated);
    [
        (marks.technical, "technical: SYSCOMPAT stands before the abandon".to_owned()),
        (
            marks.own,
            "no entry logged: its closing row fits no ENTERQUEUE, and made a visit of its own".to_owned(),
        ),
        (marks.joined, "entered under another callid: it was connected under a second one".to_owned()),
        (marks.missing_end && !estimated, format!("no end logged: the talk counts 0 s{bound}")),
        (
            estimated,
            "estimated: no end was logged; the end of the agent's leg in the cdr stands for it".to_owned(),
        ),
        (
            marks.may_include_transfer,
            "may include a transfer: behind a /n Local channel Asterisk does not see one".to_owned(),
        ),
        (
            visit.outcome == Outcome::Unresolved,
            "unresolved: no end within 12 h, a start of Asterisk, or entered again without an end".to_owned(),
        ),
    ]
    .into_iter()
    .filter(|(holds, _)| *holds)
    .map(|(_, sentence)| format!("{name}, {sentence}."))
    .collect()
}
