//! How far a run is, for whoever sits in front of it. Shown on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar when the size of the input is known, a counter when it is not. Hidden by indicatif when standard
/// error is no terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    texts: std::cell::Cell<usize>,
}

impl Progress {
    /// `size` in bytes.
    pub(super) fn new(size: Option<u64>) -> Self {
        let (bar, template) = match size {
            Some(size) => (ProgressBar::new(size), "{wide_bar} {msg}, {eta} left"),
            None => (ProgressBar::new_spinner(), "{spinner} {msg}, {elapsed}"),
        };
        let style = ProgressStyle::with_template(template).expect("the template is well-formed");
        Self { bar: bar.with_style(style).with_message("0 texts"), texts: std::cell::Cell::new(0) }
    }

    /// So many texts more, which end at byte `position` of the input.
    pub(super) fn add(&self, texts: usize, position: u64) {
        let all = self.texts.get() + texts;
        self.texts.set(all);
        self.bar.set_message(format!("{all} texts"));
        self.bar.set_position(position);
    }

    /// Writes something that may go to the same terminal.
    pub(super) fn around<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
