//! The only place that prints.

/// A line for the person at the terminal.
#[expect(clippy::print_stderr, reason = "this is the place")]
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}
