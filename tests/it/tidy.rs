//! Habits of the house that a machine can check: small files that say what they are, documents whose links lead
//! somewhere, dependencies with a reason.

use crate::sources::{self, Source};

const MOST_LINES: usize = 500;
/// What it takes to change one file more than anybody wants to read in one go; tests may tell longer stories.
const MOST_TEST_LINES: usize = 600;
/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 6] = ["utils", "util", "common", "helpers", "helper", "manager"];

fn fail_with(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn everything() -> Vec<Source> {
    let written = ["rs", "md", "toml", "html", "css", "js", "sql", "py", "sh", "yml"];
    let mut files = sources::files_under("", &written);
    files.retain(|f| f.path != "Cargo.lock");
    files
}

fn ours() -> Vec<Source> {
    sources::rust_under("src").into_iter().chain(sources::rust_under("tests")).collect()
}

#[test]
fn every_source_file_says_what_it_is() {
    let sources = ours();
    let silent = sources.iter().filter(|s| !s.text.starts_with("//! "));
    fail_with(&silent.map(|s| format!("{}: does not open with `//! `", s.path)).collect::<Vec<_>>());
}

#[test]
fn files_are_short() {
    let mut wrong = Vec::new();
    for (folder, most) in [("src", MOST_LINES), ("tests", MOST_TEST_LINES)] {
        for source in sources::rust_under(folder) {
            let lines = source.text.lines().count();
            if lines > most {
                wrong.push(format!("{}: {lines} lines, at most {most}; split it", source.path));
            }
        }
    }
    fail_with(&wrong);
}

#[test]
fn names_say_what_is_inside() {
    let sources = ours();
    let segments = |s: &Source| -> bool {
        s.path.trim_end_matches(".rs").split('/').any(|part| EMPTY_NAMES.contains(&part))
    };
    let empty = sources.iter().filter(|s| segments(s));
    fail_with(&empty.map(|s| format!("{}: name it after what it holds", s.path)).collect::<Vec<_>>());
}

#[test]
fn nothing_is_left_to_do_and_no_line_ends_in_blanks() {
    // Put together here so that this file does not contain it.
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat()];
    let mut wrong = Vec::new();
    for file in everything() {
        for (number, line) in file.text.lines().enumerate() {
            let place = format!("{}:{}", file.path, number + 1);
            if marks.iter().any(|mark| line.contains(mark)) {
                wrong.push(format!("{place}: do it, or open an issue"));
            }
            if line.ends_with([' ', '\t']) {
                wrong.push(format!("{place}: ends in blanks"));
            }
        }
        if !file.text.is_empty() && !file.text.ends_with('\n') {
            wrong.push(format!("{}: has no line break at its end", file.path));
        }
    }
    fail_with(&wrong);
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    let mut wrong = Vec::new();
    for file in everything() {
        for (number, line) in file.text.lines().enumerate() {
            let home = ["/home/", "/root/", "/Users/", "/work/", "C:\\Users"];
            if home.iter().any(|h| line.contains(h)) && file.path != "tests/it/tidy.rs" {
                wrong.push(format!("{}:{}: a path of one machine", file.path, number + 1));
            }
        }
    }
    fail_with(&wrong);
}

#[test]
fn links_of_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    for page in sources::files_under("", &["md"]) {
        let folder = sources::root().join(&page.path);
        let folder = folder.parent().unwrap();
        for target in links(&page.text) {
            let file = target.split('#').next().unwrap();
            if !file.is_empty() && !folder.join(file).exists() {
                wrong.push(format!("{}: `{target}` is not there", page.path));
            }
        }
    }
    fail_with(&wrong);
}

/// The targets of `[…](target)` outside code, those of other hosts left out.
fn links(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    let targets = prose.flat_map(|part| part.split("](").skip(1)).filter_map(|rest| rest.split(')').next());
    targets.filter(|t| !t.contains("://") && !t.starts_with("mailto:")).collect()
}

#[test]
fn every_dependency_has_its_reason() {
    let page = sources::read("docs/DEPENDENCIES.md");
    let named = |name: &String| page.lines().any(|line| line.starts_with(&format!("| `{name}` |")));
    let mut wrong = Vec::new();
    for section in ["dependencies", "dev-dependencies"] {
        let names = sources::dependencies(section);
        wrong.extend(
            names.iter().filter(|n| !named(n)).map(|n| format!("{n}: no line in docs/DEPENDENCIES.md")),
        );
    }
    fail_with(&wrong);
}

#[test]
fn every_dependency_is_used() {
    let code: String = sources::rust_under("src").into_iter().map(|s| s.code).collect();
    let page = sources::read("docs/DEPENDENCIES.md");
    let mut wrong = Vec::new();
    for name in sources::dependencies("dependencies") {
        let written = name.replace('-', "_");
        let used = code.match_indices(&written).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            let follows = &code[at + written.len()..];
            before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
                && (follows.starts_with("::") || follows.starts_with(';'))
        });
        // Some are named for a feature only.
        let excused =
            page.lines().any(|l| l.starts_with(&format!("| `{name}` |")) && l.contains("feature only"));
        if !used && !excused {
            wrong.push(format!("{name}: no code uses it; take it out of Cargo.toml"));
        }
    }
    fail_with(&wrong);
}
