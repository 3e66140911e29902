//! Which page is shown, and what is chosen on it: changed by touches and by time, without a clock or a screen.

use crate::domain::time::Tick;
use crate::views::agents::Sort;
use crate::views::desk::Seat;
use crate::views::heatmap::Metric;
use crate::views::wall::{Page, Stay};

use super::Action;

/// After a touch the pages do not turn by themselves for so long.
const HOLD_MILLIS: i64 = 60_000;
/// What is left of a page's time is told in steps of at least this, so that the wall is not made anew for each.
const STEP_MILLIS: i64 = 500;
/// And in no more steps than this.
const STEPS: i64 = 100;

/// The wall's own state.
#[derive(Clone, Debug)]
pub struct Pages {
    pages: Vec<Page>,
    at: usize,
    every_millis: Option<i64>,
    turned: Tick,
    held: Option<Tick>,
    /// Counts the rounds; each shows the next part of pages that do not fit.
    pub(super) round: i32,
    /// The selected member.
    pub(super) selected: Option<Seat>,
    /// What the heatmap shows.
    pub(super) metric: Metric,
    /// Which of the heatmap's subjects; any number, the list wraps.
    pub(super) subject: i64,
    /// How the agents page is sorted.
    pub(super) sort: Sort,
}

impl Pages {
    /// Starts on the first of `pages`; they turn every `every_millis` if given.
    pub fn new(pages: Vec<Page>, every_millis: Option<i64>, now: Tick) -> Self {
        let pages = if pages.is_empty() { vec![Page::Overview] } else { pages };
        Self {
            pages,
            at: 0,
            every_millis,
            turned: now,
            held: None,
            round: 0,
            selected: None,
            metric: Metric::Talk,
            subject: 0,
            sort: Sort::default(),
        }
    }

    /// The page shown.
    pub fn page(&self) -> Page {
        self.pages[self.at]
    }

    /// All of them.
    pub fn all(&self) -> &[Page] {
        &self.pages
    }

    /// Somebody touched the wall.
    pub fn act(&mut self, action: Action, now: Tick) {
        self.held = Some(now);
        match action {
            Action::Show(page) => self.show(page, now),
            Action::Next => self.step(1, now),
            Action::Previous => self.step(self.pages.len() - 1, now),
            Action::Touched | Action::Desk(_) => {}
            Action::SelectMember(seat) => {
                let chosen = Some(seat);
                self.selected = if self.selected == chosen { None } else { chosen };
            }
            Action::SelectQueue(_) => self.show(Page::Board, now),
            Action::Metric(metric) => self.metric = metric,
            Action::NextSubject => self.subject += 1,
            Action::PreviousSubject => self.subject -= 1,
            Action::SortAgents(column) => self.sort = self.sort.touched(column),
        }
    }

    /// Time passed: turns the page when it is due.
    pub fn tick(&mut self, now: Tick) {
        let Some(every) = self.every_millis else { return };
        if self.is_held(now) || now.since(self.turned) < every {
            return;
        }
        if self.at + 1 == self.pages.len() {
            self.round = self.round.wrapping_add(1) & 0xffff;
        }
        self.step(1, now);
    }

    /// How long the page still stays, in steps.
    pub fn stay(&self, now: Tick) -> Stay {
        let Some(every) = self.every_millis.filter(|_| self.turns()) else { return Stay::Off };
        if self.is_held(now) {
            return Stay::Held;
        }
        let step = STEP_MILLIS.max(every / STEPS).min(every.max(1));
        let left = (every - now.since(self.turned)).clamp(0, every);
        let thousandths = left / step * step * 1000 / every.max(1);
        Stay::Left(u16::try_from(thousandths).unwrap_or(1000))
    }

    /// Whether turning shows anything else: further pages, or further parts of a page.
    fn turns(&self) -> bool {
        self.pages.len() > 1 || self.page() != Page::Setup
    }

    fn is_held(&self, now: Tick) -> bool {
        self.held.is_some_and(|since| now.since(since) < HOLD_MILLIS)
    }

    fn show(&mut self, page: Page, now: Tick) {
        if let Some(at) = self.pages.iter().position(|known| *known == page) {
            self.at = at;
            self.turned = now;
        }
    }

    fn step(&mut self, by: usize, now: Tick) {
        self.at = (self.at + by) % self.pages.len();
        self.turned = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages() -> Pages {
        Pages::new(vec![Page::Overview, Page::Board, Page::Heatmap], Some(20_000), Tick::default())
    }

    fn at(seconds: i64) -> Tick {
        Tick::from_millis(seconds * 1000)
    }

    #[test]
    fn pages_turn_by_themselves_and_count_the_rounds() {
        let mut pages = pages();
        let shown: Vec<_> = (0..7)
            .map(|turn| {
                pages.tick(at(turn * 20));
                (pages.page(), pages.round)
            })
            .collect();
        assert_eq!(
            shown[..4],
            [(Page::Overview, 0), (Page::Board, 0), (Page::Heatmap, 0), (Page::Overview, 1)]
        );
        assert_eq!(shown[6], (Page::Overview, 2));
    }

    #[test]
    fn a_touch_holds_the_page_for_a_minute() {
        let mut pages = pages();
        pages.act(Action::Show(Page::Heatmap), at(1));
        pages.tick(at(50));
        assert_eq!(pages.page(), Page::Heatmap);
        pages.tick(at(61));
        assert_eq!(pages.page(), Page::Overview);
    }

    #[test]
    fn what_is_left_of_a_page_is_told_in_steps() {
        let mut pages = pages();
        let left = |pages: &Pages, millis| pages.stay(Tick::from_millis(millis));
        assert_eq!(left(&pages, 0), Stay::Left(1000));
        assert_eq!(left(&pages, 5_000), Stay::Left(750));
        assert_eq!(left(&pages, 5_100), left(&pages, 5_400), "two looks within a step");
        assert_eq!(left(&pages, 30_000), Stay::Left(0));
        pages.act(Action::Touched, at(5));
        assert_eq!(left(&pages, 64_999), Stay::Held);
        assert_eq!(left(&pages, 65_000), Stay::Left(0));
        pages.tick(at(65));
        assert_eq!(left(&pages, 65_000), Stay::Left(1000));
    }

    #[test]
    fn where_nothing_turns_nothing_is_left() {
        let never = Pages::new(vec![Page::Overview, Page::Board], None, at(0));
        assert_eq!(never.stay(at(3)), Stay::Off);
        let setup = Pages::new(vec![Page::Setup], Some(20_000), at(0));
        assert_eq!(setup.stay(at(3)), Stay::Off);
    }

    #[test]
    fn arrows_wrap_and_a_second_touch_deselects() {
        let mut pages = pages();
        pages.act(Action::Previous, at(0));
        assert_eq!(pages.page(), Page::Heatmap);
        pages.act(Action::Next, at(0));
        assert_eq!(pages.page(), Page::Overview);
        let touch = Action::SelectMember(Seat { queue: "Sales".to_owned(), ..Seat::default() });
        pages.act(touch.clone(), at(0));
        assert!(pages.selected.is_some());
        pages.act(touch, at(0));
        assert_eq!(pages.selected, None);
    }
}
