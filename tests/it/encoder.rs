//! The encoder against the reference implementation, against itself in other batches, and its gradient
//! against differences; and the encoder for serving against that one.

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use countervail::inference::candle::Floats;
use countervail::inference::candle::embedding::Embedding;
use countervail::inference::candle::encoder::{EncoderConfig, Network};
use countervail::inference::candle::packed::Packed;
use countervail::inference::candle::serving::{Arithmetic, ServingEncoder};
use countervail::inference::candle::weights::{self, HEAD_ROWS, Named};
use countervail::train::gradient::{backward, parameters};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::network::{CONFIG, config, random_weights, uniform};

fn random_texts(seed: u64, lengths: &[usize]) -> Vec<Vec<u32>> {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    lengths.iter().map(|n| (0..*n).map(|_| rng.next_u32() % 97).collect()).collect()
}

fn packed(texts: &[Vec<u32>]) -> Packed {
    Packed::new(texts.iter().map(Vec::as_slice)).expect("texts have tokens")
}

fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
    let (a, b) = (Floats::of(a).expect("f32"), Floats::of(b).expect("f32"));
    assert_eq!(a.len(), b.len());
    a.iter().zip(b.iter()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn agrees_with_the_reference_bert() {
    let named = random_weights(1);
    let network = weights::network(&config(), &named).expect("weights fit");
    let reference_config: Config = serde_json::from_str(CONFIG).expect("parses");
    let builder = VarBuilder::from_tensors(named, DType::F32, &Device::Cpu);
    let reference = BertModel::load(builder, &reference_config).expect("loads");
    let texts = random_texts(2, &[1, 7, 64, 13]);
    let (states, _) = network.encoder.forward(&packed(&texts)).expect("runs");
    let mut row = 0;
    for text in &texts {
        let ids = Tensor::new(text.as_slice(), &Device::Cpu).expect("ids").unsqueeze(0).expect("rank");
        let kinds = ids.zeros_like().expect("zeros");
        let theirs = reference.forward(&ids, &kinds, None).expect("runs").squeeze(0).expect("rank");
        let ours = states.narrow(0, row, text.len()).expect("rows").contiguous().expect("copy");
        let difference = largest_difference(&ours.copy().expect("copy"), &theirs.contiguous().expect("copy"));
        assert!(difference < 1e-4, "{} tokens: {difference}", text.len());
        row += text.len();
    }
}

#[test]
fn a_text_has_the_same_logits_alone_and_in_a_batch() {
    let network = weights::network(&config(), &random_weights(3)).expect("weights fit");
    let texts = random_texts(4, &[5, 64, 1, 33, 20]);
    let together = network.logits(&packed(&texts)).expect("runs");
    for (i, text) in texts.iter().enumerate() {
        let alone = network.logits(&packed(std::slice::from_ref(text))).expect("runs");
        let row = together.narrow(0, i, 1).expect("row").copy().expect("copy");
        let difference = largest_difference(&alone, &row);
        assert!(difference < 1e-5, "text {i}: {difference}");
    }
}

#[test]
fn weights_survive_being_written_and_read() {
    let named = random_weights(5);
    let network = weights::network(&config(), &named).expect("weights fit");
    let again = weights::named(&network).expect("splits");
    assert_eq!(again.len(), named.len());
    for (name, tensor) in &named {
        assert!(largest_difference(tensor, &again[name]) <= 0.0, "{name}");
    }
}

fn serving(config: &EncoderConfig, named: &Named, arithmetic: Arithmetic) -> ServingEncoder {
    ServingEncoder::new(config, named, arithmetic).expect("weights fit")
}

fn shipped() -> (EncoderConfig, Named) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default");
    let config = fs_err::read_to_string(folder.join("config.json")).expect("is there");
    let named = candle_core::safetensors::load(folder.join("model.safetensors"), &Device::Cpu);
    (serde_json::from_str(&config).expect("parses"), named.expect("loads"))
}

fn far_apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Lengths as posts have them, one at the limit and one of a single token.
const LENGTHS: [usize; 7] = [72, 3, 41, 130, 1, 17, 256];

#[test]
fn serving_in_f32_gives_the_reference_logits() {
    for seed in 10..14 {
        let named = random_weights(seed);
        let batch = packed(&random_texts(seed, &[5, 64, 1, 33, 20, 8, 7]));
        let network = weights::network(&config(), &named).expect("weights fit");
        let want = network.logits(&batch).expect("runs");
        let got = serving(&config(), &named, Arithmetic::F32).logits(&batch).expect("runs");
        let difference = far_apart(&got, &Floats::of(&want).expect("f32"));
        assert!(difference < 1e-4, "seed {seed}: {difference}");
    }
}

#[test]
fn the_shipped_weights_give_the_reference_logits_in_f32_and_near_ones_in_8_bits() {
    let (config, named) = shipped();
    let batch = packed(&random_texts(20, &LENGTHS));
    let want = weights::network(&config, &named).expect("weights fit").logits(&batch).expect("runs");
    let want = Floats::of(&want).expect("f32");
    let f32 = serving(&config, &named, Arithmetic::F32).logits(&batch).expect("runs");
    assert!(far_apart(&f32, &want) < 1e-4, "f32: {}", far_apart(&f32, &want));
    let mut int8 = serving(&config, &named, Arithmetic::Int8);
    let logits = int8.logits(&batch).expect("runs");
    assert!(far_apart(&logits, &want) < 0.25, "8 bits: {}", far_apart(&logits, &want));
    // Otherwise this compared f32 with itself.
    assert!(int8.arithmetic() == Arithmetic::F32 || far_apart(&logits, &want) > 1e-4);
}

/// The same weights as a file holds them.
fn stored(config: &EncoderConfig, named: &Named, embedding: Embedding) -> Named {
    let network = weights::network(config, named).expect("weights fit");
    embedding.stored(weights::named(&network).expect("splits")).expect("finite")
}

#[test]
fn a_word_table_in_8_bits_is_read_the_same_by_training_and_by_serving() {
    for seed in 30..33 {
        let named = stored(&config(), &random_weights(seed), Embedding::Int8);
        let batch = packed(&random_texts(seed, &[5, 64, 1, 33, 20, 8, 7]));
        let network = weights::network(&config(), &named).expect("weights fit");
        let want = network.logits(&batch).expect("runs");
        let got = serving(&config(), &named, Arithmetic::F32).logits(&batch).expect("runs");
        let difference = far_apart(&got, &Floats::of(&want).expect("f32"));
        assert!(difference < 1e-4, "seed {seed}: {difference}");
    }
    let mut short = stored(&config(), &random_weights(33), Embedding::Int8);
    short.remove("embeddings.word_embeddings.weight_scale");
    let refused = ServingEncoder::new(&config(), &short, Arithmetic::F32).expect_err("half a table");
    assert!(refused.to_string().contains("weight_scale` is missing"), "{refused}");
}

#[test]
fn a_word_table_in_8_bits_moves_the_shipped_logits_little() {
    let (config, named) = shipped();
    let batch = packed(&random_texts(34, &LENGTHS));
    let logits = |embedding| {
        let named = stored(&config, &named, embedding);
        serving(&config, &named, Arithmetic::F32).logits(&batch).expect("runs")
    };
    let difference = far_apart(&logits(Embedding::Int8), &logits(Embedding::F16));
    assert!(difference < 0.1, "{difference}");
    assert!(difference > 1e-5, "this compared the table with itself");
}

#[test]
fn serving_gives_a_text_the_same_bits_alone_in_a_batch_and_after_another_batch() {
    let (config, named) = shipped();
    let texts = random_texts(21, &LENGTHS);
    for arithmetic in [Arithmetic::F32, Arithmetic::Int8] {
        let mut encoder = serving(&config, &named, arithmetic);
        let together = encoder.logits(&packed(&texts)).expect("runs");
        for (text, row) in texts.iter().zip(together.chunks_exact(HEAD_ROWS)) {
            let alone = encoder.logits(&packed(std::slice::from_ref(text))).expect("runs");
            assert!(alone.iter().zip(row).all(|(a, b)| a.to_bits() == b.to_bits()), "{arithmetic:?}");
        }
    }
}

#[test]
fn serving_refuses_what_the_tables_do_not_hold() {
    let mut encoder = serving(&config(), &random_weights(15), Arithmetic::F32);
    let refused = encoder.logits(&packed(&[vec![1, 97]])).expect_err("the vocabulary has 97 tokens");
    assert!(refused.to_string().contains("token id 97"), "{refused}");
    let refused = encoder.logits(&packed(&[vec![1; 65]])).expect_err("there are 64 positions");
    assert!(refused.to_string().contains("more than 64 tokens"), "{refused}");
    assert!(encoder.logits(&packed(&[vec![1; 64]])).is_ok(), "a refusal spoils nothing");
}

/// Loss = Σ logits · fixed random factors, so that its gradient with respect to the logits is those factors.
fn weighted_sum(network: &Network, packed: &Packed, factors: &[f32]) -> f64 {
    let logits = network.logits(packed).expect("runs");
    Floats::of(&logits).expect("f32").iter().zip(factors).map(|(x, f)| f64::from(x * f)).sum()
}

#[test]
fn gradients_agree_with_differences() {
    let named = random_weights(6);
    let network = weights::network(&config(), &named).expect("weights fit");
    let batch = packed(&random_texts(7, &[3, 9, 17]));
    let rng = &mut ChaCha8Rng::seed_from_u64(8);
    let factors: Vec<f32> = (0..3 * HEAD_ROWS).map(|_| uniform(rng)).collect();

    let (states, tape) = network.encoder.forward(&batch).expect("runs");
    let pooled = batch.mean(&states).expect("runs");
    let keep = pooled.ones_like().expect("ones");
    let d_logits = Tensor::from_slice(&factors, (3, HEAD_ROWS), &Device::Cpu).expect("shape fits");
    let gradients = backward(&network, &batch, tape, (&pooled, &keep), &d_logits).expect("runs");

    let parameters = parameters(&network);
    assert_eq!(parameters.len(), gradients.len());
    for (parameter, gradient) in parameters.iter().zip(&gradients) {
        let size = parameter.tensor.elem_count();
        let dense = dense(gradient, size, parameter.tensor.dims().last().copied().unwrap_or(1));
        // The number with the largest gradient is where a difference is least drowned by rounding.
        let at = (0..size).max_by(|a, b| dense[*a].abs().total_cmp(&dense[*b].abs())).expect("not empty");
        let h = 5e-3;
        let moved = |by: f32| {
            nudge(&parameter.tensor, at, by);
            let value = weighted_sum(&network, &batch, &factors);
            nudge(&parameter.tensor, at, -by);
            value
        };
        let want = (moved(h) - moved(-h)) / f64::from(2.0 * h);
        let error = (f64::from(dense[at]) - want).abs();
        assert!(error < 2e-2 * want.abs().max(0.05), "{}[{at}]: {} {want}", parameter.name, dense[at]);
    }
}

fn dense(gradient: &countervail::train::gradient::Gradient, size: usize, width: usize) -> Vec<f32> {
    use countervail::train::gradient::Gradient;
    match gradient {
        Gradient::Dense(values) => values.clone(),
        Gradient::Rows { rows, values } => {
            let mut out = vec![0.0; size];
            for (row, values) in rows.iter().zip(values.chunks_exact(width)) {
                out[*row as usize * width..(*row as usize + 1) * width].copy_from_slice(values);
            }
            out
        }
    }
}

struct Nudge(usize, f32);

impl candle_core::InplaceOp1 for Nudge {
    fn name(&self) -> &'static str {
        "nudge"
    }

    fn cpu_fwd(
        &self,
        storage: &mut candle_core::CpuStorage,
        _: &candle_core::Layout,
    ) -> candle_core::Result<()> {
        if let candle_core::CpuStorage::F32(values) = storage {
            values[self.0] += self.1;
        }
        Ok(())
    }
}

fn nudge(tensor: &Tensor, at: usize, by: f32) {
    tensor.inplace_op1(&Nudge(at, by)).expect("in place");
}
