//! Products in mixed precision: operands rounded to bfloat16, products summed in f32 (Micikevicius et al. 2018,
//! "Mixed Precision Training"; Kalamkar et al. 2019, "A Study of BFLOAT16 for Deep Learning Training").
//!
//! A CPU with `avx512_bf16` multiplies 64 such pairs in the time of 32 f32 ones (`vdpbf16ps`), which makes training that
//! much faster. Elsewhere the same rounded numbers are multiplied in f32: the same result up to the order of the sums.

#![expect(
    clippy::inline_always,
    reason = "`vectorised!` compiles a kernel once for each vector unit, and what it calls only if that is inlined"
)]
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "no crate offers products of bfloat16 with the instruction that is made for them"
    )
)]

use std::cell::Cell;
use std::ops::Range;

use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;
use serde::Deserialize;

use super::Floats;
use super::math::vectorised;

/// What the products of a linear layer are computed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    #[default]
    F32,
    /// Operands in bfloat16, sums in f32.
    Mixed,
}

impl Precision {
    /// x·Wᵀ: `[rows, in]`, `[out, in]` → `[rows, out]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn forward(self, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
        match self {
            Self::F32 => x.matmul(&weight.t()?),
            Self::Mixed => product((x, Inner::InRows), (weight, Inner::InRows)),
        }
    }

    /// dy·W: `[rows, out]`, `[out, in]` → `[rows, in]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn input_gradient(self, grad: &Tensor, weight: &Tensor) -> Result<Tensor> {
        match self {
            Self::F32 => grad.matmul(weight),
            Self::Mixed => product((grad, Inner::InRows), (weight, Inner::InColumns)),
        }
    }

    /// dyᵀ·x: `[rows, out]`, `[rows, in]` → `[out, in]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn weight_gradient(self, grad: &Tensor, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::F32 => grad.t()?.matmul(x),
            Self::Mixed => product((grad, Inner::InColumns), (x, Inner::InColumns)),
        }
    }
}

/// Where the dimension lies that the product sums over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inner {
    /// Each row holds one vector of the product.
    InRows,
    /// Each column does.
    InColumns,
}

/// Rows of a tile of the result; with [`TILE_COLUMNS`] it fills 28 of the 32 vector registers.
const TILE_ROWS: usize = 14;
/// Columns of a tile: two vectors of 16.
const TILE_COLUMNS: usize = 32;
/// Tiles above each other that one core computes with the same columns of the right operand.
const TILES_PER_TASK: usize = 4;

type Tile = [[f32; TILE_COLUMNS]; TILE_ROWS];

/// One operand, its vectors in blocks of `width`, each block `[pairs, width]` of two neighbouring bfloat16 numbers.
/// What a block or a pair lacks is zero.
struct Blocks {
    /// Longer than needed: buffers are used again, since clearing new ones is a tenth of a training step.
    buffer: Vec<u32>,
    /// Of all blocks.
    length: usize,
    /// Numbers of a block.
    size: usize,
    /// Vectors in all.
    vectors: usize,
}

impl Blocks {
    fn pack(
        mut buffer: Vec<u32>,
        values: &[f32],
        (rows, columns): (usize, usize),
        inner: Inner,
        width: usize,
    ) -> Self {
        let (vectors, summed) = match inner {
            Inner::InRows => (rows, columns),
            Inner::InColumns => (columns, rows),
        };
        let size = summed.div_ceil(2) * width;
        let length = vectors.div_ceil(width) * size;
        if buffer.len() < length {
            buffer.resize(length, 0);
        }
        buffer[..length].par_chunks_mut(size).enumerate().for_each(|(i, block)| {
            let from = i * width..vectors.min((i + 1) * width);
            if from.len() < width {
                block.fill(0);
            }
            match inner {
                Inner::InRows => {
                    pack_rows(block, &values[from.start * columns..from.end * columns], columns, width);
                }
                Inner::InColumns => pack_columns(block, values, columns, from, width),
            }
        });
        Self { buffer, length, size, vectors }
    }

    fn values(&self) -> &[u32] {
        &self.buffer[..self.length]
    }
}

thread_local! {
    /// Buffers for a left and a right operand.
    static BUFFERS: Cell<(Vec<u32>, Vec<u32>)> = const { Cell::new((Vec::new(), Vec::new())) };
}

vectorised! {
    /// Each row of `from` into one lane of the block.
    fn pack_rows<'a>(block: &'a mut [u32], from: &'a [f32], columns: usize, width: usize) {
        // Rounded in one go and then spread, since only the rounding can be done many at a time.
        let mut pairs = [0; 64];
        for (lane, row) in from.chunks_exact(columns).enumerate() {
            for (part, to) in row.chunks(2 * pairs.len()).zip(block.chunks_mut(width * pairs.len())) {
                let (twos, rest) = part.as_chunks::<2>();
                for (pair_of, [first, second]) in pairs.iter_mut().zip(twos) {
                    *pair_of = pair(*first, *second);
                }
                if let [last] = rest {
                    pairs[twos.len()] = pair(*last, 0.0);
                }
                for (to, pair_of) in to[lane..].iter_mut().step_by(width).zip(&pairs[..twos.len() + rest.len()]) {
                    *to = *pair_of;
                }
            }
        }
    }
}

vectorised! {
    /// Some columns of `from`, each into one lane of the block.
    fn pack_columns<'a>(block: &'a mut [u32], from: &'a [f32], columns: usize, wanted: Range<usize>, width: usize) {
        for (to, two) in block.chunks_exact_mut(width).zip(from.chunks(2 * columns)) {
            let (first, second) = two.split_at(columns);
            let first = &first[wanted.clone()];
            if second.is_empty() {
                for (to, x) in to.iter_mut().zip(first) {
                    *to = pair(*x, 0.0);
                }
            } else {
                for (to, (x, y)) in to.iter_mut().zip(first.iter().zip(&second[wanted.clone()])) {
                    *to = pair(*x, *y);
                }
            }
        }
    }
}

/// The nearest bfloat16, ties to even; as the bits of an f32 whose lower half is zero.
#[inline(always)]
const fn round(x: f32) -> u32 {
    let bits = x.to_bits();
    bits.wrapping_add(0x7FFF + ((bits >> 16) & 1)) & 0xFFFF_0000
}

#[inline(always)]
const fn pair(first: f32, second: f32) -> u32 {
    (round(first) >> 16) | round(second)
}

fn product((a, a_inner): (&Tensor, Inner), (b, b_inner): (&Tensor, Inner)) -> Result<Tensor> {
    if !has_instruction() {
        return plain((a, a_inner), (b, b_inner));
    }
    let (left, right) = BUFFERS.take();
    let left = Blocks::pack(left, &Floats::of(a)?, a.dims2()?, a_inner, TILE_ROWS);
    let right = Blocks::pack(right, &Floats::of(b)?, b.dims2()?, b_inner, TILE_COLUMNS);
    if left.size / TILE_ROWS != right.size / TILE_COLUMNS {
        candle_core::bail!("a product of {:?} and {:?} does not fit", a.shape(), b.shape());
    }
    let (rows, columns) = (left.vectors, right.vectors);
    let mut out = Vec::with_capacity(rows * columns);
    let tasks =
        out.spare_capacity_mut()[..rows * columns].par_chunks_mut(TILES_PER_TASK * TILE_ROWS * columns);
    tasks.zip(left.values().par_chunks(TILES_PER_TASK * left.size)).for_each(|(out, left_blocks)| {
        for (j, right_block) in right.values().chunks_exact(right.size).enumerate() {
            let at = j * TILE_COLUMNS..columns.min((j + 1) * TILE_COLUMNS);
            for (rows, left_block) in
                out.chunks_mut(TILE_ROWS * columns).zip(left_blocks.chunks_exact(left.size))
            {
                let tile = tile(left_block, right_block);
                for (row, values) in rows.chunks_exact_mut(columns).zip(&tile) {
                    row[at.clone()].write_copy_of_slice(&values[..at.len()]);
                }
            }
        }
    });
    // SAFETY: every row is in one chunk of one task, which wrote all its columns.
    unsafe { out.set_len(rows * columns) };
    BUFFERS.set((left.buffer, right.buffer));
    Tensor::from_vec(out, (rows, columns), &Device::Cpu)
}

/// The same without the instruction.
fn plain((a, a_inner): (&Tensor, Inner), (b, b_inner): (&Tensor, Inner)) -> Result<Tensor> {
    let rounded = |x: &Tensor| -> Result<Tensor> {
        let values = Floats::of(x)?.iter().map(|x| f32::from_bits(round(*x))).collect();
        Tensor::from_vec(values, x.shape(), &Device::Cpu)
    };
    let (a, b) = (rounded(a)?, rounded(b)?);
    let a = if a_inner == Inner::InRows { a } else { a.t()? };
    let b = if b_inner == Inner::InRows { b.t()? } else { b };
    a.matmul(&b)
}

#[cfg(target_arch = "x86_64")]
fn has_instruction() -> bool {
    is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512f")
}

#[cfg(not(target_arch = "x86_64"))]
const fn has_instruction() -> bool {
    false
}

#[cfg(target_arch = "x86_64")]
fn tile(left: &[u32], right: &[u32]) -> Tile {
    debug_assert!(has_instruction());
    // SAFETY: `product` comes here only where `has_instruction` found the instructions.
    unsafe { tile_bf16(left, right) }
}

#[cfg(not(target_arch = "x86_64"))]
fn tile(_: &[u32], _: &[u32]) -> Tile {
    unreachable!("`has_instruction` is false here")
}

/// Products of one block of either side, over all pairs.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bf16")]
fn tile_bf16(left: &[u32], right: &[u32]) -> Tile {
    use std::arch::x86_64::{__m512bh, __m512i, _mm512_dpbf16_ps, _mm512_loadu_si512, _mm512_set1_epi32};
    use std::arch::x86_64::{_mm512_setzero_ps, _mm512_storeu_ps};

    // SAFETY: both are 512 plain bits.
    let as_pairs = |x: __m512i| unsafe { std::mem::transmute::<__m512i, __m512bh>(x) };
    let mut sums = [[_mm512_setzero_ps(); 2]; TILE_ROWS];
    for (a, b) in left.chunks_exact(TILE_ROWS).zip(right.chunks_exact(TILE_COLUMNS)) {
        // SAFETY: `b` has 32 numbers, so 16 can be read at 0 and at 16.
        let b = unsafe {
            [_mm512_loadu_si512(b.as_ptr().cast()), _mm512_loadu_si512(b[16..].as_ptr().cast())].map(as_pairs)
        };
        for i in 0..TILE_ROWS {
            let a = as_pairs(_mm512_set1_epi32(a[i].cast_signed()));
            sums[i][0] = _mm512_dpbf16_ps(sums[i][0], a, b[0]);
            sums[i][1] = _mm512_dpbf16_ps(sums[i][1], a, b[1]);
        }
    }
    let mut tile = [[0.0; TILE_COLUMNS]; TILE_ROWS];
    for (row, sums) in tile.iter_mut().zip(sums) {
        let (first, second) = row.split_at_mut(16);
        // SAFETY: each half of a row has 16 numbers.
        unsafe {
            _mm512_storeu_ps(first.as_mut_ptr(), sums[0]);
            _mm512_storeu_ps(second.as_mut_ptr(), sums[1]);
        }
    }
    tile
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng as _;

    fn matrix(rows: usize, columns: usize, seed: u64) -> Tensor {
        let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let values = (0..rows * columns).map(|_| (rng.next_u32() >> 8) as f32 / 8_388_608.0 - 1.0);
        Tensor::from_vec(values.collect::<Vec<f32>>(), (rows, columns), &Device::Cpu).unwrap()
    }

    fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
        assert_eq!(a.shape(), b.shape());
        let (a, b) = (Floats::of(a).unwrap(), Floats::of(b).unwrap());
        a.iter().zip(b.iter()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn rounding_goes_to_the_nearest_and_ties_to_even() {
        let rounded = |x: f32| f32::from_bits(round(x));
        // Between 1 and 1 + 2⁻⁷ the middle goes down, to the even one; between that and the next it goes up.
        let step = 2.0_f32.powi(-7);
        for (x, nearest) in [
            (1.0, 1.0),
            (-3.140_625, -3.140_625),
            (1.0 + 0.5 * step, 1.0),
            (1.0 + 1.5 * step, 1.0 + 2.0 * step),
        ] {
            assert_eq!(rounded(x).to_bits(), f32::to_bits(nearest), "{x}");
        }
        assert!(rounded(f32::INFINITY).is_infinite());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Whatever the shape, the fast product is the product of the rounded numbers up to the order of the sums, and
        /// near the exact one.
        #[test]
        fn all_three_products_are_those_of_the_rounded_numbers(
            rows in 1_usize..70, inner in 1_usize..70, columns in 1_usize..70, seed in 0_u64..1000,
        ) {
            let near = |got: &Tensor, a: (&Tensor, Inner), b: (&Tensor, Inner), exact: &Tensor| {
                let slack = 1e-5 * inner as f32;
                assert!(largest_difference(got, &plain(a, b).unwrap()) < slack);
                assert!(largest_difference(got, exact) < 0.01 * inner as f32 + 1e-6);
            };
            let (x, w) = (matrix(rows, inner, seed), matrix(columns, inner, seed + 1));
            let exact = Precision::F32.forward(&x, &w).unwrap();
            near(&Precision::Mixed.forward(&x, &w).unwrap(), (&x, Inner::InRows), (&w, Inner::InRows), &exact);
            let (grad, w) = (matrix(rows, inner, seed + 2), matrix(inner, columns, seed + 3));
            let exact = Precision::F32.input_gradient(&grad, &w).unwrap();
            near(&Precision::Mixed.input_gradient(&grad, &w).unwrap(), (&grad, Inner::InRows), (&w, Inner::InColumns), &exact);
            let (grad, x) = (matrix(inner, rows, seed + 4), matrix(inner, columns, seed + 5));
            let exact = Precision::F32.weight_gradient(&grad, &x).unwrap();
            near(&Precision::Mixed.weight_gradient(&grad, &x).unwrap(), (&grad, Inner::InColumns), (&x, Inner::InColumns), &exact);
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let (a, b) = (matrix(3, 8, 1), matrix(3, 4, 2));
        assert!(Precision::Mixed.forward(&a, &b).is_err());
    }
}
