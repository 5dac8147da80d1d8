//! How a failure looks from outside. One table: code → status, kind, words. Handlers return
//! [`ApiError`]; the envelope (JSON for platforms, a page for reviewers) is put around it in
//! `middleware::converse`, which knows the request's id.
//!
//! What went wrong inside never leaves: an answer of 500 or more says only what the table says, and the
//! cause goes to the log. No message ever repeats what was sent.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::service::error::Error as ServiceError;
use crate::store::error::Error as StoreError;

/// What kind of failure, for clients that only look that far; OpenAI's words where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    InvalidRequest,
    Authentication,
    Permission,
    NotFound,
    Conflict,
    RateLimit,
    Server,
}

impl Kind {
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request_error",
            Self::Authentication => "authentication_error",
            Self::Permission => "permission_error",
            Self::NotFound => "not_found_error",
            Self::Conflict => "conflict_error",
            Self::RateLimit => "rate_limit_error",
            Self::Server => "server_error",
        }
    }
}

macro_rules! codes {
    ($($code:ident = $id:literal, $status:ident, $kind:ident, $message:literal;)*) => {
        /// Every failure that can be answered.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($code,)* }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$code,)*];

            /// The name on the wire; never changes its meaning.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$code => $id,)* }
            }

            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$code => StatusCode::$status,)* }
            }

            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$code => Kind::$kind,)* }
            }

            /// What is said when there is nothing more exact to say.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $(Self::$code => $message,)* }
            }
        }
    };
}

codes! {
    InvalidJson = "invalid_json", BAD_REQUEST, InvalidRequest, "the body is not JSON";
    InvalidRequest = "invalid_request", BAD_REQUEST, InvalidRequest, "the request does not have the expected form";
    EmptyText = "empty_text", BAD_REQUEST, InvalidRequest, "text is empty; send at least one visible character";
    TextTooLong = "text_too_long", BAD_REQUEST, InvalidRequest, "text is too long";
    TooManyTexts = "too_many_texts", BAD_REQUEST, InvalidRequest, "too many texts in one call";
    ImageNotSupported = "image_not_supported", BAD_REQUEST, InvalidRequest, "images cannot be read; send text only";
    BadIdempotencyKey = "bad_idempotency_key", BAD_REQUEST, InvalidRequest, "Idempotency-Key must be 1 to 255 visible ASCII characters";
    BadDeadline = "bad_deadline", BAD_REQUEST, InvalidRequest, "x-deadline-ms must be a whole number of milliseconds, 1 to 600000";
    MissingKey = "missing_api_key", UNAUTHORIZED, Authentication, "no API key; send `Authorization: Bearer KEY`";
    InvalidKey = "invalid_api_key", UNAUTHORIZED, Authentication, "the API key is unknown or was revoked";
    BadCredentials = "bad_credentials", UNAUTHORIZED, Authentication, "user name or password is wrong";
    NotSignedIn = "not_signed_in", UNAUTHORIZED, Authentication, "not signed in, or the session ran out; sign in again";
    MissingScope = "missing_scope", FORBIDDEN, Permission, "the API key lacks a scope";
    NotPermitted = "not_permitted", FORBIDDEN, Permission, "your role does not allow this";
    CrossSite = "cross_site", FORBIDDEN, Permission, "this form was not sent from the review desk; open the page again and repeat";
    UnknownRoute = "unknown_route", NOT_FOUND, NotFound, "there is nothing at this address; the routes are listed at /openapi.json";
    NotFound = "not_found", NOT_FOUND, NotFound, "there is no such thing";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, InvalidRequest, "this address does not take that method; see the Allow header";
    AlreadyClaimed = "already_claimed", CONFLICT, Conflict, "somebody else has claimed this job";
    NotClaimed = "not_claimed", CONFLICT, Conflict, "you have not claimed this job, or your claim ran out; claim it again";
    IllegalTransition = "illegal_transition", CONFLICT, Conflict, "the job is in a state that does not allow this";
    NameTaken = "name_taken", CONFLICT, Conflict, "the name is taken; choose another";
    TextNotKept = "text_not_kept", CONFLICT, Conflict, "the text of this item was not kept; report it together with its text";
    IdempotencyMismatch = "idempotency_mismatch", CONFLICT, Conflict, "this idempotency key was used for a different request; use a new key for a new request";
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, InvalidRequest, "the body is too large; send less at once or raise `server.max_body_bytes`";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, InvalidRequest, "the body must be JSON; send `Content-Type: application/json`";
    ForeignHost = "foreign_host", MISDIRECTED_REQUEST, Permission, "without keys the service answers only to the names of this machine; use http://127.0.0.1 or http://localhost";
    Overloaded = "overloaded", TOO_MANY_REQUESTS, RateLimit, "the model's queue is full, nothing was stored; try again after the time in Retry-After";
    Internal = "internal", INTERNAL_SERVER_ERROR, Server, "something went wrong on our side; the request id finds it in the log";
    NotAssessed = "not_assessed", INTERNAL_SERVER_ERROR, Server, "this text could not be assessed and was not stored; the others of the call were stored. Send it again by itself";
    ModelUnavailable = "model_unavailable", SERVICE_UNAVAILABLE, Server, "the model is not running; nothing was stored";
    DatabaseUnavailable = "database_unavailable", SERVICE_UNAVAILABLE, Server, "the database does not answer; nothing was stored";
    DeadlineExceeded = "deadline_exceeded", GATEWAY_TIMEOUT, Server, "the time in x-deadline-ms passed before the model had an answer; nothing was stored";
    TimedOut = "timed_out", SERVICE_UNAVAILABLE, Server, "the request took too long and was given up; repeat it with the same Idempotency-Key";
}

/// Seconds after which a service that is not well may be asked again.
const RETRY_UNWELL: Duration = Duration::from_secs(5);

/// A failure on its way out.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub code: Code,
    message: Cow<'static, str>,
    /// Which part of the request, e.g. `input[3]`.
    pub param: Option<String>,
    pub retry_after: Option<Duration>,
    /// For the log only.
    pub cause: Option<String>,
}

impl ApiError {
    #[must_use]
    pub fn new(code: Code) -> Self {
        let retry_after = (code.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_UNWELL);
        Self { code, message: Cow::Borrowed(code.message()), param: None, retry_after, cause: None }
    }

    /// Says it more exactly. Not for codes of 500 and more, whose words are fixed.
    #[must_use]
    pub fn says(mut self, message: impl Into<String>) -> Self {
        debug_assert!(!self.code.status().is_server_error(), "5xx words are fixed");
        self.message = Cow::Owned(message.into());
        self
    }

    /// Names the part of the request that is wrong.
    #[must_use]
    pub fn at(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Keeps for the log what the client is not told.
    #[must_use]
    pub fn because(mut self, cause: impl std::fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The value of `Retry-After`: whole seconds, 1 at least.
    #[must_use]
    pub fn retry_after_s(&self) -> Option<u64> {
        self.retry_after.map(|d| d.as_secs() + u64::from(d.subsec_nanos() > 0)).map(|s| s.max(1))
    }

    /// The JSON form, with the id of the request it answers.
    #[must_use]
    pub fn envelope(&self, request_id: &str) -> ErrorEnvelope {
        ErrorEnvelope {
            error: ErrorBody {
                message: self.message.to_string(),
                kind: self.code.kind().id(),
                code: self.code.id(),
                param: self.param.clone(),
            },
            request_id: request_id.to_owned(),
        }
    }
}

/// What every failure looks like.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorEnvelope {
    error: ErrorBody,
    /// The same as in the header `x-request-id`; finds the request in the log.
    request_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct ErrorBody {
    /// For people; may change.
    message: String,
    /// Such as `invalid_request_error`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// For programs; never changes its meaning.
    code: &'static str,
    /// Which part of the request, e.g. `input[3]`.
    param: Option<String>,
}

impl IntoResponse for ApiError {
    /// Status only; `middleware::converse` finds the rest in the extensions and writes the body.
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        let said = |code| Self::new(code).says(error.to_string());
        match &error {
            ServiceError::Overloaded { retry_after } => {
                Self { retry_after: Some(*retry_after), ..Self::new(Code::Overloaded) }
            }
            ServiceError::DeadlineExceeded => Self::new(Code::DeadlineExceeded),
            ServiceError::ModelUnavailable => Self::new(Code::ModelUnavailable),
            ServiceError::NotAssessed { reason } => Self::new(Code::NotAssessed).because(reason),
            ServiceError::TooManyItems { .. } => said(Code::TooManyTexts).at("input"),
            ServiceError::IdempotencyMismatch => Self::new(Code::IdempotencyMismatch),
            ServiceError::BadIdempotencyKey => Self::new(Code::BadIdempotencyKey),
            ServiceError::NotFound { .. } => said(Code::NotFound),
            ServiceError::TextNotKept => Self::new(Code::TextNotKept),
            ServiceError::AlreadyClaimed { .. } => Self::new(Code::AlreadyClaimed),
            ServiceError::NotClaimed => Self::new(Code::NotClaimed),
            ServiceError::IllegalTransition(_) => said(Code::IllegalTransition),
            ServiceError::NotPermitted { .. } => said(Code::NotPermitted),
            ServiceError::BadCredentials => Self::new(Code::BadCredentials),
            ServiceError::NotSignedIn => Self::new(Code::NotSignedIn),
            ServiceError::BadKey => Self::new(Code::InvalidKey),
            ServiceError::MissingScope { .. } => said(Code::MissingScope),
            ServiceError::NameTaken => Self::new(Code::NameTaken),
            ServiceError::ReasonDoesNotFit { .. }
            | ServiceError::NoteMissing
            | ServiceError::PasswordTooShort { .. }
            | ServiceError::PasswordTooLong { .. }
            | ServiceError::BadName { .. }
            | ServiceError::NoScope => said(Code::InvalidRequest),
            ServiceError::Store(StoreError::Unavailable(_)) => {
                Self::new(Code::DatabaseUnavailable).because(&error)
            }
            ServiceError::Hash(_) | ServiceError::Randomness(_) | ServiceError::Store(_) => {
                Self::new(Code::Internal).because(&error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_words_are_in_our_form() {
        let ids: BTreeSet<_> = Code::ALL.iter().map(|c| c.id()).collect();
        assert_eq!(ids.len(), Code::ALL.len());
        for code in Code::ALL {
            let message = code.message();
            assert!(!message.ends_with('.'), "{message}");
            assert_eq!(code.status().is_server_error(), code.kind() == Kind::Server, "{message}");
        }
    }

    #[test]
    fn retry_after_is_whole_seconds_and_never_zero() {
        let after = |ms| {
            ApiError::from(ServiceError::Overloaded { retry_after: Duration::from_millis(ms) })
                .retry_after_s()
        };
        assert_eq!([after(0), after(1), after(1000), after(1001)], [Some(1), Some(1), Some(1), Some(2)]);
    }

    #[test]
    fn causes_do_not_leave() {
        let error = ApiError::from(ServiceError::Store(StoreError::Other("table x is gone".into())));
        let body = serde_json::to_string(&error.envelope("r")).expect("plain data");
        assert!(!body.contains("table x"), "{body}");
    }
}
