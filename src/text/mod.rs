//! What we do to strings before a model, or a person, sees them: normalisation with offsets back to the
//! original, windows over tokens, the language guess, and near-duplicate fingerprints. Pure.

pub mod fingerprint;
pub mod language;
pub mod normalize;
pub mod offsets;
pub mod windows;
