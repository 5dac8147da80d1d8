//! From lines, JSON lines or CSV to texts, one at a time and in bounded memory.
//!
//! What is wrong with one text is a [`Problem`] in its place; only a source that cannot be read on is an
//! error. No problem repeats what was read: it could be a text.

use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read};

use anyhow::Context as _;
use serde_json::{Number, Value};

use crate::cli::classify::records::Csv;
use crate::domain::text::{Text, TextError};
use crate::inference::error::Error as ModelError;

/// Longest text, in bytes: the most that the service can be set to take.
const MAX_TEXT: usize = 1 << 20;
/// Longest line or CSV record, in bytes: such a text with every character escaped, and room for other fields.
pub(super) const MAX_RECORD: u64 = 16 << 20;

/// How texts are written, and where in it the text and its id are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One text per line.
    Lines,
    /// One JSON object per line; the id may be missing.
    Jsonl { text: String, id: String },
    /// With a header line. An id column that is named must be there; otherwise `id` is one if it is there.
    Csv { text: String, id: Option<String> },
}

/// One text of the input, or what is wrong with it.
#[derive(Debug)]
pub(super) struct Entry {
    /// 1-based line on which it begins.
    pub(super) line: u64,
    pub(super) id: Option<Id>,
    pub(super) text: Result<Text, Problem>,
}

/// What the input calls a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Id {
    Text(String),
    Number(Number),
}

/// Why a text was not assessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// For programs; the service's code where it has the same one.
    pub(super) code: &'static str,
    /// For people.
    pub(super) message: String,
}

impl Problem {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(super) fn not_assessed(error: &ModelError) -> Self {
        Self::new("not_assessed", error.to_string())
    }
}

/// Reads one text after the other.
pub(super) struct Reader(Kind);

enum Kind {
    Lines(Lines),
    Jsonl { lines: Lines, text: String, id: String },
    Csv(Csv),
}

impl Reader {
    /// # Errors
    /// When a CSV has no header line that can be read, or not the columns that were named.
    pub(super) fn open(source: Box<dyn Read>, layout: &Layout) -> anyhow::Result<Self> {
        let lines = |source| Lines { source: BufReader::new(source), line: 0, position: 0 };
        Ok(Self(match layout {
            Layout::Lines => Kind::Lines(lines(source)),
            Layout::Jsonl { text, id } => {
                Kind::Jsonl { lines: lines(source), text: text.clone(), id: id.clone() }
            }
            Layout::Csv { text, id } => Kind::Csv(Csv::open(lines(source), text, id.as_deref())?),
        }))
    }

    /// Bytes of the input that the entries so far took.
    pub(super) fn position(&self) -> u64 {
        match &self.0 {
            Kind::Lines(lines) | Kind::Jsonl { lines, .. } => lines.position,
            Kind::Csv(csv) => csv.lines.position,
        }
    }
}

impl Iterator for Reader {
    type Item = anyhow::Result<Entry>;

    /// After an error there is nothing more to be had.
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Kind::Lines(lines) => lines.next_entry(|raw| (None, parse(raw))),
            Kind::Jsonl { lines, text, id } => lines.next_entry(|raw| object(&raw, text, id)),
            Kind::Csv(csv) => csv.next_entry().transpose(),
        }
    }
}

pub(super) type Parsed = (Option<Id>, Result<Text, Problem>);

pub(super) fn parse(raw: String) -> Result<Text, Problem> {
    Text::parse(raw, MAX_TEXT).map_err(|error| match error {
        TextError::Empty => Problem::new("empty_text", "text is empty; give at least one visible character"),
        TextError::TooLong { got, limit } => {
            Problem::new("text_too_long", format!("text is {got} bytes, the limit is {limit}; split it"))
        }
    })
}

pub(super) fn utf8(raw: Vec<u8>) -> Result<String, Problem> {
    String::from_utf8(raw).map_err(|_| Problem::new("not_utf8", "not UTF-8; convert the input first"))
}

/// The lines of the input.
pub(super) struct Lines {
    pub(super) source: BufReader<Box<dyn Read>>,
    /// How many were read, so also the number of the last one.
    pub(super) line: u64,
    /// How many bytes were read.
    pub(super) position: u64,
}

/// A line with its line break, or why it was not kept.
pub(super) type Line = Result<Vec<u8>, Problem>;

impl Lines {
    fn next_entry(&mut self, parse: impl FnOnce(String) -> Parsed) -> Option<anyhow::Result<Entry>> {
        let line = match self.next_filled().transpose()? {
            Ok(line) => line,
            Err(error) => return Some(Err(error)),
        };
        let (id, text) = match line.map(without_break).and_then(utf8) {
            Ok(raw) => parse(raw),
            Err(problem) => (None, Err(problem)),
        };
        Some(Ok(Entry { line: self.line, id, text }))
    }

    /// The next line that is not blank.
    pub(super) fn next_filled(&mut self) -> anyhow::Result<Option<Line>> {
        loop {
            match self.next_line().with_context(|| format!("cannot read on after line {}", self.line))? {
                Some(Ok(line)) if line.trim_ascii().is_empty() => {}
                other => return Ok(other),
            }
        }
    }

    pub(super) fn next_line(&mut self) -> io::Result<Option<Line>> {
        let mut raw = Vec::new();
        let read = self.source.by_ref().take(MAX_RECORD).read_until(b'\n', &mut raw)? as u64;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        self.position += read;
        if read == MAX_RECORD && raw.last() != Some(&b'\n') {
            self.position += self.source.skip_until(b'\n')? as u64;
            let message = format!("the line is {MAX_RECORD} bytes or longer; split it");
            return Ok(Some(Err(Problem::new("line_too_long", message))));
        }
        if self.line == 1 && raw.starts_with(b"\xef\xbb\xbf") {
            raw.drain(..3);
        }
        Ok(Some(Ok(raw)))
    }
}

pub(super) fn without_break(mut raw: Vec<u8>) -> Vec<u8> {
    if raw.pop_if(|b| *b == b'\n').is_some() {
        raw.pop_if(|b| *b == b'\r');
    }
    raw
}

/// Text and id of a JSON object.
fn object(raw: &str, text: &str, id: &str) -> Parsed {
    let mut fields = match serde_json::from_str(raw) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => return (None, Err(Problem::new("invalid_json", "the line is JSON, but not an object"))),
        Err(error) => {
            let message = format!("the line is not JSON: it breaks off at column {}", error.column());
            return (None, Err(Problem::new("invalid_json", message)));
        }
    };
    let id = match fields.get(id) {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(Id::Text(id.clone())),
        // A fraction, or too large to be kept exactly.
        Some(Value::Number(number)) if !number.is_f64() => Some(Id::Number(number.clone())),
        Some(_) => {
            let message = format!("`{id}` is not an id: write it as a string or a whole number");
            return (None, Err(Problem::new("invalid_id", message)));
        }
    };
    let parsed = match fields.get_mut(text).map(Value::take) {
        Some(Value::String(raw)) => parse(raw),
        Some(_) => Err(Problem::new("missing_text", format!("field `{text}` is not a string"))),
        None => {
            let message = format!("there is no field `{text}`; name the field of the text with --field");
            Err(Problem::new("missing_text", message))
        }
    };
    (id, parsed)
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("position", &self.position()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
