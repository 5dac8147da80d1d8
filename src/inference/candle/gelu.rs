//! GELU with the exact (error function) definition, x·Φ(x) (Hendrycks & Gimpel 2016), and its gradient.
//!
//! erf by Abramowitz & Stegun 7.1.26, absolute error ≤ 1.5e-7: below what f32 keeps of the products around it.

#![expect(
    clippy::inline_always,
    reason = "`vectorised!` compiles a kernel once for each vector unit, and what it calls only if that is inlined"
)]

use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;

use super::Floats;
use super::math::{exp, vectorised};

const NUMBERS_PER_TASK: usize = 1 << 15;

/// Φ(x) and e^(−x²/2).
#[inline(always)]
fn normal(x: f32) -> (f32, f32) {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let bell = exp(-z * z);
    let t = 1.0 / z.mul_add(0.327_591_1, 1.0);
    let mut p = 1.061_405_4_f32;
    p = p.mul_add(t, -1.453_152);
    p = p.mul_add(t, 1.421_413_7);
    p = p.mul_add(t, -0.284_496_72);
    p = p.mul_add(t, 0.254_829_6);
    let tail = 0.5 * p * t * bell;
    (if x < 0.0 { tail } else { 1.0 - tail }, bell)
}

vectorised! {
    fn forward_slice<'a>(out: &'a mut [f32], from: &'a [f32]) {
        for (o, &x) in out.iter_mut().zip(from) {
            *o = x * normal(x).0;
        }
    }
}

vectorised! {
    fn backward_slice<'a>(out: &'a mut [f32], from: &'a [f32], grad: &'a [f32]) {
        const PHI_0: f32 = 0.398_942_3; // 1/√(2π)
        for (o, (&x, &g)) in out.iter_mut().zip(from.iter().zip(grad)) {
            let (cdf, bell) = normal(x);
            *o = g * (x * bell).mul_add(PHI_0, cdf);
        }
    }
}

/// Same shape as `x`.
///
/// # Errors
/// When `x` is not contiguous f32.
pub fn forward(x: &Tensor) -> Result<Tensor> {
    let from = Floats::of(x)?;
    let mut out = vec![0.0_f32; from.len()];
    out.par_chunks_mut(NUMBERS_PER_TASK).zip(from.par_chunks(NUMBERS_PER_TASK)).for_each(|(out, from)| {
        forward_slice(out, from);
    });
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

/// Gradient with respect to `x`, given the gradient of the result: g · (Φ(x) + x·φ(x)).
///
/// # Errors
/// When either is not contiguous f32.
pub fn backward(x: &Tensor, grad: &Tensor) -> Result<Tensor> {
    let (from, g) = (Floats::of(x)?, Floats::of(grad)?);
    let mut out = vec![0.0_f32; from.len()];
    out.par_chunks_mut(NUMBERS_PER_TASK)
        .zip(from.par_chunks(NUMBERS_PER_TASK).zip(g.par_chunks(NUMBERS_PER_TASK)))
        .for_each(|(out, (from, g))| {
            backward_slice(out, from, g);
        });
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[f32]) -> Tensor {
        Tensor::from_slice(values, (values.len(), 1), &Device::Cpu).expect("shape fits")
    }

    #[test]
    fn agrees_with_candle() {
        let x = column(&(-600..600).map(|i| i as f32 / 75.0).collect::<Vec<_>>());
        let (ours, theirs) = (forward(&x).expect("runs"), x.gelu_erf().expect("runs"));
        for (a, b) in Floats::of(&ours).expect("f32").iter().zip(Floats::of(&theirs).expect("f32").iter()) {
            assert!((a - b).abs() < 2e-6, "{a} {b}");
        }
    }

    #[test]
    fn gradient_agrees_with_differences() {
        let h = 1e-2;
        for i in -40..40 {
            let x = i as f32 / 10.0;
            let f = |x: f32| f64::from(x) * f64::from(normal(x).0);
            #[expect(clippy::cast_possible_truncation, reason = "the result is compared to 1e-3")]
            let want = ((f(x + h) - f(x - h)) / f64::from(2.0 * h)) as f32;
            let got = backward(&column(&[x]), &column(&[1.0])).expect("runs");
            let got = Floats::of(&got).expect("f32")[0];
            assert!((got - want).abs() < 1e-3, "at {x}: {got} {want}");
        }
    }
}
