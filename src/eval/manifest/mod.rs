//! `eval/benchmarks/NAME.toml`: what is measured, on which bytes, and what may be said about it.

pub(in crate::eval) mod check;
pub mod counterfactual;
pub mod identities;
pub mod settings;
pub mod slice;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::data::example::Example;
use crate::data::source::Source;
use crate::domain::taxonomy::Category;
use crate::eval::error::Error;
use crate::eval::manifest::counterfactual::Counterfactual;
use crate::eval::manifest::settings::MetricSettings;
use crate::eval::manifest::slice::{Slice, column_value, standing};

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
    /// What sort of texts they are, in a word that several benchmarks share, such as `news`: what a first stage stops
    /// is counted by it. No metric depends on it.
    #[serde(default)]
    pub family: Option<String>,
    /// What the benchmark measures, in a sentence or two.
    pub measures: String,
    /// What it means, here, that a text is flagged.
    pub flag_means: String,
    /// Which labels the metrics are about: `extremism` or the id of a category. Empty for panels.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// How to cite the data.
    pub citation: String,
    /// What a reader must know before quoting the numbers.
    #[serde(default)]
    pub notes: Vec<String>,
    /// For panels: the highest share of flagged texts that the project promises, 0..=1.
    #[serde(default)]
    pub budget: Option<f64>,
    /// The files, in order; described as in a training recipe. Empty when the set is unavailable.
    #[serde(default, rename = "source")]
    pub sources: Vec<Source>,
    /// Published training part, for systems that learn on this set; never measured.
    #[serde(default)]
    pub train: Vec<Source>,
    /// Published validation part, for choosing thresholds; never measured.
    #[serde(default)]
    pub validation: Vec<Source>,
    /// Slices of the cases that get a table, besides the standing ones; see [`Self::all_slices`].
    #[serde(default, rename = "slice")]
    pub slices: Vec<Slice>,
    #[serde(skip, default = "standing")]
    standing: [Slice; 2],
    /// Names of the slices whose values are identities: bias metrics are computed on them.
    #[serde(default)]
    pub identity_slices: Vec<String>,
    /// For functional suites: which column names the function.
    #[serde(default)]
    pub function_slice: Option<String>,
    /// For functional suites: hateful functions and the benign ones that look like them.
    #[serde(default)]
    pub pair: Vec<Pair>,
    /// Which cases differ in nothing but an identity.
    #[serde(default)]
    pub counterfactual: Option<Counterfactual>,
    /// For kind `evidence`: where people marked the words that decided.
    #[serde(default)]
    pub evidence: Option<Evidence>,
    /// Operating points of the metrics.
    #[serde(default)]
    pub metrics: MetricSettings,
    /// Set when the data cannot be had; such a benchmark is listed and never run.
    #[serde(default)]
    pub unavailable: Option<Unavailable>,
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
    /// Each text three times, whole, without the words that people marked, and these words alone: whether
    /// a system decides by what people decide by.
    Evidence,
}

impl Kind {
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Labelled => "labelled",
            Self::Functional => "functional",
            Self::Panel => "panel",
            Self::Positives => "positives",
            Self::Evidence => "evidence",
        }
    }
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

    /// Every target: extremism, then the categories in the order of [`Category::ALL`].
    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Extremism).chain(Category::ALL.into_iter().map(Self::Category))
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

/// Functions that only a careful reader tells apart.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    pub name: String,
    pub hateful: Vec<String>,
    pub benign: Vec<String>,
}

/// Where a human rationale stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// A column with a JSON array of 0 and 1, one for each word of the text between blanks; or an array of
    /// such arrays, one for each annotator, of which at least half must mark a word.
    pub column: String,
}

/// A set that we know of and could not obtain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unavailable {
    pub why: String,
    /// What to do to measure on it all the same.
    pub how_to_add: String,
    /// Codes as in the `language` of a source.
    #[serde(default)]
    pub languages: Vec<String>,
    #[serde(default)]
    pub licence: Option<String>,
}

impl BenchmarkManifest {
    /// Reads and checks a manifest. Paths that begin with `./`, and identity lists, are relative to its folder.
    ///
    /// # Errors
    /// When the file cannot be read, has unknown or missing keys, or contradicts itself.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let refuse = |reason: String| Error::Manifest { path: path.to_owned(), reason };
        let mut manifest = Self::read(&fs_err::read_to_string(path)?).map_err(refuse)?;
        let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Absolute, since data paths are joined to the data folder.
        let folder = fs_err::canonicalize(folder)?;
        manifest.every_source_mut().for_each(|source| source.resolve(&folder));
        for slice in &mut manifest.slices {
            slice.resolve(&folder).map_err(refuse)?;
        }
        manifest.check().map_err(refuse)?;
        Ok(manifest)
    }

    /// Reads and checks a manifest from its text. It cannot refer to files beside it.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(toml: &str) -> Result<Self, String> {
        let manifest = Self::read(toml)?;
        manifest.check()?;
        Ok(manifest)
    }

    fn read(toml: &str) -> Result<Self, String> {
        let manifest: Self = toml::from_str(toml).map_err(|e| e.to_string().trim().to_owned())?;
        let absolute =
            manifest.every_source().flat_map(Source::files).find(|f| Path::new(f.path).is_absolute());
        match absolute {
            Some(file) => {
                Err(format!("source `{}`: a path of one machine is no use on another", file.source))
            }
            None => Ok(manifest),
        }
    }

    /// The declared slices, then `language` and `length`.
    pub fn all_slices(&self) -> impl Iterator<Item = &Slice> {
        self.slices.iter().chain(&self.standing)
    }

    /// The slices whose values are identities.
    pub fn identity_slices(&self) -> impl Iterator<Item = &Slice> {
        self.slices.iter().filter(|s| self.identity_slices.iter().any(|name| name == s.name()))
    }

    /// The function that an example of a functional suite tests; `none` when its row does not say.
    #[must_use]
    pub fn function<'a>(&self, example: &'a Example) -> Option<&'a str> {
        self.function_slice.as_deref().map(|column| column_value(example, column).unwrap_or("none"))
    }

    /// The group of cases that an example belongs to which differ only in identity, and its own identity; `None`
    /// when it belongs to none.
    #[must_use]
    pub fn counterfactual_key(&self, example: &Example) -> Option<(String, String)> {
        self.counterfactual.as_ref()?.key(self, example)
    }

    /// Everything that is read: the measured sources, then those to learn and to choose thresholds from.
    pub fn every_source(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().chain(&self.train).chain(&self.validation)
    }

    fn every_source_mut(&mut self) -> impl Iterator<Item = &mut Source> {
        self.sources.iter_mut().chain(&mut self.train).chain(&mut self.validation)
    }
}
