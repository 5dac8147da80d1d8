//! `calibration.json`, and how it is read and written. The first layout knew lines only; the second, which says its
//! version, knows curves too. Lines alone are still written in the first, so that such a bundle opens everywhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::taxonomy::Category;
use crate::inference::calibration::{Calibration, Combination};
use crate::inference::correction::{Correction, Isotonic, Platt};

/// The layout with curves; the one without says no version.
const WITH_CURVES: u32 = 2;

/// `calibration.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    /// By category.
    categories: BTreeMap<String, CorrectionFile>,
    /// Weight by category.
    weights: BTreeMap<String, f32>,
    /// Of the combined score.
    extremism: CorrectionFile,
}

/// A pair of slope and offset, or the knots of a curve.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum CorrectionFile {
    Line([f32; 2]),
    Curve { knots: Vec<[f32; 2]> },
}

impl From<&Calibration> for CalibrationFile {
    fn from(calibration: &Calibration) -> Self {
        let combination = &calibration.combination;
        let all = calibration.categories.iter().chain([&combination.correction]);
        let curves = all.into_iter().any(|c| matches!(c, Correction::Isotonic(_)));
        Self {
            version: curves.then_some(WITH_CURVES),
            categories: by_name(|c| CorrectionFile::from(&calibration.categories[c.index()])),
            weights: by_name(|c| combination.weights[c.index()]),
            extremism: (&combination.correction).into(),
        }
    }
}

impl From<&Correction> for CorrectionFile {
    fn from(correction: &Correction) -> Self {
        match correction {
            Correction::Platt(platt) => Self::Line([platt.slope, platt.offset]),
            Correction::Isotonic(curve) => Self::Curve { knots: curve.knots().to_vec() },
        }
    }
}

impl TryFrom<CalibrationFile> for Calibration {
    type Error = String;

    fn try_from(file: CalibrationFile) -> Result<Self, String> {
        if let Some(version) = file.version.filter(|v| *v != WITH_CURVES) {
            return Err(format!(
                "version is {version}; this program reads {WITH_CURVES}, and files that say none"
            ));
        }
        let mut categories = [Correction::IDENTITY; Category::COUNT];
        for (slot, written) in categories.iter_mut().zip(by_category(&file.categories)?) {
            *slot = written.try_into()?;
        }
        let weights = by_category(&file.weights)?;
        if weights.iter().any(|w| !(*w >= 0.0 && w.is_finite())) {
            return Err("a weight is negative: `extremism` would fall as a category rises".to_owned());
        }
        let combination = Combination { weights, correction: file.extremism.try_into()? };
        Ok(Self { categories, combination })
    }
}

impl TryFrom<CorrectionFile> for Correction {
    type Error = String;

    fn try_from(file: CorrectionFile) -> Result<Self, String> {
        match file {
            CorrectionFile::Line([slope, offset]) => {
                if !(slope > 0.0 && slope.is_finite() && offset.is_finite()) {
                    return Err("a slope is not above 0: scores would fall as logits rise".to_owned());
                }
                Ok(Self::Platt(Platt { slope, offset }))
            }
            CorrectionFile::Curve { knots } => Ok(Self::Isotonic(Isotonic::new(knots)?)),
        }
    }
}

/// A value for each category, by its name.
pub fn by_name<T>(value: impl Fn(Category) -> T) -> BTreeMap<String, T> {
    Category::ALL.into_iter().map(|c| (c.id().to_owned(), value(c))).collect()
}

/// One value for each category, in the order of [`Category::ALL`].
pub(super) fn by_category<T: Clone>(map: &BTreeMap<String, T>) -> Result<[T; Category::COUNT], String> {
    let mut values = Vec::with_capacity(Category::COUNT);
    for category in Category::ALL {
        let value = map.get(category.id());
        values.push(value.ok_or_else(|| format!("has no value for {category}"))?.clone());
    }
    if map.len() > Category::COUNT {
        return Err("names something that is no category".to_owned());
    }
    Ok(values.try_into().ok().expect("one was pushed for each category"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Calibration {
        let line = |slope, offset| Correction::Platt(Platt { slope, offset });
        let combination = Combination { weights: [0.5; Category::COUNT], correction: line(1.25, -0.5) };
        Calibration { categories: [1.0, 1.5, 2.0, 0.5, 0.25, 3.0].map(|s| line(s, 0.125)), combination }
    }

    fn round_trip(calibration: &Calibration) -> (String, Calibration) {
        let text = serde_json::to_string(&CalibrationFile::from(calibration)).unwrap();
        let file: CalibrationFile = serde_json::from_str(&text).unwrap();
        (text, file.try_into().unwrap())
    }

    #[test]
    fn lines_are_written_as_they_always_were() {
        let (text, read) = round_trip(&lines());
        assert_eq!(read, lines());
        assert!(text.starts_with(r#"{"categories":{"extremism/incitement":["#), "{text}");
    }

    #[test]
    fn a_curve_comes_back_and_says_that_it_needs_the_second_layout() {
        let mut calibration = lines();
        calibration.categories[2] =
            Correction::Isotonic(Isotonic::new(vec![[-1.5, -2.25], [0.1, 0.3]]).unwrap());
        let (text, read) = round_trip(&calibration);
        assert_eq!(read, calibration);
        assert!(text.starts_with(r#"{"version":2,"#), "{text}");
    }

    #[test]
    fn a_file_that_would_break_the_order_of_texts_is_refused() {
        let (text, _) = round_trip(&lines());
        for (from, to, says) in [
            ("[1.25,-0.5]", "[-1.25,-0.5]", "slope"),
            ("[1.25,-0.5]", r#"{"knots":[[0.0,1.0],[1.0,0.0]]}"#, "do not rise"),
            ("[1.25,-0.5]", r#"{"knots":[]}"#, "no knot"),
            (r#""hate":0.5"#, r#""hate":-0.5"#, "weight"),
            (r#"{"categories""#, r#"{"version":3,"categories""#, "version is 3"),
        ] {
            let broken = text.replace(from, to);
            assert_ne!(broken, text, "{from}");
            let file: CalibrationFile = serde_json::from_str(&broken).unwrap();
            let refused = Calibration::try_from(file).unwrap_err();
            assert!(refused.contains(says), "{to}: {refused}");
        }
    }
}
