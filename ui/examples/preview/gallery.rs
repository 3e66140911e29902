//! Every page in both themes, at every size, empty to full; with an index to look through them.
use crate::draw;
use crate::scene::{Scene, Setting, page};
use slint::ComponentHandle;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

const PAGES: [&str; 5] = ["overview", "board", "heatmap", "agents", "setup"];
const SIZES: [(u32, u32); 5] = [(800, 480), (1280, 720), (1920, 1080), (3840, 2160), (1080, 1920)];
/// Name, queues, agents in each, rows of the heatmap, and what is special.
const FLOORS: [(&str, usize, usize, usize, Setting); 6] = [
    ("6", 2, 3, 14, Setting::Plain),
    ("60", 6, 10, 14, Setting::Plain),
    ("300", 12, 25, 60, Setting::Plain),
    ("empty", 2, 3, 14, Setting::Empty),
    ("lost", 5, 6, 14, Setting::Lost),
    ("names", 4, 6, 14, Setting::Names),
];

/// Draws them into `folder`; `only` keeps those whose name contains it.
pub fn draw_all(folder: &Path, only: Option<&str>) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let window = draw::window();
    let mut index = String::from(HEAD);
    for name in PAGES {
        for (floor, queues, agents, rows, setting) in FLOORS {
            let _ = write!(index, "<h2>{name}, {floor}</h2>\n<div>\n");
            for (width, height) in SIZES {
                for light in [false, true] {
                    let theme = if light { "light" } else { "dark" };
                    let file = format!("{name}-{floor}-{width}x{height}-{theme}.png");
                    let _ = writeln!(
                        index,
                        "<a href=\"{file}\"><img loading=\"lazy\" src=\"{file}\" title=\"{file}\"></a>"
                    );
                    if only.is_some_and(|part| !file.contains(part)) {
                        continue;
                    }
                    let held = floor == "300";
                    let scene = Scene {
                        page: page(name),
                        light,
                        queues,
                        agents,
                        rows,
                        part: 0,
                        held,
                        problems: false,
                        setting,
                    };
                    let app = scene.arrange()?;
                    let pixels = draw::render(&window, width, height);
                    app.hide()?;
                    draw::save(&folder.join(file), width, height, &pixels)?;
                }
            }
            index.push_str("</div>\n");
        }
    }
    std::fs::write(folder.join("index.html"), index)?;
    Ok(())
}

const HEAD: &str = "<!doctype html>
<html lang=\"en\"><meta charset=\"utf-8\"><title>The wall's pages</title>
<style>body{background:#222;color:#eee;font:16px sans-serif}img{width:31%;margin:.3%;vertical-align:top;border:1px solid #555}</style>
<h1>The wall's pages</h1>
";
