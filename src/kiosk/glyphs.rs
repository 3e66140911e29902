//! Letters for which there is no font. They would be drawn as nothing at all, and a card without a name looks broken: each
//! becomes a box, as elsewhere. The wall brings Inter; what else there is depends on the system's font folders.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use fontique::{Blob, CharmapIndex, Collection, CollectionOptions, SourceCache};

/// Stands for a letter without a font.
const BOX: char = '\u{25a1}';

thread_local! {
    /// Looked at when the first letter comes that Inter lacks.
    static FONTS: RefCell<Option<Fonts>> = const { RefCell::new(None) };
}

/// The system's fonts, one of each family, and what was asked of them.
struct Fonts {
    fonts: Vec<(Blob<u8>, CharmapIndex)>,
    known: HashMap<char, bool>,
}

impl Fonts {
    fn load() -> Self {
        let mut collection = Collection::new(CollectionOptions { shared: false, system_fonts: true });
        let mut cache = SourceCache::default();
        let names: Vec<String> = collection.family_names().map(str::to_owned).collect();
        let fonts = names.iter().filter_map(|name| {
            let family = collection.family_by_name(name)?;
            let font = family.default_font()?;
            Some((font.load(Some(&mut cache))?, font.charmap_index()))
        });
        Self { fonts: fonts.collect(), known: HashMap::new() }
    }

    fn have(&mut self, letter: char) -> bool {
        let fonts = &self.fonts;
        *self.known.entry(letter).or_insert_with(|| {
            let has = |(font, index): &(Blob<u8>, CharmapIndex)| {
                index.charmap(font.as_ref())?.map(letter).filter(|glyph| *glyph != 0)
            };
            fonts.iter().any(|font| has(font).is_some())
        })
    }
}

/// What Inter has for certain; see `ui/fonts/make.py`.
fn is_bundled(letter: char) -> bool {
    matches!(letter, '\n' | ' '..='\u{24f}' | '\u{2b0}'..='\u{52f}' | '\u{1e00}'..='\u{1eff}' | '\u{2000}'..='\u{20bf}' | BOX)
}

/// Pictographs and what joins them: there are only coloured fonts for them, and those are not drawn.
fn is_pictograph(letter: char) -> bool {
    matches!(letter, '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f000}'..='\u{1faff}' | '\u{e0000}'..='\u{e01ef}')
}

/// `text` as it can be drawn.
pub(super) fn drawable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_bundled) {
        return Cow::Borrowed(text);
    }
    FONTS.with_borrow_mut(|fonts| {
        let fonts = fonts.get_or_insert_with(Fonts::load);
        Cow::Owned(with(text, |letter| fonts.have(letter)))
    })
}

/// `text` with a box for each letter that is neither bundled nor had. Marks that stand on a letter go with it.
fn with(text: &str, mut have: impl FnMut(char) -> bool) -> String {
    let drawn: String = text
        .chars()
        .filter(|letter| !is_pictograph(*letter))
        .map(|letter| if is_bundled(letter) || have(letter) { letter } else { BOX })
        .collect();
    let drawn = drawn.trim();
    if drawn.is_empty() { BOX.to_string() } else { drawn.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_without_a_font_is_a_box_and_no_name_is_empty() {
        let nothing = |text| with(text, |_| false);
        assert_eq!(nothing("王小明"), "□□□");
        assert_eq!(nothing("Li 李 (Süd)"), "Li □ (Süd)");
        assert_eq!(nothing("👩\u{200d}💻 Zoë"), "Zoë");
        assert_eq!(nothing("✨🎉"), "□");
        assert_eq!(with("王小明", |_| true), "王小明");
    }

    #[test]
    fn what_is_bundled_asks_no_font() {
        assert!(matches!(drawable("Γιώργος Müller – Østergård, Анна"), Cow::Borrowed(_)));
    }

    #[test]
    fn an_invented_letter_has_no_font() {
        assert_eq!(drawable("A\u{e0f00}\u{10ffff}"), "A□□");
    }
}
