//! The report's subject against every other one. Who is better is said only where a test found it.

use crate::eval::compare::Verdict;
use crate::eval::report::comparison::Comparison;
use crate::eval::report::html::blocks::{Block, Cell, Section, Table, number_column, points, words_column};
use crate::eval::report::{EvalReport, words};

pub(super) fn section(report: &EvalReport) -> Section {
    let mut blocks = Vec::new();
    if !report.comparisons.is_empty() {
        blocks.push(Block::Text(format!(
            "Both subjects decided the same texts, so what counts is where they differ: McNemar’s exact test on the decisions, \
             adjusted after Holm over all {} comparisons of this report. “No detectable difference” is neither a tie nor a \
             rank: the last column says how large a true difference of accuracy would have been found four times of five.",
            report.comparisons.len()
        )));
        for rival in report.subjects.iter().skip(1) {
            let against: Vec<&Comparison> =
                report.comparisons.iter().filter(|c| c.rival == rival.name).collect();
            if !against.is_empty() {
                blocks.push(Block::Heading(format!("{} against {}", report.subject().name, rival.name)));
                blocks.push(Block::Text(balance(&against)));
                blocks.push(Block::Table(table(report, &rival.name, &against)));
            }
        }
    }
    Section { id: "comparison", title: "Compared with other systems", blocks }
}

fn balance(against: &[&Comparison]) -> String {
    let of = |verdict| against.iter().filter(|c| c.verdict == verdict).count();
    format!(
        "Better in {} of {} comparisons, worse in {}, no detectable difference in {}.",
        of(Verdict::Better),
        against.len(),
        of(Verdict::Worse),
        of(Verdict::NoDetectableDifference)
    )
}

fn table(report: &EvalReport, rival: &str, against: &[&Comparison]) -> Table {
    let head = vec![
        words_column("set"),
        words_column("label"),
        number_column("texts"),
        number_column("right alone, each"),
        number_column("accuracy, points"),
        number_column("AP"),
        number_column("ROC AUC"),
        number_column("p, adjusted"),
        words_column("verdict"),
        number_column("detectable, points"),
    ];
    let title = |c: &Comparison| {
        let found = report.benchmarks.iter().find(|b| b.name == c.benchmark);
        found.map_or_else(|| c.benchmark.clone(), |b| b.title.clone())
    };
    let row = |c: &&Comparison| {
        let detectable = c.minimal_detectable_difference;
        vec![
            Cell::Words(title(c)),
            Cell::Code(c.target.clone()),
            Cell::Number(words::count(c.n)),
            Cell::Number(format!(
                "{} / {}",
                words::count(c.only_subject_right),
                words::count(c.only_rival_right)
            )),
            points(&c.accuracy_difference),
            Cell::Number(words::difference(&c.average_precision_difference)),
            Cell::Number(words::difference(&c.roc_auc_difference)),
            Cell::Number(words::p_value(c.adjusted_p)),
            Cell::Words(c.verdict.words().to_owned()),
            Cell::Number(detectable.map_or_else(|| words::NONE.to_owned(), |d| format!("{:.1}", 100.0 * d))),
        ]
    };
    let caption = format!("Differences are {} minus {rival}", report.subject().name);
    Table { caption, head, rows: against.iter().map(row).collect() }
}
