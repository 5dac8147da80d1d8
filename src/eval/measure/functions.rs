//! Pass rates of functional suites.

use std::collections::BTreeMap;

use crate::eval::manifest::{BenchmarkManifest, Kind, Target};
use crate::eval::measure::{Judged, NO_CASES, flagged, share};
use crate::eval::report::SMALL;
use crate::eval::report::result::{FunctionReport, PairReport};

pub(super) fn functions_and_pairs(
    manifest: &BenchmarkManifest,
    judged: &[Judged<'_>],
) -> (Vec<FunctionReport>, Vec<PairReport>) {
    let (Kind::Functional, Some(&target)) = (manifest.kind, manifest.targets.first()) else {
        return (Vec::new(), Vec::new());
    };
    let mut groups: BTreeMap<&str, Vec<Judged<'_>>> = BTreeMap::new();
    for j in judged {
        groups.entry(manifest.function(j.0).unwrap_or("none")).or_default().push(*j);
    }
    let right = |(e, p): &Judged<'_>| target.label(e) == Some(p.decision(target));
    let functions = groups.iter().map(|(name, part)| FunctionReport {
        function: (*name).to_owned(),
        expected: expected(target, part),
        n: part.len(),
        small: part.len() < SMALL,
        passed: share(part, NO_CASES, right),
        flagged: flagged(part),
    });
    let together = |names: &[String]| {
        let part: Vec<Judged<'_>> =
            names.iter().filter_map(|n| groups.get(n.as_str())).flatten().copied().collect();
        share(&part, NO_CASES, right)
    };
    let pairs = manifest.pair.iter().map(|pair| {
        let (hateful, benign) = (together(&pair.hateful), together(&pair.benign));
        let both = hateful.value.zip(benign.value).map(|(a, b)| a.min(b));
        PairReport { name: pair.name.clone(), hateful, benign, both }
    });
    (functions.collect(), pairs.collect())
}

/// The label that all cases share.
fn expected(target: Target, part: &[Judged<'_>]) -> Option<bool> {
    let first = target.label(part.first()?.0)?;
    part.iter().all(|(e, _)| target.label(e) == Some(first)).then_some(first)
}
