//! `POST /v1/moderations`, in OpenAI's shape.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::assessment::{Reading, Stage};
use crate::domain::moderation::Moderation;
use crate::domain::policy::Outcome;
use crate::domain::text::{Text, TextError};
use crate::http::api::categories::{Answer, ByKey};
use crate::http::error::{ApiError, Code, ErrorEnvelope};
use crate::http::extract::{AppJson, Deadline, Idempotency};
use crate::http::state::AppState;
use crate::service::access::ApiClient;
use crate::service::limits::Limits;
use crate::service::moderate::NewItem;
use crate::telemetry::events::{Moderated, Screened};

/// What OpenAI's clients send.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CreateModeration {
    /// One text, several texts, or one text in parts. An image part is refused.
    #[schema(value_type = Input)]
    #[serde(default)]
    input: Value,
    /// Taken and not used: the service answers with the model it runs, and names it.
    #[serde(default)]
    #[expect(dead_code, reason = "part of the shape, so that clients may send it")]
    model: Option<Value>,
}

/// The three forms of `input`; only for the description.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes what is parsed by hand, for better errors")]
pub(super) enum Input {
    Text(String),
    /// Each is answered on its own, in this order.
    Texts(Vec<String>),
    /// Joined by line breaks and answered as one text.
    Parts(Vec<TextPart>),
}

/// A piece of one text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TextPart {
    /// Always `text`.
    #[serde(rename = "type")]
    kind: String,
    text: String,
}

/// The answer: one result for each text, in the order sent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedModeration {
    /// `modr-` and the id of the first moderation.
    id: String,
    /// Name of the model that answered.
    model: String,
    results: Vec<ModerationResult>,
}

/// What is said of one text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ModerationResult {
    /// True exactly when `countervail.band` is not `none`; then a person is asked to look.
    flagged: bool,
    /// Whether each category applies at the thresholds of the policy.
    #[schema(value_type = std::collections::BTreeMap<String, bool>)]
    categories: ByKey<bool>,
    /// Calibrated probabilities, 0 to 1. 0 where the model has not read the text for the category.
    #[schema(value_type = std::collections::BTreeMap<String, f32>)]
    category_scores: ByKey<f32>,
    /// `["text"]` where the model has read the text for this category; `[]` where it has no such
    /// category, could not read the language, or stopped at its first stage.
    #[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
    category_applied_input_types: ByKey<Vec<&'static str>>,
    countervail: Details,
}

/// What OpenAI's shape has no place for.
#[derive(Debug, Serialize, ToSchema)]
struct Details {
    moderation_id: String,
    item_id: String,
    /// Probability that a person should look, 0 to 1; null when the language could not be read.
    score: Option<f32>,
    /// Which stage of the model answered: 1 the fast first stage alone, which only ever says that there is nothing to
    /// see and has read the text for no category; 2 the encoder. Null when the language could not be read.
    stage: Option<u8>,
    /// `urgent`, `review` or `none`.
    band: &'static str,
    /// ISO 639-3; `und` when none is likely.
    language: &'static str,
    /// `supported`, `unknown` (scored, but too short or mixed to tell) or `unsupported` (not scored).
    language_support: &'static str,
    /// How the text likely speaks: `reporting`, `counter_speech`, `religious_or_political` or `none`.
    /// Advice for reviewers; it lowers no score. Null when the language could not be read, or the first stage answered.
    context: Option<&'static str>,
    model: Model,
    policy_version: String,
    /// In how many overlapping windows the encoder read the text; nothing is ever cut off. 0 at stage 1.
    windows: usize,
}

/// Which weights answered.
#[derive(Debug, Serialize, ToSchema)]
struct Model {
    name: String,
    /// `sha256:` and 64 hexadecimal digits, over the whole bundle.
    digest: String,
}

/// Moderate texts
///
/// OpenAI's shape. Each text is assessed and stored; a flagged one gets one review job. All texts of a
/// call are stored together before the answer is sent. A call with a bad text is refused as a whole,
/// naming it (`input[3]`), and stores nothing; so is a call that meets a full queue (429). Only when the
/// model fails on a single text (500 `not_assessed`, naming it) are the others stored.
///
/// With an `Idempotency-Key` the same call can be repeated: it is done once and answered the same.
#[utoipa::path(post, path = "/v1/moderations", tag = "moderation", security(("api_key" = [])),
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
        ("x-deadline-ms" = Option<u64>, Header, minimum = 1, maximum = 600_000, description = "Milliseconds that the client will wait for the model; then 504, and no work is done for it any more"),
    ),
    request_body = CreateModeration,
    responses(
        (status = 200, description = "One result for each text, in order", body = CreatedModeration),
        (status = 400, description = "`invalid_json`, `invalid_request`, `empty_text`, `text_too_long`, `too_many_texts`, `image_not_supported`, `bad_idempotency_key`, `bad_deadline`", body = ErrorEnvelope),
        (status = 401, description = "`missing_api_key`, `invalid_api_key`", body = ErrorEnvelope),
        (status = 403, description = "`missing_scope`: the key needs `moderate`", body = ErrorEnvelope),
        (status = 409, description = "`idempotency_mismatch`", body = ErrorEnvelope),
        (status = 413, description = "`body_too_large`", body = ErrorEnvelope),
        (status = 415, description = "`unsupported_media_type`", body = ErrorEnvelope),
        (status = 429, description = "`overloaded`: the model's queue is full; see Retry-After", body = ErrorEnvelope),
        (status = 500, description = "`not_assessed`, `internal`", body = ErrorEnvelope),
        (status = 503, description = "`model_unavailable`, `database_unavailable`, `timed_out`; see Retry-After", body = ErrorEnvelope),
        (status = 504, description = "`deadline_exceeded`: the time in x-deadline-ms passed", body = ErrorEnvelope),
    ))]
pub(super) async fn create_moderation(
    client: ApiClient,
    State(state): State<AppState>,
    Deadline(deadline): Deadline,
    Idempotency(key): Idempotency,
    AppJson(body): AppJson<CreateModeration>,
) -> Result<Json<CreatedModeration>, ApiError> {
    let Texts { texts, listed } = parse(body.input, state.service.limits())?;
    let items = texts.into_iter().map(NewItem::from_text).collect();
    let outcomes = state.service.moderate(items, &client, key.as_ref(), deadline).await?;
    let mut results = Vec::with_capacity(outcomes.len());
    for (i, outcome) in outcomes.into_iter().enumerate() {
        let moderation = outcome.map_err(|e| ApiError::from(e).at(place(i, listed)))?;
        results.push(ModerationResult::of(&moderation));
    }
    let first = results.first().ok_or_else(|| ApiError::new(Code::Internal).because("no results"))?;
    let id = format!("modr-{}", first.countervail.moderation_id);
    Ok(Json(CreatedModeration { id, model: state.service.model().name.clone(), results }))
}

impl ModerationResult {
    pub(super) fn of(moderation: &Moderation) -> Self {
        let Moderation { assessment, outcome, .. } = moderation;
        let reading = assessment.reading.as_ref();
        Moderated {
            moderation_id: moderation.id.as_uuid(),
            band: outcome.band.id(),
            language_support: assessment.language_support.id(),
            windows: assessment.windows,
            screened: reading.map(|r| screened(r, outcome)),
        }
        .emit();
        let Answer { categories, scores, input_types } = Answer::of(moderation);
        Self {
            flagged: outcome.flagged(),
            categories,
            category_scores: scores,
            category_applied_input_types: input_types,
            countervail: Details {
                moderation_id: moderation.id.to_string(),
                item_id: moderation.item_id.to_string(),
                score: reading.map(|r| r.extremism.get()),
                band: outcome.band.id(),
                language: assessment.language,
                language_support: assessment.language_support.id(),
                stage: reading.map(Reading::stage_number),
                context: reading.and_then(Reading::heads).map(|h| h.likely_context().id()),
                model: Model { name: moderation.model.name.clone(), digest: moderation.model.digest.clone() },
                policy_version: moderation.policy_version.clone(),
                windows: assessment.windows,
            },
        }
    }
}

/// What there is to count of a reading where a first stage may have taken part.
fn screened(reading: &Reading, outcome: &Outcome) -> Screened {
    match reading.stage {
        Stage::First => Screened::Stopped,
        Stage::Encoder(_) => Screened::Passed,
        Stage::Sample(_) if outcome.flagged() => Screened::SampledFlagged,
        Stage::Sample(_) if outcome.categories.contains(&true) => Screened::SampledSaid,
        Stage::Sample(_) => Screened::SampledNothing,
    }
}

/// What was sent, checked.
struct Texts {
    texts: Vec<Text>,
    /// Whether it came as a list, so that errors can name the place in it.
    listed: bool,
}

fn place(i: usize, listed: bool) -> String {
    if listed { format!("input[{i}]") } else { "input".to_owned() }
}

fn parse(input: Value, limits: &Limits) -> Result<Texts, ApiError> {
    let wrong = |says: &str| ApiError::new(Code::InvalidRequest).says(says).at("input");
    match input {
        Value::String(raw) => {
            Ok(Texts { texts: vec![text(raw, limits.max_text_bytes, "input")?], listed: false })
        }
        Value::Array(entries) if entries.is_empty() => {
            Err(wrong("input is an empty list; send at least one text"))
        }
        Value::Array(entries) if entries[0].is_object() => {
            let raw = join_parts(entries)?;
            Ok(Texts { texts: vec![text(raw, limits.max_text_bytes, "input")?], listed: false })
        }
        Value::Array(entries) if entries.len() > limits.max_items => {
            let (got, limit) = (entries.len(), limits.max_items);
            Err(ApiError::new(Code::TooManyTexts)
                .says(format!("{got} texts in one call, the limit is {limit}; send them in several calls"))
                .at("input"))
        }
        Value::Array(entries) => {
            let text_at = |(i, entry)| match entry {
                Value::String(raw) => text(raw, limits.max_text_bytes, &place(i, true)),
                _ => Err(wrong("not a string; send a list of strings").at(place(i, true))),
            };
            let texts = entries.into_iter().enumerate().map(text_at).collect::<Result<_, _>>()?;
            Ok(Texts { texts, listed: true })
        }
        Value::Null => Err(wrong("input is missing; send a text or a list of texts")),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            Err(wrong("input must be a string, a list of strings, or a list of text parts"))
        }
    }
}

/// OpenAI answers a list of parts as one text.
fn join_parts(parts: Vec<Value>) -> Result<String, ApiError> {
    let mut pieces = Vec::with_capacity(parts.len());
    for (i, mut part) in parts.into_iter().enumerate() {
        let at = place(i, true);
        let kind = part.get("type").and_then(Value::as_str).map(str::to_owned);
        match (kind.as_deref(), part.get_mut("text").map(Value::take)) {
            (Some("text"), Some(Value::String(piece))) => pieces.push(piece),
            (Some("text"), _) => {
                return Err(ApiError::new(Code::InvalidRequest)
                    .says("a text part needs a string `text`")
                    .at(at));
            }
            (Some("image_url"), _) => return Err(ApiError::new(Code::ImageNotSupported).at(at)),
            _ => {
                let says = "a part must be an object whose `type` is `text`";
                return Err(ApiError::new(Code::InvalidRequest).says(says).at(at));
            }
        }
    }
    Ok(pieces.join("\n"))
}

/// One text, or the error that names its place.
pub(super) fn text(raw: String, limit: usize, at: &str) -> Result<Text, ApiError> {
    Text::parse(raw, limit).map_err(|error| {
        let code = match error {
            TextError::Empty => Code::EmptyText,
            TextError::TooLong { .. } => Code::TextTooLong,
        };
        ApiError::new(code).says(error.to_string()).at(at)
    })
}
