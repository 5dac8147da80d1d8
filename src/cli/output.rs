//! The only place that prints. Data, which a program may read on, goes to standard output; everything
//! that is said to a person goes to standard error.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::ops::ControlFlow;

/// The two streams.
#[derive(Debug)]
pub(crate) struct Output {
    interactive: bool,
}

/// A way out of an error, attached with `.context(Hint::new(what_failed, what_to_do))`.
#[derive(Debug)]
pub(crate) struct Hint {
    message: String,
    hint: String,
}

impl Hint {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[expect(clippy::unused_self, reason = "who holds no `Output` does not print")]
impl Output {
    pub(crate) fn new() -> Self {
        Self { interactive: io::stdin().is_terminal() && io::stderr().is_terminal() }
    }

    /// Whether a person can be asked something.
    pub(crate) fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// One line of data.
    ///
    /// # Errors
    /// When standard output cannot be written; a reader who has had enough is no error.
    pub(crate) fn data(&self, line: impl fmt::Display) -> anyhow::Result<()> {
        match writeln!(io::stdout(), "{line}") {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }

    /// Lines of data, each with its line break; breaks when whoever reads them has had enough.
    ///
    /// # Errors
    /// When standard output cannot be written for another reason.
    pub(crate) fn stream(&self, lines: &str) -> anyhow::Result<ControlFlow<()>> {
        let mut stdout = io::stdout();
        match stdout.write_all(lines.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
            written => Ok(ControlFlow::Continue(written?)),
        }
    }

    /// One line for a person. A closed standard error is no reason to stop.
    pub(crate) fn note(&self, line: impl fmt::Display) {
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// The beginning of a line on which a person will answer.
    pub(crate) fn ask(&self, question: impl fmt::Display) {
        let mut stderr = io::stderr();
        let _ = write!(stderr, "{question}").and_then(|()| stderr.flush());
    }

    /// An error with its causes, and the way out if there is one.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        self.note(format_args!("error: {error}"));
        let mut above = error.to_string();
        for cause in error.chain().skip(1) {
            let cause = cause.to_string();
            // A transparent error says the same as the one that it wraps.
            if cause != above {
                self.note(format_args!("caused by: {cause}"));
            }
            above = cause;
        }
        if let Some(Hint { hint, .. }) = error.downcast_ref() {
            self.note(format_args!("\nhint: {hint}"));
        }
    }
}
