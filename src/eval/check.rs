//! Whether a benchmark is what its manifest says, before anybody spends hours on measuring: the files are the
//! pinned ones, every label occurs, no slice is empty, every function that is spoken of has cases.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::data::example::Example;
use crate::eval::cases;
use crate::eval::error::Error;
use crate::eval::manifest::slice::Slice;
use crate::eval::manifest::{BenchmarkManifest, Kind, Target};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub name: String,
    /// `None` when the cases could not be read.
    pub counts: Option<Counts>,
    /// What is wrong, each in a sentence without any text of the data.
    pub problems: Vec<String>,
}

/// How much there is of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    pub cases: usize,
    pub targets: Vec<(Target, Labels)>,
    /// Cases by language, `none` where it is not said.
    pub languages: BTreeMap<String, usize>,
    /// Texts to learn from and texts to choose thresholds on.
    pub train: usize,
    pub validation: usize,
    /// Groups of cases that differ only in identity, with two identities at least.
    pub counterfactual_groups: usize,
}

/// Cases by label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Labels {
    pub yes: usize,
    pub no: usize,
    pub unknown: usize,
}

/// Reads the data of a benchmark and holds it against its manifest.
#[must_use]
pub fn check(manifest: &BenchmarkManifest, data_dir: &Path) -> Checked {
    let mut checked = Checked { name: manifest.name.clone(), counts: None, problems: Vec::new() };
    if manifest.unavailable.is_some() {
        return checked;
    }
    let cases = match cases::load(manifest, data_dir) {
        Ok(cases) => cases.examples,
        Err(error) => {
            checked.problems.push(whole_reason(&error));
            return checked;
        }
    };
    let groups = counterfactual_groups(manifest, &cases);
    let mut counts = Counts {
        cases: cases.len(),
        targets: manifest.targets.iter().map(|t| (*t, labels(*t, &cases))).collect(),
        languages: languages(&cases),
        train: 0,
        validation: 0,
        counterfactual_groups: groups,
    };
    let problems = &mut checked.problems;
    for (target, labels) in &counts.targets {
        problems.extend(label_problem(manifest.kind, *target, *labels));
    }
    problems.extend(manifest.all_slices().filter_map(|slice| slice_problem(slice, &cases)));
    problems.extend(function_problems(manifest, &cases));
    if manifest.counterfactual.is_some() && groups == 0 {
        problems.push("[counterfactual] finds no two cases that differ only in identity".to_owned());
    }
    for (part, sources, count) in [
        ("train", &manifest.train, &mut counts.train),
        ("validation", &manifest.validation, &mut counts.validation),
    ] {
        match cases::read(manifest, sources, data_dir) {
            Ok(examples) => {
                *count = examples.len();
                problems.extend(part_problem(manifest, part, &examples));
            }
            Err(error) => problems.push(whole_reason(&error)),
        }
    }
    checked.counts = Some(counts);
    checked
}

/// An error with its causes, in one line.
fn whole_reason(error: &Error) -> String {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        reason = format!("{reason}: {next}");
        cause = next.source();
    }
    reason
}

fn labels(target: Target, examples: &[Example]) -> Labels {
    let mut labels = Labels::default();
    for example in examples {
        match target.label(example) {
            Some(true) => labels.yes += 1,
            Some(false) => labels.no += 1,
            None => labels.unknown += 1,
        }
    }
    labels
}

fn languages(examples: &[Example]) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for example in examples {
        *out.entry(example.language.clone().unwrap_or_else(|| "none".to_owned())).or_default() += 1;
    }
    out
}

fn label_problem(kind: Kind, target: Target, labels: Labels) -> Option<String> {
    let problem = match kind {
        Kind::Panel => return None,
        _ if labels.yes == 0 => "no case is labelled yes",
        Kind::Labelled | Kind::Functional if labels.no == 0 => "no case is labelled no",
        Kind::Positives if labels.no > 0 => "some cases are labelled no, in a set of positives",
        _ => return None,
    };
    Some(format!("target `{target}`: {problem}; check `labels` against the file"))
}

fn slice_problem(slice: &Slice, examples: &[Example]) -> Option<String> {
    let says_something = examples.iter().any(|e| slice.values(e).iter().any(|value| *value != "none"));
    // The standing slices are there whether or not a set says anything about them.
    let standing = crate::eval::manifest::slice::STANDING.contains(&slice.name());
    (!says_something && !standing).then(|| format!("slice `{}` has no value in any case", slice.name()))
}

fn function_problems(manifest: &BenchmarkManifest, examples: &[Example]) -> Vec<String> {
    let functions: BTreeSet<&str> = examples.iter().filter_map(|e| manifest.function(e)).collect();
    let mut problems = Vec::new();
    if functions.contains("none") {
        problems.push("some cases name no function".to_owned());
    }
    for pair in &manifest.pair {
        let named = pair.hateful.iter().chain(&pair.benign);
        for missing in named.filter(|name| !functions.contains(name.as_str())) {
            problems.push(format!("pair `{}`: no case of function `{missing}`", pair.name));
        }
    }
    problems
}

fn counterfactual_groups(manifest: &BenchmarkManifest, examples: &[Example]) -> usize {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (group, identity) in examples.iter().filter_map(|e| manifest.counterfactual_key(e)) {
        groups.entry(group).or_default().insert(identity);
    }
    groups.values().filter(|identities| identities.len() > 1).count()
}

/// A part to learn from must teach at least one target both ways.
fn part_problem(manifest: &BenchmarkManifest, part: &str, examples: &[Example]) -> Option<String> {
    let both = |t: &Target| {
        let labels = labels(*t, examples);
        labels.yes > 0 && labels.no > 0
    };
    let useless = !examples.is_empty() && !manifest.targets.iter().any(both);
    useless.then(|| format!("[[{part}]] has both labels of no target; nothing can be learnt from it"))
}
