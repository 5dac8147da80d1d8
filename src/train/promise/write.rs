//! The promised bundle on disk: a copy with another calibration, other thresholds and its evidence.

use std::path::Path;

use crate::inference::bundle::{MANIFEST, seal};
use crate::inference::calibration_file::CalibrationFile;
use crate::inference::cascade::file::{META, WEIGHTS};
use crate::train::card::without_first_stage;
use crate::train::error::Error;
use crate::train::finish::{write_json, write_thresholds};
use crate::train::folder::{beside, replace};
use crate::train::promise::{Promised, words};

/// Holds the record.
pub(super) const FILE: &str = "promise.json";

impl Promised {
    /// Whether the bundle has a first stage, which was certified for the thresholds that are replaced and is not written.
    #[must_use]
    pub fn leaves_first_stage(&self) -> bool {
        self.bundle.cascade.is_some()
    }

    /// Writes the bundle to `out`, whole or not at all, replacing what was there.
    ///
    /// # Errors
    /// When `out` is the bundle that was calibrated, or a file cannot be read or written.
    pub fn write(&self, out: &Path) -> Result<(), Error> {
        let model = &self.bundle.folder;
        if out.exists() && fs_err::canonicalize(out)? == fs_err::canonicalize(model)? {
            return Err(Error::Terms(format!(
                "{} is the bundle that is calibrated; write to another folder, so that the promise can be made again",
                out.display()
            )));
        }
        let folder = beside(out)?;
        for entry in fs_err::read_dir(model)? {
            let from = entry?.path();
            let name = from.file_name().unwrap_or_default();
            // A first stage was certified for the thresholds that are being replaced.
            if name != MANIFEST && name != META && name != WEIGHTS {
                fs_err::copy(&from, folder.join(name))?;
            }
        }
        write_json(&folder.join("calibration.json"), &CalibrationFile::from(&self.calibration))?;
        write_thresholds(&folder, &self.thresholds)?;
        write_json(&folder.join(FILE), &self.record)?;
        let card = folder.join("README.md");
        let before = if card.exists() { fs_err::read_to_string(&card)? } else { String::new() };
        let before = without_first_stage(&before);
        fs_err::write(card, before + &words::card_section(&self.record))?;
        seal(&folder, &self.bundle.model.name, self.bundle.arithmetic)?;
        Ok(replace(&folder, out)?)
    }
}
