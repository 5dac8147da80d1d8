//! The first stage of a cascade, and beside it, in the same run, what has to be done before it anyway (normalising, the
//! language) and what it saves when it stops a text (tokenising and the encoder).
//!
//! `cargo bench --bench cascade` reads `models/default` for the encoder; `BUNDLE=path` another. The weights are random: a
//! weight costs the same whatever it is. Throughput is in bytes of text.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use countervail::domain::text::Text;
use countervail::inference::cascade::Use;
use countervail::inference::cascade::features::FEATURES;
use countervail::inference::cascade::linear::Linear;
use countervail::inference::pipeline::Pipeline;
use countervail::text::language;
use countervail::text::normalize::normalize;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Characters of the texts, about: a reply, a post, two paragraphs, an article.
const LENGTHS: [usize; 4] = [60, 160, 600, 3000];

/// Harmless words, so that the language is known.
const WORDS: &str = "the choir meets on monday and everyone is welcome to bring tea or a cake for the hall where we sing \
    because of rain we will not walk along the river this week but the garden should be open again on sunday morning";

fn text(length: usize) -> String {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let rng = &mut ChaCha8Rng::seed_from_u64(length as u64);
    let mut out = String::new();
    while out.len() < length {
        out.push_str(words[rng.next_u32() as usize % words.len()]);
        out.push(' ');
    }
    out
}

fn random_weights() -> Linear {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let weights = (0..FEATURES).map(|_| rng.next_u32().to_le_bytes()[0].cast_signed()).collect();
    Linear::new(weights, 0.01, -1.0).expect("as many as there are features")
}

fn stages(c: &mut Criterion) {
    let folder =
        std::env::var_os("BUNDLE").map_or_else(|| Path::new("models/default").to_owned(), PathBuf::from);
    let mut pipeline = Pipeline::open(&folder).expect("the bundle opens").with_cascade(Use::Off);
    let (linear, english) = (random_weights(), ["eng".to_owned()]);
    let mut group = c.benchmark_group("cascade");
    group.sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for length in LENGTHS {
        let raw = text(length);
        let normal = normalize(&raw);
        group.throughput(Throughput::Bytes(raw.len() as u64));
        group.bench_function(BenchmarkId::new("first stage", length), |b| {
            b.iter(|| linear.logit(black_box(normal.text())));
        });
        group
            .bench_function(BenchmarkId::new("normalise", length), |b| b.iter(|| normalize(black_box(&raw))));
        group.bench_function(BenchmarkId::new("language", length), |b| {
            b.iter(|| language::support(black_box(normal.text()), &english));
        });
        let one = [Text::parse(raw.as_str(), usize::MAX).expect("not blank")];
        group.bench_function(BenchmarkId::new("encoder, alone", length), |b| {
            b.iter(|| pipeline.assess(black_box(&one)).expect("runs"));
        });
    }
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
