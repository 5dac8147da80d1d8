//! Rows of an Apache Parquet file as JSON objects, so that nested fields become the same columns as in JSON.

use std::path::Path;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::{Field, Row};
use serde_json::{Map, Number, Value as Json};

use crate::data::error::Error;

/// Every row with its number from 1.
pub(super) fn read(path: &Path, name: &str) -> Result<Vec<(u64, Json)>, Error> {
    let file = std::fs::File::from(
        fs_err::File::open(path).map_err(|source| Error::Io { name: name.to_owned(), source })?,
    );
    // The crate's messages name columns, pages and encodings, never a value.
    let bad = |line: u64, e: &dyn std::fmt::Display| Error::Row {
        path: path.to_owned(),
        line,
        problem: format!("not the Parquet that was expected: {e}"),
    };
    let reader = SerializedFileReader::new(file).map_err(|e| bad(0, &e))?;
    let rows = reader.get_row_iter(None).map_err(|e| bad(0, &e))?;
    (1..).zip(rows).map(|(line, row)| Ok((line, object(&row.map_err(|e| bad(line, &e))?)))).collect()
}

fn object(row: &Row) -> Json {
    Json::Object(row.get_column_iter().map(|(name, field)| (name.clone(), json(field))).collect())
}

fn json(field: &Field) -> Json {
    match field {
        Field::Null => Json::Null,
        Field::Bool(b) => Json::Bool(*b),
        Field::Str(s) => Json::String(s.clone()),
        // Old writers do not mark text as text.
        Field::Bytes(bytes) => Json::String(String::from_utf8_lossy(bytes.data()).into_owned()),
        Field::Group(row) => object(row),
        Field::ListInternal(list) => Json::Array(list.elements().iter().map(json).collect()),
        Field::MapInternal(map) => {
            let key = |field: &Field| match json(field) {
                Json::String(key) => key,
                other => other.to_string(),
            };
            Json::Object(map.entries().iter().map(|(k, v)| (key(k), json(v))).collect::<Map<_, _>>())
        }
        // Numbers by their shortest decimal form (0.1 as f32 stays 0.1), dates and decimals as they are shown.
        other => {
            let shown = other.to_string();
            shown.parse::<Number>().map_or(Json::String(shown), Json::Number)
        }
    }
}

#[cfg(test)]
#[path = "parquet_tests.rs"]
mod tests;
