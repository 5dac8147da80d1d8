//! The texts: the first ones of several sources, mixed.

use std::path::Path;

use countervail::data;
use countervail::data::source::Source;

/// The largest text the service takes unless it is told otherwise, in bytes.
const MAX_TEXT_BYTES: usize = 32_768;

/// News, hate speech and answers to it, long reports, scripture, and languages that a model may not read.
const SOURCES: &str = r#"
[[source]]
name = "ag_news"
path = "ag_news/data/ag_news_csv/test.csv"
licence = "not trained on"
format = "csv"
columns = ["section", "title", "lead"]
text = ["title", "lead"]
[[source]]
name = "dynahate"
path = "lowres_rottger/dynahate_recovered.csv"
licence = "not trained on"
format = "csv"
terminator = "\n"
[[source]]
name = "conan_hate"
path = "conan/CONAN/CONAN.csv"
licence = "not trained on"
format = "csv"
text = "hateSpeech"
[[source]]
name = "conan_counter"
path = "conan/Multitarget-CONAN/Multitarget-CONAN.csv"
licence = "not trained on"
format = "csv"
text = "COUNTER_NARRATIVE"
[[source]]
name = "muc34"
path = "muc34_terror_news/documents.jsonl"
licence = "not trained on"
format = "jsonl"
[[source]]
name = "bible"
path = "bible_kjv/verses.jsonl"
licence = "not trained on"
format = "jsonl"
[[source]]
name = "quran"
path = "quran/verses.jsonl"
licence = "not trained on"
format = "jsonl"
"#;

/// Of how many texts at most, source by source: more than 10,000 together.
const SHARES: [(&str, usize); 7] = [
    ("ag_news", 2500),
    ("dynahate", 2500),
    ("conan_hate", 1500),
    ("conan_counter", 1500),
    ("muc34", 500),
    ("bible", 1500),
    ("quran", 1000),
];

#[derive(serde::Deserialize)]
struct Sources {
    source: Vec<Source>,
}

/// A text and the name of its source.
pub(crate) struct SourcedText {
    pub(crate) source: String,
    pub(crate) text: String,
}

/// `count` texts from the data folder, each source spread evenly over them.
pub(crate) fn read(data: &Path, count: usize) -> Vec<SourcedText> {
    let Sources { source } = toml::from_str(SOURCES).expect("the sources are well-formed");
    let mut placed = Vec::new();
    for (at, (source, (name, share))) in source.iter().zip(SHARES).enumerate() {
        assert_eq!(source.name, name, "sources and shares have one order");
        let examples = data::read(source, data).unwrap_or_else(|e| panic!("cannot read {name}: {e}"));
        let fitting = examples.into_iter().filter(|e| e.text.len() <= MAX_TEXT_BYTES);
        for (i, example) in fitting.take(share).enumerate() {
            let place = (i as f64 + 0.5) / share as f64;
            placed.push((place, at, SourcedText { source: name.to_owned(), text: example.text }));
        }
    }
    placed.sort_by(|(a, i, _), (b, j, _)| a.total_cmp(b).then(i.cmp(j)));
    assert!(placed.len() >= count, "the data folder has only {} of {count} texts", placed.len());
    placed.into_iter().map(|(_, _, text)| text).take(count).collect()
}
