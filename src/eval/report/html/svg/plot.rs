//! A square plot with two axes: curves with their bands, points with their intervals.

use std::fmt::Write as _;

use crate::eval::report::html::svg::{Axis, Svg, escaped, shape, short};

const SIDE: f64 = 232.0;
const LEFT: f64 = 54.0;
const TOP: f64 = 8.0;
const WIDTH: f64 = LEFT + SIDE + 12.0;
const HEIGHT: f64 = TOP + SIDE + 40.0;

/// What to draw, from the back to the front.
#[derive(Debug)]
pub(in crate::eval::report::html) struct Plot {
    /// Unlike any other on the page.
    pub(in crate::eval::report::html) id: String,
    pub(in crate::eval::report::html) title: String,
    /// What one sees in it, for those who cannot see it.
    pub(in crate::eval::report::html) says: String,
    pub(in crate::eval::report::html) x: (&'static str, Axis),
    pub(in crate::eval::report::html) y: (&'static str, Axis),
    pub(in crate::eval::report::html) layers: Vec<Layer>,
}

/// One thing in a plot; points are (x, y).
#[derive(Debug)]
pub(in crate::eval::report::html) enum Layer {
    /// (x, low, high), by ascending x.
    Band(Vec<(f64, f64, f64)>),
    /// A curve of the subject at this position of the report.
    Line(usize, Vec<(f64, f64)>),
    /// Where a perfectly calibrated, or a guessing, subject would lie.
    Guide(Vec<(f64, f64)>),
    /// The subject's own operating point.
    Mark(usize, (f64, f64)),
    /// A point with its interval: (x, y, low, high).
    Point(f64, f64, Option<(f64, f64)>),
    /// A bar from the ground: (from, to, height).
    Column(f64, f64, f64),
}

impl Plot {
    pub(in crate::eval::report::html) fn draw(&self) -> Svg {
        let id = escaped(&self.id);
        let mut out = format!(
            r#"<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{id}-t {id}-d"><title id="{id}-t">{}</title><desc id="{id}-d">{}</desc>"#,
            escaped(&self.title),
            escaped(&self.says)
        );
        self.frame(&mut out);
        for layer in &self.layers {
            self.layer(&mut out, layer);
        }
        out.push_str("</svg>");
        Svg(out)
    }

    fn frame(&self, out: &mut String) {
        let mut grid = String::new();
        for step in 0..=4 {
            let part = f64::from(step) / 4.0;
            let (x, y) = (short(LEFT + part * SIDE), short(TOP + (1.0 - part) * SIDE));
            let _ = write!(grid, "M{x} {TOP}v{SIDE}M{LEFT} {y}h{SIDE}");
            let below = tick(self.x.1, part);
            let beside = tick(self.y.1, part);
            let _ = write!(
                out,
                r#"<text x="{x}" y="{}" text-anchor="middle">{below}</text>"#,
                short(TOP + SIDE + 15.0)
            );
            let _ = write!(
                out,
                r#"<text x="{}" y="{y}" dy="4" text-anchor="end">{beside}</text>"#,
                short(LEFT - 6.0)
            );
        }
        let _ = write!(out, r#"<path class="grid" d="{grid}"/>"#);
        let (middle, bottom) = (short(LEFT + SIDE / 2.0), short(HEIGHT - 6.0));
        let _ = write!(
            out,
            r#"<text x="{middle}" y="{bottom}" text-anchor="middle">{}</text>"#,
            escaped(self.x.0)
        );
        let y = short(TOP + SIDE / 2.0);
        let _ = write!(
            out,
            r#"<text transform="translate(11 {y}) rotate(-90)" text-anchor="middle">{}</text>"#,
            escaped(self.y.0)
        );
    }

    fn layer(&self, out: &mut String, layer: &Layer) {
        let _ = match layer {
            Layer::Band(points) if points.is_empty() => Ok(()),
            Layer::Band(points) => {
                let upper = points.iter().map(|(x, _, high)| (*x, *high));
                let lower = points.iter().rev().map(|(x, low, _)| (*x, *low));
                write!(out, r#"<path class="band" d="{}Z"/>"#, self.path(upper.chain(lower)))
            }
            Layer::Line(subject, points) => {
                let class = if *subject == 0 {
                    "line own".to_owned()
                } else {
                    format!("line other d{}", (subject - 1) % 4)
                };
                write!(out, r#"<path class="{class}" d="{}"/>"#, self.path(points.iter().copied()))
            }
            Layer::Guide(points) => {
                write!(out, r#"<path class="guide" d="{}"/>"#, self.path(points.iter().copied()))
            }
            Layer::Mark(subject, (x, y)) => {
                shape(out, *subject, self.x(*x), self.y(*y));
                Ok(())
            }
            Layer::Point(x, y, interval) => {
                if let Some((low, high)) = interval {
                    let (x, low, high) = (short(self.x(*x)), short(self.y(*low)), short(self.y(*high)));
                    let _ = write!(out, r#"<path class="interval" d="M{x} {low}V{high}"/>"#);
                }
                shape(out, 0, self.x(*x), self.y(*y));
                Ok(())
            }
            Layer::Column(from, to, height) => {
                let (left, right, top) = (self.x(*from), self.x(*to), self.y(*height));
                write!(
                    out,
                    r#"<rect class="column" x="{}" y="{}" width="{}" height="{}"/>"#,
                    short(left + 1.0),
                    short(top),
                    short(right - left - 2.0),
                    short(TOP + SIDE - top)
                )
            }
        };
    }

    /// Points that fall on one spot of the drawing are drawn once.
    fn path(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        let mut out = String::new();
        let mut last = None;
        for (x, y) in points {
            let here = (short(self.x(x)), short(self.y(y)));
            if last.as_ref() != Some(&here) {
                let _ = write!(out, "{}{} {}", if out.is_empty() { 'M' } else { 'L' }, here.0, here.1);
                last = Some(here);
            }
        }
        out
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + self.x.1.at(value, SIDE)
    }

    fn y(&self, value: f64) -> f64 {
        TOP + SIDE - self.y.1.at(value, SIDE)
    }
}

/// `0`, `0.25`, `1`.
fn tick(axis: Axis, part: f64) -> String {
    let text = format!("{:.3}", axis.low + part * (axis.high - axis.low));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(layers: Vec<Layer>) -> String {
        let (x, y) = (("recall", Axis::UNIT), ("precision", Axis::UNIT));
        let title = "a <plot>".to_owned();
        Plot { id: "p".to_owned(), title, says: "one line".to_owned(), x, y, layers }.draw().0
    }

    #[test]
    fn it_says_what_it_shows() {
        let svg = plot(vec![]);
        assert!(svg.contains(r#"aria-labelledby="p-t p-d""#) && svg.contains("a &lt;plot&gt;"));
        assert!(svg.contains(">0.25<") && svg.contains(">1<") && svg.contains(">0<"));
    }

    #[test]
    fn points_on_one_spot_are_drawn_once() {
        let svg = plot(vec![Layer::Line(0, vec![(0.0, 1.0), (0.00001, 1.0), (1.0, 0.0)])]);
        assert!(svg.contains(r#"d="M54 8L286 240""#), "{svg}");
    }
}
