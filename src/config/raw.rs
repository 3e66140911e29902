//! The file as written: a walk over its TOML tables that takes one key after the other and reports everything that it
//! does not like: wrong types, unknown keys, values that a reader refuses. It knows no key by itself.

use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::overlay::Overlay;
use super::report::{Report, Source, Wrong};

/// One table of the file, or the hole where it would be.
pub(super) struct Section<'a> {
    pub(super) report: &'a Report<'a>,
    table: Option<&'a DeTable<'a>>,
    path: String,
    line: Option<usize>,
    taken: RefCell<Vec<&'static str>>,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn root(report: &'a Report<'a>, table: &'a DeTable<'a>) -> Self {
        Self { report, table: Some(table), path: String::new(), line: None, taken: RefCell::default() }
    }

    /// Whether the file has this table.
    pub(super) fn present(&self) -> bool {
        self.table.is_some()
    }

    /// The line of its header.
    pub(super) fn line(&self) -> Option<usize> {
        self.line
    }

    /// The full name of `key` here.
    pub(super) fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The table of this name; a hole where there is none.
    pub(super) fn table(&self, key: &'static str) -> Section<'a> {
        let mut inner = self.hole(self.key(key));
        if let Some(value) = self.take(key) {
            match value.get_ref() {
                DeValue::Table(table) => {
                    inner.table = Some(table);
                    inner.line = Some(self.report.line(&value.span()));
                }
                other => self.wrong_type(key, value, other, &format!("a table: [{}]", self.key(key))),
            }
        }
        inner
    }

    /// The tables of an array of this name, `[[key]]`.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Section<'a>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let expected = format!("a list of tables: [[{}]]", self.key(key));
        let DeValue::Array(array) = value.get_ref() else {
            self.wrong_type(key, value, value.get_ref(), &expected);
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (index, element) in array.iter().enumerate() {
            if let DeValue::Table(table) = element.get_ref() {
                let mut inner = self.hole(format!("{}[{index}]", self.key(key)));
                inner.table = Some(table);
                inner.line = Some(self.report.line(&element.span()));
                sections.push(inner);
            } else {
                self.wrong_type(key, element, element.get_ref(), &expected);
            }
        }
        sections
    }

    /// A text value that `parse` accepts. The web page wins, then the file, then `default`.
    pub(super) fn text<T>(
        &self,
        key: &'static str,
        default: Option<&str>,
        parse: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let text = |value: &DeValue<'_>| match value {
            DeValue::String(text) => Some(text.to_string()),
            _ => None,
        };
        self.scalar(key, default, "text in quotes", text, parse)
    }

    /// As [`Self::text`]; a whole number may stand without quotes.
    pub(super) fn figure<T>(
        &self,
        key: &'static str,
        default: Option<&str>,
        parse: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let text = |value: &DeValue<'_>| match value {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) => Some(number.to_string()),
            _ => None,
        };
        self.scalar(key, default, "a whole number, or text in quotes", text, parse)
    }

    fn scalar<T>(
        &self,
        key: &'static str,
        default: Option<&str>,
        expected: &str,
        text: impl Fn(&DeValue<'_>) -> Option<String>,
        parse: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let name = self.key(key);
        let written = self.take(key);
        if let Some(value) = self.page(&name, &parse) {
            return Some(value);
        }
        if let Some(value) = written {
            let Some(text) = text(value.get_ref()) else {
                self.wrong_type(key, value, value.get_ref(), expected);
                return None;
            };
            let line = self.report.line(&value.span());
            return match parse(&text) {
                Ok(parsed) => {
                    self.report.origin(&name, text, Source::File { line });
                    Some(parsed)
                }
                Err(wrong) => {
                    self.report.error(&name, Some(line), wrong);
                    None
                }
            };
        }
        let parsed = default.and_then(|text| parse(text).ok());
        if let (Some(text), Some(_)) = (default, &parsed) {
            self.report.origin(&name, text, Source::Default);
        }
        parsed
    }

    /// Whether the file has the word "off" where a table may stand.
    pub(super) fn is_off(&self, key: &'static str) -> bool {
        let Some(value) = self.table.and_then(|table| table.get(key)) else { return false };
        let off = matches!(value.get_ref(), DeValue::String(text) if text == "off");
        if off {
            self.take(key);
            self.report.origin(&self.key(key), "off", Source::File { line: self.report.line(&value.span()) });
        }
        off
    }

    /// As [`Self::text`], but an error with `cure` where nobody set it.
    pub(super) fn required<T>(
        &self,
        key: &'static str,
        cure: &str,
        parse: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        if self.present() && !self.has(key) {
            self.take(key);
            let wrong = Wrong::new(format!("\"{key}\" is missing."), cure);
            self.report.error(&self.key(key), self.line, wrong);
            return None;
        }
        self.text(key, None, parse)
    }

    /// A list of text values that `parse` accepts one by one. `None` where it is missing or any was refused.
    pub(super) fn list<T>(
        &self,
        key: &'static str,
        default: Option<&[&str]>,
        parse: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Option<Vec<T>> {
        let name = self.key(key);
        let written = self.take(key);
        let whole = |text: &str| split(text).map(&parse).collect::<Result<Vec<T>, Wrong>>();
        if let Some(values) = self.page(&name, whole) {
            return Some(values);
        }
        if let Some(value) = written {
            return self.list_of_file(key, value, &parse);
        }
        let texts = default?;
        self.report.origin(&name, texts.join(", "), Source::Default);
        texts.iter().map(|text| parse(text).ok()).collect()
    }

    fn list_of_file<T>(
        &self,
        key: &'static str,
        value: &Spanned<DeValue<'_>>,
        parse: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Option<Vec<T>> {
        let DeValue::Array(array) = value.get_ref() else {
            self.wrong_type(key, value, value.get_ref(), "a list of texts: [\"…\", \"…\"]");
            return None;
        };
        let mut values = Vec::new();
        let mut shown = Vec::new();
        for (index, element) in array.iter().enumerate() {
            let DeValue::String(text) = element.get_ref() else {
                self.wrong_type(key, element, element.get_ref(), "a list of texts in quotes");
                continue;
            };
            match parse(text) {
                Ok(parsed) => values.push(parsed),
                Err(wrong) => {
                    let line = self.report.line(&element.span());
                    self.report.error(&format!("{}[{index}]", self.key(key)), Some(line), wrong);
                }
            }
            shown.push(text.as_ref());
        }
        self.report.origin(
            &self.key(key),
            shown.join(", "),
            Source::File { line: self.report.line(&value.span()) },
        );
        (values.len() == array.len()).then_some(values)
    }

    /// Whether the file or the web page sets `key`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
            || self.report.overlay.get(&self.key(key)).is_some_and(|_| Overlay::takes(&self.key(key)))
    }

    /// The line of `key` in the file.
    pub(super) fn line_of(&self, key: &str) -> Option<usize> {
        self.table?.get(key).map(|value| self.report.line(&value.span())).or(self.line)
    }

    /// Takes a key that must not be there at all, whatever its type; its value is not looked at.
    pub(super) fn forbid(&self, key: &'static str, wrong: impl FnOnce() -> Wrong) {
        if let Some(value) = self.take(key) {
            self.report.error(&self.key(key), Some(self.report.line(&value.span())), wrong());
        }
    }

    /// Reports every key that nobody took.
    pub(super) fn finish(self) {
        let Some(table) = self.table else { return };
        let taken = self.taken.into_inner();
        for key in table.keys().filter(|key| !taken.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref();
            let near = crate::domain::suggest::nearest(name, taken.iter().copied());
            let cure = match near {
                Some(known) => format!("Did you mean \"{known}\"?"),
                None => format!("Remove it. Known here: {}.", taken.join(", ")),
            };
            let path = if self.path.is_empty() { name.to_string() } else { format!("{}.{name}", self.path) };
            let line = self.report.line(&key.span());
            self.report.error(&path, Some(line), Wrong::new(format!("\"{name}\" is no known key."), cure));
        }
    }

    fn hole(&self, path: String) -> Section<'a> {
        Section { report: self.report, table: None, path, line: None, taken: RefCell::default() }
    }

    fn take(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        let mut taken = self.taken.borrow_mut();
        if !taken.contains(&key) {
            taken.push(key);
        }
        self.table?.get(key)
    }

    /// A value of the web page that is refused is a warning: the file's stands in.
    fn page<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T, Wrong>) -> Option<T> {
        let text = self.report.overlay.get(name).filter(|_| Overlay::takes(name))?;
        match parse(text) {
            Ok(parsed) => {
                self.report.origin(name, text, Source::Page);
                Some(parsed)
            }
            Err(wrong) if self.report.trial => {
                self.report.error(name, None, wrong);
                None
            }
            Err(Wrong { sentence, cure }) => {
                let sentence = format!("As set in the web page: {sentence} The file's value is used.");
                self.report.warning(name, None, Wrong { sentence, cure });
                None
            }
        }
    }

    fn wrong_type(&self, key: &str, at: &Spanned<DeValue<'_>>, found: &DeValue<'_>, expected: &str) {
        let sentence = format!("\"{key}\" holds {}.", kind(found));
        let line = self.report.line(&at.span());
        self.report.error(
            &self.key(key),
            Some(line),
            Wrong::new(sentence, format!("It must be {expected}.")),
        );
    }
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
