//! The review desk: plain pages that work with a keyboard, without scripts, in light and in dark.
//!
//! The text of an item is not in a page until its reader asks for it, and asking is recorded. No page
//! counts what a person did.

mod inbox;
mod job;
mod login;
mod origin;
mod words;

use askama::Template;
use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::from_fn;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};

use crate::http::error::{ApiError, Code};
use crate::http::state::AppState;

/// Whether a path belongs to the desk, so that its failures are answered with pages.
#[must_use]
pub fn owns(path: &str) -> bool {
    path == "/console" || path.starts_with("/console/")
}

/// Everything below `/console`.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(inbox::show_inbox))
        .route("/login", get(login::show_login).post(login::log_in))
        .route("/logout", post(login::log_out))
        .route("/next", post(inbox::claim_next))
        .route("/jobs/{id}", get(job::show_job))
        // Pages that were the answer to a form are reloaded as what they belong to.
        .route("/jobs/{id}/reveal", get(job::back_to_job).post(job::reveal))
        .route("/jobs/{id}/claim", get(job::back_to_job).post(job::claim))
        .route("/jobs/{id}/skip", get(job::back_to_job).post(job::skip))
        .route("/jobs/{id}/decision", get(job::back_to_job).post(job::decide))
        .route("/console.css", get(style))
        .route("/icon.svg", get(icon))
        .layer(from_fn(origin::refuse_other_sites))
}

async fn style() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "max-age=300")];
    (headers, include_str!("static/console.css"))
}

/// Without one of its own, a browser asks for an icon that is not there and complains.
async fn icon() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "max-age=86400")];
    (headers, include_str!("static/icon.svg"))
}

/// A template as an answer.
fn page(template: &impl Template) -> Result<Html<String>, ApiError> {
    template.render().map(Html).map_err(|e| ApiError::new(Code::Internal).because(e))
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    user: Option<&'a str>,
    heading: &'a str,
    message: &'a str,
    code: &'a str,
    request_id: &'a str,
}

/// Messages for programs begin small and have no stop.
fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str())
}

/// A failure, for a person.
pub(super) fn error_page(error: &ApiError, request_id: &str) -> Response {
    let status = error.code.status();
    let (heading, message) = match error.code {
        // The routes in its own words are those of programs.
        Code::UnknownRoute => ("Nothing is here", "There is no page at this address.".to_owned()),
        _ if status.is_server_error() => ("That did not work", sentence(error.message())),
        _ => ("That cannot be done", sentence(error.message())),
    };
    let template = ErrorPage { user: None, heading, message: &message, code: error.code.id(), request_id };
    match template.render() {
        Ok(html) => Html(html).into_response(),
        // A template over borrowed strings cannot fail, and a failure page must not fail either.
        Err(_) => error.code.message().into_response(),
    }
}
