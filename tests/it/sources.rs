//! The files of the repository as text, for the tests that read them.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::path::{Path, PathBuf};

/// A file of the repository.
pub(crate) struct Source {
    /// From the root of the repository, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// `text` without comments and without what stands in string and character literals.
    pub(crate) code: String,
}

impl Source {
    /// The folder of `src` it belongs to; `None` for `main.rs` and `lib.rs`.
    pub(crate) fn module(&self) -> Option<&str> {
        let (module, _) = self.path.strip_prefix("src/")?.split_once('/')?;
        Some(module)
    }

    /// Whether it lies in a folder of `src`, or is a file of it: `store`, `cli/output.rs`.
    pub(crate) fn is_in(&self, place: &str) -> bool {
        let rest = self.path.strip_prefix("src/").and_then(|p| p.strip_prefix(place));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// All Rust files below a folder of the repository, sorted.
pub(crate) fn rust_under(folder: &str) -> Vec<Source> {
    let sources = files_under(folder, &["rs"]);
    assert!(!sources.is_empty(), "no Rust files under {folder}");
    sources
}

/// All files below a folder of the repository with one of these extensions, sorted. Hidden folders, `target` and
/// `data` are no part of the repository's text.
pub(crate) fn files_under(folder: &str, extensions: &[&str]) -> Vec<Source> {
    let mut paths = Vec::new();
    walk(&root().join(folder), &mut paths);
    paths.retain(|p| p.extension().is_some_and(|e| extensions.iter().any(|wanted| e == *wanted)));
    paths.sort();
    paths.iter().map(|path| open(path)).collect()
}

/// The text of one file of the repository.
pub(crate) fn read(path: &str) -> String {
    fs_err::read_to_string(root().join(path)).unwrap()
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names in a dependency section of `Cargo.toml`.
pub(crate) fn dependencies(section: &str) -> Vec<String> {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    manifest[section].as_table().unwrap().keys().cloned().collect()
}

fn open(path: &Path) -> Source {
    let text = fs_err::read_to_string(path).unwrap();
    let relative = path.strip_prefix(root()).unwrap();
    let path = relative.components().map(|c| c.as_os_str().to_str().unwrap()).collect::<Vec<_>>().join("/");
    Source { path, code: strip(&text), text }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let skipped = name.starts_with('.') || (folder == root() && ["target", "data"].contains(&name));
        if path.is_dir() && !skipped {
            walk(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

/// Blanks comments and the insides of literals.
pub(crate) fn strip(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => literal(rest, '"'),
            // A lifetime has no closing quote right behind it.
            '\'' if rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'') => literal(rest, '\''),
            'r' if out.ends_with(|c: char| !c.is_alphanumeric() && c != '_') => raw(rest).unwrap_or(0),
            _ => 0,
        };
        if skip == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            out.push(' ');
            rest = &rest[skip..];
        }
    }
    out
}

/// The length of a literal with escapes that begins here.
fn literal(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            return i + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

/// The length of a raw string that begins here.
fn raw(text: &str) -> Option<usize> {
    let hashes = text[1..].chars().take_while(|c| *c == '#').count();
    let body = text[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(1 + hashes + 1 + body.find(&end)? + end.len())
}
