//! Makes the [`Wall`] from what the tasks publish: on every change, and as its timers tick.
//!
//! ```text
//!  PbxView (watch) ──┐
//!  Action (mpsc) ────┼─> Feed::run ──> watch<Arc<Wall>> ──> window, painters
//!  HeatSource ───────┘
//! ```
//! Only the page that is shown is made anew; the others keep their last view.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, OptionFuture, select_all};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use tokio::sync::{mpsc, watch};

use super::Action;
use super::desk::{ActDesk, Desk, Running};
use super::pages::Pages;
use crate::clock;
use crate::domain::history::figures::Today;
use crate::domain::ids::{AgentName, PbxName, QueueName};
use crate::domain::time::Moment;
use crate::tasks::PbxView;
use crate::views::banner::{self, Problem};
use crate::views::heatmap::{Heatmap, HourValue, Metric, Request, heatmap};
use crate::views::wall::{Page, Setup, Wall};
use crate::views::{Picture, agents, board, overview};

/// How often the timers are looked at: five times a second spreads their ticks over the second.
const TICK: Duration = Duration::from_millis(200);
/// The least time between two walls.
const LEAST: Duration = Duration::from_millis(40);
/// A fortnight of dates is legible from five metres.
const HEATMAP_DAYS: usize = 14;

/// Whose hours a heatmap shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Everybody's.
    All,
    /// One queue's.
    Queue(QueueName),
    /// One agent's.
    Agent(AgentName),
}

/// What a heatmap needs from the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeatAsk {
    /// Of which PBX.
    pub pbx: PbxName,
    /// What.
    pub metric: Metric,
    /// Whose.
    pub subject: Subject,
    /// UTC seconds [from, until).
    pub from: i64,
    /// As above.
    pub until: i64,
}

/// What the store knows of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatAnswer {
    /// By the UTC second at which the clock hour starts.
    pub values: BTreeMap<i64, HourValue>,
    /// The days' own figures of shares and means.
    pub day_values: BTreeMap<Date, f64>,
    /// The UTC seconds [from, until) of which everything is known; `None` before the first synchronisation.
    pub known: Option<(i64, i64)>,
}

/// Asks the store; an error is an empty answer, said elsewhere.
pub type HeatSource = Arc<dyn Fn(HeatAsk) -> BoxFuture<'static, HeatAnswer> + Send + Sync>;

/// When the wall is light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Light {
    /// Never.
    #[default]
    Never,
    /// Always.
    Always,
    /// From 7 to 19 o'clock.
    ByDay,
}

impl Light {
    /// Whether the wall is light in this hour of the day.
    fn at(self, hour: i8) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::ByDay => (7..19).contains(&hour),
        }
    }
}

/// One PBX on the wall.
#[derive(Clone)]
pub struct Source {
    /// What its tasks publish.
    pub view: PbxView,
    /// Where its AMI is looked for, as the loading page names it.
    pub address: String,
}

/// What the wall is made of. Without sources it shows the set-up page.
#[derive(Clone)]
pub struct Feed {
    /// The place's name.
    pub site: String,
    /// Of the clock.
    pub zone: TimeZone,
    /// The PBXs.
    pub sources: Vec<Source>,
    /// The pages, in order.
    pub pages: Vec<Page>,
    /// How long each stays.
    pub rotate_every: Option<Duration>,
    /// Light or dark.
    pub light: Light,
    /// For queues without a threshold of their own.
    pub service_level_seconds: u32,
    /// Of the configuration; shown on every page.
    pub problems: Vec<Problem>,
    /// The set-up page; first of all pages while it holds a code.
    pub setup: watch::Receiver<Setup>,
    /// Where heatmaps come from.
    pub heat: HeatSource,
    /// Supervision by touch; without it a touched card is marked and nothing more.
    pub desk: Option<Desk>,
    /// Acts upon the floor by touch.
    pub acts: Option<ActDesk>,
}

/// The heatmap's request in flight and its last answer.
#[derive(Default)]
struct Heat {
    asked: Option<(HeatAsk, Vec<Arc<Today>>)>,
    pending: Option<BoxFuture<'static, HeatAnswer>>,
    page: Arc<Heatmap>,
}

impl Feed {
    /// The state in which a wall of this feed starts.
    pub fn start(&self, now: Moment) -> Pages {
        let mut pages = if self.sources.is_empty() { Vec::new() } else { self.pages.clone() };
        if pages.is_empty() || self.is_setting_up() {
            pages.insert(0, Page::Setup);
        }
        let every = self.rotate_every.map(|every| i64::try_from(every.as_millis()).unwrap_or(i64::MAX));
        Pages::new(pages, every, now.tick)
    }

    /// Whether somebody has yet to make the first account.
    fn is_setting_up(&self) -> bool {
        !self.setup.borrow().code.is_empty()
    }

    /// Publishes walls until `stop` turns true.
    pub async fn run(
        self,
        walls: watch::Sender<Arc<Wall>>,
        mut actions: mpsc::Receiver<Action>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut pages = self.start(clock::now());
        let mut setting_up = self.is_setting_up();
        let mut heat = Heat::default();
        let mut desk = Running::new(self.desk.as_ref(), self.acts.as_ref());
        let mut changes = self.sources.clone();
        let mut ticks = tokio::time::interval(TICK);
        loop {
            let now = clock::now();
            let pictures = self.pictures();
            desk.tick(&pictures, now.tick);
            if !desk.is_open() {
                pages.tick(now.tick);
            }
            if setting_up != self.is_setting_up() {
                setting_up = !setting_up;
                pages = self.start(now);
            }
            self.ask_heat(&mut heat, &pages, now);
            let mut wall = self.wall(&pages, Arc::clone(&heat.page), &walls.borrow(), now);
            desk.show(&mut wall, &pictures, now);
            walls.send_if_modified(|shown| {
                let is_new = **shown != wall;
                if is_new {
                    *shown = Arc::new(wall);
                }
                is_new
            });
            let answer = OptionFuture::from(heat.pending.as_mut());
            tokio::select! {
                stopped = stop.wait_for(|stop| *stop) => {
                    drop(stopped);
                    return;
                }
                Some(action) = actions.recv() => {
                    let now = clock::now();
                    desk.act(&action, &self.pictures(), now.tick);
                    pages.act(action, now.tick);
                    continue;
                }
                () = desk.answer() => continue,
                Some(answer) = answer => {
                    heat.pending = None;
                    heat.page = Arc::new(self.heatmap(&heat, &pages, &answer, clock::now()));
                    continue;
                }
                () = changed(&mut changes) => {}
                _ = ticks.tick() => {}
            }
            // What comes within this time is shown together.
            tokio::time::sleep(LEAST).await;
        }
    }

    /// The wall at a moment. Pages that are not shown are taken from `before`.
    pub fn wall(&self, pages: &Pages, heatmap: Arc<Heatmap>, before: &Wall, now: Moment) -> Wall {
        let pictures = self.pictures();
        let local = now.wall.to_zoned(self.zone.clone());
        let page = pages.page();
        Wall {
            site: self.site.clone(),
            clock: local.strftime("%H:%M").to_string(),
            date: local.strftime("%a %-d %b").to_string(),
            light: self.light.at(local.hour()),
            page,
            pages: pages.all().to_vec(),
            round: pages.round,
            stay: pages.stay(now.tick),
            selected: pages.selected.clone(),
            banner: banner::banner(&pictures, &self.problems, now),
            overview: match page {
                Page::Overview => Arc::new(overview::overview(&pictures, now)),
                _ => Arc::clone(&before.overview),
            },
            board: match page {
                Page::Board => Arc::new(board::board(&pictures, now)),
                _ => Arc::clone(&before.board),
            },
            heatmap,
            agents: match page {
                Page::Agents => Arc::new(agents::agents(&pictures, pages.sort)),
                _ => Arc::clone(&before.agents),
            },
            setup: self.setup.borrow().clone(),
            desk: crate::views::desk::Desk::default(),
        }
    }

    fn pictures(&self) -> Vec<Picture> {
        let picture = |source: &Source| Picture {
            live: Arc::clone(&source.view.live.borrow()),
            today: Arc::clone(&source.view.today.borrow()),
            alarms: Arc::clone(&source.view.alarms.borrow()),
            database: source.view.database.borrow().clone(),
            address: source.address.clone(),
            service_level_seconds: self.service_level_seconds,
        };
        self.sources.iter().map(picture).collect()
    }

    /// The heatmap of `answer`, for whoever needs one without the running feed (`screenshot`).
    pub async fn heatmap_now(&self, pages: &Pages, now: Moment) -> Heatmap {
        let Some(ask) = self.heat_ask(pages, now) else { return Heatmap::default() };
        let answer = (self.heat)(ask.clone()).await;
        let heat = Heat { asked: Some((ask, Vec::new())), ..Heat::default() };
        self.heatmap(&heat, pages, &answer, now)
    }

    /// Asks the store again when the question or the stored history changed.
    fn ask_heat(&self, heat: &mut Heat, pages: &Pages, now: Moment) {
        if pages.page() != Page::Heatmap || heat.pending.is_some() {
            return;
        }
        let Some(ask) = self.heat_ask(pages, now) else { return };
        let history: Vec<_> =
            self.sources.iter().map(|source| Arc::clone(&source.view.today.borrow())).collect();
        let is_same = heat.asked.as_ref().is_some_and(|(asked, from)| {
            *asked == ask
                && from.len() == history.len()
                && from.iter().zip(&history).all(|(a, b)| Arc::ptr_eq(a, b))
        });
        if !is_same {
            heat.pending = Some((self.heat)(ask.clone()));
            heat.asked = Some((ask, history));
        }
    }

    fn heat_ask(&self, pages: &Pages, now: Moment) -> Option<HeatAsk> {
        let subjects = self.subjects();
        let at =
            usize::try_from(pages.subject.rem_euclid(i64::try_from(subjects.len()).ok()?.max(1))).ok()?;
        let (source, subject) = subjects.get(at)?;
        let zone = &source.view.zone;
        let today = now.wall.to_zoned(zone.clone()).date();
        let first = today.checked_sub(i64::try_from(HEATMAP_DAYS - 1).ok()?.days()).ok()?;
        let start = |date: Date| date.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp().as_second());
        Some(HeatAsk {
            pbx: source.view.name.clone(),
            metric: pages.metric,
            subject: subject.clone(),
            from: start(first)?,
            until: start(today.tomorrow().ok()?)?,
        })
    }

    /// All subjects in the order in which the arrows reach them.
    fn subjects(&self) -> Vec<(&Source, Subject)> {
        let mut subjects = Vec::new();
        for source in &self.sources {
            let live = source.view.live.borrow();
            subjects.push((source, Subject::All));
            subjects.extend(live.queues.iter().map(|queue| (source, Subject::Queue(queue.name.clone()))));
            let mut agents: Vec<_> = live
                .queues
                .iter()
                .flat_map(|queue| &queue.members)
                .map(|member| member.name.clone())
                .collect();
            agents.sort();
            agents.dedup();
            subjects.extend(agents.into_iter().map(|agent| (source, Subject::Agent(agent))));
        }
        subjects
    }

    fn heatmap(&self, heat: &Heat, pages: &Pages, answer: &HeatAnswer, now: Moment) -> Heatmap {
        let Some((ask, _)) = &heat.asked else { return Heatmap::default() };
        let zone =
            self.sources.iter().find(|source| source.view.name == ask.pbx).map(|source| &source.view.zone);
        if answer.known.is_none() && answer.values.is_empty() {
            return Heatmap { metric: pages.metric, ..Heatmap::default() };
        }
        let name = match &ask.subject {
            Subject::All => "",
            Subject::Queue(queue) => queue.as_str(),
            Subject::Agent(agent) => agent.as_str(),
        };
        let several = self.sources.len() > 1;
        let subject = if several { format!("{} {name}", ask.pbx) } else { name.to_owned() };
        heatmap(&Request {
            zone: zone.unwrap_or(&self.zone),
            now: Timestamp::from_second(now.wall.as_second()).unwrap_or(now.wall),
            metric: ask.metric,
            subject: subject.trim(),
            values: &answer.values,
            day_values: &answer.day_values,
            known: answer.known,
            last: None,
            rows: HEATMAP_DAYS,
        })
    }
}

/// Returns when any source has something new; never without sources.
async fn changed(sources: &mut [Source]) {
    let waits: Vec<BoxFuture<'_, bool>> = sources
        .iter_mut()
        .flat_map(|source| -> [BoxFuture<'_, bool>; 4] {
            let PbxView { live, today, alarms, database, .. } = &mut source.view;
            [
                Box::pin(async { live.changed().await.is_ok() }),
                Box::pin(async { today.changed().await.is_ok() }),
                Box::pin(async { alarms.changed().await.is_ok() }),
                Box::pin(async { database.changed().await.is_ok() }),
            ]
        })
        .collect();
    let is_alive = if waits.is_empty() { false } else { select_all(waits).await.0 };
    if !is_alive {
        // Its task has ended or there is none: leave the rest to the ticks.
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::Light;

    #[test]
    fn by_hour_is_light_from_seven_to_nineteen() {
        let light: Vec<i8> = (0..24).filter(|hour| Light::ByDay.at(*hour)).collect();
        assert_eq!(light, (7..19).collect::<Vec<_>>());
        assert!(!Light::Never.at(12) && Light::Always.at(0));
    }
}
