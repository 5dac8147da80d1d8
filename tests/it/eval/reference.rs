//! Metrics and intervals against the values that scikit-learn and SciPy computed.

use std::path::Path;

use countervail::eval::intervals::{bootstrap, wilson};
use countervail::eval::metrics::{Case, Confusion, Ranked, expected_calibration_error};
use countervail::eval::report::metric::Metric;
use serde_json::Value;

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
