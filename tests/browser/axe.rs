//! axe-core's rules for pages that everybody can use.

use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::json;

use crate::browser::Browser;

/// `COUNTERVAIL_AXE`, or where `tests/browser/run.sh` puts it.
static AXE: LazyLock<String> = LazyLock::new(|| {
    let usual = concat!(env!("CARGO_TARGET_TMPDIR"), "/../axe/node_modules/axe-core/axe.min.js");
    let path = std::env::var_os("COUNTERVAIL_AXE").map_or_else(|| usual.into(), PathBuf::from);
    fs_err::read_to_string(path).expect("axe-core is there; `tests/browser/run.sh` fetches it")
});

/// No finding is serious or critical; a finding names its rule and the elements, never their text.
pub(crate) async fn expect_usable(browser: &Browser, page: &str) {
    const RUN: &str = "const done = arguments[0];
        axe.run(document, { resultTypes: ['violations'] }).then(
            found => done(found.violations
                .filter(v => v.impact === 'serious' || v.impact === 'critical')
                .map(v => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.map(n => n.target.join(' ')).join(', ')}`)),
            error => done([String(error)]));";
    let script = |script: &str| json!({ "script": script, "args": [] });
    browser.driver.post("execute/sync", script(&AXE)).await;
    let found = browser.driver.post("execute/async", script(RUN)).await;
    assert!(found.as_array().is_some_and(Vec::is_empty), "{page}: {found:#}");
}
