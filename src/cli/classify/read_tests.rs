//! Tests of reading texts, on tiny made-up inputs.

use proptest::prelude::*;

use super::*;
use crate::cli::classify::records::{Record, next_record};

fn reader(input: impl AsRef<[u8]>, layout: &Layout) -> anyhow::Result<Reader> {
    Reader::open(Box::new(io::Cursor::new(input.as_ref().to_vec())), layout)
}

/// Each entry as `line id text-or-code`.
fn read(input: impl AsRef<[u8]>, layout: &Layout) -> Vec<String> {
    let show = |entry: Entry| {
        let id = match entry.id {
            Some(Id::Text(id)) => id,
            Some(Id::Number(id)) => format!("#{id}"),
            None => "-".to_owned(),
        };
        let text = entry.text.map_or_else(|p| format!("!{}", p.code), |t| t.as_str().to_owned());
        format!("{} {id} {text}", entry.line)
    };
    let entries = reader(input, layout).expect("opens");
    entries.map(|entry| show(entry.expect("readable"))).collect()
}

fn jsonl() -> Layout {
    Layout::Jsonl { text: "text".to_owned(), id: "id".to_owned() }
}

fn csv() -> Layout {
    Layout::Csv { text: "text".to_owned(), id: None }
}

#[test]
fn lines_are_texts_and_blank_ones_are_passed_over() {
    let input = b"\xef\xbb\xbfamber\r\n\n  \nbasin cedar\n\xff\xfe\nlast";
    assert_eq!(read(input, &Layout::Lines), ["1 - amber", "4 - basin cedar", "5 - !not_utf8", "6 - last"]);
    assert!(read("", &Layout::Lines).is_empty());
}

#[test]
fn json_lines_have_an_id_or_none() {
    let input = r#"{"text":"amber","id":"a"}
{"id":7,"text":"basin","more":[1]}
{"id":null,"text":"cedar"}

{"text":"delta"}"#;
    assert_eq!(read(input, &jsonl()), ["1 a amber", "2 #7 basin", "3 - cedar", "5 - delta"]);
    let named = Layout::Jsonl { text: "body".to_owned(), id: "key".to_owned() };
    assert_eq!(read(r#"{"body":"amber","key":"k","text":"no"}"#, &named), ["1 k amber"]);
}

#[test]
fn a_bad_json_line_is_a_problem_in_its_place() {
    let input = r#"{"text":"amber"
["text"]
{"id":"c"}
{"id":"d","text":5}
{"id":"e","text":" "}
{"id":[1],"text":"amber"}
{"id":1.5,"text":"amber"}
{"id":"h","text":"amber"}"#;
    assert_eq!(
        read(input, &jsonl()),
        [
            "1 - !invalid_json",
            "2 - !invalid_json",
            "3 c !missing_text",
            "4 d !missing_text",
            "5 e !empty_text",
            "6 - !invalid_id",
            "7 - !invalid_id",
            "8 h amber"
        ]
    );
}

#[test]
fn no_problem_repeats_the_text() {
    let input = "{\"text\":\"zephyr\" zephyr}\n\"zephyr\"\n{\"text\":[\"zephyr\"]}\n{\"id\":[\"zephyr\"]}";
    for entry in reader(input, &jsonl()).expect("opens") {
        let problem = entry.expect("readable").text.expect_err("refused");
        assert!(!problem.message.contains("zephyr"), "{}", problem.code);
    }
}

#[test]
fn csv_records_may_span_lines() {
    let input = "id,text\na,amber\n,\"basin\ncedar, \"\"delta\"\"\"\n\nc,ember\n";
    assert_eq!(read(input, &csv()), ["2 a amber", "3 - basin\ncedar, \"delta\"", "6 c ember"]);
    assert_eq!(
        read("id,text\r\na,amber\r\n\r\nb,\"basin\r\ncedar\"\r\nc,5\" delta\r\n", &csv()),
        ["2 a amber", "4 b basin\r\ncedar", "6 c 5\" delta"]
    );
    assert_eq!(read("text,n\namber,1\n", &csv()), ["2 - amber"]);
    assert_eq!(read("text\namber\n\"basin\ncedar\n", &csv()), ["2 - amber", "3 - !invalid_csv"]);
    assert!(read("text\n", &csv()).is_empty());
}

#[test]
fn a_bad_csv_record_is_a_problem_in_its_place() {
    let input = b"id,text\na,amber\nb\nc,basin,1\nd,\ne,\xff\nf,cedar\n";
    assert_eq!(
        read(input, &csv()),
        [
            "2 a amber",
            "3 - !invalid_csv",
            "4 - !invalid_csv",
            "5 d !empty_text",
            "6 e !not_utf8",
            "7 f cedar"
        ]
    );
}

proptest! {
    /// Records are cut apart where the `csv` crate would end them.
    #[test]
    fn records_are_the_ones_of_the_csv_crate(body in "[a\",\n]{0,30}") {
        let mut whole = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(body.as_bytes());
        let whole: Vec<csv::ByteRecord> = whole.byte_records().map(|r| r.expect("in memory")).collect();
        let mut lines = Lines { source: BufReader::new(Box::new(io::Cursor::new(body))), line: 0, position: 0 };
        let mut cut = 0;
        while let Some(Record { fields, .. }) = next_record(&mut lines).expect("in memory") {
            // A quote that is never closed is refused here; the crate takes what there is.
            if let Ok(fields) = fields {
                prop_assert_eq!(Some(&fields), whole.get(cut));
            }
            cut += 1;
        }
        prop_assert_eq!(cut, whole.len());
    }
}

#[test]
fn columns_that_are_named_must_be_there() {
    let refused = |input: &str, layout: &Layout| reader(input, layout).expect_err("refused").to_string();
    assert!(refused("amber basin\nx\n", &csv()).contains("no column `text`"));
    assert!(!refused("amber basin\nx\n", &csv()).contains("amber"));
    assert!(refused("", &csv()).contains("no column `text`"));
    let named = Layout::Csv { text: "text".to_owned(), id: Some("key".to_owned()) };
    assert!(refused("id,text\na,amber\n", &named).contains("no column `key`"));
}

#[test]
fn what_is_too_long_is_refused_and_the_next_is_read() {
    let most = usize::try_from(MAX_RECORD).expect("fits");
    let input = format!("{}\n{}\namber\n", "a".repeat(MAX_TEXT + 1), "b".repeat(most + 1));
    assert_eq!(read(&input, &Layout::Lines), ["1 - !text_too_long", "2 - !line_too_long", "3 - amber"]);
    let mut all = reader(&input, &Layout::Lines).expect("opens");
    while all.next().is_some() {}
    assert_eq!(all.position(), input.len() as u64);
}

#[test]
fn a_quote_that_is_never_closed_does_not_take_the_memory() {
    let most = usize::try_from(MAX_RECORD).expect("fits");
    let input = format!("text\namber\n\"{}", "a\n".repeat(most / 2 + 9));
    let mut all = reader(&input, &csv()).expect("opens");
    assert!(all.next().is_some_and(|entry| entry.is_ok()));
    let error = all.next().expect("an end").expect_err("refused");
    assert!(format!("{error:#}").contains("is a quote not closed?"), "{error:#}");
}
