//! Training from outside: the same seed gives the same bytes, a killed run goes on to the same bytes, and what
//! comes out is a bundle that works.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use countervail::data::Part;
use countervail::domain::text::Text;
use countervail::inference::encode::{TextEncoder, WindowShape};
use countervail::inference::pipeline::Pipeline;
use countervail::train::corpus::Corpus;
use countervail::train::recipe::Recipe;
use countervail::train::run::{Places, run};

use crate::tiny::{Silent, bundle, places};

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs_err::read_dir(folder).expect("a folder");
    entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs_err::read(&path).expect("readable"))
        })
        .collect()
}

fn assert_same_bytes(a: &Path, b: &Path) {
    let (a, b) = (files(a), files(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, bytes) in &a {
        assert!(bytes == &b[name], "{name} differs");
    }
}

#[test]
fn training_twice_gives_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let places = places(folder.path());
    run(&places, &mut Silent).expect("trains");
    assert_same_bytes(bundle(), &places.out);
}

#[test]
fn a_killed_run_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let places = places(folder.path());
    let mut child = command(&places).spawn().expect("starts");
    let log = places.work.join("training_log.jsonl");
    let began = Instant::now();
    // Past the first checkpoint (step 10) and between two.
    while fs_err::read_to_string(&log).map_or(0, |l| l.lines().count()) < 13 {
        assert!(began.elapsed() < Duration::from_mins(2), "no step was logged");
        assert!(child.try_wait().expect("a child").is_none(), "ended before it could be killed");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert!(!places.out.exists(), "a bundle was there before the run was over");
    assert!(places.work.join("checkpoint.json").exists(), "no checkpoint was written");
    let done = command(&places).status().expect("runs");
    assert!(done.success());
    assert_same_bytes(bundle(), &places.out);
}

fn command(places: &Places) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countervail"));
    let base = places.base.as_ref().expect("a base folder");
    command.arg("train").arg(&places.recipe).arg("--data").arg(&places.data).arg("--base").arg(base);
    command.arg("--out").arg(&places.out).arg("--work").arg(&places.work);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn a_bundle_with_its_word_table_in_8_bits_is_smaller_answers_nearly_the_same_and_can_be_trained_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut places = places(folder.path());
    let recipe = fs_err::read_to_string(&places.recipe).expect("readable");
    let asked = recipe.replace("[encoder]\n", "[encoder]\nembedding = \"int8\"\n");
    fs_err::write(&places.recipe, &asked).expect("writable");
    assert!(command(&places).status().expect("runs").success());
    let card = fs_err::read_to_string(places.out.join("README.md")).expect("a card");
    assert!(
        card.contains("in half precision, the word table in 8 bits with a scale for each word;"),
        "{card}"
    );
    let size = |bundle: &Path| fs_err::metadata(bundle.join("model.safetensors")).expect("weights").len();
    // 97 words of 48 numbers: a byte less for each, four more for each word's scale, names and padding apart.
    let saved = size(bundle()) - size(&places.out);
    assert!((97 * (48 - 4) - 300..97 * (48 - 4) + 300).contains(&saved), "{saved}");

    let (mut plain, mut bytes) =
        (Pipeline::open(bundle()).expect("opens"), Pipeline::open(&places.out).expect("opens"));
    let texts = ["amber basin zorblax delta ember fable grove", "velvet willow harbor island jacket ladder"];
    let (plain, bytes) = (assess(&mut plain, &texts), assess(&mut bytes, &texts));
    for (a, b) in plain.iter().zip(&bytes) {
        // Not the same calibration: each was fitted to the table as it is stored.
        assert!((a.0 - b.0).abs() < 0.05 && a.1 == b.1, "{plain:?} {bytes:?}");
    }

    // On from there, in half precision again; and half a pass does not undo what was learnt.
    let base = folder.path().join("again");
    copy_folder(&places.out, &base);
    fs_err::write(&places.recipe, recipe.replace("passes = 6.0", "passes = 0.5")).expect("writable");
    (places.base, places.out, places.work) =
        (Some(base), folder.path().join("third"), folder.path().join("work3"));
    run(&places, &mut Silent).expect("trains");
    assert_eq!(size(&places.out), size(bundle()));
    let flagged: Vec<bool> =
        assess(&mut Pipeline::open(&places.out).expect("opens"), &texts).iter().map(|a| a.1).collect();
    assert_eq!(flagged, [true, false]);
}

#[test]
fn another_recipe_does_not_continue_an_old_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let places = places(folder.path());
    run(&places, &mut Silent).expect("trains");
    let changed = fs_err::read_to_string(&places.recipe).expect("readable").replace("seed = 7", "seed = 8");
    fs_err::write(&places.recipe, changed).expect("writable");
    let error = run(&places, &mut Silent).expect_err("refused").to_string();
    assert!(error.contains("another recipe") && error.contains("delete the folder"), "{error}");
}

#[test]
fn a_source_that_names_its_part_is_nowhere_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let places = places(folder.path());
    let mut recipe = Recipe::open(&places.recipe).expect("a recipe").0;
    let tokenizer = places.base.as_ref().expect("a base folder").join("tokenizer.json");
    let shape = WindowShape { max_tokens: 32, overlap: 8 };
    let encoder = TextEncoder::open(&tokenizer, "", shape).expect("a tokeniser");
    let split = Corpus::load(&recipe, &places.data, &encoder).expect("loads").counts[0].parts;
    assert!(split.iter().all(|n| *n > 0), "{split:?}");
    recipe.sources[0].part = Some(Part::Threshold);
    let counts = Corpus::load(&recipe, &places.data, &encoder).expect("loads").counts;
    assert_eq!(counts[0].parts, [0, 0, split.iter().sum(), 0]);
    assert!(counts[1].parts[0] > 0, "other sources are split as before");
}

#[test]
fn the_trained_model_has_learnt_its_word() {
    let mut pipeline = Pipeline::open(bundle()).expect("opens");
    let texts = [
        "amber basin zorblax delta ember fable grove",
        "amber basin cedar delta ember fable grove",
        "velvet willow harbor island zorblax ladder",
        "velvet willow harbor island jacket ladder",
    ];
    let read = assess(&mut pipeline, &texts);
    let flagged: Vec<bool> = read.iter().map(|a| a.1).collect();
    assert_eq!(flagged, [true, false, true, false], "{read:?}");
}

#[test]
fn a_text_is_read_the_same_alone_and_among_others() {
    let mut pipeline = Pipeline::open(bundle()).expect("opens");
    let long = "amber basin cedar delta ember fable grove haven ".repeat(40);
    let texts =
        ["opal pebble", long.as_str(), "zorblax kettle lumen", "😀", "copper drift eagle flint zorblax"];
    let together = assess(&mut pipeline, &texts);
    for (i, text) in texts.iter().enumerate() {
        let alone = assess(&mut pipeline, &[*text]);
        assert!((alone[0].0 - together[i].0).abs() < 1e-5, "text {i}");
    }
}

#[test]
fn one_word_in_a_long_text_is_found_and_pointed_at() {
    let mut pipeline = Pipeline::open(bundle()).expect("opens");
    let before = "amber basin cedar delta ember fable grove haven ".repeat(30);
    let text = format!("{before}zorblax {before}");
    let parsed = Text::parse(text.clone(), 1 << 16).expect("a text");
    let assessment = pipeline.assess(&[parsed]).expect("runs").swap_remove(0);
    assert!(assessment.windows > 10, "{} windows", assessment.windows);
    let span = assessment.strongest_window.expect("several windows");
    assert!(text[span.start..span.end].contains("zorblax"));
    assert!(span.end - span.start < 400, "a window is a part of the text");
}

#[test]
fn opening_a_damaged_bundle_names_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (damaged, change) in [
        ("model.safetensors", Change::Byte),
        ("tokenizer.json", Change::Remove),
        ("labels.json", Change::Byte),
        ("bundle.toml", Change::Remove),
    ] {
        let copy = folder.path().join(damaged);
        copy_folder(bundle(), &copy);
        change.apply(&copy.join(damaged));
        let error = Pipeline::open(&copy).expect_err("refused").to_string();
        assert!(error.contains(damaged), "{damaged}: {error}");
    }
}

enum Change {
    Byte,
    Remove,
}

impl Change {
    fn apply(&self, path: &Path) {
        match self {
            Self::Remove => fs_err::remove_file(path).expect("removable"),
            Self::Byte => {
                let mut bytes = fs_err::read(path).expect("readable");
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs_err::write(path, bytes).expect("writable");
            }
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).expect("a new folder");
    for (name, bytes) in files(from) {
        fs_err::write(to.join(name), bytes).expect("writable");
    }
}

/// `extremism` and whether the bundle's policy flags, for each text.
fn assess(pipeline: &mut Pipeline, texts: &[&str]) -> Vec<(f32, bool)> {
    let parsed: Vec<Text> = texts.iter().map(|t| Text::parse(*t, 1 << 16).expect("a text")).collect();
    let policy = pipeline.policy().clone();
    let assessments = pipeline.assess(&parsed).expect("runs");
    assessments
        .iter()
        .map(|a| (a.reading.as_ref().map_or(0.0, |r| r.extremism.get()), policy.evaluate(a).flagged()))
        .collect()
}
