//! Hygiene through the real command: what it finds is what was planted, and no text leaves it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::cli::run;
use crate::eval::bench::*;

const LABELS: &str = "id = \"id\"\nlabels = [{ column = \"label\", is = [\"1\"], set = { hate = 1 } }, \
     { column = \"label\", is = [\"0\"], set = { hate = 0 } }]";

/// Twenty-two words that share no run of three with those of another number.
fn sentence(i: usize) -> String {
    (0..22).map(|w| format!("word{}x{w}", i * 37 + w)).collect::<Vec<_>>().join(" ")
}

fn csv(rows: &[(&str, String, u8)]) -> String {
    let mut out = "id,text,label\n".to_owned();
    for (id, text, label) in rows {
        writeln!(out, "{id},{text},{label}").unwrap();
    }
    out
}

/// Writes a manifest with the given sources.
fn manifest(bench: &Bench, name: &str, kind: &str, sources: &[String]) -> String {
    let more = if kind == "panel" { "" } else { "targets = [\"hate\"]" };
    let file = bench.path(&format!("{name}.toml"));
    fs_err::write(&file, head(name, kind, more) + &sources.concat()).unwrap();
    file.display().to_string()
}

/// What one check wrote with `--json`, and what it printed.
fn check(bench: &Bench, name: &str, more: &[&str], code: i32) -> (Value, String) {
    let json = bench.path("found.json").display().to_string();
    let args = [&["eval", "hygiene", name, "--json", &json], more].concat();
    let (out, err) = run(bench.root.path(), &args, code);
    let text = fs_err::read_to_string(&json).unwrap();
    assert!(!(text.clone() + &out + &err).contains("word"), "no text leaves the check");
    let whole: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(whole["check"], name);
    (whole["found"].clone(), out + &err)
}

fn train(source: &str) -> String {
    source.replace("[[source]]", "[[train]]")
}

#[test]
fn copies_in_the_own_training_part_and_in_other_sets_are_counted() {
    let bench = Bench::new();
    let data = bench.root.path().display().to_string();
    let test = csv(&[
        ("a", sentence(1), 1),
        ("b", sentence(2), 0),
        ("c", sentence(3), 0),
        ("d", sentence(4), 0),
        ("e", format!("{}!", sentence(4).to_uppercase()), 0),
    ]);
    let learned = csv(&[("t1", sentence(1).to_uppercase(), 1), ("t2", sentence(2) + " more", 0)]);
    let one = manifest(
        &bench,
        "one",
        "labelled",
        &[bench.source("test.csv", &test, LABELS), train(&bench.source("train.csv", &learned, LABELS))],
    );
    let calm = csv(&[("p", sentence(3), 0), ("q", sentence(9), 0)]);
    let two = manifest(&bench, "two", "panel", &[bench.source("calm.csv", &calm, "id = \"id\"")]);
    let args = ["--benchmark", &one, &two, "--data", &data];
    let (found, printed) = check(&bench, "duplicates", &args, 0);
    let shown: Vec<(String, String, u64, u64)> = found["pairs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| {
            let word = |name: &str| p[name].as_str().unwrap().to_owned();
            (word("of"), word("within"), p["equal"].as_u64().unwrap(), p["near"].as_u64().unwrap())
        })
        .collect();
    let row = |of: &str, within: &str, equal, near| (of.to_owned(), within.to_owned(), equal, near);
    assert_eq!(
        shown,
        [
            row("one", "one", 2, 0),
            row("one", "one/train", 1, 1),
            row("one", "two", 1, 0),
            row("one/train", "one/train", 0, 0),
            row("two", "one", 1, 0),
            row("two", "two", 0, 0),
        ]
    );
    let leak = &found["pairs"][1];
    assert_eq!(leak["share"]["k"], 2);
    assert_eq!(leak["ids"][1], serde_json::json!({"id": "b", "like": "t2", "equal": false}));
    assert!(printed.contains("40.0 % ("), "{printed}");
    let limited =
        |limit, code| check(&bench, "duplicates", &[&args[..], &["--max-share", limit]].concat(), code);
    limited("0.4", 0);
    assert!(limited("0.3", 1).1.contains("one in one/train: 0.4000 is above the limit"));
}

#[test]
fn contradictions_lower_the_ceiling_and_near_ones_do_not() {
    let bench = Bench::new();
    let data = bench.root.path().display().to_string();
    let rows = csv(&[
        ("a", sentence(1), 1),
        ("b", sentence(1).to_uppercase(), 1),
        ("c", sentence(1) + ".", 0),
        ("d", sentence(2), 0),
        ("e", sentence(2) + " not", 1),
        ("f", sentence(3), 0),
        ("g", sentence(3), 0),
        ("h", sentence(4), 9),
    ]);
    let one = manifest(&bench, "one", "labelled", &[bench.source("one.csv", &rows, LABELS)]);
    let other = csv(&[("x", sentence(3), 1), ("y", sentence(1), 1), ("z", sentence(4), 1)]);
    let two = manifest(&bench, "two", "labelled", &[bench.source("two.csv", &other, LABELS)]);
    let args = ["--benchmark", &one, &two, "--data", &data];
    let (found, _) = check(&bench, "conflicts", &args, 0);
    let set = &found["sets"][0];
    assert_eq!((set["labelled"].as_u64(), set["repeated"].as_u64()), (Some(7), Some(5)));
    assert_eq!(set["contradicted"]["k"], 3);
    assert_eq!(set["near_contradicted"], 2);
    assert_eq!(set["groups"], serde_json::json!([{"negative": ["c"], "positive": ["a", "b"]}]));
    // Six of seven: of three equal texts, one is always wrong.
    assert_eq!(set["ceiling"]["value"], 0.857_143);
    assert_eq!(found["sets"][1]["ceiling"]["value"], 1.0);
    let pair = &found["pairs"][0];
    assert_eq!((pair["equal"].as_u64(), pair["contradicted"]["k"].as_u64()), (Some(5), Some(3)));
    assert_eq!(pair["ids"], serde_json::json!([["c", "y"], ["f", "x"], ["g", "x"]]));
    check(&bench, "conflicts", &[&args[..], &["--max-share", "0.5"]].concat(), 0);
    assert!(
        check(&bench, "conflicts", &[&args[..], &["--max-share", "0.4"]].concat(), 1)
            .1
            .contains("one (hate)")
    );
}

/// Labels that follow from an exclamation mark and from nothing else.
fn marked(name: &str, from: usize) -> String {
    let mut out = "id,text,label\n".to_owned();
    for i in 0..200 {
        let label = (i * 7919 + i / 3) % 2;
        let mark = if label == 1 { "!" } else { "." };
        writeln!(out, "{name}{i},{}{mark},{label}", sentence(from + i)).unwrap();
    }
    out
}

#[test]
fn a_shortcut_is_found_by_the_probe_that_looks_for_it() {
    let bench = Bench::new();
    let data = bench.root.path().display().to_string();
    let test = bench.source("test.csv", &marked("a", 0), LABELS);
    let learned = train(&bench.source("train.csv", &marked("b", 1000), LABELS));
    for (name, sources, how) in
        [("folds", vec![test.clone()], "folds"), ("split", vec![test, learned], "own_training")]
    {
        let one = manifest(&bench, name, "labelled", &sources);
        let args = ["--benchmark", &one, "--data", &data, "--resamples", "100"];
        let (found, _) = check(&bench, "probes", &args, 0);
        let of =
            |probe: &str| found.as_array().unwrap().iter().find(|r| r["probe"] == probe).unwrap().clone();
        let artefacts = of("artefacts");
        assert_eq!(artefacts["learned"], how);
        assert_eq!(
            (artefacts["roc_auc"]["value"].as_f64(), artefacts["f1"]["value"].as_f64()),
            (Some(1.0), Some(1.0))
        );
        let length = of("length")["roc_auc"].clone();
        assert!(length["low"].as_f64() < Some(0.6) && length["value"].as_f64() < Some(0.7), "{length}");
        assert_eq!(artefacts["majority_accuracy"]["n"], 200);
        assert_eq!(check(&bench, "probes", &args, 0).0, found, "the same again");
        let limited = check(&bench, "probes", &[&args[..], &["--max-auc", "0.9"]].concat(), 1).1;
        assert!(limited.contains("(hate), artefacts: 1.0000 is above"), "{limited}");
    }
}

#[test]
fn which_file_a_text_is_from_is_a_shortcut_where_files_are_pooled() {
    let bench = Bench::new();
    let data = bench.root.path().display().to_string();
    let rows = |name: &str, from: usize, label: u8| {
        let texts: Vec<_> = (0..60).map(|i| (format!("{name}{i}"), sentence(from + i))).collect();
        csv(&texts.iter().map(|(id, text)| (id.as_str(), text.clone(), label)).collect::<Vec<_>>())
    };
    let sources =
        [bench.source("x.csv", &rows("x", 0, 1), LABELS), bench.source("y.csv", &rows("y", 500, 0), LABELS)];
    let one = manifest(&bench, "pooled", "labelled", &sources);
    let (found, _) =
        check(&bench, "probes", &["--benchmark", &one, "--data", &data, "--resamples", "100"], 0);
    assert_eq!(
        (found[0]["probe"].as_str(), found[0]["roc_auc"]["value"].as_f64()),
        (Some("file"), Some(1.0))
    );
}

#[test]
fn one_label_only_is_no_number() {
    let bench = Bench::new();
    let data = bench.root.path().display().to_string();
    let rows = csv(&[("a", sentence(1), 1), ("b", sentence(2), 0)]);
    let one = manifest(&bench, "tiny", "labelled", &[bench.source("tiny.csv", &rows, LABELS)]);
    let (found, _) = check(&bench, "probes", &["--benchmark", &one, "--data", &data], 0);
    assert_eq!(found[0]["roc_auc"]["value"], Value::Null);
    assert_eq!(found[0]["roc_auc"]["because"], "fewer than 20 texts of a label");
}

fn recipe(bench: &Bench, sources: &[String]) -> String {
    let folder = bench.path("models/mine");
    fs_err::create_dir_all(&folder).unwrap();
    fs_err::write(folder.join("recipe.toml"), "name = \"mine\"\nseed = 1\n".to_owned() + &sources.concat())
        .unwrap();
    folder.display().to_string()
}

#[test]
fn training_on_test_texts_is_found_with_and_without_the_data() {
    let bench = Bench::new();
    let data = bench.root.path().display().to_string();
    let shared: Vec<(String, String)> = (0..40).map(|i| (format!("s{i}"), sentence(i))).collect();
    let shared = csv(&shared.iter().map(|(id, text)| (id.as_str(), text.clone(), 0)).collect::<Vec<_>>());
    let half = |half: &str| bench.source("shared.csv", &shared, &format!("half = \"{half}\""));
    let seen = csv(&[("a", sentence(100), 1), ("b", sentence(101), 0), ("c", sentence(102), 0)]);
    let trained = csv(&[
        ("r1", sentence(100).to_uppercase(), 1),
        ("r2", sentence(101) + " more", 0),
        ("r3", sentence(102), 0),
    ]);
    let purge = csv(&[("g", sentence(102), 0)]);
    let model = recipe(
        &bench,
        &[
            half("train"),
            bench.source("trained.csv", &trained, LABELS),
            bench.source("purge.csv", &purge, "").replace("[[source]]", "[[purge]]"),
        ],
    );
    let halves = manifest(&bench, "halves", "panel", &[half("eval")]);
    let same = manifest(&bench, "same", "panel", &[bench.source("shared.csv", &shared, "")]);
    let other = manifest(&bench, "other", "labelled", &[bench.source("seen.csv", &seen, LABELS)]);
    let args = ["--model", &model, "--benchmark", &halves, &same, &other];
    let verdicts = |found: &Value| -> Vec<String> {
        let of = |b: &Value| b["verdict"].as_str().unwrap().to_owned();
        found["benchmarks"].as_array().unwrap().iter().map(of).collect()
    };
    let (found, _) = check(&bench, "contamination", &args, 0);
    assert_eq!(verdicts(&found), ["other_texts", "may_overlap", "no_common_file"]);
    assert_eq!(found["benchmarks"][0]["files"][0]["texts"], "other_half");
    let with_data = [&args[..], &["--data", &data]].concat();
    let (found, printed) = check(&bench, "contamination", &with_data, 0);
    assert_eq!(verdicts(&found), ["clean", "overlaps", "overlaps"]);
    let texts = &found["benchmarks"][2]["texts"];
    assert_eq!(
        (texts["equal"].as_u64(), texts["near"].as_u64(), texts["texts"].as_u64()),
        (Some(1), Some(1), Some(3))
    );
    assert_eq!(texts["by_source"], serde_json::json!({"trained.csv": 2}));
    assert_eq!(texts["ids"][0]["like"], "trained.csv/r1");
    assert!(
        printed.contains("1 of 3 benchmarks are clean, 2 overlap with the training of mine"),
        "{printed}"
    );
    let limited = [&with_data[..], &["--max-share", "0.9"]].concat();
    check(&bench, "contamination", &limited, 0);
    let limited = [&with_data[..], &["--max-share", "0.1"]].concat();
    check(&bench, "contamination", &limited, 1);
}

#[test]
fn a_bundle_without_a_recipe_says_what_cannot_be_known() {
    let bench = Bench::new();
    let empty = bench.path("empty").display().to_string();
    fs_err::create_dir_all(&empty).unwrap();
    let one = manifest(&bench, "one", "panel", &[bench.source("p.csv", "text\ncalm day\n", "")]);
    let args = ["eval", "hygiene", "contamination", "--model", &empty, "--benchmark", &one];
    let (_, said) = run(bench.root.path(), &args, 2);
    assert!(said.contains("recipe.toml"), "{said}");
}
