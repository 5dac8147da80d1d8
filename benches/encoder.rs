//! The serving encoder at the shapes that `eval/speed/peer_onnx.py` gives onnxruntime, and beside it, in the same run,
//! nothing but the matrix products of the same size: what the hardware would allow if all else were free.
//!
//! `cargo bench --bench encoder` reads `models/default`; `BUNDLE=path` another. Throughput is in floating-point (or
//! 8-bit) operations of the whole forward pass, attention included, so "elem/s" reads as operations a second.

use std::path::{Path, PathBuf};
use std::time::Duration;

use candle_core::{DType, Device, Tensor};
use countervail::inference::candle::encoder::EncoderConfig;
use countervail::inference::candle::packed::Packed;
use countervail::inference::candle::serving::{Arithmetic, ServingEncoder};
use countervail::inference::candle::weights::Named;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Texts × tokens.
const SHAPES: [(usize, usize); 7] = [(1, 16), (1, 64), (1, 128), (8, 64), (32, 64), (32, 128), (4, 512)];

fn bundle() -> (EncoderConfig, Named) {
    let folder =
        std::env::var_os("BUNDLE").map_or_else(|| Path::new("models/default").to_owned(), PathBuf::from);
    let config = fs_err::read_to_string(folder.join("config.json")).expect("the bundle has a config");
    let named = candle_core::safetensors::load(folder.join("model.safetensors"), &Device::Cpu);
    (serde_json::from_str(&config).expect("a config"), named.expect("the bundle has weights"))
}

fn texts(vocabulary: usize, (count, tokens): (usize, usize)) -> Packed {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let vocabulary = u32::try_from(vocabulary).expect("fits");
    let ids: Vec<Vec<u32>> =
        (0..count).map(|_| (0..tokens).map(|_| rng.next_u32() % vocabulary).collect()).collect();
    Packed::new(ids.iter().map(Vec::as_slice)).expect("texts have tokens")
}

/// Operations of the products with weights, and of those inside attention.
fn operations(config: &EncoderConfig, (count, tokens): (usize, usize)) -> (u64, u64) {
    let (h, f, rows) = (config.hidden_size, config.intermediate_size, count * tokens);
    let layers = config.num_hidden_layers;
    let linear = layers * 2 * rows * (4 * h * h + 2 * h * f);
    let attention = layers * 4 * rows * tokens * h;
    (linear as u64, attention as u64)
}

fn encoders(c: &mut Criterion) {
    let (config, named) = bundle();
    let mut group = c.benchmark_group("encoder");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    for arithmetic in [Arithmetic::F32, Arithmetic::Int8] {
        let mut encoder =
            ServingEncoder::new(&config, &named, arithmetic).expect("the weights fit the config");
        if encoder.arithmetic() != arithmetic {
            continue;
        }
        for shape in SHAPES {
            let packed = texts(config.vocab_size, shape);
            let (linear, attention) = operations(&config, shape);
            group.throughput(Throughput::Elements(linear + attention));
            let name = BenchmarkId::new(format!("{arithmetic:?}"), format!("{}x{}", shape.0, shape.1));
            group.bench_function(name, |b| b.iter(|| encoder.logits(&packed).expect("runs")));
        }
    }
    group.finish();
}

/// candle's own f32 product, weights as it likes them, one after the other for all layers.
fn products(c: &mut Criterion) {
    let (config, _) = bundle();
    let (h, f) = (config.hidden_size, config.intermediate_size);
    let zeros = |rows, columns| Tensor::zeros((rows, columns), DType::F32, &Device::Cpu).expect("fits");
    let layers: Vec<_> = (0..config.num_hidden_layers)
        .map(|_| [zeros(h, 3 * h), zeros(h, h), zeros(h, f), zeros(f, h)])
        .collect();
    let mut group = c.benchmark_group("products");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    for shape in SHAPES {
        let (narrow, wide) = (zeros(shape.0 * shape.1, h), zeros(shape.0 * shape.1, f));
        group.throughput(Throughput::Elements(operations(&config, shape).0));
        group.bench_function(BenchmarkId::new("F32", format!("{}x{}", shape.0, shape.1)), |b| {
            b.iter(|| {
                for [qkv, out, up, down] in &layers {
                    for weight in [qkv, out, up] {
                        std::hint::black_box(narrow.matmul(weight).expect("fits"));
                    }
                    std::hint::black_box(wide.matmul(down).expect("fits"));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, encoders, products);
criterion_main!(benches);
