//! What a hand or a keyboard does to a wall in memory, as Slint takes it.

use slint::platform::{Key, PointerEventButton, WindowEvent};
use slint::{LogicalPosition, SharedString};

/// One thing done. Points are pixels of the picture, as it was before it was turned.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A finger or the mouse's button goes down.
    Press {
        /// From the left.
        x: f32,
        /// From the top.
        y: f32,
    },
    /// It moves while down.
    Move {
        /// From the left.
        x: f32,
        /// From the top.
        y: f32,
    },
    /// It goes up.
    Release {
        /// From the left.
        x: f32,
        /// From the top.
        y: f32,
    },
    /// It is gone without having gone up: nothing was touched.
    Leave,
    /// A key, by the name that browsers give it: `ArrowLeft`, `Enter`, `7`. Unknown names do nothing.
    Key(String),
}

/// The window's events of one input.
pub(super) fn events(input: &Input) -> Vec<WindowEvent> {
    let button = PointerEventButton::Left;
    let at = |x: f32, y: f32| LogicalPosition::new(x, y);
    match input {
        Input::Press { x, y } => {
            let position = at(*x, *y);
            vec![WindowEvent::PointerMoved { position }, WindowEvent::PointerPressed { position, button }]
        }
        Input::Move { x, y } => vec![WindowEvent::PointerMoved { position: at(*x, *y) }],
        // A finger that is up hovers nowhere.
        Input::Release { x, y } => {
            vec![WindowEvent::PointerReleased { position: at(*x, *y), button }, WindowEvent::PointerExited]
        }
        Input::Leave => vec![WindowEvent::PointerExited],
        Input::Key(name) => match key(name) {
            Some(text) => {
                vec![WindowEvent::KeyPressed { text: text.clone() }, WindowEvent::KeyReleased { text }]
            }
            None => Vec::new(),
        },
    }
}

fn key(name: &str) -> Option<SharedString> {
    let key = match name {
        "ArrowLeft" => Key::LeftArrow,
        "ArrowRight" => Key::RightArrow,
        "ArrowUp" => Key::UpArrow,
        "ArrowDown" => Key::DownArrow,
        "Enter" => Key::Return,
        "Escape" => Key::Escape,
        "Backspace" => Key::Backspace,
        "Home" => Key::Home,
        "End" => Key::End,
        "PageUp" => Key::PageUp,
        "PageDown" => Key::PageDown,
        name => {
            let mut letters = name.chars();
            let plain = letters.next().filter(|letter| letter.is_ascii_graphic() || *letter == ' ');
            return plain
                .filter(|_| letters.next().is_none())
                .map(|letter| SharedString::from(letter.to_string()));
        }
    };
    Some(key.into())
}
