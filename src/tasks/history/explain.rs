//! From a figure to the visits and times that make it up, and from a visit to its rows.

mod times;
mod visits;

use super::sums::{Grain, Presence};
use super::{History, HistoryError, Site, number};
use crate::domain::history::cells::Measure;
use crate::domain::history::explain::{Explanation, Figure, Given, Question, Unit};
use crate::domain::history::query::{Count, Filter, local};
use crate::domain::ids::QueueName;
use crate::domain::time::split_by_hour;

/// What is asked, with what answers it.
struct Asked<'q> {
    question: &'q Question,
    site: Site,
    filter: Filter,
    agents: bool,
}

impl History {
    /// The figure asked for, with everything that makes it up.
    ///
    /// # Errors
    /// When the PBX is unknown, the figure belongs to others, the date has no such hour, or the store refuses.
    pub async fn explain(&self, question: &Question) -> Result<Explanation, HistoryError> {
        let asked = self.asked(question).await?;
        let mut notes = Vec::new();
        let (parts, exact) = match question.figure {
            Figure::Paused | Figure::PausedAll | Figure::LoggedIn => (self.stretches(&asked).await?, true),
            Figure::Occupancy => (self.occupied(&asked).await?, true),
            Figure::WrapUp => (self.wrapped_up(&asked).await?, true),
            Figure::NotEntered => (self.not_entered(&asked).await?, true),
            Figure::BusyElsewhere => (self.found_busy(&asked).await?, true),
            _ if question.count == Count::Calls => (self.calls_behind(&asked).await?, false),
            _ => (self.visits_behind(&asked).await?, false),
        };
        let (sum, of) =
            parts.iter().fold((0, 0), |(sum, of), (_, part)| (sum + part.part, of + part.of.unwrap_or(0)));
        let unit = question.figure.unit();
        let whole = match unit {
            Unit::Share | Unit::Mean => Some(of),
            Unit::Number | Unit::Seconds => None,
        };
        let made = made_of(sum, whole);
        // What no cell holds is made from its parts each time; the rest must be what the cells say.
        let value = if exact && !is_stored(question.figure) { made } else { self.stored(&asked).await? };
        self.note(&asked, &mut notes);
        let kept = self.kept_from(Some(&asked.site.name)).await?;
        if let Some(first) = kept.filter(|first| question.date < *first) {
            notes.push(format!("Rows are kept from {first} on; of earlier days only the sums are left."));
        }
        let (from, to) = (asked.site.from, asked.site.to);
        Ok(Explanation {
            pbx: asked.site.name.clone(),
            queue: question.queue.as_ref().map(|queue| asked.site.queue_name(&queue.folded())),
            agent: question.agent.clone(),
            figure: question.figure.as_str(),
            unit: unit.as_str(),
            count: asked.filter.count,
            by_queue: !asked.agents,
            date: question.date,
            hour: question.hour,
            from: jiff::Timestamp::from_second(from).unwrap_or_default(),
            to: jiff::Timestamp::from_second(to).unwrap_or_default(),
            value,
            sum,
            of: whole,
            adds_up: same(value, made),
            notes,
            parts: parts.into_iter().map(|(_, part)| part).collect(),
        })
    }

    async fn asked<'q>(&self, question: &'q Question) -> Result<Asked<'q>, HistoryError> {
        let mut filter = Filter::new(question.date, question.date);
        filter.pbx = Some(question.pbx.clone());
        filter.queue.clone_from(&question.queue);
        filter.agent.clone_from(&question.agent);
        filter.service_level = question.service_level;
        filter.count = question.count;
        let figure = question.figure;
        let agents = question.agent.is_some() || !figure.is_of_queues();
        if question.agent.is_some() && !figure.is_of_agents() {
            return Err(HistoryError::NoFigure { figure: figure.as_str(), of: "an agent" });
        }
        if agents && question.count == Count::Calls {
            return Err(HistoryError::NoFigure {
                figure: figure.as_str(),
                of: "calls; agents' are of visits",
            });
        }
        let Some(mut site) = self.sites(&filter).await?.pop() else {
            return Err(HistoryError::UnknownPbx(question.pbx.clone()));
        };
        let hours: Vec<_> = split_by_hour(&site.zone, site.from, site.to)
            .into_iter()
            .map(|(hour, _)| hour)
            .filter(|hour| {
                let starts = local(&site.zone, hour.start);
                question.hour.is_none_or(|wanted| wanted == starts.hour())
                    && question.start.is_none_or(|start| start == hour.start)
            })
            .collect();
        let (Some(first), Some(last)) = (hours.first(), hours.last()) else {
            return Err(HistoryError::NoSuchHour { date: question.date });
        };
        (site.from, site.to) = (first.start, last.end());
        Ok(Asked { question, site, filter, agents })
    }

    /// What the cells say.
    async fn stored(&self, asked: &Asked<'_>) -> Result<Option<f64>, HistoryError> {
        let (site, filter, figure) = (&asked.site, &asked.filter, asked.question.figure);
        let short = self.thresholds.short_abandon_s;
        let mut sum = Given::default();
        let mut add = |given: Option<Given>| {
            let given = given.unwrap_or_default();
            (sum.part, sum.of) = (sum.part + given.part, sum.of + given.of);
        };
        if asked.agents {
            let s = self.agents_threshold(asked);
            for agent in self
                .agent_sums(site, filter, (Grain::Range, true, Presence::Told), |_| ())
                .await?
                .into_values()
            {
                let presence = |measure| Some(Given { part: agent.presence.get(measure), of: 0 });
                add(match figure {
                    Figure::Paused => presence(Measure::Paused),
                    Figure::PausedAll => presence(Measure::PausedAll),
                    Figure::LoggedIn => presence(Measure::LoggedIn),
                    _ => figure.given(&agent.calls, true, s, short),
                });
            }
        } else {
            for ((_, queue), cell) in self.queue_sums(site, filter, Grain::Range, |_| ()).await? {
                add(figure.given(&cell, false, self.threshold(site, filter, &queue), short));
            }
            if figure == Figure::AverageHandleTime {
                let sums = self.queue_wrap_ups(site, filter).await?.unwrap_or_default();
                sum.part += i64::try_from(sums.into_values().sum::<u64>()).unwrap_or(0);
            }
        }
        let whole = matches!(figure.unit(), Unit::Share | Unit::Mean).then_some(sum.of);
        Ok(made_of(sum.part, whole))
    }

    /// The threshold by which an agent's answers are judged.
    fn agents_threshold(&self, asked: &Asked<'_>) -> u32 {
        let own = asked
            .filter
            .queue
            .as_ref()
            .map(|queue| self.threshold(&asked.site, &asked.filter, &queue.folded()));
        asked.filter.service_level.or(own).unwrap_or(self.thresholds.service_level_s)
    }

    fn note(&self, asked: &Asked<'_>, notes: &mut Vec<String>) {
        if asked.filter.count == Count::Calls {
            notes
                .push("By call: all visits of one callid as one, in the hour and queue of its first.".into());
        }
        match asked.question.figure {
            Figure::ServiceLevel(variant) => {
                let s = if asked.agents {
                    self.agents_threshold(asked)
                } else {
                    let queue = asked.filter.queue.as_ref().map(QueueName::folded).unwrap_or_default();
                    self.threshold(&asked.site, &asked.filter, &queue)
                };
                let own = asked.filter.queue.is_none() && asked.filter.service_level.is_none() && !asked.agents;
                notes.push(if own {
                    let one = if asked.filter.count == Count::Calls { "call" } else { "visit" };
                    format!("Service level {variant:?}; each {one} is judged by its own queue's seconds.")
                } else {
                    format!("Service level {variant:?}, within {s} s.")
                });
            }
            Figure::AbandonedShort | Figure::AbandonRate => {
                let s = self.thresholds.short_abandon_s;
                notes.push(format!("An abandon after less than {s} s is short."));
            }
            Figure::Attempts | Figure::Ring | Figure::RangOut | Figure::Refused => notes.push(
                "A lower bound: identical rows count once, and phones that another one outran leave no row.".into(),
            ),
            Figure::Occupancy => notes.push(
                "Each second once: talk, ring, wrap-up, pause, idle. Pauses, and hours without a login, do not count."
                    .into(),
            ),
            _ => {}
        }
    }
}

/// Whether cells hold the figure, so that the parts can be held against them.
fn is_stored(figure: Figure) -> bool {
    !matches!(figure, Figure::Occupancy | Figure::WrapUp | Figure::NotEntered | Figure::BusyElsewhere)
}

fn made_of(sum: i64, of: Option<i64>) -> Option<f64> {
    let float = |value: i64| {
        let size = number(value.unsigned_abs());
        if value < 0 { -size } else { size }
    };
    match of {
        None => Some(float(sum)),
        Some(0) => None,
        Some(of) => Some(float(sum) / float(of)),
    }
}

fn same(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() < 1e-9,
        (None, None) => true,
        _ => false,
    }
}
