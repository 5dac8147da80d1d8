//! CSV records with exact lines and in bounded memory.

use anyhow::Context as _;

use crate::cli::classify::read::{Entry, Id, Lines, MAX_RECORD, Parsed, Problem, parse, utf8, without_break};
use crate::cli::output::Hint;

/// Records of a CSV with a header line. They are cut apart here and taken apart by the `csv` crate: that way
/// the line of each is exact, and its memory bounded.
pub(super) struct Csv {
    pub(super) lines: Lines,
    columns: usize,
    text: usize,
    id: Option<usize>,
}

/// A record, with the line on which it begins.
pub(super) struct Record {
    line: u64,
    pub(super) fields: Result<csv::ByteRecord, Problem>,
}

impl Csv {
    pub(super) fn open(mut lines: Lines, text: &str, id: Option<&str>) -> anyhow::Result<Self> {
        let header = match next_record(&mut lines)? {
            Some(header) => {
                header.fields.map_err(|p| anyhow::anyhow!("line {}: {}", header.line, p.message))?
            }
            None => csv::ByteRecord::new(),
        };
        let find = |name: &str| header.iter().position(|column| column.trim_ascii() == name.as_bytes());
        // The columns there are go unnamed: without a header line they would be the first text.
        let named = |name: &str, flag: &str| {
            find(name).with_context(|| {
                Hint::new(
                    format!("the header line has no column `{name}`"),
                    format!("name the column with {flag}; a CSV needs a header line"),
                )
            })
        };
        let text = named(text, "--field")?;
        let id = match id {
            Some(id) => Some(named(id, "--id-field")?),
            None => find("id"),
        };
        Ok(Self { columns: header.len(), lines, text, id })
    }

    pub(super) fn next_entry(&mut self) -> anyhow::Result<Option<Entry>> {
        let Some(Record { line, fields }) = next_record(&mut self.lines)? else { return Ok(None) };
        let (id, text) = match fields.and_then(|record| self.parse(&record)) {
            Ok(parsed) => parsed,
            Err(problem) => (None, Err(problem)),
        };
        Ok(Some(Entry { line, id, text }))
    }

    fn parse(&self, record: &csv::ByteRecord) -> Result<Parsed, Problem> {
        let (got, expected) = (record.len(), self.columns);
        if got != expected {
            let message = format!("{got} fields, but the header line has {expected}");
            return Err(Problem::new("invalid_csv", message));
        }
        let field = |at: usize| utf8(record[at].to_vec());
        let id = self.id.map(field).transpose()?.filter(|id| !id.is_empty()).map(Id::Text);
        Ok((id, field(self.text).and_then(parse)))
    }
}

/// The next record that is not a blank line.
pub(super) fn next_record(lines: &mut Lines) -> anyhow::Result<Option<Record>> {
    let Some(first) = lines.next_filled()? else { return Ok(None) };
    let line = lines.line;
    let mut raw = match first {
        Ok(raw) => raw,
        Err(problem) => return Ok(Some(Record { line, fields: Err(problem) })),
    };
    let mut place = Place::FieldStart.after(&raw);
    while place == Place::Quoted {
        let more = lines.next_line().with_context(|| format!("cannot read on after line {}", lines.line))?;
        let Some(more) = more else {
            let problem = Problem::new("invalid_csv", "a quote is not closed; what follows it was not read");
            return Ok(Some(Record { line, fields: Err(problem) }));
        };
        match more {
            Ok(more) if (raw.len() + more.len()) as u64 <= MAX_RECORD => {
                place = place.after(&more);
                raw.extend(more);
            }
            // Where the next record begins can no longer be told.
            _ => anyhow::bail!(
                "the record from line {line} is longer than {MAX_RECORD} bytes; is a quote not closed?"
            ),
        }
    }
    Ok(Some(Record { line, fields: split(&without_break(raw)) }))
}

fn split(raw: &[u8]) -> Result<csv::ByteRecord, Problem> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(raw);
    let mut record = csv::ByteRecord::new();
    match reader.read_byte_record(&mut record) {
        Ok(true) => Ok(record),
        Ok(false) | Err(_) => Err(Problem::new("invalid_csv", "not a CSV record")),
    }
}

/// Where in a record one is, as far as it decides whether a line break ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    FieldStart,
    /// In a field without quotes, or behind the quotes of one.
    Plain,
    Quoted,
    /// Behind a quote in quotes: it closes them, unless another follows.
    AfterQuote,
}

impl Place {
    /// Where one is after these bytes; the same rules as the `csv` crate's.
    fn after(self, bytes: &[u8]) -> Self {
        bytes.iter().fold(self, |place, byte| match (place, byte) {
            (Self::Quoted, b'"') => Self::AfterQuote,
            (Self::Quoted, _) | (Self::FieldStart | Self::AfterQuote, b'"') => Self::Quoted,
            (_, b',' | b'\n') => Self::FieldStart,
            (_, _) => Self::Plain,
        })
    }
}
