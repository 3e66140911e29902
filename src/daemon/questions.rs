//! Questions about the stored history, as the web page and the wall ask them, put to `tasks::history`.

use futures_util::future::BoxFuture;

use super::parts::Parts;
use crate::admin::{
    Ask, Explained, HeatHours, HistoryError as Refusal, HistoryFormat, HistoryKind, HistoryRequest,
    HistorySource,
};
use crate::domain::account::Actor;
use crate::domain::history::identity::IdentityList;
use crate::domain::history::query::{By, Filter, UnknownWord};
use crate::domain::ids::{AgentName, PbxName, QueueName};
use crate::domain::live::snapshot::Snapshot;
use crate::domain::replay::Recorded;
use crate::report::{self, Format, Kind, ReportError};
use crate::tasks::history::{HeatOf, History, HistoryError};
use crate::tasks::names::{NamesError, Taken, Word};
use crate::tasks::replay::ReplaysError;
use crate::views::heatmap::HourValue;

/// The history as the web page asks for it.
pub(crate) struct Questions {
    history: History,
}

impl Questions {
    pub(super) fn new(parts: &Parts) -> Self {
        Self::of(parts.history.clone())
    }

    pub(crate) fn of(history: History) -> Self {
        Self { history }
    }

    async fn answer(&self, request: HistoryRequest) -> Result<String, Refusal> {
        let filter = filter(&request).map_err(|error| Refusal::Refused(format!("{error}.")))?;
        let kind = match request.kind {
            HistoryKind::Queues => Kind::Queues,
            HistoryKind::Agents => Kind::Agents,
            HistoryKind::Heatmap => Kind::Heatmap,
            HistoryKind::Visits => Kind::Visits,
        };
        let format = match request.format {
            HistoryFormat::Json => Format::Json,
            HistoryFormat::Csv => Format::Csv,
        };
        let mut out = Vec::new();
        report::run(&self.history, kind, &filter, format, &mut out).await.map_err(refusal)?;
        String::from_utf8(out).map_err(|error| Refusal::Unavailable(error.to_string()))
    }
}

impl HistorySource for Questions {
    fn query(&self, request: HistoryRequest) -> BoxFuture<'_, Result<String, Refusal>> {
        Box::pin(self.answer(request))
    }

    fn explain(&self, ask: Ask) -> BoxFuture<'_, Result<Explained, Refusal>> {
        Box::pin(async move {
            let explained = match ask {
                Ask::Figure(question) => self
                    .history
                    .explain(&question)
                    .await
                    .map(|explained| Explained::Figure(Box::new(explained))),
                Ask::Call(pbx, callid) => match self.history.explain_call(&pbx, &callid).await {
                    Ok(Some(explained)) => Ok(Explained::Call(Box::new(explained))),
                    Ok(None) => {
                        let sentence =
                            format!("There are no rows of a call {callid}. Lists of visits show callids.");
                        return Err(Refusal::Refused(sentence));
                    }
                    Err(error) => Err(error),
                },
            };
            explained.map_err(|error| refusal(ReportError::History(error)))
        })
    }

    fn replay(&self, pbx: PbxName, at: i64) -> BoxFuture<'_, Result<Option<Snapshot>, Refusal>> {
        Box::pin(async move { self.history.replays().at(&pbx, at).await.map_err(unplayed) })
    }

    fn recorded(&self, pbx: PbxName) -> BoxFuture<'_, Result<Option<Recorded>, Refusal>> {
        Box::pin(async move { self.history.replays().recorded(&pbx).await.map_err(unplayed) })
    }

    fn hours(&self, filter: Filter) -> BoxFuture<'_, Result<HeatHours, Refusal>> {
        Box::pin(async move {
            hours(&self.history, &filter).await.map_err(|error| refusal(ReportError::History(error)))
        })
    }

    fn identities(&self, pbx: Option<String>) -> BoxFuture<'_, Result<IdentityList, Refusal>> {
        Box::pin(async move { self.history.names().list(pbx.as_deref()).await.map_err(unnamed) })
    }

    fn set_identity(&self, actor: Actor, word: Word) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async move { self.history.names().set(&actor, &word).await.map(drop).map_err(unnamed) })
    }

    fn remove_identity(&self, actor: Actor, taken: Taken) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async move { self.history.names().remove(&actor, &taken).await.map(drop).map_err(unnamed) })
    }
}

fn unplayed(error: ReplaysError) -> Refusal {
    tracing::warn!(%error, "the recording could not be read");
    Refusal::Unavailable(format!("The recording cannot be read: {error}. Try another moment."))
}

/// A sentence as an answer has it.
fn unnamed(error: NamesError) -> Refusal {
    let mut text = error.to_string();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let text = format!("{text}.");
    match error {
        NamesError::Store(_) | NamesError::UnknownZone(_) => Refusal::Unavailable(text),
        _ => Refusal::Refused(text),
    }
}

fn filter(request: &HistoryRequest) -> Result<Filter, UnknownWord> {
    let mut filter = Filter::new(request.from, request.to);
    filter.pbx = request.pbx.as_ref().map(PbxName::new);
    filter.queue = request.queue.as_ref().map(QueueName::new);
    filter.agent = request.agent.as_ref().map(AgentName::new);
    if let Some(word) = &request.metric {
        filter.metric = word.parse()?;
    }
    if let Some(word) = &request.by {
        filter.by = word.parse()?;
    }
    if let Some(word) = &request.count {
        filter.count = word.parse()?;
    }
    filter.service_level = request.service_level_s;
    filter.page = request.page;
    Ok(filter)
}

fn refusal(error: ReportError) -> Refusal {
    match error {
        ReportError::History(HistoryError::Store(error)) => Refusal::Unavailable(format!("{error}.")),
        ReportError::History(error) => Refusal::Refused(format!("{error}.")),
        ReportError::Write(error) => Refusal::Unavailable(format!("{error}.")),
    }
}

/// The history as the wall's heatmap asks for it.
#[cfg(feature = "kiosk")]
pub(super) fn heat(history: History) -> crate::kiosk::HeatSource {
    std::sync::Arc::new(move |ask| {
        let history = history.clone();
        Box::pin(async move {
            asked(&history, &ask).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the heatmap could not be read");
                crate::kiosk::HeatAnswer::default()
            })
        })
    })
}

#[cfg(feature = "kiosk")]
async fn asked(
    history: &History,
    ask: &crate::kiosk::HeatAsk,
) -> Result<crate::kiosk::HeatAnswer, HistoryError> {
    use crate::domain::history::query;
    use crate::domain::time::local_date;
    use crate::kiosk::{HeatAnswer, Subject};
    use crate::views::heatmap::Metric;

    let Some(record) = history.pbxs().await?.into_iter().find(|record| record.name == ask.pbx) else {
        return Ok(HeatAnswer::default());
    };
    let zone = jiff::tz::TimeZone::get(&record.zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let mut filter = Filter::new(local_date(&zone, ask.from), local_date(&zone, ask.until - 1));
    filter.pbx = Some(ask.pbx.clone());
    filter.metric = match ask.metric {
        Metric::Talk => query::Metric::Talk,
        Metric::Calls => query::Metric::Calls,
        Metric::Answered => query::Metric::Answered,
        Metric::Abandoned => query::Metric::Abandoned,
        Metric::ServiceLevel => query::Metric::ServiceLevel,
        Metric::SpeedOfAnswer => query::Metric::AverageSpeedOfAnswer,
        Metric::Occupancy => query::Metric::Occupancy,
    };
    match &ask.subject {
        Subject::All => {}
        Subject::Queue(queue) => filter.queue = Some(queue.clone()),
        Subject::Agent(agent) => filter.agent = Some(agent.clone()),
    }
    let HeatHours { values, day_values, known } = hours(history, &filter).await?;
    Ok(HeatAnswer { values, day_values, known })
}

/// The hours of a heatmap of one PBX, for the wall and for the web page alike.
async fn hours(history: &History, filter: &Filter) -> Result<HeatHours, HistoryError> {
    let pbxs = history.pbxs().await?;
    let Some(record) = pbxs.into_iter().find(|record| filter.pbx.as_ref() == Some(&record.name)) else {
        return Ok(HeatHours::default());
    };
    let filter = Filter { by: By::Hour, ..filter.clone() };
    let rows = history.heatmap(&filter, HeatOf::Together).await?;
    let values = rows
        .into_iter()
        .map(|row| {
            (
                row.start_utc.as_second(),
                HourValue { amount: row.value, late: row.late, overlapping: row.overlapping },
            )
        })
        .collect();
    let since = history.known_since(&record.name).await?;
    // A history that came from files alone was never synchronised: it is known up to its newest row.
    let until = record.synced_at.or((record.log_clock > 0).then_some(record.log_clock));
    Ok(HeatHours { values, known: since.zip(until), ..HeatHours::default() })
}
