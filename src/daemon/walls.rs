//! Own views of the wall's program in browsers: each has a feed and a painter of its own, as if it were one more wall.
//!
//! ```text
//!  browser ── /wall/{id} ──> act ────> Painter (a window of its own) ── Action ──> Feed
//!          <── picture ───── draw <─── watch<Arc<Wall>> <──────────────────┘
//! ```
//! A session is drawn only while somebody waits for its picture, at most four times a second. It ends when nobody asked
//! for a while; its window, its pixels and its feed end with it.

mod session;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::admin::{Size, WallAct, WallRefusal, WallSessions, WallView};
use crate::kiosk::{Desk, Feed, Painter, Unlock};
use crate::tasks::accounts::Identity;
use crate::tasks::control::Control;
use session::Session;

/// Views at once: each costs a window, its pixels and a good part of a core while it is looked at.
const MOST: usize = 4;
/// A view that nobody asked for a picture for so long is over. Longer than a picture is waited for.
const UNWATCHED_MILLIS: i64 = 15_000;
/// It is looked so often whether one is over.
const REAP_EVERY: Duration = Duration::from_secs(1);

/// The own views that are open. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Walls {
    inner: Arc<Inner>,
}

struct Inner {
    /// What a wall is made of, who draws it and who starts supervisions, from when there is a wall on.
    source: OnceLock<(Feed, Painter, Control)>,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    /// A session gives its place back only once it is wholly gone.
    places: Arc<Semaphore>,
    drawn: Arc<AtomicU64>,
    unwatched_millis: i64,
}

impl Default for Walls {
    fn default() -> Self {
        Self::lasting(UNWATCHED_MILLIS)
    }
}

/// The feed of one person's own view. The login was the key, so its desk is always unlocked; whatever is asked of the PBX
/// through this view is asked in the name of `who`, from `origin`.
fn feed_of(base: &Feed, control: &Control, who: &Identity, origin: String) -> Feed {
    let desk = Desk::new(control.clone(), Unlock::Always(who.clone()), origin);
    Feed { desk: Some(desk), ..base.clone() }
}

impl Walls {
    fn lasting(unwatched_millis: i64) -> Self {
        Self {
            inner: Arc::new(Inner {
                source: OnceLock::new(),
                sessions: Mutex::default(),
                places: Arc::new(Semaphore::new(MOST)),
                drawn: Arc::default(),
                unwatched_millis,
            }),
        }
    }

    /// Says what walls are made of, on whose thread they are drawn and by whom supervisions are started. The first word
    /// counts.
    pub(crate) fn draw_by(&self, feed: Feed, painter: Painter, control: Control) {
        let _ = self.inner.source.set((feed, painter, control));
    }

    /// Pictures drawn since the start.
    pub(crate) fn drawn(&self) -> u64 {
        self.inner.drawn.load(Ordering::Relaxed)
    }

    async fn start(&self, who: Identity, origin: String, size: Size) -> Result<String, WallRefusal> {
        let Some((base, painter, control)) = self.inner.source.get() else {
            return Err(WallRefusal::Unavailable("The wall is not drawn yet. Ask again in a moment.".into()));
        };
        let places = Arc::clone(&self.inner.places);
        let place = places.try_acquire_owned().map_err(|_| WallRefusal::Full(MOST))?;
        let feed = feed_of(base, control, &who, origin);
        let session = Session::start(feed, painter, who, size, place, Arc::clone(&self.inner.drawn)).await?;
        let id = random_id()?;
        if let Ok(mut sessions) = self.inner.sessions.lock() {
            sessions.insert(id.clone(), Arc::new(session));
        }
        tokio::spawn(reap(Arc::downgrade(&self.inner), id.clone()));
        Ok(id)
    }

    fn find(&self, id: &str, who: &Identity) -> Result<Arc<Session>, WallRefusal> {
        let session = self.inner.sessions.lock().ok().and_then(|sessions| sessions.get(id).cloned());
        // Also gone for who has another role since.
        session.filter(|session| session.belongs_to(who)).ok_or(WallRefusal::Gone)
    }
}

impl Inner {
    fn remove(&self, id: &str) {
        let session = self.sessions.lock().ok().and_then(|mut sessions| sessions.remove(id));
        if let Some(session) = session {
            session.end();
        }
    }

    /// Whether the session is over or gone.
    fn is_over(&self, id: &str) -> bool {
        let sessions = self.sessions.lock();
        sessions.is_ok_and(|sessions| {
            sessions.get(id).is_none_or(|session| session.unwatched_millis() > self.unwatched_millis)
        })
    }
}

/// Ends a session that nobody looks at.
async fn reap(walls: Weak<Inner>, id: String) {
    loop {
        tokio::time::sleep(REAP_EVERY).await;
        let Some(walls) = walls.upgrade() else { return };
        if walls.is_over(&id) {
            walls.remove(&id);
            return;
        }
    }
}

fn random_id() -> Result<String, WallRefusal> {
    let mut bytes = [0_u8; 12];
    getrandom::fill(&mut bytes)
        .map_err(|_| WallRefusal::Unavailable("The operating system gives no random numbers.".into()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

impl WallSessions for Walls {
    fn open(&self, who: Identity, origin: String, size: Size) -> BoxFuture<'_, Result<String, WallRefusal>> {
        Box::pin(self.start(who, origin, size))
    }

    fn size(&self, id: &str, who: &Identity) -> Result<Size, WallRefusal> {
        self.find(id, who).map(|session| session.size())
    }

    fn picture(
        &self,
        id: String,
        who: Identity,
        after: Option<u64>,
    ) -> BoxFuture<'_, Result<Option<WallView>, WallRefusal>> {
        Box::pin(async move { self.find(&id, &who)?.picture(after).await })
    }

    fn act(&self, id: String, who: Identity, act: WallAct) -> BoxFuture<'_, Result<(), WallRefusal>> {
        Box::pin(async move {
            let session = self.find(&id, &who)?;
            if act == WallAct::End {
                self.inner.remove(&id);
                return Ok(());
            }
            session.act(act).await
        })
    }

    fn count(&self) -> usize {
        self.inner.sessions.lock().map_or(0, |sessions| sessions.len())
    }
}
