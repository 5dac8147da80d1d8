//! What each probe sees of a text, as rows for the logistic regression.

use crate::data::example::Example;
use crate::eval::hygiene::probes::topics::{TOPICS, Topics};
use crate::eval::hygiene::probes::{Probe, artefacts};
use crate::eval::linear::Rows;

/// The rows of `fitted` and of `measured`, both on the scale, or in the clusters, of `fitted`. `files` is the number of
/// sources that `Example::source` counts.
pub(super) fn of(
    probe: Probe,
    fitted: &[&Example],
    measured: &[&Example],
    files: usize,
    seed: u64,
) -> (Rows, Rows) {
    let (a, b) = (texts(fitted), texts(measured));
    match probe {
        Probe::Artefacts => scaled(&artefacts::rows(&a), &artefacts::rows(&b)),
        Probe::Length => scaled(&artefacts::lengths(&a), &artefacts::lengths(&b)),
        Probe::Topic => {
            let topics = Topics::find(&a, seed);
            (one_of(TOPICS, topics.of(&a)), one_of(TOPICS, topics.of(&b)))
        }
        Probe::File => {
            let of = |examples: &[&Example]| one_of(files, examples.iter().map(|e| e.source));
            (of(fitted), of(measured))
        }
    }
}

/// Some of the rows.
pub(super) fn selected(rows: &Rows, which: &[usize]) -> Rows {
    let mut out = Rows::new(rows.columns());
    for row in which {
        out.push(rows.row(*row));
    }
    out
}

fn texts<'a>(examples: &[&'a Example]) -> Vec<&'a str> {
    examples.iter().map(|e| e.text.as_str()).collect()
}

/// A 1 in the column of each number.
fn one_of(columns: usize, numbers: impl IntoIterator<Item = usize>) -> Rows {
    let mut out = Rows::new(columns);
    for number in numbers {
        out.push([(u32::try_from(number).expect("a handful of columns"), 1.0)]);
    }
    out
}

fn scaled(fitted: &[Vec<f64>], measured: &[Vec<f64>]) -> (Rows, Rows) {
    (standardised(fitted, fitted), standardised(fitted, measured))
}

/// Columns brought to mean 0 and standard deviation 1 of the `fitted` rows; a column that never varies becomes 0.
fn standardised(fitted: &[Vec<f64>], rows: &[Vec<f64>]) -> Rows {
    let width = fitted.first().map_or(0, Vec::len);
    let n = fitted.len() as f64;
    let mut scale = Vec::with_capacity(width);
    for column in 0..width {
        let mean = fitted.iter().map(|row| row[column]).sum::<f64>() / n;
        let variance = fitted.iter().map(|row| (row[column] - mean).powi(2)).sum::<f64>() / n;
        scale.push((mean, variance.sqrt()));
    }
    let mut out = Rows::new(width);
    for row in rows {
        let value = |(x, (mean, deviation)): (&f64, &(f64, f64))| {
            if *deviation > 1e-12 { (x - mean) / deviation } else { 0.0 }
        };
        out.push((0..).zip(row.iter().zip(&scale).map(value)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_brought_to_one_scale() {
        let rows = standardised(&[vec![1.0, 5.0], vec![3.0, 5.0]], &[vec![3.0, 9.0]]);
        assert_eq!(rows.row(0).collect::<Vec<_>>(), [(0, 1.0), (1, 0.0)]);
    }
}
