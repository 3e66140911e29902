//! What must be read has contrast enough on every ground it stands on, in both themes: 4.5, as WCAG asks of type (AA).
#![allow(missing_docs, clippy::unwrap_used)]

use asterflow_ui::{AppWindow, Theme};
use slint::{Brush, Color, ComponentHandle, RgbaColor};

type Colour = (f32, f32, f32);

fn over(top: Color, ground: Colour) -> Colour {
    let top: RgbaColor<f32> = top.into();
    let mix = |part: f32, below: f32| part * top.alpha + below * (1.0 - top.alpha);
    (mix(top.red, ground.0), mix(top.green, ground.1), mix(top.blue, ground.2))
}

fn luminance(colour: Colour) -> f32 {
    let linear = |part: f32| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
    0.2126 * linear(colour.0) + 0.7152 * linear(colour.1) + 0.0722 * linear(colour.2)
}

fn contrast(a: Colour, b: Colour) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The stops of the wall's ground: bare, with a plate on it, and with a section of the board on it.
struct Grounds {
    all: Vec<Colour>,
    chosen: Vec<Colour>,
}

fn grounds(theme: &Theme<'_>, light: bool) -> Grounds {
    let Brush::LinearGradient(gradient) = theme.get_background() else { panic!("the ground is a gradient") };
    let bare: Vec<Colour> = gradient.stops().map(|stop| over(stop.color, (0.0, 0.0, 0.0))).collect();
    let section =
        if light { Color::from_argb_u8(0x90, 255, 255, 255) } else { Color::from_argb_u8(10, 255, 255, 255) };
    let with = |plate: Color| bare.iter().map(move |ground| over(plate, *ground)).collect::<Vec<_>>();
    let all = [bare.clone(), with(theme.get_card()), with(section)].concat();
    let chosen = all.iter().map(|ground| over(theme.get_accent().with_alpha(0.26), *ground)).collect();
    Grounds { all, chosen }
}

#[test]
fn type_and_shapes_stand_out_in_both_themes() {
    i_slint_backend_testing::init_no_event_loop();
    let app = AppWindow::new().unwrap();
    let mut poor = Vec::new();
    for light in [false, true] {
        let theme = app.global::<Theme>();
        theme.set_light(light);
        let grounds = grounds(&theme, light);
        let mut check = |what: &str, colour: Color, ground: Colour| {
            let own = contrast(over(colour, ground), ground);
            if own < 4.5 {
                poor.push(format!("{what}, light {light}: {own:.2}"));
            }
        };
        let (faint, soft) = (theme.get_ink_faint(), theme.get_ink_soft());
        // Of these, what is on a plate tinted with its own colour, and how strongly.
        let (tint, strong) = (theme.get_tint(), theme.get_tint_strong());
        let states = [
            ("online", theme.get_online(), tint),
            ("busy", theme.get_busy(), tint),
            ("ringing", theme.get_ringing(), strong),
            ("paused", theme.get_paused(), tint),
            ("offline", theme.get_offline(), 0.0),
            ("warn", theme.get_warn(), 0.0),
            ("alarm", theme.get_alarm(), strong),
            ("accent", theme.get_accent(), 0.0),
        ];
        for ground in &grounds.all {
            check("ink", theme.get_ink(), *ground);
            check("ink-soft", soft, *ground);
            check("ink-faint", faint, *ground);
            for (name, colour, tint) in states {
                check(name, colour, *ground);
                let plate = over(colour.with_alpha(tint), *ground);
                check(&format!("{name} on its own plate"), colour, plate);
                check(&format!("explanation on {name}"), soft, plate);
            }
        }
        for ground in &grounds.chosen {
            check("ink on what is chosen", theme.get_ink(), *ground);
        }
    }
    poor.sort();
    poor.dedup();
    assert!(poor.is_empty(), "too little contrast: {poor:#?}");
}
