//! RecruitCheck as it lies in the repository: big enough, balanced, bland in form, its parts apart from each other and
//! from the training templates, and its datasheet true.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use countervail::data::{Example, digest::sha256, purge, template};
use countervail::eval::cases;
use countervail::eval::manifest::BenchmarkManifest;
use countervail::eval::recruitcheck::{Case, Expected, Part, Suite};
use regex::Regex;

use crate::cli::run;
use crate::sources;

const LANGUAGES: [&str; 9] = ["ar", "de", "en", "fa", "fr", "id", "ru", "tr", "ur"];
const TRAINING: &str = "models/recipes/templates/recruitment";

fn suite() -> Suite {
    Suite::open(&sources::root().join("eval/recruitcheck")).unwrap()
}

fn cases_of(part: Part) -> Vec<Case> {
    let suite = suite();
    suite.cases(part, &suite.languages(part).unwrap()).unwrap()
}

fn examples_of(suffix: &str) -> Vec<Example> {
    let open = |language: &&str| {
        let path = format!("eval/recruitcheck/templates/{language}{suffix}");
        template::open(&sources::root().join(path), "recruitcheck").unwrap()
    };
    LANGUAGES.iter().flat_map(open).collect()
}

fn toml(path: &str) -> toml::Table {
    sources::read(path).parse().unwrap()
}

#[test]
fn the_suite_is_as_large_as_it_claims() {
    let suite = suite();
    let flags = suite.functions.iter().filter(|f| f.expected == Expected::Flag).count();
    assert!(flags >= 20 && suite.functions.len() - flags >= 20, "{flags} of {}", suite.functions.len());
    for (part, english, others) in [(Part::Evaluation, 700, 200), (Part::Development, 500, 120)] {
        assert_eq!(suite.languages(part).unwrap(), LANGUAGES);
        let cases = cases_of(part);
        for language in LANGUAGES {
            let own: Vec<&Case> = cases.iter().filter(|c| c.language == language).collect();
            let least = if language == "en" { english } else { others };
            assert!(own.len() >= least, "{language} {part}: {} cases, at least {least}", own.len());
            for function in &suite.functions {
                let of: Vec<&&Case> = own.iter().filter(|c| c.function == function.id).collect();
                let templates: BTreeSet<&str> = of.iter().map(|c| c.template.as_str()).collect();
                let (most, kinds) =
                    if (language, part) == ("en", Part::Evaluation) { (20, 3) } else { (1, 1) };
                assert!(
                    of.len() >= most && templates.len() >= kinds,
                    "{language} {part} {}: {} cases of {} templates",
                    function.id,
                    of.len(),
                    templates.len()
                );
            }
        }
        assert!(part == Part::Development || cases.len() >= 1_500, "{}", cases.len());
    }
}

#[test]
fn every_case_is_one_short_sentence_with_an_id_of_its_own() {
    let cases = [cases_of(Part::Evaluation), cases_of(Part::Development)].concat();
    let (mut ids, mut texts) = (BTreeSet::new(), BTreeSet::new());
    for case in &cases {
        assert!(ids.insert(&case.id), "{} occurs twice", case.id);
        assert!(texts.insert((&case.language, &case.text)), "{} repeats another case", case.id);
        let words = case.text.split_whitespace().count();
        assert!((2..=25).contains(&words), "{}: {words} words", case.id);
        assert!(!case.text.contains(['{', '}', '\n', '@']), "{}", case.id);
        assert!(!case.text.contains("  ") && case.text.trim() == case.text, "{}", case.id);
        assert!(!case.text.contains("http") && !case.text.contains("www."), "{} has an address", case.id);
        assert!(
            case.id.starts_with(&format!("{}.", case.template.rsplit_once('.').unwrap().0)),
            "{}",
            case.id
        );
        let checked = if case.language == "en" { "original" } else { "checked by" };
        assert!(case.translation.contains(checked), "{}", case.id);
    }
    let placeholders = cases.iter().filter(|c| c.group_kind == "placeholder").count();
    let designated = cases.iter().filter(|c| c.group_kind == "designated").count();
    assert!(designated > 0 && placeholders > 2 * designated, "{placeholders} against {designated}");
}

#[test]
fn the_parts_share_no_template_no_sentence_and_no_near_duplicate() {
    let (evaluation, development) = (examples_of(".eval.toml"), examples_of(".dev.toml"));
    let patterns = |suffix: &str| -> BTreeSet<String> {
        let files = LANGUAGES.map(|l| toml(&format!("eval/recruitcheck/templates/{l}{suffix}")));
        files
            .iter()
            .flat_map(|file| file["template"].as_array().unwrap())
            .map(|t| t["text"].to_string())
            .collect()
    };
    assert!(patterns(".eval.toml").is_disjoint(&patterns(".dev.toml")));
    let n = development.len();
    let (kept, _) = purge(development, &evaluation);
    assert_eq!(n - kept.len(), 0, "development cases that are near-duplicates of evaluation cases");
}

#[test]
fn half_of_the_groups_are_met_in_the_evaluation_part_only() {
    for language in LANGUAGES {
        let groups = |suffix: &str| -> BTreeSet<String> {
            let file = toml(&format!("eval/recruitcheck/templates/{language}{suffix}"));
            let sorts = file["slots"]["group"].as_table().unwrap();
            sorts.values().flat_map(|v| v.as_array().unwrap()).map(ToString::to_string).collect()
        };
        let (evaluation, development) = (groups(".eval.toml"), groups(".dev.toml"));
        let only = evaluation.difference(&development).count();
        assert!(2 * only >= evaluation.len(), "{language}: {only} of {}", evaluation.len());
    }
}

/// The template files that recipes train on, besides the development part.
fn training_files() -> Vec<String> {
    let by_language = LANGUAGES.iter().map(|language| format!("{TRAINING}/{language}.toml"));
    by_language.chain([format!("{TRAINING}.toml")]).collect()
}

#[test]
fn no_evaluation_case_is_what_a_training_template_makes() {
    let evaluation = examples_of(".eval.toml");
    for path in training_files() {
        let training = template::open(&sources::root().join(&path), "training").unwrap();
        let (kept, _) = purge(evaluation.clone(), &training);
        assert_eq!(evaluation.len() - kept.len(), 0, "evaluation cases that are near-duplicates of {path}");
        let file = toml(&path);
        let patterns = every_expansion(&file);
        let language = file.get("language").map_or("en", |l| l.as_str().unwrap());
        let same_language = |e: &&Example| e.language.as_deref() == Some(language);
        assert!(evaluation.iter().filter(same_language).count() >= 200, "{language}");
        for example in evaluation.iter().filter(same_language) {
            let hit = patterns.iter().find(|(_, pattern)| pattern.is_match(&example.text));
            assert!(hit.is_none(), "{} is made by training template {}", example.id, hit.unwrap().0);
        }
    }
}

/// One regular expression for each pattern of a template file, which matches all that it can make.
fn every_expansion(file: &toml::Table) -> Vec<(String, Regex)> {
    let slot = |name: &str| {
        let values: Vec<&toml::Value> = match &file["slots"][name] {
            toml::Value::Table(sorts) => sorts.values().flat_map(|v| v.as_array().unwrap()).collect(),
            one => one.as_array().unwrap().iter().collect(),
        };
        values.iter().map(|v| regex::escape(v.as_str().unwrap())).collect::<Vec<_>>().join("|")
    };
    let mut patterns = Vec::new();
    for template in file["template"].as_array().unwrap() {
        let id = template["id"].as_str().unwrap();
        let texts = match &template["text"] {
            toml::Value::Array(several) => several.clone(),
            one => vec![one.clone()],
        };
        for text in &texts {
            let mut pattern = "(?i)^".to_owned();
            for (at, part) in text.as_str().unwrap().split(['{', '}']).enumerate() {
                // What stands between braces has an odd place.
                let piece = if at % 2 == 1 { format!("(?:{})", slot(part)) } else { regex::escape(part) };
                pattern.push_str(&piece);
            }
            patterns.push((id.to_owned(), Regex::new(&(pattern + "$")).unwrap()));
        }
    }
    patterns
}

#[test]
fn a_function_has_the_same_labels_in_every_language_and_part() {
    let mut labels = BTreeMap::new();
    for example in [examples_of(".eval.toml"), examples_of(".dev.toml")].concat() {
        let found = (example.targets, example.slices["tvec"].clone());
        let first = labels.entry(example.slices["function"].clone()).or_insert_with(|| found.clone());
        assert_eq!(*first, found, "{}", example.id);
    }
}

#[test]
fn the_manifests_measure_the_evaluation_part_and_nothing_else() {
    let manifests = ["recruitcheck", "recruitcheck_multilingual"].map(|name| {
        let path = sources::root().join(format!("eval/benchmarks/{name}.toml"));
        BenchmarkManifest::open(&path).unwrap()
    });
    for source in manifests.iter().flat_map(|m| &m.sources) {
        let bytes = fs_err::read(&source.path).unwrap();
        let now = sha256(&bytes);
        assert_eq!(
            source.sha256.as_ref(),
            Some(&now),
            "if the change is meant: source `{}`, sha256 = \"{now}\"",
            source.name
        );
    }
    let read = |m| cases::load(m, Path::new("no-data-is-needed")).unwrap().examples;
    let measured: BTreeSet<String> = manifests.iter().flat_map(read).map(|e| e.text).collect();
    let written: BTreeSet<String> = cases_of(Part::Evaluation).into_iter().map(|c| c.text).collect();
    assert_eq!(measured, written);
    let suite = suite();
    for pair in manifests.iter().flat_map(|m| &m.pair) {
        let expects =
            |ids: &[String], expected| ids.iter().all(|id| suite.function(id).unwrap().expected == expected);
        assert!(
            expects(&pair.hateful, Expected::Flag) && expects(&pair.benign, Expected::NoFlag),
            "{}",
            pair.name
        );
    }
}

#[test]
fn the_datasheet_counts_right() {
    let (evaluation, development) = (cases_of(Part::Evaluation), cases_of(Part::Development));
    let mut table =
        format!("| function | expected | TVEC | {} | all | development |\n", LANGUAGES.join(" | "));
    writeln!(table, "|---|---|---|{}", "---:|".repeat(LANGUAGES.len() + 2)).unwrap();
    let mut row = |name: &str, head: &str, keep: &dyn Fn(&&Case) -> bool| {
        let own: Vec<&Case> = evaluation.iter().filter(keep).collect();
        let count = |l: &&str| own.iter().filter(|c| c.language == **l).count().to_string();
        let counts = LANGUAGES.iter().map(count).collect::<Vec<_>>().join(" | ");
        let developed = development.iter().filter(keep).count();
        writeln!(table, "| {name} | {head} | {counts} | {} | {developed} |", own.len()).unwrap();
    };
    for f in &suite().functions {
        let expected = if f.expected == Expected::Flag { "flag" } else { "no flag" };
        row(&format!("`{}`", f.id), &format!("{expected} | {}", f.tvec.join(" ")), &|c| c.function == f.id);
    }
    row("all", " | ", &|_| true);
    let sheet = sources::read("eval/recruitcheck/README.md");
    assert!(sheet.contains(&table), "the table of eval/recruitcheck/README.md should be:\n{table}");
    assert!(sheet.contains(&format!("version {}", suite().version)));
    for (part, cases) in [("Evaluation", evaluation), ("Development", development)] {
        let templates = cases.iter().map(|c| &c.template).collect::<BTreeSet<_>>().len();
        let flags = cases.iter().filter(|c| c.expected == Expected::Flag).count();
        let claim = format!("{part}: {} cases from {templates} templates, {flags} to flag.", cases.len());
        assert!(sheet.contains(&claim), "the datasheet should say: {claim}");
    }
}

#[test]
fn the_command_writes_the_same_file_every_time() {
    let dir = tempfile::tempdir().unwrap();
    let folder = sources::root().join("eval/recruitcheck");
    let write = |file: &str, more: &[&str]| {
        let args = ["eval", "recruitcheck", "--suite", folder.to_str().unwrap(), "--out", file];
        run(dir.path(), &[&args, more].concat(), 0);
        fs_err::read_to_string(dir.path().join(file)).unwrap()
    };
    let all = write("a.csv", &["--part", "evaluation"]);
    assert_eq!(all, write("b.csv", &["--part", "evaluation"]));
    assert!(all.starts_with(
        "suite_version,id,language,part,function,expected,template,twin,group_kind,tvec,translation,text\n"
    ));
    assert_eq!(csv_rows(&all), cases_of(Part::Evaluation).len());
    let french = write("c.csv", &["--part", "development", "--language", "fr"]);
    assert!(french.lines().skip(1).all(|line| line.contains(",fr,development,")));
    let args = ["eval", "recruitcheck", "--suite", folder.to_str().unwrap(), "--out", "d.csv"];
    let (_, error) =
        run(dir.path(), &[&args[..], &["--part", "evaluation", "--language", "tlh"]].concat(), 2);
    assert!(error.contains("no evaluation part in `tlh`"), "{error}");
    let (_, error) = run(dir.path(), &[&args[..], &["--part", "test"]].concat(), 2);
    assert!(error.contains("use development or evaluation"), "{error}");
}

fn csv_rows(text: &str) -> usize {
    csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).count()
}

#[test]
fn a_suite_that_contradicts_itself_is_refused() {
    let functions = "version = \"1\"\n[[function]]\nid = \"join\"\ntitle = \"t\"\nexpected = \"flag\"\ntvec = [\"TVEC6\"]\n\
        twins = [\"news\"]\ndefinition = \"d\"\nrationale = \"r\"\n[[function]]\nid = \"news\"\ntitle = \"t\"\n\
        expected = \"no_flag\"\ntvec = [\"TVEC.01\"]\ndefinition = \"d\"\nrationale = \"r\"\n";
    let sound = "language = \"en\"\n[slices]\npart = \"evaluation\"\ntranslation = \"original\"\n\
        [kinds.yes]\nset = { extremism = 1 }\nslices = { tvec = \"TVEC6\" }\n\
        [kinds.no]\nset = { extremism = 0 }\nslices = { tvec = \"TVEC.01\" }\n\
        [[template]]\nid = \"a\"\nkind = \"yes\"\nfunction = \"join\"\ntwin = \"b\"\ntext = \"Come to Group A.\"\n\
        [[template]]\nid = \"b\"\nkind = \"no\"\nfunction = \"news\"\ntext = \"They went to Group A.\"\n";
    let dir = tempfile::tempdir().unwrap();
    fs_err::create_dir(dir.path().join("templates")).unwrap();
    fs_err::write(dir.path().join("functions.toml"), functions).unwrap();
    let read = |templates: &str| {
        fs_err::write(dir.path().join("templates/en.eval.toml"), templates).unwrap();
        Suite::open(dir.path()).unwrap().cases(Part::Evaluation, &["en".to_owned()])
    };
    assert_eq!(read(sound).unwrap().len(), 2);
    for (from, to, reason) in [
        ("function = \"news\"", "function = \"gossip\"", "no function `gossip`"),
        ("extremism = 0", "extremism = 1", "not labelled as its function `news` expects"),
        ("extremism = 0", "extremism = \"unknown\"", "not labelled"),
        ("twin = \"b\"\n", "", "a twin belongs to every template to flag"),
        ("twin = \"b\"", "twin = \"c\"", "its twin `c` must be"),
        ("twin = \"b\"", "twin = \"a\"", "its twin `a` must be"),
        ("\"evaluation\"", "\"development\"", "`part`"),
        ("language = \"en\"", "language = \"de\"", "`language`"),
        ("TVEC.01", "TVEC0", "other TVEC points"),
        ("translation = \"original\"", "", "has no `translation`"),
    ] {
        let error = read(&sound.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
