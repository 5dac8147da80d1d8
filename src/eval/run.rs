//! One run: every benchmark through one subject, and the report written beside the predictions.

use std::path::{Path, PathBuf};

use crate::eval::cases;
use crate::eval::error::Error;
use crate::eval::intervals::CONFIDENCE;
use crate::eval::intervals::bootstrap::Plan;
use crate::eval::manifest::BenchmarkManifest;
use crate::eval::measure;
use crate::eval::predictions::{self, Header};
use crate::eval::report::markdown;
use crate::eval::report::{EvalReport, SCHEMA_VERSION, SubjectLine, Tool};
use crate::eval::subject::Subject;

/// What to measure, on what, and where to write it.
#[derive(Debug)]
pub struct Run {
    pub benchmarks: Vec<BenchmarkManifest>,
    /// Folder that the sources' paths are relative to.
    pub data_dir: PathBuf,
    /// Gets `report.json`, `report.md` and `predictions/`; made when missing.
    pub out_dir: PathBuf,
    pub plan: Plan,
}

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    pub benchmark: &'a str,
    /// Cases done and cases in all, of this benchmark.
    pub done: usize,
    pub total: usize,
    /// Position of the benchmark in the run, from 0, and how many there are.
    pub index: usize,
    pub count: usize,
}

impl Run {
    /// Measures every benchmark and writes predictions and reports. Benchmarks appear in the order of their
    /// names, however they were given.
    ///
    /// # Errors
    /// When data, predictions, model or files fail; predictions made so far are kept and the next run goes on.
    pub fn execute(
        mut self,
        subject: &mut Subject,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<EvalReport, Error> {
        self.benchmarks.sort_by(|a, b| a.name.cmp(&b.name));
        self.check()?;
        fs_err::create_dir_all(self.out_dir.join("predictions"))?;
        let mut identity: Option<Header> = None;
        let mut reports = Vec::with_capacity(self.benchmarks.len());
        for (index, manifest) in self.benchmarks.iter().enumerate() {
            let cases = cases::load(manifest, &self.data_dir)?;
            let (total, count) = (cases.examples.len(), self.benchmarks.len());
            let mut tell = |done| progress(Progress { benchmark: &manifest.name, done, total, index, count });
            subject.prepare(manifest, &self.data_dir)?;
            let kept = self.out_dir.join("predictions").join(format!("{}.jsonl", manifest.name));
            let (header, said) = predictions::gather(subject, manifest, &cases, &kept, &mut tell)?;
            let first = identity.get_or_insert_with(|| header.clone());
            // What learns for each benchmark has thresholds for each.
            let other_policy = header.trained_on.is_none() && first.policy != header.policy;
            if first.model != header.model || other_policy {
                return Err(Error::Cases {
                    benchmark: manifest.name.clone(),
                    reason: format!(
                        "its predictions are by {} under policy {}, those before by {} under {}; one report is about one model",
                        header.model.name, header.policy.version, first.model.name, first.policy.version
                    ),
                });
            }
            let mut report = measure::describe(manifest, &cases);
            report.results.push(measure::measure(manifest, &cases, &said, &header, self.plan));
            reports.push(report);
        }
        let identity = identity.expect("there is at least one benchmark");
        let report = EvalReport {
            schema_version: SCHEMA_VERSION,
            tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            subjects: vec![SubjectLine {
                name: identity.model.name,
                digest: identity.model.digest,
                kind: subject.kind(),
                policy: identity.trained_on.is_none().then_some(identity.policy),
            }],
            seed: self.plan.seed,
            resamples: self.plan.resamples,
            confidence: CONFIDENCE,
            benchmarks: reports,
            comparisons: Vec::new(),
            left_out: Vec::new(),
        };
        write_whole(&self.out_dir.join("report.json"), &report.to_json())?;
        write_whole(&self.out_dir.join("report.md"), &markdown::render(&report))?;
        Ok(report)
    }

    fn check(&self) -> Result<(), Error> {
        let refuse = |name: &str, reason: &str| {
            Err(Error::Cases { benchmark: name.to_owned(), reason: reason.to_owned() })
        };
        if self.benchmarks.is_empty() {
            return refuse("", "no benchmark was given");
        }
        if let Some(pair) = self.benchmarks.windows(2).find(|w| w[0].name == w[1].name) {
            return refuse(&pair[0].name, "given twice");
        }
        if self.plan.resamples < 100 {
            return refuse(&self.benchmarks[0].name, "fewer than 100 resamples give no 95 % interval");
        }
        Ok(())
    }
}

/// Writes beside and renames, so that a reader never meets half a report.
fn write_whole(path: &Path, text: &str) -> Result<(), Error> {
    let beside = path.with_extension("partial");
    fs_err::write(&beside, text)?;
    fs_err::rename(beside, path)?;
    Ok(())
}
