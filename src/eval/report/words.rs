//! How a number is written for people, in every form of the report alike.

use crate::eval::report::metric::Metric;

pub(super) fn small(n: usize, is_small: bool) -> String {
    if is_small { format!("{n}*") } else { n.to_string() }
}

pub(super) fn percent(x: f64) -> String {
    format!("{:.1} %", 100.0 * x)
}

/// A share: `1.2 % [0.8–1.7]`.
pub(super) fn share(m: &Metric) -> String {
    match (m.value, m.low, m.high) {
        (Some(v), Some(low), Some(high)) => {
            format!("{} [{:.1}–{:.1}]", percent(v), 100.0 * low, 100.0 * high)
        }
        _ => "–".to_owned(),
    }
}

/// A share with its counts.
pub(super) fn counted(m: &Metric) -> String {
    m.k.map_or_else(|| "–".to_owned(), |k| format!("{k} of {}, {}", m.n, share(m)))
}

/// A number from 0 to 1: `0.912 [0.890–0.931]`.
pub(super) fn number(m: &Metric) -> String {
    match (m.value, m.low, m.high) {
        (Some(v), Some(low), Some(high)) => {
            let mark = if m.interval == "percentile" { " (p)" } else { "" };
            format!("{v:.3} [{low:.3}–{high:.3}]{mark}")
        }
        (Some(v), ..) => format!("{v:.3}"),
        _ => "–".to_owned(),
    }
}
