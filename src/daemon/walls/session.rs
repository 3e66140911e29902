//! One own view of the wall: its feed, its painter, and the last picture.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

use crate::admin::{Bytes, Size, WallAct, WallRefusal, WallView};
use crate::clock;
use crate::domain::time::Tick;
use crate::kiosk::{Feed, Input, Painter, Rotation};
use crate::tasks::accounts::Identity;
use crate::views::wall::Wall;

/// Touches that wait; a person makes a few in a second.
const TOUCHES: usize = 32;
/// The least time between two pictures: four a second.
const PACE_MILLIS: i64 = 250;
/// So long is waited for a picture that is not the last one.
const PATIENCE_MILLIS: i64 = 10_000;
/// What was touched may still move for so long, without the wall itself having changed.
const SETTLING_MILLIS: i64 = 1_500;

/// One view. Dropping it ends its window and its feed.
pub(super) struct Session {
    owner: Identity,
    painter: Painter,
    walls: watch::Receiver<Arc<Wall>>,
    size: watch::Sender<Size>,
    touched: watch::Sender<Option<Tick>>,
    looked: AtomicI64,
    last: tokio::sync::Mutex<Last>,
    stop: watch::Sender<bool>,
    drawn: Arc<AtomicU64>,
    _place: OwnedSemaphorePermit,
}

/// What was drawn last, and of what.
#[derive(Default)]
struct Last {
    of: Option<(Arc<Wall>, Size, Option<Tick>)>,
    at: Option<Tick>,
    hash: u64,
    number: u64,
    png: Bytes,
}

impl Session {
    /// Starts the view of `feed` for `owner`, drawn on the thread of `painter`.
    pub(super) async fn start(
        feed: Feed,
        painter: &Painter,
        owner: Identity,
        size: Size,
        place: OwnedSemaphorePermit,
        drawn: Arc<AtomicU64>,
    ) -> Result<Self, WallRefusal> {
        let (actions, touches) = mpsc::channel(TOUCHES);
        let painter = painter.another(Some(actions)).await.map_err(|error| cannot(&error))?;
        let now = clock::now();
        let pages = feed.start(now);
        let first = feed.wall(&pages, Arc::default(), &Wall::default(), now);
        let (shown, walls) = watch::channel(Arc::new(first));
        let stop = watch::Sender::new(false);
        tokio::spawn(feed.run(shown, touches, stop.subscribe()));
        let session = Self {
            owner,
            painter,
            walls,
            size: watch::Sender::new(size),
            touched: watch::Sender::new(None),
            looked: AtomicI64::new(0),
            last: tokio::sync::Mutex::default(),
            stop,
            drawn,
            _place: place,
        };
        session.look();
        Ok(session)
    }

    /// Whether it is theirs, in the role in which they opened it.
    pub(super) fn belongs_to(&self, who: &Identity) -> bool {
        self.owner == *who
    }

    /// The size of its pictures.
    pub(super) fn size(&self) -> Size {
        *self.size.borrow()
    }

    /// Ends it; whoever still waits for a picture learns that it is gone.
    pub(super) fn end(&self) {
        self.stop.send_replace(true);
    }

    /// Since when nobody has asked for a picture.
    pub(super) fn unwatched_millis(&self) -> i64 {
        clock::now().tick.since(Tick::from_millis(self.looked.load(Ordering::Relaxed)))
    }

    fn look(&self) {
        self.looked.store(clock::now().tick.since(Tick::default()), Ordering::Relaxed);
    }

    /// The picture now, or the first one that is not `after`.
    pub(super) async fn picture(&self, after: Option<u64>) -> Result<Option<WallView>, WallRefusal> {
        self.look();
        let until = clock::deadline(clock::now().tick.plus_millis(PATIENCE_MILLIS));
        let (mut walls, mut stopped) = (self.walls.clone(), self.stop.subscribe());
        let (mut size, mut touched) = (self.size.subscribe(), self.touched.subscribe());
        loop {
            walls.borrow_and_update();
            size.borrow_and_update();
            let settling =
                touched.borrow_and_update().is_some_and(|at| clock::now().tick.since(at) < SETTLING_MILLIS);
            let view = self.draw(settling).await?;
            self.look();
            if Some(view.number) != after {
                return Ok(Some(view));
            }
            let pace = Duration::from_millis(PACE_MILLIS.unsigned_abs());
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => return Err(WallRefusal::Gone),
                changed = walls.changed() => changed.map_err(|_| WallRefusal::Gone)?,
                // Their senders are ours and stay.
                _ = size.changed() => {}
                _ = touched.changed() => {}
                () = tokio::time::sleep(pace), if settling => {}
                () = tokio::time::sleep_until(until) => return Ok(None),
            }
        }
    }

    /// The picture of what there is now; drawn only if there may be something new in it.
    async fn draw(&self, settling: bool) -> Result<WallView, WallRefusal> {
        let mut last = self.last.lock().await;
        if let Some(at) = last.at {
            let (wall, size) = (Arc::clone(&self.walls.borrow()), self.size());
            let touched = *self.touched.borrow();
            let same = last.of.as_ref().is_some_and(|(of, drawn_size, drawn_touch)| {
                Arc::ptr_eq(of, &wall) && *drawn_size == size && *drawn_touch == touched
            });
            if same && !settling {
                return Ok(last.view());
            }
            tokio::time::sleep_until(clock::deadline(at.plus_millis(PACE_MILLIS))).await;
        }
        let (wall, size, touched) = (Arc::clone(&self.walls.borrow()), self.size(), *self.touched.borrow());
        let picture = self.painter.paint(Arc::clone(&wall), size, Rotation::None).await;
        let picture = picture.map_err(|error| cannot(&error))?;
        let known = last.hash;
        // Encoding takes some milliseconds of a core: not on a thread that serves others.
        let encoded = tokio::task::spawn_blocking(move || {
            let mut hasher = DefaultHasher::new();
            (picture.width, picture.height, &picture.rgb).hash(&mut hasher);
            let hash = hasher.finish();
            let png = if hash == known { None } else { Some(picture.png()) };
            (hash, png)
        });
        let (hash, png) = encoded.await.map_err(|error| cannot(&error))?;
        if let Some(png) = png {
            last.png = Bytes::from(png.map_err(|error| cannot(&error))?);
            last.hash = hash;
            last.number += 1;
            self.drawn.fetch_add(1, Ordering::Relaxed);
        }
        last.of = Some((wall, size, touched));
        last.at = Some(clock::now().tick);
        Ok(last.view())
    }

    /// Does something to it.
    pub(super) async fn act(&self, act: WallAct) -> Result<(), WallRefusal> {
        let inputs = match act {
            WallAct::Touch(x, y) => {
                let (x, y) = self.inside(x, y);
                vec![Input::Press { x, y }, Input::Release { x, y }]
            }
            WallAct::Press(x, y) => {
                let (x, y) = self.inside(x, y);
                vec![Input::Press { x, y }]
            }
            WallAct::Move(x, y) => {
                let (x, y) = self.inside(x, y);
                vec![Input::Move { x, y }]
            }
            WallAct::Release(x, y) => {
                let (x, y) = self.inside(x, y);
                vec![Input::Release { x, y }]
            }
            WallAct::Leave => vec![Input::Leave],
            WallAct::Key(name) => vec![Input::Key(name)],
            WallAct::Resize(size) => {
                self.size.send_replace(size);
                return Ok(());
            }
            WallAct::End => Vec::new(),
        };
        self.painter.input(inputs).await.map_err(|error| cannot(&error))?;
        self.touched.send_replace(Some(clock::now().tick));
        Ok(())
    }

    #[allow(clippy::cast_precision_loss, reason = "sizes of pictures are far below 2^24")]
    fn inside(&self, x: f32, y: f32) -> (f32, f32) {
        let (width, height) = self.size();
        (x.clamp(0.0, width as f32), y.clamp(0.0, height as f32))
    }
}

impl Last {
    fn view(&self) -> WallView {
        WallView { number: self.number, png: self.png.clone() }
    }
}

fn cannot(error: &dyn std::fmt::Display) -> WallRefusal {
    WallRefusal::Unavailable(format!("The wall cannot be drawn: {error}."))
}
