//! Runs: determinism to the byte, resuming, abstention, one class only, kept predictions.

use countervail::eval::subject::Subject;

use crate::eval::bench::*;

#[test]
fn two_runs_write_the_same_bytes() {
    let bench = Bench::new();
    let manifest = labelled(&bench);
    bench.run(&manifest, &mut scripted("a"), "one");
    bench.run(&manifest, &mut scripted("a"), "two");
    for file in ["report.json", "report.md", "report.html", "card.html", "predictions/a/labelled.jsonl"] {
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
    let whole = bench.bytes("whole/predictions/a/labelled.jsonl");
    for cut in [0, 10, whole.len() / 3, whole.len() / 2, whole.len() - 1, whole.len()] {
        let kept = bench.path("cut/predictions/a/labelled.jsonl");
        fs_err::create_dir_all(kept.parent().unwrap()).unwrap();
        fs_err::write(&kept, &whole[..cut]).unwrap();
        bench.run(&manifest, &mut scripted("a"), "cut");
        assert_eq!(bench.bytes("cut/predictions/a/labelled.jsonl"), whole, "cut at {cut}");
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
    let Subject::Scripted(mut other) = scripted("a") else { unreachable!() };
    other.model.digest = "sha256:another".to_owned();
    let report = bench.run(&manifest, &mut Subject::Scripted(other), "out");
    assert_eq!(report.subject().digest, "sha256:another");
    let kept = String::from_utf8(bench.bytes("out/predictions/a/labelled.jsonl")).unwrap();
    assert!(kept.lines().next().unwrap().contains("sha256:another"), "the old predictions are gone");
}

#[test]
fn subjects_stand_side_by_side_and_need_names_of_their_own() {
    let bench = Bench::new();
    let manifest = labelled(&bench);
    let report = bench.run_all(&manifest, &mut [scripted("a"), scripted("b")], "out").unwrap();
    let names: Vec<&str> = report.subjects.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(only(&report).results[1].subject, "b");
    assert_eq!(
        only(&report).results[0].targets[0].true_positives,
        only(&report).results[1].targets[0].true_positives
    );
    let twice = bench.run_all(&manifest, &mut [scripted("a"), scripted("a")], "out").unwrap_err().to_string();
    assert!(twice.contains("two subjects"), "{twice}");
    let path = bench.run_all(&manifest, &mut [scripted("../a")], "out").unwrap_err().to_string();
    assert!(path.contains("no path"), "{path}");
}

#[test]
fn the_first_subject_is_compared_with_each_of_the_others() {
    let bench = Bench::new();
    let manifest = labelled(&bench);
    let Subject::Scripted(mut careless) = scripted("careless") else { unreachable!() };
    careless.policy.review = score(0.0);
    let mut subjects = [scripted("a"), scripted("b"), Subject::Scripted(careless)];
    let report = bench.run_all(&manifest, &mut subjects, "out").unwrap();
    let pairs: Vec<(&str, &str)> =
        report.comparisons.iter().map(|c| (c.subject.as_str(), c.rival.as_str())).collect();
    let targets = only(&report).results[0].targets.len();
    assert_eq!(pairs.len(), 2 * targets);
    assert!(pairs.contains(&("a", "b")) && pairs.contains(&("a", "careless")), "{pairs:?}");
    for comparison in &report.comparisons {
        let differ = comparison.only_subject_right + comparison.only_rival_right > 0;
        assert_eq!(
            differ,
            comparison.rival == "careless" && comparison.target == "extremism",
            "{comparison:?}"
        );
        assert!(comparison.adjusted_p >= comparison.mcnemar_p, "adjusted over the whole run");
    }
}

#[test]
fn a_folder_of_predictions_gives_the_report_of_its_model() {
    let bench = Bench::new();
    let manifest = labelled(&bench);
    bench.run(&manifest, &mut scripted("a"), "model");
    bench.run(&manifest, &mut Subject::Predictions(bench.path("model/predictions/a")), "again");
    assert_eq!(bench.bytes("model/report.json"), bench.bytes("again/report.json"));
}

#[test]
fn predictions_that_do_not_fit_are_refused_with_the_reason() {
    let bench = Bench::new();
    let manifest = labelled(&bench);
    bench.run(&manifest, &mut scripted("a"), "out");
    let file = bench.path("out/predictions/a/labelled.jsonl");
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
        let mut subject = Subject::Predictions(bench.path("out/predictions/a"));
        let error = bench.try_run(&manifest, &mut subject, "again").unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn clusters_and_unknown_labels_are_counted() {
    let bench = Bench::new();
    let report = bench.run(&labelled(&bench), &mut scripted("a"), "out");
    let targets = &own(&report).targets;
    assert_eq!((targets[0].target, targets[1].target), ("extremism", "hate"));
    assert_eq!(targets[0].clusters, 150);
    assert!((targets[0].threshold - 0.5).abs() < 1e-6 && (targets[1].threshold - 0.6).abs() < 1e-6);
    let auc = &targets[0].metrics["roc_auc"];
    assert_eq!((auc.interval, auc.n), ("bca", 600));
    assert!(auc.low < auc.value && auc.value < auc.high, "{auc:?}");
}

#[test]
fn one_class_only_gives_reasons_and_no_numbers() {
    let bench = Bench::new();
    let report = bench.run(&labelled(&bench), &mut scripted("a"), "out");
    let hate = &own(&report).targets[1];
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
    let b = own(&report);
    assert_eq!((only(&report).n, b.abstained, b.flagged.k), (6, 2, Some(3)));
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
    assert_eq!(own(&report).flagged.value, Some(0.0));
    assert_eq!(own(&report).flagged_of_scored.value, None);
    assert!(String::from_utf8(bench.bytes("out/report.md")).unwrap().contains("nothing was scored"));
}

#[test]
fn a_panel_holds_its_promise_only_with_its_whole_interval() {
    let bench = Bench::new();
    let lines = |flagged: usize, n: usize| -> String {
        let row = |i| format!("calm {i} is {}\n", if i < flagged { 95 } else { 2 });
        "text\n".to_owned() + &(0..n).map(row).collect::<String>()
    };
    for (flagged, n, verdict) in [(0, 1000, "| yes |"), (0, 20, "| as measured |"), (5, 100, "| no |")] {
        let manifest =
            head("panel", "panel", "budget = 0.01") + &bench.source("p.csv", &lines(flagged, n), "");
        let out = format!("out{flagged}_{n}");
        let report = bench.run(&manifest, &mut scripted("a"), &out);
        assert_eq!(own(&report).bands["urgent"], flagged);
        let markdown = String::from_utf8(bench.bytes(&format!("{out}/report.md"))).unwrap();
        assert!(markdown.contains(verdict), "{markdown}");
    }
}

#[test]
fn functions_pass_by_their_own_labels_and_pairs_take_the_lower() {
    let bench = Bench::new();
    let csv = "id,text,kind,gold\na,one 90,plain,1\nb,two 10,plain,1\nc,three 5,mention,0\nd,four 90,mention,0\ne,five 1,mention,0\n";
    let more = "targets = [\"hate\"]\nfunction_slice = \"kind\"";
    let pair = "[[pair]]\nname = \"plain, against mention\"\nhateful = [\"plain\"]\nbenign = [\"mention\"]\n";
    let labels = "id = \"id\"\nslices = [\"kind\"]\nset = { hate = 0 }\nlabels = [{ column = \"gold\", is = [\"1\"], set = { hate = 1 } }]";
    let manifest = head("suite", "functional", more) + &bench.source("f.csv", csv, labels) + pair;
    let report = bench.run(&manifest, &mut scripted("a"), "out");
    let b = own(&report);
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
fn a_report_says_the_how_manieth_look_it_is() {
    let bench = Bench::new();
    let manifest = labelled(&bench);
    let looks = |name: &str| only(&bench.run(&manifest, &mut scripted(name), "out")).looks;
    assert_eq!(looks("a"), Some(1));
    assert_eq!(looks("b"), Some(2));
    assert_eq!(looks("a"), Some(1), "looking again does not make it a later look");
    let lines = String::from_utf8(bench.bytes("ledger.jsonl")).unwrap().lines().count();
    assert_eq!(lines, 3, "every look is kept");
}
