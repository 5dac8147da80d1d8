//! How numbers are written for people, in `report.md` and in `report.html` alike: one place, so that the two
//! never show one number in two ways.

use crate::eval::report::metric::Metric;

/// Stands where there is no number; `report.json` says why.
pub(super) const NONE: &str = "–";

/// How many, marked with `*` when they are few.
pub(super) fn small(n: usize, is_small: bool) -> String {
    if is_small { format!("{n}*") } else { n.to_string() }
}

/// `1.2 %`.
pub(super) fn percent(x: f64) -> String {
    format!("{:.1} %", positive_zero(100.0 * x))
}

/// A round share as it was stated: `1 %`, `0.1 %`.
pub(super) fn round_percent(x: f64) -> String {
    let digits = format!("{:.2}", 100.0 * x);
    format!("{} %", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// A share: `1.2 % [0.8–1.7]`.
pub(super) fn share(m: &Metric) -> String {
    match (m.value, m.low, m.high) {
        (Some(v), Some(low), Some(high)) => {
            format!("{} [{:.1}–{:.1}]", percent(v), 100.0 * low, 100.0 * high)
        }
        (Some(v), ..) => percent(v),
        _ => NONE.to_owned(),
    }
}

/// A share with its counts: `9 of 2448, 0.4 % [0.2–0.7]`.
pub(super) fn counted(m: &Metric) -> String {
    m.k.map_or_else(|| NONE.to_owned(), |k| format!("{k} of {}, {}", m.n, share(m)))
}

/// A number from 0 to 1: `0.912 [0.890–0.931]`.
pub(super) fn number(m: &Metric) -> String {
    match (m.value, m.low, m.high) {
        (Some(v), Some(low), Some(high)) => format!("{v:.3} [{low:.3}–{high:.3}]{}", mark(m)),
        (Some(v), ..) => format!("{v:.3}"),
        _ => NONE.to_owned(),
    }
}

/// A difference, with its sign: `+0.012 [−0.003 to +0.027]`.
pub(super) fn difference(m: &Metric) -> String {
    let signed = |x| signed(x, 3);
    match (m.value, m.low, m.high) {
        (Some(v), Some(low), Some(high)) => {
            format!("{} [{} to {}]{}", signed(v), signed(low), signed(high), mark(m))
        }
        (Some(v), ..) => signed(v),
        _ => NONE.to_owned(),
    }
}

/// A difference of shares in percentage points: `+3.1 [−0.4 to +6.6]`.
pub(super) fn points(m: &Metric) -> String {
    let signed = |x: f64| signed(100.0 * x, 1);
    match (m.value, m.low, m.high) {
        (Some(v), Some(low), Some(high)) => format!("{} [{} to {}]", signed(v), signed(low), signed(high)),
        (Some(v), ..) => signed(v),
        _ => NONE.to_owned(),
    }
}

/// A share as so many of a round number, for people who do not think in per cent: of 1,000, `4 [2–7]`. Below ten
/// with one decimal, so that a small rate does not become none.
pub(super) fn out_of(m: &Metric, whole: u32) -> String {
    let part = |x: f64| {
        let x = x * f64::from(whole);
        let text = if x < 9.95 { format!("{x:.1}") } else { format!("{x:.0}") };
        text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
    };
    match (m.value, m.low, m.high) {
        (Some(v), Some(low), Some(high)) => format!("{} [{}–{}]", part(v), part(low), part(high)),
        (Some(v), ..) => part(v),
        _ => NONE.to_owned(),
    }
}

/// `2,448`.
pub(super) fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A p-value, never `0`.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// Whether a panel keeps its promise, in a word or two.
pub(super) fn kept(metric: &Metric, budget: f64) -> &'static str {
    match (metric.value, metric.high) {
        (_, Some(high)) if high <= budget => "yes",
        (Some(value), _) if value <= budget => "as measured",
        (Some(_), _) => "no",
        (None, _) => "nothing was scored",
    }
}

/// The name of a metric for people; the metric's own name where it has no better one.
pub(super) fn metric_title(name: &str) -> &str {
    match name {
        "recall" => "caught (recall)",
        "false_positive_rate" => "false alarms (false-positive rate)",
        "precision" => "right when flagged (precision)",
        "f1" => "F1",
        "macro_f1" => "F1, mean of both classes",
        "accuracy" => "accuracy",
        "balanced_accuracy" => "balanced accuracy",
        "average_precision" => "average precision",
        "roc_auc" => "ROC AUC",
        "brier" => "Brier score",
        "log_loss" => "log loss",
        "calibration_error" => "calibration error, equal widths",
        "adaptive_calibration_error" => "calibration error, equal counts",
        "risk_coverage_area" => "area under risk–coverage",
        other => other,
    }
}

fn mark(m: &Metric) -> &'static str {
    if m.interval == "percentile" { " (p)" } else { "" }
}

fn signed(x: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", x.abs());
    let zero = text.chars().all(|c| c == '0' || c == '.');
    match x {
        _ if zero => text,
        x if x < 0.0 => format!("−{text}"),
        _ => format!("+{text}"),
    }
}

/// `-0.0` is written `0.0`.
fn positive_zero(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_carry_their_intervals_and_no_number_is_a_dash() {
        let rate = Metric::rate(9, 2448, "no cases");
        assert_eq!(share(&rate), "0.4 % [0.2–0.7]");
        assert_eq!(counted(&rate), "9 of 2448, 0.4 % [0.2–0.7]");
        assert_eq!(out_of(&rate, 1000), "3.7 [1.9–7]");
        assert_eq!(out_of(&Metric::rate(30, 100, "no cases"), 1000), "300 [219–396]");
        let none = Metric::rate(0, 0, "no cases");
        assert_eq!([0.0, 0.001, 0.07, 1.0].map(round_percent), ["0 %", "0.1 %", "7 %", "100 %"]);
        assert_eq!([share(&none), number(&none), points(&none), out_of(&none, 100)], [NONE; 4]);
    }

    #[test]
    fn differences_carry_their_signs() {
        let interval = crate::eval::intervals::Interval { low: -0.004, high: 0.066 };
        let metric = Metric::with_interval(0.031, interval, 40, "newcombe");
        assert_eq!(points(&metric), "+3.1 [−0.4 to +6.6]");
        assert_eq!(difference(&metric), "+0.031 [−0.004 to +0.066]");
        assert_eq!(signed(-0.0001, 3), "0.000");
    }

    #[test]
    fn large_counts_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 77_123, 1_000_000].map(count),
            ["0", "999", "1,000", "77,123", "1,000,000"]
        );
    }

    #[test]
    fn a_promise_is_kept_only_with_the_whole_interval() {
        let rate = |k, n| Metric::rate(k, n, "no cases");
        let words = [rate(0, 1000), rate(0, 20), rate(5, 100), rate(0, 0)].map(|m| kept(&m, 0.01));
        assert_eq!(words, ["yes", "as measured", "no", "nothing was scored"]);
    }
}
