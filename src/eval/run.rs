//! One run: every benchmark through every subject, and the report written beside the predictions.

use std::path::{Path, PathBuf};

use crate::eval::cases::{self, Cases};
use crate::eval::error::Error;
use crate::eval::intervals::CONFIDENCE;
use crate::eval::intervals::bootstrap::Plan;
use crate::eval::ledger::{self, Ledger, Look};
use crate::eval::manifest::BenchmarkManifest;
use crate::eval::measure::{self, Detail};
use crate::eval::predictions::{self, Header};
use crate::eval::report::result::SubjectResult;
use crate::eval::report::{
    BenchmarkReport, EvalReport, LeftOut, SCHEMA_VERSION, SubjectLine, Tool, html, markdown,
};
use crate::eval::subject::endpoint::cost::{self, Cost};
use crate::eval::subject::{Prediction, Subject};

/// What to measure, on what, and where to write it.
#[derive(Debug)]
pub struct Run {
    pub benchmarks: Vec<BenchmarkManifest>,
    /// Folder that the sources' paths are relative to.
    pub data_dir: PathBuf,
    /// Gets `report.json`, `report.md`, `report.html`, `card.html` and `predictions/SUBJECT/`; made when missing.
    pub out_dir: PathBuf,
    pub plan: Plan,
    /// The test ledger that every look is added to; without one the report states no number of looks.
    pub ledger: Option<PathBuf>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    pub benchmark: &'a str,
    pub subject: &'a str,
    /// Cases done and cases in all, of this benchmark and subject.
    pub done: usize,
    pub total: usize,
    /// Position of the benchmark in the run, from 0, and how many there are.
    pub index: usize,
    pub count: usize,
}

/// What one subject said about one benchmark.
#[derive(Debug)]
struct Said {
    header: Header,
    predictions: Vec<Prediction>,
    cost: Option<Cost>,
}

impl Said {
    fn of(&self) -> (&Header, &[Prediction]) {
        (&self.header, &self.predictions)
    }
}

impl Run {
    /// Measures every benchmark and writes predictions and reports. The report is about the first subject.
    /// Benchmarks appear in the order of their names, however they were given.
    ///
    /// # Errors
    /// When data, predictions, model or files fail; predictions made so far are kept and the next run goes on.
    pub fn execute(
        mut self,
        subjects: &mut [Subject],
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<EvalReport, Error> {
        self.benchmarks.sort_by(|a, b| a.name.cmp(&b.name));
        self.check(subjects)?;
        fs_err::create_dir_all(&self.out_dir)?;
        let mut ledger = self.ledger.as_deref().map(Ledger::open).transpose()?;
        let mut lines: Vec<SubjectLine> = Vec::new();
        let mut benchmarks = Vec::with_capacity(self.benchmarks.len());
        let mut comparisons = Vec::new();
        let (measured, left_out): (Vec<_>, Vec<_>) =
            self.benchmarks.iter().partition(|manifest| manifest.unavailable.is_none());
        for (index, manifest) in measured.iter().enumerate() {
            let cases = cases::load(manifest, &self.data_dir)?;
            let mut said = Vec::with_capacity(subjects.len());
            for subject in subjects.iter_mut() {
                let name = subject.name();
                let (total, count) = (cases.examples.len(), measured.len());
                let mut tell = |done| {
                    let benchmark = &manifest.name;
                    progress(Progress { benchmark, subject: &name, done, total, index, count });
                };
                said.push(self.ask(subject, manifest, &cases, &mut tell)?);
            }
            note_subjects(&mut lines, &said, manifest)?;
            let looks = ledger.as_mut().map(|l| note_looks(l, manifest, &cases, &said)).transpose()?;
            benchmarks.push(BenchmarkReport { looks: looks.flatten(), ..self.one(manifest, &cases, &said) });
            if let [own, rivals @ ..] = said.as_slice() {
                let against =
                    |rival: &Said| measure::compare(manifest, &cases, own.of(), rival.of(), self.plan);
                comparisons.extend(rivals.iter().flat_map(against));
            }
        }
        measure::adjust(&mut comparisons);
        let report = EvalReport {
            schema_version: SCHEMA_VERSION,
            tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            subjects: lines,
            seed: self.plan.seed,
            resamples: self.plan.resamples,
            confidence: CONFIDENCE,
            benchmarks,
            comparisons,
            left_out: left_out.into_iter().filter_map(left_out_line).collect(),
        };
        write_whole(&self.out_dir.join("report.json"), &report.to_json())?;
        write_whole(&self.out_dir.join("report.md"), &markdown::render(&report))?;
        write_whole(&self.out_dir.join("report.html"), &(html::render(&report) + "\n"))?;
        write_whole(&self.out_dir.join("card.html"), &(html::card(&report) + "\n"))?;
        Ok(report)
    }

    fn one(&self, manifest: &BenchmarkManifest, cases: &Cases, said: &[Said]) -> BenchmarkReport {
        let mut report = measure::describe(manifest, cases);
        for (i, s) in said.iter().enumerate() {
            let detail = if i == 0 { Detail::Whole } else { Detail::Beside };
            let result = measure::measure(manifest, cases, s.of(), detail, self.plan);
            report.results.push(SubjectResult { cost: s.cost.clone(), ..result });
        }
        report
    }

    fn check(&self, subjects: &[Subject]) -> Result<(), Error> {
        let refuse = |name: &str, reason: &str| {
            Err(Error::Cases { benchmark: name.to_owned(), reason: reason.to_owned() })
        };
        if self.benchmarks.is_empty() {
            return refuse("", "no benchmark was given");
        }
        if let Some(pair) = self.benchmarks.windows(2).find(|w| w[0].name == w[1].name) {
            return refuse(&pair[0].name, "given twice");
        }
        if let [.., last] = self.benchmarks.as_slice()
            && let Some(unavailable) = &last.unavailable
            && self.benchmarks.iter().all(|b| b.unavailable.is_some())
        {
            return refuse(&last.name, &format!("its data cannot be had: {}", unavailable.why));
        }
        if self.plan.resamples < 100 {
            return refuse(&self.benchmarks[0].name, "fewer than 100 resamples give no 95 % interval");
        }
        if let Some(name) = subjects.iter().map(Subject::name).find(|n| !is_file_name(n)) {
            let reason = "the name must do as the name of a folder: no path, and not empty".to_owned();
            return Err(Error::Subject { name, reason });
        }
        let mut names: Vec<String> = subjects.iter().map(Subject::name).collect();
        names.sort();
        match names.windows(2).find(|w| w[0] == w[1]) {
            Some(twice) => Err(Error::Subject {
                name: twice[0].clone(),
                reason: "two subjects have this name; each needs a name and a folder of its own".to_owned(),
            }),
            None if names.is_empty() => Err(Error::Subject {
                name: String::new(),
                reason: "nobody to measure: give a model, an endpoint, a baseline or predictions".to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn ask(
        &self,
        subject: &mut Subject,
        manifest: &BenchmarkManifest,
        cases: &Cases,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Said, Error> {
        subject.prepare(manifest, &self.data_dir)?;
        let kept =
            self.out_dir.join("predictions").join(subject.name()).join(format!("{}.jsonl", manifest.name));
        let (header, predictions) = predictions::gather(subject, manifest, cases, &kept, progress)?;
        Ok(Said { header, predictions, cost: cost::read(&kept)?.map(|spent| spent.cost) })
    }
}

/// Records a look for each subject before anything is measured, and says the how-manieth subject the first one is.
fn note_looks(
    ledger: &mut Ledger,
    manifest: &BenchmarkManifest,
    cases: &Cases,
    said: &[Said],
) -> Result<Option<usize>, Error> {
    for Said { header, .. } in said {
        let look = Look {
            benchmark: manifest.name.clone(),
            benchmark_version: manifest.version,
            cases_digest: cases.digest.clone(),
            subject: header.model.name.clone(),
            subject_digest: header.model.digest.clone(),
            policy_version: header.policy.version.clone(),
            tool: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        ledger.record(&look, ledger::now())?;
    }
    let own = said.first().map(|s| ledger.looks(&manifest.name, &cases.digest, &s.header.model.digest));
    Ok(own.and_then(|looks| looks.this_subject_rank))
}

/// Keeps who was measured, and refuses when one of them changes its identity on the way.
fn note_subjects(
    lines: &mut Vec<SubjectLine>,
    said: &[Said],
    manifest: &BenchmarkManifest,
) -> Result<(), Error> {
    if lines.is_empty() {
        lines.extend(said.iter().map(|s| SubjectLine {
            name: s.header.model.name.clone(),
            digest: s.header.model.digest.clone(),
            kind: s.header.kind.clone(),
            policy: s.header.trained_on.is_none().then(|| s.header.policy.clone()),
        }));
        return Ok(());
    }
    for (line, s) in lines.iter_mut().zip(said) {
        let model = &s.header.model;
        if (&line.name, &line.digest) != (&model.name, &model.digest) {
            return Err(Error::Cases {
                benchmark: manifest.name.clone(),
                reason: format!(
                    "its predictions are by {} ({}), those before by {} ({}); one subject is one model",
                    model.name, model.digest, line.name, line.digest
                ),
            });
        }
        if line.policy.as_ref() != Some(&s.header.policy) {
            line.policy = None;
        }
    }
    Ok(())
}

fn left_out_line(manifest: &BenchmarkManifest) -> Option<LeftOut> {
    let unavailable = manifest.unavailable.as_ref()?;
    Some(LeftOut {
        name: manifest.name.clone(),
        title: manifest.title.clone(),
        why: unavailable.why.clone(),
        how_to_add: unavailable.how_to_add.clone(),
    })
}

fn is_file_name(name: &str) -> bool {
    Path::new(name).file_name().is_some_and(|file| file == name)
}

/// Writes beside and renames, so that a reader never meets half a report.
fn write_whole(path: &Path, text: &str) -> Result<(), Error> {
    let beside = path.with_extension("partial");
    fs_err::write(&beside, text)?;
    fs_err::rename(beside, path)?;
    Ok(())
}
