//! Puts a [`Wall`] into the globals of `ui/api.slint`. Models are changed in place and only where the view changed,
//! because a row that is set is a row that is drawn again.

use std::rc::Rc;
use std::sync::Arc;

use asterflow_ui as ui;
use slint::{ComponentHandle, Model, ModelRc, SharedString, VecModel};

use crate::views::agents::Agents;
use crate::views::banner::Banner;
use crate::views::board::{Board, Section};
use crate::views::desk::Seat;
use crate::views::heatmap::{Heatmap, Row};
use crate::views::wall::{Setup, Stay, Wall};

use super::desk::DeskRows;
use super::{convert, convert_agents, qr};

/// A model whose rows follow a list of views.
pub(super) struct Rows<T>(Rc<VecModel<T>>);

impl<T: Clone + PartialEq + 'static> Rows<T> {
    pub(super) fn new() -> Self {
        Self(Rc::new(VecModel::default()))
    }

    pub(super) fn model(&self) -> ModelRc<T> {
        ModelRc::from(Rc::clone(&self.0))
    }

    /// Makes the rows those of `new`; rows whose view is as it was in `old` are left alone.
    pub(super) fn follow<V: PartialEq>(&self, old: &[V], new: &[V], convert: impl Fn(&V) -> T) {
        self.set(new.iter().enumerate().map(|(at, view)| {
            let same = at < self.0.row_count() && old.get(at) == Some(view);
            if same { None } else { Some(convert(view)) }
        }));
    }

    /// Sets the rows that are given; `None` keeps a row.
    fn set(&self, rows: impl Iterator<Item = Option<T>>) {
        let mut count = 0;
        for (at, row) in rows.enumerate() {
            count = at + 1;
            let Some(row) = row else { continue };
            if at >= self.0.row_count() {
                self.0.push(row);
            } else if self.0.row_data(at).as_ref() != Some(&row) {
                self.0.set_row_data(at, row);
            }
        }
        while self.0.row_count() > count {
            self.0.remove(self.0.row_count() - 1);
        }
    }
}

/// The models below one section of the board.
struct SectionRows {
    callers: Rows<ui::Caller>,
    members: Rows<ui::MemberCard>,
    alarms: Rows<ui::AlarmLine>,
}

/// The state of one window: its models, and what it shows.
pub(super) struct Applier {
    shown: Arc<Wall>,
    first: bool,
    pages: Rows<ui::Page>,
    links: Rows<ui::Link>,
    lost: Rows<ui::LostSource>,
    problems: Rows<ui::Problem>,
    missing: Rows<ui::Problem>,
    tiles: Rows<ui::QueueTile>,
    sections: Rows<ui::BoardQueue>,
    below: Vec<SectionRows>,
    heat_rows: Rows<ui::HeatRow>,
    heat_cells: Vec<Rows<ui::HeatCell>>,
    hours: Rows<SharedString>,
    scale: Rows<ui::HeatStep>,
    desk: DeskRows,
    agents: Rows<ui::AgentRow>,
}

impl Applier {
    /// Takes the place of the sample data.
    pub(super) fn new(app: &ui::AppWindow) -> Self {
        let applier = Self {
            shown: Arc::default(),
            first: true,
            pages: Rows::new(),
            links: Rows::new(),
            lost: Rows::new(),
            problems: Rows::new(),
            missing: Rows::new(),
            tiles: Rows::new(),
            sections: Rows::new(),
            below: Vec::new(),
            heat_rows: Rows::new(),
            heat_cells: Vec::new(),
            hours: Rows::new(),
            scale: Rows::new(),
            desk: DeskRows::new(app),
            agents: Rows::new(),
        };
        let wall = app.global::<ui::Wall>();
        wall.set_pages(applier.pages.model());
        wall.set_links(applier.links.model());
        wall.set_lost(applier.lost.model());
        wall.set_problems(applier.problems.model());
        wall.set_loading(true);
        app.global::<ui::Setup>().set_problems(applier.missing.model());
        app.global::<ui::Overview>().set_queues(applier.tiles.model());
        app.global::<ui::Board>().set_queues(applier.sections.model());
        let heatmap = app.global::<ui::Heatmap>();
        heatmap.set_rows(applier.heat_rows.model());
        heatmap.set_hours(applier.hours.model());
        heatmap.set_scale(applier.scale.model());
        app.global::<ui::Agents>().set_rows(applier.agents.model());
        applier
    }

    /// Shows `new`.
    pub(super) fn apply(&mut self, app: &ui::AppWindow, new: Arc<Wall>) {
        let old = std::mem::replace(&mut self.shown, Arc::clone(&new));
        let first = std::mem::replace(&mut self.first, false);
        self.frame(app, &old, &new);
        if first || old.banner != new.banner {
            self.banner(app, &old.banner, &new.banner);
        }
        if first || old.overview != new.overview {
            self.tiles.follow(&old.overview.tiles, &new.overview.tiles, convert::tile);
            app.global::<ui::Overview>().set_room(convert::room(&new.overview.room));
        }
        if first || old.board != new.board {
            self.board(app, &old.board, &new.board);
        }
        if first || !Arc::ptr_eq(&old.heatmap, &new.heatmap) {
            self.heatmap(app, &old.heatmap, &new.heatmap);
        }
        if first || old.desk != new.desk {
            self.desk.apply(app, &old.desk, &new.desk);
        }
        if first || old.agents != new.agents {
            self.agents(app, &old.agents, &new.agents);
        }
        if first || old.setup != new.setup {
            self.setup(app, &old.setup, &new.setup);
        }
    }

    fn agents(&self, app: &ui::AppWindow, old: &Agents, new: &Agents) {
        let agents = app.global::<ui::Agents>();
        self.agents.follow(&old.lines, &new.lines, convert_agents::line);
        agents.set_room(convert_agents::totals(&new.totals));
        agents.set_most(convert::int(new.most));
        agents.set_sorted_by(convert_agents::column(new.sort.column));
        agents.set_descending(new.sort.descending);
    }

    fn setup(&self, app: &ui::AppWindow, old: &Setup, new: &Setup) {
        let setup = app.global::<ui::Setup>();
        let code = qr::qr(&new.address);
        setup.set_qr_modules(code.modules);
        setup.set_qr_path(code.path.into());
        setup.set_warns(new.address.starts_with("https"));
        setup.set_address(new.address.as_str().into());
        setup.set_code(new.code.as_str().into());
        setup.set_code_lasts(new.code_lasts.as_str().into());
        self.missing.follow(&old.problems, &new.problems, convert::problem);
    }

    /// Site, clock, page, selection. Slint itself ignores a value that did not change.
    fn frame(&self, app: &ui::AppWindow, old: &Wall, new: &Wall) {
        app.global::<ui::Theme>().set_light(new.light);
        let wall = app.global::<ui::Wall>();
        wall.set_site(convert::drawn(&new.site));
        wall.set_clock(new.clock.as_str().into());
        wall.set_date(new.date.as_str().into());
        wall.set_page(convert::page(new.page));
        self.pages.follow(&old.pages, &new.pages, |page| convert::page(*page));
        let (stay, left) = match new.stay {
            Stay::Off => (ui::Stay::Off, 0),
            Stay::Left(thousandths) => (ui::Stay::Turns, thousandths),
            Stay::Held => (ui::Stay::Held, 1000),
        };
        wall.set_stay(stay);
        wall.set_stay_left(f32::from(left) / 1000.0);
        app.global::<ui::Overview>().set_round(new.round);
        app.global::<ui::Agents>().set_round(new.round);
        let board = app.global::<ui::Board>();
        board.set_round(new.round);
        let Seat { pbx, queue, interface } = new.selected.clone().unwrap_or_default();
        board.set_selected_pbx(pbx.into());
        board.set_selected_queue(queue.into());
        board.set_selected_interface(interface.into());
    }

    fn banner(&self, app: &ui::AppWindow, old: &Banner, new: &Banner) {
        self.links.follow(&old.links, &new.links, convert::link);
        self.lost.follow(&old.lost, &new.lost, convert::lost);
        self.problems.follow(&old.problems, &new.problems, convert::problem);
        let wall = app.global::<ui::Wall>();
        wall.set_note(new.note.as_str().into());
        wall.set_live_old(new.live_old);
        wall.set_history_old(new.history_old);
        wall.set_loading(new.loading);
        wall.set_waiting_for(new.waiting_for.as_str().into());
    }

    fn board(&mut self, app: &ui::AppWindow, old: &Board, new: &Board) {
        let none: &[_] = &[];
        self.below.truncate(new.sections.len());
        for (at, section) in new.sections.iter().enumerate() {
            let before: Option<&Section> = old.sections.get(at).filter(|_| at < self.below.len());
            if at >= self.below.len() {
                self.below.push(SectionRows {
                    callers: Rows::new(),
                    members: Rows::new(),
                    alarms: Rows::new(),
                });
            }
            let rows = &self.below[at];
            rows.callers.follow(
                before.map_or(&[], |before| &before.callers),
                &section.callers,
                convert::caller,
            );
            rows.alarms.follow(
                before.map_or(&[], |before| &before.alarms.lines),
                &section.alarms.lines,
                convert::alarm,
            );
            rows.members.follow(
                before.map_or(none, |before| &before.members),
                &section.members,
                convert::card,
            );
        }
        self.sections.set(new.sections.iter().zip(&self.below).map(|(section, rows)| {
            Some(convert::section(section, rows.callers.model(), rows.members.model(), rows.alarms.model()))
        }));
        app.global::<ui::Board>().set_largest(i32::try_from(new.largest).unwrap_or(i32::MAX));
    }

    fn heatmap(&mut self, app: &ui::AppWindow, old: &Heatmap, new: &Heatmap) {
        let heatmap = app.global::<ui::Heatmap>();
        heatmap.set_metric(convert::metric(new.metric));
        heatmap.set_subject(convert::drawn(&new.subject));
        heatmap.set_unit(new.unit.into());
        heatmap.set_any_late(new.any_late);
        heatmap.set_any_overlapping(new.any_overlapping);
        self.hours.follow(&old.hours, &new.hours, |hour| hour.as_str().into());
        self.scale.follow(&old.scale, &new.scale, convert::step);
        self.heat_cells.truncate(new.rows.len());
        for (at, row) in new.rows.iter().enumerate() {
            let before: Option<&Row> = old.rows.get(at).filter(|_| at < self.heat_cells.len());
            if at >= self.heat_cells.len() {
                self.heat_cells.push(Rows::new());
            }
            self.heat_cells[at].follow(before.map_or(&[], |before| &before.cells), &row.cells, convert::cell);
        }
        let rows = new.rows.iter().zip(&self.heat_cells);
        self.heat_rows.set(rows.map(|(row, cells)| Some(convert::row(row, cells.model()))));
    }
}
