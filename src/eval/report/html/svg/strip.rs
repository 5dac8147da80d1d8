//! One row of a table as a picture: where the number lies on the table's scale, how far its interval reaches, and
//! the limit it must keep. The number itself stands in the cell beside it, so a strip is hidden from screen readers.

use std::fmt::Write as _;

use crate::eval::report::html::svg::{Axis, Svg, escaped, shape, short};
use crate::eval::report::metric::Metric;
use crate::eval::report::words;

const WIDTH: f64 = 180.0;
const HEIGHT: f64 = 18.0;
/// Room for half a mark at either end.
const MARGIN: f64 = 6.0;
const MIDDLE: f64 = HEIGHT / 2.0;

/// How the first subject's number is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::eval::report::html) enum Style {
    /// A dot: the number may be anywhere.
    Dot,
    /// A bar from 0: more of it is more.
    Bar,
}

/// A scale that all rows of a table share.
#[derive(Debug, Clone, Copy)]
pub(in crate::eval::report::html) struct Strip {
    pub(in crate::eval::report::html) axis: Axis,
    pub(in crate::eval::report::html) style: Style,
}

impl Strip {
    /// The scale for a column's head.
    pub(in crate::eval::report::html) fn head(self) -> Svg {
        let mut out = open("strip head");
        let Axis { low, high } = self.axis;
        let middle = f64::midpoint(low, high);
        for (value, anchor) in [(low, "start"), (middle, "middle"), (high, "end")] {
            let x = match anchor {
                "start" => 0.0,
                "end" => WIDTH,
                _ => WIDTH / 2.0,
            };
            let label = escaped(&tick(value));
            let _ = write!(out, r#"<text x="{}" y="13" text-anchor="{anchor}">{label}</text>"#, short(x));
        }
        close(out)
    }

    /// A row: the subjects by their position in the report, the first with its interval, and a limit if there is one.
    pub(in crate::eval::report::html) fn row(self, metrics: &[(usize, &Metric)], limit: Option<f64>) -> Svg {
        let mut out = open("strip");
        let _ = write!(out, r#"<path class="rule" d="M{MARGIN} {MIDDLE}H{}"/>"#, WIDTH - MARGIN);
        if self.axis.low < 0.0 {
            let zero = self.x(0.0);
            let _ = write!(out, r#"<path class="zero" d="M{zero} 1V{}"/>"#, HEIGHT - 1.0);
        }
        if let Some(limit) = limit.filter(|l| *l <= self.axis.high) {
            let x = self.x(limit);
            let _ = write!(out, r#"<path class="limit" d="M{x} 0V{HEIGHT}"/>"#);
        }
        if let Some((0, own)) = metrics.first() {
            self.interval(&mut out, own);
        }
        for (subject, metric) in metrics.iter().rev() {
            let Some(value) = metric.value else { continue };
            // Beyond the scale there is no place for a mark that would not mislead.
            if (*subject == 0 && self.style == Style::Bar)
                || !(self.axis.low..=self.axis.high).contains(&value)
            {
                continue;
            }
            shape(&mut out, *subject, MARGIN + self.axis.at(value, WIDTH - 2.0 * MARGIN), MIDDLE);
        }
        close(out)
    }

    fn interval(self, out: &mut String, metric: &Metric) {
        if let (Some(value), Style::Bar) = (metric.value, self.style) {
            let width = self.axis.at(value, WIDTH - 2.0 * MARGIN);
            let _ =
                write!(out, r#"<rect class="bar" x="{MARGIN}" y="4" width="{}" height="10"/>"#, short(width));
        }
        if let (Some(low), Some(high)) = (metric.low, metric.high) {
            let mut path = format!("M{} {MIDDLE}H{}", self.x(low), self.x(high));
            // An end that lies beyond the scale is left open.
            for end in [low, high].into_iter().filter(|end| (self.axis.low..=self.axis.high).contains(end)) {
                let _ = write!(path, "M{} 5V13", self.x(end));
            }
            let _ = write!(out, r#"<path class="interval" d="{path}"/>"#);
        }
    }

    fn x(self, value: f64) -> String {
        short(MARGIN + self.axis.at(value, WIDTH - 2.0 * MARGIN))
    }
}

/// `0`, `0.5 %`, `−10 %`.
fn tick(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        v if v < 0.0 => format!("−{}", words::round_percent(-v)),
        _ => words::round_percent(value),
    }
}

fn open(class: &str) -> String {
    format!(r#"<svg class="{class}" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">"#)
}

fn close(mut out: String) -> Svg {
    out.push_str("</svg>");
    Svg(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_shows_its_number_its_interval_and_its_limit() {
        let strip = Strip { axis: Axis { low: 0.0, high: 0.1 }, style: Style::Dot };
        let (own, other) = (Metric::rate(5, 100, "no cases"), Metric::rate(1, 100, "no cases"));
        let row = strip.row(&[(0, &own), (2, &other)], Some(0.05));
        assert!(row.as_str().contains(r#"class="own" cx="90" "#), "{row:?}");
        for class in ["interval", "other", "limit"] {
            assert_eq!(row.as_str().matches(&format!("class=\"{class}\"")).count(), 1, "{class}");
        }
    }

    #[test]
    fn an_interval_that_leaves_the_scale_has_no_end_there() {
        let strip = Strip { axis: Axis { low: 0.0, high: 0.1 }, style: Style::Dot };
        let ends =
            |k, n| strip.row(&[(0, &Metric::rate(k, n, "no cases"))], None).as_str().matches("5V13").count();
        assert_eq!([ends(5, 400), ends(1, 20)], [2, 1]);
    }

    #[test]
    fn what_is_not_known_is_not_drawn() {
        let strip = Strip { axis: Axis::UNIT, style: Style::Bar };
        let row = strip.row(&[(0, &Metric::rate(0, 0, "no cases"))], None);
        assert!(!row.as_str().contains("bar") && !row.as_str().contains("interval"));
        assert_eq!([0.0, 0.005, -0.1].map(tick), ["0", "0.5 %", "−10 %"]);
    }
}
