//! The metrics of one subject: ranking, operating points, calibration, selection, curves.

use countervail::eval::intervals::bootstrap::{self, Plan};
use countervail::eval::intervals::wilson;
use countervail::eval::metrics::calibration::{
    Binning, adaptive_calibration_error, expected_calibration_error, log_loss, reliability,
};
use countervail::eval::metrics::operating::{self, OperatingPoint};
use countervail::eval::metrics::ranking::Ranked;
use countervail::eval::metrics::selective::Selective;
use countervail::eval::metrics::{Case, Confusion, curves};
use countervail::eval::report::metric::Metric;
use serde_json::Value;

use super::{agree, all_agree, cases, count, list, name, number, numbers, read, score};

/// Calls `test` with every reference case.
fn each(test: impl Fn(&Value, &Value, &[Case])) {
    let reference = read("metrics_reference.json");
    let all = list(&reference["cases"]);
    assert!(all.len() > 30);
    for r in all {
        test(&reference["given"], r, &cases(r, "scores", score(&r["threshold"]).unwrap()));
    }
}

#[test]
fn decisions_agree_with_scikit_learn() {
    each(|given, r, cases| {
        let c = Confusion::of(cases);
        let counts = [c.true_positives, c.false_positives, c.true_negatives, c.false_negatives];
        assert_eq!(serde_json::json!(counts), r["confusion"], "{}", name(r));
        for (metric, value) in [
            ("precision", c.precision()),
            ("recall", c.recall()),
            ("f1", c.f1()),
            ("macro_f1", c.macro_f1()),
            ("false_positive_rate", c.false_positive_rate()),
            ("false_negative_rate", c.false_negative_rate()),
            ("accuracy", c.accuracy()),
            ("balanced_accuracy", c.balanced_accuracy()),
        ] {
            agree(&format!("{} {metric}", name(r)), value, &r[metric]);
        }
        for (prevalence, expected) in
            numbers(&given["prevalences"]).into_iter().zip(list(&r["at_prevalence"]))
        {
            let got = operating::precision_at_prevalence(&c, prevalence).map(|(v, i)| [v, i.low, i.high]);
            all_agree(name(r), got.as_ref().map(<[f64; 3]>::as_slice), expected);
        }
    });
}

#[test]
fn ranking_agrees_with_scikit_learn() {
    each(|given, r, cases| {
        let ranked = Ranked::new(cases);
        let (statistics, once) = (ranked.statistics(), ranked.once());
        agree(name(r), statistics.average_precision, &r["average_precision"]);
        agree(name(r), statistics.roc_auc, &r["roc_auc"]);
        agree(name(r), statistics.brier, &r["brier"]);
        agree(name(r), log_loss(&ranked, &once), &r["log_loss"]);
        for (k, expected) in list(&given["k"]).iter().zip(list(&r["precision_at_k"])) {
            agree(name(r), operating::precision_at_k(&ranked, &once, count(k)), expected);
        }
        let selective = Selective::new(cases);
        agree(name(r), selective.area(&once), &r["area_under_risk"]);
    });
}

#[test]
fn operating_points_agree_with_scikit_learn() {
    each(|given, r, cases| {
        let ranked = Ranked::new(cases);
        let once = ranked.once();
        let bounds = numbers(&given["false_positive_rates"]);
        for (bound, expected) in bounds.into_iter().zip(list(&r["at_false_positive_rate"])) {
            same_point(&ranked, operating::at_false_positive_rate(&ranked, &once, bound), expected);
        }
        for (bound, expected) in numbers(&given["recalls"]).into_iter().zip(list(&r["at_recall"])) {
            same_point(&ranked, operating::at_recall(&ranked, &once, bound), expected);
        }
    });
}

/// `expected` is null or [threshold or null, TP, FP].
fn same_point(ranked: &Ranked, got: Option<OperatingPoint>, expected: &Value) {
    let Some(expected) = expected.as_array() else {
        assert_eq!(got, None);
        return;
    };
    let got = got.unwrap_or_else(|| panic!("undefined, the reference is {expected:?}"));
    assert_eq!(got.threshold, score(&expected[0]));
    assert_eq!(got.confusion.true_positives, count(&expected[1]));
    assert_eq!(got.confusion.false_positives, count(&expected[2]));
    if let Some(threshold) = got.threshold {
        assert_eq!(operating::at_threshold(ranked, &ranked.once(), threshold), got.confusion);
    }
}

#[test]
fn calibration_agrees_with_its_definition() {
    each(|_, r, cases| {
        agree(name(r), expected_calibration_error(cases), &r["calibration_error"]);
        agree(name(r), adaptive_calibration_error(cases), &r["adaptive_calibration_error"]);
        for (binning, key) in [(Binning::EqualWidth, "equal_width"), (Binning::EqualMass, "equal_mass")] {
            let expected = list(&r["reliability"][key]);
            let got = reliability(cases, binning);
            assert_eq!(got.len(), expected.len(), "{} {key}", name(r));
            for (bin, row) in got.iter().zip(expected) {
                let (n, positives) = (bin.n as f64, bin.positives as f64);
                let interval = bin.interval;
                let numbers =
                    [bin.low, bin.high, n, positives, bin.mean_score, bin.share, interval.low, interval.high];
                all_agree(&format!("{} {key}", name(r)), Some(&numbers), row);
            }
        }
    });
}

#[test]
fn curves_on_the_grid_agree_with_scikit_learn() {
    each(|_, r, cases| {
        let ranked = Ranked::new(cases);
        let clusters: Vec<usize> = (0..cases.len()).collect();
        let plan = Plan { seed: 1, resamples: 2 };
        for (band, key) in [
            (curves::roc_band(&ranked, &clusters, plan), "roc_on_grid"),
            (curves::precision_recall_band(&ranked, &clusters, plan), "precision_on_grid"),
        ] {
            let heights: Option<Vec<f64>> = band.iter().map(|p| p.y.value).collect();
            all_agree(&format!("{} {key}", name(r)), heights.as_deref(), &r[key]);
        }
    });
}

#[test]
fn intervals_agree_with_scipy() {
    let reference = read("metrics_reference.json");
    for r in list(&reference["wilson"]) {
        let interval = wilson(count(&r["k"]), count(&r["n"])).unwrap();
        agree("wilson low", Some(interval.low), &r["low"]);
        agree("wilson high", Some(interval.high), &r["high"]);
    }
    for r in list(&reference["bca"]) {
        let jackknife = numbers(&r["jackknife"]);
        let got =
            bootstrap::interval(number(&r["point"]), numbers(&r["replicates"]), Some(&jackknife)).unwrap();
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
