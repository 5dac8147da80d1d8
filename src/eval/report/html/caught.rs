//! What it catches: each target of each benchmark at the subject's own threshold, then every number about it.

use crate::eval::report::html::blocks::{
    Block, Cell, Section, Table, number, number_column, number_of, share, share_of, table, words_column,
};
use crate::eval::report::html::curves::figures;
use crate::eval::report::html::{each, legend};
use crate::eval::report::metric::Metric;
use crate::eval::report::target::{FixedPoint, TargetReport};
use crate::eval::report::{BenchmarkReport, EvalReport, words};

/// What the overview shows of a target, with its heading.
const OVERVIEW: [(&str, &str); 6] = [
    ("recall", "caught"),
    ("false_positive_rate", "false alarms"),
    ("precision", "right when flagged"),
    ("f1", "F1"),
    ("average_precision", "AP"),
    ("roc_auc", "ROC AUC"),
];

/// The order of reading; whatever else was measured follows by its name.
const FIRST: [&str; 9] = [
    "recall",
    "false_positive_rate",
    "precision",
    "f1",
    "accuracy",
    "average_precision",
    "roc_auc",
    "brier",
    "calibration_error",
];

pub(super) fn section(report: &EvalReport) -> Section {
    let labelled: Vec<_> = report.benchmarks.iter().filter(|b| !b.own().targets.is_empty()).collect();
    let mut blocks = Vec::new();
    if !labelled.is_empty() {
        blocks.push(Block::Text(
            "Caught: the share of the texts with the label that were flagged for it (recall). False alarms: the share of \
             those without it that were (false-positive rate). Right when flagged: precision on this set’s mix of texts; real \
             traffic holds far fewer positives, so far more of what is flagged there is wrong."
                .to_owned(),
        ));
        blocks.push(Block::Table(overview(&labelled)));
        for b in &labelled {
            for (position, target) in b.own().targets.iter().enumerate() {
                let title = format!("{}: {}", b.title, target.target);
                blocks.push(Block::Fold(title, one_target(report, b, position)));
            }
        }
    }
    Section { id: "caught", title: "What it catches", blocks }
}

fn overview(labelled: &[&BenchmarkReport]) -> Table {
    let mut head = vec![words_column("set"), words_column("label"), number_column("with / without")];
    head.extend(OVERVIEW.iter().map(|(_, title)| number_column(title)));
    let mut rows = Vec::new();
    for b in labelled {
        for t in &b.own().targets {
            let mut row = vec![
                Cell::Words(b.title.clone()),
                Cell::Code(t.target.to_owned()),
                Cell::Number(format!("{} / {}", words::count(t.positives), words::count(t.negatives))),
            ];
            row.extend(OVERVIEW.iter().map(|(name, _)| t.metrics.get(name).map_or_else(none, overview_cell)));
            rows.push(row);
        }
    }
    Table { caption: "At the thresholds the system ships with".to_owned(), head, rows }
}

fn none() -> Cell {
    Cell::Number(words::NONE.to_owned())
}

/// Without n: the texts with and without the label stand beside it.
fn overview_cell(metric: &Metric) -> Cell {
    if metric.k.is_some() { share(metric) } else { number(metric) }
}

/// Counted shares read best in per cent, everything else as a number.
fn metric_cell(metric: &Metric) -> Cell {
    if metric.k.is_some() { share_of(metric) } else { number_of(metric) }
}

fn one_target(report: &EvalReport, b: &BenchmarkReport, position: usize) -> Vec<Block> {
    let own = &b.own().targets[position];
    let all: Vec<Option<&TargetReport>> = each(b, |r| r.targets.iter().find(|t| t.target == own.target));
    let names: Vec<&str> = b.results.iter().map(|r| r.subject.as_str()).collect();
    let mut blocks = vec![Block::Text(counts(own)), Block::Table(metrics(&names, &all))];
    blocks.extend(legend(report));
    blocks.push(Block::Figures(figures(b, own, &all)));
    blocks.extend(fixed(&names, &all));
    blocks.extend(in_traffic(own));
    blocks
}

fn counts(t: &TargetReport) -> String {
    let abstained = match t.abstained {
        0 => String::new(),
        n => format!(
            " {} got no score: they count as not flagged, and are absent from AP, ROC AUC and calibration.",
            words::count(n)
        ),
    };
    let groups = if t.clusters < t.positives + t.negatives {
        format!(" Resampling drew {} groups of texts that belong together.", words::count(t.clusters))
    } else {
        String::new()
    };
    format!(
        "{} texts have the label, {} do not; of {} it is not known, and they are in no number here. At the threshold {} the \
         system flags {} rightly and {} wrongly, and misses {}.{abstained}{groups}",
        words::count(t.positives),
        words::count(t.negatives),
        words::count(t.unknown),
        t.threshold,
        words::count(t.true_positives),
        words::count(t.false_positives),
        words::count(t.false_negatives),
    )
}

/// Every metric as a row, every subject as a column, each at its own threshold.
fn metrics(names: &[&str], all: &[Option<&TargetReport>]) -> Table {
    let mut head = vec![words_column("metric")];
    head.extend(names.iter().map(|name| number_column(name)));
    let own = all.first().copied().flatten();
    let measured: Vec<&str> = own.map(|t| t.metrics.keys().copied().collect()).unwrap_or_default();
    let first = FIRST.iter().copied().filter(|name| measured.contains(name));
    let rest = measured.iter().copied().filter(|name| !FIRST.contains(name));
    let row = |name: &str| {
        let mut row = vec![Cell::Words(words::metric_title(name).to_owned())];
        row.extend(all.iter().map(|t| t.and_then(|t| t.metrics.get(name)).map_or_else(none, metric_cell)));
        row
    };
    let mut rows: Vec<Vec<Cell>> = first.chain(rest).map(row).collect();
    let mut sent = |title: &str, of: fn(&TargetReport) -> &Metric| {
        let mut row = vec![Cell::Words(title.to_owned())];
        row.extend(all.iter().map(|t| t.map_or_else(none, |t| share_of(of(t)))));
        rows.push(row);
    };
    sent("sent to a person, with the label", |t| &t.positives_sent);
    sent("sent to a person, without the label", |t| &t.negatives_sent);
    Table { caption: "Each subject at its own threshold".to_owned(), head, rows }
}

/// Operating points at equal false alarms, and at equal recall: where subjects can be compared.
fn fixed(names: &[&str], all: &[Option<&TargetReport>]) -> Option<Block> {
    let mut rows = Vec::new();
    let mut add = |title: &str, of: fn(&TargetReport) -> &[FixedPoint]| {
        let bounds = all.first().copied().flatten().map(of).unwrap_or_default().len();
        for bound in 0..bounds {
            for (name, target) in names.iter().zip(all) {
                let Some(point) = target.and_then(|t| of(t).get(bound)) else { continue };
                rows.push(vec![
                    Cell::Words(format!("{title} {}", words::round_percent(point.bound))),
                    Cell::Words((*name).to_owned()),
                    Cell::Number(
                        point.threshold.map_or_else(|| words::NONE.to_owned(), |t| format!("{t:.4}")),
                    ),
                    share_of(&point.recall),
                    share_of(&point.false_positive_rate),
                    share_of(&point.precision),
                ]);
            }
        }
    };
    add("false alarms at most", |t| &t.at_fixed_fpr);
    add("caught at least", |t| &t.at_fixed_recall);
    let head = vec![
        words_column("held fixed"),
        words_column("subject"),
        number_column("threshold"),
        number_column("caught"),
        number_column("false alarms"),
        number_column("right when flagged"),
    ];
    let caption = "At equal false alarms, and at equal recall; thresholds chosen on these very texts, so for comparing only".to_owned();
    table(caption, head, rows)
}

/// Precision at the top of the list, and where positives are rare.
fn in_traffic(t: &TargetReport) -> Option<Block> {
    let top = t.precision_at_k.iter().map(|at| {
        vec![
            Cell::Words(format!("right among the {} highest scores", words::count(at.k))),
            metric_cell(&at.precision),
        ]
    });
    let rare = t.at_prevalence.iter().map(|at| {
        let rare = words::round_percent(at.prevalence);
        vec![
            Cell::Words(format!("right when flagged, if {rare} of the texts were positive")),
            share_of(&at.precision),
        ]
    });
    let rows: Vec<Vec<Cell>> = top.chain(rare).collect();
    let head = vec![words_column("precision"), number_column("value")];
    let caption = "For a reviewer’s day".to_owned();
    table(caption, head, rows)
}
