//! `predictions/NAME.jsonl`: what the subject said, case by case. Ids and numbers, never texts.
//!
//! The first line says who spoke, by which thresholds, about exactly which cases. The file is written in whole
//! chunks in the order of the cases; a run that was stopped goes on behind the last whole chunk, so that the
//! model meets the same batches and the finished file has the same bytes as one written without a stop.

pub mod table;

use std::collections::BTreeMap;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::data::example::Example;
use crate::domain::policy::Policy;
use crate::domain::score::Score;
use crate::domain::taxonomy::Category;
use crate::eval::cases::Cases;
use crate::eval::error::Error;
use crate::eval::manifest::BenchmarkManifest;
use crate::eval::subject::endpoint::cost;
use crate::eval::subject::{Identity, Prediction, Subject};

/// Version of the file's shape.
pub const SCHEMA_VERSION: u32 = 1;

/// Cases per chunk: the unit of progress and of resuming.
pub const CHUNK: usize = 256;

/// First line of a prediction file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub schema_version: u32,
    pub benchmark: String,
    pub benchmark_version: u32,
    /// [`Cases::digest`]; a file from another system may leave it out, then only the ids are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cases_digest: Option<String>,
    pub model: ModelLine,
    /// [`Subject::kind`] of who spoke; a file from another system may leave it out.
    #[serde(default = "somebody_else")]
    pub kind: String,
    pub policy: PolicyLine,
    /// SHA-256 over what the subject learnt from for this benchmark; absent for one that was ready before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_on: Option<String>,
    /// The ids of the categories, in the order of every array of this file.
    pub categories: Vec<String>,
}

fn somebody_else() -> String {
    "predictions".to_owned()
}

/// Who was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelLine {
    pub name: String,
    pub digest: String,
}

/// The thresholds that turned scores into decisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyLine {
    pub version: String,
    pub review: f32,
    pub urgent: f32,
    pub categories: Vec<f32>,
}

/// Every other line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    extremism: Option<f32>,
    scores: [Option<f32>; Category::COUNT],
    band: String,
    categories: [bool; Category::COUNT],
    language: String,
    language_support: String,
}

impl Header {
    /// The header of what `who` says about these cases.
    #[must_use]
    pub fn new(manifest: &BenchmarkManifest, cases: &Cases, who: Identity<'_>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            benchmark: manifest.name.clone(),
            benchmark_version: manifest.version,
            cases_digest: Some(cases.digest.clone()),
            model: ModelLine { name: who.model.name.clone(), digest: who.model.digest.clone() },
            kind: somebody_else(),
            policy: PolicyLine::of(who.policy),
            trained_on: who.trained_on.map(str::to_owned),
            categories: Category::ALL.map(|c| c.id().to_owned()).to_vec(),
        }
    }

    fn check(&self, manifest: &BenchmarkManifest, cases: &Cases) -> Result<(), String> {
        let ids = Category::ALL.map(Category::id);
        if self.schema_version != SCHEMA_VERSION {
            return Err(format!(
                "schema_version is {}, this program reads {SCHEMA_VERSION}",
                self.schema_version
            ));
        }
        if self.benchmark != manifest.name || self.benchmark_version != manifest.version {
            let (name, version) = (&self.benchmark, self.benchmark_version);
            return Err(format!(
                "made for {name} version {version}, not {} version {}",
                manifest.name, manifest.version
            ));
        }
        if self.cases_digest.as_ref().is_some_and(|d| *d != cases.digest) {
            return Err("made for other cases: the data or the filters have changed since".to_owned());
        }
        if self.categories != ids || self.policy.categories.len() != ids.len() {
            return Err(format!(
                "`categories` and the thresholds must be, in this order: {}",
                ids.join(", ")
            ));
        }
        let mut thresholds = self.policy.categories.iter().chain([&self.policy.review, &self.policy.urgent]);
        thresholds.try_for_each(|t| Score::new(*t).map(|_| ())).map_err(|e| e.to_string())
    }
}

impl PolicyLine {
    fn of(policy: &Policy) -> Self {
        Self {
            version: policy.version.clone(),
            review: policy.review.get(),
            urgent: policy.urgent.get(),
            categories: policy.categories.iter().map(|s| s.get()).collect(),
        }
    }
}

impl Line {
    fn of(p: &Prediction) -> Self {
        Self {
            id: p.id.clone(),
            extremism: p.extremism,
            scores: p.scores,
            band: p.band.id().to_owned(),
            categories: p.categories,
            language: p.language.clone(),
            language_support: p.language_support.clone(),
        }
    }

    fn into_prediction(self) -> Result<Prediction, String> {
        for score in self.scores.iter().chain([&self.extremism]).flatten() {
            Score::new(*score).map_err(|e| e.to_string())?;
        }
        Ok(Prediction {
            band: self.band.parse().map_err(|e: crate::domain::policy::UnknownBand| e.to_string())?,
            id: self.id,
            extremism: self.extremism,
            scores: self.scores,
            categories: self.categories,
            language: self.language,
            language_support: self.language_support,
        })
    }
}

/// Reads a finished file: one prediction per case, put into the order of the cases.
///
/// # Errors
/// When the file does not fit the benchmark, or a case is missing, repeated or unknown.
pub fn read(
    path: &Path,
    manifest: &BenchmarkManifest,
    cases: &Cases,
) -> Result<(Header, Vec<Prediction>), Error> {
    let text = fs_err::read_to_string(path)?;
    let refuse = |reason: String| Error::Predictions { path: path.to_owned(), reason };
    let mut lines = text.lines();
    let first = lines
        .next()
        .ok_or_else(|| refuse("the file is empty; its first line must be the header".to_owned()))?;
    let header: Header =
        serde_json::from_str(first).map_err(|e| refuse(format!("line 1 is no header: {e}")))?;
    header.check(manifest, cases).map_err(refuse)?;
    let mut found = Vec::new();
    for (number, line) in lines.enumerate() {
        let at = |reason: String| refuse(format!("line {}: {reason}", number + 2));
        let line: Line = serde_json::from_str(line).map_err(|e| at(e.to_string()))?;
        let prediction = line.into_prediction().map_err(at)?;
        found.push((number + 2, prediction));
    }
    Ok((header, in_order(found, cases).map_err(refuse)?))
}

/// One prediction for each case, in the order of the cases; they come with the lines they were read from.
fn in_order(found: Vec<(usize, Prediction)>, cases: &Cases) -> Result<Vec<Prediction>, String> {
    let mut by_id = BTreeMap::new();
    for (line, prediction) in found {
        if by_id.insert(prediction.id.clone(), prediction).is_some() {
            return Err(format!("line {line}: a second prediction for one case"));
        }
    }
    let take = |e: &Example| by_id.remove(&e.id).ok_or_else(|| format!("no prediction for case `{}`", e.id));
    let predictions = cases.examples.iter().map(take).collect::<Result<Vec<_>, _>>()?;
    match by_id.keys().next() {
        Some(id) => Err(format!("case `{id}` is not in the benchmark")),
        None => Ok(predictions),
    }
}

/// What a subject says of every case: asked and kept in `path`, or read from the files it consists of. It must
/// have been prepared for the benchmark.
///
/// # Errors
/// When the model fails, or predictions do not fit the benchmark.
pub fn gather(
    subject: &mut Subject,
    manifest: &BenchmarkManifest,
    cases: &Cases,
    path: &Path,
    progress: &mut dyn FnMut(usize),
) -> Result<(Header, Vec<Prediction>), Error> {
    let read = match subject {
        Subject::Predictions(folder) => {
            read(&folder.join(format!("{}.jsonl", manifest.name)), manifest, cases)?
        }
        Subject::Table(table) => table.read(manifest, cases)?,
        _ => return collect(subject, manifest, cases, path, progress),
    };
    progress(cases.examples.len());
    Ok(read)
}

/// Asks the subject about every case and keeps the answers in `path`, going on where an earlier run of the
/// same model over the same cases stopped. `progress` hears how many cases are done. What the answers cost is
/// kept beside them, see [`cost`].
///
/// # Errors
/// When the model fails or the file cannot be written.
///
/// # Panics
/// When the subject is a folder of predictions, which has nothing to ask.
fn collect(
    subject: &mut Subject,
    manifest: &BenchmarkManifest,
    cases: &Cases,
    path: &Path,
    progress: &mut dyn FnMut(usize),
) -> Result<(Header, Vec<Prediction>), Error> {
    let who = subject.identity().expect("only a subject that can be run is asked");
    let policy = who.policy.clone();
    let header = Header { kind: subject.kind().to_owned(), ..Header::new(manifest, cases, who) };
    let first = to_line(&header);
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    let (mut done, mut kept) = resume(path, &first, cases)?;
    let mut file = fs_err::OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    if kept == 0 {
        file.set_len(0)?;
        file.write_all(first.as_bytes())?;
        kept = first.len();
        cost::forget(path)?;
    }
    file.set_len(kept as u64)?;
    file.seek(SeekFrom::Start(kept as u64))?;
    progress(done.len());
    for chunk in cases.examples[done.len()..].chunks(CHUNK) {
        let answers = subject.answer(&manifest.name, chunk);
        // What failed was paid for too.
        if let Some(cost) = subject.take_cost() {
            cost::add(path, &cost)?;
        }
        let answers = answers?;
        assert_eq!(answers.len(), chunk.len(), "a subject answers every text");
        let predictions: Vec<Prediction> =
            chunk.iter().zip(answers).map(|(e, a)| Prediction::new(e.id.clone(), a, &policy)).collect();
        let lines: String = predictions.iter().map(|p| to_line(&Line::of(p))).collect();
        file.write_all(lines.as_bytes())?;
        done.extend(predictions);
        progress(done.len());
    }
    Ok((header, done))
}

fn to_line(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).expect("plain structs with string keys serialise");
    line.push('\n');
    line
}

/// What of an existing file can be kept: the predictions of its whole chunks and their length in bytes. A file
/// by another model, about other cases, or damaged is started anew.
fn resume(path: &Path, header: &str, cases: &Cases) -> Result<(Vec<Prediction>, usize), Error> {
    let bytes = match fs_err::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        Err(e) => return Err(e.into()),
    };
    let Some(body) = bytes.strip_prefix(header.as_bytes()) else { return Ok((Vec::new(), 0)) };
    let mut predictions = Vec::new();
    let mut ends = vec![header.len()];
    for (line, example) in body.split_inclusive(|b| *b == b'\n').zip(&cases.examples) {
        let parsed =
            serde_json::from_slice::<Line>(line).map_err(|e| e.to_string()).and_then(Line::into_prediction);
        match parsed {
            Ok(p) if p.id == example.id && line.ends_with(b"\n") => predictions.push(p),
            _ => break,
        }
        ends.push(ends[ends.len() - 1] + line.len());
    }
    let whole = if predictions.len() == cases.examples.len() {
        predictions.len()
    } else {
        predictions.len() / CHUNK * CHUNK
    };
    predictions.truncate(whole);
    Ok((predictions, ends[whole]))
}
