//! Evidence: whether the words that people marked carry the score.

use crate::eval::report::EvalReport;
use crate::eval::report::html::blocks::{Block, Cell, Section, Table, number_column, words_column};
use crate::eval::report::words;

pub(super) fn section(report: &EvalReport) -> Section {
    let mut rows = Vec::new();
    for b in &report.benchmarks {
        for result in &b.results {
            let Some(evidence) = &result.evidence else { continue };
            rows.push(vec![
                Cell::Words(b.title.clone()),
                Cell::Words(result.subject.clone()),
                Cell::Code(evidence.target.to_owned()),
                Cell::Number(words::count(evidence.n)),
                Cell::Number(words::difference(&evidence.comprehensiveness)),
                Cell::Number(words::difference(&evidence.sufficiency)),
            ]);
        }
    }
    let mut blocks = Vec::new();
    if !rows.is_empty() {
        blocks.push(Block::Text(
            "Annotators marked the words that made them choose a label. Comprehensiveness: how far the score falls without \
             those words; high is good. Sufficiency: how far it falls when only those words are left; near 0 is good."
                .to_owned(),
        ));
        let head = vec![
            words_column("set"),
            words_column("subject"),
            words_column("label"),
            number_column("texts"),
            number_column("comprehensiveness"),
            number_column("sufficiency"),
        ];
        blocks.push(Block::Table(Table { caption: "The words that people marked".to_owned(), head, rows }));
    }
    Section { id: "evidence", title: "Do the marked words carry the score?", blocks }
}
