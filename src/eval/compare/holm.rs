//! Many comparisons, one error rate.

/// Holm's step-down adjusted p-values, in the order of `p` (Holm, Scandinavian Journal of Statistics 6, 1979): with m
/// p-values, the i-th smallest becomes the maximum over j ≤ i of min(1, (m − j + 1)·p₍ⱼ₎). Calling whatever stays at
/// or below α keeps the chance of any false call at or below α, however the comparisons depend on each other.
///
/// # Panics
/// When a p-value is outside 0..=1.
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    assert!(p.iter().all(|p| (0.0..=1.0).contains(p)), "a p-value is within 0..=1");
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut out = vec![0.0; p.len()];
    let mut most: f64 = 0.0;
    for (rank, &i) in order.iter().enumerate() {
        most = most.max(((p.len() - rank) as f64 * p[i]).min(1.0));
        out[i] = most;
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_three() {
        let got = holm(&[0.01, 0.04, 0.03]);
        for (a, b) in got.iter().zip([0.03, 0.06, 0.06]) {
            assert!((a - b).abs() < 1e-15, "{got:?}");
        }
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }

    proptest! {
        #[test]
        fn it_never_lowers_and_keeps_the_order(p in proptest::collection::vec(0.0f64..=1.0, 1..20)) {
            let adjusted = holm(&p);
            for i in 0..p.len() {
                prop_assert!(p[i] <= adjusted[i] && adjusted[i] <= 1.0);
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || adjusted[i] <= adjusted[j]);
                }
            }
        }

        #[test]
        fn one_more_comparison_never_lowers_another(p in proptest::collection::vec(0.0f64..=1.0, 2..20)) {
            let (all, fewer) = (holm(&p), holm(&p[1..]));
            prop_assert!(all[1..].iter().zip(&fewer).all(|(a, b)| a >= b));
        }
    }
}
