//! The evaluation harness through its library calls, on made-up data: reference values, determinism to the
//! byte, resuming, abstention, one class only, and the manifests of the repository.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail by panicking, like the tests")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use countervail::data::digest::sha256;
use countervail::domain::assessment::{Assessment, LanguageSupport, ModelRef, Reading};
use countervail::domain::policy::Policy;
use countervail::domain::score::{Score, Scores};
use countervail::eval::bootstrap::{self, Plan};
use countervail::eval::intervals::wilson;
use countervail::eval::manifest::BenchmarkManifest;
use countervail::eval::metrics::{Case, Confusion, Ranked, expected_calibration_error};
use countervail::eval::report::{BenchmarkReport, EvalReport, Metric};
use countervail::eval::run::Run;
use countervail::eval::subject::{Scripted, Subject};
use serde_json::Value;

const PLAN: Plan = Plan { seed: 11, resamples: 200 };

fn score(value: f32) -> Score {
    Score::new(value).unwrap()
}

/// Reads the score out of the text, "… 37" being 0.37; a text that ends in "?" is in a language it cannot read.
fn script(text: &str) -> Assessment {
    let readable = !text.ends_with('?');
    let number: f32 = text.rsplit(' ').next().and_then(|w| w.parse().ok()).unwrap_or(0.0);
    let extremism = score(number / 100.0);
    let reading = Reading { extremism, scores: Scores::new([extremism; 6]), context: [0.25; 4] };
    Assessment {
        reading: readable.then_some(reading),
        language: if readable { "eng" } else { "kat" },
        language_support: if readable { LanguageSupport::Supported } else { LanguageSupport::Unsupported },
        windows: 1,
        strongest_window: None,
    }
}

fn scripted(name: &str) -> Subject {
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

struct Bench {
    root: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a CSV file and returns a `[[source]]` for it with the given extra lines.
    fn source(&self, file: &str, csv: &str, extra: &str) -> String {
        fs_err::write(self.path(file), csv).unwrap();
        let digest = sha256(csv.as_bytes());
        format!(
            "[[source]]\nname = \"{file}\"\npath = \"{file}\"\nsha256 = \"{digest}\"\nlicence = \"made up\"\n\
             format = \"csv\"\nlanguage = \"en\"\n{extra}\n"
        )
    }

    fn run(&self, manifest: &str, subject: &mut Subject, out: &str) -> EvalReport {
        self.try_run(manifest, subject, out).unwrap()
    }

    fn try_run(
        &self,
        manifest: &str,
        subject: &mut Subject,
        out: &str,
    ) -> Result<EvalReport, countervail::eval::error::Error> {
        let run = Run {
            benchmarks: vec![BenchmarkManifest::parse(manifest).unwrap()],
            data_dir: self.root.path().to_owned(),
            out_dir: self.path(out),
            plan: PLAN,
        };
        run.execute(subject, &mut |_| {})
    }

    fn bytes(&self, file: &str) -> Vec<u8> {
        fs_err::read(self.path(file)).unwrap()
    }
}

fn head(name: &str, kind: &str, more: &str) -> String {
    format!(
        "name = \"{name}\"\ntitle = \"Made-up {name}\"\nversion = 1\nkind = \"{kind}\"\nmeasures = \"The harness.\"\n\
         flag_means = \"The number at its end is high.\"\ncitation = \"none\"\n{more}\n\
         [upstream]\nrepository = \"none\"\nconversion = \"made up\"\n"
    )
}

/// 600 bland lines, three chunks, labelled by whether the number is odd.
fn labelled(bench: &Bench) -> String {
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

fn only(report: &EvalReport) -> &BenchmarkReport {
    assert_eq!(report.benchmarks.len(), 1);
    &report.benchmarks[0]
}

#[test]
fn two_runs_write_the_same_bytes() {
    let bench = Bench::new();
    let manifest = labelled(&bench);
    bench.run(&manifest, &mut scripted("a"), "one");
    bench.run(&manifest, &mut scripted("a"), "two");
    for file in ["report.json", "report.md", "predictions/labelled.jsonl"] {
        assert_eq!(bench.bytes(&format!("one/{file}")), bench.bytes(&format!("two/{file}")), "{file}");
    }
    let json = String::from_utf8(bench.bytes("one/report.json")).unwrap();
    assert!(!json.contains(&bench.root.path().display().to_string()), "no path of the machine");
    assert!(!json.contains("weighs"), "no text");
}

#[test]
fn a_stopped_run_goes_on_and_ends_in_the_same_bytes() {
    let bench = Bench::new();
    let manifest = labelled(&bench);
    bench.run(&manifest, &mut scripted("a"), "whole");
    let whole = bench.bytes("whole/predictions/labelled.jsonl");
    for cut in [0, 10, whole.len() / 3, whole.len() / 2, whole.len() - 1, whole.len()] {
        let kept = bench.path("cut/predictions/labelled.jsonl");
        fs_err::create_dir_all(kept.parent().unwrap()).unwrap();
        fs_err::write(&kept, &whole[..cut]).unwrap();
        bench.run(&manifest, &mut scripted("a"), "cut");
        assert_eq!(bench.bytes("cut/predictions/labelled.jsonl"), whole, "cut at {cut}");
        assert_eq!(bench.bytes("cut/report.json"), bench.bytes("whole/report.json"));
    }
}

#[test]
fn kept_predictions_are_used_and_not_made_again() {
    let bench = Bench::new();
    let manifest = labelled(&bench);
    bench.run(&manifest, &mut scripted("a"), "out");
    let Subject::Scripted(mut other) = scripted("a") else { unreachable!() };
    other.script = |_| panic!("asked again");
    bench.run(&manifest, &mut Subject::Scripted(other), "out");
}

#[test]
fn predictions_of_another_model_are_replaced() {
    let bench = Bench::new();
    let manifest = labelled(&bench);
    bench.run(&manifest, &mut scripted("a"), "out");
    let report = bench.run(&manifest, &mut scripted("b"), "out");
    assert_eq!(report.model.name, "b");
    bench.run(&manifest, &mut scripted("b"), "fresh");
    assert_eq!(
        bench.bytes("out/predictions/labelled.jsonl"),
        bench.bytes("fresh/predictions/labelled.jsonl")
    );
}

#[test]
fn a_folder_of_predictions_gives_the_report_of_its_model() {
    let bench = Bench::new();
    let manifest = labelled(&bench);
    bench.run(&manifest, &mut scripted("a"), "model");
    bench.run(&manifest, &mut Subject::Predictions(bench.path("model/predictions")), "again");
    assert_eq!(bench.bytes("model/report.json"), bench.bytes("again/report.json"));
}

#[test]
fn predictions_that_do_not_fit_are_refused_with_the_reason() {
    let bench = Bench::new();
    let manifest = labelled(&bench);
    bench.run(&manifest, &mut scripted("a"), "out");
    let file = bench.path("out/predictions/labelled.jsonl");
    let whole = fs_err::read_to_string(&file).unwrap();
    let last = whole.trim_end().rfind('\n').unwrap();
    let first = whole.find('\n').unwrap();
    let twice = format!("{whole}{}\n", whole.lines().nth(1).unwrap());
    for (text, reason) in [
        (whole[..=last].to_owned(), "no prediction for case"),
        (whole[first + 1..].to_owned(), "no header"),
        (twice, "a second prediction"),
        (whole.replacen("\"review\":0.5", "\"review\":1.5", 1), "probability"),
        (whole.replacen("\"benchmark\":\"labelled\"", "\"benchmark\":\"other\"", 1), "made for other"),
        (String::new(), "empty"),
    ] {
        fs_err::write(&file, text).unwrap();
        let mut subject = Subject::Predictions(bench.path("out/predictions"));
        let error = bench.try_run(&manifest, &mut subject, "again").unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn clusters_and_unknown_labels_are_counted() {
    let bench = Bench::new();
    let report = bench.run(&labelled(&bench), &mut scripted("a"), "out");
    let targets = &only(&report).targets;
    assert_eq!((targets[0].target, targets[1].target), ("extremism", "hate"));
    assert_eq!(targets[0].clusters, 150);
    assert!((targets[0].threshold - 0.5).abs() < 1e-9 && (targets[1].threshold - 0.6).abs() < 1e-9);
    let auc = &targets[0].metrics["roc_auc"];
    assert_eq!((auc.interval, auc.n), ("bca", 600));
    assert!(auc.low < auc.value && auc.value < auc.high, "{auc:?}");
}

#[test]
fn one_class_only_gives_reasons_and_no_numbers() {
    let bench = Bench::new();
    let report = bench.run(&labelled(&bench), &mut scripted("a"), "out");
    let hate = &only(&report).targets[1];
    assert_eq!((hate.positives, hate.negatives), (0, 600));
    for name in ["recall", "average_precision", "roc_auc"] {
        let metric = &hate.metrics[name];
        assert_eq!((metric.value, metric.low, metric.high), (None, None, None), "{name}");
        assert!(metric.because.is_some(), "{name}");
    }
    assert!(hate.metrics["false_positive_rate"].value.is_some());
    let json = String::from_utf8(bench.bytes("out/report.json")).unwrap();
    assert!(!json.contains("NaN") && !json.contains("inf"));
}

#[test]
fn an_abstention_is_not_flagged_and_said() {
    let bench = Bench::new();
    let csv = "text,label\nfine 80,1\nfine 70,1\nunread 90?,1\nfine 10,0\nfine 55,0\nunread 5?,0\n";
    let labels =
        "set = { extremism = 0 }\nlabels = [{ column = \"label\", is = [\"1\"], set = { extremism = 1 } }]";
    let manifest =
        head("half_read", "labelled", "targets = [\"extremism\"]") + &bench.source("h.csv", csv, labels);
    let report = bench.run(&manifest, &mut scripted("a"), "out");
    let b = only(&report);
    assert_eq!((b.n, b.abstained, b.flagged.k), (6, 2, Some(3)));
    assert_eq!(b.abstained_languages.get("kat"), Some(&2));
    let t = &b.targets[0];
    assert_eq!((t.true_positives, t.false_negatives, t.abstained), (2, 1, 2));
    let recall = &t.metrics["recall"];
    assert_eq!((recall.k, recall.n), (Some(2), 3));
    assert_eq!(t.metrics["average_precision"].n, 4);
    assert_eq!(t.metrics["average_precision"].value, Some(1.0));
    let markdown = String::from_utf8(bench.bytes("out/report.md")).unwrap();
    assert!(markdown.contains("2 without a score"));
}

#[test]
fn abstaining_keeps_no_promise() {
    let bench = Bench::new();
    let csv = "text\n".to_owned() + &"unread?\n".repeat(500);
    let manifest = head("unread", "panel", "budget = 0.01") + &bench.source("u.csv", &csv, "");
    let report = bench.run(&manifest, &mut scripted("a"), "out");
    assert_eq!(only(&report).flagged.value, Some(0.0));
    assert_eq!(only(&report).flagged_of_scored.value, None);
    assert!(String::from_utf8(bench.bytes("out/report.md")).unwrap().contains("nothing was scored"));
}

#[test]
fn a_panel_holds_its_promise_only_with_its_whole_interval() {
    let bench = Bench::new();
    let lines = |flagged: usize, n: usize| -> String {
        let row = |i| format!("calm {i} is {}\n", if i < flagged { 95 } else { 2 });
        "text\n".to_owned() + &(0..n).map(row).collect::<String>()
    };
    for (flagged, n, verdict) in [(0, 1000, "| yes |"), (0, 20, "| as measured |"), (5, 100, "| **no** |")] {
        let manifest =
            head("panel", "panel", "budget = 0.01") + &bench.source("p.csv", &lines(flagged, n), "");
        let out = format!("out{flagged}_{n}");
        let report = bench.run(&manifest, &mut scripted("a"), &out);
        assert_eq!(only(&report).bands["urgent"], flagged);
        let markdown = String::from_utf8(bench.bytes(&format!("{out}/report.md"))).unwrap();
        assert!(markdown.contains(verdict), "{markdown}");
    }
}

#[test]
fn functions_pass_by_their_own_labels_and_pairs_take_the_lower() {
    let bench = Bench::new();
    let csv = "id,text,kind,gold\na,one 90,plain,1\nb,two 10,plain,1\nc,three 5,mention,0\nd,four 90,mention,0\ne,five 1,mention,0\n";
    let more = "targets = [\"hate\"]\nfunction_slice = \"kind\"\nslices = [\"kind\"]";
    let pair = "[[pair]]\nname = \"plain, against mention\"\nhateful = [\"plain\"]\nbenign = [\"mention\"]\n";
    let labels = "id = \"id\"\nslices = [\"kind\"]\nset = { hate = 0 }\nlabels = [{ column = \"gold\", is = [\"1\"], set = { hate = 1 } }]";
    let manifest = head("suite", "functional", more) + &bench.source("f.csv", csv, labels) + pair;
    let report = bench.run(&manifest, &mut scripted("a"), "out");
    let b = only(&report);
    let shown: Vec<_> =
        b.functions.iter().map(|f| (f.function.as_str(), f.expected, f.passed.k, f.n)).collect();
    assert_eq!(shown, [("mention", Some(false), Some(2), 3), ("plain", Some(true), Some(1), 2)]);
    assert_eq!(b.pairs[0].both, Some(0.5));
    assert!(b.functions.iter().all(|f| f.small));
}

#[test]
fn sources_of_one_benchmark_may_repeat_ids() {
    let bench = Bench::new();
    let manifest = head("two", "panel", "")
        + &bench.source("x.csv", "text\ncalm 1\n", "")
        + &bench.source("y.csv", "text\ncalm 2\n", "");
    assert_eq!(only(&bench.run(&manifest, &mut scripted("a"), "out")).n, 2);
}

#[test]
fn changed_data_is_refused() {
    let bench = Bench::new();
    let manifest = head("panel", "panel", "") + &bench.source("p.csv", "text\ncalm 1\n", "");
    fs_err::write(bench.path("p.csv"), "text\ncalm 2\n").unwrap();
    let error = bench.try_run(&manifest, &mut scripted("a"), "out").unwrap_err();
    assert!(format!("{:?}", anyhow::Error::from(error)).contains("SHA-256"));
}

#[test]
fn a_manifest_that_contradicts_itself_is_refused() {
    let bench = Bench::new();
    let source = bench.source("p.csv", "text\ncalm 1\n", "");
    for (manifest, reason) in [
        (head("p", "panel", "targets = [\"hate\"]") + &source, "a panel has no targets"),
        (head("p", "labelled", "") + &source, "needs `targets`"),
        (head("p", "labelled", "targets = [\"anger\"]") + &source, "`anger` is not a category"),
        (head("P x", "panel", "") + &source, "lower-case"),
        (head("p", "panel", "colour = 3") + &source, "colour"),
        (head("p", "panel", "") + &source.replace("sha256", "upstream"), "pins no sha256"),
        (head("p", "panel", "") + &source + &source, "two sources"),
        (head("p", "functional", "targets = [\"hate\"]") + &source, "function_slice"),
        (head("p", "panel", "budget = 2.0") + &source, "budget"),
    ] {
        let error = BenchmarkManifest::parse(&manifest).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn every_manifest_of_the_repository_is_sound() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("eval/benchmarks");
    let mut count = 0;
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let manifest = BenchmarkManifest::open(&path).unwrap();
        assert_eq!(path.file_stem().unwrap().to_str(), Some(manifest.name.as_str()));
        count += 1;
    }
    assert!(count >= 13);
}

fn reference() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/metrics_reference.json");
    serde_json::from_slice(&fs_err::read(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn agree(name: &str, got: Option<f64>, expected: &Value) {
    match (got, expected.as_f64()) {
        (None, None) => {}
        (Some(a), Some(b)) if (a - b).abs() < 1e-9 => {}
        (a, b) => panic!("{name}: got {a:?}, the reference is {b:?}"),
    }
}

#[test]
fn metrics_agree_with_scikit_learn() {
    let reference = reference();
    let all = reference["cases"].as_array().unwrap();
    assert!(all.len() > 30);
    for r in all {
        #[expect(clippy::cast_possible_truncation, reason = "the reference's scores are 32-bit floats")]
        let scores: Vec<f32> = numbers(&r["scores"]).into_iter().map(|s| s as f32).collect();
        #[expect(clippy::cast_possible_truncation, reason = "the subject's thresholds are 32-bit floats")]
        let threshold = r["threshold"].as_f64().unwrap() as f32;
        let labels = r["labels"].as_array().unwrap();
        let cases: Vec<Case> = scores
            .iter()
            .zip(labels)
            .map(|(&s, l)| Case { score: Some(s), positive: l == 1, flagged: s >= threshold })
            .collect();
        let name = r["name"].as_str().unwrap();
        let c = Confusion::of(&cases);
        let counts = [c.true_positives, c.false_positives, c.true_negatives, c.false_negatives];
        assert_eq!(serde_json::json!(counts), r["confusion"], "{name}");
        let statistics = Ranked::new(&cases).statistics();
        agree(name, statistics.f1, &r["f1"]);
        agree(name, statistics.average_precision, &r["average_precision"]);
        agree(name, statistics.roc_auc, &r["roc_auc"]);
        agree(name, statistics.brier, &r["brier"]);
        agree(name, expected_calibration_error(&cases), &r["calibration_error"]);
        let rate = |k: usize, n: usize| (n > 0).then(|| k as f64 / n as f64);
        agree(name, rate(c.true_positives, c.true_positives + c.false_positives), &r["precision"]);
        agree(name, rate(c.true_positives, c.positives()), &r["recall"]);
        agree(name, rate(c.false_positives, c.negatives()), &r["false_positive_rate"]);
        agree(name, rate(c.true_positives + c.true_negatives, cases.len()), &r["accuracy"]);
    }
}

#[test]
fn intervals_agree_with_scipy() {
    let reference = reference();
    for r in reference["wilson"].as_array().unwrap() {
        let count = |key: &str| usize::try_from(r[key].as_u64().unwrap()).unwrap();
        let interval = wilson(count("k"), count("n")).unwrap();
        agree("wilson low", Some(interval.low), &r["low"]);
        agree("wilson high", Some(interval.high), &r["high"]);
    }
    for r in reference["bca"].as_array().unwrap() {
        let jackknife = numbers(&r["jackknife"]);
        let got =
            bootstrap::interval(r["point"].as_f64().unwrap(), numbers(&r["replicates"]), Some(&jackknife))
                .unwrap();
        assert_eq!(got.method, bootstrap::Method::Bca);
        agree("bca low", Some(got.interval.low), &r["low"]);
        agree("bca high", Some(got.interval.high), &r["high"]);
    }
}

#[test]
fn a_rate_of_nothing_says_why() {
    let metric = Metric::rate(0, 0, "no cases");
    assert_eq!((metric.value, metric.because), (None, Some("no cases")));
}
