//! TF-IDF and logistic regression against the values that scikit-learn computed.

use std::path::Path;

use countervail::eval::linear::{Logistic, Vectorizer, VectorizerConfig};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    config: VectorizerConfig,
    c: f64,
    train: Vec<String>,
    labels: Vec<u8>,
    weights: Option<Vec<f64>>,
    test: Vec<String>,
    terms: Vec<String>,
    rows: Vec<Vec<(u32, f64)>>,
    coefficients: Vec<f64>,
    bias: f64,
    probabilities: Vec<f64>,
}

fn strs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn agree(name: &str, got: &[f64], expected: &[f64], within: f64) {
    assert_eq!(got.len(), expected.len(), "{name}");
    for (i, (a, b)) in got.iter().zip(expected).enumerate() {
        assert!((a - b).abs() < within, "{name} {i}: got {a}, the reference is {b}");
    }
}

#[test]
fn the_linear_baseline_agrees_with_scikit_learn() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/linear_reference.json");
    let reference: Reference = serde_json::from_slice(&fs_err::read(path).unwrap()).unwrap();
    assert_eq!(reference.cases.len(), 5);
    for case in reference.cases {
        let name = &case.name;
        let vectorizer = Vectorizer::fit(case.config, &strs(&case.train));
        assert_eq!(vectorizer.terms(), case.terms, "{name}");
        let test = vectorizer.transform(&strs(&case.test));
        for (i, expected) in case.rows.iter().enumerate() {
            let (columns, values): (Vec<u32>, Vec<f64>) = test.row(i).unzip();
            let (expected_columns, expected_values): (Vec<u32>, Vec<f64>) = expected.iter().copied().unzip();
            assert_eq!(columns, expected_columns, "{name}: text {i}");
            agree(name, &values, &expected_values, 1e-12);
        }
        let labels: Vec<bool> = case.labels.iter().map(|l| *l == 1).collect();
        let train = vectorizer.transform(&strs(&case.train));
        let model = Logistic::fit(&train, &labels, case.weights.as_deref(), case.c).unwrap();
        agree(name, &model.weights, &case.coefficients, 1e-6);
        agree(name, &[model.bias], &[case.bias], 1e-6);
        agree(name, &model.predict(&test), &case.probabilities, 1e-6);
    }
}
