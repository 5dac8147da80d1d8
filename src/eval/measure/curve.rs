//! What each threshold would catch, thinned without losing the corners, and bands around the curves.

use std::collections::BTreeSet;

use crate::eval::intervals::bootstrap::Plan;
use crate::eval::metrics::curves::{self, Point};
use crate::eval::metrics::ranking::{Ranked, Step};
use crate::eval::report::metric::rounded;
use crate::eval::report::target::{BandPoint, CurvePoint};

/// The thresholds at the corners of both curves, and the last score that the subject's own threshold lets through, so
/// that the counts at it are exact. From the highest down.
pub(super) fn curve(ranked: &Ranked, threshold: f64) -> Vec<CurvePoint> {
    let steps = ranked.steps(&ranked.once());
    let bits = |p: Point| p.at.map(f64::to_bits);
    let corners = curves::roc(ranked).into_iter().chain(curves::precision_recall(ranked));
    let mut wanted: BTreeSet<u64> = corners.filter_map(bits).collect();
    if wanted.is_empty() {
        // One class only: there are no curves, and the counts still are of use.
        wanted.extend(by_count(&steps).into_iter().filter_map(bits));
    }
    let own = steps.iter().take_while(|s| f64::from(s.threshold) >= threshold).last();
    wanted.extend(own.map(|s| f64::from(s.threshold).to_bits()));
    steps
        .iter()
        .filter(|s| wanted.contains(&f64::from(s.threshold).to_bits()))
        .map(|s| CurvePoint {
            threshold: f64::from(s.threshold),
            true_positives: s.true_positives,
            false_positives: s.false_positives,
        })
        .collect()
}

fn by_count(steps: &[Step]) -> Vec<Point> {
    let counted = steps.iter().map(|s| {
        let (threshold, flagged) = (f64::from(s.threshold), s.true_positives + s.false_positives);
        Point { x: flagged as f64, y: threshold, at: Some(threshold) }
    });
    curves::thinned(&counted.collect::<Vec<_>>())
}

/// Bands around precision over recall, and around recall over false-positive rate.
pub(super) fn bands(ranked: &Ranked, clusters: &[usize], plan: Plan) -> (Vec<BandPoint>, Vec<BandPoint>) {
    let written = |band: Vec<curves::BandPoint>| -> Vec<BandPoint> {
        let point = |b: curves::BandPoint| {
            let interval = b.y.interval?.interval;
            Some(BandPoint { at: rounded(b.x), low: rounded(interval.low), high: rounded(interval.high) })
        };
        band.into_iter().filter_map(point).collect()
    };
    (
        written(curves::precision_recall_band(ranked, clusters, plan)),
        written(curves::roc_band(ranked, clusters, plan)),
    )
}
