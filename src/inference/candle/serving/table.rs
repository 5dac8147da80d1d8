//! An embedding table in memory as it is in the file: half precision stays half precision and 8 bits stay 8 bits,
//! which is a half or a quarter of the memory and exactly the same numbers.

use candle_core::{CpuStorage, DType, Result, Storage, Tensor, bail};

use super::rows;
use crate::inference::candle::Floats;
use crate::inference::candle::embedding::ByteRows;
use crate::inference::candle::weights::Words;

/// Rows of one width.
pub(super) struct Table {
    width: usize,
    values: Values,
}

enum Values {
    Half(Vec<u16>),
    Single(Vec<f32>),
    Bytes(ByteRows),
}

impl Table {
    /// From a matrix in f16 or f32.
    ///
    /// # Errors
    /// When it is in another type or not contiguous.
    pub(super) fn new(tensor: &Tensor) -> Result<Self> {
        let width = tensor.dim(1)?;
        let values = match tensor.dtype() {
            DType::F16 => Values::Half(half_bits(tensor)?),
            _ => Values::Single(Floats::of(tensor)?.to_vec()),
        };
        Ok(Self { width, values })
    }

    /// The word table, rows `width` wide.
    ///
    /// # Errors
    /// As [`Table::new`].
    pub(super) fn words(words: Words, width: usize) -> Result<Self> {
        match words {
            Words::Plain(tensor) => Self::new(&tensor),
            Words::Bytes(rows) => Ok(Self { width, values: Values::Bytes(rows) }),
        }
    }

    pub(super) fn rows(&self) -> usize {
        match &self.values {
            Values::Half(bits) => bits.len() / self.width,
            Values::Single(values) => values.len() / self.width,
            Values::Bytes(rows) => rows.scales.len(),
        }
    }

    /// Row `at`, which is below [`Table::rows`], into `out`.
    pub(super) fn read(&self, at: usize, out: &mut [f32]) {
        let range = at * self.width..(at + 1) * self.width;
        match &self.values {
            Values::Half(bits) => rows::widen(out, &bits[range]),
            Values::Single(values) => out.copy_from_slice(&values[range]),
            Values::Bytes(rows) => rows.read(at, out),
        }
    }
}

/// The bits of a contiguous f16 tensor.
pub(super) fn half_bits(tensor: &Tensor) -> Result<Vec<u16>> {
    let (storage, layout) = tensor.storage_and_layout();
    match (&*storage, layout.contiguous_offsets()) {
        (Storage::Cpu(CpuStorage::F16(values)), Some((start, end))) => {
            Ok(values[start..end].iter().map(|h| h.to_bits()).collect())
        }
        _ => bail!("expected a contiguous f16 tensor on the CPU, got {:?}", tensor.dtype()),
    }
}
