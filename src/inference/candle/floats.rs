//! Borrowing a tensor's numbers as a slice.

use std::ops::Deref;

use candle_core::{CpuStorage, Result, Storage, StorageRef, Tensor, bail};

/// The contiguous f32 contents of a CPU tensor, borrowed while this lives.
#[derive(Debug)]
pub struct Floats<'a> {
    storage: StorageRef<'a>,
    start: usize,
    len: usize,
}

impl<'a> Floats<'a> {
    /// # Errors
    /// When the tensor is not contiguous, not f32 or not on the CPU.
    pub fn of(tensor: &'a Tensor) -> Result<Self> {
        let (storage, layout) = tensor.storage_and_layout();
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("tensor of shape {:?} is not contiguous", layout.shape());
        };
        match &*storage {
            Storage::Cpu(CpuStorage::F32(_)) => {}
            _ => bail!("expected an f32 tensor on the CPU, got {:?}", tensor.dtype()),
        }
        Ok(Self { storage, start, len: end - start })
    }
}

impl Deref for Floats<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &*self.storage {
            Storage::Cpu(CpuStorage::F32(values)) => &values[self.start..self.start + self.len],
            _ => unreachable!("checked when the slice was taken"),
        }
    }
}
