//! `POST /v1/items`: a text with what the platform knows of it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::api::moderations::{ModerationResult, text};
use crate::http::error::{ApiError, Code, ErrorEnvelope};
use crate::http::extract::{AppJson, Deadline, Idempotency};
use crate::http::state::AppState;
use crate::service::access::ApiClient;
use crate::service::limits::Limits;
use crate::service::moderate::NewItem;

/// What a platform sends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateItem {
    text: String,
    /// The platform's own id; at most 200 printable characters.
    external_id: Option<String>,
    /// Where it comes from: a slug such as `forum`; at most 64 of a-z, 0-9, `.`, `_`, `-`.
    source: Option<String>,
    /// An opaque handle of the author, shown to reviewers only. Nothing is counted, searched or scored
    /// by it, and it is kept only with the text. At most 200 printable characters.
    author: Option<String>,
    /// The text that this one answers. Shown to reviewers, not assessed.
    context: Option<String>,
}

/// The stored item and what is said of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedItem {
    item_id: String,
    external_id: Option<String>,
    source: Option<String>,
    moderation: ModerationResult,
}

/// Send an item
///
/// Assesses and stores one item; if it is flagged, it gets one review job. Texts that are not flagged
/// are not kept, unless the operator asks for it.
#[utoipa::path(post, path = "/v1/items", tag = "moderation", security(("api_key" = [])),
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
        ("x-deadline-ms" = Option<u64>, Header, minimum = 1, maximum = 600_000, description = "Milliseconds that the client will wait for the model; then 504, and no work is done for it any more"),
    ),
    request_body = CreateItem,
    responses(
        (status = 201, description = "Stored and assessed", body = CreatedItem),
        (status = 400, description = "`invalid_json`, `invalid_request`, `empty_text`, `text_too_long`, `bad_idempotency_key`, `bad_deadline`", body = ErrorEnvelope),
        (status = 401, description = "`missing_api_key`, `invalid_api_key`", body = ErrorEnvelope),
        (status = 403, description = "`missing_scope`: the key needs `moderate`", body = ErrorEnvelope),
        (status = 409, description = "`idempotency_mismatch`", body = ErrorEnvelope),
        (status = 413, description = "`body_too_large`", body = ErrorEnvelope),
        (status = 415, description = "`unsupported_media_type`", body = ErrorEnvelope),
        (status = 429, description = "`overloaded`; see Retry-After", body = ErrorEnvelope),
        (status = 500, description = "`not_assessed`, `internal`", body = ErrorEnvelope),
        (status = 503, description = "`model_unavailable`, `database_unavailable`, `timed_out`; see Retry-After", body = ErrorEnvelope),
        (status = 504, description = "`deadline_exceeded`: the time in x-deadline-ms passed", body = ErrorEnvelope),
    ))]
pub(super) async fn create_item(
    client: ApiClient,
    State(state): State<AppState>,
    Deadline(deadline): Deadline,
    Idempotency(key): Idempotency,
    AppJson(body): AppJson<CreateItem>,
) -> Result<(StatusCode, Json<CreatedItem>), ApiError> {
    let item = body.parse(state.service.limits(), "")?;
    let (external_id, source) = (item.external_id.clone(), item.source.clone());
    let moderation = state.service.submit_item(item, &client, key.as_ref(), deadline).await?;
    let created = CreatedItem {
        item_id: moderation.item_id.to_string(),
        external_id: external_id.map(|id| id.to_string()),
        source: source.map(|source| source.to_string()),
        moderation: ModerationResult::of(&moderation),
    };
    Ok((StatusCode::CREATED, Json(created)))
}

impl CreateItem {
    /// `prefix` is where the item stands in the request, for errors: empty, or such as `item.`.
    pub(super) fn parse(self, limits: &Limits, prefix: &str) -> Result<NewItem, ApiError> {
        let context = match self.context {
            Some(raw) => Some(text(raw, limits.max_context_bytes, &format!("{prefix}context"))?),
            None => None,
        };
        Ok(NewItem {
            text: text(self.text, limits.max_text_bytes, &format!("{prefix}text"))?,
            source: reference(self.source.as_deref(), prefix, "source")?,
            external_id: reference(self.external_id.as_deref(), prefix, "external_id")?,
            author: reference(self.author.as_deref(), prefix, "author")?,
            context,
        })
    }
}

/// Parses what may be left out, naming it when it is wrong.
pub(super) fn reference<T>(raw: Option<&str>, prefix: &str, field: &str) -> Result<Option<T>, ApiError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let wrong =
        |e: T::Err| ApiError::new(Code::InvalidRequest).says(e.to_string()).at(format!("{prefix}{field}"));
    raw.map(|raw| raw.parse().map_err(wrong)).transpose()
}
