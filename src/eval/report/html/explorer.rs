//! The threshold explorer: what another threshold would flag. Its numbers are the report's curves, in the page as
//! data; `static/explorer.js` counts, and knows nothing that is not there.

use askama::Template;
use serde::Serialize;

use crate::eval::report::EvalReport;
use crate::eval::report::html::blocks::{Block, Section};
use crate::eval::report::target::TargetReport;

/// One target of one benchmark for one subject, as the script reads it.
#[derive(Debug, Serialize)]
struct Choice<'a> {
    set: &'a str,
    target: &'a str,
    subject: &'a str,
    positives: usize,
    negatives: usize,
    /// Position of the subject's own threshold among `points`.
    shipped: usize,
    /// Threshold, true and false positives at it, from the highest threshold down.
    points: Vec<(f64, usize, usize)>,
}

#[derive(Template)]
#[template(path = "explorer.html")]
struct Explorer<'a> {
    choices: &'a [Choice<'a>],
    json: &'a str,
}

pub(super) fn section(report: &EvalReport) -> Section {
    let mut choices = Vec::new();
    for b in &report.benchmarks {
        for result in &b.results {
            for t in result.targets.iter().filter(|t| t.curve.len() > 1 && t.positives > 0 && t.negatives > 0)
            {
                choices.push(choice(&b.title, &result.subject, t));
            }
        }
    }
    // The reader begins with what the product is about.
    let first = choices.iter().position(|c| c.target.starts_with("extremism"));
    if let Some(position) = first {
        choices[..=position].rotate_right(1);
    }
    let mut blocks = Vec::new();
    if !choices.is_empty() {
        let explorer = Explorer { choices: &choices, json: &data(&choices) };
        blocks.push(Block::Html(explorer.render().expect("templates write into memory")));
    }
    Section { id: "explorer", title: "Threshold explorer", blocks }
}

fn choice<'a>(set: &'a str, subject: &'a str, t: &'a TargetReport) -> Choice<'a> {
    let mut points: Vec<(f64, usize, usize)> =
        t.curve.iter().map(|p| (p.threshold, p.true_positives, p.false_positives)).collect();
    // A curve has points at scores; the shipped threshold lies between two of them, and flags what the one above it does.
    let mut shipped = points.partition_point(|p| p.0 >= t.threshold);
    let own = (t.threshold, t.true_positives, t.false_positives);
    match points[..shipped].last_mut().filter(|p| (p.1, p.2) == (own.1, own.2)) {
        Some(point) => {
            *point = own;
            shipped -= 1;
        }
        None => points.insert(shipped, own),
    }
    Choice { set, target: t.target, subject, positives: t.positives, negatives: t.negatives, shipped, points }
}

/// JSON that cannot end the element it stands in.
pub(super) fn data(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain structs serialise").replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_can_end_the_script() {
        assert_eq!(data(&"a</script><b>"), r#""a\u003c/script>\u003cb>""#);
    }
}
