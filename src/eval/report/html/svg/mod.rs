//! Small drawings, written out by hand: a plotting crate would bring fonts and anti-aliasing that differ between
//! machines, and colours that no style sheet can turn dark. These are lines and shapes with class names; the page's
//! style sheet gives them their colours, and equal numbers give equal bytes.

pub(super) mod plot;
pub(super) mod strip;

use std::fmt::Write as _;

/// A finished drawing. Made in this folder only, so that nothing else reaches a page unescaped.
#[derive(Debug, Clone)]
pub(super) struct Svg(String);

impl Svg {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A stretch of numbers and its round ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Axis {
    pub(super) const UNIT: Self = Self { low: 0.0, high: 1.0 };

    /// From 0 to the first round number that holds all `values`, at most 1.
    pub(super) fn from_zero(values: impl Iterator<Item = f64>) -> Self {
        Self { low: 0.0, high: round_above(values.fold(0.0, f64::max)) }
    }

    /// As far below 0 as above, holding all `values`.
    pub(super) fn around_zero(values: impl Iterator<Item = f64>) -> Self {
        let high = round_above(values.map(f64::abs).fold(0.0, f64::max));
        Self { low: -high, high }
    }

    /// Where `value` lies on a line of this length, kept within its ends.
    fn at(self, value: f64, length: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0) * length
    }
}

/// The first of 1, 2, 5, 10, 20 and 50 per cent that is not below, or else the whole.
fn round_above(value: f64) -> f64 {
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].into_iter().find(|end| value <= *end).unwrap_or(1.0)
}

/// How subjects are told apart without colour: the report's own is a filled dot, the others hollow shapes.
pub(super) fn legend_mark(subject: usize) -> Svg {
    let mut out = String::from(r#"<svg class="key" viewBox="0 0 16 16" aria-hidden="true">"#);
    shape(&mut out, subject, 8.0, 8.0);
    out.push_str("</svg>");
    Svg(out)
}

/// The mark of a subject, by its position in the report, around a point.
fn shape(out: &mut String, subject: usize, x: f64, y: f64) {
    let (left, right, top, bottom) = (x - 3.5, x + 3.5, y - 3.5, y + 3.5);
    if subject == 0 {
        let _ = write!(out, r#"<circle class="own" cx="{}" cy="{}" r="4"/>"#, short(x), short(y));
        return;
    }
    let path = match (subject - 1) % 4 {
        0 => format!("M{left:.1} {top:.1}H{right:.1}V{bottom:.1}H{left:.1}Z"),
        1 => format!("M{x:.1} {:.1}l4.3 4.3l-4.3 4.3l-4.3 -4.3Z", y - 4.3),
        2 => format!("M{x:.1} {top:.1}L{right:.1} {bottom:.1}H{left:.1}Z"),
        _ => format!("M{left:.1} {top:.1}L{right:.1} {bottom:.1}M{left:.1} {bottom:.1}L{right:.1} {top:.1}"),
    };
    let _ = write!(out, r#"<path class="other" d="{path}"/>"#);
}

/// One decimal of a pixel is finer than any eye, and keeps a page of curves small.
fn short(x: f64) -> String {
    let text = format!("{x:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Text between tags.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_in_round_numbers_and_hold_everything() {
        let high = |values: &[f64]| Axis::from_zero(values.iter().copied()).high;
        let ends = [high(&[]), high(&[0.004, 0.03]), high(&[0.7])].map(|end| short(100.0 * end));
        assert_eq!(ends, ["1", "5", "100"]);
        assert_eq!(Axis::around_zero([-0.08, 0.01].into_iter()), Axis { low: -0.1, high: 0.1 });
        assert_eq!(short(Axis::UNIT.at(7.0, 100.0)), "100");
    }

    #[test]
    fn numbers_are_short_and_names_are_harmless() {
        assert_eq!([short(3.0), short(2.04), short(0.26)], ["3", "2", "0.3"]);
        assert_eq!(escaped("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
    }
}
