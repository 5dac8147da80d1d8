//! Tests of the readers on tiny made-up files.

use std::path::Path;

use super::*;
use crate::domain::taxonomy::{Category, Context};

fn source(toml: &str) -> Source {
    toml::from_str(&format!("name = \"tiny\"\nlicence = \"CC0-1.0\"\n{toml}")).unwrap()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs_err::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn texts(examples: &[Example]) -> Vec<&str> {
    examples.iter().map(|e| &*e.text).collect()
}

#[test]
fn a_csv_with_labels_conditions_and_slices() {
    let data = folder(&[(
        "a.csv",
        "id,text,label,part,kind\n1,\"one, two\",1,train,x\n2,three,0,train,\n3,four,1,test,y\n4,five,maybe,train,z\n5,  ,1,train,z\n",
    )]);
    let source = source(
        r#"
        path = "a.csv"
        format = "csv"
        id = "id"
        language = "en"
        slices = ["kind"]
        where = [{ column = "part", is = ["train"] }]
        set = { threat = 0, "extremism/support" = 0 }
        labels = [
          { column = "label", is = ["1"], set = { hate = 1, threat = "unknown" }, context = "reporting" },
          { column = "label", is = ["0"], set = { hate = 0, extremism = 0 } },
        ]"#,
    );
    let read = read(&source, data.path()).unwrap();
    assert_eq!(texts(&read), ["one, two", "three", "five"]);
    assert_eq!(
        read.iter().map(|e| e.targets.get(Category::Hate)).collect::<Vec<_>>(),
        [Some(true), Some(false), None]
    );
    assert_eq!(read[0].targets.get(Category::Threat), None);
    assert_eq!(read[1].targets.get(Category::Threat), Some(false));
    assert_eq!(read[0].targets.get(Category::Recruitment), None, "not said is unknown");
    assert_eq!(read[0].targets.context, Some(Context::Reporting));
    assert_eq!((read[0].targets.extremism, read[1].targets.extremism), (None, Some(false)));
    assert_eq!(read[2].id, "4");
    assert_eq!(read[0].slices["kind"], "x");
    assert_eq!(read[0].language.as_deref(), Some("en"));
}

#[test]
fn a_headless_tsv_without_quoting_and_with_entities() {
    let data = folder(&[("a.tsv", "2\tsay \"hi\tnow &amp; then\n")]);
    let source = source(
        "path = \"a.tsv\"\nformat = \"tsv\"\nquoting = false\ncolumns = [\"label\", \"title\", \"body\"]\ntext = [\"title\", \"body\"]\nunescape = true",
    );
    assert_eq!(texts(&read(&source, data.path()).unwrap()), ["say \"hi now & then"]);
}

#[test]
fn a_ragged_row_is_refused_with_its_line_or_left_out() {
    let data = folder(&[("a.csv", "text,label\none,1\ntwo\nthree,0\n")]);
    let strict = "path = \"a.csv\"\nformat = \"csv\"";
    let error = read(&source(strict), data.path()).unwrap_err().to_string();
    assert!(error.contains("a.csv line 3: 1 fields where 2 were expected"), "{error}");
    let lenient = format!("{strict}\nragged = \"skip\"");
    assert_eq!(texts(&read(&source(&lenient), data.path()).unwrap()), ["one", "three"]);
}

#[test]
fn json_lines_keep_missing_apart_from_zero() {
    let data = folder(&[(
        "a.jsonl",
        "{\"text\":\"one\",\"H\":1,\"lang\":\"en\",\"in\":{\"V\":false}}\n{\"text\":\"two\",\"H\":null,\"lang\":\"de\",\"in\":{\"V\":true}}\n",
    )]);
    let source = source(
        r#"
        path = "a.jsonl"
        format = "jsonl"
        language = { column = "lang" }
        labels = [
          { column = "H", at_least = 0.5, set = { hate = 1 } },
          { column = "H", below = 0.5, set = { hate = 0 } },
          { column = "in.V", is = ["true"], set = { threat = 1 } },
        ]"#,
    );
    let read = read(&source, data.path()).unwrap();
    assert_eq!(read[0].targets.get(Category::Hate), Some(true));
    assert_eq!(read[1].targets.get(Category::Hate), None);
    assert_eq!(read[1].targets.get(Category::Threat), Some(true));
    assert_eq!(read[1].language.as_deref(), Some("de"));
}

#[test]
fn files_are_joined_by_line_by_key_and_by_digest() {
    let digest = sha256(b"one");
    let data = folder(&[
        ("a.txt", "one\ntwo\n"),
        ("labels.txt", "1\n0\n"),
        ("keys.csv", "post,class\ntwo,x\n"),
        ("hashes.csv", &format!("hash,split\n{},test\n", &digest[..16])),
    ]);
    let base = "path = \"a.txt\"\nformat = \"lines\"\n";
    let rule = "labels = [{ column = \"l\", is = [\"1\"], set = { hate = 1 } }]\n";
    let by_line =
        format!("{base}{rule}join = {{ path = \"labels.txt\", format = \"csv\", columns = [\"l\"] }}");
    let examples = read(&source(&by_line), data.path()).unwrap();
    assert_eq!(
        examples.iter().map(|e| e.targets.get(Category::Hate)).collect::<Vec<_>>(),
        [Some(true), None]
    );
    let by_key =
        format!("{base}join = {{ path = \"keys.csv\", format = \"csv\", on = \"text\", key = \"post\" }}");
    assert_eq!(texts(&read(&source(&by_key), data.path()).unwrap()), ["two"]);
    let optional = by_key.replace("key = \"post\"", "key = \"post\", optional = true");
    assert_eq!(read(&source(&optional), data.path()).unwrap().len(), 2);
    let prefixed = by_key.replace("key = \"post\"", "key = \"post\", prefix = \"k.\"");
    let prefixed = format!("{prefixed}\nslices = [\"k.class\", \"k.post\"]");
    assert_eq!(read(&source(&prefixed), data.path()).unwrap()[0].slices["k.class"], "x");
    let by_digest = format!(
        "{base}join = {{ path = \"hashes.csv\", format = \"csv\", on = \"text\", key = \"hash\", digest = \"sha256_16\" }}\nwhere = [{{ column = \"split\", is = [\"test\"] }}]"
    );
    assert_eq!(texts(&read(&source(&by_digest), data.path()).unwrap()), ["one"]);
}

#[test]
fn halves_are_disjoint_and_complete_and_caps_are_stable() {
    let all = (0..200).map(|i| format!("sentence number {i}")).collect::<Vec<_>>().join("\n");
    let data = folder(&[("a.txt", &all)]);
    let half = |name: &str| {
        let text = format!("path = \"a.txt\"\nformat = \"lines\"\nhalf = \"{name}\"");
        read(&source(&text), data.path()).unwrap()
    };
    let (train, eval) = (half("train"), half("eval"));
    assert_eq!(train.len() + eval.len(), 200);
    assert!(train.len() > 60 && eval.len() > 60, "{} {}", train.len(), eval.len());
    let cap = |n: usize| {
        read(&source(&format!("path = \"a.txt\"\nformat = \"lines\"\ncap = {n}")), data.path()).unwrap()
    };
    let (ten, twenty) = (cap(10), cap(20));
    assert_eq!((ten.len(), twenty.len()), (10, 20));
    assert!(texts(&ten).iter().all(|t| texts(&twenty).contains(t)));
}

#[test]
fn long_texts_are_cut_and_repeats_left_out() {
    let data = folder(&[("a.txt", "[X] First sentence here. Second sentence here.\n[X] Again.\nAGAIN!\n")]);
    let text = "path = \"a.txt\"\nformat = \"lines\"\nstrip = '\\[X\\] '\ndistinct = true\nchunk_chars = 30";
    let read = read(&source(text), data.path()).unwrap();
    assert_eq!(texts(&read), ["First sentence here.", "Second sentence here.", "Again."]);
    assert_eq!(read[0].group, read[1].group);
    assert!(read[0].group.is_some() && read[2].group.is_none());
    assert_eq!(read[1].id, "1#2");
}

#[test]
fn mistakes_are_named() {
    let data = folder(&[("a.csv", "text\none\n")]);
    let base = "path = \"a.csv\"\nformat = \"csv\"\n";
    for (more, expected) in [
        ("sha256 = \"00\"", "expects 00"),
        ("text = \"body\"", "has no column `body`; it has text"),
        ("set = { hatred = 1 }", "`hatred` is not a category"),
        ("set = { hate = 2 }", "use 1, 0 or"),
        ("context = \"sermon\"", "`sermon` is not a context"),
        ("strip = \"(\"", "no regular expression"),
    ] {
        let error = read(&source(&format!("{base}{more}")), data.path()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(toml::from_str::<Source>(&format!("name = \"a\"\nlicence = \"b\"\n{base}colour = 1")).is_err());
    assert!(toml::from_str::<Source>(&format!("name = \"a\"\n{base}")).is_err(), "a licence is required");
}

#[test]
fn templates_expand_the_same_way_each_time() {
    let data = folder(&[(
        "t.toml",
        r#"
        max = 3
        [slots]
        who = ["a", "b", "c"]
        when = ["now", "later"]
        [kinds.join]
        set = { "extremism/recruitment" = 1 }
        context = "none"
        [[template]]
        id = "one"
        kind = "join"
        function = "join"
        text = "{who} comes {when}."
        [[template]]
        id = "two"
        twin = "one"
        text = ["Nobody comes."]
        set = { "extremism/recruitment" = 0 }
        "#,
    )]);
    let mut source = source("path = \"./t.toml\"\nformat = \"templates\"\nlanguage = \"en\"");
    assert!(read(&source, Path::new("elsewhere")).unwrap_err().to_string().contains("relative to a recipe"));
    source.resolve(data.path());
    let examples = read(&source, Path::new("elsewhere")).unwrap();
    assert_eq!(examples.len(), 4);
    assert!(examples[..3].iter().all(|e| e.targets.get(Category::Recruitment) == Some(true)));
    assert!(examples[0].text.starts_with(char::is_uppercase), "{}", examples[0].text);
    assert_eq!(examples[0].group.as_deref(), Some("one"));
    assert_eq!(examples[3].slices["twin"], "one");
    assert_eq!(examples, read(&source, Path::new("elsewhere")).unwrap());
}

#[test]
fn a_file_is_read_in_its_encoding() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("a.csv"), b"text,label\nCaf\xE9 na\xEFf,1\n").unwrap();
    let base = "path = \"a.csv\"\nformat = \"csv\"\n";
    let latin = source(&format!("{base}encoding = \"latin-1\""));
    assert_eq!(texts(&read(&latin, folder.path()).unwrap()), ["Café naïf"]);
    let utf8 = read(&source(base), folder.path()).unwrap();
    assert!(utf8[0].text.contains('\u{FFFD}'), "repaired, and counted in the log");
    let error = read(&source(&format!("{base}encoding = \"utf-16\"")), folder.path()).unwrap_err();
    assert!(error.to_string().contains("line 1: not UTF-16"), "{error}");
    let unknown =
        toml::from_str::<Source>(&format!("name = \"a\"\nlicence = \"b\"\n{base}encoding = \"koi8\""));
    assert!(unknown.unwrap_err().message().contains("koi8"));
}

#[test]
fn a_template_file_says_its_language_its_slices_and_the_sort_of_what_fills_a_slot() {
    let data = folder(&[(
        "t.toml",
        r#"
        language = "de"
        [slices]
        part = "development"
        [slots.group]
        real = ["R"]
        placeholder = ["P", "Q"]
        [kinds.join]
        set = { "extremism/recruitment" = 1 }
        slices = { tvec = "TVEC6" }
        [[template]]
        id = "one"
        kind = "join"
        twin = ["two", "three"]
        text = "{group} und {group}"
        [[template]]
        id = "two"
        slices = { part = "evaluation", checked = "yes" }
        text = "Niemand"
        "#,
    )]);
    let mut source = source("path = \"./t.toml\"\nformat = \"templates\"");
    source.resolve(data.path());
    let examples = read(&source, Path::new("elsewhere")).unwrap();
    let sorts: BTreeMap<&str, &str> =
        examples[..3].iter().map(|e| (e.text.as_str(), e.slices["group_kind"].as_str())).collect();
    assert_eq!(sorts, [("P und P", "placeholder"), ("Q und Q", "placeholder"), ("R und R", "real")].into());
    assert_eq!(
        (examples[0].slices["tvec"].as_str(), examples[0].slices["twin"].as_str()),
        ("TVEC6", "two three")
    );
    assert!(!examples[3].slices.contains_key("group_kind") && !examples[3].slices.contains_key("tvec"));
    assert!(examples.iter().all(|e| e.language.as_deref() == Some("de")));
    let parts: Vec<&str> = examples.iter().map(|e| e.slices["part"].as_str()).collect();
    assert_eq!(parts, ["development", "development", "development", "evaluation"]);
    assert_eq!(examples[3].slices["checked"], "yes");
    source.language = Some(Language::Code("at".to_owned()));
    assert_eq!(read(&source, Path::new("elsewhere")).unwrap()[0].language.as_deref(), Some("at"));
}

#[test]
fn a_source_chooses_among_templates_and_says_how_many_expansions() {
    let file = r#"
        max = 2
        [slots]
        day = ["today", "on Monday", "on Friday", "this week"]
        [kinds.club]
        set = { extremism = 0 }
        slices = { part = "ordinary" }
        [kinds.other]
        set = { extremism = 1 }
        slices = { part = "made up" }
        [[template]]
        id = "a"
        kind = "club"
        max = 1
        text = "The choir sings {day}."
        [[template]]
        id = "b"
        kind = "other"
        text = "Zorblax meets {day}."
    "#;
    let data = folder(&[("t.toml", file)]);
    let read_with = |more: &str| {
        read(&source(&format!("path = \"t.toml\"\nformat = \"templates\"\n{more}")), data.path())
    };
    assert_eq!(read_with("").unwrap().len(), 3);
    let all = read_with("expansions = 9").unwrap();
    assert_eq!(all.len(), 8, "four days, two templates; the template's own number is overridden");
    let few = read_with("expansions = 3").unwrap();
    assert!(few.iter().all(|e| all.iter().any(|other| other.text == e.text)));
    assert_eq!(few.len(), 6);
    let chosen = read_with("expansions = 3\nwhere = [{ column = \"part\", is = [\"ordinary\"] }]").unwrap();
    assert!(chosen.iter().all(|e| e.group.as_deref() == Some("a") && e.targets.extremism == Some(false)));
    assert_eq!(chosen.len(), 3);
    let error = read_with("where = [{ column = \"prat\", is = [\"ordinary\"] }]").unwrap_err().to_string();
    assert!(error.contains("slice `prat`"), "{error}");
    assert_eq!(read_with("half = \"train\"").unwrap().len() + read_with("half = \"eval\"").unwrap().len(), 3);
}
