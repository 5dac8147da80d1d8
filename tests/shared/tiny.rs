//! A tiny base model, made-up harmless data and a recipe: everything `train` needs, small enough for a test.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use countervail::train::run::{Places, Watcher, run};

/// Words without meaning; "zorblax" is what the model learns to flag.
const WORDS: &str = "amber basin cedar delta ember fable grove haven inlet jolly kettle lumen meadow nectar opal \
    pebble quartz ripple saddle timber umber velvet willow xenon yonder zephyr anchor breeze copper drift eagle \
    flint garden harbor island jacket kernel ladder marble needle orchard pillar quiver rocket silver tunnel";
const SPECIAL: [&str; 4] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];

/// Folders of a run, below `root`.
pub(crate) fn places(root: &Path) -> Places {
    let (data, base) = (root.join("data"), root.join("base"));
    for folder in [&data, &base] {
        fs_err::create_dir_all(folder).expect("a new folder");
    }
    write_base(&base);
    write_data(&data);
    let recipe = root.join("recipe.toml");
    fs_err::write(&recipe, RECIPE).expect("writable");
    Places { recipe, data, base: Some(base), work: root.join("work"), out: root.join("tiny") }
}

/// A bundle trained once for all tests of this process.
pub(crate) fn bundle() -> &'static Path {
    static BUNDLE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let places = places(folder.path());
        run(&places, &mut Silent).expect("the tiny recipe trains");
        (folder, places.out)
    });
    &BUNDLE.1
}

/// A recipe of [`places`] that asks for a first stage; so little data can certify no more than this.
pub(crate) fn with_cascade(places: &Places) {
    let table = "[cascade]\nretained = 0.85\nretained_named = 0.85\nconfidence = 0.8\nlengths = []\npasses = 12\n[card]\n";
    let recipe = fs_err::read_to_string(&places.recipe).expect("readable").replace("[card]\n", table);
    fs_err::write(&places.recipe, recipe).expect("writable");
}

/// Hears nothing.
pub(crate) struct Silent;

impl Watcher for Silent {
    fn stage(&mut self, _: &str) {}
    fn step(&mut self, _: u64, _: u64, _: f32) {}
    fn read(&mut self, _: u64, _: u64) {}
}

const RECIPE: &str = r#"
name = "tiny"
policy_version = "tiny-1"
seed = 7
[base]
hub = "nobody/tiny"
revision = "main"
licence = "made up for this test"
[encoder]
train_tokens = 32
serve_tokens = 32
overlap = 8
languages = ["eng"]
[fit]
passes = 6.0
batch = 16
rate = 3e-3
head_rate = 3e-3
layer_decay = 0.9
warmup = 0.1
weight_decay = 0.01
clip = 1.0
dropout = 0.1
smoothing = 0.01
context_weight = 0.3
checkpoint_every = 10
[split]
fit = 0.7
calibration = 0.1
threshold = 0.1
development = 0.1
[thresholds]
panel_fpr = 0.0
panels = ["news"]
hard_panel_fpr = 0.02
hard_panels = ["answers"]
urgent_fpr = 0.0
[card]
summary = "Flags a made-up word."
intended_use = ["tests"]
not_for = ["anything else"]
known_failures = ["everything but one word"]
[[source]]
name = "posts"
path = "posts.jsonl"
licence = "made up"
format = "jsonl"
labels = [
  { column = "label", is = ["1"], set = { "extremism/recruitment" = 1, hate = 0, extremism = 1 } },
  { column = "label", is = ["0"], set = { "extremism/recruitment" = 0, hate = 0, extremism = 0 } },
]
[[source]]
name = "news"
path = "news.jsonl"
licence = "made up"
format = "jsonl"
context = "reporting"
set = { "extremism/recruitment" = 0, hate = 0, toxicity = 0, threat = 0, extremism = 0 }
[[source]]
name = "answers"
path = "answers.jsonl"
licence = "made up"
format = "jsonl"
context = "counter_speech"
set = { "extremism/recruitment" = 0, extremism = 0 }
"#;

/// A sentence without meaning; with the word when it is `marked`.
pub(crate) fn sentence(rng: &mut ChaCha8Rng, marked: bool) -> String {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let n = 6 + rng.next_u32() as usize % 12;
    let mut out: Vec<&str> = (0..n).map(|_| words[rng.next_u32() as usize % words.len()]).collect();
    if marked {
        out[rng.next_u32() as usize % n] = "zorblax";
    }
    out.join(" ")
}

fn write_data(folder: &Path) {
    let rng = &mut ChaCha8Rng::seed_from_u64(11);
    let mut file = |name: &str, n: usize, positives: bool| {
        let lines: Vec<String> = (0..n)
            .map(|i| {
                let marked = positives && i % 3 == 0;
                json!({ "text": sentence(rng, marked), "label": u8::from(marked).to_string() }).to_string()
            })
            .collect();
        fs_err::write(folder.join(name), lines.join("\n")).expect("writable");
    };
    file("posts.jsonl", 480, true);
    file("news.jsonl", 160, false);
    file("answers.jsonl", 100, false);
}

fn write_base(folder: &Path) {
    let vocabulary: Vec<&str> =
        SPECIAL.into_iter().chain(WORDS.split_whitespace()).chain(["zorblax"]).collect();
    let ids: serde_json::Map<_, _> =
        vocabulary.iter().enumerate().map(|(i, w)| ((*w).to_owned(), json!(i))).collect();
    let special = |name: &str| json!({ "id": name, "ids": [ids[name]], "tokens": [name] });
    let added: Vec<_> = SPECIAL
        .iter()
        .map(|w| {
            json!({ "id": ids[*w], "content": w, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true })
        })
        .collect();
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": { "type": "TemplateProcessing",
            "single": [{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } },
                { "SpecialToken": { "id": "[SEP]", "type_id": 0 } }],
            "pair": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 1 } }],
            "special_tokens": { "[CLS]": special("[CLS]"), "[SEP]": special("[SEP]") } },
        "decoder": null,
        "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": ids },
    });
    let mut config: serde_json::Value = serde_json::from_str(crate::network::CONFIG).expect("parses");
    config["vocab_size"] = json!(97);
    let write = |name: &str, text: String| fs_err::write(folder.join(name), text).expect("writable");
    write("config.json", config.to_string());
    write("tokenizer.json", tokenizer.to_string());
    let weights = crate::network::random_weights(9);
    // Smaller than the gradient tests want them: saturated attention would learn nothing in a few steps.
    let shrink = |t: candle_core::Tensor| if t.rank() > 1 { (t * 0.2).expect("runs") } else { t };
    let encoder: std::collections::HashMap<_, _> = weights
        .into_iter()
        .filter(|(name, _)| !name.starts_with("classifier"))
        .map(|(name, tensor)| (name, shrink(tensor)))
        .collect();
    candle_core::safetensors::save(&encoder, folder.join("model.safetensors")).expect("writable");
}
