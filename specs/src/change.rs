//! What a new version of a spec would change, field by field.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Spec;

/// One changed field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Dotted path, for example `file.kb_max` or `bands.face_width.px.min`.
    pub field: String,
    /// Value now, if any.
    pub before: Option<String>,
    /// Value after, if any.
    pub after: Option<String>,
}

/// Fields of `new` that differ from `old`, sorted by path; every field when there is no old version.
pub fn changes(old: Option<&Spec>, new: &Spec) -> Vec<Change> {
    let before = old.map(|spec| flatten(spec.text())).unwrap_or_default();
    let after = flatten(new.text());
    let mut fields: Vec<&String> = before.keys().chain(after.keys()).collect();
    fields.sort();
    fields.dedup();
    fields
        .into_iter()
        .filter(|field| before.get(*field) != after.get(*field))
        .map(|field| Change { field: field.clone(), before: before.get(field).cloned(), after: after.get(field).cloned() })
        .collect()
}

fn flatten(text: &str) -> BTreeMap<String, String> {
    let table: toml::Table = toml::from_str(text).expect("the text of a checked spec is TOML");
    let mut fields = BTreeMap::new();
    for (key, value) in &table {
        walk(key.clone(), value, &mut fields);
    }
    fields
}

fn walk(path: String, value: &toml::Value, fields: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                walk(format!("{path}.{key}"), value, fields);
            }
        }
        toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
            for (index, item) in items.iter().enumerate() {
                walk(format!("{path}.{}", item_name(item, index)), item, fields);
            }
        }
        toml::Value::String(text) => {
            fields.insert(path, text.clone());
        }
        other => {
            fields.insert(path, other.to_string());
        }
    }
}

/// A band is named by what it bounds, so that inserting one does not make all later ones look changed.
fn item_name(item: &toml::Value, index: usize) -> String {
    let word = |key: &str| item.get(key).and_then(toml::Value::as_str);
    match (word("measure"), word("unit")) {
        (Some(measure), Some(unit)) => format!("{measure}.{unit}"),
        _ => index.to_string(),
    }
}
