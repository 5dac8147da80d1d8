//! How a source of labelled data is described in TOML: the same words in training recipes and in benchmark
//! manifests.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::data::encoding::Encoding;
use crate::data::origin::Origin;
use crate::data::split::Part;

/// A file of labelled texts: where it is, how it is written, and what its labels mean here.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Names the source in logs, cards and reports.
    pub name: String,
    /// Relative to the data folder; with a leading `./`, to the folder of the recipe or manifest.
    pub path: String,
    /// Lower-case hexadecimal; checked when given.
    pub sha256: Option<String>,
    /// Free text, such as `CC-BY-4.0`. Required: nobody should train on data of unknown terms by accident.
    pub licence: String,
    /// Where the file comes from and who made it.
    pub upstream: Option<String>,
    /// Where a program can fetch the file, or how it was made.
    pub origin: Option<Origin>,
    pub format: Format,
    #[serde(flatten)]
    pub layout: Layout,
    /// The text column, or several, joined by a space. `text` for `lines` and `templates`.
    #[serde(default = "default_text")]
    pub text: OneOrMany,
    /// Regular expression removed from the start of the text.
    pub strip: Option<String>,
    /// Decodes HTML entities, for files that were scraped with them.
    #[serde(default)]
    pub unescape: bool,
    pub language: Option<Language>,
    /// Column of the id; the row number when absent.
    pub id: Option<String>,
    /// Column whose equal values stay together in a split.
    pub group: Option<String>,
    /// Columns kept with the example, for reports.
    #[serde(default)]
    pub slices: Vec<String>,
    /// Rows that do not meet all of these are left out. In a template file the columns are its slices.
    #[serde(default, rename = "where")]
    pub conditions: Vec<Condition>,
    /// Targets of every row: a category's id, or `extremism`.
    #[serde(default)]
    pub set: BTreeMap<String, Value>,
    /// Context of every row.
    pub context: Option<String>,
    /// Applied in order over `set` and `context`, each to the rows it matches.
    #[serde(default)]
    pub labels: Vec<LabelRule>,
    /// Keeps one half of the texts, see [`Half`].
    pub half: Option<Half>,
    pub join: Option<Join>,
    /// Keeps the first of the rows whose texts are equal but for case, punctuation and links.
    #[serde(default)]
    pub distinct: bool,
    /// Cuts long texts into pieces of at most so many characters, at sentence and paragraph ends.
    pub chunk_chars: Option<usize>,
    /// At most so many examples, the ones with the smallest hashes.
    pub cap: Option<usize>,
    /// `cap` leaves out examples that are positive for nothing before any that is positive for something.
    #[serde(default)]
    pub cap_positives_first: bool,
    /// The part of a training split that all of it goes to, near-duplicates elsewhere or not: for sets whose split is
    /// published, and compared with others' results.
    pub part: Option<Part>,
    /// Expansions of one template, over what a template file says; more than it can make gives all.
    pub expansions: Option<usize>,
    /// How much an example counts in training.
    #[serde(default = "default_weight")]
    pub weight: f32,
}

impl Source {
    /// Turns paths that start with `./` into ones below `folder`, the folder of the recipe or manifest.
    pub fn resolve(&mut self, folder: &Path) {
        for path in std::iter::once(&mut self.path).chain(self.join.iter_mut().map(|j| &mut j.path)) {
            if let Some(rest) = path.strip_prefix("./") {
                *path = folder.join(rest).to_string_lossy().into_owned();
            }
        }
    }

    /// The files it is read from: its own, and the one that is joined to it.
    pub fn files(&self) -> impl Iterator<Item = PinnedFile<'_>> {
        let own = PinnedFile {
            source: &self.name,
            path: &self.path,
            sha256: self.sha256.as_deref(),
            origin: self.origin.as_ref(),
            licence: &self.licence,
        };
        let joined = self.join.as_ref().map(|join| PinnedFile {
            path: &join.path,
            sha256: join.sha256.as_deref(),
            origin: join.origin.as_ref(),
            ..own
        });
        std::iter::once(own).chain(joined)
    }
}

/// One file of a source, as the source describes it.
#[derive(Debug, Clone, Copy)]
pub struct PinnedFile<'a> {
    /// Name of the source.
    pub source: &'a str,
    pub path: &'a str,
    pub sha256: Option<&'a str>,
    pub origin: Option<&'a Origin>,
    pub licence: &'a str,
}

fn default_text() -> OneOrMany {
    OneOrMany::One("text".to_owned())
}

const fn default_weight() -> f32 {
    1.0
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Csv,
    Tsv,
    /// One JSON object per line; nested fields are columns `outer.inner`.
    Jsonl,
    /// One JSON array of objects.
    Json,
    /// One text per line, in the column `text`.
    Lines,
    /// Apache Parquet; nested fields are columns `outer.inner`, as in JSON.
    Parquet,
    /// A template file, see [`crate::data::template`]; carries its own labels.
    Templates,
}

/// Details of text files; all but `encoding` are about `csv` and `tsv`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Layout {
    /// How characters are written; UTF-8 when absent.
    #[serde(default)]
    pub encoding: Encoding,
    /// One character; `,` for csv and a tab for tsv when absent.
    pub delimiter: Option<char>,
    /// Whether `"` quotes.
    #[serde(default = "yes")]
    pub quoting: bool,
    /// Column names, when the file has no header line.
    pub columns: Option<Vec<String>>,
    /// Set to `"\n"` when carriage returns are part of the texts.
    pub terminator: Option<char>,
    /// What to do with rows of too few or too many fields.
    #[serde(default)]
    pub ragged: Ragged,
}

const fn yes() -> bool {
    true
}

/// What to do with rows of too few or too many fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ragged {
    /// Refuse the file.
    #[default]
    Error,
    /// Leave the row out, and log how many.
    Skip,
}

/// A string or a list of strings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// The language of every row, or the column that says it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Language {
    Code(String),
    Column { column: String },
}

/// One condition on a column; every part that is given must hold.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    pub column: String,
    /// The field is one of these.
    pub is: Option<Vec<String>>,
    /// The field is none of these; a missing field is none of them.
    pub is_not: Option<Vec<String>>,
    /// The field, split at commas, has one of these.
    pub has: Option<Vec<String>>,
    /// The field starts with one of these.
    pub starts_with: Option<Vec<String>>,
    /// The field is a number and at least this.
    pub at_least: Option<f64>,
    /// The field is a number and below this.
    pub below: Option<f64>,
}

impl Condition {
    /// Whether a field meets it; `None` is a field that is not there.
    pub(super) fn is_met(&self, field: Option<&str>) -> bool {
        let number = || field.and_then(|f| f.trim().parse::<f64>().ok());
        let listed = |list: &[String]| field.is_some_and(|f| list.iter().any(|x| x == f.trim()));
        self.is.as_deref().is_none_or(listed)
            && self.is_not.as_deref().is_none_or(|list| !listed(list))
            && self.has.as_deref().is_none_or(|list| {
                field.is_some_and(|f| f.split(',').any(|part| list.iter().any(|x| x == part.trim())))
            })
            && self.starts_with.as_deref().is_none_or(|list| {
                field.is_some_and(|f| list.iter().any(|start| f.starts_with(start.as_str())))
            })
            && self.at_least.is_none_or(|least| number().is_some_and(|n| n >= least))
            && self.below.is_none_or(|limit| number().is_some_and(|n| n < limit))
    }
}

/// What some rows are, over what all rows are.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelRule {
    pub column: String,
    pub is: Option<Vec<String>>,
    pub is_not: Option<Vec<String>>,
    pub has: Option<Vec<String>>,
    pub starts_with: Option<Vec<String>>,
    pub at_least: Option<f64>,
    pub below: Option<f64>,
    #[serde(default)]
    pub set: BTreeMap<String, Value>,
    pub context: Option<String>,
}

impl LabelRule {
    pub(super) fn condition(&self) -> Condition {
        Condition {
            column: self.column.clone(),
            is: self.is.clone(),
            is_not: self.is_not.clone(),
            has: self.has.clone(),
            starts_with: self.starts_with.clone(),
            at_least: self.at_least,
            below: self.below,
        }
    }
}

/// `1`, `0` or `"unknown"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Number(u8),
    Word(String),
}

/// Which half of a source's texts, so that one file can serve training and evaluation: the top bit of
/// [`crate::text::fingerprint::exact_hash`] of the whole text (before it is cut into pieces) is 0 in `train`
/// and 1 in `eval`. Near-duplicates can fall on both sides; training purges them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Half {
    Train,
    Eval,
}

/// Columns of a second file, put beside the rows of the first.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    pub path: String,
    pub sha256: Option<String>,
    /// As of a source.
    pub origin: Option<Origin>,
    pub format: Format,
    #[serde(flatten)]
    pub layout: Layout,
    /// Our column; without it the two files are joined line by line, and must be equally long.
    pub on: Option<String>,
    /// Their column; the name in `on` when absent.
    pub key: Option<String>,
    /// Put before the names of their columns; without it a column that both have keeps our value.
    #[serde(default)]
    pub prefix: String,
    /// How their key is made from our column.
    #[serde(default)]
    pub digest: KeyDigest,
    /// Keep rows that have no partner; they are left out otherwise.
    #[serde(default)]
    pub optional: bool,
}

/// How the key of a joined file is made from our column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyDigest {
    /// It is the field itself.
    #[default]
    None,
    /// The first 16 hexadecimal digits of the SHA-256 of the field.
    Sha256_16,
}
