//! The pages in a real browser, over a floor made by hand and the real drawing of the wall.

#[path = "../../../tests/it/driver.rs"]
pub(super) mod driver;

use std::sync::Arc;
use std::time::Duration;

use thirtyfour::prelude::*;
use tokio::sync::{Mutex, oneshot};

use super::bench::Bench;
use crate::admin::{HeatHours, Listen, Server, TlsMode, WallSessions};
use crate::daemon::walls::Walls;
use crate::domain::account::Role;
use crate::domain::live::snapshot::{BoardState, Snapshot, SubState};
use crate::kiosk::feed::{Feed, Light, Source};
use crate::tasks::control::Control;
use crate::views::heatmap::HourValue;
use crate::views::wall::{Page, Setup};
use driver::{Driver, Look, shows};

/// One browser at a time: they share the machine's two cores.
pub(super) static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// The served pages; they end when it is dropped.
pub(super) struct House {
    pub(super) bench: Bench,
    pub(super) base: String,
    walls: Walls,
    _stop: oneshot::Sender<()>,
    _setup: tokio::sync::watch::Sender<Setup>,
}

impl House {
    pub(super) async fn open() -> Self {
        let mut bench = Bench::new().await;
        let (setup, setup_seen) = tokio::sync::watch::channel(Setup::default());
        let walls = Walls::default();
        let source =
            |view: &crate::tasks::PbxView| Source { view: view.clone(), address: "pbx.example".into() };
        let feed = Feed {
            site: "Main office".into(),
            zone: jiff::tz::TimeZone::UTC,
            sources: bench.handles.pbxs.iter().map(source).collect(),
            pages: vec![Page::Overview, Page::Board, Page::Heatmap],
            rotate_every: None,
            light: Light::Never,
            service_level_seconds: 20,
            problems: Vec::new(),
            setup: setup_seen,
            heat: Arc::new(|_| Box::pin(async { crate::kiosk::HeatAnswer::default() })),
            acts: None,
            desk: None,
        };
        let control = Control::new(Vec::new(), Vec::new(), bench.store.clone());
        walls.draw_by(feed, crate::kiosk::Painter::spawn(None).expect("a painter"), control);
        bench.handles.walls = Arc::new(walls.clone());
        let now = crate::clock::now().wall.as_second();
        let hours = (0..9 * 24).map(|back| {
            let amount = Some(f64::from((back * 7919) % 3600 * i32::from(back % 24 < 10)));
            (
                now - now.rem_euclid(3600) - 3600 * i64::from(back),
                HourValue { amount, late: false, overlapping: false },
            )
        });
        *bench.stand_in.hours.lock().expect("a lock") = HeatHours {
            values: hours.collect(),
            known: Some((now - 10 * 86_400, now)),
            ..HeatHours::default()
        };
        let address = "127.0.0.1:0".parse().expect("an address");
        let state = bench.folder.path().into();
        let listen = Listen { address, hosts: Vec::new(), tls: TlsMode::Off, state };
        let server = Server::bind(bench.handles.clone(), listen).await.expect("a server");
        let base = format!("http://{}", server.address());
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        Self { bench, base, walls, _stop: stop, _setup: setup }
    }

    /// Runs `story` in a browser of this look, logged in as a supervisor by a one-time link.
    pub(super) async fn with<S>(&self, look: Look, story: impl FnOnce(WebDriver) -> S)
    where
        S: Future<Output = WebDriverResult<()>>,
    {
        let driver = Driver::start().await;
        let profile = tempfile::tempdir().expect("a folder");
        let browser = driver.browser(profile.path(), look).await;
        let told = async {
            self.log_in(&browser).await?;
            story(browser.clone()).await
        };
        let told = tokio::time::timeout(Duration::from_secs(120), told).await;
        let ended = browser.quit().await;
        told.expect("in time").expect("the browser's story");
        ended.expect("the browser ends");
    }

    /// By keyboard alone: the first stop is the way past the head, then come the logo and the button.
    async fn log_in(&self, browser: &WebDriver) -> WebDriverResult<()> {
        let link =
            self.bench.accounts.make_link("supervisor", Duration::from_secs(60)).await.expect("a link");
        browser.goto(format!("{}/login?once={link}", self.base)).await?;
        browser.action_chain().send_keys(Key::Tab).perform().await?;
        let first = browser.active_element().await?;
        assert_eq!(first.text().await?, "Skip to the content");
        browser
            .action_chain()
            .send_keys(Key::Tab)
            .send_keys(Key::Tab)
            .send_keys(Key::Enter)
            .perform()
            .await?;
        shows(browser, &["supervisor", "Sources"]).await
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Snapshot)) {
        let mut floor = (**self.bench.live.borrow()).clone();
        change(&mut floor);
        self.bench.live.send_replace(floor.into());
    }

    /// Keeps what is seen where `ASTERFLOW_PICTURES` says, for somebody to look at.
    pub(super) async fn keep(&self, browser: &WebDriver, name: &str) -> WebDriverResult<()> {
        match std::env::var_os("ASTERFLOW_PICTURES") {
            Some(folder) => {
                browser.screenshot(&std::path::Path::new(&folder).join(format!("{name}.png"))).await
            }
            None => Ok(()),
        }
    }
}

async fn is_without_sideways_scroll(browser: &WebDriver) -> WebDriverResult<()> {
    let widths = "const page = document.documentElement; return [page.scrollWidth, page.clientWidth];";
    let widths: [u32; 2] = browser.execute(widths, Vec::new()).await?.convert()?;
    assert!(widths[0] <= widths[1], "{} is wider than the screen: {widths:?}", browser.current_url().await?);
    Ok(())
}

/// Remembers the canvas as it is.
async fn remember(browser: &WebDriver) -> WebDriverResult<()> {
    let script = "const c = document.getElementById('wall');
        window.before = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;";
    browser.execute(script, Vec::new()).await.map(drop)
}

/// Waits until a good part of the canvas is not as remembered.
async fn until_the_wall_is_another(browser: &WebDriver) -> WebDriverResult<()> {
    let script = "const c = document.getElementById('wall');
        const now = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        if (now.length !== window.before.length) return 1;
        let other = 0;
        for (let at = 0; at < now.length; at += 4) other += now[at] !== window.before[at];
        return other * 4 / now.length;";
    let mut share = 0.0;
    for _ in 0..200 {
        share = browser.execute(script, Vec::new()).await?.convert::<f64>()?;
        if share > 0.02 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the wall stays as it was: {share} of it is another")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_follows_the_floor_by_itself() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let house = House::open().await;
    let story = |browser: WebDriver| {
        let house = &house;
        async move {
            browser.goto(format!("{}/board", house.base)).await?;
            shows(&browser, &["Alice Adams", "Talking", "1 waiting"]).await?;
            browser.execute("window.kept = true;", Vec::new()).await?;
            let timer = browser.query(By::Css(".member.busy .timer")).first().await?;
            let before = timer.text().await?;
            house.change(|floor| {
                let queue = &mut floor.queues[0];
                queue.members[1].state = BoardState::Busy;
                queue.members[1].sub_state = SubState::Ringing;
                let mut second = queue.waiting[0].clone();
                (second.position, second.name, second.channel) = (2, "Zoë <b>".into(), "1795330864.9".into());
                queue.waiting.push(second);
            });
            shows(&browser, &["2 waiting", "Zoë <b>", "Ringing"]).await?;
            house.keep(&browser, "board").await?;
            house.change(|floor| {
                floor.queues[0].waiting.clear();
                floor.queues[0].members.remove(1);
            });
            shows(&browser, &["0 waiting"]).await?;
            let page = browser.find(By::Tag("body")).await?.text().await?;
            assert!(!page.contains("Bob Brown") && page.contains("Alice Adams"), "{page}");
            let kept = browser.execute("return window.kept === true;", Vec::new()).await?;
            assert!(kept.convert::<bool>()?, "the page was not loaded again");
            tokio::time::sleep(Duration::from_millis(1200)).await;
            assert_ne!(timer.text().await?, before, "timers run between the changes");
            is_without_sideways_scroll(&browser).await
        }
    };
    house.with(Look::Desktop(1280), story).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wall_is_touched_and_typed_to_in_the_browser() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let house = House::open().await;
    let story = |browser: WebDriver| {
        let house = &house;
        async move {
            browser.find(By::LinkText("Wall")).await?.click().await?;
            let canvas = browser.query(By::Css("#wall[data-picture]")).first().await?;
            house.keep(&browser, "wall").await?;
            assert_eq!(WallSessions::count(&house.walls), 1);
            remember(&browser).await?;
            // The tab in the middle of the head: the queue board. The point is from the canvas's centre.
            let (_, height) = canvas.rect().await.map(|rect| (rect.width, rect.height))?;
            #[allow(clippy::cast_possible_truncation, reason = "a place on the screen")]
            let up = -(height * 0.46) as i64;
            browser.action_chain().move_to_element_with_offset(&canvas, 0, up).click().perform().await?;
            until_the_wall_is_another(&browser).await?;
            house.keep(&browser, "wall-board").await?;
            remember(&browser).await?;
            house.change(|floor| floor.queues[0].members.clear());
            until_the_wall_is_another(&browser).await?;
            remember(&browser).await?;
            canvas.focus().await?;
            browser.action_chain().send_keys(Key::Left).perform().await?;
            until_the_wall_is_another(&browser).await?;
            browser.find(By::Css(".sizes [value='800x480']")).await?.click().await?;
            browser.query(By::Css("#wall[width='800']")).first().await?;
            browser.goto(format!("{}/board", house.base)).await?;
            for _ in 0..100 {
                if WallSessions::count(&house.walls) == 0 {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            panic!("leaving the page ends the view")
        }
    };
    house.with(Look::Desktop(1280), story).await;
}

/// The line of pixels through the names of the pages: it is another one only when another page shows.
fn names_of_pages(picture: &[u8]) -> Vec<u8> {
    let mut picture = png::Decoder::new(std::io::Cursor::new(picture)).read_info().expect("a PNG");
    let mut pixels = vec![0; picture.output_buffer_size().expect("a size")];
    let info = picture.next_frame(&mut pixels).expect("pixels");
    let (line, each) = (info.line_size, info.color_type.samples());
    pixels[29 * line + 460 * each..29 * line + 810 * each].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_a_click_on_the_picture_touches_the_wall() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let house = House::open().await;
    let story = |browser: WebDriver| {
        let house = &house;
        async move {
            browser.goto(format!("{}/wall", house.base)).await?;
            let view = browser.current_url().await?;
            let picture = browser.query(By::Css("input[type='image']")).first().await?;
            let rect = picture.rect().await?;
            assert!((rect.width - 1280.0).abs() < 1.0 && (rect.height - 720.0).abs() < 1.0, "{rect:?}");
            house.keep(&browser, "wall-scriptless").await?;
            let who = crate::tasks::accounts::Identity { name: "supervisor".into(), role: Role::Supervisor };
            let id = view.path().trim_start_matches("/wall/").to_owned();
            let before = WallSessions::picture(&house.walls, id.clone(), who.clone(), None).await;
            let before = names_of_pages(&before.expect("a view").expect("a picture").png);
            // The next page's name, in the middle of the head. Not counted from the picture's middle: how much of it the window
            // shows decides where a browser takes that to be.
            #[allow(clippy::cast_possible_truncation, reason = "a place in a window")]
            let (left, top) = (rect.x as i64, rect.y as i64);
            // The page is loaded again every few seconds, and a click that falls into that moment is lost: it is made right
            // after a load, and again where the machine was slower than that.
            for _ in 0..4 {
                browser.refresh().await?;
                let _ = browser.action_chain().move_to(left + 640, top + 29).click().perform().await;
                for _ in 0..30 {
                    let now = WallSessions::picture(&house.walls, id.clone(), who.clone(), None).await;
                    let now = now.expect("a view").expect("a picture");
                    if names_of_pages(&now.png) != before {
                        assert_eq!(browser.current_url().await?, view, "back at the view");
                        return house.keep(&browser, "wall-scriptless-touched").await;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            panic!("the click did nothing")
        }
    };
    house.with(Look::Scriptless, story).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_no_page_scrolls_sideways() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let house = House::open().await;
    let story = |browser: WebDriver| {
        let house = &house;
        async move {
            for (path, words) in
                [("/", "Sources"), ("/board", "Alice Adams"), ("/heatmap", "Talk time"), ("/wall", "Wall")]
            {
                browser.goto(format!("{}{path}", house.base)).await?;
                shows(&browser, &[words]).await?;
                if path == "/wall" {
                    // A screen that stands upright gets a wall that does.
                    browser.query(By::Css("#wall[data-picture][width='720']")).first().await?;
                }
                is_without_sideways_scroll(&browser).await?;
                house.keep(&browser, &format!("phone{}", path.replace('/', "-"))).await?;
            }
            Ok(())
        }
    };
    house.with(Look::Phone, story).await;
}
