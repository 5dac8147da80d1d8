//! Whether the data deserves its numbers, checked before any model is asked: copies across splits and sets, labels
//! that contradict each other, labels that leak through something other than what the text says, and test texts that a
//! model was trained on.
//!
//! Every finding has counts, ids and an interval, never a text. What "equal" and "near" mean stands in
//! [`crate::data::near`].

pub mod conflicts;
pub mod contamination;
pub mod duplicates;
pub mod probes;
pub mod sets;

use serde::Serialize;

use crate::eval::report::Tool;

/// Version of the shape of what [`to_json`] writes.
const SCHEMA_VERSION: u32 = 1;

/// A finding as pretty JSON with a final line break; `check` names the command that made it.
///
/// # Panics
/// Never for the findings of this module: they have string keys and finite numbers only.
#[must_use]
pub fn to_json(check: &'static str, found: &impl Serialize) -> String {
    #[derive(Serialize)]
    struct Finding<'a, T> {
        schema_version: u32,
        tool: Tool,
        check: &'static str,
        found: &'a T,
    }
    let tool = Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };
    let finding = Finding { schema_version: SCHEMA_VERSION, tool, check, found };
    let mut json = serde_json::to_string_pretty(&finding).expect("plain structs with string keys serialise");
    json.push('\n');
    json
}
