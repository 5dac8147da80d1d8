//! The word table in 8 bits. It is most of a multilingual model's file, one row of it is read for each token, and no
//! product is computed with it: what half a step of a row's scale moves, the norm behind it mostly takes away again.
//!
//! A row is `code − 128` times the row's scale, symmetric, codes 1 to 255, so 0 stays exactly 0. The file holds the
//! codes under one name and the scales under another, and nothing under the name of the plain table: a reader that
//! knows only that one says that it is missing instead of taking codes for weights.

use candle_core::{CpuStorage, DType, Device, Result, Storage, Tensor, bail};
use serde::{Deserialize, Serialize};

use super::Floats;
use super::serving::quantise_weights;
use super::weights::Named;

const PLAIN: &str = "embeddings.word_embeddings.weight";
/// U8, `[words, hidden]`.
pub(super) const CODES: &str = "embeddings.word_embeddings.weight_u8";
/// F32, `[words]`.
pub(super) const SCALES: &str = "embeddings.word_embeddings.weight_scale";

/// The code of 0.
const ZERO: u8 = 128;

/// How a bundle's file holds the word table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Embedding {
    /// Half precision, like all other weights.
    #[default]
    F16,
    /// 8 bits and a scale for each row: half the size of that.
    Int8,
}

impl Embedding {
    /// What a bundle's file holds of the f32 weights in `named`: the word table in this form, all else in half
    /// precision.
    ///
    /// # Errors
    /// When there is no word table, or 8 bits are asked for and a number in it is not finite.
    pub fn stored(self, mut named: Named) -> Result<Named> {
        let quantised = match self {
            Self::F16 => Named::new(),
            Self::Int8 => {
                let Some(table) = named.remove(PLAIN) else { bail!("tensor `{PLAIN}` is missing") };
                ByteRows::quantise(&table)?.named(table.dim(1)?)?
            }
        };
        for tensor in named.values_mut() {
            *tensor = tensor.to_dtype(DType::F16)?;
        }
        named.extend(quantised);
        Ok(named)
    }
}

/// Rows of one width in 8 bits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ByteRows {
    /// Row after row.
    pub(super) codes: Vec<u8>,
    /// One for each row.
    pub(super) scales: Vec<f32>,
}

impl ByteRows {
    /// Each number to within half a scale of what it was.
    fn quantise(table: &Tensor) -> Result<Self> {
        let (rows, width) = table.dims2()?;
        let values = Floats::of(table)?;
        if let Some(at) = values.iter().position(|x| !x.is_finite()) {
            bail!("row {} of the word table has a number that is not finite", at / width);
        }
        let mut row = vec![0_i8; width];
        let mut out = Self { codes: Vec::with_capacity(values.len()), scales: Vec::with_capacity(rows) };
        for from in values.chunks_exact(width) {
            let mut scale = 0.0;
            quantise_weights(&mut row, from, &mut scale);
            out.codes.extend(row.iter().map(|q| q.cast_unsigned().wrapping_add(ZERO)));
            out.scales.push(scale);
        }
        Ok(out)
    }

    fn named(self, width: usize) -> Result<Named> {
        let rows = self.scales.len();
        Ok(Named::from([
            (CODES.to_owned(), Tensor::from_vec(self.codes, (rows, width), &Device::Cpu)?),
            (SCALES.to_owned(), Tensor::from_vec(self.scales, rows, &Device::Cpu)?),
        ]))
    }

    /// From the two tensors of a file.
    ///
    /// # Errors
    /// When their types or shapes are others than [`CODES`] and [`SCALES`] say.
    pub(super) fn new(codes: &Tensor, scales: &Tensor) -> Result<Self> {
        if scales.dtype() != DType::F32 || scales.dims() != [codes.dim(0)?] {
            bail!("tensor `{SCALES}` is {:?} {:?}, not one f32 for each row", scales.dtype(), scales.dims());
        }
        Ok(Self { codes: bytes(codes)?, scales: Floats::of(scales)?.to_vec() })
    }

    /// Row `at`, which is below the number of scales, into `out`, which is as wide as a row.
    pub(super) fn read(&self, at: usize, out: &mut [f32]) {
        let codes = &self.codes[at * out.len()..(at + 1) * out.len()];
        let scale = self.scales[at];
        for (o, code) in out.iter_mut().zip(codes) {
            *o = (f32::from(*code) - f32::from(ZERO)) * scale;
        }
    }

    /// All rows, `[rows, width]` in f32: for training, which moves them.
    pub(super) fn widen(&self, width: usize) -> Result<Tensor> {
        let mut out = vec![0.0; self.codes.len()];
        for (at, row) in out.chunks_exact_mut(width).enumerate() {
            self.read(at, row);
        }
        Tensor::from_vec(out, (self.scales.len(), width), &Device::Cpu)
    }
}

fn bytes(tensor: &Tensor) -> Result<Vec<u8>> {
    let (storage, layout) = tensor.storage_and_layout();
    match (&*storage, layout.contiguous_offsets()) {
        (Storage::Cpu(CpuStorage::U8(values)), Some((start, end))) => Ok(values[start..end].to_vec()),
        _ => bail!("tensor `{CODES}` is {:?}, not contiguous u8 on the CPU", tensor.dtype()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&[f32]]) -> Tensor {
        let flat: Vec<f32> = rows.concat();
        Tensor::from_vec(flat, (rows.len(), rows[0].len()), &Device::Cpu).expect("shape fits")
    }

    fn values(tensor: &Tensor) -> Vec<f32> {
        Floats::of(tensor).expect("f32").to_vec()
    }

    #[test]
    fn a_number_comes_back_within_half_a_step_of_its_row_and_zero_exactly() {
        let wide: Vec<f32> = (0..50).map(|i| ((i * 37 % 101) as f32 - 50.0) * 1.7e-3).collect();
        let rows: [&[f32]; 4] = [&wide, &[0.0; 50], &[-2.0; 50], &[3.0e-39; 50]];
        let before = table(&rows);
        let quantised = ByteRows::quantise(&before).expect("finite");
        let after = values(&quantised.widen(50).expect("fits"));
        for (i, (a, b)) in after.iter().zip(values(&before)).enumerate() {
            let scale = quantised.scales[i / 50];
            assert!((a - b).abs() <= scale * 0.500_1, "{b} came back as {a}, step {scale}");
            assert!(b != 0.0 || *a == 0.0);
        }
        assert!(quantised.codes.iter().all(|c| *c > 0), "symmetric: no code below -127");
    }

    #[test]
    fn what_was_in_8_bits_once_stays_where_it_is() {
        let rows: Vec<f32> = (0..640).map(|i| ((i * 7919 % 1009) as f32 - 504.0) * 3.1e-4).collect();
        let first = ByteRows::quantise(&table(&rows.chunks(64).collect::<Vec<_>>())).expect("finite");
        let again = ByteRows::quantise(&first.widen(64).expect("fits")).expect("finite");
        assert_eq!(first.codes, again.codes);
        for (a, b) in first.scales.iter().zip(&again.scales) {
            assert!((a - b).abs() <= a * 1e-6, "{a} became {b}");
        }
    }

    #[test]
    fn a_table_that_is_not_finite_is_refused() {
        let refused = ByteRows::quantise(&table(&[&[0.0, 1.0], &[f32::NAN, 0.0]])).expect_err("not finite");
        assert!(refused.to_string().contains("row 1 "), "{refused}");
    }

    #[test]
    fn the_word_table_is_stored_in_8_bits_and_all_else_in_half_precision() {
        let before = Named::from([
            (PLAIN.to_owned(), table(&[&[0.5, -1.0]])),
            ("other".to_owned(), table(&[&[1.0, 2.0]])),
        ]);
        let kinds = |named: &Named| {
            let mut kinds: Vec<(String, DType)> = named.iter().map(|(n, t)| (n.clone(), t.dtype())).collect();
            kinds.sort_by(|a, b| a.0.cmp(&b.0));
            kinds
        };
        let (half, other) = (DType::F16, "other".to_owned());
        let plain = Embedding::F16.stored(before.clone()).expect("converts");
        assert_eq!(kinds(&plain), [(PLAIN.to_owned(), half), (other.clone(), half)]);
        let bytes = Embedding::Int8.stored(before).expect("finite");
        let names = [(SCALES.to_owned(), DType::F32), (CODES.to_owned(), DType::U8), (other, half)];
        assert_eq!(kinds(&bytes), names);
        let rows = ByteRows::new(&bytes[CODES], &bytes[SCALES]).expect("fits");
        assert_eq!(rows.codes, [192, 1], "0.5 of 1.0 is 64 of 127 steps, the largest number 127 of them");
        assert!(Embedding::Int8.stored(bytes).expect_err("no plain table").to_string().contains(PLAIN));
    }

    #[test]
    fn scales_that_do_not_fit_the_codes_are_refused() {
        let codes = Tensor::zeros((3, 2), DType::U8, &Device::Cpu).expect("fits");
        let scales = |n: usize| Tensor::ones(n, DType::F32, &Device::Cpu).expect("fits");
        assert!(ByteRows::new(&codes, &scales(3)).is_ok());
        let refused = ByteRows::new(&codes, &scales(2)).expect_err("one scale is missing").to_string();
        assert!(refused.contains(SCALES), "{refused}");
        let refused = ByteRows::new(&table(&[&[1.0, 2.0]]), &scales(1)).expect_err("f32 codes").to_string();
        assert!(refused.contains(CODES), "{refused}");
    }
}
