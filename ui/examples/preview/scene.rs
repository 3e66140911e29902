//! What a picture shows: a page, its colours, and how full the floor is.
use crate::{agents, floor, heat, model, names, qr};
use asterflow_ui::*;
use slint::{ComponentHandle, PlatformError};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    Plain,
    /// Connected, and nothing there.
    Empty,
    /// Before the first picture of the floor.
    Loading,
    /// Both sources are gone, their last picture stays.
    Lost,
    /// Long names, and names in scripts that the font lacks.
    Names,
    /// The floor is there, the day's figures are not.
    BeforeSync,
}

#[derive(Clone, Copy)]
pub struct Scene {
    pub page: Page,
    pub light: bool,
    pub queues: usize,
    /// In each queue.
    pub agents: usize,
    /// Of the heatmap.
    pub rows: usize,
    pub part: usize,
    /// Somebody touched the wall.
    pub held: bool,
    /// The settings have problems.
    pub problems: bool,
    pub setting: Setting,
}

pub fn page(word: &str) -> Page {
    match word {
        "board" => Page::Board,
        "heatmap" => Page::Heatmap,
        "agents" => Page::Agents,
        "setup" => Page::Setup,
        _ => Page::Overview,
    }
}

impl Scene {
    /// A window that shows it.
    pub fn arrange(&self) -> Result<AppWindow, PlatformError> {
        let app = AppWindow::new()?;
        app.global::<Theme>().set_light(self.light);
        let wall = app.global::<Wall>();
        wall.set_page(self.page);
        wall.set_stay(if self.held { Stay::Held } else { Stay::Turns });
        let hard = self.setting == Setting::Names;
        let (queues, people): (&[&str], &[&str]) =
            if hard { (&names::HARD_QUEUES, &names::HARD) } else { (&names::QUEUES, &names::PLAIN) };
        floor::fill(&app, self.queues, self.agents, queues, people);
        agents::fill(&app, self.queues * self.agents, people, self.setting != Setting::BeforeSync);
        heat::fill(&app, self.rows);
        app.global::<Board>().set_part(self.part as i32);
        app.global::<Overview>().set_part(self.part as i32);
        app.global::<Agents>().set_part(self.part as i32);
        self.setup(&app);
        match self.setting {
            Setting::Plain | Setting::BeforeSync => {}
            Setting::Empty => empty(&app),
            Setting::Loading => {
                empty(&app);
                wall.set_loading(true);
            }
            Setting::Lost => floor::lose(&app),
            Setting::Names => {
                wall.set_site("Zentrale Kundenbetreuung Süd – مركز الاتصال".into());
                app.global::<Heatmap>().set_subject(names::HARD[3].into());
            }
        }
        if self.problems {
            wall.set_problems(app.global::<Setup>().get_problems());
        }
        app.show()?;
        Ok(app)
    }

    /// The set-up page in its own variants: everything missing, only the account, only problems, no web page, many problems,
    /// a long address.
    fn setup(&self, app: &AppWindow) {
        let setup = app.global::<Setup>();
        let mut problems: Vec<Problem> = slint::Model::iter(&setup.get_problems()).collect();
        let alone = self.page == Page::Setup && self.queues != 6;
        if self.page == Page::Setup && !alone {
            app.global::<Wall>().set_pages(model(vec![
                Page::Setup,
                Page::Overview,
                Page::Board,
                Page::Heatmap,
                Page::Agents,
            ]));
            problems.clear();
        }
        if alone {
            app.global::<Wall>().set_pages(model(vec![Page::Setup]));
            app.global::<Wall>().set_links(model(vec![]));
            app.global::<Wall>().set_stay(Stay::Off);
        }
        if self.queues == 12 {
            setup.set_code("".into());
        }
        match self.setting {
            Setting::Empty => setup.set_address("".into()),
            Setting::Lost => {
                let three = problems.clone();
                problems.extend(three.iter().cycle().take(9).cloned());
            }
            Setting::Names => {
                setup.set_address("https://[2001:db8:85a3:8d3:1319:8a2e:370:7348]:8443".into());
                setup.set_code_lasts("".into());
            }
            _ => {}
        }
        let code = qr::qr(&setup.get_address());
        setup.set_qr_modules(code.modules);
        setup.set_qr_path(code.path.into());
        setup.set_problems(model(problems));
    }
}

fn empty(app: &AppWindow) {
    app.global::<Overview>().set_queues(model(vec![]));
    app.global::<Board>().set_queues(model(vec![]));
    app.global::<Agents>().set_rows(model(vec![]));
    app.global::<Heatmap>().set_rows(model(vec![]));
}
