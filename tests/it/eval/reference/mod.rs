//! Every metric, interval and test against the values that scikit-learn, SciPy, statsmodels and fairlearn computed, or
//! a definition of few lines where none of them has it: `eval/reference/*.py`.

mod bias;
mod comparisons;
mod metrics;

use std::path::Path;

use countervail::eval::metrics::Case;
use serde_json::Value;

fn read(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    serde_json::from_slice(&fs_err::read(path).unwrap()).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(number).collect()
}

fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn score(value: &Value) -> Option<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "the reference's scores are 32-bit floats")]
    value.as_f64().map(|s| s as f32)
}

fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap()
}

/// Labels, scores and decisions at the threshold of one reference case.
fn cases(reference: &Value, scores: &str, threshold: f32) -> Vec<Case> {
    let labelled = list(&reference["labels"]).iter().zip(list(&reference[scores]));
    labelled
        .map(|(label, given)| {
            let score = score(given);
            Case { score, positive: label == 1, flagged: score.is_some_and(|s| s >= threshold) }
        })
        .collect()
}

/// Equal to 1e-9, or both undefined.
fn agree(what: &str, got: Option<f64>, expected: &Value) {
    match (got, expected.as_f64()) {
        (None, None) => {}
        (Some(a), Some(b)) if (a - b).abs() < 1e-9 => {}
        (a, b) => panic!("{what}: got {a:?}, the reference is {b:?}"),
    }
}

/// The same for several numbers; an undefined whole is null in the reference and `None` here.
fn all_agree(what: &str, got: Option<&[f64]>, expected: &Value) {
    let Some(expected) = expected.as_array() else {
        assert!(got.is_none(), "{what}: got {got:?}, the reference is undefined");
        return;
    };
    let got = got.unwrap_or_else(|| panic!("{what}: undefined, the reference is {expected:?}"));
    assert_eq!(got.len(), expected.len(), "{what}: {got:?}, {expected:?}");
    for (a, b) in got.iter().zip(expected) {
        agree(what, Some(*a), b);
    }
}
