//! Extractors whose refusals are our own errors. What a client sent is never repeated in them: a parse
//! error that quotes its input would carry a text into logs and answers.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Form, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::http::error::{ApiError, Code};
use crate::service::idempotency::IdempotencyKey;

/// A JSON body.
#[derive(Debug)]
pub struct AppJson<T>(pub T);

/// The query string.
#[derive(Debug)]
pub struct AppQuery<T>(pub T);

/// The variable parts of the path.
#[derive(Debug)]
pub struct AppPath<T>(pub T);

/// A form of the review desk.
#[derive(Debug)]
pub struct AppForm<T>(pub T);

/// What the client calls this request, if it does.
#[derive(Debug)]
pub struct Idempotency(pub Option<IdempotencyKey>);

/// Until when the client waits for the model, if it says so: `x-deadline-ms`, counted from when its headers were read.
#[derive(Debug)]
pub struct Deadline(pub Option<Instant>);

/// Milliseconds; the longest is the longest that `server.request_timeout_ms` may be.
const DEADLINES: std::ops::RangeInclusive<u64> = 1..=600_000;

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for AppJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok())) {
            return Err(ApiError::new(Code::UnsupportedMediaType));
        }
        let body = Bytes::from_request(request, state).await.map_err(|e| unread(&e))?;
        serde_json::from_slice(&body).map(Self).map_err(|e| explain(&e))
    }
}

/// `application/json`, or anything `+json`, with or without parameters.
fn is_json(content_type: Option<&str>) -> bool {
    let Some(kind) = content_type.and_then(|c| c.split(';').next()) else {
        return false;
    };
    let kind = kind.trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn unread(rejection: &BytesRejection) -> ApiError {
    if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::new(Code::BodyTooLarge)
    } else {
        ApiError::new(Code::InvalidRequest).says("the body could not be read to its end")
    }
}

/// Where and what, without quoting.
fn explain(error: &serde_json::Error) -> ApiError {
    let place = format!("at line {} column {}", error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Data => {
            ApiError::new(Code::InvalidRequest).says(format!("{} {place}", unquoted(&error.to_string())))
        }
        _ => ApiError::new(Code::InvalidJson).says(format!("the body is not JSON: it breaks off {place}")),
    }
}

/// Serde quotes the value or key it did not like; only its own words are kept.
fn unquoted(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    if message.starts_with("missing field") {
        return format!("the body has a {message}");
    }
    match message.rsplit_once("expected ") {
        Some((before, expected)) if before.starts_with("unknown field") => {
            format!("the body has an unknown field, expected {expected}")
        }
        Some((_, expected)) => format!("a value has the wrong type, expected {expected}"),
        None => "the body does not have the expected form".to_owned(),
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for AppQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(query) = Query::from_request_parts(parts, state).await.map_err(|_| {
            ApiError::new(Code::InvalidRequest).says("the query does not have the expected form")
        })?;
        Ok(Self(query))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for AppPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(path) =
            Path::from_request_parts(parts, state).await.map_err(|_| ApiError::new(Code::NotFound))?;
        Ok(Self(path))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for AppForm<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let Form(form) = Form::from_request(request, state).await.map_err(|rejection| {
            use axum::response::IntoResponse as _;
            if rejection.into_response().status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                ApiError::new(Code::BodyTooLarge)
            } else {
                ApiError::new(Code::InvalidRequest)
                    .says("the form is incomplete; open the page again and repeat")
            }
        })?;
        Ok(Self(form))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Idempotency {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get("idempotency-key") else {
            return Ok(Self(None));
        };
        let bad = || ApiError::new(Code::BadIdempotencyKey);
        let key = value.to_str().map_err(|_| bad())?.parse().map_err(|_| bad())?;
        Ok(Self(Some(key)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Deadline {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get("x-deadline-ms") else {
            return Ok(Self(None));
        };
        let milliseconds = value.to_str().ok().and_then(|value| value.parse().ok());
        let milliseconds = milliseconds.filter(|ms| DEADLINES.contains(ms));
        let milliseconds = milliseconds.ok_or_else(|| ApiError::new(Code::BadDeadline))?;
        Ok(Self(Some(Instant::now() + Duration::from_millis(milliseconds))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[expect(dead_code, reason = "only parsed")]
        size: u8,
    }

    #[test]
    fn nothing_that_was_sent_is_repeated() {
        for (body, says) in [
            (r#"{"size":"planted"}"#, "a value has the wrong type, expected u8 at line 1 column 17"),
            (
                r#"{"size":1,"planted":1}"#,
                "the body has an unknown field, expected `size` at line 1 column 19",
            ),
            ("{}", "the body has a missing field `size` at line 1 column 2"),
            (r#"{"planted"#, "the body is not JSON: it breaks off at line 1 column 9"),
            (r#"{"size":1000}"#, "a value has the wrong type, expected u8 at line 1 column 12"),
        ] {
            let error = explain(&serde_json::from_str::<Body>(body).expect_err("invalid"));
            assert_eq!(error.message(), says);
        }
    }

    #[test]
    fn only_json_is_json() {
        assert!(is_json(Some("application/json; charset=utf-8")));
        assert!(is_json(Some("application/activity+json")));
        assert!(!is_json(Some("text/plain")));
        assert!(!is_json(None));
    }
}
