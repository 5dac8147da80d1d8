//! The plainest learner there is, TF-IDF and logistic regression: a baseline under measurement, and the instrument of
//! the shortcut probes. It does what scikit-learn does, to the last digit that matters, so that published figures of
//! such baselines can be compared with ours; `eval/reference/linear.py` makes the values it is tested against.
//!
//! Everything is computed in 64-bit floats and in one fixed order: equal texts give equal weights.

mod features;
mod logistic;
mod rows;
mod ties;

pub use features::{Frequency, Vectorizer, VectorizerConfig};
pub use logistic::Logistic;
pub use rows::Rows;
