//! The training recipes of the repository against its benchmarks: what is measured is in no source, and is purged from
//! those that are; licences are what a recipe says of itself.
//!
//! What is compared here is how the files are read, so no data are needed; `eval hygiene contamination` compares texts.

use std::collections::BTreeMap;

use countervail::data::source::{Condition, Format, Half, OneOrMany, Source};
use countervail::eval::catalogue;
use countervail::eval::manifest::BenchmarkManifest;
use countervail::train::recipe::Recipe;

use crate::sources;

const RECIPES: &str = "models/recipes";
/// Made before some of the benchmarks were: the bundle that is shipped pins its bytes.
const FROZEN: &str = "default";
/// Fine-tuned on the training part of one benchmark in order to be measured on its test part.
const LABORATORY: &str = "lab_deds";
/// 77,000 sentences made from a few patterns, which resemble no source.
const NOT_PURGED: [&str; 1] = ["madlibs"];

fn recipes() -> BTreeMap<String, Recipe> {
    let files = sources::files_under(RECIPES, &["toml"]);
    let own = files.iter().filter(|f| !f.path.contains("/templates/"));
    let recipes: BTreeMap<String, Recipe> = own
        .map(|file| {
            let recipe = Recipe::open(&sources::root().join(&file.path)).unwrap().0;
            assert_eq!(file.path, format!("{RECIPES}/{}.toml", recipe.name), "named like its file");
            (recipe.name.clone(), recipe)
        })
        .collect();
    for name in [FROZEN, LABORATORY, "multilingual", "english", "open"] {
        assert!(recipes.contains_key(name), "{name} is missing");
    }
    recipes
}

fn manifests() -> Vec<BenchmarkManifest> {
    catalogue::open_all(&sources::root().join(catalogue::FOLDER)).unwrap()
}

/// The file, the same for a path relative to a recipe, a manifest or the data folder.
fn file(source: &Source) -> String {
    let path = std::path::Path::new(&source.path);
    match path.canonicalize() {
        Ok(found) if source.format == Format::Templates => found.to_string_lossy().into_owned(),
        _ => source.path.clone(),
    }
}

/// The columns the text is made of; by position where the file has no header, since names are then made up.
fn text(source: &Source) -> Vec<String> {
    let position = |name: &String| match &source.layout.columns {
        Some(columns) => columns.iter().position(|c| c == name).unwrap().to_string(),
        None => name.clone(),
    };
    source.text.as_slice().iter().map(position).collect()
}

/// Everything that a text, and so its half, depends on.
fn reading(source: &Source) -> impl PartialEq + use<> {
    let strip = source.strip.clone();
    let layout =
        (source.layout.encoding, source.layout.delimiter, source.layout.quoting, source.layout.terminator);
    (file(source), source.format, text(source), strip, source.unescape, layout)
}

/// Whether no row can meet both, by one condition of each on the same column.
fn disjoint(a: &[Condition], b: &[Condition]) -> bool {
    a.iter().any(|x| b.iter().any(|y| x.column == y.column && (excludes(x, y) || excludes(y, x))))
}

/// Whether what `a` allows is nothing that `b` allows.
fn excludes(a: &Condition, b: &Condition) -> bool {
    let Some(allowed) = &a.is else {
        return match (&a.starts_with, &b.starts_with) {
            (Some(a), Some(b)) => {
                a.iter().all(|x| b.iter().all(|y| !x.starts_with(y.as_str()) && !y.starts_with(x.as_str())))
            }
            _ => false,
        };
    };
    let none = |list: &Vec<String>| allowed.iter().all(|value| !list.contains(value));
    let all = |list: &Vec<String>| allowed.iter().all(|value| list.contains(value));
    b.is.as_ref().is_some_and(none) || b.is_not.as_ref().is_some_and(all)
}

/// Whether every row that `inner` allows meets `outer`.
fn implied(outer: &Condition, inner: &[Condition]) -> bool {
    inner.iter().filter(|c| c.column == outer.column).any(|c| {
        let values = c.is.as_ref();
        let within =
            outer.is.as_ref().is_some_and(|o| values.is_some_and(|v| v.iter().all(|x| o.contains(x))));
        let without =
            outer.is_not.as_ref().is_some_and(|o| values.is_some_and(|v| v.iter().all(|x| !o.contains(x))));
        within || without || c == outer
    })
}

/// Whether a source cannot hold a text that a benchmark measures, as far as their descriptions go.
fn apart(source: &Source, measured: &Source) -> bool {
    if file(source) != file(measured) {
        return true;
    }
    let halves = source.half == Some(Half::Train) && measured.half == Some(Half::Eval);
    // Two columns of one file: a hateful text and the answer to it.
    let other_column = text(source).iter().all(|column| !text(measured).contains(column));
    (halves && reading(source) == reading(measured))
        || disjoint(&source.conditions, &measured.conditions)
        || other_column
}

fn covers(purge: &Source, measured: &Source) -> bool {
    file(purge) == file(measured)
        && text(purge) == text(measured)
        && purge.cap.is_none()
        && purge.expansions.is_none()
        && (purge.half.is_none() || (purge.half == measured.half && reading(purge) == reading(measured)))
        && purge.conditions.iter().all(|c| implied(c, &measured.conditions))
}

fn fail_with(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_source_is_what_a_benchmark_measures() {
    let mut wrong = Vec::new();
    for (name, recipe) in recipes() {
        for manifest in manifests() {
            for (source, measured) in
                recipe.sources.iter().flat_map(|s| manifest.sources.iter().map(move |m| (s, m)))
            {
                if !apart(source, measured) {
                    wrong.push(format!(
                        "{name}: source `{}` is not apart from {}",
                        source.name, manifest.name
                    ));
                }
            }
        }
        let evaluation = recipe.sources.iter().filter(|s| s.path.ends_with(".eval.toml"));
        wrong.extend(evaluation.map(|s| format!("{name}: `{}` is RecruitCheck's evaluation part", s.name)));
    }
    fail_with(&wrong);
}

#[test]
fn everything_measured_is_purged() {
    let mut wrong = Vec::new();
    for (name, recipe) in recipes().iter().filter(|(name, _)| ![FROZEN, LABORATORY].contains(&name.as_str()))
    {
        for manifest in manifests().iter().filter(|m| !NOT_PURGED.contains(&m.name.as_str())) {
            let left = manifest.sources.iter().filter(|m| !recipe.purges.iter().any(|p| covers(p, m)));
            wrong.extend(left.map(|m| format!("{name}: `{}` of {} is not purged", m.name, manifest.name)));
        }
    }
    fail_with(&wrong);
}

#[test]
fn one_file_is_read_in_one_way() {
    // A half is decided by the text as it is read: what is read in another way has other halves.
    let mut wrong = Vec::new();
    for (name, recipe) in recipes() {
        let halved: Vec<&Source> =
            recipe.sources.iter().chain(&recipe.purges).filter(|s| s.half.is_some()).collect();
        for (a, b) in halved.iter().flat_map(|a| halved.iter().map(move |b| (a, b))) {
            if file(a) == file(b) && text(a) == text(b) && reading(a) != reading(b) {
                wrong.push(format!("{name}: `{}` and `{}` read one file in two ways", a.name, b.name));
            }
        }
    }
    fail_with(&wrong);
}

#[test]
fn every_licence_is_stated_and_the_open_recipe_has_free_ones_alone() {
    let free =
        ["CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "MIT", "MIT OR Apache-2.0", "ODbL-1.0", "public domain"];
    let mut wrong = Vec::new();
    for (name, recipe) in recipes() {
        for source in &recipe.sources {
            if source.licence.trim().len() < 3 || source.upstream.is_none() && name != FROZEN {
                wrong
                    .push(format!("{name}: `{}` does not say its licence and where it is from", source.name));
            }
            if name == "open" && !free.contains(&source.licence.as_str()) {
                wrong.push(format!("open: `{}` is under `{}`", source.name, source.licence));
            }
            let pinned = source.sha256.is_some() || source.format == Format::Templates;
            if !pinned {
                wrong.push(format!("{name}: `{}` pins no SHA-256", source.name));
            }
        }
    }
    fail_with(&wrong);
}

#[test]
fn one_file_has_one_licence() {
    let mut licences: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (name, recipe) in recipes().into_iter().filter(|(name, _)| name != FROZEN) {
        for source in &recipe.sources {
            let own = (source.licence.clone(), format!("{name}: `{}`", source.name));
            let first = licences.entry(source.path.clone()).or_insert_with(|| own.clone());
            assert_eq!(first.0, own.0, "{} and {}", first.1, own.1);
        }
    }
}

#[test]
fn thresholds_stand_on_texts_that_must_not_be_flagged() {
    for (name, recipe) in recipes() {
        let rules = &recipe.thresholds;
        let positive = |source: &Source| {
            let set = source.set.iter().chain(source.labels.iter().flat_map(|rule| &rule.set));
            set.into_iter().any(|(_, value)| format!("{value:?}") == "Number(1)")
        };
        for panel in rules.panels.iter().chain(&rules.hard_panels).chain(&rules.review_panels) {
            let source = recipe.sources.iter().find(|s| s.name == *panel).unwrap();
            assert!(!positive(source), "{name}: `{panel}` has positives");
            let own_labels = source.format == Format::Templates;
            assert!(own_labels || source.set.contains_key("extremism"), "{name}: `{panel}` is no negative");
        }
    }
}

#[test]
fn the_data_page_names_every_source_with_its_licence() {
    let page = sources::read("docs/DATA.md");
    for (name, recipe) in recipes().iter().filter(|(name, _)| ![FROZEN, LABORATORY].contains(&name.as_str()))
    {
        for source in &recipe.sources {
            let named = format!("`{}`", source.name);
            let row = page.lines().find(|line| line.starts_with('|') && line.contains(&named));
            let row = row.unwrap_or_else(|| panic!("{name}: {named} is not in docs/DATA.md"));
            assert!(row.contains(&source.licence), "{name}: {named} has another licence there");
        }
    }
}

/// The rules above, shown to fail on what they are there for.
#[test]
fn the_rules_see_a_leak() {
    let source = |more: &str| -> Source {
        toml::from_str(&format!(
            "name = \"a\"\nlicence = \"MIT\"\nformat = \"csv\"\npath = \"a.csv\"\n{more}"
        ))
        .unwrap()
    };
    let measured = source("half = \"eval\"");
    assert!(apart(&source("half = \"train\""), &measured));
    assert!(!apart(&source(""), &measured), "the whole file");
    assert!(!apart(&source("half = \"eval\""), &measured), "the same half");
    assert!(!apart(&source("half = \"train\"\nunescape = true"), &measured), "halves of other texts");
    assert!(!apart(&source("half = \"train\"\nstrip = \"x\""), &measured));
    assert!(apart(&source("text = \"answer\""), &measured), "another column");
    let split = |values: &str| source(&format!("where = [{{ column = \"split\", {values} }}]"));
    let test = split("is = [\"test\"]");
    assert!(apart(&split("is = [\"train\"]"), &test) && apart(&split("is_not = [\"test\", \"dev\"]"), &test));
    assert!(
        !apart(&split("is = [\"train\", \"test\"]"), &test) && !apart(&split("is_not = [\"dev\"]"), &test)
    );
    assert!(covers(&source(""), &test) && covers(&split("is = [\"dev\", \"test\"]"), &test));
    assert!(covers(&split("is_not = [\"train\"]"), &test) && !covers(&split("is = [\"dev\"]"), &test));
    assert!(!covers(&test, &source("")) && !covers(&source("cap = 5"), &measured));
    assert!(matches!(source("").text, OneOrMany::One(_)));
}
