//! `POST /v1/reports`: a person's flag, passed on by the platform.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;

use crate::domain::report::{Report, ReportReason};
use crate::domain::review::Note;
use crate::http::api::items::{CreateItem, reference};
use crate::http::error::{ApiError, Code, ErrorEnvelope};
use crate::http::extract::{AppJson, Idempotency};
use crate::http::state::AppState;
use crate::service::access::ApiClient;
use crate::service::limits::Limits;
use crate::service::report::{NewReport, ReportedItem};

/// A flag on one item: one that was sent before (`item_id`), or one that comes with it (`item`).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateReport {
    item_id: Option<String>,
    item: Option<CreateItem>,
    /// One of our categories, or `other`.
    reason: String,
    /// What the reporter adds; at most 2000 characters. Shown to reviewers only.
    note: Option<String>,
    /// An opaque handle of the reporter; nothing is counted or searched by it.
    reporter: Option<String>,
}

/// The stored report.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedReport {
    report_id: String,
    item_id: String,
    /// The review job that the item has now.
    job_id: String,
    reason: &'static str,
    /// RFC 3339, UTC.
    created_at: String,
}

/// Report an item
///
/// A reported item goes before a reviewer whatever the model says of it: in a new review job, or in the
/// one it has already.
#[utoipa::path(post, path = "/v1/reports", tag = "moderation", security(("api_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = CreateReport,
    responses(
        (status = 201, description = "Stored", body = CreatedReport),
        (status = 400, description = "`invalid_json`, `invalid_request`, `empty_text`, `text_too_long`, `bad_idempotency_key`", body = ErrorEnvelope),
        (status = 401, description = "`missing_api_key`, `invalid_api_key`", body = ErrorEnvelope),
        (status = 403, description = "`missing_scope`: the key needs `report`", body = ErrorEnvelope),
        (status = 404, description = "`not_found`: there is no such item", body = ErrorEnvelope),
        (status = 409, description = "`text_not_kept`, `idempotency_mismatch`", body = ErrorEnvelope),
        (status = 413, description = "`body_too_large`", body = ErrorEnvelope),
        (status = 415, description = "`unsupported_media_type`", body = ErrorEnvelope),
        (status = 503, description = "`database_unavailable`, `timed_out`; see Retry-After", body = ErrorEnvelope),
    ))]
pub(super) async fn create_report(
    client: ApiClient,
    State(state): State<AppState>,
    Idempotency(key): Idempotency,
    AppJson(body): AppJson<CreateReport>,
) -> Result<(StatusCode, Json<CreatedReport>), ApiError> {
    let report = body.parse(state.service.limits())?;
    let report = state.service.report(report, &client, key.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(CreatedReport::of(&report)?)))
}

impl CreateReport {
    fn parse(self, limits: &Limits) -> Result<NewReport, ApiError> {
        let wrong = |says: String, at: &str| ApiError::new(Code::InvalidRequest).says(says).at(at);
        // Neither the reason nor the id is repeated, since either may be anything.
        let reason: ReportReason = self.reason.parse().map_err(|_| {
            wrong("reason must be one of the categories, such as `threat`, or `other`".to_owned(), "reason")
        })?;
        let note = match self.note {
            Some(raw) => Note::parse(&raw).map_err(|e| wrong(e.to_string(), "note"))?,
            None => None,
        };
        let reporter = reference(self.reporter.as_deref(), "", "reporter")?;
        let item = match (self.item_id, self.item) {
            (Some(id), None) => {
                let id = id.parse().map_err(|_| wrong("item_id is not a UUID".to_owned(), "item_id"))?;
                ReportedItem::Known(id)
            }
            (None, Some(item)) => ReportedItem::New(item.parse(limits, "item.")?),
            _ => return Err(wrong("send either `item_id` or `item`".to_owned(), "item_id")),
        };
        Ok(NewReport { item, reason, note, reporter })
    }
}

impl CreatedReport {
    fn of(report: &Report) -> Result<Self, ApiError> {
        Ok(Self {
            report_id: report.id.to_string(),
            item_id: report.item_id.to_string(),
            job_id: report.job_id.to_string(),
            reason: report.reason.id(),
            created_at: report.at.format(&Rfc3339).map_err(|e| ApiError::new(Code::Internal).because(e))?,
        })
    }
}
