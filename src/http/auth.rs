//! Who is asking, by extractor: a handler without one of these in its signature is open to everybody,
//! and a test walks all routes to see which are.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::{Cookie, Key, SameSite, SignedCookieJar};
use secrecy::{ExposeSecret as _, SecretString};

use crate::http::error::{ApiError, Code};
use crate::http::state::{Access, AppState};
use crate::service::access::{ApiClient, SignedIn};
use crate::service::error::Error;
use crate::service::people::NewSession;

/// Where one signs in.
pub const LOGIN: &str = "/console/login";

const SESSION_COOKIE: &str = "countervail_session";

/// A platform with a key in `Authorization: Bearer`; without keys, anybody.
impl FromRequestParts<AppState> for ApiClient {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if state.settings.access == Access::Keyless {
            return Ok(Self::keyless());
        }
        let header = parts.headers.get(AUTHORIZATION).ok_or_else(|| ApiError::new(Code::MissingKey))?;
        let secret = header
            .to_str()
            .ok()
            .and_then(|h| h.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, secret)| SecretString::from(secret.trim()))
            .ok_or_else(|| ApiError::new(Code::MissingKey))?;
        Ok(state.service.authenticate(&secret).await?)
    }
}

/// A person who is signed in to the review desk.
#[derive(Debug, Clone)]
pub struct Reviewer(pub SignedIn);

/// Why there is no [`Reviewer`].
#[derive(Debug)]
pub enum NoReviewer {
    /// Sign in first, then come back to this path.
    SignIn {
        back: Option<String>,
    },
    Failed(ApiError),
}

impl IntoResponse for NoReviewer {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn { back: Some(path) } => {
                Redirect::to(&format!("{LOGIN}?next={path}")).into_response()
            }
            Self::SignIn { back: None } => Redirect::to(LOGIN).into_response(),
            Self::Failed(error) => error.into_response(),
        }
    }
}

impl FromRequestParts<AppState> for Reviewer {
    type Rejection = NoReviewer;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, NoReviewer> {
        match find(parts, state).await.map_err(NoReviewer::Failed)? {
            Some(signed_in) => Ok(Self(signed_in)),
            None => Err(NoReviewer::SignIn { back: back(parts) }),
        }
    }
}

impl OptionalFromRequestParts<AppState> for Reviewer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Option<Self>, ApiError> {
        Ok(find(parts, state).await?.map(Self))
    }
}

async fn find(parts: &Parts, state: &AppState) -> Result<Option<SignedIn>, ApiError> {
    let jar = SignedCookieJar::<Key>::from_headers(&parts.headers, axum::extract::FromRef::from_ref(state));
    let Some(cookie) = jar.get(SESSION_COOKIE) else {
        return Ok(None);
    };
    match state.service.session(&SecretString::from(cookie.value())).await {
        Ok(signed_in) => Ok(Some(signed_in)),
        Err(Error::NotSignedIn) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Pages can be come back to; forms cannot, since what they held is gone.
fn back(parts: &Parts) -> Option<String> {
    // A nested router sees the path without `/console`, so the path that was asked for is taken.
    let uri = parts.extensions.get::<axum::extract::OriginalUri>().map_or(&parts.uri, |o| &o.0);
    let path = uri.path();
    (parts.method == axum::http::Method::GET && is_desk_path(path)).then(|| path.to_owned())
}

/// Whether somebody may be sent there after signing in: pages of the desk, and nothing else.
#[must_use]
pub fn is_desk_path(path: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_');
    path.starts_with("/console/") && path != LOGIN && !path.contains("//") && path.bytes().all(plain)
}

/// The cookie of a new session. `Strict`: another site cannot even link into a signed-in desk.
#[must_use]
pub fn session_cookie(session: &NewSession, state: &AppState) -> Cookie<'static> {
    let ttl = session.expires_at - state.service.clock().now();
    let mut cookie = bare_cookie(session.token.expose_secret().to_owned(), state);
    cookie.set_max_age(ttl);
    cookie
}

/// Takes the cookie back.
#[must_use]
pub fn no_cookie(state: &AppState) -> Cookie<'static> {
    bare_cookie(String::new(), state)
}

fn bare_cookie(value: String, state: &AppState) -> Cookie<'static> {
    Cookie::build((SESSION_COOKIE, value))
        .path("/console")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(state.settings.secure_cookie)
        .build()
}
