//! The bound before everything: a text has a seat from before any work until it is answered, and there are only so
//! many. How fast seats become free is measured, in bytes of text, which is what is known of a text before any
//! work; so whoever finds none is told when to come back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How much may be in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) texts: usize,
    pub(super) bytes: usize,
}

#[derive(Debug)]
pub(super) struct Admission {
    room: Room,
    /// The longest that a text may have to wait for those before it.
    wait: Duration,
    gate: Mutex<Gate>,
}

#[derive(Debug)]
struct Gate {
    taken: Room,
    drain: Drain,
}

/// A text's place; free again when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    admission: Arc<Admission>,
    bytes: usize,
}

impl Admission {
    pub(super) fn new(room: Room, wait: Duration) -> Arc<Self> {
        let gate = Gate { taken: Room { texts: 0, bytes: 0 }, drain: Drain::default() };
        Arc::new(Self { room, wait, gate: Mutex::new(gate) })
    }

    /// Seats for texts of these bytes, all or none; without room, the time after which there should be.
    pub(super) fn admit(self: &Arc<Self>, texts: &[usize]) -> Result<Vec<Seat>, Duration> {
        let bytes: usize = texts.iter().sum();
        let mut gate = self.gate();
        let taken = Room { texts: gate.taken.texts + texts.len(), bytes: gate.taken.bytes + bytes };
        let ahead = gate.drain.time_for(gate.taken.bytes);
        // Until a rate was measured nothing is known of the wait.
        let too_long = gate.drain.is_measured() && ahead > self.wait;
        if taken.texts > self.room.texts || taken.bytes > self.room.bytes || too_long {
            return Err(ahead);
        }
        if gate.taken.texts == 0 {
            gate.drain.begin(Instant::now());
        }
        gate.taken = taken;
        drop(gate);
        Ok(texts.iter().map(|bytes| Seat { admission: Arc::clone(self), bytes: *bytes }).collect())
    }

    /// Texts in hand.
    pub(super) fn texts(&self) -> usize {
        self.gate().taken.texts
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        // Nothing in here panics half-way.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut gate = self.admission.gate();
        gate.taken.texts -= 1;
        gate.taken.bytes -= self.bytes;
        gate.drain.leave(self.bytes, Instant::now());
    }
}

/// The rate at which bytes leave while there are any: sums over the past that count half as much after every
/// [`HALF_LIFE`] of being busy.
#[derive(Debug, Default)]
struct Drain {
    bytes: f64,
    seconds: f64,
    /// When the last text left, or the first came.
    since: Option<Instant>,
}

const HALF_LIFE: Duration = Duration::from_secs(2);
/// Bytes a second, until something was measured: a slow machine's.
const UNMEASURED: f64 = 20_000.0;
/// Nobody is sent away for less.
const SHORTEST: Duration = Duration::from_millis(100);

impl Drain {
    fn begin(&mut self, now: Instant) {
        self.since = Some(now);
    }

    fn leave(&mut self, bytes: usize, now: Instant) {
        let busy = self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        self.since = Some(now);
        let keep = (-busy.as_secs_f64() / HALF_LIFE.as_secs_f64()).exp2();
        self.bytes = self.bytes * keep + bytes as f64;
        self.seconds = self.seconds * keep + busy.as_secs_f64();
    }

    /// Whether texts have left for long enough to tell their rate.
    fn is_measured(&self) -> bool {
        self.seconds > 1e-3
    }

    /// How long `bytes` take.
    fn time_for(&self, bytes: usize) -> Duration {
        let rate = if self.is_measured() { self.bytes / self.seconds } else { UNMEASURED };
        let wait = Duration::try_from_secs_f64(bytes as f64 / rate.max(1.0)).unwrap_or(Duration::MAX);
        wait.max(SHORTEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milliseconds(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn the_rate_is_that_of_busy_times_and_follows_changes() {
        let (start, mut drain) = (Instant::now(), Drain::default());
        drain.begin(start);
        for i in 1..=100 {
            drain.leave(1000, start + milliseconds(10 * i));
        }
        let near = |drain: &Drain, ms: f64| {
            let took = drain.time_for(100_000).as_secs_f64() * 1000.0;
            assert!((took / ms - 1.0).abs() < 0.1, "{took} {ms}");
        };
        near(&drain, 1000.0);
        // An hour without work is not a slow hour.
        let later = start + Duration::from_hours(1);
        drain.begin(later);
        drain.leave(1000, later + milliseconds(10));
        near(&drain, 1000.0);
        // Ten times slower for some half-lives.
        for i in 1..=100 {
            drain.leave(1000, later + milliseconds(10 + 100 * i));
        }
        near(&drain, 10_000.0);
    }

    #[test]
    fn seats_are_given_all_or_none_and_come_back() {
        let admission = Admission::new(Room { texts: 3, bytes: 100 }, Duration::from_secs(1));
        let two = admission.admit(&[40, 40]).expect("there is room");
        let wait = admission.admit(&[5, 5]).expect_err("four texts");
        assert!(wait >= SHORTEST);
        admission.admit(&[21]).expect_err("101 bytes");
        assert_eq!(admission.texts(), 2);
        let one = admission.admit(&[20]).expect("exactly full");
        drop(two);
        drop(one);
        assert_eq!(admission.texts(), 0);
        assert_eq!(admission.admit(&[30, 30, 30]).expect("empty again").len(), 3);
    }

    #[test]
    fn who_would_wait_too_long_is_refused() {
        let admission = Admission::new(Room { texts: 100, bytes: 1_000_000 }, milliseconds(500));
        let start = Instant::now();
        {
            // 10,000 bytes a second.
            let drain = &mut admission.gate().drain;
            drain.begin(start);
            (1..=100).for_each(|i| drain.leave(100, start + milliseconds(10 * i)));
        }
        // Whatever its length, a text is taken on while those before it are soon done.
        let first = admission.admit(&[4_000]).expect("nothing ahead");
        let second = admission.admit(&[4_000]).expect("0.4 s ahead");
        let wait = admission.admit(&[10]).expect_err("0.8 s ahead");
        assert!(wait > milliseconds(700) && wait < milliseconds(900), "{wait:?}");
        drop((first, second));
    }
}
