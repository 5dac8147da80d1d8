//! Baselines: what they learn from, where their thresholds come from, and that they say so.

use std::fmt::Write as _;
use std::path::Path;

use countervail::eval::manifest::BenchmarkManifest;
use countervail::eval::predictions::Header;
use countervail::eval::run::Run;
use countervail::eval::subject::Subject;
use countervail::eval::subject::baseline::Baseline;

use crate::eval::bench::*;

const LABELS: &str = "labels = [{ column = \"label\", is = [\"1\"], set = { extremism = 1 } }, \
    { column = \"label\", is = [\"0\"], set = { extremism = 0 } }]";

const TERMS: &str =
    "[linear]\nc = 10.0\n[linear.terms]\nngrams = [1, 2]\nmin_df = 1\nmax_df = 1.0\nsublinear_tf = true\n";

/// Bland lines: those about tea are labelled 1, those about stones 0; every `odd`th label is the other one.
fn rows(count: usize, odd: usize, salt: &str) -> String {
    let mut csv = "text,label\n".to_owned();
    for i in 0..count {
        let tea = i % 2 == 0;
        let topic = if tea { "a cup of tea" } else { "a heap of stones" };
        let label = tea != (i % odd == odd - 1);
        writeln!(csv, "{salt} note {i} about {topic},{}", u8::from(label)).unwrap();
    }
    csv
}

/// A `[[source]]` as another part of the manifest.
fn part(source: &str, name: &str) -> String {
    source.replace("[[source]]", &format!("[[{name}]]"))
}

fn learnable(bench: &Bench, validation: &str) -> String {
    let test = bench.source("test.csv", &rows(40, 1000, "test"), LABELS);
    let train = part(&bench.source("train.csv", &rows(80, 1000, "train"), LABELS), "train");
    let validation = part(&bench.source("validation.csv", validation, LABELS), "validation");
    head("learnable", "labelled", "targets = [\"extremism\"]") + &test + &train + &validation
}

/// A description in the bench's folder, beside the list of sources that it names.
fn baseline(bench: &Bench, method: &str) -> Subject {
    let general = bench.source("general.csv", &rows(60, 1000, "general"), LABELS);
    fs_err::write(bench.path("general.toml"), general).unwrap();
    open(bench, &format!("sources = \"general.toml\"\n{method}")).unwrap()
}

fn open(bench: &Bench, rest: &str) -> Result<Subject, countervail::eval::error::Error> {
    let file = bench.path("plain.toml");
    fs_err::write(&file, format!("name = \"plain\"\nabout = \"made up\"\n{rest}")).unwrap();
    Baseline::open(&file).map(|b| Subject::Baseline(Box::new(b)))
}

fn header(bench: &Bench, file: &str) -> Header {
    let text = String::from_utf8(bench.bytes(file)).unwrap();
    serde_json::from_str(text.lines().next().unwrap()).unwrap()
}

#[test]
fn a_baseline_learns_from_the_published_training_part() {
    let bench = Bench::new();
    let manifest = learnable(&bench, &rows(20, 1000, "validation"));
    let report = bench.run(&manifest, &mut baseline(&bench, TERMS), "out");
    let result = only(&report).own();
    assert_eq!(result.targets[0].metrics["accuracy"].value, Some(1.0));
    assert_eq!((result.subject.as_str(), report.subject().kind), ("plain", "baseline"));
    assert!(report.subject().policy.is_none(), "its thresholds are those of one benchmark");
    let header = header(&bench, "out/predictions/learnable.jsonl");
    assert_eq!(header.trained_on.map(|digest| digest.len()), Some(64));
    let lines = String::from_utf8(bench.bytes("out/predictions/learnable.jsonl")).unwrap();
    assert!(lines.lines().skip(1).all(|l| l.contains("\"scores\":[null,null,null,null,null,null]")));
    assert!(!lines.contains("stones"), "no text");
}

#[test]
fn its_threshold_is_chosen_on_the_validation_part() {
    let bench = Bench::new();
    let plain = learnable(&bench, &rows(20, 1000, "validation"));
    bench.run(&plain, &mut baseline(&bench, TERMS), "plain");
    // Nothing there is positive, so the best threshold lies above every score.
    let negative = rows(20, 1000, "validation").replace(",1\n", ",0\n");
    let careful = learnable(&bench, &negative);
    let report = bench.run(&careful, &mut baseline(&bench, TERMS), "careful");
    let review = |out: &str| header(&bench, &format!("{out}/predictions/learnable.jsonl")).policy.review;
    assert!(review("plain") < review("careful"), "{} {}", review("plain"), review("careful"));
    assert_ne!(
        header(&bench, "plain/predictions/learnable.jsonl").trained_on,
        header(&bench, "careful/predictions/learnable.jsonl").trained_on
    );
    assert!((only(&report).own().targets[0].threshold - f64::from(review("careful"))).abs() < 1e-6);
}

#[test]
fn where_nothing_is_published_it_learns_from_its_own_sources() {
    let bench = Bench::new();
    let panel = |name: &str| {
        head(name, "panel", "") + &bench.source(&format!("{name}.csv"), &rows(30, 1000, name), "")
    };
    let benchmarks = [panel("one"), panel("two")].map(|m| BenchmarkManifest::parse(&m).unwrap());
    let run = Run {
        benchmarks: benchmarks.to_vec(),
        data_dir: bench.root.path().to_owned(),
        out_dir: bench.path("out"),
        plan: PLAN,
    };
    let report = run.execute(&mut baseline(&bench, TERMS), &mut |_| {}).unwrap();
    let half = |b: usize| report.benchmarks[b].own().flagged.value;
    assert_eq!((half(0), half(1)), (Some(0.5), Some(0.5)));
    let trained = |name: &str| header(&bench, &format!("out/predictions/{name}.jsonl")).trained_on;
    assert!(trained("one").is_some() && trained("one") == trained("two"));
}

#[test]
fn equal_inputs_give_equal_bytes_and_kept_predictions_are_read_again() {
    let bench = Bench::new();
    let manifest = learnable(&bench, &rows(20, 7, "validation"));
    bench.run(&manifest, &mut baseline(&bench, TERMS), "one");
    bench.run(&manifest, &mut baseline(&bench, TERMS), "two");
    bench.run(&manifest, &mut Subject::Predictions(bench.path("one/predictions")), "three");
    let file = "predictions/learnable.jsonl";
    assert_eq!(bench.bytes(&format!("one/{file}")), bench.bytes(&format!("two/{file}")));
    assert_eq!(bench.bytes("one/report.json"), bench.bytes("two/report.json"));
    let value = |out: &str| -> serde_json::Value {
        serde_json::from_slice(&bench.bytes(&format!("{out}/report.json"))).unwrap()
    };
    assert_eq!(value("one")["benchmarks"], value("three")["benchmarks"]);
}

#[test]
fn the_majority_is_the_share_of_the_training_labels() {
    let bench = Bench::new();
    let test = bench.source("test.csv", &rows(40, 1000, "test"), LABELS);
    // Three quarters positive: every fourth label is turned from 0 to 1.
    let mut many = rows(80, 1000, "train");
    many.push_str(&"more about tea,1\n".repeat(80));
    let train = part(&bench.source("train.csv", &many, LABELS), "train");
    let validation = part(&bench.source("v.csv", &rows(20, 1000, "v"), LABELS), "validation");
    let manifest = head("common", "labelled", "targets = [\"extremism\"]") + &test + &train + &validation;
    let report = bench.run(&manifest, &mut baseline(&bench, "[majority]\n"), "out");
    let target = &only(&report).own().targets[0];
    assert_eq!((target.true_positives, target.false_positives), (20, 20), "it flags everything");
    let lines = String::from_utf8(bench.bytes("out/predictions/common.jsonl")).unwrap();
    assert!(lines.lines().skip(1).all(|l| l.contains("\"extremism\":0.75,")), "{lines}");
}

#[test]
fn keywords_need_nothing_to_learn_from() {
    let bench = Bench::new();
    let manifest = learnable(&bench, &rows(20, 1000, "validation"));
    fs_err::remove_file(bench.path("train.csv")).unwrap();
    let mut subject =
        open(&bench, "[keywords]\nextremism = [\"tea\", \"note 1\"]\nhate = [\"heap\"]\n").unwrap();
    let report = bench.run(&manifest, &mut subject, "out");
    let target = &only(&report).own().targets[0];
    // `note 1` is met in one line about stones, and not in `note 11`.
    assert_eq!((target.true_positives, target.false_positives), (20, 1));
    assert_eq!(only(&report).own().categories["hate"].value, Some(0.5));
    assert!(report.subject().policy.is_some(), "its thresholds are the same everywhere");
    assert_eq!(header(&bench, "out/predictions/learnable.jsonl").trained_on, None);
}

#[test]
fn a_description_that_contradicts_itself_is_refused() {
    let bench = Bench::new();
    baseline(&bench, TERMS);
    let with = |rest: &str| format!("sources = \"general.toml\"\n{rest}");
    for (toml, reason) in [
        (with("[majority]\n[keywords]\nhate = [\"a\"]\n"), "exactly one of"),
        ("[majority]\n".to_owned(), "need `sources`"),
        (with("[keywords]\nhate = [\"a\"]\n"), "has none"),
        ("[keywords]\nhate = []\n".to_owned(), "a list of words"),
        ("[keywords]\nanger = [\"a\"]\n".to_owned(), "is not a category"),
        (with(&TERMS.replace("10.0", "0.0")), "above 0"),
        (with(&TERMS.replace("[1, 2]", "[2, 1]")), "shortest, longest"),
        (with(&TERMS.replace("sublinear_tf", "sublinear")), "sublinear"),
    ] {
        let error = open(&bench, &toml).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    fs_err::write(bench.path("general.toml"), bench.source("g.csv", "text\na\n", "").replace("sha256", "#"))
        .unwrap();
    let error = open(&bench, &with("[majority]\n")).unwrap_err().to_string();
    assert!(error.contains("pins no sha256"), "{error}");
}

#[test]
fn training_data_that_is_not_there_is_named() {
    let bench = Bench::new();
    let manifest = learnable(&bench, &rows(20, 1000, "validation"));
    fs_err::write(bench.path("train.csv"), "text,label\nother,1\n").unwrap();
    let error = bench.try_run(&manifest, &mut baseline(&bench, TERMS), "out").unwrap_err();
    assert!(error.to_string().contains("baseline `plain`"), "{error}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("train.csv") && source.contains("SHA-256"), "{source}");
}

#[test]
fn the_baselines_of_the_repository_are_sound() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("eval/baselines");
    let mut names = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            Baseline::open(&path).unwrap();
            names.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    names.sort();
    assert_eq!(names, ["keywords", "majority", "tfidf"]);
}
