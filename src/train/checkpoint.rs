//! Saving a run and going on with it to the same bytes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::gradient::Parameter;
use super::optimizer::Moments;
use crate::inference::candle::Floats;
use crate::train::error::Error;

const STATE: &str = "checkpoint.json";
const TENSORS: &str = "checkpoint.safetensors";

/// Where a run stands, beside its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Steps done.
    pub step: u64,
    /// Digest of everything that shapes the run: a changed recipe must not continue an old run.
    pub run: String,
}

/// The folder of one run.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    folder: PathBuf,
}

impl Checkpoints {
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        fs_err::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes parameters and moments, then the state: the state is there only when the numbers are.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save(&self, state: &State, parameters: &[Parameter], moments: &Moments) -> Result<(), Error> {
        let mut tensors = HashMap::new();
        for (i, parameter) in parameters.iter().enumerate() {
            let flat = |values: &[f32]| Tensor::from_slice(values, values.len(), &Device::Cpu);
            tensors.insert(format!("value.{}", parameter.name), parameter.tensor.clone());
            tensors.insert(format!("first.{}", parameter.name), flat(&moments.first[i])?);
            tensors.insert(format!("second.{}", parameter.name), flat(&moments.second[i])?);
        }
        // A numbered file, so that being killed here leaves the last state with its own numbers.
        let file = self.tensors(state.step);
        candle_core::safetensors::save(&tensors, &file)?;
        let written = self.folder.join("checkpoint.json.new");
        fs_err::write(&written, serde_json::to_string(state).expect("two plain fields"))?;
        fs_err::rename(written, self.folder.join(STATE))?;
        self.remove_others(&file)?;
        Ok(())
    }

    /// Puts the saved numbers into `parameters` and `moments`; `None` when nothing was saved.
    ///
    /// # Errors
    /// When what was saved belongs to another run or is damaged.
    pub fn restore(
        &self,
        run: &str,
        parameters: &[Parameter],
        moments: &mut Moments,
    ) -> Result<Option<State>, Error> {
        let path = self.folder.join(STATE);
        if !path.exists() {
            return Ok(None);
        }
        let refuse =
            |reason: String| Error::Checkpoint { folder: self.folder.clone(), what: "checkpoint", reason };
        let state: State =
            serde_json::from_str(&fs_err::read_to_string(&path)?).map_err(|e| refuse(e.to_string()))?;
        if state.run != run {
            return Err(refuse("it was made by another recipe, data or base model".into()));
        }
        let tensors = candle_core::safetensors::load(self.tensors(state.step), &Device::Cpu)?;
        let get = |name: String| tensors.get(&name).ok_or_else(|| refuse(format!("`{name}` is missing")));
        for (i, parameter) in parameters.iter().enumerate() {
            let value = get(format!("value.{}", parameter.name))?;
            parameter.tensor.inplace_op1(&Overwrite(value))?;
            moments.first[i] = Floats::of(get(format!("first.{}", parameter.name))?)?.to_vec();
            moments.second[i] = Floats::of(get(format!("second.{}", parameter.name))?)?.to_vec();
        }
        Ok(Some(state))
    }

    fn tensors(&self, step: u64) -> PathBuf {
        self.folder.join(format!("{step}.{TENSORS}"))
    }

    fn remove_others(&self, keep: &Path) -> Result<(), Error> {
        for entry in fs_err::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.ends_with(TENSORS) && path != keep {
                fs_err::remove_file(&path)?;
            }
        }
        Ok(())
    }
}

struct Overwrite<'a>(&'a Tensor);

impl candle_core::InplaceOp1 for Overwrite<'_> {
    fn name(&self) -> &'static str {
        "overwrite"
    }

    fn cpu_fwd(
        &self,
        storage: &mut candle_core::CpuStorage,
        _: &candle_core::Layout,
    ) -> candle_core::Result<()> {
        let candle_core::CpuStorage::F32(values) = storage else {
            candle_core::bail!("a parameter is f32");
        };
        let saved = Floats::of(self.0)?;
        if saved.len() != values.len() {
            candle_core::bail!("saved {} numbers for a parameter of {}", saved.len(), values.len());
        }
        values.copy_from_slice(&saved);
        Ok(())
    }
}
