//! Acts upon the floor: checked, journalled, sent once, and answered only by what Asterisk then reports.
//!
//! In: wishes from the web and the wall. Out: one AMI action each, never repeated. An act runs as a task of its own, so
//! that an impatient asker cannot leave a journal row open. It waits on the floor's snapshot and on the channel's own
//! events; where Asterisk tells nothing (the order of a line), it asks for whole pictures.

mod send;
mod watch;

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::clock;
use crate::domain::account::Role;
use crate::domain::act::{ActDone, ActError, ActRequest, Plan, Right, Rights, plan};
use crate::domain::ids::PbxName;
use crate::domain::link::LinkState;
use crate::store::{JournalEntry, JournalId, Store};
use crate::tasks::live::Live;

use watch::Watch;

/// Handle to the acts. Cheap to clone.
#[derive(Clone)]
pub struct Acts {
    shared: Arc<Shared>,
}

struct Shared {
    lives: Vec<Live>,
    rights: Rights,
    store: Store,
}

impl Acts {
    /// Acts upon these PBXs, by these rights.
    pub fn new(lives: Vec<Live>, rights: Rights, store: Store) -> Self {
        Self { shared: Arc::new(Shared { lives, rights, store }) }
    }

    /// Whether `role` has `right`.
    pub fn allows(&self, right: Right, role: Role) -> bool {
        self.shared.rights.allows(right, role)
    }

    /// Does what is wished. Returns once Asterisk reports the effect, at the latest after some 15 s.
    ///
    /// # Errors
    /// Every reason for which it did not come about, with its cure.
    pub async fn act(&self, request: ActRequest) -> Result<ActDone, ActError> {
        request.act.check()?;
        self.shared.rights.check(&request.act, request.role)?;
        let live = self.shared.live(request.pbx.as_ref())?.clone();
        let plan = plan(&live.snapshot.borrow(), &request.act)?;
        let work = Work { shared: Arc::clone(&self.shared), live, plan, request };
        let (answer, result) = oneshot::channel();
        tokio::spawn(async move {
            let done = work.run().await;
            // Who asked may be gone; the journal has it.
            let _ = answer.send(done);
        });
        result.await.unwrap_or_else(|_| Err(ActError::Lost("(the act was cut off)".into())))
    }
}

impl Shared {
    /// The live link of `pbx`; of the only one when not named.
    fn live(&self, pbx: Option<&PbxName>) -> Result<&Live, ActError> {
        let found = match pbx {
            Some(name) => self.lives.iter().find(|live| live.pbx == *name),
            None if self.lives.len() > 1 => {
                let names: Vec<&str> = self.lives.iter().map(|live| live.pbx.as_str()).collect();
                return Err(ActError::Invalid(format!(
                    "There are several PBXs. Name one with \"pbx\": {}.",
                    names.join(", ")
                )));
            }
            None => self.lives.first(),
        };
        let live = found.ok_or_else(|| match pbx {
            Some(name) => ActError::Invalid(format!("There is no PBX {name} in the configuration.")),
            None => ActError::LinkDown("(none is configured)".into()),
        })?;
        let is_live = live.snapshot.borrow().ami.state == LinkState::Live;
        if is_live { Ok(live) } else { Err(ActError::LinkDown(live.pbx.to_string())) }
    }
}

/// One act on its way.
struct Work {
    shared: Arc<Shared>,
    live: Live,
    plan: Plan,
    request: ActRequest,
}

impl Work {
    async fn run(self) -> Result<ActDone, ActError> {
        let journal = self.open_journal().await?;
        let result = self.carry_out().await;
        let said = match &result {
            Ok(reported) => format!("ok: {reported}"),
            Err(error) => error.to_string(),
        };
        if let Err(error) = self.shared.store.journal_close(clock::now().wall, journal, &said, None).await {
            tracing::error!(%error, "what came of an act could not be journalled");
        }
        Ok(ActDone {
            pbx: self.live.pbx.clone(),
            act: self.request.act.word().into(),
            queues: self.plan.queues(),
            upon: self.plan.upon(),
            reported: result?,
        })
    }

    async fn open_journal(&self) -> Result<JournalId, ActError> {
        let queues: Vec<String> = self.plan.queues().iter().map(ToString::to_string).collect();
        let entry = JournalEntry {
            actor: self.request.actor.clone(),
            origin: self.request.origin.clone(),
            action: format!("floor {}", self.request.act.word()),
            target: format!("{} {} {}", self.live.pbx, self.plan.upon(), queues.join(",")),
            before: None,
            after: send::told(&self.plan),
        };
        let opened = self.shared.store.journal_open(clock::now().wall, entry).await;
        opened.map_err(|error| ActError::Journal(error.to_string()))
    }

    async fn carry_out(&self) -> Result<String, ActError> {
        let mut watch = Watch::begin(&self.live, &self.plan).await?;
        let action = send::action(&self.plan, watch.front().await?);
        let sent = self.live.client().act(action).await;
        sent.map_err(|error| send::refused(&error, &self.request.act, &self.plan, &self.live.pbx))?;
        watch.effect().await
    }
}
