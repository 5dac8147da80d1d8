//! How others talk to us: JSON for platforms, server-rendered pages for reviewers. The only place with
//! axum and with wire JSON; every failure leaves through the one table in [`error`].

pub mod api;
pub mod auth;
pub mod console;
pub mod error;
pub mod extract;
mod middleware;
pub mod openapi;
pub mod server;
pub mod state;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;

use crate::http::error::{ApiError, Code};
use crate::http::state::AppState;

/// Everything that is answered: the way in for the server and for tests.
pub fn router(state: AppState) -> Router {
    let (api, _) = api::router().split_for_parts();
    let max_body = state.settings.max_body_bytes;
    Router::new()
        .merge(api)
        .nest("/console", console::router())
        .fallback(async || ApiError::new(Code::UnknownRoute))
        .method_not_allowed_fallback(async || ApiError::new(Code::MethodNotAllowed))
        // From the inside out: what comes last here sees a request first.
        .layer(DefaultBodyLimit::max(max_body))
        .layer(from_fn_with_state(state.clone(), middleware::limit_time))
        .layer(CatchPanicLayer::custom(middleware::answer_panic))
        .layer(from_fn_with_state(state.clone(), middleware::refuse_foreign_host))
        .layer(from_fn_with_state(state.clone(), middleware::converse))
        .layer(from_fn(middleware::harden))
        .with_state(state)
}
