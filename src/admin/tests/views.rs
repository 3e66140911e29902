//! The stand-in for own views of the wall: notes who opened one and what was done to it.

use axum::body::Bytes;
use futures_util::future::BoxFuture;

use super::stand_in::StandIn;
use crate::admin::{Size, WallAct, WallRefusal, WallSessions, WallView};
use crate::tasks::accounts::Identity;

impl WallSessions for StandIn {
    fn open(&self, who: Identity, _: String, size: Size) -> BoxFuture<'_, Result<String, WallRefusal>> {
        Box::pin(async move {
            let mut views = self.views.lock().expect("a lock");
            if views.len() == 4 {
                return Err(WallRefusal::Full(4));
            }
            views.push((who, size));
            Ok(format!("view-{}", views.len()))
        })
    }

    fn size(&self, id: &str, who: &Identity) -> Result<Size, WallRefusal> {
        let views = self.views.lock().expect("a lock");
        let at: usize = id.trim_start_matches("view-").parse().map_err(|_| WallRefusal::Gone)?;
        let view = at.checked_sub(1).and_then(|at| views.get(at)).filter(|(owner, _)| owner == who);
        view.map(|(_, size)| *size).ok_or(WallRefusal::Gone)
    }

    fn picture(
        &self,
        id: String,
        who: Identity,
        after: Option<u64>,
    ) -> BoxFuture<'_, Result<Option<WallView>, WallRefusal>> {
        Box::pin(async move {
            self.size(&id, &who)?;
            let png = Bytes::from_static(b"\x89PNG\r\n\x1a\n");
            Ok((after != Some(7)).then_some(WallView { number: 7, png }))
        })
    }

    fn act(&self, id: String, who: Identity, act: WallAct) -> BoxFuture<'_, Result<(), WallRefusal>> {
        Box::pin(async move {
            self.size(&id, &who)?;
            self.acts.lock().expect("a lock").push(act);
            Ok(())
        })
    }

    fn count(&self) -> usize {
        self.views.lock().expect("a lock").len()
    }
}
