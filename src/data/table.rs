//! Files as tables: named columns, and rows of fields that may be missing. CSV, TSV, JSON lines, JSON
//! arrays, Parquet and plain lines all become this.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value as Json;

use crate::data::encoding::Encoding;
use crate::data::error::Error;
use crate::data::parquet_rows;
use crate::data::source::{Format, Layout, Ragged};

/// A file's rows. A field is `None` when the file does not have it, which is not the same as empty.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Row>,
}

#[derive(Debug)]
pub(super) struct Row {
    /// 1-based line of the file.
    pub(super) line: u64,
    pub(super) fields: Vec<Option<String>>,
}

impl Table {
    /// Position of a column.
    pub(super) fn column(&self, path: &Path, name: &str) -> Result<usize, Error> {
        self.columns.iter().position(|c| c == name.trim()).ok_or_else(|| Error::Column {
            path: path.to_owned(),
            column: name.to_owned(),
            columns: self.columns.join(", "),
        })
    }
}

/// Reads a whole file. In a file that should be UTF-8, other bytes become U+FFFD and are counted in the log.
pub(super) fn read(path: &Path, name: &str, format: Format, layout: &Layout) -> Result<Table, Error> {
    let source = |problem: String| Error::Source { name: name.to_owned(), problem };
    if format == Format::Parquet {
        if layout.encoding != Encoding::default() {
            return Err(source(
                "a Parquet file says itself how it is encoded; leave out `encoding`".to_owned(),
            ));
        }
        return objects_to_table(path, parquet_rows::read(path, name)?);
    }
    let bytes = fs_err::read(path).map_err(|source| Error::Io { name: name.to_owned(), source })?;
    let text = layout.encoding.decode(&bytes).map_err(|problem| Error::Row {
        path: path.to_owned(),
        line: problem.line,
        problem: problem.to_string(),
    })?;
    if layout.encoding == Encoding::Utf8 && matches!(text, std::borrow::Cow::Owned(_)) {
        let count = text.matches('\u{FFFD}').count();
        tracing::warn!(source = name, count, "bytes that are not UTF-8 were replaced");
    }
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    match format {
        Format::Csv => delimited(path, name, text, layout, ','),
        Format::Tsv => delimited(path, name, text, layout, '\t'),
        Format::Jsonl => json_lines(path, text),
        Format::Json => json_array(path, text),
        Format::Lines => Ok(lines(text)),
        Format::Parquet => unreachable!("read above, since it is not text"),
        Format::Templates => Err(source("a template file is no table; it cannot be joined".to_owned())),
    }
}

fn delimited(path: &Path, name: &str, text: &str, layout: &Layout, delimiter: char) -> Result<Table, Error> {
    let ascii = |c: char| {
        u8::try_from(c).map_err(|_| Error::Source {
            name: name.to_owned(),
            problem: format!("`{c}` is not one byte; delimiter and terminator must be"),
        })
    };
    let mut builder = csv::ReaderBuilder::new();
    builder
        .delimiter(ascii(layout.delimiter.unwrap_or(delimiter))?)
        .quoting(layout.quoting)
        .has_headers(layout.columns.is_none())
        .flexible(true);
    if let Some(terminator) = layout.terminator {
        builder.terminator(csv::Terminator::Any(ascii(terminator)?));
    }
    let mut reader = builder.from_reader(text.as_bytes());
    let bad = |line: u64, problem: String| Error::Row { path: path.to_owned(), line, problem };
    let columns: Vec<String> = match &layout.columns {
        Some(columns) => columns.clone(),
        None => {
            reader.headers().map_err(|e| bad(1, e.to_string()))?.iter().map(|h| h.trim().to_owned()).collect()
        }
    };
    let mut table = Table { columns, rows: Vec::new() };
    let mut skipped = 0_usize;
    for record in reader.records() {
        let record = record.map_err(|e| bad(e.position().map_or(0, csv::Position::line), e.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != table.columns.len() {
            if layout.ragged == Ragged::Error {
                let (got, expected) = (record.len(), table.columns.len());
                return Err(bad(
                    line,
                    format!(
                        "{got} fields where {expected} were expected; check `delimiter`, `quoting` and `terminator`, or set `ragged = \"skip\"`"
                    ),
                ));
            }
            skipped += 1;
            continue;
        }
        table.rows.push(Row { line, fields: record.iter().map(|f| Some(f.to_owned())).collect() });
    }
    if skipped > 0 {
        tracing::warn!(source = name, skipped, "rows with too few or too many fields were left out");
    }
    Ok(table)
}

fn lines(text: &str) -> Table {
    let rows = text
        .split_terminator('\n')
        .zip(1..)
        .map(|(text, line)| Row { line, fields: vec![Some(text.trim_end_matches('\r').to_owned())] })
        .collect();
    Table { columns: vec!["text".to_owned()], rows }
}

fn json_lines(path: &Path, text: &str) -> Result<Table, Error> {
    let mut objects = Vec::new();
    for (text, line) in text.split('\n').zip(1..).filter(|(text, _)| !text.trim().is_empty()) {
        let value = serde_json::from_str(text).map_err(|e| Error::Row {
            path: path.to_owned(),
            line,
            problem: json_problem(&e),
        })?;
        objects.push((line, value));
    }
    objects_to_table(path, objects)
}

fn json_array(path: &Path, text: &str) -> Result<Table, Error> {
    let values: Vec<Json> = serde_json::from_str(text).map_err(|e| Error::Row {
        path: path.to_owned(),
        line: e.line() as u64,
        problem: json_problem(&e),
    })?;
    objects_to_table(path, (1..).zip(values).collect())
}

/// serde_json's message without the value it met, which could be a text.
fn json_problem(error: &serde_json::Error) -> String {
    format!("not the JSON that was expected, at column {} ({:?} error)", error.column(), error.classify())
}

fn objects_to_table(path: &Path, objects: Vec<(u64, Json)>) -> Result<Table, Error> {
    let mut flat = Vec::with_capacity(objects.len());
    let mut names = BTreeSet::new();
    for (line, value) in objects {
        let Json::Object(map) = value else {
            let problem = "not a JSON object; every row must be one".to_owned();
            return Err(Error::Row { path: path.to_owned(), line, problem });
        };
        let mut fields = BTreeMap::new();
        for (name, value) in map {
            flatten(name, value, &mut fields);
        }
        names.extend(fields.keys().cloned());
        flat.push((line, fields));
    }
    let columns: Vec<String> = names.into_iter().collect();
    let rows = flat
        .into_iter()
        .map(|(line, mut fields)| Row { line, fields: columns.iter().map(|c| fields.remove(c)).collect() })
        .collect();
    Ok(Table { columns, rows })
}

/// Scalars as their text, objects as `outer.inner`, arrays as JSON; `null` is a missing field.
fn flatten(name: String, value: Json, out: &mut BTreeMap<String, String>) {
    match value {
        Json::Null => {}
        Json::String(text) => {
            out.insert(name, text);
        }
        Json::Object(map) => {
            for (inner, value) in map {
                flatten(format!("{name}.{inner}"), value, out);
            }
        }
        other => {
            out.insert(name, other.to_string());
        }
    }
}
