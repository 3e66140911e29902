//! The wall on a real screen: Slint's event loop on the main thread, fed from a task.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use asterflow_ui as ui;
use slint::{ComponentHandle, Timer, TimerMode};
use tokio::sync::{mpsc, watch};

use super::apply::Applier;
use super::{Action, KioskError, convert, convert_agents};
use crate::clock;
use crate::domain::time::Tick;
use crate::views::desk::{Place, Seat};
use crate::views::wall::Wall;

/// Between two pushes to the screen: ten a second keep up with the eye at a third of the cost of thirty.
const PUSH_EVERY: Duration = Duration::from_millis(100);
/// How often the event loop says that it lives.
const BEAT_EVERY: Duration = Duration::from_secs(1);

/// Where the wall is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// A window on a desktop.
    Window,
    /// The whole screen of a device.
    Full,
    /// Nowhere; pictures are drawn when asked for.
    Headless,
}

/// When the event loop last ran; the watchdog asks it.
#[derive(Clone, Debug, Default)]
pub struct Beat(Arc<AtomicI64>);

impl Beat {
    /// Milliseconds since the last beat.
    pub fn age_millis(&self, now: Tick) -> i64 {
        now.since(Tick::from_millis(self.0.load(Ordering::Relaxed)))
    }

    fn strike(&self) {
        self.0.store(clock::now().tick.since(Tick::default()), Ordering::Relaxed);
    }
}

thread_local! {
    /// The window's models; Slint's thread is the only one that may hold them.
    static APPLIER: RefCell<Option<Applier>> = const { RefCell::new(None) };
}

/// Shows `walls` until `stop` turns true or the window is closed. Call it on the main thread, with the runtime's handle.
///
/// # Errors
/// When there is no screen.
pub fn run(
    screen: Screen,
    walls: watch::Receiver<Arc<Wall>>,
    actions: &mpsc::Sender<Action>,
    beat: &Beat,
    mut stop: watch::Receiver<bool>,
    runtime: &tokio::runtime::Handle,
) -> Result<(), KioskError> {
    if screen == Screen::Headless {
        runtime.block_on(headless_until(stop, beat));
        return Ok(());
    }
    let app = ui::AppWindow::new()?;
    app.window().set_fullscreen(screen == Screen::Full);
    connect(&app, actions);
    let mut applier = Applier::new(&app);
    applier.apply(&app, Arc::clone(&walls.borrow()));
    APPLIER.with_borrow_mut(|slot| *slot = Some(applier));
    let beating = Timer::default();
    let struck = beat.clone();
    struck.strike();
    beating.start(TimerMode::Repeated, BEAT_EVERY, move || struck.strike());
    let pushing = runtime.spawn(push(walls, app.as_weak()));
    let stopping = runtime.spawn(async move {
        // A dropped sender means that the program ends, too.
        let _ = stop.wait_for(|stop| *stop).await;
        // Fails only when the event loop has ended already.
        let _ = slint::quit_event_loop();
    });
    let result = app.run();
    pushing.abort();
    stopping.abort();
    APPLIER.with_borrow_mut(|slot| *slot = None);
    Ok(result?)
}

async fn headless_until(mut stop: watch::Receiver<bool>, beat: &Beat) {
    let mut ticks = tokio::time::interval(BEAT_EVERY);
    loop {
        tokio::select! {
            stopped = stop.wait_for(|stop| *stop) => {
                drop(stopped);
                return;
            }
            _ = ticks.tick() => beat.strike(),
        }
    }
}

/// Carries each new wall to Slint's thread: the first after a pause at once, then at most ten a second.
async fn push(mut walls: watch::Receiver<Arc<Wall>>, app: slint::Weak<ui::AppWindow>) {
    while walls.changed().await.is_ok() {
        let wall = Arc::clone(&walls.borrow_and_update());
        let pushed = app.upgrade_in_event_loop(move |app| {
            APPLIER.with_borrow_mut(|slot| {
                if let Some(applier) = slot {
                    applier.apply(&app, wall);
                }
            });
        });
        if pushed.is_err() {
            return;
        }
        tokio::time::sleep(PUSH_EVERY).await;
    }
}

/// Sends what is touched to `actions`. A full mailbox loses a touch, which the toucher sees and repeats.
pub(super) fn connect(app: &ui::AppWindow, actions: &mpsc::Sender<Action>) {
    let send = |actions: &mpsc::Sender<Action>| {
        let actions = actions.clone();
        move |action| drop(actions.try_send(action))
    };
    let wall = app.global::<ui::Wall>();
    let sender = send(actions);
    wall.on_show_page(move |page| sender(Action::Show(convert::page_back(page))));
    let sender = send(actions);
    wall.on_next_page(move || sender(Action::Next));
    let sender = send(actions);
    wall.on_previous_page(move || sender(Action::Previous));
    let sender = send(actions);
    wall.on_touched(move || sender(Action::Touched));
    let sender = send(actions);
    app.global::<ui::Overview>().on_select_queue(move |queue| sender(Action::SelectQueue(queue.into())));
    let sender = send(actions);
    app.global::<ui::Board>().on_select_member(move |pbx, queue, interface| {
        let seat = Seat { pbx: pbx.into(), queue: queue.into(), interface: interface.into() };
        sender(Action::SelectMember(seat));
    });
    let sender = send(actions);
    app.global::<ui::Board>().on_select_caller(move |pbx, queue, channel| {
        let place = Place { pbx: pbx.into(), queue: queue.into(), channel: channel.into() };
        sender(Action::Desk(super::desk::Touch::OpenCaller(place)));
    });
    super::desk::connect(app, actions);
    let heatmap = app.global::<ui::Heatmap>();
    let sender = send(actions);
    heatmap.on_choose_metric(move |metric| sender(Action::Metric(convert::metric_back(metric))));
    let sender = send(actions);
    heatmap.on_next_subject(move || sender(Action::NextSubject));
    let sender = send(actions);
    heatmap.on_previous_subject(move || sender(Action::PreviousSubject));
    let sender = send(actions);
    app.global::<ui::Agents>()
        .on_sort(move |column| sender(Action::SortAgents(convert_agents::column_back(column))));
}
