//! Elementary functions that compile to vector instructions, and the dispatch to the widest ones this CPU has.

#![expect(
    clippy::inline_always,
    reason = "`vectorised!` compiles a kernel once for each vector unit, and what it calls only if that is inlined"
)]

/// Rows handed to a core at a time. Fixed, so that sums are made in the same order on any number of cores.
pub(super) const ROWS_PER_TASK: usize = 64;

/// Defines a function whose body is compiled once for each kind of vector unit and run on the widest one found at
/// run time. A macro, because only the body of a method marked `#[inline(always)]` is certain to be compiled for
/// that unit: a closure or a function value stays outside, and every `mul_add` in it is a call into the C library.
macro_rules! vectorised {
    ($(#[$doc:meta])* $visibility:vis fn $name:ident<$life:lifetime>($($argument:ident: $kind:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        $visibility fn $name<$life>($($argument: $kind),*) {
            struct Kernel<$life> {
                $($argument: $kind,)*
            }

            impl<$life> ::pulp::WithSimd for Kernel<$life> {
                type Output = ();

                #[inline(always)]
                fn with_simd<S: ::pulp::Simd>(self, _: S) {
                    let Self { $($argument),* } = self;
                    $body
                }
            }

            ::pulp::Arch::new().dispatch(Kernel { $($argument),* });
        }
    };
}
pub(super) use vectorised;

/// eˣ to within 2 units in the last place for |x| ≤ 87; smaller and larger arguments saturate.
///
/// Cephes' method: x = n·ln 2 + r, a polynomial for eʳ, n put into the exponent bits. Written without
/// branches so that loops over it vectorise.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2²³: adding it leaves the nearest integer in the low bits
    let x = x.clamp(-87.0, 88.0);
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-0.693_359_4, x);
    let r = n.mul_add(2.121_944_4e-4, r);
    let mut p = 1.987_569_2e-4_f32;
    p = p.mul_add(r, 1.398_199_9e-3);
    p = p.mul_add(r, 8.333_452e-3);
    p = p.mul_add(r, 4.166_579_6e-2);
    p = p.mul_add(r, 1.666_666_5e-1);
    p = p.mul_add(r, 0.5);
    let value = p.mul_add(r * r, r) + 1.0;
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    value * scale
}

/// Sum of products in eight running sums, a fixed order on every CPU.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let (a16, b16) = (a.chunks_exact(16), b.chunks_exact(16));
    let tail: f32 = a16.remainder().iter().zip(b16.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a16.zip(b16) {
        for i in 0..16 {
            sums[i] = x[i].mul_add(y[i], sums[i]);
        }
    }
    sums.iter().sum::<f32>() + tail
}

/// Sum in sixteen running sums, a fixed order on every CPU.
#[inline(always)]
pub(super) fn lanes_sum(x: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let chunks = x.chunks_exact(16);
    let tail: f32 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for i in 0..16 {
            sums[i] += chunk[i];
        }
    }
    sums.iter().sum::<f32>() + tail
}

/// `into += factor · from`
#[inline(always)]
pub(super) fn add_scaled(into: &mut [f32], factor: f32, from: &[f32]) {
    for (o, x) in into.iter_mut().zip(from) {
        *o = factor.mul_add(*x, *o);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_agrees_with_the_standard_library() {
        for i in -8700..=8800 {
            let x = i as f32 / 100.0;
            let (got, want) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((got - want).abs() <= want * 4e-7, "exp({x}) = {got}, expected {want}");
        }
        assert!(exp(-1e30) < 1e-37);
        assert!(exp(1e30).is_finite());
    }

    #[test]
    fn dot_handles_every_remainder() {
        for n in 0..40 {
            let a: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let want: f32 = a.iter().map(|x| x * x).sum();
            assert!((dot(&a, &a) - want).abs() <= want * 1e-6);
        }
    }
}
