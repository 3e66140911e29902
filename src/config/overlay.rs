//! What an operator set in the web page: plain text by key, kept in the store, winning over the file for the keys of
//! daily life only.

use super::report::Wrong;

/// The keys that may be set in the web page.
pub const DAILY: [&str; 7] = [
    "site.name",
    "wall.pages",
    "wall.rotate_every",
    "wall.theme",
    "history.service_level",
    "history.short_abandon",
    "history.wrap_up",
];

/// Values set in the web page, as text; a list is written with commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlay(Vec<(String, String)>);

impl Overlay {
    /// From pairs of key and value; of a key given twice the last counts.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(held, _)| held == key).map(|(_, value)| value.as_str())
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pairs as given.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether `key` may be set in the web page.
    pub fn takes(key: &str) -> bool {
        DAILY.contains(&key)
    }
}

/// The warning for a key that only the file may set.
pub(super) fn not_daily(key: &str) -> Wrong {
    Wrong::new(
        format!("\"{key}\" cannot be set in the web page and is ignored there."),
        format!("Write it into the file. The page sets {}.", DAILY.join(", ")),
    )
}
