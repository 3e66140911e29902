//! The wall's wiring: what it is fed with, where it is shown, and how the web page gets its picture.

use std::sync::{Arc, Mutex};

use anyhow::{Result, bail};
use jiff::tz::TimeZone;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use super::parts::Parts;
use crate::admin::Bytes;
use crate::cli::Screen;
use crate::config::{self, Config, Theme};
use crate::domain::problem::{self, Severity};
use crate::kiosk::feed::{Light, Source};
use crate::kiosk::{self, ActDesk, Beat, Desk, Feed, Painter, Rotation, Unlock};
use crate::views::banner::Problem;
use crate::views::wall::{Page, Setup, Wall};

/// Touches that wait; a person makes a few in a second.
const TOUCHES: usize = 32;
/// While the code is shown, it is looked so often whether an account was made elsewhere.
const ACCOUNTS: std::time::Duration = std::time::Duration::from_secs(5);
/// The size of the picture that the web page shows.
const PICTURE: (u32, u32) = (1920, 1080);

/// Shows the wall until the program ends. Runs on the main thread.
pub(super) fn show(
    parts: &Parts,
    screen: Screen,
    stop: &watch::Sender<bool>,
    runtime: &Handle,
) -> Result<()> {
    let screen = choose(screen)?;
    let (walls, shown) = watch::channel(Arc::new(Wall::default()));
    let (touch, touches) = mpsc::channel(TOUCHES);
    let mut feed = feed(parts, setup(parts, stop, runtime));
    let base = feed.clone();
    let unlock = Unlock::ByPin(parts.accounts.clone());
    feed.desk = Some(Desk::new(parts.control.clone(), unlock, "wall"));
    runtime.spawn(feed.run(walls, touches, stop.subscribe()));
    let painter = Painter::spawn(None)?;
    parts.walls.draw_by(base, painter.clone(), parts.control.clone());
    draw_pictures(parts, painter, shown.clone());
    // The watchdog of the service will ask it.
    let beat = Beat::default();
    Ok(kiosk::run(screen, shown, &touch, &beat, stop.subscribe(), runtime)?)
}

/// The screen that was asked for, or the best there is.
fn choose(screen: Screen) -> Result<kiosk::Screen> {
    let display = std::env::var_os("DISPLAY").is_some_and(|display| !display.is_empty());
    let card = std::path::Path::new("/dev/dri/card0").exists();
    Ok(match screen {
        Screen::Headless => kiosk::Screen::Headless,
        Screen::Window if !cfg!(feature = "window") => {
            bail!(
                "this program was built without windows; build it with the feature `window`, or use --screen kms"
            )
        }
        Screen::Window => kiosk::Screen::Window,
        Screen::Kms if !cfg!(feature = "kms") => {
            bail!(
                "this program was built without the bare screen; build it with the feature `kms`, or use --screen window"
            )
        }
        Screen::Kms => kiosk::Screen::Full,
        Screen::Auto if display && cfg!(feature = "window") => kiosk::Screen::Window,
        Screen::Auto if card && cfg!(feature = "kms") => kiosk::Screen::Full,
        Screen::Auto => {
            tracing::info!("there is no display: the wall is drawn for the web page only");
            kiosk::Screen::Headless
        }
    })
}

/// What the wall is made of.
pub(crate) fn feed(parts: &Parts, setup: watch::Receiver<Setup>) -> Feed {
    let config = parts.config.as_deref();
    let sources =
        parts.views.iter().map(|view| Source { view: view.clone(), address: address(config, view) });
    Feed {
        site: config.map_or_else(|| "AsterFlow".to_owned(), |config| config.site.name.clone()),
        zone: parts.views.first().map_or(TimeZone::system(), |view| view.zone.clone()),
        sources: sources.collect(),
        pages: config.map_or_else(Vec::new, |config| config.wall.pages.iter().map(page).collect()),
        rotate_every: config.and_then(|config| config.wall.rotate_every),
        light: match config.map(|config| config.wall.theme) {
            Some(Theme::Light) => Light::Always,
            Some(Theme::ByHour) => Light::ByDay,
            Some(Theme::Dark) | None => Light::Never,
        },
        service_level_seconds: config.map_or(20, |config| config.history.service_level_seconds),
        problems: parts
            .problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
            .map(told)
            .collect(),
        setup,
        heat: super::questions::heat(parts.history.clone()),
        acts: parts
            .config
            .as_ref()
            .map(|config| ActDesk::new(parts.acts.clone(), config.wall.pause_reasons.clone())),
        desk: None,
    }
}

fn address(config: Option<&Config>, view: &crate::tasks::PbxView) -> String {
    let pbx = config.and_then(|config| config.pbxs.iter().find(|pbx| pbx.name == view.name));
    pbx.and_then(|pbx| pbx.ami.hosts.first()).map(ToString::to_string).unwrap_or_default()
}

fn page(page: &config::Page) -> Page {
    match page {
        config::Page::Overview => Page::Overview,
        config::Page::Board => Page::Board,
        config::Page::Heatmap => Page::Heatmap,
        config::Page::Agents => Page::Agents,
    }
}

pub(crate) fn told(problem: &problem::Problem) -> Problem {
    Problem { key: problem.key.clone(), sentence: format!("{} {}", problem.sentence, problem.cure) }
}

/// The set-up page follows the one-time code: it is gone as soon as the code is used.
fn setup(parts: &Parts, stop: &watch::Sender<bool>, runtime: &Handle) -> watch::Receiver<Setup> {
    let problems: Vec<Problem> = parts.problems.iter().map(told).collect();
    let address = parts.address.clone();
    let page = move |code: Option<String>| Setup {
        address: address.clone(),
        code: code.unwrap_or_default(),
        code_lasts: String::new(),
        problems: problems.clone(),
    };
    let accounts = parts.accounts.clone();
    let mut codes = accounts.setup_code();
    let pages = watch::Sender::new(page(codes.borrow_and_update().clone()));
    let shown = pages.subscribe();
    let mut stopped = stop.subscribe();
    runtime.spawn(async move {
        let mut look = tokio::time::interval(ACCOUNTS);
        loop {
            tokio::select! {
                _ = stopped.changed() => return,
                changed = codes.changed() => if changed.is_err() { return },
                // `asterflow user add` may have made the first account meanwhile: then the code is taken back.
                _ = look.tick() => {
                    let offered = codes.borrow().is_some();
                    if offered && let Err(error) = accounts.offer_setup().await {
                        tracing::warn!(%error, "the accounts could not be read");
                    }
                    continue;
                }
            }
            let code = codes.borrow_and_update().clone();
            pages.send_replace(page(code));
        }
    });
    shown
}

/// Lets the web page draw the wall: a wall that has not changed is not drawn again.
fn draw_pictures(parts: &Parts, painter: Painter, walls: watch::Receiver<Arc<Wall>>) {
    type Drawn = Option<(Arc<Wall>, Bytes)>;
    let last: Arc<Mutex<Drawn>> = Arc::default();
    let pictures = parts.pictures.clone();
    parts.pictures.draw_by(Box::new(move || {
        let (painter, wall, last) = (painter.clone(), Arc::clone(&walls.borrow()), Arc::clone(&last));
        let pictures = pictures.clone();
        Box::pin(async move {
            let drawn = last.lock().ok().and_then(|drawn| drawn.clone());
            if let Some((_, bytes)) = drawn.filter(|(of, _)| Arc::ptr_eq(of, &wall)) {
                return Ok(bytes);
            }
            let picture = painter.paint(Arc::clone(&wall), PICTURE, Rotation::None).await;
            let picture = picture.map_err(|error| format!("The wall cannot be drawn: {error}."))?;
            let png = tokio::task::spawn_blocking(move || picture.png()).await;
            let bytes = match png {
                Ok(Ok(bytes)) => Bytes::from(bytes),
                _ => return Err("The picture cannot be encoded.".to_owned()),
            };
            pictures.count();
            if let Ok(mut slot) = last.lock() {
                *slot = Some((wall, bytes.clone()));
            }
            Ok(bytes)
        })
    }));
}
