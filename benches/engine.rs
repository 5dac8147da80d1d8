//! What lies around the encoder: turning texts into windows, choosing batches, and the whole engine at several token
//! budgets, both for throughput and for a short text that comes while long ones are being read.
//!
//! `cargo bench --bench engine` reads `models/default`; `BUNDLE=path` another. Texts are made of random words.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use countervail::domain::text::Text;
use countervail::inference::batcher::{Batcher, Budget, due};
use countervail::inference::engine::Settings;
use countervail::inference::handle::Handle;
use countervail::inference::pipeline::Pipeline;
use countervail::text::normalize::normalize;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const WORDS: &str = "the of and a to in is it you that he was for on are with as his they at be this from have or by \
    one had not but what all were when we there can an your which their said if do will each about how up out them \
    then she many some so these would other into has more her two like him see time could no make than first been \
    its who now people my made over did down only way find use may water long little very after words called just";

fn pipeline() -> Pipeline {
    let folder =
        std::env::var_os("BUNDLE").map_or_else(|| Path::new("models/default").to_owned(), PathBuf::from);
    Pipeline::open(&folder).expect("the bundle opens")
}

fn text(rng: &mut ChaCha8Rng, characters: usize) -> Text {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut raw = String::new();
    while raw.len() < characters {
        raw.push_str(words[rng.next_u32() as usize % words.len()]);
        raw.push(' ');
    }
    Text::parse(&raw, 1 << 20).expect("a text")
}

/// Lengths as a platform sees them: half under 156 characters, 309 on average.
fn mixed(rng: &mut ChaCha8Rng, count: usize) -> Vec<Text> {
    const LENGTHS: [usize; 10] = [20, 45, 75, 110, 145, 167, 230, 350, 600, 1350];
    (0..count).map(|i| text(rng, LENGTHS[i % LENGTHS.len()])).collect()
}

fn reading(c: &mut Criterion) {
    let pipeline = pipeline();
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let mut group = c.benchmark_group("reading");
    group.sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for characters in [150, 1_000, 8_000, 32_000] {
        let text = text(rng, characters);
        let normalized = normalize(text.as_str());
        group.throughput(Throughput::Bytes(text.as_str().len() as u64));
        group.bench_function(BenchmarkId::new("normalise", characters), |b| {
            b.iter(|| normalize(text.as_str()));
        });
        group.bench_function(BenchmarkId::new("language and windows", characters), |b| {
            b.iter(|| pipeline.preparer().prepare(&normalized).expect("tokenises"));
        });
    }
    group.finish();
}

fn batches(c: &mut Criterion) {
    let rng = &mut ChaCha8Rng::seed_from_u64(2);
    let lengths: Vec<usize> = (0..1000).map(|_| 3 + rng.next_u32() as usize % 126).collect();
    let mut group = c.benchmark_group("batcher");
    group.sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group.throughput(Throughput::Elements(lengths.len() as u64));
    for waiting in [0, 1_000, 50_000] {
        group.bench_function(BenchmarkId::new("a thousand windows in and out, behind", waiting), |b| {
            let now = Instant::now();
            let mut batcher = Batcher::new(Budget::new(512, 2));
            let later = now + Duration::from_hours(1);
            (0..waiting).for_each(|i| batcher.push(600, due(later, 0, 600), i));
            b.iter(|| {
                for (i, tokens) in lengths.iter().enumerate() {
                    batcher.push(*tokens, due(now, 0, *tokens), i);
                }
                let mut left = lengths.len();
                while left > 0 {
                    left -= batcher.take().len().min(left);
                }
            });
        });
    }
    group.finish();
}

const BUDGETS: [usize; 6] = [64, 128, 256, 512, 1024, 4096];

fn start(batch_tokens: usize) -> Handle {
    let settings = Settings { batch_tokens, cache_entries: 0, ..Settings::default() };
    Handle::start(pipeline(), settings).expect("starts")
}

fn engine(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build();
    let runtime = runtime.expect("starts");
    let rng = &mut ChaCha8Rng::seed_from_u64(3);
    let texts = mixed(rng, 100);
    let (short, long) = (text(rng, 40), text(rng, 30_000));
    let mut group = c.benchmark_group("engine");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(3));
    for budget in BUDGETS {
        let handle = start(budget);
        group.throughput(Throughput::Elements(texts.len() as u64));
        group.bench_function(BenchmarkId::new("100 mixed texts at once", budget), |b| {
            b.iter(|| runtime.block_on(handle.assess_all(texts.clone(), None)).expect("there is room"));
        });
    }
    for budget in BUDGETS {
        let handle = start(budget);
        let load =
            |handle: Handle, long: Text| async move { while handle.assess(&long, None).await.is_ok() {} };
        let busy: Vec<_> = (0..2).map(|_| runtime.spawn(load(handle.clone(), long.clone()))).collect();
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("a short text beside two long ones", budget), |b| {
            b.iter(|| runtime.block_on(handle.assess(&short, None)).expect("assessed"));
        });
        busy.iter().for_each(tokio::task::JoinHandle::abort);
    }
    group.finish();
}

criterion_group!(benches, reading, batches, engine);
criterion_main!(benches);
