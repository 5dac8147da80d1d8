//! Manifests: those of the repository are sound, and those that contradict themselves are refused.

use std::path::Path;

use countervail::eval::manifest::BenchmarkManifest;

use crate::eval::bench::*;

#[test]
fn a_manifest_that_contradicts_itself_is_refused() {
    let bench = Bench::new();
    let source = bench.source("p.csv", "text\ncalm 1\n", "");
    for (manifest, reason) in [
        (head("p", "panel", "targets = [\"hate\"]") + &source, "a panel has no targets"),
        (head("p", "labelled", "") + &source, "needs `targets`"),
        (head("p", "labelled", "targets = [\"anger\"]") + &source, "`anger` is not a category"),
        (head("P x", "panel", "") + &source, "lower-case"),
        (head("p", "panel", "colour = 3") + &source, "colour"),
        (head("p", "panel", "") + &source.replace("sha256", "upstream"), "pins no sha256"),
        (head("p", "panel", "") + &source + &source, "two sources"),
        (head("p", "functional", "targets = [\"hate\"]") + &source, "function_slice"),
        (head("p", "panel", "budget = 2.0") + &source, "budget"),
    ] {
        let error = BenchmarkManifest::parse(&manifest).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn every_manifest_of_the_repository_is_sound() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("eval/benchmarks");
    let mut count = 0;
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let manifest = BenchmarkManifest::open(&path).unwrap();
        assert_eq!(path.file_stem().unwrap().to_str(), Some(manifest.name.as_str()));
        count += 1;
    }
    assert!(count >= 13);
}
