//! The surest errors, by id. The page holds no text: a reader who has the data shows the script the file, which
//! looks the ids up in the browser and sends nothing anywhere.

use askama::Template;

use crate::eval::report::html::blocks::{Block, Section};
use crate::eval::report::html::explorer::data;
use crate::eval::report::target::{Case, TargetReport};
use crate::eval::report::{BenchmarkReport, EvalReport};

/// The errors of one target.
struct Part<'a> {
    title: String,
    files: Vec<&'a str>,
    /// The files as the script reads them: JSON of names and SHA-256.
    sources: String,
    /// Heading and cases; empty lists are left out.
    lists: Vec<(&'static str, &'a [Case])>,
}

#[derive(Template)]
#[template(path = "errors.html")]
struct Errors<'a> {
    parts: &'a [Part<'a>],
}

pub(super) fn section(report: &EvalReport) -> Section {
    let parts: Vec<Part<'_>> = report.benchmarks.iter().flat_map(parts_of).collect();
    let mut blocks = Vec::new();
    if !parts.is_empty() {
        let errors = Errors { parts: &parts };
        blocks.push(Block::Html(errors.render().expect("templates write into memory")));
    }
    Section { id: "errors", title: "Worst errors", blocks }
}

fn parts_of<'a>(b: &'a BenchmarkReport) -> Vec<Part<'a>> {
    let part = |t: &'a TargetReport| {
        let target = t.target;
        let both = [
            ("Flagged, and should not be", t.worst_false_alarms.as_slice()),
            ("Missed", t.worst_misses.as_slice()),
        ];
        let lists: Vec<_> = both.into_iter().filter(|(_, cases)| !cases.is_empty()).collect();
        let files = b.sources.iter().map(|s| s.path.as_str()).collect();
        let title = format!("{}: {target}", b.title);
        (!lists.is_empty()).then(|| Part { title, files, sources: data(&b.sources), lists })
    };
    b.own().targets.iter().filter_map(part).collect()
}
