//! The model, behind one small seam: texts in, [`Assessment`]s out. Nothing above this module knows tensors.
//!
//! [`Assessment`]: crate::domain::assessment::Assessment

pub mod batcher;
pub mod bundle;
pub mod calibration;
pub mod calibration_file;
pub mod candle;
pub mod cascade;
pub mod classifier;
pub mod correction;
pub mod encode;
pub mod engine;
pub mod error;
pub mod handle;
pub mod pipeline;
pub mod prepare;

use std::path::{Path, PathBuf};

use cascade::Use;
use engine::Settings;
use error::Error;
use handle::Handle;
use pipeline::Pipeline;

/// The folder of a model: a path as it is, a plain name below `models/`.
#[must_use]
pub fn locate(model: &str) -> PathBuf {
    let path = Path::new(model);
    if path.components().count() > 1 || path.is_dir() {
        path.to_owned()
    } else {
        Path::new("models").join(model)
    }
}

/// Opens a bundle by name or path and starts its threads. A first stage that the bundle has is used as `cascade` says.
///
/// # Errors
/// [`Error::Bundle`] naming the file that is wrong.
pub fn open(model: &str, settings: Settings, cascade: Use) -> Result<Handle, Error> {
    Handle::start(Pipeline::open(&locate(model))?.with_cascade(cascade), settings)
}
