//! Every number that is counted, by name, and the recorder that `/metrics` prints. Events count; nobody
//! else touches these.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// One number. Labels are few and their values come from closed sets of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Requests answered, by `method`, `route` and `status`.
    Requests,
    /// Seconds from the first byte of a request to its answer, by `route`.
    RequestSeconds,
    /// Texts moderated, by `band` and `language_support`.
    Moderations,
    /// Answers of the kind `error`, by `code`.
    Errors,
    /// What reviewers did, by `move`.
    ReviewMoves,
    /// Texts taken on and not answered yet.
    QueueTexts,
    /// Tokens that wait for the model.
    QueueTokens,
    /// Tokens of a batch.
    BatchTokens,
    /// Seconds the model takes for a batch.
    BatchSeconds,
    /// Texts answered by what was found for an equal one, `by` cache or in_hand.
    AnswersShared,
    /// Texts dropped before the model read them, by `reason`.
    TextsDropped,
    /// Panics that a worker thread survived, by `worker`.
    WorkerRestarts,
    /// Texts in a readable language, by `outcome` at the first stage: `stopped`, `passed`, `sampled`.
    Cascade,
    /// Texts that the first stage would have stopped and the encoder read all the same, by what the `encoder` said of
    /// them: `flagged`, `category`, `nothing`.
    CascadeSamples,
}

impl Metric {
    pub const ALL: [Self; 14] = [
        Self::Requests,
        Self::RequestSeconds,
        Self::Moderations,
        Self::Errors,
        Self::ReviewMoves,
        Self::QueueTexts,
        Self::QueueTokens,
        Self::BatchTokens,
        Self::BatchSeconds,
        Self::AnswersShared,
        Self::TextsDropped,
        Self::WorkerRestarts,
        Self::Cascade,
        Self::CascadeSamples,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "countervail_http_requests_total",
            Self::RequestSeconds => "countervail_http_request_seconds",
            Self::Moderations => "countervail_moderations_total",
            Self::Errors => "countervail_http_errors_total",
            Self::ReviewMoves => "countervail_review_moves_total",
            Self::QueueTexts => "countervail_queue_texts",
            Self::QueueTokens => "countervail_queue_tokens",
            Self::BatchTokens => "countervail_batch_tokens",
            Self::BatchSeconds => "countervail_batch_seconds",
            Self::AnswersShared => "countervail_answers_shared_total",
            Self::TextsDropped => "countervail_texts_dropped_total",
            Self::WorkerRestarts => "countervail_worker_restarts_total",
            Self::Cascade => "countervail_cascade_texts_total",
            Self::CascadeSamples => "countervail_cascade_samples_total",
        }
    }

    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Requests => "Requests answered, by method, route and status",
            Self::RequestSeconds => "Seconds from the first byte of a request to its answer, by route",
            Self::Moderations => "Texts moderated, by band and language support",
            Self::Errors => "Requests refused or failed, by error code",
            Self::ReviewMoves => "What reviewers did, by move",
            Self::QueueTexts => "Texts taken on and not answered yet",
            Self::QueueTokens => "Tokens that wait for the model",
            Self::BatchTokens => "Tokens of a batch",
            Self::BatchSeconds => "Seconds the model takes for a batch",
            Self::AnswersShared => "Texts answered by what was found for an equal one, by cache or in_hand",
            Self::TextsDropped => "Texts dropped before the model read them, by reason",
            Self::WorkerRestarts => "Panics that a worker thread survived, by worker",
            Self::Cascade => "Texts in a readable language, by what the first stage made of them",
            Self::CascadeSamples => {
                "Texts that the first stage would have stopped, by what the encoder said of them"
            }
        }
    }
}

/// Seconds; from a cached page to a full batch of long texts.
const BUCKETS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0];
const TOKEN_BUCKETS: [f64; 8] = [16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0];

/// The numbers of this process, ready to be printed.
#[derive(Clone)]
pub struct Recorder {
    handle: PrometheusHandle,
}

impl Recorder {
    /// The one recorder of the process; made and installed at the first call.
    #[must_use]
    pub fn install() -> Self {
        static RECORDER: OnceLock<Recorder> = OnceLock::new();
        RECORDER.get_or_init(Self::build).clone()
    }

    fn build() -> Self {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
            .expect("the list of buckets is not empty")
            .set_buckets_for_metric(Matcher::Full(Metric::BatchTokens.name().to_owned()), &TOKEN_BUCKETS)
            .expect("the list of buckets is not empty")
            .build_recorder();
        let handle = recorder.handle();
        // Fails only where another recorder is installed, which then has the numbers; ours prints none.
        let installed = metrics::set_global_recorder(recorder).is_ok();
        debug_assert!(installed, "a second metrics recorder in one process");
        for metric in Metric::ALL {
            match metric {
                Metric::RequestSeconds | Metric::BatchTokens | Metric::BatchSeconds => {
                    metrics::describe_histogram!(metric.name(), metric.help());
                }
                Metric::QueueTexts | Metric::QueueTokens => {
                    metrics::describe_gauge!(metric.name(), metric.help());
                }
                _ => metrics::describe_counter!(metric.name(), metric.help()),
            }
        }
        Self { handle }
    }

    /// All numbers in the text format of Prometheus.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.run_upkeep();
        self.handle.render()
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_printed() {
        let recorder = Recorder::install();
        metrics::counter!(Metric::ReviewMoves.name(), "move" => "claim").increment(1);
        let page = recorder.render();
        assert!(page.contains("countervail_review_moves_total{move=\"claim\"}"), "{page}");
        assert!(page.contains(Metric::ReviewMoves.help()), "{page}");
    }
}
