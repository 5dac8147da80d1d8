//! What can be seen from outside while it runs: logs on standard error, numbers at `/metrics`. Neither
//! ever holds a text, a name of a person, or a secret.

pub mod events;
pub mod metrics;

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Logging cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "`log.filter` is `{filter}`, which is no filter: {reason}; an example is `info,countervail=debug`"
    )]
    Filter { filter: String, reason: String },
    #[error("logging is already set up")]
    Twice,
}

/// Starts logging to standard error, for the whole process. From then on a panic is logged as its place in the code,
/// without its words: those may quote what was being read.
///
/// # Errors
/// When `filter` is not in the syntax of [`EnvFilter`], or at the second call.
pub fn init(filter: &str, format: LogFormat) -> Result<(), Error> {
    let wrong = |e: tracing_subscriber::filter::ParseError| Error::Filter {
        filter: filter.to_owned(),
        reason: e.to_string(),
    };
    let registry = tracing_subscriber::registry().with(EnvFilter::builder().parse(filter).map_err(wrong)?);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => registry.with(lines.with_target(false)).try_init(),
        LogFormat::Json => registry.with(lines.json()).try_init(),
    }
    .map_err(|_| Error::Twice)?;
    std::panic::set_hook(Box::new(report_panic));
    Ok(())
}

/// Says where a thread panicked, and not what it said: the message may quote a text.
fn report_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let (file, line) = panic.location().map_or(("unknown", 0), |place| (place.file(), place.line()));
    tracing::error!(panic.file = file, panic.line = line, "a thread panicked");
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::panic::{catch_unwind, set_hook, take_hook};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no writer panics").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_logged_as_its_place_without_its_words() {
        let lines = Lines::default();
        let written = lines.clone();
        let log = tracing_subscriber::fmt().with_writer(move || written.clone()).finish();
        let before = take_hook();
        set_hook(Box::new(report_panic));
        let outcome =
            tracing::subscriber::with_default(log, || catch_unwind(|| panic!("the words of a text")));
        set_hook(before);
        assert!(outcome.is_err());
        let logged = String::from_utf8(lines.0.lock().expect("no writer panics").clone()).expect("UTF-8");
        assert!(logged.contains("a thread panicked") && logged.contains("mod.rs"), "{logged}");
        assert!(!logged.contains("words of a text"), "{logged}");
    }
}
