//! Everything the process logs, at every level, in one buffer: to look for what must not be there.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};

use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

static LOGS: LazyLock<Buffer> = LazyLock::new(|| {
    let buffer = Buffer::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(buffer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).expect("only this sets one");
    buffer
});

/// Starts collecting; further calls change nothing.
pub(crate) fn collect() {
    LazyLock::force(&LOGS);
}

/// All that was logged so far, by every test of this process.
pub(crate) fn collected() -> String {
    String::from_utf8_lossy(&LOGS.0.lock().expect("no writer panics")).into_owned()
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Buffer {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
