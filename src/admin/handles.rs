//! What the web page is given: handles and the small traits behind which their owners stand.

mod walls;

pub use walls::{Size, WallAct, WallRefusal, WallSessions, WallView};

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use futures_util::future::BoxFuture;
use jiff::civil;
use tokio::sync::watch;

use crate::domain::account::Actor;
use crate::domain::act::{ActDone, ActError, ActRequest};
use crate::domain::control::{ControlError, Mode, Request, Supervision};
use crate::domain::history::explain::{CallExplained, Explanation, Question};
use crate::domain::history::identity::IdentityList;
use crate::domain::history::query::{Filter, Page};
use crate::domain::ids::{PbxName, UniqueId};
use crate::domain::link::LinkStatus;
use crate::domain::live::snapshot::Snapshot;
use crate::domain::problem::Problem;
use crate::domain::replay::Recorded;
use crate::tasks::PbxView;
use crate::tasks::accounts::Accounts;
use crate::tasks::names::{Taken, Word};
use crate::views::heatmap::HourValue;

/// Everything that the web page shows or calls.
#[derive(Clone)]
pub struct AdminHandles {
    /// The site's name, on every page.
    pub site: String,
    /// One view for each PBX.
    pub pbxs: Vec<PbxView>,
    /// Accounts, sessions, tokens, journal.
    pub accounts: Accounts,
    /// The stored history.
    pub history: Arc<dyn HistorySource>,
    /// Listening, whispering, barging.
    pub supervisor: Arc<dyn Supervisor>,
    /// Pauses, members, waiting callers, hanging up.
    pub floor: Arc<dyn FloorActs>,
    /// What the wall shows.
    pub wall: Arc<dyn WallPicture>,
    /// Own views of the wall's program.
    pub walls: Arc<dyn WallSessions>,
    /// The phones with which a supervisor may listen.
    pub phones: Vec<Phone>,
    /// How the appliance itself does.
    pub health: Arc<dyn HealthSource>,
    /// The problems of the configuration.
    pub problems: watch::Receiver<Arc<Vec<Problem>>>,
    /// The service level's seconds where a queue has none of its own.
    pub service_level_s: u32,
}

/// A supervisor's phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// As the API takes it.
    pub extension: String,
    /// As people know it.
    pub name: String,
}

/// Which part of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryKind {
    /// Figures of queues.
    Queues,
    /// Figures of agents.
    Agents,
    /// One number an agent and hour.
    Heatmap,
    /// Single visits.
    Visits,
}

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryFormat {
    /// A JSON document.
    Json,
    /// CSV with a header line.
    Csv,
}

/// What is asked of the history, as the flags of `report`. Words are passed on as written; the source knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRequest {
    /// Which part.
    pub kind: HistoryKind,
    /// In which form.
    pub format: HistoryFormat,
    /// First date, in the PBX's zone.
    pub from: civil::Date,
    /// Last date, inclusive.
    pub to: civil::Date,
    /// One PBX.
    pub pbx: Option<String>,
    /// One queue.
    pub queue: Option<String>,
    /// One agent.
    pub agent: Option<String>,
    /// `talk`, `calls`, …
    pub metric: Option<String>,
    /// `hour`, `day`, `weekday`, `range`.
    pub by: Option<String>,
    /// `visits`, `calls`.
    pub count: Option<String>,
    /// The threshold for all queues, seconds.
    pub service_level_s: Option<u32>,
    /// A page of the visits.
    pub page: Option<Page>,
}

/// Why the history gave nothing. Both say what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// The question is wrong: a 400.
    #[error("{0}")]
    Refused(String),
    /// There is no answer now: a 503.
    #[error("{0}")]
    Unavailable(String),
}

/// Answers questions about the stored history.
pub trait HistorySource: Send + Sync {
    /// The document in the form that was asked for, as `report` prints it.
    fn query(&self, request: HistoryRequest) -> BoxFuture<'_, Result<String, HistoryError>>;
    /// The hours of a heatmap, all that fit the filter together. The filter names its PBX.
    fn hours(&self, filter: Filter) -> BoxFuture<'_, Result<HeatHours, HistoryError>>;
    /// Which interface is whose; of one PBX where given.
    fn identities(&self, pbx: Option<String>) -> BoxFuture<'_, Result<IdentityList, HistoryError>>;
    /// Takes an administrator's word on that; answers once everything is counted anew.
    fn set_identity(&self, actor: Actor, word: Word) -> BoxFuture<'_, Result<(), HistoryError>>;
    /// Takes one back.
    fn remove_identity(&self, actor: Actor, taken: Taken) -> BoxFuture<'_, Result<(), HistoryError>>;
    /// The floor as the board showed it at a moment, milliseconds since the epoch; `None`: nothing was recorded then.
    fn replay(&self, pbx: PbxName, at: i64) -> BoxFuture<'_, Result<Option<Snapshot>, HistoryError>>;
    /// What is recorded of the board.
    fn recorded(&self, pbx: PbxName) -> BoxFuture<'_, Result<Option<Recorded>, HistoryError>>;
    /// Why a figure is what it is, or what became of a call's rows.
    fn explain(&self, ask: Ask) -> BoxFuture<'_, Result<Explained, HistoryError>>;
}

/// What is to be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A figure.
    Figure(Question),
    /// The rows of a call, by its callid.
    Call(PbxName, String),
}

/// The explanation.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub enum Explained {
    /// Of a figure.
    Figure(Box<Explanation>),
    /// Of a call.
    Call(Box<CallExplained>),
}

/// What is known of the hours of a heatmap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatHours {
    /// By the UTC second at which the clock hour starts.
    pub values: BTreeMap<i64, HourValue>,
    /// The days' own figures of shares and means.
    pub day_values: BTreeMap<civil::Date, f64>,
    /// The UTC seconds [from, until) of which everything is known; `None` before the first synchronisation.
    pub known: Option<(i64, i64)>,
}

/// Starts and steers supervisions; the handle of `tasks::control`.
pub trait Supervisor: Send + Sync {
    /// Starts one; answers once it is attached, or why not.
    fn start(&self, request: Request) -> BoxFuture<'_, Result<Supervision, ControlError>>;
    /// One by its id.
    fn get(&self, id: UniqueId) -> BoxFuture<'_, Result<Supervision, ControlError>>;
    /// Changes how the supervisor takes part.
    fn set_mode(
        &self,
        id: UniqueId,
        mode: Mode,
        by: Actor,
    ) -> BoxFuture<'_, Result<Supervision, ControlError>>;
    /// Ends one.
    fn stop(&self, id: UniqueId, by: Actor) -> BoxFuture<'_, Result<(), ControlError>>;
    /// All that are not over, also those that were not started here.
    fn list(&self) -> BoxFuture<'_, Vec<Supervision>>;
}

/// Acts upon the floor; the handle of `tasks::acts`.
pub trait FloorActs: Send + Sync {
    /// Does one; answers once Asterisk reports it, or why not.
    fn act(&self, request: ActRequest) -> BoxFuture<'_, Result<ActDone, ActError>>;
}

/// Draws what the wall shows now.
pub trait WallPicture: Send + Sync {
    /// A PNG, at most two seconds old; or a sentence why there is none.
    fn png(&self) -> BoxFuture<'_, Result<Bytes, String>>;
}

/// How the appliance itself does.
#[derive(Clone, Debug)]
pub struct Health {
    /// Seconds since the start.
    pub uptime_s: u64,
    /// Memory in use, bytes.
    pub rss_bytes: u64,
    /// The local database.
    pub store: LinkStatus,
    /// Counters by name, `ami_reconnects`.
    pub counters: BTreeMap<String, u64>,
    /// The last synchronisation, as `sync --once` prints it; `None` before the first.
    pub last_sync: Option<serde_json::Value>,
}

/// Gives the health without waiting.
pub trait HealthSource: Send + Sync {
    /// As it is now.
    fn health(&self) -> Health;
}

/// Stands in where a part is not configured: there is no history, nobody to supervise, no picture.
#[derive(Clone, Copy, Debug, Default)]
pub struct Absent;

fn nowhere() -> HistoryError {
    HistoryError::Unavailable("There is no history here. Configure a PBX with a database first.".into())
}

impl HistorySource for Absent {
    fn query(&self, _: HistoryRequest) -> BoxFuture<'_, Result<String, HistoryError>> {
        Box::pin(async { Err(nowhere()) })
    }

    fn hours(&self, _: Filter) -> BoxFuture<'_, Result<HeatHours, HistoryError>> {
        Box::pin(async { Ok(HeatHours::default()) })
    }

    fn identities(&self, _: Option<String>) -> BoxFuture<'_, Result<IdentityList, HistoryError>> {
        Box::pin(async { Ok(IdentityList::default()) })
    }

    fn set_identity(&self, _: Actor, _: Word) -> BoxFuture<'_, Result<(), HistoryError>> {
        Box::pin(async { Err(nowhere()) })
    }

    fn remove_identity(&self, _: Actor, _: Taken) -> BoxFuture<'_, Result<(), HistoryError>> {
        Box::pin(async { Err(nowhere()) })
    }

    fn replay(&self, _: PbxName, _: i64) -> BoxFuture<'_, Result<Option<Snapshot>, HistoryError>> {
        Box::pin(async { Ok(None) })
    }

    fn recorded(&self, _: PbxName) -> BoxFuture<'_, Result<Option<Recorded>, HistoryError>> {
        Box::pin(async { Ok(None) })
    }

    fn explain(&self, _: Ask) -> BoxFuture<'_, Result<Explained, HistoryError>> {
        let sentence = "There is no history here. Configure a PBX with a database first.";
        Box::pin(async move { Err(HistoryError::Unavailable(sentence.into())) })
    }
}

impl Supervisor for Absent {
    fn start(&self, _: Request) -> BoxFuture<'_, Result<Supervision, ControlError>> {
        Box::pin(async { Err(ControlError::LinkDown("(none is configured)".into())) })
    }

    fn get(&self, _: UniqueId) -> BoxFuture<'_, Result<Supervision, ControlError>> {
        Box::pin(async { Err(ControlError::Unknown) })
    }

    fn set_mode(&self, _: UniqueId, _: Mode, _: Actor) -> BoxFuture<'_, Result<Supervision, ControlError>> {
        Box::pin(async { Err(ControlError::Unknown) })
    }

    fn stop(&self, _: UniqueId, _: Actor) -> BoxFuture<'_, Result<(), ControlError>> {
        Box::pin(async { Err(ControlError::Unknown) })
    }

    fn list(&self) -> BoxFuture<'_, Vec<Supervision>> {
        Box::pin(async { Vec::new() })
    }
}

impl FloorActs for Absent {
    fn act(&self, _: ActRequest) -> BoxFuture<'_, Result<ActDone, ActError>> {
        Box::pin(async { Err(ActError::LinkDown("(none is configured)".into())) })
    }
}

impl WallPicture for Absent {
    fn png(&self) -> BoxFuture<'_, Result<Bytes, String>> {
        Box::pin(async { Err("There is no wall in this program. Build it with the feature kiosk.".into()) })
    }
}
