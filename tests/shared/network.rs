//! A network of two small layers with random weights, for every test that needs one.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use countervail::inference::candle::encoder::EncoderConfig;
use countervail::inference::candle::weights::{HEAD_ROWS, Named};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub(crate) const CONFIG: &str = r#"{"vocab_size": 97, "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 80, "hidden_act": "gelu", "max_position_embeddings": 64, "type_vocab_size": 2,
    "layer_norm_eps": 1e-12, "hidden_dropout_prob": 0.0, "initializer_range": 0.02, "pad_token_id": 0}"#;

pub(crate) fn config() -> EncoderConfig {
    serde_json::from_str(CONFIG).expect("the config above parses")
}

/// Evenly between -0.5 and 0.5.
pub(crate) fn uniform(rng: &mut ChaCha8Rng) -> f32 {
    (rng.next_u32() >> 8) as f32 / (1u32 << 24) as f32 - 0.5
}

/// Random weights, large enough that every part of the network matters.
pub(crate) fn random_weights(seed: u64) -> Named {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let mut named = HashMap::new();
    let mut put = |name: &str, shape: &[usize], around: f32| {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| around + uniform(rng)).collect();
        named.insert(name.to_owned(), Tensor::from_vec(values, shape, &Device::Cpu).expect("shape fits"));
    };
    let c = config();
    let (h, f) = (c.hidden_size, c.intermediate_size);
    put("embeddings.word_embeddings.weight", &[c.vocab_size, h], 0.0);
    put("embeddings.position_embeddings.weight", &[c.max_position_embeddings, h], 0.0);
    put("embeddings.token_type_embeddings.weight", &[c.type_vocab_size, h], 0.0);
    put("embeddings.LayerNorm.weight", &[h], 1.0);
    put("embeddings.LayerNorm.bias", &[h], 0.0);
    for i in 0..c.num_hidden_layers {
        for (name, rows, columns) in [
            ("attention.self.query", h, h),
            ("attention.self.key", h, h),
            ("attention.self.value", h, h),
            ("attention.output.dense", h, h),
            ("intermediate.dense", f, h),
            ("output.dense", h, f),
        ] {
            put(&format!("encoder.layer.{i}.{name}.weight"), &[rows, columns], 0.0);
            put(&format!("encoder.layer.{i}.{name}.bias"), &[rows], 0.0);
        }
        for name in ["attention.output", "output"] {
            put(&format!("encoder.layer.{i}.{name}.LayerNorm.weight"), &[h], 1.0);
            put(&format!("encoder.layer.{i}.{name}.LayerNorm.bias"), &[h], 0.0);
        }
    }
    put("classifier.weight", &[HEAD_ROWS, h], 0.0);
    put("classifier.bias", &[HEAD_ROWS], 0.0);
    named
}
