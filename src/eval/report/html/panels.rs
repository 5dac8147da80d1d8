//! False-positive panels: texts of which none should reach a reviewer.

use crate::eval::manifest::Kind;
use crate::eval::report::html::blocks::{
    Block, Cell, Section, Table, chart_column, number_column, share, share_of, words_column,
};
use crate::eval::report::html::legend;
use crate::eval::report::html::svg::Axis;
use crate::eval::report::html::svg::strip::{Strip, Style};
use crate::eval::report::metric::Metric;
use crate::eval::report::{BenchmarkReport, EvalReport, SMALL, words};

pub(super) fn section(report: &EvalReport) -> Section {
    let panels = worst_first(report);
    let mut blocks = Vec::new();
    if !panels.is_empty() {
        blocks.push(Block::Text(
            "Nothing in these sets should reach a reviewer, so whatever is flagged is a false alarm. Lower is better; the \
             worst stands first. The line across a row is what the project promises; the whole interval must stay left of it."
                .to_owned(),
        ));
        blocks.extend(legend(report));
        blocks.push(Block::Table(table(report, &panels)));
        blocks.push(Block::Note(
            "Kept: “yes”, the whole interval is within the promise; “as measured”, the share is, but the interval reaches \
             beyond it. A text without a score is in a language the system does not read: nobody would have looked at it, which \
             says nothing for the system, so the share is of the texts with a score."
                .to_owned(),
        ));
    }
    Section { id: "panels", title: "What it flags wrongly", blocks }
}

/// The panels by the share that the report's subject flags of what it scored; those it scored nothing of come last.
pub(super) fn worst_first(report: &EvalReport) -> Vec<&BenchmarkReport> {
    let mut panels: Vec<_> = report.benchmarks.iter().filter(|b| b.kind == Kind::Panel).collect();
    let value = |b: &BenchmarkReport| b.own().flagged_of_scored.value.unwrap_or(-1.0);
    panels.sort_by(|a, b| value(b).total_cmp(&value(a)));
    panels
}

fn table(report: &EvalReport, panels: &[&BenchmarkReport]) -> Table {
    // Sets that are too small for a rate, and other subjects, may lie beyond the scale: their numbers stand beside it.
    let large = panels.iter().filter(|b| b.own().flagged_of_scored.n >= SMALL);
    let shown =
        large.filter_map(|b| b.own().flagged_of_scored.high).chain(panels.iter().filter_map(|b| b.budget));
    let strip = Strip { axis: Axis::from_zero(shown), style: Style::Dot };
    let mut head = vec![
        words_column("set"),
        number_column("texts"),
        number_column("without a score"),
        number_column("flagged"),
        number_column("of those with a score"),
        chart_column("95 % interval", strip),
        words_column("promise, and kept?"),
    ];
    head.extend(report.subjects.iter().skip(1).map(|s| number_column(&s.name)));
    let rows = panels.iter().map(|b| row(b, strip)).collect();
    Table { caption: "Share of harmless texts that would be sent to a reviewer".to_owned(), head, rows }
}

fn row(b: &BenchmarkReport, strip: Strip) -> Vec<Cell> {
    let own = b.own();
    let metrics: Vec<(usize, &Metric)> = b.results.iter().map(|r| &r.flagged_of_scored).enumerate().collect();
    let promise = |budget| {
        format!("≤ {}: {}", words::round_percent(budget), words::kept(&own.flagged_of_scored, budget))
    };
    let mut row = vec![
        Cell::Words(b.title.clone()),
        Cell::Number(words::count(b.n)),
        Cell::Number(words::count(own.abstained)),
        Cell::Number(words::count(own.flagged.k.unwrap_or_default())),
        share(&own.flagged_of_scored),
        Cell::Chart(strip.row(&metrics, b.budget)),
        Cell::Words(b.budget.map_or_else(|| words::NONE.to_owned(), promise)),
    ];
    row.extend(metrics.iter().skip(1).map(|(_, m)| share_of(m)));
    row
}
