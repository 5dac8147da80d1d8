//! The engine: every text gets its own answer, the same as alone; refuses at once when full; survives panics; does
//! nothing twice, and nothing for those who are gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use countervail::domain::assessment::Assessment;
use countervail::domain::taxonomy::{Category, Context};
use countervail::domain::text::Text;
use countervail::inference::classifier::{Classifier, Encoding, Logits};
use countervail::inference::engine::Settings;
use countervail::inference::error::Error;
use countervail::inference::handle::Handle;
use countervail::inference::pipeline::Pipeline;
use proptest::prelude::*;
use tokio::task::JoinHandle;

use crate::tiny::bundle;

fn text(raw: &str) -> Text {
    Text::parse(raw, 1 << 16).expect("a text")
}

fn pipeline() -> Pipeline {
    Pipeline::open(bundle()).expect("opens")
}

/// A classifier of flesh and blood that can be stopped, watched and made to panic.
#[derive(Clone)]
pub(crate) struct Watched {
    gate: Arc<AtomicBool>,
    /// Windows that were read, in order, by their number of tokens.
    read: Arc<std::sync::Mutex<Vec<usize>>>,
    batches: Arc<AtomicUsize>,
    panics_above: usize,
}

impl Watched {
    pub(crate) fn new(open: bool) -> Self {
        Self {
            gate: Arc::new(AtomicBool::new(open)),
            read: Arc::default(),
            batches: Arc::default(),
            panics_above: usize::MAX,
        }
    }

    /// Starts an engine over it, with the tokeniser and calibration of the tiny bundle.
    pub(crate) fn start(&self, settings: Settings) -> Handle {
        let pipeline = pipeline().with_classifier(Box::new(self.clone()));
        Handle::start(pipeline, settings).expect("starts")
    }

    pub(crate) fn open(&self) {
        self.gate.store(true, Ordering::Release);
    }

    /// Windows read so far.
    pub(crate) fn windows(&self) -> usize {
        self.read.lock().expect("nobody panics with it").len()
    }

    /// Batches that were begun.
    pub(crate) fn batches(&self) -> usize {
        self.batches.load(Ordering::Acquire)
    }
}

impl Classifier for Watched {
    fn classify(&mut self, batch: &[Encoding]) -> Result<Vec<Logits>, Error> {
        self.batches.fetch_add(1, Ordering::AcqRel);
        while !self.gate.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(batch.iter().all(|e| e.ids.len() <= self.panics_above), "a long text");
        self.read.lock().expect("nobody panics with it").extend(batch.iter().map(|e| e.ids.len()));
        let logits = |e: &Encoding| {
            let mut categories = [-4.0; Category::COUNT];
            categories[0] = e.ids.len() as f32;
            Logits { categories, context: [0.0; Context::COUNT] }
        };
        Ok(batch.iter().map(logits).collect())
    }
}

fn send(handle: &Handle, raw: &str) -> JoinHandle<Result<Assessment, Error>> {
    let (handle, text) = (handle.clone(), text(raw));
    tokio::spawn(async move { handle.assess(&text, None).await })
}

pub(crate) async fn until(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(20), "it never came");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Words of the tiny vocabulary; none equal to another number's.
fn words(number: usize, count: usize) -> String {
    let all = ["amber", "basin", "cedar", "delta", "ember", "fable", "grove", "haven", "inlet", "jolly"];
    let digit = |at: usize| all[number / 10_usize.pow(u32::try_from(at % 4).expect("small")) % 10];
    (0..count).map(digit).collect::<Vec<_>>().join(" ")
}

/// Texts as they come: some of one window, some of several, some seen before, some equal only when normalised.
fn mixes() -> impl Strategy<Value = Vec<String>> {
    let word = proptest::sample::select(vec!["amber", "zorblax", "CEDAR", "opal", "été", "ﬁlm", "日本語"]);
    let raw = proptest::collection::vec(word, 1..90).prop_map(|words| words.join(" "));
    let twisted = (raw, 0..4).prop_map(|(raw, twist)| match twist {
        0 => raw,
        1 => format!("  {}\u{200B}", raw.replace(' ', " \u{200B}  ")),
        2 => raw.replace('a', "\u{FF41}"),
        _ => format!("{raw} http://example.com/{}", raw.len()),
    });
    proptest::collection::vec((twisted, 1usize..4), 1..14).prop_map(|texts| {
        let copies = texts.into_iter().flat_map(|(raw, times)| std::iter::repeat_n(raw, times));
        copies.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_the_same_bits_as_one_by_one(raws in mixes(), batch_tokens in 1usize..600, cached in any::<bool>()) {
        let texts: Vec<Text> = raws.iter().map(|raw| text(raw)).collect();
        let mut pipeline = pipeline();
        let alone: Vec<Assessment> = texts
            .iter()
            .map(|text| pipeline.assess(std::slice::from_ref(text)).expect("runs").swap_remove(0))
            .collect();
        prop_assert_eq!(&pipeline.assess(&texts).expect("runs"), &alone);
        let cache_entries = if cached { 100 } else { 0 };
        let handle = Handle::start(pipeline, Settings { batch_tokens, cache_entries, ..Settings::default() });
        let handle = handle.expect("starts");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build();
        runtime.expect("starts").block_on(async {
            for _ in 0..2 {
                let one_by_one = texts.iter().map(|text| {
                    let (handle, text) = (handle.clone(), text.clone());
                    tokio::spawn(async move { handle.assess(&text, None).await })
                });
                let one_by_one: Vec<_> = one_by_one.collect();
                let together = handle.assess_all(texts.clone(), None).await.expect("there is room");
                for ((one, together), alone) in one_by_one.into_iter().zip(together).zip(&alone) {
                    prop_assert_eq!(&one.await.expect("no panic").expect("assessed"), alone);
                    prop_assert_eq!(&together.expect("assessed"), alone);
                }
            }
            Ok(())
        })?;
    }
}

/// What becomes of somebody who sends a text.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Waits,
    Leaves,
    HasLittleTime,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whoever_waits_is_answered_and_every_seat_is_free_again(
        plan in proptest::collection::vec(
            (0usize..30, 4usize..60, proptest::sample::select(vec![Fate::Waits, Fate::Leaves, Fate::HasLittleTime])),
            1..40,
        ),
        batch_tokens in 1usize..200,
        cached in any::<bool>(),
    ) {
        // Windows of the tiny bundle have up to 32 tokens: longer texts are met by a panic.
        let watched = Watched { panics_above: 28, ..Watched::new(true) };
        let cache_entries = if cached { 10 } else { 0 };
        let settings =
            Settings { queue_texts: plan.len(), batch_tokens, cache_entries, ..Settings::default() };
        let handle = watched.start(settings);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build();
        runtime.expect("starts").block_on(async {
            let sent: Vec<_> = plan.iter().map(|(number, count, fate)| {
                let (handle, text, fate) = (handle.clone(), text(&words(*number, *count)), *fate);
                let little = matches!(fate, Fate::HasLittleTime);
                let deadline = little.then(|| Instant::now() + Duration::from_micros(500));
                (count, fate, tokio::spawn(async move { handle.assess(&text, deadline).await }))
            }).collect();
            for (count, fate, answer) in sent {
                if matches!(fate, Fate::Leaves) {
                    answer.abort();
                    continue;
                }
                match answer.await.expect("no panic of ours") {
                    Ok(_) => prop_assert!(*count <= 26, "{count}"),
                    Err(Error::Model(_)) => prop_assert!(*count > 26, "{count}"),
                    Err(Error::DeadlineExceeded) => prop_assert!(matches!(fate, Fate::HasLittleTime)),
                    Err(other) => prop_assert!(false, "{}", other),
                }
            }
            let all: Vec<Text> = (0..plan.len()).map(|i| text(&words(i, 4))).collect();
            let started = Instant::now();
            while let Err(refused) = handle.assess_all(all.clone(), None).await {
                prop_assert!(started.elapsed() < Duration::from_secs(20), "{}", refused);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Ok(())
        })?;
        prop_assert!(handle.is_healthy());
    }
}

#[tokio::test]
async fn without_a_cache_every_text_is_read() {
    let watched = Watched::new(true);
    let handle = watched.start(Settings { cache_entries: 0, ..Settings::default() });
    for _ in 0..2 {
        handle.assess_all(vec![text("amber"), text("amber")], None).await.expect("there is room");
    }
    assert_eq!(watched.windows(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_at_once_and_says_when_to_come_back() {
    let watched = Watched::new(false);
    let handle = watched.start(Settings { queue_texts: 4, batch_tokens: 1, ..Settings::default() });
    let waiting: Vec<_> = (0..4).map(|i| send(&handle, &words(i, 4))).collect();
    until(|| watched.batches() == 1).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let asked = Instant::now();
    match handle.assess(&text("one more"), None).await {
        Err(Error::Overloaded { retry_after }) => assert!(retry_after >= Duration::from_millis(100)),
        other => panic!("{other:?}"),
    }
    assert!(asked.elapsed() < Duration::from_secs(1), "it waited");
    watched.open();
    for answer in waiting {
        answer.await.expect("no panic").expect("assessed");
    }
    handle.assess(&text("one more"), None).await.expect("there is room again");
    assert_eq!(watched.windows(), 5, "nothing was done for the refused one");
}

#[tokio::test]
async fn a_call_is_taken_on_whole_or_not_at_all() {
    let watched = Watched::new(true);
    let room = Settings { queue_texts: 4, queue_bytes: 100, ..Settings::default() };
    let handle = watched.start(room);
    let five = (0..5).map(|i| text(&words(i, 2))).collect();
    assert!(matches!(handle.assess_all(five, None).await, Err(Error::Overloaded { .. })));
    let large = (0..3).map(|i| text(&words(i, 8))).collect();
    assert!(matches!(handle.assess_all(large, None).await, Err(Error::Overloaded { .. })));
    assert_eq!(watched.windows(), 0);
    let four = (0..4).map(|i| text(&words(i, 2))).collect();
    assert_eq!(handle.assess_all(four, None).await.expect("exactly full").len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_one_texts_error_and_the_model_goes_on() {
    let watched = Watched { panics_above: 6, ..Watched::new(false) };
    let handle = watched.start(Settings { cache_entries: 0, ..Settings::default() });
    let first = send(&handle, "amber");
    until(|| watched.batches() == 1).await;
    // In one batch, of like length: all but one are answered.
    let long = send(&handle, &words(1, 8));
    let short: Vec<_> = (0..5).map(|i| send(&handle, &words(i, 3))).collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    watched.open();
    first.await.expect("no panic").expect("assessed");
    let error = long.await.expect("no panic of ours").expect_err("panicked");
    assert!(matches!(error, Error::Model(_)), "{error}");
    for answer in short {
        answer.await.expect("no panic").expect("assessed");
    }
    handle.assess(&text("amber basin"), None).await.expect("still there");
    assert!(handle.is_healthy());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_window_fails_its_text_once() {
    // The tiny bundle's windows have 32 tokens.
    let watched = Watched { panics_above: 31, ..Watched::new(true) };
    let handle = watched.start(Settings::default());
    let long = words(7, 300);
    for _ in 0..2 {
        let copies = vec![text(&long), text(&long), text("amber")];
        let answers = handle.assess_all(copies, None).await.expect("taken on");
        assert!(matches!(answers[..], [Err(Error::Model(_)), Err(Error::Model(_)), Ok(_)]), "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_is_known_or_in_hand_is_not_read_again() {
    let watched = Watched::new(false);
    let handle = watched.start(Settings::default());
    let first = send(&handle, "something else");
    until(|| watched.batches() == 1).await;
    let long = words(123, 100);
    let spaced = format!(" \u{200B} {}", long.replace(' ', "\u{2003}"));
    let copies: Vec<_> = (0..20).map(|i| send(&handle, if i % 2 == 0 { &long } else { &spaced })).collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    watched.open();
    first.await.expect("no panic").expect("assessed");
    let mut answers = Vec::new();
    for copy in copies {
        answers.push(copy.await.expect("no panic").expect("assessed"));
    }
    let windows = answers[0].windows;
    assert_eq!(watched.windows(), 1 + windows, "the copies were read together");
    answers.push(handle.assess(&text(&long), None).await.expect("assessed"));
    assert_eq!(watched.windows(), 1 + windows, "the answer was remembered");
    // Each in places of its own original.
    let mut alone = pipeline().with_classifier(Box::new(Watched::new(true)));
    let expected = alone.assess(&[text(&long), text(&spaced)]).expect("runs");
    assert_ne!(expected[0].strongest_window, expected[1].strongest_window);
    for (i, answer) in answers.iter().enumerate() {
        assert_eq!(answer, &expected[i % 2]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_work_is_done_for_those_who_are_gone_or_too_late() {
    let watched = Watched::new(false);
    let handle = watched.start(Settings::default());
    let first = send(&handle, "something else");
    until(|| watched.batches() == 1).await;
    let gone = send(&handle, &words(1, 5));
    let deadline = Some(Instant::now() + Duration::from_millis(100));
    let long = text(&words(2, 400));
    let late = handle.assess(&long, deadline);
    let both = (text(&words(3, 5)), text(&words(3, 5)));
    // Of two who ask for one text, one is late and the other is not.
    let patient = send(&handle, both.0.as_str());
    let (late, impatient) = tokio::join!(late, handle.assess(&both.1, deadline));
    assert!(matches!(late, Err(Error::DeadlineExceeded)), "{late:?}");
    assert!(matches!(impatient, Err(Error::DeadlineExceeded)), "{impatient:?}");
    gone.abort();
    assert!(gone.await.is_err());
    watched.open();
    first.await.expect("no panic").expect("assessed");
    patient.await.expect("no panic").expect("assessed");
    handle.assess(&text("the last"), None).await.expect("assessed");
    assert_eq!(watched.windows(), 3);
    let passed = handle.assess(&text("too late already"), Some(Instant::now())).await;
    assert!(matches!(passed, Err(Error::DeadlineExceeded)), "{passed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_texts_go_between_the_windows_of_a_long_one() {
    let watched = Watched::new(false);
    let settings = Settings { batch_tokens: 32, cache_entries: 0, ..Settings::default() };
    let handle = watched.start(settings);
    let long = send(&handle, &words(4, 9000));
    until(|| watched.batches() == 1).await;
    let short: Vec<_> = (0..5).map(|i| send(&handle, &words(i, 3))).collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    watched.open();
    for answer in short {
        answer.await.expect("no panic").expect("assessed");
    }
    let order = watched.read.lock().expect("nobody panics with it").clone();
    let windows = long.await.expect("no panic").expect("assessed").windows;
    let last_short = order.iter().rposition(|tokens| *tokens < 32).expect("were read");
    // Of the long text's windows, only those of its first 512 tokens, which are in turn, and those that are read by age.
    let in_turn = 512 / 32;
    assert!(windows > 400 && last_short < in_turn + 10, "{last_short} of {windows}");
}
