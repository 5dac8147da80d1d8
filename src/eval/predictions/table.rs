//! `NAME.csv`: what another system said of one target, as anybody can write it down.
//!
//! ```csv
//! id,score,flagged
//! 17,0.93,1
//! 18,,0
//! ```
//!
//! `id` is the case's, `score` a probability or nothing, and `flagged`, which may be left out, the system's own
//! decision; without it the threshold decides. Other columns are not read.

use std::path::{Path, PathBuf};

use crate::domain::assessment::{LanguageSupport, ModelRef};
use crate::domain::digest::Canonical;
use crate::domain::policy::Band;
use crate::domain::score::Score;
use crate::eval::cases::Cases;
use crate::eval::error::Error;
use crate::eval::manifest::{BenchmarkManifest, Target};
use crate::eval::predictions::{Header, in_order};
use crate::eval::subject::answer::{self, Answer};
use crate::eval::subject::{Identity, Prediction};

/// A folder of such files.
#[derive(Debug)]
pub struct Table {
    folder: PathBuf,
    target: Target,
    threshold: Score,
    model: ModelRef,
}

/// One row, as it stands in the file.
struct Row {
    id: String,
    score: Option<Score>,
    flagged: Option<bool>,
}

impl Table {
    /// The tables in `folder`, all about one target. The system is called `name`, and known by the digest of its
    /// tables.
    ///
    /// # Errors
    /// When the folder cannot be read or holds no `.csv` file.
    pub fn open(folder: &Path, name: &str, target: Target, threshold: Score) -> Result<Self, Error> {
        let mut files = Vec::new();
        for entry in fs_err::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "csv") {
                files.push(path);
            }
        }
        files.sort();
        if files.is_empty() {
            let reason = "there is no NAME.csv in this folder".to_owned();
            return Err(Error::Predictions { path: folder.to_owned(), reason });
        }
        let mut all = Canonical::new("countervail eval table").text(name);
        for path in &files {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            all = all.text(&file).bytes(&fs_err::read(path)?);
        }
        let model = ModelRef { name: name.to_owned(), digest: format!("sha256:{}", all.digest()) };
        Ok(Self { folder: folder.to_owned(), target, threshold, model })
    }

    /// What the system is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.model.name
    }

    /// The predictions for one benchmark, in the order of its cases.
    ///
    /// # Errors
    /// When there is no table for it, or the table does not fit: a case missing, repeated or unknown, a score that
    /// is no probability.
    pub fn read(
        &self,
        manifest: &BenchmarkManifest,
        cases: &Cases,
    ) -> Result<(Header, Vec<Prediction>), Error> {
        let path = self.folder.join(format!("{}.csv", manifest.name));
        let refuse = |reason: String| Error::Predictions { path: path.clone(), reason };
        let version = format!("{} at {}", self.target, self.threshold.get());
        let policy =
            answer::policy(version, None, |target| (target == self.target).then_some(self.threshold));
        let predict = |row: Row| {
            let answer = Answer::of(None, LanguageSupport::Unknown, |target| {
                row.score.filter(|_| target == self.target)
            });
            let mut prediction = Prediction::new(row.id, answer, &policy);
            match (self.target, row.flagged) {
                (Target::Extremism, Some(flagged)) => {
                    prediction.band = if flagged { Band::Review } else { Band::None };
                }
                (Target::Category(c), Some(flagged)) => prediction.categories[c.index()] = flagged,
                (_, None) => {}
            }
            prediction
        };
        let text = fs_err::read_to_string(&path)?;
        let rows = rows(&text).map_err(refuse)?;
        let found = rows.into_iter().map(|(line, row)| (line, predict(row))).collect();
        let who = Identity { model: &self.model, policy: &policy, trained_on: None };
        Ok((Header::new(manifest, cases, who), in_order(found, cases).map_err(refuse)?))
    }
}

/// The rows with their lines.
fn rows(text: &str) -> Result<Vec<(usize, Row)>, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|e| e.to_string())?;
    let column = |name: &str| headers.iter().position(|h| h == name);
    let needed = |name: &str| {
        column(name).ok_or_else(|| format!("there is no column `{name}`; it needs `id` and `score`"))
    };
    let (id, score, flagged) = (needed("id")?, needed("score")?, column("flagged"));
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| e.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        let row = parse(&record, id, score, flagged).map_err(|reason| format!("line {line}: {reason}"))?;
        rows.push((usize::try_from(line).unwrap_or(usize::MAX), row));
    }
    Ok(rows)
}

fn parse(record: &csv::StringRecord, id: usize, score: usize, flagged: Option<usize>) -> Result<Row, String> {
    let score = match &record[score] {
        "" => None,
        number => {
            let number: f32 = number.parse().map_err(|_| "`score` is no number".to_owned())?;
            Some(Score::new(number).map_err(|e| e.to_string())?)
        }
    };
    let flagged = match flagged.map(|f| record[f].to_ascii_lowercase()).as_deref() {
        None => None,
        Some("1" | "true" | "yes") => Some(true),
        Some("0" | "false" | "no") => Some(false),
        Some(_) => return Err("`flagged` is 1 or 0, true or false, yes or no".to_owned()),
    };
    Ok(Row { id: record[id].to_owned(), score, flagged })
}
