//! Own views of the wall's program, one a session: what the web page asks of whoever draws them.

use axum::body::Bytes;
use futures_util::future::BoxFuture;

use crate::tasks::accounts::Identity;

use super::Absent;

/// A size in pixels: width, height.
pub type Size = (u32, u32);

/// Opens, draws and touches own views of the wall.
pub trait WallSessions: Send + Sync {
    /// Opens one that belongs to `who`; its id. It ends by itself soon after nobody looks at it.
    fn open(&self, who: Identity, origin: String, size: Size) -> BoxFuture<'_, Result<String, WallRefusal>>;
    /// Its size now.
    ///
    /// # Errors
    /// [`WallRefusal::Gone`] also where it belongs to somebody else.
    fn size(&self, id: &str, who: &Identity) -> Result<Size, WallRefusal>;
    /// Its picture, at once; with `after` the first one that is not that one, or `None` when none came for a while.
    fn picture(
        &self,
        id: String,
        who: Identity,
        after: Option<u64>,
    ) -> BoxFuture<'_, Result<Option<WallView>, WallRefusal>>;
    /// Does something to it.
    fn act(&self, id: String, who: Identity, act: WallAct) -> BoxFuture<'_, Result<(), WallRefusal>>;
    /// How many are open.
    fn count(&self) -> usize;
}

/// A picture of an own view.
#[derive(Clone, Debug)]
pub struct WallView {
    /// Counts the session's pictures that differ.
    pub number: u64,
    /// A PNG.
    pub png: Bytes,
}

/// What is done to an own view. Points are pixels of its picture.
#[derive(Clone, Debug, PartialEq)]
pub enum WallAct {
    /// Down and up again.
    Touch(f32, f32),
    /// Down.
    Press(f32, f32),
    /// Moved while down.
    Move(f32, f32),
    /// Up.
    Release(f32, f32),
    /// Gone without going up.
    Leave,
    /// A key, by its name in browsers.
    Key(String),
    /// Draw it so large from now on.
    Resize(Size),
    /// It is not needed any more.
    End,
}

/// Why there is no view.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WallRefusal {
    /// As many as there may be are open.
    #[error(
        "{0} people look at the wall from their browsers already, and there is room for no more. A place is free some seconds after one of them stops looking."
    )]
    Full(usize),
    /// It has ended, or never was theirs.
    #[error("This view of the wall has ended. Open another one at /wall.")]
    Gone,
    /// It cannot be drawn.
    #[error("{0}")]
    Unavailable(String),
}

impl WallSessions for Absent {
    fn open(&self, _: Identity, _: String, _: Size) -> BoxFuture<'_, Result<String, WallRefusal>> {
        let sentence = "There is no wall in this program. Build it with the feature kiosk.";
        Box::pin(async move { Err(WallRefusal::Unavailable(sentence.into())) })
    }

    fn size(&self, _: &str, _: &Identity) -> Result<Size, WallRefusal> {
        Err(WallRefusal::Gone)
    }

    fn picture(
        &self,
        _: String,
        _: Identity,
        _: Option<u64>,
    ) -> BoxFuture<'_, Result<Option<WallView>, WallRefusal>> {
        Box::pin(async { Err(WallRefusal::Gone) })
    }

    fn act(&self, _: String, _: Identity, _: WallAct) -> BoxFuture<'_, Result<(), WallRefusal>> {
        Box::pin(async { Err(WallRefusal::Gone) })
    }

    fn count(&self) -> usize {
        0
    }
}
