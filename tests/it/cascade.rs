//! The first stage of a cascade from outside: trained beside an encoder and added to one that exists, opened, served,
//! switched off, verified; and what makes it invalid.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use countervail::domain::policy::Band;
use countervail::domain::text::Text;
use countervail::inference::bundle::ModelBundle;
use countervail::inference::cascade::Use;
use countervail::inference::cascade::file::{META, WEIGHTS};
use countervail::inference::engine::Settings;
use countervail::inference::handle::Handle;
use countervail::inference::pipeline::Pipeline;
use countervail::train::run::{Places, run as train};
use serde_json::Value;

use crate::cli::run;
use crate::tiny::{Silent, bundle, places, with_cascade};

/// A tiny bundle with a first stage, trained with it, and where it was made.
fn cascaded() -> &'static Places {
    static PLACES: LazyLock<(tempfile::TempDir, Places)> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let places = places(folder.path());
        with_cascade(&places);
        train(&places, &mut Silent).unwrap();
        (folder, places)
    });
    &PLACES.1
}

/// The posts of the tiny data; the made-up word is in every third.
fn posts() -> Vec<Text> {
    let lines = fs_err::read_to_string(cascaded().data.join("posts.jsonl")).unwrap();
    let rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| Text::parse(row["text"].as_str().unwrap(), 1 << 16).unwrap()).collect()
}

/// A copy of the bundle with one file changed, and sealed again.
fn changed(folder: &Path, file: &str, change: &dyn Fn(String) -> String) -> PathBuf {
    let copy = folder.join("changed");
    fs_err::create_dir_all(&copy).unwrap();
    let bundle = ModelBundle::open(&cascaded().out).unwrap();
    for name in bundle.files.keys() {
        fs_err::copy(bundle.file(name), copy.join(name)).unwrap();
    }
    let path = copy.join(file);
    fs_err::write(&path, change(fs_err::read_to_string(&path).unwrap())).unwrap();
    countervail::inference::bundle::seal(&copy, "tiny", bundle.arithmetic).unwrap();
    copy
}

#[test]
fn it_stops_harmless_texts_and_what_it_lets_through_is_answered_as_ever() {
    let mut pipeline = Pipeline::open(&cascaded().out).unwrap();
    assert!(pipeline.has_cascade());
    let policy = pipeline.policy().clone();
    let texts = posts();
    let with = pipeline.assess(&texts).unwrap();
    pipeline.set_cascade(Use::Off);
    let without = pipeline.assess(&texts).unwrap();
    let (mut stopped, mut flagged, mut lost) = (0, 0, 0);
    for (with, without) in with.iter().zip(&without) {
        let (Some(reading), Some(encoder)) = (&with.reading, &without.reading) else { continue };
        assert_eq!(encoder.stage_number(), 2, "it was off");
        flagged += usize::from(policy.evaluate(without).flagged());
        if reading.stage_number() == 1 {
            stopped += 1;
            assert_eq!(policy.evaluate(with).band, Band::None);
            assert_eq!((reading.heads(), with.windows), (None, 0));
            lost += usize::from(policy.evaluate(without).flagged());
        } else {
            assert!((reading.extremism.get() - encoder.extremism.get()).abs() < 1e-5);
            assert_eq!(policy.evaluate(with), policy.evaluate(without));
        }
    }
    assert!(stopped > texts.len() / 4, "only {stopped} of {} were stopped", texts.len());
    assert!(flagged > 100 && lost * 10 < flagged, "{lost} of {flagged} were lost");
}

#[test]
fn training_with_it_and_adding_it_later_give_the_same_first_stage() {
    let places = cascaded();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("added");
    // The bundle of the other tests has the same encoder and no first stage.
    let model = bundle().to_str().unwrap();
    let (recipe, data) = (places.recipe.to_str().unwrap(), places.data.to_str().unwrap());
    let args = ["cascade", "train", "--model", model, "--recipe", recipe, "--data", data, "--out"];
    let (said, _) = run(folder.path(), &[&args[..], &[out.to_str().unwrap()]].concat(), 0);
    assert!(said.contains("promised: 85.0 %") && said.contains("at least"), "{said}");
    for name in [META, WEIGHTS] {
        let (one, other) =
            (fs_err::read(out.join(name)).unwrap(), fs_err::read(places.out.join(name)).unwrap());
        assert!(one == other, "{name} differs");
    }
    assert!(fs_err::metadata(out.join(WEIGHTS)).unwrap().len() <= 1 << 20);
    let card = fs_err::read_to_string(out.join("README.md")).unwrap();
    assert!(card.contains("## First stage") && card.contains("at least 85.0 %"), "{card}");
    assert_ne!(
        ModelBundle::open(&out).unwrap().model.digest,
        ModelBundle::open(bundle()).unwrap().model.digest
    );
}

#[test]
fn a_recipe_of_other_data_is_refused() {
    let places = cascaded();
    let folder = tempfile::tempdir().unwrap();
    let recipe = folder.path().join("other.toml");
    let other = fs_err::read_to_string(&places.recipe).unwrap().replace("seed = 7", "seed = 8");
    fs_err::write(&recipe, other).unwrap();
    let data = places.data.to_str().unwrap();
    let args =
        ["cascade", "train", "--model", bundle().to_str().unwrap(), "--data", data, "--out", "x", "--recipe"];
    let (_, said) = run(folder.path(), &[&args[..], &[recipe.to_str().unwrap()]].concat(), 2);
    assert!(said.contains("its seed is not that of the bundle's own recipe"), "{said}");
    assert!(!folder.path().join("x").exists());
}

#[test]
fn classify_says_which_stage_answered_and_can_leave_the_first_out() {
    let folder = tempfile::tempdir().unwrap();
    let texts = posts();
    let lines: Vec<&str> = texts.iter().take(60).map(Text::as_str).collect();
    fs_err::write(folder.path().join("texts.txt"), lines.join("\n")).unwrap();
    let model = cascaded().out.to_str().unwrap();
    let stages = |more: &[&str]| -> Vec<Value> {
        let args = [&["classify", "--model", model, "texts.txt"], more].concat();
        let (answers, _) = run(folder.path(), &args, 0);
        answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let (with, without) = (stages(&[]), stages(&["--no-cascade"]));
    assert_eq!((with.len(), without.len()), (60, 60));
    assert!(without.iter().all(|a| a["stage"] == 2 || a["stage"].is_null()));
    let first: Vec<&Value> = with.iter().filter(|a| a["stage"] == 1).collect();
    assert!(first.len() > 10, "{} of 60", first.len());
    for answer in first {
        assert_eq!((&answer["band"], &answer["flagged"]), (&Value::from("none"), &Value::from(false)));
        assert!(answer["categories"].is_null() && answer["score"].as_f64().unwrap() < 1.0, "{answer}");
    }
    assert!(with.iter().any(|a| a["flagged"] == true && a["stage"] == 2));
}

#[tokio::test]
async fn served_the_sample_goes_to_the_encoder_and_is_marked() {
    let open = |sample: f64| {
        let pipeline = Pipeline::open(&cascaded().out).unwrap().with_cascade(Use::On { sample });
        Handle::start(pipeline, Settings::default()).unwrap()
    };
    let (none, all) = (open(0.0), open(1.0));
    let mut stopped = 0;
    for post in posts().into_iter().take(40) {
        let first = none.assess(&post, None).await.unwrap().reading;
        let sampled = all.assess(&post, None).await.unwrap().reading;
        let (Some(first), Some(sampled)) = (first, sampled) else { continue };
        if first.stage_number() == 1 {
            stopped += 1;
            assert!(matches!(sampled.stage, countervail::domain::assessment::Stage::Sample(_)));
        } else {
            assert_eq!(first, sampled);
        }
    }
    assert!(stopped > 5, "{stopped}");
}

#[test]
fn a_bundle_whose_encoder_or_first_stage_has_changed_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let lower = |toml: String| toml.replace("review = 0.", "review = 0.0");
    let error = Pipeline::open(&changed(folder.path(), "thresholds.toml", &lower)).unwrap_err().to_string();
    assert!(error.contains("cascade.json") && error.contains("another thresholds.toml"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let newer = |json: String| json.replace("\"version\": 1", "\"version\": 2");
    let error = Pipeline::open(&changed(folder.path(), META, &newer)).unwrap_err().to_string();
    assert!(error.contains("version 2"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let copy = changed(folder.path(), META, &|json| json);
    assert!(Pipeline::open(&copy).is_ok(), "nothing was changed");
    fs_err::write(copy.join(WEIGHTS), [1, 2, 3]).unwrap();
    let error = Pipeline::open(&copy).unwrap_err().to_string();
    assert!(error.contains("cascade.bin: SHA-256"), "{error}");
}

#[test]
fn new_thresholds_leave_the_first_stage_behind() {
    let folder = tempfile::tempdir().unwrap();
    let set = crate::calibrate::write_set(folder.path(), 1500, 40);
    let (set, data, out) =
        (set.to_str().unwrap(), folder.path().to_str().unwrap(), folder.path().join("out"));
    let model = cascaded().out.to_str().unwrap();
    let args =
        ["calibrate", "--model", model, "--set", set, "--data", data, "--urgent-precision", "0.9", "--out"];
    let (_, said) = run(folder.path(), &[&args[..], &[out.to_str().unwrap()]].concat(), 0);
    assert!(said.contains("first stage"), "{said}");
    let promised = ModelBundle::open(&out).unwrap();
    assert!(promised.cascade.is_none() && !promised.files.contains_key(META));
    assert!(!fs_err::read_to_string(out.join("README.md")).unwrap().contains("## First stage"));
}

/// A benchmark of the tiny news, `made_up.toml`.
fn write_manifest(folder: &Path) {
    let sha256 = countervail::data::digest::sha256_file(&cascaded().data.join("news.jsonl")).unwrap();
    let manifest = r#"
name = "made_up"
title = "Made-up news"
version = 1
kind = "panel"
family = "news"
measures = "nothing"
flag_means = "nothing"
citation = "nobody"
[[source]]
name = "news"
path = "news.jsonl"
licence = "made up"
format = "jsonl"
origin = { made = "by a test" }
"#;
    let manifest = format!("{manifest}sha256 = \"{sha256}\"\n");
    fs_err::write(folder.join("made_up.toml"), manifest).unwrap();
}

#[test]
fn verify_says_what_is_stopped_kept_and_saved() {
    let folder = tempfile::tempdir().unwrap();
    let (model, data) = (cascaded().out.to_str().unwrap(), cascaded().data.to_str().unwrap());
    let args = ["cascade", "verify", "--model", model, "--data", data];
    let (said, _) = run(folder.path(), &args, 0);
    for expected in ["promised: 85.0 %", "family", "texts/s off", "posts ", "news ", "answers ", "all "] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    write_manifest(folder.path());
    let (said, _) = run(folder.path(), &[&args[..], &["--benchmark", "made_up.toml"]].concat(), 0);
    let row = said.lines().find(|line| line.starts_with("news ")).unwrap_or_else(|| panic!("{said}"));
    let words: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(words[1], "160", "{row}");
    assert!(words[3].parse::<f64>().unwrap() > 25.0, "{row}");
    let plain = ["cascade", "verify", "--model", bundle().to_str().unwrap(), "--data", data];
    assert!(run(folder.path(), &plain, 2).1.contains("has no first stage"));
}

#[test]
fn a_report_can_hold_a_bundle_with_its_first_stage_and_without() {
    let folder = tempfile::tempdir().unwrap();
    write_manifest(folder.path());
    let (model, data) = (cascaded().out.to_str().unwrap(), cascaded().data.to_str().unwrap());
    let args = [
        "eval",
        "run",
        "--model",
        model,
        "--data",
        data,
        "--benchmark",
        "made_up.toml",
        "--resamples",
        "100",
    ];
    let names = |more: &[&str]| -> Vec<String> {
        run(folder.path(), &[&args[..], &["--out", "out"], more].concat(), 0);
        let report = fs_err::read_to_string(folder.path().join("out/report.json")).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        let subjects = report["subjects"].as_array().unwrap();
        subjects.iter().map(|s| s["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&[]), ["tiny+cascade"]);
    assert_eq!(names(&["--cascade", "off"]), ["tiny"]);
    assert_eq!(names(&["--cascade", "both"]), ["tiny+cascade", "tiny"]);
}
