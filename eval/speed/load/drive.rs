//! The connections at work. Closed loop: each sends its next request when it has the answer to the last, so the
//! service sets the pace. Open loop: requests are due at fixed times whatever the service does, and a request's time
//! counts from when it was due, so a service that falls behind cannot hide it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::http::Connection;
use super::shape::Requests;
use super::target::Target;

/// How much is sent, and how fast.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) connections: usize,
    /// Requests a second; as fast as the answers come when absent.
    pub(crate) rate: Option<f64>,
    pub(crate) until: Until,
    /// For one answer.
    pub(crate) patience: Duration,
}

/// When to stop sending; answers under way are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    Requests(usize),
    Passed(Duration),
}

impl Plan {
    pub(crate) fn warm_up(&self, time: Duration) -> Self {
        Self { rate: None, until: Until::Passed(time), ..self.clone() }
    }
}

/// What came of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Status(u16),
    /// Nobody there, or it hung up or said something that is not HTTP.
    Broken,
    TimedOut,
}

impl Outcome {
    pub(crate) const fn answered(self) -> bool {
        matches!(self, Self::Status(200..=299))
    }

    /// The service said that it has no room.
    pub(crate) const fn refused(self) -> bool {
        matches!(self, Self::Status(429 | 503))
    }
}

/// One request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) outcome: Outcome,
    /// From when it was due, or sent in a closed loop, to the last byte of the answer.
    pub(crate) time: Duration,
    /// How long after it was due it was sent.
    pub(crate) late: Duration,
}

/// Everything that was sent.
#[derive(Debug, Default)]
pub(crate) struct Round {
    pub(crate) samples: Vec<Sample>,
    /// From the first request to the last answer.
    pub(crate) wall: Duration,
    pub(crate) per_request: usize,
    pub(super) next: usize,
    pub(super) wrong: Option<String>,
}

impl Round {
    /// Numbers from here on were not sent.
    pub(crate) const fn sent(&self) -> usize {
        self.next
    }

    pub(crate) fn answered(&self) -> usize {
        self.samples.iter().filter(|s| s.outcome.answered()).count()
    }

    pub(crate) fn answered_texts(&self) -> usize {
        self.answered() * self.per_request
    }

    /// What was wrong with the first answer that was not of the expected shape.
    pub(crate) fn wrong(&self) -> Option<&str> {
        self.wrong.as_deref()
    }
}

/// What the connections share.
struct Shared<'a> {
    target: &'a Target,
    requests: &'a Requests,
    plan: &'a Plan,
    first: usize,
    taken: AtomicUsize,
    start: Barrier,
    wrong: Mutex<Option<String>>,
}

/// Sends requests from number `first` on.
///
/// # Errors
/// When a connection cannot be opened before the first request.
pub(crate) fn drive(
    target: &Target,
    requests: &Requests,
    plan: &Plan,
    first: usize,
) -> anyhow::Result<Round> {
    let mut connections = Vec::new();
    for _ in 0..plan.connections.max(1) {
        connections.push(
            Connection::open(target.address, plan.patience)
                .with_context(|| format!("cannot connect to {target}"))?,
        );
    }
    let shared = Shared {
        target,
        requests,
        plan,
        first,
        taken: AtomicUsize::new(0),
        start: Barrier::new(connections.len()),
        wrong: Mutex::new(None),
    };
    let lanes: Vec<(Instant, Vec<Sample>)> = std::thread::scope(|scope| {
        let running: Vec<_> = connections.into_iter().map(|c| scope.spawn(|| shared.work(c))).collect();
        running.into_iter().map(|lane| lane.join().expect("a lane does not panic")).collect()
    });
    let began = lanes.iter().map(|(began, _)| *began).min();
    let samples: Vec<Sample> = lanes.iter().flat_map(|(_, samples)| samples).copied().collect();
    Ok(Round {
        wall: began.map_or(Duration::ZERO, |began| began.elapsed()),
        per_request: requests.per_request,
        next: first + samples.len(),
        wrong: shared.wrong.into_inner().unwrap_or_else(PoisonError::into_inner),
        samples,
    })
}

impl Shared<'_> {
    /// One connection, to the end.
    fn work(&self, connection: Connection) -> (Instant, Vec<Sample>) {
        let (mut connection, mut samples, mut request) = (Some(connection), Vec::new(), Vec::new());
        self.start.wait();
        let began = Instant::now();
        while let Some((number, due)) = self.next(began) {
            self.requests.bytes(self.first + number, self.target, &mut request);
            let sent = Instant::now();
            let outcome = self.ask(&mut connection, &request);
            samples.push(Sample {
                outcome,
                time: due.unwrap_or(sent).elapsed(),
                late: due.map_or(Duration::ZERO, |due| sent - due),
            });
        }
        (began, samples)
    }

    /// The number of the next request and when it is due, once it is; `None` at the end.
    fn next(&self, began: Instant) -> Option<(usize, Option<Instant>)> {
        if let Until::Passed(time) = self.plan.until
            && self.plan.rate.is_none()
            && began.elapsed() >= time
        {
            return None;
        }
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        let due = self.plan.rate.map(|rate| Duration::from_secs_f64(number as f64 / rate));
        match (self.plan.until, due) {
            (Until::Requests(count), _) if number >= count => return None,
            (Until::Passed(time), Some(due)) if due >= time => return None,
            _ => {}
        }
        let due = due.map(|due| began + due);
        if let Some(due) = due {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        Some((number, due))
    }

    fn ask(&self, connection: &mut Option<Connection>, request: &[u8]) -> Outcome {
        let ready = match connection.take() {
            Some(ready) => Ok(ready),
            None => Connection::open(self.target.address, self.plan.patience),
        };
        let answer = ready.and_then(|mut ready| ready.ask(request).map(|status| (ready, status)));
        match answer {
            Ok((ready, status)) => {
                let outcome = Outcome::Status(status);
                if outcome.answered() {
                    self.check(&ready.body);
                }
                *connection = ready.open.then_some(ready);
                outcome
            }
            Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                Outcome::TimedOut
            }
            Err(_) => {
                // A service that is gone must not be asked a hundred thousand times a second.
                std::thread::sleep(Duration::from_millis(10));
                Outcome::Broken
            }
        }
    }

    /// Only in the warm-up, which begins with the first request: it costs processor time.
    fn check(&self, body: &[u8]) {
        if self.first == 0
            && let Some(wrong) = self.requests.shape.wrong(body, self.requests.per_request)
        {
            self.wrong.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(wrong);
        }
    }
}
