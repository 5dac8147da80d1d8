//! From a row's fields to targets: the compiled form of a source's `where`, `set` and `labels`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::data::error::Error;
use crate::data::example::Targets;
use crate::data::source::{Condition, Source, Value};
use crate::data::table::{Row, Table};
use crate::domain::taxonomy::{Category, Context};

/// What one rule does to targets.
#[derive(Debug, Default, Clone)]
pub(super) struct Change {
    categories: Vec<(Category, Option<bool>)>,
    /// Outside: whether the rule speaks of it.
    #[expect(clippy::option_option, reason = "not said and said to be unknown are two things")]
    extremism: Option<Option<bool>>,
    context: Option<Context>,
}

impl Change {
    /// # Errors
    /// A sentence naming the key or value that means nothing here.
    pub(super) fn parse(set: &BTreeMap<String, Value>, context: Option<&str>) -> Result<Self, String> {
        let mut change = Self::default();
        for (key, value) in set {
            let value = match value {
                Value::Number(0) => Some(false),
                Value::Number(1) => Some(true),
                Value::Word(word) if word == "unknown" => None,
                other => return Err(format!("`{key}` is set to {other:?}; use 1, 0 or \"unknown\"")),
            };
            if key == "extremism" {
                change.extremism = Some(value);
            } else {
                let category = key.parse::<Category>().map_err(|e| format!("{e}, and extremism"))?;
                change.categories.push((category, value));
            }
        }
        change.context = context.map(str::parse::<Context>).transpose().map_err(|e| e.to_string())?;
        Ok(change)
    }

    pub(super) fn apply(&self, targets: &mut Targets) {
        for (category, value) in &self.categories {
            targets.categories[category.index()] = *value;
        }
        if let Some(extremism) = self.extremism {
            targets.extremism = extremism;
        }
        if self.context.is_some() {
            targets.context = self.context;
        }
    }
}

#[derive(Debug)]
struct Test {
    column: usize,
    condition: Condition,
}

impl Test {
    fn holds(&self, row: &Row) -> bool {
        self.condition.is_met(row.fields[self.column].as_deref())
    }
}

/// A source's rules, with columns looked up.
#[derive(Debug)]
pub(super) struct Rules {
    conditions: Vec<Test>,
    base: Change,
    labels: Vec<(Test, Change)>,
}

impl Rules {
    pub(super) fn compile(source: &Source, table: &Table, path: &Path) -> Result<Self, Error> {
        let problem = |problem: String| Error::Source { name: source.name.clone(), problem };
        let test = |condition: Condition| -> Result<Test, Error> {
            Ok(Test { column: table.column(path, &condition.column)?, condition })
        };
        let conditions = source.conditions.iter().cloned().map(test).collect::<Result<_, _>>()?;
        let base = Change::parse(&source.set, source.context.as_deref()).map_err(problem)?;
        let mut labels = Vec::new();
        for rule in &source.labels {
            let change = Change::parse(&rule.set, rule.context.as_deref()).map_err(problem)?;
            labels.push((test(rule.condition())?, change));
        }
        Ok(Self { conditions, base, labels })
    }

    pub(super) fn keeps(&self, row: &Row) -> bool {
        self.conditions.iter().all(|test| test.holds(row))
    }

    pub(super) fn targets(&self, row: &Row) -> Targets {
        let mut targets = Targets::default();
        self.base.apply(&mut targets);
        for (test, change) in &self.labels {
            if test.holds(row) {
                change.apply(&mut targets);
            }
        }
        targets
    }
}
