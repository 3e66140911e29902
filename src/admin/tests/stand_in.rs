//! Stands in for the other owners, and notes what it was asked.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::body::Bytes;
use futures_util::future::BoxFuture;

use crate::admin::{
    Ask, Explained, FloorActs, Health, HealthSource, HeatHours, HistoryError, HistoryRequest, HistorySource,
    Size, Supervisor, WallAct, WallPicture,
};
use crate::clock;
use crate::domain::account::Actor;
use crate::domain::act::{ActDone, ActError, ActRequest, Rights};
use crate::domain::control::{self, ControlError, Mode, Supervision, SupervisionState, Target};
use crate::domain::history::explain::CallExplained;
use crate::domain::history::identity::IdentityList;
use crate::domain::history::query::Filter;
use crate::domain::ids::{Interface, PbxName, UniqueId};
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::live::snapshot::Snapshot;
use crate::domain::replay::Recorded;
use crate::domain::time::Moment;
use crate::tasks::accounts::Identity;
use crate::tasks::names::{Taken, Word};

#[derive(Default)]
pub(super) struct StandIn {
    pub(super) asked: Mutex<Vec<HistoryRequest>>,
    pub(super) started: Mutex<Vec<control::Request>>,
    pub(super) running: Mutex<Vec<Supervision>>,
    pub(super) refuse: Mutex<Option<ControlError>>,
    pub(super) acted: Mutex<Vec<ActRequest>>,
    pub(super) refuse_act: Mutex<Option<ActError>>,
    pub(super) views: Mutex<Vec<(Identity, Size)>>,
    pub(super) acts: Mutex<Vec<WallAct>>,
    pub(super) hours: Mutex<HeatHours>,
    pub(super) filters: Mutex<Vec<Filter>>,
    pub(super) people: Mutex<IdentityList>,
    pub(super) words: Mutex<Vec<(Actor, Option<Word>)>>,
}

impl HistorySource for StandIn {
    fn query(&self, request: HistoryRequest) -> BoxFuture<'_, Result<String, HistoryError>> {
        Box::pin(async move {
            let refused = request.metric.as_deref() == Some("nonsense");
            self.asked.lock().expect("a lock").push(request);
            if refused {
                Err(HistoryError::Refused("There is no such metric.".into()))
            } else {
                Ok("[]".into())
            }
        })
    }

    fn replay(&self, pbx: PbxName, at: i64) -> BoxFuture<'_, Result<Option<Snapshot>, HistoryError>> {
        let floor = Snapshot { known: true, ..Snapshot::unknown(pbx, Moment::at_millis(at)) };
        Box::pin(async move { Ok((at >= 1_000).then_some(floor)) })
    }

    fn recorded(&self, _: PbxName) -> BoxFuture<'_, Result<Option<Recorded>, HistoryError>> {
        Box::pin(async { Ok(Some(Recorded { from: 1_000, until: 1_795_424_400_000, bytes: 4_711 })) })
    }

    fn explain(&self, ask: Ask) -> BoxFuture<'_, Result<Explained, HistoryError>> {
        let pbx = match &ask {
            Ask::Figure(question) => question.pbx.clone(),
            Ask::Call(pbx, _) => pbx.clone(),
        };
        let explained = CallExplained {
            pbx,
            callid: "1795330864.3".into(),
            callids: Vec::new(),
            visits: Vec::new(),
            why: Vec::new(),
            rows: Vec::new(),
        };
        Box::pin(async move { Ok(Explained::Call(Box::new(explained))) })
    }

    fn hours(&self, filter: Filter) -> BoxFuture<'_, Result<HeatHours, HistoryError>> {
        Box::pin(async move {
            self.filters.lock().expect("a lock").push(filter);
            Ok(self.hours.lock().expect("a lock").clone())
        })
    }

    fn identities(&self, _: Option<String>) -> BoxFuture<'_, Result<IdentityList, HistoryError>> {
        Box::pin(async { Ok(self.people.lock().expect("a lock").clone()) })
    }

    fn set_identity(&self, actor: Actor, word: Word) -> BoxFuture<'_, Result<(), HistoryError>> {
        Box::pin(async move {
            self.words.lock().expect("a lock").push((actor, Some(word)));
            Ok(())
        })
    }

    fn remove_identity(&self, actor: Actor, _: Taken) -> BoxFuture<'_, Result<(), HistoryError>> {
        Box::pin(async move {
            self.words.lock().expect("a lock").push((actor, None));
            Ok(())
        })
    }
}

impl FloorActs for StandIn {
    fn act(&self, request: ActRequest) -> BoxFuture<'_, Result<ActDone, ActError>> {
        Box::pin(async move {
            request.act.check()?;
            Rights::default().check(&request.act, request.role)?;
            if let Some(error) = self.refuse_act.lock().expect("a lock").clone() {
                return Err(error);
            }
            let done = ActDone {
                pbx: PbxName::new("pbx"),
                act: request.act.word().into(),
                queues: vec!["sales".into()],
                upon: "PJSIP/101".into(),
                reported: "PJSIP/101 is paused (Lunch) in sales.".into(),
            };
            self.acted.lock().expect("a lock").push(request);
            Ok(done)
        })
    }
}

impl Supervisor for StandIn {
    fn start(&self, request: control::Request) -> BoxFuture<'_, Result<Supervision, ControlError>> {
        Box::pin(async move {
            if let Some(error) = self.refuse.lock().expect("a lock").clone() {
                return Err(error);
            }
            let held = Supervision {
                id: UniqueId::new("spy-1"),
                pbx: PbxName::new("pbx"),
                state: SupervisionState::Attached,
                foreign: false,
                channel: match &request.target {
                    Target::Channel(channel) => channel.clone(),
                    Target::Agent(_) => UniqueId::new("1795330864.4"),
                },
                interface: Interface::new("PJSIP/101"),
                agent: "Alice Adams".into(),
                partner: None,
                queue: None,
                mode: Some(request.mode),
                supervisor: request.supervisor.clone(),
                actor: request.actor.clone(),
                origin: request.origin.clone(),
                since: clock::now(),
                ended: None,
            };
            self.started.lock().expect("a lock").push(request);
            self.running.lock().expect("a lock").push(held.clone());
            Ok(held)
        })
    }

    fn get(&self, id: UniqueId) -> BoxFuture<'_, Result<Supervision, ControlError>> {
        Box::pin(async move {
            let running = self.running.lock().expect("a lock");
            running.iter().find(|held| held.id == id).cloned().ok_or(ControlError::Unknown)
        })
    }

    fn set_mode(
        &self,
        id: UniqueId,
        mode: Mode,
        _: Actor,
    ) -> BoxFuture<'_, Result<Supervision, ControlError>> {
        Box::pin(async move {
            let mut running = self.running.lock().expect("a lock");
            let held = running.iter_mut().find(|held| held.id == id).ok_or(ControlError::Unknown)?;
            held.mode = Some(mode);
            Ok(held.clone())
        })
    }

    fn stop(&self, id: UniqueId, _: Actor) -> BoxFuture<'_, Result<(), ControlError>> {
        Box::pin(async move {
            self.running.lock().expect("a lock").retain(|held| held.id != id);
            Ok(())
        })
    }

    fn list(&self) -> BoxFuture<'_, Vec<Supervision>> {
        Box::pin(async { self.running.lock().expect("a lock").clone() })
    }
}

impl WallPicture for StandIn {
    fn png(&self) -> BoxFuture<'_, Result<Bytes, String>> {
        Box::pin(async { Ok(Bytes::from_static(b"\x89PNG\r\n\x1a\n")) })
    }
}

impl HealthSource for StandIn {
    fn health(&self) -> Health {
        let now = clock::now();
        Health {
            uptime_s: 93_784,
            rss_bytes: 74 * 1024 * 1024,
            store: LinkStatus {
                state: LinkState::Live,
                since: now,
                fresh_at: Some(now),
                detail: None,
                note: None,
                host: None,
            },
            counters: BTreeMap::from([("ami_reconnects".into(), 2), ("odd_rows".into(), 0)]),
            last_sync: Some(serde_json::json!({"rows": 12, "visits": 4, "seconds": 0.1, "oddities": {}})),
        }
    }
}
