//! What a baseline learns from: labelled texts to fit to, and others to choose thresholds on.

use std::path::Path;

use crate::data;
use crate::data::example::Example;
use crate::data::source::Source;
use crate::domain::digest::Hasher;
use crate::eval::manifest::Target;
use crate::text::fingerprint::exact_hash;

/// Where no validation part is published, one text in so many is held out, by the hash of the text.
const HELD_OUT: u64 = 10;

#[derive(Debug)]
pub(super) struct Lesson {
    pub(super) train: Vec<Example>,
    pub(super) validation: Vec<Example>,
}

impl Lesson {
    /// Reads the sources. Without any to choose thresholds on, a tenth of the training texts is held out for that.
    pub(super) fn read(
        train: &[Source],
        validation: &[Source],
        data_dir: &Path,
    ) -> Result<Self, data::error::Error> {
        let train = data::reader::read_all(train, data_dir)?;
        let validation = data::reader::read_all(validation, data_dir)?;
        if !validation.is_empty() {
            return Ok(Self { train, validation });
        }
        let (validation, train) =
            train.into_iter().partition(|e| exact_hash(&e.text).is_multiple_of(HELD_OUT));
        Ok(Self { train, validation })
    }

    /// SHA-256 over all of it, in order.
    pub(super) fn digest(&self) -> String {
        let mut hasher = Hasher::default();
        for part in [&self.train, &self.validation] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            for example in part {
                hasher.update(&(example.text.len() as u64).to_le_bytes());
                hasher.update(example.text.as_bytes());
                let code = |label: Option<bool>| label.map_or(2, u8::from);
                hasher.update(&Target::all().map(|t| code(t.label(example))).collect::<Vec<u8>>());
            }
        }
        hasher.finish().to_string()
    }
}

/// The labels that are known for a target, each with the position of its example.
pub(super) fn labelled(examples: &[Example], target: Target) -> (Vec<usize>, Vec<bool>) {
    let known = |(i, e): (usize, &Example)| target.label(e).map(|label| (i, label));
    examples.iter().enumerate().filter_map(known).unzip()
}
