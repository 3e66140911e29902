//! Rows → CSV that no spreadsheet runs as a formula.

use std::io::{self, Write};

use serde_json::Value;

use super::columns::Column;

/// A value as text; an undefined figure is empty.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => fraction(number.as_f64().unwrap_or(0.0)),
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}

/// Up to six decimals, no trailing zeros.
fn fraction(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A cell. Text that a spreadsheet would run gets an apostrophe; a number is a number.
fn cell(value: &Value) -> String {
    let text = text(value);
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !value.is_number();
    if runs { format!("'{text}") } else { text }
}

/// Writes a header and lines.
pub(super) fn write(columns: &[Column], rows: &[Value], out: &mut (dyn Write + Send)) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(columns.iter().map(|column| column.name))?;
    for row in rows {
        writer.write_record(columns.iter().map(|column| cell(&row[column.name])))?;
    }
    writer.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_made_text() {
        for text in ["=1+1", "+49301", "-1", "@x", "\tx", "\rx"] {
            assert_eq!(cell(&Value::from(text)), format!("'{text}"));
        }
        assert_eq!(cell(&Value::from("Alice =1")), "Alice =1");
        assert_eq!(cell(&Value::from(-1)), "-1");
    }

    #[test]
    fn numbers_are_written_without_noise() {
        assert_eq!(fraction(1.0 / 3.0), "0.333333");
        assert_eq!(fraction(74.0), "74");
        assert_eq!(fraction(0.0), "0");
        assert_eq!(fraction(0.5), "0.5");
    }
}
