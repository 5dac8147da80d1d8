//! `report.html`: the whole report as one page that needs nothing else. It asks the network for nothing, opens from
//! a disk, reads well without scripts (the threshold explorer alone needs one), and holds ids but never a text.
//!
//! ```text
//! report ─► one file for each section ─► blocks (tables, drawings, words) ─► templates ─► bytes
//! ```

mod bias;
mod blocks;
mod card;
mod caught;
mod comparisons;
mod curves;
mod errors;
mod evidence;
mod explorer;
mod functions;
mod panels;
mod slices;
mod sources;
mod svg;

use askama::Template;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use crate::eval::report::html::blocks::{Block, Section};
use crate::eval::report::{BenchmarkReport, EvalReport};

const STYLE: &str = include_str!("static/report.css");
/// Kept apart, so that each can be read; run as one.
const SCRIPT: &str = concat!(include_str!("static/explorer.js"), "\n", include_str!("static/texts.js"));

/// The whole report as one page. Equal reports give equal bytes.
///
/// # Panics
/// Never: the templates are checked when compiled and write into memory.
#[must_use]
pub fn render(report: &EvalReport) -> String {
    let sections = [
        panels::section(report),
        caught::section(report),
        explorer::section(report),
        functions::section(report),
        bias::section(report),
        slices::section(report),
        comparisons::section(report),
        evidence::section(report),
        errors::section(report),
        sources::section(report),
        sources::how_to_read(report),
    ];
    let sections = sections.iter().filter(|s| !s.blocks.is_empty()).map(Part::of).collect();
    let page = Page {
        report,
        policy: &security_policy(&[STYLE], &[SCRIPT]),
        style: STYLE,
        script: SCRIPT,
        card: &card::body(report),
        sections,
    };
    page.render().expect("templates write into memory")
}

/// The card alone, as a page of one screen. Equal reports give equal bytes.
///
/// # Panics
/// Never: the templates are checked when compiled and write into memory.
#[must_use]
pub fn card(report: &EvalReport) -> String {
    let page =
        CardPage { report, policy: &security_policy(&[STYLE], &[]), style: STYLE, card: &card::body(report) };
    page.render().expect("templates write into memory")
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a EvalReport,
    policy: &'a str,
    style: &'static str,
    script: &'static str,
    card: &'a str,
    sections: Vec<Part>,
}

#[derive(Template)]
#[template(path = "card_page.html")]
struct CardPage<'a> {
    report: &'a EvalReport,
    policy: &'a str,
    style: &'static str,
    card: &'a str,
}

/// A section with its blocks rendered.
struct Part {
    id: &'static str,
    title: &'static str,
    body: String,
}

impl Part {
    fn of(section: &Section) -> Self {
        let body = blocks::render(&section.blocks).expect("templates write into memory");
        Self { id: section.id, title: section.title, body }
    }
}

/// Lets run what is in the page, known by its hash, and nothing be fetched or sent.
fn security_policy(styles: &[&str], scripts: &[&str]) -> String {
    let hashes = |parts: &[&str]| -> String {
        let quoted =
            |part: &&str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(part.as_bytes())));
        if parts.is_empty() {
            "'none'".to_owned()
        } else {
            parts.iter().map(quoted).collect::<Vec<_>>().join(" ")
        }
    };
    format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hashes(styles),
        hashes(scripts)
    )
}

/// The marks of all subjects; nothing when there is only one.
fn legend(report: &EvalReport) -> Option<Block> {
    let names = report.subjects.iter().map(|s| s.name.clone()).enumerate();
    let marks = names.map(|(subject, name)| (svg::legend_mark(subject), name));
    (report.subjects.len() > 1).then(|| Block::Legend(marks.collect()))
}

/// One thing of each subject's result on a benchmark, in the order of the report's subjects.
fn each<'a, T>(
    benchmark: &'a BenchmarkReport,
    of: impl Fn(&'a crate::eval::report::result::SubjectResult) -> Option<T>,
) -> Vec<Option<T>> {
    benchmark.results.iter().map(of).collect()
}
