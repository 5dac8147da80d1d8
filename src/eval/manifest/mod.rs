//! `eval/benchmarks/NAME.toml`: what is measured, on which bytes, and what may be said about it.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::data::example::Example;
use crate::data::source::Source;
use crate::domain::taxonomy::Category;
use crate::eval::error::Error;

/// One benchmark, as its file describes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BenchmarkManifest {
    /// Lower-case letters, digits and `_`; names the prediction file and the section of the report.
    pub name: String,
    /// For people: the heading in the report.
    pub title: String,
    /// Raised whenever a change of this file can change a number.
    pub version: u32,
    pub kind: Kind,
    /// What the benchmark measures, in a sentence or two.
    pub measures: String,
    /// What it means, here, that a text is flagged.
    pub flag_means: String,
    /// Which labels the metrics are about: `extremism` or the id of a category. Empty for panels.
    #[serde(default)]
    pub targets: Vec<Target>,
    pub upstream: Upstream,
    /// How to cite the data.
    pub citation: String,
    /// What a reader must know before quoting the numbers.
    #[serde(default)]
    pub notes: Vec<String>,
    /// For panels: the highest share of flagged texts that the project promises, 0..=1.
    #[serde(default)]
    pub budget: Option<f64>,
    /// The files, in order; described as in a training recipe.
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
    /// Slices of the examples that get a table; `language` always exists.
    #[serde(default)]
    pub slices: Vec<String>,
    /// For functional suites: which slice names the function.
    #[serde(default)]
    pub function_slice: Option<String>,
    /// For functional suites: hateful functions and the benign ones that look like them.
    #[serde(default)]
    pub pair: Vec<Pair>,
}

/// What sort of statement the benchmark allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Labels both ways: every metric.
    Labelled,
    /// Labels both ways, written to test one function each: pass rates per function as well.
    Functional,
    /// Nothing in it must be flagged: the share that is.
    Panel,
    /// Everything in it should be flagged: the share that is.
    Positives,
}

/// What a label is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub enum Target {
    /// The combined probability that a person should look.
    Extremism,
    Category(Category),
}

impl Target {
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Extremism => "extremism",
            Self::Category(category) => category.id(),
        }
    }

    /// The label of an example for this target; `None` when it is not known.
    #[must_use]
    pub fn label(self, example: &Example) -> Option<bool> {
        match self {
            Self::Extremism => example.targets.extremism,
            Self::Category(category) => example.targets.categories[category.index()],
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        if s == "extremism" {
            return Ok(Self::Extremism);
        }
        s.parse()
            .map(Self::Category)
            .map_err(|e| format!("target {e}, and `extremism` for all of them together"))
    }
}

impl TryFrom<String> for Target {
    type Error = String;

    fn try_from(s: String) -> Result<Self, String> {
        s.parse()
    }
}

/// Where the data came from, so that anyone can fetch the same bytes.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// Repository, package or page.
    pub repository: String,
    /// Commit or version; absent where upstream has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Path inside the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether the file is upstream's byte for byte; where not, how it was made.
    pub conversion: String,
}

/// Functions that only a careful reader tells apart.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    pub name: String,
    pub hateful: Vec<String>,
    pub benign: Vec<String>,
}

impl BenchmarkManifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// When the file cannot be read, has unknown or missing keys, or contradicts itself.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut manifest = Self::parse(&fs_err::read_to_string(path)?)
            .map_err(|reason| Error::Manifest { path: path.to_owned(), reason })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        manifest.sources.iter_mut().for_each(|source| source.resolve(folder));
        Ok(manifest)
    }

    /// Reads and checks a manifest from its text.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(toml: &str) -> Result<Self, String> {
        let manifest: Self = toml::from_str(toml).map_err(|e| e.to_string().trim().to_owned())?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if self.name.is_empty() || !self.name.chars().all(plain) {
            return Err(format!("name `{}` must be lower-case letters, digits and `_`", self.name));
        }
        if self.sources.is_empty() {
            return Err("it needs at least one [[source]]".to_owned());
        }
        if let Some(open) = self.sources.iter().find(|s| s.sha256.is_none()) {
            return Err(format!(
                "source `{}` pins no sha256; a number is worth nothing on unknown bytes",
                open.name
            ));
        }
        if self.sources.iter().filter_map(|s| s.join.as_ref()).any(|j| j.sha256.is_none()) {
            return Err("a joined file pins no sha256".to_owned());
        }
        let mut names = std::collections::BTreeSet::new();
        if let Some(twice) = self.sources.iter().find(|s| !names.insert(s.name.as_str())) {
            return Err(format!("two sources are named `{}`", twice.name));
        }
        match self.kind {
            Kind::Panel if !self.targets.is_empty() => {
                return Err("a panel has no targets: everything in it must stay unflagged".to_owned());
            }
            Kind::Labelled | Kind::Functional | Kind::Positives if self.targets.is_empty() => {
                return Err("it needs `targets`, e.g. [\"extremism\"]".to_owned());
            }
            _ => {}
        }
        if (self.kind == Kind::Functional) != self.function_slice.is_some() {
            return Err("`function_slice` belongs to kind `functional`, and only there".to_owned());
        }
        if self.kind == Kind::Functional && self.targets.len() != 1 {
            return Err("a functional suite has exactly one target".to_owned());
        }
        if self.budget.is_some_and(|b| !(0.0..=1.0).contains(&b)) {
            return Err("`budget` is a share from 0 to 1".to_owned());
        }
        Ok(())
    }
}
