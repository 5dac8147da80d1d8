//! Texts of a realistic mix, from the data folder: the same ones every time, written where the repository does not
//! keep them.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use countervail::data::Example;
use countervail::domain::digest::Digest;
use countervail::domain::taxonomy::Category;
use countervail::eval::cases;
use countervail::eval::manifest::BenchmarkManifest;
use serde::Deserialize;
use serde_json::json;

/// A mix, such as `eval/speed/mixed.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mix {
    /// What it stands for.
    #[serde(rename = "about")]
    _about: String,
    #[serde(rename = "part")]
    parts: Vec<Part>,
}

/// Some texts of one benchmark.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    /// A manifest of `eval/benchmarks`.
    benchmark: String,
    count: usize,
    /// Only those that the set says are none of our categories.
    #[serde(default)]
    harmless: bool,
}

/// The texts of a mix, its parts spread evenly over them, and what they are in a few lines without any of them.
///
/// # Errors
/// When the mix or a benchmark cannot be read, or a benchmark has fewer texts than it is to give.
pub(crate) fn gather(mix: &Path, benchmarks: &Path, data: &Path) -> anyhow::Result<(Vec<String>, String)> {
    let text = fs_err::read_to_string(mix)?;
    let Mix { parts, .. } =
        toml::from_str(&text).with_context(|| format!("cannot read {}", mix.display()))?;
    let mut placed = Vec::new();
    let mut about = String::new();
    for (at, part) in parts.iter().enumerate() {
        let manifest = BenchmarkManifest::open(&benchmarks.join(format!("{}.toml", part.benchmark)))?;
        let cases = cases::load(&manifest, data)?;
        let texts = pick(part, cases.examples)?;
        let _ = writeln!(about, "  {:<28} {:>5} texts, {}", part.benchmark, texts.len(), lengths(&texts));
        for (i, text) in texts.into_iter().enumerate() {
            placed.push(((i as f64 + 0.5) / part.count as f64, at, text));
        }
    }
    placed.sort_by(|(a, i, _), (b, j, _)| a.total_cmp(b).then(i.cmp(j)));
    let texts: Vec<String> = placed.into_iter().map(|(_, _, text)| text).collect();
    let _ = write!(about, "  {:<28} {:>5} texts, {}", "all", texts.len(), lengths(&texts));
    Ok((texts, about))
}

/// One JSON object a line.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write(texts: &[String], out: &Path) -> anyhow::Result<()> {
    if let Some(folder) = out.parent() {
        fs_err::create_dir_all(folder)?;
    }
    let lines: String = texts.iter().map(|text| json!({ "text": text }).to_string() + "\n").collect();
    Ok(fs_err::write(out, lines)?)
}

/// Those with the smallest digests: any order of the set gives the same ones.
fn pick(part: &Part, examples: Vec<Example>) -> anyhow::Result<Vec<String>> {
    let fitting = examples.into_iter().filter(|e| !part.harmless || is_harmless(e));
    let mut texts: Vec<(Digest, String)> = fitting.map(|e| (Digest::of(e.text.as_bytes()), e.text)).collect();
    texts.sort();
    texts.dedup();
    ensure!(
        texts.len() >= part.count,
        "{} has {} of the {} texts that it is to give",
        part.benchmark,
        texts.len(),
        part.count
    );
    Ok(texts.into_iter().take(part.count).map(|(_, text)| text).collect())
}

fn is_harmless(example: &Example) -> bool {
    let labels = Category::ALL.map(|c| example.targets.categories[c.index()]);
    labels.contains(&Some(false)) && !labels.contains(&Some(true)) && example.targets.extremism != Some(true)
}

fn lengths(texts: &[String]) -> String {
    let mut lengths: Vec<usize> = texts.iter().map(|t| t.chars().count()).collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
    let mean = lengths.iter().sum::<usize>() as f64 / lengths.len().max(1) as f64;
    format!("median {median}, mean {mean:.0} characters")
}
