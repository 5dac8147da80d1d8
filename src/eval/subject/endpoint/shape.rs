//! The three shapes: what is sent for some texts, and how the answer is read.
//!
//! - OpenAI: `openai/openai-openapi`, `createModeration`. A list of texts, a result for each in order.
//! - Perspective: discovery document `commentanalyzer/v1alpha1`, `comments.analyze`. One text.
//! - TEI: `router/src/http/types.rs`, `/predict`. A batch is a list of *lists* of one text: two strings side by side
//!   would be one pair.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::data::source::OneOrMany;
use crate::eval::subject::endpoint::spec::{Shape, Spec};

/// What a service said of one text.
#[derive(Debug, PartialEq)]
pub(super) enum Reply {
    /// By the service's own names; `None` where it says that it has not read the text for that.
    Scores(BTreeMap<String, Option<f64>>),
    /// It does not read the language.
    Unsupported,
}

/// The body that asks about these texts.
pub(super) fn request(spec: &Spec, texts: &[&str], language: Option<&str>) -> Value {
    match spec.shape {
        Shape::OpenAi => json!({ "model": spec.model, "input": texts }),
        Shape::Perspective => {
            let names = spec.map.values().flat_map(OneOrMany::as_slice);
            let attributes: BTreeMap<&String, Value> = names.map(|name| (name, json!({}))).collect();
            let mut body = json!({
                "comment": { "text": texts[0], "type": "PLAIN_TEXT" },
                "requestedAttributes": attributes,
                "doNotStore": true,
            });
            if let Some(language) = language {
                body["languages"] = json!([language]);
            }
            body
        }
        Shape::Tei => {
            let inputs: Vec<[&str; 1]> = texts.iter().map(|text| [*text]).collect();
            json!({ "inputs": inputs, "truncate": spec.truncate, "raw_scores": false })
        }
    }
}

/// The replies in an answer of status 200, one for each of `count` texts.
pub(super) fn replies(shape: Shape, body: &[u8], count: usize) -> Result<Vec<Reply>, String> {
    let replies = match shape {
        Shape::OpenAi => open_ai(body),
        Shape::Perspective => perspective(body),
        Shape::Tei => tei(body),
    };
    // The message without the value it met, which could be a text.
    let replies = replies.map_err(|e| {
        format!("its answer is not of this shape, at line {} column {}", e.line(), e.column())
    })?;
    if replies.len() == count {
        Ok(replies)
    } else {
        Err(format!("it answered {} of {count} texts", replies.len()))
    }
}

/// Whether an answer of another status says that the language is not read.
pub(super) fn unsupported(shape: Shape, status: u16, body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Refusal {
        error: Details,
    }
    #[derive(Deserialize)]
    struct Details {
        #[serde(default)]
        status: String,
        #[serde(default)]
        details: Vec<Value>,
    }
    if shape != Shape::Perspective {
        return false;
    }
    let Ok(Refusal { error }) = serde_json::from_slice(body) else { return status == 501 };
    let kind = |detail: &Value| detail["errorType"] == "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE";
    status == 501 || error.status == "UNIMPLEMENTED" || error.details.iter().any(kind)
}

fn open_ai(body: &[u8]) -> serde_json::Result<Vec<Reply>> {
    #[derive(Deserialize)]
    struct Answer {
        results: Vec<Result>,
    }
    #[derive(Deserialize)]
    struct Result {
        category_scores: BTreeMap<String, Option<f64>>,
        /// Which parts of the input a score is about; a text that was not read for a category is not among them.
        #[serde(default)]
        category_applied_input_types: BTreeMap<String, Vec<String>>,
    }
    let answer: Answer = serde_json::from_slice(body)?;
    let reply = |result: Result| {
        let applied = &result.category_applied_input_types;
        let read = |name: &str| applied.get(name).is_none_or(|types| types.iter().any(|t| t == "text"));
        let scores = result.category_scores.into_iter();
        Reply::Scores(
            scores.map(|(name, score)| (score.filter(|_| read(&name)), name)).map(|(s, n)| (n, s)).collect(),
        )
    };
    Ok(answer.results.into_iter().map(reply).collect())
}

fn perspective(body: &[u8]) -> serde_json::Result<Vec<Reply>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        attribute_scores: BTreeMap<String, Attribute>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Attribute {
        summary_score: Summary,
    }
    #[derive(Deserialize)]
    struct Summary {
        value: f64,
    }
    let answer: Answer = serde_json::from_slice(body)?;
    let score = |(name, attribute): (String, Attribute)| (name, Some(attribute.summary_score.value));
    Ok(vec![Reply::Scores(answer.attribute_scores.into_iter().map(score).collect())])
}

fn tei(body: &[u8]) -> serde_json::Result<Vec<Reply>> {
    #[derive(Deserialize)]
    struct Label {
        label: String,
        score: f64,
    }
    let answer: Vec<Vec<Label>> = serde_json::from_slice(body)?;
    let reply =
        |labels: Vec<Label>| Reply::Scores(labels.into_iter().map(|l| (l.label, Some(l.score))).collect());
    Ok(answer.into_iter().map(reply).collect())
}
