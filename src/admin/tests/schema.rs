//! The part of JSON Schema that our description uses. Stricter than the standard: what an object has and the schema does
//! not name is wrong, and so is a keyword that is not known here.

use serde_json::{Map, Value};

/// What is wrong with `value`, each with its place; empty when it fits.
pub(super) fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(document, schema, value, "$", &mut faults);
    faults
}

fn check(document: &Value, schema: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
    let empty = Map::new();
    let words = schema.as_object().unwrap_or(&empty);
    for (word, rule) in words {
        let fits = match word.as_str() {
            "description" => true,
            "$ref" => {
                let pointer = rule.as_str().expect("a reference").trim_start_matches('#');
                let target = document.pointer(pointer).unwrap_or_else(|| panic!("{pointer} leads nowhere"));
                check(document, target, value, place, faults);
                true
            }
            "type" => is_of(rule, value),
            "enum" => rule.as_array().expect("a list").contains(value),
            "format" => value.as_str().is_none_or(|text| is_like(rule, text)),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().expect("a number")),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().expect("a number")),
            "oneOf" => {
                let list = rule.as_array().expect("a list");
                list.iter().filter(|one| self::faults(document, one, value).is_empty()).count() == 1
            }
            "items" => {
                for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(document, rule, item, &format!("{place}[{at}]"), faults);
                }
                true
            }
            "required" => {
                let names = rule.as_array().expect("a list").iter().filter_map(Value::as_str);
                for name in names.filter(|name| value.get(name).is_none()) {
                    faults.push(format!("{place}.{name} is missing"));
                }
                true
            }
            "properties" => {
                for (name, part) in value.as_object().into_iter().flatten() {
                    let place = format!("{place}.{name}");
                    match rule.get(name) {
                        Some(rule) => check(document, rule, part, &place, faults),
                        None => faults.push(format!("{place} is not described")),
                    }
                }
                true
            }
            "additionalProperties" => {
                for (name, part) in value.as_object().into_iter().flatten() {
                    check(document, rule, part, &format!("{place}.{name}"), faults);
                }
                true
            }
            other => panic!("{other} is a keyword that nobody checks"),
        };
        if !fits {
            faults.push(format!("{place} is {value}, against {word} {rule}"));
        }
    }
}

fn is_of(rule: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    };
    match rule {
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        name => is(name.as_str().expect("a type")),
    }
}

fn is_like(rule: &Value, text: &str) -> bool {
    match rule.as_str() {
        Some("date-time") => text.parse::<jiff::Timestamp>().is_ok(),
        Some("date") => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
        Some("binary") => true,
        other => panic!("{other:?} is no format"),
    }
}
