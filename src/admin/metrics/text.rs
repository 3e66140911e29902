//! The text format of Prometheus: families with help and type, samples with labels, escaped as it wants them.

use std::fmt::Write as _;

/// A number of a sample.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    /// Whole.
    Whole(i128),
    /// Broken.
    Broken(f64),
}

macro_rules! whole {
    ($($type:ty),+) => {
        $(impl From<$type> for Value {
            fn from(number: $type) -> Self {
                Self::Whole(i128::try_from(number).unwrap_or(i128::MAX))
            }
        })+
    };
}

whole!(u8, u32, i32, u64, i64, usize);

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Broken(number)
    }
}

/// The page as it grows.
#[derive(Default)]
pub(super) struct Page {
    text: String,
}

/// A family whose samples may follow.
pub(super) struct Family<'p> {
    page: &'p mut Page,
    name: &'p str,
}

impl Page {
    /// A number that goes up and down.
    pub(super) fn gauge<'p>(&'p mut self, name: &'p str, help: &str) -> Family<'p> {
        self.family(name, "gauge", help)
    }

    /// A number that only grows, until the program starts anew. Its name ends in `_total`.
    pub(super) fn counter<'p>(&'p mut self, name: &'p str, help: &str) -> Family<'p> {
        self.family(name, "counter", help)
    }

    fn family<'p>(&'p mut self, name: &'p str, kind: &str, help: &str) -> Family<'p> {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { page: self, name }
    }

    /// What was written.
    pub(super) fn text(self) -> String {
        self.text
    }
}

impl Family<'_> {
    /// One sample.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: impl Into<Value>) {
        let labels: Vec<String> =
            labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = match value.into() {
            Value::Whole(number) => writeln!(self.page.text, "{}{labels} {number}", self.name),
            Value::Broken(number) => writeln!(self.page.text, "{}{labels} {number}", self.name),
        };
    }
}

/// A label's value: backslash, quote and line feed have escapes; other control characters have none.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}
