//! The description of the API, generated from the handlers; `docs/openapi.json` is its committed form,
//! which a test keeps current.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::http::api;

/// What the whole API has in common.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Countervail",
        description = "Flags likely extremist recruitment and propaganda for human review. It never removes anything.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "moderation", description = "Send texts, get assessments; flagged ones go to the review desk"),
        (name = "operation", description = "Whether it lives, and how it does"),
    ),
    modifiers(&ApiKeyScheme),
)]
pub(super) struct ApiDoc;

struct ApiKeyScheme;

impl Modify for ApiKeyScheme {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A key made with `countervail key create`. Not needed under `serve --dev`."));
        openapi
            .components
            .get_or_insert_with(Default::default)
            .add_security_scheme("api_key", SecurityScheme::Http(scheme.build()));
    }
}

/// The description as it is served: pretty-printed, ending in a line break.
#[must_use]
pub fn document() -> String {
    let (_, description) = api::router().split_for_parts();
    let mut json = description.to_pretty_json().expect("the description is plain data");
    json.push('\n');
    json
}
