//! A made-up benchmark in a folder of its own, and a subject that reads its score out of the text.

use std::fmt::Write as _;
use std::path::PathBuf;

use countervail::data::digest::sha256;
use countervail::domain::assessment::{Assessment, Heads, LanguageSupport, ModelRef, Reading, Stage};
use countervail::domain::policy::Policy;
use countervail::domain::score::{Score, Scores};
use countervail::eval::intervals::bootstrap::Plan;
use countervail::eval::manifest::BenchmarkManifest;
use countervail::eval::report::result::SubjectResult;
use countervail::eval::report::{BenchmarkReport, EvalReport};
use countervail::eval::run::Run;
use countervail::eval::subject::{Scripted, Subject};

pub(crate) const PLAN: Plan = Plan { seed: 11, resamples: 200 };

pub(crate) fn score(value: f32) -> Score {
    Score::new(value).unwrap()
}

/// Reads the score out of the text, "… 37" being 0.37; a text that ends in "?" is in a language it cannot read.
pub(crate) fn script(text: &str) -> Assessment {
    let readable = !text.ends_with('?');
    let number: f32 = text.rsplit(' ').next().and_then(|w| w.parse().ok()).unwrap_or(0.0);
    let extremism = score(number / 100.0);
    let heads = Heads { scores: Scores::new([extremism; 6]), context: [0.25; 4] };
    let reading = Reading { extremism, stage: Stage::Encoder(heads) };
    Assessment {
        reading: readable.then_some(reading),
        language: if readable { "eng" } else { "kat" },
        language_support: if readable { LanguageSupport::Supported } else { LanguageSupport::Unsupported },
        windows: 1,
        strongest_window: None,
    }
}

pub(crate) fn scripted(name: &str) -> Subject {
    Subject::Scripted(Box::new(Scripted {
        model: ModelRef { name: name.to_owned(), digest: format!("sha256:{name}") },
        policy: Policy {
            version: "test-1".to_owned(),
            review: score(0.5),
            urgent: score(0.9),
            categories: [score(0.6); 6],
        },
        script,
    }))
}

pub(crate) struct Bench {
    pub(crate) root: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a CSV file and returns a `[[source]]` for it with the given extra lines.
    pub(crate) fn source(&self, file: &str, csv: &str, extra: &str) -> String {
        fs_err::write(self.path(file), csv).unwrap();
        let digest = sha256(csv.as_bytes());
        format!(
            "[[source]]\nname = \"{file}\"\npath = \"{file}\"\nsha256 = \"{digest}\"\nlicence = \"made up\"\n\
             origin = {{ made = \"by a test\" }}\nformat = \"csv\"\nlanguage = \"en\"\n{extra}\n"
        )
    }

    pub(crate) fn run(&self, manifest: &str, subject: &mut Subject, out: &str) -> EvalReport {
        self.try_run(manifest, subject, out).unwrap()
    }

    pub(crate) fn try_run(
        &self,
        manifest: &str,
        subject: &mut Subject,
        out: &str,
    ) -> Result<EvalReport, countervail::eval::error::Error> {
        self.run_all(manifest, std::slice::from_mut(subject), out)
    }

    pub(crate) fn run_all(
        &self,
        manifest: &str,
        subjects: &mut [Subject],
        out: &str,
    ) -> Result<EvalReport, countervail::eval::error::Error> {
        let run = Run {
            benchmarks: vec![BenchmarkManifest::parse(manifest).unwrap()],
            data_dir: self.root.path().to_owned(),
            out_dir: self.path(out),
            plan: PLAN,
            ledger: Some(self.path("ledger.jsonl")),
        };
        run.execute(subjects, &mut |_| {})
    }

    pub(crate) fn bytes(&self, file: &str) -> Vec<u8> {
        fs_err::read(self.path(file)).unwrap()
    }
}

pub(crate) fn head(name: &str, kind: &str, more: &str) -> String {
    format!(
        "name = \"{name}\"\ntitle = \"Made-up {name}\"\nversion = 1\nkind = \"{kind}\"\nmeasures = \"The harness.\"\n\
         flag_means = \"The number at its end is high.\"\ncitation = \"none\"\n{more}\n"
    )
}

/// 600 bland lines, three chunks, labelled by whether the number is odd.
pub(crate) fn labelled(bench: &Bench) -> String {
    let mut csv = "text,label,thread\n".to_owned();
    for i in 0..600 {
        let number = i * 61 % 100;
        writeln!(csv, "note {i} weighs {number},{},{}", usize::from(number > 30 + i % 50), i / 4).unwrap();
    }
    head("labelled", "labelled", "targets = [\"extremism\", \"hate\"]")
        + &bench.source(
            "labelled.csv",
            &csv,
            "group = \"thread\"\nset = { hate = 0 }\nlabels = [{ column = \"label\", is = [\"1\"], set = { extremism = 1 } }, \
             { column = \"label\", is = [\"0\"], set = { extremism = 0 } }]",
        )
}

pub(crate) fn only(report: &EvalReport) -> &BenchmarkReport {
    assert_eq!(report.benchmarks.len(), 1);
    &report.benchmarks[0]
}

/// What the subject of a report did on its one benchmark.
pub(crate) fn own(report: &EvalReport) -> &SubjectResult {
    only(report).own()
}
