//! What happens around every request: its id, its time limit, its log line and count, the envelope of
//! its failure, and the headers that keep browsers careful.

use std::any::Any;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, RETRY_AFTER, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument as _;

use crate::http::console;
use crate::http::error::{ApiError, Code};
use crate::http::state::{Access, AppState};
use crate::telemetry::events::{RequestAnswered, RequestFailed};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Nothing may run, and nothing is loaded from elsewhere: pages are HTML and one style sheet.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// Gives the request its id, logs and counts it, and puts the envelope around a failure.
pub(super) async fn converse(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request).unwrap_or_else(|| state.service.clock().mint().to_string());
    let method = method_label(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let desk = console::owns(request.uri().path());

    let span = tracing::info_span!("request", request.id = id);
    let mut response = next.run(request).instrument(span).await;

    if let Some(error) = response.extensions_mut().remove::<Arc<ApiError>>() {
        let status = error.code.status().as_u16();
        RequestFailed { id: &id, code: error.code.id(), status, cause: error.cause.as_deref() }.emit();
        response = dress(&response, &error, &id, desk);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID.clone(), value);
    }
    RequestAnswered {
        id: &id,
        method,
        route: matched.as_ref().map_or("unmatched", MatchedPath::as_str),
        status: response.status().as_u16(),
        took: started.elapsed(),
    }
    .emit();
    response
}

/// The failure in the client's dialect, with the headers that the bare response already had.
fn dress(bare: &Response, error: &ApiError, request_id: &str, desk: bool) -> Response {
    let status = error.code.status();
    let mut response = if desk {
        (status, console::error_page(error, request_id)).into_response()
    } else {
        (status, Json(error.envelope(request_id))).into_response()
    };
    if let Some(allow) = bare.headers().get(header::ALLOW) {
        response.headers_mut().insert(header::ALLOW, allow.clone());
    }
    if let Some(seconds) = error.retry_after_s() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED && !desk {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// The client's own id when it is short and plain, since it ends up in the log.
fn request_id(request: &Request) -> Option<String> {
    let given = request.headers().get(&REQUEST_ID)?.to_str().ok()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    ((1..=64).contains(&given.len()) && given.bytes().all(plain)).then(|| given.to_owned())
}

fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// Gives up what takes too long. What was not acknowledged is rolled back with the dropped handler.
pub(super) async fn limit_time(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(state.settings.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::new(Code::TimedOut).into_response(),
    }
}

/// A panic in a handler ends one request, not the service. Its words may hold anything, so they are not used.
pub(super) fn answer_panic(_: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::new(Code::Internal).because("a handler panicked; standard error says where").into_response()
}

/// Without keys, a page on the web could reach us through a name of its own that points to 127.0.0.1.
pub(super) async fn refuse_foreign_host(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    if state.settings.access == Access::Keyless && !names_this_machine(&request) {
        return ApiError::new(Code::ForeignHost).into_response();
    }
    next.run(request).await
}

fn names_this_machine(request: &Request) -> bool {
    let host = request.headers().get(HOST).and_then(|h| h.to_str().ok());
    let Some(authority) = host.or_else(|| request.uri().authority().map(axum::http::uri::Authority::as_str))
    else {
        return false;
    };
    let Ok(authority) = authority.parse::<axum::http::uri::Authority>() else {
        return false;
    };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The headers that every answer carries.
pub(super) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
