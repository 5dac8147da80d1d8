//! The gate between two reports: what fails, what does not, and what cannot be compared.

use countervail::eval::gate::{self, Gate};
use serde_json::{Value, json};

use crate::cli::run;
use crate::eval::bench::{Bench, labelled, scripted};
use crate::made_up;

fn report() -> Value {
    serde_json::to_value(made_up::report()).unwrap()
}

/// The made-up report against itself after a change.
fn after(change: impl FnOnce(&mut Value)) -> Gate {
    let mut new = report();
    change(&mut new);
    gate::compare(&new, &report())
}

/// A benchmark of a report, by its name.
fn set<'a>(report: &'a mut Value, name: &str) -> &'a mut Value {
    report["benchmarks"].as_array_mut().unwrap().iter_mut().find(|b| b["name"] == name).unwrap()
}

fn places(changes: &[gate::Change]) -> Vec<&str> {
    changes.iter().map(|c| c.place.as_str()).collect()
}

#[test]
fn a_report_is_no_worse_than_itself() {
    let gate = after(|_| {});
    assert!(gate.passes() && gate.improvements.is_empty() && gate.notes.is_empty(), "{gate:?}");
    // Panels, metrics, functions, gaps, swaps and evidence.
    assert_eq!(gate.unchanged, 79);
}

#[test]
fn worse_beyond_the_interval_fails_in_each_direction() {
    let gate = after(|r| {
        set(r, "answers")["results"][0]["flagged_of_scored"]["value"] = json!(0.0071);
        let forum = &mut set(r, "forum_test")["results"][0]["targets"][0]["metrics"];
        forum["recall"]["value"] = json!(0.55);
        forum["false_positive_rate"]["value"] = json!(0.2);
        let functions = &mut set(r, "functions")["results"][0];
        functions["functions"][0]["passed"]["value"] = json!(0.5);
        functions["identities"][0]["false_positive_gap"]["value"] = json!(0.5);
        set(r, "word_swaps")["results"][0]["swaps"][0]["flip_rate"]["value"] = json!(0.5);
        set(r, "three_labels")["results"][0]["evidence"]["comprehensiveness"]["value"] = json!(0.1);
    });
    let expected = [
        "answers · flagged",
        "forum_test · extremism · recall",
        "forum_test · extremism · false_positive_rate",
        "functions · open_invitation_h · passed",
        "functions · hate · target_ident · false_positive_gap",
        "three_labels · evidence · comprehensiveness",
        "word_swaps · toxicity · flip_rate",
    ];
    assert_eq!(places(&gate.regressions), expected);
    assert!(!gate.passes());
}

#[test]
fn within_the_interval_nothing_changed_and_better_is_said() {
    let gate = after(|r| {
        let forum = &mut set(r, "forum_test")["results"][0]["targets"][0]["metrics"];
        // The lower end itself is still within.
        forum["recall"]["value"] = forum["recall"]["low"].clone();
        forum["brier"]["value"] = json!(0.01);
    });
    assert!(gate.passes());
    assert_eq!(places(&gate.improvements), ["forum_test · extremism · brier"]);
}

#[test]
fn other_subjects_do_not_count() {
    let gate = after(|r| set(r, "answers")["results"][1]["flagged_of_scored"]["value"] = json!(1.0));
    assert!(gate.passes());
}

#[test]
fn a_number_that_can_no_longer_be_told_is_worse() {
    let undefined = json!({ "value": null, "low": null, "high": null, "n": 0, "interval": "none", "because": "nothing was flagged" });
    let gate = after(|r| {
        set(r, "forum_test")["results"][0]["targets"][0]["metrics"]["precision"] = undefined.clone();
    });
    assert_eq!(places(&gate.regressions), ["forum_test · extremism · precision"]);
    assert_eq!(gate.regressions[0].new.to_string(), "no value (nothing was flagged), n 0");
    let mut baseline = report();
    set(&mut baseline, "forum_test")["results"][0]["targets"][0]["metrics"]["precision"] = undefined;
    let gate = gate::compare(&report(), &baseline);
    assert!(gate.passes() && gate.unjudged == after(|_| {}).unjudged + 1);
}

#[test]
fn what_is_missing_is_a_fault() {
    let gate = after(|r| {
        r["benchmarks"].as_array_mut().unwrap().retain(|b| b["name"] != "news");
        set(r, "three_labels")["results"][0]["targets"].as_array_mut().unwrap().remove(1);
        set(r, "functions")["results"][0]["functions"].as_array_mut().unwrap().remove(0);
    });
    let expected = [
        "functions · open_invitation_h: missing",
        "news: the benchmark is missing",
        "three_labels · threat: missing",
    ];
    assert_eq!(gate.faults, expected);
    assert!(!gate.passes());
}

#[test]
fn a_smaller_run_is_compared_with_a_part_of_the_baseline() {
    let mut new = report();
    new["benchmarks"].as_array_mut().unwrap().retain(|b| b["name"] == "news");
    let path = std::path::Path::new("report.json");
    let mut baseline = report();
    gate::keep_only(&mut baseline, path, &["news".to_owned()]).unwrap();
    let gate = gate::compare(&new, &baseline);
    assert!(gate.passes() && gate.unchanged > 0 && gate.notes.is_empty(), "{gate:?}");
    let error = gate::keep_only(&mut baseline, path, &["olds".to_owned()]).unwrap_err();
    assert!(error.to_string().contains("no benchmark `olds`"), "{error}");
}

#[test]
fn other_cases_need_another_version() {
    let gate = after(|r| set(r, "news")["cases_digest"] = json!("e2"));
    assert!(gate.faults[0].contains("news: its cases are not the baseline's"), "{:?}", gate.faults);
    let gate = after(|r| {
        set(r, "news")["cases_digest"] = json!("e2");
        set(r, "news")["version"] = json!(2);
    });
    assert!(gate.passes() && gate.notes[0].contains("version was raised"), "{gate:?}");
    let gate = after(|r| set(r, "news")["version"] = json!(0));
    assert!(gate.faults[0].contains("below the baseline's"));
}

#[test]
fn every_metric_of_a_run_has_a_direction_or_no_interval() {
    let bench = Bench::new();
    bench.run(&labelled(&bench), &mut scripted("a"), "out");
    let report = gate::read(&bench.path("out/report.json")).unwrap();
    let mut spoilt = report.clone();
    let metrics = &mut spoilt["benchmarks"][0]["results"][0]["targets"][0]["metrics"];
    let mut judged = 0;
    for metric in metrics.as_object_mut().unwrap().values_mut().filter(|m| m["low"].is_number()) {
        metric["value"] = Value::Null;
        judged += 1;
    }
    assert_eq!(
        gate::compare(&spoilt, &report).regressions.len(),
        judged,
        "a metric has no direction in the gate"
    );
}

#[test]
fn the_command_says_what_changed_and_by_how_much() {
    let dir = tempfile::tempdir().unwrap();
    let mut worse = report();
    set(&mut worse, "answers")["results"][0]["flagged_of_scored"]["value"] = json!(0.0071);
    for (name, report) in [("old.json", &report()), ("new.json", &worse)] {
        fs_err::write(dir.path().join(name), report.to_string()).unwrap();
    }
    let command = |new| ["eval", "gate", "--report", new, "--baseline", "old.json"];
    let (said, _) = run(dir.path(), &command("old.json"), 0);
    assert!(said.contains("0 worse, 0 better") && said.ends_with("passed\n"), "{said}");
    let (said, _) = run(dir.path(), &command("new.json"), 1);
    let lines = "  answers · flagged\n    was 0.0037 [0.0019, 0.0070], n 2447\n    now 0.0071 [";
    assert!(said.contains(lines) && said.ends_with("failed\n"), "{said}");
    fs_err::write(dir.path().join("first.json"), r#"{"schema_version":1}"#).unwrap();
    let (_, said) = run(dir.path(), &command("first.json"), 2);
    assert!(said.contains("schema version 1, the gate compares version 2"), "{said}");
}
