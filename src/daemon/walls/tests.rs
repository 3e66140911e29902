//! Own views over a floor made by hand: what is seen, touched, and over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::*;
use crate::admin::WallRefusal;
use crate::domain::account::Role;
use crate::kiosk::feed::{Light, Source};
use crate::tasks::PbxView;
use crate::views::fixture;
use crate::views::wall::{Page, Setup};

const SMALL: Size = (800, 480);

fn anna() -> Identity {
    Identity { name: "anna".into(), role: Role::Supervisor }
}

/// A feed whose pages are the board and the overview, and what keeps its sources alive.
fn feed() -> (Feed, Vec<Box<dyn std::any::Any>>) {
    let picture = fixture::picture();
    let (live, live_seen) = watch::channel(picture.live.clone());
    let (today, today_seen) = watch::channel(picture.today.clone());
    let (database, database_seen) = watch::channel(picture.database.clone());
    let (setup, setup_seen) = watch::channel(Setup::default());
    let view = PbxView {
        name: picture.live.pbx.clone(),
        zone: jiff::tz::TimeZone::UTC,
        live: live_seen,
        today: today_seen,
        alarms: watch::channel(Arc::default()).1,
        database: database_seen,
        reconciled: watch::channel(Arc::default()).1,
    };
    let feed = Feed {
        site: "Test".into(),
        zone: jiff::tz::TimeZone::UTC,
        sources: vec![Source { view, address: picture.address.clone() }],
        pages: vec![Page::Board, Page::Overview],
        rotate_every: None,
        light: Light::Never,
        service_level_seconds: 20,
        problems: Vec::new(),
        setup: setup_seen,
        heat: Arc::new(|_| Box::pin(async { crate::kiosk::HeatAnswer::default() })),
        acts: None,
        desk: None,
    };
    (feed, vec![Box::new(live), Box::new(today), Box::new(database), Box::new(setup)])
}

async fn walls(unwatched_millis: i64) -> (Walls, Vec<Box<dyn std::any::Any>>) {
    walls_turning(unwatched_millis, None).await
}

async fn walls_turning(
    unwatched_millis: i64,
    every: Option<Duration>,
) -> (Walls, Vec<Box<dyn std::any::Any>>) {
    let walls = Walls::lasting(unwatched_millis);
    let early = walls.open(anna(), "127.0.0.1".into(), SMALL).await;
    assert!(matches!(early, Err(WallRefusal::Unavailable(_))), "there is no wall yet");
    let (mut feed, alive) = feed();
    feed.rotate_every = every;
    let dir = tempfile::tempdir().expect("a folder");
    let store = crate::store::Store::open(dir.path()).expect("a store");
    let control = Control::new(Vec::new(), Vec::new(), store);
    walls.draw_by(feed, Painter::spawn(None).expect("a painter"), control);
    let mut alive = alive;
    alive.push(Box::new(dir));
    (walls, alive)
}

/// Width and height as a PNG says them.
fn size_of(png: &[u8]) -> (u32, u32) {
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_turns_the_page_and_only_a_new_picture_is_given() {
    let (walls, _alive) = walls(UNWATCHED_MILLIS).await;
    let id = walls.open(anna(), "127.0.0.1".into(), SMALL).await.expect("a view");
    let first = walls.picture(id.clone(), anna(), None).await.expect("a view").expect("a picture");
    assert_eq!((&first.png[1..4], size_of(&first.png)), (&b"PNG"[..], SMALL));
    walls.act(id.clone(), anna(), WallAct::Key("ArrowRight".into())).await.expect("a key");
    let second = walls.picture(id.clone(), anna(), Some(first.number)).await.expect("a view");
    let second = second.expect("the other page");
    assert!(second.number > first.number && second.png != first.png);
    walls.act(id.clone(), anna(), WallAct::Resize((480, 800))).await.expect("a size");
    let tall = walls.picture(id, anna(), Some(second.number)).await.expect("a view").expect("a picture");
    assert_eq!(size_of(&tall.png), (480, 800));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_turn_by_themselves_as_on_the_wall() {
    let (walls, _alive) = walls_turning(UNWATCHED_MILLIS, Some(Duration::from_millis(300))).await;
    let id = walls.open(anna(), "127.0.0.1".into(), SMALL).await.expect("a view");
    let first = walls.picture(id.clone(), anna(), None).await.expect("a view").expect("a picture");
    let next = walls.picture(id, anna(), Some(first.number)).await.expect("a view").expect("the other page");
    assert!(next.png != first.png);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_come_at_most_four_times_a_second() {
    let (walls, _alive) = walls(UNWATCHED_MILLIS).await;
    let id = walls.open(anna(), "127.0.0.1".into(), SMALL).await.expect("a view");
    let began = crate::clock::now().tick;
    let mut number = None;
    for turn in 0..5 {
        let key = if turn % 2 == 0 { "ArrowRight" } else { "ArrowLeft" };
        let view = walls.picture(id.clone(), anna(), number).await.expect("a view").expect("a picture");
        number = Some(view.number);
        walls.act(id.clone(), anna(), WallAct::Key(key.into())).await.expect("a key");
    }
    let took = crate::clock::now().tick.since(began);
    assert!(took >= 4 * 250, "five pictures took {took} ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_belongs_to_who_opened_it_in_that_role() {
    let (walls, _alive) = walls(UNWATCHED_MILLIS).await;
    let id = walls.open(anna(), "127.0.0.1".into(), SMALL).await.expect("a view");
    for other in [
        Identity { name: "bob".into(), role: Role::Supervisor },
        Identity { name: "anna".into(), role: Role::Admin },
    ] {
        assert_eq!(walls.size(&id, &other), Err(WallRefusal::Gone));
        let picture = walls.picture(id.clone(), other.clone(), None).await;
        assert_eq!(picture.map(drop), Err(WallRefusal::Gone));
        assert_eq!(walls.act(id.clone(), other, WallAct::End).await, Err(WallRefusal::Gone));
    }
    assert_eq!(walls.size(&id, &anna()), Ok(SMALL));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifth_is_refused_until_one_ends() {
    let (walls, _alive) = walls(UNWATCHED_MILLIS).await;
    let mut ids = Vec::new();
    for _ in 0..MOST {
        ids.push(walls.open(anna(), "127.0.0.1".into(), SMALL).await.expect("a view"));
    }
    assert_eq!(walls.open(anna(), "127.0.0.1".into(), SMALL).await, Err(WallRefusal::Full(4)));
    walls.act(ids.remove(0), anna(), WallAct::End).await.expect("it ends");
    assert_eq!(walls.count(), 3);
    walls.open(anna(), "127.0.0.1".into(), SMALL).await.expect("a place was free");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_nobody_looks_at_ends_and_frees_its_place() {
    let (walls, _alive) = walls(100).await;
    let id = walls.open(anna(), "127.0.0.1".into(), SMALL).await.expect("a view");
    let session = Arc::downgrade(&walls.find(&id, &anna()).expect("it is there"));
    let ended = tokio::time::timeout(Duration::from_secs(10), async {
        while walls.count() > 0 || session.strong_count() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    ended.await.expect("it ends by itself");
    assert_eq!(walls.inner.places.available_permits(), MOST);
    assert_eq!(walls.picture(id, anna(), None).await.map(drop), Err(WallRefusal::Gone));
}
