//! y = x·Wᵀ + b for some rows at a time, in f32 or in 8-bit integers, with weights laid out once for the product.
//!
//! The 8-bit product is u8 activations × i8 weights summed exactly in i32. A weight has the scale of its output
//! channel, an activation that of its own row: what a token becomes depends on nothing else in the batch.

use candle_core::Result;
use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_tensor::prelude::*;
use rten_tensor::{Matrix, NdTensorView};

use super::rows;
use crate::inference::candle::Floats;
use crate::inference::candle::encoder::Linear;

thread_local! {
    // An executor may be shared between threads but not sent to one, which rules out a field and a static. Making one
    // asks the CPU what it can do, and in a virtual machine that question is dear: once a thread, not once a product.
    static FLOAT: GemmExecutor<f32> = GemmExecutor::new();
    static INT8: GemmExecutor<u8, i8, i32> = GemmExecutor::new();
}

/// A linear layer, ready to multiply.
pub(super) trait Product: Send + Sync + Sized {
    /// Rows as the product reads them.
    type Input: Default + Send;
    /// What a product is before scale and bias.
    type Sum: Copy + Default + Send;

    /// So few rows stay one block, of which each core multiplies some of the columns: where weights are too large for
    /// the cache that the cores share, reading half of them each is worth more than working undisturbed.
    const ROWS_TOGETHER: usize;

    /// # Errors
    /// When the weights are not contiguous f32.
    fn new(linear: &Linear) -> Result<Self>;

    /// Makes room for `count` rows of `width`.
    fn resize(input: &mut Self::Input, count: usize, width: usize);

    /// Puts `row` into place `at`.
    fn put(input: &mut Self::Input, at: usize, row: &[f32]);

    /// Width of a result.
    fn width(&self) -> usize;

    /// `[count, in]` → `[count, out]`, into the front of `sums`.
    fn multiply(&self, input: &Self::Input, sums: &mut [Self::Sum]);

    /// Row `at` of `sums` as numbers: scaled, with the bias.
    fn row(&self, input: &Self::Input, at: usize, sums: &[Self::Sum], out: &mut [f32]);
}

/// In f32.
pub(super) struct Float {
    weights: PackedBMatrix<f32>,
    bias: Vec<f32>,
}

impl Product for Float {
    type Input = (usize, Vec<f32>);
    type Sum = f32;
    const ROWS_TOGETHER: usize = 32;

    fn new(linear: &Linear) -> Result<Self> {
        let (out, width) = linear.weight.dims2()?;
        let weights = Floats::of(&linear.weight)?;
        let weights = NdTensorView::from_data([out, width], &weights[..]);
        let weights = FLOAT.with(|gemm| gemm.prepack_b(weights.transposed()));
        Ok(Self { weights, bias: Floats::of(&linear.bias)?.to_vec() })
    }

    fn resize((width, values): &mut Self::Input, count: usize, new: usize) {
        *width = new;
        values.resize(count * new, 0.0);
    }

    fn put((width, values): &mut Self::Input, at: usize, row: &[f32]) {
        values[at * *width..(at + 1) * *width].copy_from_slice(row);
    }

    fn width(&self) -> usize {
        self.bias.len()
    }

    fn multiply(&self, (width, values): &Self::Input, sums: &mut [f32]) {
        let input = matrix(values, *width);
        let sums = &mut sums[..input.size(0) * self.width()];
        let (a, b) = (GemmInputA::Unpacked(input), GemmInputB::Packed(&self.weights));
        let done = FLOAT.with(|gemm| gemm.gemm(sums, a, b, GemmOptions::default()));
        done.expect("the input was sized for these weights, which this executor packed");
    }

    fn row(&self, _: &Self::Input, at: usize, sums: &[f32], out: &mut [f32]) {
        let width = self.width();
        rows::add(out, &sums[at * width..(at + 1) * width], &self.bias);
    }
}

/// In 8-bit integers.
pub(super) struct Int8 {
    weights: PackedBMatrix<i8>,
    channels: rows::Channels,
}

/// Rows in 8 bits: x ≈ scale · (value − zero).
#[derive(Default)]
pub(super) struct Bytes {
    width: usize,
    values: Vec<u8>,
    scales: Vec<f32>,
    zeros: Vec<u8>,
}

impl Int8 {
    /// Whether this CPU multiplies 8-bit integers exactly. Those without VNNI or dot-product instructions add pairs
    /// of products in 16 bits, which overflow silently; they are also hardly faster than f32.
    pub(super) fn is_exact_here() -> bool {
        INT8.with(|gemm| !gemm.may_saturate())
    }
}

impl Product for Int8 {
    type Input = Bytes;
    type Sum = i32;
    const ROWS_TOGETHER: usize = 0;

    fn new(linear: &Linear) -> Result<Self> {
        let (out, width) = linear.weight.dims2()?;
        let weights = Floats::of(&linear.weight)?;
        let mut values = vec![0_i8; weights.len()];
        let (mut scales, mut totals) = (Vec::with_capacity(out), Vec::with_capacity(out));
        for (into, row) in values.chunks_exact_mut(width).zip(weights.chunks_exact(width)) {
            let mut scale = 0.0;
            rows::quantise_weights(into, row, &mut scale);
            scales.push(scale);
            totals.push(into.iter().map(|v| i32::from(*v)).sum());
        }
        let values = NdTensorView::from_data([out, width], values.as_slice());
        let weights = INT8.with(|gemm| gemm.prepack_b(values.transposed()));
        let bias = Floats::of(&linear.bias)?.to_vec();
        Ok(Self { weights, channels: rows::Channels { scales, totals, bias } })
    }

    fn resize(input: &mut Bytes, count: usize, width: usize) {
        input.width = width;
        input.values.resize(count * width, 0);
        input.scales.resize(count, 0.0);
        input.zeros.resize(count, 0);
    }

    fn put(input: &mut Bytes, at: usize, row: &[f32]) {
        let width = input.width;
        let values = &mut input.values[at * width..(at + 1) * width];
        rows::quantise(values, row, &mut input.scales[at], &mut input.zeros[at]);
    }

    fn width(&self) -> usize {
        self.channels.bias.len()
    }

    fn multiply(&self, input: &Bytes, sums: &mut [i32]) {
        let sums = &mut sums[..input.scales.len() * self.width()];
        // The zeros are taken off in `row`: of rows after the first eight, rten-gemm 0.27 takes off the wrong ones.
        let b = GemmInputB::Packed(&self.weights);
        let done = INT8.with(|gemm| {
            // Left to itself it packs the rows again for every block of columns.
            let a = gemm.prepack_a(matrix(&input.values, input.width));
            gemm.gemm(sums, GemmInputA::Packed(&a), b, GemmOptions::default())
        });
        done.expect("the input was sized for these weights, which this executor packed");
    }

    fn row(&self, input: &Bytes, at: usize, sums: &[i32], out: &mut [f32]) {
        let width = self.width();
        let sums = &sums[at * width..(at + 1) * width];
        rows::dequantise(out, sums, (input.scales[at], input.zeros[at]), &self.channels);
    }
}

fn matrix<T>(values: &[T], width: usize) -> Matrix<'_, T> {
    NdTensorView::from_data([values.len() / width, width], values)
}
