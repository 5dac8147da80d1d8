//! A model on disk: `models/NAME/`. Opening one verifies every file against `bundle.toml` and says exactly what
//! is wrong.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::assessment::ModelRef;
use crate::domain::digest::{Digest, Hasher};
use crate::domain::policy::Policy;
use crate::domain::score::Score;
use crate::domain::taxonomy::{Category, Context, TAXONOMY_VERSION};
use crate::inference::calibration::Calibration;
use crate::inference::calibration_file::{CalibrationFile, by_category};
use crate::inference::candle::encoder::EncoderConfig;
use crate::inference::candle::serving::Arithmetic;
use crate::inference::cascade::Cascade;
use crate::inference::cascade::file::{self, CascadeFile, Of};
use crate::inference::encode::WindowShape;
use crate::inference::error::Error;

/// Version of the folder's layout.
const FORMAT: u32 = 1;
pub const MANIFEST: &str = "bundle.toml";

/// `bundle.toml`: what the folder holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u32,
    name: String,
    /// What the encoder computes in; calibration and thresholds were fitted to that.
    #[serde(default)]
    arithmetic: Arithmetic,
    /// SHA-256 of each file.
    files: BTreeMap<String, String>,
}

/// `labels.json`: what the head's rows mean and what the encoder reads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    pub taxonomy_version: u32,
    /// Rows of the head that are categories, in order.
    pub categories: Vec<String>,
    /// Rows after those.
    pub contexts: Vec<String>,
    /// ISO 639-3 codes the model may score.
    pub languages: Vec<String>,
    /// Put before every text.
    pub prefix: String,
    /// Tokens of a window, special tokens included.
    pub window_tokens: usize,
    /// Tokens two windows share.
    pub window_overlap: usize,
}

/// `thresholds.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdsFile {
    pub policy_version: String,
    pub review: f32,
    pub urgent: f32,
    pub categories: BTreeMap<String, f32>,
}

/// A verified bundle.
#[derive(Debug, Clone)]
pub struct ModelBundle {
    pub folder: PathBuf,
    pub model: ModelRef,
    pub config: EncoderConfig,
    pub arithmetic: Arithmetic,
    pub languages: Vec<String>,
    pub prefix: String,
    pub shape: WindowShape,
    pub calibration: Calibration,
    pub policy: Policy,
    /// The first stage, where the bundle has one.
    pub cascade: Option<Arc<Cascade>>,
    /// The verified SHA-256 of each file.
    pub files: BTreeMap<String, String>,
}

impl ModelBundle {
    /// Opens and verifies `folder`.
    ///
    /// # Errors
    /// [`Error::Bundle`] naming the file: missing, changed, or not fitting the others.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let (manifest, digest) = read_manifest(folder)?;
        verify(folder, &manifest)?;
        let labels: Labels = read_json(&folder.join("labels.json"))?;
        check_labels(&labels).map_err(|reason| bundle(&folder.join("labels.json"), reason))?;
        let config: EncoderConfig = read_json(&folder.join("config.json"))?;
        if labels.window_tokens > config.max_position_embeddings {
            let limit = config.max_position_embeddings;
            let reason =
                format!("window_tokens is {}, the encoder has {limit} positions", labels.window_tokens);
            return Err(bundle(&folder.join("labels.json"), reason));
        }
        let of = Of { files: &manifest.files, arithmetic: manifest.arithmetic };
        Ok(Self {
            cascade: file::open(folder, of)?.map(Arc::new),
            model: ModelRef { name: manifest.name, digest },
            config,
            arithmetic: manifest.arithmetic,
            languages: labels.languages,
            prefix: labels.prefix,
            shape: WindowShape { max_tokens: labels.window_tokens, overlap: labels.window_overlap },
            calibration: read_calibration(&folder.join("calibration.json"))?,
            policy: read_policy(&folder.join("thresholds.toml"))?,
            folder: folder.to_owned(),
            files: manifest.files,
        })
    }

    /// What is written of the first stage and its evidence; `None` when there is none.
    ///
    /// # Errors
    /// [`Error::Bundle`] when the file was changed since the bundle was opened.
    pub fn cascade_file(&self) -> Result<Option<CascadeFile>, Error> {
        file::read(&self.folder, Of { files: &self.files, arithmetic: self.arithmetic })
    }

    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Writes `bundle.toml` for the files that lie in `folder`, fitted to an encoder that computes in `arithmetic`.
///
/// # Errors
/// When a file cannot be read or written.
pub fn seal(folder: &Path, name: &str, arithmetic: Arithmetic) -> std::io::Result<()> {
    let mut files = BTreeMap::new();
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if file != MANIFEST {
            files.insert(file, sha256_file(&path)?);
        }
    }
    let manifest = Manifest { format: FORMAT, name: name.to_owned(), arithmetic, files };
    let text = toml::to_string(&manifest).expect("strings and a number");
    fs_err::write(folder.join(MANIFEST), text)
}

fn bundle(path: &Path, reason: impl Into<String>) -> Error {
    Error::Bundle { path: path.to_owned(), reason: reason.into() }
}

/// Piece by piece: the weights need not be in memory for it.
fn sha256_file(path: &Path) -> std::io::Result<String> {
    let mut file = fs_err::File::open(path)?;
    let (mut hasher, mut piece) = (Hasher::default(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finish().to_string()),
            read => hasher.update(&piece[..read]),
        }
    }
}

fn read_manifest(folder: &Path) -> Result<(Manifest, String), Error> {
    let path = folder.join(MANIFEST);
    let text = fs_err::read_to_string(&path).map_err(|e| {
        bundle(
            &path,
            format!("{e}; a bundle is a folder made by `countervail train`, such as models/default"),
        )
    })?;
    let manifest: Manifest = toml::from_str(&text).map_err(|e| bundle(&path, e.to_string()))?;
    if manifest.format != FORMAT {
        return Err(bundle(&path, format!("format is {}, this version reads {FORMAT}", manifest.format)));
    }
    Ok((manifest, format!("sha256:{}", Digest::of(text.as_bytes()))))
}

fn verify(folder: &Path, manifest: &Manifest) -> Result<(), Error> {
    for needed in [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "labels.json",
        "calibration.json",
        "thresholds.toml",
    ] {
        if !manifest.files.contains_key(needed) {
            return Err(bundle(&folder.join(MANIFEST), format!("does not list {needed}")));
        }
    }
    for (name, expected) in &manifest.files {
        let path = folder.join(name);
        let got = sha256_file(&path).map_err(|e| bundle(&path, e.to_string()))?;
        if got != *expected {
            let reason =
                format!("SHA-256 is {got}, bundle.toml says {expected}; restore the file or train again");
            return Err(bundle(&path, reason));
        }
    }
    Ok(())
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, Error> {
    let text = fs_err::read_to_string(path).map_err(|e| bundle(path, e.to_string()))?;
    serde_json::from_str(&text).map_err(|e| bundle(path, e.to_string()))
}

fn check_labels(labels: &Labels) -> Result<(), String> {
    if labels.taxonomy_version != TAXONOMY_VERSION {
        return Err(format!("taxonomy_version is {}, ours is {TAXONOMY_VERSION}", labels.taxonomy_version));
    }
    if labels.categories != Category::ALL.map(|c| c.id().to_owned()) {
        return Err(format!(
            "categories are {:?}, expected {:?}",
            labels.categories,
            Category::ALL.map(Category::id)
        ));
    }
    if labels.contexts != Context::ALL.map(|c| c.id().to_owned()) {
        return Err(format!(
            "contexts are {:?}, expected {:?}",
            labels.contexts,
            Context::ALL.map(Context::id)
        ));
    }
    Ok(())
}

fn read_calibration(path: &Path) -> Result<Calibration, Error> {
    let file: CalibrationFile = read_json(path)?;
    file.try_into().map_err(|reason: String| bundle(path, reason))
}

fn read_policy(path: &Path) -> Result<Policy, Error> {
    let text = fs_err::read_to_string(path).map_err(|e| bundle(path, e.to_string()))?;
    let file: ThresholdsFile = toml::from_str(&text).map_err(|e| bundle(path, e.to_string()))?;
    let score = |value: f32| Score::new(value).map_err(|e| bundle(path, e.to_string()));
    let (review, urgent) = (score(file.review)?, score(file.urgent)?);
    if urgent < review {
        return Err(bundle(path, "urgent is below review"));
    }
    let mut categories = [Score::ZERO; Category::COUNT];
    let values = by_category(&file.categories).map_err(|reason| bundle(path, reason))?;
    for (slot, value) in categories.iter_mut().zip(values) {
        *slot = score(value)?;
    }
    Ok(Policy { version: file.policy_version, review, urgent, categories })
}
