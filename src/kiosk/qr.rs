//! An address as a QR code: the outline of its dark modules, for a Slint `Path`.

use std::fmt::Write as _;

use fast_qr::{ECL, QRBuilder};

/// A code as a path.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Qr {
    /// Modules on a side, without the quiet zone.
    pub(super) modules: i32,
    /// SVG commands in modules; empty where the text is empty or too long for a code.
    pub(super) path: String,
}

/// The code of `text`, which corrects 15 % of errors: enough for a clean screen, and its modules stay large.
pub(super) fn qr(text: &str) -> Qr {
    if text.is_empty() {
        return Qr::default();
    }
    let Ok(code) = QRBuilder::new(text).ecl(ECL::M).build() else { return Qr::default() };
    let mut path = String::new();
    for y in 0..code.size {
        let mut x = 0;
        while x < code.size {
            let long = code[y][x..].iter().take_while(|module| module.value()).count();
            if long > 0 {
                // Writing to a string cannot fail.
                let _ = write!(path, "M{x} {y}h{long}v1h-{long}z");
            }
            x += long.max(1);
        }
    }
    Qr { modules: i32::try_from(code.size).unwrap_or(0), path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_begins_with_the_edge_of_its_finder_pattern() {
        let code = qr("https://192.168.10.42:8443");
        assert_eq!(code.modules, 25);
        assert!(code.path.starts_with("M0 0h7v1h-7z"), "{}", code.path);
        assert!(code.path.contains("M0 1h1v1h-1zM6 1h1v1h-1z"));
    }

    #[test]
    fn what_cannot_be_coded_is_left_out() {
        assert_eq!(qr(""), Qr::default());
        assert_eq!(qr(&"x".repeat(5000)), Qr::default());
    }
}
