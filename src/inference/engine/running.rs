//! The thread that owns the model: takes batches, gives each text its answer when its last window is read.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::inference::classifier::{Classifier, Encoding, Logits};
use crate::inference::engine::Shared;
use crate::inference::engine::pending::{Piece, Place};
use crate::inference::error::Error;
use crate::telemetry::events::{BatchRead, WorkerRestarted};

/// How long a batch too small for all cores waits for texts that are being read this moment; never for texts that
/// may or may not come.
const PATIENCE: Duration = Duration::from_micros(500);

/// Runs batches until the engine closes.
pub(super) fn work(shared: &Shared, classifier: &mut dyn Classifier) {
    while let Some(batch) = next_batch(shared) {
        let (places, encodings): (Vec<Place>, Vec<Encoding>) = batch.into_iter().map(Piece::part).unzip();
        match contained(classifier, &encodings) {
            Ok(logits) => deliver(shared, &places, logits),
            Err(error) => {
                if let [place] = places.as_slice() {
                    fail(shared, *place, &error);
                } else {
                    one_by_one(shared, classifier, &places, &encodings);
                }
            }
        }
    }
}

/// One bad window takes no other with it.
fn one_by_one(shared: &Shared, classifier: &mut dyn Classifier, places: &[Place], encodings: &[Encoding]) {
    for (place, encoding) in places.iter().zip(encodings) {
        // Another window of its text may have failed before it.
        if !shared.lock().pending.waits_for(*place) {
            continue;
        }
        match contained(classifier, std::slice::from_ref(encoding)) {
            Ok(logits) => deliver(shared, std::slice::from_ref(place), logits),
            Err(error) => fail(shared, *place, &error),
        }
    }
}

fn next_batch(shared: &Shared) -> Option<Vec<Piece>> {
    let mut state = shared.lock();
    let mut waits_until = None;
    loop {
        if state.closed {
            return None;
        }
        let now = Instant::now();
        state.pending.drop_lost(now);
        if state.pending.batcher.is_empty() {
            waits_until = None;
            shared.note_depth(&state);
            state = shared.to_run.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        let until = *waits_until.get_or_insert(now + PATIENCE);
        if state.unread == 0 || state.pending.batcher.has_enough() || until <= now {
            let batch = state.pending.batcher.take();
            shared.note_depth(&state);
            return Some(batch);
        }
        let left = until - now;
        state = shared.to_run.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// A panic ends the batch, not the thread. A classifier makes its buffers anew for what it is given, so it can go on.
fn contained(classifier: &mut dyn Classifier, batch: &[Encoding]) -> Result<Vec<Logits>, Error> {
    let began = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(|| classifier.classify(batch))).unwrap_or_else(|_| {
        WorkerRestarted { worker: "model" }.emit();
        Err(Error::Model("the model panicked on this text".into()))
    })?;
    if result.len() != batch.len() {
        let reason = format!("{} results for {} windows", result.len(), batch.len());
        return Err(Error::Model(reason));
    }
    let tokens = batch.iter().map(|encoding| encoding.ids.len()).sum();
    BatchRead { windows: batch.len(), tokens, took: began.elapsed() }.emit();
    Ok(result)
}

fn deliver(shared: &Shared, places: &[Place], logits: Vec<Logits>) {
    let mut state = shared.lock();
    let pending = &mut state.pending;
    let complete: Vec<_> =
        places.iter().zip(logits).filter_map(|(place, logits)| pending.deliver(*place, logits)).collect();
    drop(state);
    for text in complete {
        match shared.preparer.conclude(&text.outline, &text.logits) {
            Ok(finding) => {
                let finding = Arc::new(finding);
                if let (Some(answers), Some(key)) = (&shared.answers, text.key) {
                    // Before it leaves the line: who asks for the same text finds it in one of the two.
                    answers.put(key, Arc::clone(&finding));
                }
                shared.lock().pending.answer(text.text, &finding);
            }
            Err(error) => shared.lock().pending.fail(text.text, &error.to_string()),
        }
    }
}

fn fail(shared: &Shared, place: Place, error: &Error) {
    shared.lock().pending.fail(place.text, &error.to_string());
}
