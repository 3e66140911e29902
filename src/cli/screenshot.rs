//! `asterflow screenshot`: one page of the wall as a PNG file.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::Arguments;

/// What to draw.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    asterflow screenshot --page board --size 1920x1080 --out board.png\n  \
    asterflow screenshot --page heatmap --size 1080x1920 --theme light --offline --out heatmap.png")]
pub struct ScreenshotArguments {
    /// Which page.
    #[arg(long, value_enum)]
    pub page: PageName,
    /// Width and height of the screen in pixels.
    #[arg(long, value_name = "WxH", value_parser = size, default_value = "1920x1080")]
    pub size: (u32, u32),
    /// Colours.
    #[arg(long, value_enum, default_value_t = ThemeName::Dark)]
    pub theme: ThemeName,
    /// How the screen hangs: turned clockwise by so many degrees.
    #[arg(long, value_name = "DEGREES", default_value_t = 0, value_parser = clap::builder::PossibleValuesParser::new(["0", "90", "180", "270"]).map(|text| text.parse::<u16>().unwrap_or(0)))]
    pub rotate: u16,
    /// Only what is stored; no connection to the PBX.
    #[arg(long)]
    pub offline: bool,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// A page by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PageName {
    /// Every queue's figures.
    Overview,
    /// Members and callers of each queue.
    Board,
    /// Talk and calls by hour and date.
    Heatmap,
    /// What the calls of today came to for each agent.
    Agents,
    /// What is shown while nothing is configured.
    Setup,
}

/// Colours by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ThemeName {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
}

use clap::builder::TypedValueParser as _;

fn size(text: &str) -> Result<(u32, u32), String> {
    let parts = text.split_once('x').map(|(width, height)| (width.parse().ok(), height.parse().ok()));
    match parts {
        Some((Some(width @ 240..=7680), Some(height @ 240..=7680))) => Ok((width, height)),
        _ => Err("write it as 1920x1080, each between 240 and 7680".to_owned()),
    }
}

/// Draws the page and writes the file.
#[cfg(feature = "kiosk")]
pub(super) fn run(arguments: &Arguments, options: &ScreenshotArguments) -> Result<ExitCode> {
    let png = super::runtime()?.block_on(crate::daemon::shot::draw(arguments, options))?;
    std::fs::write(&options.out, png)
        .map_err(|error| anyhow::anyhow!("{} cannot be written: {error}", options.out.display()))?;
    super::say(&format!("{} is written.", options.out.display()));
    Ok(ExitCode::SUCCESS)
}

/// Says that this program has no wall.
#[cfg(not(feature = "kiosk"))]
pub(super) fn run(_: &Arguments, _: &ScreenshotArguments) -> Result<ExitCode> {
    anyhow::bail!("this program was built without the wall; build it with the feature `kiosk`")
}
