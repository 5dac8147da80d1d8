//! What happens, one typed event each: emitting it both logs and counts, so that the two always agree.
//! Fields are ids and names of ours; there is no field that could hold a text.

use std::time::Duration;

use uuid::Uuid;

use crate::telemetry::metrics::Metric;

/// A request was answered.
#[derive(Debug, Clone, Copy)]
pub struct RequestAnswered<'a> {
    pub id: &'a str,
    pub method: &'static str,
    /// The pattern that matched, never the path that was asked for.
    pub route: &'a str,
    pub status: u16,
    pub took: Duration,
}

impl RequestAnswered<'_> {
    pub fn emit(self) {
        let labels = [
            ("method", self.method.to_owned()),
            ("route", self.route.to_owned()),
            ("status", self.status.to_string()),
        ];
        metrics::counter!(Metric::Requests.name(), &labels).increment(1);
        metrics::histogram!(Metric::RequestSeconds.name(), "route" => self.route.to_owned())
            .record(self.took.as_secs_f64());
        tracing::info!(
            request.id = self.id,
            request.method = self.method,
            request.route = self.route,
            response.status = self.status,
            took_ms = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            "request answered"
        );
    }
}

/// A request was refused or failed.
#[derive(Debug, Clone, Copy)]
pub struct RequestFailed<'a> {
    pub id: &'a str,
    pub code: &'static str,
    pub status: u16,
    /// What the client is not told, where there is such a thing.
    pub cause: Option<&'a str>,
}

impl RequestFailed<'_> {
    pub fn emit(self) {
        metrics::counter!(Metric::Errors.name(), "code" => self.code).increment(1);
        if self.status >= 500 {
            tracing::error!(
                request.id = self.id,
                error.code = self.code,
                error.cause = self.cause.unwrap_or("not said"),
                "request failed"
            );
        } else {
            tracing::debug!(request.id = self.id, error.code = self.code, "request refused");
        }
    }
}

/// What a first stage made of a text. Of a sampled one, which it would have stopped, what the encoder then said is the
/// comparison that shows drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screened {
    /// Answered without the encoder.
    Stopped,
    /// Went on to the encoder, or there was no first stage.
    Passed,
    /// Sampled, and the encoder flagged it: a text that would have been lost.
    SampledFlagged,
    /// Sampled; the encoder did not flag it but says that a category applies.
    SampledSaid,
    /// Sampled, and the encoder has nothing to say of it either.
    SampledNothing,
}

impl Screened {
    /// What became of it, and what the encoder said of one that was sampled.
    const fn labels(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Stopped => ("stopped", None),
            Self::Passed => ("passed", None),
            Self::SampledFlagged => ("sampled", Some("flagged")),
            Self::SampledSaid => ("sampled", Some("category")),
            Self::SampledNothing => ("sampled", Some("nothing")),
        }
    }

    fn count(self) {
        let (outcome, said) = self.labels();
        metrics::counter!(Metric::Cascade.name(), "outcome" => outcome).increment(1);
        if let Some(said) = said {
            metrics::counter!(Metric::CascadeSamples.name(), "encoder" => said).increment(1);
        }
    }
}

/// A text was moderated and stored.
#[derive(Debug, Clone, Copy)]
pub struct Moderated {
    pub moderation_id: Uuid,
    pub band: &'static str,
    pub language_support: &'static str,
    pub windows: usize,
    /// `None` when the language could not be read.
    pub screened: Option<Screened>,
}

impl Moderated {
    pub fn emit(self) {
        if let Some(screened) = self.screened {
            screened.count();
        }
        let labels = [("band", self.band), ("language_support", self.language_support)];
        metrics::counter!(Metric::Moderations.name(), &labels).increment(1);
        tracing::debug!(
            moderation.id = %self.moderation_id,
            moderation.band = self.band,
            moderation.language_support = self.language_support,
            moderation.windows = self.windows,
            moderation.cascade = self.screened.map_or("unread", |s| s.labels().0),
            "text moderated"
        );
    }
}

/// A reviewer did something to a job.
#[derive(Debug, Clone, Copy)]
pub struct JobMoved {
    pub job_id: Uuid,
    /// Name of the move, e.g. `claim`.
    pub by: &'static str,
}

impl JobMoved {
    pub fn emit(self) {
        metrics::counter!(Metric::ReviewMoves.name(), "move" => self.by).increment(1);
        tracing::info!(job.id = %self.job_id, job.moved_by = self.by, "job moved");
    }
}

/// The model read some windows in one go.
#[derive(Debug, Clone, Copy)]
pub struct BatchRead {
    pub windows: usize,
    pub tokens: usize,
    pub took: Duration,
}

impl BatchRead {
    pub fn emit(self) {
        metrics::histogram!(Metric::BatchTokens.name()).record(self.tokens as f64);
        metrics::histogram!(Metric::BatchSeconds.name()).record(self.took.as_secs_f64());
        tracing::trace!(batch.windows = self.windows, batch.tokens = self.tokens, "batch read");
    }
}

/// How much waits for an answer; said whenever it changes at the model.
#[derive(Debug, Clone, Copy)]
pub struct QueueDepth {
    /// In hand: waiting to be tokenised, for the model, or in it.
    pub texts: usize,
    /// Waiting for the model.
    pub tokens: usize,
}

impl QueueDepth {
    pub fn emit(self) {
        metrics::gauge!(Metric::QueueTexts.name()).set(self.texts as f64);
        metrics::gauge!(Metric::QueueTokens.name()).set(self.tokens as f64);
    }
}

/// Where an answer to a text that came before was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharedBy {
    /// It was remembered.
    Cache,
    /// The same text was waiting for the model.
    InHand,
}

/// A text was answered by what was found for an equal one.
#[derive(Debug, Clone, Copy)]
pub struct AnswerShared {
    pub by: SharedBy,
}

impl AnswerShared {
    pub fn emit(self) {
        let by = match self.by {
            SharedBy::Cache => "cache",
            SharedBy::InHand => "in_hand",
        };
        metrics::counter!(Metric::AnswersShared.name(), "by" => by).increment(1);
    }
}

/// Why no work was done for a text that had been taken on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// Its deadline passed.
    Deadline,
    /// Nobody waits for it any more.
    Gone,
}

/// A text was dropped before the model read it.
#[derive(Debug, Clone, Copy)]
pub struct WorkDropped {
    pub reason: DropReason,
}

impl WorkDropped {
    pub fn emit(self) {
        let reason = match self.reason {
            DropReason::Deadline => "deadline",
            DropReason::Gone => "gone",
        };
        metrics::counter!(Metric::TextsDropped.name(), "reason" => reason).increment(1);
        tracing::debug!(drop.reason = reason, "text dropped before the model read it");
    }
}

/// A worker thread panicked and goes on. What it panicked with may hold anything, so it is not said.
#[derive(Debug, Clone, Copy)]
pub struct WorkerRestarted {
    /// `model` or `reader`.
    pub worker: &'static str,
}

impl WorkerRestarted {
    pub fn emit(self) {
        metrics::counter!(Metric::WorkerRestarts.name(), "worker" => self.worker).increment(1);
        tracing::error!(worker = self.worker, "a worker panicked and was restarted");
    }
}
