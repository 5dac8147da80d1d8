//! Attention of one head over one text (Vaswani et al. 2017), eight queries at a time so that keys and values are
//! read from the nearest cache once for eight rows.

#![expect(
    clippy::inline_always,
    reason = "a kernel is compiled once for each vector unit, and what it calls only if that is inlined"
)]

use pulp::{Arch, Simd, WithSimd};

use crate::inference::candle::math::{exp, lanes_sum};

/// Queries worked on together.
const QUERIES: usize = 8;
/// Widths are padded to a multiple of this: two of the widest vectors.
const PAD: usize = 32;

/// One head's numbers, laid out for the kernel.
#[derive(Default)]
pub(super) struct Head {
    /// Blocks of [`QUERIES`], each `[size][QUERIES]`, scaled by 1/√size; zeros past the last.
    query: Vec<[f32; QUERIES]>,
    /// `[size, padded tokens]`
    key: Vec<f32>,
    /// `[tokens, padded size]`
    value: Vec<f32>,
    /// `[QUERIES, padded tokens]`
    weights: Vec<f32>,
    /// `[QUERIES, padded size]`
    result: Vec<f32>,
}

/// Where a head is in a row of queries, keys and values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) head: usize,
    pub(super) size: usize,
    pub(super) hidden: usize,
}

impl Head {
    /// `qkv` `[tokens, 3 · hidden]` → context of this head `[tokens, size]`.
    pub(super) fn attend(&mut self, qkv: &[f32], place: Place, out: &mut [f32]) {
        self.gather(qkv, place);
        Arch::new().dispatch(Kernel { head: self, size: place.size, out });
    }

    fn gather(&mut self, qkv: &[f32], Place { head, size, hidden }: Place) {
        let tokens = qkv.len() / (3 * hidden);
        let (columns, width) = (tokens.next_multiple_of(PAD), size.next_multiple_of(PAD));
        let scale = 1.0 / (size as f32).sqrt();
        refill(&mut self.query, tokens.div_ceil(QUERIES) * size, [0.0; QUERIES]);
        refill(&mut self.key, size * columns, 0.0);
        refill(&mut self.value, tokens * width, 0.0);
        self.weights.resize(QUERIES * columns, 0.0);
        self.result.resize(QUERIES * width, 0.0);
        for (i, row) in qkv.chunks_exact(3 * hidden).enumerate() {
            let part = |n: usize| &row[n * hidden + head * size..n * hidden + (head + 1) * size];
            let block = i / QUERIES * size;
            for (q, x) in self.query[block..block + size].iter_mut().zip(part(0)) {
                q[i % QUERIES] = x * scale;
            }
            for (keys, x) in self.key.chunks_exact_mut(columns).zip(part(1)) {
                keys[i] = *x;
            }
            self.value[i * width..i * width + size].copy_from_slice(part(2));
        }
    }
}

fn refill<T: Copy>(buffer: &mut Vec<T>, len: usize, value: T) {
    buffer.clear();
    buffer.resize(len, value);
}

struct Kernel<'a> {
    head: &'a mut Head,
    size: usize,
    out: &'a mut [f32],
}

impl WithSimd for Kernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { head, size, out } = self;
        let tokens = out.len() / size;
        let columns = tokens.next_multiple_of(PAD);
        for (block, out) in out.chunks_mut(QUERIES * size).enumerate() {
            let query = &head.query[block * size..(block + 1) * size];
            // Sixteen accumulators want more registers than the older units have.
            if S::REGISTER_COUNT >= 32 {
                scores::<S, 8>(simd, query, 0, &head.key, &mut head.weights);
            } else {
                scores::<S, 4>(simd, query, 0, &head.key, &mut head.weights);
                scores::<S, 4>(simd, query, 4, &head.key, &mut head.weights[4 * columns..]);
            }
            let mut rates = [0.0; QUERIES];
            for (weights, rate) in head.weights.chunks_exact_mut(columns).zip(&mut rates) {
                *rate = softmax(weights, tokens);
            }
            if S::REGISTER_COUNT >= 32 {
                sums::<S, 8>(simd, &head.weights, (&head.value, tokens), &mut head.result);
            } else {
                let width = head.result.len() / QUERIES;
                let (first, second) = head.result.split_at_mut(4 * width);
                sums::<S, 4>(simd, &head.weights, (&head.value, tokens), first);
                sums::<S, 4>(simd, &head.weights[4 * columns..], (&head.value, tokens), second);
            }
            let width = head.result.len() / QUERIES;
            for ((out, row), rate) in
                out.chunks_exact_mut(size).zip(head.result.chunks_exact(width)).zip(rates)
            {
                for (o, x) in out.iter_mut().zip(row) {
                    *o = x * rate;
                }
            }
        }
    }
}

/// Queries `first..first + R` of a block · keys → `[R, padded tokens]`.
#[inline(always)]
fn scores<S: Simd, const R: usize>(
    simd: S,
    query: &[[f32; QUERIES]],
    first: usize,
    key: &[f32],
    out: &mut [f32],
) {
    let columns = key.len() / query.len();
    let vectors = columns / S::F32_LANES;
    let key = S::as_simd_f32s(key).0;
    let out = S::as_mut_simd_f32s(out).0;
    for at in (0..vectors).step_by(2) {
        let mut sum = [[simd.splat_f32s(0.0); 2]; R];
        for (q, keys) in query.iter().zip(key.chunks_exact(vectors)) {
            let (a, b) = (keys[at], keys[at + 1]);
            for r in 0..R {
                let q = simd.splat_f32s(q[first + r]);
                sum[r][0] = simd.mul_add_f32s(q, a, sum[r][0]);
                sum[r][1] = simd.mul_add_f32s(q, b, sum[r][1]);
            }
        }
        for r in 0..R {
            out[r * vectors + at] = sum[r][0];
            out[r * vectors + at + 1] = sum[r][1];
        }
    }
}

/// Scores → e^(score − largest), and 1 / their sum. What lies past the last token is lost against a sum of 1 or more.
#[inline(always)]
fn softmax(weights: &mut [f32], tokens: usize) -> f32 {
    weights[tokens..].fill(f32::MIN);
    let mut largest = [f32::MIN; PAD];
    for chunk in weights.chunks_exact(PAD) {
        for i in 0..PAD {
            largest[i] = if chunk[i] > largest[i] { chunk[i] } else { largest[i] };
        }
    }
    let largest = largest.iter().fold(f32::MIN, |m, x| if *x > m { *x } else { m });
    for w in weights.iter_mut() {
        *w = exp(*w - largest);
    }
    1.0 / lanes_sum(weights)
}

/// `weights` `[R, padded tokens]` · values → `[R, padded size]`.
#[inline(always)]
fn sums<S: Simd, const R: usize>(simd: S, weights: &[f32], value: (&[f32], usize), out: &mut [f32]) {
    let (value, tokens) = value;
    let columns = tokens.next_multiple_of(PAD);
    let vectors = value.len() / tokens / S::F32_LANES;
    let rows: [&[f32]; R] = std::array::from_fn(|r| &weights[r * columns..r * columns + tokens]);
    let value = S::as_simd_f32s(value).0;
    let out = S::as_mut_simd_f32s(out).0;
    for at in (0..vectors).step_by(2) {
        let mut sum = [[simd.splat_f32s(0.0); 2]; R];
        for (j, value) in value.chunks_exact(vectors).enumerate().take(tokens) {
            let (a, b) = (value[at], value[at + 1]);
            for r in 0..R {
                let w = simd.splat_f32s(rows[r][j]);
                sum[r][0] = simd.mul_add_f32s(w, a, sum[r][0]);
                sum[r][1] = simd.mul_add_f32s(w, b, sum[r][1]);
            }
        }
        for r in 0..R {
            out[r * vectors + at] = sum[r][0];
            out[r * vectors + at + 1] = sum[r][1];
        }
    }
}
