//! RecruitCheck, the functional suite for extremist recruitment: what each function expects, and the cases
//! that the template files make, as rows that others can use without this program.
//!
//! A suite is a folder: `functions.toml` says what is tested and why, `templates/LANG.dev.toml` and
//! `templates/LANG.eval.toml` hold the sentences. The two must agree, and [`Suite::cases`] refuses them when
//! they do not: a case whose label is not what its function expects would be counted the wrong way round.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::data::example::Example;
use crate::data::template;
use crate::eval::error::Error;

/// A suite on disk.
#[derive(Debug)]
pub struct Suite {
    folder: PathBuf,
    /// Raised with every change that can change a number.
    pub version: String,
    /// In the order of the file: the functions to flag first.
    pub functions: Vec<Function>,
}

/// One ability that the suite tests.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    pub id: String,
    pub title: String,
    pub expected: Expected,
    /// Points of the TVEC policy, such as `TVEC6`.
    pub tvec: Vec<String>,
    /// The functions that look alike and expect the opposite.
    #[serde(default)]
    pub twins: Vec<String>,
    pub definition: String,
    pub rationale: String,
}

/// What must happen to the cases of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// A person should see them.
    Flag,
    NoFlag,
}

/// The two halves of the suite; they share no template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// To look at, and to train on.
    Development,
    /// To measure with, never to train on.
    Evaluation,
}

impl Part {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Development => ".dev.toml",
            Self::Evaluation => ".eval.toml",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Development => "development",
            Self::Evaluation => "evaluation",
        })
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        [Self::Development, Self::Evaluation]
            .into_iter()
            .find(|part| part.to_string() == s)
            .ok_or_else(|| format!("`{s}` is not a part; use development or evaluation"))
    }
}

/// One sentence of the suite, as a row of its CSV file.
#[derive(Clone, Serialize)]
pub struct Case {
    pub suite_version: String,
    /// Unique in the suite: `LANG.PART.FUNCTION.NUMBER/EXPANSION`.
    pub id: String,
    pub language: String,
    pub part: Part,
    pub function: String,
    pub expected: Expected,
    pub template: String,
    /// Templates that look alike and expect the opposite, separated by a space; for cases to flag only.
    pub twin: String,
    /// `placeholder`, `designated`, or `none` when no group is named.
    pub group_kind: String,
    /// Points of the TVEC policy, joined by `+`.
    pub tvec: String,
    /// Who wrote the sentence and who has checked it.
    pub translation: String,
    pub text: String,
}

/// `Debug` does not print the text: texts never reach logs.
impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("id", &self.id).field("expected", &self.expected).finish_non_exhaustive()
    }
}

impl Suite {
    /// Reads `functions.toml`; the templates are read when cases are asked for.
    ///
    /// # Errors
    /// When the file is missing or is not of the shape of this module.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            version: String,
            function: Vec<Function>,
        }
        let path = folder.join("functions.toml");
        let file: File = toml::from_str(&fs_err::read_to_string(&path)?)
            .map_err(|e| Error::Suite { path, reason: e.message().to_owned() })?;
        Ok(Self { folder: folder.to_owned(), version: file.version, functions: file.function })
    }

    #[must_use]
    pub fn function(&self, id: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.id == id)
    }

    /// The languages that have templates of this part, in alphabetical order of their codes.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn languages(&self, part: Part) -> Result<Vec<String>, Error> {
        let mut languages = Vec::new();
        for entry in fs_err::read_dir(self.folder.join("templates"))? {
            let name = entry?.file_name();
            languages.extend(name.to_str().and_then(|n| n.strip_suffix(part.suffix())).map(str::to_owned));
        }
        languages.sort();
        Ok(languages)
    }

    /// Every case of a part in the given languages, in that order, and in the order of the files.
    ///
    /// # Errors
    /// When a language has no templates, or a template does not fit the functions: it names one that does not
    /// exist, is labelled the other way, or has twins that are missing or expect the same.
    pub fn cases(&self, part: Part, languages: &[String]) -> Result<Vec<Case>, Error> {
        let mut cases = Vec::new();
        for language in languages {
            let path = self.folder.join("templates").join(format!("{language}{}", part.suffix()));
            if !path.is_file() {
                let known = self.languages(part)?.join(", ");
                let reason = format!("there is no {part} part in `{language}`; there is {known}");
                return Err(Error::Suite { path, reason });
            }
            let examples = template::open(&path, "recruitcheck")
                .map_err(|e| Error::Data { benchmark: "recruitcheck".to_owned(), source: Box::new(e) })?;
            let read = examples.iter().map(|example| self.case(example, language, part));
            let read = read
                .collect::<Result<Vec<_>, _>>()
                .and_then(|read| self.check_twins(&read).map(|()| read))
                .map_err(|reason| Error::Suite { path, reason })?;
            cases.extend(read);
        }
        Ok(cases)
    }

    fn case(&self, example: &Example, language: &str, part: Part) -> Result<Case, String> {
        let slice = |name: &str| example.slices.get(name).cloned();
        let must = |name: &str| slice(name).ok_or_else(|| format!("case `{}` has no `{name}`", example.id));
        let (name, template) = (must("function")?, must("template")?);
        let function = self
            .function(&name)
            .ok_or_else(|| format!("template `{template}`: functions.toml has no function `{name}`"))?;
        let label = example.targets.extremism.map(|yes| if yes { Expected::Flag } else { Expected::NoFlag });
        if label != Some(function.expected) {
            return Err(format!("template `{template}` is not labelled as its function `{name}` expects"));
        }
        let case = Case {
            suite_version: self.version.clone(),
            id: example.id.clone(),
            language: language.to_owned(),
            part,
            expected: function.expected,
            twin: slice("twin").unwrap_or_default(),
            group_kind: slice("group_kind").unwrap_or_else(|| "none".to_owned()),
            tvec: must("tvec")?,
            translation: must("translation")?,
            text: example.text.clone(),
            function: name,
            template,
        };
        if must("part")? != part.to_string() || example.language.as_deref() != Some(language) {
            return Err(format!("its `part` and `language` are not {part} and `{language}`"));
        }
        if case.tvec != function.tvec.join("+") {
            return Err(format!("template `{}` has other TVEC points than its function", case.template));
        }
        Ok(case)
    }

    fn check_twins(&self, cases: &[Case]) -> Result<(), String> {
        let by_template: BTreeMap<&str, &Case> = cases.iter().map(|c| (c.template.as_str(), c)).collect();
        for case in by_template.values() {
            let twins: Vec<&str> = case.twin.split_whitespace().collect();
            if (case.expected == Expected::Flag) == twins.is_empty() {
                return Err(format!(
                    "template `{}`: a twin belongs to every template to flag, and only there",
                    case.template
                ));
            }
            let named = self.function(&case.function).map_or(&[][..], |function| &function.twins);
            for twin in twins {
                let fits = by_template
                    .get(twin)
                    .is_some_and(|t| t.expected == Expected::NoFlag && named.contains(&t.function));
                if !fits {
                    return Err(format!(
                        "template `{}`: its twin `{twin}` must be a template not to flag, of a function among the \
                         twins of `{}` in functions.toml",
                        case.template, case.function
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The cases as CSV with a header line; equal suites give equal bytes.
///
/// # Errors
/// When the writer fails, which in memory it does not.
pub fn to_csv(cases: &[Case]) -> Result<Vec<u8>, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for case in cases {
        writer.serialize(case).map_err(std::io::Error::other)?;
    }
    writer.into_inner().map_err(|e| Error::Io(e.into_error()))
}
