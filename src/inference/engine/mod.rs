//! Everything between a text that comes in and its answer, on threads of its own:
//!
//! ```text
//! assess ─ admission ─► readers (normalise, seen before?, language, tokens, windows) ─► batcher ─► model ─► answer
//!          full: refused  a few threads, one kept for short texts                       by budget   one thread
//! ```
//!
//! One lock guards all queues and is never held while anything is computed. Every text is answered exactly once: by
//! the reader, by the model, or as lost; a panic anywhere fails the texts it touched, and that thread goes on.

mod admission;
mod answers;
mod pending;
mod reading;
mod running;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use self::admission::{Admission, Room};
use self::answers::Answers;
use self::pending::{Client, Pending};
use self::reading::{Job, Read};
use crate::domain::assessment::Assessment;
use crate::domain::text::Text;
use crate::inference::batcher::Budget;
use crate::inference::error::Error;
use crate::inference::pipeline::Pipeline;
use crate::inference::prepare::Preparer;
use crate::telemetry::events::{QueueDepth, WorkerRestarted};

/// How much the engine takes on, and with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Texts that may be in hand; one more is refused.
    pub queue_texts: usize,
    /// Bytes of text that may be in hand.
    pub queue_bytes: usize,
    /// A text that would wait longer for those before it is refused.
    pub queue_wait: Duration,
    /// Tokens that the model reads in one go, unless a single window is longer; 0 chooses by the number of cores.
    pub batch_tokens: usize,
    /// Threads that tokenise; 0 chooses by the number of cores.
    pub readers: usize,
    /// Answers that are remembered for texts that come again; 0 remembers none.
    pub cache_entries: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            queue_texts: 1024,
            queue_bytes: 16 << 20,
            queue_wait: Duration::from_secs(10),
            batch_tokens: 0,
            readers: 0,
            cache_entries: 50_000,
        }
    }
}

impl Settings {
    fn budget(&self) -> Budget {
        let tokens = if self.batch_tokens > 0 { self.batch_tokens } else { TOKENS_FOR_A_CORE * cores() };
        Budget::new(tokens, cores())
    }

    /// Half the cores tokenise far faster than all of them encode. Never fewer than two: see [`reading`].
    fn reader_threads(&self) -> usize {
        if self.readers > 0 { self.readers } else { (cores() / 2).clamp(2, 8) }
    }
}

/// Tokens of a batch for each core: more makes no text cheaper, and all wait longer (docs/PERFORMANCE.md).
const TOKENS_FOR_A_CORE: usize = 256;

/// What the classifier computes on.
fn cores() -> usize {
    rayon::current_num_threads()
}

/// The running threads; they end when this is dropped.
pub(super) struct Engine {
    shared: Arc<Shared>,
}

/// What the threads share.
struct Shared {
    state: Mutex<State>,
    to_read: Condvar,
    to_run: Condvar,
    admission: Arc<Admission>,
    answers: Option<Answers>,
    preparer: Preparer,
    /// Threads that should run and do not.
    missing: AtomicUsize,
}

struct State {
    jobs: reading::Lanes,
    /// Texts admitted whose windows are not in line yet.
    unread: usize,
    pending: Pending,
    closed: bool,
}

impl Engine {
    /// # Errors
    /// [`Error::Model`] when a thread cannot be started.
    pub(super) fn start(pipeline: Pipeline, settings: Settings) -> Result<Self, Error> {
        Self::start_reading_by(pipeline, settings, reading::read)
    }

    fn start_reading_by(pipeline: Pipeline, settings: Settings, read: Read) -> Result<Self, Error> {
        let (model, preparer, mut classifier) = pipeline.into_parts();
        let room = Room { texts: settings.queue_texts, bytes: settings.queue_bytes };
        let wait = settings.queue_wait;
        let state = State {
            jobs: reading::Lanes::default(),
            unread: 0,
            pending: Pending::new(settings.budget()),
            closed: false,
        };
        let answers = settings.cache_entries > 0;
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            to_read: Condvar::new(),
            to_run: Condvar::new(),
            admission: Admission::new(room, wait),
            answers: answers.then(|| Answers::new(&model, settings.cache_entries)),
            preparer,
            missing: AtomicUsize::new(0),
        });
        // From here on a failure closes what was started.
        let engine = Self { shared };
        let readers = settings.reader_threads();
        for number in 0..readers {
            let lane = if number == 0 && readers > 1 { reading::Lane::Short } else { reading::Lane::Any };
            engine.spawn("reader", move |shared| reading::work(shared, lane, read))?;
        }
        engine.spawn("model", move |shared| running::work(shared, classifier.as_mut()))?;
        Ok(engine)
    }

    /// Starts a thread that does `work` until the engine closes, again whenever it panics.
    fn spawn(
        &self,
        worker: &'static str,
        mut work: impl FnMut(&Shared) + Send + 'static,
    ) -> Result<(), Error> {
        let shared = Arc::clone(&self.shared);
        let supervised = move || {
            while catch_unwind(AssertUnwindSafe(|| work(&shared))).is_err() {
                // Only a fault in our own bookkeeping gets here; what it was about cannot be known.
                WorkerRestarted { worker }.emit();
                shared.lock().pending.fail_all("a thread of the engine panicked");
            }
            shared.missing.fetch_add(1, Ordering::Release);
        };
        let started = thread::Builder::new().name(worker.to_owned()).spawn(supervised);
        started.map(drop).map_err(|e| Error::Model(format!("cannot start a thread: {e}")))
    }

    /// One result for each text, in their order.
    ///
    /// # Errors
    /// Of all texts, before any work: [`Error::Overloaded`]; [`Error::DeadlineExceeded`] before or while waiting.
    pub(super) async fn assess(
        &self,
        texts: Vec<Text>,
        deadline: Option<Instant>,
    ) -> Result<Vec<Result<Assessment, Error>>, Error> {
        let arrived = Instant::now();
        if deadline.is_some_and(|deadline| deadline <= arrived) {
            return Err(Error::DeadlineExceeded);
        }
        let sizes: Vec<usize> = texts.iter().map(|text| text.as_str().len()).collect();
        let seats = self.shared.admission.admit(&sizes);
        let seats = seats.map_err(|retry_after| Error::Overloaded { retry_after })?;
        let (mut jobs, mut waits) = (VecDeque::with_capacity(texts.len()), Vec::with_capacity(texts.len()));
        for (text, seat) in texts.into_iter().zip(seats) {
            let (answer, wait) = oneshot::channel();
            jobs.push_back(Job { text, client: Client { answer, arrived, deadline, seat } });
            waits.push(wait);
        }
        self.shared.enqueue(jobs);
        let all = async {
            let mut results = Vec::with_capacity(waits.len());
            for wait in waits {
                results.push(wait.await.unwrap_or(Err(Error::Unhealthy)));
            }
            results
        };
        match deadline {
            None => Ok(all.await),
            // Whoever stops waiting is noticed by the threads, and no work is done for it.
            Some(at) => tokio::time::timeout_at(at.into(), all).await.map_err(|_| Error::DeadlineExceeded),
        }
    }

    /// Whether every thread runs.
    pub(super) fn is_healthy(&self) -> bool {
        self.shared.missing.load(Ordering::Acquire) == 0
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.to_read.notify_all();
        self.shared.to_run.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // After a panic under the lock, `fail_all` leaves the state consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(&self, jobs: VecDeque<Job>) {
        let mut state = self.lock();
        state.unread += jobs.len();
        state.jobs.push(jobs);
        drop(state);
        // All, since the one woken could be the one that takes short texts only.
        self.to_read.notify_all();
    }

    fn note_depth(&self, state: &State) {
        QueueDepth { texts: self.admission.texts(), tokens: state.pending.batcher.tokens() }.emit();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::reading::Became;
    use super::*;

    fn text(raw: &str) -> Text {
        Text::parse(raw, 1 << 16).expect("a text")
    }

    fn panics_on_one_word(
        shared: &Shared,
        text: &Text,
        client: &mut Option<Client>,
    ) -> Result<Became, Error> {
        assert!(!text.as_str().contains("zorblax"), "asked to");
        reading::read(shared, text, client)
    }

    #[tokio::test]
    async fn a_reader_that_panics_fails_that_text_and_goes_on() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default");
        let pipeline = Pipeline::open(&folder).expect("the shipped bundle opens");
        let settings = Settings { readers: 1, ..Settings::default() };
        let engine = Engine::start_reading_by(pipeline, settings, panics_on_one_word).expect("starts");
        for _ in 0..3 {
            let texts = ["good morning", "the zorblax meets", "good evening"].map(text).into();
            let answers = engine.assess(texts, None).await.expect("taken on");
            assert!(matches!(answers[..], [Ok(_), Err(Error::Encode(_)), Ok(_)]), "{answers:?}");
        }
        assert!(engine.is_healthy());
        assert_eq!(engine.shared.admission.texts(), 0, "every seat is free again");
    }

    #[tokio::test]
    async fn after_a_fault_under_the_lock_texts_are_answered() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default");
        let pipeline = Pipeline::open(&folder).expect("the shipped bundle opens");
        let engine = Engine::start(pipeline, Settings::default()).expect("starts");
        let mut once = true;
        let worker = move |shared: &Shared| {
            let _state = shared.lock();
            assert!(!std::mem::take(&mut once), "asked to, while holding the lock");
        };
        engine.spawn("reader", worker).expect("starts");
        while engine.is_healthy() {
            // It ends when it is done for the second time.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let answers = engine.assess(vec![text("good evening")], None).await.expect("taken on");
        assert!(matches!(answers[..], [Ok(_)]), "{answers:?}");
    }
}
