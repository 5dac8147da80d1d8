//! Signing in and out.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::SignedCookieJar;
use secrecy::SecretString;
use serde::Deserialize;

use crate::http::auth::{LOGIN, Reviewer, is_desk_path, no_cookie, session_cookie};
use crate::http::console::page;
use crate::http::error::{ApiError, Code};
use crate::http::extract::{AppForm, AppQuery};
use crate::http::state::AppState;
use crate::service::error::Error;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    user: Option<&'a str>,
    /// Where to go afterwards; empty for the inbox.
    next: &'a str,
    name: &'a str,
    problem: Option<&'a str>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn show_login(
    reviewer: Option<Reviewer>,
    AppQuery(Back { next }): AppQuery<Back>,
) -> Result<Response, ApiError> {
    if reviewer.is_some() {
        return Ok(Redirect::to(destination(&next)).into_response());
    }
    Ok(form(&next, "", None)?.into_response())
}

pub(super) async fn log_in(
    State(state): State<AppState>,
    jar: SignedCookieJar,
    AppForm(Credentials { name, password, next }): AppForm<Credentials>,
) -> Result<Response, ApiError> {
    match state.service.log_in(&name, SecretString::from(password)).await {
        Ok(session) => {
            let jar = jar.add(session_cookie(&session, &state));
            Ok((jar, Redirect::to(destination(&next))).into_response())
        }
        Err(Error::BadCredentials) => {
            let problem = "User name or password is wrong. Please try again.";
            let page = form(&next, &name, Some(problem))?;
            Ok((Code::BadCredentials.status(), page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn log_out(
    reviewer: Option<Reviewer>,
    State(state): State<AppState>,
    jar: SignedCookieJar,
) -> Result<(SignedCookieJar, Redirect), ApiError> {
    if let Some(Reviewer(signed_in)) = reviewer {
        state.service.log_out(&signed_in).await?;
    }
    Ok((jar.remove(no_cookie(&state)), Redirect::to(LOGIN)))
}

fn form(next: &str, name: &str, problem: Option<&str>) -> Result<Html<String>, ApiError> {
    let next = if is_desk_path(next) { next } else { "" };
    page(&LoginPage { user: None, next, name, problem })
}

fn destination(next: &str) -> &str {
    if is_desk_path(next) { next } else { "/console" }
}
