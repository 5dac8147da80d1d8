//! All values by key, each with where it came from: layers are put on top of each other here, before
//! any of it is given a meaning.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::config::error::{Origin, Problem};

/// Values by `section.key`. The keys are those of the defaults; no layer can add one.
#[derive(Debug)]
pub(super) struct Keys {
    values: BTreeMap<String, (Value, Origin)>,
    pub(super) problems: Vec<Problem>,
}

impl Keys {
    pub(super) fn from_defaults(table: &Table) -> Self {
        let mut values = BTreeMap::new();
        for (section, keys) in table {
            for (key, value) in keys.as_table().into_iter().flatten() {
                values.insert(format!("{section}.{key}"), (value.clone(), Origin::Default));
            }
        }
        Self { values, problems: Vec::new() }
    }

    /// Puts a whole file on top.
    pub(super) fn lay_table(&mut self, table: &Table, origin: &Origin) {
        for (section, keys) in table {
            match keys {
                Value::Table(keys) => {
                    for (key, value) in keys {
                        self.lay(&format!("{section}.{key}"), value.clone(), origin);
                    }
                }
                _ => self.report(section, origin, format!("expected a section, as in `[{section}]`")),
            }
        }
    }

    /// Puts one string on top, read as what the default is: how the environment and flags speak.
    pub(super) fn lay_str(&mut self, key: &str, raw: &str, origin: &Origin) {
        let value = match self.values.get(key).map(|(value, _)| value) {
            Some(Value::Integer(_)) => raw.trim().parse().map(Value::Integer).ok(),
            Some(Value::Float(_)) => raw.trim().parse().map(Value::Float).ok(),
            Some(Value::Boolean(_)) => raw.trim().parse().map(Value::Boolean).ok(),
            _ => None,
        };
        // What does not parse goes on as a string, and is refused for its type.
        self.lay(key, value.unwrap_or_else(|| Value::String(raw.to_owned())), origin);
    }

    fn lay(&mut self, key: &str, value: Value, origin: &Origin) {
        let Some((known, _)) = self.values.get(key) else {
            let reason = self.unknown(key);
            return self.report(key, origin, reason);
        };
        if known.same_type(&value) {
            self.values.insert(key.to_owned(), (value, origin.clone()));
        } else {
            let reason = format!("expected {}, got {}", kind(known), kind(&value));
            self.report(key, origin, reason);
        }
    }

    fn unknown(&self, key: &str) -> String {
        let section = key.split('.').next().unwrap_or(key);
        let same: Vec<&str> =
            self.values.keys().filter_map(|known| known.strip_prefix(section)?.strip_prefix('.')).collect();
        if same.is_empty() {
            let mut sections: Vec<&str> = self.values.keys().filter_map(|k| k.split('.').next()).collect();
            sections.dedup();
            format!("there is no such section; the sections are {}", sections.join(", "))
        } else {
            format!("there is no such key; the keys of [{section}] are {}", same.join(", "))
        }
    }

    pub(super) fn report(&mut self, key: &str, origin: &Origin, reason: String) {
        self.problems.push(Problem { key: key.to_owned(), origin: origin.clone(), reason });
    }

    /// The value and where it came from.
    pub(super) fn get(&self, key: &str) -> (Value, Origin) {
        self.values.get(key).cloned().expect("only keys of default.toml are asked for, which a test checks")
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number with a point",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a time",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    }
}
