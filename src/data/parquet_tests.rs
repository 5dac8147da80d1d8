//! Tests of the Parquet reader on files that they write themselves.

use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::data::reader::read;
use crate::data::source::Source;
use crate::domain::taxonomy::Category;

const SCHEMA: &str = "message rows {
    REQUIRED BYTE_ARRAY text (UTF8);
    OPTIONAL INT64 label;
    REQUIRED BYTE_ARRAY old;
    REQUIRED DOUBLE share;
    OPTIONAL GROUP more { REQUIRED BOOLEAN kept; }
    REQUIRED GROUP marks (LIST) { REPEATED GROUP list { REQUIRED INT64 element; } }
}";

fn write(path: &std::path::Path, compression: Compression) {
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let file = std::fs::File::from(fs_err::File::create(path).unwrap());
    let mut writer = SerializedFileWriter::new(file, schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let bytes = |words: [&str; 3]| words.map(ByteArray::from);
    let mut column = group.next_column().unwrap().unwrap();
    let texts = bytes(["one calm line", "two", "three"]);
    column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[1, 0], Some(&[1, 0, 1]), None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<ByteArrayType>().write_batch(&bytes(["x", "y", "z"]), None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<DoubleType>().write_batch(&[0.1, 2.0, 1e-7], None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<BoolType>().write_batch(&[true, false], Some(&[1, 0, 1]), None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let (definitions, repetitions) = ([1, 1, 0, 1], [0, 1, 0, 0]);
    column.typed::<Int64Type>().write_batch(&[7, 8, 9], Some(&definitions), Some(&repetitions)).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
}

fn source(more: &str) -> Source {
    let base = "name = \"tiny\"\nlicence = \"CC0-1.0\"\npath = \"a.parquet\"\nformat = \"parquet\"\n";
    toml::from_str(&format!("{base}{more}")).unwrap()
}

#[test]
fn rows_of_every_compression_have_the_columns_that_json_would_give() {
    let folder = tempfile::tempdir().unwrap();
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::ZSTD(parquet::basic::ZstdLevel::default()),
    ] {
        write(&folder.path().join("a.parquet"), compression);
        let source = source(
            r#"
            slices = ["label", "old", "share", "more.kept", "marks"]
            labels = [{ column = "label", is = ["1"], set = { hate = 1 } }, { column = "label", is = ["0"], set = { hate = 0 } }]"#,
        );
        let examples = read(&source, folder.path()).unwrap();
        let texts: Vec<&str> = examples.iter().map(|e| e.text.as_str()).collect();
        assert_eq!(texts, ["one calm line", "two", "three"]);
        let hate: Vec<_> = examples.iter().map(|e| e.targets.get(Category::Hate)).collect();
        assert_eq!(hate, [Some(true), None, Some(false)]);
        let column = |name: &str| -> Vec<Option<&str>> {
            examples.iter().map(|e| e.slices.get(name).map(String::as_str)).collect()
        };
        assert_eq!(column("old"), [Some("x"), Some("y"), Some("z")]);
        assert_eq!(column("share"), [Some("0.1"), Some("2.0"), Some("1e-7")]);
        assert_eq!(column("more.kept"), [Some("true"), None, Some("false")]);
        assert_eq!(column("marks"), [Some("[7,8]"), Some("[]"), Some("[9]")]);
    }
}

#[test]
fn what_is_no_parquet_is_refused_without_showing_it() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("a.parquet"), "a calm line that is no table").unwrap();
    let error = read(&source(""), folder.path()).unwrap_err().to_string();
    assert!(error.contains("not the Parquet") && !error.contains("calm"), "{error}");
    let error = read(&source("encoding = \"utf-16\""), folder.path()).unwrap_err().to_string();
    assert!(error.contains("leave out `encoding`"), "{error}");
}
