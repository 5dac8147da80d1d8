//! What happens to one row between two products: bias, activation, normalisation, and the way to 8 bits and back.

#![expect(
    clippy::inline_always,
    reason = "`vectorised!` compiles a kernel once for each vector unit, and what it calls only if that is inlined"
)]

use crate::inference::candle::math::{dot, lanes_sum, vectorised};

vectorised! {
    /// `out = a + b`
    pub(super) fn add<'a>(out: &'a mut [f32], a: &'a [f32], b: &'a [f32]) {
        for (o, (a, b)) in out.iter_mut().zip(a.iter().zip(b)) {
            *o = a + b;
        }
    }
}

/// What turns a sum of products of 8-bit integers into a number, for each output channel.
#[derive(Debug)]
pub(super) struct Channels {
    pub(super) scales: Vec<f32>,
    /// Sum of the channel's weights: what one unit of an activation's zero adds to a sum.
    pub(super) totals: Vec<i32>,
    pub(super) bias: Vec<f32>,
}

vectorised! {
    /// `out = (sums − zero · totals) · scale · channel scale + bias`; the bracket is exact.
    pub(super) fn dequantise<'a>(
        out: &'a mut [f32],
        sums: &'a [i32],
        unit: (f32, u8),
        channels: &'a Channels,
    ) {
        let (scale, zero) = (unit.0, i32::from(unit.1));
        let Channels { scales, totals, bias } = channels;
        let channels = scales.iter().zip(totals).zip(bias);
        for ((o, s), ((c, t), b)) in out.iter_mut().zip(sums).zip(channels) {
            *o = ((s - zero * t) as f32).mul_add(scale * c, *b);
        }
    }
}

/// 1.5 · 2²³: adding it leaves the nearest integer in the low bits.
const ROUND: f32 = 12_582_912.0;

vectorised! {
    /// Weights of one row to ±127, symmetric: 0 is 0. Where a step would be too small a number to divide by, all are 0.
    pub(in crate::inference::candle) fn quantise_weights<'a>(out: &'a mut [i8], row: &'a [f32], scale: &'a mut f32) {
        let (low, high) = bounds(row);
        let largest = high.max(-low);
        let step = largest / 127.0;
        *scale = if step >= f32::MIN_POSITIVE { step } else { 1.0 };
        let rate = 1.0 / *scale;
        for (o, w) in out.iter_mut().zip(row) {
            *o = low_byte((w * rate).clamp(-127.0, 127.0) + ROUND).cast_signed();
        }
    }
}

vectorised! {
    /// To 8 bits over the range of the row, 0 included, so that 0 stays exactly 0.
    pub(super) fn quantise<'a>(out: &'a mut [u8], row: &'a [f32], scale: &'a mut f32, zero: &'a mut u8) {
        let (low, high) = bounds(row);
        let step = if high > low { (high - low) / 255.0 } else { 1.0 };
        let rate = 1.0 / step;
        let shift = (ROUND - low * rate) - ROUND; // `round` is a call into the C library
        *scale = step;
        *zero = low_byte(shift + ROUND);
        for (o, x) in out.iter_mut().zip(row) {
            *o = low_byte(x.mul_add(rate, shift).clamp(0.0, 255.0) + ROUND);
        }
    }
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the low byte is what is wanted")]
fn low_byte(x: f32) -> u8 {
    x.to_bits() as u8
}

/// Smallest and largest of the row and 0.
#[inline(always)]
fn bounds(row: &[f32]) -> (f32, f32) {
    let (mut low, mut high) = ([0.0_f32; 16], [0.0_f32; 16]);
    let chunks = row.chunks_exact(16);
    for (i, x) in chunks.remainder().iter().enumerate() {
        low[i] = if *x < low[i] { *x } else { low[i] };
        high[i] = if *x > high[i] { *x } else { high[i] };
    }
    for chunk in chunks {
        for i in 0..16 {
            low[i] = if chunk[i] < low[i] { chunk[i] } else { low[i] };
            high[i] = if chunk[i] > high[i] { chunk[i] } else { high[i] };
        }
    }
    (low.iter().fold(0.0, |m, x| x.min(m)), high.iter().fold(0.0, |m, x| x.max(m)))
}

vectorised! {
    /// x·Φ(x) in place, to within 1e-6 of the exact one. Φ(x) − ½ is odd: x times a polynomial of degree 13 in x²,
    /// fitted on |x| ≤ 5.4 at Chebyshev points with weight x²; beyond that Φ is 0 or 1 to f32's precision. No
    /// division and no exponential, which is where the time of the usual form goes.
    pub(super) fn gelu<'a>(row: &'a mut [f32]) {
        for x in row.iter_mut() {
            let z = x.clamp(-EDGE, EDGE);
            let u = (z * z).mul_add(2.0 / (EDGE * EDGE), -1.0);
            let mut p = PHI[13];
            for i in (0..13).rev() {
                p = p.mul_add(u, PHI[i]);
            }
            *x *= z.mul_add(p, 0.5).clamp(0.0, 1.0);
        }
    }
}

const EDGE: f32 = 5.4;
const PHI: [f32; 14] = [
    0.130_928_11,
    -0.065_327_68,
    0.048_499_018,
    -0.039_220_06,
    0.032_133_322,
    -0.025_614_604,
    0.019_491_248,
    -0.014_513_509,
    0.010_267_721,
    -0.005_619_105,
    0.002_460_513_3,
    -0.002_219_310_7,
    0.001_985_667_7,
    -0.000_658_747_4,
];

vectorised! {
    /// `x = γ · unit(x + row) + β`
    pub(super) fn residual_norm<'a>(x: &'a mut [f32], row: &'a [f32], norm: &'a NormRow) {
        for (x, r) in x.iter_mut().zip(row) {
            *x += r;
        }
        let width = x.len() as f32;
        let mean = lanes_sum(x) / width;
        for x in x.iter_mut() {
            *x -= mean;
        }
        let rate = 1.0 / (dot(x, x) / width + norm.epsilon).sqrt();
        for ((x, g), b) in x.iter_mut().zip(&norm.gamma).zip(&norm.beta) {
            *x = (*x * rate).mul_add(*g, *b);
        }
    }
}

/// Scale and shift of a normalisation.
#[derive(Debug)]
pub(super) struct NormRow {
    pub(super) gamma: Vec<f32>,
    pub(super) beta: Vec<f32>,
    pub(super) epsilon: f32,
}

vectorised! {
    /// Half-precision bits to f32, exactly; infinities and NaN, which no weight is, come out as large numbers.
    pub(super) fn widen<'a>(out: &'a mut [f32], bits: &'a [u16]) {
        const UP: f32 = f32::from_bits((127 + 112) << 23);
        for (o, b) in out.iter_mut().zip(bits) {
            let b = u32::from(*b);
            let size = f32::from_bits((b & 0x7fff) << 13) * UP;
            *o = f32::from_bits(size.to_bits() | (b & 0x8000) << 16);
        }
    }
}

vectorised! {
    /// Adds `factor · row` to `into` for every row.
    pub(super) fn add_rows<'a>(into: &'a mut [f32], factor: f32, rows: &'a [f32]) {
        for row in rows.chunks_exact(into.len()) {
            for (o, x) in into.iter_mut().zip(row) {
                *o = factor.mul_add(*x, *o);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gelu_agrees_with_the_error_function() {
        let mut row: Vec<f32> = (-8000..=8000).map(|i| i as f32 / 1000.0).collect();
        let want = row.clone();
        gelu(&mut row);
        for (got, x) in row.iter().zip(want) {
            let x = f64::from(x);
            let exact = x * 0.5 * statrs::function::erf::erfc(-x / std::f64::consts::SQRT_2);
            assert!((f64::from(*got) - exact).abs() < 1e-6, "at {x}: {got} {exact}");
        }
    }

    #[test]
    fn eight_bits_keep_zero_and_the_ends() {
        for row in [vec![-1.0_f32, 0.0, 3.0, 0.5], vec![2.0; 37], vec![0.0; 5], vec![-4.0, -1.0]] {
            let (mut out, mut scale, mut zero) = (vec![0; row.len()], 0.0, 0);
            quantise(&mut out, &row, &mut scale, &mut zero);
            for (q, x) in out.iter().zip(&row) {
                let back = scale * (f32::from(*q) - f32::from(zero));
                assert!((back - x).abs() <= scale * 0.51, "{x} came back as {back}, step {scale}");
                assert!(*x != 0.0 || back == 0.0);
            }
        }
    }

    #[test]
    fn weights_come_back_within_half_a_step() {
        for row in
            [vec![-1.0_f32, 0.3, 0.999, 0.0], vec![0.0; 20], (0..99).map(|i| i as f32 - 70.0).collect()]
        {
            let (mut out, mut scale) = (vec![0; row.len()], 0.0);
            quantise_weights(&mut out, &row, &mut scale);
            for (q, w) in out.iter().zip(&row) {
                assert!((scale * f32::from(*q) - w).abs() <= scale * 0.501, "{w} became {q} of {scale}");
            }
        }
    }

    #[test]
    fn widening_is_exact() {
        let values = [0.0_f32, -0.0, 1.0, -1.5, 65504.0, 6.103_515_6e-5, 5.960_464_5e-8, -3.1406];
        for x in values {
            let half = candle_core::Tensor::new(&[x], &candle_core::Device::Cpu)
                .and_then(|t| t.to_dtype(candle_core::DType::F16))
                .expect("converts");
            let want =
                half.to_dtype(candle_core::DType::F32).and_then(|t| t.to_vec1::<f32>()).expect("converts");
            let bits = super::super::table::half_bits(&half).expect("half");
            let mut got = [0.0];
            widen(&mut got, &bits);
            assert_eq!(got[0].to_bits(), want[0].to_bits());
        }
    }
}
