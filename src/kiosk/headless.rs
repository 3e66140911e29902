//! A wall that is only drawn into memory: for `screenshot`, `/wall.png`, `/wall` and `run --screen headless`.
//!
//! Each [`Painter`] owns a thread with a Slint of its own, so that it works beside a window and without any display.
//! In: walls to draw, touches. Out: [`Picture`]s and [`Action`]s. It draws only when asked.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use asterflow_ui as ui;
use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use slint::platform::{Platform, PointerEventButton, WindowAdapter, WindowEvent};
use slint::{ComponentHandle, LogicalPosition, PhysicalSize, PlatformError, Rgb8Pixel};
use tokio::sync::{mpsc, oneshot};

use super::apply::Applier;
use super::picture::{Picture, Rotation};
use super::{Action, KioskError, window};
use crate::views::wall::Wall;

/// Requests that may wait for a painter; a picture takes some 50 ms, so four are a wait that still feels alive.
const MAILBOX: usize = 4;

/// What a painter is asked.
enum Request {
    Paint { wall: Arc<Wall>, width: u32, height: u32, rotation: Rotation, reply: oneshot::Sender<Picture> },
    Touch { x: f32, y: f32 },
}

/// Handle to a wall in memory. Its thread ends when the last handle is gone.
#[derive(Clone)]
pub struct Painter {
    requests: mpsc::Sender<Request>,
}

impl Painter {
    /// Starts a painter; what is touched in its picture goes to `actions`.
    ///
    /// # Errors
    /// When its thread cannot be started or Slint refuses.
    pub fn spawn(actions: Option<mpsc::Sender<Action>>) -> Result<Self, KioskError> {
        let (requests, inbox) = mpsc::channel(MAILBOX);
        let (ready, started) = std::sync::mpsc::sync_channel(1);
        std::thread::Builder::new()
            .name("wall-painter".to_owned())
            .spawn(move || paint_all(inbox, actions, &ready))
            .map_err(KioskError::Thread)?;
        started.recv().map_err(|_| KioskError::Stopped)??;
        Ok(Self { requests })
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
        let request = Request::Paint { wall, width, height, rotation, reply };
        self.requests.send(request).await.map_err(|_| KioskError::Stopped)?;
        answer.await.map_err(|_| KioskError::Stopped)
    }

    /// Touches the last picture at a point of it, in pixels, as it was before it was turned.
    ///
    /// # Errors
    /// When the thread is gone.
    pub async fn touch(&self, x: f32, y: f32) -> Result<(), KioskError> {
        self.requests.send(Request::Touch { x, y }).await.map_err(|_| KioskError::Stopped)
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

impl Canvas {
    fn new(actions: Option<mpsc::Sender<Action>>) -> Result<Self, KioskError> {
        let windows = Rc::new(RefCell::new(None));
        slint::platform::set_platform(Box::new(Memory(Rc::clone(&windows))))
            .map_err(|error| PlatformError::Other(error.to_string()))?;
        let app = ui::AppWindow::new()?;
        let window = windows.borrow_mut().take().ok_or(KioskError::Stopped)?;
        if let Some(actions) = actions {
            window::connect(&app, &actions);
        }
        app.show()?;
        Ok(Self { applier: Applier::new(&app), app, window, size: (0, 0), pixels: Vec::new() })
    }

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

    fn touch(&self, x: f32, y: f32) {
        let position = LogicalPosition::new(x, y);
        let button = PointerEventButton::Left;
        for event in [
            WindowEvent::PointerMoved { position },
            WindowEvent::PointerPressed { position, button },
            WindowEvent::PointerReleased { position, button },
            WindowEvent::PointerExited,
        ] {
            // A window in memory takes every event; there is nobody to tell if it did not.
            let _ = self.window.dispatch_event_with_result(event);
        }
    }
}

/// The painter's thread.
fn paint_all(
    mut inbox: mpsc::Receiver<Request>,
    actions: Option<mpsc::Sender<Action>>,
    ready: &std::sync::mpsc::SyncSender<Result<(), KioskError>>,
) {
    let mut canvas = match Canvas::new(actions) {
        Ok(canvas) => canvas,
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    let _ = ready.send(Ok(()));
    while let Some(request) = inbox.blocking_recv() {
        match request {
            Request::Paint { wall, width, height, rotation, reply } => {
                let size = if rotation.is_sideways() { (height, width) } else { (width, height) };
                // Who asked may have gone meanwhile.
                let _ = reply.send(canvas.paint(wall, size).turned(rotation));
            }
            Request::Touch { x, y } => canvas.touch(x, y),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::agents::{Column, Sort};
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
    async fn a_touch_on_a_card_selects_the_member() {
        let (actions, mut touched) = mpsc::channel(8);
        let painter = Painter::spawn(Some(actions)).expect("a painter");
        painter.paint(Arc::new(wall(Page::Board)), (800, 480), Rotation::None).await.expect("a picture");
        painter.touch(120.0, 230.0).await.expect("a touch");
        let selected = Action::SelectMember("Sales".to_owned(), "PJSIP/Alice".to_owned());
        assert_eq!(touched.recv().await, Some(selected));
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
