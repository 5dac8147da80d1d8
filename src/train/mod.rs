//! How models are made: recipe → corpus → fine-tuning → calibration → bundle.

pub mod gradient;
pub mod loss;
pub mod optimizer;
