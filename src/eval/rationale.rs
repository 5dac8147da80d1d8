//! Texts with and without the words by which people decided.
//!
//! A row with a human rationale gives three cases: `ID`, the whole text; `ID/without`, the text without the marked
//! words; `ID/only`, these words alone. They share the group `ID`, the labels of the whole text, and say in the kept
//! column [`PART`] which of the three they are. From their scores come comprehensiveness and sufficiency (DeYoung
//! et al. 2020, ERASER: A Benchmark to Evaluate Rationalized NLP Models, ACL).

use crate::data::example::Example;
use crate::eval::manifest::Evidence;

/// The kept column that says which of the three a case is.
pub const PART: &str = "evidence";
pub const WHOLE: &str = "whole";
pub const WITHOUT: &str = "without";
pub const ONLY: &str = "only";

/// The three cases of every row whose marks leave something on both sides; other rows are left out.
///
/// # Errors
/// When a column is no rationale, or has not one mark for each word; the message names the row.
pub(super) fn expand(examples: Vec<Example>, evidence: &Evidence) -> Result<Vec<Example>, String> {
    let mut out = Vec::new();
    for example in examples {
        let Some(written) = example.slices.get(&evidence.column) else { continue };
        let words: Vec<&str> = example.text.split_whitespace().collect();
        let marks = marks(written, words.len())
            .map_err(|reason| format!("rationale of `{}`: {reason}", example.id))?;
        let join = |wanted: bool| -> String {
            let kept = words.iter().zip(&marks).filter(|(_, mark)| **mark == wanted);
            kept.map(|(word, _)| *word).collect::<Vec<_>>().join(" ")
        };
        let (without, only) = (join(false), join(true));
        if without.is_empty() || only.is_empty() {
            continue;
        }
        let whole = example.text.clone();
        for (part, text) in [(WHOLE, whole), (WITHOUT, without), (ONLY, only)] {
            let id = if part == WHOLE { example.id.clone() } else { format!("{}/{part}", example.id) };
            let mut case = Example { id, text, group: Some(example.id.clone()), ..example.clone() };
            case.slices.remove(&evidence.column);
            case.slices.insert(PART.to_owned(), part.to_owned());
            out.push(case);
        }
    }
    Ok(out)
}

/// Which words at least half of the annotators marked; nothing when no annotator marked any.
fn marks(written: &str, words: usize) -> Result<Vec<bool>, String> {
    let of_one = serde_json::from_str::<Vec<u8>>(written);
    let annotators = match of_one {
        Ok(marks) if !marks.is_empty() => vec![marks],
        _ => serde_json::from_str::<Vec<Vec<u8>>>(written)
            .map_err(|_| "not a JSON array of 0 and 1, nor an array of such arrays".to_owned())?,
    };
    if let Some(wrong) = annotators.iter().find(|marks| marks.len() != words) {
        return Err(format!("{} marks for {words} words", wrong.len()));
    }
    if annotators.iter().flatten().any(|mark| *mark > 1) {
        return Err("a mark is neither 0 nor 1".to_owned());
    }
    let count = |word: usize| annotators.iter().filter(|marks| marks[word] == 1).count();
    Ok((0..words).map(|word| !annotators.is_empty() && 2 * count(word) >= annotators.len()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_annotators_suffice() {
        assert_eq!(marks("[1, 0]", 2).unwrap(), [true, false]);
        assert_eq!(marks("[[1, 0, 0], [0, 0, 1]]", 3).unwrap(), [true, false, true]);
        assert_eq!(marks("[[1, 1], [0, 1], [0, 0]]", 2).unwrap(), [false, true]);
        assert_eq!(marks("[]", 2).unwrap(), [false, false]);
    }

    #[test]
    fn what_is_no_rationale_is_refused() {
        for (written, reason) in [
            ("marked", "not a JSON array"),
            ("{}", "not a JSON array"),
            ("[1]", "1 marks for 2 words"),
            ("[[1, 0], [1, 0, 1]]", "3 marks for 2 words"),
            ("[2, 0]", "neither 0 nor 1"),
        ] {
            let error = marks(written, 2).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
