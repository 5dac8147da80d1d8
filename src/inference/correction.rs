//! What turns a logit of the network into a calibrated one: Platt's line, or an increasing curve through knots.
//!
//! Invariant: a correction never falls as its logit rises, so the order of texts is the network's own.

/// Platt's correction of one logit (Platt 1999): p = sigmoid(slope · x + offset).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Platt {
    /// Above 0, so that the order of texts is kept.
    pub slope: f32,
    pub offset: f32,
}

impl Platt {
    pub const IDENTITY: Self = Self { slope: 1.0, offset: 0.0 };

    #[must_use]
    pub fn apply(self, logit: f32) -> f32 {
        self.slope.mul_add(logit, self.offset)
    }
}

/// A curve through knots (logit, calibrated logit), straight between two of them; before the first and after the
/// last it goes on with slope 1, so that no two texts become equal there.
#[derive(Debug, Clone, PartialEq)]
pub struct Isotonic {
    knots: Vec<[f32; 2]>,
}

impl Isotonic {
    /// # Errors
    /// A sentence when there is no knot, a number is not finite, the logits do not rise, or what they become falls.
    pub fn new(knots: Vec<[f32; 2]>) -> Result<Self, &'static str> {
        if knots.is_empty() {
            return Err("a curve has no knot");
        }
        if knots.iter().flatten().any(|v| !v.is_finite()) {
            return Err("a knot is not finite");
        }
        if knots.windows(2).any(|pair| pair[1][0] <= pair[0][0] || pair[1][1] < pair[0][1]) {
            return Err("the knots do not rise: scores would fall as logits rise");
        }
        Ok(Self { knots })
    }

    #[must_use]
    pub fn knots(&self) -> &[[f32; 2]] {
        &self.knots
    }

    /// NaN for NaN.
    #[must_use]
    pub fn apply(&self, logit: f32) -> f32 {
        let after = self.knots.partition_point(|[x, _]| *x <= logit);
        let Some([x1, y1]) = self.knots.get(after) else {
            let [x, y] = self.knots[after - 1];
            return y + (logit - x);
        };
        let Some([x0, y0]) = after.checked_sub(1).map(|before| self.knots[before]) else {
            return y1 + (logit - x1);
        };
        // Rounding must not carry a logit past the knot that follows.
        (y0 + (y1 - y0) * ((logit - x0) / (x1 - x0))).min(*y1)
    }
}

/// One of the two.
#[derive(Debug, Clone, PartialEq)]
pub enum Correction {
    Platt(Platt),
    Isotonic(Isotonic),
}

impl Correction {
    pub const IDENTITY: Self = Self::Platt(Platt::IDENTITY);

    #[must_use]
    pub fn apply(&self, logit: f32) -> f32 {
        match self {
            Self::Platt(platt) => platt.apply(logit),
            Self::Isotonic(curve) => curve.apply(logit),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_curve_goes_through_its_knots_and_on() {
        let curve = Isotonic::new(vec![[-1.0, -2.0], [0.0, 0.5], [2.0, 1.5]]).unwrap();
        let at = [-3.0, -1.0, -0.5, 0.0, 1.0, 2.0, 4.0].map(|x| curve.apply(x));
        let expected = [-4.0_f32, -2.0, -0.75, 0.5, 1.0, 1.5, 3.5];
        assert_eq!(at.map(f32::to_bits), expected.map(f32::to_bits));
        assert!(curve.apply(f32::NAN).is_nan());
    }

    #[test]
    fn knots_that_do_not_rise_are_refused() {
        for bad in [
            vec![],
            vec![[0.0, f32::NAN]],
            vec![[0.0, f32::INFINITY]],
            vec![[0.0, 1.0], [0.0, 2.0]],
            vec![[0.0, 1.0], [1.0, 0.5]],
        ] {
            assert!(Isotonic::new(bad.clone()).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn a_curve_never_falls(
            steps in prop::collection::vec((0.001_f32..3.0, 0.0_f32..3.0), 1..12),
            mut logits in prop::collection::vec(-20.0_f32..40.0, 2..60),
        ) {
            let mut at = [-5.0_f32, -4.0];
            let knots: Vec<[f32; 2]> = steps.into_iter().map(|(x, y)| { at = [at[0] + x, at[1] + y]; at }).collect();
            logits.extend(knots.iter().map(|k| k[0]));
            logits.extend(knots.iter().map(|k| k[0].next_down()));
            logits.sort_by(f32::total_cmp);
            let curve = Isotonic::new(knots).unwrap();
            let out: Vec<f32> = logits.iter().map(|x| curve.apply(*x)).collect();
            prop_assert!(out.windows(2).all(|w| w[0] <= w[1]), "{logits:?} {out:?}");
        }
    }
}
