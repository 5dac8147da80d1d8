//! Buffers that outlive a batch, handed to whichever core asks: growing them anew for every block costs more than
//! what is done in them.

use std::sync::{Mutex, PoisonError};

/// Buffers of one kind; never more than were in use at once.
pub(super) struct Scratch<T>(Mutex<Vec<T>>);

impl<T> Default for Scratch<T> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<T: Default> Scratch<T> {
    /// Lends a buffer, with whatever the last borrower left in it. A panic in `work` loses that buffer, no more.
    pub(super) fn lend<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let mut buffer = self.free().pop().unwrap_or_default();
        let result = work(&mut buffer);
        self.free().push(buffer);
        result
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
