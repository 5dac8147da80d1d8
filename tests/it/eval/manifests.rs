//! Manifests: those of the repository are sound, those that contradict themselves are refused, and what they say
//! about the cases is what comes out.

use std::path::Path;

use countervail::data::example::Example;
use countervail::eval::cases;
use countervail::eval::catalogue::{self, Availability, Entry};
use countervail::eval::check::{Labels, check};
use countervail::eval::manifest::slice::Slice;
use countervail::eval::manifest::{BenchmarkManifest, Kind};

use crate::eval::bench::*;

#[test]
fn a_manifest_that_contradicts_itself_is_refused() {
    let bench = Bench::new();
    let source = bench.source("p.csv", "text\ncalm 1\n", "");
    let panel = |more: &str| head("p", "panel", more) + &source;
    let slice = "[[slice]]\nname = \"a\"\ncolumn = \"text\"\n";
    for (manifest, reason) in [
        (panel("targets = [\"hate\"]"), "a panel has no targets"),
        (head("p", "labelled", "") + &source, "needs `targets`"),
        (head("p", "labelled", "targets = [\"anger\"]") + &source, "`anger` is not a category"),
        (head("P x", "panel", "") + &source, "lower-case"),
        (panel("colour = 3"), "colour"),
        (panel("").replace("sha256", "upstream"), "pins no sha256"),
        (panel("").replace("sha256 = \"", "sha256 = \"A"), "64 lower-case hexadecimal"),
        (panel("") + &source, "two sources"),
        (head("p", "functional", "targets = [\"hate\"]") + &source, "function_slice"),
        (panel("budget = 2.0"), "budget"),
        (head("p", "labelled", "targets = [\"hate\"]\nbudget = 0.1") + &source, "belongs to kind `panel`"),
        (panel("").replace("origin = ", "upstream = \"none\" #"), "has no `origin`"),
        (panel("").replace("path = \"p", "path = \"../p"), "below the data folder"),
        (panel("").replace("path = \"p", "path = \"/p"), "a path of one machine"),
        (head("p", "panel", ""), "at least one [[source]]"),
        (panel("[unavailable]\nwhy = \"lost\"\nhow_to_add = \"find it\""), "has no sources"),
        (panel(slice), "no source keeps the column `text`"),
        (panel(&format!("identity_slices = [\"b\"]\n{slice}")), "no [[slice]]"),
        (
            panel("[[slice]]\nname = \"a\"\nregex = \"x\"\n[[slice]]\nname = \"a\"\nregex = \"y\""),
            "two slices",
        ),
        (panel("[[slice]]\nname = \"a\"\nidentities = \"i.toml\""), "was read without one"),
        (panel("[counterfactual]\ngroup = \"g\""), "needs `group` and `identity`, or `slice`"),
        (
            panel("[counterfactual]\nslice = \"a\"\n[[slice]]\nname = \"a\"\nregex = \"x\""),
            "with `identities`",
        ),
        (panel("[counterfactual]\ngroup = \"g\"\nidentity = \"i\""), "no source keeps the column `g`"),
        (panel("[evidence]\ncolumn = \"r\""), "belongs to kind `evidence`"),
        (panel("[metrics]\nfixed_fpr = [0.01, 1.0]"), "fixed_fpr: 1 is not between 0 and 1"),
        (panel("[metrics]\nat_k = [0]"), "at_k"),
        (panel("[metrics]\nprevalence = [0.1, 0.1]"), "twice"),
        (panel("[metrics]\nspeed = 1"), "speed"),
    ] {
        let error = BenchmarkManifest::parse(&manifest).unwrap_err();
        assert!(error.contains(reason), "wanted `{reason}`, got: {error}");
    }
}

#[test]
fn every_manifest_of_the_repository_is_sound() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(catalogue::FOLDER);
    let manifests = catalogue::open_all(&folder).unwrap();
    assert!(manifests.len() >= 57);
    for manifest in &manifests {
        assert!(
            folder.join(format!("{}.toml", manifest.name)).is_file(),
            "{} has another name",
            manifest.name
        );
        assert!(manifest.measures.ends_with('.') && manifest.flag_means.ends_with('.'), "{}", manifest.name);
    }
    catalogue::files(&manifests).unwrap();
    let entries: Vec<Entry> = manifests.iter().map(Entry::of).collect();
    let find = |name: &str| entries.iter().find(|e| e.name == name).unwrap();
    assert_eq!(
        find("multilingual_hatecheck").languages,
        ["ar", "de", "es", "fr", "hi", "it", "nl", "pl", "pt", "zh"]
    );
    assert_eq!((find("hatecheck").files, &find("hatecheck").data), (1, &Availability::Fetchable));
    assert_eq!(find("sotu").data, Availability::Made(1));
    assert!(matches!(find("counter").data, Availability::Unavailable(_)));
    assert_eq!(find("counter").languages, ["ar", "en", "fr"]);
}

#[test]
fn operating_points_have_defaults() {
    let bench = Bench::new();
    let source = bench.source("p.csv", "text\ncalm 1\n", "");
    let of = |more: &str| BenchmarkManifest::parse(&(head("p", "panel", more) + &source)).unwrap().metrics;
    assert_eq!((of("").at_k, of("").prevalence), (vec![50, 100], vec![0.01, 0.001]));
    let changed = of("[metrics]\nat_k = [7]");
    assert_eq!((changed.at_k, changed.fixed_recall), (vec![7], vec![0.8, 0.95]));
}

/// The manifest written to a file beside a list of identities, and opened.
fn open(bench: &Bench, manifest: &str) -> BenchmarkManifest {
    let identities = "[[identity]]\nname = \"north\"\nwords = [\"northern\", \"northerner\"]\n\
                      [[identity]]\nname = \"lake\"\nwords = [\"lake people\"]\n";
    fs_err::write(bench.path("identities.toml"), identities).unwrap();
    let path = bench.path("m.toml");
    fs_err::write(&path, manifest).unwrap();
    BenchmarkManifest::open(&path).unwrap()
}

fn values<'a>(manifest: &'a BenchmarkManifest, slice: &str, example: &'a Example) -> Vec<&'a str> {
    manifest.all_slices().find(|s| s.name() == slice).unwrap().values(example)
}

#[test]
fn slices_part_the_cases_by_column_pattern_identity_language_and_length() {
    let bench = Bench::new();
    let csv = "text,kind\nA Northern baker meets LAKE PEOPLE.,x\nSee https://example.org,\n";
    let more = "identity_slices = [\"identity\"]\n[[slice]]\nname = \"sort\"\ncolumn = \"kind\"\n\
                [[slice]]\nname = \"link\"\nregex = 'https?://'\n\
                [[slice]]\nname = \"identity\"\nidentities = \"identities.toml\"\n";
    let source = bench.source("p.csv", csv, "slices = [\"kind\"]");
    let manifest = open(&bench, &(head("p", "panel", more) + &source));
    let examples = cases::load(&manifest, bench.root.path()).unwrap().examples;
    let names: Vec<&str> = manifest.all_slices().map(Slice::name).collect();
    assert_eq!(names, ["sort", "link", "identity", "language", "length"]);
    let of = |slice: &str| examples.iter().map(|e| values(&manifest, slice, e)).collect::<Vec<_>>();
    assert_eq!(of("sort"), [vec!["x"], vec!["none"]]);
    assert_eq!(of("link"), [vec!["no"], vec!["yes"]]);
    assert_eq!(of("identity"), [vec!["north", "lake"], vec![]]);
    assert_eq!(of("language"), [vec!["en"], vec!["en"]]);
    assert_eq!(of("length"), [vec!["<50"], vec!["<50"]]);
    assert_eq!(manifest.identity_slices().map(Slice::name).collect::<Vec<_>>(), ["identity"]);
}

#[test]
fn swaps_are_found_by_column_or_by_word_and_never_across_sources() {
    let bench = Bench::new();
    let csv = "text,t,who\nOne calm northerner.,1,a\nOne calm lake people.,1,b\nNobody.,2,\n";
    let columns = "[counterfactual]\ngroup = \"t\"\nidentity = \"who\"\n";
    let kept = "slices = [\"t\", \"who\"]";
    let two = bench.source("x.csv", csv, kept) + &bench.source("y.csv", csv, kept);
    let manifest = open(&bench, &(head("p", "panel", columns) + &two));
    let key = |m: &BenchmarkManifest| -> Vec<Option<(String, String)>> {
        let examples = cases::load(m, bench.root.path()).unwrap().examples;
        examples.iter().map(|e| m.counterfactual_key(e)).collect()
    };
    let keys = key(&manifest);
    assert_eq!(keys[0].as_ref().unwrap().0, keys[1].as_ref().unwrap().0);
    assert_eq!((keys[0].as_ref().unwrap().1.as_str(), &keys[2]), ("a", &None));
    assert_ne!(keys[0].as_ref().unwrap().0, keys[3].as_ref().unwrap().0, "another source");
    let words =
        "[counterfactual]\nslice = \"who\"\n[[slice]]\nname = \"who\"\nidentities = \"identities.toml\"\n";
    let keys = key(&open(&bench, &(head("p", "panel", words) + &bench.source("z.csv", csv, ""))));
    assert_eq!(keys[0].as_ref().unwrap().0, keys[1].as_ref().unwrap().0);
    assert_eq!((keys[1].as_ref().unwrap().1.as_str(), &keys[2]), ("lake", &None));
}

#[test]
fn a_rationale_gives_three_cases() {
    let bench = Bench::new();
    let csv = "id,text,marks,bad\nr1,one two three,\"[[1, 0, 0], [1, 0, 1]]\",1\nr2,nothing marked,[],1\nr3,all marked,\"[1, 1]\",1\n";
    let more = "targets = [\"hate\"]\n[evidence]\ncolumn = \"marks\"\n";
    let extra = "id = \"id\"\nslices = [\"marks\"]\nset = { hate = 1 }";
    let manifest = open(&bench, &(head("why", "evidence", more) + &bench.source("e.csv", csv, extra)));
    assert_eq!(manifest.kind, Kind::Evidence);
    let examples = cases::load(&manifest, bench.root.path()).unwrap().examples;
    let shown: Vec<_> =
        examples.iter().map(|e| (e.id.as_str(), e.text.as_str(), e.slices["evidence"].as_str())).collect();
    assert_eq!(
        shown,
        [
            ("r1", "one two three", "whole"),
            ("r1/without", "two", "without"),
            ("r1/only", "one three", "only")
        ]
    );
    assert!(examples.iter().all(|e| e.group.as_deref() == Some("r1")));
    let wrong = bench.source("e.csv", &csv.replace("[1, 0, 0]", "[1, 0]"), extra);
    let error =
        cases::load(&open(&bench, &(head("why", "evidence", more) + &wrong)), bench.root.path()).unwrap_err();
    assert!(error.to_string().contains("rationale of `r1`: 2 marks for 3 words"), "{error}");
}

#[test]
fn a_check_counts_and_finds_what_is_wrong() {
    let bench = Bench::new();
    let csv = "text,label,f\ncalm 1,1,a\ncalm 2,0,a\ncalm 3,,b\n";
    let labels = "slices = [\"f\"]\nlabels = [{ column = \"label\", is = [\"1\"], set = { hate = 1 } }, { column = \"label\", is = [\"0\"], set = { hate = 0 } }]";
    let more = "targets = [\"hate\"]\nfunction_slice = \"f\"\n";
    let test = bench.source("t.csv", csv, labels);
    let train = test.replace("[[source]]", "[[train]]");
    let checked =
        check(&open(&bench, &(head("good", "functional", more) + &test + &train)), bench.root.path());
    let counts = checked.counts.unwrap();
    assert_eq!((checked.problems, counts.cases, counts.train), (vec![], 3, 3));
    assert_eq!(counts.targets[0].1, Labels { yes: 1, no: 1, unknown: 1 });
    assert_eq!(counts.languages["en"], 3);

    let pair = "[[pair]]\nname = \"p\"\nhateful = [\"a\"]\nbenign = [\"c\"]\n";
    let one_sided =
        bench.source("o.csv", "text,label,f,e\ncalm 1,1,a,\n", &labels.replace("[\"f\"]", "[\"f\", \"e\"]"));
    let slice = "[[slice]]\nname = \"empty\"\ncolumn = \"e\"\n";
    let train = one_sided.replace("[[source]]", "[[train]]");
    let bad = head("bad", "functional", &format!("{more}{slice}")) + &one_sided + &train + pair;
    let problems = check(&open(&bench, &bad), bench.root.path()).problems;
    for expected in
        ["no case is labelled no", "`empty` has no value", "no case of function `c`", "nothing can be learnt"]
    {
        assert!(problems.iter().any(|p| p.contains(expected)), "{expected}: {problems:?}");
    }
    fs_err::write(bench.path("o.csv"), "text\nchanged\n").unwrap();
    let problems = check(&open(&bench, &bad), bench.root.path()).problems;
    assert!(problems.len() == 1 && problems[0].contains("SHA-256"), "{problems:?}");
}
