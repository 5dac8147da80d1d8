//! Curves to draw: few enough points for a page, none of the corners lost, and bands that show how sure they are.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::eval::intervals::bootstrap::{self, Estimate, Plan};
use crate::eval::metrics::ranking::{Ranked, Step};

/// The most points of a thinned curve.
pub const MOST_POINTS: usize = 200;

/// Abscissae of a band: 0, 0.02, …, 1.
pub const GRID: usize = 51;

/// Points nearer to the drawn line than this are on it.
const ON_THE_LINE: f64 = 1e-12;

/// A point of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
    /// The lowest score on the near side of the cut; `None` where the cut is above all scores.
    pub at: Option<f64>,
}

/// A curve's value at one abscissa, with its pointwise 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandPoint {
    pub x: f64,
    pub y: Estimate,
}

/// The ROC curve of the scored cases, from (0, 0) to (1, 1): x is the false-positive rate, y the recall, joined by
/// straight lines (Fawcett, Pattern Recognition Letters 27, 2006). Empty when one class is missing. Thinned.
#[must_use]
pub fn roc(ranked: &Ranked) -> Vec<Point> {
    let steps = ranked.steps(&ranked.once());
    let Some((positives, negatives)) = both_classes(&steps) else { return Vec::new() };
    let mut points = vec![Point { x: 0.0, y: 0.0, at: None }];
    points.extend(steps.iter().map(|s| Point {
        x: s.false_positives as f64 / negatives,
        y: s.true_positives as f64 / positives,
        at: Some(f64::from(s.threshold)),
    }));
    thinned(&points)
}

/// The precision–recall curve of the scored cases: x is recall, y precision, one point per distinct score from the
/// highest down, without interpolation and without a point for "nothing flagged", where precision is not defined
/// (Davis and Goadrich, ICML 2006, on why a straight line between its points would flatter). Empty without a scored
/// positive. Thinned.
#[must_use]
pub fn precision_recall(ranked: &Ranked) -> Vec<Point> {
    let steps = ranked.steps(&ranked.once());
    let positives = steps.last().map_or(0, |s| s.true_positives);
    if positives == 0 {
        return Vec::new();
    }
    let points = steps.iter().map(|s| Point {
        x: s.true_positives as f64 / positives as f64,
        y: precision(s),
        at: Some(f64::from(s.threshold)),
    });
    thinned(&points.collect::<Vec<_>>())
}

/// The ROC curve on the grid with pointwise bands: the height of its line at each false-positive rate, the upper end
/// where the line is upright.
#[must_use]
pub fn roc_band(ranked: &Ranked, clusters: &[usize], plan: Plan) -> Vec<BandPoint> {
    band(clusters, plan, |weights| roc_on_grid(&ranked.steps(weights)))
}

/// The precision–recall curve on the grid with pointwise bands: the precision of the highest cut that reaches each
/// recall and flags anything.
#[must_use]
pub fn precision_recall_band(ranked: &Ranked, clusters: &[usize], plan: Plan) -> Vec<BandPoint> {
    band(clusters, plan, |weights| precision_on_grid(&ranked.steps(weights)))
}

/// At most [`MOST_POINTS`] of the points, the first and the last among them, chosen so that the line through them
/// stays as near to the whole curve as can be: the point farthest from the line so far is added until the count is
/// reached or all are on the line (Douglas and Peucker, Cartographica 10, 1973, by count instead of tolerance).
#[must_use]
pub fn thinned(points: &[Point]) -> Vec<Point> {
    if points.len() < 3 {
        return points.to_vec();
    }
    let last = points.len() - 1;
    let mut kept = vec![0, last];
    let mut open = BinaryHeap::new();
    open.extend(Gap::between(points, 0, last));
    while kept.len() < MOST_POINTS
        && let Some(gap) = open.pop()
    {
        kept.push(gap.farthest);
        open.extend(Gap::between(points, gap.from, gap.farthest));
        open.extend(Gap::between(points, gap.farthest, gap.to));
    }
    kept.sort_unstable();
    kept.into_iter().map(|i| points[i]).collect()
}

fn band(
    clusters: &[usize],
    plan: Plan,
    heights: impl Fn(&[usize]) -> Vec<Option<f64>> + Sync,
) -> Vec<BandPoint> {
    let estimates = bootstrap::estimates(clusters, plan, heights);
    grid().zip(estimates).map(|(x, y)| BandPoint { x, y }).collect()
}

fn grid() -> impl Iterator<Item = f64> {
    (0..GRID).map(|i| i as f64 / (GRID - 1) as f64)
}

fn both_classes(steps: &[Step]) -> Option<(f64, f64)> {
    let last = steps.last()?;
    (last.true_positives > 0 && last.false_positives > 0)
        .then_some((last.true_positives as f64, last.false_positives as f64))
}

fn precision(step: &Step) -> f64 {
    step.true_positives as f64 / (step.true_positives + step.false_positives) as f64
}

fn roc_on_grid(steps: &[Step]) -> Vec<Option<f64>> {
    let Some((positives, negatives)) = both_classes(steps) else { return vec![None; GRID] };
    let at =
        |i: usize| (steps[i].false_positives as f64 / negatives, steps[i].true_positives as f64 / positives);
    grid()
        .map(|x| {
            // The first step beyond x; the one before it is the last at or before x.
            let beyond = steps.partition_point(|s| s.false_positives as f64 / negatives <= x);
            let (x0, y0) = if beyond == 0 { (0.0, 0.0) } else { at(beyond - 1) };
            if beyond == steps.len() {
                return Some(y0);
            }
            let (x1, y1) = at(beyond);
            Some(y0 + (y1 - y0) * (x - x0) / (x1 - x0))
        })
        .collect()
}

fn precision_on_grid(steps: &[Step]) -> Vec<Option<f64>> {
    let positives = steps.last().map_or(0, |s| s.true_positives);
    if positives == 0 {
        return vec![None; GRID];
    }
    grid()
        .map(|x| {
            let reaching = steps.partition_point(|s| (s.true_positives as f64 / positives as f64) < x);
            steps.get(reaching).map(precision)
        })
        .collect()
}

/// A stretch of the curve that is drawn as a straight line so far, and the point that is worst served by it.
struct Gap {
    from: usize,
    to: usize,
    farthest: usize,
    distance: f64,
}

impl Gap {
    fn between(points: &[Point], from: usize, to: usize) -> Option<Self> {
        let mut gap = Self { from, to, farthest: from, distance: ON_THE_LINE };
        for i in from + 1..to {
            let distance = distance(points[from], points[to], points[i]);
            if distance > gap.distance {
                (gap.farthest, gap.distance) = (i, distance);
            }
        }
        (gap.farthest > from).then_some(gap)
    }
}

/// From `p` to the straight line through `a` and `b`.
fn distance(a: Point, b: Point, p: Point) -> f64 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length = dx.hypot(dy);
    if length > 0.0 {
        ((p.x - a.x) * dy - (p.y - a.y) * dx).abs() / length
    } else {
        (p.x - a.x).hypot(p.y - a.y)
    }
}

impl Ord for Gap {
    fn cmp(&self, other: &Self) -> Ordering {
        // Of equal distances the one farther left first, so that the choice is one for all.
        self.distance.total_cmp(&other.distance).then(other.from.cmp(&self.from))
    }
}

impl PartialOrd for Gap {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Gap {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Gap {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eval::metrics::Case;
    use crate::eval::metrics::arbitrary::{cases, close};

    fn area(curve: &[Point]) -> f64 {
        curve.windows(2).map(|p| (p[1].x - p[0].x) * f64::midpoint(p[0].y, p[1].y)).sum()
    }

    proptest! {
        #[test]
        fn the_area_under_the_roc_curve_is_the_auc(cases in cases()) {
            let ranked = Ranked::new(&cases);
            let curve = roc(&ranked);
            prop_assert!(close((!curve.is_empty()).then(|| area(&curve)), ranked.statistics().roc_auc));
        }

        #[test]
        fn curves_stay_in_the_unit_square_and_go_right(cases in cases()) {
            let ranked = Ranked::new(&cases);
            for curve in [roc(&ranked), precision_recall(&ranked)] {
                prop_assert!(curve.iter().all(|p| (0.0..=1.0).contains(&p.x) && (0.0..=1.0).contains(&p.y)));
                prop_assert!(curve.windows(2).all(|p| p[0].x <= p[1].x));
            }
        }

        #[test]
        fn thinning_keeps_the_ends_and_invents_nothing(
            heights in proptest::collection::vec(0.0f64..=1.0, 0..600)
        ) {
            let points: Vec<Point> =
                heights.iter().enumerate().map(|(i, &y)| Point { x: i as f64, y, at: None }).collect();
            let thin = thinned(&points);
            prop_assert!(thin.len() <= MOST_POINTS.min(points.len()));
            prop_assert_eq!(thin.first(), points.first());
            prop_assert_eq!(thin.last(), points.last());
            prop_assert!(thin.iter().all(|p| points.contains(p)));
        }
    }

    #[test]
    fn two_hundred_points_draw_thirty_thousand_cases() {
        let case = |i: u32| {
            let score = f64::from(i * 7919 % 30_011) / 30_011.0;
            #[expect(clippy::cast_possible_truncation, reason = "a score is a 32-bit float")]
            Case { score: Some(score as f32), positive: i.is_multiple_of(3) && score > 0.4, flagged: false }
        };
        let ranked = Ranked::new(&(0..30_000).map(case).collect::<Vec<_>>());
        let thin = roc(&ranked);
        assert_eq!(thin.len(), MOST_POINTS);
        assert!((area(&thin) - ranked.statistics().roc_auc.unwrap()).abs() < 1e-3);
    }

    #[test]
    fn a_band_holds_the_curve() {
        let cases: Vec<Case> = (0u16..60)
            .map(|i| Case {
                score: Some(f32::from(i * 37 % 60) / 60.0),
                positive: i % 3 == 0,
                flagged: false,
            })
            .collect();
        let clusters: Vec<usize> = (0..cases.len()).collect();
        let ranked = Ranked::new(&cases);
        let plan = Plan { seed: 5, resamples: 100 };
        for band in [roc_band(&ranked, &clusters, plan), precision_recall_band(&ranked, &clusters, plan)] {
            assert_eq!(band.len(), GRID);
            for point in band {
                let (y, ends) = (point.y.value.unwrap(), point.y.interval.unwrap().interval);
                assert!(ends.low <= y && y <= ends.high, "{point:?}");
            }
        }
    }
}
