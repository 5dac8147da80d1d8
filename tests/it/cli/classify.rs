//! `classify` from outside: the real binary on a tiny model that flags one made-up word.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::tiny::bundle;

const FLAGGED: &str = "amber basin zorblax delta ember fable grove";
const PLAIN: &str = "amber basin cedar delta ember fable grove";

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countervail"));
    command.arg("classify").arg("--model").arg(bundle()).args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn classify(args: &[&str], input: &str) -> Output {
    let mut child = command(args).spawn().expect("starts");
    // Refused before it reads, it leaves the input where it is.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    child.wait_with_output().expect("ends")
}

fn objects(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn every_text_is_answered_in_its_place_and_not_repeated() {
    let input = format!("{FLAGGED}\n\n{PLAIN}\n");
    let output = classify(&[], &input);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "a pipe gets no progress bar");
    let answers = objects(&output);
    let lines: Vec<&Value> = answers.iter().map(|a| &a["line"]).collect();
    assert_eq!(lines, [1, 3]);
    assert_eq!((&answers[0]["flagged"], &answers[1]["flagged"]), (&json!(true), &json!(false)));
    assert_eq!(answers[1]["band"], "none");
    assert_eq!(answers[0]["policy_version"], "tiny-1");
    assert_eq!(answers[0]["model"]["name"], "tiny");
    let keys: Vec<&String> = answers[0].as_object().expect("an object").keys().collect();
    assert_eq!(keys.len(), 13, "{keys:?}");
    assert_eq!(answers[0]["categories"].as_object().map(serde_json::Map::len), Some(6));
    assert_eq!(answers[0]["context"].as_object().map(serde_json::Map::len), Some(4));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("zorblax"));
}

#[test]
fn the_three_forms_of_a_text_have_the_same_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = [
        ("a.txt", format!("{FLAGGED}\n")),
        ("a.jsonl", json!({ "text": FLAGGED }).to_string()),
        ("a.csv", format!("text\n\"{FLAGGED}\"\n")),
    ];
    let scores: Vec<Value> = files
        .iter()
        .map(|(name, content)| {
            let path = folder.path().join(name);
            fs_err::write(&path, content).expect("writable");
            let output = classify(&[path.to_str().expect("Unicode")], "");
            assert_eq!(output.status.code(), Some(0), "{name}");
            objects(&output).swap_remove(0)["score"].take()
        })
        .collect();
    assert!(scores[0].is_number() && scores.iter().all(|s| *s == scores[0]), "{scores:?}");
}

#[test]
fn bad_lines_have_their_errors_and_the_others_their_answers() {
    // More than one batch, with a bad line in each.
    let line = |i: usize| match i % 50 {
        7 => "{".to_owned(),
        _ => json!({ "id": i, "text": PLAIN }).to_string(),
    };
    let input: Vec<String> = (0..150).map(line).collect();
    let output = classify(&["--input", "jsonl"], &input.join("\n"));
    assert_eq!(output.status.code(), Some(1));
    let answers = objects(&output);
    assert_eq!(answers.len(), 150);
    for (i, answer) in answers.iter().enumerate() {
        assert_eq!(answer["line"], i + 1);
        if i % 50 == 7 {
            assert_eq!(answer["error"]["code"], "invalid_json");
            assert!(answer["error"]["message"].is_string());
        } else {
            assert_eq!(answer["id"], i);
        }
    }
}

#[test]
fn a_table_has_a_row_for_each() {
    let input = format!("id,text\na,{FLAGGED}\nb,{PLAIN}\nc,\n");
    let output = classify(&["--input", "csv", "--format", "table"], &input);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let rows: Vec<Vec<&str>> = text.lines().map(|row| row.split_whitespace().collect()).collect();
    assert_eq!(rows.len(), 4, "{text}");
    assert_eq!(rows[0][..3], ["line", "band", "score"]);
    assert!(rows[1][0] == "2" && rows[1][1] != "none" && rows[1].last() == Some(&"a"), "{text}");
    assert!(rows[2][0] == "3" && rows[2][1] == "none" && rows[2].last() == Some(&"b"), "{text}");
    assert_eq!(rows[3][..2], ["4", "error"]);
}

#[test]
fn a_reader_who_has_had_enough_is_no_failure() {
    let mut child = command(&[]).spawn().expect("starts");
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().expect("piped");
    let _ = stdin.write_all(format!("{PLAIN}\n").repeat(500).as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
}

#[test]
fn what_cannot_run_says_so_with_a_way_out() {
    for (args, says) in [
        (&["no-such-file.txt"][..], "no-such-file.txt"),
        (&["posts.json"], "--input jsonl"),
        (&["--field", "body"], "plain text has no fields"),
        (&["--input", "csv", "--field", "body"], "no column `body`"),
        (&["."], "folder"),
    ] {
        let output = classify(args, "text\nx\n");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(says), "{args:?}: {stderr}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_countervail"));
    let output = command.args(["classify", "--model", "no-such-model"]).stdin(Stdio::null()).output();
    let output = output.expect("runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot open the model `no-such-model`"));
}
