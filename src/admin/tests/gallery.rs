//! Pictures of all pages, for somebody to look at: `ASTERFLOW_PICTURES=/tmp/pages cargo test --lib gallery -- --ignored`.

use std::time::Duration;

use thirtyfour::prelude::*;

use super::bench::error_and_warning;
use super::browser::driver::{Look, shows};
use super::browser::{House, ONE_AT_A_TIME};
use crate::domain::live::snapshot::{BoardState, Partner, QueueSnapshot, Snapshot, SubState};

const NAMES: [&str; 9] = [
    "Alice Adams",
    "Bob Brown",
    "Carol Castellanos-Whitworth of the second floor",
    "Dave Dent",
    "Erin Eck",
    "Frank Fox",
    "Grace Gray",
    "محمد علي",
    "Heidi Hall",
];
const STATES: [(BoardState, SubState); 9] = [
    (BoardState::Busy, SubState::Talking),
    (BoardState::Online, SubState::Free),
    (BoardState::Busy, SubState::Ringing),
    (BoardState::Paused, SubState::Free),
    (BoardState::Busy, SubState::OnHold),
    (BoardState::Busy, SubState::WrapUp),
    (BoardState::Busy, SubState::OtherCall),
    (BoardState::Offline, SubState::Unavailable),
    (BoardState::Offline, SubState::LoggedOut),
];

/// Every state there is, in three queues.
fn fill(floor: &mut Snapshot) {
    let now = crate::clock::now();
    let (member, caller) = (floor.queues[0].members[0].clone(), floor.queues[0].waiting[0].clone());
    floor.queues = [("sales", 9, 4), ("support", 5, 0), ("vip", 2, 1)]
        .map(|(name, members, callers)| QueueSnapshot {
            name: name.into(),
            strategy: "ringall".into(),
            service_level_seconds: Some(20),
            waiting: (0..callers)
                .map(|at| {
                    let mut caller = caller.clone();
                    caller.position = at + 1;
                    caller.name = if at == 1 { String::new() } else { NAMES[at as usize].into() };
                    caller.since = now.minus_seconds(95 - 30 * i64::from(at));
                    caller.channel = crate::domain::ids::UniqueId::new(format!("{name}.{at}"));
                    caller
                })
                .collect(),
            members: (0..members)
                .map(|at: usize| {
                    let mut member = member.clone();
                    member.interface = crate::domain::ids::Interface::new(format!("PJSIP/10{at}"));
                    member.name = NAMES[at].into();
                    (member.state, member.sub_state) = STATES[at];
                    member.since = now.minus_seconds(37 * i64::try_from(at * at * at).expect("small"));
                    member.paused_reason = (at == 3).then(|| "Lunch".to_owned());
                    let partner = Partner { number: "5550001".into(), name: "Nadia Nováková".into() };
                    member.partner = matches!(at, 0 | 2 | 4 | 6).then_some(partner);
                    member.channel = matches!(at, 0 | 4 | 6).then(|| "1.4".into());
                    member.listeners = if at == 0 { vec!["Desk 201".to_owned()] } else { Vec::new() };
                    member
                })
                .collect(),
        })
        .into();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "makes pictures for people"]
async fn gallery() {
    let _alone = ONE_AT_A_TIME.lock().await;
    for (look, name) in [
        (Look::Desktop(1280), "light"),
        (Look::Dark(1280), "dark"),
        (Look::Phone, "phone-light"),
        (Look::DarkPhone, "phone-dark"),
    ] {
        let house = House::open().await;
        house.change(fill);
        house.bench.problems.send_replace(error_and_warning());
        let story = |browser: WebDriver| {
            let house = &house;
            async move {
                for path in ["/", "/board", "/heatmap", "/heatmap?metric=service_level", "/wall", "/nothing"]
                {
                    browser.goto(format!("{}{path}", house.base)).await?;
                    if path == "/wall" {
                        browser.query(By::Css("#wall[data-picture]")).first().await?;
                    }
                    tokio::time::sleep(Duration::from_millis(900)).await;
                    house.keep(&browser, &format!("{name}{}", path.replace(['/', '?', '='], "-"))).await?;
                }
                house.change(|floor| floor.ami.state = crate::domain::link::LinkState::Lost);
                browser.goto(format!("{}/board", house.base)).await?;
                shows(&browser, &["picture is"]).await?;
                house.keep(&browser, &format!("{name}-board-lost")).await
            }
        };
        house.with(look, story).await;
    }
}
