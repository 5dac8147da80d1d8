//! The first stage on disk: `cascade.bin`, its weights, one signed byte for each feature; and `cascade.json`, what they
//! mean, which encoder they stand before, and on what evidence each bucket may stop texts.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::inference::candle::serving::Arithmetic;
use crate::inference::cascade::Cascade;
use crate::inference::cascade::bucket::Lengths;
use crate::inference::cascade::features::FEATURES;
use crate::inference::cascade::linear::Linear;
use crate::inference::correction::Platt;
use crate::inference::error::Error;

pub const META: &str = "cascade.json";
pub const WEIGHTS: &str = "cascade.bin";

/// Version of the two files, the hash of the features included.
pub const VERSION: u32 = 1;

/// What decides whether the encoder flags a text: with another one of these the certificate would be of another model.
pub const FITS: [&str; 6] = [
    "calibration.json",
    "config.json",
    "labels.json",
    "model.safetensors",
    "thresholds.toml",
    "tokenizer.json",
];

/// `cascade.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CascadeFile {
    pub version: u32,
    /// Weights in `cascade.bin`.
    pub features: usize,
    /// What one step of a weight is worth.
    pub scale: f32,
    pub bias: f32,
    /// Slope and offset: from a logit to the probability that the encoder would flag the text or name a category.
    pub platt: [f32; 2],
    /// Borders of the lengths, in characters of the normalised text.
    pub lengths: Vec<usize>,
    /// SHA-256 of each file of the bundle that the certificate rests on; see [`FITS`].
    pub fits: BTreeMap<String, String>,
    /// What the encoder computed in.
    pub arithmetic: Arithmetic,
    pub terms: TermsLine,
    pub taught: Taught,
    /// Only those with a text in the calibration split.
    pub buckets: Vec<BucketLine>,
}

/// What was to be certified.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermsLine {
    /// The least share of the texts that the encoder flags which must get past the first stage.
    pub retained: f64,
    /// The same of the texts that it flags or names a category of.
    pub retained_named: f64,
    /// How surely all buckets together keep it.
    pub confidence: f64,
    /// Buckets that were tested at once, each at 1 − (1 − confidence) / tested.
    pub tested: usize,
}

/// What the weights were made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taught {
    /// Texts of the fit part whose assessment by the encoder was learnt.
    pub texts: usize,
    /// Those among them that the encoder flagged or named a category of.
    pub said: usize,
    /// Texts of the calibration split, without near-copies of each other.
    pub calibration: usize,
}

/// One bucket and its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketLine {
    /// ISO 639-3, or `unknown`.
    pub language: String,
    /// Characters of the normalised text, from here on.
    pub from: usize,
    /// Below this; no limit when null.
    pub below: Option<usize>,
    /// Texts whose logit is below it are stopped; null when all go to the encoder.
    pub threshold: Option<f32>,
    /// Texts of the calibration split in this bucket, and how many the first stage stops.
    pub texts: usize,
    pub stopped: usize,
    /// Of the texts that the encoder flags.
    pub flagged: Retained,
    /// Of the texts that the encoder flags or names a category of.
    pub said: Retained,
}

/// How much gets past the first stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retained {
    pub texts: usize,
    /// Those that are not stopped.
    pub kept: usize,
    /// Clopper–Pearson lower bound of the share kept, at the level of this bucket.
    pub bound: f64,
}

impl CascadeFile {
    /// Puts the weights behind what the file says of them.
    ///
    /// # Errors
    /// A sentence that says what does not fit.
    pub fn with_weights(&self, weights: Vec<i8>) -> Result<Cascade, String> {
        if (self.version, self.features) != (VERSION, FEATURES) {
            return Err(format!(
                "version {} with {} features, this program reads version {VERSION} with {FEATURES}",
                self.version, self.features
            ));
        }
        let [slope, offset] = self.platt;
        if !(slope > 0.0 && slope.is_finite() && offset.is_finite()) {
            return Err(format!("platt is {:?}; the slope must be above 0", self.platt));
        }
        let lengths = Lengths::new(self.lengths.clone())?;
        let mut thresholds: BTreeMap<String, Vec<Option<f32>>> = BTreeMap::new();
        for line in &self.buckets {
            let of_language =
                thresholds.entry(line.language.clone()).or_insert_with(|| vec![None; lengths.count()]);
            let at = (0..lengths.count()).find(|i| lengths.range(*i) == (line.from, line.below));
            let at = at.ok_or_else(|| format!("no length is from {} below {:?}", line.from, line.below))?;
            of_language[at] = line.threshold;
        }
        let linear = Linear::new(weights, self.scale, self.bias)?;
        Ok(Cascade { linear, platt: Platt { slope, offset }, lengths, thresholds })
    }

    /// # Errors
    /// When the bundle is not the one that the certificate rests on.
    fn check(&self, of: Of<'_>) -> Result<(), String> {
        let changed = FITS.into_iter().find(|name| self.fits.get(*name) != of.files.get(*name));
        match changed.or_else(|| (self.arithmetic != of.arithmetic).then_some("arithmetic")) {
            None => Ok(()),
            Some(name) => Err(format!(
                "it was certified with another {name}; take {META} and {WEIGHTS} out, or make them again with \
                 `countervail cascade train`"
            )),
        }
    }
}

/// The bundle that a first stage stands in.
#[derive(Debug, Clone, Copy)]
pub struct Of<'a> {
    /// The verified SHA-256 of each of its files.
    pub files: &'a BTreeMap<String, String>,
    pub arithmetic: Arithmetic,
}

/// What `cascade.json` of a bundle says; `None` when the bundle has no first stage.
///
/// # Errors
/// [`Error::Bundle`] naming the file: one of the two alone, not readable, or made for another encoder.
pub fn read(folder: &Path, of: Of<'_>) -> Result<Option<CascadeFile>, Error> {
    let path = folder.join(META);
    let refuse = |reason: String| Error::Bundle { path: path.clone(), reason };
    match (of.files.contains_key(META), of.files.contains_key(WEIGHTS)) {
        (false, false) => return Ok(None),
        (true, true) => {}
        _ => return Err(refuse(format!("{META} and {WEIGHTS} belong together; one is not listed"))),
    }
    let text = fs_err::read_to_string(&path).map_err(|e| refuse(e.to_string()))?;
    let file: CascadeFile = serde_json::from_str(&text).map_err(|e| refuse(e.to_string()))?;
    file.check(of).map_err(refuse)?;
    Ok(Some(file))
}

/// The first stage of a bundle; `None` when it has none.
///
/// # Errors
/// Those of [`read`], and when the weights do not fit.
pub fn open(folder: &Path, of: Of<'_>) -> Result<Option<Cascade>, Error> {
    let Some(file) = read(folder, of)? else { return Ok(None) };
    let path = folder.join(WEIGHTS);
    let refuse = |reason: String| Error::Bundle { path: path.clone(), reason };
    let bytes = fs_err::read(&path).map_err(|e| refuse(e.to_string()))?;
    file.with_weights(bytes.into_iter().map(u8::cast_signed).collect()).map(Some).map_err(refuse)
}

/// Writes both files into `folder`.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path, file: &CascadeFile, linear: &Linear) -> std::io::Result<()> {
    let bytes: Vec<u8> = linear.weights().iter().map(|w| w.cast_unsigned()).collect();
    fs_err::write(folder.join(WEIGHTS), bytes)?;
    let text = serde_json::to_string_pretty(file).expect("strings and finite numbers");
    fs_err::write(folder.join(META), text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> CascadeFile {
        let retained = Retained { texts: 500, kept: 500, bound: 0.991 };
        CascadeFile {
            version: VERSION,
            features: FEATURES,
            scale: 0.5,
            bias: -1.0,
            platt: [1.0, 0.0],
            lengths: vec![80],
            arithmetic: Arithmetic::Int8,
            fits: FITS.map(|name| (name.to_owned(), "00".to_owned())).into(),
            terms: TermsLine { retained: 0.99, retained_named: 0.98, confidence: 0.95, tested: 1 },
            taught: Taught { texts: 9, said: 3, calibration: 900 },
            buckets: vec![BucketLine {
                language: "eng".to_owned(),
                from: 80,
                below: None,
                threshold: Some(-0.1),
                texts: 900,
                stopped: 100,
                flagged: retained,
                said: retained,
            }],
        }
    }

    fn listed(folder: &Path) -> BTreeMap<String, String> {
        let mut files = file().fits;
        for name in [META, WEIGHTS].into_iter().filter(|n| folder.join(n).exists()) {
            files.insert(name.to_owned(), "11".to_owned());
        }
        files
    }

    fn open_in(folder: &Path, files: &BTreeMap<String, String>) -> Result<Option<Cascade>, Error> {
        open(folder, Of { files, arithmetic: Arithmetic::Int8 })
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(open_in(folder.path(), &listed(folder.path())).unwrap(), None);
        let mut weights = vec![0; FEATURES];
        (weights[1], weights[2]) = (-127, 127);
        let written = file().with_weights(weights).unwrap();
        write(folder.path(), &file(), written.linear()).unwrap();
        assert_eq!(open_in(folder.path(), &listed(folder.path())).unwrap(), Some(written));
    }

    #[test]
    fn another_encoder_and_half_a_stage_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let cascade = file().with_weights(vec![1; FEATURES]).unwrap();
        write(folder.path(), &file(), cascade.linear()).unwrap();
        let mut files = listed(folder.path());
        files.insert("thresholds.toml".to_owned(), "22".to_owned());
        let error = open_in(folder.path(), &files).unwrap_err().to_string();
        assert!(error.contains("another thresholds.toml") && error.contains("cascade train"), "{error}");
        let files = listed(folder.path());
        let slower = Of { files: &files, arithmetic: Arithmetic::F32 };
        assert!(open(folder.path(), slower).unwrap_err().to_string().contains("another arithmetic"));
        let mut files = listed(folder.path());
        files.remove(WEIGHTS);
        assert!(open_in(folder.path(), &files).unwrap_err().to_string().contains("belong together"));
        fs_err::write(folder.path().join(WEIGHTS), [0; 5]).unwrap();
        let error = open_in(folder.path(), &listed(folder.path())).unwrap_err().to_string();
        assert!(error.contains("cascade.bin") && error.contains("5 weights"), "{error}");
    }

    #[test]
    fn a_bucket_of_no_length_is_refused() {
        let mut wrong = file();
        wrong.buckets[0].from = 81;
        assert!(wrong.with_weights(vec![0; FEATURES]).is_err());
        wrong = file();
        wrong.platt[0] = -1.0;
        assert!(wrong.with_weights(vec![0; FEATURES]).is_err());
    }
}
