//! Whether it lives, whether it can work, its numbers, and its description.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::http::error::{ApiError, ErrorEnvelope};
use crate::http::openapi;
use crate::http::state::AppState;
use crate::service::access::ApiClient;

/// Lives
///
/// The process runs and answers. Says nothing of the model or the database; see `/readyz`.
#[utoipa::path(get, path = "/livez", tag = "operation",
    responses((status = 200, description = "`ok`", body = String, content_type = "text/plain")))]
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// Is ready
///
/// The model runs and the database answers, so a text could be answered now.
#[utoipa::path(get, path = "/readyz", tag = "operation",
    responses(
        (status = 200, description = "`ok`", body = String, content_type = "text/plain"),
        (status = 503, description = "The model or the database is not well; see Retry-After", body = ErrorEnvelope),
    ))]
pub(super) async fn readyz(State(state): State<AppState>) -> Result<&'static str, ApiError> {
    state.service.check_ready().await?;
    Ok("ok\n")
}

/// Numbers
///
/// For Prometheus. Needs a key like everything that says how the service is used; any scope will do.
#[utoipa::path(get, path = "/metrics", tag = "operation", security(("api_key" = [])),
    responses(
        (status = 200, description = "The text format of Prometheus", body = String, content_type = "text/plain"),
        (status = 401, description = "No key, or not a valid one", body = ErrorEnvelope),
    ))]
pub(super) async fn get_metrics(_: ApiClient, State(state): State<AppState>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.recorder.render())
}

/// This description
#[utoipa::path(get, path = "/openapi.json", tag = "operation",
    responses((status = 200, description = "OpenAPI", body = Object)))]
pub(super) async fn get_openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], openapi::document())
}
