//! One picture of the wall without running the appliance: stored figures, and the floor by a short connection.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::watch;

use super::{settings, wall};
use crate::cli::Arguments;
use crate::cli::screenshot::{PageName, ScreenshotArguments, ThemeName};
use crate::clock;
use crate::domain::link::LinkState;
use crate::kiosk::feed::Light;
use crate::kiosk::{Action, Feed, Painter, Rotation};
use crate::views::wall::{Page, Setup, Wall};

/// What is raised is known by then.
const LOOK: Duration = Duration::from_secs(1);
/// The connection for a picture takes no longer.
const LIVE: Duration = Duration::from_secs(3);

/// Draws what `asterflow screenshot` was asked for: the bytes of a PNG file.
pub(crate) async fn draw(arguments: &Arguments, options: &ScreenshotArguments) -> Result<Vec<u8>> {
    let loaded = settings::load(arguments).await?;
    let stop = watch::Sender::new(false);
    let parts = super::parts::for_picture(arguments, loaded, options.offline, &stop).await?;
    if let Some(problem) = parts.problems.iter().find(|_| parts.config.is_none()) {
        crate::cli::say(&problem.to_string());
    }
    let listen = parts
        .config
        .as_ref()
        .map_or_else(crate::config::Admin::default, |config| config.admin.clone())
        .listen;
    let address = super::web::address(listen, parts.config.as_deref());
    let setup =
        Setup { address, problems: parts.problems.iter().map(wall::told).collect(), ..Setup::default() };
    let mut feed = wall::feed(&parts, watch::Sender::new(setup).subscribe());
    feed.light = match options.theme {
        ThemeName::Dark => Light::Never,
        ThemeName::Light => Light::Always,
    };
    feed.rotate_every = None;
    let shown = page(options.page);
    if options.page == PageName::Setup {
        feed.sources.clear();
    } else if !feed.pages.contains(&shown) {
        feed.pages.push(shown);
    }
    let wall = picture_of(&feed, shown, &parts.lives, options.offline).await;
    let painter = Painter::spawn(None)?;
    let rotation = Rotation::from_degrees(options.rotate).unwrap_or_default();
    let picture = painter.paint(Arc::new(wall), options.size, rotation).await?;
    stop.send_replace(true);
    picture.png().context("the picture cannot be encoded")
}

async fn picture_of(feed: &Feed, page: Page, lives: &[crate::tasks::live::Live], offline: bool) -> Wall {
    if !offline {
        for live in lives {
            let mut floor = live.snapshot.clone();
            // A link that does not come up in time is drawn as it stands.
            let _ =
                tokio::time::timeout(LIVE, floor.wait_for(|floor| floor.ami.state == LinkState::Live)).await;
        }
        for source in &feed.sources {
            let has_queues = !source.view.live.borrow().queues.is_empty();
            let mut alarms = source.view.alarms.clone();
            if has_queues {
                // The watch over the queues looks as soon as they are there.
                let _ = tokio::time::timeout(LOOK, alarms.wait_for(|alarms| !alarms.queues.is_empty())).await;
            }
        }
    }
    let now = clock::now();
    let mut pages = feed.start(now);
    pages.act(Action::Show(page), now.tick);
    let heatmap = Arc::new(feed.heatmap_now(&pages, now).await);
    feed.wall(&pages, heatmap, &Wall::default(), now)
}

fn page(name: PageName) -> Page {
    match name {
        PageName::Overview => Page::Overview,
        PageName::Board => Page::Board,
        PageName::Heatmap => Page::Heatmap,
        PageName::Agents => Page::Agents,
        PageName::Setup => Page::Setup,
    }
}
