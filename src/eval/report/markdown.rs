//! `report.md`: the same numbers for people. First what is flagged wrongly, then what is caught, then the detail.

use std::fmt::Write as _;

use crate::eval::manifest::Kind;
use crate::eval::report::result::{FunctionReport, SliceReport, SubjectResult};
use crate::eval::report::target::TargetReport;
use crate::eval::report::words::{counted, kept, metric_title, number, percent, share, small};
use crate::eval::report::{BenchmarkReport, EvalReport};

/// The metrics of a target in reading order.
const METRICS: [&str; 9] = [
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

/// Renders the report. Equal reports give equal bytes.
#[must_use]
pub fn render(report: &EvalReport) -> String {
    let mut out = String::new();
    head(&mut out, report);
    panels(&mut out, report);
    operating_points(&mut out, report);
    out.push_str("## 3. Each benchmark\n");
    for benchmark in &report.benchmarks {
        one_benchmark(&mut out, benchmark);
    }
    how_to_read(&mut out, report);
    out
}

fn head(out: &mut String, report: &EvalReport) {
    let subject = report.subject();
    line(out, &format!("# Evaluation of `{}`\n", subject.name));
    line(out, &format!("- digest: `{}`", subject.digest));
    if let Some(policy) = &subject.policy {
        line(
            out,
            &format!(
                "- policy `{}`: a person is asked to look from {} on, urgently from {} on",
                policy.version, policy.review, policy.urgent
            ),
        );
    }
    line(
        out,
        &format!(
            "- {} {}, seed {}, {} resamples\n",
            report.tool.name, report.tool.version, report.seed, report.resamples
        ),
    );
    out.push_str(
        "The model asks people to look at texts; it decides nothing. Every rate below stands with its 95 % interval in \
         brackets: intervals made in this way hold the true rate, for texts of the same kind, 19 times of 20.\n\n",
    );
}

fn panels(out: &mut String, report: &EvalReport) {
    let panels: Vec<_> = report.benchmarks.iter().filter(|b| b.kind == Kind::Panel).collect();
    if panels.is_empty() {
        return;
    }
    out.push_str(
        "## 1. What it flags wrongly\n\nNothing in these sets should reach a reviewer. Lower is better.\n\n",
    );
    table_head(
        out,
        &[
            "set",
            "texts",
            "without a score",
            "wrongly flagged",
            "of all",
            "of those with a score",
            "promise",
            "kept?",
        ],
    );
    for b in panels {
        let own = b.own();
        row(
            out,
            &[
                cell(&b.title),
                b.n.to_string(),
                own.abstained.to_string(),
                own.flagged.k.unwrap_or_default().to_string(),
                share(&own.flagged),
                share(&own.flagged_of_scored),
                b.budget.map_or_else(|| "–".to_owned(), |x| format!("≤ {}", percent(x))),
                b.budget.map_or("–", |x| kept(&own.flagged_of_scored, x)).to_owned(),
            ],
        );
    }
    out.push_str(
        "\nThe promise is held against the texts with a score. `yes`: the whole interval is within it. `as measured`: the \
         share is, the interval reaches beyond it. A text without a score is in a language that the model cannot read: it \
         is not flagged, and that says nothing for the model.\n\n",
    );
}

fn operating_points(out: &mut String, report: &EvalReport) {
    let labelled: Vec<_> = report.benchmarks.iter().filter(|b| !b.own().targets.is_empty()).collect();
    if labelled.is_empty() {
        return;
    }
    out.push_str(
        "## 2. What it catches, at the same thresholds\n\n`caught`: share of the texts that have the label and were flagged \
         for it (recall). `false alarms`: share of those that do not have it and were (false-positive rate). `right when \
         flagged`: precision on this set's mix of texts; real traffic holds far fewer positives, so far more of what is \
         flagged there is wrong.\n\n",
    );
    table_head(
        out,
        &[
            "set",
            "label",
            "with / without",
            "caught",
            "false alarms",
            "right when flagged",
            "F1",
            "AP",
            "ROC AUC",
        ],
    );
    for b in labelled {
        for t in &b.own().targets {
            let metric = |name: &str| &t.metrics[name];
            row(
                out,
                &[
                    cell(&b.title),
                    format!("`{}`", t.target),
                    format!("{} / {}", t.positives, t.negatives),
                    share(metric("recall")),
                    share(metric("false_positive_rate")),
                    share(metric("precision")),
                    number(metric("f1")),
                    number(metric("average_precision")),
                    number(metric("roc_auc")),
                ],
            );
        }
    }
    out.push('\n');
}

fn one_benchmark(out: &mut String, b: &BenchmarkReport) {
    let own = b.own();
    line(out, &format!("\n### {} (`{}`, version {})\n", b.title, b.name, b.version));
    line(out, &format!("{} **A flag means:** {}\n", b.measures, b.flag_means));
    for note in &b.notes {
        line(out, &format!("- {note}"));
    }
    let bands: Vec<String> =
        ["urgent", "review", "none"].iter().map(|x| format!("{x} {}", own.bands[x])).collect();
    line(
        out,
        &format!("- {} texts; sent to a person: {}; bands: {}", b.n, counted(&own.flagged), bands.join(", ")),
    );
    if own.abstained > 0 {
        let languages: Vec<String> =
            own.abstained_languages.iter().map(|(l, n)| format!("{l} {n}")).collect();
        line(
            out,
            &format!(
                "- **{} without a score** (counted as not flagged; absent from AP and ROC AUC), taken for: {}",
                own.abstained,
                languages.join(", ")
            ),
        );
    }
    let categories: Vec<String> = own.categories.iter().map(|(c, m)| format!("`{c}` {}", share(m))).collect();
    line(out, &format!("- share at or above the threshold of each category: {}", categories.join(", ")));
    for t in &own.targets {
        one_target(out, t);
    }
    functions(out, own);
    for (name, parts) in &own.slices {
        if parts.len() > 1 {
            slice(out, name, parts);
        }
    }
    let origins: std::collections::BTreeSet<&str> =
        b.sources.iter().filter_map(|s| s.origin.as_deref()).collect();
    let origins: Vec<&str> = origins.into_iter().collect();
    line(out, &format!("\nData: {}. Cite: {}", origins.join("; "), b.citation));
}

fn one_target(out: &mut String, t: &TargetReport) {
    line(
        out,
        &format!(
            "\n**`{}`** at threshold {}: {} with the label, {} without, {} unknown and left out, {} without a score.\n",
            t.target, t.threshold, t.positives, t.negatives, t.unknown, t.abstained
        ),
    );
    table_head(out, &["", "value", "n"]);
    for name in METRICS {
        let m = &t.metrics[name];
        let shown = if m.interval == "wilson" { share(m) } else { number(m) };
        row(out, &[metric_title(name).to_owned(), shown, m.n.to_string()]);
    }
    row(
        out,
        &["sent to a person, with the label".to_owned(), share(&t.positives_sent), t.positives.to_string()],
    );
    row(
        out,
        &[
            "sent to a person, without the label".to_owned(),
            share(&t.negatives_sent),
            t.negatives.to_string(),
        ],
    );
    if t.clusters < t.positives + t.negatives {
        line(out, &format!("\nThe bootstrap drew {} groups of texts that belong together.", t.clusters));
    }
}

fn functions(out: &mut String, own: &SubjectResult) {
    if !own.pairs.is_empty() {
        out.push_str("\nHateful and benign texts that look alike. `both` is the lower of the two: flagging everything, or nothing, gives 0.\n\n");
        table_head(out, &["pair", "hateful, right", "benign, right", "both"]);
        for p in &own.pairs {
            let both = p.both.map_or_else(|| "–".to_owned(), percent);
            row(out, &[cell(&p.name), share(&p.hateful), share(&p.benign), both]);
        }
    }
    for (title, expected) in
        [("Must be flagged", Some(true)), ("Must not be flagged", Some(false)), ("Mixed", None)]
    {
        let part: Vec<&FunctionReport> = own.functions.iter().filter(|f| f.expected == expected).collect();
        if part.is_empty() {
            continue;
        }
        line(out, &format!("\n{title}:\n"));
        table_head(out, &["function", "cases", "right", "sent to a person"]);
        for f in part {
            row(
                out,
                &[format!("`{}`", f.function), small(f.n, f.small), share(&f.passed), share(&f.flagged)],
            );
        }
    }
}

fn slice(out: &mut String, name: &str, parts: &[SliceReport]) {
    line(out, &format!("\nBy {}:\n", name.to_lowercase().replace('_', " ")));
    let mut head = vec![
        "value".to_owned(),
        "texts".to_owned(),
        "without a score".to_owned(),
        "sent to a person".to_owned(),
    ];
    for t in &parts[0].targets {
        head.push(format!("`{}` caught", t.target));
        head.push(format!("`{}` false alarms", t.target));
    }
    table_head(out, &head.iter().map(String::as_str).collect::<Vec<_>>());
    for p in parts {
        let mut cells = vec![cell(&p.value), small(p.n, p.small), p.abstained.to_string(), share(&p.flagged)];
        for t in &p.targets {
            cells.push(share(&t.recall));
            cells.push(share(&t.false_positive_rate));
        }
        row(out, &cells);
    }
}

fn how_to_read(out: &mut String, report: &EvalReport) {
    line(
        out,
        &format!(
            "\n## How to read this\n\nShares have Wilson intervals. F1, AP (average precision), ROC AUC and the Brier score have bootstrap \
             intervals ({} resamples, seed {}); `(p)` marks a percentile interval where BCa is not defined. `–` means that \
             there is no number, `report.json` says why. `*` marks fewer than 30 texts. Two numbers whose intervals overlap much should not be \
             ranked. `docs/EVALUATION.md` has the formulas and what may be claimed.",
            report.resamples, report.seed
        ),
    );
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn table_head(out: &mut String, columns: &[&str]) {
    let _ = writeln!(out, "| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()));
}

fn row(out: &mut String, cells: &[String]) {
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

/// Names from data files must not break the table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
