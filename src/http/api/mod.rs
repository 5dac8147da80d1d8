//! The JSON API for platforms, one file per noun.

pub mod categories;
pub mod health;
pub mod items;
pub mod moderations;
pub mod reports;

use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::openapi::ApiDoc;
use crate::http::state::AppState;

/// All routes with their description.
pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(ApiDoc::openapi())
        .routes(routes!(moderations::create_moderation))
        .routes(routes!(items::create_item))
        .routes(routes!(reports::create_report))
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .routes(routes!(health::get_metrics))
        .routes(routes!(health::get_openapi))
}
