//! What could have been seen at all: the least difference that a test of this size finds four times in five. Beside
//! "no detectable difference" it says whether that means much.

use crate::eval::intervals::Z_95;

/// Φ⁻¹(0.8): the power that [`paired_gain`] and [`rate_rise`] are about is 0.8, the level 0.05, two-sided.
pub const Z_POWER: f64 = 0.841_621_233_572_914_3;

/// The least difference in accuracy between two subjects that McNemar's test on `n` cases detects with power 0.8 at
/// level 0.05, when on a share `discordance` of the cases only one of them is right. `None` when even all discordant
/// cases on one side would not do.
///
/// δ solves √n·δ = z_{0.975}·√ψ + z_{0.8}·√(ψ − δ²) with ψ the discordance (Connor, Biometrics 43, 1987).
#[must_use]
pub fn paired_gain(n: usize, discordance: f64) -> Option<f64> {
    let (n, psi) = (n as f64, discordance);
    let (alpha2, power2) = (Z_95 * Z_95, Z_POWER * Z_POWER);
    if n <= 0.0 || psi <= 0.0 {
        return None;
    }
    // The equation squared is (n + z²_β)·δ² − 2·√n·z_α·√ψ·δ + ψ·(z²_α − z²_β) = 0; the greater root is the one asked.
    let middle = n.sqrt() * Z_95 * psi.sqrt();
    let inner = middle * middle - (n + power2) * psi * (alpha2 - power2);
    let gain = (middle + inner.max(0.0).sqrt()) / (n + power2);
    (inner >= 0.0 && gain <= psi && gain <= 1.0).then_some(gain)
}

/// The least rise of a rate above a known `rate` that `n` cases detect with power 0.8 at level 0.05, two-sided; `None`
/// when not even a rate of 1 would be told apart. For a fall, ask with 1 − rate.
///
/// δ solves √n·δ = z_{0.975}·√(p(1 − p)) + z_{0.8}·√((p + δ)(1 − p − δ)) (Fleiss, Levin and Paik, "Statistical methods
/// for rates and proportions", 2003, section 2.5, without continuity correction).
#[must_use]
pub fn rate_rise(n: usize, rate: f64) -> Option<f64> {
    let (root, known) = ((n as f64).sqrt(), Z_95 * (rate * (1.0 - rate)).sqrt());
    let falls_short = |rise: f64| {
        let spread = ((rate + rise) * (1.0 - rate - rise)).max(0.0).sqrt();
        root * rise < known + Z_POWER * spread
    };
    let most = 1.0 - rate;
    if n == 0 || most <= 0.0 || falls_short(most) {
        return None;
    }
    let (mut low, mut high) = (0.0, most);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        *if falls_short(middle) { &mut low } else { &mut high } = middle;
    }
    Some(high)
}
