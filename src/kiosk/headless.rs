//! A wall that is only drawn into memory: for `screenshot`, `/wall.png`, `/wall` and `run --screen headless`.
//!
//! A thread of its own runs a Slint of its own, so that it works beside a window and without any display. It draws any
//! number of walls, each a [`Painter`]; one thread for all, because every Slint keeps its fonts to itself for ever.
//! In: walls to draw, touches. Out: [`Picture`]s and [`Action`]s. It draws only when asked.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Weak};

use asterflow_ui as ui;
use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use slint::platform::{Platform, WindowAdapter};
use slint::{ComponentHandle, PhysicalSize, PlatformError, Rgb8Pixel};
use tokio::sync::{mpsc, oneshot};

use super::apply::Applier;
use super::input::{self, Input};
use super::picture::{Picture, Rotation};
use super::{Action, KioskError, window};
use crate::views::wall::Wall;

/// Requests that may wait; a picture takes some 50 ms, so these are a wait that still feels alive.
const MAILBOX: usize = 16;

/// What the thread is asked.
enum Request {
    Open {
        key: Weak<()>,
        actions: Option<mpsc::Sender<Action>>,
        reply: oneshot::Sender<Result<u64, KioskError>>,
    },
    Paint {
        id: u64,
        wall: Arc<Wall>,
        width: u32,
        height: u32,
        rotation: Rotation,
        reply: oneshot::Sender<Picture>,
    },
    Inputs {
        id: u64,
        inputs: Vec<Input>,
    },
    /// The last handle of some wall is gone.
    Sweep,
}

/// Handle to a wall in memory, which ends with its last handle; the thread ends with the last wall.
#[derive(Clone)]
pub struct Painter {
    seat: Arc<Seat>,
}

struct Seat {
    id: u64,
    /// The thread drops walls whose key is gone.
    key: Option<Arc<()>>,
    requests: mpsc::Sender<Request>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.key = None;
        // A full mailbox does as well: with each request the thread looks for keys that are gone.
        let _ = self.requests.try_send(Request::Sweep);
    }
}

impl Painter {
    /// Starts a thread with one wall; what is touched in its picture goes to `actions`.
    ///
    /// # Errors
    /// When the thread cannot be started or Slint refuses.
    pub fn spawn(actions: Option<mpsc::Sender<Action>>) -> Result<Self, KioskError> {
        let (requests, inbox) = mpsc::channel(MAILBOX);
        let (ready, started) = std::sync::mpsc::sync_channel(1);
        let key = Arc::new(());
        let first = (Arc::downgrade(&key), actions);
        std::thread::Builder::new()
            .name("wall-painter".to_owned())
            .spawn(move || paint_all(inbox, first, &ready))
            .map_err(KioskError::Thread)?;
        let id = started.recv().map_err(|_| KioskError::Stopped)??;
        Ok(Self { seat: Arc::new(Seat { id, key: Some(key), requests }) })
    }

    /// One more wall, of its own size and with its own touches, on the same thread.
    ///
    /// # Errors
    /// When the thread is gone or Slint refuses.
    pub async fn another(&self, actions: Option<mpsc::Sender<Action>>) -> Result<Self, KioskError> {
        let key = Arc::new(());
        let (reply, answer) = oneshot::channel();
        self.ask(Request::Open { key: Arc::downgrade(&key), actions, reply }).await?;
        let id = answer.await.map_err(|_| KioskError::Stopped)??;
        Ok(Self { seat: Arc::new(Seat { id, key: Some(key), requests: self.seat.requests.clone() }) })
    }

    async fn ask(&self, request: Request) -> Result<(), KioskError> {
        self.seat.requests.send(request).await.map_err(|_| KioskError::Stopped)
    }

    /// Draws `wall` on a screen of `width` × `height` that hangs turned by `rotation`.
    ///
    /// # Errors
    /// When the thread is gone.
    pub async fn paint(
        &self,
        wall: Arc<Wall>,
        (width, height): (u32, u32),
        rotation: Rotation,
    ) -> Result<Picture, KioskError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Request::Paint { id: self.seat.id, wall, width, height, rotation, reply }).await?;
        answer.await.map_err(|_| KioskError::Stopped)
    }

    /// Touches the last picture at a point of it, in pixels, as it was before it was turned.
    ///
    /// # Errors
    /// When the thread is gone.
    pub async fn touch(&self, x: f32, y: f32) -> Result<(), KioskError> {
        self.input(vec![Input::Press { x, y }, Input::Release { x, y }]).await
    }

    /// Does `inputs` to the last picture, in their order.
    ///
    /// # Errors
    /// When the thread is gone.
    pub async fn input(&self, inputs: Vec<Input>) -> Result<(), KioskError> {
        self.ask(Request::Inputs { id: self.seat.id, inputs }).await
    }
}

/// Gives every component a window in memory and keeps the last one at hand.
struct Memory(Rc<RefCell<Option<Rc<MinimalSoftwareWindow>>>>);

impl Platform for Memory {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        let window = MinimalSoftwareWindow::new(RepaintBufferType::ReusedBuffer);
        *self.0.borrow_mut() = Some(Rc::clone(&window));
        Ok(window)
    }
}

/// A component and the buffer it draws into.
struct Canvas {
    app: ui::AppWindow,
    window: Rc<MinimalSoftwareWindow>,
    applier: Applier,
    size: (u32, u32),
    pixels: Vec<Rgb8Pixel>,
}

impl Drop for Canvas {
    fn drop(&mut self) {
        // What is shown holds itself.
        let _ = self.app.hide();
    }
}

impl Canvas {
    fn paint(&mut self, wall: Arc<Wall>, size: (u32, u32)) -> Picture {
        let (width, height) = size;
        if self.size != size {
            self.size = size;
            self.window.set_size(PhysicalSize::new(width, height));
            self.pixels = vec![Rgb8Pixel::default(); width as usize * height as usize];
            self.window.request_redraw();
        }
        self.applier.apply(&self.app, wall);
        slint::platform::update_timers_and_animations();
        let pixels = &mut self.pixels;
        self.window.draw_if_needed(|renderer| {
            renderer.render(pixels, width as usize);
        });
        let rgb = self.pixels.iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
        Picture { width, height, rgb }
    }

    fn input(&self, inputs: &[Input]) {
        for event in inputs.iter().flat_map(input::events) {
            // A window in memory takes every event; there is nobody to tell if it did not.
            let _ = self.window.dispatch_event_with_result(event);
        }
    }
}

/// Everything that lives on the painters' thread.
struct Studio {
    windows: Rc<RefCell<Option<Rc<MinimalSoftwareWindow>>>>,
    canvases: HashMap<u64, (Weak<()>, Canvas)>,
    last: u64,
}

impl Studio {
    fn new() -> Result<Self, KioskError> {
        let windows = Rc::new(RefCell::new(None));
        slint::platform::set_platform(Box::new(Memory(Rc::clone(&windows))))
            .map_err(|error| PlatformError::Other(error.to_string()))?;
        Ok(Self { windows, canvases: HashMap::new(), last: 0 })
    }

    /// A new wall; its id.
    fn open(&mut self, key: Weak<()>, actions: Option<mpsc::Sender<Action>>) -> Result<u64, KioskError> {
        let app = ui::AppWindow::new()?;
        let window = self.windows.borrow_mut().take().ok_or(KioskError::Stopped)?;
        if let Some(actions) = actions {
            window::connect(&app, &actions);
        }
        app.show()?;
        let canvas = Canvas { applier: Applier::new(&app), app, window, size: (0, 0), pixels: Vec::new() };
        self.last += 1;
        self.canvases.insert(self.last, (key, canvas));
        Ok(self.last)
    }

    fn serve(&mut self, request: Request) {
        self.canvases.retain(|_, (key, _)| key.strong_count() > 0);
        match request {
            Request::Open { key, actions, reply } => {
                // Who asked may have gone meanwhile.
                let _ = reply.send(self.open(key, actions));
            }
            Request::Paint { id, wall, width, height, rotation, reply } => {
                let size = if rotation.is_sideways() { (height, width) } else { (width, height) };
                if let Some((_, canvas)) = self.canvases.get_mut(&id) {
                    let _ = reply.send(canvas.paint(wall, size).turned(rotation));
                }
            }
            Request::Inputs { id, inputs } => {
                if let Some((_, canvas)) = self.canvases.get(&id) {
                    canvas.input(&inputs);
                }
            }
            Request::Sweep => {}
        }
    }
}

/// The painters' thread.
fn paint_all(
    mut inbox: mpsc::Receiver<Request>,
    (key, actions): (Weak<()>, Option<mpsc::Sender<Action>>),
    ready: &std::sync::mpsc::SyncSender<Result<u64, KioskError>>,
) {
    let opened = Studio::new().and_then(|mut studio| Ok((studio.open(key, actions)?, studio)));
    let mut studio = match opened {
        Ok((id, studio)) => {
            let _ = ready.send(Ok(id));
            studio
        }
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    while let Some(request) = inbox.blocking_recv() {
        studio.serve(request);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::agents::{Column, Sort};
    use crate::views::desk::Seat;
    use crate::views::fixture::{at, picture};
    use crate::views::wall::Page;
    use crate::views::{agents, banner, board, overview};

    fn wall(page: Page) -> Wall {
        let pictures = [picture()];
        Wall {
            page,
            pages: vec![Page::Overview, Page::Board, Page::Agents],
            banner: banner::banner(&pictures, &[], at(100)),
            overview: Arc::new(overview::overview(&pictures, at(100))),
            board: Arc::new(board::board(&pictures, at(100))),
            agents: Arc::new(agents::agents(&pictures, Sort::default())),
            ..Wall::default()
        }
    }

    fn colours(picture: &Picture) -> usize {
        picture.rgb.chunks(3).collect::<std::collections::HashSet<_>>().len()
    }

    #[tokio::test]
    async fn pages_are_drawn_at_any_size_and_turned() {
        let painter = Painter::spawn(None).expect("a painter");
        let overview = Arc::new(wall(Page::Overview));
        let small =
            painter.paint(Arc::clone(&overview), (800, 480), Rotation::None).await.expect("a picture");
        assert_eq!((small.width, small.height, small.rgb.len()), (800, 480, 800 * 480 * 3));
        assert!(colours(&small) > 500, "only {} colours", colours(&small));
        let upright =
            painter.paint(Arc::clone(&overview), (1080, 1920), Rotation::Right).await.expect("a picture");
        assert_eq!((upright.width, upright.height), (1080, 1920));
        let again = painter.paint(overview, (800, 480), Rotation::None).await.expect("a picture");
        assert!(again == small, "a repainted picture differs");
        let board =
            painter.paint(Arc::new(wall(Page::Board)), (800, 480), Rotation::None).await.expect("a picture");
        assert!(board != small);
    }

    #[tokio::test]
    async fn two_painters_work_beside_each_other() {
        let (one, two) = (Painter::spawn(None).expect("one"), Painter::spawn(None).expect("two"));
        let wall = Arc::new(wall(Page::Board));
        let first = one.paint(Arc::clone(&wall), (640, 400), Rotation::None).await.expect("a picture");
        let second = two.paint(wall, (640, 400), Rotation::None).await.expect("a picture");
        assert!(first == second);
    }

    #[tokio::test]
    async fn walls_of_one_thread_have_their_own_size_and_touches_and_end_one_by_one() {
        let one = Painter::spawn(None).expect("a painter");
        let (actions, mut touched) = mpsc::channel(8);
        let two = one.another(Some(actions)).await.expect("another");
        let board = Arc::new(wall(Page::Board));
        let wide = one.paint(Arc::clone(&board), (800, 480), Rotation::None).await.expect("a picture");
        let tall = two.paint(Arc::clone(&board), (480, 800), Rotation::None).await.expect("a picture");
        assert_eq!((wide.width, tall.width), (800, 480));
        one.input(vec![Input::Key("ArrowRight".to_owned())]).await.expect("a key");
        two.input(vec![Input::Key("ArrowLeft".to_owned())]).await.expect("a key");
        assert_eq!(touched.recv().await, Some(Action::Previous), "only what was done to it");
        drop(two);
        let gone = tokio::time::timeout(std::time::Duration::from_secs(10), touched.recv()).await;
        assert_eq!(gone, Ok(None), "its window is gone");
        let again = one.paint(board, (800, 480), Rotation::None).await.expect("a picture");
        assert!(again == wide);
    }

    #[tokio::test]
    async fn a_touch_on_a_card_selects_the_member() {
        let (actions, mut touched) = mpsc::channel(8);
        let painter = Painter::spawn(Some(actions)).expect("a painter");
        painter.paint(Arc::new(wall(Page::Board)), (800, 480), Rotation::None).await.expect("a picture");
        painter.touch(120.0, 230.0).await.expect("a touch");
        let seat =
            Seat { pbx: String::new(), queue: "Sales".to_owned(), interface: "PJSIP/Alice".to_owned() };
        let selected = Action::SelectMember(seat);
        assert_eq!(touched.recv().await, Some(selected));
        painter.input(vec![Input::Key("ArrowRight".to_owned())]).await.expect("a key");
        assert_eq!(touched.recv().await, Some(Action::Next));
    }

    #[tokio::test]
    async fn a_touch_on_a_total_sorts_the_agents_by_it() {
        let (actions, mut touched) = mpsc::channel(8);
        let painter = Painter::spawn(Some(actions)).expect("a painter");
        let page = Arc::new(wall(Page::Agents));
        let before = painter.paint(page, (1920, 1080), Rotation::None).await.expect("a picture");
        // The second of the totals is what the page is sorted by; the sixth is talk.
        painter.touch(1240.0, 150.0).await.expect("a touch");
        assert_eq!(touched.recv().await, Some(Action::SortAgents(Column::Talk)));
        let mut sorted = wall(Page::Agents);
        let sort = Sort::default().touched(Column::Name);
        sorted.agents = Arc::new(agents::agents(&[picture()], sort));
        let after = painter.paint(Arc::new(sorted), (1920, 1080), Rotation::None).await.expect("a picture");
        assert!(before != after, "another order looks the same");
    }
}
