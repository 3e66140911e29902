//! Foreign text made fit to be shown: names come from callers and from other people's databases.

use unicode_segmentation::UnicodeSegmentation;

/// `text` without control characters and without marks that turn the direction of what follows, cut to `most` letters
/// (as people count them) with an ellipsis.
pub fn shown(text: &str, most: usize) -> String {
    let kept: String = text
        .chars()
        .filter_map(|letter| match letter {
            '\t' | '\n' | '\r' => Some(' '),
            letter if letter.is_control() => None,
            // Directional marks, embeddings, overrides and isolates; the display isolates each name itself.
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
            // Line and paragraph separators, and the marks that only invisible tricks need.
            '\u{2028}' | '\u{2029}' => Some(' '),
            '\u{feff}' | '\u{fff9}'..='\u{fffb}' => None,
            letter => Some(letter),
        })
        .collect();
    let kept = kept.trim();
    let mut letters = kept.grapheme_indices(true);
    match letters.nth(most) {
        Some((at, _)) => {
            let cut = kept[..at].graphemes(true).next_back().map_or(at, |last| at - last.len());
            format!("{}…", &kept[..cut])
        }
        None => kept.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn tricks_are_taken_out_and_length_is_counted_in_letters() {
        assert_eq!(shown("Anna\r\nAction: x\u{0}", 40), "Anna  Action: x");
        assert_eq!(shown("\u{202e}evil\u{2066}", 40), "evil");
        assert_eq!(shown("  Müller ", 40), "Müller");
        assert_eq!(shown("👩‍👩‍👧a👩‍👩‍👧b", 4), "👩‍👩‍👧a👩‍👩‍👧b");
        assert_eq!(shown("abcdef", 4), "abc…");
        assert_eq!(shown("مرحبا", 10), "مرحبا");
    }
}
