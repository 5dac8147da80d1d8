//! The drawings about one target: precision and recall, ROC, reliability, risk and coverage.

use crate::eval::report::BenchmarkReport;
use crate::eval::report::html::svg::plot::{Layer, Plot};
use crate::eval::report::html::svg::{Axis, Svg};
use crate::eval::report::target::{BandPoint, TargetReport};
use crate::eval::report::words;

/// The four drawings, those that have something to show, each with its caption.
pub(super) fn figures(
    benchmark: &BenchmarkReport,
    own: &TargetReport,
    all: &[Option<&TargetReport>],
) -> Vec<(Svg, String)> {
    let id = |kind: &str| format!("{kind}-{}-{}", benchmark.name, own.target.replace('/', "-"));
    let of = format!("{}, {}", benchmark.title, own.target);
    let mut out = Vec::new();
    if own.curve.len() > 1 {
        out.push((precision_recall(id("pr"), &of, own, all), "Precision against recall".to_owned()));
        out.push((roc(id("roc"), &of, own, all), "Caught against false alarms (ROC)".to_owned()));
    }
    if !own.reliability.is_empty() {
        out.push((reliability(id("rel"), &of, own), reliability_caption(own)));
    }
    if own.risk_coverage.len() > 1 {
        let caption = "Errors among the decisions the subject is surest of (risk–coverage)".to_owned();
        out.push((risk(id("risk"), &of, own, all), caption));
    }
    out
}

fn band(points: &[BandPoint]) -> Layer {
    Layer::Band(points.iter().map(|p| (p.at, p.low, p.high)).collect())
}

/// The scored positives and negatives: what the lowest threshold flags.
fn scored(t: &TargetReport) -> (f64, f64) {
    t.curve.last().map_or((0.0, 0.0), |p| (p.true_positives as f64, p.false_positives as f64))
}

/// Curves of all subjects, the report's own on top.
fn lines(all: &[Option<&TargetReport>], of: impl Fn(&TargetReport) -> Vec<(f64, f64)>) -> Vec<Layer> {
    let drawn = all.iter().enumerate().rev();
    drawn
        .filter_map(|(subject, t)| t.map(|t| (subject, of(t))))
        .filter(|(_, points)| !points.is_empty())
        .map(|(subject, points)| Layer::Line(subject, points))
        .collect()
}

fn precision_recall(id: String, of: &str, own: &TargetReport, all: &[Option<&TargetReport>]) -> Svg {
    let mut layers = vec![band(&own.precision_band)];
    layers.extend(lines(all, steps));
    let (tp, fp) = (own.true_positives as f64, own.false_positives as f64);
    let positives = scored(own).0;
    if tp + fp > 0.0 && positives > 0.0 {
        layers.push(Layer::Mark(0, (tp / positives, tp / (tp + fp))));
    }
    let says = format!(
        "Average precision {}. The dot is the shipped threshold: precision {}, recall {}.",
        described(own, "average_precision"),
        described(own, "precision"),
        described(own, "recall")
    );
    let (x, y) = (("caught (recall)", Axis::UNIT), ("right when flagged (precision)", Axis::UNIT));
    Plot { id, title: format!("Precision against recall: {of}"), says, x, y, layers }.draw()
}

/// Precision is constant between two recalls: average precision is the area under exactly these steps.
fn steps(t: &TargetReport) -> Vec<(f64, f64)> {
    let (positives, _) = scored(t);
    let mut out: Vec<(f64, f64)> = Vec::new();
    if positives == 0.0 {
        return out;
    }
    for p in &t.curve {
        let (tp, fp) = (p.true_positives as f64, p.false_positives as f64);
        if tp + fp > 0.0 {
            let precision = tp / (tp + fp);
            out.push((out.last().map_or(0.0, |last| last.0), precision));
            out.push((tp / positives, precision));
        }
    }
    out
}

fn roc(id: String, of: &str, own: &TargetReport, all: &[Option<&TargetReport>]) -> Svg {
    let mut layers = vec![Layer::Guide(vec![(0.0, 0.0), (1.0, 1.0)]), band(&own.roc_band)];
    layers.extend(lines(all, |t| {
        let (positives, negatives) = scored(t);
        if positives == 0.0 || negatives == 0.0 {
            return Vec::new();
        }
        let points = t
            .curve
            .iter()
            .map(|p| (p.false_positives as f64 / negatives, p.true_positives as f64 / positives));
        std::iter::once((0.0, 0.0)).chain(points).collect()
    }));
    let (positives, negatives) = scored(own);
    if positives > 0.0 && negatives > 0.0 {
        let at = (own.false_positives as f64 / negatives, own.true_positives as f64 / positives);
        layers.push(Layer::Mark(0, at));
    }
    let says = format!("ROC AUC {}. The dashed line is guessing.", described(own, "roc_auc"));
    let (x, y) = (("false alarms (false-positive rate)", Axis::UNIT), ("caught (recall)", Axis::UNIT));
    Plot { id, title: format!("ROC: {of}"), says, x, y, layers }.draw()
}

fn reliability(id: String, of: &str, own: &TargetReport) -> Svg {
    let most = own.reliability.iter().map(|b| b.positives.n).max().unwrap_or(1).max(1) as f64;
    let mut layers: Vec<Layer> = own
        .reliability
        .iter()
        .map(|b| Layer::Column(b.low, b.high, 0.25 * b.positives.n as f64 / most))
        .collect();
    layers.push(Layer::Guide(vec![(0.0, 0.0), (1.0, 1.0)]));
    for b in &own.reliability {
        if let (Some(score), Some(positives)) = (b.mean_score, b.positives.value) {
            layers.push(Layer::Point(score, positives, b.positives.low.zip(b.positives.high)));
        }
    }
    let bins = own.reliability.iter().filter_map(|b| {
        let score = b.mean_score?;
        Some(format!("score {score:.2}: {}, n {}", words::share(&b.positives), b.positives.n))
    });
    let says = format!("Share of positives by mean score. {}.", bins.collect::<Vec<_>>().join("; "));
    let (x, y) = (("mean score", Axis::UNIT), ("share of positives", Axis::UNIT));
    Plot { id, title: format!("Reliability: {of}"), says, x, y, layers }.draw()
}

fn reliability_caption(own: &TargetReport) -> String {
    let counts: Vec<String> = own.reliability.iter().map(|b| words::count(b.positives.n)).collect();
    format!(
        "Does a score of 0.7 mean 7 of 10? On the dashed line it does. Grey: how many texts each bin holds, from the left {}",
        counts.join(", ")
    )
}

fn risk(id: String, of: &str, own: &TargetReport, all: &[Option<&TargetReport>]) -> Svg {
    let points = |t: &TargetReport| t.risk_coverage.iter().map(|p| (p.coverage, p.risk)).collect::<Vec<_>>();
    let highest = all.iter().flatten().flat_map(|t| points(t)).map(|(_, risk)| risk);
    let y = ("share of wrong decisions", Axis::from_zero(highest));
    let says = own.risk_coverage.last().map_or_else(String::new, |p| {
        format!("At full coverage {} of the decisions are wrong.", words::percent(p.risk))
    });
    let layers = lines(all, points);
    let x = ("share of the texts decided, surest first", Axis::UNIT);
    Plot { id, title: format!("Risk and coverage: {of}"), says, x, y, layers }.draw()
}

fn described(t: &TargetReport, metric: &str) -> String {
    t.metrics.get(metric).map_or_else(|| words::NONE.to_owned(), words::number)
}
