//! Texts whose windows wait for the model or are in it, and who waits for each. Pure bookkeeping under the engine's
//! lock: no threads of its own, no arithmetic.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::domain::assessment::{Assessment, Span};
use crate::inference::batcher::{Batcher, Budget, due};
use crate::inference::classifier::{Encoding, Logits};
use crate::inference::engine::admission::Seat;
use crate::inference::engine::answers::Key;
use crate::inference::error::Error;
use crate::inference::prepare::{Finding, Outline};
use crate::telemetry::events::{DropReason, WorkDropped};

/// Somebody who wants a text assessed.
pub(super) struct Client {
    pub(super) answer: oneshot::Sender<Result<Assessment, Error>>,
    pub(super) arrived: Instant,
    /// After this nobody reads the answer.
    pub(super) deadline: Option<Instant>,
    pub(super) seat: Seat,
}

impl Client {
    /// Gives the answer; the place is free before whoever waited can come again.
    pub(super) fn answer(self, result: Result<Assessment, Error>) {
        drop(self.seat);
        // The client may have gone; its answer is then nobody's.
        let _ = self.answer.send(result);
    }

    /// Why no work should be done for it, if so.
    fn is_lost(&self, now: Instant) -> Option<DropReason> {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            Some(DropReason::Deadline)
        } else if self.answer.is_closed() {
            Some(DropReason::Gone)
        } else {
            None
        }
    }

    /// Itself, or nothing when no work should be done for it; then it was answered and counted.
    pub(super) fn still_there(self, now: Instant) -> Option<Self> {
        let Some(reason) = self.is_lost(now) else { return Some(self) };
        WorkDropped { reason }.emit();
        self.answer(Err(Error::DeadlineExceeded));
        None
    }
}

/// One of the originals that a text in hand answers.
struct Waiter {
    client: Client,
    /// Where the windows lie in its original.
    spans: Vec<Span>,
}

struct Text {
    key: Option<Key>,
    outline: Arc<Outline>,
    logits: Vec<Option<Logits>>,
    missing: usize,
    waiters: Vec<Waiter>,
}

/// A window on its way through the model.
pub(super) struct Piece {
    text: u64,
    window: usize,
    encoding: Encoding,
}

/// Where the answer to a piece belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) text: u64,
    window: usize,
}

impl Piece {
    pub(super) fn part(self) -> (Place, Encoding) {
        (Place { text: self.text, window: self.window }, self.encoding)
    }
}

/// A text all of whose windows are read.
pub(super) struct Complete {
    pub(super) text: u64,
    pub(super) key: Option<Key>,
    pub(super) outline: Arc<Outline>,
    pub(super) logits: Vec<Logits>,
}

pub(super) struct Pending {
    texts: HashMap<u64, Text>,
    by_key: HashMap<Key, u64>,
    next: u64,
    pub(super) batcher: Batcher<Piece>,
}

impl Pending {
    pub(super) fn new(budget: Budget) -> Self {
        let batcher = Batcher::new(budget);
        Self { texts: HashMap::new(), by_key: HashMap::new(), next: 0, batcher }
    }

    /// The windows of the same text, if it is in hand: whoever asks for it again can [`join`](Self::join).
    pub(super) fn find(&self, key: &Key) -> Option<Arc<Outline>> {
        let text = self.texts.get(self.by_key.get(key)?)?;
        Some(Arc::clone(&text.outline))
    }

    /// Waits with the others for a text in hand; gives the client back when it no longer is.
    pub(super) fn join(&mut self, key: &Key, client: Client, spans: Vec<Span>) -> Result<(), Client> {
        let text = self.by_key.get(key).and_then(|id| self.texts.get_mut(id));
        let Some(text) = text else { return Err(client) };
        text.waiters.push(Waiter { client, spans });
        Ok(())
    }

    /// Puts a text's windows in line.
    pub(super) fn add(
        &mut self,
        key: Option<Key>,
        (outline, encodings): (Outline, Vec<Encoding>),
        client: Client,
        spans: Vec<Span>,
    ) {
        let id = self.next;
        self.next += 1;
        for (window, encoding) in encodings.into_iter().enumerate() {
            let tokens = encoding.ids.len();
            let due = due(client.arrived, window, tokens);
            self.batcher.push(tokens, due, Piece { text: id, window, encoding });
        }
        let windows = outline.windows();
        if let Some(key) = key {
            self.by_key.insert(key, id);
        }
        let text = Text {
            key,
            outline: Arc::new(outline),
            logits: vec![None; windows],
            missing: windows,
            waiters: vec![Waiter { client, spans }],
        };
        self.texts.insert(id, text);
    }

    /// Drops whoever is gone or too late, and the windows that nobody else wants.
    pub(super) fn drop_lost(&mut self, now: Instant) {
        let mut unwanted = false;
        let by_key = &mut self.by_key;
        self.texts.retain(|_, text| {
            if text.waiters.iter().any(|waiter| waiter.client.is_lost(now).is_some()) {
                let waiters = std::mem::take(&mut text.waiters).into_iter();
                text.waiters = waiters.filter_map(|waiter| waiter.still_there(now)).collect();
            }
            let wanted = !text.waiters.is_empty();
            if !wanted {
                unwanted = true;
                text.key.and_then(|key| by_key.remove(&key));
            }
            wanted
        });
        if unwanted {
            self.batcher.retain(|piece| self.texts.contains_key(&piece.text));
        }
    }

    /// Whether anybody still waits for the text of a window.
    pub(super) fn waits_for(&self, place: Place) -> bool {
        self.texts.contains_key(&place.text)
    }

    /// Notes what a window says; the text, when it was its last.
    pub(super) fn deliver(&mut self, place: Place, logits: Logits) -> Option<Complete> {
        let text = self.texts.get_mut(&place.text)?;
        let slot = text.logits.get_mut(place.window)?;
        if slot.replace(logits).is_none() {
            text.missing -= 1;
        }
        let complete = text.missing == 0;
        complete.then(|| Complete {
            text: place.text,
            key: text.key,
            outline: Arc::clone(&text.outline),
            logits: text.logits.iter().flatten().copied().collect(),
        })
    }

    /// Answers everybody who waits for a text, and forgets it.
    pub(super) fn answer(&mut self, text: u64, finding: &Finding) {
        for Waiter { client, spans } in self.forget(text) {
            client.answer(Ok(finding.at(&spans)));
        }
    }

    /// Tells everybody who waits for a text why it failed, and forgets it.
    pub(super) fn fail(&mut self, text: u64, reason: &str) {
        for waiter in self.forget(text) {
            waiter.client.answer(Err(Error::Model(reason.to_owned())));
        }
        self.batcher.retain(|piece| piece.text != text);
    }

    /// [`fail`](Self::fail) for every text in hand.
    pub(super) fn fail_all(&mut self, reason: &str) {
        for (_, text) in self.texts.drain() {
            for waiter in text.waiters {
                waiter.client.answer(Err(Error::Model(reason.to_owned())));
            }
        }
        self.by_key.clear();
        self.batcher.retain(|_| false);
    }

    fn forget(&mut self, text: u64) -> Vec<Waiter> {
        let Some(text) = self.texts.remove(&text) else { return Vec::new() };
        text.key.and_then(|key| self.by_key.remove(&key));
        text.waiters
    }
}

impl Waiter {
    fn still_there(self, now: Instant) -> Option<Self> {
        let Self { client, spans } = self;
        client.still_there(now).map(|client| Self { client, spans })
    }
}
