//! How models are made: recipe → corpus → fine-tuning → calibration → bundle; and, for a bundle that there is,
//! thresholds whose precision can be promised.

pub mod base;
pub mod batches;
pub mod calibrate;
pub mod card;
pub mod cascade;
pub mod checkpoint;
pub mod corpus;
pub mod development;
pub mod error;
pub mod finish;
pub mod fit;
mod folder;
pub mod gradient;
pub mod log;
pub mod loss;
pub mod optimizer;
pub mod promise;
pub mod recipe;
pub mod run;
pub mod schedule;
pub mod scoring;
pub mod threshold;
