//! The sentences of `docs/ARCHITECTURE.md` that can be held against the code. The two tables there are read, not
//! copied, so that the page and the code cannot drift apart.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::{self, Source};

/// Crates that may do arithmetic and strings with the nouns; everything else stays out of `domain` and `text`.
const PURE_CRATES: [&str; 9] = [
    "regex",
    "sha2",
    "thiserror",
    "time",
    "unicode_normalization",
    "unicode_segmentation",
    "uuid",
    "whatlang",
    "xxhash_rust",
];

#[test]
fn modules_use_only_what_the_table_allows() {
    let table = table("## Who may use whom");
    let allowed: BTreeMap<&str, BTreeSet<&str>> = table
        .iter()
        .map(|(modules, may_use)| (modules[0].as_str(), may_use.iter().map(String::as_str).collect()))
        .collect();
    let mut wrong = Vec::new();
    for source in sources::rust_under("src") {
        let Some(own) = source.module() else { continue };
        let Some(allowed) = allowed.get(own) else {
            wrong.push(format!("{}: `{own}` is not in the table", source.path));
            continue;
        };
        for used in crate_paths(&source.code) {
            if used != own && !allowed.contains(used) {
                wrong.push(format!("{}: `{own}` may not use `{used}`", source.path));
            }
        }
        if climbs_to_the_root(&source) {
            wrong.push(format!("{}: write crate::…, not super:: up to the root", source.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_belongs_to_one_place_stays_there() {
    let table = table("## What stands in one place only");
    assert!(table.len() >= 8, "the table of places was not found");
    let sources = sources::rust_under("src");
    let mut wrong = Vec::new();
    for (words, places) in &table {
        for word in words {
            for source in sources.iter().filter(|s| has_word(&s.code, word)) {
                if !places.iter().any(|place| source.is_in(place)) {
                    wrong.push(format!("{}: `{word}` belongs in {}", source.path, places.join(", ")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn domain_and_text_are_pure() {
    let crates = dependencies();
    let forbidden = crates.iter().map(String::as_str).filter(|c| !PURE_CRATES.contains(c));
    let forbidden: Vec<&str> =
        forbidden.chain(["std::fs", "std::net", "std::thread", "std::process", "std::io"]).collect();
    let mut wrong = Vec::new();
    for source in sources::rust_under("src").iter().filter(|s| s.is_in("domain") || s.is_in("text")) {
        // What tests use is their own affair.
        let code = source.code.split("mod tests").next().unwrap();
        for path in forbidden.iter().filter(|c| has_word(code, &format!("{c}::"))) {
            wrong.push(format!("{}: `{path}` in a pure module", source.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_summed_over_an_author() {
    for source in sources::files_under("src/store", &["rs", "sql"]) {
        let text = source.text.to_lowercase();
        for (at, _) in text.match_indices("group by").chain(text.match_indices("create index")) {
            let statement = text[at..].split([';', '"']).next().unwrap();
            assert!(!statement.contains("author"), "{}: {statement}", source.path);
        }
    }
}

/// The rows of the table that follows `heading`: what stands in backquotes in the first and the second column.
fn table(heading: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let page = sources::read("docs/ARCHITECTURE.md");
    let section = page.split(heading).nth(1).unwrap_or_else(|| panic!("no section `{heading}`"));
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        (quoted(cells[1]), quoted(cells[2]))
    })
    .collect()
}

/// The first segments of all `crate::…` paths, also of `use crate::{a::…, b}`.
fn crate_paths(code: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for (at, path) in code.match_indices("crate::") {
        let rest = &code[at + path.len()..];
        match rest.strip_prefix('{') {
            None => drop(found.insert(first_word(rest))),
            Some(group) => found.extend(group_members(group)),
        }
    }
    found.into_iter().filter(|name| !name.is_empty()).collect()
}

/// The first segments inside the braces that `group` stands behind.
fn group_members(group: &str) -> Vec<&str> {
    let (mut depth, mut expects_name, mut members) = (0, true, Vec::new());
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expects_name = true,
            c if expects_name && is_word(c) => {
                members.push(first_word(&group[i..]));
                expects_name = false;
            }
            _ => {}
        }
    }
    members
}

/// Whether a chain of `super::` leaves the folder of `src` that the file is in. A chain inside an inline module
/// may be one longer.
fn climbs_to_the_root(source: &Source) -> bool {
    let depth = source.path.trim_end_matches("/mod.rs").matches('/').count();
    let inline = usize::from(source.code.contains("mod tests {"));
    source.code.contains(&"super::".repeat(depth + inline))
}

/// Whether `word` stands in `code`, not as a part of a longer name or path.
fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let ends_itself = word.ends_with([':', '!']);
        before.is_none_or(|c| !is_word(c)) && (ends_itself || after.is_none_or(|c| !is_word(c)))
    })
}

fn first_word(text: &str) -> &str {
    text.split(|c| !is_word(c)).next().unwrap_or_default()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The crates of `[dependencies]` as they are written in code.
fn dependencies() -> Vec<String> {
    sources::dependencies("dependencies").iter().map(|name| name.replace('-', "_")).collect()
}

#[test]
fn the_readers_of_this_file_see_what_is_there() {
    let code = sources::strip("use crate::{a::{b, c}, d}; // crate::e\nlet s = \"crate::f\"; crate::g::h();");
    assert_eq!(crate_paths(&code).into_iter().collect::<Vec<_>>(), ["a", "d", "g"]);
    assert!(has_word("sqlx::query()", "sqlx") && !has_word("my_sqlx", "sqlx"));
    assert!(has_word("eprintln!(x)", "eprintln!") && !has_word("eprintln!(x)", "println!"));
    let literals = sources::strip("let c = '\"'; let l: &'a str = r#\"sqlx \" \"#; /* axum */ x('\\'')");
    assert!(!literals.contains("sqlx") && !literals.contains("axum") && literals.contains("&'a str"));
}
