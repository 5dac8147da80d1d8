//! The committed description is the one that the code gives.

use countervail::http::openapi;

/// To renew it: run this test with `UPDATE_DOCS=1`.
#[test]
fn the_committed_description_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
    let now = openapi::document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs_err::write(path, &now).unwrap();
    }
    let committed = fs_err::read_to_string(path).unwrap_or_default();
    assert!(committed == now, "docs/openapi.json is stale; run this test with UPDATE_DOCS=1 and commit it");
}
