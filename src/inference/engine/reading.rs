//! The threads that tokenise. A text that was seen before, is in hand already, or needs no classifier is answered
//! here; of every other the windows are put in line.
//!
//! A long text takes milliseconds to tokenise, so one thread is kept for short ones.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::domain::assessment::Span;
use crate::domain::text::Text;
use crate::inference::classifier::Encoding;
use crate::inference::engine::answers::Key;
use crate::inference::engine::pending::Client;
use crate::inference::engine::{Shared, State};
use crate::inference::error::Error;
use crate::inference::prepare::{Outline, Prepared};
use crate::telemetry::events::{AnswerShared, SharedBy, WorkerRestarted};
use crate::text::normalize::{Normalized, normalize};

/// Bytes from which a text is long.
const LONG: usize = 8 * 1024;

/// A text that nobody has looked at.
pub(super) struct Job {
    pub(super) text: Text,
    pub(super) client: Client,
}

/// What became of a text that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Became {
    /// It is answered, or waits with an equal one.
    Settled,
    /// Its windows are in line, and it no longer counts as unread.
    InLine,
}

/// Reads one text; takes the client when it has answered it or handed it on.
pub(super) type Read = fn(&Shared, &Text, &mut Option<Client>) -> Result<Became, Error>;

/// What a thread takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    Short,
    Any,
}

/// Texts that wait to be read, first come first.
#[derive(Default)]
pub(super) struct Lanes {
    short: VecDeque<Job>,
    long: VecDeque<Job>,
}

impl Lanes {
    pub(super) fn push(&mut self, jobs: VecDeque<Job>) {
        for job in jobs {
            let lane = if job.text.as_str().len() < LONG { &mut self.short } else { &mut self.long };
            lane.push_back(job);
        }
    }

    fn pop(&mut self, lane: Lane) -> Option<Job> {
        let long_first = match (self.short.front(), self.long.front()) {
            (Some(short), Some(long)) => long.client.arrived < short.client.arrived,
            (None, _) => true,
            (Some(_), None) => false,
        };
        if lane == Lane::Any && long_first { self.long.pop_front() } else { self.short.pop_front() }
    }
}

/// Reads texts until the engine closes. A panic is the error of one text.
pub(super) fn work(shared: &Shared, lane: Lane, read: Read) {
    while let Some(job) = next(shared, lane) {
        let client = job.client.still_there(Instant::now());
        if client.is_none_or(|client| contained(shared, &job.text, client, read) == Became::Settled) {
            let mut state = shared.lock();
            state.unread -= 1;
            if state.unread == 0 {
                // The model may be waiting for what was to come from here.
                shared.to_run.notify_one();
            }
        }
    }
}

fn contained(shared: &Shared, text: &Text, client: Client, read: Read) -> Became {
    let mut client = Some(client);
    let result = catch_unwind(AssertUnwindSafe(|| read(shared, text, &mut client)));
    let result = result.unwrap_or_else(|_| {
        WorkerRestarted { worker: "reader" }.emit();
        Err(Error::Encode("the tokeniser panicked on this text".into()))
    });
    result.unwrap_or_else(|error| {
        if let Some(client) = client.take() {
            client.answer(Err(error));
        }
        Became::Settled
    })
}

fn next(shared: &Shared, lane: Lane) -> Option<Job> {
    let mut state = shared.lock();
    loop {
        if state.closed {
            return None;
        }
        if let Some(job) = state.jobs.pop(lane) {
            return Some(job);
        }
        state = shared.to_read.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
    }
}

/// Normalises, looks whether the answer is known, and otherwise puts the windows in line.
pub(super) fn read(shared: &Shared, text: &Text, client: &mut Option<Client>) -> Result<Became, Error> {
    let normalized = normalize(text.as_str());
    let key = shared.answers.as_ref().map(|answers| answers.key(&normalized));
    if let Some(key) = &key {
        answer_from_cache(shared, key, &normalized, client);
        let outline = shared.lock().pending.find(key);
        if let Some(outline) = outline {
            let spans = outline.spans(&normalized);
            join(&mut shared.lock(), key, client, spans);
        }
    }
    if client.is_none() {
        return Ok(Became::Settled);
    }
    Ok(match shared.preparer.prepare(&normalized)? {
        Prepared::Answered(finding) => {
            if let Some(client) = client.take() {
                client.answer(Ok(finding.of(&normalized)));
            }
            Became::Settled
        }
        Prepared::Windows(outline, encodings) => {
            put_in_line(shared, key, (outline, encodings), &normalized, client)
        }
    })
}

/// Unless the same text came in line, or was answered, since it was looked for.
fn put_in_line(
    shared: &Shared,
    key: Option<Key>,
    windows: (Outline, Vec<Encoding>),
    normalized: &Normalized,
    client: &mut Option<Client>,
) -> Became {
    let spans = windows.0.spans(normalized);
    let mut state = shared.lock();
    if let Some(key) = &key {
        join(&mut state, key, client, spans.clone());
        // Under the lock, since a text leaves the line only after its answer is remembered.
        answer_from_cache(shared, key, normalized, client);
    }
    let Some(client) = client.take() else { return Became::Settled };
    state.pending.add(key, windows, client, spans);
    state.unread -= 1;
    shared.note_depth(&state);
    shared.to_run.notify_one();
    Became::InLine
}

fn answer_from_cache(shared: &Shared, key: &Key, normalized: &Normalized, client: &mut Option<Client>) {
    let finding = shared.answers.as_ref().and_then(|answers| answers.get(key));
    if let (Some(finding), true) = (finding, client.is_some()) {
        AnswerShared { by: SharedBy::Cache }.emit();
        if let Some(client) = client.take() {
            client.answer(Ok(finding.of(normalized)));
        }
    }
}

fn join(state: &mut State, key: &Key, client: &mut Option<Client>, spans: Vec<Span>) {
    let Some(joining) = client.take() else { return };
    match state.pending.join(key, joining, spans) {
        Ok(()) => AnswerShared { by: SharedBy::InHand }.emit(),
        Err(back) => *client = Some(back),
    }
}
