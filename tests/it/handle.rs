//! The model thread: answers everyone once, refuses at once when full, survives a panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countervail::domain::taxonomy::{Category, Context};
use countervail::domain::text::Text;
use countervail::inference::classifier::{Classifier, Encoding, Logits};
use countervail::inference::error::Error;
use countervail::inference::handle::{Handle, QueueLimits};
use countervail::inference::pipeline::Pipeline;

use crate::tiny::bundle;

fn text(raw: &str) -> Text {
    Text::parse(raw, 1 << 16).expect("a text")
}

fn pipeline() -> Pipeline {
    Pipeline::open(bundle()).expect("opens")
}

/// Says that a text has as many tokens as it has; waits while `gate` is closed; panics on long texts.
struct Scripted {
    gate: Arc<AtomicBool>,
    panics_above: usize,
}

impl Classifier for Scripted {
    fn classify(&mut self, batch: &[Encoding]) -> Result<Vec<Logits>, Error> {
        while !self.gate.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(batch.iter().all(|e| e.ids.len() <= self.panics_above), "a long text");
        let logits = |e: &Encoding| {
            let mut categories = [-4.0; Category::COUNT];
            categories[0] = e.ids.len() as f32;
            Logits { categories, context: [0.0; Context::COUNT] }
        };
        Ok(batch.iter().map(logits).collect())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everyone_gets_the_answer_to_their_own_text() {
    let mut alone = pipeline();
    let handle = Handle::start(pipeline(), QueueLimits { capacity: 256, max_batch: 16 }).expect("starts");
    let texts: Vec<Text> = (0..60)
        .map(|i| {
            text(&format!(
                "amber basin {} delta",
                ["zorblax", "cedar", "opal copper"][i % 3].repeat(1 + i % 2)
            ))
        })
        .collect();
    let expected = alone.assess(&texts).expect("runs");
    let waiting = texts.iter().map(|t| {
        let (handle, t) = (handle.clone(), t.clone());
        tokio::spawn(async move { handle.assess(&t).await })
    });
    for (answer, expected) in waiting.collect::<Vec<_>>().into_iter().zip(expected) {
        let got = answer.await.expect("no panic").expect("assessed");
        let score =
            |a: &countervail::domain::assessment::Assessment| a.reading.as_ref().map(|r| r.extremism.get());
        let (got, want) = (score(&got).expect("a score"), score(&expected).expect("a score"));
        assert!((got - want).abs() < 1e-5, "{got} {want}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_at_once_and_says_when_to_come_back() {
    let gate = Arc::new(AtomicBool::new(false));
    let classifier = Scripted { gate: Arc::clone(&gate), panics_above: usize::MAX };
    let pipeline = pipeline().with_classifier(Box::new(classifier));
    let handle = Handle::start(pipeline, QueueLimits { capacity: 4, max_batch: 1 }).expect("starts");
    let mut waiting = Vec::new();
    for _ in 0..12 {
        let handle = handle.clone();
        waiting.push(tokio::spawn(async move { handle.assess(&text("amber basin")).await }));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    gate.store(true, Ordering::Release);
    let (mut answered, mut refused) = (0, 0);
    for answer in waiting {
        match answer.await.expect("no panic") {
            Ok(_) => answered += 1,
            Err(Error::Overloaded { retry_after }) => {
                assert!(retry_after >= Duration::from_millis(100));
                refused += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    // Four wait, one is with the model; the thread may take its first before or after the queue has filled.
    assert!((4..=5).contains(&answered), "{answered} answered, {refused} refused");
    assert_eq!(answered + refused, 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_one_texts_error_and_the_model_goes_on() {
    let gate = Arc::new(AtomicBool::new(true));
    let pipeline = pipeline().with_classifier(Box::new(Scripted { gate, panics_above: 6 }));
    let handle = Handle::start(pipeline, QueueLimits { capacity: 64, max_batch: 8 }).expect("starts");
    let long = text("amber basin cedar delta ember fable grove haven");
    let error = handle.assess(&long).await.expect_err("panicked");
    assert!(matches!(error, Error::Model(_)), "{error}");
    handle.assess(&text("amber basin")).await.expect("still there");
    assert!(handle.is_healthy());
}
