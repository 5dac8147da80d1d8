//! A model bundle as a subject: the one place where the harness meets the model path.

pub use crate::inference::pipeline::Pipeline as Bundle;
