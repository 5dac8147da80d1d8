//! Calibration with a promise, from outside: its arithmetic against SciPy and scikit-learn, and a bundle that is
//! promised something, opened again and held to it.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::path::{Path, PathBuf};

use countervail::data::digest::sha256_file;
use countervail::domain::taxonomy::Category;
use countervail::domain::text::Text;
use countervail::inference::cascade::Use;
use countervail::inference::engine::Settings;
use countervail::inference::pipeline::Pipeline;
use countervail::train::calibrate::{Free, line};
use countervail::train::error::Error;
use countervail::train::promise::isotonic::pool;
use countervail::train::promise::level::Level;
use countervail::train::promise::record::{Purpose, Record};
use countervail::train::promise::{Order, Outcome, Promised, Terms, promise};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::tiny::{bundle, sentence};

/// A made-up set: sentences with the word are positive, but for one in `wrong`. Gives the path of the set.
pub(crate) fn write_set(folder: &Path, n: usize, wrong: u32) -> PathBuf {
    let rng = &mut ChaCha8Rng::seed_from_u64(23);
    let lines: Vec<String> = (0..n)
        .map(|i| {
            let text = sentence(rng, i % 3 == 0);
            let label = (i % 3 == 0) != rng.next_u32().is_multiple_of(wrong);
            row(&text, label, label)
        })
        .collect();
    write_set_of(folder, "own.jsonl", &lines.join("\n"))
}

fn row(text: &str, extremism: bool, recruitment: bool) -> String {
    let digit = |label: bool| u8::from(label).to_string();
    json!({ "text": text, "label": digit(extremism), "recruitment": digit(recruitment) }).to_string()
}

fn write_set_of(folder: &Path, path: &str, lines: &str) -> PathBuf {
    fs_err::write(folder.join(path), lines).unwrap();
    let digest = sha256_file(&folder.join(path)).unwrap();
    let set = folder.join("set.toml");
    let text = format!(
        r#"name = "own_posts"
version = 2
[[source]]
name = "own"
path = "{path}"
sha256 = "{digest}"
licence = "made up"
format = "jsonl"
labels = [
  {{ column = "label", is = ["1"], set = {{ extremism = 1 }} }},
  {{ column = "label", is = ["0"], set = {{ extremism = 0 }} }},
  {{ column = "recruitment", is = ["1"], set = {{ "extremism/recruitment" = 1 }} }},
  {{ column = "recruitment", is = ["0"], set = {{ "extremism/recruitment" = 0 }} }},
]
"#
    );
    fs_err::write(&set, text).unwrap();
    set
}

const TERMS: Terms = Terms { precision: 0.8, urgent_precision: 0.9, delta: 0.05 };

fn order(set: &Path) -> Order {
    let data = set.parent().unwrap().to_owned();
    Order { model: bundle().to_owned(), set: set.to_owned(), data, terms: TERMS, seed: 1 }
}

fn promised(order: &Order) -> Box<Promised> {
    match promise(order, &mut |_, _| {}).unwrap() {
        Outcome::Promised(promised) => promised,
        Outcome::Refused(record) => panic!("refused: {record:?}"),
    }
}

fn refused(order: &Order) -> Box<Record> {
    match promise(order, &mut |_, _| {}).unwrap() {
        Outcome::Refused(record) => record,
        Outcome::Promised(promised) => panic!("promised: {:?}", promised.record),
    }
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs_err::read(&path).unwrap()))
        .collect();
    all.sort();
    all
}

#[test]
fn a_promised_bundle_opens_and_keeps_its_promise() {
    let folder = tempfile::tempdir().unwrap();
    let order = order(&write_set(folder.path(), 1500, 40));
    let made = promised(&order);
    let out = folder.path().join("promised");
    made.write(&out).unwrap();

    let mut pipeline = Pipeline::open(&out).unwrap();
    assert_eq!(pipeline.policy().version, "tiny-1+own_posts-2");
    assert_eq!(pipeline.model().name, "tiny");
    let threshold = |purpose| made.record.promises.iter().find(|p| p.purpose == purpose).unwrap().threshold;
    assert_eq!(pipeline.policy().review.get().to_bits(), threshold(Purpose::Review).to_bits());
    assert_eq!(pipeline.policy().urgent.get().to_bits(), threshold(Purpose::Urgent).to_bits());
    for p in &made.record.promises {
        assert!(p.bound >= p.precision && p.correct <= p.flagged, "{p:?}");
        assert!(p.recall.count == p.correct && p.recall.low < p.recall.value, "{p:?}");
    }

    // New texts, drawn in the same way.
    let rng = &mut ChaCha8Rng::seed_from_u64(99);
    let texts: Vec<(Text, bool)> = (0..600)
        .map(|i| {
            let label = (i % 3 == 0) != rng.next_u32().is_multiple_of(40);
            (Text::parse(sentence(rng, i % 3 == 0), 1 << 16).unwrap(), label)
        })
        .collect();
    let read = pipeline.assess(&texts.iter().map(|t| t.0.clone()).collect::<Vec<_>>()).unwrap();
    let flagged: Vec<bool> = read
        .iter()
        .zip(&texts)
        .filter(|(a, _)| pipeline.policy().evaluate(a).flagged())
        .map(|(_, (_, label))| *label)
        .collect();
    let correct = flagged.iter().filter(|label| **label).count();
    assert!(flagged.len() > 150 && 10 * correct >= 8 * flagged.len(), "{correct} of {}", flagged.len());
}

#[test]
fn the_bundle_holds_its_evidence_and_the_service_opens_it() {
    let folder = tempfile::tempdir().unwrap();
    let order = order(&write_set(folder.path(), 900, 40));
    let out = folder.path().join("promised");
    promised(&order).write(&out).unwrap();
    let settings = Settings::default();
    let handle = countervail::inference::open(out.to_str().unwrap(), settings, Use::default()).unwrap();
    assert_eq!(handle.policy().version, "tiny-1+own_posts-2");

    let evidence: Value = serde_json::from_slice(&fs_err::read(out.join("promise.json")).unwrap()).unwrap();
    assert_eq!(
        evidence["set"]["sources"][0]["sha256"],
        sha256_file(&folder.path().join("own.jsonl")).unwrap()
    );
    assert_eq!(evidence["model"]["digest"], Pipeline::open(bundle()).unwrap().model().digest);
    assert_eq!(evidence["texts"]["read"], 900);
    let targets: Vec<&Value> =
        evidence["calibration"].as_array().unwrap().iter().map(|c| &c["target"]).collect();
    assert_eq!(targets[0], "extremism");
    assert_eq!(targets.len(), 7);
    // Nothing was labelled for hate: its threshold stays, and that is said.
    let hate = |list: &str| evidence[list].as_array().unwrap().iter().any(|p| p["target"] == "hate");
    assert!(hate("not_promised") && !hate("promises"));
    let (before, after) = (Pipeline::open(bundle()).unwrap(), Pipeline::open(&out).unwrap());
    let of = |p: &Pipeline| p.policy().categories[Category::Hate.index()];
    assert_eq!(of(&before), of(&after));

    let card = fs_err::read_to_string(out.join("README.md")).unwrap();
    assert!(card.contains("## Operating point") && card.contains("## Promise"), "{card}");
    for name in ["README.md", "calibration.json", "promise.json", "thresholds.toml"] {
        let text = fs_err::read_to_string(out.join(name)).unwrap();
        assert!(!text.contains("zorblax"), "{name} holds a text");
    }
}

#[test]
fn the_same_order_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let order = order(&write_set(folder.path(), 900, 40));
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
    promised(&order).write(&a).unwrap();
    promised(&order).write(&b).unwrap();
    // Writing over what is there replaces it as a whole.
    promised(&order).write(&a).unwrap();
    assert!(files(&a) == files(&b));
    let other = promised(&Order { seed: 2, ..order });
    assert_ne!(other.record.texts, promised(&order_of(&folder)).record.texts, "a seed decides the parts");
}

fn order_of(folder: &tempfile::TempDir) -> Order {
    order(&folder.path().join("set.toml"))
}

#[test]
fn what_training_saw_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    // The tiny recipe pins no digest, so the path decides.
    let set = write_set_of(folder.path(), "posts.jsonl", &row("amber basin", false, false));
    let error = promise(&order(&set), &mut |_, _| {}).unwrap_err();
    assert!(matches!(&error, Error::Seen { training, .. } if training == "posts"), "{error}");
}

#[test]
fn a_promise_is_not_made_of_a_promise() {
    let folder = tempfile::tempdir().unwrap();
    let order = order(&write_set(folder.path(), 900, 40));
    let out = folder.path().join("promised");
    promised(&order).write(&out).unwrap();
    let again = Order { model: out.clone(), ..order.clone() };
    let error = promise(&again, &mut |_, _| {}).unwrap_err().to_string();
    assert!(error.contains("holds a promise already"), "{error}");
    let error = promised(&order).write(bundle()).unwrap_err().to_string();
    assert!(error.contains("write to another folder"), "{error}");
}

#[test]
fn too_few_texts_are_refused_with_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let record = refused(&order(&write_set(folder.path(), 60, 1_000_000)));
    let review = record.not_promised.iter().find(|r| r.purpose == Purpose::Review).unwrap();
    assert_eq!((review.fewest, review.flagged_needed), (14, Some(14)), "{review:?}");
    assert!(review.found.is_some_and(|f| f.flagged < 14 && f.correct == f.flagged), "{review:?}");
    let hate = record.not_promised.iter().find(|r| r.target == "hate").unwrap();
    assert!(hate.found.is_none() && hate.labelled == 0, "{hate:?}");
}

#[test]
fn labels_that_the_model_cannot_tell_are_refused_for_good() {
    let folder = tempfile::tempdir().unwrap();
    // Every second label is turned: what is flagged is true half of the time.
    let record = refused(&order(&write_set(folder.path(), 900, 2)));
    let review = record.not_promised.iter().find(|r| r.purpose == Purpose::Review).unwrap();
    assert!(review.found.is_some_and(|f| f.bound < 0.8), "{review:?}");
    assert_eq!(review.flagged_needed, None, "{review:?}");
}

#[test]
fn a_category_that_cannot_be_promised_flags_what_it_flagged() {
    let folder = tempfile::tempdir().unwrap();
    let rng = &mut ChaCha8Rng::seed_from_u64(6);
    let lines: Vec<String> = (0..1200)
        .map(|i| {
            let marked = i % 3 == 0;
            // The word is not enough for a promise of the category, but enough to calibrate it.
            let often = if marked { 5 } else { 2 };
            let recruitment = rng.next_u32() % 20 < often;
            row(&sentence(rng, marked), marked, recruitment)
        })
        .collect();
    let order = order(&write_set_of(folder.path(), "own.jsonl", &lines.join("\n")));
    let made = promised(&order);
    let target = "extremism/recruitment";
    let calibrated = made.record.calibration.iter().find(|c| c.target == target).unwrap();
    assert_ne!(calibrated.method, "as_shipped", "{calibrated:?}");
    assert!(made.record.not_promised.iter().any(|r| r.target == target), "{:?}", made.record.promises);

    let out = folder.path().join("promised");
    made.write(&out).unwrap();
    let texts: Vec<Text> =
        (0..300).map(|i| Text::parse(sentence(rng, i % 3 == 0), 1 << 16).unwrap()).collect();
    let [before, after] = [bundle(), out.as_path()].map(|folder| {
        let mut pipeline = Pipeline::open(folder).unwrap();
        let read = pipeline.assess(&texts).unwrap();
        let decided = |a| pipeline.policy().evaluate(a).categories[Category::Recruitment.index()];
        read.iter().map(decided).collect::<Vec<bool>>()
    });
    assert_eq!(before, after);
    assert!(before.contains(&true) && before.contains(&false));
}

#[test]
fn copies_of_one_text_are_one_piece_of_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let rng = &mut ChaCha8Rng::seed_from_u64(5);
    let lines: Vec<String> = (0..40)
        .map(|i| row(&sentence(rng, i % 2 == 0), i % 2 == 0, i % 2 == 0))
        .flat_map(|line| vec![line; 30])
        .collect();
    let record = refused(&order(&write_set_of(folder.path(), "own.jsonl", &lines.join("\n"))));
    assert_eq!(record.texts.read, 1200);
    assert!(record.not_promised[0].labelled <= 40, "{:?}", record.not_promised[0]);
}

#[test]
fn terms_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let order = order(&write_set(folder.path(), 10, 40));
    for (terms, says) in [
        (Terms { precision: 1.0, ..TERMS }, "above 0 and below 1"),
        (Terms { precision: 0.95, ..TERMS }, "below the 0.95"),
        (Terms { delta: 0.0, ..TERMS }, "delta is 0"),
        (Terms { delta: f64::NAN, ..TERMS }, "delta is NaN"),
    ] {
        let error = promise(&Order { terms, ..order.clone() }, &mut |_, _| {}).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

fn reference() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/promise_reference.json");
    serde_json::from_slice(&fs_err::read(path).unwrap()).unwrap()
}

#[test]
fn limits_agree_with_scipy() {
    let reference = reference();
    let all = reference["limits"].as_array().unwrap();
    assert!(all.len() > 40);
    for r in all {
        let count = |key: &str| usize::try_from(r[key].as_u64().unwrap()).unwrap();
        let level = Level { precision: 0.8, delta: r["delta"].as_f64().unwrap() };
        let (k, n) = (count("k"), count("n"));
        assert!((level.lower_bound(k, n) - r["low"].as_f64().unwrap()).abs() < 1e-9, "{r}");
        assert!((level.p_value(k, n) - r["p_value_at_0.8"].as_f64().unwrap()).abs() < 1e-9, "{r}");
    }
}

#[test]
fn fits_agree_with_scipy_and_scikit_learn() {
    let reference = reference();
    for r in reference["fits"].as_array().unwrap() {
        let x: Vec<f64> = r["x"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        let y: Vec<bool> = r["y"].as_array().unwrap().iter().map(|v| v == 1).collect();
        let pairs: Vec<(f64, bool)> = x.iter().copied().zip(y.iter().copied()).collect();
        for (free, name) in [(Free::Both, "platt"), (Free::Slope, "temperature")] {
            let got = line(&pairs, free);
            match (got, r[name].as_array()) {
                (None, None) => {}
                (Some(got), Some(expected)) => {
                    for (got, expected) in [got.slope, got.offset].into_iter().zip(expected) {
                        let expected = expected.as_f64().unwrap();
                        let apart = (f64::from(got) - expected).abs() / expected.abs().max(1.0);
                        assert!(apart < 1e-6, "{name}: {got} is not {expected}");
                    }
                }
                (got, expected) => panic!("{name}: {got:?} is not {expected:?}"),
            }
        }
        let points: Vec<(f64, f64)> = pairs.iter().map(|(x, y)| (*x, f64::from(u8::from(*y)))).collect();
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by(|a, b| x[*a].total_cmp(&x[*b]));
        let fitted = pool(&points).into_iter().flat_map(|b| std::iter::repeat_n(b.value, b.weight));
        for (i, value) in order.into_iter().zip(fitted) {
            let expected = r["isotonic"][i].as_f64().unwrap();
            assert!((value - expected).abs() < 1e-6, "at {}: {value} is not {expected}", x[i]);
        }
    }
}
